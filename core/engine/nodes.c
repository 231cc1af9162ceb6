/* nodes.c - the API of nodes, and what inventories found on them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/internal.h"
#include "engine/page.h"
#include "util/text.h"

#define MAX_NODES_AT_ONCE 10000

#define COLUMNS \
  "id, name, address, type, user, auth, settings, labels, grp, host_key, state, error_code, error," \
  " inventoried, coalesce ((SELECT items FROM inventory WHERE node = node.id), 0)," \
  " (SELECT min (since) FROM node_firewall WHERE node = node.id), certificate, maintenance, parent, location," \
  " second_user, helper"

static json_t *
node_json (struct fettle_rows *rows)
{
  char inventoried[FETTLE_TIME_MAX], opened[FETTLE_TIME_MAX];
  const char *code = fettle_rows_text (rows, 11);
  int64_t when = fettle_rows_int (rows, 13), since = fettle_rows_int (rows, 15);

  return json_pack ("{s:I s:s s:s s:s s:s? s:s s:o s:o s:s? s:s? s:s s:o s:s? s:I s:s? s:s? s:s? s:o s:s? s:s? s:s?}",
                    "id", (json_int_t) fettle_rows_int (rows, 0),
                    "name", fettle_rows_text (rows, 1),
                    "address", fettle_rows_text (rows, 2),
                    "type", fettle_rows_text (rows, 3),
                    "user", fettle_rows_text (rows, 4),
                    "auth", fettle_rows_text (rows, 5),
                    "settings", fettle_rows_json (rows, 6),
                    "labels", fettle_rows_json (rows, 7),
                    "group", fettle_rows_text (rows, 8),
                    "host_key", fettle_rows_text (rows, 9),
                    "state", fettle_rows_text (rows, 10),
                    "error", code ? json_pack ("{s:s s:s}", "code", code, "message",
                                               fettle_rows_text (rows, 12)) : json_null (),
                    "inventoried", when ? fettle_time_text (when, inventoried) : NULL,
                    "items", (json_int_t) fettle_rows_int (rows, 14),
                    "firewall_open", since ? fettle_time_text (since, opened) : NULL,
                    "certificate", fettle_rows_text (rows, 16), "maintenance",
                    fettle_rows_text (rows, 17), "parent",
                    fettle_rows_int (rows, 18) ? json_integer (fettle_rows_int (rows, 18)) : json_null (),
                    "location", fettle_rows_text (rows, 19), "second_user",
                    fettle_rows_text (rows, 20), "helper", fettle_rows_text (rows, 21));
}

static json_t *
node_by_id (struct fettle_engine *e, int64_t id)
{
  struct fettle_rows rows;
  json_t *node = NULL;

  fettle_store_query (e->store, &rows, "SELECT " COLUMNS " FROM node WHERE id = ?", "i", id);
  if (fettle_rows_next (&rows)) {
    node = node_json (&rows);
    fettle_rows_end (&rows);
  }
  return node;
}

/* ---- Nodes that nobody works on ---- */

fettle_result
fettle_nodes_free (struct fettle_engine *e, const json_t *ids, struct fettle_error *err)
{
  struct fettle_rows rows;
  const json_t *id;
  size_t i;

  json_array_foreach (ids, i, id) {
    fettle_store_query (e->store, &rows,
                        "SELECT task.job, task.name FROM task JOIN job ON job.id = task.job"
                        " WHERE job.state = 'running' AND task.node = ? LIMIT 1", "i",
                        (int64_t) json_integer_value (id));
    if (!fettle_rows_next (&rows))
      continue;
    fettle_error_set (err, FETTLE_E_BUSY, "%s is being worked on by job %lld: wait for it"
                                          " (fettle status %lld) or end it (fettle abort %lld)",
                      fettle_rows_text (&rows, 1), (long long) fettle_rows_int (&rows, 0),
                      (long long) fettle_rows_int (&rows, 0),
                      (long long) fettle_rows_int (&rows, 0));
    fettle_rows_end (&rows);
    return err->code;
  }
  return FETTLE_OK;
}

/* ---- State and items ---- */

void
fettle_node_set_state (struct fettle_engine *e, int64_t node, const struct fettle_error *err)
{
  fettle_store_run (e->store, "UPDATE node SET state = ?, error_code = ?, error = ? WHERE id = ?",
                    "sssi", err ? "error" : "ok", err ? fettle_result_name (err->code) : NULL,
                    err ? err->text : NULL, node);
  if (!err)
    fettle_store_run (e->store, "UPDATE node SET inventoried = ? WHERE id = ?", "ii",
                      (int64_t) time (NULL), node);
  fettle_event_node (e, node, err ? "error" : "ok");
}

void
fettle_node_set_items (struct fettle_engine *e, int64_t node, const json_t *items)
{
  fettle_store_run (e->store, "INSERT OR REPLACE INTO inventory (node, items, data) VALUES (?, ?, ?)",
                    "iij", node, (int64_t) json_array_size (items), items);
}

json_t *
fettle_node_items (struct fettle_engine *e, int64_t node)
{
  struct fettle_rows rows;
  json_t *items;

  fettle_store_query (e->store, &rows, "SELECT data FROM inventory WHERE node = ?", "i", node);
  if (!fettle_rows_next (&rows))
    return json_array ();
  items = fettle_rows_json (&rows, 0);
  fettle_rows_end (&rows);
  return items;
}

/* ---- Adding and changing ---- */

static fettle_result
check_new (struct fettle_engine *e, const char *name, const char *address, const json_t *settings,
           int64_t self, struct fettle_error *err)
{
  if (fettle_store_number (e->store, 0, "SELECT count (*) FROM node WHERE name = ? AND id <> ?",
                           "si", name, self))
    return fettle_error_set (err, FETTLE_E_BUSY, "there is a node %s already", name);
  if (fettle_store_number (e->store, 0,
                           "SELECT count (*) FROM node WHERE address = ? AND settings = ?"
                           " AND id <> ?", "sji", address, settings, self))
    return fettle_error_set (err, FETTLE_E_BUSY, "there is a node with the address %s already",
                             address);
  return FETTLE_OK;
}

/* A group begins with its first node. */
static void
ensure_group (struct fettle_engine *e, const char *group)
{
  if (group)
    fettle_store_run (e->store, "INSERT OR IGNORE INTO grp (name) VALUES (?)", "s", group);
}

static fettle_result
add_node (struct fettle_engine *e, const json_t *n, int64_t *ret_id, struct fettle_error *err)
{
  _cleanup_json_ json_t *empty = json_object ();
  const char *address = json_string_value (json_object_get (n, "address"));
  const char *name = json_string_value (json_object_get (n, "name"));
  const char *type = json_string_value (json_object_get (n, "type"));
  const json_t *settings = json_object_get (n, "settings");
  const json_t *labels = json_object_get (n, "labels");
  const json_t *credentials = json_object_get (n, "credentials");

  settings = settings ? settings : empty;
  if (check_new (e, name ? name : address, address, settings, 0, err))
    return err->code;
  fettle_store_run (e->store,
                    "INSERT INTO node (name, address, type, auth, settings, labels, grp, host_key,"
                    " certificate, maintenance, state) VALUES (?, ?, ?, 'none', ?, ?, ?, ?, ?, ?, 'new')",
                    "sssjjssss",
                    name ? name : address, address, type ? type : "auto", settings,
                    labels ? labels : empty, json_string_value (json_object_get (n, "group")),
                    json_string_value (json_object_get (n, "host_key")),
                    json_string_value (json_object_get (n, "certificate")),
                    json_string_value (json_object_get (n, "maintenance")));
  *ret_id = fettle_store_last_id (e->store);
  ensure_group (e, json_string_value (json_object_get (n, "group")));
  return fettle_node_set_credentials (e, *ret_id, credentials ? credentials : empty, err);
}

/* All or none: what was added before the bad one is taken back. */
static fettle_result
add_nodes (struct fettle_engine *e, const json_t *nodes, json_t *ret, struct fettle_error *err)
{
  const json_t *n;
  json_t *added;
  size_t i;

  if (!json_is_array (nodes) || json_array_size (nodes) > MAX_NODES_AT_ONCE)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"nodes\" must be a list of at most %d nodes",
                             MAX_NODES_AT_ONCE);
  json_array_foreach (nodes, i, n)
    if (fettle_node_check (e, n, err))
      return err->code;
  json_array_foreach (nodes, i, n) {
    int64_t id = 0;

    if (!add_node (e, n, &id, err)) {
      json_array_append_new (ret, node_by_id (e, id));
      continue;
    }
    json_array_foreach (ret, i, added)
      fettle_store_run (e->store, "DELETE FROM node WHERE id = ?", "i",
                        (int64_t) json_integer_value (json_object_get (added, "id")));
    return err->code;
  }
  return FETTLE_OK;
}

void
fettle_api_nodes_add (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *added = json_array ();
  struct fettle_error err;
  const json_t *node;
  size_t i;

  if (add_nodes (e, json_object_get (r->body, "nodes"), added, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  json_array_foreach (added, i, node)
    fettle_event_node (e, json_integer_value (json_object_get (node, "id")), "added");
  fettle_request_reply (r, 201, json_pack ("{s:O}", "nodes", added));
}

/* The node as it is now, with the members of `changes` instead. */
static fettle_result
change_node (struct fettle_engine *e, int64_t id, const json_t *changes, struct fettle_error *err)
{
  _cleanup_json_ json_t *node = node_by_id (e, id), *credentials = NULL;
  static const char *const members[] = { "address", "name", "type", "settings", "labels", "group",
                                         "host_key", "certificate", "maintenance" };
  json_t *value;

  for (size_t i = 0; i < COUNT (members); i++)
    if ((value = json_object_get (changes, members[i])))
      json_object_set (node, members[i], value);
  if (check_new (e, json_string_value (json_object_get (node, "name")),
                 json_string_value (json_object_get (node, "address")),
                 json_object_get (node, "settings"), id, err))
    return err->code;
  fettle_store_run (e->store,
                    "UPDATE node SET name = ?, address = ?, type = ?, settings = ?, labels = ?,"
                    " grp = ?, host_key = ?, certificate = ?, maintenance = ? WHERE id = ?", "sssjjssssi",
                    json_string_value (json_object_get (node, "name")),
                    json_string_value (json_object_get (node, "address")),
                    json_string_value (json_object_get (node, "type")),
                    json_object_get (node, "settings"), json_object_get (node, "labels"),
                    json_string_value (json_object_get (node, "group")),
                    json_string_value (json_object_get (node, "host_key")),
                    json_string_value (json_object_get (node, "certificate")),
                    json_string_value (json_object_get (node, "maintenance")), id);
  ensure_group (e, json_string_value (json_object_get (node, "group")));
  fettle_ways_forget (e, id); /* they may be others now */
  if (json_object_get (changes, "maintenance") || json_object_get (changes, "group"))
    fettle_rollouts_changed (e);
  if (!json_object_get (changes, "credentials"))
    return FETTLE_OK;
  /* What isn't given stays: a new password doesn't forget the user. */
  if (fettle_node_credentials (e, id, &credentials, err))
    return err->code;
  fettle_credentials_change (credentials, json_object_get (changes, "credentials"));
  return fettle_node_set_credentials (e, id, credentials, err);
}

static int64_t
node_of (struct fettle_engine *e, struct fettle_request *r)
{
  struct fettle_error err;
  int64_t id = fettle_node_find (e, r->parameter, &err);

  if (!id)
    fettle_request_fail (r, &err);
  return id;
}

void
fettle_api_node_change (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  int64_t id = node_of (e, r);
  _cleanup_json_ json_t *merged = NULL;
  struct fettle_error err;

  if (!id)
    return;
  /* Checked as a new node would be, with what is kept filled in. */
  merged = json_object ();
  json_object_update (merged, (json_t *) r->body);
  if (!json_object_get (merged, "address"))
    json_object_set_new (merged, "address", json_string ("unchanged"));
  if (fettle_node_check (e, merged, &err) || change_node (e, id, r->body, &err))
    fettle_request_fail (r, &err);
  else {
    fettle_event_node (e, id, "changed");
    fettle_request_reply (r, 200, node_by_id (e, id));
  }
}

/* ---- Looking and removing ---- */

void
fettle_api_nodes_list (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  const char *selector = json_string_value (json_object_get (r->query, "select"));
  _cleanup_json_ json_t *ids = NULL;
  struct fettle_page page;
  struct fettle_rows rows;
  struct fettle_error err;

  if (fettle_nodes_selected (e, selector, &ids, &err)
      || fettle_page_init (&page, r, "select state search", 0, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_query (e->store, &rows,
                      "SELECT " COLUMNS " FROM node WHERE id > ?1"
                      " AND id IN (SELECT value FROM json_each (?2))"
                      " AND (?3 IS NULL OR state = ?3)"
                      " AND (?4 IS NULL OR instr (name, ?4) OR instr (address, ?4))"
                      " ORDER BY id LIMIT ?5", "ijssi", page.after, ids,
                      fettle_page_filter (&page, "state"), fettle_page_filter (&page, "search"),
                      page.read);
  while (fettle_rows_next (&rows))
    fettle_page_add (&page, fettle_rows_int (&rows, 0), node_json (&rows));
  fettle_page_reply (&page, r, "nodes");
}

void
fettle_api_node_show (void *engine, struct fettle_request *r)
{
  int64_t id = node_of (engine, r);

  if (id)
    fettle_request_reply (r, 200, node_by_id (engine, id));
}

void
fettle_api_node_items (void *engine, struct fettle_request *r)
{
  int64_t id = node_of (engine, r);
  _cleanup_json_ json_t *node = NULL;

  if (!id)
    return;
  node = node_by_id (engine, id);
  fettle_request_reply (r, 200, json_pack ("{s:O s:o}", "inventoried",
                                           json_object_get (node, "inventoried"), "items",
                                           fettle_node_items (engine, id)));
}

void
fettle_api_node_remove (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  int64_t id = node_of (e, r);
  _cleanup_json_ json_t *ids = NULL;
  struct fettle_error err;

  if (!id)
    return;
  ids = json_pack ("[I]", (json_int_t) id);
  if (fettle_nodes_free (e, ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_event_node (e, id, "removed");
  fettle_store_run (e->store, "DELETE FROM node WHERE id = ?", "i", id);
  fettle_request_reply (r, 200, json_object ());
}
