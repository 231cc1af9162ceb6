/* node-input.c - see node-input.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <pwd.h>
#include <sys/stat.h>

#include "cli/csv.h"
#include "cli/node-input.h"
#include "model/addresses.h"
#include "util/file.h"
#include "util/nearest.h"

/* ---- A node from options ---- */

static fettle_result
take_credentials (const struct fettle_args *args, json_t *credentials, struct fettle_error *err)
{
  static const char *const plain[][2] = { { "user", "user" }, { "second-user", "second_user" },
                                          { "helper", "helper" } };
  const char *key = fettle_args_value (args, "key");
  const char *agent = getenv ("SSH_AUTH_SOCK");

  for (size_t i = 0; i < COUNT (plain); i++) {
    const char *value = fettle_args_value (args, plain[i][0]);

    if (value && json_object_set_new (credentials, plain[i][1], json_string (value)))
      return fettle_error_set (err, FETTLE_E_CONFIG, "--%s is not valid UTF-8", plain[i][0]);
  }
  if (fettle_secret_take (args, "password", "password", "password", credentials, err)
      || (key && fettle_secret_key (key, credentials, err))
      || fettle_secret_take (args, "passphrase", "passphrase of the key", "passphrase", credentials,
                             err)
      || fettle_secret_take (args, "sudo-password", "password that sudo asks for", "sudo_password",
                             credentials, err)
      || fettle_secret_take (args, "second-password", "password of the second user",
                             "second_password", credentials, err))
    return err->code;
  if (json_object_get (credentials, "passphrase") && !key)
    return fettle_error_set (err, FETTLE_E_CONFIG, "a passphrase needs --key FILE");
  if (!fettle_args_flag (args, "agent"))
    return FETTLE_OK;
  if (!agent || !*agent)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "--agent: no SSH agent runs here (SSH_AUTH_SOCK is not set)");
  json_object_set_new (credentials, "agent", json_string (agent));
  return FETTLE_OK;
}

static fettle_result
take_pairs (const struct fettle_args *args, const char *option, const char *member, json_t *node,
            struct fettle_error *err)
{
  _cleanup_json_ json_t *pairs = json_object ();
  char what[32];
  const char *pair;
  size_t at = 0;

  snprintf (what, sizeof what, "--%s", option);
  while ((pair = fettle_args_next (args, option, &at)))
    if (fettle_args_pair (pairs, what, pair, err))
      return err->code;
  if (json_object_size (pairs))
    json_object_set (node, member, pairs);
  return FETTLE_OK;
}

fettle_result
fettle_node_input (const struct fettle_args *args, json_t *node, struct fettle_error *err)
{
  static const struct { const char *option, *member; } plain[] = {
    { "name", "name" }, { "type", "type" }, { "group", "group" }, { "host-key", "host_key" },
    { "maintenance", "maintenance" },
    { "certificate", "certificate" },
  };
  static const char *const members[] = { "user", "password", "key", "passphrase", "agent",
                                         "sudo_password", "second_user", "second_password", "helper" };
  _cleanup_json_ json_t *credentials = json_object ();
  const char *port = fettle_args_value (args, "ssh-port");

  for (size_t i = 0; i < COUNT (plain); i++) {
    const char *value = fettle_args_value (args, plain[i].option);

    if (value && json_object_set_new (node, plain[i].member, json_string (value)))
      return fettle_error_set (err, FETTLE_E_CONFIG, "--%s is not valid UTF-8", plain[i].option);
  }
  if (take_pairs (args, "setting", "settings", node, err)
      || take_pairs (args, "label", "labels", node, err)
      || take_credentials (args, credentials, err))
    return err->code;
  if (fettle_args_flag (args, "forget-credentials"))
    for (size_t i = 0; i < COUNT (members); i++)
      if (!json_object_get (credentials, members[i]))
        json_object_set_new (credentials, members[i], json_null ());
  if (json_object_size (credentials))
    json_object_set (node, "credentials", credentials);
  if (port) {
    if (!json_object_get (node, "settings"))
      json_object_set_new (node, "settings", json_object ());
    json_object_set_new (json_object_get (node, "settings"), "ssh_port", json_string (port));
  }
  return FETTLE_OK;
}

/* ---- Nodes from a list ---- */

static fettle_result
column_labels (const char *where, const char *value, json_t *node, struct fettle_error *err)
{
  json_t *labels = json_object ();

  json_object_set_new (node, "labels", labels);
  while (*value) {
    size_t n = strcspn (value, " ");
    _cleanup_free_ char *pair = strndup (value, n);

    if (pair && n && fettle_args_pair (labels, "the label", pair, err))
      return fettle_error_prefix (err, "%s: ", where);
    value += n + (value[n] == ' ');
  }
  return FETTLE_OK;
}

static const char *const list_columns[] = {
  "address", "name", "type", "user", "password", "password_file", "key", "ssh_port", "group",
  "labels", "host_key", "certificate", "maintenance", "second_user", "second_password",
  "second_password_file", "helper",
};

static bool
is_credential (const char *column)
{
  static const char *const columns[] = { "user", "password", "second_user", "second_password",
                                         "helper" };

  for (size_t i = 0; i < COUNT (columns); i++)
    if (strcmp (column, columns[i]) == 0)
      return true;
  return false;
}

/* One cell of a list, into the node. */
static fettle_result
take_cell (const char *where, const char *column, const char *value, json_t *node,
           struct fettle_error *err)
{
  json_t *credentials = json_object_get (node, "credentials");
  json_t *settings = json_object_get (node, "settings");
  fettle_result result = FETTLE_OK;

  if (is_credential (column))
    result = json_object_set_new (credentials, column, json_string (value)) ? FETTLE_E_CONFIG
                                                                            : FETTLE_OK;
  else if (strcmp (column, "ssh_port") == 0)
    result = json_object_set_new (settings, column, json_string (value)) ? FETTLE_E_CONFIG
                                                                         : FETTLE_OK;
  else if (strcmp (column, "password_file") == 0 || strcmp (column, "second_password_file") == 0)
    return fettle_secret_file (value, *column == 's' ? "second_password" : "password", credentials, err)
             ? fettle_error_prefix (err, "%s: ", where) : FETTLE_OK;
  else if (strcmp (column, "key") == 0)
    return fettle_secret_key (value, credentials, err) ? fettle_error_prefix (err, "%s: ", where)
                                                       : FETTLE_OK;
  else if (strcmp (column, "labels") == 0)
    return column_labels (where, value, node, err);
  else
    result = json_object_set_new (node, column, json_string (value)) ? FETTLE_E_CONFIG : FETTLE_OK;
  if (result)
    return fettle_error_set (err, result, "%s: %s is not valid UTF-8", where, column);
  return FETTLE_OK;
}

/* The header's names, which stay valid as long as the text. */
static fettle_result
take_header (struct fettle_csv *csv, const char **ret, size_t *ret_n, struct fettle_error *err)
{
  bool address = false;

  if (!fettle_csv_next (csv, err))
    return err->code ? err->code
                     : fettle_error_set (err, FETTLE_E_CONFIG, "%s has no header line", csv->name);
  for (size_t i = 0; i < csv->n; i++) {
    struct fettle_nearest near = FETTLE_NEAREST_INIT (csv->cells[i]);

    ret[i] = NULL;
    for (size_t k = 0; k < COUNT (list_columns); k++) {
      if (strcmp (csv->cells[i], list_columns[k]) == 0)
        ret[i] = list_columns[k];
      fettle_nearest_try (&near, list_columns[k]);
    }
    if (!ret[i])
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s:%u: there is no column '%.40s'%s%s%s",
                               csv->name, csv->line, csv->cells[i], near.best ? "; is it '" : "",
                               near.best ? near.best : "", near.best ? "'?" : "");
    address |= strcmp (ret[i], "address") == 0;
  }
  *ret_n = csv->n;
  return address ? FETTLE_OK
                 : fettle_error_set (err, FETTLE_E_CONFIG, "%s:%u: the header has no column address",
                                     csv->name, csv->line);
}

/* A record over what the options gave for all. */
static fettle_result
take_record (const struct fettle_csv *csv, const char *const *columns, size_t n, json_t *node,
             struct fettle_error *err)
{
  char where[300];

  snprintf (where, sizeof where, "%.256s:%u", csv->name, csv->line);
  if (csv->n != n)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s: %zu cells, but the header has %zu", where,
                             csv->n, n);
  for (size_t i = 0; i < n; i++)
    if (*csv->cells[i] && take_cell (where, columns[i], csv->cells[i], node, err))
      return err->code;
  if (!json_object_get (node, "address"))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s: the address is empty", where);
  return FETTLE_OK;
}

/* Passwords in a list that everybody can read aren't secrets any more. */
fettle_result
fettle_list_private (const char *path, struct fettle_error *err)
{
  struct stat st;

  if (strcmp (path, "-") != 0 && stat (path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "%.256s has passwords and others may read it: chmod 600 it first", path);
  return FETTLE_OK;
}

static fettle_result
check_mode (const char *path, const char *const *columns, size_t n, struct fettle_error *err)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp (columns[i], "password") == 0 || strcmp (columns[i], "second_password") == 0)
      return fettle_list_private (path, err);
  return FETTLE_OK;
}

json_t *
fettle_node_copy (const json_t *all)
{
  json_t *node = json_deep_copy (all);

  if (!json_object_get (node, "credentials"))
    json_object_set_new (node, "credentials", json_object ());
  if (!json_object_get (node, "settings"))
    json_object_set_new (node, "settings", json_object ());
  return node;
}

fettle_result
fettle_list_read (const char *path, struct fettle_buf *ret, struct fettle_error *err)
{
  if (strcmp (path, "-") == 0 ? fettle_fd_read (STDIN_FILENO, "standard input", ret, err)
                              : fettle_file_read (path, ret, err))
    return err->code;
  if (strlen (fettle_buf_text (ret)) != ret->size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is not text", path);
  return ret->size ? FETTLE_OK : fettle_error_set (err, FETTLE_E_CONFIG, "%s is empty", path);
}

fettle_result
fettle_nodes_csv (const char *path, char *text, const json_t *all, json_t *nodes,
                  struct fettle_error *err)
{
  const char *columns[FETTLE_CSV_CELLS];
  struct fettle_csv csv;
  size_t n = 0, before = json_array_size (nodes);

  fettle_csv_init (&csv, text, path);
  if (take_header (&csv, columns, &n, err) || check_mode (path, columns, n, err))
    return err->code;
  while (fettle_csv_next (&csv, err)) {
    json_t *node = fettle_node_copy (all);

    json_array_append_new (nodes, node);
    if (take_record (&csv, columns, n, node, err))
      return err->code;
  }
  if (err->code)
    return err->code;
  return json_array_size (nodes) > before
           ? FETTLE_OK
           : fettle_error_set (err, FETTLE_E_CONFIG, "%s names no nodes", path);
}

/* ---- All of them ---- */

/* A user, or a program that names one. */
static bool
says_user (const json_t *of)
{
  return json_is_string (json_object_get (of, "user")) || json_is_string (json_object_get (of, "helper"));
}

static bool
group_has_user (const json_t *groups, const char *name)
{
  const json_t *group;
  size_t i;

  json_array_foreach (groups, i, group)
    if (strcmp (json_string_value (json_object_get (group, "name")), name) == 0)
      return says_user (group);
  return false;
}

void
fettle_nodes_default_user (json_t *nodes, const json_t *groups)
{
  const struct passwd *pw = getpwuid (getuid ());
  json_t *node;
  size_t i;

  json_array_foreach (nodes, i, node) {
    const char *group = json_string_value (json_object_get (node, "group"));
    json_t *credentials = json_object_get (node, "credentials");

    if (!credentials) {
      credentials = json_object ();
      json_object_set_new (node, "credentials", credentials);
    }
    if (!says_user (credentials) && !(group && group_has_user (groups, group)))
      json_object_set_new (credentials, "user", json_string (pw ? pw->pw_name : "root"));
  }
}

fettle_result
fettle_nodes_input (const struct fettle_args *args, json_t *nodes, struct fettle_error *err)
{
  _cleanup_ (fettle_secret_release) json_t *all = json_object ();
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_SECRET (FETTLE_LIST_MAX);
  _cleanup_json_ json_t *addresses = json_array ();
  const char *list = fettle_args_value (args, "from");
  json_t *node, *address;
  size_t i;

  if (!list && args->n_words == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "fettle node add needs ADDRESS... or --from FILE");
  if (fettle_args_flag (args, "name") && (list || args->n_words != 1))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--name is for one node only");
  if (fettle_node_input (args, all, err))
    return err->code;
  for (i = 0; i < args->n_words; i++)
    if (fettle_addresses_is_range (args->words[i])) {
      if (fettle_addresses_parse (args->words[i], addresses, err))
        return err->code;
    } else if (json_array_append_new (addresses, json_string (args->words[i])))
      return fettle_error_set (err, FETTLE_E_CONFIG, "the address is not valid UTF-8");
  if (fettle_args_flag (args, "name") && json_array_size (addresses) > 1)
    return fettle_error_set (err, FETTLE_E_CONFIG, "--name is for one node only");
  json_array_foreach (addresses, i, address) {
    node = fettle_node_copy (all);
    json_array_append_new (nodes, node);
    json_object_set (node, "address", address);
  }
  if (!list)
    return FETTLE_OK;
  return fettle_list_read (list, &text, err) ? err->code
                                             : fettle_nodes_csv (list, text.data, all, nodes, err);
}
