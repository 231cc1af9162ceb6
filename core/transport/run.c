/* run.c - one command on the node: its input, its two outputs, how it ended.
 *
 * libssh2 has one unsent packet at most: a call that couldn't send all of its
 * packet has to be repeated before any other.  `busy` is that call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/fill.h"
#include "transport/ssh.h"
#include "util/text.h"

#define CHUNK       32768
#define CLOSE_TIME  5000  /* ms to take leave of a command that has ended */
#define FILLED_MAX  (1024 * 1024) /* of an input with secrets */
#define COMMAND_MAX 32000 /* bytes: of one SSH packet, as libssh2 sends it */

enum doing { DOING_NOTHING, DOING_OUT, DOING_ERR, DOING_INPUT };

struct running {
  struct fettle_ssh_state *s;
  struct fettle_ssh_exec *e;
  LIBSSH2_CHANNEL *channel;
  enum doing busy;
  bool progress;      /* something was moved in this round */
  bool input_done;
  char input[CHUNK];  /* what is being sent */
  size_t input_size, input_sent;
  char output[CHUNK];
};

static bool
half_sent (struct running *x)
{
  return libssh2_session_block_directions (x->s->session) & LIBSSH2_SESSION_BLOCK_OUTBOUND;
}

static fettle_result
give (struct running *x, enum doing what, size_t size)
{
  struct fettle_ssh_exec *e = x->e;
  fettle_sink *sink = what == DOING_OUT ? e->out : e->err;

  if (what == DOING_ERR && e->sudo && !e->sudo->in)
    return fettle_sudo_heard (x->s->c, e->sudo, x->output, size, e->err, e->opaque);
  return sink ? sink (e->opaque, x->output, size) : FETTLE_OK;
}

/* Takes what there is of one output; a bounded part, so that all get a turn. */
static fettle_result
take (struct running *x, enum doing what)
{
  for (int i = 0; i < 16; i++) {
    ssize_t n = libssh2_channel_read_ex (x->channel,
                                         what == DOING_ERR ? SSH_EXTENDED_DATA_STDERR : 0,
                                         x->output, sizeof x->output);
    fettle_result r;

    x->busy = DOING_NOTHING;
    if (n == LIBSSH2_ERROR_EAGAIN) {
      if (half_sent (x))
        x->busy = what;
      return FETTLE_OK;
    }
    if (n < 0)
      return fettle_ssh_fail (x->s, (int) n, "reading the command's output");
    if (n == 0)
      return FETTLE_OK;
    x->progress = true;
    r = give (x, what, (size_t) n);
    if (r != FETTLE_OK)
      return r;
  }
  return FETTLE_OK;
}

/* The next bytes to send: sudo's password when it asks, then the input. */
static fettle_result
refill (struct running *x)
{
  struct fettle_sudo *sudo = x->e->sudo;
  int64_t n;

  x->input_size = x->input_sent = 0;
  if (sudo && sudo->wants_password) {
    sudo->wants_password = false;
    n = snprintf (x->input, sizeof x->input, "%s\n", sudo->credentials->sudo_password);
    x->input_size = n < (int64_t) sizeof x->input ? (size_t) n : 0;
    return FETTLE_OK;
  }
  if (sudo && !sudo->in)
    return FETTLE_OK;
  n = x->e->input ? x->e->input (x->e->input_opaque, x->input, sizeof x->input) : 0;
  if (n < 0)
    return (fettle_result) n;
  x->input_size = (size_t) n;
  x->input_done = n == 0;
  return FETTLE_OK;
}

static fettle_result
end_input (struct running *x)
{
  fettle_result r;
  int rc;

  RETRY (x->s, x->e->deadline, r, rc, libssh2_channel_send_eof (x->channel));
  if (r == FETTLE_OK && rc && fettle_ssh_is_dead (rc))
    r = fettle_ssh_fail (x->s, rc, "ending the command's input");
  return r;
}

static fettle_result
feed (struct running *x)
{
  for (int i = 0; i < 16; i++) {
    fettle_result r = FETTLE_OK;
    ssize_t n;

    if (x->input_sent == x->input_size) {
      r = refill (x);
      if (r == FETTLE_OK && x->input_done)
        return end_input (x);
      if (r != FETTLE_OK || x->input_size == 0)
        return r;
    }
    n = libssh2_channel_write (x->channel, x->input + x->input_sent, x->input_size - x->input_sent);
    x->busy = DOING_NOTHING;
    if (n == LIBSSH2_ERROR_EAGAIN || n == 0) {
      if (half_sent (x))
        x->busy = DOING_INPUT;
      return FETTLE_OK;
    }
    if (n < 0 && fettle_ssh_is_dead ((int) n))
      return fettle_ssh_fail (x->s, (int) n, "sending the command's input");
    if (n < 0) { /* the command has closed its input */
      x->input_done = true;
      return FETTLE_OK;
    }
    x->progress = true;
    x->input_sent += (size_t) n;
  }
  return FETTLE_OK;
}

static fettle_result
round_of (struct running *x)
{
  fettle_result r = FETTLE_OK;

  x->progress = false;
  if (x->busy == DOING_NOTHING || x->busy == DOING_INPUT)
    r = x->input_done ? FETTLE_OK : feed (x);
  if (r == FETTLE_OK && (x->busy == DOING_NOTHING || x->busy == DOING_OUT))
    r = take (x, DOING_OUT);
  if (r == FETTLE_OK && (x->busy == DOING_NOTHING || x->busy == DOING_ERR))
    r = take (x, DOING_ERR);
  return r;
}

/* *ret_ended: the node has closed the channel, so it has said how the command
 * ended. */
static fettle_result
has_ended (struct running *x, bool *ret_ended)
{
  int rc;

  if (x->busy != DOING_NOTHING || !libssh2_channel_eof (x->channel))
    return FETTLE_OK;
  rc = libssh2_channel_wait_closed (x->channel);
  if (rc == LIBSSH2_ERROR_EAGAIN)
    return FETTLE_OK;
  if (rc)
    return fettle_ssh_fail (x->s, rc, "waiting for the command's end");
  *ret_ended = true;
  return FETTLE_OK;
}

static int64_t
next_deadline (const struct running *x)
{
  const struct fettle_sudo *sudo = x->e->sudo;

  if (sudo && !sudo->in && sudo->deadline < x->e->deadline)
    return sudo->deadline;
  return x->e->deadline;
}

static fettle_result
timed_out (struct running *x)
{
  struct fettle_error *err = &x->s->c->error;

  if (x->e->sudo && !x->e->sudo->in)
    return fettle_error_set (err, FETTLE_E_AUTH, "sudo on the node wants something that we can't answer; "
                             "it says: %s", fettle_buf_text (&x->e->sudo->held));
  return fettle_error_set (err, FETTLE_E_TIMEOUT, "a command on the node took longer than %u s",
                           (x->e->timeout_ms + 999) / 1000);
}

static fettle_result
go_on (struct running *x)
{
  bool ended = false;
  fettle_result r;

  for (;;) {
    uint64_t before = x->s->received;

    r = round_of (x);
    if (r == FETTLE_OK && !x->progress)
      r = has_ended (x, &ended);
    if (r != FETTLE_OK || ended)
      return r;
    /* Reading one output, libssh2 takes in packets of the other, or room for
     * our input, and keeps them: the socket won't tell of them again. */
    x->progress |= x->s->received != before;
    if (x->progress) {
      if (fettle_context_aborted (x->s->c))
        return FETTLE_E_ABORTED;
      if (fettle_now_ms () < next_deadline (x))
        continue;
      return timed_out (x);
    }
    r = fettle_ssh_wait (x->s, next_deadline (x));
    if (r == FETTLE_E_TIMEOUT)
      return timed_out (x);
    if (r != FETTLE_OK)
      return r;
  }
}

static fettle_result
start (struct running *x)
{
  struct fettle_ssh_state *s = x->s;
  fettle_result r;
  int rc = 0;

  while (!(x->channel = libssh2_channel_open_session (s->session))) {
    rc = libssh2_session_last_errno (s->session);
    if (rc != LIBSSH2_ERROR_EAGAIN)
      return fettle_ssh_fail (s, rc, "opening a channel for a command");
    r = fettle_ssh_wait (s, x->e->deadline);
    if (r != FETTLE_OK)
      return r == FETTLE_E_TIMEOUT ? timed_out (x) : r;
  }
  RETRY (s, x->e->deadline, r, rc, libssh2_channel_exec (x->channel, x->e->command));
  if (r == FETTLE_E_TIMEOUT)
    return timed_out (x);
  if (r == FETTLE_OK && rc)
    r = fettle_ssh_fail (s, rc, "starting a command");
  return r;
}

static int32_t
signal_status (const char *name)
{
  static const struct { const char *name; int32_t number; } signals[] = {
    { "HUP", 1 }, { "INT", 2 }, { "QUIT", 3 }, { "ILL", 4 }, { "TRAP", 5 }, { "ABRT", 6 },
    { "BUS", 7 }, { "FPE", 8 }, { "KILL", 9 }, { "USR1", 10 }, { "SEGV", 11 }, { "USR2", 12 },
    { "PIPE", 13 }, { "ALRM", 14 }, { "TERM", 15 },
  };

  for (size_t i = 0; i < COUNT (signals); i++)
    if (strcmp (signals[i].name, name) == 0)
      return 128 + signals[i].number;
  return -1;
}

static int32_t
status_of (struct running *x)
{
  char *name = NULL;
  int32_t status = libssh2_channel_get_exit_status (x->channel);

  if (libssh2_channel_get_exit_signal (x->channel, &name, NULL, NULL, NULL, NULL, NULL) == 0 && name) {
    status = signal_status (name);
    libssh2_free (x->s->session, name);
  }
  return status;
}

fettle_result
fettle_ssh_exec (struct fettle_ssh_state *s, struct fettle_ssh_exec *e, int32_t *exit_status)
{
  struct running *x;
  fettle_result r, closed = FETTLE_OK;
  int rc = 0;

  if (strlen (e->command) > COMMAND_MAX)
    return fettle_error_set (&s->c->error, FETTLE_E_CONFIG, "a command of %zu bytes is longer than %d: "
                             "send it as the input of a shell", strlen (e->command), COMMAND_MAX);
  x = calloc (1, sizeof *x);
  if (!x)
    return fettle_error_set (&s->c->error, FETTLE_E_NOMEM, "no memory for a command");
  x->s = s;
  x->e = e;
  r = start (x);
  if (r == FETTLE_OK)
    r = go_on (x);
  if (r == FETTLE_OK)
    *exit_status = status_of (x);
  if (r == FETTLE_OK && e->sudo && !e->sudo->in)
    r = fettle_sudo_refused (s->c, e->sudo, *exit_status);
  /* A command that was left in the middle leaves a connection nobody can tell
   * the state of. */
  if (r == FETTLE_OK)
    RETRY (s, fettle_now_ms () + CLOSE_TIME, closed, rc, libssh2_channel_free (x->channel));
  if (r != FETTLE_OK || closed != FETTLE_OK || rc)
    fettle_ssh_drop (s);
  fettle_wipe (x, sizeof *x);
  free (x);
  return r;
}

/* Input from memory. */
struct memory {
  const char *data;
  uint64_t left;
};

static int64_t
from_memory (void *opaque, void *buffer, size_t room)
{
  struct memory *m = opaque;
  size_t n = m->left < room ? (size_t) m->left : room;

  if (n == 0)
    return 0;
  memcpy (buffer, m->data, n);
  m->data += n;
  m->left -= n;
  return (int64_t) n;
}

/* Its secrets, where the plugin asks for them. */
static fettle_result
fill_input (fettle_ctx *c, const struct fettle_ssh_command *cmd, struct fettle_buf *filled,
            struct memory *m)
{
  fettle_result r;

  if (!(cmd->flags & FETTLE_SSH_FILL) || !m->left)
    return FETTLE_OK;
  r = fettle_fill (c, m->data, m->left, filled);
  *m = (struct memory) { fettle_buf_text (filled), filled->size };
  return r;
}

fettle_result
fettle_ssh_run (fettle_ctx *c, const struct fettle_ssh_command *cmd, int32_t *exit_status)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf filled = FETTLE_BUF_SECRET (FILLED_MAX);
  struct memory m = { cmd->input, cmd->input ? cmd->input_size : 0 };
  _cleanup_ (fettle_buf_clear) struct fettle_buf wrapped = FETTLE_BUF_INIT (4 * COMMAND_MAX);
  struct fettle_sudo sudo = { .in = true };
  struct fettle_ssh_state *s = NULL;
  struct fettle_ssh_exec e = {
    .command = cmd->command, .input = from_memory, .input_opaque = &m, .out = cmd->out,
    .err = cmd->err, .opaque = cmd->opaque, .timeout_ms = cmd->timeout_ms,
  };
  fettle_result r = fill_input (c, cmd, &filled, &m);

  if (r == FETTLE_OK)
    r = fettle_ssh_ready (c, cmd->port, &s);
  e.deadline = cmd->timeout_ms ? fettle_now_ms () + cmd->timeout_ms : FETTLE_NEVER;
  if (r == FETTLE_OK && fettle_sudo_needed (c, cmd->flags)) {
    r = fettle_sudo_wrap (c, &sudo, cmd->command, &wrapped);
    e.command = fettle_buf_text (&wrapped);
    e.sudo = &sudo;
  }
  if (r == FETTLE_OK)
    r = fettle_ssh_exec (s, &e, exit_status);
  fettle_sudo_clear (&sudo);
  return r;
}
