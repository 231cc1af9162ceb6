/* cms.c - see cms.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "sign/cms-strict.h"
#include "sign/cms.h"
#include "sign/key.h"

static void cleanup_bio (BIO **b) { BIO_free (*b); }
static void cleanup_cms (CMS_ContentInfo **c) { CMS_ContentInfo_free (*c); }
static void cleanup_cert (X509 **c) { X509_free (*c); }
static void cleanup_certs (STACK_OF (X509) **s) { sk_X509_pop_free (*s, X509_free); }
static void cleanup_store (X509_STORE **s) { X509_STORE_free (*s); }
static void cleanup_store_ctx (X509_STORE_CTX **c) { X509_STORE_CTX_free (*c); }

/* ---- Signing ---- */

/* The first certificate is the signer's, what follows certifies it. */
static fettle_result
read_certs (const char *pem, size_t size, X509 **ret, STACK_OF (X509) *ret_more,
            struct fettle_error *err)
{
  _cleanup_ (cleanup_bio) BIO *bio = BIO_new_mem_buf (pem, (int) size);
  X509 *cert = bio ? PEM_read_bio_X509 (bio, NULL, NULL, NULL) : NULL, *more;

  if (!cert)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the certificate isn't one as PEM");
  while ((more = PEM_read_bio_X509 (bio, NULL, NULL, NULL)))
    if (!sk_X509_push (ret_more, more))
      X509_free (more);
  ERR_clear_error ();
  *ret = cert;
  return FETTLE_OK;
}

static fettle_result
write_der (CMS_ContentInfo *cms, struct fettle_buf *ret, struct fettle_error *err)
{
  unsigned char *der = NULL;
  int size = i2d_CMS_ContentInfo (cms, &der);
  bool fits = size > 0 && fettle_buf_add (ret, der, (size_t) size);

  OPENSSL_free (der);
  return fits ? FETTLE_OK : fettle_error_set (err, FETTLE_E_CONFIG, "the signature with its certificates"
                                              " is larger than %zu bytes", ret->max);
}

fettle_result
fettle_cms_sign (EVP_PKEY *key, const char *cert_pem, size_t cert_size, const void *data,
                 size_t size, struct fettle_buf *ret, char ret_id[FETTLE_SHA256_TEXT],
                 struct fettle_error *err)
{
  _cleanup_ (cleanup_bio) BIO *in = BIO_new_mem_buf (data, (int) size);
  _cleanup_ (cleanup_certs) STACK_OF (X509) *more = sk_X509_new_null ();
  _cleanup_ (cleanup_cert) X509 *cert = NULL;
  _cleanup_ (cleanup_cms) CMS_ContentInfo *cms = NULL;
  fettle_result r = in && more ? read_certs (cert_pem, cert_size, &cert, more, err)
                               : fettle_error_set (err, FETTLE_E_NOMEM, "no memory to sign");

  if (r)
    return r;
  if (X509_check_private_key (cert, key) != 1)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the certificate is of another key");
  cms = CMS_sign (NULL, NULL, more, NULL, CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP);
  if (!cms || !CMS_add1_signer (cms, cert, key, NULL, CMS_BINARY | CMS_NOSMIMECAP)
      || CMS_final (cms, in, NULL, CMS_DETACHED | CMS_BINARY) != 1) {
    char text[200];

    ERR_error_string_n (ERR_get_error (), text, sizeof text);
    ERR_clear_error ();
    return fettle_error_set (err, FETTLE_E_CONFIG, "signing failed: %s", text);
  }
  r = fettle_key_id (key, ret_id, err);
  return r ? r : write_der (cms, ret, err);
}

/* ---- Verifying ---- */

static fettle_result
parse (const void *signature, size_t size, CMS_ContentInfo **ret, struct fettle_error *err)
{
  const unsigned char *p = signature;
  CMS_ContentInfo *cms = size > 0 && size <= FETTLE_CMS_MAX ? d2i_CMS_ContentInfo (NULL, &p, (long) size)
                                                            : NULL;
  unsigned char *der = NULL;
  int n = cms ? i2d_CMS_ContentInfo (cms, &der) : -1;
  bool same = n > 0 && (size_t) n == size && memcmp (der, signature, size) == 0;

  OPENSSL_free (der);
  ERR_clear_error ();
  if (same) {
    *ret = cms;
    return FETTLE_OK;
  }
  CMS_ContentInfo_free (cms);
  return fettle_error_set (err, FETTLE_E_AUTH, "it isn't a CMS signature in DER");
}

/* The only signer, if nothing is beside it that the signature doesn't cover. */
static fettle_result
only_signer (CMS_ContentInfo *cms, CMS_SignerInfo **ret, struct fettle_error *err)
{
  STACK_OF (CMS_SignerInfo) *signers = CMS_get0_SignerInfos (cms);
  ASN1_OCTET_STRING **content = NULL;

  if (OBJ_obj2nid (CMS_get0_type (cms)) != NID_pkcs7_signed
      || OBJ_obj2nid (CMS_get0_eContentType (cms)) != NID_pkcs7_data
      || sk_CMS_SignerInfo_num (signers) != 1)
    return fettle_error_set (err, FETTLE_E_AUTH, "it isn't the signature of one signer");
  content = CMS_get0_content (cms);
  *ret = sk_CMS_SignerInfo_value (signers, 0);
  if ((content && *content) || CMS_unsigned_get_attr_count (*ret) > 0
      || CMS_signed_get_attr_count (*ret) <= 0)
    return fettle_error_set (err, FETTLE_E_AUTH, "it isn't a detached signature with signed "
                                                 "attributes alone");
  return FETTLE_OK;
}

static bool
purpose_fits (X509 *cert)
{
  uint32_t flags = X509_get_extension_flags (cert);

  if ((flags & EXFLAG_KUSAGE) && !(X509_get_key_usage (cert) & KU_DIGITAL_SIGNATURE))
    return false;
  return !(flags & EXFLAG_XKUSAGE)
         || (X509_get_extended_key_usage (cert) & (XKU_CODE_SIGN | XKU_SMIME | XKU_ANYEKU));
}

static fettle_result
verify_chain (X509 *signer, STACK_OF (X509) *untrusted, X509 *const *trusted, size_t n,
              int64_t now, X509 **ret_anchor, struct fettle_error *err)
{
  _cleanup_ (cleanup_store) X509_STORE *store = X509_STORE_new ();
  _cleanup_ (cleanup_store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new ();
  STACK_OF (X509) *chain;
  X509 *last;

  for (size_t i = 0; store && i < n; i++)
    X509_STORE_add_cert (store, trusted[i]);
  if (!store || !ctx || X509_STORE_CTX_init (ctx, store, signer, untrusted) != 1)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to verify a certificate");
  X509_STORE_CTX_set_flags (ctx, X509_V_FLAG_PARTIAL_CHAIN);
  X509_STORE_CTX_set_time (ctx, 0, (time_t) now);
  if (X509_verify_cert (ctx) != 1) {
    int why = X509_STORE_CTX_get_error (ctx);

    ERR_clear_error ();
    return fettle_error_set (err, FETTLE_E_AUTH, "the signer's certificate isn't trusted: %s",
                             X509_verify_cert_error_string (why));
  }
  if (!purpose_fits (signer))
    return fettle_error_set (err, FETTLE_E_AUTH, "the signer's certificate isn't made for signing");
  chain = X509_STORE_CTX_get0_chain (ctx);
  last = sk_X509_value (chain, sk_X509_num (chain) - 1);
  for (size_t i = 0; i < n; i++)
    if (X509_cmp (trusted[i], last) == 0)
      *ret_anchor = trusted[i];
  return *ret_anchor ? FETTLE_OK
                     : fettle_error_set (err, FETTLE_E_AUTH, "the signer's certificate isn't trusted");
}

static fettle_result
verify (CMS_ContentInfo *cms, const void *data, size_t size, CMS_SignerInfo *info, X509 **ret_cert,
        struct fettle_error *err)
{
  _cleanup_ (cleanup_bio) BIO *in = BIO_new_mem_buf (data, (int) size);
  X509_ALGOR *digest = NULL;

  if (!in || CMS_verify (cms, NULL, NULL, in, NULL,
                         CMS_BINARY | CMS_DETACHED | CMS_NO_SIGNER_CERT_VERIFY) != 1) {
    ERR_clear_error ();
    return fettle_error_set (err, FETTLE_E_AUTH, "the signature is bad: it isn't of these bytes");
  }
  CMS_SignerInfo_get0_algs (info, NULL, ret_cert, &digest, NULL);
  if (!*ret_cert)
    return fettle_error_set (err, FETTLE_E_AUTH, "the signer's certificate isn't in it");
  return FETTLE_OK;
}

fettle_result
fettle_cms_verify (const void *signature, size_t signature_size, const void *data, size_t size,
                   X509 *const *trusted, size_t n_trusted, int64_t now,
                   char ret_id[FETTLE_SHA256_TEXT], X509 **ret_anchor, char *ret_signer,
                   size_t signer_size, struct fettle_error *err)
{
  _cleanup_ (cleanup_cms) CMS_ContentInfo *cms = NULL;
  _cleanup_ (cleanup_certs) STACK_OF (X509) *certs = NULL;
  CMS_SignerInfo *info = NULL;
  X509 *cert = NULL, *anchor = NULL;
  fettle_result r = parse (signature, signature_size, &cms, err);

  if (!r)
    r = only_signer (cms, &info, err);
  if (!r)
    r = verify (cms, data, size, info, &cert, err);
  if (!r && !fettle_cms_strict (signature, signature_size, info, cert))
    r = fettle_error_set (err, FETTLE_E_AUTH, "the signature was changed after it was made");
  if (r)
    return r;
  certs = CMS_get1_certs (cms);
  r = verify_chain (cert, certs, trusted, n_trusted, now, &anchor, err);
  if (!r)
    r = fettle_key_id (X509_get0_pubkey (cert), ret_id, err);
  if (r)
    return r;
  *ret_anchor = anchor;
  X509_NAME_oneline (X509_get_subject_name (cert), ret_signer, (int) signer_size);
  return FETTLE_OK;
}
