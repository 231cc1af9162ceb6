/* request.h - is a packet a request, and one that we grant?
 *
 * Pure functions.  What comes out of fettle_request_check can be acted on
 * without looking at it again: counts fit, unused bytes are zero, addresses
 * can be a node's, lifetimes are bounded, ports are those we were started for.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_REQUEST_H
#define FETTLE_GATE_REQUEST_H

#include "gate/base.h"

#define FETTLE_GATE_PACKET \
  (sizeof (struct fettle_gate_head) + FETTLE_GATE_BATCH * sizeof (struct fettle_gate_hole))

struct fettle_spans {
  struct fettle_gate_span spans[FETTLE_GATE_PORTS_MAX];
  size_t n;
};

/* Of what a gate may open: given when it is started, never by a request. */
struct fettle_gate_policy {
  struct fettle_spans allowed; /* what PORTS can name */
  struct fettle_spans gated;   /* what the last PORTS named: what OPEN can name */
  uint32_t mark;               /* one bit */
};

struct fettle_request {
  struct fettle_gate_head head;
  const struct fettle_gate_hole *holes; /* of OPEN, CLOSE, STATUS, TRACE; borrowed */
  const struct fettle_gate_span *spans; /* of PORTS; borrowed */
};

/* `packet` is aligned for uint64_t.  On failure `ret->head` is set as far as
 * there was one, so that it can be answered. */
enum fettle_gate_result fettle_request_check (const void *packet, size_t size,
                                              const struct fettle_gate_policy *,
                                              struct fettle_request *ret, struct fettle_why *);

/* "tcp/63001,udp/137-138" */
bool fettle_spans_parse (const char *text, struct fettle_spans *ret);

/* Is each port of the span in one of those? */
bool fettle_spans_cover (const struct fettle_spans *, const struct fettle_gate_span *);

#endif
