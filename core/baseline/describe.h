/* describe.h - a draft of NAME.component.cfg for a file: what it tells of
 * itself, what its name suggests, and what is still to be said.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_DESCRIBE_H
#define FETTLE_DESCRIBE_H

#include <stdio.h>

#include "util/error.h"

/* Of an open regular file; takes the descriptor. */
fettle_result fettle_describe (int fd, const char *name, FILE *out, struct fettle_error *);

#endif
