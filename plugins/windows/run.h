/* run.h - programs on the node: a folder of our own, a service that runs
 * target.exe in it, its answer in files (target/README).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_RUN_H
#define WINDOWS_RUN_H

#include "inventory.h"
#include "bytes.h"

#define RUN_SHARE "ADMIN$"

enum {
  RUN_ABSENT,   /* neither folder nor service */
  RUN_LOADED,   /* a folder, and nothing has been started */
  RUN_RUNNING,
  RUN_FINISHED, /* the result is there */
  RUN_DEAD      /* it was started, ended, and left no result */
};

struct run {
  const struct win *w;
  char name[64];       /* of service and folder */
  char folder[80];     /* below ADMIN$ */
  uint32_t start;      /* SVC_DEMAND or SVC_AUTO */
  /* What run_look found: */
  int state;
  int timed_out;
  uint32_t exit;       /* of the command */
  char failed[80];     /* what target.exe couldn't do; "": it could */
  uint32_t failed_code;
  uint32_t service_exit;
};

/* name: "fettle-..."; the service's too. */
void run_init (struct run *, const struct win *, const char *name);
/* UNSUPPORTED (said) when this Fettle has no program for nodes. */
fettle_result run_is_possible (const struct win *);

/* The folder, if it isn't there yet. */
fettle_result run_make_folder (struct run *);
/* "FOLDER/NAME" below ADMIN$. */
void run_path (const struct run *, const char *file, char ret[400]);
/* Program, order, service, and starts it.  OK too when it had been started. */
fettle_result run_launch (struct run *, const char *order);
fettle_result run_look (struct run *);
/* At most `limit` bytes of the output, from an offset on. */
fettle_result run_output (struct run *, uint64_t offset, uint64_t limit, fettle_sink *, void *opaque);
/* Service and folder; BUSY (said) while it runs.  OK when nothing is left. */
fettle_result run_remove (struct run *);
/* Nobody waits any more: it removes all itself when it ends. */
fettle_result run_abandon (struct run *);

/* All of it: launches, waits, gives the output to the sink, removes.  OK when
 * it came to its end by itself; r->exit. */
fettle_result run_whole (struct run *, const char *order, uint32_t seconds, uint64_t limit, fettle_sink *, void *opaque);

/* The file `result`, for tests. */
int run_read_result (const char *text, size_t size, struct run *);

#endif
