/* ssh.h - one SSH connection to the target: what the files of ssh/1 share.
 *
 * libssh2 never blocks here: each of its calls is repeated by RETRY while it
 * says EAGAIN, and in between fettle_ssh_wait waits for the node, an abort or
 * a deadline.  After a failure of the connection itself it is dropped; the
 * next call of the plugin connects anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SSH_H
#define FETTLE_SSH_H

#include <libssh2.h>

#include <fettle/services.h>

#include "transport/context.h"
#include "util/buf.h"

struct fettle_ssh_state {
  fettle_ctx *c;
  LIBSSH2_SESSION *session;
  LIBSSH2_CHANNEL *shell; /* the open conversation, or NULL */
  int fd;
  uint32_t declared;      /* port, as the plugin calls it */
  uint16_t port;          /* as it is */
  bool ready;             /* logged in */
  int questions;          /* rounds of keyboard-interactive */
  char greeting[2048];    /* the node's first bytes: banner and offer, in the clear */
  size_t greeting_size;
  uint64_t received;      /* bytes so far: did libssh2 take something in? */
};

/* Repeats a call of libssh2 until it is done: sets rc, or r when waiting has
 * failed. */
#define RETRY(s, deadline, r, rc, call)                                       \
  do {                                                                        \
    (r) = FETTLE_OK;                                                          \
    while (((rc) = (call)) == LIBSSH2_ERROR_EAGAIN)                           \
      if (((r) = fettle_ssh_wait ((s), (deadline))) != FETTLE_OK)             \
        break;                                                                \
  } while (0)

/* ---- ssh.c: the connection ---- */

/* Connected, host key checked, logged in; connects if it isn't yet. */
fettle_result fettle_ssh_ready (fettle_ctx *, uint32_t declared, struct fettle_ssh_state **ret);

/* Waits until libssh2 can go on.  FETTLE_E_TIMEOUT at the deadline (no error
 * set); a node that is silent for too long is UNREACHABLE. */
fettle_result fettle_ssh_wait (struct fettle_ssh_state *, int64_t deadline);

/* A failed call of libssh2 as a result: "doing what: why". */
fettle_result fettle_ssh_fail (struct fettle_ssh_state *, int rc, const char *doing);
bool fettle_ssh_is_dead (int rc);

void fettle_ssh_drop (struct fettle_ssh_state *);

/* libssh2 that can use RSA with SHA-2, which servers ask for since 2021. */
bool fettle_ssh_has_rsa_sha2 (void);

/* ---- greeting.c: what the node offers ---- */

/* Nothing was said but that there are too many at once: worth another try. */
bool fettle_ssh_was_turned_away (const struct fettle_ssh_state *);

/* Why the handshake failed, as far as the offer tells. */
fettle_result fettle_ssh_explain (struct fettle_ssh_state *, int rc);

/* ---- hostkey.c ---- */

/* Asks for the kinds of host key that are known for this node.  Before the
 * handshake. */
fettle_result fettle_hostkey_prefer (struct fettle_ssh_state *);
fettle_result fettle_hostkey_check (struct fettle_ssh_state *);

/* ---- auth.c, agent.c ---- */

fettle_result fettle_ssh_login (struct fettle_ssh_state *, int64_t deadline);

/* Tries the keys of the agent.  FETTLE_E_AUTH when the node took none (no error
 * is set), or the agent failed (it is); *ret_tried keys were offered. */
fettle_result fettle_agent_login (struct fettle_ssh_state *, int64_t deadline, unsigned *ret_tried);

/* ---- run.c: one command ---- */

struct fettle_sudo;

struct fettle_ssh_exec {
  const char *command;
  int64_t (*input) (void *opaque, void *buffer, size_t room); /* 0: the end; NULL: none */
  void *input_opaque;
  fettle_sink *out, *err;
  void *opaque;
  int64_t deadline;
  uint32_t timeout_ms;       /* the deadline in words */
  struct fettle_sudo *sudo;  /* or NULL */
};

fettle_result fettle_ssh_exec (struct fettle_ssh_state *, struct fettle_ssh_exec *,
                               int32_t *exit_status);
fettle_result fettle_ssh_run (fettle_ctx *, const struct fettle_ssh_command *, int32_t *);

/* ---- shell.c: a conversation ---- */

fettle_result fettle_ssh_shell_open (fettle_ctx *, const struct fettle_ssh_shell *);
fettle_result fettle_ssh_shell_write (fettle_ctx *, const void *data, size_t size);
fettle_result fettle_ssh_shell_write_filled (fettle_ctx *, const char *text);
int64_t fettle_ssh_shell_read (fettle_ctx *, void *buffer, size_t size, uint32_t timeout_ms);
void fettle_ssh_shell_close (fettle_ctx *);

/* ---- put.c ---- */

fettle_result fettle_ssh_put (fettle_ctx *, uint32_t port, uint32_t flags, uint32_t file,
                              uint64_t offset, const char *remote);

/* ---- sudo.c: becoming root ---- */

#define FETTLE_SUDO_TIME 30000 /* ms until sudo has let us in */

struct fettle_sudo {
  const struct fettle_credentials *credentials;
  char prompt[48], passed[48]; /* what sudo asks with, what is said behind it */
  struct fettle_buf held;      /* stderr so far, while sudo is at it */
  bool in;                     /* the command runs */
  bool wants_password;
  unsigned asked;
  int64_t deadline;
};

/* Is a detour through sudo needed? */
bool fettle_sudo_needed (const fettle_ctx *, uint32_t flags);

fettle_result fettle_sudo_wrap (fettle_ctx *, struct fettle_sudo *, const char *command,
                                struct fettle_buf *ret);

/* What came on stderr before `in`.  The part behind sudo's own words, which is
 * the command's, is given to the sink. */
fettle_result fettle_sudo_heard (fettle_ctx *, struct fettle_sudo *, const char *data, size_t size,
                                 fettle_sink *, void *opaque);

/* It ended without letting us in: why. */
fettle_result fettle_sudo_refused (fettle_ctx *, struct fettle_sudo *, int32_t exit_status);
void fettle_sudo_clear (struct fettle_sudo *);

/* 'text' in quotes for a shell. */
bool fettle_shell_quote (struct fettle_buf *, const char *text);

#endif
