/* table.h - our table in the kernel: inet fettle.
 *
 *   input -150   ports that are ours: members of the sets get the mark and go
 *                on to the host's own filters, which let the mark through;
 *                everybody else is noted and dropped
 *   prerouting -290, input 300   connections noted as arrived, as passed
 *
 * The table is owned: the kernel lets nobody else change it, leaves it out of
 * `flush ruleset`, and removes it when our socket closes, whatever closed it.
 * Each hole has a timeout besides.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_TABLE_H
#define FETTLE_GATE_TABLE_H

#include "gate/nft.h"
#include "gate/request.h"

struct fettle_table {
  struct fettle_nft *nft;
  uint32_t flags; /* FETTLE_GATE_OWNED, PROLONGS */
  uint32_t mark;
};

/* Makes the table anew; one that a gate without ownership left is replaced.
 * `old`: as if the kernel had neither owners nor ends that can be moved. */
enum fettle_gate_result fettle_table_make (struct fettle_table *, bool old, struct fettle_why *);

/* Would it be made? */
enum fettle_gate_result fettle_table_try (struct fettle_nft *, uint32_t mark, struct fettle_why *);

/* Only where it isn't owned is there anything to do. */
void fettle_table_remove (struct fettle_table *);

/* Is it there still?  Only one that isn't owned can be taken from us. */
bool fettle_table_is_there (struct fettle_table *);

enum fettle_gate_result fettle_table_ports (struct fettle_table *, const struct fettle_gate_span *,
                                            size_t n, struct fettle_why *);
enum fettle_gate_result fettle_table_open (struct fettle_table *, const struct fettle_gate_hole *,
                                           size_t n, struct fettle_why *);
enum fettle_gate_result fettle_table_close (struct fettle_table *, const struct fettle_gate_hole *,
                                            size_t n, struct fettle_why *);
enum fettle_gate_result fettle_table_close_all (struct fettle_table *, struct fettle_why *);

/* ---- What was counted.  Arrays are the caller's and have room. ---- */

enum fettle_gate_result fettle_table_state (struct fettle_table *, struct fettle_gate_state *ret,
                                            struct fettle_why *);
enum fettle_gate_result fettle_table_status (struct fettle_table *,
                                             const struct fettle_gate_hole *, size_t n,
                                             struct fettle_gate_status *ret, struct fettle_why *);
enum fettle_gate_result fettle_table_trace (struct fettle_table *, const struct fettle_gate_hole *,
                                            size_t n, struct fettle_gate_trace *ret,
                                            struct fettle_why *);
enum fettle_gate_result fettle_table_seen (struct fettle_table *, struct fettle_gate_seen *ret,
                                           size_t max, uint32_t *ret_n, struct fettle_why *);

#endif
