/* inner.h - a backend that has its holes made by another one, the table of
 * fettle-gate, once the host's own firewall lets its mark through; until then
 * it uses a queue of rules.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_INNER_H
#define FETTLE_INNER_H

#include "firewall/rule-queue.h"

/* The first member of such a backend's state. */
struct fettle_inner {
  struct event_base *base;
  const struct fettle_backend *backend; /* NULL: the queue */
  void *state;
  struct fettle_rule_queue *queue;
  struct fettle_inner_answer *answers;
  struct fettle_inner_looking *looking; /* questions to the backend */
  bool settled;                         /* what a former life left in the queue's firewall is gone */
  const char *mends;                    /* setup does what says so in its `mend` */
  /* This one isn't there: may be NULL. */
  bool (*mended) (const void *inner, const struct fettle_obstacle *);
};

/* fettle-gate, if it can be had; false: it can't. */
bool fettle_inner_gate (struct fettle_inner *, const struct fettle_firewall_options *,
                        const struct fettle_firewall_events *, void *arg);
void fettle_inner_stop (struct fettle_inner *); /* both */

/* The backend's functions. */
void fettle_inner_open (void *, const struct fettle_hole *, size_t n, fettle_firewall_done *,
                        void *arg);
void fettle_inner_close (void *, const struct fettle_hole *, size_t n, fettle_firewall_done *,
                         void *arg);
void fettle_inner_settle (void *, const struct fettle_hole *, size_t n, fettle_firewall_done *,
                          void *arg);
void fettle_inner_status (void *, const struct fettle_hole *, size_t n,
                          fettle_firewall_status_done *, void *arg);
void fettle_inner_look (void *, fettle_firewall_look_done *, void *arg);
void fettle_inner_ports (void *, const struct fettle_port_span *, size_t n, fettle_firewall_done *,
                         void *arg);
void fettle_inner_seen (void *, fettle_firewall_seen_done *, void *arg);
void fettle_inner_trace (void *, const struct fettle_hole *, fettle_firewall_trace_done *,
                         void *arg);

#endif
