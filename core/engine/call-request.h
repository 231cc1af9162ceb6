/* call-request.h - what a worker is told: the request of plugin/wire.h, with
 * everything that the store knows of the node filled in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CALL_REQUEST_H
#define FETTLE_CALL_REQUEST_H

#include "engine/internal.h"
#include "plugin/wire.h"
#include "ports/ports.h"

struct fettle_call_request {
  json_t *json;
  int fds[FETTLE_WIRE_FDS];
  size_t n_fds;
};

/* For lane->what, at an address that is a literal.  Also after a failure
 * `ret` (zeroed before) is to be cleared. */
fettle_result fettle_call_request_make (struct lane *, const char *address,
                                        struct fettle_call_request *ret, struct fettle_error *);

/* The ports that a call of this type may connect to, for these settings of the
 * node: how many were written. */
size_t fettle_call_ranges (const struct fettle_node_type *, const json_t *settings, uint32_t phase,
                           struct fettle_port_range *ret, size_t max);
/* The same, as a request has them. */
json_t *fettle_call_ports (const struct fettle_node_type *, const json_t *settings, uint32_t phase);

/* Wipes the credentials, closes the descriptors. */
void fettle_call_request_clear (struct fettle_call_request *);

#endif
