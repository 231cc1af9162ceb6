/* csv.h - reading CSV (RFC 4180) that an administrator wrote.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CSV_H
#define FETTLE_CSV_H

#include "util/buf.h"
#include "util/error.h"

enum { FETTLE_CSV_CELLS = 64 };

struct fettle_csv {
  char *at;                      /* the rest of the text */
  const char *name;              /* of the file, for errors */
  unsigned line;                 /* where the record began, from 1 */
  unsigned next_line;
  char *cells[FETTLE_CSV_CELLS]; /* of the record; in the text, which is changed */
  size_t n;
};

/* The text must stay, and end with NUL. */
void fettle_csv_init (struct fettle_csv *, char *text, const char *name);

/* The next record that isn't empty and doesn't begin with '#'; false at the
 * end, and when err->code says that the text is wrong. */
bool fettle_csv_next (struct fettle_csv *, struct fettle_error *);

#endif
