/* node.c - fettle node add, list, show, set, remove, items.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/client.h"
#include "cli/nodes.h"

static const struct fettle_column node_columns[] = {
  { "NAME",       "name",        false, false },
  { "ADDRESS",    "address",     false, false },
  { "TYPE",       "type",        false, false },
  { "USER",       "user",        false, false },
  { "LOGIN",      "auth",        false, false },
  { "GROUP",      "group",       false, false },
  { "STATE",      "state",       false, false },
  { "ITEMS",      "items",       true,  false },
  { "INVENTORIED", "inventoried", false, false },
  { "ERROR",      "error.message", false, true },
};

/* ---- node add ---- */

int
fettle_nodes_add (struct fettle_cli *cli, json_t *nodes)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL, *groups = NULL;
  json_t *added;
  struct fettle_error err;
  size_t n;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", "/groups", NULL, &groups, &err))
    return fettle_cli_fail (&err);
  fettle_nodes_default_user (nodes, json_object_get (groups, "groups"));
  if (fettle_client_call (client, "POST", "/nodes", json_pack ("{s:O}", "nodes", nodes), &answer,
                          &err))
    return fettle_cli_fail (&err);
  added = json_object_get (answer, "nodes");
  n = json_array_size (added);
  if (cli->format != FETTLE_FORMAT_TABLE || cli->output_path)
    return fettle_cli_print (cli, answer, added, node_columns, COUNT (node_columns), &err)
             ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
  fettle_cli_notice (cli, "%zu node%s added", n, n == 1 ? "" : "s");
  return FETTLE_EXIT_DONE;
}

static int
run_add (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_ (fettle_secret_release) json_t *body = json_object ();
  json_t *nodes = json_array ();
  struct fettle_error err;

  json_object_set_new (body, "nodes", nodes);
  if (fettle_nodes_input (args, nodes, &err))
    return fettle_cli_fail (&err);
  return fettle_nodes_add (cli, nodes);
}

static const struct fettle_option add_options[] = {
  FETTLE_NODE_OPTIONS,
  { "from", 0, "FILE", "CSV of nodes, its columns named in the first line; '-': standard input" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_node_add = {
  "node", "add", "ADDRESS...", 0, SIZE_MAX, "add nodes, by address or host name",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, add_options, run_add,
};

/* ---- node list, show, items ---- */

fettle_result
fettle_nodes_get (struct fettle_client *client, const char *selector, json_t **ret,
                  struct fettle_error *err)
{
  _cleanup_free_ char *path = fettle_client_path (selector ? "/nodes?select=" : "/nodes",
                                                  selector ? selector : "", "");

  return fettle_client_call (client, "GET", path, NULL, ret, err);
}

static int
run_list (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  json_t *nodes;
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_nodes_get (client, fettle_args_value (args, "selector"), &answer, &err))
    return fettle_cli_fail (&err);
  nodes = json_object_get (answer, "nodes");
  for (size_t i = json_array_size (nodes); i-- > 0;) {
    const char *group = fettle_args_value (args, "group");
    const char *type = fettle_args_value (args, "type");
    json_t *node = json_array_get (nodes, i);
    char buffer[256];

    if ((group && strcmp (fettle_cli_text (node, "group", buffer, sizeof buffer), group) != 0)
        || (type && strcmp (fettle_cli_text (node, "type", buffer, sizeof buffer), type) != 0))
      json_array_remove (nodes, i);
  }
  if (json_array_size (nodes) == 0 && cli->format == FETTLE_FORMAT_TABLE)
    fettle_cli_notice (cli, "there are no nodes%s",
                       fettle_args_flag (args, "type") || fettle_args_flag (args, "group")
                           || fettle_args_flag (args, "selector")
                         ? " like that" : "; add some with fettle node add");
  if (fettle_cli_print (cli, answer, nodes, node_columns, COUNT (node_columns), &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option list_options[] = {
  FETTLE_SELECTOR_OPTION,
  { "type",  0, "TYPE",  "only nodes of this type" },
  { "group", 0, "GROUP", "only nodes of this group" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_node_list = {
  "node", "list", NULL, 0, 0, "list the nodes",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, list_options, run_list,
};

/* GET of one thing and its parts. */
static int
get_and_print (struct fettle_cli *cli, const char *after, const struct fettle_args *args,
               const char *rows, const struct fettle_column *columns, size_t n)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL, *alone = json_array ();
  _cleanup_free_ char *path = fettle_client_path ("/nodes/", args->words[0], after);
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", path, NULL, &answer, &err))
    return fettle_cli_fail (&err);
  json_array_append (alone, answer);
  if (rows ? fettle_cli_print (cli, answer, json_object_get (answer, rows), columns, n, &err)
           : cli->format == FETTLE_FORMAT_TABLE
           ? fettle_cli_print_members (cli, answer, &err)
           : fettle_cli_print (cli, answer, alone, columns, n, &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static int
run_show (struct fettle_cli *cli, const struct fettle_args *args)
{
  return get_and_print (cli, "", args, NULL, node_columns, COUNT (node_columns));
}

const struct fettle_command fettle_command_node_show = {
  "node", "show", "NODE", 1, 1, "show all that is known of a node",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_show,
};

static int
run_items (struct fettle_cli *cli, const struct fettle_args *args)
{
  static const struct fettle_column columns[] = {
    { "ID",         "id",         false, true },
    { "KIND",       "kind",       false, false },
    { "NAME",       "name",       false, true },
    { "VERSION",    "version",    false, false },
    { "STAGED",     "staged",     false, false },
    { "UPDATEABLE", "updateable", false, false },
    { "MATCH",      "match",      false, true },
    { "LOCATION",   "location",   false, true },
  };

  return get_and_print (cli, "/items", args, "items", columns, COUNT (columns));
}

const struct fettle_command fettle_command_node_items = {
  "node", "items", "NODE", 1, 1, "list what the last inventory found on a node",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_items,
};

/* ---- node set, remove ---- */

/* The names of the words and of what --selector means. */
static fettle_result
names_of (struct fettle_client *client, const struct fettle_args *args, json_t *names,
          struct fettle_error *err)
{
  const char *selector = fettle_args_value (args, "selector");
  _cleanup_json_ json_t *answer = NULL;
  const json_t *node;
  size_t i;

  for (i = 0; i < args->n_words; i++)
    json_array_append_new (names, json_string (args->words[i]));
  if (!selector)
    return FETTLE_OK;
  if (fettle_nodes_get (client, selector, &answer, err))
    return err->code;
  json_array_foreach (json_object_get (answer, "nodes"), i, node)
    json_array_append (names, json_object_get (node, "name"));
  return json_array_size (names) ? FETTLE_OK
                                 : fettle_error_set (err, FETTLE_E_CONFIG, "no node fits %.200s",
                                                     selector);
}

fettle_result
fettle_labels_merge (struct fettle_client *client, const char *path, const struct fettle_args *args,
                     json_t *change, struct fettle_error *err)
{
  _cleanup_json_ json_t *node = NULL, *labels = NULL;
  const char *gone;
  size_t at = 0;

  if (!json_object_get (change, "labels") && !fettle_args_flag (args, "unlabel"))
    return FETTLE_OK;
  if (fettle_client_call (client, "GET", path, NULL, &node, err))
    return err->code;
  labels = json_deep_copy (json_object_get (node, "labels"));
  json_object_update (labels, json_object_get (change, "labels"));
  while ((gone = fettle_args_next (args, "unlabel", &at)))
    json_object_del (labels, gone);
  json_object_set (change, "labels", labels);
  return FETTLE_OK;
}

fettle_result
fettle_nodes_change (struct fettle_client *client, const struct fettle_args *args,
                     const json_t *change, size_t *ret_n, struct fettle_error *err)
{
  _cleanup_json_ json_t *names = json_array ();
  const json_t *name;
  size_t i;

  if (names_of (client, args, names, err))
    return err->code;
  json_array_foreach (names, i, name) {
    _cleanup_free_ char *path = fettle_client_path ("/nodes/", json_string_value (name), "");
    _cleanup_ (fettle_secret_release) json_t *one = json_deep_copy (change);
    _cleanup_json_ json_t *answer = NULL;

    if (fettle_labels_merge (client, path, args, one, err)
        || fettle_client_call (client, "PATCH", path, json_incref (one), &answer, err))
      return fettle_error_prefix (err, "%.200s: ", json_string_value (name));
  }
  *ret_n = i;
  return FETTLE_OK;
}

static int
run_set (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_ (fettle_secret_release) json_t *change = json_object ();
  const char *address = fettle_args_value (args, "address");
  bool one = args->n_words == 1 && !fettle_args_flag (args, "selector");
  struct fettle_error err;
  size_t n;

  if (fettle_node_input (args, change, &err))
    return fettle_cli_fail (&err);
  if (address && json_object_set_new (change, "address", json_string (address)))
    return fettle_cli_usage ("--address is not valid UTF-8");
  if (fettle_args_flag (args, "forget-host-key")) {
    if (fettle_args_flag (args, "host-key"))
      return fettle_cli_usage ("--host-key and --forget-host-key exclude each other");
    json_object_set_new (change, "host_key", json_null ());
    json_object_set_new (change, "certificate", json_null ());
  }
  if (json_object_size (change) == 0 && !fettle_args_flag (args, "unlabel"))
    return fettle_cli_usage ("fettle node set: nothing to change was given; see --help");
  if (args->n_words == 0 && !fettle_args_flag (args, "selector"))
    return fettle_cli_usage ("fettle node set needs NODE... or --selector");
  if (!one && (address || fettle_args_flag (args, "name")))
    return fettle_cli_usage ("--address and --name are for one node only");
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_nodes_change (client, args, change, &n, &err))
    return fettle_cli_fail (&err);
  if (one)
    fettle_cli_notice (cli, "node %s changed", args->words[0]);
  else
    fettle_cli_notice (cli, "%zu nodes changed", n);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option set_options[] = {
  FETTLE_SELECTOR_OPTION,
  { "address", 0, "ADDRESS", "its address or host name" },
  FETTLE_NODE_OPTIONS,
  { "forget-credentials", 0, NULL, "forget those that it has, but for what is given now" },
  { "unlabel", 0, "NAME", "take this label away; may be repeated" },
  { "forget-host-key", 0, NULL, "trust the host key and the certificate that it shows next" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_node_set = {
  "node", "set", "NODE...", 0, SIZE_MAX, "change nodes", 0, FETTLE_FORMAT_TEXT, set_options, run_set,
};

static int
run_remove (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *names = json_array ();
  struct fettle_error err;
  const json_t *name;
  int status = FETTLE_EXIT_DONE;
  size_t i;

  if (args->n_words == 0 && !fettle_args_flag (args, "selector"))
    return fettle_cli_usage ("fettle node remove needs NODE... or --selector");
  if (fettle_client_open (cli, true, &client, &err) || names_of (client, args, names, &err))
    return fettle_cli_fail (&err);
  json_array_foreach (names, i, name) {
    _cleanup_free_ char *path = fettle_client_path ("/nodes/", json_string_value (name), "");

    if (fettle_client_call (client, "DELETE", path, NULL, NULL, &err))
      status = fettle_cli_fail (&err);
    else
      fettle_cli_notice (cli, "node %s removed", json_string_value (name));
  }
  return status;
}

static const struct fettle_option remove_options[] = {
  FETTLE_SELECTOR_OPTION,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_node_remove = {
  "node", "remove", "NODE...", 0, SIZE_MAX, "forget nodes and what is known of them",
  0, FETTLE_FORMAT_TEXT, remove_options, run_remove,
};
