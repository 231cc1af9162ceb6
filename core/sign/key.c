/* key.c - see key.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "sign/key.h"

static void cleanup_bio (BIO **b) { BIO_free (*b); }
static void cleanup_md (EVP_MD_CTX **m) { EVP_MD_CTX_free (*m); }
static void cleanup_cert (X509 **c) { X509_free (*c); }
static void cleanup_pkey (EVP_PKEY **k) { EVP_PKEY_free (*k); }

/* A public key is never encrypted: nobody is asked. */
static int
no_password (char *buf, int size, int writing, void *arg)
{
  (void) buf;
  (void) size;
  (void) writing;
  (void) arg;
  return -1;
}

static fettle_result
digest_der (unsigned char *der, int size, char ret[FETTLE_SHA256_TEXT], struct fettle_error *err)
{
  if (size <= 0)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a key");
  fettle_sha256 (der, (size_t) size, ret);
  OPENSSL_free (der);
  return FETTLE_OK;
}

fettle_result
fettle_key_id (EVP_PKEY *key, char ret[FETTLE_SHA256_TEXT], struct fettle_error *err)
{
  unsigned char *der = NULL;
  int size = i2d_PUBKEY (key, &der);

  return digest_der (der, size, ret, err);
}

static fettle_result
cert_id (X509 *cert, char ret[FETTLE_SHA256_TEXT], struct fettle_error *err)
{
  unsigned char *der = NULL;
  int size = i2d_X509 (cert, &der);

  return digest_der (der, size, ret, err);
}

const struct fettle_key *
fettle_keys_find (const struct fettle_keys *keys, const char *prefix)
{
  for (size_t i = 0; i < keys->n; i++)
    if (*prefix && strncmp (keys->keys[i].id, prefix, strlen (prefix)) == 0)
      return &keys->keys[i];
  return NULL;
}

/* Takes over what is in the key. */
static fettle_result
add (struct fettle_keys *keys, struct fettle_key *key, struct fettle_error *err)
{
  struct fettle_key *more;

  if (keys->n >= FETTLE_KEYS_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "more than %d keys", FETTLE_KEYS_MAX);
  more = reallocarray (keys->keys, keys->n + 1, sizeof *more);
  if (!more)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a key");
  keys->keys = more;
  more[keys->n++] = *key;
  key->key = NULL;
  key->cert = NULL;
  return FETTLE_OK;
}

static fettle_result
read_key (BIO *bio, struct fettle_key *key, struct fettle_error *err)
{
  key->key = PEM_read_bio_PUBKEY (bio, NULL, no_password, NULL);
  if (!key->key)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a public key as PEM");
  if (!EVP_PKEY_is_a (key->key, "ED25519"))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it is a %s key: a bare key must be Ed25519; for others, give a "
                             "certificate", EVP_PKEY_get0_type_name (key->key));
  return fettle_key_id (key->key, key->id, err);
}

static fettle_result
read_cert (BIO *bio, struct fettle_key *key, struct fettle_error *err)
{
  key->cert = PEM_read_bio_X509 (bio, NULL, no_password, NULL);
  if (!key->cert)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a certificate as PEM");
  return cert_id (key->cert, key->id, err);
}

fettle_result
fettle_keys_add (struct fettle_keys *keys, const char *pem, size_t size,
                 char ret_id[FETTLE_SHA256_TEXT], struct fettle_error *err)
{
  _cleanup_ (cleanup_bio) BIO *bio = NULL;
  struct fettle_key key = { .key = NULL };
  _cleanup_ (cleanup_pkey) EVP_PKEY *pkey = NULL;
  _cleanup_ (cleanup_cert) X509 *cert = NULL;
  fettle_result r;

  if (size > FETTLE_KEY_PEM_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %u bytes", FETTLE_KEY_PEM_MAX);
  bio = BIO_new_mem_buf (pem, (int) size);
  if (!bio)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a key");
  if (memmem (pem, size, "-----BEGIN CERTIFICATE-----", 27))
    r = read_cert (bio, &key, err);
  else
    r = read_key (bio, &key, err);
  ERR_clear_error ();
  pkey = key.key;
  cert = key.cert;
  if (r)
    return r;
  memcpy (ret_id, key.id, sizeof key.id);
  if (fettle_keys_find (keys, key.id))
    return FETTLE_OK;
  r = add (keys, &key, err);
  if (!r) {
    pkey = NULL;
    cert = NULL;
  }
  return r;
}

void
fettle_keys_clear (struct fettle_keys *keys)
{
  for (size_t i = 0; i < keys->n; i++) {
    EVP_PKEY_free (keys->keys[i].key);
    X509_free (keys->keys[i].cert);
  }
  free (keys->keys);
  *keys = (struct fettle_keys){ 0 };
}

void
fettle_key_title (const struct fettle_key *key, char *ret, size_t size)
{
  char *subject = key->cert ? X509_NAME_oneline (X509_get_subject_name (key->cert), NULL, 0) : NULL;

  snprintf (ret, size, "%s", subject ? subject : key->cert ? "certificate" : "Ed25519 key");
  OPENSSL_free (subject);
}

/* ---- Signing ---- */

static int
give_password (char *buf, int size, int writing, void *arg)
{
  const char *password = arg;
  size_t n = password ? strlen (password) : 0;

  (void) writing;
  if (!password || n > (size_t) size)
    return -1;
  memcpy (buf, password, n);
  return (int) n;
}

fettle_result
fettle_key_private (const char *pem, size_t size, const char *password, EVP_PKEY **ret,
                    struct fettle_error *err)
{
  _cleanup_ (cleanup_bio) BIO *bio = NULL;
  EVP_PKEY *key;

  if (size > FETTLE_KEY_PEM_MAX || !(bio = BIO_new_mem_buf (pem, (int) size)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %u bytes", FETTLE_KEY_PEM_MAX);
  key = PEM_read_bio_PrivateKey (bio, NULL, give_password, (void *) (uintptr_t) password);
  ERR_clear_error ();
  if (!key)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a private key as PEM, or its "
                                                   "password is %s",
                             password ? "another" : "missing");
  *ret = key;
  return FETTLE_OK;
}

fettle_result
fettle_ed25519_sign (EVP_PKEY *key, const void *data, size_t size,
                     unsigned char ret[FETTLE_ED25519_SIZE], struct fettle_error *err)
{
  _cleanup_ (cleanup_md) EVP_MD_CTX *md = EVP_MD_CTX_new ();
  size_t n = FETTLE_ED25519_SIZE;

  if (!EVP_PKEY_is_a (key, "ED25519"))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it is a %s key: to sign with it, give its certificate (--certificate)",
                             EVP_PKEY_get0_type_name (key));
  if (!md || EVP_DigestSignInit (md, NULL, NULL, NULL, key) != 1
      || EVP_DigestSign (md, ret, &n, data, size) != 1)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "signing failed");
  return FETTLE_OK;
}

bool
fettle_ed25519_verify (EVP_PKEY *key, const void *data, size_t size, const void *signature,
                       size_t signature_size)
{
  _cleanup_ (cleanup_md) EVP_MD_CTX *md = EVP_MD_CTX_new ();
  bool good = md && EVP_DigestVerifyInit (md, NULL, NULL, NULL, key) == 1
              && EVP_DigestVerify (md, signature, signature_size, data, size) == 1;

  ERR_clear_error ();
  return good;
}
