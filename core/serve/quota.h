/* quota.h - how much of us one address has: connections, and posts a second.
 *
 * A table with a limit, so that many addresses can't fill memory: when it is
 * full, those that came last share one entry.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_QUOTA_H
#define FETTLE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/offer.h"

struct fettle_quota {
  struct fettle_quota *next;
  unsigned connections;
  uint64_t allowance;  /* thousandths of a post */
  uint64_t since_ms;   /* when the allowance was counted last */
  char address[FETTLE_PEER_MAX];
};

struct fettle_quotas;

struct fettle_quotas *fettle_quotas_new (unsigned connections, unsigned posts_per_second);
void fettle_quotas_free (struct fettle_quotas *);

/* One more connection of that address; NULL: it has as many as it may. */
struct fettle_quota *fettle_quota_connect (struct fettle_quotas *, const char *address);
void fettle_quota_disconnect (struct fettle_quotas *, struct fettle_quota *);

/* One more post: is it within the rate?  Ten seconds' worth may come at once. */
bool fettle_quota_post (struct fettle_quotas *, struct fettle_quota *, uint64_t now_ms);

/* Forgets addresses that have no connection and have been quiet. */
void fettle_quotas_sweep (struct fettle_quotas *, uint64_t now_ms);

#endif
