/* pool-internal.h - what pool.c (whose turn it is) and pool-call.c (one call)
 * share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_POOL_INTERNAL_H
#define FETTLE_POOL_INTERNAL_H

#include "plugin/pool.h"
#include "plugin/wire.h"
#include "plugin/zygote.h"

struct kind { /* of a plugin */
  struct fettle_pool *pool;
  const struct fettle_plugin_info *plugin;
  struct fettle_zygote *zygote, *old; /* old: gone, to be freed */
  bool ready;
  struct fettle_call *first, **last; /* waiting */
  struct fettle_call *running;
};

struct fettle_pool {
  struct event_base *base;
  const struct fettle_settings *settings;
  const struct fettle_plugins *plugins;
  struct kind *kinds;
  size_t n_kinds, next;   /* next: whose turn it is */
  struct event *turn;
  struct fettle_call *failed; /* before they ran */
  uint64_t n_running, last_id;
};

struct fettle_call {
  struct fettle_call *next, *previous; /* previous: while running */
  struct fettle_pool *pool;
  struct kind *kind;
  const struct fettle_call_handlers *handlers;
  void *arg;
  uint64_t id;
  char operation[24];
  char *request;
  int fds[FETTLE_WIRE_FDS];
  size_t n_fds;
  uint32_t deadline_s;
  bool is_running, is_killed;
  int socket;
  struct event *readable, *timer;
  size_t received;
  json_t *result;
  struct fettle_error failure; /* ours, code 0: none yet */
};

/* ---- pool-call.c ---- */

/* What it is to be sent; `failure` says why it can't be. */
void fettle_call_keep (struct fettle_call *, const json_t *request, const int *fds, size_t n_fds);
/* Sends that, and listens.  *ret_theirs, the other end of its socket, is the
 * caller's, also when that fails (then perhaps untouched). */
fettle_result fettle_call_begin (struct fettle_call *, int *ret_theirs);
/* Asks a running one to end, and sees to it that it does. */
void fettle_call_ask_to_end (struct fettle_call *);
/* Takes some of what it said; false when nothing more is to come now. */
bool fettle_call_receive (struct fettle_call *);
/* What the way the process ended means. */
void fettle_call_judge (struct fettle_call *, int status);
void fettle_call_free (struct fettle_call *);

#endif
