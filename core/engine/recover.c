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

static void
resume (struct lane *lane)
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
  else
    fettle_job_begin (j, strcmp (kind, "inventory") == 0  ? resume_inventory
                         : strcmp (kind, "firewall") == 0 ? fettle_node_firewall_begin : resume);
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
