/* smb-link.c - frames over TCP: a byte 0 and the size of what follows, as a
 * NetBIOS session has them; port 445 is the same without the session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>

#include "transport/smb.h"
#include "util/text.h"

#define OUT_MAX       (FETTLE_SMB_TRANSFER + 4096)
#define IN_MAX        (FETTLE_SMB_TRANSFER + 4096)
#define KEEPALIVE     0x85
#define KEEPALIVES    1000 /* without a message in between */
#define NETBIOS_FRAME 0x1ffff

/* ---- Bytes ---- */

fettle_result
fettle_smb_write_all (fettle_ctx *c, int fd, const void *data, size_t size)
{
  const char *p = data;

  while (size) {
    ssize_t n = send (fd, p, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    fettle_result r;

    if (n >= 0) {
      p += n, size -= (size_t) n;
      continue;
    }
    if (errno != EAGAIN && errno != EINTR)
      return fettle_error_errno (&c->error, FETTLE_E_UNREACHABLE, "sending to %s", c->target.address);
    r = fettle_context_wait (c, fd, POLLOUT, fettle_now_ms () + c->read_timeout);
    if (r == FETTLE_E_TIMEOUT)
      return fettle_error_set (&c->error, r, "%s has taken nothing for %u s", c->target.address,
                               (c->read_timeout + 999) / 1000);
    if (r != FETTLE_OK)
      return r;
  }
  return FETTLE_OK;
}

fettle_result
fettle_smb_read_all (fettle_ctx *c, int fd, void *data, size_t size, uint32_t timeout_ms)
{
  uint32_t ms = timeout_ms ? timeout_ms : c->read_timeout;
  char *p = data;

  while (size) {
    ssize_t n = recv (fd, p, size, MSG_DONTWAIT);
    fettle_result r;

    if (n > 0) {
      p += n, size -= (size_t) n;
      continue;
    }
    if (n == 0)
      return fettle_error_set (&c->error, FETTLE_E_UNREACHABLE, "%s has closed the connection",
                               c->target.address);
    if (errno != EAGAIN && errno != EINTR)
      return fettle_error_errno (&c->error, FETTLE_E_UNREACHABLE, "reading from %s", c->target.address);
    r = fettle_context_wait (c, fd, POLLIN, fettle_now_ms () + ms);
    if (r == FETTLE_E_TIMEOUT)
      return fettle_error_set (&c->error, r, "%s has sent nothing for %u s", c->target.address,
                               (ms + 999) / 1000);
    if (r != FETTLE_OK)
      return r;
  }
  return FETTLE_OK;
}

/* ---- The connection ---- */

void
fettle_smb_drop (struct fettle_smb_state *s)
{
  size_t keep = offsetof (struct fettle_smb_state, fd);

  fettle_smb_rpc_lost (s);
  if (s->fd >= 0)
    close (s->fd);
  fettle_writer_clear (&s->out);
  fettle_buf_clear (&s->in);
  fettle_wipe ((char *) s + keep, sizeof *s - keep);
  s->fd = -1;
}

fettle_result
fettle_smb_broken (struct fettle_smb_state *s, fettle_result code, const char *format, ...)
{
  char text[512];
  va_list ap;

  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  fettle_smb_drop (s);
  return fettle_error_set (&s->c->error, code, "%s: %s", s->doing, text);
}

/* A failure of the socket: what was being done is put in front. */
static fettle_result
lost (struct fettle_smb_state *s, fettle_result r)
{
  fettle_smb_drop (s);
  return r == FETTLE_E_ABORTED ? r : fettle_error_prefix (&s->c->error, "%s: ", s->doing);
}

/* Does the node type declare it for this phase?  Sets no error. */
static bool
is_declared (const fettle_ctx *c, uint16_t port)
{
  for (size_t i = 0; i < c->n_allowed; i++)
    if (c->allowed[i].protocol == FETTLE_TCP && port >= c->allowed[i].declared_first
        && port <= c->allowed[i].declared_last)
      return true;
  return false;
}

static fettle_result
try_port (struct fettle_smb_state *s, uint16_t port)
{
  fettle_result r = fettle_connect (s->c, port, s->c->connect_timeout, &s->fd);

  s->declared = port;
  if (r == FETTLE_OK && port == 139)
    r = fettle_smb_netbios_session (s);
  return r;
}

fettle_result
fettle_smb_connect (struct fettle_smb_state *s)
{
  fettle_ctx *c = s->c;
  char first[sizeof c->error.text];
  fettle_result r;

  fettle_smb_drop (s);
  r = try_port (s, 445);
  if (r == FETTLE_E_UNREACHABLE && is_declared (c, 139)) {
    snprintf (first, sizeof first, "%s", c->error.text);
    fettle_smb_drop (s);
    r = try_port (s, 139);
    if (r != FETTLE_OK && r != FETTLE_E_ABORTED)
      fettle_error_prefix (&c->error, "%s; and over NetBIOS: ", first);
  }
  if (r != FETTLE_OK) {
    fettle_smb_drop (s);
    return r;
  }
  s->out.b.max = OUT_MAX;
  s->in.max = IN_MAX;
  s->in.secret = s->out.b.secret = true;
  s->credits = 1;
  return FETTLE_OK;
}

/* ---- Frames ---- */

fettle_result
fettle_smb_send (struct fettle_smb_state *s)
{
  size_t size = s->out.b.size - FETTLE_SMB_FRAME_HEAD;
  uint8_t *p = fettle_writer_at (&s->out, 0);
  fettle_result r;

  if (s->out.bad || size > (s->declared == 139 ? NETBIOS_FRAME : OUT_MAX))
    return fettle_smb_broken (s, FETTLE_E_NOMEM, "no room for the request");
  p[0] = 0;
  p[1] = (uint8_t) (size >> 16);
  p[2] = (uint8_t) (size >> 8);
  p[3] = (uint8_t) size;
  r = fettle_smb_write_all (s->c, s->fd, p, s->out.b.size);
  return r == FETTLE_OK ? r : lost (s, r);
}

/* Room for a frame; what is in the buffer is of the one before. */
static bool
make_room (struct fettle_buf *b, size_t size)
{
  char *data;

  if (b->room < size + 1) {
    data = malloc (size + 1);
    if (!data)
      return false;
    fettle_buf_clear (b);
    b->data = data;
    b->room = size + 1;
  }
  b->size = size;
  b->data[size] = '\0';
  return true;
}

fettle_result
fettle_smb_receive (struct fettle_smb_state *s, uint32_t timeout_ms)
{
  uint8_t head[4];
  size_t size;
  fettle_result r;
  int keepalives = 0;

  do {
    r = fettle_smb_read_all (s->c, s->fd, head, sizeof head, timeout_ms);
    if (r != FETTLE_OK)
      return lost (s, r);
  } while (head[0] == KEEPALIVE && keepalives++ < KEEPALIVES);
  size = (size_t) head[1] << 16 | (size_t) head[2] << 8 | head[3];
  if (head[0] != 0 || size > IN_MAX)
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "%s answered what isn't SMB, or more than was asked for",
                              s->c->target.address);
  if (!make_room (&s->in, size))
    return fettle_smb_broken (s, FETTLE_E_NOMEM, "no memory for the answer");
  r = fettle_smb_read_all (s->c, s->fd, s->in.data, size, timeout_ms);
  return r == FETTLE_OK ? r : lost (s, r);
}
