/* child.h - programs of the system, run without waiting or with.
 *
 * Given as a list of arguments, never through a shell; looked for in the
 * folders where such programs are, not in $PATH.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CHILD_H
#define FETTLE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"

struct event_base;
struct fettle_child;

#define FETTLE_CHILD_ARGS 32

/* `status`: as of an exit, or 128 + signal, or 124 when it was killed after a
 * minute; `output`: stdout and stderr. */
typedef void fettle_child_done (void *arg, int status, const char *output);

/* `input` (may be NULL) becomes its standard input.  On failure nothing is
 * called. */
struct fettle_child *fettle_child_start (struct event_base *, const char *const *args,
                                         const char *input, fettle_child_done *, void *arg,
                                         struct fettle_error *);
/* Before it is done: nobody is told, and it goes on by itself. */
void fettle_child_forget (struct fettle_child *);

/* Waits, at most a minute.  An exit other than 0 is a failure with its last line. */
fettle_result fettle_child_run (const char *const *args, const char *input, struct fettle_buf *ret,
                                struct fettle_error *);

/* Is there such a program? */
bool fettle_child_exists (const char *program);

#endif
