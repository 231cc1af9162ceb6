/* nearest.c - see nearest.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>

#include "util/nearest.h"

enum { MAX = 48 }; /* longer words are never mistyped names of ours */

static size_t
least (size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Optimal string alignment: a swap of neighbours counts as one mistake. */
static size_t
distance (const char *a, size_t n, const char *b, size_t m)
{
  size_t rows[3][MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];

  for (size_t j = 0; j <= m; j++)
    last[j] = before[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t *spare = before;

    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t cost = tolower ((unsigned char) a[i - 1]) != tolower ((unsigned char) b[j - 1]);

      row[j] = least (last[j - 1] + cost, least (last[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = least (row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
    row = spare;
  }
  return last[m];
}

void
fettle_nearest_try (struct fettle_nearest *near, const char *candidate)
{
  size_t n = strlen (near->word), m = strlen (candidate), d;

  if (n == 0 || n > MAX || m > MAX)
    return;
  d = distance (near->word, n, candidate, m);
  /* Up to one mistake in three letters is a slip, more is another word. */
  if (d > (n > m ? n : m) / 3 + (n > 2))
    return;
  if (!near->best || d < near->distance) {
    near->best = candidate;
    near->distance = d;
  }
}
