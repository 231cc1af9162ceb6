/* clock.h - a clock that nobody sets.  SPDX-License-Identifier: Apache-2.0 */
#ifndef FETTLE_CLOCK_H
#define FETTLE_CLOCK_H

#include <stdint.h>

int64_t fettle_now_ms (void);
uint64_t fettle_seconds (void);

#endif
