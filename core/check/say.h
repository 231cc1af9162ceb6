/* say.h - what both directions of verdict.h share.  Within check/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SAY_H
#define FETTLE_SAY_H

#include "check/verdict.h"
#include "util/compat.h"

/* Sets cause and sentence; nothing to mend. */
void fettle_say (struct fettle_verdict *, enum fettle_cause, const char *format, ...)
  FETTLE_FORMAT (3, 4);
void fettle_mend (struct fettle_verdict *, const char *format, ...) FETTLE_FORMAT (2, 3);

/* What an ICMP error means. */
enum fettle_refusal {
  FETTLE_REFUSAL_NO_ROUTE,
  FETTLE_REFUSAL_NO_HOST,
  FETTLE_REFUSAL_PORT,
  FETTLE_REFUSAL_ADMIN,
  FETTLE_REFUSAL_OTHER,
};
enum fettle_refusal fettle_icmp_means (bool six, int type, int code);

#endif
