/* pool.h - the service's side of workers: zygotes, calls, deadlines.
 *
 * One zygote for each plugin, started at its first call; a child of it for
 * each call.  A call that crashes, is killed or runs past its deadline ends
 * with a result like any other failure; the pool never blocks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_POOL_H
#define FETTLE_POOL_H

#include <event2/event.h>
#include <jansson.h>

#include "plugin/load.h"
#include "util/settings.h"

struct fettle_pool;
struct fettle_call;

/* All are borrowed and must outlive the pool. */
struct fettle_pool *fettle_pool_new (struct event_base *, const struct fettle_settings *,
                                     const struct fettle_plugins *);

/* Kills what runs; no callbacks are made any more. */
void fettle_pool_free (struct fettle_pool *);

struct fettle_outcome {
  fettle_result code;  /* OK, AGAIN or a failure; a crash is INTERNAL, past the deadline TIMEOUT */
  const char *text;    /* why it failed, or NULL */
  uint32_t score;      /* probe */
  uint32_t delay_s;    /* AGAIN */
  const char *token;   /* AGAIN */
  const char *former;  /* firewall_open: the node's firewall as it was, or NULL */
};

struct fettle_call_handlers {
  /* Each message but the result: items, log, progress, node, host_key. */
  void (*message) (void *arg, const json_t *message);
  /* Exactly once, last; the call is gone afterwards. */
  void (*done) (void *arg, const struct fettle_outcome *);
};

/* Starts a call of a node type (request["type"]) by the request of wire.h.
 * Descriptors are duplicated.  Never fails at once: failures come by `done`,
 * from the event loop.  deadline_s 0: none. */
struct fettle_call *fettle_pool_call (struct fettle_pool *, const json_t *request, const int *fds,
                                      size_t n_fds, uint32_t deadline_s,
                                      const struct fettle_call_handlers *, void *arg);

/* A message to the call's process, while it runs; what it has no room for, is
 * lost. */
void fettle_call_send (struct fettle_call *, const json_t *message);

/* Ask it to end; after 2 s it is killed.  `done` still comes (ABORTED). */
void fettle_call_abort (struct fettle_call *);

#endif
