/* about.h - what the service says about itself: the API's index and document,
 * /healthz, /metrics.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ABOUT_H
#define FETTLE_ABOUT_H

#include "engine/engine.h"
#include "serve/access.h"
#include "serve/server.h"

struct fettle_about {
  const struct fettle_server *server;
  const struct fettle_access *access;
  struct fettle_engine *engine;
  time_t started;
  bool stopping;
};

/* `metrics`: that setting.  `about` is filled in by the first request, and
 * outlives the server. */
void fettle_about_add_routes (struct fettle_server *, struct fettle_about *, const char *metrics);

#endif
