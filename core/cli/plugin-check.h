/* plugin-check.h - what the parts of `fettle plugin check` share.
 *
 * The file is foreign code: a process of its own loads it, and one more is
 * forked for each call.  What they find goes to the command as lines of JSON,
 * {"check": what, "ok": bool, "text": why not, or what was seen}.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_PLUGIN_CHECK_H
#define FETTLE_CLI_PLUGIN_CHECK_H

#include "cli/cli.h"
#include "plugin/load.h"

struct fettle_checker {
  FILE *out;           /* the pipe to the command */
  const char *path, *recording;
  unsigned timeout_s;  /* for one call of the plugin */
  json_t *quirks;
};

/* Tells how one check went; `format` is what was wrong, "" if nothing. */
void fettle_check_tell (struct fettle_checker *, const char *what, const char *format, ...)
  FETTLE_FORMAT (3, 4);

/* What the file exports and imports, without loading it. */
void fettle_check_symbols (struct fettle_checker *);

/* What the loader doesn't demand, but users will miss. */
void fettle_check_rules (struct fettle_checker *, const struct fettle_plugin_info *);

/* Each operation of each node type with a host that isn't one. */
void fettle_check_calls (struct fettle_checker *, const struct fettle_plugin_info *);

/* plugin-replay.c: each call of a recording, as it was, then with trouble. */
void fettle_check_recording (struct fettle_checker *, const struct fettle_plugin_info *);

/* plugin-calls.c: one call in a process of its own.  True if nothing was
 * wrong, else a sentence in ret_wrong. */
struct fettle_testhost_plan;
struct fettle_testhost_seen;
bool fettle_check_call (struct fettle_checker *, const struct fettle_node_type *, int operation,
                        const struct fettle_testhost_plan *, struct fettle_testhost_seen *, char *ret_wrong,
                        size_t size);
struct fettle_testhost_seen *fettle_check_seen_new (void);
void fettle_check_seen_free (struct fettle_testhost_seen *);

#endif
