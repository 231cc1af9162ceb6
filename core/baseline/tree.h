/* tree.h - all files of a folder in a baseline, one behind the other, for who
 * writes them elsewhere.  Each is
 *
 *   PATH \n  SIZE \n SIZE bytes  SIZE \n SIZE bytes ...  0 \n
 *
 * with PATH within the folder and pieces of at most FETTLE_TREE_PIECE_MAX
 * bytes; an empty line is behind the last.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TREE_H
#define FETTLE_TREE_H

#include <stdio.h>

#include "util/error.h"

#define FETTLE_TREE_PIECE_MAX (2u << 20) /* bytes */

/* `fd` is a folder or an archive; `tree` as in a component ("." is all of it,
 * "a.zip!/b" is in an archive). */
fettle_result fettle_tree_write (int fd, const char *tree, FILE *out, struct fettle_error *);

#endif
