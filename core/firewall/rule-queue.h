/* rule-queue.h - holes as rules of a manager that takes them one call at a
 * time: what backends for such managers have in common.
 *
 * The backend is a driver: it says what a hole's rule looks like, adds,
 * removes and lists rules.  The queue keeps calls in their order, remembers
 * which rules are there, and makes open, close and settle of them.  One call
 * of the driver is under way at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_RULE_QUEUE_H
#define FETTLE_RULE_QUEUE_H

#include "firewall/firewall.h"

struct fettle_rule_queue;

/* What opening again does to a rule that is there. */
enum fettle_reopen {
  FETTLE_REOPEN_KEEP,  /* nothing: rules last, and the queue removes them in time */
  FETTLE_REOPEN_AGAIN, /* it is added again, which prolongs it */
  FETTLE_REOPEN_SWAP,  /* its twin is added, then it is removed: never a moment without */
};

struct fettle_rule_item {
  const char *rule;
  const struct fettle_hole *hole; /* NULL: left over from a former life */
};

/* add, remove and list begin something and call fettle_rule_queue_done once,
 * at once or later; what they are given lasts until then. */
struct fettle_rule_driver {
  enum fettle_reopen reopen;
  size_t batch; /* items at a time; SWAP: 1 */

  /* The rule's text, by which it is known.  Twin 1 is another text for the
   * same hole (SWAP). */
  fettle_result (*rule) (void *driver, const struct fettle_hole *, unsigned twin,
                         struct fettle_buf *ret, struct fettle_error *);
  /* One that is there already is no failure. */
  void (*add) (void *driver, const struct fettle_rule_item *, size_t n);
  /* One that isn't there is no failure. */
  void (*remove) (void *driver, const struct fettle_rule_item *, size_t n);
  /* All of ours, by fettle_rule_queue_listed. */
  void (*list) (void *driver);
};

struct fettle_rule_queue *fettle_rule_queue_new (struct event_base *,
                                                 const struct fettle_rule_driver *, void *driver);
void fettle_rule_queue_free (struct fettle_rule_queue *); /* nobody is answered any more */

/* The backend's functions. */
void fettle_rule_queue_open (struct fettle_rule_queue *, const struct fettle_hole *, size_t n,
                             fettle_firewall_done *, void *arg);
void fettle_rule_queue_close (struct fettle_rule_queue *, const struct fettle_hole *, size_t n,
                              fettle_firewall_done *, void *arg);
void fettle_rule_queue_settle (struct fettle_rule_queue *, const struct fettle_hole *, size_t n,
                               fettle_firewall_done *, void *arg);
/* From memory, in the next turn of the loop. */
void fettle_rule_queue_status (struct fettle_rule_queue *, const struct fettle_hole *, size_t n,
                               fettle_firewall_status_done *, void *arg);

/* For the driver.  A failure concerns all items of the call. */
void fettle_rule_queue_done (struct fettle_rule_queue *, fettle_result, const char *text);
void fettle_rule_queue_listed (struct fettle_rule_queue *, const char *rule);

/* Calls are kept, and the driver isn't called, until it is over. */
void fettle_rule_queue_pause (struct fettle_rule_queue *, bool paused);

/* The manager lost all of its rules. */
void fettle_rule_queue_forget (struct fettle_rule_queue *);

size_t fettle_rule_queue_size (const struct fettle_rule_queue *); /* rules that are there */

/* Those rules, and one that is just being added. */
void fettle_rule_queue_each (const struct fettle_rule_queue *,
                             void (*f) (void *arg, const char *rule), void *arg);

#endif
