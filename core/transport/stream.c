/* stream.c - stream/1: a connected, port-checked byte stream.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <poll.h>

#include <fettle/services.h>

#include "transport/transport.h"

#define STREAMS 16 /* open ones of one call */

struct fettle_streams {
  int fds[STREAMS]; /* -1: free */
};

static struct fettle_streams *
streams (fettle_ctx *c)
{
  if (!c->streams) {
    c->streams = malloc (sizeof *c->streams);
    for (size_t i = 0; c->streams && i < STREAMS; i++)
      c->streams->fds[i] = -1;
  }
  return c->streams;
}

static int32_t
open_stream (fettle_ctx *c, uint32_t port, uint32_t timeout_ms)
{
  struct fettle_streams *all = streams (c);
  int32_t i = 0;
  int fd = -1;
  fettle_result r;

  if (!all)
    return fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for a connection");
  while (i < STREAMS && all->fds[i] >= 0)
    i++;
  if (i == STREAMS)
    return fettle_error_set (&c->error, FETTLE_E_CONFIG, "plugin %s has %d connections open and wanted "
                             "one more", c->plugin, STREAMS);
  r = fettle_connect (c, port, timeout_ms ? timeout_ms : c->connect_timeout, &fd);
  if (r != FETTLE_OK)
    return r;
  all->fds[i] = fd;
  return i;
}

static int
fd_of (fettle_ctx *c, int32_t handle)
{
  if (c->streams && handle >= 0 && handle < STREAMS && c->streams->fds[handle] >= 0)
    return c->streams->fds[handle];
  fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s used a connection that isn't open",
                    c->plugin);
  return -1;
}

static fettle_result
dropped (fettle_ctx *c, const char *doing)
{
  return fettle_error_errno (&c->error, FETTLE_E_UNREACHABLE, "%s %s", doing, c->target.address);
}

static fettle_result
wait_for (fettle_ctx *c, int fd, short events, uint32_t ms)
{
  fettle_result r = fettle_context_wait (c, fd, events, fettle_now_ms () + ms);

  if (r == FETTLE_E_TIMEOUT)
    fettle_error_set (&c->error, r, "%s has sent or taken nothing for %u s", c->target.address,
                      (ms + 999) / 1000);
  return r;
}

static fettle_result
write_stream (fettle_ctx *c, int32_t handle, const void *data, size_t size)
{
  const char *p = data;
  int fd = fd_of (c, handle);

  if (fd < 0)
    return FETTLE_E_INTERNAL;
  while (size) {
    ssize_t n = send (fd, p, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    fettle_result r;

    if (n >= 0) {
      p += n, size -= (size_t) n;
      continue;
    }
    if (errno != EAGAIN && errno != EINTR)
      return dropped (c, "sending to");
    r = wait_for (c, fd, POLLOUT, c->read_timeout);
    if (r != FETTLE_OK)
      return r;
  }
  return FETTLE_OK;
}

static int64_t
read_stream (fettle_ctx *c, int32_t handle, void *buffer, size_t size, uint32_t timeout_ms)
{
  int fd = fd_of (c, handle);

  if (fd < 0 || size == 0)
    return FETTLE_E_INTERNAL;
  for (;;) {
    fettle_result r = wait_for (c, fd, POLLIN, timeout_ms ? timeout_ms : c->read_timeout);
    ssize_t n;

    if (r != FETTLE_OK)
      return r;
    n = recv (fd, buffer, size, MSG_DONTWAIT);
    if (n >= 0)
      return n;
    if (errno != EAGAIN && errno != EINTR)
      return dropped (c, "reading from");
  }
}

static void
close_stream (fettle_ctx *c, int32_t handle)
{
  int fd = fd_of (c, handle);

  if (fd < 0)
    return;
  close (fd);
  c->streams->fds[handle] = -1;
}

void
fettle_stream_close (fettle_ctx *c)
{
  for (int32_t i = 0; c->streams && i < STREAMS; i++)
    if (c->streams->fds[i] >= 0)
      close_stream (c, i);
  free (c->streams);
  c->streams = NULL;
}

const struct fettle_stream fettle_stream_service = {
  .struct_size = sizeof (struct fettle_stream),
  .version = 1,
  .connect = open_stream,
  .write = write_stream,
  .read = read_stream,
  .close = close_stream,
};
