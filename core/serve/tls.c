/* tls.c - see tls.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "serve/tls.h"
#include "util/buf.h"
#include "util/file.h"
#include "util/log.h"
#include "util/secret.h"
#include "util/text.h"

#define DAY       (24L * 60 * 60)
#define VALID     (5 * 365 * DAY)
#define RENEW     (365 * DAY) /* before the end */
#define PEM_MAX   (64 << 10)
#define NAMES_MAX 2048

/* One certificate with its key, and where they are. */
struct identity {
  char cert_path[PATH_MAX], key_path[PATH_MAX];
  char names[NAMES_MAX]; /* "DNS:localhost,IP:127.0.0.1,...": what it must name */
  EVP_PKEY *key;
  X509 *cert;
};

static void
cleanup_identity (struct identity *i)
{
  EVP_PKEY_free (i->key);
  X509_free (i->cert);
}

static void cleanup_bio (BIO **b) { BIO_free (*b); }
static void cleanup_ctx (SSL_CTX **c) { SSL_CTX_free (*c); }
static void cleanup_cert (X509 **c) { X509_free (*c); }

const char *
fettle_tls_error (char *buffer, size_t size)
{
  unsigned long e = ERR_peek_last_error ();
  const char *reason = e ? ERR_reason_error_string (e) : NULL;

  snprintf (buffer, size, "%s", reason ? reason : "unknown error");
  ERR_clear_error ();
  return buffer;
}

static fettle_result
tls_failed (struct fettle_error *err, const char *what)
{
  char reason[256];

  return fettle_error_set (err, FETTLE_E_INTERNAL, "%s: %s", what,
                           fettle_tls_error (reason, sizeof reason));
}

/* Names that a certificate can carry: "box.example.org", not "box_1,DNS:evil". */
static bool
is_host_name (const char *text)
{
  return *text && strlen (text) < 254
         && strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
              == strlen (text);
}

static void
list_names (struct identity *id, const char *addresses)
{
  char host[256] = "", address[64];
  size_t n = (size_t) snprintf (id->names, sizeof id->names,
                                "DNS:localhost,IP:127.0.0.1,IP:::1");

  if (gethostname (host, sizeof host - 1) == 0 && is_host_name (host)
      && strcmp (host, "localhost") != 0)
    n += (size_t) snprintf (id->names + n, sizeof id->names - n, ",DNS:%s", host);
  for (const char *p = addresses; *p;) {
    size_t m = strcspn (p, " ,");

    if (m && m < sizeof address && n + m + 8 < sizeof id->names) {
      memcpy (address, p, m);
      address[m] = '\0';
      if (fettle_is_address (address) && !strchr (address, '%'))
        n += (size_t) snprintf (id->names + n, sizeof id->names - n, ",IP:%s", address);
    }
    p += m;
    p += strspn (p, " ,");
  }
}

/* Does the certificate name all of them? */
static bool
names_all (X509 *cert, const char *names)
{
  char one[300];

  while (*names) {
    size_t n = strcspn (names, ",");

    if (n >= sizeof one)
      return false;
    memcpy (one, names, n);
    one[n] = '\0';
    if (strncmp (one, "DNS:", 4) == 0 ? X509_check_host (cert, one + 4, 0, 0, NULL) != 1
                                      : X509_check_ip_asc (cert, one + 3, 0) != 1)
      return false;
    names += n;
    names += *names == ',';
  }
  return true;
}

static bool
is_current (X509 *cert)
{
  time_t soon = time (NULL) + RENEW;

  return X509_cmp_current_time (X509_get0_notBefore (cert)) < 0
         && X509_cmp_time (X509_get0_notAfter (cert), &soon) > 0;
}

static BIO *
read_pem (const char *path, struct fettle_buf *b, struct fettle_error *err)
{
  if (fettle_secret_read (path, b, err))
    return NULL;
  return BIO_new_mem_buf (b->data, (int) b->size);
}

/* Sets the identity when there is one that can go on being used: `ret_usable`.
 * An error is what an administrator must look at: a key open to others. */
static fettle_result
load (struct identity *id, bool *ret_usable, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf key = FETTLE_BUF_SECRET (PEM_MAX);
  _cleanup_ (fettle_buf_clear) struct fettle_buf cert = FETTLE_BUF_INIT (PEM_MAX);
  _cleanup_ (cleanup_bio) BIO *key_bio = read_pem (id->key_path, &key, err);
  _cleanup_ (cleanup_bio) BIO *cert_bio = NULL;

  *ret_usable = false;
  if (!key_bio)
    return err->code == FETTLE_E_UNREACHABLE ? FETTLE_OK : err->code;
  if (fettle_file_read (id->cert_path, &cert, err))
    return FETTLE_OK;
  cert_bio = BIO_new_mem_buf (cert.data, (int) cert.size);
  id->key = PEM_read_bio_PrivateKey (key_bio, NULL, NULL, NULL);
  id->cert = cert_bio ? PEM_read_bio_X509 (cert_bio, NULL, NULL, NULL) : NULL;
  *ret_usable = id->key && id->cert && X509_check_private_key (id->cert, id->key) == 1
                && is_current (id->cert) && names_all (id->cert, id->names);
  ERR_clear_error ();
  return FETTLE_OK;
}

static bool
add_extension (X509 *cert, int nid, const char *value)
{
  X509V3_CTX context;
  X509_EXTENSION *extension;
  bool ok;

  X509V3_set_ctx_nodb (&context);
  X509V3_set_ctx (&context, cert, cert, NULL, NULL, 0);
  extension = X509V3_EXT_conf_nid (NULL, &context, nid, value);
  ok = extension && X509_add_ext (cert, extension, -1) == 1;
  X509_EXTENSION_free (extension);
  return ok;
}

/* The serial number: 127 random bits, so that no two certificates of one
 * host are the same to a browser. */
static bool
set_serial (X509 *cert)
{
  BIGNUM *n = BN_new ();
  bool ok = n && BN_rand (n, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY)
            && BN_to_ASN1_INTEGER (n, X509_get_serialNumber (cert));

  BN_free (n);
  return ok;
}

static X509 *
certify (EVP_PKEY *key, const char *names)
{
  _cleanup_ (cleanup_cert) X509 *cert = X509_new ();
  X509_NAME *name = cert ? X509_get_subject_name (cert) : NULL;

  /* Valid since yesterday: clocks of other hosts may be behind. */
  if (!cert || !X509_set_version (cert, X509_VERSION_3) || !set_serial (cert)
      || !X509_gmtime_adj (X509_getm_notBefore (cert), -DAY)
      || !X509_gmtime_adj (X509_getm_notAfter (cert), VALID)
      || !X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC,
                                      (const unsigned char *) "Fettle service", -1, -1, 0)
      || !X509_set_issuer_name (cert, name) || !X509_set_pubkey (cert, key)
      || !add_extension (cert, NID_basic_constraints, "critical,CA:FALSE")
      || !add_extension (cert, NID_key_usage, "critical,digitalSignature")
      || !add_extension (cert, NID_ext_key_usage, "serverAuth")
      || !add_extension (cert, NID_subject_key_identifier, "hash")
      || !add_extension (cert, NID_subject_alt_name, names)
      || !X509_sign (cert, key, EVP_sha256 ()))
    return NULL;
  return STEAL (cert);
}

/* The key first: without its certificate it is made anew, the other way round
 * a client would trust what we can't use. */
static fettle_result
save (const struct identity *id, struct fettle_error *err)
{
  _cleanup_ (cleanup_bio) BIO *key = BIO_new (BIO_s_secmem ());
  _cleanup_ (cleanup_bio) BIO *cert = BIO_new (BIO_s_mem ());
  char *data;
  long size;
  fettle_result r;

  if (!key || !cert || !PEM_write_bio_PrivateKey (key, id->key, NULL, NULL, 0, NULL, NULL)
      || !PEM_write_bio_X509 (cert, id->cert))
    return tls_failed (err, "encoding the service's certificate");
  size = BIO_get_mem_data (key, &data);
  if ((r = fettle_secret_write (id->key_path, data, (size_t) size, err)))
    return r;
  size = BIO_get_mem_data (cert, &data);
  return fettle_file_write (id->cert_path, 0644, data, (size_t) size, err);
}

static fettle_result
make (struct identity *id, struct fettle_error *err)
{
  EVP_PKEY_free (id->key);
  X509_free (id->cert);
  id->cert = NULL;
  id->key = EVP_EC_gen ("P-256");
  if (id->key)
    id->cert = certify (id->key, id->names);
  if (!id->cert)
    return tls_failed (err, "making the service's certificate");
  fettle_log (FETTLE_LOG_INFO, "made the certificate %s for %s", id->cert_path, id->names);
  return save (id, err);
}

static fettle_result
make_context (const struct identity *id, SSL_CTX **ret, struct fettle_error *err)
{
  _cleanup_ (cleanup_ctx) SSL_CTX *c = SSL_CTX_new (TLS_server_method ());

  if (!c || !SSL_CTX_set_min_proto_version (c, TLS1_2_VERSION)
      || !SSL_CTX_set_cipher_list (c, "ECDHE+AESGCM:ECDHE+CHACHA20")
      || !SSL_CTX_set1_groups_list (c, "X25519:P-256:P-384")
      || !SSL_CTX_use_certificate (c, id->cert) || !SSL_CTX_use_PrivateKey (c, id->key))
    return tls_failed (err, "setting up TLS");
  SSL_CTX_set_options (c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
                            | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA
                            | SSL_OP_ENABLE_KTLS); /* where the kernel has it */
  SSL_CTX_set_mode (c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_id_context (c, (const unsigned char *) "fettle", 6);
  *ret = STEAL (c);
  return FETTLE_OK;
}

fettle_result
fettle_tls_new (const char *state_dir, const char *addresses, SSL_CTX **ret,
                struct fettle_error *err)
{
  _cleanup_ (cleanup_identity) struct identity id = { .key = NULL };
  bool usable;
  fettle_result r;

  if ((size_t) snprintf (id.cert_path, PATH_MAX, "%s/cert.pem", state_dir) >= PATH_MAX
      || (size_t) snprintf (id.key_path, PATH_MAX, "%s/cert.key", state_dir) >= PATH_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s is too long", state_dir);
  list_names (&id, addresses);
  if ((r = load (&id, &usable, err)))
    return r;
  if (!usable && (r = make (&id, err)))
    return r;
  return make_context (&id, ret, err);
}

fettle_result
fettle_tls_take_clients (SSL_CTX *c, const char *ca_file, struct fettle_error *err)
{
  STACK_OF (X509_NAME) *names = SSL_load_client_CA_file (ca_file);
  char reason[256];

  if (!names || !SSL_CTX_load_verify_file (c, ca_file)) {
    sk_X509_NAME_pop_free (names, X509_NAME_free);
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "client_ca: reading certificates from %s: %s", ca_file,
                             fettle_tls_error (reason, sizeof reason));
  }
  SSL_CTX_set_client_CA_list (c, names);
  SSL_CTX_set_purpose (c, X509_PURPOSE_SSL_CLIENT);
  SSL_CTX_set_verify (c, SSL_VERIFY_PEER, NULL);
  return FETTLE_OK;
}
