/* cli.h - what the files of the `fettle` command share.
 *
 * Each command is one struct fettle_command, defined next to its function; the
 * array fettle_commands (commands.c) lists them all.  Parsing, `--help`, the
 * completions and the test of the manual read that array, so none of them can
 * say something else than the program does.
 *
 * stdout has what was asked for and nothing else; messages go to stderr,
 * "fettle: " in front, one line each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_H
#define FETTLE_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ports/ports.h" /* enum fettle_format */
#include "util/error.h"
#include "util/settings.h"

/* Exit codes: SUM's, so that wrappers go on working. */
enum fettle_exit {
  FETTLE_EXIT_DONE      = 0,
  FETTLE_EXIT_REBOOT    = 1,   /* done, a reboot is needed */
  FETTLE_EXIT_NOTHING   = 3,   /* nothing needed to be done */
  FETTLE_EXIT_COMMAND   = 252, /* a command failed */
  FETTLE_EXIT_COMPONENT = 253, /* a component failed */
  FETTLE_EXIT_USAGE     = 254, /* bad parameter or input */
  FETTLE_EXIT_GENERAL   = 255,
};

/* One command line as a whole; made by main. */
struct fettle_cli {
  const struct fettle_args *args;  /* all of the command line */
  struct fettle_settings settings; /* file, then options */
  const char *config_path;         /* --config, or NULL */
  enum fettle_format format;       /* --format, else the first one of the command */
  FILE *out;                       /* -o FILE, else stdout: write results here */
  const char *output_path;         /* -o's, or NULL */
  bool terminal;                   /* `out` is a terminal */
  bool colour;                     /* `out` takes colours */
  bool progress;                   /* stderr is a terminal: bars may be drawn there */
  bool quiet;                      /* --quiet: no notices, errors only */
};

struct fettle_option {
  const char *name;     /* without the dashes */
  int letter;           /* 'o' for -o too, or 0 */
  /* "FILE"; NULL: takes none; "never|always", all in small letters: one of
   * these words, which is checked before the command runs. */
  const char *argument;
  const char *help;     /* one line, without a full stop */
};

/* What stood on the command line behind noun and verb. */
struct fettle_args {
  const struct fettle_command *command;
  struct fettle_given {
    const char *name;   /* of the option */
    const char *value;  /* NULL for a flag */
  } *given;             /* in the order given */
  size_t n_given;
  char **words;         /* what isn't an option; NULL behind the last */
  size_t n_words;
};

/* Of commands that take several nodes: model/selector.h. */
#define FETTLE_SELECTOR_OPTION \
  { "selector", 'l', "SELECTOR", "nodes that fit it, like rack=12,role!=db" }

#define FETTLE_FORMATS(a) (1u << (a))
#define FETTLE_FORMATS_USUAL \
  (FETTLE_FORMATS (FETTLE_FORMAT_TABLE) | FETTLE_FORMATS (FETTLE_FORMAT_JSON) \
   | FETTLE_FORMATS (FETTLE_FORMAT_CSV))

struct fettle_command {
  const char *noun;
  const char *verb;                     /* NULL: the noun alone is the command */
  const char *words;                    /* "NODE..." for the help, or NULL */
  size_t min_words, max_words;
  const char *help;                     /* one line, without a full stop */
  unsigned formats;                     /* bits of what --format takes; 0: no output to shape */
  enum fettle_format initial;           /* without --format */
  const struct fettle_option *options;  /* ends with a NULL name; NULL: none of its own */
  /* Returns an exit code; has said on stderr why, when that isn't success. */
  int (*run) (struct fettle_cli *, const struct fettle_args *);
};

/* All commands in the order of the help; NULL behind the last. */
extern const struct fettle_command *const fettle_commands[];

/* Options that each command takes. */
extern const struct fettle_option fettle_global_options[];

/* ---- Options (parse.c) ---- */

/* The last value given for an option, or NULL. */
const char *fettle_args_value (const struct fettle_args *, const char *name);

bool fettle_args_flag (const struct fettle_args *, const char *name);

/* Values of an option that may be repeated: `size_t at = 0; while ((v = ...(args, "label", &at)))`. */
const char *fettle_args_next (const struct fettle_args *, const char *name, size_t *at);

/* Splits "NAME=VALUE" into a member of `object`; `what` is the option, for the error. */
fettle_result fettle_args_pair (json_t *object, const char *what, const char *pair,
                                struct fettle_error *);

/* The formats' names: "table", ... */
const char *fettle_format_name (enum fettle_format);

/* ---- Messages ---- */

/* "fettle: TEXT" on stderr; returns the exit code that belongs to the error. */
int fettle_cli_fail (const struct fettle_error *);

/* The same for a bad option or word; returns FETTLE_EXIT_USAGE. */
int fettle_cli_usage (const char *format, ...) FETTLE_FORMAT (1, 2);

/* A notice on stderr, unless --quiet. */
void fettle_cli_notice (const struct fettle_cli *, const char *format, ...) FETTLE_FORMAT (2, 3);

/* ---- Output (output.c) ---- */

struct fettle_column {
  const char *title;   /* "ADDRESS" */
  const char *key;     /* member of a row, "error.message" goes down; CSV's header */
  bool right;          /* numbers */
  bool give_way;       /* gives way when the terminal is too narrow */
};

/* An array of objects as table, csv, or (the whole `value`) json, by cli->format. */
fettle_result fettle_cli_print (struct fettle_cli *, const json_t *value, const json_t *rows,
                                const struct fettle_column *, size_t n_columns,
                                struct fettle_error *);

/* The table alone (table.c); nothing when there are no rows. */
fettle_result fettle_cli_table (struct fettle_cli *, const json_t *rows,
                                const struct fettle_column *, size_t n_columns,
                                struct fettle_error *);

/* The members of one object, one a line. */
fettle_result fettle_cli_print_members (struct fettle_cli *, const json_t *object,
                                        struct fettle_error *);

/* JSON as it is, with a newline. */
fettle_result fettle_cli_json (struct fettle_cli *, const json_t *, struct fettle_error *);

/* One CSV cell, quoted where RFC 4180 wants it. */
void fettle_cli_csv (FILE *, const char *text);

/* A member as text ("-" when there is none), by a key that may have dots. */
const char *fettle_cli_text (const json_t *object, const char *key, char *buffer, size_t size);

/* Text for a terminal: control characters, which a node may have sent, become '?'. */
void fettle_cli_clean (char *text);

/* ---- Commands, one or a few in a file.  A new one is declared here, listed
 * ---- in commands.c and described in docs/fettle.1. ---- */

extern const struct fettle_command
  fettle_command_help,                                               /* help.c */
  fettle_command_completion,                                         /* completion.c */
  fettle_command_node_add, fettle_command_node_list,                 /* node.c */
  fettle_command_node_show, fettle_command_node_set,
  fettle_command_node_remove, fettle_command_node_items,
  fettle_command_node_discover,                                      /* discover.c */
  fettle_command_node_import, fettle_command_node_export,            /* node-lists.c */
  fettle_command_group_add, fettle_command_group_list,               /* group.c */
  fettle_command_group_show, fettle_command_group_set,
  fettle_command_group_remove, fettle_command_group_join,
  fettle_command_baseline_add, fettle_command_baseline_list,         /* baseline.c */
  fettle_command_baseline_show, fettle_command_baseline_remove,
  fettle_command_baseline_diff, fettle_command_baseline_sbom,        /* baseline-diff.c */
  fettle_command_node_sbom,
  fettle_command_baseline_export,                                    /* baseline-export.c */
  fettle_command_baseline_verify,                                    /* baseline-verify.c */
  fettle_command_baseline_describe,                                  /* baseline-describe.c */
  fettle_command_baseline_sign,                                      /* baseline-sign.c */
  fettle_command_baseline_trust, fettle_command_baseline_trusted,    /* baseline-trust.c */
  fettle_command_baseline_distrust, fettle_command_baseline_root,
  fettle_command_inventory,                                          /* inventory.c */
  fettle_command_record,                                             /* record.c */
  fettle_command_check,                                              /* check.c */
  fettle_command_plan, fettle_command_deploy,                        /* deploy.c */
  fettle_command_restore, fettle_command_snapshot_create,            /* restore.c */
  fettle_command_snapshot_list, fettle_command_snapshot_remove,
  fettle_command_watch,                                              /* watch.c */
  fettle_command_token_create, fettle_command_token_list,            /* token.c */
  fettle_command_token_revoke,
  fettle_command_status, fettle_command_abort,                       /* job.c */
  fettle_command_log, fettle_command_job_pause, fettle_command_job_resume,
  fettle_command_job_approve,
  fettle_command_report,                                             /* report.c */
  fettle_command_audit_list, fettle_command_audit_verify,            /* audit.c */
  fettle_command_service_start, fettle_command_service_stop,         /* service.c */
  fettle_command_service_backup, fettle_command_service_rotate_key,
  fettle_command_service_status, fettle_command_config_show,
  fettle_command_ports,                                              /* ports.c */
  fettle_command_firewall_plan,                                      /* firewall.c */
  fettle_command_firewall_export,                                    /* firewall-export.c */
  fettle_command_firewall_status, fettle_command_firewall_open,      /* firewall-holes.c */
  fettle_command_firewall_close,
  fettle_command_firewall_setup, fettle_command_firewall_undo_setup, /* firewall-setup.c */
  fettle_command_plugin_list, fettle_command_plugin_show,            /* plugin.c */
  fettle_command_plugin_check,                                       /* plugin-check.c */
  fettle_command_plugin_new;                                         /* plugin-new.c */

#endif
