/* lane.c - one node's turn at the workers: the queue, the start of a call, what
 * comes back while it runs, pauses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/util.h>
#include <netdb.h>

#include "engine/call-request.h"
#include "engine/internal.h"
#include "engine/serving.h"
#include "engine/rollout.h"
#include "util/text.h"

#define MAX_ITEMS 100000 /* of one node */
#define MAX_FOUND 512    /* nodes that one tells of */
#define LOGIN_KEPT 60    /* s of a pause over which a helper's answer is kept */

struct task *
fettle_lane_task (struct lane *lane, size_t i)
{
  return &lane->job->tasks[lane->first_task + i];
}

/* ---- The queue ---- */

static void start (struct lane *lane);

void
fettle_lanes_dispatch (struct fettle_engine *e)
{
  while (e->ready && e->calls < e->settings->workers && !e->stopping) {
    struct lane *lane = e->ready;

    e->ready = lane->next_ready;
    if (!e->ready)
      e->ready_end = &e->ready;
    lane->ready = false;
    lane->counted = true;
    e->calls++;
    start (lane);
  }
}

static void
unqueue (struct lane *lane)
{
  struct fettle_engine *e = lane->engine;
  struct lane **p = &e->ready;

  while (*p && *p != lane)
    p = &(*p)->next_ready;
  if (!*p)
    return;
  *p = lane->next_ready;
  if (!*p)
    e->ready_end = p;
  lane->ready = false;
}

void
fettle_lane_call (struct lane *lane, const char *what, uint32_t deadline,
                  void (*done) (struct lane *, const struct fettle_outcome *))
{
  struct fettle_engine *e = lane->engine;

  if (fettle_node_firewall_before (lane, what, deadline, done))
    return;
  lane->what = what;
  lane->deadline = deadline;
  lane->done = done;
  lane->next_ready = NULL;
  lane->ready = true;
  *e->ready_end = lane;
  e->ready_end = &lane->next_ready;
  fettle_lanes_dispatch (e);
}

static void
finished (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct fettle_engine *e = lane->engine;

  lane->call = NULL;
  if (outcome->code == FETTLE_E_AUTH)
    fettle_login_forget (lane); /* it may be another one now */
  fettle_serving_called (lane, outcome->code < FETTLE_OK);
  fettle_inventory_unmark (lane, outcome->code);
  if (lane->counted)
    e->calls--;
  lane->counted = false;
  lane->done (lane, outcome);
  fettle_lanes_dispatch (e);
}

static void
fail_call (struct lane *lane, const struct fettle_error *err)
{
  struct fettle_outcome outcome = { .code = err->code, .text = err->text };

  finished (lane, &outcome);
}

/* ---- What comes while the call runs ---- */

static void
take_items (struct lane *lane, const json_t *items)
{
  const json_t *item;
  size_t i;

  json_array_foreach (items, i, item)
    if (json_array_size (lane->items) < MAX_ITEMS
        && json_is_string (json_object_get (item, "id"))
        && json_is_string (json_object_get (item, "version")))
      json_array_append (lane->items, (json_t *) item);
}

static void
take_progress (struct lane *lane, const json_t *message)
{
  struct task *task = lane->told;
  const char *step = json_string_value (json_object_get (message, "step"));
  json_int_t progress = json_integer_value (json_object_get (message, "progress"));

  task->progress = progress < 0 ? 0 : progress > 1000 ? 1000 : (uint32_t) progress;
  snprintf (task->step, sizeof task->step, "%s", step ? step : "");
  fettle_job_event (lane->job, task, json_pack ("{s:i s:s}", "progress", (int) task->progress,
                                                "step", task->step));
}

static void
on_message (void *arg, const json_t *message)
{
  struct lane *lane = arg;
  const char *log = json_string_value (json_object_get (message, "log"));
  const char *key = json_string_value (json_object_get (message, "host_key"));
  const char *certificate = json_string_value (json_object_get (message, "certificate"));
  json_t *items = json_object_get (message, "items");

  if (items)
    take_items (lane, items);
  if (json_object_get (message, "node") && json_array_size (lane->found) < MAX_FOUND)
    json_array_append (lane->found, json_object_get (message, "node"));
  if (log && json_integer_value (json_object_get (message, "level")) <= FETTLE_LOG_INFO)
    fettle_task_log (lane->told, "%s", log);
  if (json_object_get (message, "progress"))
    take_progress (lane, message);
  if (json_object_get (message, "serve"))
    fettle_serving_ask (lane, message);
  if (certificate) {
    fettle_store_run (lane->engine->store, "UPDATE node SET certificate = ? WHERE id = ?", "si",
                      certificate, lane->node);
    fettle_task_log (lane->told, "certificate accepted at first contact, its key: %s", certificate);
  }
  if (key) {
    fettle_store_run (lane->engine->store, "UPDATE node SET host_key = ? WHERE id = ?", "si", key,
                      lane->node);
    fettle_task_log (lane->told, "host key accepted at first contact: %s", key);
  }
}

static void
on_done (void *arg, const struct fettle_outcome *outcome)
{
  finished (arg, outcome);
}

/* ---- Starting: address, journal, then the worker ---- */

struct starting {
  struct lane *lane;
  struct fettle_call_request request;
};

static void
starting_free (struct starting *s)
{
  s->lane->starting = NULL;
  fettle_call_request_clear (&s->request);
  free (s);
}

/* After a hard abort too an inventory says what became of what was begun. */
static bool
decides (struct lane *lane)
{
  if (strcmp (lane->job->kind, "deployment") != 0 || !lane->what
      || strcmp (lane->what, "inventory") != 0)
    return false;
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (fettle_has_word ("installing verifying waiting-reboot", fettle_lane_task (lane, i)->state))
      return true;
  return false;
}

/* And what one that was cut left is removed. */
static bool
tidies (const struct lane *lane)
{
  return strcmp (lane->what, "cleanup") == 0 && !lane->operation;
}

static void
start_now (void *arg)
{
  static const struct fettle_call_handlers handlers = { on_message, on_done };
  struct starting *s = arg;
  struct lane *lane = s->lane;

  lane->call = fettle_pool_call (lane->engine->pool, s->request.json, s->request.fds,
                                 s->request.n_fds, lane->deadline, &handlers, lane);
  if (lane->job->hard && !lane->firewall.ended && !decides (lane) && !tidies (lane))
    fettle_call_abort (lane->call);
  starting_free (s);
}

static void
start_known (struct lane *lane, const struct fettle_error *why)
{
  struct starting *s = calloc (1, sizeof *s);
  struct fettle_error err;

  if (why) {
    free (s);
    fail_call (lane, why);
    return;
  }
  if (!s)
    abort ();
  s->lane = lane;
  lane->starting = s;
  if (fettle_call_request_make (lane, lane->literal, &s->request, &err)) {
    starting_free (s);
    fail_call (lane, &err);
    return;
  }
  if (strcmp (lane->what, "inventory") == 0) {
    json_decref (lane->items);
    json_decref (lane->found);
    lane->items = json_array ();
    lane->found = json_array ();
  }
  fettle_inventory_mark (lane);
  fettle_task_journal (lane->told, lane->what, lane->told->token);
  /* The side effect comes after its journal row is on the disk. */
  fettle_store_then (lane->engine->store, start_now, s);
}

static void
start_open (struct lane *lane)
{
  if (!fettle_login_ask (lane, start_known))
    start_known (lane, NULL);
}

static void
start_at_address (struct lane *lane, const char *address)
{
  bool looks = strcmp (lane->what, "inventory") == 0 || strcmp (lane->what, "probe") == 0;

  snprintf (lane->literal, sizeof lane->literal, "%s", address);
  if (fettle_node_firewall_is_call (lane)) {
    lane->phase = strcmp (lane->job->kind, "inventory") == 0 ? FETTLE_INVENTORY : FETTLE_BOTH;
    start_open (lane);
    return;
  }
  if (strcmp (lane->what, "reach_back") != 0) /* which has said so */
    lane->phase = looks ? FETTLE_INVENTORY : FETTLE_DEPLOYMENT;
  fettle_holes_open (lane, start_open);
}

static void
on_resolved (int result, struct evutil_addrinfo *found, void *arg)
{
  struct lane *lane = arg;
  char address[NI_MAXHOST];
  struct fettle_error err;

  lane->resolving = NULL;
  if (result == EVUTIL_EAI_CANCEL)
    return;
  if (result || !found
      || getnameinfo (found->ai_addr, (socklen_t) found->ai_addrlen, address, sizeof address, NULL,
                      0, NI_NUMERICHOST)) {
    fettle_error_set (&err, FETTLE_E_UNREACHABLE, "the name %s can't be resolved: %s",
                      lane->address, evutil_gai_strerror (result));
    lane->resolved (lane, NULL, &err);
  }
  else
    lane->resolved (lane, address, NULL);
  if (found)
    evutil_freeaddrinfo (found);
}

void
fettle_lane_resolve (struct lane *lane, void (*resolved) (struct lane *, const char *address,
                                                          const struct fettle_error *))
{
  struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                                   .ai_protocol = IPPROTO_TCP };

  lane->resolved = resolved;
  if (fettle_is_address (lane->address))
    resolved (lane, lane->address, NULL);
  else
    lane->resolving = evdns_getaddrinfo (lane->engine->dns, lane->address, NULL, &hints,
                                         on_resolved, lane);
}

static void
start_at (struct lane *lane, const char *address, const struct fettle_error *err)
{
  if (err)
    fail_call (lane, err);
  else
    start_at_address (lane, address);
}

static void
start (struct lane *lane)
{
  fettle_lane_resolve (lane, start_at);
}

/* ---- Pauses, the end ---- */

static void
on_timer (evutil_socket_t fd, short what, void *arg)
{
  struct lane *lane = arg;

  (void) fd;
  (void) what;
  lane->next (lane);
}

void
fettle_lane_later (struct lane *lane, uint32_t seconds, void (*next) (struct lane *))
{
  struct timeval delay = { .tv_sec = seconds, .tv_usec = seconds ? 0 : 1000 };

  if (seconds > LOGIN_KEPT)
    fettle_login_forget (lane);
  lane->next = next;
  lane->wakeable = false;
  if (!lane->timer)
    lane->timer = evtimer_new (lane->engine->base, on_timer, lane);
  evtimer_add (lane->timer, &delay);
}

void
fettle_lane_abort (struct lane *lane)
{
  static const struct fettle_outcome aborted = { .code = FETTLE_E_ABORTED,
                                                 .text = "aborted by the user" };

  if ((lane->call || lane->ready || lane->helper) && decides (lane))
    return;
  if (lane->call)
    fettle_call_abort (lane->call);
  else if (fettle_login_stop (lane))
    finished (lane, &aborted);
  else if (lane->ready) {
    unqueue (lane);
    lane->done (lane, &aborted);
  }
  else if (fettle_recognise_abort (lane))
    return;
  else if (lane->timer && evtimer_pending (lane->timer, NULL)) {
    evtimer_del (lane->timer);
    lane->next (lane);
  }
}

void
fettle_lane_end (struct lane *lane)
{
  struct job *job = lane->job;

  if (fettle_node_firewall_after (lane))
    return;
  fettle_holes_close (lane);
  fettle_login_forget (lane);
  json_decref (lane->items);
  lane->items = NULL;
  if (lane->parking) {
    lane->parking = false;
    lane->firewall.ended = false;
    fettle_job_rollout_parked (lane);
    return;
  }
  fettle_job_rollout_ended (lane);
  if (--job->lanes_left == 0)
    fettle_job_finish (job, NULL, -1);
}

void
fettle_lane_clear (struct lane *lane)
{
  if (lane->ready)
    unqueue (lane);
  if (lane->resolving)
    evdns_getaddrinfo_cancel (lane->resolving);
  fettle_login_stop (lane);
  fettle_login_forget (lane);
  if (lane->starting) {
    fettle_store_forget (lane->engine->store, lane->starting);
    starting_free (lane->starting);
  }
  if (lane->timer)
    event_free (lane->timer);
  json_decref (lane->items);
  json_decref (lane->found);
  fettle_check_free (lane->check);
  fettle_recognise_free (lane->recognition);
  fettle_node_firewall_clear (lane);
  free (lane->lane_token);
  free (lane->name);
  free (lane->address);
  free (lane->type);
}
