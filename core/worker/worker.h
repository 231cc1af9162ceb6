/* worker.h - fettle-worker: a zygote that has loaded one plugin, and the
 * process of one call that is forked from it.
 *
 * The zygote has one thread, no privileges, and never sees a request.  A
 * call's process has the call's socket and what came with the request, and
 * may do nothing but read libraries and connect to the declared ports.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_WORKER_H
#define FETTLE_WORKER_H

#include "plugin/load.h"
#include "plugin/wire.h"
#include "transport/context.h"

#define FETTLE_WORKER_SOCKET 3 /* the zygote's control socket, the call's own */

struct fettle_call_limits {
  uint64_t memory; /* bytes of address space; 0: no limit */
  bool signals;    /* it may send some: its program (plugin/program.h) is to end with it */
};

/* ---- call.c ---- */

struct fettle_worker_call {
  struct fettle_ctx ctx; /* first: what plugins hold is its address */
  const struct fettle_node_type *node_type;
  json_t *request;
  const char *operation; /* "inventory" */
  const char *token;
  const char *argument;  /* a URL, or a former state */
  const char *former;    /* what firewall_open answered; the plugin's */
  struct fettle_image image;
  struct fettle_file files[FETTLE_CONTEXT_FILES];
  int file_fds[FETTLE_CONTEXT_FILES];
  uint64_t file_offsets[FETTLE_CONTEXT_FILES]; /* where in the descriptor the file begins */
  const char *file_stamps[FETTLE_CONTEXT_FILES]; /* "" or NULL: it doesn't change */
  uint32_t n_file_fds;
  int recording;         /* a file that what is exchanged is written to, or -1 */

  json_t *items;         /* not sent yet */
  size_t items_size, n_items;
  unsigned n_logs;
  uint32_t permille;
  json_t *again;         /* {"delay", "token"} once the plugin asked for it */
};

/* Serves the one call of this process.  The exit status. */
int fettle_worker_serve (const struct fettle_plugin_info *, const struct fettle_call_limits *);

/* ---- request.c ---- */

/* Fills the call in from its request; takes over both. */
fettle_result fettle_worker_request (struct fettle_worker_call *, const struct fettle_plugin_info *,
                                     json_t *request, const int *fds, size_t n_fds);
/* Overwrites the secrets. */
void fettle_worker_forget (struct fettle_worker_call *);

/* ---- host.c ---- */

extern const struct fettle_host fettle_worker_host;
void fettle_worker_send (fettle_ctx *, json_t *message);
void fettle_worker_take (fettle_ctx *);
void fettle_worker_log (fettle_ctx *, uint32_t level, const char *text);
void fettle_worker_flush_items (struct fettle_worker_call *);
int64_t fettle_worker_read_file (fettle_ctx *, uint32_t file, uint64_t offset, void *, uint32_t size);

/* What the plugin's files of quirks say (quirks.h): the zygote's, and so each call's. */
extern json_t *fettle_worker_quirks;

/* ---- record.c ---- */

/* What is exchanged from now on goes to that file, without secrets. */
fettle_result fettle_record_begin (struct fettle_worker_call *, int fd);
void fettle_record_end (fettle_result);

/* A service's table, or one that writes down what it does. */
const void *fettle_record_service (const char *name, const void *table);

/* ---- clean.c ---- */

/* A copy that is valid UTF-8 without control characters but newline and tab,
 * at most `max` bytes: what isn't is replaced.  NULL for NULL and no memory. */
char *fettle_clean_text (const char *text, size_t max);

/* ---- sandbox.c ---- */

/* The zygote, before the plugin is loaded: another user (when this is root),
 * who can still read where the plugin is. */
fettle_result fettle_sandbox_user (const char *user, struct fettle_error *);

/* The zygote, afterwards: no privileges, no files but libraries, and programs
 * that its calls start when the plugin is one, in this folder. */
fettle_result fettle_sandbox_zygote (const char *programs, struct fettle_error *);

/* A call: limits, and no connection but to the allowed ports.  *ret_missing
 * is what this kernel hasn't got, or NULL. */
fettle_result fettle_sandbox_call (const struct fettle_ctx *, const struct fettle_call_limits *,
                                   const char **ret_missing, struct fettle_error *);

#endif
