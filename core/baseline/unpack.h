/* unpack.h - one member of an archive, also of an archive in an archive, as a
 * file: for nodes, which can't use it as it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_UNPACK_H
#define FETTLE_UNPACK_H

#include <stdint.h>

#include "util/error.h"

/* Writes the member of this path ("!/" behind the name of an inner archive)
 * to `out`. */
fettle_result fettle_unpack_member (int archive, const char *path, int out,
                                    struct fettle_error *);

/* Passes on what comes in: fine if it has this size and digest, and is then on
 * the disk. */
fettle_result fettle_unpack_keep (int in, int out, uint64_t size, const char *sha256,
                                  struct fettle_error *);

#endif
