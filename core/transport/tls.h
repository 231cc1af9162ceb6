/* tls.h - TLS to a node, which is known by the key of its certificate.
 *
 * Certificates of management processors are signed by nobody, name nobody, and
 * are renewed without notice; what stays is the key.  So it is treated as an
 * SSH host key is: pinned at first contact, or told beforehand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TRANSPORT_TLS_H
#define FETTLE_TRANSPORT_TLS_H

#include <openssl/ssl.h>

#include "transport/context.h"

/* Makes a client's context check the node so.  `old`: what TLS has given up
 * is allowed.  The call's context is borrowed for the connection's life. */
void fettle_tls_prepare (fettle_ctx *, SSL_CTX *, bool old);

/* TLS over a connected socket, which stays the caller's. */
fettle_result fettle_tls_start (fettle_ctx *, int fd, bool old, SSL **ret);

#endif
