/* plans.c - the API of plans and deployments: nodes x baselines -> plan ->
 * job.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/internal.h"
#include "engine/rollout.h"
#include "model/plan.h"
#include "util/text.h"

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

/* Why nothing can be planned for a node, or NULL. */
static json_t *
problem_of (const char *name, const char *state, const char *error, int64_t inventoried)
{
  char text[1280];

  if (strcmp (state, "error") == 0)
    snprintf (text, sizeof text, "the last inventory failed: %s", error ? error : "no reason given");
  else if (!inventoried)
    snprintf (text, sizeof text, "there is no inventory yet: fettle inventory %s", name);
  else
    return json_null ();
  return json_string (text);
}

static json_t *
plan_node (struct fettle_engine *e, int64_t id, const json_t *components, const json_t *options)
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
                        fettle_rows_text (&rows, 4), fettle_rows_int (&rows, 5));
  node = json_pack ("{s:I s:s s:s s:s s:s? s:o}", "node", (json_int_t) id, "name",
                    fettle_rows_text (&rows, 0), "address", fettle_rows_text (&rows, 1), "type",
                    fettle_rows_text (&rows, 2), "code", fettle_rows_text (&rows, 6), "problem",
                    problem);
  json_object_set_new (node, "entries",
                       json_is_null (problem)
                         ? fettle_plan_entries (fettle_rows_text (&rows, 2), items, components,
                                                options)
                         : json_array ());
  fettle_rows_end (&rows);
  return node;
}

/* What a body of POST /plans and /deployments asks for. */
struct asked {
  json_t *node_ids, *components;
  const json_t *options;
};

static void
asked_clear (struct asked *a)
{
  json_decref (a->node_ids);
  json_decref (a->components);
}

/* A component that was asked for by name must be there. */
static fettle_result
check_components (const struct asked *a, struct fettle_error *err)
{
  const json_t *ids = json_object_get (a->options, "components"), *id, *component;
  size_t i, k;

  json_array_foreach (ids, i, id) {
    json_array_foreach (a->components, k, component)
      if (json_equal (id, json_object_get (component, "id")))
        break;
    if (k == json_array_size (a->components))
      return fettle_error_set (err, FETTLE_E_CONFIG, "no baseline has a component %s",
                               json_string_value (id));
  }
  return FETTLE_OK;
}

static fettle_result
ask (struct fettle_engine *e, const json_t *body, struct asked *ret, struct fettle_error *err)
{
  _cleanup_json_ json_t *baselines = NULL;

  ret->options = json_object_get (body, "options");
  if (fettle_plan_options_check (ret->options, err)
      || fettle_nodes_of (e, json_object_get (body, "nodes"), &ret->node_ids, err)
      || fettle_baselines_of (e, json_object_get (body, "baselines"), &baselines, err))
    return err->code;
  ret->components = fettle_baselines_components (e, baselines);
  return check_components (ret, err);
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

static json_t *
make_plan (struct fettle_engine *e, const struct asked *a)
{
  json_t *nodes = json_array ();
  const json_t *id;
  char hash[65], now[FETTLE_TIME_MAX];
  size_t i;

  json_array_foreach (a->node_ids, i, id)
    json_array_append_new (nodes, plan_node (e, json_integer_value (id), a->components,
                                             a->options));
  fettle_plan_hash (nodes, hash);
  add_blocked_ways (e, nodes);
  return json_pack ("{s:s s:s s:o s:o}", "hash", hash, "created",
                    fettle_time_text (time (NULL), now), "counts", fettle_plan_counts (nodes),
                    "nodes", nodes);
}

void
fettle_api_plans (void *engine, struct fettle_request *r)
{
  _cleanup_ (asked_clear) struct asked a = { 0 };
  struct fettle_error err;

  if (ask (engine, r->body, &a, &err))
    fettle_request_fail (r, &err);
  else
    fettle_request_reply (r, 200, make_plan (engine, &a));
}

/* ---- Deployment ---- */

static const json_t *
component_of (const struct asked *a, const json_t *entry)
{
  const json_t *component;
  size_t i;

  json_array_foreach (a->components, i, component)
    if (json_equal (json_object_get (component, "id"), json_object_get (entry, "component"))
        && json_equal (json_object_get (component, "baseline"), json_object_get (entry, "baseline")))
      return component;
  return NULL;
}

static void
add_entry (struct job *j, struct lane *lane, const struct asked *a, const json_t *entry)
{
  const json_t *component = component_of (a, entry);
  int64_t baseline = json_integer_value (json_object_get (component, "baseline_id"));
  bool blocked = strcmp (text_of (entry, "action"), "blocked") == 0;
  json_t *spec = json_pack ("{s:O s:O s:O s:I}", "component", component, "action",
                            json_object_get (entry, "action"), "installed",
                            json_object_get (entry, "installed"), "baseline_id",
                            (json_int_t) baseline);
  struct task *t = fettle_job_add_task (j, lane, text_of (entry, "name"), "pending", baseline, spec,
                                        text_of (entry, "installed"), text_of (entry, "offered"));
  struct fettle_error err;

  if (!blocked)
    return;
  fettle_error_set (&err, FETTLE_E_CONFIG, "%s", text_of (entry, "why"));
  fettle_task_end (t, "blocked", &err);
}

/* A node that nothing can be planned for is a failed task, not a silence. */
static void
add_problem (struct job *j, struct lane *lane, const json_t *node)
{
  struct task *t = fettle_job_add_task (j, lane, "plan", "pending", 0, NULL, NULL, NULL);
  const char *code = text_of (node, "code");
  struct fettle_error err;

  fettle_error_set (&err, code ? fettle_result_by_name (code) : FETTLE_E_CONFIG, "%s",
                    text_of (node, "problem"));
  fettle_task_end (t, "failed", &err);
}

static bool
concerns (const json_t *entry)
{
  return fettle_plan_deploys (entry) || strcmp (text_of (entry, "action"), "blocked") == 0;
}

static size_t
tasks_of (const json_t *node)
{
  const json_t *entry;
  size_t i, n = 0;

  json_array_foreach (json_object_get (node, "entries"), i, entry)
    n += concerns (entry);
  return n + json_is_string (json_object_get (node, "problem"));
}

static void
fill (struct job *j, const struct asked *a, const json_t *nodes)
{
  size_t i, k, n = 0;
  const json_t *node, *entry;

  json_array_foreach (nodes, i, node)
    n += tasks_of (node);
  fettle_job_room (j, n, json_array_size (nodes));
  json_array_foreach (nodes, i, node) {
    struct lane *lane;

    if (!tasks_of (node))
      continue;
    lane = fettle_job_add_node (j, json_integer_value (json_object_get (node, "node")));
    if (json_is_string (json_object_get (node, "problem")))
      add_problem (j, lane, node);
    json_array_foreach (json_object_get (node, "entries"), k, entry)
      if (concerns (entry))
        add_entry (j, lane, a, entry);
  }
}

static fettle_result
check_hash (const json_t *plan, const json_t *body, struct fettle_error *err)
{
  const char *wanted = text_of (body, "plan"), *hash = text_of (plan, "hash");

  if (!wanted || strcmp (wanted, hash) == 0)
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_BUSY, "the plan %.12s isn't what would be done now (%.12s):"
                                               " nodes or baselines have changed; look at the new"
                                               " plan", wanted, hash);
}

void
fettle_api_deployments (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_ (asked_clear) struct asked a = { 0 };
  _cleanup_json_ json_t *plan = NULL;
  struct fettle_error err;
  struct job *j;

  if (ask (e, r->body, &a, &err) || fettle_nodes_free (e, a.node_ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  plan = make_plan (e, &a);
  if (check_hash (plan, r->body, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  j = fettle_job_new (e, "deployment", a.options, plan);
  fill (j, &a, json_object_get (plan, "nodes"));
  fettle_job_rollout_begin (j, NULL);
  fettle_request_reply (r, 202, json_pack ("{s:I s:O}", "job", (json_int_t) j->id, "plan", plan));
}
