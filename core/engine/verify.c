/* verify.c - the end of a deployment on one node: restart if wanted, look
 * what is there now, decide each task by that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"


#include "engine/internal.h"
#include "model/plan.h"
#include "model/version.h"
#include "util/clock.h"
#include "util/text.h"

static void inventory (struct lane *lane);

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

static bool
waits (const struct task *t)
{
  return strcmp (t->state, "verifying") == 0 || strcmp (t->state, "waiting-reboot") == 0;
}

static bool
any_waits (struct lane *lane)
{
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (waits (fettle_lane_task (lane, i)))
      return true;
  return false;
}

/* ---- Deciding a task by what the inventory found ---- */

static void
found (struct task *t, const char *version, bool verified)
{
  fettle_store_run (t->job->engine->store, "UPDATE task SET found = ?, verified = ? WHERE id = ?",
                    "sii", version, (int64_t) verified, t->id);
}

static bool
is_version (const json_t *component, const char *version)
{
  const char *scheme = text_of (component, "scheme");
  int order;

  return version && (strcmp (version, text_of (component, "version")) == 0
                     || (fettle_version_compare (scheme ? scheme : "plain", version,
                                                 text_of (component, "version"), &order)
                         && order == 0));
}

bool
fettle_task_is_there (struct lane *lane, const struct task *t)
{
  const json_t *component = json_object_get (t->spec, "component");
  const json_t *item = fettle_plan_find_item (lane->items, text_of (component, "match"),
                                              text_of (component, "arch"));

  return item && is_version (component, text_of (item, "version"));
}

/* Scripts and raw images needn't leave a trace that an inventory shows: their
 * own word is all there is, and the report says so. */
static void
decide_without_item (struct task *t, const char *format)
{
  struct fettle_error err;

  if (t->taken && !fettle_has_word ("deb rpm", format)) {
    fettle_task_log (t, "no inventory item shows this component: its own exit code is all there is");
    fettle_task_end (t, "done", NULL);
    return;
  }
  if (t->taken)
    fettle_error_set (&err, FETTLE_E_PROTOCOL, "the node said that it was installed, but the"
                                               " inventory doesn't show it");
  fettle_task_end (t, "failed", t->taken ? &err : &t->error);
}

static void
decide (struct lane *lane, struct task *t)
{
  const json_t *component = json_object_get (t->spec, "component");
  const json_t *item = fettle_plan_find_item (lane->items, text_of (component, "match"),
                                              text_of (component, "arch"));
  const char *version = item ? text_of (item, "version") : NULL;
  struct fettle_error err;

  if (!item) {
    decide_without_item (t, text_of (component, "format"));
    return;
  }
  found (t, version, true);
  if (is_version (component, version)) {
    if (lane->restarted)
      t->reboot = false;
    fettle_task_end (t, "done", NULL);
  }
  else if (!t->taken)
    fettle_task_end (t, "failed", &t->error);
  else if (is_version (component, text_of (item, "staged")) || (t->reboot && !lane->restarted)) {
    t->reboot = true;
    fettle_task_log (t, "waits for a restart of the node");
    fettle_task_end (t, "done", NULL);
  }
  else {
    fettle_error_set (&err, FETTLE_E_PROTOCOL, "the node said that %s was installed, but the"
                                               " inventory finds %s",
                      text_of (component, "version"), version);
    fettle_task_end (t, "failed", &err);
  }
}

static void
decide_blind (struct lane *lane, const struct fettle_error *why)
{
  struct fettle_error err;

  for (size_t i = 0; i < lane->n_tasks; i++) {
    struct task *t = fettle_lane_task (lane, i);

    if (!waits (t))
      continue;
    if (t->taken)
      fettle_error_set (&err, why->code, "the node took it, but can't be looked at now: %.900s",
                        why->text);
    else
      fettle_error_set (&err, t->error.code, "%.500s; and the node can't be looked at now: %.400s",
                        t->error.text, why->text);
    fettle_task_end (t, "unknown", &err);
  }
}

static void
inventory_done (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct fettle_error err;

  if (outcome->code == FETTLE_OK) {
    fettle_node_set_items (lane->engine, lane->node, lane->items);
    fettle_node_set_state (lane->engine, lane->node, NULL);
    for (size_t i = 0; i < lane->n_tasks; i++)
      if (waits (fettle_lane_task (lane, i)))
        decide (lane, fettle_lane_task (lane, i));
  }
  else {
    fettle_error_set (&err, outcome->code, "%s", outcome->text ? outcome->text : "no reason given");
    fettle_node_set_state (lane->engine, lane->node, &err);
    decide_blind (lane, &err);
    lane->lost = true;
  }
  fettle_cleanup_begin (lane, fettle_deploy_go_on);
}

static void
inventory (struct lane *lane)
{
  fettle_lane_call (lane, "inventory", (uint32_t) lane->engine->settings->inventory_timeout,
                    inventory_done);
}

/* ---- Restart ---- */

static void activate (struct lane *lane);

static bool
restart_wanted (struct lane *lane)
{
  const char *reboot = text_of (lane->job->options, "reboot");
  bool needed = false, taken = false;

  for (size_t i = 0; i < lane->n_tasks; i++) {
    const struct task *t = fettle_lane_task (lane, i);

    needed |= waits (t) && t->reboot;
    taken |= waits (t) && t->taken;
  }
  if (!reboot || lane->job->aborted)
    return false;
  return (strcmp (reboot, "always") == 0 && taken) || (strcmp (reboot, "if-needed") == 0 && needed);
}

/* The first task that waits for the restart keeps its token: a crash neither
 * restarts the node twice nor tells its users twice. */
static struct task *
keeper (struct lane *lane)
{
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (strcmp (fettle_lane_task (lane, i)->state, "waiting-reboot") == 0)
      return fettle_lane_task (lane, i);
  return NULL;
}

static void
keep_token (struct lane *lane, const char *token)
{
  struct task *t = keeper (lane);

  free (lane->lane_token);
  lane->lane_token = token ? strdup (token) : NULL;
  if (!t)
    return;
  free (t->token);
  t->token = token ? strdup (token) : NULL;
  fettle_task_save (t);
  fettle_task_journal (t, "restart again", token);
}

static void
activate_done (struct lane *lane, const struct fettle_outcome *outcome)
{
  int64_t left = lane->since + (int64_t) lane->engine->settings->deploy_timeout
                 - (int64_t) fettle_seconds ();

  if (outcome->code == FETTLE_AGAIN && left > (int64_t) outcome->delay_s) {
    keep_token (lane, outcome->token);
    fettle_lane_later (lane, outcome->delay_s, activate);
    return;
  }
  lane->restarted = outcome->code == FETTLE_OK;
  if (!lane->restarted)
    fettle_task_log (lane->told, "the restart failed: %s",
                     outcome->text ? outcome->text : "not back in time");
  free (lane->lane_token);
  lane->lane_token = NULL;
  inventory (lane);
}

static void
activate (struct lane *lane)
{
  if (lane->job->hard) { /* perhaps while it waited to restart the node */
    fettle_task_log (lane->told, "the restart was aborted by the user");
    inventory (lane);
    return;
  }
  fettle_lane_call (lane, "activate", (uint32_t) lane->engine->settings->deploy_timeout,
                    activate_done);
}

/* What its deploy kept is of no use any more. */
static void
wait_for_restart (struct lane *lane)
{
  for (size_t i = 0; i < lane->n_tasks; i++) {
    struct task *t = fettle_lane_task (lane, i);

    if (strcmp (t->state, "verifying") != 0)
      continue;
    free (t->token);
    t->token = NULL;
    fettle_task_state (t, "waiting-reboot");
  }
}

static void
restart (struct lane *lane)
{
  const struct fettle_node_type *type = fettle_plugins_type (lane->engine->plugins, lane->type,
                                                             NULL);
  json_int_t delay = json_integer_value (json_object_get (lane->job->options, "reboot_delay"));
  const char *message = text_of (lane->job->options, "reboot_message");
  bool announces = type && type->flags & FETTLE_TYPE_ANNOUNCES;
  const struct task *kept;

  if (!type || !type->activate) {
    fettle_task_log (lane->told, "nodes of type %s can't be restarted by this Fettle", lane->type);
    inventory (lane);
    return;
  }
  lane->since = (int64_t) fettle_seconds () + delay;
  kept = keeper (lane);
  if (kept && kept->token) { /* the service was away meanwhile */
    free (lane->lane_token);
    lane->lane_token = strdup (kept->token);
    lane->operation = kept->id;
    activate (lane);
    return;
  }
  wait_for_restart (lane);
  if (delay || message)
    fettle_task_log (lane->told, "restarts in %lld s%s%.500s%s", (long long) delay,
                     message ? ": " : "", message ? message : "",
                     announces || !message ? "" : " (its users aren't told by this node type)");
  /* A type that tells users waits itself. */
  if (delay && !announces)
    fettle_lane_later (lane, (uint32_t) delay, activate);
  else
    activate (lane);
}

void
fettle_verify_begin (struct lane *lane)
{
  struct fettle_error err;

  lane->restarted = false;
  if (!any_waits (lane))
    fettle_cleanup_begin (lane, fettle_deploy_go_on);
  else if (lane->lost) {
    fettle_error_set (&err, FETTLE_E_AUTH, "the node refuses our credentials");
    decide_blind (lane, &err);
    fettle_cleanup_begin (lane, fettle_deploy_go_on);
  }
  else if (restart_wanted (lane))
    restart (lane);
  else
    inventory (lane);
}
