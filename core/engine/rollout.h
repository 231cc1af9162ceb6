/* rollout.h - a deployment's rollout: the rules of model/rollout.h at work on
 * a job's lanes.  Within engine/.
 *
 * Of each node the store has batch, position, and whether it began; of the job
 * what a person has to end, and that the pause after the canary is over.  All
 * else follows from the tasks' states, so a start after a crash goes on with
 * the same batch, pause and limits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ENGINE_ROLLOUT_H
#define FETTLE_ENGINE_ROLLOUT_H

#include "engine/internal.h"
#include "model/rollout.h"

/* job->rollout */
struct rollout {
  struct fettle_rollout_rules rules;
  struct fettle_rollout *machine;
  struct lane **lanes;         /* that take part, by the machine's numbers */
  struct fettle_rollout_node *nodes;
  size_t n;
  json_t *kept, *limits;       /* what rules and nodes borrow */
  struct event *poke;
  char held[16];               /* "approval", "pause"; "": nothing a person has to end */
  char why[32];                /* what it waits for: held, "canary", "time", "window", "" */
  int64_t until;               /* of time and window; 0: not known */
  bool late;                   /* it waited: nodes may have changed meanwhile */
};

/* Lanes and tasks are there; `associated` (ids) weren't chosen, but belong to
 * nodes that were.  Begins. */
void fettle_job_rollout_begin (struct job *, const json_t *associated);
/* The same for one from the store. */
void fettle_job_rollout_load (struct job *);
void fettle_job_rollout_free (struct job *);

/* rollout-begin.c -> rollout.c: lanes and nodes are there. */
void fettle_job_rollout_start (struct job *, bool canary_passed);
/* Sets group, window, pair as they are now. */
void fettle_rollout_look_up (struct rollout *, struct fettle_engine *, int64_t node,
                             struct fettle_rollout_node *ret);

/* Something may begin now, or must end: looked at in the next pass. */
void fettle_job_rollout_poke (struct job *);

void fettle_job_rollout_failed (struct lane *);
void fettle_job_rollout_ended (struct lane *);
/* The lane has given back what it had, and waits. */
void fettle_job_rollout_parked (struct lane *);
/* May the lane begin its next component now? */
bool fettle_job_rollout_lets (struct lane *);

/* {"batch", "batches", ...} or null, for the API. */
json_t *fettle_job_rollout_json (const struct job *);

/* How long it would take, if nothing but the rules holds it up; and when it
 * would end, with the waiting for windows and a time: 0 if it wouldn't.
 * seconds, steps: of each of the nodes. */
int64_t fettle_job_rollout_estimate (struct fettle_engine *, const json_t *options,
                                     const json_t *nodes, const uint32_t *seconds,
                                     const uint32_t *steps, int64_t *ret_end);

#endif
