/* hasher.h - SHA-256 in a thread of its own, so that a file is hashed while
 * the next part of it is read and looked into.
 *
 * Bytes are copied into a ring: the caller's may change at once.  Without the
 * thread everything works the same, one after the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_HASHER_H
#define FETTLE_HASHER_H

#include <openssl/evp.h>

#include "util/file.h"

/* Once, after the process gave up what threads inherit (privileges) and before
 * it may have no more threads. */
fettle_result fettle_hasher_start (struct fettle_error *);

void fettle_hasher_update (EVP_MD_CTX *, const void *data, size_t size);

/* The digest of all that was given so far; the context is then used up. */
void fettle_hasher_finish (EVP_MD_CTX *, char ret_hex[FETTLE_SHA256_TEXT]);

/* To be called before a context that had an update is freed. */
void fettle_hasher_drain (void);

#endif
