/* leftovers.c - what calls that were cut left on a node, and its removal.
 *
 * A deploy that failed marks its task.  An inventory marks its node before it
 * begins, and takes the mark away when it ends in order: so what a killed
 * worker or service left is known of, too.  Both are cleaned up at the end of
 * the node's job, whichever it is, and until that has worked, of its next ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "util/text.h"

#define TRIES      3  /* of a clean-up in a deployment: the node may just have restarted */
#define PAUSE      10 /* s; the next one is three times as long */
#define ABORT_TIME 60 /* s that one may take in a job that the user has aborted */

/* node.inventory_left */
#define IS_MADE 1
#define WAS_CUT 2

static const struct fettle_node_type *
type_of (const struct lane *lane)
{
  return fettle_plugins_type (lane->engine->plugins, lane->type, NULL);
}

static bool
inventory_leaves (const struct lane *lane)
{
  const struct fettle_node_type *type = type_of (lane);

  return type && type->cleanup && type->flags & FETTLE_TYPE_INVENTORY_LEAVES;
}

/* ---- The node's mark ---- */

void
fettle_inventory_mark (struct lane *lane)
{
  if (strcmp (lane->what, "inventory") == 0 && inventory_leaves (lane))
    fettle_store_run (lane->engine->store, "UPDATE node SET inventory_left = CASE inventory_left WHEN 0 THEN ?"
                      " ELSE ? END WHERE id = ?", "iii", (int64_t) IS_MADE, (int64_t) WAS_CUT, lane->node);
}

void
fettle_inventory_unmark (struct lane *lane, fettle_result code)
{
  if (strcmp (lane->what, "inventory") != 0 || code == FETTLE_AGAIN || !inventory_leaves (lane))
    return;
  if (fettle_has_word ("internal unreachable timeout aborted", fettle_result_name (code)))
    fettle_store_run (lane->engine->store, "UPDATE node SET inventory_left = ? WHERE id = ? AND inventory_left > 0",
                      "ii", (int64_t) WAS_CUT, lane->node);
  else
    fettle_store_run (lane->engine->store, "UPDATE node SET inventory_left = 0 WHERE id = ? AND inventory_left = ?",
                      "ii", lane->node, (int64_t) IS_MADE);
}

/* ---- Cleaning up ---- */

static void clean (struct lane *lane);

/* A task whose deploy left something; 0: an inventory of the node did; -1: nobody. */
static int64_t
next_one (struct lane *lane)
{
  struct fettle_store *store = lane->engine->store;

  if (inventory_leaves (lane)
      && fettle_store_number (store, 0, "SELECT inventory_left FROM node WHERE id = ?", "i", lane->node))
    return 0;
  return fettle_store_number (store, -1, "SELECT id FROM task WHERE node = ? AND leftovers = 1 LIMIT 1", "i",
                              lane->node);
}

static bool
is_deployment (const struct lane *lane)
{
  return strcmp (lane->job->kind, "deployment") == 0;
}

static void
keep_token (struct lane *lane, const char *token)
{
  free (lane->lane_token);
  lane->lane_token = token ? strdup (token) : NULL;
}

static void
forget (struct lane *lane)
{
  if (lane->operation)
    fettle_store_run (lane->engine->store, "UPDATE task SET leftovers = 0 WHERE id = ?", "i", lane->operation);
  else
    fettle_store_run (lane->engine->store, "UPDATE node SET inventory_left = 0 WHERE id = ?", "i", lane->node);
}

/* An inventory waits for nothing that an earlier deployment left running. */
static bool
waits (const struct lane *lane)
{
  return !lane->job->hard && (is_deployment (lane) || !lane->operation);
}

/* What may pass by itself soon. */
static bool
tries_again (struct lane *lane, fettle_result code)
{
  uint32_t pause = PAUSE;

  if ((code != FETTLE_E_UNREACHABLE && code != FETTLE_E_BUSY) || !is_deployment (lane) || lane->job->aborted
      || ++lane->cleanups >= TRIES)
    return false;
  for (unsigned i = 1; i < lane->cleanups; i++)
    pause *= 3;
  fettle_lane_later (lane, pause, clean);
  return true;
}

static void
cleaned (struct lane *lane, const struct fettle_outcome *outcome)
{
  if (outcome->code == FETTLE_AGAIN && waits (lane)) {
    keep_token (lane, outcome->token);
    fettle_lane_later (lane, outcome->delay_s, clean);
    return;
  }
  if (outcome->code < FETTLE_OK && tries_again (lane, outcome->code))
    return;
  if (outcome->code == FETTLE_OK)
    forget (lane);
  else {
    fettle_task_log (lane->told, "what this left on the node is removed at its next inventory or deployment: %s",
                     outcome->text ? outcome->text : "it isn't done yet");
    lane->lost = true;
  }
  keep_token (lane, NULL);
  lane->cleanups = 0;
  clean (lane);
}

static void
clean (struct lane *lane)
{
  const struct fettle_node_type *type = type_of (lane);
  int64_t operation = type && type->cleanup && !lane->lost ? next_one (lane) : -1;
  uint32_t time = (uint32_t) lane->engine->settings->deploy_timeout;

  if (operation < 0) {
    lane->cleaned (lane);
    return;
  }
  lane->operation = operation;
  fettle_lane_call (lane, "cleanup", lane->job->aborted && time > ABORT_TIME ? ABORT_TIME : time, cleaned);
}

void
fettle_cleanup_begin (struct lane *lane, void (*then) (struct lane *))
{
  lane->cleaned = then;
  lane->cleanups = 0;
  clean (lane);
}
