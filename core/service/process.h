/* process.h - fettled as a process: background, limits, lock, log file, what
 * it tells others about itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SERVICE_PROCESS_H
#define FETTLE_SERVICE_PROCESS_H

#include <stdbool.h>

#include "util/error.h"
#include "util/settings.h"

/* umask, many descriptors, no core dumps (secrets are in memory), no SIGPIPE,
 * and nothing inherited but the standard streams. */
void fettle_process_prepare (void);

/* Goes on in a child.  In the child returns a descriptor for
 * fettle_process_ready; the parent ends with 0 when that is called, or with
 * the child's exit code when it ends before. -1: it failed. */
int fettle_process_background (void);
void fettle_process_ready (int fd);

/* Standard error goes to the file, appended (mode 0600). */
fettle_result fettle_process_log_to (const char *path, struct fettle_error *);

/* Makes the state folder (mode 0700) or looks at the one that is there; takes
 * its lock, which ends with the process.  A service that uses it already is
 * FETTLE_E_BUSY. */
fettle_result fettle_process_lock (const char *state_dir, int *ret_fd, struct fettle_error *);

/* STATE/service.json: where the service is. */
fettle_result fettle_process_publish (const struct fettle_settings *, struct fettle_error *);
void fettle_process_unpublish (const struct fettle_settings *);

#endif
