/* inventory.c - fettle inventory.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/job.h"

static json_t *
make_request (const struct fettle_args *args)
{
  json_t *request = json_pack ("{s:o}", "nodes", fettle_nodes_wanted (args));

  if (fettle_args_flag (args, "open-firewall"))
    json_object_set_new (request, "options", json_pack ("{s:b}", "open_firewall", 1));
  return request;
}

static int
run_inventory (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *started = NULL;
  struct fettle_error err;

  if (fettle_args_flag (args, "all") && args->n_words)
    return fettle_cli_usage ("--all and names of nodes exclude each other");
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/inventories", make_request (args), &started, &err))
    return fettle_cli_fail (&err);
  return fettle_job_run (cli, &client, started);
}

static const struct fettle_option options[] = {
  FETTLE_SELECTOR_OPTION,
  { "all",     0, NULL, "all nodes, as without any name" },
  { "open-firewall", 0, NULL, "open firewalls, ours and the nodes', while a job needs it" },
  { "wait",    0, NULL, "follow the job to its end, as it does anyway" },
  { "no-wait", 0, NULL, "print the job's number and leave it to the service" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_inventory = {
  "inventory", NULL, "[NODE...]", 0, SIZE_MAX, "find out what is on the nodes",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, options, run_inventory,
};
