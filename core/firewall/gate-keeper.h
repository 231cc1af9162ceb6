/* gate-keeper.h - keeps a fettle-gate running, as long as we do.
 *
 * Should it end, it is started anew, its ports are shut again, and what it
 * hadn't answered is asked again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_GATE_KEEPER_H
#define FETTLE_GATE_KEEPER_H

#include "firewall/gate-client.h"

struct fettle_gate_keeper;

struct fettle_gate_keeper_events {
  /* It answers.  `again`: it isn't the first; holes of the former are gone. */
  void (*works) (void *arg, bool again, const struct fettle_gate_state *);
  void (*notice) (void *arg, const char *text);
};

/* Options are borrowed. */
fettle_result fettle_gate_keeper_new (struct event_base *, const struct fettle_firewall_options *,
                                      const struct fettle_gate_keeper_events *, void *arg,
                                      struct fettle_gate_keeper **ret, struct fettle_error *);

/* It ends by itself when we are gone; waits for that, at most a second. */
void fettle_gate_keeper_free (struct fettle_gate_keeper *);

struct fettle_gate_client *fettle_gate_keeper_client (struct fettle_gate_keeper *);

/* For the next one that is started; tells nothing to the one that runs. */
void fettle_gate_keeper_ports (struct fettle_gate_keeper *, const struct fettle_gate_span *,
                               size_t n);

#endif
