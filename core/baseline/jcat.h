/* jcat.h - LVFS's signatures: a .jcat in a cabinet, JSON in gzip, with items
 * that name files and have checksums, OpenPGP and PKCS #7 signatures of them.
 * Any bytes may come in.
 *
 * Read here and not by libjcat, since that one wants keys in folders and runs
 * gpg: nothing of that can be had in the scanner's confinement.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_JCAT_H
#define FETTLE_JCAT_H

#include "baseline/pgp.h"

#define FETTLE_JCAT_MAX (4u << 20) /* bytes, also of what it expands to */

/* A file of the cabinet. */
struct fettle_jcat_file {
  const char *name, *sha1, *sha256; /* digests in hex */
  const struct fettle_pgp_digests *digests; /* NULL without keys */
};

/* Verified if all of the files are; bad if one is. */
void fettle_jcat_check (const void *jcat, size_t size, const struct fettle_jcat_file *, size_t n,
                        struct fettle_vendor *ret);

#endif
