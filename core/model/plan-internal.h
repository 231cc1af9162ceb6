/* plan-internal.h - shared by plan*.c only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PLAN_INTERNAL_H
#define FETTLE_PLAN_INTERNAL_H

#include "model/plan.h"

/* ---- plan-words.c: who has one of these words in "match"? ---- */

struct fettle_words {
  struct fettle_word { const char *text; size_t size, at; } *words; /* borrowed; sorted */
  size_t n;
};

struct fettle_hits {
  size_t *at, n, room; /* ascending, each once */
};

/* Of an array of objects with "match".  False: no memory. */
bool fettle_words_make (struct fettle_words *, const json_t *array);
/* Of objects that aren't in an array. */
bool fettle_words_add (struct fettle_words *, const char *match, size_t at);
void fettle_words_sort (struct fettle_words *);
void fettle_words_clear (struct fettle_words *);
/* Positions of those with one of the words of `match`. */
void fettle_words_find (const struct fettle_words *, const char *match, struct fettle_hits *);
void fettle_hits_clear (struct fettle_hits *);

/* Have two texts a word in common? */
bool fettle_words_meet (const char *a, const char *b);

/* ---- plan.c ---- */

struct fettle_plan_node {
  const char *type, *guarded; /* guarded: why firmware isn't updated; NULL */
  const json_t *items;
  struct fettle_words index;
};

/* A component and what is planned of it. */
struct fettle_pick {
  const json_t *component;
  json_t *entry;
  int64_t order;
  size_t stone;   /* 1 + the pick that it is a stepping stone for; 0: none */
  unsigned mark;  /* of searches */
  size_t place;   /* in the result, from 1 on; 0: not yet */
};

const json_t *fettle_plan_indexed_item (const struct fettle_words *, const json_t *items,
                                        const char *match, const char *arch);
bool fettle_plan_older (const json_t *a, const json_t *b);

/* ---- plan-arrange.c: several components: what is left out, what blocks, in
 * ---- which order.  The entries in a new array. ---- */
json_t *fettle_plan_arrange (const struct fettle_plan_node *, struct fettle_pick *, size_t n,
                             const json_t *options);

#endif
