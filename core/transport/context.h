/* context.h - one call on one node, as its host table and its transports see
 * it.  The worker fills it in from the request before any plugin code runs;
 * it lives as long as the process.
 *
 * Whoever fails sets `error` and returns its code, as everywhere; what a
 * plugin gets to see of it is the code alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CONTEXT_H
#define FETTLE_CONTEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/socket.h>

#include <fettle/plugin.h>

#include "util/clock.h"
#include "util/error.h"

#define FETTLE_CONTEXT_PORTS 64 /* rows of a request's port list */
#define FETTLE_CONTEXT_FILES 32 /* files of an image */

/* A range that the plugin may connect to.  The numbers differ where the user
 * has moved a port. */
struct fettle_allowed {
  uint32_t protocol;
  uint16_t declared_first, declared_last; /* what the plugin says */
  uint16_t first, last;                   /* what is connected to */
};

struct fettle_credentials {
  char *user, *password, *key, *passphrase, *sudo_password; /* NULL: none */
  char *second_user, *second_password; /* of what is behind the node, or before it */
  char *kerberos; /* "TOKEN:KEY TOKEN:KEY ...", hexadecimal: each for one login */
  int agent; /* a connected socket of an SSH agent, or -1 */
};

struct fettle_https;
struct fettle_serve_state;
struct fettle_smb_state;
struct fettle_ssh_state;
struct fettle_streams;

struct fettle_ctx {
  int call;     /* the call's socket: messages up, an abort down */
  bool aborted;
  struct fettle_error error;

  const char *plugin, *type;
  uint32_t phase;
  struct fettle_target target;
  struct sockaddr_storage address; /* the target's; the port is added */
  struct fettle_allowed allowed[FETTLE_CONTEXT_PORTS];
  size_t n_allowed;
  struct fettle_credentials credentials;
  bool strict;               /* a host key must be known */
  const char *pinned;        /* "TYPE SHA256:...", or NULL */
  int known_hosts;           /* a file, or -1 */
  const char *certificate;   /* "SHA256:..." of the key of the node's certificate, or NULL */
  char *certificate_seen;    /* the same, first seen in this call: ours */
  bool told_old_tls;         /* the report has it */
  uint32_t connect_timeout;  /* ms */
  uint32_t read_timeout;     /* ms without a byte from the node */

  /* Sends a message to the service; takes over the reference. */
  void (*send) (fettle_ctx *, json_t *);
  void (*debug) (fettle_ctx *, const char *text);
  /* Bytes of an image's file: as fettle_host's, and its size. */
  int64_t (*read_file) (fettle_ctx *, uint32_t file, uint64_t offset, void *, uint32_t size);

  /* Reads one message of the service: an abort, or an answer, into `inbox`. */
  void (*take) (fettle_ctx *);
  json_t *inbox;             /* array, or NULL */

  struct fettle_https *https;
  struct fettle_serve_state *serve;
  struct fettle_smb_state *smb;
  struct fettle_ssh_state *ssh;
  struct fettle_streams *streams;
};

/* No deadline. */
#define FETTLE_NEVER INT64_MAX

/* Waits for events of poll(2) at fd (-1: nothing but time and abort).
 * FETTLE_OK when they came, FETTLE_E_TIMEOUT at the deadline (no error is
 * set), FETTLE_E_ABORTED (set) when the service wants the call to end or has
 * gone away. */
fettle_result fettle_context_wait (fettle_ctx *, int fd, short events, int64_t deadline);

/* Waits until `inbox` has a message; results as above. */
fettle_result fettle_context_wait_message (fettle_ctx *, int64_t deadline);

/* Has the service asked to end?  Looks at the socket, doesn't wait. */
bool fettle_context_aborted (fettle_ctx *);

/* The port to connect to for a declared one; refuses what isn't declared for
 * this phase, naming plugin, port and phase. */
fettle_result fettle_context_port (fettle_ctx *, uint32_t protocol, uint32_t declared,
                                   uint16_t *ret_port);

/* A TCP connection to the target's declared port: non-blocking, no delay.
 * One that is refused is tried again a few times, a moment later. */
fettle_result fettle_connect (fettle_ctx *, uint32_t declared, uint32_t timeout_ms, int *ret_fd);

#endif
