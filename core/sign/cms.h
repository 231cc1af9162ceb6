/* cms.h - detached CMS signatures (PKCS #7) of X.509 signers.
 *
 * Strict: exactly one signer, whose certificate is in the signature, DER as
 * OpenSSL would write it, nothing unsigned beside it; so that no byte of a
 * good signature can be changed without making it a bad one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SIGN_CMS_H
#define FETTLE_SIGN_CMS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "util/buf.h"
#include "util/file.h"

#define FETTLE_CMS_MAX (64u << 10) /* bytes */

/* `chain`: certificates between the signer's and a trusted one, as PEM; NULL: none. */
fettle_result fettle_cms_sign (EVP_PKEY *, const char *cert_pem, size_t cert_size, const void *data,
                               size_t size, struct fettle_buf *ret,
                               char ret_id[FETTLE_SHA256_TEXT], struct fettle_error *);

/* Good if the signer's certificate is one of `trusted`, or certified by one,
 * valid at `now` (seconds), and not made for another purpose than signing
 * code or documents.  ret_id: of the signer's key; ret_anchor: which of the
 * trusted; ret_signer: the signer's subject. */
fettle_result fettle_cms_verify (const void *signature, size_t signature_size, const void *data,
                                 size_t size, X509 *const *trusted, size_t n_trusted, int64_t now,
                                 char ret_id[FETTLE_SHA256_TEXT], X509 **ret_anchor,
                                 char *ret_signer, size_t signer_size, struct fettle_error *);

#endif
