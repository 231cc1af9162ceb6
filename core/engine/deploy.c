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

#include <time.h>

#include "engine/internal.h"
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
  int64_t left = lane->since + (int64_t) lane->engine->settings->deploy_timeout - time (NULL);

  return left > 0 ? (uint32_t) left : 0;
}

/* The node can't be talked to: what is still to come on it isn't tried. */
static void
skip_rest (struct lane *lane, const struct fettle_error *why)
{
  struct fettle_error err;

  for (size_t i = lane->current + 1; i < lane->n_tasks; i++) {
    struct task *t = fettle_lane_task (lane, i);

    if (fettle_task_ended (t))
      continue;
    fettle_error_set (&err, why->code, "not tried, since an earlier step failed: %.900s", why->text);
    fettle_task_end (t, "skipped", &err);
  }
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
    skip_rest (lane, err);
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
  fettle_lane_later (lane, outcome->delay_s, deploy);
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

static void
deploy (struct lane *lane)
{
  struct fettle_error err;
  uint32_t left = time_left (lane);

  if (lane->job->hard) {
    fettle_error_set (&err, FETTLE_E_ABORTED, "aborted by the user");
    failed (lane, &err);
  }
  else if (!left) {
    fettle_error_set (&err, FETTLE_E_TIMEOUT, "not done within %llu s (setting deploy_timeout)",
                      (unsigned long long) lane->engine->settings->deploy_timeout);
    failed (lane, &err);
  }
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
  lane->since = time (NULL);
  if (type && !type->deploy) {
    fettle_error_set (&err, FETTLE_E_UNSUPPORTED,
                      "this Fettle can't deploy to nodes of type %s yet: it only knows their ports",
                      type->title);
    fettle_task_end (t, "failed", &err);
    lane->current++;
    next_task (lane);
    return;
  }
  fettle_task_state (t, "installing");
  deploy (lane);
}

static void
next_task (struct lane *lane)
{
  struct fettle_error err;

  fettle_error_set (&err, FETTLE_E_ABORTED, "aborted by the user before it began");
  for (; lane->current < lane->n_tasks; lane->current++) {
    struct task *t = current (lane);

    if (strcmp (t->state, "pending") != 0 && strcmp (t->state, "installing") != 0)
      continue;
    if (!lane->job->aborted) {
      begin_task (lane);
      return;
    }
    fettle_task_end (t, "aborted", &err);
  }
  fettle_verify_begin (lane);
}

void
fettle_deploy_begin (struct lane *lane)
{
  lane->told = fettle_lane_task (lane, 0);
  lane->current = 0;
  if (!fettle_deploy_check (lane, next_task))
    next_task (lane);
}
