/* request.h - one HTTP request of the API, as its handlers see it.
 *
 * A handler answers with one of the reply functions, at once or later (a long
 * poll): the request lives until it is answered.  When the client goes away
 * first, `gone` is called, and the request must not be used any more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_REQUEST_H
#define FETTLE_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "serve/role.h"
#include "util/error.h"

struct fettle_request {
  const char *parameter;     /* what stood for ":x" in the route's path, decoded, or NULL */
  const json_t *query;       /* object of strings, decoded */
  const json_t *body;        /* the JSON body, an object; json_null () when there was none */
  const struct fettle_caller *caller; /* who asks; has the route's role or more */
  void (*gone) (struct fettle_request *, void *arg);
  void *arg;                 /* for gone; the handler's */
};

/* Each answers and ends the request; takes over the reference of body. */
void fettle_request_reply (struct fettle_request *, int status, json_t *body);
void fettle_request_reply_text (struct fettle_request *, int status, const char *content_type,
                                const char *text, size_t size);
/* application/problem+json; the status follows from the code: CONFIG 400,
 * UNSUPPORTED 422, BUSY 409, AUTH 403, UNREACHABLE 404 (no such thing), else 500. */
void fettle_request_fail (struct fettle_request *, const struct fettle_error *);

/* One row of the API.  path: "/api/v1/nodes/:node/items", at most one ":x".
 * role: who may call it at least; a row without one is refused at the start. */
struct fettle_route {
  const char *method;
  const char *path;
  enum fettle_role role;
  void (*handler) (void *engine, struct fettle_request *);
};

#endif
