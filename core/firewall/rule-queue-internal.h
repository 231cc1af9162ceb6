/* rule-queue-internal.h - what rule-queue.c (calls in their order, time) and
 * rule-steps.c (what becomes of one of them) share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_RULE_QUEUE_INTERNAL_H
#define FETTLE_RULE_QUEUE_INTERNAL_H

#include <event2/event.h>

#include "firewall/known-rules.h"
#include "firewall/rule-queue.h"

enum kind { OPEN, CLOSE, EXPIRE, SETTLE };
enum phase { START, ADDING, SWAPPING, REMOVING, LISTING, CLEARING };

/* A call of ours. */
struct op {
  struct op *next;
  enum kind kind;
  struct fettle_hole *holes;
  size_t n, at;
  fettle_firewall_done *done;
  void *arg;
  fettle_result code;
  char text[1024];
};

/* A status that was asked for, until the next turn of the loop. */
struct reply {
  struct reply *next;
  struct fettle_hole_status *statuses;
  size_t n;
  fettle_firewall_status_done *done;
  void *arg;
};

/* One item of the driver's call. */
struct job {
  struct fettle_hole hole;
  char *rule;
  unsigned twin;
};

struct fettle_rule_queue {
  const struct fettle_rule_driver *driver;
  void *driver_arg;
  struct event *kick, *clock;
  struct fettle_known_rules known;
  struct op *ops, **last;
  struct reply *replies, **last_reply;
  /* The call that is under way. */
  enum phase phase;
  bool busy, answered, paused;
  fettle_result code;
  char text[1024];
  struct job *jobs;               /* driver->batch of them */
  struct fettle_rule_item *items;
  size_t n_jobs;
  /* SETTLE */
  struct fettle_rule_list listed;
  size_t at_listed;
};

/* ---- rule-steps.c ---- */

/* Begins the next call of the driver; false: the operation is through. */
bool fettle_rule_steps_go_on (struct fettle_rule_queue *, struct op *);
/* The driver's call has ended. */
void fettle_rule_steps_answered (struct fettle_rule_queue *, struct op *);
/* Nothing is under way any more. */
void fettle_rule_steps_clear (struct fettle_rule_queue *);

#endif
