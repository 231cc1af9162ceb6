/* callback.h - the listeners for nodes: HTTP on the setting port, HTTPS on
 * ssl_port, FTP on ftp_port (ftp.h), and the ports that downloads move to.
 *
 * A port is bound only while somebody needs it, and only on the address that
 * the nodes in question use.  What is to be had there is in peer.h; where the
 * API itself listens on the address, its server hands such connections on
 * (fettle_callbacks_adopt).
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
#include "serve/peer.h"
#include "util/error.h"

struct fettle_callbacks;
struct fettle_callback;
struct fettle_served;

struct fettle_callbacks_options {
  SSL_CTX *tls;             /* a reference is taken */
  struct fettle_offers *offers; /* borrowed */
  uint16_t http, https;     /* ports */
  uint16_t data_first, data_last; /* where downloads move to; 0: nowhere */
  const char *api_address;  /* where the API listens on the HTTPS port; copied */
  struct fettle_peer_limits limits;
};

fettle_result fettle_callbacks_new (struct event_base *, const struct fettle_callbacks_options *,
                                    struct fettle_callbacks **ret, struct fettle_error *);

/* Ends all connections and listeners. */
void fettle_callbacks_free (struct fettle_callbacks *);

/* The FTP listener, for URLs of that kind; borrowed.  NULL: there is none. */
struct fettle_ftp;
void fettle_callbacks_set_ftp (struct fettle_callbacks *, struct fettle_ftp *);

/* What it asks of the URLs: fettle_ftp_options.other and .connected. */
const char *fettle_callbacks_other (void *callbacks, const char *path, const char *from);
void fettle_callbacks_connected (void *callbacks, const char *address, const char *from);

/* Who takes posts: see struct fettle_peer_handlers. */
void fettle_callbacks_set_post (struct fettle_callbacks *,
                                void (*post) (void *arg, struct fettle_offer *, json_t *body,
                                              const char *key, struct fettle_post *),
                                void *arg);

/* ---- Is the way to us open?  A one-time URL, once. ---- */

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

/* ---- Files and places for status ---- */

/* An offer (offer.h) on a listener at one of our addresses, which is opened if
 * need be.  FTP has no place for status. */
fettle_result fettle_served_new (struct fettle_callbacks *, uint32_t listener, const char *address,
                                 const struct fettle_offer *wanted, struct fettle_served **ret,
                                 struct fettle_error *);
const char *fettle_served_url (const struct fettle_served *);
struct fettle_offer *fettle_served_offer (struct fettle_served *);
void fettle_served_free (struct fettle_served *);

/* ---- The service's side ---- */

/* A connection of the API's server: see fettle_peer_adopt. */
bool fettle_callbacks_adopt (struct fettle_callbacks *, struct bufferevent *,
                             void (*released) (void *arg), void *arg);

/* Begins to end: no new connections, and none goes on after its answer. */
void fettle_callbacks_stop (struct fettle_callbacks *);

/* Ends all connections; those that are adopted go back to their server, which
 * must still be there.  NULL is fine. */
void fettle_callbacks_disconnect (struct fettle_callbacks *);

/* Downloads and posts that are under way. */
unsigned fettle_callbacks_sending (const struct fettle_callbacks *);

/* [{"address", "port", "scheme", "users"}]: what is open now. */
json_t *fettle_callbacks_listeners (const struct fettle_callbacks *);

#endif
