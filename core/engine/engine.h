/* engine.h - what the service does: nodes, baselines, jobs, and their API.
 *
 * Lives in the service's event loop; nothing here blocks.  All that must
 * outlive a crash is in the store before it is acted on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ENGINE_H
#define FETTLE_ENGINE_H

#include <event2/event.h>
#include <stdbool.h>

#include "plugin/load.h"
#include "plugin/pool.h"
#include "serve/access.h"
#include "serve/request.h"
#include "util/error.h"
#include "util/settings.h"

struct fettle_callbacks;
struct fettle_engine;

/* Opens the store in settings->state_dir and takes up what a crash left.
 * Everything is borrowed and must outlive the engine. */
fettle_result fettle_engine_new (struct event_base *, const struct fettle_settings *,
                                 const struct fettle_plugins *, struct fettle_pool *,
                                 struct fettle_engine **ret, struct fettle_error *);

/* The listeners for nodes, before the first job; borrowed, and outlive it. */
void fettle_engine_set_callbacks (struct fettle_engine *, struct fettle_callbacks *);

/* The API's routes; a handler's first argument is the engine.  Ends with a
 * row of NULLs. */
const struct fettle_route *fettle_engine_routes (void);

/* The store's tokens, for the server. */
void fettle_engine_tokens (struct fettle_engine *, struct fettle_access_tokens *ret);
/* For fettle_server_watch: writes to the audit log who asked for what. */
void fettle_engine_answered (void *engine, const struct fettle_request *,
                             const struct fettle_route *, int status, const json_t *answer);

/* {"nodes": n, "baselines": n, "calls": n, "jobs": n, "listeners": [...]}: the
 * engine's share of GET /service.  The caller's reference. */
json_t *fettle_engine_summary (struct fettle_engine *);

/* For metrics: {"nodes": {state: n}, "tasks": {state: n}, "events": n,
 * "watchers": n}.  The caller's reference. */
json_t *fettle_engine_counts (struct fettle_engine *);

/* A job runs. */
bool fettle_engine_busy (const struct fettle_engine *);

/* Starts nothing new; what runs goes on.  Jobs stay "running" in the store
 * and are taken up at the next start. */
void fettle_engine_stop (struct fettle_engine *);

/* Calls under way; 0 means that it can be freed without cutting anything. */
unsigned fettle_engine_calls (const struct fettle_engine *);

void fettle_engine_free (struct fettle_engine *);

#endif
