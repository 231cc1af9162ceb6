/* counters.h - what this host's kernel counts, of all its traffic: a change
 * between two looks is a hint, not a proof, as others send and receive, too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_COUNTERS_H
#define FETTLE_COUNTERS_H

#include <stdint.h>

struct fettle_counters {
  uint64_t reverse_path; /* TcpExt IPReversePathFilter */
  uint64_t unsent;       /* TcpExt TCPRetransFail: repeated segments that weren't let out */
};

/* Zeros for what isn't there. */
void fettle_counters_read (struct fettle_counters *);

#endif
