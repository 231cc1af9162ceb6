/* jcat.c - see jcat.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <jansson.h>
#include <openssl/pem.h> /* before cms.h, which declares more then */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <strings.h>

#include "baseline/expand.h"
#include "baseline/jcat.h"
#include "util/text.h"

/* Of blobs, as libjcat numbers them. */
enum { KIND_SHA256 = 1, KIND_PGP = 2, KIND_PKCS7 = 3, KIND_SHA1 = 4 };

/* ---- the document ---- */

struct memory {
  const void *data;
  size_t size;
};

static ssize_t
read_memory (void *opaque, const void **ret_data, char *why, size_t why_size)
{
  struct memory *m = opaque;
  size_t n = m->size;

  (void) why;
  (void) why_size;
  *ret_data = m->data;
  m->size = 0;
  return (ssize_t) n;
}

static json_t *
load (const void *data, size_t size)
{
  _cleanup_ (fettle_cleanup_expand) struct fettle_expand *e = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_JCAT_MAX);
  struct memory m = { data, size };
  struct fettle_error err;
  char why[300];
  const void *chunk;
  ssize_t n;

  if (fettle_expand_open (&(struct fettle_stream) { read_memory, &m }, FETTLE_JCAT_MAX, &e, &err))
    return NULL;
  while ((n = fettle_expand_read (e, &chunk, why, sizeof why)) > 0)
    if (!fettle_buf_add (&text, chunk, (size_t) n))
      return NULL;
  return n < 0 ? NULL : json_loadb (fettle_buf_text (&text), text.size, JSON_REJECT_DUPLICATES, NULL);
}

/* ---- PKCS #7 ---- */

static void
cleanup_cms (CMS_ContentInfo **cms)
{
  CMS_ContentInfo_free (*cms);
}

/* Is the file's SHA-256 what the signer has signed? */
static bool
digest_fits (CMS_SignerInfo *info, const char *sha256)
{
  X509_ALGOR *algorithm = NULL;
  ASN1_OCTET_STRING *digest;
  char hex[FETTLE_SHA256_TEXT] = "";

  CMS_SignerInfo_get0_algs (info, NULL, NULL, &algorithm, NULL);
  digest = CMS_signed_get0_data_by_OBJ (info, OBJ_nid2obj (NID_pkcs9_messageDigest), -3,
                                        V_ASN1_OCTET_STRING);
  if (!algorithm || OBJ_obj2nid (algorithm->algorithm) != NID_sha256 || !digest
      || ASN1_STRING_length (digest) != 32)
    return false;
  fettle_hex (ASN1_STRING_get0_data (digest), 32, hex);
  return strcasecmp (hex, sha256) == 0;
}

static bool
chain_fits (X509 *signer, CMS_ContentInfo *cms)
{
  X509_STORE *store = X509_STORE_new ();
  X509_STORE_CTX *ctx = X509_STORE_CTX_new ();
  STACK_OF (X509) *others = CMS_get1_certs (cms);
  X509 **ours;
  size_t n = fettle_vendor_certificates (&ours);
  bool good = false;

  for (size_t i = 0; store && i < n; i++)
    X509_STORE_add_cert (store, ours[i]);
  if (n && store && ctx && X509_STORE_CTX_init (ctx, store, signer, others) == 1) {
    X509_STORE_CTX_set_flags (ctx, X509_V_FLAG_PARTIAL_CHAIN);
    good = X509_verify_cert (ctx) == 1;
  }
  X509_STORE_CTX_free (ctx);
  X509_STORE_free (store);
  sk_X509_pop_free (others, X509_free);
  return good;
}

/* The signer's certificate may be in it, or be one of ours. */
static X509 *
signer_of (CMS_ContentInfo *cms, CMS_SignerInfo *info)
{
  STACK_OF (X509) *given = sk_X509_new_null ();
  X509 **ours, *signer = NULL;
  size_t n = fettle_vendor_certificates (&ours);

  for (size_t i = 0; given && i < n; i++)
    sk_X509_push (given, ours[i]);
  CMS_set1_signers_certs (cms, given, 0);
  CMS_SignerInfo_get0_algs (info, NULL, &signer, NULL, NULL);
  sk_X509_free (given);
  return signer;
}

static void
check_signer (CMS_ContentInfo *cms, CMS_SignerInfo *info, const struct fettle_jcat_file *file,
              struct fettle_vendor *v)
{
  X509 *signer = signer_of (cms, info);
  char title[200] = "";

  if (signer)
    X509_NAME_oneline (X509_get_subject_name (signer), title, sizeof title);
  if (!signer || !chain_fits (signer, cms))
    fettle_vendor_found (v, FETTLE_VENDOR_UNVERIFIABLE, "not verifiable because the certificate that signed "
                         "%.100s isn't trusted: fettle baseline trust --vendor", file->name);
  else if (CMS_signed_get_attr_count (info) <= 0 || !digest_fits (info, file->sha256)
           || CMS_SignerInfo_verify (info) != 1)
    fettle_vendor_found (v, FETTLE_VENDOR_BAD, "the signature of its %.100s by %s is bad", file->name, title);
  else
    fettle_vendor_found (v, FETTLE_VENDOR_VERIFIED, "verified by %s", title);
}

static void
check_pkcs7 (const char *pem, const struct fettle_jcat_file *file, struct fettle_vendor *v)
{
  BIO *in = BIO_new_mem_buf (pem, -1);
  _cleanup_ (cleanup_cms) CMS_ContentInfo *cms = in ? PEM_read_bio_CMS (in, NULL, NULL, NULL) : NULL;
  STACK_OF (CMS_SignerInfo) *infos = NULL;

  if (cms && OBJ_obj2nid (CMS_get0_type (cms)) == NID_pkcs7_signed)
    infos = CMS_get0_SignerInfos (cms);
  if (infos && sk_CMS_SignerInfo_num (infos) == 1
      && OBJ_obj2nid (CMS_get0_eContentType (cms)) == NID_pkcs7_data)
    check_signer (cms, sk_CMS_SignerInfo_value (infos, 0), file, v);
  else
    fettle_vendor_found (v, FETTLE_VENDOR_UNVERIFIABLE, "not verifiable because the signature of %.100s isn't "
                         "a PKCS #7 one of one signer", file->name);
  BIO_free (in);
  ERR_clear_error ();
}

/* ---- items ---- */

static void
check_blob (const json_t *blob, const struct fettle_jcat_file *file, struct fettle_vendor *v)
{
  const char *data = json_string_value (json_object_get (blob, "Data"));
  json_int_t kind = json_integer_value (json_object_get (blob, "Kind"));

  /* Flag 1: text.  Others are base64, and of kinds that aren't of use here. */
  if (!data || !(json_integer_value (json_object_get (blob, "Flags")) & 1))
    return;
  if ((kind == KIND_SHA256 && strcasecmp (data, file->sha256) != 0)
      || (kind == KIND_SHA1 && strcasecmp (data, file->sha1) != 0))
    fettle_vendor_found (v, FETTLE_VENDOR_BAD, "its %.100s hasn't the checksum that its .jcat says", file->name);
  else if (kind == KIND_PGP && strlen (data) <= FETTLE_PGP_SIGNATURE_MAX)
    fettle_pgp_check (data, strlen (data), file->digests, v);
  else if (kind == KIND_PKCS7 && strlen (data) <= FETTLE_PGP_SIGNATURE_MAX)
    check_pkcs7 (data, file, v);
}

static void
check_file (const json_t *items, const struct fettle_jcat_file *file, struct fettle_vendor *v)
{
  const json_t *item, *blob;
  size_t i, k;

  json_array_foreach (items, i, item) {
    const char *id = json_string_value (json_object_get (item, "Id"));

    if (id && strcmp (id, file->name) == 0)
      json_array_foreach (json_object_get (item, "Blobs"), k, blob)
        check_blob (blob, file, v);
  }
  if (v->state == FETTLE_VENDOR_UNSIGNED)
    fettle_vendor_found (v, FETTLE_VENDOR_UNVERIFIABLE, "not verifiable because nobody has signed its %.100s",
                         file->name);
}

void
fettle_jcat_check (const void *jcat, size_t size, const struct fettle_jcat_file *files, size_t n,
                   struct fettle_vendor *ret)
{
  _cleanup_json_ json_t *json = load (jcat, size);
  const json_t *items = json_object_get (json, "Items");
  struct fettle_vendor least = { 0 };

  if (!json_is_array (items) || !n) {
    fettle_vendor_found (ret, FETTLE_VENDOR_UNVERIFIABLE, "not verifiable because its .jcat can't be read");
    return;
  }
  for (size_t i = 0; i < n; i++) {
    struct fettle_vendor one = { 0 };

    check_file (items, &files[i], &one);
    if (!i || one.state == FETTLE_VENDOR_BAD || (least.state != FETTLE_VENDOR_BAD && one.state < least.state))
      least = one;
  }
  fettle_vendor_found (ret, least.state, "%s", least.text);
}
