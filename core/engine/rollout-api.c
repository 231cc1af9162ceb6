/* rollout-api.c - what the API says of a rollout, and what persons tell it:
 * to pause, to go on, that it may begin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/rollout.h"
#include "util/log.h"
#include "util/text.h"

json_t *
fettle_job_rollout_json (const struct job *j)
{
  const struct rollout *r = j ? j->rollout : NULL;
  struct fettle_rollout_view v;
  char until[FETTLE_TIME_MAX];

  if (!r || j->finished)
    return json_null ();
  fettle_rollout_look (r->machine, &v);
  return json_pack ("{s:I s:I s:I s:I s:I s:I s:I s:s? s:s?}",
                    "batch", (json_int_t) (v.batch < v.batches ? v.batch + 1 : v.batches),
                    "batches", (json_int_t) v.batches, "nodes", (json_int_t) v.nodes,
                    "waiting", (json_int_t) v.waiting, "running", (json_int_t) v.running,
                    "ended", (json_int_t) v.ended, "failed", (json_int_t) v.failed,
                    "waits", *r->why ? r->why : NULL,
                    "until", r->until ? fettle_time_text (r->until, until) : NULL);
}

static struct job *
rolling (struct fettle_engine *e, struct fettle_request *r)
{
  struct fettle_error err;
  int64_t id = fettle_job_find (e, r->parameter, &err);
  struct job *j = id ? fettle_engine_job (e, id) : NULL;

  if (id && (!j || j->finished || !j->rollout)) {
    fettle_error_set (&err, FETTLE_E_BUSY, "job %lld is no deployment that runs", (long long) id);
    j = NULL;
  }
  if (!j)
    fettle_request_fail (r, &err);
  return j;
}

static void
hold (struct job *j, const char *held)
{
  snprintf (j->rollout->held, sizeof j->rollout->held, "%s", held);
  fettle_store_run (j->engine->store, "UPDATE job SET held = ? WHERE id = ?", "si",
                    *held ? held : NULL, j->id);
  fettle_job_rollout_poke (j);
}

void
fettle_api_job_pause (void *engine, struct fettle_request *r)
{
  struct job *j = rolling (engine, r);

  if (!j)
    return;
  if (!*j->rollout->held)
    hold (j, "pause");
  fettle_request_reply (r, 200, json_object ());
}

void
fettle_api_job_approve (void *engine, struct fettle_request *r)
{
  struct job *j = rolling (engine, r);
  struct fettle_error err;

  if (!j)
    return;
  if (strcmp (j->rollout->held, "approval") != 0) {
    fettle_error_set (&err, FETTLE_E_BUSY, "job %lld doesn't wait for approval", (long long) j->id);
    fettle_request_fail (r, &err);
    return;
  }
  fettle_log (FETTLE_LOG_INFO, "job %lld was approved%s%s", (long long) j->id,
              r->caller ? " by " : "", r->caller ? r->caller->name : "");
  hold (j, "");
  fettle_request_reply (r, 200, json_object ());
}

void
fettle_api_job_resume (void *engine, struct fettle_request *r)
{
  struct job *j = rolling (engine, r);
  struct fettle_rollout_view view;
  struct fettle_error err;

  if (!j)
    return;
  fettle_rollout_look (j->rollout->machine, &view);
  if (strcmp (j->rollout->held, "approval") == 0 || (!*j->rollout->held && !view.canary)) {
    fettle_error_set (&err, FETTLE_E_BUSY, *j->rollout->held
                        ? "job %lld waits for approval: fettle job approve %lld"
                        : "job %lld isn't paused: look at it with fettle status %lld",
                      (long long) j->id, (long long) j->id);
    fettle_request_fail (r, &err);
    return;
  }
  if (*j->rollout->held)
    hold (j, "");
  else {
    fettle_store_run (j->engine->store, "UPDATE job SET canary_passed = 1 WHERE id = ?", "i", j->id);
    fettle_rollout_pass_canary (j->rollout->machine);
    fettle_job_rollout_poke (j);
  }
  fettle_request_reply (r, 200, json_object ());
}
