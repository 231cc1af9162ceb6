/* gate-program.h - starting fettle-gate: to serve us, or to do one thing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_GATE_PROGRAM_H
#define FETTLE_GATE_PROGRAM_H

#include <sys/types.h>

#include "firewall/firewall.h"

/* Starts it, or connects to one that runs: `ret_pid` is 0 then.  The socket
 * doesn't block and isn't inherited. */
fettle_result fettle_gate_start (const struct fettle_firewall_options *, pid_t *ret_pid,
                                 int *ret_fd, struct fettle_error *);

/* Runs `fettle-gate MODE...` for at most ten seconds; what it prints is added
 * to the buffer, why it failed is in the error. */
fettle_result fettle_gate_run (const struct fettle_firewall_options *, const char *const *modes,
                               struct fettle_buf *ret, struct fettle_error *);

#endif
