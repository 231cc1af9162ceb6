/* node.h - a deployment's run folder on the node: deploy.sh from C.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LINUX_NODE_H
#define FETTLE_LINUX_NODE_H

#include "linux.h"

#define NODE_FILES_MAX 64

/* Of the run folder. */
enum node_state {
  NODE_UNKNOWN,  /* the node didn't say */
  NODE_ABSENT,
  NODE_LOADED,   /* there; nothing was started */
  NODE_RUNNING,
  NODE_FINISHED,
  NODE_DEAD,     /* started, and gone without a result */
};

struct node {
  struct linux_call *call;
  const struct fettle_image *image; /* NULL: look and clean up only */
  char base[200], folder[256];
  uint32_t lock_wait;

  /* What it said last. */
  enum node_state state;
  uint64_t have[NODE_FILES_MAX]; /* bytes of each file that are there */
  int64_t free_kib;              /* -1: unknown */
  char step[200], refused[600], damaged[256], why[920], kind[16], pid[16];
  int status, reboot;
  struct text log;
};

/* Checks the setting work_folder and the operation's name. */
fettle_result node_init (struct node *, struct linux_call *, const struct fettle_image *);
void node_clear (struct node *);

/* "prepare", "start", "poll", "abandon" or "remove", in one round trip; waits
 * at most so many seconds for the runner's end. */
fettle_result node_do (struct node *, const char *verb, uint32_t wait_s);

#endif
