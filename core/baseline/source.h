/* source.h - a file of a baseline, read once: its bytes go to a reader and to
 * the digest at the same time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SOURCE_H
#define FETTLE_SOURCE_H

#include <sys/types.h>

#include "util/file.h"

struct fettle_source; /* owns its descriptor */

/* A regular file beneath a folder.  No part of the path is a link that is
 * followed. */
fettle_result fettle_source_open (int folder, const char *path, struct fettle_source **ret,
                                  struct fettle_error *);

/* The next bytes, borrowed until the next call: their number, 0 at the end,
 * -1 with errno set. */
ssize_t fettle_source_read (struct fettle_source *, const void **ret_data);

/* All that is left is read; digest and size are those of the whole file. */
fettle_result fettle_source_finish (struct fettle_source *, char ret_hex[FETTLE_SHA256_TEXT],
                                    uint64_t *ret_size, struct fettle_error *);

/* The descriptor, still the source's; its offset moves as the source reads. */
int fettle_source_fd (const struct fettle_source *);

void fettle_source_free (struct fettle_source *);
static inline void fettle_cleanup_source (struct fettle_source **s) { fettle_source_free (*s); }

#endif
