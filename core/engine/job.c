/* job.c - jobs and tasks: in memory while they run, in the store always;
 * their events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <stdarg.h>
#include <time.h>

#include "engine/internal.h"
#include "engine/serving.h"
#include "engine/rollout.h"
#include "engine/waiter.h"
#include "model/states.h"
#include "util/log.h"
#include "util/text.h"

#define MAX_EVENTS   4096 /* kept of a job for those who follow it */
#define MAX_LINES     500 /* of log kept of a task */
#define KEEP_FINISHED   8 /* jobs kept in memory after their end, for followers */

/* ---- Tasks ---- */

bool
fettle_task_ended (const struct task *t)
{
  return fettle_has_word ("done failed unknown skipped blocked aborted", t->state);
}

void
fettle_task_journal (struct task *t, const char *what, const char *detail)
{
  fettle_store_run (t->job->engine->store,
                    "INSERT INTO step (task, time, what, detail) VALUES (?, ?, ?, ?)", "iiss",
                    t->id, (int64_t) time (NULL), what, detail);
}

void
fettle_task_log (struct task *t, const char *format, ...)
{
  char text[2048];
  va_list ap;

  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  if (fettle_store_number (t->job->engine->store, 0, "SELECT count (*) FROM line WHERE task = ?",
                           "i", t->id) < MAX_LINES)
    fettle_store_run (t->job->engine->store, "INSERT INTO line (task, text) VALUES (?, ?)", "is",
                      t->id, text);
  fettle_job_event (t->job, t, json_pack ("{s:s}", "log", text));
}

void
fettle_task_save (struct task *t)
{
  bool failed = t->error.code != FETTLE_OK;

  fettle_store_run (t->job->engine->store,
                    "UPDATE task SET state = ?, token = ?, taken = ?, reboot = ?, error_code = ?,"
                    " error = ?, started = coalesce (started, ?) WHERE id = ?",
                    "ssiissii", t->state, t->token, (int64_t) t->taken, (int64_t) t->reboot,
                    failed ? fettle_result_name (t->error.code) : NULL,
                    failed ? t->error.text : NULL, t->started ? t->started : (int64_t) time (NULL),
                    t->id);
}

static void
set_state (struct task *t, const char *state)
{
  if (strcmp (t->job->kind, "deployment") == 0 && !fettle_task_may (t->state, state))
    fettle_log (FETTLE_LOG_ERROR, "a task of job %lld went from %s to %s, which should not be",
                (long long) t->job->id, t->state, state);
  snprintf (t->state, sizeof t->state, "%s", state);
}

void
fettle_task_state (struct task *t, const char *state)
{
  set_state (t, state);
  if (!t->started && strcmp (state, "pending") != 0)
    t->started = time (NULL);
  fettle_task_save (t);
  fettle_task_journal (t, "state", state);
  fettle_job_event (t->job, t, json_pack ("{s:s}", "state", state));
}

void
fettle_task_end (struct task *t, const char *state, const struct fettle_error *err)
{
  set_state (t, state);
  if (err)
    t->error = *err;
  else
    t->error.code = FETTLE_OK;
  t->progress = 1000;
  fettle_serving_end (t->serving, true);
  fettle_task_save (t);
  fettle_store_run (t->job->engine->store, "UPDATE task SET finished = ? WHERE id = ?", "ii",
                    (int64_t) time (NULL), t->id);
  fettle_task_journal (t, "state", state);
  fettle_audit_task (t);
  fettle_job_event (t->job, t, json_pack ("{s:s s:s?}", "state", state, "error",
                                          err ? err->text : NULL));
  if (t->job->rollout && fettle_has_word ("failed unknown blocked", state))
    fettle_job_rollout_failed (t->lane);
}

/* ---- Jobs ---- */

struct job *
fettle_engine_job (struct fettle_engine *e, int64_t id)
{
  for (struct job *j = e->jobs; j; j = j->next)
    if (j->id == id)
      return j;
  return NULL;
}

static struct job *
job_alloc (struct fettle_engine *e, const char *kind, const json_t *options)
{
  struct job *j = calloc (1, sizeof *j);

  if (!j)
    abort ();
  j->engine = e;
  snprintf (j->kind, sizeof j->kind, "%s", kind);
  j->options = options ? json_deep_copy (options) : json_object ();
  j->events = json_array ();
  j->recording = -1;
  j->next_seq = 1;
  j->next = e->jobs;
  e->jobs = j;
  return j;
}

static void
tell_state (struct job *j, const char *state)
{
  char now[FETTLE_TIME_MAX];
  _cleanup_json_ json_t *event
    = json_pack ("{s:s s:I s:s s:s}", "time", fettle_time_text (time (NULL), now), "job",
                 (json_int_t) j->id, "kind", j->kind, "state", state);

  fettle_event (j->engine, "job", j->id, event);
}

struct job *
fettle_job_new (struct fettle_engine *e, const char *kind, const json_t *options,
                const json_t *plan)
{
  struct job *j = job_alloc (e, kind, options);

  fettle_store_run (e->store,
                    "INSERT INTO job (kind, state, created, options, plan) VALUES (?, 'running',"
                    " ?, ?, ?)", "sijj", kind, (int64_t) time (NULL), options, plan);
  j->id = fettle_store_last_id (e->store);
  tell_state (j, "running");
  return j;
}

void
fettle_job_room (struct job *j, size_t tasks, size_t lanes)
{
  j->tasks = calloc (tasks + 1, sizeof *j->tasks);
  j->lanes = calloc (lanes + 1, sizeof *j->lanes);
  if (!j->tasks || !j->lanes)
    abort ();
}

struct lane *
fettle_job_add_lane (struct job *j, int64_t node, const char *name, const char *address,
                     const char *type)
{
  struct lane *lane = &j->lanes[j->n_lanes++];

  lane->engine = j->engine;
  lane->job = j;
  lane->node = node;
  lane->name = strdup (name);
  lane->address = strdup (address);
  lane->type = strdup (type);
  lane->first_task = j->n_tasks;
  lane->place = SIZE_MAX;
  j->lanes_left++;
  return lane;
}

struct lane *
fettle_job_add_node (struct job *j, int64_t node)
{
  struct fettle_rows rows;
  struct lane *lane;

  fettle_store_query (j->engine->store, &rows, "SELECT name, address, type FROM node WHERE id = ?",
                      "i", node);
  if (!fettle_rows_next (&rows))
    abort (); /* callers have just looked it up, and nothing else runs */
  lane = fettle_job_add_lane (j, node, fettle_rows_text (&rows, 0), fettle_rows_text (&rows, 1),
                              fettle_rows_text (&rows, 2));
  fettle_rows_end (&rows);
  return lane;
}

static struct task *
task_slot (struct job *j, struct lane *lane, const char *state, json_t *spec)
{
  struct task *t = &j->tasks[j->n_tasks++];

  t->job = j;
  t->lane = lane;
  t->spec = spec;
  snprintf (t->state, sizeof t->state, "%s", state);
  lane->n_tasks++;
  return t;
}

struct task *
fettle_job_add_task (struct job *j, struct lane *lane, const char *title, const char *state,
                     int64_t baseline, json_t *spec, const char *from, const char *to)
{
  struct task *t = task_slot (j, lane, state, spec);

  fettle_store_run (j->engine->store,
                    "INSERT INTO task (job, node, name, address, type, baseline, component, title,"
                    " state, spec, from_version, to_version) VALUES"
                    " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    "iisssisssjss", j->id, lane->node, lane->name, lane->address, lane->type,
                    baseline,
                    json_string_value (json_object_get (json_object_get (spec, "component"), "id")),
                    title, state, spec, from, to);
  t->id = fettle_store_last_id (j->engine->store);
  return t;
}

static void
load_task (struct job *j, struct fettle_rows *rows)
{
  int64_t node = fettle_rows_int (rows, 1);
  struct lane *lane = j->n_lanes ? &j->lanes[j->n_lanes - 1] : NULL;
  const char *token = fettle_rows_text (rows, 7);
  struct task *t;

  if (!lane || lane->node != node)
    lane = fettle_job_add_lane (j, node, fettle_rows_text (rows, 2), fettle_rows_text (rows, 3),
                                fettle_rows_text (rows, 4));
  t = task_slot (j, lane, fettle_rows_text (rows, 5), fettle_rows_json (rows, 6));
  t->id = fettle_rows_int (rows, 0);
  t->token = token ? strdup (token) : NULL;
  t->taken = fettle_rows_int (rows, 8);
  t->reboot = fettle_rows_int (rows, 9);
  t->started = fettle_rows_int (rows, 10);
  if (fettle_rows_text (rows, 11))
    fettle_error_set (&t->error, fettle_result_by_name (fettle_rows_text (rows, 11)), "%s",
                      fettle_rows_text (rows, 12));
}

struct job *
fettle_job_load (struct fettle_engine *e, int64_t id, const char *kind, json_t *options)
{
  struct job *j = job_alloc (e, kind, options);
  struct fettle_rows rows;
  size_t n = (size_t) fettle_store_number (e->store, 0, "SELECT count (*) FROM task WHERE job = ?",
                                           "i", id);

  j->id = id;
  fettle_job_room (j, n, n);
  fettle_store_query (e->store, &rows, "SELECT aborted, message FROM job WHERE id = ?", "i", id);
  if (fettle_rows_next (&rows)) {
    const char *why = fettle_rows_text (&rows, 1);

    j->aborted = fettle_rows_int (&rows, 0) > 0;
    j->hard = fettle_rows_int (&rows, 0) > 1;
    snprintf (j->why, sizeof j->why, "%s", why ? why : "");
    fettle_rows_end (&rows);
  }
  fettle_store_query (e->store, &rows,
                      "SELECT id, node, name, address, type, state, spec, token, taken, reboot,"
                      " started, error_code, error FROM task WHERE job = ? ORDER BY id", "i", id);
  while (fettle_rows_next (&rows))
    load_task (j, &rows);
  return j;
}

void
fettle_job_begin (struct job *j, void (*next) (struct lane *))
{
  /* Not now: the caller still has to answer whoever asked for the job. */
  for (size_t i = 0; i < j->n_lanes; i++)
    fettle_lane_later (&j->lanes[i], 0, next);
  if (j->n_lanes == 0)
    fettle_job_finish (j, NULL, -1);
}

/* SUM's exit code, from how the tasks ended. */
static int
exit_code (const struct job *j)
{
  bool failed = false, reboot = false, done = false;

  for (size_t i = 0; i < j->n_tasks; i++) {
    const struct task *t = &j->tasks[i];

    done |= strcmp (t->state, "done") == 0;
    reboot |= t->reboot && strcmp (t->state, "done") == 0;
    failed |= fettle_has_word ("failed unknown blocked aborted skipped", t->state);
  }
  if (failed)
    return 253;
  if (reboot)
    return 1;
  return done || strcmp (j->kind, "deployment") != 0 ? 0 : 3;
}

static void
drop_old (struct fettle_engine *e)
{
  unsigned kept = 0;

  for (struct job **p = &e->jobs; *p;) {
    struct job *j = *p;

    if (j->finished && ++kept > KEEP_FINISHED) {
      *p = j->next;
      fettle_job_free (j);
    }
    else
      p = &j->next;
  }
}

static void
on_drop (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  drop_old (arg);
}

bool
fettle_job_opens_firewall (const struct job *job)
{
  return job->engine->settings->open_firewall
         || json_is_true (json_object_get (job->options, "open_firewall"));
}

void
fettle_job_finish (struct job *j, const char *message, int code)
{
  struct timeval soon = { 0, 0 };

  if (j->finished)
    return;
  j->finished = true;
  code = code >= 0 ? code : exit_code (j);
  fettle_store_run (j->engine->store,
                    "UPDATE job SET state = ?, finished = ?, exit_code = ?, message = ?"
                    " WHERE id = ?", "siisi", j->aborted ? "aborted" : "done",
                    (int64_t) time (NULL), (int64_t) code,
                    message || !*j->why ? message : j->why, j->id);
  fettle_audit_job (j, code);
  tell_state (j, j->aborted ? "aborted" : "done");
  fettle_waiters_wake (j);
  /* Not under the feet of who called. */
  event_base_once (j->engine->base, -1, EV_TIMEOUT, on_drop, j->engine, &soon);
}

void
fettle_job_event (struct job *j, const struct task *t, json_t *event)
{
  char now[FETTLE_TIME_MAX];

  json_object_set_new (event, "seq", json_integer (j->next_seq++));
  json_object_set_new (event, "time", json_string (fettle_time_text (time (NULL), now)));
  json_object_set_new (event, "job", json_integer (j->id));
  if (t) {
    json_object_set_new (event, "task", json_integer (t->id));
    json_object_set_new (event, "name", json_string (t->lane->name));
  }
  if (json_object_get (event, "progress") || json_object_get (event, "scan"))
    fettle_event_passing (j->engine, "progress", j->id, event);
  else
    fettle_event (j->engine, t ? "task" : "job", j->id, event);
  json_array_append_new (j->events, event);
  /* Dropping from the front is a move of pointers: done seldom, in bulk. */
  if (json_array_size (j->events) > 2 * MAX_EVENTS) {
    json_t *kept = json_array ();

    for (size_t i = MAX_EVENTS; i < json_array_size (j->events); i++)
      json_array_append (kept, json_array_get (j->events, i));
    json_decref (j->events);
    j->events = kept;
  }
  fettle_waiters_wake (j);
}

void
fettle_job_free (struct job *j)
{
  if (j->recording >= 0)
    close (j->recording);
  fettle_waiters_drop (j);
  fettle_scan_stop (j);
  fettle_job_rollout_free (j);
  for (size_t i = 0; i < j->n_lanes; i++)
    fettle_lane_clear (&j->lanes[i]);
  for (size_t i = 0; i < j->n_tasks; i++) {
    fettle_serving_end (j->tasks[i].serving, false);
    json_decref (j->tasks[i].spec);
    free (j->tasks[i].token);
  }
  json_decref (j->options);
  json_decref (j->events);
  free (j->lanes);
  free (j->tasks);
  free (j);
}
