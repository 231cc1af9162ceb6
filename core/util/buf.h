/* buf.h - a growing buffer with a limit.
 *
 * The limit is given when it is made: what a node sends is foreign input.
 * Data is always followed by a NUL that isn't counted, so text can be used as
 * a string.  Out of memory and over the limit are both "false".
 *
 * What a secret buffer held stays nowhere in memory: not where it lay before it
 * grew, not when it is cleared.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_BUF_H
#define FETTLE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/compat.h"

struct fettle_buf {
  char *data;  /* NULL while empty and never used; see fettle_buf_text */
  size_t size; /* bytes in use */
  size_t room; /* bytes allocated */
  size_t max;  /* the limit of size */
  bool secret; /* wiped where it is given back */
};

#define FETTLE_BUF_INIT(max)   { NULL, 0, 0, (max), false }
#define FETTLE_BUF_SECRET(max) { NULL, 0, 0, (max), true }

bool fettle_buf_add (struct fettle_buf *, const void *data, size_t size);
bool fettle_buf_text_add (struct fettle_buf *, const char *text);
bool fettle_buf_printf (struct fettle_buf *, const char *format, ...) FETTLE_FORMAT (2, 3);

/* The text so far, "" while empty.  Borrowed until the next call. */
const char *fettle_buf_text (const struct fettle_buf *);

/* Empties, keeps the memory and what is in it. */
void fettle_buf_reset (struct fettle_buf *);

/* Frees; wipes, if it is secret.  For _cleanup_ (fettle_buf_clear). */
void fettle_buf_clear (struct fettle_buf *);

#endif
