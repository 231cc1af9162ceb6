/* smb-crypto.c - see smb-crypto.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "transport/smb-crypto.h"
#include "util/text.h"

#define SIGNATURE_AT 48 /* in an SMB2 header, 16 bytes */

/* ---- MD4: RFC 1320 ---- */

static uint32_t
rotate (uint32_t x, unsigned n)
{
  return x << n | x >> (32 - n);
}

/* What round r mixes of three words, and the order of its input. */
static uint32_t
mix (unsigned r, uint32_t b, uint32_t c, uint32_t d)
{
  if (r == 0)
    return (b & c) | (~b & d);
  if (r == 1)
    return ((b & c) | (b & d) | (c & d)) + 0x5a827999;
  return (b ^ c ^ d) + 0x6ed9eba1;
}

static void
md4_block (uint32_t h[4], const uint8_t *p)
{
  static const uint8_t shifts[3][4] = { { 3, 7, 11, 19 }, { 3, 5, 9, 13 }, { 3, 9, 11, 15 } };
  static const uint8_t order[3][16] = {
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
    { 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15 },
    { 0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15 },
  };
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3];

  for (unsigned i = 0; i < 48; i++) {
    unsigned r = i / 16;
    uint32_t t = a + mix (r, b, c, d) + fettle_get32 (p + 4 * order[r][i % 16]);

    a = d, d = c, c = b;
    b = rotate (t, shifts[r][i % 4]);
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d;
}

void
fettle_md4 (const void *data, size_t size, uint8_t ret[16])
{
  uint32_t h[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
  const uint8_t *p = data;
  uint8_t last[128] = { 0 };
  size_t rest = size % 64, blocks = rest < 56 ? 1 : 2;

  for (size_t i = 0; i + 64 <= size; i += 64)
    md4_block (h, p + i);
  if (rest)
    memcpy (last, p + size - rest, rest);
  last[rest] = 0x80;
  fettle_set64 (last + 64 * blocks - 8, (uint64_t) size * 8);
  for (size_t i = 0; i < blocks; i++)
    md4_block (h, last + 64 * i);
  for (size_t i = 0; i < 4; i++)
    fettle_set32 (ret + 4 * i, h[i]);
  fettle_wipe (last, sizeof last);
}

/* ---- RC4 ---- */

void
fettle_rc4 (const uint8_t key[16], const uint8_t *in, uint8_t *out, size_t size)
{
  uint8_t s[256], swap, i = 0, j = 0;

  for (unsigned n = 0; n < 256; n++)
    s[n] = (uint8_t) n;
  for (unsigned n = 0; n < 256; n++) {
    j = (uint8_t) (j + s[n] + key[n % 16]);
    swap = s[n], s[n] = s[j], s[j] = swap;
  }
  j = 0;
  for (size_t n = 0; n < size; n++) {
    i++;
    j = (uint8_t) (j + s[i]);
    swap = s[i], s[i] = s[j], s[j] = swap;
    out[n] = in[n] ^ s[(uint8_t) (s[i] + s[j])];
  }
  fettle_wipe (s, sizeof s);
}

/* ---- Hashes ---- */

bool
fettle_md5 (const void *data, size_t size, uint8_t ret[16])
{
  return EVP_Q_digest (NULL, "MD5", NULL, data, size, ret, NULL);
}

bool
fettle_hmac_md5 (const uint8_t key[16], const void *data, size_t size, uint8_t ret[16])
{
  unsigned n = 16;

  return HMAC (EVP_md5 (), key, 16, data, size, ret, &n) != NULL;
}

bool
fettle_sha512 (const struct fettle_bytes *parts, size_t n, uint8_t ret[64])
{
  EVP_MD_CTX *m = EVP_MD_CTX_new ();
  bool ok = m && EVP_DigestInit_ex (m, EVP_sha512 (), NULL);

  for (size_t i = 0; ok && i < n; i++)
    ok = EVP_DigestUpdate (m, parts[i].data, parts[i].size);
  ok = ok && EVP_DigestFinal_ex (m, ret, NULL);
  EVP_MD_CTX_free (m);
  return ok;
}

bool
fettle_smb_derive (struct fettle_bytes session_key, const char *label, const void *context,
                   size_t context_size, uint8_t *ret, size_t key_size)
{
  struct fettle_writer w = FETTLE_WRITER_INIT (256);
  uint8_t bits[4] = { 0, 0, (uint8_t) (key_size * 8 >> 8), (uint8_t) (key_size * 8) };
  uint8_t out[32];
  unsigned n = sizeof out;
  bool ok;

  fettle_write (&w, "\0\0\0\1", 4);
  fettle_write (&w, label, strlen (label) + 1);
  fettle_write8 (&w, 0);
  fettle_write (&w, context, context_size);
  fettle_write (&w, bits, sizeof bits);
  ok = !w.bad && key_size <= sizeof out
       && HMAC (EVP_sha256 (), session_key.data, (int) session_key.size, fettle_writer_at (&w, 0), w.b.size,
                out, &n);
  if (ok)
    memcpy (ret, out, key_size);
  fettle_wipe (out, sizeof out);
  fettle_writer_clear (&w);
  return ok;
}

/* ---- Ciphers ---- */

static const struct {
  const char *name;
  const EVP_CIPHER *(*cipher) (void);
  uint8_t key_size, nonce_size;
} ciphers[] = {
  [FETTLE_SMB_AES_128_CCM] = { "AES-128-CCM", EVP_aes_128_ccm, 16, 11 },
  [FETTLE_SMB_AES_128_GCM] = { "AES-128-GCM", EVP_aes_128_gcm, 16, 12 },
  [FETTLE_SMB_AES_256_CCM] = { "AES-256-CCM", EVP_aes_256_ccm, 32, 11 },
  [FETTLE_SMB_AES_256_GCM] = { "AES-256-GCM", EVP_aes_256_gcm, 32, 12 },
};

size_t
fettle_smb_key_size (unsigned cipher)
{
  return cipher < COUNT (ciphers) ? ciphers[cipher].key_size : 0;
}

size_t
fettle_smb_nonce_size (unsigned cipher)
{
  return cipher < COUNT (ciphers) ? ciphers[cipher].nonce_size : 0;
}

const char *
fettle_smb_cipher_name (unsigned cipher)
{
  return fettle_smb_key_size (cipher) ? ciphers[cipher].name : "";
}

/* CCM wants to know the tag's and the data's size before; GCM its own at the end. */
static bool
run_cipher (unsigned cipher, bool seal, const uint8_t *key, const uint8_t *nonce,
            struct fettle_bytes aad, uint8_t *data, size_t size, uint8_t tag[16])
{
  bool ccm = cipher == FETTLE_SMB_AES_128_CCM || cipher == FETTLE_SMB_AES_256_CCM;
  EVP_CIPHER_CTX *x = fettle_smb_key_size (cipher) && size <= INT_MAX ? EVP_CIPHER_CTX_new () : NULL;
  int n = 0;
  bool ok = x && EVP_CipherInit_ex (x, ciphers[cipher].cipher (), NULL, NULL, NULL, seal)
            && EVP_CIPHER_CTX_ctrl (x, EVP_CTRL_AEAD_SET_IVLEN, ciphers[cipher].nonce_size, NULL)
            && (seal && !ccm ? 1 : EVP_CIPHER_CTX_ctrl (x, EVP_CTRL_AEAD_SET_TAG, 16, seal ? NULL : tag))
            && EVP_CipherInit_ex (x, NULL, NULL, key, nonce, seal)
            && (!ccm || EVP_CipherUpdate (x, NULL, &n, NULL, (int) size))
            && EVP_CipherUpdate (x, NULL, &n, aad.data, (int) aad.size)
            && (!size || EVP_CipherUpdate (x, data, &n, data, (int) size))
            && (ccm || EVP_CipherFinal_ex (x, data + size, &n))
            && (!seal || EVP_CIPHER_CTX_ctrl (x, EVP_CTRL_AEAD_GET_TAG, 16, tag));

  EVP_CIPHER_CTX_free (x);
  return ok;
}

bool
fettle_smb_seal (unsigned cipher, const uint8_t *key, const uint8_t *nonce, struct fettle_bytes aad,
                 uint8_t *data, size_t size, uint8_t ret_tag[16])
{
  return run_cipher (cipher, true, key, nonce, aad, data, size, ret_tag);
}

bool
fettle_smb_open (unsigned cipher, const uint8_t *key, const uint8_t *nonce, struct fettle_bytes aad,
                 uint8_t *data, size_t size, const uint8_t tag[16])
{
  uint8_t copy[16];

  memcpy (copy, tag, sizeof copy);
  return run_cipher (cipher, false, key, nonce, aad, data, size, copy);
}

/* ---- Signatures ---- */

/* The parts of a message to be signed: before, in place of, behind the field. */
static bool
sign_by_mac (const char *mac, const char *of, const uint8_t *key, const uint8_t *message, size_t size,
             uint8_t ret[16])
{
  static const uint8_t zeros[16];
  EVP_MAC *kind = EVP_MAC_fetch (NULL, mac, NULL);
  EVP_MAC_CTX *x = kind ? EVP_MAC_CTX_new (kind) : NULL;
  char name[16];
  OSSL_PARAM params[2];
  uint8_t out[32];
  size_t n = 0;
  bool ok;

  snprintf (name, sizeof name, "%s", of);
  params[0] = OSSL_PARAM_construct_utf8_string (strcmp (mac, "HMAC") == 0 ? "digest" : "cipher", name, 0);
  params[1] = OSSL_PARAM_construct_end ();
  ok = x && EVP_MAC_init (x, key, 16, params) && EVP_MAC_update (x, message, SIGNATURE_AT)
       && EVP_MAC_update (x, zeros, 16)
       && EVP_MAC_update (x, message + SIGNATURE_AT + 16, size - SIGNATURE_AT - 16)
       && EVP_MAC_final (x, out, &n, sizeof out) && n >= 16;
  if (ok)
    memcpy (ret, out, 16);
  EVP_MAC_CTX_free (x);
  EVP_MAC_free (kind);
  return ok;
}

/* GMAC: the tag of nothing, with the message as what is authenticated. */
static bool
sign_by_gmac (const uint8_t *key, const uint8_t *message, size_t size, bool from_server, uint8_t ret[16])
{
  static const uint8_t zeros[16];
  EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new ();
  uint8_t nonce[12] = { 0 };
  int n = 0;
  bool ok;

  memcpy (nonce, message + 24, 8); /* MessageId */
  nonce[8] = (uint8_t) ((from_server ? 1 : 0) | (fettle_get16 (message + 12) == 12 ? 2 : 0));
  ok = x && size <= INT_MAX && EVP_EncryptInit_ex (x, EVP_aes_128_gcm (), NULL, key, nonce)
       && EVP_EncryptUpdate (x, NULL, &n, message, SIGNATURE_AT)
       && EVP_EncryptUpdate (x, NULL, &n, zeros, 16)
       && EVP_EncryptUpdate (x, NULL, &n, message + SIGNATURE_AT + 16, (int) (size - SIGNATURE_AT - 16))
       && EVP_EncryptFinal_ex (x, nonce, &n)
       && EVP_CIPHER_CTX_ctrl (x, EVP_CTRL_AEAD_GET_TAG, 16, ret);
  EVP_CIPHER_CTX_free (x);
  return ok;
}

bool
fettle_smb_sign (unsigned algorithm, const uint8_t key[16], const uint8_t *message, size_t size,
                 bool from_server, uint8_t ret[16])
{
  if (size < SIGNATURE_AT + 16)
    return false;
  if (algorithm == FETTLE_SMB_AES_GMAC)
    return sign_by_gmac (key, message, size, from_server, ret);
  if (algorithm == FETTLE_SMB_AES_CMAC)
    return sign_by_mac ("CMAC", "AES-128-CBC", key, message, size, ret);
  return sign_by_mac ("HMAC", "SHA256", key, message, size, ret);
}
