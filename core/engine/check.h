/* check.h - one node of a check: what is asked of it, and what was seen.
 * Within engine/: check.c makes the job and its tasks, check-lane.c looks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CHECK_H
#define FETTLE_CHECK_H

#include "check/arrivals.h"
#include "check/probe.h"
#include "check/verdict.h"
#include "engine/internal.h"
#include "firewall/lease.h"
#include "ports/ports.h"
#include "serve/callback.h"

/* One port in one direction: one task. */
struct check_row {
  struct check *check;
  const struct fettle_port *row;
  uint32_t protocol;
  uint16_t port, declared;
  struct fettle_probe *probe, *probe_declared;
  struct fettle_probe_seen seen, seen_declared;
  bool has_declared;
};

/* lane->check */
struct check {
  struct lane *lane;
  const struct fettle_node_type *type;
  char address[FETTLE_PEER_MAX]; /* literal */
  char ours[FETTLE_PEER_MAX];    /* ours toward it, "" when there is no way */
  struct check_row *rows;        /* in the order of the lane's tasks */
  size_t n_rows;
  size_t probes;                 /* under way */
  size_t at;                     /* the row being looked at from the node */
  struct fettle_callback *callback;
  struct fettle_arrivals *arrivals;

  /* Of the firewall's counts, when this service's gate is at work. */
  struct check_ask *ask;            /* under way */
  struct fettle_hole_trace before, after;
  bool traced;
  char stranger[INET6_ADDRSTRLEN];  /* refused at the row's port; "" none */
  fettle_result said_code;          /* reach_back's, until the counts have come */
  char said[1024];
};

/* The verdict becomes the task's end, and part of its spec. */
void fettle_check_verdict (struct check_row *, struct task *, const struct fettle_verdict *);
/* All tasks that haven't ended do so, and the lane. */
void fettle_check_end_all (struct lane *, const char *state, const struct fettle_error *);

/* "SSH-" for what is declared at port 22; NULL where nobody speaks first. */
const char *fettle_check_greeting (const struct fettle_port *);

/* check-gate.c: asks the gate, if there is one, for its counts of the row that
 * is looked at; `then` comes after, perhaps from within. */
void fettle_check_count (struct check *, struct fettle_hole_trace *ret,
                         void (*then) (struct lane *));
void fettle_check_forget (struct check *);

void fettle_check_begin (struct lane *); /* check-lane.c */

#endif
