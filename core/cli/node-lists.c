/* node-lists.c - fettle node import, export: nodes out of lists and into them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "cli/ansible.h"
#include "cli/nodes.h"
#include "util/text.h"

/* ---- Which kind of list ---- */

/* "csv", "json", "yaml"; without such an ending it is an INI, as "hosts" is. */
static const char *
kind_of (const struct fettle_args *args)
{
  const char *given = fettle_args_value (args, "as"), *dot = strrchr (args->words[0], '.');

  if (given)
    return given;
  if (dot && strcasecmp (dot, ".csv") == 0)
    return "csv";
  if (dot && strcasecmp (dot, ".json") == 0)
    return "json";
  return dot && (strcasecmp (dot, ".yml") == 0 || strcasecmp (dot, ".yaml") == 0) ? "yaml" : "ini";
}

/* ---- Reading ---- */

/* {"nodes": [...]}, as export and the API write it, or the array alone. */
static fettle_result
read_json (const char *path, const struct fettle_buf *text, json_t *nodes, struct fettle_error *err)
{
  json_error_t why;
  _cleanup_json_ json_t *value = json_loadb (text->data, text->size, JSON_REJECT_DUPLICATES, &why);
  const json_t *list = json_is_object (value) ? json_object_get (value, "nodes") : value, *node;
  size_t i;

  if (!value)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.256s:%d: %.160s", path, why.line, why.text);
  if (!json_is_array (list))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.256s has no list \"nodes\"", path);
  json_array_foreach (list, i, node)
    if (!json_is_object (node))
      return fettle_error_set (err, FETTLE_E_CONFIG, "%.256s: node %zu isn't an object", path, i + 1);
    else
      json_array_append (nodes, (json_t *) node);
  return FETTLE_OK;
}

static fettle_result
read_ansible (const char *path, const char *kind, struct fettle_buf *text, json_t *nodes,
              struct fettle_error *err)
{
  _cleanup_json_ json_t *groups = NULL;

  if (*kind == 'y' ? fettle_ansible_yaml (text->data, text->size, path, &groups, err)
                   : fettle_ansible_ini (text->data, path, &groups, err))
    return err->code;
  return fettle_ansible_nodes (groups, nodes, err);
}

/* "~/key" is of who asks; the key is read now. */
static fettle_result
read_key (json_t *credentials, struct fettle_error *err)
{
  const char *file = json_string_value (json_object_get (credentials, "key_file"));
  const char *home = getenv ("HOME");
  char path[4096];

  if (!file)
    return FETTLE_OK;
  if (strncmp (file, "~/", 2) == 0 && home)
    snprintf (path, sizeof path, "%s%s", home, file + 1);
  else
    snprintf (path, sizeof path, "%s", file);
  json_object_del (credentials, "key_file");
  return fettle_secret_key (path, credentials, err);
}

/* What the list says goes before what the options say for all. */
static fettle_result
finish (const char *path, const json_t *all, json_t *nodes, struct fettle_error *err)
{
  json_t *node;
  size_t i;

  json_array_foreach (nodes, i, node) {
    _cleanup_json_ json_t *whole = fettle_node_copy (all);
    json_t *credentials;

    json_object_update_recursive (whole, node);
    credentials = json_object_get (whole, "credentials");
    if ((json_object_get (credentials, "password") || json_object_get (credentials, "sudo_password")
         || json_object_get (credentials, "second_password"))
        && fettle_list_private (path, err))
      return err->code;
    if (read_key (credentials, err))
      return fettle_error_prefix (err, "%.256s: ", path);
    json_array_set (nodes, i, whole);
  }
  return json_array_size (nodes) ? FETTLE_OK : fettle_error_set (err, FETTLE_E_CONFIG,
                                                                 "%.256s names no nodes", path);
}

static fettle_result
read_nodes (const struct fettle_args *args, const json_t *all, json_t *nodes,
            struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_SECRET (FETTLE_LIST_MAX);
  const char *path = args->words[0], *kind = kind_of (args);

  if (fettle_list_read (path, &text, err))
    return err->code;
  if (*kind == 'c')
    return fettle_nodes_csv (path, text.data, all, nodes, err);
  if (*kind == 'j' ? read_json (path, &text, nodes, err)
                   : read_ansible (path, kind, &text, nodes, err))
    return err->code;
  return finish (path, all, nodes, err);
}

/* ---- Import ---- */

static bool
is_known (const json_t *known, const json_t *node)
{
  const char *name = json_string_value (json_object_get (node, "name"));
  const char *address = json_string_value (json_object_get (node, "address"));

  return json_object_get (known, name ? name : address ? address : "") != NULL;
}

static fettle_result
leave_out_known (struct fettle_cli *cli, json_t *nodes, struct fettle_error *err)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL, *known = json_object ();
  const json_t *node;
  size_t i, n = 0;

  if (fettle_client_open (cli, true, &client, err) || fettle_nodes_get (client, NULL, &answer, err))
    return err->code;
  json_array_foreach (json_object_get (answer, "nodes"), i, node)
    json_object_set_new (known, json_string_value (json_object_get (node, "name")), json_true ());
  for (i = json_array_size (nodes); i-- > 0;)
    if (is_known (known, json_array_get (nodes, i))) {
      json_array_remove (nodes, i);
      n++;
    }
  fettle_cli_notice (cli, "%zu node%s there already", n, n == 1 ? " is" : "s are");
  return FETTLE_OK;
}

static int
run_import (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_ (fettle_secret_release) json_t *all = json_object ();
  _cleanup_ (fettle_secret_release) json_t *nodes = json_array ();
  struct fettle_error err;

  if (fettle_args_flag (args, "name"))
    return fettle_cli_usage ("--name is for one node only");
  if (fettle_node_input (args, all, &err) || read_nodes (args, all, nodes, &err)
      || (fettle_args_flag (args, "skip-known") && leave_out_known (cli, nodes, &err)))
    return fettle_cli_fail (&err);
  return json_array_size (nodes) ? fettle_nodes_add (cli, nodes) : FETTLE_EXIT_NOTHING;
}

static const struct fettle_option import_options[] = {
  FETTLE_NODE_OPTIONS,
  { "as",         0, "csv|json|ini|yaml", "what FILE is; without it, what its name ends with" },
  { "skip-known", 0, NULL, "leave out nodes whose name is known" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_node_import = {
  "node", "import", "FILE", 1, 1, "add the nodes of a list: CSV, JSON, Ansible's INI or YAML",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, import_options, run_import,
};

/* ---- Export ---- */

/* What import takes again; secrets never left the service. */
static json_t *
exported (const json_t *node)
{
  static const char *const members[] = { "address", "name", "type", "group", "host_key",
                                         "certificate", "maintenance" };
  json_t *ret = json_object (), *user = json_object_get (node, "user");
  json_t *second = json_object_get (node, "second_user"), *helper = json_object_get (node, "helper");

  for (size_t i = 0; i < COUNT (members); i++)
    if (json_is_string (json_object_get (node, members[i])))
      json_object_set (ret, members[i], json_object_get (node, members[i]));
  json_object_set (ret, "settings", json_object_get (node, "settings"));
  json_object_set (ret, "labels", json_object_get (node, "labels"));
  if (json_is_string (user) || json_is_string (second) || json_is_string (helper))
    json_object_set_new (ret, "credentials", json_pack ("{s:O* s:O* s:O*}",
                                                        "user", json_is_null (user) ? NULL : user,
                                                        "second_user", json_is_null (second) ? NULL : second,
                                                        "helper", json_is_null (helper) ? NULL : helper));
  return ret;
}

static fettle_result
write_json (struct fettle_cli *cli, const json_t *nodes, struct fettle_error *err)
{
  json_t *list = json_array ();
  _cleanup_json_ json_t *value = json_pack ("{s:o}", "nodes", list);
  const json_t *node;
  size_t i;

  json_array_foreach (nodes, i, node)
    json_array_append_new (list, exported (node));
  return fettle_cli_json (cli, value, err);
}

/* "rack=12 role=db" */
static fettle_result
labels_text (const json_t *labels, struct fettle_buf *ret, struct fettle_error *err)
{
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) labels, name, value) {
    if (strpbrk (json_string_value (value), " \t"))
      return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "the label %.100s of a node has blanks,"
                               " which CSV can't hold: choose json, ini or yaml", name);
    fettle_buf_printf (ret, "%s%s=%s", ret->size ? " " : "", name, json_string_value (value));
  }
  return FETTLE_OK;
}

/* Columns of `node add --from`. */
static const char *const list_columns[] = { "address", "name", "type", "user", "ssh_port", "group",
                                            "labels", "host_key", "certificate", "maintenance",
                                            "second_user", "helper" };

static fettle_result
write_record (FILE *out, const json_t *node, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf labels = FETTLE_BUF_INIT (64 * 1024);
  const json_t *settings = json_object_get (node, "settings");

  if (labels_text (json_object_get (node, "labels"), &labels, err))
    return err->code;
  for (size_t i = 0; i < COUNT (list_columns); i++) {
    const char *column = list_columns[i];
    const char *cell = json_string_value (json_object_get (
                         strcmp (column, "ssh_port") == 0 ? settings : node, column));

    if (strcmp (column, "labels") == 0)
      cell = fettle_buf_text (&labels);
    fputs (i ? "," : "", out);
    fettle_cli_csv (out, cell ? cell : "");
  }
  fputs ("\r\n", out);
  return FETTLE_OK;
}

static fettle_result
write_csv (struct fettle_cli *cli, const json_t *nodes, struct fettle_error *err)
{
  const json_t *node;
  size_t i;

  for (i = 0; i < COUNT (list_columns); i++)
    fprintf (cli->out, "%s%s", i ? "," : "", list_columns[i]);
  fputs ("\r\n", cli->out);
  json_array_foreach (nodes, i, node)
    if (write_record (cli->out, node, err))
      return err->code;
  return FETTLE_OK;
}

static int
run_export (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  const json_t *nodes;
  struct fettle_error err;
  fettle_result r = FETTLE_OK;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_nodes_get (client, fettle_args_value (args, "selector"), &answer, &err))
    return fettle_cli_fail (&err);
  nodes = json_object_get (answer, "nodes");
  if (cli->format == FETTLE_FORMAT_JSON)
    r = write_json (cli, nodes, &err);
  else if (cli->format == FETTLE_FORMAT_CSV)
    r = write_csv (cli, nodes, &err);
  else if (cli->format == FETTLE_FORMAT_YAML)
    r = fettle_ansible_yaml_write (cli->out, nodes, &err);
  else
    fettle_ansible_ini_write (cli->out, nodes);
  return r ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

static const struct fettle_option export_options[] = {
  FETTLE_SELECTOR_OPTION,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_node_export = {
  "node", "export", NULL, 0, 0, "write the nodes as a list that import reads, without secrets",
  FETTLE_FORMATS (FETTLE_FORMAT_CSV) | FETTLE_FORMATS (FETTLE_FORMAT_JSON)
    | FETTLE_FORMATS (FETTLE_FORMAT_INI) | FETTLE_FORMATS (FETTLE_FORMAT_YAML),
  FETTLE_FORMAT_CSV, export_options, run_export,
};
