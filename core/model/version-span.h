/* version-span.h - pieces of a version's text: for version*.c only.
 * Characters are ASCII; the locale doesn't matter.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_VERSION_SPAN_H
#define FETTLE_VERSION_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
  const char *at;
  size_t n;
};

static inline bool is_digit (char c) { return c >= '0' && c <= '9'; }
static inline bool is_letter (char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* What is left behind the first n characters. */
static inline struct span
span_after (struct span s, size_t n)
{
  return (struct span){ s.at + n, s.n - n };
}

/* How many characters from the start are of this kind? */
static inline size_t
span_count (struct span s, bool (*kind) (char))
{
  size_t n = 0;

  while (n < s.n && kind (s.at[n]))
    n++;
  return n;
}

/* Where c is first; s.n if nowhere. */
static inline size_t
span_find (struct span s, char c)
{
  const char *p = s.n ? memchr (s.at, c, s.n) : NULL;

  return p ? (size_t) (p - s.at) : s.n;
}

/* Takes what is in front of the next `separator`, and the separator, off s. */
static inline struct span
span_until (struct span *s, char separator)
{
  struct span first = { s->at, span_find (*s, separator) };

  *s = span_after (*s, first.n < s->n ? first.n + 1 : first.n);
  return first;
}

static inline int
span_text_order (struct span a, struct span b)
{
  size_t n = a.n < b.n ? a.n : b.n;
  int order = n ? memcmp (a.at, b.at, n) : 0;

  return order ? (order > 0) - (order < 0) : (a.n > b.n) - (a.n < b.n);
}

/* Two runs of digits of any length, by value; none is 0. */
static inline int
span_number_order (struct span a, struct span b)
{
  while (a.n && a.at[0] == '0')
    a = span_after (a, 1);
  while (b.n && b.at[0] == '0')
    b = span_after (b, 1);
  if (a.n != b.n)
    return a.n > b.n ? 1 : -1;
  return span_text_order (a, b);
}

#endif
