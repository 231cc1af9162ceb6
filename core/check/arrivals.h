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
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define FETTLE_STRANGERS_MAX 32

/* Somebody else who knocked: perhaps the node behind an address translation,
 * which seldom changes the port. */
struct fettle_knock {
  char from[INET6_ADDRSTRLEN];
  uint16_t port;
};

struct fettle_arrivals_seen {
  bool watched;            /* the numbers below mean something */
  uint64_t arrived;        /* connections begun by the node's address */
  unsigned n_strangers;    /* other addresses that knocked at this port */
  struct fettle_knock strangers[FETTLE_STRANGERS_MAX];
  bool half_open;          /* let in, and our answer wasn't answered: from the node ... */
  char half_open_from[INET6_ADDRSTRLEN]; /* ... or from this address */
  char interface[IF_NAMESIZE]; /* by which the node's came, "" unknown */
  /* They came by another interface than answers to the node leave by, that
   * one has a strict reverse path filter, and the kernel threw packets away
   * for that meanwhile. */
  bool reverse_path;
  bool no_way_back;        /* this host has no route to the node */
};

struct fettle_arrivals;

/* NULL without memory.  Addresses are literals. */
struct fettle_arrivals *fettle_arrivals_new (struct event_base *, const char *node,
                                             const char *ours, uint16_t port);

/* So far. */
void fettle_arrivals_look (struct fettle_arrivals *, struct fettle_arrivals_seen *ret);
void fettle_arrivals_free (struct fettle_arrivals *);

#endif
