/* node-check.c - is what a user says of a node right?  One sentence for the
 * first thing that isn't.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <ctype.h>

#include "engine/internal.h"
#include "model/window.h"
#include "util/text.h"

#define MAX_NAME 253 /* bytes of a name or address: a DNS name */
#define MAX_LABELS 64
#define MAX_LABEL  256 /* bytes of a value */
#define NAME_BYTES ".:-_/@%" /* beside letters and digits: all of them fit into selectors */

static fettle_result
check_name (const char *what, const char *text, const char *allowed, struct fettle_error *err)
{
  size_t n = text ? strlen (text) : 0;

  if (!n || n > MAX_NAME)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s must be text of 1 to %d bytes", what,
                             MAX_NAME);
  for (size_t i = 0; i < n; i++)
    if (!isalnum ((unsigned char) text[i]) && !strchr (allowed, text[i]))
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s \"%s\" may hold letters, digits and %s",
                               what, text, allowed);
  return FETTLE_OK;
}

static fettle_result
check_type (struct fettle_engine *e, const char *type, struct fettle_error *err)
{
  struct fettle_buf known = FETTLE_BUF_INIT (4096);
  char hint[160];

  if (strcmp (type, "auto") == 0 || fettle_plugins_type (e->plugins, type, NULL))
    return FETTLE_OK;
  for (size_t p = 0; p < e->plugins->n_plugins; p++)
    for (uint32_t t = 0; t < e->plugins->plugins[p].descriptor.n_node_types; t++)
      fettle_buf_printf (&known, " %s", e->plugins->plugins[p].node_types[t].name);
  fettle_plugins_hint (e->plugins, type, hint);
  fettle_error_set (err, FETTLE_E_CONFIG, "there is no node type %s%s; installed are:%s", type, hint,
                    fettle_buf_text (&known));
  fettle_buf_clear (&known);
  return err->code;
}

static const struct fettle_setting *
setting_of (const struct fettle_node_type *type, const char *name)
{
  for (uint32_t i = 0; type && i < type->n_settings; i++)
    if (strcmp (type->settings[i].name, name) == 0)
      return &type->settings[i];
  return NULL;
}

static bool
setting_fits (const struct fettle_setting *s, const char *value)
{
  uint64_t number;
  bool yes;

  if (s->type == FETTLE_SETTING_UINT)
    return fettle_parse_uint (value, 0, UINT64_MAX, &number);
  if (s->type == FETTLE_SETTING_PORT)
    return fettle_parse_uint (value, 1, 65535, &number);
  return s->type != FETTLE_SETTING_BOOL || fettle_parse_bool (value, &yes);
}

/* Settings of a node of type "auto" are those of any type. */
static fettle_result
check_settings (struct fettle_engine *e, const char *type, const json_t *settings,
                struct fettle_error *err)
{
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) settings, name, value) {
    const struct fettle_setting *s = setting_of (fettle_plugins_type (e->plugins, type, NULL), name);

    for (size_t p = 0; !s && strcmp (type, "auto") == 0 && p < e->plugins->n_plugins; p++)
      for (uint32_t t = 0; !s && t < e->plugins->plugins[p].descriptor.n_node_types; t++)
        s = setting_of (&e->plugins->plugins[p].node_types[t], name);
    if (!s)
      return fettle_error_set (err, FETTLE_E_CONFIG, "nodes of type %s have no setting %s", type,
                               name);
    if (!json_is_string (value) || !setting_fits (s, json_string_value (value)))
      return fettle_error_set (err, FETTLE_E_CONFIG, "the setting %s doesn't take that value: %s",
                               name, s->help);
  }
  return FETTLE_OK;
}

fettle_result
fettle_name_check (const char *what, const char *name, struct fettle_error *err)
{
  return check_name (what, name, NAME_BYTES, err);
}

fettle_result
fettle_labels_check (const json_t *labels, struct fettle_error *err)
{
  const char *name;
  json_t *value;

  if (labels && !json_is_object (labels))
    return fettle_error_set (err, FETTLE_E_CONFIG, "labels are names with values");
  if (json_object_size (labels) > MAX_LABELS)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there are more than %d labels", MAX_LABELS);
  json_object_foreach ((json_t *) labels, name, value) {
    if (check_name ("a label's name", name, NAME_BYTES, err))
      return err->code;
    if (fettle_has_word ("name address type group state", name))
      return fettle_error_set (err, FETTLE_E_CONFIG, "a label can't be called %s: selectors take that"
                                                     " for the node's own", name);
    if (!json_is_string (value) || json_string_length (value) > MAX_LABEL)
      return fettle_error_set (err, FETTLE_E_CONFIG, "the label %s must be text of at most %d bytes",
                               name, MAX_LABEL);
  }
  return FETTLE_OK;
}

fettle_result
fettle_maintenance_check (const json_t *text, struct fettle_error *err)
{
  struct fettle_window window;

  if (!text || json_is_null (text))
    return FETTLE_OK;
  if (!json_is_string (text) || json_string_length (text) > FETTLE_WINDOW_TEXT)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"maintenance\" is the text of a window");
  return fettle_window_parse (json_string_value (text), &window, err);
}

fettle_result
fettle_node_check (struct fettle_engine *e, const json_t *n, struct fettle_error *err)
{
  static const char known[] = "address name type credentials settings labels group host_key certificate"
                              " maintenance";
  const char *key, *type = json_string_value (json_object_get (n, "type"));
  json_t *value;

  json_object_foreach ((json_t *) n, key, value)
    if (!fettle_has_word (known, key))
      return fettle_error_set (err, FETTLE_E_CONFIG, "a node has no member %s", key);
  if (check_name ("the address", json_string_value (json_object_get (n, "address")), ".:-_%", err)
      || check_type (e, type ? type : "auto", err)
      || check_settings (e, type ? type : "auto", json_object_get (n, "settings"), err)
      || fettle_credentials_check (e, json_object_get (n, "credentials"), err)
      || fettle_labels_check (json_object_get (n, "labels"), err)
      || fettle_maintenance_check (json_object_get (n, "maintenance"), err))
    return err->code;
  value = json_object_get (n, "group");
  if (value && !json_is_null (value)
      && check_name ("the group", json_string_value (value), NAME_BYTES, err))
    return err->code;
  if (json_object_get (n, "name")
      && check_name ("the name", json_string_value (json_object_get (n, "name")), ".:-_%", err))
    return err->code;
  return FETTLE_OK;
}
