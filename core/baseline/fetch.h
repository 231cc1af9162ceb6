/* fetch.h - a baseline from a web server into a folder of the service: one
 * archive, or the files that a list on the server names.
 *
 * What is there and unchanged isn't fetched again, what was interrupted is gone
 * on with.  Digests that are given (on the command line, in SHA256SUMS) must be
 * right.  JSON lines as scan.h's: progress, a problem of ".", and at the end
 *   {"fetched": true}
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FETCH_H
#define FETTLE_FETCH_H

#include <stdio.h>

#include "util/error.h"

/* `dest` is the file, or with a '/' at the URL's end, the folder.  sha256 may
 * be NULL.  ca: a PEM file of authorities, or NULL for the system's. */
fettle_result fettle_fetch (const char *url, const char *dest, const char *sha256, const char *ca,
                            FILE *out, struct fettle_error *);

#endif
