/* rollout.c - see rollout.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "engine/rollout.h"
#include "util/log.h"
#include "util/text.h"

#define LOOK_AGAIN   60 /* s: clocks are set, so a long wait is many short ones */
#define MAX_PARENTS   8
#define ASSOCIATED    8 /* added to the ranks of nodes that weren't chosen */

/* ---- What is known of nodes ---- */

static const char *
keep (struct rollout *r, const char *text)
{
  json_t *kept = text && *text ? json_object_get (r->kept, text) : NULL;

  if (!kept && text && *text) {
    kept = json_string (text);
    json_object_set_new (r->kept, text, kept);
  }
  return json_string_value (kept);
}

/* The uppermost node that this one belongs to; 0 for a loner. */
static int64_t
enclosure_of (struct fettle_engine *e, int64_t node)
{
  int64_t root = node;

  for (int i = 0; i < MAX_PARENTS; i++) {
    int64_t parent = fettle_store_number (e->store, 0, "SELECT coalesce (parent, 0) FROM node"
                                                       " WHERE id = ?", "i", root);

    if (!parent || parent == node)
      break;
    root = parent;
  }
  if (root == node && !fettle_store_number (e->store, 0, "SELECT 1 FROM node WHERE parent = ?"
                                                         " LIMIT 1", "i", node))
    return 0;
  return root;
}

static uint32_t
rank_of (struct fettle_engine *e, const char *type)
{
  const struct fettle_node_type *t = fettle_plugins_type (e->plugins, type, NULL);

  switch (t ? t->layer : FETTLE_LAYER_SERVER) {
    case FETTLE_LAYER_MANAGER:
      return 0;
    case FETTLE_LAYER_INTERCONNECT:
      return 1;
    default:
      return 2;
  }
}

/* Group, window, pair as they are now. */
static void
look_up (struct rollout *r, struct fettle_engine *e, int64_t node, struct fettle_rollout_node *ret)
{
  struct fettle_rows rows;

  fettle_store_query (e->store, &rows,
                      "SELECT node.grp, coalesce (node.maintenance, grp.maintenance),"
                      " coalesce (json_extract (node.labels, '$.pair'), node.pair)"
                      " FROM node LEFT JOIN grp ON grp.name = node.grp WHERE node.id = ?", "i",
                      node);
  if (!fettle_rows_next (&rows))
    return;
  ret->group = keep (r, fettle_rows_text (&rows, 0));
  ret->window = keep (r, fettle_rows_text (&rows, 1));
  ret->pair = keep (r, fettle_rows_text (&rows, 2));
  fettle_rows_end (&rows);
}

/* The options' limits, and the groups' own where these say nothing. */
static void
join_limits (struct rollout *r, struct fettle_engine *e)
{
  json_t *all = json_is_object (r->rules.max_parallel) ? json_deep_copy (r->rules.max_parallel)
                                                       : json_object ();
  struct fettle_rows rows;

  if (json_is_integer (r->rules.max_parallel))
    json_object_set (all, "all", (json_t *) r->rules.max_parallel);
  fettle_store_query (e->store, &rows,
                      "SELECT name, max_parallel FROM grp WHERE max_parallel > 0", "");
  while (fettle_rows_next (&rows)) {
    char key[300];

    snprintf (key, sizeof key, "group:%.280s", fettle_rows_text (&rows, 0));
    if (!json_object_get (all, key) && !json_object_get (all, "group"))
      json_object_set_new (all, key, json_integer (fettle_rows_int (&rows, 1)));
  }
  r->rules.max_parallel = r->limits = all;
}

static struct rollout *
rollout_new (struct fettle_engine *e, const json_t *options, size_t room)
{
  struct rollout *r = calloc (1, sizeof *r);
  struct fettle_error err;

  if (!r)
    abort ();
  r->kept = json_object ();
  r->lanes = calloc (room + 1, sizeof (struct lane *));
  r->nodes = calloc (room + 1, sizeof *r->nodes);
  if (!r->kept || !r->lanes || !r->nodes)
    abort ();
  /* They were checked when the job was made. */
  if (fettle_rollout_rules_read (options, &r->rules, &err))
    fettle_log (FETTLE_LOG_ERROR, "a deployment's rules can't be read: %s", err.text);
  join_limits (r, e);
  return r;
}

static void
rollout_free (struct rollout *r)
{
  if (!r)
    return;
  fettle_rollout_free (r->machine);
  fettle_rollout_rules_clear (&r->rules);
  if (r->poke)
    event_free (r->poke);
  json_decref (r->kept);
  json_decref (r->limits);
  free (r->lanes);
  free (r->nodes);
  free (r);
}

void
fettle_job_rollout_free (struct job *j)
{
  rollout_free (j->rollout);
  j->rollout = NULL;
}

static bool
has_id (const json_t *ids, int64_t id)
{
  const json_t *v;
  size_t i;

  json_array_foreach (ids, i, v)
    if (json_integer_value (v) == id)
      return true;
  return false;
}

/* ---- Making one ---- */

static bool
lane_ended (struct lane *lane)
{
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (!fettle_task_ended (fettle_lane_task (lane, i)))
      return false;
  return true;
}

/* What the plan itself blocked is no failure. */
static bool
lane_failed (struct lane *lane)
{
  for (size_t i = 0; i < lane->n_tasks; i++) {
    const struct task *t = fettle_lane_task (lane, i);
    const char *action = json_string_value (json_object_get (t->spec, "action"));

    if (fettle_has_word ("failed unknown", t->state)
        || (strcmp (t->state, "blocked") == 0 && (!action || strcmp (action, "blocked") != 0)))
      return true;
  }
  return false;
}

static void on_poke (evutil_socket_t fd, short what, void *arg);

static void
start_machine (struct job *j, bool canary_passed)
{
  struct rollout *r = j->rollout;

  r->machine = fettle_rollout_new (&r->rules, r->nodes, r->n, canary_passed);
  r->poke = evtimer_new (j->engine->base, on_poke, j);
  if (!r->machine || !r->poke)
    abort ();
  fettle_job_rollout_poke (j);
}

static void
add_lane (struct job *j, struct lane *lane)
{
  struct rollout *r = j->rollout;
  struct fettle_rollout_node *n = &r->nodes[r->n];

  n->type = lane->type;
  look_up (r, j->engine, lane->node, n);
  lane->place = r->n;
  r->lanes[r->n++] = lane;
}

void
fettle_job_rollout_begin (struct job *j, const json_t *associated)
{
  struct fettle_engine *e = j->engine;
  struct rollout *r = j->rollout = rollout_new (e, j->options, j->n_lanes);

  for (size_t i = 0; i < j->n_lanes; i++) {
    struct lane *lane = &j->lanes[i];

    lane->place = SIZE_MAX;
    if (lane_ended (lane)) {
      fettle_lane_later (lane, 0, fettle_lane_end);
      continue;
    }
    add_lane (j, lane);
    r->nodes[lane->place].enclosure = enclosure_of (e, lane->node);
    r->nodes[lane->place].rank = rank_of (e, lane->type)
                                 + (has_id (associated, lane->node) ? ASSOCIATED : 0);
  }
  fettle_rollout_arrange (&r->rules, r->nodes, r->n);
  for (size_t i = 0; i < r->n; i++)
    fettle_store_run (e->store,
                      "INSERT INTO rollout (job, node, position, batch, rank, enclosure)"
                      " VALUES (?, ?, ?, ?, ?, ?)", "iiiiii", j->id, r->lanes[i]->node,
                      (int64_t) r->nodes[i].position, (int64_t) r->nodes[i].batch,
                      (int64_t) r->nodes[i].rank, r->nodes[i].enclosure);
  if (r->rules.approve) {
    snprintf (r->held, sizeof r->held, "approval");
    fettle_store_run (e->store, "UPDATE job SET held = ? WHERE id = ?", "si", r->held, j->id);
  }
  start_machine (j, false);
  if (j->n_lanes == 0)
    fettle_job_finish (j, NULL, -1);
}

/* ---- From the store ---- */

/* Its row; false: it has none, since nothing could be planned for it, or the
 * job is older than rollouts. */
static bool
load_node (struct job *j, struct lane *lane, bool *ret_begun)
{
  struct fettle_rollout_node *n = &j->rollout->nodes[lane->place];
  struct fettle_rows rows;

  fettle_store_query (j->engine->store, &rows,
                      "SELECT position, batch, rank, enclosure, begun FROM rollout WHERE job = ?"
                      " AND node = ?", "ii", j->id, lane->node);
  if (!fettle_rows_next (&rows))
    return false;
  n->position = (size_t) fettle_rows_int (&rows, 0);
  n->batch = (uint32_t) fettle_rows_int (&rows, 1);
  n->rank = (uint32_t) fettle_rows_int (&rows, 2);
  n->enclosure = fettle_rows_int (&rows, 3);
  *ret_begun = fettle_rows_int (&rows, 4);
  fettle_rows_end (&rows);
  return true;
}

static void
load_lane (struct job *j, struct lane *lane)
{
  struct rollout *r = j->rollout;
  bool begun = true;

  add_lane (j, lane);
  if (!load_node (j, lane, &begun)) {
    r->nodes[--r->n] = (struct fettle_rollout_node) { 0 };
    lane->place = SIZE_MAX;
    fettle_lane_later (lane, 0, fettle_deploy_resume);
    return;
  }
  r->nodes[lane->place].failed = lane_failed (lane);
  if (lane_ended (lane)) {
    r->nodes[lane->place].state = FETTLE_ROLLOUT_ENDED;
    fettle_lane_later (lane, 0, fettle_deploy_resume); /* it may have left something there */
  }
  else if (begun) {
    r->nodes[lane->place].state = FETTLE_ROLLOUT_RUNS;
    lane->begun = true;
    fettle_lane_later (lane, 0, fettle_deploy_resume);
  }
}

/* A node that was removed meanwhile has left its place. */
static void
close_ranks (struct rollout *r)
{
  _cleanup_free_ size_t *by = NULL;
  size_t most = 0, at = 0;

  for (size_t i = 0; i < r->n; i++)
    if (r->nodes[i].position + 1 > most)
      most = r->nodes[i].position + 1;
  by = calloc (most + 1, sizeof *by);
  if (!by)
    abort ();
  for (size_t i = 0; i < r->n; i++)
    by[r->nodes[i].position] = i + 1;
  for (size_t p = 0; p < most; p++)
    if (by[p])
      r->nodes[by[p] - 1].position = at++;
}

void
fettle_job_rollout_load (struct job *j)
{
  struct rollout *r = j->rollout = rollout_new (j->engine, j->options, j->n_lanes);
  struct fettle_rows rows;
  bool passed = false;

  r->late = true;
  for (size_t i = 0; i < j->n_lanes; i++)
    load_lane (j, &j->lanes[i]);
  close_ranks (r);
  fettle_store_query (j->engine->store, &rows, "SELECT held, canary_passed FROM job WHERE id = ?",
                      "i", j->id);
  if (fettle_rows_next (&rows)) {
    const char *held = fettle_rows_text (&rows, 0);

    snprintf (r->held, sizeof r->held, "%s", held ? held : "");
    passed = fettle_rows_int (&rows, 1);
    fettle_rows_end (&rows);
  }
  start_machine (j, passed);
  if (j->n_lanes == 0)
    fettle_job_finish (j, NULL, -1);
}

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

      look_up (j->rollout, e, j->rollout->lanes[i]->node, &now);
      if (fettle_rollout_set_window (j->rollout->machine, i, now.window, &err))
        fettle_log (FETTLE_LOG_WARNING, "%s", err.text);
    }
    fettle_job_rollout_poke (j);
  }
}

/* ---- The API ---- */

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

/* ---- An estimate ---- */

int64_t
fettle_job_rollout_estimate (struct fettle_engine *e, const json_t *options, const json_t *nodes,
                             const uint32_t *seconds)
{
  struct rollout *r = rollout_new (e, options, json_array_size (nodes));
  int64_t result;
  const json_t *node;
  size_t i;

  json_array_foreach (nodes, i, node) {
    int64_t id = json_integer_value (json_object_get (node, "node"));
    const char *type = json_string_value (json_object_get (node, "type"));

    look_up (r, e, id, &r->nodes[i]);
    r->nodes[i].type = type;
    r->nodes[i].enclosure = enclosure_of (e, id);
    r->nodes[i].rank = rank_of (e, type ? type : "");
  }
  fettle_rollout_arrange (&r->rules, r->nodes, json_array_size (nodes));
  result = fettle_rollout_duration (&r->rules, r->nodes, seconds, json_array_size (nodes));
  rollout_free (r);
  return result;
}
