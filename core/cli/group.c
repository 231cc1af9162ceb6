/* group.c - fettle group add, list, show, set, remove, join.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/nodes.h"
#include "util/text.h"

static const struct fettle_column columns[] = {
  { "NAME",         "name",         false, false },
  { "NODES",        "nodes",        true,  false },
  { "USER",         "user",         false, false },
  { "LOGIN",        "auth",         false, false },
  { "MAINTENANCE",  "maintenance",  false, true },
  { "MAX_PARALLEL", "max_parallel", true,  false },
  { "NOTE",         "note",         false, true },
};

/* ---- What a group is told by options ---- */

#define GROUP_OPTIONS                                                                             \
  FETTLE_LOGIN_OPTIONS,                                                                           \
  { "max-parallel", 0, "N", "work on so many of its nodes at a time; 0: no limit of its own" },   \
  { "note",     0, "TEXT", "what it is for" }

static fettle_result
take_options (const struct fettle_args *args, json_t *group, struct fettle_error *err)
{
  const char *most = fettle_args_value (args, "max-parallel");
  const char *note = fettle_args_value (args, "note");
  uint64_t number = 0;

  if (fettle_node_input (args, group, err))
    return err->code;
  if (note && json_object_set_new (group, "note", json_string (note)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--note is not valid UTF-8");
  if (most && !fettle_parse_uint (most, 0, 100000, &number))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--max-parallel is a number of 0 to 100000");
  if (most)
    json_object_set_new (group, "max_parallel",
                         number ? json_integer ((json_int_t) number) : json_null ());
  return FETTLE_OK;
}

static int
run_add (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_ (fettle_secret_release) json_t *group = json_object ();
  _cleanup_json_ json_t *answer = NULL;
  struct fettle_error err;

  if (json_object_set_new (group, "name", json_string (args->words[0])))
    return fettle_cli_usage ("the name is not valid UTF-8");
  if (take_options (args, group, &err) || fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/groups", json_incref (group), &answer, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "group %s added", args->words[0]);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option add_options[] = {
  GROUP_OPTIONS,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_group_add = {
  "group", "add", "GROUP", 1, 1, "make a group: what its nodes have in common",
  0, FETTLE_FORMAT_TEXT, add_options, run_add,
};

/* ---- group list, show ---- */

static int
run_list (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  struct fettle_error err;
  json_t *groups;

  (void) args;
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", "/groups", NULL, &answer, &err))
    return fettle_cli_fail (&err);
  groups = json_object_get (answer, "groups");
  if (json_array_size (groups) == 0 && cli->format == FETTLE_FORMAT_TABLE)
    fettle_cli_notice (cli, "there are no groups; make one with fettle group add");
  return fettle_cli_print (cli, answer, groups, columns, COUNT (columns), &err)
           ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_group_list = {
  "group", "list", NULL, 0, 0, "list the groups of nodes",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_list,
};

static int
run_show (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL, *alone = json_array ();
  _cleanup_free_ char *path = fettle_client_path ("/groups/", args->words[0], "");
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", path, NULL, &answer, &err))
    return fettle_cli_fail (&err);
  json_array_append (alone, answer);
  if (cli->format == FETTLE_FORMAT_TABLE
        ? fettle_cli_print_members (cli, answer, &err)
        : fettle_cli_print (cli, answer, alone, columns, COUNT (columns), &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_group_show = {
  "group", "show", "GROUP", 1, 1, "show what a group's nodes have in common",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_show,
};

/* ---- group set, remove, join ---- */

static int
run_set (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_ (fettle_secret_release) json_t *change = json_object ();
  _cleanup_json_ json_t *answer = NULL;
  _cleanup_free_ char *path = fettle_client_path ("/groups/", args->words[0], "");
  struct fettle_error err;

  if (take_options (args, change, &err))
    return fettle_cli_fail (&err);
  if (json_object_size (change) == 0 && !fettle_args_flag (args, "unlabel"))
    return fettle_cli_usage ("fettle group set: nothing to change was given; see --help");
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_labels_merge (client, path, args, change, &err)
      || fettle_client_call (client, "PATCH", path, json_incref (change), &answer, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "group %s changed", args->words[0]);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option set_options[] = {
  GROUP_OPTIONS,
  { "forget-credentials", 0, NULL, "forget those that it has, but for what is given now" },
  { "unlabel",  0, "NAME", "take this label away; may be repeated" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_group_set = {
  "group", "set", "GROUP", 1, 1, "change a group", 0, FETTLE_FORMAT_TEXT, set_options, run_set,
};

static int
run_remove (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_free_ char *path = fettle_client_path ("/groups/", args->words[0], "");
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "DELETE", path, NULL, NULL, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "group %s removed; its nodes stay, without a group", args->words[0]);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_group_remove = {
  "group", "remove", "GROUP", 1, 1, "forget a group; its nodes stay",
  0, FETTLE_FORMAT_TEXT, NULL, run_remove,
};

/* The first word is the group, the rest are nodes. */
static int
run_join (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *change = json_pack ("{s:s}", "group", args->words[0]);
  struct fettle_args nodes = *args;
  struct fettle_error err;
  size_t n;

  nodes.words++;
  nodes.n_words--;
  if (nodes.n_words == 0 && !fettle_args_flag (args, "selector"))
    return fettle_cli_usage ("fettle group join needs NODE... or --selector");
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_nodes_change (client, &nodes, change, &n, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "%zu node%s in group %s", n, n == 1 ? " is" : "s are", args->words[0]);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option join_options[] = {
  FETTLE_SELECTOR_OPTION,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_group_join = {
  "group", "join", "GROUP NODE...", 1, SIZE_MAX, "put nodes into a group, which is made if need be",
  0, FETTLE_FORMAT_TEXT, join_options, run_join,
};
