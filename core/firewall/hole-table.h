/* hole-table.h - the holes that leases want: lease.c's data.
 *
 * Found by address, of which each has a few; listed in no order.  A hole has
 * claims, one for each lease that wants it.  The table frees a hole that
 * nobody claims and no answer is awaited for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_HOLE_TABLE_H
#define FETTLE_HOLE_TABLE_H

#include "firewall/firewall.h"

struct lease;
struct source;

struct claim {
  struct lease *lease;
  struct hole *hole;
  const char *purpose;
  struct claim *next; /* of the same hole */
};

struct hole {
  struct source *source;
  struct hole *sibling;     /* of the same address */
  struct hole *next, **back; /* of all */
  struct hole *queued;      /* the next to be opened or closed */
  struct claim *claims;
  int64_t open_until;       /* ms; in the firewall; 0: not known to be open */
  uint32_t awaited;         /* answers */
  uint16_t first, last;
  uint8_t protocol;
  bool in_queue;
  bool open;                /* the firewall said so */
};

struct hole_table {
  void *sources; /* tsearch's */
  struct hole *all;
  size_t n;
};

const struct fettle_address *fettle_hole_address (const struct hole *);

/* The hole with the same address, protocol and ports, made if need be; NULL:
 * there is none and it isn't to be made, or there is no memory. */
struct hole *fettle_hole_find (struct hole_table *, const struct fettle_hole *, bool make);

void fettle_hole_claim (struct hole *, struct claim *);
void fettle_hole_drop (struct claim *);

/* Another one that is claimed, has a port in common, and comes after `after`
 * (NULL: the first). */
struct hole *fettle_hole_overlapping (struct hole *, struct hole *after);

/* If nobody claims it, awaits it or has it in a queue. */
void fettle_hole_free_unused (struct hole_table *, struct hole *);

void fettle_hole_table_clear (struct hole_table *);

#endif
