/* key.h - whose signatures count: Ed25519 public keys and X.509 certificates.
 *
 * A key is named by its id, the SHA-256 of its public key as DER
 * (SubjectPublicKeyInfo); a certificate by the SHA-256 of all of it, since two
 * certificates of one key may say different things.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SIGN_KEY_H
#define FETTLE_SIGN_KEY_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "util/file.h"

#define FETTLE_KEY_PEM_MAX  (64u << 10) /* bytes of one file */
#define FETTLE_KEYS_MAX     64
#define FETTLE_KEY_SHORT    16          /* digits of an id in names of files */

struct fettle_key {
  char id[FETTLE_SHA256_TEXT];
  EVP_PKEY *key; /* Ed25519; or ... */
  X509 *cert;    /* ... a certificate: of a signer, or of who certifies signers */
};

/* Owns its keys. */
struct fettle_keys {
  struct fettle_key *keys;
  size_t n;
};

/* One key out of PEM text: "PUBLIC KEY" (Ed25519 only) or "CERTIFICATE".  A
 * key that is there already is no error. */
fettle_result fettle_keys_add (struct fettle_keys *, const char *pem, size_t size, char ret_id[FETTLE_SHA256_TEXT],
                               struct fettle_error *);

/* The key whose id begins with this prefix, or NULL. */
const struct fettle_key *fettle_keys_find (const struct fettle_keys *, const char *prefix);

void fettle_keys_clear (struct fettle_keys *);

/* "Ed25519 key" or the certificate's subject. */
void fettle_key_title (const struct fettle_key *, char *ret, size_t size);

/* The id of a public key. */
fettle_result fettle_key_id (EVP_PKEY *, char ret[FETTLE_SHA256_TEXT], struct fettle_error *);

/* ---- Signing ---- */

/* A private key out of PEM; `password` may be NULL.  Ed25519, or what a
 * certificate certifies. */
fettle_result fettle_key_private (const char *pem, size_t size, const char *password,
                                  EVP_PKEY **ret, struct fettle_error *);

/* Ed25519: 64 bytes over the data. */
#define FETTLE_ED25519_SIZE 64
fettle_result fettle_ed25519_sign (EVP_PKEY *, const void *data, size_t size,
                                   unsigned char ret[FETTLE_ED25519_SIZE], struct fettle_error *);
bool fettle_ed25519_verify (EVP_PKEY *, const void *data, size_t size, const void *signature,
                            size_t signature_size);

#endif
