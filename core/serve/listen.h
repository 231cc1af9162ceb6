/* listen.h - the sockets that the service listens on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LISTEN_H
#define FETTLE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define FETTLE_LISTEN_MAX 16

struct fettle_listen {
  int fds[FETTLE_LISTEN_MAX];
  size_t n;
  uint16_t port;
  const char *setting; /* that names the port, for messages; NULL: ssl_port */
};

/* Opens all or none.  `addresses`: "localhost" (127.0.0.1, and ::1 where the
 * host has it) or addresses, separated by spaces or commas.  Port 0: one that
 * is free on all of them.  A port that is taken is FETTLE_E_BUSY; the message
 * says by whom. */
fettle_result fettle_listen_open (const char *addresses, uint16_t port, struct fettle_listen *ret,
                                  struct fettle_error *);

/* The same on one address, for a port that another setting names. */
fettle_result fettle_listen_one (const char *address, uint16_t port, const char *setting,
                                 struct fettle_listen *ret, struct fettle_error *);

/* The same for a port that is one of many: false, without a reason, when it
 * can't be had. */
bool fettle_listen_try (const char *address, uint16_t port, struct fettle_listen *ret);

/* Adds a TCP socket that listens already, and takes it over, also when it
 * fails; the first one's port is that of all. */
fettle_result fettle_listen_adopt (struct fettle_listen *, int fd, struct fettle_error *);

void fettle_listen_close (struct fettle_listen *);

/* "nginx (pid 812)", "a process of user 33", or "another process": who
 * listens on that TCP port. */
const char *fettle_port_owner (uint16_t port, char *buffer, size_t size);

#endif
