/* recognise.c - of which type is a node?
 *
 * The ports by which the types' inventories would connect are tried first, all
 * at a time: a plugin's own probe, which would wait long for what a firewall
 * swallows, is asked only where a port of its type answers.  Types all of whose
 * ports answer are asked first, and the others only if none of these is it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>

#include "check/probe.h"
#include "engine/call-request.h"

#define SURE_ENOUGH 50 /* a probe's score for a type to be taken */
#define MAX_PORTS   64
/* Once a port has answered, the others have as long as a SYN that was lost
 * needs to be sent again, and answered. */
#define GRACE_MS    2500

struct try {
  struct recognition *recognition;
  struct fettle_probe *probe; /* under way */
  uint16_t port;
  int error;                  /* errno; 0: it answered */
};

/* Of a type's ports. */
enum fit {
  ALL_ANSWER,
  SOME_ANSWER,
  NONE_ANSWERS,
};

struct recognition {
  struct lane *lane;
  void (*done) (struct lane *, const struct fettle_error *);
  struct event *grace;
  struct try tries[MAX_PORTS];
  size_t n_tries, running;
  enum fit turn;              /* whose it is to be asked */
  size_t at;                  /* the node type being asked */
  uint32_t best_score;
  const char *best_type;      /* its name in its plugin's descriptor */
  struct fettle_error why;    /* the last one that couldn't be asked */
};

static void ask (struct lane *lane);

void
fettle_recognise_free (struct recognition *r)
{
  if (!r)
    return;
  for (size_t i = 0; i < r->n_tries; i++)
    fettle_probe_cancel (r->tries[i].probe);
  if (r->grace)
    event_free (r->grace);
  free (r);
}

static void
finish (struct lane *lane, const struct fettle_error *why)
{
  void (*done) (struct lane *, const struct fettle_error *) = lane->recognition->done;

  fettle_recognise_free (lane->recognition);
  lane->recognition = NULL;
  done (lane, why);
}

/* ---- The ports ---- */

static bool
can_be_tried (const struct fettle_port_range *range)
{
  return range->protocol == FETTLE_TCP && range->first == range->last;
}

static struct try *
try_of (struct recognition *r, uint16_t port)
{
  for (size_t i = 0; i < r->n_tries; i++)
    if (r->tries[i].port == port)
      return &r->tries[i];
  return NULL;
}

/* A type that has no port which could be tried may be there for all we know. */
static enum fit
fit_of (struct recognition *r, const struct fettle_node_type *type, const json_t *settings)
{
  struct fettle_port_range ranges[MAX_PORTS];
  size_t n = fettle_call_ranges (type, settings, FETTLE_INVENTORY, ranges, MAX_PORTS);
  size_t tried = 0, answer = 0;

  for (size_t i = 0; i < n; i++) {
    const struct try *t = can_be_tried (&ranges[i]) ? try_of (r, ranges[i].first) : NULL;

    tried += t != NULL;
    answer += t && !t->error;
  }
  return !tried ? SOME_ANSWER : answer == tried ? ALL_ANSWER : answer ? SOME_ANSWER : NONE_ANSWERS;
}

/* OK if somebody does. */
static void
nobody_answers (const struct recognition *r, struct fettle_error *err)
{
  const struct lane *lane = r->lane;
  char list[600] = "";
  size_t n = 0;

  for (size_t i = 0; i < r->n_tries; i++)
    if (!r->tries[i].error)
      return;
  if (!r->n_tries)
    return;

  for (size_t i = 0; i < r->n_tries && n < sizeof list - 64; i++)
    n += (size_t) snprintf (list + n, sizeof list - n, "%s%u: %s", n ? ", " : "", r->tries[i].port,
                            strerror (r->tries[i].error));
  fettle_error_set (err, FETTLE_E_UNREACHABLE,
                    "no port by which %s could be recognised answers (TCP %s): see that it is on and"
                    " that no firewall is in between; or say what it is with \"fettle node set %s"
                    " --type TYPE\", and then \"fettle check %s\" tells more",
                    lane->address, list, lane->name, lane->name);
}

static void
tried (struct recognition *r)
{
  event_del (r->grace);
  for (size_t i = 0; i < r->n_tries; i++) {
    fettle_probe_cancel (r->tries[i].probe);
    r->tries[i].probe = NULL;
  }
  r->running = 0;
  nobody_answers (r, &r->why);
  ask (r->lane);
}

static void
on_grace (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what;
  tried (arg);
}

static void
on_seen (void *arg, const struct fettle_probe_seen *seen)
{
  static const struct timeval grace = { GRACE_MS / 1000, GRACE_MS % 1000 * 1000 };
  struct try *t = arg;
  struct recognition *r = t->recognition;

  t->probe = NULL;
  t->error = seen->error;
  if (--r->running == 0)
    tried (r);
  else if (!t->error && !event_pending (r->grace, EV_TIMEOUT, NULL))
    event_add (r->grace, &grace);
}

static void
try_ports (struct recognition *r, const struct fettle_node_type *type, const json_t *settings,
           const char *address)
{
  struct fettle_port_range ranges[MAX_PORTS];
  size_t n = fettle_call_ranges (type, settings, FETTLE_INVENTORY, ranges, MAX_PORTS);
  struct fettle_error err;

  for (size_t i = 0; i < n && r->n_tries < MAX_PORTS; i++) {
    struct try *t = &r->tries[r->n_tries];

    if (!can_be_tried (&ranges[i]) || try_of (r, ranges[i].first))
      continue;
    *t = (struct try) { .recognition = r, .port = ranges[i].first, .error = ETIMEDOUT };
    r->n_tries++;
    if (fettle_probe_tcp (r->lane->engine->prober, address, t->port, 0, on_seen, t, &t->probe, &err))
      t->error = EHOSTUNREACH;
    else
      r->running++;
  }
}

/* ---- The types ---- */

/* The n-th node type that can probe, or NULL. */
static const struct fettle_node_type *
prober (const struct fettle_plugins *plugins, size_t n)
{
  for (size_t p = 0; p < plugins->n_plugins; p++)
    for (uint32_t t = 0; t < plugins->plugins[p].descriptor.n_node_types; t++) {
      const struct fettle_node_type *type = &plugins->plugins[p].node_types[t];

      if (type->probe && n-- == 0)
        return type;
    }
  return NULL;
}

static json_t *
settings_of (struct lane *lane)
{
  struct fettle_rows rows;
  json_t *ret = NULL;

  fettle_store_query (lane->engine->store, &rows, "SELECT settings FROM node WHERE id = ?", "i",
                      lane->node);
  if (fettle_rows_next (&rows))
    ret = fettle_rows_json (&rows, 0);
  fettle_rows_end (&rows);
  return ret ? ret : json_object ();
}

static void
asked (struct lane *lane)
{
  struct recognition *r = lane->recognition;
  struct fettle_engine *e = lane->engine;
  struct task *task = fettle_lane_task (lane, 0);
  struct fettle_error err = r->why;

  if (r->best_score >= SURE_ENOUGH) {
    free (lane->type);
    lane->type = strdup (r->best_type);
    fettle_store_run (e->store, "UPDATE node SET type = ? WHERE id = ?", "si", lane->type, lane->node);
    fettle_store_run (e->store, "UPDATE task SET type = ? WHERE id = ?", "si", lane->type, task->id);
    fettle_task_log (task, "recognised as %s (score %u)", lane->type, r->best_score);
    finish (lane, NULL);
    return;
  }
  if (err.code == FETTLE_OK)
    fettle_error_set (&err, FETTLE_E_UNSUPPORTED, "no plugin recognises this node: say what it is with"
                                                  " \"fettle node set %s --type TYPE\"", lane->name);
  finish (lane, &err);
}

static void
answered (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct recognition *r = lane->recognition;

  if (outcome->code == FETTLE_OK && outcome->score > r->best_score) {
    r->best_score = outcome->score;
    r->best_type = lane->asked_type;
  }
  else if (outcome->code != FETTLE_OK)
    fettle_error_set (&r->why, outcome->code, "%s", outcome->text ? outcome->text : "no reason given");
  r->at++;
  ask (lane);
}

/* The next one that it could be; NULL if there is none, or need be none. */
static const struct fettle_node_type *
next_type (struct recognition *r, const json_t *settings)
{
  const struct fettle_plugins *plugins = r->lane->engine->plugins;

  for (; r->best_score < 100 && r->turn < NONE_ANSWERS; r->turn++, r->at = 0) {
    const struct fettle_node_type *type;

    for (; (type = prober (plugins, r->at)); r->at++)
      if (fit_of (r, type, settings) == r->turn)
        return type;
    if (r->best_score >= SURE_ENOUGH)
      break;
  }
  return NULL;
}

static void
ask (struct lane *lane)
{
  struct recognition *r = lane->recognition;
  _cleanup_json_ json_t *settings = settings_of (lane);
  const struct fettle_node_type *type;

  if (lane->job->aborted) {
    fettle_error_set (&r->why, FETTLE_E_ABORTED, "aborted by the user");
    finish (lane, &r->why);
    return;
  }
  type = next_type (r, settings);
  if (!type) {
    asked (lane);
    return;
  }
  lane->asked_type = type->name;
  fettle_lane_call (lane, "probe", (uint32_t) lane->engine->settings->inventory_timeout, answered);
}

static void
look (struct lane *lane, const char *address, const struct fettle_error *why)
{
  struct recognition *r = lane->recognition;
  _cleanup_json_ json_t *settings = settings_of (lane);
  const struct fettle_node_type *type;

  if (why || lane->job->aborted) {
    r->why = why ? *why : r->why;
    r->turn = NONE_ANSWERS;
    ask (lane);
    return;
  }
  for (size_t n = 0; (type = prober (lane->engine->plugins, n)); n++)
    try_ports (r, type, settings, address);
  if (!r->running)
    tried (r);
}

bool
fettle_recognise_abort (struct lane *lane)
{
  if (!lane->recognition || !lane->recognition->running)
    return false;
  tried (lane->recognition);
  return true;
}

void
fettle_recognise (struct lane *lane, void (*done) (struct lane *, const struct fettle_error *))
{
  struct recognition *r = calloc (1, sizeof *r);

  if (!r)
    abort ();
  r->lane = lane;
  r->done = done;
  r->grace = evtimer_new (lane->engine->base, on_grace, r);
  if (!r->grace)
    abort ();
  lane->recognition = r;
  fettle_lane_resolve (lane, look);
}
