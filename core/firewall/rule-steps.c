/* rule-steps.c - what becomes of one call of a rule queue: calls of its driver,
 * a batch at a time, and what is known of the rules after each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/rule-queue-internal.h"
#include "util/clock.h"

enum { RULE_MAX = 1024, RETRY_MS = 2000 };

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

/* ---- One after the other. ---- */

void
fettle_rule_steps_clear (struct fettle_rule_queue *q)
{
  jobs_clear (q);
  listed_clear (q);
}

bool
fettle_rule_steps_go_on (struct fettle_rule_queue *q, struct op *op)
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

void
fettle_rule_steps_answered (struct fettle_rule_queue *q, struct op *op)
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
