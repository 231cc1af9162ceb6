/* export.h - rules in the words of other firewalls.
 *
 * Pure functions: rules go in, text comes out, on a stream of the caller's.
 * Rules that differ in the node's address alone are put together; addresses
 * become ranges or networks where the format has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_EXPORT_H
#define FETTLE_EXPORT_H

#include <stdio.h>

#include "ports/ports.h"

/* The formats that `export` knows, in the order of the manual. */
extern const enum fettle_format fettle_export_formats[];
extern const size_t fettle_n_export_formats;

/* Rules of that place.  CONFIG: the format has no such rules, or isn't one of
 * those.  `ret_left_out` (may be NULL): rules whose addresses aren't known. */
fettle_result fettle_export (const struct fettle_rules *, enum fettle_place, enum fettle_format,
                             FILE *, size_t *ret_left_out, struct fettle_error *);

#endif
