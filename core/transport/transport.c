/* transport.c - see transport.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "transport/transport.h"
#include "util/libcurl.h"

static const struct {
  const char *name;
  uint32_t version;
  const void *table;
} services[] = {
  { "http",   1, &fettle_http_service },
  { "serve",  1, &fettle_serve_service },
  { "smb",    1, &fettle_smb_service },
  { "ssh",    1, &fettle_ssh_service },
  { "stream", 1, &fettle_stream_service },
};

/* OpenSSL looks up an algorithm at its first use, and keeps it. */
static void
warm_up (void)
{
  static const char *const ciphers[] = { "AES-128-CTR", "AES-256-CTR", "AES-128-GCM", "AES-256-GCM",
                                         "AES-128-CCM", "ChaCha20" };
  static const char *const digests[] = { "SHA256", "SHA512", "SHA1", "MD5" };
  EVP_PKEY *key = EVP_PKEY_Q_keygen (NULL, NULL, "X25519");
  unsigned char random[16];

  EVP_PKEY_free (key);
  for (size_t i = 0; i < COUNT (ciphers); i++)
    EVP_CIPHER_free (EVP_CIPHER_fetch (NULL, ciphers[i], NULL));
  for (size_t i = 0; i < COUNT (digests); i++)
    EVP_MD_free (EVP_MD_fetch (NULL, digests[i], NULL));
  RAND_bytes (random, sizeof random);
}

void
fettle_transport_init (bool http)
{
  struct fettle_error err;

  OPENSSL_init_crypto (OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS
                         | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL);
  warm_up ();
  fettle_ssh_init ();
  /* Where it is missing, the calls that need it say so. */
  if (http)
    (void) fettle_libcurl_load (&err);
}

const void *
fettle_transport_service (const char *name, uint32_t version)
{
  for (size_t i = 0; i < COUNT (services); i++)
    if (strcmp (services[i].name, name) == 0 && services[i].version == version)
      return services[i].table;
  return NULL;
}

void
fettle_transport_close (fettle_ctx *c)
{
  fettle_http_close (c);
  fettle_serve_close (c);
  fettle_smb_close (c);
  fettle_ssh_close (c);
  fettle_stream_close (c);
  free (c->certificate_seen);
  c->certificate_seen = NULL;
}
