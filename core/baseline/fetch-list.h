/* fetch-list.h - the files that a list on a web server names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FETCH_LIST_H
#define FETTLE_FETCH_LIST_H

#include <stddef.h>

#include "util/error.h"
#include "util/file.h"

struct fettle_fetch_list {
  size_t n;
  struct fettle_fetch_entry {
    char *path;
    char sha256[FETTLE_SHA256_TEXT]; /* "": nobody says */
  } *entries;
};

/* SHA256SUMS: lines of a digest, two spaces (or a space and '*'), a path.
 * Strict; any bytes may come in. */
fettle_result fettle_fetch_sums (const char *text, size_t size, struct fettle_fetch_list *ret,
                                 struct fettle_error *);

/* HPE's fwrepo.json: its members are names of files. */
fettle_result fettle_fetch_fwrepo (const char *text, size_t size, struct fettle_fetch_list *ret,
                                   struct fettle_error *);

void fettle_fetch_list_clear (struct fettle_fetch_list *);

#endif
