/* exchange.h - a request and what of the server hangs on it.  Within serve/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_EXCHANGE_H
#define FETTLE_EXCHANGE_H

#include <event2/http.h>
#include <jansson.h>

#include "serve/conn.h"
#include "serve/request.h"

/* fettle_server_watch's */
struct fettle_watch {
  void (*answered) (void *arg, const struct fettle_request *, const struct fettle_route *,
                    int status, const json_t *answer);
  void *arg;
};

struct fettle_exchange {
  struct fettle_request request; /* first: the handlers' pointer is this one */
  struct evhttp_request *http;
  struct fettle_conn *conn;
  struct fettle_caller caller;
  const struct fettle_route *route; /* NULL: none was found */
  const struct fettle_watch *watch;
  char *parameter;
  json_t *query, *body;
  bool head;  /* HEAD: an answer without its body */
  bool close; /* the connection ends with the answer */
};

void fettle_exchange_free (struct fettle_exchange *);

/* RFC 9457's object.  code NULL: by the status. */
json_t *fettle_problem (int status, const char *code, const char *detail);

/* Answers with it, and ends the exchange. */
void fettle_exchange_fail (struct fettle_exchange *, int status, const char *code,
                           const char *detail);

#endif
