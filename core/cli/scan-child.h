/* scan-child.h - fettle-scan, run by the command: it does what needs foreign
 * files to be parsed, confined.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_SCAN_CHILD_H
#define FETTLE_CLI_SCAN_CHILD_H

#include "cli/cli.h"

struct fettle_scan_child {
  FILE *out;  /* what it writes */
  int status; /* where it says how unpacking ended */
  pid_t pid;
};

/* argv[0] is "fettle-scan"; NULL is behind the last. */
fettle_result fettle_scan_start (const struct fettle_cli *, const char *const *argv,
                                 struct fettle_scan_child *ret, struct fettle_error *);

/* Waits; an error is what it said last. */
fettle_result fettle_scan_end (struct fettle_scan_child *, struct fettle_error *);

#endif
