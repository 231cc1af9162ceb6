/* range.h - which bytes of a file are asked for, and whether its version is the
 * one that is meant (RFC 9110, 13 and 14).  Pure: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_RANGE_H
#define FETTLE_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FETTLE_RANGES_MAX 16

struct fettle_range {
  uint64_t first, length; /* length is at least 1 */
};

/* Reads "bytes=0-99,-5" for a file of that size.  Returns how many ranges are
 * to be sent; 0: all of the file, since the header is malformed, of another
 * unit, or asks for more than it would get without (many or overlapping
 * ranges: those who send such want to harm).  -1: none lies within the file. */
int fettle_range_read (const char *header, uint64_t size,
                       struct fettle_range ret[FETTLE_RANGES_MAX]);

/* Is that tag one of a list like  "a", W/"b"  or is the list  *  ?  Weak tags
 * never fit if the comparison is strong. */
bool fettle_etag_listed (const char *list, const char *tag, bool strong);

#endif
