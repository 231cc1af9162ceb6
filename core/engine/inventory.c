/* inventory.c - the inventory job: find out the type if need be (recognise.c),
 * then ask what is on the node.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "model/plan.h"
#include "util/clock.h"

static void inventory (struct lane *lane);

static struct task *
only_task (struct lane *lane)
{
  return fettle_lane_task (lane, 0);
}

static void
end (struct lane *lane, const struct fettle_error *err)
{
  struct task *t = only_task (lane);
  bool aborted = err && err->code == FETTLE_E_ABORTED;

  if (!err) {
    fettle_node_set_items (lane->engine, lane->node, lane->items);
    fettle_associate (lane);
    snprintf (t->step, sizeof t->step, "%zu items", json_array_size (lane->items));
    fettle_job_event (lane->job, t, json_pack ("{s:i s:s}", "progress", 1000, "step", t->step));
  }
  fettle_node_set_state (lane->engine, lane->node, err);
  fettle_task_end (t, !err ? "done" : aborted ? "aborted" : "failed", err);
  lane->lost = err && (err->code == FETTLE_E_UNREACHABLE || err->code == FETTLE_E_AUTH);
  fettle_cleanup_begin (lane, fettle_lane_end);
}

static void
end_with (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct fettle_error err;

  fettle_error_set (&err, outcome->code, "%s", outcome->text ? outcome->text : "no reason given");
  end (lane, &err);
}

static void
inventory_done (struct lane *lane, const struct fettle_outcome *outcome)
{
  if (outcome->code == FETTLE_AGAIN && !lane->job->aborted) {
    free (lane->lane_token);
    lane->lane_token = outcome->token ? strdup (outcome->token) : NULL;
    fettle_lane_later (lane, outcome->delay_s, inventory);
  }
  else if (outcome->code == FETTLE_OK)
    end (lane, NULL);
  else
    end_with (lane, outcome);
}

static void
inventory (struct lane *lane)
{
  struct fettle_engine *e = lane->engine;
  const struct fettle_node_type *type = fettle_plugins_type (e->plugins, lane->type, NULL);
  struct fettle_error err;

  if (lane->job->aborted) {
    fettle_error_set (&err, FETTLE_E_ABORTED, "aborted by the user");
    end (lane, &err);
  }
  else if (type && !type->inventory) {
    fettle_error_set (&err, FETTLE_E_UNSUPPORTED,
                      "this Fettle can't inventory nodes of type %s yet: it only knows their ports",
                      type->title);
    end (lane, &err);
  }
  else
    fettle_lane_call (lane, "inventory", (uint32_t) e->settings->inventory_timeout, inventory_done);
}

/* Of a node whose type was to be found out. */
static void
recognised (struct lane *lane, const struct fettle_error *why)
{
  if (why)
    end (lane, why);
  else
    inventory (lane);
}

void
fettle_inventory_begin (struct lane *lane)
{
  struct task *t = only_task (lane);

  lane->told = t;
  lane->operation = t->id;
  lane->since = (int64_t) fettle_seconds ();
  fettle_task_state (t, "running");
  if (strcmp (lane->type, "auto") == 0)
    fettle_recognise (lane, recognised);
  else
    inventory (lane);
}

/* ---- POST /inventories ---- */

void
fettle_api_inventories (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *ids = NULL;
  struct fettle_error err;
  struct job *j;
  json_t *id;
  size_t i;

  if (fettle_plan_options_check (json_object_get (r->body, "options"), &err)
      || fettle_nodes_of (e, json_object_get (r->body, "nodes"), &ids, &err)
      || fettle_nodes_free (e, ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  j = fettle_job_new (e, "inventory", json_object_get (r->body, "options"), NULL);
  fettle_job_room (j, json_array_size (ids), json_array_size (ids));
  json_array_foreach (ids, i, id) {
    struct lane *lane = fettle_job_add_node (j, json_integer_value (id));

    fettle_job_add_task (j, lane, "inventory", "pending", 0, NULL, NULL, NULL);
  }
  fettle_job_begin (j, fettle_inventory_begin);
  fettle_request_reply (r, 202, json_pack ("{s:I}", "job", (json_int_t) j->id));
}
