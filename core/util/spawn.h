/* spawn.h - programs of ours that are started to be listened to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SPAWN_H
#define FETTLE_SPAWN_H

#include <sys/types.h>

#include "util/error.h"

/* Starts the program argv[0] of that folder.  Its standard output comes out
 * of *ret_fd, which the caller closes; given[i], unless -1, is its descriptor
 * 3 + i.  All else that is open here must have FD_CLOEXEC. */
fettle_result fettle_spawn (const char *folder, const char *const argv[], const int given[], size_t n,
                            pid_t *ret_pid, int *ret_fd, struct fettle_error *);

/* Waits for its end: as waitpid's status. */
int fettle_spawn_wait (pid_t);

#endif
