/* walk.h - the files of a folder tree, sorted by path.
 *
 * Links are not followed: a link to something within the tree is left out (it
 * is found where it is), any other is an entry with a problem.  Hidden files
 * and folders are left out.  What can't be a component but isn't a file
 * either (a device, a socket) is an entry with a problem.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_WALK_H
#define FETTLE_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define FETTLE_WALK_FILES_MAX 100000
#define FETTLE_WALK_DEPTH_MAX 32

struct fettle_walk_entry {
  char *path;    /* relative, '/' between */
  char *problem; /* one sentence; NULL for a regular file */
  uint64_t size; /* bytes */
};

struct fettle_walk {
  struct fettle_walk_entry *entries;
  size_t n, room;
};

/* More than the limit of files is an error: what was left out would be left
 * to chance. */
fettle_result fettle_walk (int folder, struct fettle_walk *ret, struct fettle_error *);

void fettle_walk_clear (struct fettle_walk *);

#endif
