/* check.c - fettle check.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/job.h"

static int
run_check (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *started = NULL;
  const char *phase = fettle_args_value (args, "phase");
  struct fettle_error err;

  if (fettle_args_flag (args, "all") && args->n_words)
    return fettle_cli_usage ("--all and names of nodes exclude each other");
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/checks",
                             json_pack ("{s:o s:s}", "nodes", fettle_nodes_wanted (args), "phase",
                                        phase ? phase : "both"), &started, &err))
    return fettle_cli_fail (&err);
  return fettle_job_run (cli, &client, started);
}

static const struct fettle_option options[] = {
  { "phase",   0, "inventory|deployment|both", "only ports of this phase; initially both" },
  FETTLE_SELECTOR_OPTION,
  { "all",     0, NULL, "all nodes, as without any name" },
  { "no-wait", 0, NULL, "print the job's number and leave it to the service" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_check = {
  "check", NULL, "[NODE...]", 0, SIZE_MAX,
  "find out what stands between this host and the nodes, both ways",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, options, run_check,
};
