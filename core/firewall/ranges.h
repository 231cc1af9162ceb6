/* ranges.h - many addresses as few ranges or networks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_RANGES_H
#define FETTLE_RANGES_H

#include "firewall/address.h"

struct fettle_range {
  struct fettle_address first, last; /* of one family, without an interface */
};

/* Sorts the addresses and puts neighbours together, in a new array; IPv4 comes
 * first.  Interfaces of link-local addresses are left out. */
fettle_result fettle_ranges (struct fettle_address *, size_t n, struct fettle_range **ret,
                             size_t *ret_n, struct fettle_error *);

/* The first network of a range: the largest that begins there and ends in it.
 * The range becomes what is left; false: nothing. */
bool fettle_range_network (struct fettle_range *, struct fettle_address *ret_first,
                           unsigned *ret_bits);

/* "10.0.0.1" or "10.0.0.1-10.0.0.9". */
#define FETTLE_RANGE_TEXT (2 * FETTLE_ADDRESS_TEXT)
const char *fettle_range_text (const struct fettle_range *, char buffer[FETTLE_RANGE_TEXT]);

#endif
