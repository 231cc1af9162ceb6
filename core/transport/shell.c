/* shell.c - a conversation with the node's command line, over one channel.
 *
 * libssh2 has one unsent packet at most: reading, it may have one that makes
 * room in its window, and then nothing else may be begun.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/fill.h"
#include "transport/ssh.h"

#define OPEN_TIME  60000         /* ms until the node has given us a command line */
#define CLOSE_TIME 5000          /* ms to take leave */
#define FILLED_MAX (64 * 1024)   /* of a text with secrets */
#define COLUMNS    255
#define ROWS       1000

/* RFC 4254, 8: the terminal doesn't echo, then the end. */
static const char modes[] = { 53, 0, 0, 0, 0, 0 };

static fettle_result
slow (struct fettle_ssh_state *s)
{
  return fettle_error_set (&s->c->error, FETTLE_E_TIMEOUT, "%s gave no command line within %d s",
                           s->c->target.address, OPEN_TIME / 1000);
}

static fettle_result
open_channel (struct fettle_ssh_state *s, int64_t deadline)
{
  while (!(s->shell = libssh2_channel_open_session (s->session))) {
    int rc = libssh2_session_last_errno (s->session);
    fettle_result r;

    if (rc != LIBSSH2_ERROR_EAGAIN)
      return fettle_ssh_fail (s, rc, "opening a channel for a command line");
    r = fettle_ssh_wait (s, deadline);
    if (r != FETTLE_OK)
      return r;
  }
  return FETTLE_OK;
}

static fettle_result
start (struct fettle_ssh_state *s, const struct fettle_ssh_shell *o, int64_t deadline)
{
  const char *kind = o->terminal ? o->terminal : "dumb", *what = o->command ? "exec" : "shell";
  unsigned size = o->command ? (unsigned) strlen (o->command) : 0;
  fettle_result r;
  int rc = 0;

  RETRY (s, deadline, r, rc, libssh2_channel_handle_extended_data2 (s->shell,
                                                                    LIBSSH2_CHANNEL_EXTENDED_DATA_MERGE));
  if (r == FETTLE_OK && rc == 0 && o->flags & FETTLE_SSH_TERMINAL)
    RETRY (s, deadline, r, rc,
           libssh2_channel_request_pty_ex (s->shell, kind, (unsigned) strlen (kind), modes, sizeof modes,
                                           o->columns ? o->columns : COLUMNS, o->rows ? o->rows : ROWS,
                                           0, 0));
  if (r == FETTLE_OK && rc == 0)
    RETRY (s, deadline, r, rc, libssh2_channel_process_startup (s->shell, what, (unsigned) strlen (what),
                                                                o->command, size));
  if (r == FETTLE_OK && rc)
    r = fettle_ssh_fail (s, rc, "asking for a command line");
  return r;
}

fettle_result
fettle_ssh_shell_open (fettle_ctx *c, const struct fettle_ssh_shell *o)
{
  struct fettle_ssh_state *s = NULL;
  int64_t deadline;
  fettle_result r = fettle_ssh_ready (c, o->port, &s);

  if (r != FETTLE_OK)
    return r;
  deadline = fettle_now_ms () + OPEN_TIME;
  r = open_channel (s, deadline);
  if (r == FETTLE_OK)
    r = start (s, o, deadline);
  if (r == FETTLE_E_TIMEOUT)
    r = slow (s);
  if (r != FETTLE_OK)
    fettle_ssh_drop (s);
  return r;
}

/* The open conversation, or NULL with the error set. */
static struct fettle_ssh_state *
state_of (fettle_ctx *c)
{
  if (c->ssh && c->ssh->shell)
    return c->ssh;
  fettle_error_set (&c->error, FETTLE_E_UNREACHABLE, "plugin %s has no conversation open with %s",
                    c->plugin, c->target.address);
  return NULL;
}

fettle_result
fettle_ssh_shell_write (fettle_ctx *c, const void *data, size_t size)
{
  struct fettle_ssh_state *s = state_of (c);
  int64_t deadline = fettle_now_ms () + c->read_timeout;
  fettle_result r = s ? FETTLE_OK : FETTLE_E_UNREACHABLE;

  for (const char *p = data; size && r == FETTLE_OK;) {
    ssize_t n = 0;

    RETRY (s, deadline, r, n, libssh2_channel_write (s->shell, p, size));
    if (r == FETTLE_OK && n == LIBSSH2_ERROR_CHANNEL_CLOSED)
      r = fettle_error_set (&c->error, FETTLE_E_UNREACHABLE, "%s has closed its command line",
                            c->target.address);
    else if (r == FETTLE_OK && n < 0)
      r = fettle_ssh_fail (s, (int) n, "writing to the command line");
    else if (r == FETTLE_OK && n == 0)
      r = fettle_ssh_wait (s, deadline);
    if (r == FETTLE_OK)
      p += n, size -= (size_t) n;
  }
  if (r == FETTLE_E_TIMEOUT)
    r = fettle_error_set (&c->error, r, "%s has taken nothing for %u s", c->target.address,
                          (c->read_timeout + 999) / 1000);
  if (r != FETTLE_OK && s)
    fettle_ssh_drop (s);
  return r;
}

fettle_result
fettle_ssh_shell_write_filled (fettle_ctx *c, const char *text)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_SECRET (FILLED_MAX);
  fettle_result r = fettle_fill (c, text, strlen (text), &b);

  return r == FETTLE_OK ? fettle_ssh_shell_write (c, fettle_buf_text (&b), b.size) : r;
}

static bool
half_sent (struct fettle_ssh_state *s)
{
  return libssh2_session_block_directions (s->session) & LIBSSH2_SESSION_BLOCK_OUTBOUND;
}

int64_t
fettle_ssh_shell_read (fettle_ctx *c, void *buffer, size_t size, uint32_t timeout_ms)
{
  struct fettle_ssh_state *s = state_of (c);
  int64_t deadline = fettle_now_ms () + (timeout_ms ? timeout_ms : c->read_timeout);
  fettle_result r;

  if (!s)
    return FETTLE_E_UNREACHABLE;
  for (;;) {
    ssize_t n = libssh2_channel_read (s->shell, buffer, size);

    if (n > 0)
      return n;
    if (n == 0 && libssh2_channel_eof (s->shell))
      return 0;
    if (n < 0 && n != LIBSSH2_ERROR_EAGAIN) {
      r = fettle_ssh_fail (s, (int) n, "reading from the command line");
      break;
    }
    r = fettle_ssh_wait (s, half_sent (s) ? FETTLE_NEVER : deadline);
    if (r == FETTLE_E_TIMEOUT)
      return fettle_error_set (&c->error, r, "%s has said nothing for %u s", c->target.address,
                               ((timeout_ms ? timeout_ms : c->read_timeout) + 999) / 1000);
    if (r != FETTLE_OK)
      break;
  }
  fettle_ssh_drop (s);
  return r;
}

void
fettle_ssh_shell_close (fettle_ctx *c)
{
  struct fettle_ssh_state *s = c->ssh;
  LIBSSH2_CHANNEL *channel = s ? s->shell : NULL;
  fettle_result r;
  int rc = 0;

  if (!channel)
    return;
  s->shell = NULL;
  RETRY (s, fettle_now_ms () + CLOSE_TIME, r, rc, libssh2_channel_free (channel));
  if (r != FETTLE_OK || rc)
    fettle_ssh_drop (s);
}
