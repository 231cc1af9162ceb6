/* lease.h - what is open, for whom and how long.
 *
 * A lease is what one node needs in one phase of one job: some holes, until a
 * time.  Leases that need the same hole share it: it is opened with the first
 * and closed with the last of them.  The engine takes a lease just before a
 * call on a node and gives it back after; what it forgets ends by time.
 *
 *   fettle_leases_new, _load (rows of the journal), _settle    at start
 *   fettle_leases_take -> done -> the call -> _give_back       for each call
 *
 * What is wanted is written (hooks) before it is applied, so that a start
 * after a crash knows what may be open.  In the firewall itself a hole lives
 * some minutes at a time and is prolonged before they end: a service that
 * hangs leaves nothing open.
 *
 * Callbacks may take and give back, but not free the leases.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LEASE_H
#define FETTLE_LEASE_H

#include "firewall/firewall.h"

#define FETTLE_LEASE_HOLES_MAX 64 /* of one lease */

/* {node, job, phase} names it. */
struct fettle_lease {
  const char *node;  /* name or id */
  const char *job;   /* likewise; "" for what is opened by hand */
  uint32_t phase;
  int64_t until;     /* seconds since 1970 */
  const struct fettle_hole *holes; /* from, protocol, first, last, purpose count */
  size_t n;
};

/* Each is called before anything is changed in the firewall. */
struct fettle_lease_hooks {
  /* To be on disk when it returns; a failure fails the taking.  One that is
   * there already by its name is replaced. */
  fettle_result (*taken) (void *arg, const struct fettle_lease *, struct fettle_error *);
  /* Given back or ended; of a failure, the holes are closed all the same. */
  fettle_result (*ended) (void *arg, const struct fettle_lease *, bool by_time,
                          struct fettle_error *);
  void (*notice) (void *arg, const char *text); /* worth a line in the log */
  uint32_t lifetime_s; /* of a hole in the firewall, at a time; 0: ten minutes */
};

struct fettle_leases;

/* Starts the backend.  Options and hooks are borrowed for as long as it lives. */
fettle_result fettle_leases_new (struct event_base *, const struct fettle_backend *,
                                 const struct fettle_firewall_options *,
                                 const struct fettle_lease_hooks *, void *arg,
                                 struct fettle_leases **ret, struct fettle_error *);

/* Closes all holes; the hooks aren't called: the journal says what was wanted. */
void fettle_leases_free (struct fettle_leases *);

/* For look, gate, seen, trace. */
struct fettle_firewall *fettle_leases_firewall (struct fettle_leases *);

/* A row of the journal, without writing it again.  One that has ended is told
 * to the hook and left out. */
fettle_result fettle_leases_load (struct fettle_leases *, const struct fettle_lease *,
                                  struct fettle_error *);

/* Makes the firewall what the leases say, whatever it was.  `done` may be NULL. */
void fettle_leases_settle (struct fettle_leases *, fettle_firewall_done *, void *arg);

/* Takes it, or another length and other holes for it.  A failure is returned
 * at once (then `done` isn't called), or told to `done`; the lease isn't there
 * then.  `done` (may be NULL) comes from the event loop when all of its holes
 * are open. */
fettle_result fettle_leases_take (struct fettle_leases *, const struct fettle_lease *,
                                  fettle_firewall_done *, void *arg, struct fettle_error *);

/* Its holes are closed, but for those that others have too.  One that isn't
 * there is no failure; whoever waits for it is told ABORTED. */
void fettle_leases_give_back (struct fettle_leases *, const char *node, const char *job,
                              uint32_t phase);

/* All leases of a job. */
void fettle_leases_give_back_job (struct fettle_leases *, const char *job);

size_t fettle_leases_count (const struct fettle_leases *);

/* A hole of a lease.  Borrowed for the call. */
struct fettle_lease_row {
  const char *job;
  struct fettle_hole hole; /* node, phase, purpose, until are the lease's */
  struct fettle_hole_status status;
};

typedef void fettle_leases_status_done (void *arg, fettle_result, const char *text,
                                        const struct fettle_lease_row *, size_t n);
void fettle_leases_status (struct fettle_leases *, fettle_leases_status_done *, void *arg);

#endif
