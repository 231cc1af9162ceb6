/* callback.h - the listeners for nodes: HTTP on the setting port, HTTPS on
 * ssl_port, FTP on ftp_port (ftp.h).
 *
 * A port is bound only while somebody needs it, and only on the address that
 * the nodes in question use.  All there is to be had are one-time URLs,
 * /c/TOKEN, with GET or HEAD; what isn't known is 404, and a line in the log.
 * Where the API itself listens on the address, its server hands such requests
 * on (fettle_callbacks_take).
 *
 * Each connection is good for one request; the guard reads its head, with the
 * same strictness and limits as the API's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CALLBACK_H
#define FETTLE_CALLBACK_H

#include <event2/event.h>
#include <jansson.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "serve/offer.h"
#include "util/error.h"

#define FETTLE_CALLBACK_PREFIX  "/c/"
#define FETTLE_CALLBACK_URL_MAX 160

struct fettle_callbacks;
struct fettle_callback;

struct fettle_callbacks_options {
  SSL_CTX *tls;             /* a reference is taken */
  uint16_t http, https;     /* ports */
  const char *api_address;  /* where the API listens on the HTTPS port; copied */
  unsigned max_connections; /* more are closed at once; 0: 256 */
  unsigned head_seconds;    /* for handshake, request and answer; 0: 10 */
};

fettle_result fettle_callbacks_new (struct event_base *, const struct fettle_callbacks_options *,
                                    struct fettle_callbacks **ret, struct fettle_error *);

/* The FTP listener, for URLs of that kind; borrowed.  NULL: there is none. */
struct fettle_ftp;
void fettle_callbacks_set_ftp (struct fettle_callbacks *, struct fettle_ftp *);

/* What it asks of the URLs: fettle_ftp_options.other and .connected. */
const char *fettle_callbacks_other (void *callbacks, const char *path, const char *from);
void fettle_callbacks_connected (void *callbacks, const char *address, const char *from);

/* Ends all connections and listeners. */
void fettle_callbacks_free (struct fettle_callbacks *);

/* What became of a one-time URL. */
struct fettle_callback_seen {
  bool fetched;
  char from[FETTLE_PEER_MAX];  /* who fetched it, or asked for it last; v4-mapped ones as IPv4 */
  bool connected;              /* a connection came from `expected` */
};

/* A new one-time URL on a listener (FETTLE_LISTEN_*) at one of our addresses,
 * opening the listener if need be.  `port`: of data_ports, to which downloads
 * move; 0: the listener's own.  `expected`: the node's address, copied. */
fettle_result fettle_callback_new (struct fettle_callbacks *, uint32_t listener, uint16_t port,
                                   const char *address, const char *expected,
                                   struct fettle_callback **ret, struct fettle_error *);
const char *fettle_callback_url (const struct fettle_callback *);
const struct fettle_callback_seen *fettle_callback_seen (const struct fettle_callback *);

/* The URL is worth nothing any more; the listener closes with its last user. */
void fettle_callback_free (struct fettle_callback *);

/* A request of the API's server without token, under the prefix: true when it
 * was a one-time URL's. */
bool fettle_callbacks_take (struct fettle_callbacks *, const char *target, const char *from);

/* [{"address", "port", "scheme", "users"}]: what is open now. */
json_t *fettle_callbacks_listeners (const struct fettle_callbacks *);

#endif
