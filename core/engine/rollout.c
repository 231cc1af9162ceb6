/* rollout.c - a rollout at work: see rollout.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "engine/rollout.h"
#include "util/log.h"
#include "util/text.h"

#define LOOK_AGAIN 60 /* s: clocks are set, so a long wait is many short ones */

/* ---- At work ---- */

void
fettle_job_rollout_poke (struct job *j)
{
  struct timeval now = { 0, 0 };

  if (j->rollout && j->rollout->poke && !j->finished)
    evtimer_add (j->rollout->poke, &now);
}

static void
tell (struct job *j, const char *why, int64_t until)
{
  struct rollout *r = j->rollout;
  char when[FETTLE_TIME_MAX];

  if (*why)
    r->late = true;
  if (strcmp (why, r->why) == 0 && until == r->until)
    return;
  snprintf (r->why, sizeof r->why, "%s", why);
  r->until = until;
  fettle_job_event (j, NULL, json_pack ("{s:s? s:s?}", "waits", *why ? why : NULL, "until",
                                        until ? fettle_time_text (until, when) : NULL));
}

static void
begin_lane (struct job *j, size_t i)
{
  struct lane *lane = j->rollout->lanes[i];

  fettle_store_run (j->engine->store, "UPDATE rollout SET begun = 1 WHERE job = ? AND node = ?",
                    "ii", j->id, lane->node);
  lane->begun = true;
  fettle_lane_later (lane, 0, j->rollout->late || json_is_true (json_object_get (j->options, "look_first"))
                                ? fettle_deploy_look : fettle_deploy_begin);
}

/* Who hasn't begun won't any more. */
static void
end_waiting (struct job *j)
{
  struct fettle_error err;

  fettle_error_set (&err, FETTLE_E_ABORTED, "not begun: %.900s",
                    *j->why ? j->why : "aborted by the user");
  for (size_t i = 0; i < j->rollout->n; i++) {
    struct lane *lane = j->rollout->lanes[i];
    bool any = false;

    if (lane->begun)
      continue;
    lane->begun = true;
    for (size_t k = 0; k < lane->n_tasks; k++)
      if (!fettle_task_ended (fettle_lane_task (lane, k))) {
        fettle_task_end (fettle_lane_task (lane, k), "aborted", &err);
        any = true;
      }
    if (any)
      fettle_lane_later (lane, 0, fettle_lane_end);
  }
}

static void
later (struct job *j, int64_t until)
{
  int64_t left = until - time (NULL);
  struct timeval delay = { .tv_sec = until && left < LOOK_AGAIN ? (left > 0 ? left : 1)
                                                                : LOOK_AGAIN };

  evtimer_add (j->rollout->poke, &delay);
}

static void
stop_now (struct job *j)
{
  char text[256];

  fettle_rollout_stop_text (j->rollout->machine, text, sizeof text);
  snprintf (j->why, sizeof j->why, "%.200s; go on with: fettle deploy --resume %lld", text,
            (long long) j->id);
  fettle_job_abort (j, false);
}

static void
on_poke (evutil_socket_t fd, short what, void *arg)
{
  struct job *j = arg;
  struct rollout *r = j->rollout;
  int64_t now = time (NULL), until = 0;
  enum fettle_rollout_answer answer;
  size_t i;

  (void) fd;
  (void) what;
  if (j->finished || j->engine->stopping)
    return;
  if (j->aborted) {
    tell (j, "", 0);
    end_waiting (j);
    return;
  }
  if (*r->held) {
    tell (j, r->held, 0);
    return;
  }
  while ((answer = fettle_rollout_next (r->machine, now, &i, &until)) == FETTLE_ROLLOUT_BEGIN)
    begin_lane (j, i);
  switch (answer) {
    case FETTLE_ROLLOUT_STOPPED:
      stop_now (j);
      break;
    case FETTLE_ROLLOUT_CANARY:
      tell (j, "canary", 0);
      break;
    case FETTLE_ROLLOUT_LATER:
      tell (j, now < r->rules.at ? "time" : "window", until);
      later (j, until);
      break;
    case FETTLE_ROLLOUT_WAIT:
    case FETTLE_ROLLOUT_DONE:
    case FETTLE_ROLLOUT_BEGIN:
      tell (j, "", 0);
      break;
  }
}

void
fettle_job_rollout_start (struct job *j, bool canary_passed)
{
  struct rollout *r = j->rollout;

  r->machine = fettle_rollout_new (&r->rules, r->nodes, r->n, canary_passed);
  r->poke = evtimer_new (j->engine->base, on_poke, j);
  if (!r->machine || !r->poke)
    abort ();
  fettle_job_rollout_poke (j);
}

/* ---- What lanes tell ---- */

static bool
takes_part (const struct lane *lane)
{
  return lane->job->rollout && lane->place != SIZE_MAX;
}

void
fettle_job_rollout_failed (struct lane *lane)
{
  struct job *j = lane->job;
  struct fettle_rollout_view view;

  if (!takes_part (lane) || !j->rollout->machine)
    return;
  fettle_rollout_failed (j->rollout->machine, lane->place);
  fettle_rollout_look (j->rollout->machine, &view);
  if (view.stopped && !j->aborted)
    stop_now (j);
}

void
fettle_job_rollout_ended (struct lane *lane)
{
  if (!takes_part (lane))
    return;
  fettle_rollout_ended (lane->job->rollout->machine, lane->place);
  fettle_job_rollout_poke (lane->job);
}

void
fettle_job_rollout_parked (struct lane *lane)
{
  lane->begun = false;
  fettle_store_run (lane->engine->store, "UPDATE rollout SET begun = 0 WHERE job = ? AND node = ?",
                    "ii", lane->job->id, lane->node);
  fettle_rollout_parked (lane->job->rollout->machine, lane->place);
  lane->job->rollout->late = true;
  fettle_job_rollout_poke (lane->job);
}

bool
fettle_job_rollout_lets (struct lane *lane)
{
  struct rollout *r = lane->job->rollout;
  int64_t until;

  return !takes_part (lane) || lane->job->aborted
         || (!*r->held && fettle_rollout_is_open (r->machine, lane->place, time (NULL), &until));
}

/* Nodes' and groups' windows may have been changed. */
void
fettle_rollouts_changed (struct fettle_engine *e)
{
  for (struct job *j = e->jobs; j; j = j->next) {
    struct fettle_error err;

    if (j->finished || !j->rollout)
      continue;
    for (size_t i = 0; i < j->rollout->n; i++) {
      struct fettle_rollout_node now = { 0 };

      fettle_rollout_look_up (j->rollout, e, j->rollout->lanes[i]->node, &now);
      if (fettle_rollout_set_window (j->rollout->machine, i, now.window, &err))
        fettle_log (FETTLE_LOG_WARNING, "%s", err.text);
    }
    fettle_job_rollout_poke (j);
  }
}
