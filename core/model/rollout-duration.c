/* rollout-duration.c - how long a rollout takes: a run in which nothing happens
 * but the passing of time.  SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "model/rollout.h"

struct heap {
  size_t n;
  struct due { int64_t at; size_t node; } *due;
};

static void
heap_swap (struct due *a, struct due *b)
{
  struct due c = *a;

  *a = *b;
  *b = c;
}

static void
heap_push (struct heap *h, struct due d)
{
  size_t i = h->n++;

  h->due[i] = d;
  for (; i && h->due[(i - 1) / 2].at > h->due[i].at; i = (i - 1) / 2)
    heap_swap (&h->due[(i - 1) / 2], &h->due[i]);
}

static struct due
heap_pop (struct heap *h)
{
  struct due first = h->due[0];
  size_t i = 0, child;

  h->due[0] = h->due[--h->n];
  while ((child = 2 * i + 1) < h->n) {
    child += child + 1 < h->n && h->due[child + 1].at < h->due[child].at;
    if (h->due[i].at <= h->due[child].at)
      break;
    heap_swap (&h->due[i], &h->due[child]);
    i = child;
  }
  return first;
}

int64_t
fettle_rollout_duration (const struct fettle_rollout_rules *rules,
                         const struct fettle_rollout_node *nodes, const uint32_t *seconds, size_t n)
{
  struct fettle_rollout_rules plain = *rules;
  struct fettle_rollout *r;
  struct heap heap = { 0, calloc (n + 1, sizeof *heap.due) };
  int64_t now = 0, until;
  size_t i;

  plain.at = 0;
  plain.window = NULL;
  plain.limited = plain.pause_after_canary = false;
  plain.ignore_windows = true;
  r = heap.due ? fettle_rollout_new (&plain, nodes, n, true) : NULL;
  while (r) {
    while (fettle_rollout_next (r, now, &i, &until) == FETTLE_ROLLOUT_BEGIN)
      heap_push (&heap, (struct due) { now + seconds[i], i });
    if (!heap.n)
      break;
    i = heap.due[0].node;
    now = heap_pop (&heap).at;
    fettle_rollout_ended (r, i);
  }
  fettle_rollout_free (r);
  free (heap.due);
  return now;
}
