/* rollout-duration.c - how long a rollout takes, and when it ends: a run in
 * which nothing happens but the passing of time.  SPDX-License-Identifier: Apache-2.0
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

struct run {
  struct fettle_rollout *rollout;
  struct heap heap;
  const uint32_t *seconds, *steps;
  uint32_t *done;              /* steps of each node */
  int64_t now;
};

/* When the node's next step ends: of its seconds each takes an equal part. */
static void
begin_step (struct run *x, size_t node)
{
  uint64_t n = x->steps && x->steps[node] ? x->steps[node] : 1, all = x->seconds[node];
  uint32_t k = x->done[node]++;

  heap_push (&x->heap, (struct due) { x->now + (int64_t) (all * (k + 1) / n - all * k / n), node });
}

/* A step has ended: the next one begins if the window is still open, else the
 * node waits for its turn again. */
static void
end_step (struct run *x)
{
  struct due d = heap_pop (&x->heap);
  int64_t until;

  x->now = d.at;
  if (!x->steps || x->done[d.node] >= x->steps[d.node])
    fettle_rollout_ended (x->rollout, d.node);
  else if (fettle_rollout_is_open (x->rollout, d.node, x->now, &until))
    begin_step (x, d.node);
  else
    fettle_rollout_parked (x->rollout, d.node);
}

/* 0: it doesn't end before `horizon`. */
static int64_t
run_through (struct run *x, int64_t horizon)
{
  enum fettle_rollout_answer answer;
  int64_t until;
  size_t i;

  while (x->now < horizon) {
    while ((answer = fettle_rollout_next (x->rollout, x->now, &i, &until)) == FETTLE_ROLLOUT_BEGIN)
      begin_step (x, i);
    if (answer == FETTLE_ROLLOUT_LATER && until > x->now && (!x->heap.n || until < x->heap.due[0].at))
      x->now = until;
    else if (x->heap.n)
      end_step (x);
    else
      return answer == FETTLE_ROLLOUT_DONE ? x->now : 0;
  }
  return 0;
}

static int64_t
simulate (const struct fettle_rollout_rules *rules, const struct fettle_rollout_node *nodes,
          const uint32_t *seconds, const uint32_t *steps, size_t n, int64_t now, int64_t horizon)
{
  struct fettle_rollout_rules nobody = *rules;
  struct run x = { .seconds = seconds, .steps = steps, .now = now,
                   .heap = { 0, calloc (n + 1, sizeof *x.heap.due) },
                   .done = calloc (n + 1, sizeof *x.done) };
  int64_t end = 0;

  nobody.limited = nobody.pause_after_canary = false; /* nothing fails, nobody is waited for */
  x.rollout = x.heap.due && x.done ? fettle_rollout_new (&nobody, nodes, n, true) : NULL;
  if (x.rollout)
    end = run_through (&x, horizon);
  fettle_rollout_free (x.rollout);
  free (x.heap.due);
  free (x.done);
  return end;
}

int64_t
fettle_rollout_duration (const struct fettle_rollout_rules *rules,
                         const struct fettle_rollout_node *nodes, const uint32_t *seconds, size_t n)
{
  struct fettle_rollout_rules plain = *rules;

  plain.at = 0;
  plain.window = NULL;
  plain.ignore_windows = true;
  return simulate (&plain, nodes, seconds, NULL, n, 0, INT64_MAX);
}

int64_t
fettle_rollout_forecast (const struct fettle_rollout_rules *rules,
                         const struct fettle_rollout_node *nodes, const uint32_t *seconds,
                         const uint32_t *steps, size_t n, int64_t now)
{
  return simulate (rules, nodes, seconds, steps, n, now,
                   (rules->at > now ? rules->at : now) + FETTLE_ROLLOUT_HORIZON);
}
