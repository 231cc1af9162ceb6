/* conn.h - one TLS connection of the server: what comes in goes by the guard,
 * and each thing a client may do has a deadline.
 *
 * evhttp owns the connection and its bufferevent.  A struct fettle_conn hangs
 * on the connection's SSL object, so it lives exactly as long as that.  When
 * the guard says no while evhttp waits for more, the connection is taken from
 * evhttp: we answer, read a little more so that the answer isn't lost by a
 * reset, and give it back to evhttp to be freed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CONN_H
#define FETTLE_CONN_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "serve/guard.h"
#include "util/clock.h"

struct fettle_exchange; /* exchange.h */

enum fettle_conn_state {
  FETTLE_CONN_HEAD,      /* handshake, or part of a head */
  FETTLE_CONN_BODY,
  FETTLE_CONN_IDLE,      /* between two requests */
  FETTLE_CONN_HANDLING,  /* a request has no answer yet */
  FETTLE_CONN_ANSWERING, /* its answer is being sent */
  FETTLE_CONN_STREAMING, /* ... and has no end yet */
  FETTLE_CONN_REFUSING,  /* taken from evhttp */
  FETTLE_CONN_GIVEN,     /* the same, for the listeners for nodes */
};

struct fettle_conn {
  struct fettle_conns *all;
  struct fettle_conn *next, *previous;
  struct bufferevent *bev;
  SSL *ssl;
  struct fettle_guard guard;
  char from[64];         /* the client's address, once something came */
  enum fettle_conn_state state;
  uint64_t seen;     /* guard.requests when the state was set */
  uint64_t handled;  /* requests that evhttp has handed on */
  uint64_t deadline; /* in seconds of fettle_seconds (); 0: none */
  struct fettle_exchange *exchange; /* while HANDLING or STREAMING */
  bool answered;     /* REFUSING: the answer is written */
  bufferevent_data_cb http_read, http_write; /* evhttp's, while REFUSING or GIVEN */
  bufferevent_event_cb http_event;
  void *http_arg;
};

/* All connections of a server. */
struct fettle_conns {
  struct event_base *base;
  SSL_CTX *tls;
  int (*admit) (struct fettle_conn *, const struct fettle_guard_head *);
  void *admit_arg;  /* admit's, by conn->all */
  bool (*still) (struct fettle_exchange *); /* asked each second: may it go on? */
  /* Takes a connection whose first request is a node's (peer.h); false: no
   * more of them.  NULL: there is none for nodes here. */
  bool (*adopt) (void *arg, struct bufferevent *, void (*released) (void *conn), void *conn);
  void *adopt_arg;
  unsigned max, head_seconds, idle_seconds;
  unsigned n;
  struct fettle_conn *first;
  struct event *tick;       /* each second while there are connections */
  uint64_t last_complaint;  /* at most one line a second about strangers */
  void (*room) (void *arg, bool there_is); /* the limit is reached, or not any more */
  void *room_arg;
};

bool fettle_conns_init (struct fettle_conns *);

/* Connections that are left find their way without it. */
void fettle_conns_clear (struct fettle_conns *);

/* For evhttp: a bufferevent of a new connection.  Without memory it is one
 * without TLS, which the server doesn't answer. */
struct bufferevent *fettle_conn_new (struct fettle_conns *);

/* The client's address, as text. */
const char *fettle_conn_from (struct fettle_conn *);

/* NULL: not one of ours. */
struct fettle_conn *fettle_conn_of (struct evhttp_request *);

/* A request is being handled: as long as that takes, or until the client leaves. */
void fettle_conn_handling (struct fettle_conn *);

/* Its answer of that size is being sent; it is sent. */
void fettle_conn_answering (struct fettle_conn *, size_t size);
void fettle_conn_done (struct fettle_conn *);

/* An answer without an end: something was written, or all was taken. */
void fettle_conn_streaming (struct fettle_conn *, bool unsent);

#endif
