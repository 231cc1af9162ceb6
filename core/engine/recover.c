/* recover.c - at start: what a crash or a stop left half done.
 *
 * An inventory is simply made again.  A component that was being installed is
 * looked for first: it may have been finished while nobody watched.  If it
 * isn't there, its deploy is called again with the last stored token, and goes
 * on where it was.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/check.h"
#include "engine/internal.h"
#include "engine/rollout.h"
#include "model/plan.h"
#include "model/version.h"
#include "util/log.h"

static bool
was_installing (const struct task *t)
{
  return strcmp (t->state, "installing") == 0;
}

static bool
is_rewrite (const struct task *t)
{
  const char *action = json_string_value (json_object_get (t->spec, "action"));

  return action && strcmp (action, "rewrite") == 0;
}

static void
looked (struct lane *lane, const struct fettle_outcome *outcome)
{
  if (outcome->code == FETTLE_OK) {
    fettle_node_set_items (lane->engine, lane->node, lane->items);
    fettle_node_set_state (lane->engine, lane->node, NULL);
  }
  for (size_t i = 0; outcome->code == FETTLE_OK && i < lane->n_tasks; i++) {
    struct task *t = fettle_lane_task (lane, i);

    /* Whether the same version was written again, no inventory can tell. */
    if (!was_installing (t) || is_rewrite (t) || !fettle_task_is_there (lane, t))
      continue;
    fettle_task_log (t, "was finished while the service was away");
    fettle_store_run (lane->engine->store,
                      "UPDATE task SET leftovers = 1, verified = 1, found = to_version"
                      " WHERE id = ?", "i", t->id);
    t->taken = true;
    fettle_task_end (t, "done", NULL);
  }
  fettle_deploy_begin (lane);
}

/* ---- A lane that had to wait: the node may be another one now ---- */

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

/* Its component is there by other hands, or what is there isn't what was
 * planned for: the task ends. */
static void
compare (struct lane *lane, struct task *t)
{
  const json_t *component = json_object_get (t->spec, "component");
  const json_t *item = fettle_plan_find_item (lane->items, text_of (component, "match"),
                                              text_of (component, "arch"));
  const char *now = item ? text_of (item, "version") : NULL, *then = text_of (t->spec, "installed");
  struct fettle_error err;
  int order;

  if (is_rewrite (t) || json_array_size (json_object_get (t->spec, "needs")) || (!now && !then)
      || (now && then && strcmp (now, then) == 0))
    return;
  if (now && fettle_version_compare (text_of (component, "scheme"), now,
                                     text_of (component, "version"), &order) && order == 0) {
    fettle_task_log (t, "was there already when its turn came");
    fettle_store_run (lane->engine->store, "UPDATE task SET verified = 1, found = ? WHERE id = ?",
                      "si", now, t->id);
    fettle_task_end (t, "done", NULL);
    return;
  }
  fettle_error_set (&err, FETTLE_E_CONFIG, "the node has %.200s now, and the plan was made for %.200s:"
                                           " plan again", now ? now : "none",
                    then ? then : "a node without it");
  fettle_task_end (t, "blocked", &err);
}

static void
look_done (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct fettle_error err;

  if (outcome->code == FETTLE_OK) {
    fettle_node_set_items (lane->engine, lane->node, lane->items);
    fettle_node_set_state (lane->engine, lane->node, NULL);
    for (size_t i = 0; i < lane->n_tasks; i++)
      if (strcmp (fettle_lane_task (lane, i)->state, "pending") == 0)
        compare (lane, fettle_lane_task (lane, i));
    fettle_deploy_begin (lane);
    return;
  }
  fettle_error_set (&err, outcome->code, "%s", outcome->text ? outcome->text : "no reason given");
  if (err.code != FETTLE_E_ABORTED)
    fettle_node_set_state (lane->engine, lane->node, &err);
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (strcmp (fettle_lane_task (lane, i)->state, "pending") == 0)
      fettle_task_end (fettle_lane_task (lane, i),
                       err.code == FETTLE_E_ABORTED ? "aborted" : "failed", &err);
  lane->lost = true;
  fettle_deploy_begin (lane);
}

void
fettle_deploy_look (struct lane *lane)
{
  lane->told = fettle_lane_task (lane, 0);
  lane->operation = lane->told->id;
  fettle_lane_call (lane, "inventory", (uint32_t) lane->engine->settings->inventory_timeout,
                    look_done);
}

/* ---- At start ---- */

void
fettle_deploy_resume (struct lane *lane)
{
  lane->told = fettle_lane_task (lane, 0);
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (was_installing (fettle_lane_task (lane, i))) {
      fettle_lane_call (lane, "inventory", (uint32_t) lane->engine->settings->inventory_timeout,
                        looked);
      return;
    }
  fettle_deploy_begin (lane);
}

static void
resume_inventory (struct lane *lane)
{
  if (fettle_task_ended (fettle_lane_task (lane, 0)))
    fettle_lane_end (lane);
  else
    fettle_inventory_begin (lane);
}

static void
give_up (struct lane *lane)
{
  struct fettle_error err;

  fettle_error_set (&err, FETTLE_E_ABORTED, "the service ended while it was looking: check again");
  fettle_check_end_all (lane, "aborted", &err);
}

static void
take_up (struct fettle_engine *e, int64_t id, const char *kind, json_t *options)
{
  struct job *j = fettle_job_load (e, id, kind, options);

  fettle_log (FETTLE_LOG_INFO, "job %lld (%s) goes on", (long long) id, kind);
  if (strcmp (kind, "baseline") == 0) {
    j->aborted = true;
    fettle_store_run (e->store, "DELETE FROM baseline WHERE ready = 0", "");
    fettle_job_finish (j, "the service ended while it was reading: add the baseline again", 255);
  }
  else if (strcmp (kind, "check") == 0) {
    /* What was seen then says nothing of now. */
    j->aborted = true;
    fettle_job_begin (j, give_up);
  }
  else if (strcmp (kind, "deployment") == 0)
    fettle_job_rollout_load (j);
  else
    fettle_job_begin (j, strcmp (kind, "inventory") == 0 ? resume_inventory
                                                         : fettle_node_firewall_begin);
}

void
fettle_engine_recover (struct fettle_engine *e)
{
  _cleanup_json_ json_t *jobs = json_array ();
  struct fettle_rows rows;
  json_t *job;
  size_t i;

  fettle_store_query (e->store, &rows,
                      "SELECT id, kind, options FROM job WHERE state = 'running' ORDER BY id", "");
  while (fettle_rows_next (&rows))
    json_array_append_new (jobs, json_pack ("{s:I s:s s:o}",
                                            "id", (json_int_t) fettle_rows_int (&rows, 0),
                                            "kind", fettle_rows_text (&rows, 1),
                                            "options", fettle_rows_json (&rows, 2)));
  json_array_foreach (jobs, i, job)
    take_up (e, json_integer_value (json_object_get (job, "id")),
             json_string_value (json_object_get (job, "kind")), json_object_get (job, "options"));
  fettle_node_firewalls_recover (e);
}
