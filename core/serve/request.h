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
  void (*room) (struct fettle_request *, void *arg); /* a stream's reader has taken all */
  void *arg;                 /* for gone and room; the handler's */
  const char *last_event_id; /* that header, or NULL */
};

/* Each answers and ends the request; takes over the reference of body. */
void fettle_request_reply (struct fettle_request *, int status, json_t *body);
void fettle_request_reply_text (struct fettle_request *, int status, const char *content_type,
                                const char *text, size_t size);
/* application/problem+json; the status follows from the code: CONFIG 400,
 * UNSUPPORTED 422, BUSY 409, AUTH 403, UNREACHABLE 404 (no such thing), else 500. */
void fettle_request_fail (struct fettle_request *, const struct fettle_error *);

/* An answer without an end: begins it; writes; how much of that isn't taken
 * yet; ends it, and the request.  Write little at a time, and more when `room`
 * is called: a reader who doesn't take what was written within the seconds for
 * a head, or who may not any more, is dropped, and `gone` called. */
void fettle_request_stream (struct fettle_request *, const char *content_type);
void fettle_request_write (struct fettle_request *, const char *text, size_t size);
size_t fettle_request_unsent (struct fettle_request *);
void fettle_request_end (struct fettle_request *);

/* One row of the API.  path: "/api/v1/nodes/:node/items", at most one ":x".
 * role: who may call it at least; a row without one is refused at the start. */
struct fettle_route {
  const char *method;
  const char *path;
  enum fettle_role role;
  void (*handler) (void *engine, struct fettle_request *);
};

#endif
