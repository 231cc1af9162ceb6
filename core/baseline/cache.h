/* cache.h - what an earlier scan found in files that haven't changed since, so
 * that a scan goes on where an interrupted one was, and a repeated one reads
 * only what is new.
 *
 * A file of JSON lines, which the service opens and keeps.  What is in there
 * is believed: only the scans of this one baseline write it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CACHE_H
#define FETTLE_CACHE_H

#include <sys/stat.h>

#include "baseline/record.h"

struct fettle_cache;

/* Reads what is there; a line that isn't whole is left out.  The descriptor
 * stays the caller's. */
struct fettle_cache *fettle_cache_open (int fd);

/* Fills in the record, and adds the ones within it, if that file was read when
 * it looked so.  NULL cache: no. */
bool fettle_cache_get (struct fettle_cache *, const struct stat *, struct fettle_record *,
                       struct fettle_records *);

/* Keeps it, with the records from the `first` on, which are within it.  Not if
 * the file may have changed in the moment it was read. */
void fettle_cache_put (struct fettle_cache *, const struct stat *, const struct fettle_record *,
                       const struct fettle_records *, size_t first);

/* Waits, for a moment at most, until a change after this one would look
 * different. */
void fettle_cache_settle (const struct stat *);

/* All was read: what wasn't asked for isn't there any more. */
void fettle_cache_finish (struct fettle_cache *);

void fettle_cache_free (struct fettle_cache *);

#endif
