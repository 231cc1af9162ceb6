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

#include <fcntl.h>
#include <sys/wait.h>

#include "plugin/pool.h"
#include "plugin/said.h"
#include "plugin/wire.h"
#include "plugin/zygote.h"
#include "util/log.h"
#include "util/text.h"

#define ABORT_TIME   2                   /* s to end in when asked */
#define KILL_TIME    10                  /* s until a killed process is gone */
#define RECEIVED_MAX (512 * 1024 * 1024) /* bytes that one call may say */
#define MESSAGES     32                  /* of one call in one go */

struct kind { /* of a plugin */
  struct fettle_pool *pool;
  const struct fettle_plugin_info *plugin;
  struct fettle_zygote *zygote, *old; /* old: gone, to be freed */
  bool ready;
  struct fettle_call *first, **last; /* waiting */
  struct fettle_call *running;
};

struct fettle_pool {
  struct event_base *base;
  const struct fettle_settings *settings;
  const struct fettle_plugins *plugins;
  struct kind *kinds;
  size_t n_kinds, next;   /* next: whose turn it is */
  struct event *turn;
  struct fettle_call *failed; /* before they ran */
  uint64_t n_running, last_id;
};

struct fettle_call {
  struct fettle_call *next, *previous; /* previous: while running */
  struct fettle_pool *pool;
  struct kind *kind;
  const struct fettle_call_handlers *handlers;
  void *arg;
  uint64_t id;
  char operation[24];
  char *request;
  int fds[FETTLE_WIRE_FDS];
  size_t n_fds;
  uint32_t deadline_s;
  bool is_running, is_killed;
  int socket;
  struct event *readable, *timer;
  size_t received;
  json_t *result;
  struct fettle_error failure; /* ours, code 0: none yet */
};

static const char *
plugin_name (const struct fettle_call *call)
{
  return call->kind->plugin->descriptor.name;
}

/* ---- Ends ---- */

static void
forget_request (struct fettle_call *call)
{
  fettle_wipe_free (call->request);
  call->request = NULL;
  for (size_t i = 0; i < call->n_fds; i++)
    close (call->fds[i]);
  call->n_fds = 0;
}

static void
free_call (struct fettle_call *call)
{
  if (call->readable)
    event_free (call->readable);
  if (call->timer)
    event_free (call->timer);
  if (call->socket >= 0)
    close (call->socket);
  forget_request (call);
  json_decref (call->result);
  free (call);
}

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
  free_call (call);
}

/* What the way the process ended means. */
static void
judge_end (struct fettle_call *call, int status)
{
  struct fettle_error *f = &call->failure;
  const char *name = plugin_name (call);

  if (f->code != FETTLE_OK)
    return;
  if (status == -1)
    fettle_error_set (f, FETTLE_E_NOMEM, "no process could be started for %s", call->operation);
  else if (WIFSIGNALED (status))
    fettle_error_set (f, FETTLE_E_INTERNAL, "plugin %s crashed (signal %d, %s) during %s", name,
                      WTERMSIG (status), strsignal (WTERMSIG (status)), call->operation);
  else if (WEXITSTATUS (status) != 0)
    fettle_error_set (f, FETTLE_E_INTERNAL, "plugin %s ended its process (exit status %d) during %s",
                      name, WEXITSTATUS (status), call->operation);
  else if (!call->result)
    fettle_error_set (f, FETTLE_E_INTERNAL, "plugin %s ended its process without a result during %s",
                      name, call->operation);
}

/* Ends it by force, for the reason that stands in `failure`. */
static void
kill_call (struct fettle_call *call)
{
  static const struct timeval time = { KILL_TIME, 0 };

  if (call->is_killed)
    return;
  call->is_killed = true;
  event_del (call->readable);
  event_add (call->timer, &time);
  fettle_zygote_kill (call->kind->zygote, call->id);
}

/* ---- What a call says.  The plugin's code runs where this comes from. ---- */

static void
garbage (struct fettle_call *call, const char *what)
{
  fettle_error_set (&call->failure, FETTLE_E_INTERNAL, "plugin %s's process said what no worker says "
                    "(%s), and was killed", plugin_name (call), what);
}

static void
hear (struct fettle_call *call, json_t *m)
{
  if (json_object_get (m, "result")) {
    if (call->result || !fettle_said_is_result (m))
      garbage (call, "a wrong result");
    else
      call->result = json_incref (m);
  } else if (call->result || !fettle_said_is_message (m))
    garbage (call, "a wrong message");
  else if (call->handlers->message)
    call->handlers->message (call->arg, m);
}

/* At most n messages; false when nothing more is to come now. */
static bool
receive (struct fettle_call *call, int n)
{
  while (n-- && call->failure.code == FETTLE_OK) {
    _cleanup_json_ json_t *m = NULL;
    struct fettle_error err;
    size_t size = 0;
    fettle_result r = fettle_wire_receive_size (call->socket, &m, &size, &err);

    if (r == FETTLE_AGAIN)
      return false;
    if (r == FETTLE_E_UNREACHABLE) {
      event_del (call->readable);
      return false;
    }
    call->received += size;
    if (r != FETTLE_OK)
      garbage (call, err.text);
    else if (call->received > RECEIVED_MAX)
      garbage (call, "too much");
    else
      hear (call, m);
  }
  return call->failure.code == FETTLE_OK;
}

static void
on_readable (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_call *call = arg;

  (void) fd, (void) what;
  receive (call, MESSAGES);
  if (call->failure.code != FETTLE_OK)
    kill_call (call);
}

/* ---- Time ---- */

static void
on_time (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_call *call = arg;

  (void) fd, (void) what;
  if (call->is_killed) {
    fettle_zygote_give_up (call->kind->zygote, "it doesn't kill a call");
    return;
  }
  if (call->failure.code == FETTLE_OK)
    fettle_error_set (&call->failure, FETTLE_E_TIMEOUT, "%s took longer than %u s, and was ended",
                      call->operation, call->deadline_s);
  kill_call (call);
}

/* The reason is set when its time is over, so that a call that still ends by
 * itself can say how. */
static void
on_abort_time (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_call *call = arg;

  (void) fd, (void) what;
  if (!call->is_killed && call->failure.code == FETTLE_OK)
    fettle_error_set (&call->failure, FETTLE_E_ABORTED, "stopped by force: plugin %s didn't end within "
                      "%d s of being asked", plugin_name (call), ABORT_TIME);
  on_time (fd, what, arg);
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
      while (receive (call, MESSAGES))
        continue;
      judge_end (call, status);
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

    while (receive (call, MESSAGES))
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

static fettle_result
send_request (struct fettle_call *call, int *ret_theirs)
{
  int ends[2];

  if (fettle_wire_pair (ends, &call->failure) != FETTLE_OK)
    return call->failure.code;
  call->socket = ends[0];
  *ret_theirs = ends[1];
  evutil_make_socket_nonblocking (call->socket);
  if (fettle_wire_send_text (call->socket, call->request, strlen (call->request), call->fds,
                             call->n_fds, &call->failure) == FETTLE_AGAIN)
    fettle_error_set (&call->failure, FETTLE_E_INTERNAL, "the request is too large for a socket");
  forget_request (call);
  return call->failure.code;
}

static void
run (struct fettle_call *call)
{
  struct fettle_pool *pool = call->pool;
  struct kind *kind = call->kind;
  struct timeval time = { (time_t) call->deadline_s, 0 };
  int theirs = -1;

  call->next = kind->running;
  if (call->next)
    call->next->previous = call;
  kind->running = call;
  call->is_running = true;
  pool->n_running++;
  if (send_request (call, &theirs) != FETTLE_OK) {
    if (theirs >= 0)
      close (theirs);
    finish (call);
    return;
  }
  call->readable = event_new (pool->base, call->socket, EV_READ | EV_PERSIST, on_readable, call);
  call->timer = evtimer_new (pool->base, on_time, call);
  if (!call->readable || !call->timer) {
    close (theirs);
    fettle_error_set (&call->failure, FETTLE_E_NOMEM, "no memory for a call");
    finish (call);
    return;
  }
  event_add (call->readable, NULL);
  if (call->deadline_s)
    event_add (call->timer, &time);
  fettle_zygote_start (kind->zygote, call->id, theirs);
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

static void
keep_request (struct fettle_call *call, const json_t *request, const int *fds, size_t n_fds)
{
  call->request = json_dumps (request, JSON_COMPACT);
  if (!call->request)
    fettle_error_set (&call->failure, FETTLE_E_NOMEM, "no memory for a request");
  else if (strlen (call->request) > FETTLE_WIRE_MAX || n_fds > FETTLE_WIRE_FDS)
    fettle_error_set (&call->failure, FETTLE_E_CONFIG, "a request of %zu bytes with %zu files is more than "
                      "a worker takes", strlen (call->request), n_fds);
  while (call->failure.code == FETTLE_OK && call->n_fds < n_fds) {
    int fd = fcntl (fds[call->n_fds], F_DUPFD_CLOEXEC, 3);

    if (fd < 0)
      fettle_error_errno (&call->failure, FETTLE_E_INTERNAL, "keeping a file for a worker");
    else
      call->fds[call->n_fds++] = fd;
  }
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
  keep_request (call, request, fds, n_fds);
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
fettle_call_send (struct fettle_call *call, const json_t *message)
{
  struct fettle_error err;

  if (call->is_running && !call->is_killed && call->socket >= 0
      && fettle_wire_send (call->socket, message, NULL, 0, &err) != FETTLE_OK)
    fettle_log (FETTLE_LOG_DEBUG, "a message to a call of %s is lost", plugin_name (call));
}

void
fettle_call_abort (struct fettle_call *call)
{
  static const struct timeval time = { ABORT_TIME, 0 };
  struct fettle_error err;
  _cleanup_json_ json_t *m = NULL;

  if (!call->is_running) {
    if (call->failure.code == FETTLE_OK && unlink_waiting (call)) {
      fettle_error_set (&call->failure, FETTLE_E_ABORTED, "stopped before it began");
      enqueue (call);
    }
    return;
  }
  if (call->is_killed || !call->timer)
    return;
  m = json_pack ("{s:b}", "abort", 1);
  (void) fettle_wire_send (call->socket, m, NULL, 0, &err);
  event_del (call->timer);
  evtimer_assign (call->timer, call->pool->base, on_abort_time, call);
  event_add (call->timer, &time);
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

    free_call (call);
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
