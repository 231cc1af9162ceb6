/* ask.h - what a body of POST /plans and /deployments asks for.  Within engine/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ASK_H
#define FETTLE_ASK_H

#include "engine/internal.h"
#include "model/plan.h"

struct asked {
  json_t *request;    /* as it was understood: with it, the same can be asked again */
  json_t *node_ids, *associated; /* associated: not chosen, but theirs; part of node_ids */
  json_t *components, *by_key;
  json_t *unsigned_names; /* of baselines among these */
  json_t *signatures;     /* who vouches for them */
  json_t *options;
  json_t *only;       /* resume: {node's id: {key of a component: true} or null for all} */
  json_t *former;     /* going back: {node's id: [{name, match, arch, version}]} */
  bool again;         /* what an earlier job didn't do */
};

fettle_result fettle_ask (struct fettle_engine *, const json_t *body, struct asked *ret,
                          struct fettle_error *);
void fettle_asked_clear (struct asked *);

json_t *fettle_asked_plan (struct fettle_engine *, const struct asked *); /* plans.c */

/* A component among those of several baselines; the caller frees. */
char *fettle_component_key (const json_t *component);
char *fettle_entry_key (const json_t *entry);

/* snapshots.c: {node's id: [{name, match, arch, version}]} of a snapshot. */
json_t *fettle_snapshot_former (struct fettle_engine *, const char *name, struct fettle_error *);

#endif
