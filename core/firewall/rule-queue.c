/* rule-queue.c - see rule-queue.h: calls in their order, and rules that end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/rule-queue-internal.h"
#include "util/clock.h"

/* ---- Rules that are there. ---- */

void
fettle_rule_queue_forget (struct fettle_rule_queue *q)
{
  fettle_known_rules_clear (&q->known);
}

size_t
fettle_rule_queue_size (const struct fettle_rule_queue *q)
{
  return q->known.n;
}

void
fettle_rule_queue_each (const struct fettle_rule_queue *q,
                        void (*f) (void *arg, const char *rule), void *arg)
{
  _cleanup_free_ struct fettle_known_rule **list = fettle_known_rules_list (&q->known);

  for (size_t i = 0; i < q->known.n; i++)
    f (arg, list[i]->rule);
  if (q->busy && q->phase == ADDING)
    for (size_t i = 0; i < q->n_jobs; i++)
      f (arg, q->jobs[i].rule);
}

/* ---- Time: rules that don't end by themselves. ---- */

static void
set_clock (struct fettle_rule_queue *q)
{
  _cleanup_free_ struct fettle_known_rule **list = NULL;
  int64_t first = INT64_MAX, wait;
  struct timeval t;

  if (q->driver->reopen != FETTLE_REOPEN_KEEP)
    return;
  list = fettle_known_rules_list (&q->known);
  for (size_t i = 0; i < q->known.n; i++)
    if (list[i]->until && list[i]->until < first)
      first = list[i]->until;
  if (first == INT64_MAX) {
    evtimer_del (q->clock);
    return;
  }
  wait = first - fettle_now_ms ();
  wait = wait > 0 ? wait : 0;
  t = (struct timeval) { wait / 1000, (suseconds_t) (wait % 1000) * 1000 };
  evtimer_add (q->clock, &t);
}

static void enqueue (struct fettle_rule_queue *, enum kind, const struct fettle_hole *, size_t n,
                     fettle_firewall_done *, void *arg);

/* The clock is set again when they are removed. */
static void
on_clock (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_rule_queue *q = arg;
  _cleanup_free_ struct fettle_known_rule **list = fettle_known_rules_list (&q->known);
  _cleanup_free_ struct fettle_hole *due = fettle_rule_need (calloc (q->known.n + 1, sizeof *due));
  const int64_t now = fettle_now_ms ();
  size_t n = 0;

  (void) fd;
  (void) what;
  for (size_t i = 0; i < q->known.n; i++)
    if (list[i]->until && list[i]->until <= now)
      due[n++] = list[i]->hole;
  if (n > 0)
    enqueue (q, EXPIRE, due, n, NULL, NULL);
  else
    set_clock (q);
}

/* ---- The queue. ---- */

void
fettle_rule_queue_done (struct fettle_rule_queue *q, fettle_result code, const char *text)
{
  q->answered = true;
  q->code = code;
  snprintf (q->text, sizeof q->text, "%s", code ? text : "");
  event_active (q->kick, EV_TIMEOUT, 0);
}

static void
op_free (struct op *op)
{
  for (size_t i = 0; i < op->n; i++)
    fettle_rule_hole_clear (&op->holes[i]);
  free (op->holes);
  free (op);
}

static void
op_end (struct fettle_rule_queue *q)
{
  struct op *op = q->ops;

  q->ops = op->next;
  if (!q->ops)
    q->last = &q->ops;
  q->phase = START;
  fettle_rule_steps_clear (q);
  set_clock (q);
  if (op->done)
    op->done (op->arg, op->code, op->text);
  op_free (op);
}

static void
give_replies (struct fettle_rule_queue *q)
{
  while (q->replies) {
    struct reply *r = q->replies;

    q->replies = r->next;
    if (!q->replies)
      q->last_reply = &q->replies;
    r->done (r->arg, FETTLE_OK, "", r->statuses, r->n);
    free (r->statuses);
    free (r);
  }
}

static void
on_kick (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_rule_queue *q = arg;

  (void) fd;
  (void) what;
  give_replies (q);
  if (q->busy && q->answered)
    fettle_rule_steps_answered (q, q->ops);
  while (q->ops && !q->busy && !q->paused)
    if (!fettle_rule_steps_go_on (q, q->ops))
      op_end (q);
}

void
fettle_rule_queue_pause (struct fettle_rule_queue *q, bool paused)
{
  q->paused = paused;
  event_active (q->kick, EV_TIMEOUT, 0);
}

static void
enqueue (struct fettle_rule_queue *q, enum kind kind, const struct fettle_hole *holes, size_t n,
         fettle_firewall_done *done, void *arg)
{
  struct op *op = fettle_rule_need (calloc (1, sizeof *op));

  *op = (struct op) { .kind = kind, .n = n, .done = done, .arg = arg };
  op->holes = fettle_rule_need (calloc (n + 1, sizeof *op->holes));
  for (size_t i = 0; i < n; i++)
    fettle_rule_hole_copy (&op->holes[i], &holes[i]);
  *q->last = op;
  q->last = &op->next;
  event_active (q->kick, EV_TIMEOUT, 0);
}

void
fettle_rule_queue_open (struct fettle_rule_queue *q, const struct fettle_hole *holes, size_t n,
                        fettle_firewall_done *done, void *arg)
{
  enqueue (q, OPEN, holes, n, done, arg);
}

void
fettle_rule_queue_close (struct fettle_rule_queue *q, const struct fettle_hole *holes, size_t n,
                         fettle_firewall_done *done, void *arg)
{
  enqueue (q, CLOSE, holes, n, done, arg);
}

void
fettle_rule_queue_settle (struct fettle_rule_queue *q, const struct fettle_hole *holes, size_t n,
                          fettle_firewall_done *done, void *arg)
{
  enqueue (q, SETTLE, holes, n, done, arg);
}

void
fettle_rule_queue_status (struct fettle_rule_queue *q, const struct fettle_hole *holes, size_t n,
                          fettle_firewall_status_done *done, void *arg)
{
  struct reply *r = fettle_rule_need (calloc (1, sizeof *r));
  const int64_t now = fettle_now_ms ();

  *r = (struct reply) { .n = n, .done = done, .arg = arg };
  r->statuses = fettle_rule_need (calloc (n + 1, sizeof *r->statuses));
  for (size_t i = 0; i < n; i++) {
    const struct fettle_known_rule *e = fettle_known_rules_find (&q->known, &holes[i]);

    r->statuses[i] = (struct fettle_hole_status) {
      .known = true, .open = e && (!e->until || e->until > now),
      .remaining_s = e && e->until > now ? (uint32_t) ((e->until - now + 999) / 1000) : 0,
    };
  }
  *q->last_reply = r;
  q->last_reply = &r->next;
  event_active (q->kick, EV_TIMEOUT, 0);
}

struct fettle_rule_queue *
fettle_rule_queue_new (struct event_base *base, const struct fettle_rule_driver *driver, void *arg)
{
  struct fettle_rule_queue *q = fettle_rule_need (calloc (1, sizeof *q));

  q->driver = driver;
  q->driver_arg = arg;
  q->last = &q->ops;
  q->last_reply = &q->replies;
  q->jobs = fettle_rule_need (calloc (driver->batch, sizeof *q->jobs));
  q->items = fettle_rule_need (calloc (driver->batch, sizeof *q->items));
  q->kick = fettle_rule_need (event_new (base, -1, 0, on_kick, q));
  q->clock = fettle_rule_need (evtimer_new (base, on_clock, q));
  return q;
}

void
fettle_rule_queue_free (struct fettle_rule_queue *q)
{
  if (!q)
    return;
  event_free (q->kick);
  event_free (q->clock);
  while (q->ops) {
    struct op *op = q->ops;

    q->ops = op->next;
    op_free (op);
  }
  while (q->replies) {
    struct reply *r = q->replies;

    q->replies = r->next;
    free (r->statuses);
    free (r);
  }
  fettle_rule_steps_clear (q);
  fettle_rule_queue_forget (q);
  fettle_rule_list_free (&q->listed);
  free (q->jobs);
  free (q->items);
  free (q);
}
