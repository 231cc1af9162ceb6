/* node-firewall.c - the nodes' own firewalls: opened before a lane's first call
 * that needs it, restored at the lane's end.
 *
 * A row says that a node may be open, before it is; then what its firewall was
 * like.  The row goes when that is restored.  What a crash or an unreachable
 * node left is restored at the next start, or before the node's next call.
 * If even the former state is missing, the node is asked for it by opening
 * once more, which tells what was before the first time (plugin.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/internal.h"
#include "util/text.h"

#define CALL_S  240 /* that opening or restoring may take */
#define RENEW_S 600 /* what was opened longer ago is opened again: it ends by itself */

static void close_next (struct lane *lane);

static int64_t
own_operation (struct lane *lane)
{
  return lane->n_tasks ? fettle_lane_task (lane, 0)->id : 0;
}

static bool
is_open (struct lane *lane, int64_t but)
{
  return fettle_store_number (lane->engine->store, 0,
                              "SELECT count (*) FROM node_firewall WHERE node = ? AND operation <> ?",
                              "ii", lane->node, but) > 0;
}

static void
forget (struct lane *lane, int64_t operation)
{
  fettle_store_run (lane->engine->store, "DELETE FROM node_firewall WHERE node = ? AND operation = ?",
                    "ii", lane->node, operation);
}

static void
remember (struct lane *lane, int64_t operation, const char *former)
{
  fettle_store_run (lane->engine->store,
                    "UPDATE node_firewall SET former = ? WHERE node = ? AND operation = ?", "sii",
                    former, lane->node, operation);
}

static void
call (struct lane *lane, const char *what, int64_t operation,
      void (*done) (struct lane *, const struct fettle_outcome *))
{
  lane->operation = operation;
  lane->argument = lane->firewall.former;
  fettle_lane_call (lane, what, CALL_S, done);
}

/* ---- The lane's own thing waits meanwhile ---- */

static void
begin (struct lane *lane, void (*then) (struct lane *))
{
  lane->firewall.busy = true;
  lane->firewall.then = then;
  lane->firewall.operation = lane->operation;
  lane->firewall.phase = lane->phase;
  lane->firewall.argument = lane->argument;
  lane->firewall.error.code = FETTLE_OK;
}

static void
end (struct lane *lane)
{
  lane->firewall.busy = false;
  lane->operation = lane->firewall.operation;
  lane->phase = lane->firewall.phase;
  lane->argument = lane->firewall.argument;
  free (lane->firewall.former);
  lane->firewall.former = NULL;
  lane->firewall.then (lane);
}

/* Whoever aborts means the call that waits. */
static void
resume (struct lane *lane)
{
  const struct fettle_outcome aborted = { .code = FETTLE_E_ABORTED, .text = "aborted by the user" };

  if (lane->firewall.error.code == FETTLE_E_ABORTED)
    lane->firewall.done (lane, &aborted);
  else
    fettle_lane_call (lane, lane->firewall.what, lane->firewall.deadline, lane->firewall.done);
}

static void
hold (struct lane *lane, const char *what, uint32_t deadline,
      void (*done) (struct lane *, const struct fettle_outcome *))
{
  lane->firewall.what = what;
  lane->firewall.deadline = deadline;
  lane->firewall.done = done;
  begin (lane, resume);
}

static void
note (struct lane *lane, const char *what, const struct fettle_outcome *outcome, const char *rest)
{
  const char *text = outcome->text ? outcome->text : "no reason given";

  fettle_error_set (&lane->firewall.error, outcome->code < 0 ? outcome->code : FETTLE_E_PROTOCOL,
                    "%s: %.900s%s", what, text, rest);
  fettle_task_log (lane->told, "%s", lane->firewall.error.text);
}

/* ---- Restoring: one row after the other ---- */

static void
close_failed (struct lane *lane, const struct fettle_outcome *outcome)
{
  note (lane, "the node's firewall couldn't be restored", outcome,
        "; that is tried again at the next job on this node, and when the service starts");
  end (lane);
}

static void
restored (struct lane *lane, const struct fettle_outcome *outcome)
{
  if (outcome->code != FETTLE_OK) {
    close_failed (lane, outcome);
    return;
  }
  forget (lane, lane->operation);
  close_next (lane);
}

/* It was about to be opened when the service ended. */
static void
asked_again (struct lane *lane, const struct fettle_outcome *outcome)
{
  if (outcome->code != FETTLE_OK) {
    close_failed (lane, outcome);
    return;
  }
  if (outcome->former)
    remember (lane, lane->operation, outcome->former);
  else
    forget (lane, lane->operation);
  close_next (lane);
}

static void
close_next (struct lane *lane)
{
  struct fettle_rows rows;
  int64_t operation;

  free (lane->firewall.former);
  lane->firewall.former = NULL;
  fettle_store_query (lane->engine->store, &rows,
                      "SELECT operation, former FROM node_firewall WHERE node = ? AND operation <> ?"
                      " ORDER BY operation LIMIT 1", "ii", lane->node, lane->firewall.keep);
  if (!fettle_rows_next (&rows)) {
    end (lane);
    return;
  }
  operation = fettle_rows_int (&rows, 0);
  if (fettle_rows_text (&rows, 1))
    lane->firewall.former = strdup (fettle_rows_text (&rows, 1));
  fettle_rows_end (&rows);
  if (lane->firewall.former)
    call (lane, "firewall_restore", operation, restored);
  else
    call (lane, "firewall_open", operation, asked_again);
}

/* ---- Opening ---- */

static void
opened (struct lane *lane, const struct fettle_outcome *outcome)
{
  /* After these the node may be open all the same. */
  static const char unsure[] = "internal unreachable auth protocol timeout aborted busy";

  lane->firewall.opened = time (NULL);
  if (outcome->code == FETTLE_OK && outcome->former)
    remember (lane, lane->operation, outcome->former);
  else if (outcome->code == FETTLE_OK || !fettle_has_word (unsure, fettle_result_name (outcome->code)))
    forget (lane, lane->operation);
  if (outcome->code != FETTLE_OK)
    note (lane, "the node's firewall couldn't be opened", outcome, "");
  end (lane);
}

static void
open_node (struct lane *lane)
{
  int64_t operation = own_operation (lane);

  fettle_store_run (lane->engine->store,
                    "INSERT OR IGNORE INTO node_firewall (node, operation, job, since)"
                    " VALUES (?, ?, ?, ?)", "iiii", lane->node, operation, lane->job->id,
                    (int64_t) time (NULL));
  call (lane, "firewall_open", operation, opened);
}

static bool
has_one (const struct lane *lane)
{
  const struct fettle_node_type *type = fettle_plugins_type (lane->engine->plugins, lane->type, NULL);

  return type && type->firewall_open && type->firewall_restore;
}

bool
fettle_node_firewall_first (struct lane *lane, void (*then) (struct lane *))
{
  if (!has_one (lane) || !fettle_job_opens_firewall (lane->job))
    return false;
  begin (lane, then);
  open_node (lane);
  return true;
}

bool
fettle_node_firewall_before (struct lane *lane, const char *what, uint32_t deadline,
                             void (*done) (struct lane *, const struct fettle_outcome *))
{
  if (lane->firewall.busy || !has_one (lane))
    return false;
  if (!lane->firewall.looked && is_open (lane, own_operation (lane))) {
    lane->firewall.looked = true; /* once is enough: it may be in vain */
    lane->firewall.keep = own_operation (lane);
    hold (lane, what, deadline, done);
    close_next (lane);
    return true;
  }
  if (strcmp (what, "activate") == 0)
    lane->firewall.opened = 0; /* a restart closes it */
  if (!fettle_job_opens_firewall (lane->job) || !fettle_has_word ("inventory deploy", what)
      || lane->firewall.opened + RENEW_S > time (NULL))
    return false;
  hold (lane, what, deadline, done);
  open_node (lane);
  return true;
}

bool
fettle_node_firewall_after (struct lane *lane)
{
  if (lane->firewall.ended || (lane->lost && !lane->job->hard) || !lane->n_tasks
      || !is_open (lane, 0))
    return false;
  lane->firewall.ended = true;
  lane->firewall.keep = 0;
  if (!lane->told)
    lane->told = fettle_lane_task (lane, 0);
  begin (lane, fettle_lane_end);
  close_next (lane);
  return true;
}

bool
fettle_node_firewall_is_call (const struct lane *lane)
{
  return strncmp (lane->what, "firewall_", 9) == 0;
}

void
fettle_node_firewall_clear (struct lane *lane)
{
  free (lane->firewall.former);
}

/* ---- After a crash: a job of its own, for nodes that no other job has ---- */

static void
closed (struct lane *lane)
{
  struct fettle_error *err = &lane->firewall.error;

  fettle_task_end (fettle_lane_task (lane, 0), err->code == FETTLE_OK ? "done"
                   : err->code == FETTLE_E_ABORTED ? "aborted" : "failed",
                   err->code == FETTLE_OK ? NULL : err);
  fettle_lane_end (lane);
}

void
fettle_node_firewall_begin (struct lane *lane)
{
  lane->told = fettle_lane_task (lane, 0);
  lane->firewall.ended = true;
  fettle_task_state (lane->told, "running");
  begin (lane, closed);
  close_next (lane);
}

void
fettle_node_firewalls_recover (struct fettle_engine *e)
{
  _cleanup_json_ json_t *ids = json_array ();
  struct fettle_rows rows;
  struct job *j;
  json_t *id;
  size_t i;

  fettle_store_query (e->store, &rows,
                      "SELECT DISTINCT node FROM node_firewall WHERE node NOT IN"
                      " (SELECT task.node FROM task JOIN job ON job.id = task.job"
                      "  WHERE job.state = 'running' AND task.node IS NOT NULL)", "");
  while (fettle_rows_next (&rows))
    json_array_append_new (ids, json_integer (fettle_rows_int (&rows, 0)));
  if (json_array_size (ids) == 0)
    return;
  j = fettle_job_new (e, "firewall", NULL, NULL);
  fettle_job_room (j, json_array_size (ids), json_array_size (ids));
  json_array_foreach (ids, i, id)
    fettle_job_add_task (j, fettle_job_add_node (j, json_integer_value (id)),
                         "close the node's firewall", "pending", 0, NULL, NULL, NULL);
  fettle_job_begin (j, fettle_node_firewall_begin);
}
