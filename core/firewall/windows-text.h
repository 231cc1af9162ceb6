/* windows-text.h - rules of Windows' firewall as commands: of the backend and
 * of exports.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_WINDOWS_TEXT_H
#define FETTLE_WINDOWS_TEXT_H

#include <stdio.h>

#include "firewall/ranges.h"

#define FETTLE_WINDOWS_RULE_MAX 1000 /* addresses, or ranges of them, in a rule */

struct fettle_windows_rule {
  const char *name;    /* without quotes; a number is added to each further chunk */
  bool in;             /* else out */
  bool udp;
  uint16_t first, last;
  bool local_port;     /* the ports are this host's, else the other side's */
  const char *local;   /* this host's address; "": any */
  const struct fettle_range *remote;
  size_t n_remote;
  const char *remote_alone; /* instead of ranges; NULL: those */
};

/* One command for each thousand of ranges. */
void fettle_windows_netsh (FILE *, const struct fettle_windows_rule *);
void fettle_windows_powershell (FILE *, const struct fettle_windows_rule *);

#endif
