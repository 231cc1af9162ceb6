/* server.h - the HTTPS server of the API, in the service's event loop.
 *
 * libevent's evhttp over its TLS bufferevents; guard.h stands in front of it,
 * conn.h ends connections that are too slow.  Nothing here blocks, a slow
 * client costs a connection and no more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SERVER_H
#define FETTLE_SERVER_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "serve/access.h"
#include "serve/listen.h"
#include "serve/request.h"
#include "util/error.h"

struct fettle_server;

struct fettle_server_options {
  SSL_CTX *tls;                 /* the server takes a reference of its own */
  struct fettle_access *access; /* borrowed */
  unsigned max_connections;     /* more wait in the kernel's queue; 0: 1000 */
  unsigned head_seconds;        /* for handshake and head of a request; 0: 10 */
  unsigned idle_seconds;        /* between two requests; 0: 60 */
};

fettle_result fettle_server_new (struct event_base *, const struct fettle_server_options *,
                                 struct fettle_server **ret, struct fettle_error *);

/* A table that ends with a row of NULLs; `engine` is its handlers' first
 * argument.  Both are borrowed.  At most 8 tables. */
void fettle_server_add_routes (struct fettle_server *, const struct fettle_route *, void *engine);

/* All rows of all tables. */
void fettle_server_each_route (const struct fettle_server *,
                               void (*f) (void *arg, const struct fettle_route *), void *arg);

/* For metrics: connections now, and requests since the start. */
unsigned fettle_server_connections (const struct fettle_server *);
uint64_t fettle_server_requests (const struct fettle_server *);

/* Connections whose first request is a node's go there: see struct
 * fettle_conns. */
void fettle_server_set_nodes (struct fettle_server *,
                              bool (*adopt) (void *arg, struct bufferevent *,
                                             void (*released) (void *conn), void *conn),
                              void *arg);

/* `answered` is told of each request to a route, before its answer goes out;
 * answer: the JSON of it, or NULL. */
void fettle_server_watch (struct fettle_server *,
                          void (*answered) (void *arg, const struct fettle_request *,
                                            const struct fettle_route *, int status,
                                            const json_t *answer),
                          void *arg);

/* Begins to accept; takes over the descriptors, also when it fails. */
fettle_result fettle_server_listen (struct fettle_server *, struct fettle_listen *,
                                    struct fettle_error *);

/* Accepts no more connections; those that are there go on. */
void fettle_server_stop (struct fettle_server *);

/* Answers that are under way to their clients. */
unsigned fettle_server_sending (const struct fettle_server *);

/* Seconds since the last request of someone with the token; 0 while one waits
 * for its answer or gets it. */
uint64_t fettle_server_idle (const struct fettle_server *);

/* Ends all connections; `gone` is called for requests without an answer.
 * The event base must run no more, or be freed, afterwards or before long:
 * what libevent has still to release, it releases there. */
void fettle_server_free (struct fettle_server *);

#endif
