/* firewalld.h - the backend for firewalld, in three parts: firewalld.c starts
 * and stops it, firewalld-rules.c adds, removes and lists rules for the queue,
 * firewalld-watch.c follows firewalld as it comes, reloads and goes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FIREWALLD_H
#define FETTLE_FIREWALLD_H

#include <event2/event.h>

#include "firewall/bus.h"
#include "firewall/firewall.h"
#include "firewall/rule-queue.h"
#include "firewall/zones.h"

#define FETTLE_FIREWALLD_PRIORITY 30630 /* and one more: see firewalld.c */

#define NAME   "org.fedoraproject.FirewallD1"
#define PATH   "/org/fedoraproject/FirewallD1"
#define ZONE   NAME ".zone"
#define CONFIG NAME ".config"

struct firewalld {
  struct event_base *base;
  const struct fettle_firewall_events *events;
  void *arg;
  struct fettle_bus *bus;
  struct fettle_rule_queue *queue;
  struct fettle_zones zones;
  struct event *calm;         /* signals come in bursts */
  bool runs, has_worked, asking;
  bool left_behind;           /* it ended with rules of ours */
  const char *why;            /* what is lost, to be told when it works again */
  /* The queue's call. */
  const struct fettle_rule_item *item;
  bool repeated;              /* it was there, and was removed first */
  struct fettle_zone_names names;
  size_t at_name;
  struct question *questions;
  /* stop */
  size_t awaited;
};

/* ---- firewalld-rules.c ---- */

extern const struct fettle_rule_driver fettle_firewalld_driver;

/* "rule priority=... accept" */
bool fettle_firewalld_rule (struct fettle_buf *ret, unsigned priority, unsigned family,
                            const char *address, const char *ports, const char *protocol);
bool fettle_firewalld_hole (struct fettle_buf *ret, unsigned priority, const struct fettle_hole *);

/* Splits the queue's "ZONE RULE"; returns the rule. */
const char *fettle_firewalld_split (const char *rule, char zone[FETTLE_ZONE_NAME]);

/* firewalld's errors begin with a word of their own. */
bool fettle_firewalld_failed_as (const sd_bus_error *, const char *word);

/* ---- firewalld-watch.c ---- */

/* fettle_bus_new's: there is a connection, or it is gone. */
void fettle_firewalld_on_bus (void *firewalld, bool connected);

/* Zones are asked for some moments after the last signal: they come in bursts. */
void fettle_firewalld_on_calm (evutil_socket_t, short what, void *firewalld);

#endif
