/* setup.h - the one static rule that lets our mark through other filters.
 *
 * Run by an administrator, through `fettle firewall setup`, not by the service.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_SETUP_H
#define FETTLE_GATE_SETUP_H

#include "gate/nft.h"
#include "gate/request.h"

/* What fettle_look finds, in words too, and iptables-legacy, which nftables doesn't see:
 * `legacy` are its two files in /proc/net, -1 where they can't be read. */
enum fettle_gate_result fettle_find (struct fettle_nft *, const struct fettle_gate_policy *,
                                     const int legacy[2],
                                     struct fettle_gate_finding ret[FETTLE_GATE_FINDINGS],
                                     uint32_t *ret_n, struct fettle_why *);

/* Adds the rule in front of each plain nftables chain that would drop; others
 * are left to whom they belong to.  `dry`: says what it would do. */
enum fettle_gate_result fettle_setup (struct fettle_nft *, const struct fettle_gate_policy *,
                                      const int legacy[2], bool dry, FILE *out,
                                      struct fettle_why *);

/* Takes our rules away again, by their handles. */
enum fettle_gate_result fettle_setup_undo (struct fettle_nft *, uint32_t mark, bool dry,
                                           FILE *out, struct fettle_why *);

#endif
