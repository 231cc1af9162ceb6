/* trusted.h - files that this program runs, or loads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TRUSTED_H
#define FETTLE_TRUSTED_H

#include <sys/stat.h>

#include "util/error.h"

/* Who can write the file (or folder) decides what runs here: CONFIG unless
 * that is root, the user who runs this, or the owner of this program alone. */
fettle_result fettle_trusted_check (const char *path, const struct stat *, struct fettle_error *);

#endif
