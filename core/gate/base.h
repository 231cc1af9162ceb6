/* base.h - what every .c file of fettle-gate begins with.
 *
 * fettle-gate is the one program that is linked with libnftables, which is
 * under the GPL, version 2.  So it is a program of its own that takes nothing
 * from the rest of the core, and its files can be had under either licence.
 * It is small for another reason, too: it may change the host's firewall.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_BASE_H
#define FETTLE_GATE_BASE_H

#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firewall/gate-protocol.h"

#define COUNT(array) (sizeof (array) / sizeof ((array)[0]))

/* Why something failed, for the answer to the service. */
struct fettle_why {
  enum fettle_gate_result result;
  uint32_t index;
  char text[FETTLE_GATE_TEXT]; /* one sentence */
};

/* Sets and returns the result. */
enum fettle_gate_result fettle_why_set (struct fettle_why *, enum fettle_gate_result,
                                        const char *format, ...)
  __attribute__ ((__format__ (__printf__, 3, 4)));

#endif
