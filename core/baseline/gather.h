/* gather.h - all files of a baseline -> records: each read once, its digest
 * taken, looked into when it is of a format that tells of itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_GATHER_H
#define FETTLE_GATHER_H

#include "baseline/cache.h"
#include "baseline/progress.h"
#include "baseline/record.h"

#define FETTLE_GATHER_DEPTH 3 /* archives in archives */

/* `fd` is a folder, or a regular file: an archive whose name is `name`.  The
 * cache may be NULL.  Fails
 * when it can't be read as a whole; a file that can't is a record with a
 * problem. */
fettle_result fettle_gather (int fd, const char *name, struct fettle_cache *,
                             struct fettle_records *ret, struct fettle_progress *,
                             struct fettle_error *);

/* One regular file alone: what it is and tells.  Takes the descriptor. */
fettle_result fettle_gather_file (int fd, const char *name, struct fettle_records *,
                                  struct fettle_record **ret, struct fettle_error *);

#endif
