/* tls.h - the service's certificate and its side of TLS.
 *
 * STATE/cert.pem and STATE/cert.key (mode 0600) are made at the first start,
 * and again when they near their end or don't name this host any more.  The
 * command trusts just that certificate.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TLS_H
#define FETTLE_TLS_H

#include <openssl/ssl.h>

#include "util/error.h"

/* `addresses`: where the service listens, separated by spaces or commas; the
 * certificate names localhost, its addresses and this host as well.
 * Free with SSL_CTX_free. */
fettle_result fettle_tls_new (const char *state_dir, const char *addresses, SSL_CTX **ret,
                              struct fettle_error *);

/* Clients may show a certificate that one of these authorities has issued, for
 * client authentication; one of another ends the handshake. */
fettle_result fettle_tls_take_clients (SSL_CTX *, const char *ca_file, struct fettle_error *);

/* What OpenSSL said last, for messages; "unknown error" if nothing. */
const char *fettle_tls_error (char *buffer, size_t size);

#endif
