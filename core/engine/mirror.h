/* mirror.h - a baseline that is on a web server; see mirror.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_MIRROR_H
#define FETTLE_MIRROR_H

#include <limits.h>
#include <sys/types.h>

#include "util/error.h"

struct fettle_engine;

/* Where the copy of what is at this URL is kept. */
fettle_result fettle_mirror_path (struct fettle_engine *, const char *url, char ret[PATH_MAX],
                                  struct fettle_error *);

/* Starts fetching; baseline/fetch.h says what comes out of the descriptor. */
fettle_result fettle_mirror_fetch (struct fettle_engine *, const char *url, const char *path,
                                   const char *sha256, pid_t *ret_pid, int *ret_fd,
                                   struct fettle_error *);

#endif
