/* listen.c - see listen.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <event2/util.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "serve/listen.h"
#include "util/text.h"

#define BACKLOG      512
#define UNSENT_MAX   (128 << 10) /* slow readers would fill the kernel's memory */
#define FREE_PORT_TRIES 20

static void cleanup_listen (struct fettle_listen *l) { fettle_listen_close (l); }

static void
set_option (int fd, int level, int option, int value)
{
  /* Each of these only makes things better; without it they still work. */
  (void) !setsockopt (fd, level, option, &value, sizeof value);
}

/* Accepted connections inherit these. */
static void
set_for_connections (int fd)
{
  set_option (fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option (fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX);
}

static int
open_socket (const struct addrinfo *a)
{
  _cleanup_close_ int fd = socket (a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    return -1;
  set_option (fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set_for_connections (fd);
  if (a->ai_family == AF_INET6)
    set_option (fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (bind (fd, a->ai_addr, a->ai_addrlen) || listen (fd, BACKLOG))
    return -1;
  return STEAL_FD (fd);
}

static uint16_t
port_of (int fd)
{
  struct sockaddr_storage sa = { 0 };
  socklen_t size = sizeof sa;

  if (getsockname (fd, (struct sockaddr *) &sa, &size))
    return 0;
  return ntohs (sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *) &sa)->sin6_port
                                         : ((struct sockaddr_in *) &sa)->sin_port);
}

static fettle_result
say_why (const struct fettle_listen *l, const char *address, struct fettle_error *err)
{
  const char *setting = l->setting ? l->setting : "ssl_port";
  uint16_t port = l->port;
  char owner[128];

  if (errno == EINVAL)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "api_address: \"%s\" is neither an address nor localhost", address);
  if (errno == EADDRINUSE && port)
    return fettle_error_set (err, FETTLE_E_BUSY,
                             "port %u on %s is in use by %s: end that, or choose another port with "
                             "%s", port, address,
                             fettle_port_owner (port, owner, sizeof owner), setting);
  if (errno == EACCES)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "listening on port %u needs root: choose a %s above 1023",
                             port, setting);
  if (errno == EADDRNOTAVAIL)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "this host has no address %s to listen on: see api_address", address);
  return fettle_error_errno (err, errno == EADDRINUSE ? FETTLE_E_BUSY : FETTLE_E_CONFIG,
                             "listening on %s, port %u", address, port);
}

/* -1 and errno; EINVAL: it isn't an address. */
static int
open_literal (const char *address, uint16_t number)
{
  struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                            .ai_socktype = SOCK_STREAM };
  struct addrinfo *a = NULL;
  char port[8];
  int fd, e;

  snprintf (port, sizeof port, "%u", number);
  if (!fettle_is_address (address) || getaddrinfo (address, port, &hints, &a)) {
    errno = EINVAL;
    return -1;
  }
  fd = open_socket (a);
  e = errno;
  freeaddrinfo (a);
  errno = e;
  return fd;
}

bool
fettle_listen_try (const char *address, uint16_t port, struct fettle_listen *ret)
{
  int fd = open_literal (address, port);

  if (fd >= 0)
    *ret = (struct fettle_listen) { .fds = { fd }, .n = 1, .port = port_of (fd) };
  return fd >= 0;
}

/* The first one decides the port when any will do. */
static fettle_result
add_address (struct fettle_listen *l, const char *address, struct fettle_error *err)
{
  int fd;

  if (l->n == FETTLE_LISTEN_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "api_address has more than %d addresses",
                             FETTLE_LISTEN_MAX);
  fd = open_literal (address, l->port);
  if (fd < 0)
    return say_why (l, address, err);
  l->fds[l->n++] = fd;
  l->port = port_of (fd);
  return FETTLE_OK;
}

static fettle_result
add_localhost (struct fettle_listen *l, struct fettle_error *err)
{
  fettle_result r = add_address (l, "127.0.0.1", err);

  if (r)
    return r;
  r = add_address (l, "::1", err);
  return r == FETTLE_E_CONFIG ? FETTLE_OK : r; /* a host without IPv6 */
}

static fettle_result
add_all (struct fettle_listen *l, const char *addresses, struct fettle_error *err)
{
  char one[64];
  fettle_result r = FETTLE_OK;

  for (const char *p = addresses + strspn (addresses, " ,"); *p && !r; p += strspn (p, " ,")) {
    size_t n = strcspn (p, " ,");

    snprintf (one, sizeof one, "%.*s", n < sizeof one ? (int) n : 0, p);
    r = strcmp (one, "localhost") == 0 ? add_localhost (l, err) : add_address (l, one, err);
    p += n;
  }
  if (!r && !l->n)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "api_address names no address");
  return r;
}

fettle_result
fettle_listen_open (const char *addresses, uint16_t port, struct fettle_listen *ret,
                    struct fettle_error *err)
{
  fettle_result r = FETTLE_OK;

  /* A port that is free on one address may be taken on the next. */
  for (int i = 0; i < (port ? 1 : FREE_PORT_TRIES); i++) {
    _cleanup_ (cleanup_listen) struct fettle_listen l = { .port = port };

    r = add_all (&l, addresses, err);
    if (!r) {
      *ret = l;
      l.n = 0;
      return FETTLE_OK;
    }
    if (r != FETTLE_E_BUSY)
      break;
  }
  return r;
}

fettle_result
fettle_listen_one (const char *address, uint16_t port, const char *setting,
                   struct fettle_listen *ret, struct fettle_error *err)
{
  struct fettle_listen l = { .port = port, .setting = setting };

  if (add_address (&l, address, err))
    return err->code;
  *ret = l;
  return FETTLE_OK;
}

fettle_result
fettle_listen_adopt (struct fettle_listen *l, int fd, struct fettle_error *err)
{
  uint16_t port = port_of (fd);

  if (l->n == FETTLE_LISTEN_MAX || !port || (l->n && port != l->port)
      || fcntl (fd, F_SETFD, FD_CLOEXEC) || evutil_make_socket_nonblocking (fd)) {
    close (fd);
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "a socket that was handed over, port %u, can't be used: at most %d are "
                             "taken, and all on one port", port, FETTLE_LISTEN_MAX);
  }
  set_for_connections (fd);
  l->port = port;
  l->fds[l->n++] = fd;
  return FETTLE_OK;
}

void
fettle_listen_close (struct fettle_listen *l)
{
  while (l->n)
    close (l->fds[--l->n]);
}
