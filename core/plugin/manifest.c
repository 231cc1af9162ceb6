/* manifest.c - see manifest.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <sys/stat.h>

#include "plugin/bridge.h"
#include "plugin/manifest.h"
#include "util/file.h"
#include "util/text.h"

enum { TYPES_MAX = 16, ROWS_MAX = 64, TIMEOUT_MAX = 3600, TIMEOUT_USUAL = 60 };

/* The arrays that the descriptor points to, until it has been copied. */
struct draft {
  struct fettle_plugin plugin;
  struct fettle_node_type types[TYPES_MAX];
  struct fettle_port ports[TYPES_MAX][ROWS_MAX];
  struct fettle_setting settings[TYPES_MAX][ROWS_MAX];
};

static const char *
text_of (const json_t *object, const char *name)
{
  return json_string_value (json_object_get (object, name));
}

/* No member but these: a slip of the pen would else be a port that isn't there. */
static fettle_result
check_members (const json_t *object, const char *what, const char *known, struct fettle_error *err)
{
  const char *key;
  json_t *value;

  if (!json_is_object (object))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't an object of JSON", what);
  json_object_foreach ((json_t *) (uintptr_t) object, key, value)
    if (!fettle_has_word (known, key))
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s has a member \"%.40s\", which there isn't: known are %s", what,
                               key, known);
  return FETTLE_OK;
}

struct word {
  const char *word;
  uint32_t value;
};

static uint32_t
value_of (const struct word *words, const char *word)
{
  for (; word && words->word; words++)
    if (strcmp (words->word, word) == 0)
      return words->value;
  return 0;
}

/* Words of a list, or-ed; 0 when one isn't known. */
static uint32_t
bits_of (const struct word *words, const json_t *list)
{
  uint32_t bits = 0;
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item) {
    uint32_t bit = value_of (words, json_string_value (item));

    if (!bit)
      return 0;
    bits |= bit;
  }
  return bits;
}

/* ---- Ports ---- */

static bool
number_of (const json_t *object, const char *name, uint16_t *ret)
{
  const json_t *j = json_object_get (object, name);
  json_int_t n = json_integer_value (j);

  if (!json_is_integer (j) || n < 1 || n > 65535)
    return false;
  *ret = (uint16_t) n;
  return true;
}

static fettle_result
take_port (const json_t *j, struct fettle_port *ret, struct fettle_error *err)
{
  static const struct word phases[] = { { "inventory", FETTLE_INVENTORY }, { "deployment", FETTLE_DEPLOYMENT }, { 0 } };
  static const struct word listeners[] = {
    { "http", FETTLE_LISTEN_HTTP }, { "https", FETTLE_LISTEN_HTTPS }, { "ftp", FETTLE_LISTEN_FTP }, { 0 }
  };
  static const struct word protocols[] = { { "tcp", FETTLE_TCP }, { "udp", FETTLE_UDP }, { 0 } };

  if (check_members (j, "a port", "to last from protocol phases optional spare purpose", err))
    return err->code;
  ret->phases = bits_of (phases, json_object_get (j, "phases"));
  ret->protocol = json_object_get (j, "protocol") ? value_of (protocols, text_of (j, "protocol")) : FETTLE_TCP;
  ret->purpose = text_of (j, "purpose");
  if (json_is_true (json_object_get (j, "optional")))
    ret->flags |= FETTLE_PORT_OPTIONAL;
  if (json_is_true (json_object_get (j, "spare")))
    ret->flags |= FETTLE_PORT_SPARE;
  ret->listener = value_of (listeners, text_of (j, "from"));
  ret->direction = ret->listener ? FETTLE_FROM_TARGET : FETTLE_TO_TARGET;
  if (!ret->protocol)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"protocol\" of a port is tcp, as it is without one, or udp");
  if (ret->listener)
    return FETTLE_OK;
  if (!number_of (j, "to", &ret->first))
    return fettle_error_set (err, FETTLE_E_CONFIG, "a port has \"to\", a number from 1 to 65535, or \"from\", which is "
                             "http, https or ftp");
  ret->last = ret->first;
  if (json_object_get (j, "last") && !number_of (j, "last", &ret->last))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"last\" of a port is a number from 1 to 65535");
  if (ret->last != ret->first)
    ret->flags |= FETTLE_PORT_DYNAMIC;
  return FETTLE_OK;
}

static fettle_result
take_setting (const json_t *j, struct fettle_setting *ret, struct fettle_error *err)
{
  static const struct word types[] = {
    { "text", FETTLE_SETTING_TEXT }, { "uint", FETTLE_SETTING_UINT }, { "bool", FETTLE_SETTING_BOOL },
    { "port", FETTLE_SETTING_PORT }, { 0 }
  };

  if (check_members (j, "a setting", "name type moves initial help", err))
    return err->code;
  *ret = (struct fettle_setting) {
    .name = text_of (j, "name"), .type = value_of (types, text_of (j, "type")),
    .moves = (uint32_t) json_integer_value (json_object_get (j, "moves")), .initial = text_of (j, "initial"),
    .help = text_of (j, "help"),
  };
  return FETTLE_OK;
}

/* ---- Node types ---- */

static fettle_result
check_rows (const json_t *rows, const char *what, struct fettle_error *err)
{
  if (rows && (!json_is_array (rows) || json_array_size (rows) > ROWS_MAX))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"%s\" is a list of at most %d", what, ROWS_MAX);
  return FETTLE_OK;
}

static fettle_result
take_rows (struct draft *d, size_t n, const json_t *j, struct fettle_error *err)
{
  const json_t *ports = json_object_get (j, "ports"), *settings = json_object_get (j, "settings");
  struct fettle_node_type *t = &d->types[n];
  json_t *row;
  size_t i;

  if (check_rows (ports, "ports", err) || check_rows (settings, "settings", err))
    return err->code;
  json_array_foreach (ports, i, row)
    if (take_port (row, &d->ports[n][i], err))
      return err->code;
  json_array_foreach (settings, i, row)
    if (take_setting (row, &d->settings[n][i], err))
      return err->code;
  t->ports = d->ports[n];
  t->n_ports = (uint32_t) json_array_size (ports);
  t->settings = d->settings[n];
  t->n_settings = (uint32_t) json_array_size (settings);
  return FETTLE_OK;
}

static fettle_result
take_type (struct draft *d, size_t n, const json_t *j, struct fettle_error *err)
{
  static const struct word hosts[] = { { "linux", FETTLE_HOST_LINUX }, { "windows", FETTLE_HOST_WINDOWS }, { 0 } };
  static const struct word layers[] = { { "manager", FETTLE_LAYER_MANAGER }, { "interconnect", FETTLE_LAYER_INTERCONNECT },
                                        { 0 } };
  struct fettle_node_type *t = &d->types[n];
  const json_t *operations = json_object_get (j, "operations");
  json_t *word;
  size_t i;

  if (check_members (j, "a node type", "name title position hosts ports settings services wants layer operations", err)
      || take_rows (d, n, j, err))
    return err->code;
  t->name = text_of (j, "name");
  t->title = text_of (j, "title");
  t->position = json_object_get (j, "position") ? (uint32_t) json_integer_value (json_object_get (j, "position")) : 1000;
  t->hosts = json_object_get (j, "hosts") ? bits_of (hosts, json_object_get (j, "hosts")) : FETTLE_HOST_LINUX;
  t->services = text_of (j, "services");
  t->wants = text_of (j, "wants");
  t->layer = value_of (layers, text_of (j, "layer"));
  json_array_foreach (operations, i, word)
    if (!fettle_bridge_offer (t, json_string_value (word)))
      return fettle_error_set (err, FETTLE_E_CONFIG, "\"operations\" are of probe, inventory, deploy, cleanup, "
                               "activate, firewall_open, firewall_restore and reach_back");
  return FETTLE_OK;
}

static fettle_result
take_plugin (struct draft *d, const json_t *j, const char *name, struct fettle_error *err)
{
  const json_t *types = json_object_get (j, "node_types");
  json_t *type;
  size_t i;

  if (check_members (j, "it", "fettle_exec program version description timeout_s node_types", err))
    return err->code;
  if (json_integer_value (json_object_get (j, "fettle_exec")) != 1)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't of version 1: \"fettle_exec\": 1 says that");
  if (!json_is_array (types) || json_array_size (types) == 0 || json_array_size (types) > TYPES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"node_types\" is a list of 1 to %d", TYPES_MAX);
  d->plugin = (struct fettle_plugin) {
    FETTLE_HEAD, .name = name, .version = text_of (j, "version"), .description = text_of (j, "description"),
    .node_types = d->types, .n_node_types = (uint32_t) json_array_size (types),
  };
  json_array_foreach (types, i, type)
    if (take_type (d, i, type, err))
      return fettle_error_prefix (err, "node type %zu: ", i + 1);
  return FETTLE_OK;
}

fettle_result
fettle_manifest_parse (const char *text, size_t size, const char *name, struct fettle_plugin_info *ret,
                       struct fettle_error *err)
{
  _cleanup_free_ struct draft *d = calloc (1, sizeof *d);
  _cleanup_free_ char *own_name = strdup (name);
  _cleanup_json_ json_t *j = NULL;
  json_error_t why;
  json_int_t timeout;

  if (!d || !own_name)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for its descriptor");
  j = json_loadb (text, size, JSON_REJECT_DUPLICATES, &why);
  if (!j)
    return fettle_error_set (err, FETTLE_E_CONFIG, "line %d isn't JSON: %.80s", why.line, why.text);
  timeout = json_object_get (j, "timeout_s") ? json_integer_value (json_object_get (j, "timeout_s")) : TIMEOUT_USUAL;
  if (timeout < 1 || timeout > TIMEOUT_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"timeout_s\" is a number from 1 to %d", TIMEOUT_MAX);
  if (take_plugin (d, j, own_name, err) || fettle_plugin_validate (&d->plugin, ret, err))
    return err->code;
  ret->timeout_s = (uint32_t) timeout;
  ret->name = STEAL (own_name);
  ret->manifest = STEAL (j);
  return FETTLE_OK;
}

/* ---- The file ---- */

static fettle_result
find_program (const char *path, struct fettle_plugin_info *info, struct fettle_error *err)
{
  const char *program = text_of (info->manifest, "program");
  char full[PATH_MAX];
  struct stat st;

  if (!program || !*program || *program == '.' || strchr (program, '/'))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"program\" is the name of a file beside it");
  if (snprintf (full, sizeof full, "%.*s/%s", (int) (strrchr (path, '/') - path), path, program) >= PATH_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the name of its program is too long");
  if (fettle_plugin_check_file (full, err))
    return err->code;
  if (stat (full, &st) || !(st.st_mode & S_IXUSR))
    return fettle_error_set (err, FETTLE_E_CONFIG, "its program %s can't be executed: chmod +x %s", full, full);
  info->program = strdup (full);
  return info->program ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for its descriptor");
}

fettle_result
fettle_manifest_load (const char *path, const char *name, struct fettle_plugin_info *ret, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_MANIFEST_MAX);
  struct fettle_plugin_info info = { 0 };

  if (fettle_file_read (path, &text, err)
      || fettle_manifest_parse (fettle_buf_text (&text), text.size, name, &info, err))
    return err->code;
  if (find_program (path, &info, err)) {
    fettle_plugin_clear (&info);
    return err->code;
  }
  info.path = strdup (path);
  *ret = info;
  return FETTLE_OK;
}
