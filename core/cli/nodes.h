/* nodes.h - calls about several nodes, which the commands of nodes and groups
 * share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_NODES_H
#define FETTLE_CLI_NODES_H

#include "cli/client.h"
#include "cli/node-input.h"

/* {"nodes": [...]} of those that the selector means; NULL: all. */
fettle_result fettle_nodes_get (struct fettle_client *, const char *selector, json_t **ret,
                                struct fettle_error *);

/* The same change to each node that words and --selector name. */
fettle_result fettle_nodes_change (struct fettle_client *, const struct fettle_args *,
                                   const json_t *change, size_t *ret_n, struct fettle_error *);

/* Labels of what is at the path are changed one by one: `change` gets those
 * that aren't named, too, but for --unlabel's. */
fettle_result fettle_labels_merge (struct fettle_client *, const char *path,
                                   const struct fettle_args *, json_t *change,
                                   struct fettle_error *);

/* Adds them (their secrets stay the caller's to wipe), and says so. */
int fettle_nodes_add (struct fettle_cli *, json_t *nodes);

#endif
