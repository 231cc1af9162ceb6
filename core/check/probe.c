/* probe.c - see probe.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "check/counters.h"
#include "check/probe.h"
#include "util/clock.h"

#define PAUSE_MS 1200 /* between two tries: ICMP errors come about once a second */
#define UDP_MS   1500 /* how long an answer to the datagram is waited for */

struct fettle_probe {
  struct fettle_prober *prober;
  struct fettle_probe *next;  /* in the queue */
  bool running;
  bool datagram;              /* nothing but the datagram */
  struct sockaddr_storage to;
  socklen_t to_size;
  uint32_t greeting_ms;
  fettle_probe_done *done;
  void *arg;
  struct fettle_probe_seen seen;
  int fd, udp;
  struct event *event;        /* of fd, or a timer */
  struct event *udp_event;
  int64_t began;
  struct fettle_counters before;
  bool alone;
};

struct fettle_prober {
  struct event_base *base;
  struct fettle_probe *first, **end; /* those that wait */
  unsigned running;
  struct event *dispatch;
};

static void begin (struct fettle_probe *);
static void try_connect (struct fettle_probe *);

/* ---- Addresses ---- */

static bool
parse (const char *address, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_size)
{
  struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
  struct addrinfo *a = NULL;
  char service[8];

  snprintf (service, sizeof service, "%u", port);
  if (getaddrinfo (address, service, &hints, &a))
    return false;
  memcpy (ret, a->ai_addr, a->ai_addrlen);
  *ret_size = a->ai_addrlen;
  freeaddrinfo (a);
  return true;
}

/* Without zone; a v4-mapped one as IPv4. */
static void
text_of (const struct sockaddr *sa, char ret[INET6_ADDRSTRLEN])
{
  const struct in6_addr *six = &((const struct sockaddr_in6 *) sa)->sin6_addr;

  ret[0] = '\0';
  if (sa->sa_family == AF_INET)
    inet_ntop (AF_INET, &((const struct sockaddr_in *) sa)->sin_addr, ret, INET6_ADDRSTRLEN);
  else if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED (six))
    inet_ntop (AF_INET, &six->s6_addr[12], ret, INET6_ADDRSTRLEN);
  else if (sa->sa_family == AF_INET6)
    inet_ntop (AF_INET6, six, ret, INET6_ADDRSTRLEN);
}

bool
fettle_same_address (const char *a, const char *b)
{
  struct sockaddr_storage x, y;
  socklen_t size;
  char s[INET6_ADDRSTRLEN], t[INET6_ADDRSTRLEN];

  if (!parse (a, 0, &x, &size) || !parse (b, 0, &y, &size))
    return false;
  text_of ((struct sockaddr *) &x, s);
  text_of ((struct sockaddr *) &y, t);
  return strcmp (s, t) == 0;
}

static void
take_own (int fd, char ret[INET6_ADDRSTRLEN])
{
  struct sockaddr_storage sa;
  socklen_t size = sizeof sa;

  if (getsockname (fd, (struct sockaddr *) &sa, &size) == 0)
    text_of ((struct sockaddr *) &sa, ret);
}

fettle_result
fettle_own_address (const char *address, char *ret, size_t ret_size, struct fettle_error *err)
{
  _cleanup_close_ int fd = -1;
  struct sockaddr_storage to;
  char own[INET6_ADDRSTRLEN] = "";
  const char *zone = strchr (address, '%');
  socklen_t size;

  if (!parse (address, 9, &to, &size))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is no address", address);
  fd = socket (to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect (fd, (struct sockaddr *) &to, size))
    return fettle_error_errno (err, FETTLE_E_UNREACHABLE, "finding the way to %s", address);
  take_own (fd, own);
  snprintf (ret, ret_size, "%s%s", own, zone && strncmp (own, "fe80", 4) == 0 ? zone : "");
  return FETTLE_OK;
}

/* ---- What the kernel tells ---- */

static void
take_error (const struct sock_extended_err *e, struct fettle_icmp *ret)
{
  const struct sockaddr *from = SO_EE_OFFENDER (e);

  if (e->ee_origin != SO_EE_ORIGIN_ICMP && e->ee_origin != SO_EE_ORIGIN_ICMP6
      && e->ee_origin != SO_EE_ORIGIN_LOCAL)
    return;
  *ret = (struct fettle_icmp) { .there = true, .local = e->ee_origin == SO_EE_ORIGIN_LOCAL,
                                .type = e->ee_type, .code = e->ee_code };
  if (from->sa_family == AF_INET || from->sa_family == AF_INET6)
    text_of (from, ret->offender);
}

static void
read_errors (int fd, struct fettle_icmp *ret)
{
  char data[256], control[512] __attribute__ ((__aligned__ (8)));
  struct iovec piece = { data, sizeof data };
  struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1 };

  for (int i = 0; i < 8; i++) {
    m.msg_control = control;
    m.msg_controllen = sizeof control;
    if (recvmsg (fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
      return;
    for (struct cmsghdr *c = CMSG_FIRSTHDR (&m); c; c = CMSG_NXTHDR (&m, c))
      if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR)
          || (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
        take_error ((const struct sock_extended_err *) (void *) CMSG_DATA (c), ret);
  }
}

static int
open_socket (const struct fettle_probe *p, int type)
{
  int fd = socket (p->to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

  if (fd < 0)
    return -1;
  if (p->to.ss_family == AF_INET6)
    (void) !setsockopt (fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
  else
    (void) !setsockopt (fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  return fd;
}

/* ---- Our own filter ---- */

/* The checksum of TCP over IPv4; sums are of 16-bit words as they lie. */
static uint16_t
checksum (const struct in_addr *from, const struct in_addr *to, const uint16_t segment[10])
{
  uint32_t sum = htons (IPPROTO_TCP) + htons (20);

  sum += (from->s_addr & 0xffff) + (from->s_addr >> 16) + (to->s_addr & 0xffff) + (to->s_addr >> 16);
  for (int i = 0; i < 10; i++)
    sum += segment[i];
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t) ~sum;
}

/* Sends the beginning of one more connection by hand: there the kernel says
 * whether it let it out.  It answers for us what comes back (with a reset). */
static int
send_segment (const struct fettle_probe *p)
{
  _cleanup_close_ int fd = socket (p->to.ss_family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                   IPPROTO_TCP);
  const struct sockaddr_in *to = (const struct sockaddr_in *) (const void *) &p->to;
  struct sockaddr_storage plain = p->to;
  struct sockaddr_in from = { 0 };
  socklen_t size = sizeof from;
  uint16_t segment[10] = { htons (40000), to->sin_port, htons (0x4645), htons (0x5454), 0, 0,
                           htons (0x5002), htons (64240), 0, 0 };
  int offset = 16;

  if (fd < 0)
    return errno;
  ((struct sockaddr_in *) (void *) &plain)->sin_port = 0; /* the same place in IPv6 */
  if (connect (fd, (struct sockaddr *) &plain, p->to_size))
    return errno;
  if (p->to.ss_family == AF_INET6)
    (void) !setsockopt (fd, IPPROTO_IPV6, IPV6_CHECKSUM, &offset, sizeof offset);
  else if (getsockname (fd, (struct sockaddr *) &from, &size) == 0)
    segment[8] = checksum (&from.sin_addr, &to->sin_addr, segment);
  return send (fd, segment, sizeof segment, 0) < 0 ? errno : 0;
}

/* Segments of somebody's weren't let out: ours? */
static bool
is_kept_back (const struct fettle_probe *p, bool alone)
{
  _cleanup_close_ int fd = socket (p->to.ss_family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);

  /* The socket itself needs a right that isn't always there. */
  return fd < 0 ? alone : send_segment (p) == EPERM;
}

/* ---- One after the other ---- */

static void
dispatch (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_prober *r = arg;

  (void) fd, (void) what;
  while (r->first && r->running < FETTLE_PROBE_AT_ONCE) {
    struct fettle_probe *p = r->first;

    r->first = p->next;
    if (!r->first)
      r->end = &r->first;
    r->running++;
    p->running = true;
    begin (p);
  }
}

static void
close_all (struct fettle_probe *p)
{
  if (p->event)
    event_free (p->event);
  if (p->udp_event)
    event_free (p->udp_event);
  p->event = p->udp_event = NULL;
  if (p->fd >= 0)
    close (p->fd);
  if (p->udp >= 0)
    close (p->udp);
  p->fd = p->udp = -1;
}

static void
release (struct fettle_probe *p)
{
  struct fettle_prober *r = p->prober;

  close_all (p);
  if (p->running)
    r->running--;
  else
    for (struct fettle_probe **q = &r->first; *q; q = &(*q)->next)
      if (*q == p) {
        *q = p->next;
        if (!*q)
          r->end = q;
        break;
      }
  if (r->first)
    event_active (r->dispatch, EV_TIMEOUT, 0);
  free (p);
}

static void
end (struct fettle_probe *p)
{
  struct fettle_probe_seen seen = p->seen;
  fettle_probe_done *done = p->done;
  void *arg = p->arg;
  struct fettle_counters now;

  fettle_counters_read (&now);
  if (seen.error == ETIMEDOUT && !p->datagram && now.unsent > p->before.unsent)
    seen.kept_back = is_kept_back (p, p->alone && p->prober->running == 1);
  release (p);
  done (arg, &seen);
}

/* Calls f when fd is ready, or after so long; fd -1: a pause. */
static void
wait_for (struct fettle_probe *p, int fd, short what, uint32_t ms, event_callback_fn f)
{
  struct timeval t = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

  if (p->event)
    event_free (p->event);
  p->event = event_new (p->prober->base, fd, what | EV_TIMEOUT, f, p);
  if (!p->event)
    abort ();
  event_add (p->event, &t);
}

/* ---- The datagram ---- */

static void
on_datagram (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_probe *p = arg;
  char answer[64];

  if (what & EV_READ) {
    if (recv ((int) fd, answer, sizeof answer, MSG_DONTWAIT) < 0 && errno != EAGAIN)
      p->seen.udp_error = errno;
    read_errors ((int) fd, &p->seen.udp_icmp);
  }
  event_del (p->udp_event);
  if (p->datagram)
    end (p);
}

static void
send_datagram (struct fettle_probe *p)
{
  struct timeval t = { .tv_sec = UDP_MS / 1000, .tv_usec = (UDP_MS % 1000) * 1000 };

  p->udp = open_socket (p, SOCK_DGRAM);
  if (p->udp < 0)
    return;
  if (connect (p->udp, (struct sockaddr *) &p->to, p->to_size) || send (p->udp, "", 1, 0) < 0) {
    p->seen.udp_error = errno;
    read_errors (p->udp, &p->seen.udp_icmp);
    t = (struct timeval) { 0 };
  }
  take_own (p->udp, p->seen.own);
  p->udp_event = event_new (p->prober->base, p->udp, EV_READ, on_datagram, p);
  if (p->udp_event)
    event_add (p->udp_event, &t);
}

/* ---- The connection ---- */

static void
on_greeting (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_probe *p = arg;
  ssize_t n = what & EV_READ ? recv ((int) fd, p->seen.greeting, FETTLE_GREETING_MAX, MSG_DONTWAIT) : 0;

  for (ssize_t i = 0; i < n; i++)
    if (p->seen.greeting[i] < ' ' || p->seen.greeting[i] > '~')
      p->seen.greeting[i] = p->seen.greeting[i] == '\r' || p->seen.greeting[i] == '\n' ? '\0' : '?';
  end (p);
}

static void
on_pause (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what;
  try_connect (arg);
}

/* Why it isn't connected; silence is tried once more. */
static void
failed (struct fettle_probe *p, int error)
{
  p->seen.error = error;
  p->seen.ms = (uint32_t) (fettle_now_ms () - p->began);
  if (p->fd >= 0) {
    read_errors (p->fd, &p->seen.icmp);
    close (p->fd);
    p->fd = -1;
  }
  if (error == ETIMEDOUT && p->seen.tries < 2)
    wait_for (p, -1, 0, PAUSE_MS, on_pause);
  else
    end (p);
}

static void
on_connected (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_probe *p = arg;
  int error = ETIMEDOUT;
  socklen_t size = sizeof error;

  if (what & EV_WRITE && getsockopt ((int) fd, SOL_SOCKET, SO_ERROR, &error, &size))
    error = errno;
  /* It wouldn't do to close a descriptor that an event still watches. */
  event_del (p->event);
  if (error) {
    failed (p, error);
    return;
  }
  p->seen.error = 0;
  p->seen.ms = (uint32_t) (fettle_now_ms () - p->began);
  if (p->greeting_ms)
    wait_for (p, p->fd, EV_READ, p->greeting_ms, on_greeting);
  else
    end (p);
}

static void
on_failed_at_once (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_probe *p = arg;

  (void) fd, (void) what;
  failed (p, p->seen.error);
}

static void
try_connect (struct fettle_probe *p)
{
  int error = 0;

  p->began = fettle_now_ms ();
  p->seen.tries++;
  p->fd = open_socket (p, SOCK_STREAM);
  if (p->fd < 0 || connect (p->fd, (struct sockaddr *) &p->to, p->to_size))
    error = errno;
  if (error && error != EINPROGRESS) {
    p->seen.error = error;
    p->seen.at_once = true;
    /* An answer to the datagram may be on its way. */
    wait_for (p, -1, 0, p->udp >= 0 && !p->seen.udp_error ? 200 : 0, on_failed_at_once);
    return;
  }
  take_own (p->fd, p->seen.own);
  wait_for (p, p->fd, EV_WRITE, FETTLE_PROBE_TRY_MS, on_connected);
}

static void
begin (struct fettle_probe *p)
{
  fettle_counters_read (&p->before);
  p->alone = p->prober->running == 1;
  send_datagram (p);
  if (!p->datagram)
    try_connect (p);
  else if (!p->udp_event) {
    p->seen.udp_error = errno;
    wait_for (p, -1, 0, 0, on_datagram);
  }
}

/* ---- From outside ---- */

static fettle_result
probe (struct fettle_prober *r, const char *address, uint16_t port, fettle_probe_done *done,
       void *arg, struct fettle_probe **ret, struct fettle_error *err)
{
  struct fettle_probe *p = calloc (1, sizeof *p);

  if (!p)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to look at %s", address);
  *p = (struct fettle_probe) { .prober = r, .done = done, .arg = arg, .fd = -1, .udp = -1 };
  if (!parse (address, port, &p->to, &p->to_size)) {
    free (p);
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is no address", address);
  }
  *r->end = p;
  r->end = &p->next;
  event_active (r->dispatch, EV_TIMEOUT, 0);
  *ret = p;
  return FETTLE_OK;
}

fettle_result
fettle_probe_tcp (struct fettle_prober *r, const char *address, uint16_t port, uint32_t greeting_ms,
                  fettle_probe_done *done, void *arg, struct fettle_probe **ret,
                  struct fettle_error *err)
{
  if (probe (r, address, port, done, arg, ret, err))
    return err->code;
  (*ret)->greeting_ms = greeting_ms;
  return FETTLE_OK;
}

fettle_result
fettle_probe_udp (struct fettle_prober *r, const char *address, uint16_t port,
                  fettle_probe_done *done, void *arg, struct fettle_probe **ret,
                  struct fettle_error *err)
{
  if (probe (r, address, port, done, arg, ret, err))
    return err->code;
  (*ret)->datagram = true;
  (*ret)->seen.error = ETIMEDOUT;
  return FETTLE_OK;
}

void
fettle_probe_cancel (struct fettle_probe *p)
{
  if (p)
    release (p);
}

struct fettle_prober *
fettle_prober_new (struct event_base *base)
{
  struct fettle_prober *r = calloc (1, sizeof *r);

  if (!r)
    return NULL;
  r->base = base;
  r->end = &r->first;
  r->dispatch = evtimer_new (base, dispatch, r);
  if (!r->dispatch) {
    free (r);
    return NULL;
  }
  return r;
}

void
fettle_prober_free (struct fettle_prober *r)
{
  if (!r)
    return;
  event_free (r->dispatch);
  free (r);
}
