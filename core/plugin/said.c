/* said.c - see said.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "plugin/said.h"
#include "plugin/wire.h"
#include "util/text.h"

static bool
is_text (const json_t *j, bool needed)
{
  return json_is_string (j) || (!needed && (!j || json_is_null (j)));
}

static bool
is_number (const json_t *j, json_int_t min, json_int_t max)
{
  return json_is_integer (j) && json_integer_value (j) >= min && json_integer_value (j) <= max;
}

static bool
is_item (const json_t *item)
{
  const char *key;
  json_t *value;

  if (!is_text (json_object_get (item, "id"), true) || !is_text (json_object_get (item, "name"), true))
    return false;
  json_object_foreach ((json_t *) (uintptr_t) item, key, value)
    if (fettle_has_word ("updateable tpm encrypted no_downgrade", key) ? !json_is_boolean (value)
                                                                       : !is_text (value, false))
      return false;
  return true;
}

static bool
are_items (const json_t *items)
{
  const json_t *item;
  size_t i;

  json_array_foreach (items, i, item)
    if (!is_item (item))
      return false;
  return json_is_array (items);
}

static bool
is_node (const json_t *node)
{
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *) (uintptr_t) node, key, value)
    if (!is_text (value, false))
      return false;
  return is_text (json_object_get (node, "address"), true);
}

static bool
is_serve (const json_t *m)
{
  const char *what = json_string_value (json_object_get (m, "serve"));

  if (!what)
    return false;
  if (strcmp (what, "status") == 0)
    return true;
  return (strcmp (what, "url") == 0 || strcmp (what, "fetched") == 0 || strcmp (what, "way") == 0)
         && is_number (json_object_get (m, "listener"), FETTLE_LISTEN_HTTP, FETTLE_LISTEN_FTP)
         && is_number (json_object_get (m, "file"), -2, FETTLE_WIRE_FDS);
}

bool
fettle_said_is_result (const json_t *m)
{
  json_int_t code = json_integer_value (json_object_get (m, "result"));
  const json_t *score = json_object_get (m, "score"), *token = json_object_get (m, "token");

  return is_number (json_object_get (m, "result"), FETTLE_E_SERVICE, FETTLE_OK_REBOOT)
         && is_text (json_object_get (m, "error"), code < 0) && (!score || is_number (score, 0, 100))
         && is_text (token, code == FETTLE_AGAIN) && is_text (json_object_get (m, "former"), false)
         && (code != FETTLE_AGAIN || is_number (json_object_get (m, "delay"), 0, UINT32_MAX));
}

bool
fettle_said_is_message (const json_t *m)
{
  const json_t *j;

  if ((j = json_object_get (m, "items")))
    return are_items (j);
  if ((j = json_object_get (m, "log")))
    return is_text (j, true) && is_number (json_object_get (m, "level"), 0, 7);
  if ((j = json_object_get (m, "progress")))
    return is_number (j, 0, 1000) && is_text (json_object_get (m, "step"), false);
  if ((j = json_object_get (m, "node")))
    return is_node (j);
  if (json_object_get (m, "serve"))
    return is_serve (m);
  if ((j = json_object_get (m, "certificate")))
    return is_text (j, true);
  return is_text (json_object_get (m, "host_key"), true);
}
