/* expand.h - a compressed stream (gzip, bzip2, xz, lzma, zstd, or none) as
 * what it expands to, with a limit, checked to the compressor's own checksum.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_EXPAND_H
#define FETTLE_EXPAND_H

#include "baseline/source.h"

struct archive;
struct fettle_expand;

/* Expands to at most `limit` bytes; more is an error of a read. */
fettle_result fettle_expand_open (const struct fettle_stream *, uint64_t limit,
                                  struct fettle_expand **ret, struct fettle_error *);

/* struct fettle_stream's read, with the fettle_expand as its opaque. */
ssize_t fettle_expand_read (void *expand, const void **ret_data, char *why, size_t why_size);

/* All that is left is read: is the checksum right?  (libarchive looks at that
 * of xz, bzip2 and zstd, but not at gzip's.) */
bool fettle_expand_finish (struct fettle_expand *, char *why, size_t why_size);

/* What it may still expand to. */
uint64_t fettle_expand_left (const struct fettle_expand *);

/* Nothing was compressed. */
bool fettle_expand_is_plain (const struct fettle_expand *);

void fettle_expand_free (struct fettle_expand *);
static inline void fettle_cleanup_expand (struct fettle_expand **e) { fettle_expand_free (*e); }

/* What any amount of input may expand to: at least 256 MiB, at most 1000 times
 * itself and `most`. */
uint64_t fettle_expand_limit (uint64_t packed, uint64_t most);

/* ---- for those who use libarchive ---- */

/* The words for its last error. */
const char *fettle_archive_why (struct archive *);
/* archive_read_open with a stream; `stream` stays the caller's and must live as
 * long.  An ARCHIVE_ code. */
struct fettle_archive_input {
  struct fettle_stream stream;
};
int fettle_archive_open_stream (struct archive *, struct fettle_archive_input *);

#include <archive.h>

static inline void
fettle_cleanup_archive (struct archive **a)
{
  if (*a)
    archive_read_free (*a);
}

#define _cleanup_archive_ _cleanup_ (fettle_cleanup_archive)

#endif
