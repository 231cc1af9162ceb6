/* nearest.h - "did you mean": the known name that is closest to a mistyped one.
 *
 *   struct fettle_nearest near = FETTLE_NEAREST_INIT ("plugn");
 *   for (...) fettle_nearest_try (&near, names[i]);
 *   if (near.best) ...
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_NEAREST_H
#define FETTLE_NEAREST_H

#include <stddef.h>

struct fettle_nearest {
  const char *word;
  const char *best; /* borrowed from a candidate; NULL while none is close */
  size_t distance;  /* of the best: letters to change, add, remove or swap */
};

#define FETTLE_NEAREST_INIT(word) { (word), NULL, 0 }

/* Remembers the candidate if it is close, and closer than those before. */
void fettle_nearest_try (struct fettle_nearest *, const char *candidate);

#endif
