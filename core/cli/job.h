/* job.h - following a job, and showing what became of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_JOB_H
#define FETTLE_CLI_JOB_H

#include "cli/client.h"

/* follow.c: shows the progress on stderr until the job has ended, and gives
 * it then.  Ctrl-C says that the job goes on without us; the second one ends
 * this program. */
fettle_result fettle_follow (struct fettle_cli *, struct fettle_client **, json_int_t id,
                             json_t **ret_job, struct fettle_error *);

/* Follows (unless --no-wait was given), prints the job's tasks, and returns
 * its exit code. */
int fettle_job_run (struct fettle_cli *, struct fettle_client **, const json_t *started);

/* Prints its number, and leaves it to the service. */
int fettle_job_leave (struct fettle_cli *, const json_t *started);

/* The tasks on stdout, the counts as a notice. */
fettle_result fettle_job_print (struct fettle_cli *, const json_t *job, struct fettle_error *);

/* "running 2, done 3" from {"running": 2, "done": 3}. */
void fettle_counts_text (const json_t *counts, char *ret, size_t size);

/* The words and what --selector means, for "nodes" of a body; ["all"] when there is neither. */
json_t *fettle_nodes_wanted (const struct fettle_args *);

/* bars.c: a block of lines at the end of the terminal, drawn over itself. */
struct fettle_bars {
  bool on;         /* stderr is a terminal */
  unsigned drawn;  /* lines there now */
};
struct fettle_bar {
  const char *name, *what; /* "web1", "installing: 3 of 5" */
  unsigned permille;
};
void fettle_bars_draw (struct fettle_bars *, const struct fettle_bar *, size_t n,
                       const struct fettle_bar *total);
/* Takes them away, before anything else is written. */
void fettle_bars_hide (struct fettle_bars *);
/* How many bars fit on the screen, the total not counted. */
size_t fettle_bars_room (void);

#endif
