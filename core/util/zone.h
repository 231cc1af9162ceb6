/* zone.h - time zones by name, from the C library's database.
 *
 * The C library knows one zone at a time, the environment's: these functions
 * change it and put it back, so they are for one thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ZONE_H
#define FETTLE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FETTLE_ZONE_MAX 64

/* Is it in the database?  "" is this host's own zone. */
bool fettle_zone_known (const char *zone);

/* Seconds east of UTC in a known zone at each of these times. */
void fettle_zone_offsets (const char *zone, const int64_t *times, size_t n, int32_t *ret_offsets);

#endif
