/* peer.h - connections of nodes: what they may ask for, and what it may cost.
 *
 *   GET, HEAD  /c/TOKEN         a one-time URL: is the way to us open?
 *   GET, HEAD  /d/TOKEN/NAME    a file that is offered to this node
 *   POST       /s/TOKEN         its status
 *
 * Each connection is a bufferevent in the service's loop, plain or TLS; the
 * guard reads each head first.  A connection that waits keeps neither buffers
 * nor a timer of its own, one that reads slowly costs what the kernel holds
 * and a piece of the file.  What isn't known, has expired or is another node's
 * is 404: a stranger learns nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PEER_H
#define FETTLE_PEER_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <jansson.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "serve/offer.h"
#include "util/error.h"

#define FETTLE_CALLBACK_PREFIX "/c/"
#define FETTLE_DOWNLOAD_PREFIX "/d/"
#define FETTLE_STATUS_PREFIX   "/s/"

struct fettle_peers;
struct fettle_post;

/* 0 is the initial value, in brackets. */
struct fettle_peer_limits {
  unsigned connections;      /* in all; more are closed at once (10000) */
  unsigned node_connections; /* of one address (32) */
  unsigned head_size;        /* bytes of a request's head (16 KiB, which is the most) */
  unsigned head_seconds;     /* for the handshake, and for a head (10) */
  unsigned idle_seconds;     /* between two requests (60) */
  unsigned stall_seconds;    /* without a byte that the node takes (60) */
  unsigned post_rate;        /* posts a second of one address (20) */
};

struct fettle_peer_handlers {
  /* Somebody fetches a one-time URL: is there such a thing? */
  bool (*one_time) (void *arg, const char *token, size_t size, const char *from);
  /* What a node says; answered now or later by fettle_post_answer.  The offer
   * may be gone by then.  Takes over the reference of `body`; `key` is the
   * node's own name of the post, "" if it gave none. */
  void (*post) (void *arg, struct fettle_offer *, json_t *body, const char *key,
                struct fettle_post *);
};

struct fettle_peers *fettle_peers_new (struct event_base *, const struct fettle_peer_limits *,
                                       struct fettle_offers *, const struct fettle_peer_handlers *,
                                       void *arg);
/* Ends all connections. */
void fettle_peers_free (struct fettle_peers *);

/* A new connection from that address; takes over the descriptor.  tls NULL:
 * plain.  `listener`: FETTLE_LISTEN_HTTP or _HTTPS; `dedicated`: on a port that
 * downloads have moved to. */
void fettle_peer_accept (struct fettle_peers *, int fd, SSL_CTX *tls, const char *from,
                         uint32_t listener, bool dedicated);

/* One that another server has accepted, whose first request is for here: with
 * what it has sent so far.  False: there are too many.  In the end `released`
 * is called, from whichever of its callbacks; the bufferevent isn't freed. */
bool fettle_peer_adopt (struct fettle_peers *, struct bufferevent *, const char *from,
                        void (*released) (void *arg), void *arg);

/* Are these the first bytes of a request for here?  1 yes, 0 no, -1 not known
 * yet: there are fewer than 8. */
int fettle_peer_is_ours (const char *data, size_t size);

/* No connection goes on after the answer that it is getting. */
void fettle_peers_stop (struct fettle_peers *);

/* Ends all connections. */
void fettle_peers_end (struct fettle_peers *);

/* Downloads and posts that are under way; connections. */
unsigned fettle_peers_sending (const struct fettle_peers *);
unsigned fettle_peers_count (const struct fettle_peers *);

/* 200: it is stored.  Other: it isn't, for that reason (a static text). */
void fettle_post_answer (struct fettle_post *, int status, const char *text);

#endif
