/* ssh.c - see ssh.h: connecting, waiting, and the table of ssh/1.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>

#include "transport/ssh.h"
#include "transport/transport.h"

#define LOGIN_TIME 120000 /* ms from the connection to the login: sshd's own limit */
#define SILENCE_MIN 7000  /* ms: three keepalives */
#define TRIES      6      /* when the node has too many at once */

/* Best first; libssh2 leaves out what it doesn't have.  The SHA-1 ones are for
 * old management processors, which offer nothing else. */
static const struct {
  int method;
  const char *names;
} methods[] = {
  { LIBSSH2_METHOD_KEX,
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
    "ecdh-sha2-nistp521,diffie-hellman-group14-sha256,diffie-hellman-group-exchange-sha256,"
    "diffie-hellman-group16-sha512,diffie-hellman-group14-sha1,ext-info-c,"
    "kex-strict-c-v00@openssh.com" },
  { LIBSSH2_METHOD_CRYPT_CS,
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"
    "aes128-ctr,aes192-ctr,aes256-ctr" },
  { LIBSSH2_METHOD_CRYPT_SC,
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"
    "aes128-ctr,aes192-ctr,aes256-ctr" },
  { LIBSSH2_METHOD_MAC_CS,
    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,"
    "hmac-sha1" },
  { LIBSSH2_METHOD_MAC_SC,
    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,"
    "hmac-sha1" },
};

bool
fettle_ssh_has_rsa_sha2 (void)
{
  return libssh2_version (0x010b00) != NULL;
}

void
fettle_ssh_init (void)
{
  libssh2_init (0);
}

bool
fettle_ssh_is_dead (int rc)
{
  return rc == LIBSSH2_ERROR_SOCKET_DISCONNECT || rc == LIBSSH2_ERROR_SOCKET_SEND
         || rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_NONE
         || rc == LIBSSH2_ERROR_BANNER_RECV || rc == LIBSSH2_ERROR_SOCKET_TIMEOUT;
}

fettle_result
fettle_ssh_fail (struct fettle_ssh_state *s, int rc, const char *doing)
{
  fettle_ctx *c = s->c;
  char *why = NULL;

  if (fettle_ssh_is_dead (rc))
    return fettle_error_set (&c->error, FETTLE_E_UNREACHABLE,
                             "%s: %s port %u dropped the connection", doing, c->target.address, s->port);
  if (rc == LIBSSH2_ERROR_ALLOC)
    return fettle_error_set (&c->error, FETTLE_E_NOMEM, "%s: no memory", doing);
  libssh2_session_last_error (s->session, &why, NULL, 0);
  return fettle_error_set (&c->error, FETTLE_E_PROTOCOL, "%s: %s (libssh2's %d)", doing,
                           why && *why ? why : "SSH failed", rc);
}

/* libssh2 sends at most one keepalive in two seconds. */
static uint32_t
patience (const struct fettle_ssh_state *s)
{
  uint32_t time = s->c->read_timeout;

  return s->ready && time < SILENCE_MIN ? SILENCE_MIN : time;
}

/* A keepalive each third of the time that a node may be silent: so a node that
 * is gone is told from a command that is slow. */
fettle_result
fettle_ssh_wait (struct fettle_ssh_state *s, int64_t deadline)
{
  fettle_ctx *c = s->c;
  int directions = libssh2_session_block_directions (s->session), next;
  short events = POLLIN;
  int64_t now = fettle_now_ms (), silent = now + patience (s), beat = patience (s) / 3 + 1;

  if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
    events |= POLLOUT;
  for (;; now = fettle_now_ms ()) {
    int64_t until = deadline < silent ? deadline : silent;
    fettle_result r = fettle_context_wait (c, s->fd, events, until < now + beat ? until : now + beat);

    if (r != FETTLE_E_TIMEOUT)
      return r;
    now = fettle_now_ms ();
    if (now >= silent)
      return fettle_error_set (&c->error, FETTLE_E_UNREACHABLE,
                               "%s port %u has sent nothing for %u s", c->target.address, s->port,
                               patience (s) / 1000);
    if (now >= deadline)
      return FETTLE_E_TIMEOUT;
    /* While a packet is half sent, libssh2 can't begin another. */
    if (s->ready && !(directions & LIBSSH2_SESSION_BLOCK_OUTBOUND))
      libssh2_keepalive_send (s->session, &next);
  }
}

static LIBSSH2_RECV_FUNC (receive)
{
  struct fettle_ssh_state *s = *abstract;
  ssize_t n = recv (socket, buffer, length, flags);
  size_t room = sizeof s->greeting - s->greeting_size;

  if (n < 0)
    return errno == EINTR ? -EAGAIN : -errno;
  s->received += (uint64_t) n;
  if (room && !s->ready) {
    size_t some = (size_t) n < room ? (size_t) n : room;

    memcpy (s->greeting + s->greeting_size, buffer, some);
    s->greeting_size += some;
  }
  return n;
}

void
fettle_ssh_drop (struct fettle_ssh_state *s)
{
  if (s->session) {
    if (s->ready)
      (void) libssh2_session_disconnect (s->session, "done");
    shutdown (s->fd, SHUT_RDWR);
    for (int i = 0; i < 100 && libssh2_session_free (s->session) == LIBSSH2_ERROR_EAGAIN; i++)
      continue;
  }
  if (s->fd >= 0)
    close (s->fd);
  s->session = NULL;
  s->shell = NULL;
  s->fd = -1;
  s->ready = false;
  s->greeting_size = 0;
}

static fettle_result
make_session (struct fettle_ssh_state *s)
{
  s->session = libssh2_session_init_ex (NULL, NULL, NULL, s);
  if (!s->session)
    return fettle_error_set (&s->c->error, FETTLE_E_NOMEM, "no memory for an SSH connection");
  libssh2_session_set_blocking (s->session, 0);
#if LIBSSH2_VERSION_NUM >= 0x010b01
  libssh2_session_callback_set2 (s->session, LIBSSH2_CALLBACK_RECV, (libssh2_cb_generic *) receive);
#else
  libssh2_session_callback_set (s->session, LIBSSH2_CALLBACK_RECV, (void *) receive);
#endif
  for (size_t i = 0; i < COUNT (methods); i++)
    libssh2_session_method_pref (s->session, methods[i].method, methods[i].names);
  libssh2_keepalive_config (s->session, 1, 1);
  return fettle_hostkey_prefer (s);
}

/* *ret_again: it failed in a way that may pass. */
static fettle_result
connect_once (struct fettle_ssh_state *s, bool *ret_again)
{
  fettle_ctx *c = s->c;
  int64_t deadline;
  fettle_result r = fettle_context_port (c, FETTLE_TCP, s->declared, &s->port);
  int rc;

  if (r == FETTLE_OK)
    r = fettle_connect (c, s->declared, c->connect_timeout, &s->fd);
  if (r == FETTLE_OK)
    r = make_session (s);
  if (r != FETTLE_OK)
    return r;
  deadline = fettle_now_ms () + LOGIN_TIME;
  RETRY (s, deadline, r, rc, libssh2_session_handshake (s->session, s->fd));
  if (r == FETTLE_OK && rc) {
    *ret_again = fettle_ssh_is_dead (rc) && fettle_ssh_was_turned_away (s);
    r = fettle_ssh_explain (s, rc);
  }
  if (r == FETTLE_OK)
    r = fettle_hostkey_check (s);
  if (r == FETTLE_OK)
    r = fettle_ssh_login (s, deadline);
  if (r == FETTLE_E_TIMEOUT)
    r = fettle_error_set (&c->error, FETTLE_E_UNREACHABLE, "%s port %u let nobody in within %d s",
                          c->target.address, s->port, LOGIN_TIME / 1000);
  s->ready = r == FETTLE_OK;
  return r;
}

/* sshd turns away at random when many come at once (MaxStartups): so come back
 * a little later each time, and not all together. */
static int64_t
back_off (int i)
{
  unsigned char random = 0;

  RAND_bytes (&random, 1);
  return fettle_now_ms () + (150 << i) + random;
}

fettle_result
fettle_ssh_ready (fettle_ctx *c, uint32_t declared, struct fettle_ssh_state **ret)
{
  struct fettle_ssh_state *s = c->ssh;
  fettle_result r;

  if (fettle_context_aborted (c))
    return FETTLE_E_ABORTED;
  if (!s) {
    s = c->ssh = calloc (1, sizeof *s);
    if (!s)
      return fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for an SSH connection");
    s->c = c;
    s->fd = -1;
  }
  if (s->shell)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s wanted something else of the SSH "
                             "connection while it has a conversation open", c->plugin);
  if (s->ready && s->declared != declared)
    fettle_ssh_drop (s);
  s->declared = declared;
  for (int i = 0; !s->ready; i++) {
    bool again = false;

    r = connect_once (s, &again);
    if (r == FETTLE_OK)
      break;
    fettle_ssh_drop (s);
    if (!again || i + 1 == TRIES)
      return r;
    if (fettle_context_wait (c, -1, 0, back_off (i)) == FETTLE_E_ABORTED)
      return FETTLE_E_ABORTED;
  }
  *ret = s;
  return FETTLE_OK;
}

static void
disconnect (fettle_ctx *c)
{
  if (c->ssh)
    fettle_ssh_drop (c->ssh);
}

void
fettle_ssh_close (fettle_ctx *c)
{
  disconnect (c);
  free (c->ssh);
  c->ssh = NULL;
}

const struct fettle_ssh fettle_ssh_service = {
  .struct_size = sizeof (struct fettle_ssh),
  .version = 1,
  .run = fettle_ssh_run,
  .put = fettle_ssh_put,
  .disconnect = disconnect,
  .shell_open = fettle_ssh_shell_open,
  .shell_write = fettle_ssh_shell_write,
  .shell_write_filled = fettle_ssh_shell_write_filled,
  .shell_read = fettle_ssh_shell_read,
  .shell_close = fettle_ssh_shell_close,
};
