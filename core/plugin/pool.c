/* pool.c - see pool.h.
 *
 * A call waits in its plugin's queue until it is the plugin's turn (they take
 * turns, so that a thousand slow nodes of one kind don't hold up the others)
 * and fewer than `workers` calls run.  It ends when the zygote says that its
 * process has ended, never before: so what runs is what is counted.
 *
 * All work is done from the event loop, through `turn`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "plugin/pool-internal.h"
#include "util/log.h"

/* ---- Ends ---- */

static void
unlink_running (struct fettle_call *call)
{
  if (call->previous)
    call->previous->next = call->next;
  else
    call->kind->running = call->next;
  if (call->next)
    call->next->previous = call->previous;
  call->pool->n_running--;
}

static void
take_turn (struct fettle_pool *pool)
{
  event_active (pool->turn, EV_TIMEOUT, 0);
}

/* Says how it ended; the call is gone afterwards. */
static void
finish (struct fettle_call *call)
{
  const json_t *r = call->result;
  struct fettle_outcome o = { .code = call->failure.code, .text = call->failure.text };

  if (call->is_running) {
    unlink_running (call);
    take_turn (call->pool);
  }
  if (o.code == FETTLE_OK && r) {
    o.code = (fettle_result) json_integer_value (json_object_get (r, "result"));
    o.text = json_string_value (json_object_get (r, "error"));
    o.score = (uint32_t) json_integer_value (json_object_get (r, "score"));
    o.delay_s = (uint32_t) json_integer_value (json_object_get (r, "delay"));
    o.token = json_string_value (json_object_get (r, "token"));
    o.former = json_string_value (json_object_get (r, "former"));
  }
  if (o.code >= 0)
    o.text = NULL;
  call->handlers->done (call->arg, &o);
  fettle_call_free (call);
}

/* ---- Zygotes ---- */

static void
zygote_ready (void *arg)
{
  struct kind *kind = arg;

  kind->ready = true;
  take_turn (kind->pool);
}

static void
zygote_exited (void *arg, uint64_t id, int status)
{
  struct kind *kind = arg;

  for (struct fettle_call *call = kind->running; call; call = call->next)
    if (call->id == id) {
      while (fettle_call_receive (call))
        continue;
      fettle_call_judge (call, status);
      finish (call);
      return;
    }
}

static void
fail_waiting (struct kind *kind, const struct fettle_error *why)
{
  struct fettle_call *call = kind->first;

  if (!call)
    return;
  for (;; call = call->next) {
    if (call->failure.code == FETTLE_OK)
      call->failure = *why;
    if (!call->next)
      break;
  }
  call->next = kind->pool->failed;
  kind->pool->failed = kind->first;
  kind->first = NULL;
  kind->last = &kind->first;
  take_turn (kind->pool);
}

static void
zygote_gone (void *arg, const char *text)
{
  struct kind *kind = arg;
  struct fettle_error why;

  fettle_error_set (&why, FETTLE_E_INTERNAL, "%s", text);
  fettle_log (FETTLE_LOG_WARNING, "%s", text);
  /* It isn't freed here: it is what calls. */
  kind->old = kind->zygote;
  kind->zygote = NULL;
  if (!kind->ready)
    fail_waiting (kind, &why);
  kind->ready = false;
  take_turn (kind->pool);
  while (kind->running) {
    struct fettle_call *call = kind->running;

    while (fettle_call_receive (call))
      continue;
    if (call->failure.code == FETTLE_OK && !call->result)
      call->failure = why;
    finish (call);
  }
}

static const struct fettle_zygote_handlers zygote_handlers = {
  zygote_ready, zygote_exited, zygote_gone,
};

/* ---- Starting calls ---- */

static void
run (struct fettle_call *call)
{
  struct fettle_pool *pool = call->pool;
  struct kind *kind = call->kind;
  int theirs = -1;

  call->next = kind->running;
  if (call->next)
    call->next->previous = call;
  kind->running = call;
  call->is_running = true;
  pool->n_running++;
  if (fettle_call_begin (call, &theirs) == FETTLE_OK) {
    fettle_zygote_start (kind->zygote, call->id, theirs);
    return;
  }
  if (theirs >= 0)
    close (theirs);
  finish (call);
}

static struct fettle_call *
take_waiting (struct kind *kind)
{
  struct fettle_call *call = kind->first;

  kind->first = call->next;
  if (!kind->first)
    kind->last = &kind->first;
  call->next = NULL;
  return call;
}

/* True when the kind can start a call. */
static bool
has_zygote (struct kind *kind)
{
  struct fettle_error err;

  if (kind->old) {
    fettle_zygote_free (kind->old);
    kind->old = NULL;
  }
  if (!kind->zygote
      && fettle_zygote_new (kind->pool->base, kind->pool->settings, kind->plugin, &zygote_handlers, kind,
                            &kind->zygote, &err) != FETTLE_OK)
    fail_waiting (kind, &err);
  return kind->zygote && kind->ready;
}

static void
finish_failed (struct fettle_pool *pool)
{
  struct fettle_call *call = pool->failed;

  pool->failed = NULL;
  while (call) {
    struct fettle_call *next = call->next;

    finish (call);
    call = next;
  }
}

static void
on_turn (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_pool *pool = arg;
  size_t idle = 0;

  (void) fd, (void) what;
  finish_failed (pool);
  while (pool->n_running < pool->settings->workers && idle < pool->n_kinds) {
    struct kind *kind = &pool->kinds[pool->next];

    pool->next = (pool->next + 1) % pool->n_kinds;
    idle++;
    if (!kind->first || !has_zygote (kind))
      continue;
    run (take_waiting (kind));
    idle = 0;
  }
}

/* ---- Calls ---- */

static void
enqueue (struct fettle_call *call)
{
  if (call->failure.code != FETTLE_OK || !call->kind) {
    call->next = call->pool->failed;
    call->pool->failed = call;
  } else {
    *call->kind->last = call;
    call->kind->last = &call->next;
  }
  take_turn (call->pool);
}

static void
find_kind (struct fettle_call *call, const char *type)
{
  const struct fettle_plugin_info *plugin = NULL;
  struct fettle_pool *pool = call->pool;

  if (type && fettle_plugins_type (pool->plugins, type, &plugin))
    for (size_t i = 0; i < pool->n_kinds; i++)
      if (pool->kinds[i].plugin == plugin)
        call->kind = &pool->kinds[i];
  if (!call->kind)
    fettle_error_set (&call->failure, FETTLE_E_CONFIG, "no plugin is here for nodes of type %s",
                      type ? type : "(none)");
}

struct fettle_call *
fettle_pool_call (struct fettle_pool *pool, const json_t *request, const int *fds, size_t n_fds,
                  uint32_t deadline_s, const struct fettle_call_handlers *handlers, void *arg)
{
  struct fettle_call *call = calloc (1, sizeof *call);
  const char *operation = json_string_value (json_object_get (request, "call"));

  if (!call)
    abort (); /* as everywhere where nobody could be told */
  *call = (struct fettle_call) { .pool = pool, .handlers = handlers, .arg = arg,
                                 .id = ++pool->last_id, .deadline_s = deadline_s, .socket = -1 };
  snprintf (call->operation, sizeof call->operation, "%s", operation ? operation : "a call");
  find_kind (call, json_string_value (json_object_get (request, "type")));
  fettle_call_keep (call, request, fds, n_fds);
  enqueue (call);
  return call;
}

/* Out of its queue, if it is in one. */
static bool
unlink_waiting (struct fettle_call *call)
{
  struct kind *kind = call->kind;

  for (struct fettle_call **p = &kind->first; *p; p = &(*p)->next)
    if (*p == call) {
      *p = call->next;
      if (!*p)
        kind->last = p;
      call->next = NULL;
      return true;
    }
  return false;
}

void
fettle_call_abort (struct fettle_call *call)
{
  if (call->is_running)
    fettle_call_ask_to_end (call);
  else if (call->failure.code == FETTLE_OK && unlink_waiting (call)) {
    fettle_error_set (&call->failure, FETTLE_E_ABORTED, "stopped before it began");
    enqueue (call);
  }
}

/* ---- The pool ---- */

struct fettle_pool *
fettle_pool_new (struct event_base *base, const struct fettle_settings *settings,
                 const struct fettle_plugins *plugins)
{
  struct fettle_pool *pool = calloc (1, sizeof *pool);

  if (!pool)
    return NULL;
  *pool = (struct fettle_pool) { .base = base, .settings = settings, .plugins = plugins,
                                 .n_kinds = plugins->n_plugins };
  pool->kinds = calloc (pool->n_kinds + 1, sizeof *pool->kinds);
  pool->turn = evtimer_new (base, on_turn, pool);
  if (!pool->kinds || !pool->turn) {
    fettle_pool_free (pool);
    return NULL;
  }
  for (size_t i = 0; i < pool->n_kinds; i++) {
    pool->kinds[i] = (struct kind) { .pool = pool, .plugin = &plugins->plugins[i] };
    pool->kinds[i].last = &pool->kinds[i].first;
  }
  return pool;
}

static void
free_calls (struct fettle_call *call)
{
  while (call) {
    struct fettle_call *next = call->next;

    fettle_call_free (call);
    call = next;
  }
}

void
fettle_pool_free (struct fettle_pool *pool)
{
  if (!pool)
    return;
  for (size_t i = 0; pool->kinds && i < pool->n_kinds; i++) {
    fettle_zygote_free (pool->kinds[i].zygote);
    fettle_zygote_free (pool->kinds[i].old);
    free_calls (pool->kinds[i].running);
    free_calls (pool->kinds[i].first);
  }
  free_calls (pool->failed);
  if (pool->turn)
    event_free (pool->turn);
  free (pool->kinds);
  free (pool);
}
