/* plan.h - inventory x baseline: what would be done to a node, and why.
 *
 * A pure function of JSON values in the API's shapes (docs/api.md: item,
 * component, options, entry).  Every component that could concern the node
 * gets an entry, so the plan also says why something is not done.  Entries
 * come in the order in which they are to be deployed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PLAN_H
#define FETTLE_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "util/error.h"

/* `components`: array of component objects, each with "baseline" (its name)
 * added.  A new array of entries; NULL only when out of memory. */
json_t *fettle_plan_entries (const char *node_type, const json_t *items, const json_t *components,
                             const json_t *options);

/* upgrade, downgrade, rewrite, install: this entry is deployed. */
bool fettle_plan_deploys (const json_t *entry);

/* Seconds that a component is expected to take. */
uint32_t fettle_plan_seconds (const json_t *component);

/* What these entries cost on one node: seconds, and how often it restarts
 * under the policy "never", "if-needed", "always" (NULL: never). */
uint32_t fettle_plan_cost (const json_t *entries, const char *reboot, uint32_t *ret_restarts);

/* What of a plan's array of nodes isn't so any more in another one, in
 * sentences, at most `max` of them and "... and N more". */
json_t *fettle_plan_differences (const json_t *before, const json_t *now, size_t max);

/* For going back: of the components, those that are just the version that was
 * there.  `wanted`: objects {name, match, arch, version}.  Sets a list of those
 * that no component brings back. */
json_t *fettle_plan_former (const json_t *components, const json_t *wanted, json_t **ret_missing);

/* Checks an options object: unknown members, wrong types and values. */
fettle_result fettle_plan_options_check (const json_t *options, struct fettle_error *);

/* {action: how many} over the entries of `nodes` (the plan's array). */
json_t *fettle_plan_counts (const json_t *nodes);

/* SHA-256 (64 hex digits) of what the plan would do, whatever the time or the
 * order of members.  `nodes`: the plan's array. */
void fettle_plan_hash (const json_t *nodes, char ret_hex[65]);

/* The first item that has one of the words of `match` and fits `arch` (NULL:
 * any), with the lowest version where several do; NULL if none. */
const json_t *fettle_plan_find_item (const json_t *items, const char *match, const char *arch);

#endif
