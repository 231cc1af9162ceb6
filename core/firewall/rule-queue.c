/* rule-queue.c - see rule-queue.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/event.h>

#include "firewall/known-rules.h"
#include "firewall/rule-queue.h"
#include "util/clock.h"

enum { RULE_MAX = 1024, RETRY_MS = 2000 };

enum kind { OPEN, CLOSE, EXPIRE, SETTLE };
enum phase { START, ADDING, SWAPPING, REMOVING, LISTING, CLEARING };

/* A call of ours. */
struct op {
  struct op *next;
  enum kind kind;
  struct fettle_hole *holes;
  size_t n, at;
  fettle_firewall_done *done;
  void *arg;
  fettle_result code;
  char text[1024];
};

/* A status that was asked for, until the next turn of the loop. */
struct reply {
  struct reply *next;
  struct fettle_hole_status *statuses;
  size_t n;
  fettle_firewall_status_done *done;
  void *arg;
};

/* One item of the driver's call. */
struct job {
  struct fettle_hole hole;
  char *rule;
  unsigned twin;
};

struct fettle_rule_queue {
  const struct fettle_rule_driver *driver;
  void *driver_arg;
  struct event *kick, *clock;
  struct fettle_known_rules known;
  struct op *ops, **last;
  struct reply *replies, **last_reply;
  /* The call that is under way. */
  enum phase phase;
  bool busy, answered, paused;
  fettle_result code;
  char text[1024];
  struct job *jobs;               /* driver->batch of them */
  struct fettle_rule_item *items;
  size_t n_jobs;
  /* SETTLE */
  struct fettle_rule_list listed;
  size_t at_listed;
};

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

/* ---- Calls of the driver. ---- */

static void
jobs_clear (struct fettle_rule_queue *q)
{
  for (size_t i = 0; i < q->n_jobs; i++) {
    fettle_rule_hole_clear (&q->jobs[i].hole);
    free (q->jobs[i].rule);
  }
  q->n_jobs = 0;
}

static void
job_add (struct fettle_rule_queue *q, const struct fettle_hole *h, const char *rule, unsigned twin)
{
  struct job *j = &q->jobs[q->n_jobs];

  memset (j, 0, sizeof *j);
  if (h)
    fettle_rule_hole_copy (&j->hole, h);
  j->rule = fettle_rule_need (strdup (rule));
  j->twin = twin;
  q->items[q->n_jobs++] = (struct fettle_rule_item) { j->rule, h ? &j->hole : NULL };
}

static void
call (struct fettle_rule_queue *q, enum phase phase)
{
  q->phase = phase;
  q->busy = true;
  q->answered = false;
  if (phase == LISTING)
    q->driver->list (q->driver_arg);
  else if (phase == ADDING)
    q->driver->add (q->driver_arg, q->items, q->n_jobs);
  else
    q->driver->remove (q->driver_arg, q->items, q->n_jobs);
}

void
fettle_rule_queue_done (struct fettle_rule_queue *q, fettle_result code, const char *text)
{
  q->answered = true;
  q->code = code;
  snprintf (q->text, sizeof q->text, "%s", code ? text : "");
  event_active (q->kick, EV_TIMEOUT, 0);
}

/* ---- Open. ---- */

static void
op_failed (struct op *op, fettle_result code, const char *text)
{
  if (op->code)
    return;
  op->code = code;
  snprintf (op->text, sizeof op->text, "%s", text);
}

/* Makes a job of it, unless there is nothing to do. */
static void
job_to_open (struct fettle_rule_queue *q, struct op *op, const struct fettle_hole *h)
{
  struct fettle_buf rule = FETTLE_BUF_INIT (RULE_MAX);
  struct fettle_known_rule *e = fettle_known_rules_find (&q->known, h);
  unsigned twin = e && q->driver->reopen == FETTLE_REOPEN_SWAP ? !e->twin : 0;
  struct fettle_error err;

  if (e && q->driver->reopen == FETTLE_REOPEN_KEEP)
    e->until = fettle_now_ms () + (int64_t) h->lifetime_s * 1000;
  else if (q->driver->rule (q->driver_arg, h, twin, &rule, &err))
    op_failed (op, err.code, err.text);
  else
    job_add (q, h, fettle_buf_text (&rule), twin);
  fettle_buf_clear (&rule);
}

/* False: nothing is left. */
static bool
open_some (struct fettle_rule_queue *q, struct op *op)
{
  jobs_clear (q);
  while (op->at < op->n && q->n_jobs < q->driver->batch)
    job_to_open (q, op, &op->holes[op->at++]);
  if (q->n_jobs == 0)
    return false;
  call (q, ADDING);
  return true;
}

static void
opened (struct fettle_rule_queue *q)
{
  const int64_t now = fettle_now_ms ();
  _cleanup_free_ char *old = NULL;

  for (size_t i = 0; i < q->n_jobs; i++) {
    const struct job *j = &q->jobs[i];
    struct fettle_known_rule *e = fettle_known_rules_find (&q->known, &j->hole);

    if (e && q->driver->reopen == FETTLE_REOPEN_SWAP)
      old = STEAL (e->rule);
    fettle_known_rules_put (&q->known, &j->hole, j->rule, j->twin,
                            now + (int64_t) j->hole.lifetime_s * 1000);
  }
  if (old) {
    jobs_clear (q);
    job_add (q, NULL, old, 0);
    call (q, SWAPPING);
  }
}

/* ---- Close. ---- */

/* EXPIRE: but for what was prolonged meanwhile. */
static bool
close_some (struct fettle_rule_queue *q, struct op *op)
{
  const int64_t now = fettle_now_ms ();

  jobs_clear (q);
  for (; op->at < op->n && q->n_jobs < q->driver->batch; op->at++) {
    const struct fettle_known_rule *e = fettle_known_rules_find (&q->known, &op->holes[op->at]);

    if (e && (op->kind == CLOSE || e->until <= now))
      job_add (q, &e->hole, e->rule, e->twin);
  }
  if (q->n_jobs == 0)
    return false;
  call (q, REMOVING);
  return true;
}

static void
closed (struct fettle_rule_queue *q)
{
  for (size_t i = 0; i < q->n_jobs; i++) {
    struct fettle_known_rule *e = fettle_known_rules_find (&q->known, &q->jobs[i].hole);

    if (e)
      fettle_known_rules_drop (&q->known, e);
  }
}

/* They are removed later, if anything removes them in time. */
static void
not_closed (struct fettle_rule_queue *q)
{
  for (size_t i = 0; i < q->n_jobs; i++) {
    struct fettle_known_rule *e = fettle_known_rules_find (&q->known, &q->jobs[i].hole);

    if (e)
      e->until = fettle_now_ms () + RETRY_MS;
  }
}

/* ---- Settle: list, keep what is wanted, remove the rest, open. ---- */

void
fettle_rule_queue_listed (struct fettle_rule_queue *q, const char *rule)
{
  fettle_rule_list_add (&q->listed, rule);
}

static void
listed_clear (struct fettle_rule_queue *q)
{
  fettle_rule_list_clear (&q->listed);
  q->at_listed = 0;
}

/* Takes the rule out of the list: it stays. */
static bool
adopt (struct fettle_rule_queue *q, const struct fettle_hole *h, unsigned twin)
{
  struct fettle_buf rule = FETTLE_BUF_INIT (RULE_MAX);
  struct fettle_error err;
  bool there = q->driver->rule (q->driver_arg, h, twin, &rule, &err) == FETTLE_OK
               && fettle_rule_list_take (&q->listed, fettle_buf_text (&rule));

  if (there)
    fettle_known_rules_put (&q->known, h, fettle_buf_text (&rule), twin, 0);
  fettle_buf_clear (&rule);
  return there;
}

static void
compare_with_list (struct fettle_rule_queue *q, struct op *op)
{
  const unsigned twins = q->driver->reopen == FETTLE_REOPEN_SWAP ? 2 : 1;

  fettle_rule_list_sort (&q->listed);
  fettle_rule_queue_forget (q);
  for (size_t i = 0; i < op->n; i++)
    for (unsigned twin = 0; twin < twins; twin++)
      if (adopt (q, &op->holes[i], twin))
        break;
}

static bool
clear_some (struct fettle_rule_queue *q)
{
  jobs_clear (q);
  while (q->at_listed < q->listed.n && q->n_jobs < q->driver->batch)
    job_add (q, NULL, q->listed.rules[q->at_listed++], 0);
  if (q->n_jobs == 0)
    return false;
  call (q, CLEARING);
  return true;
}

/* ---- The queue. ---- */

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
  jobs_clear (q);
  listed_clear (q);
  set_clock (q);
  if (op->done)
    op->done (op->arg, op->code, op->text);
  op_free (op);
}

/* Begins the next call of the driver; false: the operation is through. */
static bool
go_on (struct fettle_rule_queue *q, struct op *op)
{
  switch (op->kind) {
  case OPEN:
    return open_some (q, op);
  case CLOSE:
  case EXPIRE:
    return close_some (q, op);
  case SETTLE:
    if (q->phase == START) {
      listed_clear (q);
      call (q, LISTING);
      return true;
    }
    return clear_some (q) || open_some (q, op);
  }
  return false;
}

/* The driver's call has ended. */
static void
take_answer (struct fettle_rule_queue *q, struct op *op)
{
  const enum phase phase = q->phase;

  q->busy = false;
  if (q->code) {
    op_failed (op, q->code, q->text);
    if (phase == LISTING)
      op->at = op->n; /* what is there isn't known */
    if (phase == REMOVING)
      not_closed (q);
    return;
  }
  if (phase == ADDING)
    opened (q);
  else if (phase == REMOVING)
    closed (q);
  else if (phase == LISTING)
    compare_with_list (q, op);
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
    take_answer (q, q->ops);
  while (q->ops && !q->busy && !q->paused)
    if (!go_on (q, q->ops))
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
  jobs_clear (q);
  listed_clear (q);
  fettle_rule_queue_forget (q);
  fettle_rule_list_free (&q->listed);
  free (q->jobs);
  free (q->items);
  free (q);
}
