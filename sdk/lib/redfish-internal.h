/* redfish-internal.h - what the files of libfettle-redfish share.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_REDFISH_INTERNAL_H
#define FETTLE_REDFISH_INTERNAL_H

#include <stddef.h>

#include <fettle/redfish.h>
#include <fettle/services.h>
#include <fettle/util.h>

enum { FETTLE_REDFISH_PATH = FETTLE_REDFISH_PATH_MAX, FETTLE_REDFISH_TOKEN = 2048 };

struct fettle_redfish {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  const struct fettle_http *http;
  uint32_t port, flags;
  json_t *root;
  char token[FETTLE_REDFISH_TOKEN], session[FETTLE_REDFISH_PATH]; /* "": none */
  int logged_in_again, expands;
  char why[1024]; /* it failed last; "": the host has said it */
};

struct fettle_redfish_request {
  const char *method, *path;
  const char *fields; /* more of them, newlines between, or NULL */
  uint32_t flags, n_parts, timeout_ms;
  const struct fettle_http_part *parts;
  void (*sent) (void *opaque, uint64_t bytes, uint64_t all);
  void *opaque;
};

/* With the session, patience, and within the node. */
fettle_result fettle_redfish_request (struct fettle_redfish *, const struct fettle_redfish_request *,
                                      struct fettle_http_answer *);

/* Says why, in the node's words: returns a failing code. */
fettle_result fettle_redfish_refused (struct fettle_redfish *, const char *method, const char *path,
                                      const struct fettle_http_answer *);
FETTLE_PRINTF (3, 4)
fettle_result fettle_redfish_fail (struct fettle_redfish *, fettle_result, const char *format, ...);

/* JSON, or NULL. */
json_t *fettle_redfish_parse (const struct fettle_http_answer *);

/* ---- No I/O ---- */

/* What a status and words that aren't a success mean. */
fettle_result fettle_redfish_code (int32_t status, int changing, const char *words);

/* Is there a message's id among the words, that means that it passes by itself? */
int fettle_redfish_says_busy (const char *words);

/* A sentence for a message without words, by the last part of its id; NULL. */
const char *fettle_redfish_sentence (const char *key);

/* Could this be asked for: a path of the node, printable, of decent length,
 * without a fragment? */
int fettle_redfish_path_ok (const char *path);

/* The path of a Location (RFC 9110: an address or a path), `size` bytes of it,
 * into `path`.  0 if there is none that could be asked for. */
int fettle_redfish_location (const char *value, size_t size, char *path, size_t path_size);

/* Seconds of a Retry-After; `otherwise` where it is none, or a date. */
unsigned fettle_redfish_seconds (const char *value, size_t size, unsigned otherwise);

#endif
