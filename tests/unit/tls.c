/* tls.c - the service's certificate: made, kept, renewed when it must be.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "serve/tls.h"
#include "util/buf.h"
#include "util/file.h"
#include "util/log.h"

static char folder[] = "/tmp/fettle-tls.XXXXXX";
static char cert_path[PATH_MAX], key_path[PATH_MAX];
static struct fettle_error err;

static int
setup (void **state)
{
  (void) state;
  fettle_log_init ("test", FETTLE_LOG_ERROR);
  if (!mkdtemp (folder))
    return -1;
  snprintf (cert_path, sizeof cert_path, "%s/cert.pem", folder);
  snprintf (key_path, sizeof key_path, "%s/cert.key", folder);
  return 0;
}

static int
teardown (void **state)
{
  (void) state;
  unlink (cert_path);
  unlink (key_path);
  return rmdir (folder);
}

/* Loads (or makes), and gives the certificate's file as text. */
static void
load (const char *addresses, struct fettle_buf *ret)
{
  SSL_CTX *c = NULL;

  fettle_buf_reset (ret);
  assert_int_equal (fettle_tls_new (folder, addresses, &c, &err), FETTLE_OK);
  assert_int_equal (SSL_CTX_get_min_proto_version (c), TLS1_2_VERSION);
  assert_int_equal (SSL_CTX_check_private_key (c), 1);
  SSL_CTX_free (c);
  assert_int_equal (fettle_file_read (cert_path, ret, &err), FETTLE_OK);
}

static X509 *
read_cert (void)
{
  FILE *f = fopen (cert_path, "r");
  X509 *cert = f ? PEM_read_X509 (f, NULL, NULL, NULL) : NULL;

  assert_non_null (cert);
  fclose (f);
  return cert;
}

static void
names (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (10000);
  char host[256] = "";
  struct stat st;
  X509 *cert;

  (void) state;
  load ("localhost 192.0.2.7, 2001:db8::7", &text);
  assert_int_equal (stat (key_path, &st), 0);
  assert_int_equal (st.st_mode & 07777, 0600);
  cert = read_cert ();
  assert_int_equal (X509_check_host (cert, "localhost", 0, 0, NULL), 1);
  assert_int_equal (X509_check_ip_asc (cert, "127.0.0.1", 0), 1);
  assert_int_equal (X509_check_ip_asc (cert, "::1", 0), 1);
  assert_int_equal (X509_check_ip_asc (cert, "192.0.2.7", 0), 1);
  assert_int_equal (X509_check_ip_asc (cert, "2001:db8::7", 0), 1);
  assert_int_equal (X509_check_ip_asc (cert, "192.0.2.8", 0), 0);
  assert_int_equal (gethostname (host, sizeof host - 1), 0);
  if (!strchr (host, '_'))
    assert_int_equal (X509_check_host (cert, host, 0, 0, NULL), 1);
  assert_int_equal (EVP_PKEY_get_base_id (X509_get0_pubkey (cert)), EVP_PKEY_EC);
  assert_int_equal (X509_get_extension_flags (cert) & EXFLAG_CA, 0);
  X509_free (cert);
}

static void
kept_or_renewed (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf a = FETTLE_BUF_INIT (10000);
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (10000);

  (void) state;
  load ("localhost", &a);
  load ("localhost", &b);
  assert_string_equal (a.data, b.data);
  load ("localhost 192.0.2.9", &b); /* a name is missing */
  assert_string_not_equal (a.data, b.data);
  load ("localhost", &a); /* more names than needed do no harm */
  assert_string_equal (a.data, b.data);
  assert_int_equal (unlink (key_path), 0);
  load ("localhost", &a);
  assert_string_not_equal (a.data, b.data);
  assert_int_equal (fettle_file_write (cert_path, 0644, "nonsense", 8, &err), FETTLE_OK);
  load ("localhost", &a);
  assert_non_null (strstr (a.data, "BEGIN CERTIFICATE"));
}

/* Sets the end of the certificate's time, and signs it again. */
static void
set_end (long seconds)
{
  FILE *f = fopen (key_path, "r");
  EVP_PKEY *key = f ? PEM_read_PrivateKey (f, NULL, NULL, NULL) : NULL;
  X509 *cert = read_cert ();

  assert_non_null (key);
  fclose (f);
  assert_non_null (X509_gmtime_adj (X509_getm_notAfter (cert), seconds));
  assert_true (X509_sign (cert, key, EVP_sha256 ()) > 0);
  f = fopen (cert_path, "w");
  assert_non_null (f);
  assert_int_equal (PEM_write_X509 (f, cert), 1);
  fclose (f);
  X509_free (cert);
  EVP_PKEY_free (key);
}

static void
near_its_end (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf a = FETTLE_BUF_INIT (10000);
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (10000);

  (void) state;
  load ("localhost", &a);
  set_end (400L * 86400);
  assert_int_equal (fettle_file_read (cert_path, &b, &err), FETTLE_OK);
  load ("localhost", &a);
  assert_string_equal (a.data, b.data);
  set_end (300L * 86400);
  fettle_buf_reset (&b);
  assert_int_equal (fettle_file_read (cert_path, &b, &err), FETTLE_OK);
  load ("localhost", &a);
  assert_string_not_equal (a.data, b.data);
}

static void
an_open_key_is_refused (void **state)
{
  SSL_CTX *c = NULL;

  (void) state;
  assert_int_equal (chmod (key_path, 0644), 0);
  assert_int_equal (fettle_tls_new (folder, "localhost", &c, &err), FETTLE_E_CONFIG);
  assert_null (c);
  assert_non_null (strstr (err.text, key_path));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (names), cmocka_unit_test (kept_or_renewed), cmocka_unit_test (near_its_end),
    cmocka_unit_test (an_open_key_is_refused),
  };

  return cmocka_run_group_tests (tests, setup, teardown);
}
