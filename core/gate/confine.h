/* confine.h - fettle-gate keeps CAP_NET_ADMIN and gives up all else.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_CONFINE_H
#define FETTLE_GATE_CONFINE_H

#include "gate/base.h"

/* Becomes the user (if it was started by root; NULL: fettle-gate if there is
 * one, else nobody), with that one capability and no way to more. */
enum fettle_gate_result fettle_drop_privileges (const char *user, struct fettle_why *);

/* System calls that libnftables and we need, nothing else; no new files but
 * for reading, no sockets but netlink's, no programs.  `ret`: was it done? */
enum fettle_gate_result fettle_limit_calls (bool *ret, struct fettle_why *);

#endif
