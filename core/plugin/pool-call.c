/* pool-call.c - one call: what it is sent, what it says, how long it may take,
 * and what the way that it ended means.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "plugin/pool-internal.h"
#include "plugin/said.h"
#include "plugin/wire.h"
#include "util/log.h"
#include "util/text.h"

#define ABORT_TIME   2                   /* s to end in when asked */
#define KILL_TIME    10                  /* s until a killed process is gone */
#define RECEIVED_MAX (512 * 1024 * 1024) /* bytes that one call may say */
#define MESSAGES     32                  /* of one call in one go */

static const char *
plugin_name (const struct fettle_call *call)
{
  return call->kind->plugin->descriptor.name;
}

/* ---- What it is sent ---- */

static void
forget_request (struct fettle_call *call)
{
  fettle_wipe_free (call->request);
  call->request = NULL;
  for (size_t i = 0; i < call->n_fds; i++)
    close (call->fds[i]);
  call->n_fds = 0;
}

void
fettle_call_free (struct fettle_call *call)
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

void
fettle_call_keep (struct fettle_call *call, const json_t *request, const int *fds, size_t n_fds)
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

/* ---- By force ---- */

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

bool
fettle_call_receive (struct fettle_call *call)
{
  return receive (call, MESSAGES);
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

/* ---- From its beginning to its end ---- */

fettle_result
fettle_call_begin (struct fettle_call *call, int *ret_theirs)
{
  struct event_base *base = call->pool->base;
  struct timeval time = { (time_t) call->deadline_s, 0 };

  if (send_request (call, ret_theirs) != FETTLE_OK)
    return call->failure.code;
  call->readable = event_new (base, call->socket, EV_READ | EV_PERSIST, on_readable, call);
  call->timer = evtimer_new (base, on_time, call);
  if (!call->readable || !call->timer)
    return fettle_error_set (&call->failure, FETTLE_E_NOMEM, "no memory for a call");
  event_add (call->readable, NULL);
  if (call->deadline_s)
    event_add (call->timer, &time);
  return FETTLE_OK;
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
fettle_call_ask_to_end (struct fettle_call *call)
{
  static const struct timeval time = { ABORT_TIME, 0 };
  struct fettle_error err;
  _cleanup_json_ json_t *m = NULL;

  if (call->is_killed || !call->timer)
    return;
  m = json_pack ("{s:b}", "abort", 1);
  (void) fettle_wire_send (call->socket, m, NULL, 0, &err);
  event_del (call->timer);
  evtimer_assign (call->timer, call->pool->base, on_abort_time, call);
  event_add (call->timer, &time);
}

void
fettle_call_judge (struct fettle_call *call, int status)
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
