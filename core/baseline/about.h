/* about.h - what a file tells of components: of itself, or of other files.
 *
 * A component in here needs not be whole: what is missing comes from elsewhere
 * (another description, a side file), or there is no component.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ABOUT_H
#define FETTLE_ABOUT_H

#include "model/component.h"

#define FETTLE_ABOUTS_MAX   50000
#define FETTLE_ORDER_UNSET  UINT32_MAX

struct fettle_about {
  char *file;    /* whom it is about: a path beside this file; NULL: this file */
  bool stem;     /* ... and that without the last part behind a '.' */
  char *part;    /* tells several of one file apart; NULL: there is one */
  char *sha256;  /* what the file's digest must be; NULL: anything */
  bool tree;     /* it is this file's folder with all that is in it */
  uint64_t size; /* what the file's size must be; FETTLE_SIZE_ANY */
  struct fettle_component c;
};

#define FETTLE_SIZE_ANY UINT64_MAX

struct fettle_abouts {
  struct fettle_about **list; /* each allocated: they don't move */
  size_t n, room;
  char *bundle_name, *bundle_version; /* of all these together; NULL */
  bool complete; /* each file that it is about should be there */
};

/* One more, with its order unset.  file may be NULL.  NULL and an error when
 * there are too many. */
struct fettle_about *fettle_about_add (struct fettle_abouts *, const char *file,
                                       struct fettle_error *);

void fettle_abouts_clear (struct fettle_abouts *);

/* Sets what isn't set yet. */
bool fettle_about_fill (struct fettle_component *, const struct fettle_component *from);

/* Foreign text as a member has it: one line of UTF-8 with no space at its ends
 * and at most so many bytes; nothing is set when nothing is left of it.  False
 * is out of memory. */
bool fettle_about_text (char **member, const char *text, size_t max);

/* "PREFIX:WORD", in small letters and without what a word can't have, is added
 * to the match unless it is there.  What doesn't fit is left out. */
bool fettle_about_match (struct fettle_component *, const char *prefix, const char *word);

/* The version, and the first of these schemes (words) that can read it, else
 * "plain". */
bool fettle_about_version (struct fettle_component *, const char *version, const char *schemes);

/* To and from JSON, for what is kept of an earlier scan. */
json_t *fettle_abouts_to_json (const struct fettle_abouts *);
bool fettle_abouts_from_json (const json_t *, struct fettle_abouts *ret);

#endif
