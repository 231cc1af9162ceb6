/* connect.c - TCP connections to the target, to declared ports alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "transport/context.h"

#define TRIES 3 /* of a refused connection: a server may be restarting */

static socklen_t
set_port (struct sockaddr_storage *a, uint16_t port)
{
  if (a->ss_family == AF_INET6) {
    ((struct sockaddr_in6 *) a)->sin6_port = htons (port);
    return sizeof (struct sockaddr_in6);
  }
  ((struct sockaddr_in *) a)->sin_port = htons (port);
  return sizeof (struct sockaddr_in);
}

/* Begins and awaits one connection.  Sets errno where it returns UNREACHABLE,
 * and the error in no case but an abort's. */
static fettle_result
attempt (fettle_ctx *c, int fd, uint16_t port, int64_t deadline)
{
  struct sockaddr_storage a = c->address;
  socklen_t n = set_port (&a, port), error_size = sizeof (int);
  int error = 0;
  fettle_result r;

  if (connect (fd, (struct sockaddr *) &a, n) == 0)
    return FETTLE_OK;
  if (errno != EINPROGRESS)
    return FETTLE_E_UNREACHABLE;
  r = fettle_context_wait (c, fd, POLLOUT, deadline);
  if (r != FETTLE_OK)
    return r;
  getsockopt (fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
  errno = error;
  return error ? FETTLE_E_UNREACHABLE : FETTLE_OK;
}

static fettle_result
why_not (fettle_ctx *c, uint16_t port, uint32_t timeout_ms, fettle_result r, int error)
{
  if (r == FETTLE_E_ABORTED)
    return r;
  if (r == FETTLE_E_TIMEOUT)
    return fettle_error_set (&c->error, FETTLE_E_UNREACHABLE,
                             "connecting to %s port %u: no answer within %u s (a firewall in between, "
                             "or the node is off)", c->target.address, port, (timeout_ms + 999) / 1000);
  if (error == EACCES || error == EPERM)
    return fettle_error_set (&c->error, FETTLE_E_UNREACHABLE,
                             "connecting to %s port %u: refused by this host's own rules (%s)",
                             c->target.address, port, strerror (error));
  errno = error;
  return fettle_error_errno (&c->error, FETTLE_E_UNREACHABLE, "connecting to %s port %u",
                             c->target.address, port);
}

fettle_result
fettle_connect (fettle_ctx *c, uint32_t declared, uint32_t timeout_ms, int *ret_fd)
{
  int64_t deadline = fettle_now_ms () + timeout_ms;
  uint16_t port = 0;
  fettle_result r = fettle_context_port (c, FETTLE_TCP, declared, &port);
  int error = 0, one = 1;

  if (r != FETTLE_OK)
    return r;
  for (int i = 0; i < TRIES; i++) {
    _cleanup_close_ int fd = socket (c->address.ss_family,
                                     SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

    if (fd < 0)
      return fettle_error_errno (&c->error, FETTLE_E_INTERNAL, "making a socket");
    r = attempt (c, fd, port, deadline);
    error = errno;
    if (r == FETTLE_OK) {
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      *ret_fd = STEAL_FD (fd);
      return FETTLE_OK;
    }
    if (r != FETTLE_E_UNREACHABLE || error != ECONNREFUSED || i + 1 == TRIES)
      break;
    r = fettle_context_wait (c, -1, 0, fettle_now_ms () + (200 << i));
    if (r == FETTLE_E_ABORTED)
      return r;
    r = FETTLE_E_UNREACHABLE;
  }
  return why_not (c, port, timeout_ms, r, error);
}
