/* nodes-file.h - nodes for a plan, out of a file or of the service's answer.
 *
 * A line is "address,type[,name[,setting=value...]]"; blanks may stand instead
 * of commas; lines that begin with '#' are skipped.  With a first line of titles
 * (address, type, name, settings; others are passed over), as lists for
 * `node add` have, the columns may be in any order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_NODES_FILE_H
#define FETTLE_NODES_FILE_H

#include "plugin/load.h"
#include "ports/ports.h"

/* What a port setting of a node moves. */
struct fettle_moved {
  uint16_t declared, moved;
};

/* With the strings and settings that the nodes borrow. */
struct fettle_plan_nodes {
  struct fettle_port_node *nodes;
  size_t n, room;
  size_t n_left_out;  /* of the service's nodes: their type isn't known yet */
  size_t n_no_route;  /* our_address is "", since this host has no route */
};

/* path: "-" is standard input. */
fettle_result fettle_plan_nodes_read (struct fettle_plan_nodes *, const char *path,
                                      const struct fettle_plugins *, struct fettle_error *);

/* The array "nodes" of GET /nodes. */
fettle_result fettle_plan_nodes_json (struct fettle_plan_nodes *, const json_t *nodes,
                                      const struct fettle_plugins *, struct fettle_error *);

/* The setting browsers: addresses separated by spaces. */
fettle_result fettle_plan_nodes_browsers (struct fettle_plan_nodes *, const char *addresses,
                                          struct fettle_error *);

void fettle_plan_nodes_clear (struct fettle_plan_nodes *);

#endif
