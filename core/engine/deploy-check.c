/* deploy-check.c - before a node's first component is touched: are the ways
 * open that its deployment needs, both ways?
 *
 * Looked at is what the node's type declares and a deployment, with the
 * inventory at its end, can't do without: no optional ports, nothing that
 * silence says nothing of (datagrams, ranges).  A way back that a plugin does
 * without is looked at, so that it pushes at once, and refuses nothing.  A node that is reached by one
 * port costs one connection.  What can't be told is no reason to refuse; a way
 * that is blocked is looked at once more, so that a server that was just being
 * restarted costs no deployment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/check.h"

#define AGAIN_S 3

static const struct check_user before_deployment;

/* The first task that is still to come, or NULL; also when one has begun
 * before a crash: then it is too late to ask. */
static struct task *
first_task (struct lane *lane)
{
  struct task *first = NULL;

  for (size_t i = 0; i < lane->n_tasks; i++) {
    struct task *t = fettle_lane_task (lane, i);

    if (fettle_task_ended (t))
      continue;
    if (strcmp (t->state, "pending") != 0)
      return NULL;
    if (!first)
      first = t;
  }
  return first;
}

/* ---- What is seen ---- */

static void
looking (struct check_row *row)
{
  (void) row;
}

static void
verdict (struct check_row *row, const struct fettle_verdict *v)
{
  struct check *c = row->check;
  struct fettle_error *why = &c->deployment.why;

  fettle_way_found (row, v);
  if (fettle_cause_is_open (v->cause))
    return;
  if (c->deployment.looks == 1)
    fettle_task_log (row->task, "before it begins: %s%s", v->sentence,
                     v->cause == FETTLE_UNTESTED || !fettle_port_is_needed (row->row) ? "" : "; looking again");
  if (!fettle_port_is_needed (row->row)) /* the plugin is told, and does without */
    return;
  if (v->cause != FETTLE_UNTESTED && why->code == FETTLE_OK)
    fettle_error_set (why, FETTLE_E_UNREACHABLE, "not begun: %s%s%s", v->sentence,
                      *v->mend ? "; mend it with: " : "", v->mend);
}

/* ---- What follows ---- */

static void
go_on (struct lane *lane)
{
  void (*then) (struct lane *) = lane->check->deployment.then;

  fettle_check_free (lane->check);
  lane->check = NULL;
  then (lane);
}

static void
refuse (struct lane *lane)
{
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (!fettle_task_ended (fettle_lane_task (lane, i)))
      fettle_task_end (fettle_lane_task (lane, i), "blocked", &lane->check->deployment.why);
  go_on (lane);
}

static void
look (struct lane *lane)
{
  struct check *c = lane->check;

  if (lane->job->aborted) {
    go_on (lane);
    return;
  }
  c->deployment.why.code = FETTLE_OK;
  c->deployment.looks++;
  c->at = 0;
  for (size_t i = 0; i < c->n_rows; i++) {
    c->rows[i].error.code = FETTLE_OK;
    c->rows[i].has_declared = false;
  }
  fettle_check_begin (lane);
}

static void
ended (struct lane *lane, const struct fettle_error *err)
{
  struct check *c = lane->check;

  /* A name that has no address: the call itself says it best. */
  if (err || c->deployment.why.code == FETTLE_OK)
    go_on (lane);
  else if (c->deployment.looks < 2)
    fettle_lane_later (lane, AGAIN_S, look);
  else
    refuse (lane);
}

static const struct check_user before_deployment = { looking, verdict, ended };

/* ---- The beginning ---- */

static bool
matters (const struct fettle_node_type *type, const struct fettle_flow *f)
{
  return f->protocol == FETTLE_TCP && fettle_way_matters (f->row)
         && f->row->first == f->row->last && (!f->from_node || type->reach_back);
}

static bool
make_check (struct lane *lane, struct task *task)
{
  const struct fettle_node_type *type = fettle_plugins_type (lane->engine->plugins, lane->type,
                                                             NULL);
  struct fettle_flows flows;
  struct fettle_error err;
  size_t n = 0;

  /* What nobody can deploy to fails in its own words. */
  if (!type || !type->deploy || fettle_check_flows (lane, FETTLE_BOTH, &flows, &err))
    return false;
  for (size_t i = 0; i < flows.n; i++)
    if (matters (type, &flows.flows[i]))
      flows.flows[n++] = flows.flows[i];
  flows.n = n;
  if (n)
    fettle_check_new (lane, &flows, &before_deployment);
  fettle_flows_clear (&flows);
  for (size_t i = 0; i < n; i++)
    lane->check->rows[i].task = task;
  return n > 0;
}

bool
fettle_deploy_check (struct lane *lane, void (*then) (struct lane *))
{
  struct task *task = first_task (lane);

  if (!task || lane->job->aborted || json_is_false (json_object_get (lane->job->options, "check"))
      || !make_check (lane, task))
    return false;
  lane->told = task;
  lane->operation = task->id;
  lane->check->deployment.then = then;
  if (!fettle_node_firewall_first (lane, look))
    look (lane);
  return true;
}
