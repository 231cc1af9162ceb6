/* seal.h - secrets in the store are sealed: AES-256-GCM under a key file.
 *
 * The key is STATE/key, 32 bytes, mode 0600, made at first start.  The context
 * ("node 12 credentials") isn't stored: it is bound to the sealed text, so that a
 * row that was moved to another place doesn't open there.
 * Sealed: version 1 (1 byte), nonce (12), cipher text, tag (16).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SEAL_H
#define FETTLE_SEAL_H

#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"

struct fettle_sealer;

#define FETTLE_SEAL_EXTRA (1 + 12 + 16)

/* Reads the key of that state folder, or makes it. */
fettle_result fettle_sealer_new (const char *state_dir, struct fettle_sealer **ret,
                                 struct fettle_error *);

/* Another key than STATE/key: made, and on the disk as STATE/key.new. */
fettle_result fettle_sealer_make_next (const char *state_dir, struct fettle_sealer **ret,
                                       struct fettle_error *);
/* Its file becomes STATE/key. */
fettle_result fettle_sealer_take_place (struct fettle_sealer *, struct fettle_error *);

/* Tells keys apart, and says nothing of the key. */
const char *fettle_sealer_id (const struct fettle_sealer *);

/* After a crash: of STATE/key, which *sealer is of, and STATE/key.new, the one
 * with this id becomes STATE/key and *sealer, the other is removed.  CONFIG
 * when neither is the one. */
fettle_result fettle_sealer_settle (const char *state_dir, struct fettle_sealer **sealer,
                                    const char *id, struct fettle_error *);

/* Wipes the key.  NULL is fine. */
void fettle_sealer_free (struct fettle_sealer *);

/* Appends to ret: binary, size + FETTLE_SEAL_EXTRA bytes. */
fettle_result fettle_seal (const struct fettle_sealer *, const char *context, const void *plain,
                           size_t size, struct fettle_buf *ret, struct fettle_error *);

/* Appends the plain text to ret; ret is to be a secret buffer (util/buf.h).
 * Changed by a single bit, under another key or context: FETTLE_E_CONFIG. */
fettle_result fettle_unseal (const struct fettle_sealer *, const char *context, const void *sealed,
                             size_t size, struct fettle_buf *ret, struct fettle_error *);

#endif
