/* jobs.c - the API of jobs: list, show, abort, report.
 *
 * What is shown comes from the store; of a running job, progress is added
 * from memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "engine/page.h"
#include "engine/serving.h"
#include "engine/rollout.h"
#include "util/text.h"


/* ---- JSON of a job ---- */

static json_t *
time_json (int64_t seconds)
{
  char text[FETTLE_TIME_MAX];

  return seconds ? json_string (fettle_time_text (seconds, text)) : json_null ();
}

static json_t *
lines_of (struct fettle_engine *e, int64_t task)
{
  struct fettle_rows rows;
  json_t *lines = json_array ();

  fettle_store_query (e->store, &rows, "SELECT text FROM line WHERE task = ? ORDER BY id", "i",
                      task);
  while (fettle_rows_next (&rows))
    json_array_append_new (lines, json_string (fettle_rows_text (&rows, 0)));
  return lines;
}

static int
compare_ids (const void *id, const void *task)
{
  int64_t a = *(const int64_t *) id, b = ((const struct task *) task)->id;

  return (a > b) - (a < b);
}

/* A job's tasks were stored in their order: their ids ascend. */
static void
add_progress (struct job *j, json_t *task)
{
  int64_t id = json_integer_value (json_object_get (task, "id"));
  const struct task *t = bsearch (&id, j->tasks, j->n_tasks, sizeof *t, compare_ids);

  if (!t)
    return;
  json_object_set_new (task, "progress", json_integer (t->progress));
  json_object_set_new (task, "step", json_string (t->step));
}

static json_t *
task_json (struct fettle_engine *e, struct fettle_rows *r)
{
  const char *code = fettle_rows_text (r, 13);

  return json_pack (
    "{s:I s:I s:s s:s s:s s:s? s:s s:s s:s? s:s? s:s? s:b s:b s:o s:o s:o s:o s:s s:i s:o s:o s:s? s:s?}",
    "id", (json_int_t) fettle_rows_int (r, 0),
    "node", (json_int_t) fettle_rows_int (r, 1),
    "name", fettle_rows_text (r, 2),
    "address", fettle_rows_text (r, 3),
    "type", fettle_rows_text (r, 4),
    "component", fettle_rows_text (r, 5),
    "title", fettle_rows_text (r, 6),
    "state", fettle_rows_text (r, 7),
    "from", fettle_rows_text (r, 8),
    "to", fettle_rows_text (r, 9),
    "found", fettle_rows_text (r, 10),
    "verified", (int) fettle_rows_int (r, 11),
    "reboot", (int) fettle_rows_int (r, 12),
    "error", code ? json_pack ("{s:s s:s}", "code", code, "message", fettle_rows_text (r, 14))
                  : json_null (),
    "started", time_json (fettle_rows_int (r, 15)),
    "finished", time_json (fettle_rows_int (r, 16)),
    "log", lines_of (e, fettle_rows_int (r, 0)), "step", "", "progress",
    fettle_rows_int (r, 16) ? 1000 : 0, "check", fettle_rows_json (r, 17),
    "status", fettle_serving_last (e, fettle_rows_int (r, 0)),
    "signature", fettle_rows_text (r, 18), "signature_text", fettle_rows_text (r, 19));
}

static json_t *
tasks_of (struct fettle_engine *e, int64_t job)
{
  struct job *running = fettle_engine_job (e, job);
  struct fettle_rows rows;
  json_t *tasks = json_array ();

  fettle_store_query (e->store, &rows,
                      "SELECT id, node, name, address, type, component, title, state, from_version,"
                      " to_version, found, verified, reboot, error_code, error, started, finished,"
                      " CASE WHEN component IS NULL THEN spec END,"
                      " json_extract (spec, '$.component.signature'),"
                      " json_extract (spec, '$.component.signature_text')"
                      " FROM task WHERE job = ? ORDER BY id", "i", job);
  while (fettle_rows_next (&rows)) {
    json_t *task = task_json (e, &rows);

    if (running && !running->finished)
      add_progress (running, task);
    json_array_append_new (tasks, task);
  }
  return tasks;
}

static json_t *
counts_of (struct fettle_engine *e, int64_t job)
{
  struct fettle_rows rows;
  json_t *counts = json_object ();

  fettle_store_query (e->store, &rows,
                      "SELECT state, count (*) FROM task WHERE job = ? GROUP BY state", "i", job);
  while (fettle_rows_next (&rows))
    json_object_set_new (counts, fettle_rows_text (&rows, 0),
                         json_integer (fettle_rows_int (&rows, 1)));
  return counts;
}

static json_t *
job_json (struct fettle_engine *e, struct fettle_rows *r)
{
  bool ended = fettle_rows_text (r, 6) != NULL;

  return json_pack ("{s:I s:s s:s s:o s:o s:o s:o s:o s:s? s:o s:o s:o}",
                    "id", (json_int_t) fettle_rows_int (r, 0),
                    "kind", fettle_rows_text (r, 1),
                    "state", fettle_rows_text (r, 2),
                    "created", time_json (fettle_rows_int (r, 3)),
                    "finished", time_json (fettle_rows_int (r, 4)),
                    "options", fettle_rows_json (r, 5),
                    "counts", counts_of (e, fettle_rows_int (r, 0)),
                    "exit_code", ended ? json_integer (fettle_rows_int (r, 6)) : json_null (),
                    "message", fettle_rows_text (r, 7), "rollout",
                    fettle_job_rollout_json (fettle_engine_job (e, fettle_rows_int (r, 0))),
                    "unsigned", fettle_rows_text (r, 8) ? fettle_rows_json (r, 8) : json_array (),
                    "signatures", fettle_rows_text (r, 9) ? fettle_rows_json (r, 9) : json_array ());
}

#define COLUMNS "id, kind, state, created, finished, options, exit_code, message, unsigned, signatures"

json_t *
fettle_job_json (struct fettle_engine *e, int64_t id)
{
  struct fettle_rows rows;
  json_t *job = NULL;

  fettle_store_query (e->store, &rows, "SELECT " COLUMNS " FROM job WHERE id = ?", "i", id);
  if (fettle_rows_next (&rows)) {
    job = job_json (e, &rows);
    json_object_set_new (job, "tasks", tasks_of (e, id));
    fettle_rows_end (&rows);
  }
  return job;
}

/* ---- Which job is meant ---- */

int64_t
fettle_job_find (struct fettle_engine *e, const char *reference, struct fettle_error *err)
{
  uint64_t number = 0;
  int64_t id = 0;

  if (strcmp (reference, "last") == 0)
    id = fettle_store_number (e->store, 0, "SELECT max (id) FROM job WHERE kind NOT IN ('baseline', 'firewall')", "");
  else if (fettle_parse_uint (reference, 1, INT64_MAX, &number))
    id = fettle_store_number (e->store, 0, "SELECT id FROM job WHERE id = ?", "i",
                              (int64_t) number);
  if (!id)
    fettle_error_set (err, FETTLE_E_UNREACHABLE, "there is no job %s", reference);
  return id;
}

/* Newest first: pages go down. */
void
fettle_api_jobs_list (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  const char *reference = json_string_value (json_object_get (r->query, "node"));
  struct fettle_page page;
  struct fettle_rows rows;
  struct fettle_error err;
  int64_t node = 0;

  if ((reference && !(node = fettle_node_find (e, reference, &err)))
      || fettle_page_init (&page, r, "kind state node", FETTLE_PAGE_MAX, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_query (e->store, &rows,
                      "SELECT " COLUMNS " FROM job WHERE id < ?1"
                      " AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR state = ?3)"
                      " AND (?4 = 0 OR id IN (SELECT job FROM task WHERE node = ?4))"
                      " ORDER BY id DESC LIMIT ?5", "issii", page.after ? page.after : INT64_MAX,
                      fettle_page_filter (&page, "kind"), fettle_page_filter (&page, "state"), node,
                      page.read);
  while (fettle_rows_next (&rows))
    fettle_page_add (&page, fettle_rows_int (&rows, 0), job_json (e, &rows));
  fettle_page_reply (&page, r, "jobs");
}

void
fettle_api_job_show (void *engine, struct fettle_request *r)
{
  struct fettle_error err;
  int64_t id = fettle_job_find (engine, r->parameter, &err);

  if (id)
    fettle_request_reply (r, 200, fettle_job_json (engine, id));
  else
    fettle_request_fail (r, &err);
}

/* ---- Abort ---- */

void
fettle_job_abort (struct job *j, bool hard)
{
  j->aborted = true;
  j->hard |= hard;
  fettle_store_run (j->engine->store, "UPDATE job SET aborted = ?, message = ? WHERE id = ?", "isi",
                    (int64_t) (j->hard ? 2 : 1), *j->why ? j->why : NULL, j->id);
  fettle_job_rollout_poke (j);
  if (j->scan) {
    /* Reading a folder changes nothing: it can end at any time. */
    fettle_scan_abort (j);
    return;
  }
  /* Who asks for credentials hasn't touched the node yet. */
  for (size_t i = 0; i < j->n_lanes; i++)
    if (hard || j->lanes[i].helper)
      fettle_lane_abort (&j->lanes[i]);
}

void
fettle_api_job_abort (void *engine, struct fettle_request *r)
{
  struct fettle_error err;
  int64_t id = fettle_job_find (engine, r->parameter, &err);
  struct job *j = id ? fettle_engine_job (engine, id) : NULL;

  if (!id) {
    fettle_request_fail (r, &err);
    return;
  }
  if (j && !j->finished)
    fettle_job_abort (j, json_is_true (json_object_get (r->body, "hard")));
  fettle_request_reply (r, 200, json_object ());
}
