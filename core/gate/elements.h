/* elements.h - holes as elements of our sets, in nft's language.
 *
 * Pure functions.  Holes are in one of three sets, by the kind of address;
 * what was seen is in sets of two kinds.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_ELEMENTS_H
#define FETTLE_GATE_ELEMENTS_H

#include "gate/base.h"

enum fettle_set { FETTLE_SET_4, FETTLE_SET_6, FETTLE_SET_LINK, FETTLE_SETS };

enum fettle_set fettle_set_of (const struct fettle_gate_hole *);

/* "open4", "open6", "openll" */
const char *fettle_set_name (enum fettle_set);

enum fettle_lifetime {
  FETTLE_LIFETIME_NONE,
  FETTLE_LIFETIME_SHORT, /* a second: it is deleted in the same transaction */
  FETTLE_LIFETIME_OWN,
  FETTLE_LIFETIME_AGAIN, /* its own, also if it is there with the same: the kernel would
                            take an equal timeout for no change */
};

/* "add element inet fettle open4 { 10.0.0.1 . 6 . 63001 timeout 5000ms, ... }":
 * a line for each set that any of the holes is in. */
void fettle_elements_write (FILE *, const char *verb, const struct fettle_gate_hole *, size_t n,
                            enum fettle_lifetime);

/* The key of one hole in one set; without the interface if `plain`. */
void fettle_element_key (FILE *, const struct fettle_gate_hole *, bool plain);

struct fettle_element {
  struct fettle_gate_hole hole; /* lifetime_ms: what is left; 0: for ever */
  uint64_t packets, bytes;
};

/* Takes the next element off `*text`, an answer of nft; false at its end.
 * Begin with the whole answer. */
bool fettle_elements_next (const char **text, struct fettle_element *ret);

#endif
