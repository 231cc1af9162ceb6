/* check.h - one node of a check: what is asked of it, and what was seen.
 * Within engine/: check.c makes the job and its tasks, check-lane.c looks,
 * deploy-check.c is what a deployment looks at before its first task, ways.c
 * keeps what was found blocked.
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

struct check_row;

/* Whose check it is. */
struct check_user {
  void (*looking) (struct check_row *);
  void (*verdict) (struct check_row *, const struct fettle_verdict *);
  /* Each row has its verdict; or it was given up, and why. */
  void (*ended) (struct lane *, const struct fettle_error *);
};

/* One port in one direction. */
struct check_row {
  struct check *check;
  struct task *task; /* the row's own, or one that hears of it */
  const struct fettle_port *row;
  uint32_t protocol;
  uint16_t port, declared;
  uint16_t first, last; /* data_ports, of which any free one is looked at; 0: no such row */
  struct fettle_probe *probe, *probe_declared;
  struct fettle_probe_seen seen, seen_declared;
  bool has_declared;
  struct fettle_error error; /* it couldn't be looked at */
};

/* lane->check */
struct check {
  struct lane *lane;
  const struct check_user *user;
  const struct fettle_node_type *type;
  char address[FETTLE_PEER_MAX]; /* literal */
  char ours[FETTLE_PEER_MAX];    /* ours toward it, "" when there is no way */
  struct check_row *rows;
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
  char said[1024];                  /* what is known of the node's attempt, "" nothing */

  struct {                          /* deploy-check.c */
    void (*then) (struct lane *);
    unsigned looks;
    struct fettle_error why;        /* it isn't begun; OK: nothing blocked so far */
  } deployment;
};

/* What is to be looked at of the lane's node: one flow for each port and
 * direction. */
fettle_result fettle_check_flows (struct lane *, uint32_t phases, struct fettle_flows *ret,
                                  struct fettle_error *);
/* lane->check, of these flows; the tasks of its rows are the caller's to set. */
void fettle_check_new (struct lane *, const struct fettle_flows *, const struct check_user *);

/* All tasks that haven't ended do so, and the lane. */
void fettle_check_end_all (struct lane *, const char *state, const struct fettle_error *);

/* ways.c: remembers what was found blocked, forgets what is open; of ways that
 * a plugin needs, and ways back that it does without: by pushing. */
bool fettle_way_matters (const struct fettle_port *);
void fettle_way_found (const struct check_row *, const struct fettle_verdict *);

/* "SSH-" for what is declared at port 22; NULL where nobody speaks first. */
const char *fettle_check_greeting (const struct fettle_port *);

const char *fettle_protocol_name (uint32_t); /* "tcp", "udp" */

/* check-gate.c: asks the gate, if there is one, for its counts of the row that
 * is looked at; `then` comes after, perhaps from within. */
void fettle_check_count (struct check *, struct fettle_hole_trace *ret,
                         void (*then) (struct lane *));
void fettle_check_forget (struct check *);

void fettle_check_begin (struct lane *); /* check-lane.c */

#endif
