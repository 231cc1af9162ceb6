/* systemd.h - what systemd gives the service and hears of it: sockets that it
 * listens on already, readiness, the watchdog.  Without libsystemd there is
 * none of that, and each function does nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SYSTEMD_H
#define FETTLE_SYSTEMD_H

#include <event2/event.h>

#include "serve/listen.h"
#include "util/error.h"

/* How many sockets this process was given; they are the descriptors behind
 * standard error, and to be kept when others are closed. */
int fettle_systemd_sockets (void);

/* Takes these over: TCP sockets that listen, all on one port.  UNREACHABLE:
 * there are none. */
fettle_result fettle_systemd_listen (struct fettle_listen *ret, struct fettle_error *);

/* sd_notify's text: "READY=1". */
void fettle_systemd_notify (const char *state);

/* A timer that tells the watchdog that the loop runs; NULL: nobody asks.  The
 * caller frees. */
struct event *fettle_systemd_watchdog (struct event_base *);

#endif
