/* container.h - the files in an archive: ISO 9660 image, zip, tar (also
 * compressed), cabinet, ar; one after the other, read once and through itself.
 * (An UDF image is jumped about in.)
 *
 * Foreign input: how many files there are, how much they expand to and where
 * their paths lead is limited; nothing is written.  Where a file's bytes lie
 * unchanged in the archive is known, so that it can be used from in there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CONTAINER_H
#define FETTLE_CONTAINER_H

#include <limits.h>

#include "baseline/source.h"

#define FETTLE_CONTAINER_FILES_MAX 100000
#define FETTLE_CONTAINER_SIZE_MAX  (UINT64_C (1) << 40) /* that it expands to */

struct fettle_container;

struct fettle_member {
  enum {
    FETTLE_MEMBER_FILE,
    FETTLE_MEMBER_LINK,    /* the same file as `text`, which came before */
    FETTLE_MEMBER_PROBLEM, /* can't be used: `text` is a sentence */
    FETTLE_MEMBER_END
  } kind;
  char path[PATH_MAX]; /* relative, '/' between */
  char text[PATH_MAX];
  uint64_t size; /* or FETTLE_SIZE_UNKNOWN */
};

/* By its first bytes: may it be a bundle of files?  (Cabinets and ars aren't:
 * they are components.) */
bool fettle_container_is (struct fettle_source *);

/* Reads through the source, which gets all of its bytes until the end. */
fettle_result fettle_container_open (struct fettle_source *, struct fettle_container **ret,
                                     struct fettle_error *);

/* Reads the file and jumps in it; `fd` stays the caller's.  *ret_at moves with
 * the position, for a progress bar. */
fettle_result fettle_container_open_fd (int fd, struct fettle_container **ret,
                                        struct fettle_error *);
uint64_t fettle_container_position (const struct fettle_container *);

/* An error is one of the archive as a whole. */
fettle_result fettle_container_next (struct fettle_container *, struct fettle_member *ret,
                                     struct fettle_error *);

/* The member's bytes, until the next call; may be left unread. */
fettle_result fettle_container_source (struct fettle_container *, struct fettle_source **ret,
                                       struct fettle_error *);

/* When the member was read to its end: do its bytes lie in the archive as they
 * are, and where? */
bool fettle_container_stored (const struct fettle_container *, uint64_t *ret_offset);

/* After the last member: what is left, to the compressor's checksum. */
fettle_result fettle_container_finish (struct fettle_container *, struct fettle_error *);

void fettle_container_free (struct fettle_container *);
static inline void fettle_cleanup_container (struct fettle_container **c) { fettle_container_free (*c); }

/* May a path be one within a folder?  NULL, or what is wrong with it: a
 * sentence. */
const char *fettle_path_wrong (const char *path);

#endif
