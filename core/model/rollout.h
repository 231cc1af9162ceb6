/* rollout.h - which nodes of a deployment may begin now.
 *
 * A state machine without clock, memory of its own beyond a run, or I/O: who
 * uses it says what happened and what time it is, and asks what may begin.
 * It can be made anew at any time from what is stored of each node (batch,
 * position, whether it began, ended, failed), and then says the same.
 *
 *  - Batches: nodes in their order are cut into batches by the rules' sizes,
 *    the last size again and again; a percentage is of all nodes, rounded up.
 *    One begins when all nodes of the one before have ended.
 *  - Failures: a node with a task that failed, or was blocked when its turn came,
 *    is a failed one.  As soon as more
 *    nodes have failed than the rules allow (a percentage is of all nodes,
 *    rounded down), nothing more begins; likewise when a batch has ended and,
 *    by percentage, more of the nodes up to there have failed.
 *  - Limits: nodes at work at a time: of all, of a type, a group, an
 *    enclosure.
 *  - Pairs: never two nodes with the same pair at a time.
 *  - Enclosures: of one enclosure, a node of a higher rank begins when all of
 *    lower ranks have ended.
 *  - Windows: a node begins while its window is open.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ROLLOUT_H
#define FETTLE_ROLLOUT_H

#include <jansson.h>

#include "util/error.h"

#define FETTLE_ROLLOUT_BATCHES 64 /* sizes that may be given */
#define FETTLE_ROLLOUT_RANKS   32

struct fettle_share {
  uint32_t value;
  bool percent;
};

/* "3" or "10%". */
bool fettle_share_parse (const char *text, size_t length, struct fettle_share *ret);

struct fettle_rollout_rules {
  struct fettle_share batches[FETTLE_ROLLOUT_BATCHES];
  size_t n_batches;             /* 0: all at once */
  bool limited;                 /* max_failures was given */
  struct fettle_share max_failures;
  bool pause_after_canary;
  bool approve;
  int64_t at;                   /* nothing begins before */
  char *window;                 /* of the job, as well as the nodes'; NULL: none */
  bool ignore_windows;          /* the nodes' ones */
  const json_t *max_parallel;   /* borrowed: {"all", "type", "type:NAME", ...: n} */
};

/* From a deployment's options, which it borrows: batch, max_failures,
 * pause_after_canary, approve, at, window, ignore_windows, max_parallel.
 * Others are not looked at. */
fettle_result fettle_rollout_rules_read (const json_t *options, struct fettle_rollout_rules *ret,
                                         struct fettle_error *);
void fettle_rollout_rules_clear (struct fettle_rollout_rules *);

/* Is this one of the members above? */
bool fettle_rollout_is_rule (const char *member);

enum fettle_rollout_state { FETTLE_ROLLOUT_WAITS, FETTLE_ROLLOUT_RUNS, FETTLE_ROLLOUT_ENDED };

struct fettle_rollout_node {
  const char *type, *group;     /* NULL or "": none; borrowed by the rollout */
  const char *window;           /* its own or its group's; NULL: none */
  const char *pair;             /* NULL or "": none */
  int64_t enclosure;            /* 0: none */
  uint32_t rank;                /* in its enclosure, < FETTLE_ROLLOUT_RANKS */
  size_t position;              /* fettle_rollout_arrange */
  uint32_t batch;               /* fettle_rollout_arrange: from 0 on */
  enum fettle_rollout_state state;
  bool failed;
};

/* Sets position and batch of each.  Nodes keep their order, but those of an
 * enclosure come together, by rank, where the first of them is. */
void fettle_rollout_arrange (const struct fettle_rollout_rules *, struct fettle_rollout_node *,
                             size_t n);

/* How many batches these nodes make. */
uint32_t fettle_rollout_batches (const struct fettle_rollout_rules *, size_t n);

struct fettle_rollout;

/* Nodes that were arranged, in any state; texts and rules are borrowed.  NULL:
 * no memory.  `canary_passed`: the pause after the first batch is over. */
struct fettle_rollout *fettle_rollout_new (const struct fettle_rollout_rules *,
                                           const struct fettle_rollout_node *, size_t n,
                                           bool canary_passed);
void fettle_rollout_free (struct fettle_rollout *);

enum fettle_rollout_answer {
  FETTLE_ROLLOUT_BEGIN,   /* this node; it counts as running now */
  FETTLE_ROLLOUT_WAIT,    /* until something that runs has ended */
  FETTLE_ROLLOUT_LATER,   /* until a time */
  FETTLE_ROLLOUT_CANARY,  /* until fettle_rollout_pass_canary */
  FETTLE_ROLLOUT_STOPPED, /* too many failed: nothing begins any more */
  FETTLE_ROLLOUT_DONE,    /* nothing is left that could begin */
};

enum fettle_rollout_answer fettle_rollout_next (struct fettle_rollout *, int64_t now,
                                                size_t *ret_node, int64_t *ret_until);

void fettle_rollout_failed (struct fettle_rollout *, size_t node); /* once or more often */
void fettle_rollout_ended (struct fettle_rollout *, size_t node);
/* It runs, and waits now again, e.g. for its window. */
void fettle_rollout_parked (struct fettle_rollout *, size_t node);
void fettle_rollout_pass_canary (struct fettle_rollout *);

/* May the running node begin something new now?  Else sets when to ask again. */
bool fettle_rollout_is_open (struct fettle_rollout *, size_t node, int64_t now, int64_t *ret_until);

/* The node's window is this now; borrowed. */
fettle_result fettle_rollout_set_window (struct fettle_rollout *, size_t node, const char *window,
                                         struct fettle_error *);

struct fettle_rollout_view {
  uint32_t batch, batches;      /* of the first node that hasn't ended: 0 .. batches */
  size_t nodes, waiting, running, ended, failed;
  bool stopped, canary;         /* canary: waits for fettle_rollout_pass_canary */
};
void fettle_rollout_look (const struct fettle_rollout *, struct fettle_rollout_view *ret);

/* Why it stopped, in a sentence. */
void fettle_rollout_stop_text (const struct fettle_rollout *, char *ret, size_t size);

/* How long it takes if each node takes its seconds and nothing fails or waits
 * for a window, a time or a person. */
int64_t fettle_rollout_duration (const struct fettle_rollout_rules *,
                                 const struct fettle_rollout_node *, const uint32_t *seconds,
                                 size_t n);

/* When it ends if it begins now, waits for its time and for windows, and
 * nothing fails; 0: not within so many seconds of its beginning.  steps (may
 * be NULL): what a node does one after the other, each of which begins only
 * while its window is open. */
#define FETTLE_ROLLOUT_HORIZON (60 * 86400)
int64_t fettle_rollout_forecast (const struct fettle_rollout_rules *,
                                 const struct fettle_rollout_node *, const uint32_t *seconds,
                                 const uint32_t *steps, size_t n, int64_t now);

#endif
