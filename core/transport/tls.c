/* tls.c - see tls.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <poll.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "transport/tls.h"
#include "util/said.h"

#define FINGERPRINT 64 /* "SHA256:...", of the key with its kind (SPKI) */

static bool
fingerprint (X509 *certificate, char ret[FINGERPRINT])
{
  unsigned char *der = NULL, digest[SHA256_DIGEST_LENGTH];
  char base64[FINGERPRINT - sizeof "SHA256:"];
  int n = i2d_X509_PUBKEY (X509_get_X509_PUBKEY (certificate), &der);
  bool done = n > 0 && EVP_Digest (der, (size_t) n, digest, NULL, EVP_sha256 (), NULL);

  OPENSSL_free (der);
  if (!done)
    return false;
  EVP_EncodeBlock ((unsigned char *) base64, digest, sizeof digest);
  snprintf (ret, FINGERPRINT, "SHA256:%.*s", (int) strcspn (base64, "="), base64);
  return true;
}

static fettle_result
judge (fettle_ctx *c, X509 *certificate)
{
  const char *name = c->target.name;
  char now[FINGERPRINT];

  if (!certificate || !fingerprint (certificate, now))
    return fettle_error_set (&c->error, FETTLE_E_PROTOCOL, "%s shows a certificate without a readable key",
                             name);
  if (c->certificate && strcmp (c->certificate, now) != 0)
    return fettle_error_set (&c->error, FETTLE_E_AUTH,
                             "the key of %s's certificate has changed: it was %s and is %s. Its certificate "
                             "was made anew, or this is another machine. If you know why: fettle node set %s "
                             "--certificate \"%s\"", name, c->certificate, now, name, now);
  if (c->certificate)
    return FETTLE_OK;
  if (c->strict)
    return fettle_error_set (&c->error, FETTLE_E_AUTH,
                             "the certificate of %s is unknown, and host_keys is \"strict\": its key is %s. "
                             "Compare it at the node, then: fettle node set %s --certificate \"%s\"", name,
                             now, name, now);
  /* Known from now on, also within this call. */
  c->certificate = c->certificate_seen = strdup (now);
  if (!c->certificate)
    return fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for a fingerprint");
  c->send (c, json_pack ("{s:s}", "certificate", now));
  return FETTLE_OK;
}

/* What the user has allowed for this node is told, once in a call, when it was
 * needed: it goes into the report. */
static void
tell_old (fettle_ctx *c, X509_STORE_CTX *store)
{
  SSL *ssl = X509_STORE_CTX_get_ex_data (store, SSL_get_ex_data_X509_STORE_CTX_idx ());
  const SSL_CIPHER *cipher = ssl ? SSL_get_pending_cipher (ssl) : NULL;
  char text[300];

  if (!ssl || SSL_version (ssl) >= TLS1_2_VERSION || c->told_old_tls)
    return;
  c->told_old_tls = true;
  snprintf (text, sizeof text, "%s is spoken to by %s with %s, " FETTLE_SAID_OLD_TLS ": who is on the way can"
            " read it.  Update its firmware, or keep its network apart", c->target.name, SSL_get_version (ssl),
            cipher ? SSL_CIPHER_get_name (cipher) : "an old cipher");
  c->send (c, json_pack ("{s:s, s:i}", "log", text, "level", (int) FETTLE_LOG_WARNING));
}

static int
context_index (void)
{
  static int index = -1;

  if (index < 0)
    index = SSL_CTX_get_ex_new_index (0, NULL, NULL, NULL, NULL);
  return index;
}

/* A key exchange that is too small comes behind the certificate. */
static void
tell_weak (const SSL *ssl, int where, int ret FETTLE_UNUSED)
{
  fettle_ctx *c = where & SSL_CB_HANDSHAKE_DONE ? SSL_CTX_get_ex_data (SSL_get_SSL_CTX (ssl), context_index ()) : NULL;
  EVP_PKEY *key = NULL;
  char text[300];

  if (!c || c->told_old_tls || SSL_get_peer_tmp_key ((SSL *) (uintptr_t) ssl, &key) != 1 || !key)
    return;
  if (EVP_PKEY_get_base_id (key) == EVP_PKEY_DH && EVP_PKEY_get_bits (key) < 2048) {
    c->told_old_tls = true;
    snprintf (text, sizeof text, "%s is spoken to by %s with %s and a Diffie-Hellman key of %d bits, " FETTLE_SAID_OLD_TLS
              ": who is on the way may read it.  Update its firmware, or keep its network apart", c->target.name,
              SSL_get_version (ssl), SSL_get_cipher_name (ssl), EVP_PKEY_get_bits (key));
    c->send (c, json_pack ("{s:s, s:i}", "log", text, "level", (int) FETTLE_LOG_WARNING));
  }
  EVP_PKEY_free (key);
}

/* In place of OpenSSL's own verification. */
static int
verify (X509_STORE_CTX *store, void *arg)
{
  bool good = judge (arg, X509_STORE_CTX_get0_cert (store)) == FETTLE_OK;

  if (good)
    tell_old (arg, store);
  X509_STORE_CTX_set_error (store, good ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED);
  return good;
}

void
fettle_tls_prepare (fettle_ctx *c, SSL_CTX *ssl, bool old)
{
  SSL_CTX_set_cert_verify_callback (ssl, verify, c);
  SSL_CTX_set_verify (ssl, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_min_proto_version (ssl, old ? TLS1_VERSION : TLS1_2_VERSION);
  if (!old)
    return;
  SSL_CTX_set_security_level (ssl, 0);
  SSL_CTX_set_cipher_list (ssl, "ALL:@SECLEVEL=0");
  SSL_CTX_set_ex_data (ssl, context_index (), c);
  SSL_CTX_set_info_callback (ssl, tell_weak);
  SSL_CTX_set_options (ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static fettle_result
failed (fettle_ctx *c)
{
  char text[256] = "it ended the connection";
  unsigned long e = ERR_get_error ();

  if (c->error.code != FETTLE_OK)
    return c->error.code;
  if (e)
    ERR_error_string_n (e, text, sizeof text);
  return fettle_error_set (&c->error, FETTLE_E_PROTOCOL, "TLS with %s: %s", c->target.address, text);
}

static fettle_result
shake_hands (fettle_ctx *c, SSL *ssl, int fd)
{
  int64_t deadline = fettle_now_ms () + c->read_timeout;

  for (;;) {
    int n = SSL_connect (ssl), why = SSL_get_error (ssl, n);
    fettle_result r;

    if (n == 1)
      return FETTLE_OK;
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
      return failed (c);
    r = fettle_context_wait (c, fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline);
    if (r == FETTLE_E_TIMEOUT)
      return fettle_error_set (&c->error, r, "%s doesn't answer to the beginning of TLS", c->target.address);
    if (r != FETTLE_OK)
      return r;
  }
}

fettle_result
fettle_tls_start (fettle_ctx *c, int fd, bool old, SSL **ret)
{
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());
  SSL *ssl = NULL;
  fettle_result r;

  ERR_clear_error ();
  c->error.code = FETTLE_OK;
  if (context) {
    fettle_tls_prepare (c, context, old);
    SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    ssl = SSL_new (context);
  }
  SSL_CTX_free (context);
  if (!ssl || SSL_set_fd (ssl, fd) != 1) {
    SSL_free (ssl);
    return fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for TLS");
  }
  r = shake_hands (c, ssl, fd);
  if (r == FETTLE_OK)
    *ret = ssl;
  else
    SSL_free (ssl);
  return r;
}
