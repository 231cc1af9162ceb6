/* text.h - foreign text made safe: a machine's values may hold anything.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LINUX_TEXT_H
#define FETTLE_LINUX_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* UTF-8 on one line, without control characters, blanks at the ends or broken
 * sequences ('?' stands for those), cut at `size` - 1 bytes between two
 * characters.  Returns `to`. */
char *text_clean (char *to, size_t size, const char *from, size_t length);

/* A word for a match: [A-Za-z0-9._+-], anything else becomes one '_', none at
 * the ends.  Returns `to`. */
char *text_word (char *to, size_t size, const char *from);

/* "dotted" for numbers with dots, "hpe" where HPE made it, else "plain". */
const char *text_scheme (const char *version, const char *vendor);

/* Splits at `separator` in place: the number of fields, at most `max`; what is
 * beyond stays in the last. */
size_t text_split (char *line, char separator, char **fields, size_t max);

/* 128 random bits as 32 hex digits.  0, or -1 if the system has none. */
int text_random (char to[33]);

/* A growing text with a limit. */
struct text {
  char *data; /* ended by NUL; NULL when nothing was added */
  size_t size, room, max;
};

/* 0, or -1 when it would be over its limit or memory is out; then it stays. */
int text_add (struct text *, const void *data, size_t size);
int text_puts (struct text *, const char *);
void text_clear (struct text *);

#endif
