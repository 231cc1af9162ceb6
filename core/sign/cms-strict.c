/* cms-strict.c - what OpenSSL doesn't look at in a CMS signature must be what
 * it would have written.  Several fields aren't covered by the signature:
 * versions, which may be any number; the issuer's name, where upper and lower
 * case are the same; the algorithm, which follows from the key anyway.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <openssl/cms.h>

#include "sign/cms-strict.h"

struct der {
  const unsigned char *p, *end;
};

/* The next element; what is left of `d` begins behind it. */
static bool
next (struct der *d, struct der *ret_whole, struct der *ret_content)
{
  const unsigned char *p = d->p;
  int tag, class;
  long size;

  if (p >= d->end || (ASN1_get_object (&p, &size, &tag, &class, d->end - p) & 0x80)
      || size > d->end - p)
    return false;
  *ret_whole = (struct der){ d->p, p + size };
  *ret_content = (struct der){ p, p + size };
  d->p = p + size;
  return true;
}

static bool
into (struct der *d)
{
  struct der whole, content;

  if (!next (d, &whole, &content))
    return false;
  *d = content;
  return true;
}

static bool
is_number_1 (struct der *d)
{
  static const unsigned char one[] = { 2, 1, 1 };
  struct der whole, content;

  return next (d, &whole, &content) && whole.end - whole.p == sizeof one
         && memcmp (whole.p, one, sizeof one) == 0;
}

/* SignerInfo: version, then issuer and serial number of the certificate. */
static bool
signer_is_of (struct der info, X509 *cert)
{
  unsigned char *name = NULL;
  int size = i2d_X509_NAME (X509_get_issuer_name (cert), &name);
  struct der whole, content;
  bool same = into (&info) && into (&info) && is_number_1 (&info) && into (&info)
              && next (&info, &whole, &content) && size > 0 && whole.end - whole.p == size
              && memcmp (whole.p, name, (size_t) size) == 0;

  OPENSSL_free (name);
  return same;
}

static bool
structure_fits (const void *signature, size_t size, X509 *cert)
{
  struct der d = { signature, (const unsigned char *) signature + size }, whole, content;

  if (!into (&d) || !next (&d, &whole, &content) || !into (&d) || !into (&d) || !is_number_1 (&d))
    return false;
  /* The signers come last. */
  while (d.p < d.end)
    if (!next (&d, &whole, &content))
      return false;
  return signer_is_of (whole, cert);
}

static bool
algorithm_fits (CMS_SignerInfo *info, X509 *cert)
{
  X509_ALGOR *digest = NULL, *signature = NULL;
  const ASN1_OBJECT *object;
  int type, nid, digest_nid = NID_undef, key_nid = NID_undef;
  int own = EVP_PKEY_get_base_id (X509_get0_pubkey (cert));

  CMS_SignerInfo_get0_algs (info, NULL, NULL, &digest, &signature);
  X509_ALGOR_get0 (&object, &type, NULL, signature);
  nid = OBJ_obj2nid (object);
  if (nid == own) /* the bare key's: RSA has a NULL behind it, Ed25519 nothing */
    return type == (own == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF);
  if (!OBJ_find_sigid_algs (nid, &digest_nid, &key_nid) || key_nid != own)
    return false;
  if (own == EVP_PKEY_RSA && type != V_ASN1_NULL)
    return false;
  if (own == EVP_PKEY_EC && type != V_ASN1_UNDEF)
    return false;
  X509_ALGOR_get0 (&object, NULL, NULL, digest);
  return digest_nid == OBJ_obj2nid (object);
}

bool
fettle_cms_strict (const void *signature, size_t size, CMS_SignerInfo *info, X509 *cert)
{
  return structure_fits (signature, size, cert) && algorithm_fits (info, cert);
}
