/* secret.h - files and buffers that hold secrets.
 *
 * A secret's file belongs to the user who runs us (or root) and nobody else
 * may read it: one that isn't so has perhaps been read, and is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SECRET_H
#define FETTLE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"

/* All of the file, at most the buffer's limit.  UNREACHABLE when there is none. */
fettle_result fettle_secret_read (const char *path, struct fettle_buf *ret, struct fettle_error *);

/* Makes the file, mode 0600, synced; what had the name is replaced. */
fettle_result fettle_secret_write (const char *path, const void *data, size_t size,
                                   struct fettle_error *);

/* Unpredictable bytes. */
fettle_result fettle_random (void *data, size_t size, struct fettle_error *);

/* All that jansson frees is wiped from now on: it copies texts while it reads
 * and writes them, and they may be passwords.  Before its first use. */
void fettle_secret_json (void);

/* Compares in a time that depends on the sizes alone. */
bool fettle_secret_equal (const void *a, size_t a_size, const void *b, size_t b_size);

#endif
