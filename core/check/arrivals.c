/* arrivals.c - see arrivals.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netdb.h>
#include <sys/socket.h>

#include "check/arrivals.h"
#include "check/counters.h"
#include "check/probe.h"

#define PACKETS_MAX 256 /* read in one go */
#define SYN_RECEIVED 3  /* /proc/net/tcp's state */
#define HALF_OPEN_MS 300
#define LINES_MAX   5000 /* of the kernel's table: reading it takes time */

struct fettle_arrivals {
  int fd;
  struct event *packets, *tick;
  char node[INET6_ADDRSTRLEN + 20], ours[INET6_ADDRSTRLEN + 20];
  bool six;
  uint16_t port;
  struct fettle_counters before;
  struct fettle_arrivals_seen seen;
};

/* ---- Packets ---- */

static void
count (struct fettle_arrivals *a, const char *from, uint16_t port, unsigned interface)
{
  struct fettle_arrivals_seen *s = &a->seen;

  if (fettle_same_address (from, a->node)) {
    s->arrived++;
    if (!if_indextoname (interface, s->interface))
      s->interface[0] = '\0';
    return;
  }
  for (unsigned i = 0; i < s->n_strangers; i++)
    if (s->strangers[i].port == port && strcmp (s->strangers[i].from, from) == 0)
      return;
  if (s->n_strangers == FETTLE_STRANGERS_MAX)
    return;
  s->strangers[s->n_strangers].port = port;
  snprintf (s->strangers[s->n_strangers++].from, INET6_ADDRSTRLEN, "%s", from);
}

/* The TCP header of a packet, and who sent it to whom. */
static const unsigned char *
tcp_of (const unsigned char *p, size_t size, char *from, char *to)
{
  size_t head = 40;

  if (size < 20)
    return NULL;
  if (p[0] >> 4 == 4) {
    head = (size_t) (p[0] & 15) * 4;
    if (p[9] != IPPROTO_TCP || ((p[6] & 31) | p[7])) /* only the first fragment has ports */
      return NULL;
    inet_ntop (AF_INET, p + 12, from, INET6_ADDRSTRLEN);
    inet_ntop (AF_INET, p + 16, to, INET6_ADDRSTRLEN);
  } else {
    if (size < 40 || p[0] >> 4 != 6 || p[6] != IPPROTO_TCP)
      return NULL;
    inet_ntop (AF_INET6, p + 8, from, INET6_ADDRSTRLEN);
    inet_ntop (AF_INET6, p + 24, to, INET6_ADDRSTRLEN);
  }
  return head >= 20 && size >= head + 14 ? p + head : NULL;
}

static void
on_packets (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_arrivals *a = arg;
  unsigned char packet[128];
  struct sockaddr_ll link;

  (void) what;
  for (int i = 0; i < PACKETS_MAX; i++) {
    socklen_t size = sizeof link;
    ssize_t n = recvfrom ((int) fd, packet, sizeof packet, MSG_DONTWAIT,
                          (struct sockaddr *) &link, &size);
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
    const unsigned char *tcp;

    if (n < 0)
      return;
    tcp = link.sll_pkttype == PACKET_OUTGOING ? NULL : tcp_of (packet, (size_t) n, from, to);
    /* SYN without ACK to our port */
    if (tcp && (tcp[2] << 8 | tcp[3]) == a->port && (tcp[13] & 0x12) == 0x02
        && fettle_same_address (to, a->ours))
      count (a, from, (uint16_t) (tcp[0] << 8 | tcp[1]), (unsigned) link.sll_ifindex);
  }
}

/* Keeps the kernel from copying what isn't the beginning of a connection. */
static void
filter (int fd, bool six, uint16_t port)
{
  struct sock_filter four_code[] = {
    { 0x30, 0, 0, 9 },          /* the protocol */
    { 0x15, 0, 6, IPPROTO_TCP },
    { 0xb1, 0, 0, 0 },          /* the length of the IP header */
    { 0x48, 0, 0, 2 },          /* the destination port */
    { 0x15, 0, 3, port },
    { 0x50, 0, 0, 13 },         /* flags */
    { 0x54, 0, 0, 0x12 },
    { 0x15, 1, 0, 0x02 },
    { 0x06, 0, 0, 0 },
    { 0x06, 0, 0, 128 },
  }, six_code[] = {
    { 0x30, 0, 0, 6 },
    { 0x15, 0, 5, IPPROTO_TCP },
    { 0x28, 0, 0, 42 },
    { 0x15, 0, 3, port },
    { 0x30, 0, 0, 53 },
    { 0x54, 0, 0, 0x12 },
    { 0x15, 1, 0, 0x02 },
    { 0x06, 0, 0, 0 },
    { 0x06, 0, 0, 128 },
  };
  struct sock_fprog program = {
    six ? COUNT (six_code) : COUNT (four_code), six ? six_code : four_code,
  };

  /* Without it there is only more to read. */
  (void) !setsockopt (fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static void
watch (struct fettle_arrivals *a, struct event_base *base)
{
  a->fd = socket (AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  htons (a->six ? ETH_P_IPV6 : ETH_P_IP));
  if (a->fd < 0)
    return;
  filter (a->fd, a->six, a->port);
  a->packets = event_new (base, a->fd, EV_READ | EV_PERSIST, on_packets, a);
  a->seen.watched = a->packets && event_add (a->packets, NULL) == 0;
}

/* ---- Connections that were let in ---- */

/* "0100007F" as the kernel prints an address: words in the host's order. */
static bool
parse_hex (const char *hex, char ret[INET6_ADDRSTRLEN])
{
  uint32_t words[4];
  size_t n = strlen (hex) / 8;

  if ((n != 1 && n != 4) || strlen (hex) != n * 8)
    return false;
  for (size_t i = 0; i < n; i++) {
    unsigned word;

    if (sscanf (hex + 8 * i, "%8x", &word) != 1)
      return false;
    words[i] = word;
  }
  if (n == 4 && IN6_IS_ADDR_V4MAPPED ((const struct in6_addr *) words))
    return inet_ntop (AF_INET, &words[3], ret, INET6_ADDRSTRLEN) != NULL;
  return inet_ntop (n == 1 ? AF_INET : AF_INET6, words, ret, INET6_ADDRSTRLEN) != NULL;
}

static void
look_at_table (struct fettle_arrivals *a, const char *path)
{
  _cleanup_fclose_ FILE *f = fopen (path, "re");
  char line[512], local[40], remote[40], from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
  unsigned port, state;

  for (int i = 0; f && i < LINES_MAX && fgets (line, sizeof line, f); i++)
    if (sscanf (line, " %*d: %39[0-9A-Fa-f]:%x %39[0-9A-Fa-f]:%*x %x", local, &port, remote, &state)
          == 4
        && port == a->port && state == SYN_RECEIVED && parse_hex (local, to)
        && parse_hex (remote, from) && fettle_same_address (to, a->ours)) {
      if (fettle_same_address (from, a->node))
        a->seen.half_open = true;
      else if (!a->seen.half_open_from[0])
        snprintf (a->seen.half_open_from, sizeof a->seen.half_open_from, "%s", from);
    }
}

static void
on_tick (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_arrivals *a = arg;

  (void) fd, (void) what;
  if (a->seen.half_open)
    return;
  look_at_table (a, "/proc/net/tcp");
  look_at_table (a, "/proc/net/tcp6");
}

/* ---- Which way would answers go? ---- */

static bool
is_on (const struct ifaddrs *i, const char *address)
{
  char text[NI_MAXHOST];
  socklen_t size = !i->ifa_addr                             ? 0
                   : i->ifa_addr->sa_family == AF_INET      ? sizeof (struct sockaddr_in)
                   : i->ifa_addr->sa_family == AF_INET6     ? sizeof (struct sockaddr_in6) : 0;

  return size && !getnameinfo (i->ifa_addr, size, text, sizeof text, NULL, 0, NI_NUMERICHOST)
         && fettle_same_address (text, address);
}

static bool
has_address (const char *interface, const char *address)
{
  struct ifaddrs *all = NULL;
  bool found = false;

  if (getifaddrs (&all))
    return false;
  for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next)
    found = strcmp (i->ifa_name, interface) == 0 && is_on (i, address);
  freeifaddrs (all);
  return found;
}

static int
filter_of (const char *interface)
{
  char path[128], value[8] = "";
  _cleanup_fclose_ FILE *f = NULL;

  snprintf (path, sizeof path, "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
  f = fopen (path, "re");
  return f && fgets (value, sizeof value, f) ? value[0] - '0' : 0;
}

/* Strict: the larger one of both settings is 1. */
static bool
is_strict (const char *interface)
{
  int all = filter_of ("all"), own = filter_of (interface);

  return (all > own ? all : own) == 1;
}

static void
look_at_routes (const struct fettle_arrivals *a, struct fettle_arrivals_seen *ret)
{
  char own[INET6_ADDRSTRLEN + 20] = "";
  struct fettle_counters now;
  struct fettle_error err;

  ret->no_way_back = fettle_own_address (a->node, own, sizeof own, &err) != FETTLE_OK;
  fettle_counters_read (&now);
  ret->reverse_path = now.reverse_path > a->before.reverse_path && ret->interface[0]
                      && is_strict (ret->interface)
                      && (ret->no_way_back || !has_address (ret->interface, own));
}

/* ---- From outside ---- */

struct fettle_arrivals *
fettle_arrivals_new (struct event_base *base, const char *node, const char *ours, uint16_t port)
{
  struct fettle_arrivals *a = calloc (1, sizeof *a);
  static const struct timeval often = { 0, HALF_OPEN_MS * 1000 };

  if (!a)
    return NULL;
  a->fd = -1;
  a->port = port;
  a->six = strchr (ours, ':') != NULL;
  snprintf (a->node, sizeof a->node, "%s", node);
  snprintf (a->ours, sizeof a->ours, "%s", ours);
  fettle_counters_read (&a->before);
  watch (a, base);
  a->tick = event_new (base, -1, EV_PERSIST, on_tick, a);
  if (a->tick)
    event_add (a->tick, &often);
  return a;
}

void
fettle_arrivals_look (struct fettle_arrivals *a, struct fettle_arrivals_seen *ret)
{
  if (a->packets)
    on_packets (a->fd, EV_READ, a);
  *ret = a->seen;
  look_at_routes (a, ret);
}

void
fettle_arrivals_free (struct fettle_arrivals *a)
{
  if (!a)
    return;
  if (a->packets)
    event_free (a->packets);
  if (a->tick)
    event_free (a->tick);
  if (a->fd >= 0)
    close (a->fd);
  free (a);
}
