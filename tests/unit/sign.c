/* Signatures of baselines: statements, keys, CMS, thresholds, roots, and that
 * no byte can be changed.  FETTLE_SEED=N repeats a run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "sign/cms.h"
#include "sign/trust.h"

#define NOW  1795000000
#define YEAR (365 * 86400)

/* ---- Keys and certificates of the test's own ---- */

struct signer {
  EVP_PKEY *key;
  char pem[2048], cert[4096]; /* public */
  char id[FETTLE_SHA256_TEXT];
};

static struct signer ed[3], rsa, ec;

static void
take_bio (BIO *bio, char *ret, size_t size)
{
  char *data;
  long n = BIO_get_mem_data (bio, &data);

  assert_true (n > 0 && (size_t) n < size);
  memcpy (ret, data, (size_t) n);
  ret[n] = '\0';
  BIO_free (bio);
}

static void
make_pem (struct signer *s)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  struct fettle_error err;

  assert_int_equal (PEM_write_bio_PUBKEY (bio, s->key), 1);
  take_bio (bio, s->pem, sizeof s->pem);
  assert_int_equal (fettle_key_id (s->key, s->id, &err), FETTLE_OK);
}

static void
add_extension (X509 *cert, X509 *issuer, int nid, const char *value)
{
  X509V3_CTX ctx;
  X509_EXTENSION *e;

  X509V3_set_ctx (&ctx, issuer, cert, NULL, NULL, 0);
  e = X509V3_EXT_conf_nid (NULL, &ctx, nid, value);
  assert_non_null (e);
  X509_add_ext (cert, e, -1);
  X509_EXTENSION_free (e);
}

/* Certified by `ca`, or by itself. */
static void
make_cert (struct signer *s, const char *name, struct signer *ca, const char *usage, int64_t until)
{
  BIO *bio = BIO_new (BIO_s_mem ()), *in = ca ? BIO_new_mem_buf (ca->cert, -1) : NULL;
  X509 *cert = X509_new (), *issuer = in ? PEM_read_bio_X509 (in, NULL, NULL, NULL) : NULL;
  X509_NAME *subject = X509_get_subject_name (cert);
  EVP_PKEY *by = ca ? ca->key : s->key;

  X509_set_version (cert, 2);
  ASN1_INTEGER_set (X509_get_serialNumber (cert), ca ? 17 : 1);
  ASN1_TIME_set (X509_getm_notBefore (cert), NOW - YEAR);
  ASN1_TIME_set (X509_getm_notAfter (cert), until);
  X509_set_pubkey (cert, s->key);
  X509_NAME_add_entry_by_txt (subject, "CN", MBSTRING_ASC, (const unsigned char *) name, -1, -1, 0);
  X509_set_issuer_name (cert, issuer ? X509_get_subject_name (issuer) : subject);
  if (!ca)
    add_extension (cert, cert, NID_basic_constraints, "critical,CA:TRUE");
  if (usage)
    add_extension (cert, cert, NID_ext_key_usage, usage);
  assert_true (X509_sign (cert, by, EVP_sha256 ()) > 0);
  assert_int_equal (PEM_write_bio_X509 (bio, cert), 1);
  take_bio (bio, s->cert, sizeof s->cert);
  X509_free (cert);
  X509_free (issuer);
  BIO_free (in);
}

static int
make_signers (void **state FETTLE_UNUSED)
{
  for (size_t i = 0; i < COUNT (ed); i++) {
    ed[i].key = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");
    make_pem (&ed[i]);
  }
  rsa.key = EVP_PKEY_Q_keygen (NULL, NULL, "RSA", (size_t) 2048);
  make_pem (&rsa);
  make_cert (&rsa, "Test CA", NULL, NULL, NOW + YEAR);
  ec.key = EVP_PKEY_Q_keygen (NULL, NULL, "EC", "P-256");
  make_pem (&ec);
  make_cert (&ec, "Test signer", &rsa, "codeSigning", NOW + YEAR);
  return 0;
}

static int
free_signers (void **state FETTLE_UNUSED)
{
  for (size_t i = 0; i < COUNT (ed); i++)
    EVP_PKEY_free (ed[i].key);
  EVP_PKEY_free (rsa.key);
  EVP_PKEY_free (ec.key);
  return 0;
}

/* ---- Papers ---- */

static char *
statement_of (const char *name, uint64_t version, int64_t expires)
{
  struct fettle_statement s = { (char *) (uintptr_t) name, NULL, version, NOW - 5, expires, NULL };
  char *text;

  s.files = json_pack ("{s:{s:i s:s} s:{s:i s:s}}", "a/one.deb", "size", 7, "sha256",
                       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                       "two.rpm", "size", 0, "sha256",
                       "ffffffffffffffff0123456789abcdef0123456789abcdef0123456789abcdef");
  text = fettle_statement_text (&s);
  json_decref (s.files);
  assert_non_null (text);
  return text;
}

static void
put (struct fettle_papers *papers, const char *name, const void *data, size_t size)
{
  struct fettle_error err;

  assert_int_equal (fettle_papers_add (papers, name, data, size, &err), FETTLE_OK);
}

static void
sign (struct fettle_papers *papers, const char *name, const struct signer *by)
{
  const struct fettle_buf *data = fettle_papers_find (papers, name);
  unsigned char signature[FETTLE_ED25519_SIZE];
  struct fettle_error err;
  char file[128];

  assert_int_equal (fettle_ed25519_sign (by->key, data->data, data->size, signature, &err),
                    FETTLE_OK);
  snprintf (file, sizeof file, "%s.%.16s.sig", name, by->id);
  put (papers, file, signature, sizeof signature);
}

static void
sign_cms (struct fettle_papers *papers, const char *name, const struct signer *by)
{
  const struct fettle_buf *data = fettle_papers_find (papers, name);
  _cleanup_ (fettle_buf_clear) struct fettle_buf signature = FETTLE_BUF_INIT (FETTLE_CMS_MAX);
  char file[128], id[FETTLE_SHA256_TEXT];
  struct fettle_error err;

  assert_int_equal (fettle_cms_sign (by->key, by->cert, strlen (by->cert), data->data, data->size,
                                     &signature, id, &err), FETTLE_OK);
  assert_string_equal (id, by->id);
  snprintf (file, sizeof file, "%s.%.16s.p7s", name, id);
  put (papers, file, signature.data, signature.size);
}

static void
trust_pem (struct fettle_trust *t, const char *pem)
{
  char id[FETTLE_SHA256_TEXT];
  struct fettle_error err;

  assert_int_equal (fettle_keys_add (&t->keys, pem, strlen (pem), id, &err), FETTLE_OK);
}

/* FETTLE_OK and trusted; what it says else. */
static const char *
judge (struct fettle_trust *t, const struct fettle_papers *papers, int64_t now)
{
  _cleanup_ (fettle_judgement_clear) struct fettle_judgement j = { .signers = NULL };
  static struct fettle_error err;
  static char why[sizeof j.why + 16];

  if (fettle_trust_judge (t, papers, now, &j, &err))
    return err.text;
  snprintf (why, sizeof why, "untrusted: %s", j.why);
  return j.trusted ? "trusted" : why;
}

#define assert_says(text, what)                                            \
  do {                                                                     \
    const char *said_ = (text);                                            \
    if (!strstr (said_, what))                                             \
      fail_msg ("said \"%s\", not \"%s\"", said_, what);                   \
  } while (0)

static void
start (struct fettle_papers *papers, int64_t expires)
{
  _cleanup_free_ char *text = statement_of ("site", 7, expires);

  put (papers, FETTLE_STATEMENT_NAME, text, strlen (text));
}

#define PAPERS(p) _cleanup_ (fettle_papers_clear) struct fettle_papers p = { .n = 0 }
#define TRUST(t)  _cleanup_ (fettle_trust_clear) struct fettle_trust t = { .threshold = 1 }

/* ---- Tests ---- */

static void
test_threshold (void **state FETTLE_UNUSED)
{
  PAPERS (papers);
  TRUST (t);

  start (&papers, NOW + YEAR);
  trust_pem (&t, ed[0].pem);
  trust_pem (&t, ed[1].pem);
  assert_says (judge (&t, &papers, NOW), "no signature of it");
  sign (&papers, FETTLE_STATEMENT_NAME, &ed[2]);
  assert_says (judge (&t, &papers, NOW), "untrusted: it is signed by nobody who is trusted here");
  sign (&papers, FETTLE_STATEMENT_NAME, &ed[0]);
  assert_says (judge (&t, &papers, NOW), "trusted");
  t.threshold = 2;
  assert_says (judge (&t, &papers, NOW), "untrusted: 2 signatures are wanted");
  sign (&papers, FETTLE_STATEMENT_NAME, &ed[1]);
  assert_string_equal (judge (&t, &papers, NOW), "trusted");
  assert_says (judge (&t, &papers, NOW + 2 * YEAR), "it has expired on ");
}

/* One key counts once, also with a certificate of it. */
static void
test_one_key_once (void **state FETTLE_UNUSED)
{
  PAPERS (papers);
  TRUST (t);

  start (&papers, NOW + YEAR);
  t.threshold = 2;
  trust_pem (&t, rsa.cert);
  trust_pem (&t, ec.cert);
  sign_cms (&papers, FETTLE_STATEMENT_NAME, &ec);
  assert_says (judge (&t, &papers, NOW), "untrusted: 2 signatures are wanted");
  sign_cms (&papers, FETTLE_STATEMENT_NAME, &rsa);
  assert_string_equal (judge (&t, &papers, NOW), "trusted");
}

static void
test_certificates (void **state FETTLE_UNUSED)
{
  struct signer other = { .key = EVP_PKEY_Q_keygen (NULL, NULL, "EC", "P-256") };

  make_pem (&other);
  for (int i = 0; i < 4; i++) {
    PAPERS (papers);
    TRUST (t);
    static const char *const says[] = { "isn't trusted", "expired", "isn't made for signing",
                                        "trusted" };

    start (&papers, NOW + YEAR);
    make_cert (&other, "Other", i == 0 ? NULL : &rsa, i == 2 ? "serverAuth" : NULL,
               i == 1 ? NOW - 1 : NOW + YEAR);
    sign_cms (&papers, FETTLE_STATEMENT_NAME, &other);
    assert_says (judge (&t, &papers, NOW), "signed by nobody who is trusted");
    trust_pem (&t, rsa.cert);
    assert_says (judge (&t, &papers, NOW), says[i]);
  }
  EVP_PKEY_free (other.key);
}

/* Any signature can be made, but of the wrong file, or under another's name. */
static void
test_bad_signatures (void **state FETTLE_UNUSED)
{
  static const unsigned char nonsense[FETTLE_ED25519_SIZE];
  _cleanup_free_ char *other = statement_of ("site", 8, NOW + YEAR);
  struct fettle_papers papers = { .n = 0 };
  TRUST (t);
  char file[128];

  trust_pem (&t, ed[0].pem);
  trust_pem (&t, rsa.cert);
  for (int i = 0; i < 4; i++) {
    start (&papers, NOW + YEAR);
    sign (&papers, FETTLE_STATEMENT_NAME, &ed[0]);
    snprintf (file, sizeof file, "baseline.json.%.16s.%s", ed[0].id, i < 2 ? "sig" : "p7s");
    if (i < 2) { /* another statement's signature; too short */
      struct fettle_buf *buf = &papers.papers[1].data;
      PAPERS (apart);

      put (&apart, FETTLE_STATEMENT_NAME, other, strlen (other));
      sign (&apart, FETTLE_STATEMENT_NAME, &ed[0]);
      memcpy (buf->data, apart.papers[1].data.data, buf->size);
      buf->size -= (size_t) i;
    }
    if (i == 2)
      put (&papers, file, nonsense, sizeof nonsense);
    if (i == 3) { /* a good one, but not by the key that its name says */
      _cleanup_free_ char *wrong = NULL;

      sign_cms (&papers, FETTLE_STATEMENT_NAME, &ec);
      wrong = papers.papers[2].name;
      papers.papers[2].name = strdup (file);
    }
    assert_says (judge (&t, &papers, NOW), i < 2    ? "sig: the signature is bad"
                                           : i == 2 ? "p7s: it isn't a CMS signature"
                                                    : "p7s: it was made by another key");
    fettle_papers_clear (&papers);
  }
}

/* ---- No byte can be changed ---- */

static void
test_flips (void **state FETTLE_UNUSED)
{
  const char *seed_text = getenv ("FETTLE_SEED");
  unsigned seed = seed_text ? (unsigned) strtoul (seed_text, NULL, 10) : (unsigned) time (NULL);
  PAPERS (papers);
  TRUST (t);

  print_message ("# FETTLE_SEED=%u\n", seed);
  srandom (seed);
  start (&papers, NOW + YEAR);
  trust_pem (&t, ed[0].pem);
  trust_pem (&t, rsa.cert);
  trust_pem (&t, ec.cert);
  sign (&papers, FETTLE_STATEMENT_NAME, &ed[0]);
  sign_cms (&papers, FETTLE_STATEMENT_NAME, &ec);
  sign_cms (&papers, FETTLE_STATEMENT_NAME, &rsa);
  assert_string_equal (judge (&t, &papers, NOW), "trusted");
  for (size_t i = 0; i < papers.n; i++)
    for (size_t at = 0; at < papers.papers[i].data.size; at++) {
      char *byte = &papers.papers[i].data.data[at], was = *byte;
      const char *said;

      *byte ^= (char) (1 + random () % 255);
      said = judge (&t, &papers, NOW);
      if (strcmp (said, "trusted") == 0)
        fail_msg ("%s: byte %zu can be %02x instead of %02x", papers.papers[i].name, at,
                  (unsigned char) *byte, (unsigned char) was);
      *byte = was;
    }
  assert_string_equal (judge (&t, &papers, NOW), "trusted");
}

/* ---- Roots ---- */

/* Version `version`: root keys and baseline keys by number of ed[]. */
static void
put_root (struct fettle_papers *papers, unsigned version, int root_key, int baseline_key,
          unsigned threshold)
{
  _cleanup_json_ json_t *json = NULL;
  _cleanup_free_ char *text = NULL;
  char name[32];

  json = json_pack ("{s:i s:s s:i s:s s:[sss] s:{s:i s:[ss]} s:{s:i s:[s]}}", "fettle-root", 1,
                    "name", "example.com", "version", (int) version, "expires",
                    "2027-06-01T00:00:00Z", "keys", ed[0].pem, ed[1].pem, ed[2].pem, "root",
                    "threshold", (int) threshold, "keys", ed[root_key].id,
                    ed[(root_key + 1) % 3].id, "baselines", "threshold", 1, "keys",
                    ed[baseline_key].id);
  text = json_dumps (json, 0);
  snprintf (name, sizeof name, "root.%u.json", version);
  put (papers, name, text, strlen (text));
}

static void
trust_root (struct fettle_trust *t, const struct fettle_papers *papers, const char *name)
{
  const struct fettle_buf *data = fettle_papers_find (papers, name);
  struct fettle_error err;

  assert_int_equal (fettle_root_parse (data->data, data->size, &t->roots[0], &err), FETTLE_OK);
  t->n_roots = 1;
}

static void
test_rotation (void **state FETTLE_UNUSED)
{
  PAPERS (papers);
  TRUST (t);

  start (&papers, NOW + 10 * YEAR);
  put_root (&papers, 1, 0, 2, 1);
  trust_root (&t, &papers, "root.1.json");
  sign (&papers, FETTLE_STATEMENT_NAME, &ed[1]);
  assert_says (judge (&t, &papers, NOW), "untrusted");
  /* Version 2 lets ed[1] sign; it needs ed[0] or ed[1] by version 1, and two
   * of ed[1], ed[2] by itself. */
  put_root (&papers, 2, 1, 1, 2);
  assert_says (judge (&t, &papers, NOW), "root.2.json needs 1 signatures of the root keys in "
                                         "version 1");
  sign (&papers, "root.2.json", &ed[1]);
  assert_says (judge (&t, &papers, NOW), "needs 2 signatures of the root keys in version 2");
  sign (&papers, "root.2.json", &ed[2]);
  assert_string_equal (judge (&t, &papers, NOW), "trusted");
  assert_true (t.newer[0]);
  assert_int_equal (t.roots[0].version, 2);
  /* And two further, at once. */
  put_root (&papers, 3, 0, 0, 2);
  sign (&papers, "root.3.json", &ed[1]);
  sign (&papers, "root.3.json", &ed[2]);
  put_root (&papers, 4, 0, 1, 1);
  sign (&papers, "root.4.json", &ed[0]);
  sign (&papers, "root.4.json", &ed[1]);
  assert_says (judge (&t, &papers, NOW), "root.3.json needs 2 signatures of the root keys in "
                                         "version 3");
  sign (&papers, "root.3.json", &ed[0]);
  assert_string_equal (judge (&t, &papers, NOW), "trusted");
  assert_int_equal (t.roots[0].version, 4);
  assert_says (judge (&t, &papers, NOW + 2 * YEAR), "the root example.com, version 4, has expired");
}

/* An old root's paper has no say. */
static void
test_old_root (void **state FETTLE_UNUSED)
{
  PAPERS (papers);
  TRUST (t);

  start (&papers, NOW + YEAR);
  put_root (&papers, 1, 0, 0, 1);
  put_root (&papers, 2, 0, 1, 1);
  sign (&papers, "root.1.json", &ed[0]);
  sign (&papers, "root.2.json", &ed[0]);
  trust_root (&t, &papers, "root.2.json");
  sign (&papers, FETTLE_STATEMENT_NAME, &ed[0]);
  assert_says (judge (&t, &papers, NOW), "untrusted");
  assert_int_equal (t.roots[0].version, 2);
}

static void
test_root_parse (void **state FETTLE_UNUSED)
{
  static const char *const bad[] = {
    "", "{}", "[]", "{\"fettle-root\":2}",
    "{\"fettle-root\":1,\"name\":\"a\",\"version\":0,\"expires\":\"2027-06-01T00:00:00Z\","
    "\"keys\":[],\"root\":{\"threshold\":1,\"keys\":[]},\"baselines\":{\"threshold\":1,\"keys\":[]}}",
    "{\"fettle-root\":1,\"name\":\"a\",\"version\":1,\"expires\":\"2027-06-01T00:00:00Z\","
    "\"keys\":[7],\"root\":{\"threshold\":1,\"keys\":[]},\"baselines\":{\"threshold\":1,\"keys\":[]}}",
    "{\"fettle-root\":1,\"name\":\"a\",\"version\":1,\"expires\":\"2027-06-01T00:00:00Z\","
    "\"keys\":[],\"root\":{\"threshold\":1,\"keys\":[]},\"baselines\":{\"threshold\":1,\"keys\":[]}}",
    "{\"fettle-root\":1,\"name\":\"a\",\"version\":1,\"expires\":\"2027-06-01T00:00:00Z\","
    "\"keys\":[],\"root\":{\"threshold\":0,\"keys\":[]},\"baselines\":{\"threshold\":0,\"keys\":[]}}",
  };

  for (size_t i = 0; i < COUNT (bad); i++) {
    struct fettle_root root;
    struct fettle_error err;

    assert_int_equal (fettle_root_parse (bad[i], strlen (bad[i]), &root, &err), FETTLE_E_CONFIG);
  }
}

/* ---- Statements ---- */

static void
test_statement (void **state FETTLE_UNUSED)
{
  _cleanup_free_ char *text = statement_of ("site", 7, NOW + YEAR), *again = NULL;
  _cleanup_ (fettle_statement_clear) struct fettle_statement s;
  struct fettle_error err;
  const char *sha = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  assert_int_equal (fettle_statement_parse (text, strlen (text), &s, &err), FETTLE_OK);
  assert_int_equal (s.version, 7);
  assert_int_equal (s.expires, NOW + YEAR);
  assert_null (s.adds_to);
  again = fettle_statement_text (&s);
  assert_string_equal (text, again);
  assert_int_equal (fettle_statement_check_file (&s, "a/one.deb", 7, sha, &err), FETTLE_OK);
  assert_int_not_equal (fettle_statement_check_file (&s, "a/one.deb", 8, sha, &err), FETTLE_OK);
  assert_says (err.text, "a/one.deb has 8 bytes where baseline.json says 7");
  assert_int_not_equal (fettle_statement_check_file (&s, "two.rpm", 0, sha, &err), FETTLE_OK);
  assert_says (err.text, "two.rpm was changed");
  assert_int_not_equal (fettle_statement_check_file (&s, "three", 0, sha, &err), FETTLE_OK);
  assert_says (err.text, "three is there, but baseline.json doesn't list it");
}

static void
test_statement_bad (void **state FETTLE_UNUSED)
{
#define HEAD "{\"fettle-baseline\":1,\"name\":\"a\",\"version\":1,"
#define TIMES "\"created\":\"2026-11-22T00:00:00Z\",\"expires\":\"2027-11-22T00:00:00Z\","
#define SHA "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
  static const char *const bad[] = {
    "", "{", "null", "{\"fettle-baseline\":2}", HEAD TIMES "\"files\":{}}",
    HEAD TIMES "\"files\":[],\"more\":1}",
    HEAD "\"created\":\"2026-02-31T00:00:00Z\",\"expires\":\"2027-11-22T00:00:00Z\",\"files\":[]}",
    HEAD "\"created\":\"2026-11-22 00:00:00Z\",\"expires\":\"2027-11-22T00:00:00Z\",\"files\":[]}",
    "{\"fettle-baseline\":1,\"name\":\"../a\",\"version\":1," TIMES "\"files\":[]}",
    "{\"fettle-baseline\":1,\"name\":\"a\",\"version\":-1," TIMES "\"files\":[]}",
    "{\"fettle-baseline\":1,\"name\":\"a\",\"version\":1.5," TIMES "\"files\":[]}",
    HEAD TIMES "\"files\":[{\"path\":\"/a\",\"size\":1,\"sha256\":" SHA "}]}",
    HEAD TIMES "\"files\":[{\"path\":\"a/../b\",\"size\":1,\"sha256\":" SHA "}]}",
    HEAD TIMES "\"files\":[{\"path\":\"a//b\",\"size\":1,\"sha256\":" SHA "}]}",
    HEAD TIMES "\"files\":[{\"path\":\"a\\u000ab\",\"size\":1,\"sha256\":" SHA "}]}",
    HEAD TIMES "\"files\":[{\"path\":\"a\",\"size\":-1,\"sha256\":" SHA "}]}",
    HEAD TIMES "\"files\":[{\"path\":\"a\",\"size\":1,\"sha256\":\"00\"}]}",
    HEAD TIMES "\"files\":[{\"path\":\"a\",\"size\":1}]}",
    HEAD TIMES "\"files\":[{\"path\":\"a\",\"size\":1,\"sha256\":" SHA "},"
      "{\"path\":\"a\",\"size\":1,\"sha256\":" SHA "}]}",
    HEAD TIMES "\"files\":[],\"files\":[]}",
  };

  for (size_t i = 0; i < COUNT (bad); i++) {
    struct fettle_statement s;
    struct fettle_error err;

    if (fettle_statement_parse (bad[i], strlen (bad[i]), &s, &err) != FETTLE_E_CONFIG)
      fail_msg ("taken: %s", bad[i]);
  }
}

static void
test_names (void **state FETTLE_UNUSED)
{
  static const struct {
    const char *path;
    bool paper, unlisted;
  } rows[] = {
    { "baseline.json", true, true },
    { "baseline.json.0123456789abcdef.sig", true, true },
    { "baseline.json.0123456789abcdef.p7s", true, true },
    { "baseline.json.0123456789ABCDEF.sig", false, false },
    { "baseline.json.0123456789abcde.sig", false, false },
    { "baseline.json.0123456789abcdef.sig.bak", false, false },
    { "a/baseline.json", false, false },
    { "root.1.json", true, false },
    { "root.12.json.0123456789abcdef.sig", true, false },
    { "root.01.json", false, false },
    { "root.json", false, false },
    { "root.1234567890.json", false, false },
    { "root.1.json.exe", false, false },
  };

  for (size_t i = 0; i < COUNT (rows); i++) {
    assert_int_equal (fettle_is_paper (rows[i].path), rows[i].paper);
    assert_int_equal (fettle_paper_unlisted (rows[i].path), rows[i].unlisted);
  }
}

static void
test_keys (void **state FETTLE_UNUSED)
{
  struct fettle_keys keys = { .n = 0 };
  char id[FETTLE_SHA256_TEXT];
  struct fettle_error err;

  assert_int_equal (fettle_keys_add (&keys, ed[0].pem, strlen (ed[0].pem), id, &err), FETTLE_OK);
  assert_string_equal (id, ed[0].id);
  assert_int_equal (fettle_keys_add (&keys, ed[0].pem, strlen (ed[0].pem), id, &err), FETTLE_OK);
  assert_int_equal (keys.n, 1);
  assert_int_not_equal (fettle_keys_add (&keys, rsa.pem, strlen (rsa.pem), id, &err), FETTLE_OK);
  assert_says (err.text, "must be Ed25519");
  assert_int_not_equal (fettle_keys_add (&keys, "x", 1, id, &err), FETTLE_OK);
  assert_int_equal (fettle_keys_add (&keys, rsa.cert, strlen (rsa.cert), id, &err), FETTLE_OK);
  assert_int_equal (keys.n, 2);
  fettle_keys_clear (&keys);
}

int
main (void)
{
  static const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_threshold),    cmocka_unit_test (test_one_key_once),
    cmocka_unit_test (test_certificates), cmocka_unit_test (test_bad_signatures),
    cmocka_unit_test (test_flips),        cmocka_unit_test (test_rotation),
    cmocka_unit_test (test_old_root),     cmocka_unit_test (test_root_parse),
    cmocka_unit_test (test_statement),    cmocka_unit_test (test_statement_bad),
    cmocka_unit_test (test_names),        cmocka_unit_test (test_keys),
  };

  return cmocka_run_group_tests_name ("sign", tests, make_signers, free_signers);
}
