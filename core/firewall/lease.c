/* lease.c - see lease.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <search.h>

#include "firewall/lease-internal.h"

/* ---- Time. ---- */

static int64_t
clock_ms (clockid_t id)
{
  struct timespec t;

  clock_gettime (id, &t);
  return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
fettle_lease_now (void)
{
  return clock_ms (CLOCK_BOOTTIME);
}

void
fettle_leases_wake_at (struct fettle_leases *l, int64_t at)
{
  int64_t left = at - fettle_lease_now ();
  struct timeval t;

  if (at >= l->timer_at)
    return;
  if (left < 1)
    left = 1;
  t = (struct timeval) { left / 1000, (suseconds_t) (left % 1000) * 1000 };
  event_add (l->timer, &t);
  l->timer_at = at;
}

void
fettle_leases_work_soon (struct fettle_leases *l)
{
  event_active (l->work, EV_TIMEOUT, 0);
}

/* ---- Telling. ---- */

void
fettle_leases_tell (struct fettle_leases *l, fettle_firewall_done *done, void *arg, fettle_result code,
      const char *text)
{
  struct told *t;

  if (!done)
    return;
  t = calloc (1, sizeof *t);
  if (!t)
    abort ();
  *t = (struct told) { .done = done, .arg = arg, .code = code };
  snprintf (t->text, sizeof t->text, "%s", text);
  *l->told_end = t;
  l->told_end = &t->next;
  fettle_leases_work_soon (l);
}

void
fettle_lease_tell_waiter (struct fettle_leases *l, struct lease *lease, fettle_result code, const char *text)
{
  if (!lease->waits)
    return;
  lease->waits = false;
  fettle_leases_tell (l, lease->done, lease->arg, code, text);
}

void
fettle_leases_notice (struct fettle_leases *l, const char *text)
{
  if (l->hooks->notice)
    l->hooks->notice (l->arg, text);
}

/* ---- Leases by name. ---- */

static int
compare_leases (const void *one, const void *other)
{
  const struct lease *a = one, *b = other;
  int r = strcmp (a->node, b->node);

  if (!r)
    r = strcmp (a->job, b->job);
  return r ? r : a->phase < b->phase ? -1 : a->phase > b->phase;
}

static struct lease *
find_lease (struct fettle_leases *l, const char *node, const char *job, uint32_t phase)
{
  const struct lease key = { .node = node, .job = job, .phase = phase };
  struct lease **found = tfind (&key, &l->by_name, compare_leases);

  return found ? *found : NULL;
}

static int
compare_text (const void *a, const void *b)
{
  return strcmp (a, b);
}

static const char *
intern (struct fettle_leases *l, const char *text)
{
  char **found = tfind (text ? text : "", &l->purposes, compare_text);
  char *copy;

  if (found)
    return *found;
  copy = strdup (text ? text : "");
  if (copy && !tsearch (copy, &l->purposes, compare_text)) {
    free (copy);
    return NULL;
  }
  return copy;
}

/* ---- Giving up. ---- */

static void
drop_claims (struct fettle_leases *l, struct lease *lease)
{
  for (size_t i = 0; i < lease->n; i++) {
    struct hole *h = lease->claims[i].hole;

    fettle_hole_drop (&lease->claims[i]);
    /* Closed, or kept for the others, whose time may be shorter. */
    if (h->open_until > 0 && (!h->claims || fettle_hole_wanted_until (h) < h->open_until))
      fettle_leases_enqueue (l, h);
    else
      fettle_hole_free_unused (&l->holes, h);
  }
  lease->n = 0;
}

static void
free_lease (struct lease *lease)
{
  free (lease->names);
  free (lease);
}

static void
unlist (struct fettle_leases *l, struct lease *lease)
{
  tdelete (lease, &l->by_name, compare_leases);
  *lease->back = lease->next;
  if (lease->next)
    lease->next->back = lease->back;
  l->n--;
}

/* ---- The end of a lease. ---- */

/* A view of it for the hooks; the holes' array is the caller's to free. */
static struct fettle_lease
lease_out (const struct fettle_leases *l, const struct lease *lease, struct fettle_hole **ret_holes)
{
  int64_t now = fettle_lease_now ();
  size_t n = 0;

  *ret_holes = calloc (lease->n + 1, sizeof **ret_holes);
  for (; *ret_holes && n < lease->n; n++) {
    (*ret_holes)[n] = fettle_hole_out (l, lease->claims[n].hole, now);
    (*ret_holes)[n].purpose = lease->claims[n].purpose;
  }
  return (struct fettle_lease) { lease->node, lease->job, lease->phase, lease->until, *ret_holes,
                                 n };
}

void
fettle_lease_end (struct fettle_leases *l, struct lease *lease, bool by_time, fettle_result code,
           const char *text)
{
  _cleanup_free_ struct fettle_hole *holes = NULL;
  const struct fettle_lease out = lease_out (l, lease, &holes);
  struct fettle_error err;

  if (l->hooks->ended && l->hooks->ended (l->arg, &out, by_time, &err))
    fettle_leases_notice (l, err.text); /* at worst, it is opened once more after a crash */
  fettle_lease_tell_waiter (l, lease, code, text);
  unlist (l, lease);
  drop_claims (l, lease);
  free_lease (lease);
}

/* ---- From the event loop. ---- */

static void
on_work (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_leases *l = arg;
  struct told *all = l->told;

  (void) fd;
  (void) what;
  fettle_leases_flush (l);
  l->told = NULL;
  l->told_end = &l->told;
  while (all) {
    struct told *t = all;

    all = t->next;
    t->done (t->arg, t->code, t->text);
    free (t);
  }
}

static void
on_timer (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_leases *l = arg;
  int64_t now = fettle_lease_now (), next = INT64_MAX;

  (void) fd;
  (void) what;
  l->timer_at = INT64_MAX;
  for (struct lease *lease = l->all, *after; lease; lease = after) {
    after = lease->next;
    if (lease->deadline <= now)
      fettle_lease_end (l, lease, true, FETTLE_E_TIMEOUT, "the lease ended before its holes were open");
    else if (lease->deadline < next)
      next = lease->deadline;
  }
  for (struct hole *h = l->holes.all; h; h = h->next) {
    int64_t due = fettle_hole_prolong (l, h, now);

    if (due < next)
      next = due;
  }
  if (next < INT64_MAX)
    fettle_leases_wake_at (l, next);
}

/* ---- Taking. ---- */

static fettle_result
check_lease (const struct fettle_lease *want, struct fettle_error *err)
{
  if (want->n > FETTLE_LEASE_HOLES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "node %s needs %zu holes in the firewall; %u is "
                             "the limit", want->node, want->n, FETTLE_LEASE_HOLES_MAX);
  for (size_t i = 0; i < want->n; i++)
    if (fettle_hole_check (&want->holes[i], err))
      return err->code;
  return FETTLE_OK;
}

static struct lease *
lease_new (const struct fettle_lease *want)
{
  size_t a = strlen (want->node) + 1, b = strlen (want->job) + 1;
  struct lease *lease = calloc (1, sizeof *lease + want->n * sizeof lease->claims[0]);

  if (lease)
    lease->names = malloc (a + b);
  if (!lease || !lease->names) {
    free (lease);
    return NULL;
  }
  memcpy (lease->names, want->node, a);
  memcpy (lease->names + a, want->job, b);
  lease->node = lease->names;
  lease->job = lease->names + a;
  lease->phase = want->phase;
  lease->until = want->until;
  return lease;
}

static bool
claim_all (struct fettle_leases *l, struct lease *lease, const struct fettle_lease *want)
{
  for (size_t i = 0; i < want->n; i++) {
    struct claim *c = &lease->claims[i];
    struct hole *h = fettle_hole_find (&l->holes, &want->holes[i], true);

    c->lease = lease;
    c->purpose = intern (l, want->holes[i].purpose);
    if (!h || !c->purpose) {
      if (h)
        fettle_hole_free_unused (&l->holes, h);
      return false;
    }
    fettle_hole_claim (h, c);
    lease->n++;
  }
  return true;
}

static bool
enlist (struct fettle_leases *l, struct lease *lease)
{
  if (!tsearch (lease, &l->by_name, compare_leases))
    return false;
  lease->next = l->all;
  lease->back = &l->all;
  if (l->all)
    l->all->back = &lease->next;
  l->all = lease;
  l->n++;
  return true;
}

/* Puts it in the place of the one of its name; shared holes stay open. */
static fettle_result
add_lease (struct fettle_leases *l, const struct fettle_lease *want, struct lease **ret,
           struct fettle_error *err)
{
  struct lease *old = find_lease (l, want->node, want->job, want->phase);
  struct lease *lease = lease_new (want);
  int64_t left = want->until * 1000 - clock_ms (CLOCK_REALTIME);

  if (!lease)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a lease");
  lease->deadline = fettle_lease_now () + left;
  if (!claim_all (l, lease, want)) {
    drop_claims (l, lease);
    free_lease (lease);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a lease");
  }
  if (old) {
    fettle_lease_tell_waiter (l, old, FETTLE_E_ABORTED, "the lease was taken anew");
    unlist (l, old);
    drop_claims (l, old);
    free_lease (old);
  }
  if (!enlist (l, lease)) {
    drop_claims (l, lease);
    free_lease (lease);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a lease");
  }
  fettle_leases_wake_at (l, lease->deadline);
  *ret = lease;
  return FETTLE_OK;
}

/* What isn't open, or not for long enough that it is prolonged in time. */
static void
open_missing (struct fettle_leases *l, struct lease *lease)
{
  lease->missing = 0;
  for (size_t i = 0; i < lease->n; i++) {
    struct hole *h = lease->claims[i].hole;

    if (!h->open)
      lease->missing++;
    if (h->open_until == 0)
      fettle_leases_enqueue (l, h);
    else if (fettle_hole_wanted_until (h) > h->open_until)
      fettle_leases_wake_at (l, h->open_until - fettle_leases_lifetime (l) / 2);
  }
}

fettle_result
fettle_leases_take (struct fettle_leases *l, const struct fettle_lease *want,
                    fettle_firewall_done *done, void *arg, struct fettle_error *err)
{
  struct lease *lease;

  if (check_lease (want, err))
    return err->code;
  if (want->until * 1000 <= clock_ms (CLOCK_REALTIME))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the lease for node %s has ended already",
                             want->node);
  if (l->hooks->taken && l->hooks->taken (l->arg, want, err))
    return err->code;
  if (add_lease (l, want, &lease, err))
    return err->code;
  lease->done = done;
  lease->arg = arg;
  lease->waits = true;
  open_missing (l, lease);
  if (lease->missing == 0)
    fettle_lease_tell_waiter (l, lease, FETTLE_OK, "");
  return FETTLE_OK;
}

void
fettle_leases_give_back (struct fettle_leases *l, const char *node, const char *job, uint32_t phase)
{
  struct lease *lease = find_lease (l, node, job, phase);

  if (lease)
    fettle_lease_end (l, lease, false, FETTLE_E_ABORTED, "the lease was given back");
}

void
fettle_leases_give_back_job (struct fettle_leases *l, const char *job)
{
  for (struct lease *lease = l->all, *next; lease; lease = next) {
    next = lease->next;
    if (strcmp (lease->job, job) == 0)
      fettle_lease_end (l, lease, false, FETTLE_E_ABORTED, "the lease was given back");
  }
}

size_t
fettle_leases_count (const struct fettle_leases *l)
{
  return l->n;
}

/* ---- Start. ---- */

fettle_result
fettle_leases_load (struct fettle_leases *l, const struct fettle_lease *row,
                    struct fettle_error *err)
{
  struct lease *lease;

  if (row->until * 1000 > clock_ms (CLOCK_REALTIME))
    return check_lease (row, err) ? err->code : add_lease (l, row, &lease, err);
  return l->hooks->ended ? l->hooks->ended (l->arg, row, true, err) : FETTLE_OK;
}

static void
on_lost (void *arg, const char *why)
{
  struct fettle_leases *l = arg;

  fettle_leases_notice (l, why);
  fettle_leases_settle (l, NULL, NULL);
}

static void
on_notice (void *arg, const char *text)
{
  fettle_leases_notice (arg, text);
}

static const struct fettle_firewall_events firewall_events = { on_lost, on_notice };

fettle_result
fettle_leases_new (struct event_base *base, const struct fettle_backend *backend,
                   const struct fettle_firewall_options *options,
                   const struct fettle_lease_hooks *hooks, void *arg, struct fettle_leases **ret,
                   struct fettle_error *err)
{
  struct fettle_leases *l = calloc (1, sizeof *l);

  if (!l)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for leases");
  *l = (struct fettle_leases) { .base = base, .hooks = hooks, .arg = arg, .timer_at = INT64_MAX };
  l->queue_end = &l->queue;
  l->told_end = &l->told;
  l->work = event_new (base, -1, 0, on_work, l);
  l->timer = evtimer_new (base, on_timer, l);
  if (!l->work || !l->timer)
    fettle_error_set (err, FETTLE_E_NOMEM, "no memory for leases");
  else if (fettle_firewall_new (base, backend, options, &firewall_events, l, &l->firewall, err)
           == FETTLE_OK) {
    *ret = l;
    return FETTLE_OK;
  }
  fettle_leases_free (l);
  return err->code;
}

static void
free_lists (struct fettle_leases *l)
{
  for (struct told *t; (t = l->told);) {
    l->told = t->next;
    free (t);
  }
  while (l->batches)
    fettle_batch_free (l->batches);
  while (l->status_calls) {
    struct status_call *c = l->status_calls;

    l->status_calls = c->next;
    free (c);
  }
  while (l->all) {
    struct lease *lease = l->all;

    unlist (l, lease);
    free_lease (lease);
  }
  while (l->purposes) {
    char *text = *(char **) l->purposes;

    tdelete (text, &l->purposes, compare_text);
    free (text);
  }
}

void
fettle_leases_free (struct fettle_leases *l)
{
  if (!l)
    return;
  fettle_firewall_free (l->firewall);
  free_lists (l);
  fettle_hole_table_clear (&l->holes);
  if (l->work)
    event_free (l->work);
  if (l->timer)
    event_free (l->timer);
  free (l);
}

struct fettle_firewall *
fettle_leases_firewall (struct fettle_leases *l)
{
  return l->firewall;
}
