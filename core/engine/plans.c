/* plans.c - the API of plans: nodes x baselines -> plan.  What is asked for
 * is in ask.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/ask.h"
#include "engine/rollout.h"
#include "model/plan.h"
#include "util/text.h"

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

/* Why nothing can be planned for a node, or NULL.  Who tries again what failed
 * looks first: a failed inventory is no reason then. */
static json_t *
problem_of (const char *name, const char *state, const char *error, int64_t inventoried, bool again)
{
  char text[1280];

  if (strcmp (state, "error") == 0 && !(again && inventoried))
    snprintf (text, sizeof text, "the last inventory failed: %s", error ? error : "no reason given");
  else if (!inventoried)
    snprintf (text, sizeof text, "there is no inventory yet: fettle inventory %s", name);
  else
    return json_null ();
  return json_string (text);
}

/* The components that this node may get. */
static json_t *
components_for (const struct asked *a, int64_t id)
{
  char key[24];
  const json_t *only, *component;
  json_t *list;
  size_t i;

  snprintf (key, sizeof key, "%lld", (long long) id);
  only = json_object_get (a->only, key);
  if (!json_is_object (only))
    return json_incref (a->components);
  list = json_array ();
  json_array_foreach (a->components, i, component) {
    char *name = fettle_component_key (component);

    if (json_object_get (only, name))
      json_array_append (list, (json_t *) component);
    free (name);
  }
  return list;
}

/* ---- Going back to what was there ---- */

static json_t *
missing_entry (const json_t *wanted, const json_t *item)
{
  return json_pack ("{s:n s:n s:O s:O s:O* s:O* s:O s:s s:s}", "component", "baseline",
                    "name", json_object_get (wanted, "name"),
                    "match", json_object_get (wanted, "match"),
                    "item", json_object_get (item, "id"),
                    "installed", json_object_get (item, "version"),
                    "offered", json_object_get (wanted, "version"), "action", "blocked", "why",
                    "no baseline has this version");
}

static json_t *
former_entries (const struct asked *a, int64_t id, const char *type, const json_t *items)
{
  _cleanup_json_ json_t *changed = json_array (), *components, *missing = NULL;
  char key[24];
  const json_t *one;
  json_t *entries;
  size_t i;

  snprintf (key, sizeof key, "%lld", (long long) id);
  json_array_foreach (json_object_get (a->former, key), i, one) {
    const json_t *item = fettle_plan_find_item (items, text_of (one, "match"), text_of (one, "arch"));

    if (!item || !json_equal (json_object_get (item, "version"), json_object_get (one, "version")))
      json_array_append (changed, (json_t *) one);
  }
  components = fettle_plan_former (a->components, changed, &missing);
  entries = fettle_plan_entries (type, items, components, a->options);
  json_array_foreach (missing, i, one)
    json_array_append_new (entries, missing_entry (one, fettle_plan_find_item (
                                                     items, text_of (one, "match"),
                                                     text_of (one, "arch"))));
  return entries;
}

static json_t *
entries_of (const struct asked *a, int64_t id, const char *type, const json_t *items)
{
  _cleanup_json_ json_t *components = NULL;

  if (a->former)
    return former_entries (a, id, type, items);
  components = components_for (a, id);
  return fettle_plan_entries (type, items, components, a->options);
}

static json_t *
plan_node (struct fettle_engine *e, int64_t id, const struct asked *a)
{
  _cleanup_json_ json_t *items = fettle_node_items (e, id);
  struct fettle_rows rows;
  json_t *node, *problem;

  fettle_store_query (e->store, &rows,
                      "SELECT name, address, type, state, error, inventoried, error_code FROM node"
                      " WHERE id = ?", "i", id);
  if (!fettle_rows_next (&rows))
    return NULL;
  problem = problem_of (fettle_rows_text (&rows, 0), fettle_rows_text (&rows, 3),
                        fettle_rows_text (&rows, 4), fettle_rows_int (&rows, 5), a->again);
  node = json_pack ("{s:I s:s s:s s:s s:s? s:o}", "node", (json_int_t) id, "name",
                    fettle_rows_text (&rows, 0), "address", fettle_rows_text (&rows, 1), "type",
                    fettle_rows_text (&rows, 2), "code", fettle_rows_text (&rows, 6), "problem",
                    problem);
  json_object_set_new (node, "entries",
                       json_is_null (problem)
                         ? entries_of (a, id, fettle_rows_text (&rows, 2), items)
                         : json_array ());
  fettle_rows_end (&rows);
  return node;
}

/* For those who look at it: no part of what will be done, nor of the hash. */
static void
add_blocked_ways (struct fettle_engine *e, json_t *nodes)
{
  json_t *node;
  size_t i;

  json_array_foreach (nodes, i, node)
    json_object_set_new (node, "blocked_ways", fettle_ways_blocked (
                           e, json_integer_value (json_object_get (node, "node"))));
}

/* How many components the node gets. */
static uint32_t
steps_of (const json_t *entries)
{
  const json_t *entry;
  uint32_t n = 0;
  size_t i;

  json_array_foreach (entries, i, entry)
    n += fettle_has_word ("upgrade downgrade rewrite install", text_of (entry, "action"));
  return n;
}

/* {"seconds", "restarts", "nodes", "ends"}, of those that something is done to. */
static json_t *
estimate (struct fettle_engine *e, const struct asked *a, const json_t *nodes)
{
  _cleanup_free_ uint32_t *seconds = calloc (json_array_size (nodes) + 1, sizeof *seconds);
  _cleanup_free_ uint32_t *steps = calloc (json_array_size (nodes) + 1, sizeof *steps);
  _cleanup_json_ json_t *busy = json_array ();
  char text[FETTLE_TIME_MAX];
  uint32_t restarts, all = 0;
  int64_t whole, end = 0;
  const json_t *node;
  size_t i, n = 0;

  if (!seconds || !steps)
    abort ();
  json_array_foreach (nodes, i, node) {
    const json_t *entries = json_object_get (node, "entries");

    seconds[n] = fettle_plan_cost (entries, text_of (a->options, "reboot"), &restarts);
    all += restarts;
    if (!seconds[n])
      continue;
    steps[n++] = steps_of (entries);
    json_array_append (busy, (json_t *) node);
  }
  whole = fettle_job_rollout_estimate (e, a->options, busy, seconds, steps, &end);
  return json_pack ("{s:I s:I s:I s:s?}", "seconds", (json_int_t) whole, "restarts", (json_int_t) all,
                    "nodes", (json_int_t) n, "ends", n && end ? fettle_time_text (end, text) : NULL);
}

json_t *
fettle_asked_plan (struct fettle_engine *e, const struct asked *a)
{
  json_t *nodes = json_array ();
  const json_t *id;
  char hash[65], now[FETTLE_TIME_MAX];
  size_t i;

  json_array_foreach (a->node_ids, i, id)
    json_array_append_new (nodes, plan_node (e, json_integer_value (id), a));
  fettle_plan_hash (nodes, hash);
  add_blocked_ways (e, nodes);
  return json_pack ("{s:s s:s s:O s:O s:o s:o s:O s:o}", "hash", hash, "created",
                    fettle_time_text (time (NULL), now), "unsigned", a->unsigned_names, "signatures",
                    a->signatures, "counts", fettle_plan_counts (nodes), "estimate", estimate (e, a, nodes), "request", a->request, "nodes", nodes);
}

void
fettle_api_plans (void *engine, struct fettle_request *r)
{
  _cleanup_ (fettle_asked_clear) struct asked a = { 0 };
  struct fettle_error err;

  if (fettle_ask (engine, r->body, &a, &err))
    fettle_request_fail (r, &err);
  else
    fettle_request_reply (r, 200, fettle_asked_plan (engine, &a));
}
