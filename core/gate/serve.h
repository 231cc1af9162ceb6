/* serve.h - one client, one request after the other, until it goes.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_SERVE_H
#define FETTLE_GATE_SERVE_H

#include "gate/table.h"

#include <sys/types.h>

struct fettle_server {
  struct fettle_table table;
  struct fettle_gate_policy policy;
  int legacy[2];    /* see fettle_find */
  uint32_t flags;   /* FETTLE_GATE_CONFINED */
};

/* A listening socket of that user; what is left of a former one is removed. */
enum fettle_gate_result fettle_server_listen (const char *path, uid_t owner, int *ret_fd,
                                              struct fettle_why *);

/* Of a listening socket, the first client that is root or `user`; of another,
 * itself, if its peer is one of those. */
enum fettle_gate_result fettle_server_client (int fd, uid_t user, int *ret_fd,
                                              struct fettle_why *);

/* Answers requests; returns when the client is gone. */
enum fettle_gate_result fettle_server_run (struct fettle_server *, int client,
                                           struct fettle_why *);

#endif
