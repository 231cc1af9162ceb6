/* log.h - messages of the service and its helpers, on stderr or in a file.
 *
 * One line each: time, level, text.  Never a secret: callers log names of
 * credentials, not their contents.  Libraries (util, model, ports) don't log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LOG_H
#define FETTLE_LOG_H

#include <stdint.h>

#include "util/compat.h"

/* Levels are the ABI's (syslog's).  What is above `level` isn't written.
 * `program` is in front of each line; borrowed for ever. */
void fettle_log_init (const char *program, uint32_t level);

void fettle_log (uint32_t level, const char *format, ...) FETTLE_FORMAT (2, 3);

#endif
