/* cms-strict.h - see cms-strict.c.  SPDX-License-Identifier: Apache-2.0 */
#ifndef FETTLE_SIGN_CMS_STRICT_H
#define FETTLE_SIGN_CMS_STRICT_H

#include <openssl/cms.h>

/* Of a signature by one signer, whose certificate this is. */
bool fettle_cms_strict (const void *signature, size_t size, CMS_SignerInfo *, X509 *cert);

#endif
