/* source.h - a file of a baseline, read once: its bytes go to a reader and to
 * the digest at the same time.
 *
 * It is a file of a folder, or a member of an archive that is read through
 * itself.  Whoever reads it can't tell which.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SOURCE_H
#define FETTLE_SOURCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/file.h"

#define FETTLE_SIZE_UNKNOWN UINT64_MAX

struct fettle_source; /* owns its descriptor */

/* Where a member's bytes come from: as fettle_source_read; when it is -1,
 * `why` has a sentence's end. */
struct fettle_stream {
  ssize_t (*read) (void *opaque, const void **ret_data, char *why, size_t why_size);
  void *opaque;
};

/* A regular file beneath a folder.  No part of the path is a link that is
 * followed. */
fettle_result fettle_source_open (int folder, const char *path, struct fettle_source **ret,
                                  struct fettle_error *);

/* Takes the descriptor of a regular file. */
fettle_result fettle_source_of_fd (int fd, struct fettle_source **ret, struct fettle_error *);

fettle_result fettle_source_of_stream (const struct fettle_stream *, uint64_t size,
                                       struct fettle_source **ret, struct fettle_error *);

/* The next bytes, borrowed until the next call: their number, 0 at the end,
 * -1 with fettle_source_why. */
ssize_t fettle_source_read (struct fettle_source *, const void **ret_data);

/* The same bytes, which the next read will give again: a look ahead. */
ssize_t fettle_source_peek (struct fettle_source *, const void **ret_data);

/* Why the last read failed: the end of a sentence. */
const char *fettle_source_why (const struct fettle_source *);

/* Of a file; zeroes for a member. */
struct stat;
void fettle_source_stat (const struct fettle_source *, struct stat *ret);

/* As it was when it was opened, or FETTLE_SIZE_UNKNOWN. */
uint64_t fettle_source_size (const struct fettle_source *);

/* All that is left is read; digest and size are those of the whole file. */
fettle_result fettle_source_finish (struct fettle_source *, char ret_hex[FETTLE_SHA256_TEXT],
                                    uint64_t *ret_size, struct fettle_error *);

/* For readers that must seek: the whole file as a descriptor, at its start.
 * A file's own, still the source's, all of whose bytes are left; a member is
 * read to its end for it, into memory. */
fettle_result fettle_source_spool (struct fettle_source *, int *ret_fd, struct fettle_error *);

/* Called with each number of bytes that came from a disk. */
void fettle_source_watch (void (*) (void *opaque, uint64_t bytes), void *opaque);

void fettle_source_free (struct fettle_source *);
static inline void fettle_cleanup_source (struct fettle_source **s) { fettle_source_free (*s); }

#endif
