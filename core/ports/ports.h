/* ports.h - from declared ports to everything that follows from them.
 *
 * Pure functions: no I/O, no clock, no global state.  What a node type
 * declares (struct fettle_port) and what nodes there are go in; flows, rules,
 * listeners and the port table come out.
 *
 * A flow is one connection that has to be possible: who opens it, from where
 * to where, on which ports, and which row of which plugin wants it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PORTS_H
#define FETTLE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fettle/plugin.h>

#include "util/buf.h"
#include "util/error.h"

/* The numbers behind FETTLE_LISTEN_*: settings port, ssl_port, ftp_port.
 * 0: that listener is off, and a row that wants it makes no flow.  Behind a
 * listener may be more ports: HTTP downloads move to data_ports, passive FTP
 * to ftp_data_ports; both ends 0: they don't. */
struct fettle_listen_ports {
  uint16_t http, https, ftp;
  uint16_t data_first, data_last;
  uint16_t ftp_data_first, ftp_data_last;
};

/* "63010-63041" or "63010"; "" is 0, 0.  Both ends are above 1023. */
fettle_result fettle_parse_port_range (const char *text, uint16_t *ret_first, uint16_t *ret_last,
                                       struct fettle_error *);

/* Browsers on other machines, as if they were nodes: they need our HTTP and
 * HTTPS ports.  For a fettle_port_node of each address in setting browsers. */
extern const struct fettle_node_type fettle_browser_type;

/* Does the plugin count on it?  If not, a closed one is no failure. */
bool fettle_port_is_needed (const struct fettle_port *);

/* A node, as far as ports matter.  Borrowed. */
struct fettle_port_node {
  const char *name;
  const char *address;               /* literal; "" when it isn't known yet */
  const char *our_address;           /* ours as the node sees it; "" likewise */
  const char *plugin;                /* name */
  const struct fettle_node_type *type;
  /* A port setting of the node: what a declared TCP port is moved to, or 0. */
  uint16_t (*moved) (const struct fettle_port_node *, uint16_t declared);
  const void *opaque;                /* for moved */
};

struct fettle_flow {
  const struct fettle_port_node *node;
  const struct fettle_port *row; /* who declared it, and why */
  uint32_t phase;                /* FETTLE_INVENTORY or FETTLE_DEPLOYMENT */
  bool from_node;                /* the node connects to us */
  uint32_t protocol;
  uint16_t first, last;          /* at who listens */
};

struct fettle_flows {
  struct fettle_flow *flows;
  size_t n, room;
};

/* All flows of these nodes in these phases (or-ed), in the order of nodes,
 * then rows, then phases.  `ret` is to be cleared by fettle_flows_clear. */
fettle_result fettle_flows_derive (const struct fettle_port_node *nodes, size_t n_nodes,
                                   uint32_t phases, const struct fettle_listen_ports *,
                                   struct fettle_flows *ret, struct fettle_error *);
void fettle_flows_clear (struct fettle_flows *);

/* Bits 1 << FETTLE_LISTEN_*: the listeners that these flows need. */
uint32_t fettle_flows_listeners (const struct fettle_flows *);

/* What a worker may connect to: the node type's rows to the target, moved by
 * the node's settings.  Writes at most `max` ranges, returns how many. */
struct fettle_port_range {
  uint32_t protocol;
  uint16_t declared_first, declared_last; /* what the plugin says */
  uint16_t first, last;                   /* what is connected to */
};
size_t fettle_ports_allowed (const struct fettle_port_node *, uint32_t phase,
                             struct fettle_port_range *ret, size_t max);

/* ---- Rules: flows put together, for a firewall or a network team. ---- */

/* Where a rule goes: this host, the node, or what is in between. */
enum fettle_place {
  FETTLE_PLACE_HERE,
  FETTLE_PLACE_NODE,
  FETTLE_PLACE_BETWEEN,
};

struct fettle_rule {
  enum fettle_place place;
  bool ingress;             /* at that place; BETWEEN: always false */
  bool from_node;           /* the node opens the connection */
  uint32_t protocol;
  uint16_t first, last;     /* destination ports */
  const char *from, *to;    /* addresses; borrowed from the nodes */
  const char *node;         /* which node's sake */
  const char *type;         /* its node type's name */
  const char *purpose;
  bool optional;
  uint32_t phases;          /* or-ed: the same rule for both is one rule */
};

struct fettle_rules {
  struct fettle_rule *rules;
  size_t n, room;
};

/* All of HERE, then of NODE, then of BETWEEN, each in the flows' order.  What
 * is asked for twice (in both phases, by two nodes at one address) is one rule,
 * with the first one's purpose; it is optional if all of them are. */
fettle_result fettle_rules_derive (const struct fettle_flows *, struct fettle_rules *ret,
                                   struct fettle_error *);
void fettle_rules_clear (struct fettle_rules *);

/* ---- The port table of the manual, from declarations alone. ---- */

enum fettle_format { FETTLE_FORMAT_TABLE, FETTLE_FORMAT_CSV, FETTLE_FORMAT_JSON,
                     FETTLE_FORMAT_TEXT, FETTLE_FORMAT_HTML,
                     /* rules of other firewalls: firewall/export.h */
                     FETTLE_FORMAT_NFT, FETTLE_FORMAT_IPTABLES, FETTLE_FORMAT_FIREWALLD,
                     FETTLE_FORMAT_UFW, FETTLE_FORMAT_NETSH, FETTLE_FORMAT_POWERSHELL,
                     FETTLE_FORMAT_ESXCLI, FETTLE_FORMAT_AWS_SG, FETTLE_FORMAT_CISCO_ACL,
                     /* nodes as an inventory of Ansible */
                     FETTLE_FORMAT_INI, FETTLE_FORMAT_YAML,
                     /* reports */
                     FETTLE_FORMAT_XML, FETTLE_FORMAT_JUNIT,
                     /* fettle plugin check */
                     FETTLE_FORMAT_TAP,
                     FETTLE_FORMAT_LAST = FETTLE_FORMAT_TAP };

/* One row: node types of a plugin that need the same, in `position` order;
 * behind them what can be run from Linux, too (FETTLE_HOST_LINUX_TOO).
 * All that a valid descriptor can hold fits. */
struct fettle_table_row {
  char hosts[32];       /* "Windows or Linux" */
  char types[4096];     /* "iLO, VC, FC switch, SAS switch" */
  char cells[4][4096];  /* inventory to, from; deployment to, from: "22 (80) 443", "None" */
};

/* `type` and `phase` 0/NULL: all; cells of another phase are "".  Returns rows
 * in a new array, to be freed. */
fettle_result fettle_port_table (const struct fettle_plugin *const *plugins, size_t n_plugins,
                                 const char *type, uint32_t phase,
                                 const struct fettle_listen_ports *,
                                 struct fettle_table_row **ret, size_t *ret_n,
                                 struct fettle_error *);

#endif
