/* redfish-internal.h - what the files of libfettle-redfish share.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_REDFISH_INTERNAL_H
#define FETTLE_REDFISH_INTERNAL_H

#include <stddef.h>

/* Could this be asked for: a path of the node, printable, of decent length,
 * without a fragment? */
int fettle_redfish_path_ok (const char *path);

/* The path of a Location (RFC 9110: an address or a path), `size` bytes of it,
 * into `path`.  0 if there is none that could be asked for. */
int fettle_redfish_location (const char *value, size_t size, char *path, size_t path_size);

/* Seconds of a Retry-After; `otherwise` where it is none, or a date. */
unsigned fettle_redfish_seconds (const char *value, size_t size, unsigned otherwise);

#endif
