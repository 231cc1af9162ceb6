/* smb-crypto.h - the cryptography of SMB and NTLM, of libcrypto.
 *
 * MD4 and RC4 are written out here: OpenSSL 3 has them in its legacy provider
 * only, a module of its own that need not be installed, and that a confined
 * worker might not be able to load.  Both are there for what NTLM derives from
 * a password; nothing is kept secret by them alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SMB_CRYPTO_H
#define FETTLE_SMB_CRYPTO_H

#include "transport/smb-wire.h"

/* Numbers of [MS-SMB2] 2.2.3.1.2 and 2.2.3.1.7. */
#define FETTLE_SMB_AES_128_CCM 1
#define FETTLE_SMB_AES_128_GCM 2
#define FETTLE_SMB_AES_256_CCM 3
#define FETTLE_SMB_AES_256_GCM 4

#define FETTLE_SMB_HMAC_SHA256 0
#define FETTLE_SMB_AES_CMAC    1
#define FETTLE_SMB_AES_GMAC    2

/* All are false when this host's OpenSSL doesn't do it. */

void fettle_md4 (const void *data, size_t size, uint8_t ret[16]);
void fettle_rc4 (const uint8_t key[16], const uint8_t *in, uint8_t *out, size_t size);
bool fettle_md5 (const void *data, size_t size, uint8_t ret[16]);
bool fettle_hmac_md5 (const uint8_t key[16], const void *data, size_t size, uint8_t ret[16]);
bool fettle_sha512 (const struct fettle_bytes *parts, size_t n, uint8_t ret[64]);

/* A key from a session's: SP 800-108 with HMAC-SHA256 in counter mode.  The
 * label's NUL is part of it.  key_size: 16 or 32. */
bool fettle_smb_derive (struct fettle_bytes session_key, const char *label, const void *context,
                        size_t context_size, uint8_t *ret, size_t key_size);

/* A message's signature: its field counts as zeros.  `from_server` and the
 * message's id make GMAC's nonce. */
bool fettle_smb_sign (unsigned algorithm, const uint8_t key[16], const uint8_t *message, size_t size,
                      bool from_server, uint8_t ret[16]);

/* How long a cipher's key and nonce are; 0: no such cipher. */
size_t fettle_smb_key_size (unsigned cipher);
size_t fettle_smb_nonce_size (unsigned cipher);
const char *fettle_smb_cipher_name (unsigned cipher);

/* In place.  Opening is false also when the tag is wrong; the data is then
 * not to be looked at. */
bool fettle_smb_seal (unsigned cipher, const uint8_t *key, const uint8_t *nonce,
                      struct fettle_bytes aad, uint8_t *data, size_t size, uint8_t ret_tag[16]);
bool fettle_smb_open (unsigned cipher, const uint8_t *key, const uint8_t *nonce,
                      struct fettle_bytes aad, uint8_t *data, size_t size, const uint8_t tag[16]);

#endif
