/* quota.c - see quota.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "serve/quota.h"
#include "util/secret.h"

#define BUCKETS      1024
#define ADDRESSES    16384
#define BURST        10    /* seconds */
#define QUIET_MS     60000
#define POST         1000  /* of an allowance */

struct fettle_quotas {
  unsigned connections, rate;
  uint64_t seed;
  size_t n;
  struct fettle_quota *buckets[BUCKETS];
  struct fettle_quota others;
};

static uint64_t
most (const struct fettle_quotas *all)
{
  return (uint64_t) all->rate * BURST * POST;
}

struct fettle_quotas *
fettle_quotas_new (unsigned connections, unsigned posts_per_second)
{
  struct fettle_quotas *all = calloc (1, sizeof *all);
  struct fettle_error err;

  if (!all || fettle_random (&all->seed, sizeof all->seed, &err)) {
    free (all);
    return NULL;
  }
  all->connections = connections;
  all->rate = posts_per_second;
  all->others.allowance = most (all);
  return all;
}

void
fettle_quotas_free (struct fettle_quotas *all)
{
  if (!all)
    return;
  for (size_t i = 0; i < BUCKETS; i++)
    while (all->buckets[i]) {
      struct fettle_quota *q = all->buckets[i];

      all->buckets[i] = q->next;
      free (q);
    }
  free (all);
}

static struct fettle_quota *
find (struct fettle_quotas *all, const char *address)
{
  uint64_t hash = all->seed;
  struct fettle_quota **bucket, *q;

  for (const char *p = address; *p; p++)
    hash = (hash ^ (unsigned char) *p) * UINT64_C (0x100000001b3);
  bucket = &all->buckets[(hash ^ hash >> 32) % BUCKETS];
  for (q = *bucket; q; q = q->next)
    if (strcmp (q->address, address) == 0)
      return q;
  if (all->n == ADDRESSES || !(q = calloc (1, sizeof *q)))
    return &all->others;
  all->n++;
  q->allowance = most (all);
  snprintf (q->address, sizeof q->address, "%s", address);
  q->next = *bucket;
  *bucket = q;
  return q;
}

struct fettle_quota *
fettle_quota_connect (struct fettle_quotas *all, const char *address)
{
  struct fettle_quota *q = find (all, address);

  if (q->connections >= all->connections)
    return NULL;
  q->connections++;
  return q;
}

void
fettle_quota_disconnect (struct fettle_quotas *all, struct fettle_quota *q)
{
  (void) all;
  q->connections--;
}

bool
fettle_quota_post (struct fettle_quotas *all, struct fettle_quota *q, uint64_t now_ms)
{
  uint64_t more = (now_ms - q->since_ms) * all->rate, left = most (all) - q->allowance;

  q->allowance += more < left ? more : left;
  q->since_ms = now_ms;
  if (q->allowance < POST)
    return false;
  q->allowance -= POST;
  return true;
}

void
fettle_quotas_sweep (struct fettle_quotas *all, uint64_t now_ms)
{
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct fettle_quota **p = &all->buckets[i]; *p;) {
      struct fettle_quota *q = *p;

      if (q->connections || now_ms - q->since_ms < QUIET_MS) {
        p = &q->next;
        continue;
      }
      *p = q->next;
      all->n--;
      free (q);
    }
}
