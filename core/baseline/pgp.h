/* pgp.h - OpenPGP signatures by the vendors' keys, checked by librpm, which
 * works in a confined process: it needs no program and no file.
 *
 * It doesn't look at when a key expires: one that shouldn't count any more is
 * to be distrusted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PGP_H
#define FETTLE_PGP_H

#include "baseline/vendor.h"

#define FETTLE_PGP_SIGNATURE_MAX (64u << 10) /* bytes */

/* Public keys in armour. */
fettle_result fettle_pgp_add (const char *armour, struct fettle_error *);
void fettle_pgp_clear (void);

/* The digests that a signature may be of, while it isn't known which. */
struct fettle_pgp_digests;

/* NULL: there are no keys, and so nothing to compute. */
struct fettle_pgp_digests *fettle_pgp_digests_new (void);
void fettle_pgp_digests_update (struct fettle_pgp_digests *, const void *, size_t); /* NULL: nothing */
void fettle_pgp_digests_free (struct fettle_pgp_digests *);
static inline void fettle_cleanup_pgp_digests (struct fettle_pgp_digests **d) { fettle_pgp_digests_free (*d); }

/* A detached signature, binary or in armour with a NUL behind it. */
void fettle_pgp_check (const void *signature, size_t size, const struct fettle_pgp_digests *,
                       struct fettle_vendor *);

/* Of the key that made it: its title if it is one of ours, else NULL; then
 * the reason has been found. */
const char *fettle_pgp_signer (const void *signature, size_t size, struct fettle_vendor *);

/* librpm's, of all keys; borrowed, NULL without keys. */
struct rpmKeyring_s;
struct rpmKeyring_s *fettle_pgp_keyring (void);

#endif
