/* client.h - the service's API, as the commands use it.
 *
 * A client belongs to one service: the one of settings.state_dir.  It trusts
 * that service's certificate (STATE/cert.pem) and no other, and shows it the
 * token of STATE/token, which is never printed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLIENT_H
#define FETTLE_CLIENT_H

#include "cli/cli.h"

struct fettle_client;

/* Finds the service and asks it for a sign of life.  When none runs: starts
 * one if `start`, else fails with FETTLE_E_UNREACHABLE. */
fettle_result fettle_client_open (const struct fettle_cli *, bool start, struct fettle_client **ret,
                                  struct fettle_error *);
void fettle_client_free (struct fettle_client *);
static inline void fettle_cleanup_client (struct fettle_client **c) { fettle_client_free (*c); }
#define _cleanup_client_ _cleanup_ (fettle_cleanup_client)

/* What GET /service answered at the start. */
const json_t *fettle_client_service (const struct fettle_client *);

/* One call.  `path` is behind "/api/v1"; `body` may be NULL, its reference is
 * taken over, and the text that was made of it is wiped.  The service's
 * problem becomes the error: FETTLE_E_CONFIG when there is no such thing. */
fettle_result fettle_client_call (struct fettle_client *, const char *method, const char *path,
                                  json_t *body, json_t **ret, struct fettle_error *);

/* The same for an answer that isn't JSON. */
fettle_result fettle_client_text (struct fettle_client *, const char *path, struct fettle_buf *ret,
                                  struct fettle_error *);

/* An answer without an end: `take` gets it in pieces, until it says false.
 * FETTLE_OK then, or when the service ends it. */
fettle_result fettle_client_stream (struct fettle_client *, const char *path,
                                    bool (*take) (void *arg, const char *data, size_t size),
                                    void *arg, struct fettle_error *);

/* "/nodes/%s/items" with the part encoded; NULL: no memory. */
char *fettle_client_path (const char *before, const char *part, const char *after);

/* Calls give up with FETTLE_E_ABORTED when this descriptor becomes readable; -1: never. */
void fettle_client_interrupt (struct fettle_client *, int fd);

/* start.c: runs `fettled --background`, with the options that this command
 * line has got for it.  Returns when it is ready or has failed. */
fettle_result fettle_service_start (const struct fettle_cli *, struct fettle_error *);

#endif
