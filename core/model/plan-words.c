/* plan-words.c - an index of the words in "match".
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "model/plan-internal.h"

static int
compare_words (const char *a, size_t n, const char *b, size_t m)
{
  int order = memcmp (a, b, n < m ? n : m);

  return order ? order : (n > m) - (n < m);
}

static int
by_word (const void *a, const void *b)
{
  const struct fettle_word *x = a, *y = b;
  int order = compare_words (x->text, x->size, y->text, y->size);

  return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Takes the next word off *p; its size, 0 at the end. */
static size_t
next_word (const char **p, const char **ret)
{
  size_t n;

  *p += strspn (*p, " ");
  *ret = *p;
  n = strcspn (*p, " ");
  *p += n;
  return n;
}

bool
fettle_words_add (struct fettle_words *w, const char *match, size_t at)
{
  const char *word;
  size_t n;

  while (match && (n = next_word (&match, &word))) {
    /* Room doubles at each power of two. */
    if ((w->n & (w->n - 1)) == 0) {
      struct fettle_word *more = realloc (w->words, (w->n ? w->n * 2 : 1) * sizeof *more);

      if (!more)
        return false;
      w->words = more;
    }
    w->words[w->n++] = (struct fettle_word) { word, n, at };
  }
  return true;
}

void
fettle_words_sort (struct fettle_words *w)
{
  if (w->n)
    qsort (w->words, w->n, sizeof *w->words, by_word);
}

bool
fettle_words_make (struct fettle_words *w, const json_t *array)
{
  const json_t *one;
  size_t i;

  json_array_foreach (array, i, one)
    if (!fettle_words_add (w, json_string_value (json_object_get (one, "match")), i)) {
      fettle_words_clear (w);
      return false;
    }
  fettle_words_sort (w);
  return true;
}

void
fettle_words_clear (struct fettle_words *w)
{
  free (w->words);
  *w = (struct fettle_words) { 0 };
}

void
fettle_hits_clear (struct fettle_hits *h)
{
  free (h->at);
  *h = (struct fettle_hits) { 0 };
}

static void
add_hit (struct fettle_hits *h, size_t at)
{
  size_t low = h->n;

  while (low && h->at[low - 1] > at)
    low--;
  if (low && h->at[low - 1] == at)
    return;
  if (h->n == h->room) {
    size_t room = h->room ? h->room * 2 : 8, *more = realloc (h->at, room * sizeof *more);

    if (!more)
      abort ();
    h->at = more;
    h->room = room;
  }
  memmove (&h->at[low + 1], &h->at[low], (h->n - low) * sizeof *h->at);
  h->at[low] = at;
  h->n++;
}

void
fettle_words_find (const struct fettle_words *w, const char *match, struct fettle_hits *hits)
{
  const char *word;
  size_t n;

  hits->n = 0;
  while (match && (n = next_word (&match, &word))) {
    size_t low = 0, high = w->n;

    while (low < high) {
      size_t middle = low + (high - low) / 2;

      if (compare_words (w->words[middle].text, w->words[middle].size, word, n) < 0)
        low = middle + 1;
      else
        high = middle;
    }
    for (; low < w->n && compare_words (w->words[low].text, w->words[low].size, word, n) == 0; low++)
      add_hit (hits, w->words[low].at);
  }
}

bool
fettle_words_meet (const char *a, const char *b)
{
  const char *x, *y;
  size_t n, m;

  while (a && b && (n = next_word (&a, &x)))
    for (const char *rest = b; (m = next_word (&rest, &y));)
      if (n == m && memcmp (x, y, n) == 0)
        return true;
  return false;
}
