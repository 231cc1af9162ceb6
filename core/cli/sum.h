/* sum.h - the face of `smartupdate`: HPE SUM's command line, input files, exit
 * codes, log and report names, over the same API as `fettle`.
 *
 * One table (sum-table.c) has every parameter and every key of an input file,
 * with what Fettle does about it.  Parsing, `smartupdate --help`, the table in
 * docs/smartupdate.md and its test read that array, so none of them can say
 * something else than the program does.
 *
 * What a command line and an input file say is one JSON object:
 *   {"silent": true, "use_location": "/spp", "component": ["a.rpm"], ...,
 *    "nodes": [{"target", "targettype", "username", "password", ...}]}
 * with the names of the table's rows.  It may hold passwords: release it with
 * fettle_secret_release.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_SUM_H
#define FETTLE_CLI_SUM_H

#include <limits.h>

#include "cli/client.h"
#include "util/buf.h"

/* ---- The table (sum-table.c) ---- */

enum fettle_sum_kind {
  FETTLE_SUM_FLAG,
  FETTLE_SUM_TEXT,
  FETTLE_SUM_LIST,   /* may be repeated */
  FETTLE_SUM_NUMBER,
  FETTLE_SUM_FORCE,  /* "/f", "/f:rom" */
};

enum fettle_sum_place {
  FETTLE_SUM_RUN,    /* of the whole run */
  FETTLE_SUM_NODE,   /* of the nodes: on the command line, of all of them */
};

struct fettle_sum_row {
  const char *name;     /* small letters; NULL: of input files alone */
  const char *brief;    /* the name may be cut down to this; NULL: it may not */
  const char *other;    /* another name */
  const char *argument; /* "DIR", or NULL; "a|b": one of these words, in any letters */
  const char *keys;     /* of input files, separated by spaces */
  enum fettle_sum_kind kind;
  enum fettle_sum_place place;
  const char *member;   /* where it is put, the name if NULL */
  const char *value;    /* what a flag puts there, true if NULL */
  bool effect;          /* false: it is accepted, and a notice says that nothing is done */
  const char *does;     /* what Fettle does, one line */
  const char *example;  /* value for the test; NULL: none needed */
};

extern const struct fettle_sum_row fettle_sum_table[]; /* ends with name and keys NULL */

/* The row of a word without its prefix and value, or NULL. */
const struct fettle_sum_row *fettle_sum_find (const char *name, size_t size);
/* The row of a key of an input file, in that place. */
const struct fettle_sum_row *fettle_sum_find_key (const char *key, enum fettle_sum_place);

const char *fettle_sum_member (const struct fettle_sum_row *);

void fettle_sum_help (FILE *);
/* As docs/smartupdate.md has it. */
void fettle_sum_markdown (FILE *);
/* For the test that runs each row: name, brief, other, keys, kind, place, effect, example,
 * with tabs between; "@WORD" is for the test to fill in. */
void fettle_sum_rows (FILE *);

/* ---- What was asked for (sum-parse.c, sum-input.c) ---- */

#define FETTLE_SUM_INPUT_MAX (1024 * 1024) /* bytes of an input file */
#define FETTLE_SUM_NODES_MAX 10000         /* in it */
#define FETTLE_SUM_WORDS_MAX 4096          /* values of one parameter */

/* Puts one value where its row says; `where` begins the errors. */
fettle_result fettle_sum_put (json_t *object, const struct fettle_sum_row *, const char *value,
                              const char *where, struct fettle_error *);

/* A command line: over what its /inputfile says, where it says the same. */
fettle_result fettle_sum_parse (int argc, char **argv, json_t **ret, struct fettle_error *);

/* An input file's text, which is changed. */
fettle_result fettle_sum_input (char *text, const char *path, json_t **ret, struct fettle_error *);

/* Is it there, and not false? */
bool fettle_sum_is (const json_t *given, const char *member);
/* Its text, or NULL. */
const char *fettle_sum_text (const json_t *given, const char *member);

/* ---- Doing it ---- */

/* main, when the program is called smartupdate. */
int fettle_sum_main (int argc, char **argv);

/* "smartupdate: TEXT" on stderr; returns the exit code that belongs to the error. */
int fettle_sum_fail (const struct fettle_error *);

/* sum-service.c: the connection; starts the service, and says so in SUM's words. */
fettle_result fettle_sum_open (struct fettle_cli *, struct fettle_client **, bool *ret_started,
                               struct fettle_error *);
/* A service that runs already keeps the ports that it has: an error when others are asked for. */
int fettle_sum_check_ports (const json_t *given, struct fettle_client *);
/* No arguments, or ports alone: the service. */
int fettle_sum_serve (struct fettle_cli *, const json_t *given);
/* Ends the service that fettle_sum_open started. */
void fettle_sum_close (struct fettle_cli *);

/* sum-run.c: a silent run; an exit code. */
int fettle_sum_run (struct fettle_cli *, const json_t *given);

/* sum-console.c: `smartupdate COMMAND ...`; an exit code. */
int fettle_sum_console (struct fettle_cli *, int argc, char **argv);

/* ---- Parts of a run, which the console uses too ---- */

/* sum-nodes.c: adds the node {target, targettype, username, ...}, or changes
 * the one of that address or name. */
fettle_result fettle_sum_node (struct fettle_client *, const json_t *node, json_t **ret,
                               struct fettle_error *);

/* sum-baseline.c: a folder or a file as a baseline of ours, read anew. */
fettle_result fettle_sum_baseline (struct fettle_cli *, struct fettle_client **, const char *path,
                                   json_t **ret, struct fettle_error *);

/* Where the baseline is, as the line says it, or by where SUM would look. */
fettle_result fettle_sum_location (const json_t *given, char ret[PATH_MAX], struct fettle_error *);

/* /component, for the options of plans and deployments. */
fettle_result fettle_sum_components (const json_t *given, const json_t *baseline, json_t *options,
                                     struct fettle_error *);

/* ---- sum-log.c: the logs of a run, in the shape that scripts read ---- */

#define FETTLE_SUM_LOG    "sum_log.txt"
#define FETTLE_SUM_DETAIL "sum_detail_log.txt"
#define FETTLE_SUM_DETAILS_XML "SUM_InstallDetails.xml"

/* LOGDIR/sum/log, /var/log/sum, or STATE/log/sum for who isn't root. */
void fettle_sum_log_folder (const struct fettle_cli *, const char *logdir, char *ret, size_t size);
/* Makes FOLDER/NODE with two empty files in it. */
fettle_result fettle_sum_log_begin (const char *folder, const char *node, struct fettle_error *);
void fettle_sum_log (const char *folder, const char *node, const char *file, const char *format, ...)
  FETTLE_FORMAT (4, 5);
/* What became of a node's components in these jobs. */
void fettle_sum_log_tasks (const char *folder, const char *node, const json_t *jobs);
void fettle_sum_log_path (const char *folder, const char *node, const char *file, char *ret,
                          size_t size);
/* Of a task: its component's file without folders; SUM's word for its end. */
const char *fettle_sum_file (const json_t *task);
const char *fettle_sum_result (const json_t *task);

/* sum-details.c: SUM_InstallDetails.xml. */
void fettle_sum_details (const char *folder, const char *node, const json_t *jobs, int code);

/* ---- sum-report.c ---- */

/* Text within HTML or XML. */
void fettle_sum_escape (FILE *, const char *text);

#define FETTLE_SUM_PLAN_COLUMNS 9
extern const struct fettle_column fettle_sum_plan_columns[FETTLE_SUM_PLAN_COLUMNS];
/* The entries of a plan as rows with their node's name; `action`: only those, NULL: all
 * that are for the node. */
json_t *fettle_sum_plan_rows (const json_t *plan, const char *action);
/* How many of them a deployment does. */
size_t fettle_sum_plan_count (const json_t *plan);

/* The reports that `given` asks for, below `folder`.  `preview` is the plan. */
fettle_result fettle_sum_reports (struct fettle_client *, const char *folder,
                                  const json_t *given, const json_t *names, const json_t *baseline,
                                  const json_t *preview, struct fettle_error *);
bool fettle_sum_wants_report (const json_t *given);

#endif
