/* node-select.c - which nodes a request means: by name, by selector, or all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "model/selector.h"
#include "util/text.h"

int64_t
fettle_node_find (struct fettle_engine *e, const char *reference, struct fettle_error *err)
{
  uint64_t number = 0;
  int64_t id;

  fettle_parse_uint (reference, 1, INT64_MAX, &number);
  id = fettle_store_number (e->store, 0,
                            "SELECT id FROM node WHERE name = ?1 OR address = ?1 OR id = ?2"
                            " ORDER BY name = ?1 DESC, address = ?1 DESC LIMIT 1",
                            "si", reference, (int64_t) number);
  if (!id)
    fettle_error_set (err, FETTLE_E_UNREACHABLE, "there is no node %s", reference);
  return id;
}

/* ---- Several ---- */

/* The node as far as selectors ask; its group's labels under its own. */
static json_t *
shown (struct fettle_rows *rows)
{
  json_t *labels = fettle_rows_json (rows, 6);
  _cleanup_json_ json_t *groups = fettle_rows_json (rows, 7);

  if (json_is_object (groups))
    json_object_update_missing (labels, groups);
  return json_pack ("{s:s s:s s:s s:s? s:s s:o}", "name", fettle_rows_text (rows, 1), "address",
                    fettle_rows_text (rows, 2), "type", fettle_rows_text (rows, 3), "group",
                    fettle_rows_text (rows, 4), "state", fettle_rows_text (rows, 5), "labels", labels);
}

/* What is being collected: each node once, in the order asked for. */
struct chosen {
  json_t *ids, *seen;
};

static void
choose (struct chosen *c, int64_t id)
{
  char key[24];

  snprintf (key, sizeof key, "%lld", (long long) id);
  if (json_object_get (c->seen, key))
    return;
  json_object_set_new (c->seen, key, json_true ());
  json_array_append_new (c->ids, json_integer (id));
}

/* NULL: all of them.  Returns how many fit. */
static size_t
choose_fitting (struct fettle_engine *e, const struct fettle_selector *s, struct chosen *c)
{
  struct fettle_rows rows;
  size_t n = 0;

  fettle_store_query (e->store, &rows,
                      "SELECT node.id, node.name, address, type, grp, state, node.labels, grp.labels"
                      " FROM node LEFT JOIN grp ON grp.name = node.grp ORDER BY node.id", "");
  while (fettle_rows_next (&rows)) {
    _cleanup_json_ json_t *node = s ? shown (&rows) : NULL;

    if (s && !fettle_selector_fits (s, node))
      continue;
    choose (c, fettle_rows_int (&rows, 0));
    n++;
  }
  return n;
}

static fettle_result
choose_selected (struct fettle_engine *e, const json_t *text, struct chosen *c,
                 struct fettle_error *err)
{
  struct fettle_selector s;

  if (!json_is_string (text))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"select\" must be text");
  if (fettle_selector_parse (json_string_value (text), &s, err))
    return err->code;
  if (!choose_fitting (e, &s, c))
    return fettle_error_set (err, FETTLE_E_CONFIG, "no node fits %s", json_string_value (text));
  return FETTLE_OK;
}

/* An id, a name, an address, or {"select": SELECTOR}. */
static fettle_result
choose_one (struct fettle_engine *e, const json_t *v, struct chosen *c, struct fettle_error *err)
{
  char number[24];
  int64_t id;

  if (json_is_object (v))
    return choose_selected (e, json_object_get (v, "select"), c, err);
  snprintf (number, sizeof number, "%lld", (long long) json_integer_value (v));
  id = fettle_node_find (e, json_is_string (v) ? json_string_value (v) : number, err);
  if (!id)
    return err->code;
  choose (c, id);
  return FETTLE_OK;
}

static bool
is_all (const json_t *nodes)
{
  const char *only = json_string_value (json_array_get (nodes, 0));

  return json_array_size (nodes) == 1 && only && strcmp (only, "all") == 0;
}

fettle_result
fettle_nodes_of (struct fettle_engine *e, const json_t *nodes, json_t **ret_ids,
                 struct fettle_error *err)
{
  _cleanup_json_ json_t *ids = json_array (), *seen = json_object ();
  struct chosen c = { ids, seen };
  const json_t *v;
  size_t i;

  if (!json_is_array (nodes) || json_array_size (nodes) == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"nodes\" must be a list of nodes, or [\"all\"]");
  if (is_all (nodes)) {
    if (!choose_fitting (e, NULL, &c))
      return fettle_error_set (err, FETTLE_E_CONFIG, "there are no nodes yet: fettle node add");
  } else
    json_array_foreach (nodes, i, v)
      if (choose_one (e, v, &c, err))
        return err->code;
  *ret_ids = STEAL (ids);
  return FETTLE_OK;
}

fettle_result
fettle_nodes_selected (struct fettle_engine *e, const char *selector, json_t **ret_ids,
                       struct fettle_error *err)
{
  _cleanup_json_ json_t *ids = json_array (), *seen = json_object ();
  struct chosen c = { ids, seen };
  struct fettle_selector s;

  if (selector && fettle_selector_parse (selector, &s, err))
    return err->code;
  choose_fitting (e, selector ? &s : NULL, &c);
  *ret_ids = STEAL (ids);
  return FETTLE_OK;
}
