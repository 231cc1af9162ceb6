/* base.h - what every .c file of core/ begins with: configuration, the
 * standard headers, clean-up by scope, errors.
 *
 * Clean-up: `_cleanup_free_ char *s = NULL;` frees at the end of the scope, on
 * each way out of it.  To hand the value on, use `return STEAL (s);`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_BASE_H
#define FETTLE_BASE_H

#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <fettle/plugin.h>

#include "util/compat.h"
#include "util/error.h"

static inline void fettle_cleanup_free (void *p) { free (*(void **) p); }
static inline void fettle_cleanup_close (int *fd) { if (*fd >= 0) close (*fd); }
static inline void fettle_cleanup_fclose (FILE **f) { if (*f) fclose (*f); }
static inline void fettle_cleanup_json (json_t **j) { json_decref (*j); }

#define _cleanup_(f) __attribute__ ((__cleanup__ (f)))
#define _cleanup_free_ _cleanup_ (fettle_cleanup_free)
#define _cleanup_close_ _cleanup_ (fettle_cleanup_close)
#define _cleanup_fclose_ _cleanup_ (fettle_cleanup_fclose)
#define _cleanup_json_ _cleanup_ (fettle_cleanup_json)

/* The value, leaving its variable empty: nothing to clean up any more. */
#define STEAL(p) __extension__ ({ __typeof__ (p) *p_ = &(p); __typeof__ (p) v_ = *p_; *p_ = NULL; v_; })
#define STEAL_FD(fd) __extension__ ({ int *p_ = &(fd), v_ = *p_; *p_ = -1; v_; })

#define COUNT(array) (sizeof (array) / sizeof ((array)[0]))

#include "util/banned.h"

#endif
