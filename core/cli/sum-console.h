/* sum-console.h - what the files of SUM's console commands share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_SUM_CONSOLE_H
#define FETTLE_CLI_SUM_CONSOLE_H

#include "cli/sum.h"

/* "add --nodes A B user=U --baselines /spp": what stood behind the command. */
struct console {
  struct fettle_cli *cli;
  struct fettle_client *client;
  json_t *given;   /* {nodes: [], baselines: [], words: [], pairs: {}, type?, output?, ...} */
  json_t *session; /* {report_dir?, baselines?} */
};

/* --NAME's values; of nodes, those that stand without an option too. */
const json_t *fettle_console_list (const struct console *, const char *name);

/* Says that something is missing; the exit code. */
int fettle_console_needs (const char *what);

/* A failed console command is 252, unless what was asked is wrong. */
int fettle_console_fail (const struct fettle_error *);

/* The plan of these nodes. */
fettle_result fettle_console_plan (struct console *, const json_t *names, json_t **ret,
                                   struct fettle_error *);

/* Commands of sum-console-deploy.c; exit codes. */
int fettle_console_deploy (struct console *);
int fettle_console_reports (struct console *);
int fettle_console_logs (struct console *);
int fettle_console_abort (struct console *);

#endif
