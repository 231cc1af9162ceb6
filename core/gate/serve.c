/* serve.c - see serve.h.  SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#include "gate/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "gate/serve.h"
#include "gate/setup.h"

/* An answer with the longest array of any kind. */
struct answer {
  struct fettle_gate_answer head;
  union {
    struct fettle_gate_state state;
    struct fettle_gate_status statuses[FETTLE_GATE_BATCH];
    struct fettle_gate_trace traces[FETTLE_GATE_BATCH];
    struct fettle_gate_seen seen[FETTLE_GATE_BATCH];
    struct fettle_gate_finding findings[FETTLE_GATE_FINDINGS];
  } with;
};

/* ---- The client. ---- */

static enum fettle_gate_result
failed (struct fettle_why *why, const char *what)
{
  return fettle_why_set (why, FETTLE_GATE_E_KERNEL, "%s: %s", what, strerror (errno));
}

enum fettle_gate_result
fettle_server_listen (const char *path, uid_t owner, int *ret_fd, struct fettle_why *why)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct stat st;
  int fd;

  if (strlen (path) >= sizeof address.sun_path)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "--listen: the path is too long");
  memcpy (address.sun_path, path, strlen (path));
  if (lstat (path, &st) == 0 && S_ISSOCK (st.st_mode))
    unlink (path);
  fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return failed (why, "a socket");
  umask (0177);
  if (bind (fd, (struct sockaddr *) &address, sizeof address) || chown (path, owner, (gid_t) -1)
      || listen (fd, 4)) {
    close (fd);
    return failed (why, path);
  }
  *ret_fd = fd;
  return FETTLE_GATE_OK;
}

static bool
is_welcome (int fd, uid_t user)
{
  struct ucred peer;
  socklen_t size = sizeof peer;

  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
         && (peer.uid == 0 || peer.uid == user);
}

enum fettle_gate_result
fettle_server_client (int fd, uid_t user, int *ret_fd, struct fettle_why *why)
{
  int listens = 0, type = 0;
  socklen_t size = sizeof listens;

  if (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size)
      || getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size))
    return failed (why, "the client's socket");
  if (type != SOCK_SEQPACKET)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "the client's socket isn't SOCK_SEQPACKET");
  while (listens) {
    int client = accept4 (fd, NULL, NULL, SOCK_CLOEXEC);

    if (client < 0 && errno != ECONNABORTED)
      return failed (why, "waiting for the service");
    if (client < 0)
      continue;
    if (is_welcome (client, user)) {
      close (fd);
      *ret_fd = client;
      return FETTLE_GATE_OK;
    }
    close (client);
  }
  if (!is_welcome (fd, user))
    return fettle_why_set (why, FETTLE_GATE_E_REFUSED, "the client is neither root nor the service");
  *ret_fd = fd;
  return FETTLE_GATE_OK;
}

/* ---- Requests. ---- */

static enum fettle_gate_result
set_ports (struct fettle_server *s, const struct fettle_request *r, struct fettle_why *why)
{
  if (fettle_table_ports (&s->table, r->spans, r->head.count, why))
    return why->result;
  s->policy.gated.n = r->head.count;
  memcpy (s->policy.gated.spans, r->spans, r->head.count * sizeof *r->spans);
  return FETTLE_GATE_OK;
}

static enum fettle_gate_result
ping (struct fettle_server *s, struct answer *a, struct fettle_why *why)
{
  if (fettle_table_state (&s->table, &a->with.state, why))
    return why->result;
  a->with.state.flags |= s->flags;
  return FETTLE_GATE_OK;
}

/* Sets the count and size of what follows the answer's head. */
static enum fettle_gate_result
handle (struct fettle_server *s, const struct fettle_request *r, struct answer *a, size_t *ret_each,
        struct fettle_why *why)
{
  struct fettle_gate_head *head = &a->head.head;
  uint32_t n = r->head.count;

  switch ((enum fettle_gate_type) r->head.type) {
  case FETTLE_GATE_PING:
    head->count = 1;
    *ret_each = sizeof a->with.state;
    return ping (s, a, why);
  case FETTLE_GATE_PORTS:
    return set_ports (s, r, why);
  case FETTLE_GATE_OPEN:
    return fettle_table_open (&s->table, r->holes, n, why);
  case FETTLE_GATE_CLOSE:
    return fettle_table_close (&s->table, r->holes, n, why);
  case FETTLE_GATE_CLOSE_ALL:
    return fettle_table_close_all (&s->table, why);
  case FETTLE_GATE_STATUS:
    head->count = n;
    *ret_each = sizeof a->with.statuses[0];
    return fettle_table_status (&s->table, r->holes, n, a->with.statuses, why);
  case FETTLE_GATE_TRACE:
    head->count = n;
    *ret_each = sizeof a->with.traces[0];
    return fettle_table_trace (&s->table, r->holes, n, a->with.traces, why);
  case FETTLE_GATE_SEEN:
    *ret_each = sizeof a->with.seen[0];
    return fettle_table_seen (&s->table, a->with.seen, FETTLE_GATE_BATCH, &head->count, why);
  case FETTLE_GATE_LOOK:
    *ret_each = sizeof a->with.findings[0];
    return fettle_find (s->table.nft, &s->policy, s->legacy, a->with.findings, &head->count, why);
  }
  return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "the request is unknown");
}

static size_t
answer (struct fettle_server *s, const void *packet, size_t size, struct answer *a)
{
  struct fettle_request r;
  struct fettle_why why;
  size_t each = 0;

  memset (&a->head, 0, sizeof a->head);
  if (!fettle_request_check (packet, size, &s->policy, &r, &why))
    handle (s, &r, a, &each, &why);
  a->head.head.magic = FETTLE_GATE_MAGIC;
  a->head.head.version = FETTLE_GATE_VERSION;
  a->head.head.type = r.head.type;
  a->head.head.id = r.head.id;
  a->head.result = why.result;
  if (!why.result)
    return sizeof a->head + a->head.head.count * each;
  a->head.head.count = 0;
  a->head.index = why.index;
  memcpy (a->head.text, why.text, sizeof a->head.text);
  return sizeof a->head;
}

/* A table that isn't owned may be flushed by anybody: once a second is looked
 * whether it is there still. */
static enum fettle_gate_result
watch (struct fettle_server *s, int client, struct fettle_why *why)
{
  const struct timeval second = { 1, 0 };

  if (!(s->table.flags & FETTLE_GATE_OWNED)
      && setsockopt (client, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second))
    return failed (why, "a timer");
  return FETTLE_GATE_OK;
}

enum fettle_gate_result
fettle_server_run (struct fettle_server *s, int client, struct fettle_why *why)
{
  static _Alignas (uint64_t) char packet[FETTLE_GATE_PACKET];
  static struct answer a;
  const int room = sizeof a;

  setsockopt (client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  if (watch (s, client, why))
    return why->result;
  for (;;) {
    ssize_t n = recv (client, packet, sizeof packet, MSG_TRUNC);

    if (n < 0 && errno == EAGAIN) {
      if (fettle_table_is_there (&s->table))
        continue;
      return fettle_why_set (why, FETTLE_GATE_E_KERNEL,
                             "somebody removed table inet fettle from the host's firewall");
    }
    if (n <= 0)
      return FETTLE_GATE_OK;
    /* What was cut off at the end makes the size wrong, too. */
    if (send (client, &a, answer (s, packet, (size_t) n, &a), MSG_NOSIGNAL) < 0)
      return FETTLE_GATE_OK;
  }
}
