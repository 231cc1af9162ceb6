/* context.c - see context.h: waiting, and which ports are allowed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <poll.h>

#include "transport/context.h"

static fettle_result
say_aborted (fettle_ctx *c)
{
  return fettle_error_set (&c->error, FETTLE_E_ABORTED, "stopped as asked");
}

/* Something has come, or the service has gone. */
static void
take_message (fettle_ctx *c)
{
  if (c->take)
    c->take (c);
  else
    c->aborted = true;
}

bool
fettle_context_aborted (fettle_ctx *c)
{
  struct pollfd p = { .fd = c->call, .events = POLLIN };

  while (!c->aborted && poll (&p, 1, 0) > 0)
    take_message (c);
  if (c->aborted)
    say_aborted (c);
  return c->aborted;
}

static int
poll_time (int64_t deadline)
{
  int64_t left;

  if (deadline == FETTLE_NEVER)
    return -1;
  left = deadline - fettle_now_ms ();
  if (left <= 0)
    return 0;
  return left > INT32_MAX ? INT32_MAX : (int) left;
}

static fettle_result
wait_for (fettle_ctx *c, int fd, short events, int64_t deadline, bool message)
{
  struct pollfd p[2] = { { .fd = c->call, .events = POLLIN }, { .fd = fd, .events = events } };

  for (;;) {
    int n;

    if (c->aborted)
      return say_aborted (c);
    if (message && json_array_size (c->inbox))
      return FETTLE_OK;
    n = poll (p, 2, poll_time (deadline));
    if (n < 0 && errno != EINTR)
      return fettle_error_errno (&c->error, FETTLE_E_INTERNAL, "waiting for the node");
    if (n > 0 && p[0].revents) {
      take_message (c);
      continue;
    }
    if (n > 0)
      return FETTLE_OK;
    if (n == 0 && deadline <= fettle_now_ms ())
      return FETTLE_E_TIMEOUT;
  }
}

fettle_result
fettle_context_wait (fettle_ctx *c, int fd, short events, int64_t deadline)
{
  return wait_for (c, fd, events, deadline, false);
}

fettle_result
fettle_context_wait_message (fettle_ctx *c, int64_t deadline)
{
  return wait_for (c, -1, 0, deadline, true);
}

fettle_result
fettle_context_port (fettle_ctx *c, uint32_t protocol, uint32_t declared, uint16_t *ret_port)
{
  for (size_t i = 0; i < c->n_allowed; i++) {
    const struct fettle_allowed *a = &c->allowed[i];

    if (a->protocol != protocol || declared < a->declared_first || declared > a->declared_last)
      continue;
    *ret_port = (uint16_t) (a->first + (declared - a->declared_first));
    return FETTLE_OK;
  }
  return fettle_error_set (&c->error, FETTLE_E_CONFIG,
                           "plugin %s wanted %s port %u, which its node type %s doesn't declare for %s",
                           c->plugin, protocol == FETTLE_TCP ? "TCP" : "UDP", declared, c->type,
                           c->phase == FETTLE_INVENTORY ? "inventory" : "deployment");
}
