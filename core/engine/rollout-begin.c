/* rollout-begin.c - a rollout is made: of a new job, of one from the store, or only to
 * tell how long it would take.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/rollout.h"
#include "util/log.h"
#include "util/text.h"

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

void
fettle_rollout_look_up (struct rollout *r, struct fettle_engine *e, int64_t node,
                        struct fettle_rollout_node *ret)
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

static void
add_lane (struct job *j, struct lane *lane)
{
  struct rollout *r = j->rollout;
  struct fettle_rollout_node *n = &r->nodes[r->n];

  n->type = lane->type;
  fettle_rollout_look_up (r, j->engine, lane->node, n);
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
  fettle_job_rollout_start (j, false);
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
  fettle_job_rollout_start (j, passed);
  if (j->n_lanes == 0)
    fettle_job_finish (j, NULL, -1);
}

/* ---- An estimate ---- */

int64_t
fettle_job_rollout_estimate (struct fettle_engine *e, const json_t *options, const json_t *nodes,
                             const uint32_t *seconds, const uint32_t *steps, int64_t *ret_end)
{
  struct rollout *r = rollout_new (e, options, json_array_size (nodes));
  int64_t result;
  const json_t *node;
  size_t i;

  json_array_foreach (nodes, i, node) {
    int64_t id = json_integer_value (json_object_get (node, "node"));
    const char *type = json_string_value (json_object_get (node, "type"));

    fettle_rollout_look_up (r, e, id, &r->nodes[i]);
    r->nodes[i].type = type;
    r->nodes[i].enclosure = enclosure_of (e, id);
    r->nodes[i].rank = rank_of (e, type ? type : "");
  }
  fettle_rollout_arrange (&r->rules, r->nodes, json_array_size (nodes));
  result = fettle_rollout_duration (&r->rules, r->nodes, seconds, json_array_size (nodes));
  *ret_end = fettle_rollout_forecast (&r->rules, r->nodes, seconds, steps, json_array_size (nodes),
                                      time (NULL));
  rollout_free (r);
  return result;
}
