/* restore.c - fettle restore and snapshots.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/deploy.h"

static int
run_restore (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_json_ json_t *request = NULL;
  struct fettle_error err;

  if (fettle_args_flag (args, "job") == fettle_args_flag (args, "snapshot"))
    return fettle_cli_usage ("say where to go back to: --job JOB or --snapshot NAME");
  return fettle_deploy_request (args, &request, &err) ? fettle_cli_fail (&err)
                                                      : fettle_deploy_run (cli, request);
}

static const struct fettle_option restore_options[] = {
  FETTLE_SELECTOR_OPTION,
  { "job",      0, "JOB",      "to what was there before this deployment" },
  { "snapshot", 0, "NAME",     "to what was there at this snapshot" },
  { "baseline", 0, "BASELINE", "take components of this baseline only; may be repeated" },
  ROLLOUT_OPTIONS,
  START_OPTIONS,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_restore = {
  "restore", NULL, "[NODE...]", 0, SIZE_MAX, "bring nodes back to what was on them",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, restore_options, run_restore,
};

/* ---- Snapshots ---- */

static const struct fettle_column columns[] = {
  { "SNAPSHOT", "name",    false, false },
  { "CREATED",  "created", false, false },
  { "NODES",    "nodes",   true,  false },
};

static int
run_create (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL, *nodes = NULL;
  struct fettle_args rest = *args; /* the first word is the name */
  struct fettle_error err;

  rest.words++;
  rest.n_words--;
  nodes = fettle_nodes_wanted (&rest);
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/snapshots",
                             json_pack ("{s:s s:O}", "name", args->words[0], "nodes", nodes),
                             &answer, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "snapshot %s of %lld nodes", args->words[0],
                     (long long) json_integer_value (json_object_get (answer, "nodes")));
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option create_options[] = {
  FETTLE_SELECTOR_OPTION,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_snapshot_create = {
  "snapshot", "create", "NAME [NODE...]", 1, SIZE_MAX,
  "remember what the last inventories found on nodes", 0, FETTLE_FORMAT_TEXT, create_options, run_create,
};

static int
run_list (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  struct fettle_error err;

  (void) args;
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", "/snapshots", NULL, &answer, &err)
      || fettle_cli_print (cli, answer, json_object_get (answer, "snapshots"), columns,
                           COUNT (columns), &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_snapshot_list = {
  "snapshot", "list", NULL, 0, 0, "list the snapshots",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_list,
};

static int
run_remove (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_free_ char *path = fettle_client_path ("/snapshots/", args->words[0], "");
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "DELETE", path, NULL, NULL, &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_snapshot_remove = {
  "snapshot", "remove", "NAME", 1, 1, "forget a snapshot",
  0, FETTLE_FORMAT_TEXT, NULL, run_remove,
};
