/* sim.h - a fleet that isn't there: what its hardware knows.
 *
 * All of it is one file, mapped by the workers (sim.c) and by sim-fleet, which
 * makes it and later asks it what really happened.  A node is what was flashed
 * onto it and when: its ledger.  What it answers follows from the ledger, its
 * rule and the time, so nothing is lost with a worker, and an installation
 * that happened twice, or never, stands there whatever Fettle believes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SIM_H
#define SIM_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SIM_MAGIC      0x73696d33u
#define SIM_COMPONENTS 4
#define SIM_LEDGER     12
#define SIM_OLD        1 /* versions are 1.0 ... */
#define SIM_NEW        2 /* ... and 2.0 */

enum sim_rule {
  SIM_GOOD,
  SIM_REJECTS,  /* refuses the image of one component */
  SIM_BREAKS,   /* the update of one component fails half-way */
  SIM_LIES,     /* says that it updated one component, and didn't */
  SIM_BLINKS,   /* can't be reached for a while during the update */
  SIM_VANISHES, /* can't be reached any more from then on */
};

enum sim_kind { SIM_SERVER, SIM_MANAGER, SIM_INTERCONNECT };

struct sim_entry {
  _Atomic uint32_t is_written;
  uint32_t component, to;
  uint32_t reserved;
  int64_t since;        /* ms, monotonic */
  _Atomic int64_t seen; /* when the end was seen; 0: not yet */
  char operation[48];
};

struct sim_node {
  uint32_t rule, component; /* the rule is about that component */
  _Atomic uint32_t n_entries;
  _Atomic uint32_t uploads;
  _Atomic uint32_t restarts, looks; /* begun, and how often it was asked whether it is over */
  _Atomic uint32_t down;            /* as long as that is set, a restart doesn't end */
  uint32_t kind;
  uint32_t parent; /* the manager's row + 1, which tells of this one; 0: none */
  uint32_t pair;   /* the same for both halves; 0: none */
  uint32_t tpm;    /* 1: it has one that is on; 2: which disks depend on */
  struct sim_entry ledger[SIM_LEDGER];
};

struct sim_fleet {
  uint32_t magic, n_nodes;
  _Atomic uint32_t flash_ms; /* how long an update takes */
  uint32_t poll_s;           /* when to look again; 0: the call waits itself */
  uint64_t seed;
  struct sim_node nodes[];
};

static inline void
sim_address (unsigned long node, char *ret, size_t size)
{
  snprintf (ret, size, "127.%lu.%lu.%lu", node / 62500 + 1, node / 250 % 250, node % 250 + 1);
}

static inline int64_t
sim_now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline uint32_t
sim_entries (struct sim_node *n)
{
  uint32_t count = atomic_load (&n->n_entries);

  return count < SIM_LEDGER ? count : SIM_LEDGER;
}

/* NULL: that slot isn't written, or was lost with its writer. */
static inline struct sim_entry *
sim_entry (struct sim_node *n, uint32_t i)
{
  return i < sim_entries (n) && atomic_load (&n->ledger[i].is_written) ? &n->ledger[i] : NULL;
}

static inline int
sim_is_over (const struct sim_fleet *f, const struct sim_entry *e, int64_t now)
{
  return now - e->since >= (int64_t) f->flash_ms;
}

/* The update of this component does what it should. */
static inline int
sim_takes (const struct sim_node *n, uint32_t component)
{
  return component != n->component || (n->rule != SIM_BREAKS && n->rule != SIM_LIES);
}

static inline uint32_t
sim_version (const struct sim_fleet *f, struct sim_node *n, uint32_t component, int64_t now)
{
  uint32_t version = SIM_OLD;

  for (uint32_t i = 0; i < sim_entries (n); i++) {
    const struct sim_entry *e = sim_entry (n, i);

    if (e && e->component == component && sim_is_over (f, e, now) && sim_takes (n, component))
      version = e->to;
  }
  return version;
}

static inline int
sim_is_reachable (const struct sim_fleet *f, struct sim_node *n, int64_t now)
{
  if (n->rule != SIM_BLINKS && n->rule != SIM_VANISHES)
    return 1;
  for (uint32_t i = 0; i < sim_entries (n); i++) {
    const struct sim_entry *e = sim_entry (n, i);

    if (e && e->component == n->component && now - e->since >= (int64_t) f->flash_ms / 2
        && (n->rule == SIM_VANISHES || now - e->since < 5 * (int64_t) f->flash_ms))
      return 0;
  }
  return 1;
}

#endif
