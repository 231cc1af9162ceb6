/* look.h - would somebody else's filter drop what comes through our holes?
 *
 * An accept of ours can't override another table's drop.  So the rules of each
 * foreign input chain are gone through as if by a packet with our mark, to one
 * of our ports, that begins a connection.  What can't be known about it (where
 * it comes from, how fast) neither accepts nor drops: the next rule is looked
 * at.  A chain that then drops it needs a rule for the mark.
 *
 * Works on the JSON that libnftables makes, which it has fetched chain by
 * chain, as far as a packet gets.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_LOOK_H
#define FETTLE_GATE_LOOK_H

#include <jansson.h>

#include "gate/request.h"

/* The array "nftables" of `list chain`; NULL if it can't be listed.  The
 * caller's reference. */
typedef json_t *fettle_look_fetch (void *arg, const char *family, const char *table,
                                   const char *chain);

/* `chains` is the array "nftables" of `list chains`.  Returns the number of
 * findings. */
uint32_t fettle_look (const json_t *chains, fettle_look_fetch *, void *arg,
                      const struct fettle_spans *ports, uint32_t mark,
                      struct fettle_gate_finding ret[FETTLE_GATE_FINDINGS]);

/* Is it a base chain of the input hook, and not ours? */
bool fettle_look_is_foreign_input (const json_t *chain);

/* Is it the rule that fettle_setup_text adds, for this mark? */
bool fettle_look_is_mark_rule (const json_t *rule, uint32_t mark);

/* The comment of our rule. */
#define FETTLE_LOOK_COMMENT "fettle"

#endif
