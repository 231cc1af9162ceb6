/* progress.h - the scan's lines of progress: a hundred are enough.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PROGRESS_H
#define FETTLE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct fettle_progress {
  FILE *out;
  uint64_t files, of_files; /* of_files is 0 when nobody knows: an archive */
  uint64_t bytes, of_bytes;
  uint64_t reused; /* files that an earlier scan has read */
  unsigned said; /* per cent */
  bool broken;   /* the output can't be written */
};

/* Says how far it is, if that is another per cent; the first time, always. */
void fettle_progress_say (struct fettle_progress *, bool first);

#endif
