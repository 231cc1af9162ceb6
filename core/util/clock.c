/* clock.c - see clock.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "util/clock.h"

int64_t
fettle_now_ms (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t
fettle_seconds (void)
{
  return (uint64_t) (fettle_now_ms () / 1000);
}
