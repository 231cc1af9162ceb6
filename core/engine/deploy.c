/* deploy.c - the deployment job on one node: its components one after the
 * other, then what verify.c does.
 *
 * A component's deploy is called until it says something else than AGAIN.
 * What the node may have taken although the call failed is "uncertain": only
 * an inventory can tell.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"


#include "engine/component-files.h"
#include "engine/internal.h"
#include "engine/serving.h"
#include "engine/rollout.h"
#include "util/clock.h"
#include "util/text.h"

#define MAX_ATTEMPTS   4 /* of a deploy that failed in a way that may pass */
#define BUSY_PAUSE    30 /* s, for a node that is busy */

static void deploy (struct lane *lane);
static void next_task (struct lane *lane);

static struct task *
current (struct lane *lane)
{
  return fettle_lane_task (lane, lane->current);
}

/* What is left of the time that a component may take; 0: none. */
static uint32_t
time_left (struct lane *lane)
{
  int64_t left = lane->since + (int64_t) lane->engine->settings->deploy_timeout
                 - (int64_t) fettle_seconds ();

  return left > 0 ? (uint32_t) left : 0;
}

/* The node can't be talked to: what is still to come on it isn't tried. */
static void
skip_pending (struct lane *lane, const struct fettle_error *why)
{
  struct fettle_error err;

  fettle_error_set (&err, why->code, "not tried, since an earlier step failed: %.900s", why->text);
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (strcmp (fettle_lane_task (lane, i)->state, "pending") == 0)
      fettle_task_end (fettle_lane_task (lane, i), "skipped", &err);
}

static void
failed (struct lane *lane, const struct fettle_error *err)
{
  struct task *t = current (lane);

  /* A crash, a lost connection or a deadline says nothing about the node. */
  t->uncertain = fettle_has_word ("internal unreachable timeout aborted",
                                  fettle_result_name (err->code));
  t->error = *err;
  fettle_store_run (lane->engine->store, "UPDATE task SET leftovers = 1 WHERE id = ?", "i", t->id);
  if (t->uncertain)
    fettle_task_state (t, "verifying");
  else
    fettle_task_end (t, "failed", err);
  if (err->code == FETTLE_E_UNREACHABLE || err->code == FETTLE_E_AUTH) {
    lane->lost = err->code == FETTLE_E_AUTH;
    skip_pending (lane, err);
  }
  lane->current++;
  next_task (lane);
}

static void
taken (struct lane *lane, bool reboot)
{
  struct task *t = current (lane);

  const char *says = json_string_value (
    json_object_get (json_object_get (t->spec, "component"), "reboot"));

  t->taken = true;
  t->reboot = reboot || (says && strcmp (says, "yes") == 0);
  fettle_task_state (t, "verifying");
  lane->current++;
  next_task (lane);
}

static void
again (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct task *t = current (lane);

  free (t->token);
  t->token = outcome->token ? strdup (outcome->token) : NULL;
  /* The token is on the disk before the pause begins. */
  fettle_task_save (t);
  fettle_task_journal (t, "again", t->token);
  fettle_lane_later (lane, fettle_serving_has_news (t) && outcome->delay_s ? 1 : outcome->delay_s,
                     deploy);
  lane->wakeable = true;
}

void
fettle_deploy_wake (struct task *t)
{
  if (!t->lane->wakeable || current (t->lane) != t)
    return;
  /* Within a second, so that one who posts much doesn't cost a call each time. */
  fettle_lane_later (t->lane, 1, deploy);
}

/* A failure that may pass by itself, and is safe to try again. */
static bool
retry (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct task *t = current (lane);
  uint32_t pause = outcome->code == FETTLE_E_BUSY ? BUSY_PAUSE : 2u << t->attempts;

  if ((outcome->code != FETTLE_E_UNREACHABLE && outcome->code != FETTLE_E_BUSY)
      || lane->job->hard || time_left (lane) <= pause || t->attempts + 1 >= MAX_ATTEMPTS)
    return false;
  t->attempts++;
  fettle_task_log (t, "%s; trying again in %u s (%u of %d)",
                   outcome->text ? outcome->text : "failed", pause, t->attempts + 1, MAX_ATTEMPTS);
  fettle_lane_later (lane, pause, deploy);
  return true;
}

static void
deploy_done (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct fettle_error err;

  if (outcome->code == FETTLE_OK || outcome->code == FETTLE_OK_REBOOT)
    taken (lane, outcome->code == FETTLE_OK_REBOOT);
  else if (outcome->code == FETTLE_AGAIN)
    again (lane, outcome);
  else if (!retry (lane, outcome)) {
    fettle_error_set (&err, outcome->code, "%s", outcome->text ? outcome->text : "no reason given");
    failed (lane, &err);
  }
}

/* What is compressed in its archive is unpacked before the node is told. */
static fettle_result
unpack (struct lane *lane, struct fettle_error *err)
{
  const json_t *spec = current (lane)->spec;

  return fettle_unpack (lane->engine, json_integer_value (json_object_get (spec, "baseline_id")),
                        json_object_get (spec, "component"), err);
}

static void
deploy (struct lane *lane)
{
  struct fettle_error err;
  uint32_t left = time_left (lane);
  fettle_result unpacked;

  if (lane->job->hard) {
    fettle_error_set (&err, FETTLE_E_ABORTED, "aborted by the user");
    failed (lane, &err);
  }
  else if (!left) {
    fettle_error_set (&err, FETTLE_E_TIMEOUT, "not done within %llu s (setting deploy_timeout)",
                      (unsigned long long) lane->engine->settings->deploy_timeout);
    failed (lane, &err);
  }
  else if ((unpacked = unpack (lane, &err)) == FETTLE_AGAIN)
    fettle_lane_later (lane, 1, deploy);
  else if (unpacked)
    failed (lane, &err);
  else
    fettle_lane_call (lane, "deploy", left, deploy_done);
}

static void
begin_task (struct lane *lane)
{
  struct task *t = current (lane);
  const struct fettle_node_type *type = fettle_plugins_type (lane->engine->plugins, lane->type,
                                                             NULL);
  struct fettle_error err;

  lane->told = t;
  lane->operation = t->id;
  lane->since = (int64_t) fettle_seconds ();
  if (type && !type->deploy) {
    fettle_error_set (&err, FETTLE_E_UNSUPPORTED,
                      "this Fettle can't deploy to nodes of type %s yet: it only knows %s",
                      type->title, type->inventory ? "what is on them" : "their ports");
    fettle_task_end (t, "failed", &err);
    lane->current++;
    next_task (lane);
    return;
  }
  fettle_task_state (t, "installing");
  deploy (lane);
}

/* ---- What a task needs of others on its node ---- */

/* What of these hasn't come to be, or is still to be seen; NULL: all is there. */
static struct task *
missing_need (struct lane *lane, const struct task *t)
{
  const json_t *needs = json_object_get (t->spec, "needs"), *v;
  size_t i;

  json_array_foreach (needs, i, v) {
    json_int_t at = json_integer_value (v);
    struct task *need = at >= 0 && (size_t) at < lane->n_tasks ? fettle_lane_task (lane, (size_t) at)
                                                               : NULL;

    if (need && (strcmp (need->state, "done") != 0 || need->reboot))
      return need;
  }
  return NULL;
}

static bool
waits_to_be_seen (const struct task *t)
{
  return fettle_has_word ("verifying waiting-reboot", t->state);
}

/* What it needs didn't come to be. */
static void
block (struct lane *lane, struct task *t, const struct task *need)
{
  const char *mode = json_string_value (json_object_get (lane->job->options,
                                                         "on_failed_dependency"));
  const char *name = json_string_value (
    json_object_get (json_object_get (need->spec, "component"), "name"));
  struct fettle_error err;

  if (strcmp (need->state, "done") == 0)
    fettle_error_set (&err, FETTLE_E_CONFIG, "it needs %.200s, which works after a restart only, and"
                                             " the node wasn't restarted (option reboot)",
                      name ? name : "another component");
  else
    fettle_error_set (&err, FETTLE_E_CONFIG, "it needs %.200s, which ended %s",
                      name ? name : "another component", need->state);
  fettle_task_end (t, "blocked", &err);
  if (!mode || strcmp (mode, "omit-host") == 0)
    skip_pending (lane, &err);
}

static bool
forced (const struct lane *lane)
{
  const char *mode = json_string_value (json_object_get (lane->job->options,
                                                         "on_failed_dependency"));

  return mode && strcmp (mode, "force") == 0;
}

/* Aborted, or it needs what isn't there: then it has ended. */
static bool
may_begin (struct lane *lane, struct task *t)
{
  const struct task *need = missing_need (lane, t);
  struct fettle_error err;

  if (lane->job->aborted) {
    fettle_error_set (&err, FETTLE_E_ABORTED, "not begun: %.900s",
                      *lane->job->why ? lane->job->why : "aborted by the user before it began");
    fettle_task_end (t, "aborted", &err);
    return false;
  }
  if (!need || forced (lane))
    return true;
  block (lane, t, need);
  return false;
}

static void
next_task (struct lane *lane)
{
  for (; lane->current < lane->n_tasks; lane->current++) {
    struct task *t = current (lane), *need;
    bool begun = strcmp (t->state, "installing") == 0;

    if (!begun && strcmp (t->state, "pending") != 0)
      continue;
    need = begun ? NULL : missing_need (lane, t);
    /* Seen to be there before what needs it begins; or it is no time to begin. */
    if ((need && waits_to_be_seen (need)) || (!begun && !fettle_job_rollout_lets (lane)))
      break;
    if (!may_begin (lane, t))
      continue;
    begin_task (lane);
    return;
  }
  fettle_verify_begin (lane);
}

static bool
any_pending (struct lane *lane)
{
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (strcmp (fettle_lane_task (lane, i)->state, "pending") == 0)
      return true;
  return false;
}

void
fettle_deploy_go_on (struct lane *lane)
{
  struct fettle_error err;

  if (lane->lost && any_pending (lane)) {
    fettle_error_set (&err, FETTLE_E_UNREACHABLE, "the node can't be looked at");
    skip_pending (lane, &err);
  }
  if (!any_pending (lane)) {
    fettle_lane_end (lane);
    return;
  }
  if (!fettle_job_rollout_lets (lane)) {
    lane->parking = true;
    fettle_lane_end (lane);
    return;
  }
  lane->current = 0;
  next_task (lane);
}

void
fettle_deploy_begin (struct lane *lane)
{
  lane->told = fettle_lane_task (lane, 0);
  lane->current = 0;
  if (!fettle_deploy_check (lane, next_task))
    next_task (lane);
}
