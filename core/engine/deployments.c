/* deployments.c - the API of deployments: plan -> job.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/ask.h"
#include "engine/rollout.h"
#include "model/plan.h"
#include "util/text.h"

#define SHOWN_DIFFERENCES 5

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

static bool
concerns (const json_t *entry)
{
  return fettle_plan_deploys (entry) || strcmp (text_of (entry, "action"), "blocked") == 0;
}

/* Which of the lane's tasks is the n-th entry? */
static json_int_t
task_number (const json_t *entries, json_int_t n)
{
  json_int_t number = 0;

  for (json_int_t i = 0; i < n; i++)
    number += concerns (json_array_get (entries, (size_t) i));
  return number;
}

static json_t *
needs_of (const json_t *entries, const json_t *entry)
{
  json_t *needs = json_array ();
  const json_t *v;
  size_t i;

  json_array_foreach (json_object_get (entry, "needs"), i, v)
    json_array_append_new (needs, json_integer (task_number (entries, json_integer_value (v))));
  return needs;
}

static json_t *
spec_of (const json_t *component, const json_t *entries, const json_t *entry)
{
  json_t *spec = json_pack ("{s:O s:O s:O* s:I}", "component", component, "action",
                            json_object_get (entry, "action"), "installed",
                            json_object_get (entry, "installed"), "baseline_id",
                            json_integer_value (json_object_get (component, "baseline_id")));

  if (json_object_get (entry, "needs"))
    json_object_set_new (spec, "needs", needs_of (entries, entry));
  return spec;
}

static void
add_entry (struct job *j, struct lane *lane, const struct asked *a, const json_t *entries,
           const json_t *entry)
{
  _cleanup_free_ char *key = fettle_entry_key (entry);
  const json_t *component = key ? json_object_get (a->by_key, key) : NULL;
  bool blocked = strcmp (text_of (entry, "action"), "blocked") == 0;
  struct task *t = fettle_job_add_task (
    j, lane, text_of (entry, "name"), "pending",
    json_integer_value (json_object_get (component, "baseline_id")),
    component ? spec_of (component, entries, entry) : NULL, text_of (entry, "installed"),
    text_of (entry, "offered"));
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
        add_entry (j, lane, a, json_object_get (node, "entries"), entry);
  }
}

/* The file says what it is: was it changed? */
static fettle_result
check_file (const json_t *file, struct fettle_error *err)
{
  _cleanup_json_ json_t *nodes = json_deep_copy (json_object_get (file, "nodes"));
  char hash[65];
  json_t *node;
  size_t i;

  json_array_foreach (nodes, i, node)
    json_object_del (node, "blocked_ways"); /* no part of it */
  fettle_plan_hash (nodes, hash);
  if (text_of (file, "hash") && strcmp (hash, text_of (file, "hash")) == 0)
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG, "the plan isn't what its hash says: it was changed"
                                                 " after it was made; make another one");
}

static fettle_result
changed (const json_t *file, const json_t *plan, struct fettle_error *err)
{
  _cleanup_json_ json_t *list = fettle_plan_differences (json_object_get (file, "nodes"),
                                                         json_object_get (plan, "nodes"),
                                                         SHOWN_DIFFERENCES);
  struct fettle_buf text = FETTLE_BUF_INIT (4096);
  const json_t *one;
  size_t i;

  json_array_foreach (list, i, one)
    fettle_buf_printf (&text, "%s%.180s", i ? "; " : "", json_string_value (one));
  fettle_error_set (err, FETTLE_E_BUSY, "the plan isn't what would be done now: %.800s",
                    text.size ? fettle_buf_text (&text) : "its nodes come in another order");
  fettle_buf_clear (&text);
  return err->code;
}

/* It is to be just this plan, by its hash or as a whole. */
static fettle_result
check_plan (const json_t *plan, const json_t *body, struct fettle_error *err)
{
  const json_t *wanted = json_object_get (body, "plan");
  const char *hash = text_of (plan, "hash");
  const char *name = json_is_object (wanted) ? text_of (wanted, "hash") : json_string_value (wanted);

  if (json_is_object (wanted) && check_file (wanted, err))
    return err->code;
  if (!wanted || json_is_null (wanted) || (name && strcmp (name, hash) == 0))
    return FETTLE_OK;
  if (json_is_object (wanted))
    return changed (wanted, plan, err);
  return fettle_error_set (err, FETTLE_E_BUSY, "the plan %.12s isn't what would be done now (%.12s):"
                                               " nodes or baselines have changed; look at the new"
                                               " plan", name ? name : "?", hash);
}

void
fettle_api_deployments (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_ (fettle_asked_clear) struct asked a = { 0 };
  _cleanup_json_ json_t *plan = NULL;
  struct fettle_error err;
  struct job *j;

  if (fettle_ask (e, r->body, &a, &err) || fettle_nodes_free (e, a.node_ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  plan = fettle_asked_plan (e, &a);
  if (check_plan (plan, r->body, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  j = fettle_job_new (e, "deployment", a.options, plan);
  fettle_store_run (e->store, "UPDATE job SET unsigned = ?, signatures = ? WHERE id = ?", "jji",
                    a.unsigned_names, a.signatures, j->id);
  fill (j, &a, json_object_get (plan, "nodes"));
  fettle_job_rollout_begin (j, a.associated);
  fettle_request_reply (r, 202, json_pack ("{s:I s:O}", "job", (json_int_t) j->id, "plan", plan));
}
