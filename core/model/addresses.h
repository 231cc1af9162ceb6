/* addresses.h - ranges of addresses: 10.1.0.0/24, 10.1.0.5-20,
 * 10.1.0.250-10.1.1.3, 2001:db8::/120, or one alone.
 *
 * Of an IPv4 network the first and the last address aren't hosts'; networks of
 * one or two addresses have hosts only.  Pure: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ADDRESSES_H
#define FETTLE_ADDRESSES_H

#include <jansson.h>
#include <stdbool.h>

#include "util/error.h"

#define FETTLE_ADDRESSES_MAX 65536 /* of one range */

/* It is meant as a range: an address, then '/' or '-'. */
bool fettle_addresses_is_range (const char *text);

/* Appends its addresses, as text. */
fettle_result fettle_addresses_parse (const char *text, json_t *ret, struct fettle_error *);

#endif
