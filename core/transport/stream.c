/* stream.c - stream/1: a connected, port-checked byte stream.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>

#include <fettle/services.h>

#include "transport/fill.h"
#include "transport/tls.h"
#include "transport/transport.h"

#define STREAMS    16            /* open ones of one call */
#define FILLED_MAX (1024 * 1024) /* of a text with secrets */

struct fettle_streams {
  struct {
    int fd;   /* -1: free */
    SSL *ssl; /* NULL: without TLS */
  } one[STREAMS];
};

static struct fettle_streams *
streams (fettle_ctx *c)
{
  if (!c->streams) {
    c->streams = malloc (sizeof *c->streams);
    for (size_t i = 0; c->streams && i < STREAMS; i++)
      c->streams->one[i].fd = -1, c->streams->one[i].ssl = NULL;
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
  while (i < STREAMS && all->one[i].fd >= 0)
    i++;
  if (i == STREAMS)
    return fettle_error_set (&c->error, FETTLE_E_CONFIG, "plugin %s has %d connections open and wanted "
                             "one more", c->plugin, STREAMS);
  r = fettle_connect (c, port, timeout_ms ? timeout_ms : c->connect_timeout, &fd);
  if (r != FETTLE_OK)
    return r;
  all->one[i].fd = fd;
  return i;
}

static int
fd_of (fettle_ctx *c, int32_t handle)
{
  if (c->streams && handle >= 0 && handle < STREAMS && c->streams->one[handle].fd >= 0)
    return c->streams->one[handle].fd;
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

/* Sends or receives what goes at once: the number of bytes, 0 at the end, or
 * -1 with what poll(2) should wait for in *ret_events, 0 when it failed. */
static ssize_t
plain (int fd, bool sending, void *data, size_t size, short *ret_events)
{
  ssize_t n = sending ? send (fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT)
                      : recv (fd, data, size, MSG_DONTWAIT);

  *ret_events = n >= 0 || (errno != EAGAIN && errno != EINTR) ? 0 : sending ? POLLOUT : POLLIN;
  return n;
}

static ssize_t
through_tls (SSL *ssl, bool sending, void *data, size_t size, short *ret_events)
{
  size_t n = 0;
  int done, why;

  ERR_clear_error ();
  errno = 0;
  done = sending ? SSL_write_ex (ssl, data, size, &n) : SSL_read_ex (ssl, data, size, &n);
  *ret_events = 0;
  if (done)
    return (ssize_t) n;
  why = SSL_get_error (ssl, done);
  if (why == SSL_ERROR_ZERO_RETURN)
    return 0;
  *ret_events = why == SSL_ERROR_WANT_READ ? POLLIN : why == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
  if (!*ret_events && !errno)
    errno = EPROTO;
  return -1;
}

/* The same, waiting.  Bytes, or a negative result. */
static int64_t
move (fettle_ctx *c, int32_t handle, bool sending, void *data, size_t size, uint32_t ms)
{
  int fd = fd_of (c, handle);

  if (fd < 0 || size == 0)
    return FETTLE_E_INTERNAL;
  for (;;) {
    SSL *ssl = c->streams->one[handle].ssl;
    short events;
    ssize_t n = ssl ? through_tls (ssl, sending, data, size, &events)
                    : plain (fd, sending, data, size, &events);
    fettle_result r;

    if (n >= 0)
      return n;
    if (!events)
      return dropped (c, sending ? "sending to" : "reading from");
    r = wait_for (c, fd, events, ms);
    if (r != FETTLE_OK)
      return r;
  }
}

static fettle_result
write_stream (fettle_ctx *c, int32_t handle, const void *data, size_t size)
{
  /* The const is cast away for those who read. */
  for (char *p = (char *) (uintptr_t) data; size;) {
    int64_t n = move (c, handle, true, p, size, c->read_timeout);

    if (n < 0)
      return (fettle_result) n;
    p += n, size -= (size_t) n;
  }
  return FETTLE_OK;
}

static fettle_result
write_filled (fettle_ctx *c, int32_t handle, const char *text)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_SECRET (FILLED_MAX);
  fettle_result r = fettle_fill (c, text, strlen (text), &b);

  return r == FETTLE_OK ? write_stream (c, handle, fettle_buf_text (&b), b.size) : r;
}

static int64_t
read_stream (fettle_ctx *c, int32_t handle, void *buffer, size_t size, uint32_t timeout_ms)
{
  return move (c, handle, false, buffer, size, timeout_ms ? timeout_ms : c->read_timeout);
}

static fettle_result
start_tls (fettle_ctx *c, int32_t handle, uint32_t flags)
{
  int fd = fd_of (c, handle);

  if (fd < 0 || c->streams->one[handle].ssl)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s began TLS where it can't", c->plugin);
  return fettle_tls_start (c, fd, flags & FETTLE_HTTP_OLD_TLS, &c->streams->one[handle].ssl);
}

static void
close_stream (fettle_ctx *c, int32_t handle)
{
  int fd = fd_of (c, handle);

  if (fd < 0)
    return;
  SSL_free (c->streams->one[handle].ssl);
  close (fd);
  c->streams->one[handle].fd = -1;
  c->streams->one[handle].ssl = NULL;
}

void
fettle_stream_close (fettle_ctx *c)
{
  for (int32_t i = 0; c->streams && i < STREAMS; i++)
    if (c->streams->one[i].fd >= 0)
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
  .start_tls = start_tls,
  .write_filled = write_filled,
};
