/* snapshots.c - the API of snapshots: what could be updated on nodes, and at
 * which version it was, so that one can go back there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/ask.h"
#include "util/text.h"

#define MAX_NAME 100

static int64_t
find (struct fettle_engine *e, const char *name, struct fettle_error *err)
{
  int64_t id = fettle_store_number (e->store, 0, "SELECT id FROM snapshot WHERE name = ?", "s",
                                    name);

  if (!id)
    fettle_error_set (err, FETTLE_E_UNREACHABLE, "there is no snapshot %.100s", name);
  return id;
}

/* Of the inventory, what can change. */
static json_t *
kept_items (struct fettle_engine *e, int64_t node)
{
  _cleanup_json_ json_t *items = fettle_node_items (e, node);
  json_t *kept = json_array ();
  const json_t *item;
  size_t i;

  json_array_foreach (items, i, item)
    if (json_is_true (json_object_get (item, "updateable"))
        && json_is_string (json_object_get (item, "match")))
      json_array_append_new (kept, json_pack ("{s:O* s:O s:O* s:O*}",
                                              "name", json_object_get (item, "name"),
                                              "match", json_object_get (item, "match"),
                                              "arch", json_object_get (item, "arch"),
                                              "version", json_object_get (item, "version")));
  return kept;
}

static json_t *
show (struct fettle_engine *e, int64_t id)
{
  struct fettle_rows rows;
  char created[FETTLE_TIME_MAX];
  json_t *json = NULL;

  fettle_store_query (e->store, &rows,
                      "SELECT name, created, (SELECT count (*) FROM snapshot_node WHERE snapshot ="
                      " snapshot.id) FROM snapshot WHERE id = ?", "i", id);
  if (fettle_rows_next (&rows)) {
    json = json_pack ("{s:s s:s s:I}", "name", fettle_rows_text (&rows, 0), "created",
                      fettle_time_text (fettle_rows_int (&rows, 1), created), "nodes",
                      (json_int_t) fettle_rows_int (&rows, 2));
    fettle_rows_end (&rows);
  }
  return json;
}

static fettle_result
check_name (struct fettle_engine *e, const char *name, struct fettle_error *err)
{
  size_t n = name ? strlen (name) : 0;

  if (!n || n > MAX_NAME || strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789._-") != n)
    return fettle_error_set (err, FETTLE_E_CONFIG, "a snapshot's name has letters, digits and ._-, at"
                                                   " most %d", MAX_NAME);
  if (fettle_store_number (e->store, 0, "SELECT id FROM snapshot WHERE name = ?", "s", name))
    return fettle_error_set (err, FETTLE_E_BUSY, "there is a snapshot %s already", name);
  return FETTLE_OK;
}

void
fettle_api_snapshots_add (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  const char *name = json_string_value (json_object_get (r->body, "name"));
  _cleanup_json_ json_t *ids = NULL;
  struct fettle_error err;
  json_t *node;
  int64_t id;
  size_t i;

  if (check_name (e, name, &err)
      || fettle_nodes_of (e, json_object_get (r->body, "nodes"), &ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_run (e->store, "INSERT INTO snapshot (name, created) VALUES (?, ?)", "si", name,
                    (int64_t) time (NULL));
  id = fettle_store_last_id (e->store);
  json_array_foreach (ids, i, node) {
    _cleanup_json_ json_t *items = kept_items (e, json_integer_value (node));

    fettle_store_run (e->store, "INSERT INTO snapshot_node (snapshot, node, items) VALUES (?, ?, ?)",
                      "iij", id, (int64_t) json_integer_value (node), items);
  }
  fettle_request_reply (r, 201, show (e, id));
}

void
fettle_api_snapshots_list (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *ids = json_array ();
  json_t *list = json_array (), *id;
  struct fettle_rows rows;
  size_t i;

  fettle_store_query (e->store, &rows, "SELECT id FROM snapshot ORDER BY id DESC", "");
  while (fettle_rows_next (&rows))
    json_array_append_new (ids, json_integer (fettle_rows_int (&rows, 0)));
  json_array_foreach (ids, i, id)
    json_array_append_new (list, show (e, json_integer_value (id)));
  fettle_request_reply (r, 200, json_pack ("{s:o}", "snapshots", list));
}

void
fettle_api_snapshot_remove (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_error err;
  int64_t id = find (e, r->parameter, &err);

  if (!id) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_run (e->store, "DELETE FROM snapshot WHERE id = ?", "i", id);
  fettle_request_reply (r, 200, json_object ());
}

json_t *
fettle_snapshot_former (struct fettle_engine *e, const char *name, struct fettle_error *err)
{
  int64_t id = find (e, name, err);
  struct fettle_rows rows;
  json_t *former;
  char key[24];

  if (!id)
    return NULL;
  former = json_object ();
  fettle_store_query (e->store, &rows, "SELECT node, items FROM snapshot_node WHERE snapshot = ?",
                      "i", id);
  while (fettle_rows_next (&rows)) {
    snprintf (key, sizeof key, "%lld", (long long) fettle_rows_int (&rows, 0));
    json_object_set_new (former, key, fettle_rows_json (&rows, 1));
  }
  return former;
}
