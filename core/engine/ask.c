/* ask.c - see ask.h.  SPDX-License-Identifier: Apache-2.0
 *
 * Four ways to ask: nodes and baselines; a plan as it was printed; what an
 * earlier job didn't do (resume); what was there before a job, or at a
 * snapshot (restore, snapshot).
 */
#include "util/base.h"

#include "engine/ask.h"
#include "model/rollout.h"
#include "util/text.h"

void
fettle_asked_clear (struct asked *a)
{
  json_decref (a->request);
  json_decref (a->node_ids);
  json_decref (a->associated);
  json_decref (a->components);
  json_decref (a->by_key);
  json_decref (a->unsigned_names);
  json_decref (a->signatures);
  json_decref (a->options);
  json_decref (a->only);
  json_decref (a->former);
}

static char *
join_key (const char *baseline, const char *id)
{
  size_t n = baseline && id ? strlen (baseline) + strlen (id) + 2 : 0;
  char *key = n ? malloc (n) : NULL;

  if (key)
    snprintf (key, n, "%s\n%s", baseline, id);
  return key;
}

char *
fettle_component_key (const json_t *c)
{
  return join_key (json_string_value (json_object_get (c, "baseline")),
                   json_string_value (json_object_get (c, "id")));
}

char *
fettle_entry_key (const json_t *entry)
{
  return join_key (json_string_value (json_object_get (entry, "baseline")),
                   json_string_value (json_object_get (entry, "component")));
}

static void
index_components (struct asked *a)
{
  const json_t *c;
  size_t i;

  a->by_key = json_object ();
  json_array_foreach (a->components, i, c) {
    char *key = fettle_component_key (c);

    json_object_set (a->by_key, key, (json_t *) c);
    free (key);
  }
}

/* A component that was asked for by name must be there. */
static fettle_result
check_components (const struct asked *a, struct fettle_error *err)
{
  _cleanup_json_ json_t *known = json_object ();
  const json_t *v;
  size_t i;

  json_array_foreach (a->components, i, v)
    json_object_set_new (known, json_string_value (json_object_get (v, "id")), json_true ());
  json_array_foreach (json_object_get (a->options, "components"), i, v)
    if (!json_object_get (known, json_string_value (v)))
      return fettle_error_set (err, FETTLE_E_CONFIG, "no baseline has a component %s",
                               json_string_value (v));
  return FETTLE_OK;
}

/* ---- What belongs to the chosen nodes ---- */

static void
add_associated (struct fettle_engine *e, struct asked *a)
{
  static const char sql[] =
    "WITH RECURSIVE up (id, level) AS (SELECT ?1, 0 UNION SELECT node.parent, level + 1 FROM up"
    " JOIN node ON node.id = up.id WHERE node.parent IS NOT NULL AND level < 8),"
    " down (id, level) AS (SELECT id, 0 FROM up UNION SELECT node.id, level + 1 FROM down"
    " JOIN node ON node.parent = down.id WHERE level < 8) SELECT DISTINCT id FROM down ORDER BY id";
  _cleanup_json_ json_t *seen = json_object ();
  size_t chosen = json_array_size (a->node_ids);
  char key[24];

  for (size_t i = 0; i < chosen; i++) {
    snprintf (key, sizeof key, "%lld",
              (long long) json_integer_value (json_array_get (a->node_ids, i)));
    json_object_set_new (seen, key, json_true ());
  }
  for (size_t i = 0; i < chosen; i++) {
    struct fettle_rows rows;

    fettle_store_query (e->store, &rows, sql, "i",
                        (int64_t) json_integer_value (json_array_get (a->node_ids, i)));
    while (fettle_rows_next (&rows)) {
      int64_t id = fettle_rows_int (&rows, 0);

      snprintf (key, sizeof key, "%lld", (long long) id);
      if (json_object_get (seen, key))
        continue;
      json_object_set_new (seen, key, json_true ());
      json_array_append_new (a->node_ids, json_integer (id));
      json_array_append_new (a->associated, json_integer (id));
    }
  }
}

/* ---- What an earlier job didn't do ---- */

static fettle_result
ended_job (struct fettle_engine *e, const json_t *reference, int64_t *ret, json_t **ret_options,
           struct fettle_error *err)
{
  struct fettle_rows rows;
  char text[24];
  int64_t id;
  bool ended;

  snprintf (text, sizeof text, "%lld", (long long) json_integer_value (reference));
  id = fettle_job_find (e, json_is_string (reference) ? json_string_value (reference) : text, err);
  if (!id)
    return err->code;
  fettle_store_query (e->store, &rows, "SELECT kind, state, options FROM job WHERE id = ?", "i", id);
  if (!fettle_rows_next (&rows) || strcmp (fettle_rows_text (&rows, 0), "deployment") != 0) {
    fettle_rows_end (&rows);
    return fettle_error_set (err, FETTLE_E_CONFIG, "job %lld is no deployment", (long long) id);
  }
  ended = strcmp (fettle_rows_text (&rows, 1), "running") != 0;
  if (ended)
    *ret_options = fettle_rows_json (&rows, 2);
  fettle_rows_end (&rows);
  if (!ended)
    return fettle_error_set (err, FETTLE_E_BUSY, "job %lld still runs: wait for it (fettle watch"
                                                 " %lld) or end it (fettle abort %lld)",
                             (long long) id, (long long) id, (long long) id);
  *ret = id;
  return FETTLE_OK;
}

static void
want_again (struct asked *a, int64_t node, const json_t *spec, json_t *baselines)
{
  const json_t *component = json_object_get (spec, "component");
  _cleanup_free_ char *name = component ? fettle_component_key (component) : NULL;
  char key[24];
  json_t *only;

  snprintf (key, sizeof key, "%lld", (long long) node);
  only = json_object_get (a->only, key);
  if (!only) {
    json_array_append_new (a->node_ids, json_integer (node));
    only = name ? json_object () : json_null ();
    json_object_set_new (a->only, key, only);
  }
  if (!name || !json_is_object (only))
    return;
  json_object_set_new (only, name, json_true ());
  json_object_set (baselines, json_string_value (json_object_get (component, "baseline")),
                   json_object_get (component, "baseline"));
}

static fettle_result
ask_again (struct fettle_engine *e, const json_t *body, struct asked *a, json_t **ret_baselines,
           struct fettle_error *err)
{
  bool failed = json_is_true (json_object_get (body, "retry_failed"));
  _cleanup_json_ json_t *options = NULL, *baselines = json_object ();
  struct fettle_rows rows;
  const char *name;
  json_t *value;
  int64_t id;

  if (ended_job (e, json_object_get (body, "resume"), &id, &options, err))
    return err->code;
  /* What was asked of time and persons was for that job. */
  json_object_del (options, "at");
  json_object_del (options, "approve");
  json_object_update (options, a->options);
  json_decref (a->options);
  a->options = STEAL (options);
  json_object_set_new (a->options, "look_first", json_true ());
  a->again = true;
  a->only = json_object ();
  a->node_ids = json_array ();
  fettle_store_query (e->store, &rows,
                      "SELECT task.node, task.spec FROM task JOIN node ON node.id = task.node"
                      " WHERE job = ?1 AND (task.state IN ('failed', 'unknown') OR (?2 = 0 AND"
                      " task.state IN ('aborted', 'skipped', 'blocked'))) ORDER BY task.id", "ii",
                      id, (int64_t) failed);
  while (fettle_rows_next (&rows)) {
    _cleanup_json_ json_t *spec = fettle_rows_json (&rows, 1);

    want_again (a, fettle_rows_int (&rows, 0), spec, baselines);
  }
  if (json_array_size (a->node_ids) == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "job %lld left nothing %s", (long long) id,
                             failed ? "failed" : "undone");
  *ret_baselines = json_array ();
  json_object_foreach (baselines, name, value)
    json_array_append (*ret_baselines, value);
  if (json_array_size (*ret_baselines) == 0)
    json_array_append_new (*ret_baselines, json_string ("all"));
  return FETTLE_OK;
}

/* ---- What was there before ---- */

/* Of each thing, what the first task on it found. */
static json_t *
former_of_job (struct fettle_engine *e, int64_t job)
{
  _cleanup_json_ json_t *seen = json_object ();
  json_t *former = json_object ();
  struct fettle_rows rows;

  fettle_store_query (e->store, &rows,
                      "SELECT node, title, from_version, spec FROM task WHERE job = ? AND"
                      " from_version IS NOT NULL AND state IN ('done', 'failed', 'unknown')"
                      " ORDER BY id", "i", job);
  while (fettle_rows_next (&rows)) {
    _cleanup_json_ json_t *spec = fettle_rows_json (&rows, 3);
    const json_t *component = json_object_get (spec, "component");
    const char *match = json_string_value (json_object_get (component, "match"));
    char key[24], thing[1100];
    json_t *list;

    snprintf (key, sizeof key, "%lld", (long long) fettle_rows_int (&rows, 0));
    snprintf (thing, sizeof thing, "%s %s", key, match ? match : "");
    if (!match || json_object_get (seen, thing))
      continue;
    json_object_set_new (seen, thing, json_true ());
    list = json_object_get (former, key);
    if (!list) {
      list = json_array ();
      json_object_set_new (former, key, list);
    }
    json_array_append_new (list, json_pack ("{s:s s:s s:s? s:s}", "name", fettle_rows_text (&rows, 1),
                                            "match", match, "arch", json_string_value (
                                              json_object_get (component, "arch")),
                                            "version", fettle_rows_text (&rows, 2)));
  }
  return former;
}

/* All nodes that it knows of and that are still there. */
static json_t *
former_nodes (struct fettle_engine *e, const json_t *former)
{
  json_t *ids = json_array (), *list;
  const char *key;

  json_object_foreach ((json_t *) former, key, list) {
    uint64_t id;

    if (fettle_parse_uint (key, 1, INT64_MAX, &id)
        && fettle_store_number (e->store, 0, "SELECT id FROM node WHERE id = ?", "i", (int64_t) id))
      json_array_append_new (ids, json_integer ((json_int_t) id));
  }
  return ids;
}

static fettle_result
ask_former (struct fettle_engine *e, const json_t *body, struct asked *a, struct fettle_error *err)
{
  const json_t *job = json_object_get (body, "restore");
  const char *snapshot = json_string_value (json_object_get (body, "snapshot"));
  _cleanup_json_ json_t *options = NULL;
  int64_t id;

  if (!job && !snapshot)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"snapshot\" must be a snapshot's name");
  if (job && ended_job (e, job, &id, &options, err))
    return err->code;
  a->former = job ? former_of_job (e, id) : fettle_snapshot_former (e, snapshot, err);
  if (!a->former)
    return err->code;
  json_object_set_new (a->options, "downgrade", json_true ());
  if (json_object_get (body, "nodes"))
    return fettle_nodes_of (e, json_object_get (body, "nodes"), &a->node_ids, err);
  a->node_ids = former_nodes (e, a->former);
  if (json_array_size (a->node_ids) == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there is nothing to go back to");
  return FETTLE_OK;
}

/* ---- All ---- */

/* A time is kept as an instant, whatever this host's zone will be. */
static fettle_result
settle_options (json_t *options, struct fettle_error *err)
{
  struct fettle_rollout_rules rules;
  char text[FETTLE_TIME_MAX];

  if (fettle_plan_options_check (options, err) || fettle_rollout_rules_read (options, &rules, err))
    return err->code;
  if (rules.at)
    json_object_set_new (options, "at", json_string (fettle_time_text (rules.at, text)));
  fettle_rollout_rules_clear (&rules);
  return FETTLE_OK;
}

static fettle_result
ask_nodes (struct fettle_engine *e, const json_t *body, struct asked *a, json_t **ret_baselines,
           struct fettle_error *err)
{
  if (json_object_get (body, "resume"))
    return ask_again (e, body, a, ret_baselines, err);
  if (json_object_get (body, "restore") || json_object_get (body, "snapshot"))
    return ask_former (e, body, a, err);
  return fettle_nodes_of (e, json_object_get (body, "nodes"), &a->node_ids, err);
}

/* Ids, as one refers to them. */
static json_t *
references (const json_t *ids)
{
  json_t *list = json_array ();
  const json_t *id;
  size_t i;

  json_array_foreach (ids, i, id)
    json_array_append_new (list, json_sprintf ("%lld", (long long) json_integer_value (id)));
  return list;
}

/* A printed plan says what was asked; options given now come on top. */
static json_t *
body_of (const json_t *body)
{
  const json_t *plan = json_object_get (body, "plan");
  json_t *request, *options;

  if (!json_is_object (plan))
    return json_deep_copy (body);
  request = json_deep_copy (json_object_get (plan, "request"));
  if (!json_is_object (request)) {
    json_decref (request);
    request = json_object ();
  }
  options = json_object_get (request, "options");
  if (json_is_object (options))
    json_object_update (options, json_object_get (body, "options"));
  else if (json_object_get (body, "options"))
    json_object_set_new (request, "options", json_deep_copy (json_object_get (body, "options")));
  return request;
}

fettle_result
fettle_ask (struct fettle_engine *e, const json_t *given, struct asked *a, struct fettle_error *err)
{
  static const char *const kept[] = { "resume", "retry_failed", "restore", "snapshot" };
  _cleanup_json_ json_t *body = body_of (given), *named = NULL, *baselines = NULL;
  const json_t *options = json_object_get (body, "options");

  a->options = json_is_object (options) ? json_deep_copy (options) : json_object ();
  a->associated = json_array ();
  if (settle_options (a->options, err) || ask_nodes (e, body, a, &named, err)
      || fettle_baselines_of (e, named ? named : json_object_get (body, "baselines"), &baselines,
                              err))
    return err->code;
  a->request = json_pack ("{s:o s:o s:O}", "nodes", json_deep_copy (a->node_ids), "baselines",
                          references (baselines), "options", a->options);
  for (size_t i = 0; i < COUNT (kept); i++)
    if (json_object_get (body, kept[i]))
      json_object_set (a->request, kept[i], json_object_get (body, kept[i]));
  if (json_is_true (json_object_get (a->options, "associated")))
    add_associated (e, a);
  a->components = fettle_baselines_components (e, baselines);
  a->unsigned_names = fettle_baselines_unsigned (e, baselines);
  a->signatures = fettle_baselines_signatures (e, baselines);
  index_components (a);
  return check_components (a, err);
}
