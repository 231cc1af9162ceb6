/* holes.h - this host's firewall, within engine/: holes.c opens it for lanes,
 * browsers.c for browsers, holes-api.c by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_HOLES_H
#define FETTLE_HOLES_H

#include "engine/internal.h"
#include "firewall/lease.h"
#include "ports/ports.h"

/* What the leases borrow for as long as they live. */
struct holes {
  struct fettle_listen_ports listen;
  struct fettle_port_span spans[5];
  struct fettle_firewall_options options;
};

/* The listeners' ports, and those behind them, of the settings. */
fettle_result fettle_listen_ports_of (const struct fettle_settings *, struct fettle_listen_ports *ret,
                                      struct fettle_error *);

/* engine->leases is there from now on; its backend starts when it is first
 * needed. */
fettle_result fettle_holes_need (struct fettle_engine *, struct fettle_error *);

/* Holes for the rows from the target; returns how many. */
size_t fettle_holes_of (struct fettle_engine *, const struct fettle_node_type *,
                        const char *address, uint32_t phase,
                        struct fettle_hole ret[FETTLE_LEASE_HOLES_MAX], struct fettle_error *);

/* ---- browsers.c ---- */

#define FETTLE_BROWSERS_JOB "service" /* of their leases: no job's number */

/* The API listens for others than this host. */
bool fettle_api_is_remote (const struct fettle_settings *);
/* Holes for browsers are wanted for as long as the service runs. */
bool fettle_browsers_wanted (const struct fettle_settings *);

#endif
