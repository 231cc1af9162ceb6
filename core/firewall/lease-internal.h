/* lease-internal.h - leases.h from inside: lease.c has the leases, lease-apply.c
 * what follows for the firewall, lease-status.c what is told about them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LEASE_INTERNAL_H
#define FETTLE_LEASE_INTERNAL_H

#include <event2/event.h>
#include <time.h>

#include "firewall/hole-table.h"
#include "firewall/lease.h"

struct lease {
  /* the key */
  const char *node, *job; /* in `names` */
  uint32_t phase;
  /* in the list of all */
  struct lease *next, **back;
  int64_t until;    /* seconds since 1970, for people and the journal */
  int64_t deadline; /* ms of our clock */
  /* who waits for it */
  fettle_firewall_done *done;
  void *arg;
  bool waits;
  size_t missing;   /* holes that aren't open yet, while somebody waits */
  char *names;
  size_t n;
  struct claim claims[];
};

/* Holes that were sent to be opened; `n` 1 after a failure of many. */
struct batch {
  struct fettle_leases *leases;
  struct batch *next, **back;
  size_t n;
  struct hole *holes[];
};

/* What somebody is to be told, when our own lists are in order again. */
struct told {
  struct told *next;
  fettle_firewall_done *done;
  void *arg;
  fettle_result code;
  char text[256];
};

struct status_call {
  struct fettle_leases *leases;
  struct status_call *next, **back;
  fettle_leases_status_done *done;
  void *arg;
  struct fettle_hole holes[];
};

struct fettle_leases {
  struct event_base *base;
  const struct fettle_lease_hooks *hooks;
  void *arg;
  struct fettle_firewall *firewall;
  struct hole_table holes;
  void *by_name;         /* tsearch's, of leases */
  struct lease *all;
  size_t n;
  void *purposes;        /* tsearch's, of strings: there are few different ones */
  struct hole *queue, **queue_end;
  struct batch *batches;
  struct status_call *status_calls;
  struct told *told, **told_end;
  struct event *work;    /* now: queue and told */
  struct event *timer;   /* later: deadlines */
  int64_t timer_at;      /* ms; INT64_MAX: not set */
};

/* ---- lease.c ---- */

/* Milliseconds of our clock: goes on while the machine sleeps, and isn't set
 * by anybody. */
int64_t fettle_lease_now (void);

/* Look at the deadlines then, or earlier. */
void fettle_leases_wake_at (struct fettle_leases *, int64_t ms);

/* Go through the queue, and tell, in the next turn of the loop. */
void fettle_leases_work_soon (struct fettle_leases *);
void fettle_leases_tell (struct fettle_leases *, fettle_firewall_done *, void *arg, fettle_result,
                         const char *text);
void fettle_lease_tell_waiter (struct fettle_leases *, struct lease *, fettle_result,
                               const char *text);
void fettle_leases_notice (struct fettle_leases *, const char *text);

/* Writes it down, tells who waits, gives up its holes, frees it. */
void fettle_lease_end (struct fettle_leases *, struct lease *, bool by_time, fettle_result,
                       const char *text);

/* ---- lease-apply.c ---- */

/* To be opened or closed, whichever it needs when its turn comes. */
void fettle_leases_enqueue (struct fettle_leases *, struct hole *);

/* Some of the queue: first what is closed, since that can be part of what is
 * opened. */
void fettle_leases_flush (struct fettle_leases *);

/* ms that a hole lives in the firewall at a time. */
int64_t fettle_leases_lifetime (const struct fettle_leases *);

/* How long somebody wants it; INT64_MIN: nobody does. */
int64_t fettle_hole_wanted_until (const struct hole *);

/* As the firewall is told, from now on. */
struct fettle_hole fettle_hole_out (const struct fettle_leases *, const struct hole *, int64_t now);

/* Opens it again if that is due; when it will be, or INT64_MAX. */
int64_t fettle_hole_prolong (struct fettle_leases *, struct hole *, int64_t now);

/* Of a batch whose answer won't come any more. */
void fettle_batch_free (struct batch *);

#endif
