/* arrivals.h - who knocks at one of our TCP ports, before any filter of this
 * host has had its say.
 *
 * A packet socket sees the first packet of each connection as it comes from
 * the network: also what a firewall of this host then drops, and what the
 * reverse path filter throws away.  That needs CAP_NET_RAW; without it, this
 * can't be told (`watched` is false), and the verdict says so.  Connections
 * that were let in but never completed (our answers don't come through) are
 * seen in the kernel's table, without any right.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ARRIVALS_H
#define FETTLE_ARRIVALS_H

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define FETTLE_STRANGERS_MAX 4

struct fettle_arrivals_seen {
  bool watched;            /* the numbers below mean something */
  uint64_t arrived;        /* connections begun by the node's address */
  unsigned n_strangers;    /* other addresses that knocked at this port */
  char strangers[FETTLE_STRANGERS_MAX][INET6_ADDRSTRLEN];
  bool half_open;          /* let in, and our answer wasn't answered: from the node ... */
  char half_open_from[INET6_ADDRSTRLEN]; /* ... or from this address */
  uint64_t reverse_path;   /* of all traffic of this host meanwhile */
  uint64_t no_route;
};

struct fettle_arrivals;

/* NULL without memory.  Addresses are literals. */
struct fettle_arrivals *fettle_arrivals_new (struct event_base *, const char *node,
                                             const char *ours, uint16_t port);

/* So far. */
void fettle_arrivals_look (struct fettle_arrivals *, struct fettle_arrivals_seen *ret);
void fettle_arrivals_free (struct fettle_arrivals *);

#endif
