/* probe.h - can a port of a node be reached?  One TCP connection is tried, and
 * what the kernel tells of its end is kept: errno, and the ICMP error with who
 * sent it.
 *
 * Silence proves little: ICMP errors are rate-limited, so a silent try is made
 * once more, more than a second later; and each try waits longer than the
 * three seconds after which a neighbour that doesn't answer is given up.  A
 * datagram to the same port tells silence that this host's own output filter
 * makes (EPERM) from silence elsewhere; a filter of TCP alone is found out by
 * a raw segment, where CAP_NET_RAW is there, else by the kernel's count of
 * segments that it couldn't repeat, if no other probe ran.
 *
 * Lives in the event loop; nothing blocks.  So many probes run at a time; more
 * of them wait.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PROBE_H
#define FETTLE_PROBE_H

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

#define FETTLE_PROBE_TRY_MS  3600 /* of one try; longer than that */
#define FETTLE_PROBE_AT_ONCE 256
#define FETTLE_GREETING_MAX  64

/* An ICMP error, or none. */
struct fettle_icmp {
  bool there;
  bool local;                  /* the kernel of this host made it up */
  uint8_t type, code;
  char offender[INET6_ADDRSTRLEN]; /* who sent it; "" unknown */
};

struct fettle_probe_seen {
  int error;                   /* errno; 0: connected; ETIMEDOUT: silence */
  bool at_once;                /* the kernel refused before anything was sent */
  struct fettle_icmp icmp;
  char own[INET6_ADDRSTRLEN];  /* our address toward the node, "" unknown */
  uint32_t ms;                 /* of the try that ended it */
  unsigned tries;
  int udp_error;               /* of the datagram; 0: none came back */
  struct fettle_icmp udp_icmp;
  bool kept_back;              /* silence, and this host's kernel didn't let the segment out */
  char greeting[FETTLE_GREETING_MAX + 1]; /* what the port said unasked, printable; "" nothing */
};

struct fettle_prober;
struct fettle_probe;

typedef void fettle_probe_done (void *arg, const struct fettle_probe_seen *);

struct fettle_prober *fettle_prober_new (struct event_base *);
/* All its probes must have ended, or be cancelled. */
void fettle_prober_free (struct fettle_prober *);

/* `address` is a literal (IPv6 may have %zone).  `greeting_ms`: how long to
 * listen for a greeting once connected; 0: not at all.  `done` is called once,
 * from the event loop, never from within this call; then the probe is gone. */
fettle_result fettle_probe_tcp (struct fettle_prober *, const char *address, uint16_t port,
                                uint32_t greeting_ms, fettle_probe_done *, void *arg,
                                struct fettle_probe **ret, struct fettle_error *);

/* A datagram alone: silence is the good answer. */
fettle_result fettle_probe_udp (struct fettle_prober *, const char *address, uint16_t port,
                                fettle_probe_done *, void *arg, struct fettle_probe **ret,
                                struct fettle_error *);

/* Without calling `done`. */
void fettle_probe_cancel (struct fettle_probe *);

/* The address that this kernel would use toward that one, a link-local one
 * with that one's zone.  FETTLE_E_UNREACHABLE
 * when there is no route. */
fettle_result fettle_own_address (const char *address, char *ret, size_t size,
                                  struct fettle_error *);

/* Are these the same address?  A v4-mapped one is its IPv4 address; zones
 * don't count. */
bool fettle_same_address (const char *, const char *);

#endif
