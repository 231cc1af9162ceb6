/* lease-apply.c - see lease-internal.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "firewall/lease-internal.h"

enum { LIFETIME_S = 600, BATCH = 1000 };

int64_t
fettle_leases_lifetime (const struct fettle_leases *l)
{
  return (int64_t) (l->hooks->lifetime_s ? l->hooks->lifetime_s : LIFETIME_S) * 1000;
}

/* ---- Holes. ---- */

void
fettle_leases_enqueue (struct fettle_leases *l, struct hole *h)
{
  if (h->in_queue)
    return;
  h->in_queue = true;
  h->queued = NULL;
  *l->queue_end = h;
  l->queue_end = &h->queued;
  fettle_leases_work_soon (l);
}

int64_t
fettle_hole_wanted_until (const struct hole *h)
{
  int64_t until = INT64_MIN;

  for (const struct claim *c = h->claims; c; c = c->next)
    if (c->lease->deadline > until)
      until = c->lease->deadline;
  return until;
}

struct fettle_hole
fettle_hole_out (const struct fettle_leases *l, const struct hole *h, int64_t now)
{
  int64_t left = fettle_hole_wanted_until (h) - now, most = fettle_leases_lifetime (l);
  struct fettle_hole out = {
    .from = *fettle_hole_address (h), .protocol = h->protocol, .first = h->first, .last = h->last,
    .node = "", .purpose = "",
  };

  if (!h->claims)
    return out;
  left = left > most ? most : left < 1 ? 1 : left;
  out.lifetime_s = (uint32_t) ((left + 999) / 1000);
  out.node = h->claims->lease->node;
  out.purpose = h->claims->purpose;
  for (const struct claim *c = h->claims; c; c = c->next) {
    out.phase |= c->lease->phase;
    if (c->lease->until > out.until)
      out.until = c->lease->until;
  }
  return out;
}

/* ---- Opening and closing. ---- */

static void send_open (struct fettle_leases *, struct hole *const *, size_t n);

static struct batch *
batch_new (struct fettle_leases *l, struct hole *const *holes, size_t n)
{
  struct batch *b = malloc (sizeof *b + n * sizeof b->holes[0]);

  if (!b)
    abort ();
  *b = (struct batch) { .leases = l, .n = n, .next = l->batches, .back = &l->batches };
  if (b->next)
    b->next->back = &b->next;
  l->batches = b;
  for (size_t i = 0; i < n; i++) {
    b->holes[i] = holes[i];
    holes[i]->awaited++;
  }
  return b;
}

void
fettle_batch_free (struct batch *b)
{
  *b->back = b->next;
  if (b->next)
    b->next->back = b->back;
  free (b);
}

static void
opened (struct fettle_leases *l, struct hole *h)
{
  if (h->open || h->open_until == 0) /* closed again meanwhile */
    return;
  h->open = true;
  for (struct claim *c = h->claims; c; c = c->next)
    if (c->lease->waits && --c->lease->missing == 0)
      fettle_lease_tell_waiter (l, c->lease, FETTLE_OK, "");
}

/* Leases that nobody waits for have had it open: they keep it, and their turn
 * to prolong it comes again. */
static void
not_opened (struct fettle_leases *l, struct hole *h, fettle_result code, const char *text)
{
  bool waited = false;

  if (!h->open)
    h->open_until = 0;
  for (struct claim *c = h->claims, *next; c; c = next) {
    next = c->next;
    if (c->lease->waits) {
      struct lease *lease = c->lease;

      while (next && next->lease == lease)
        next = next->next;
      fettle_lease_end (l, lease, false, code, text);
      waited = true;
    }
  }
  if (!waited)
    fettle_leases_notice (l, text);
}

static void
open_done (void *arg, fettle_result code, const char *text)
{
  struct batch *b = arg;
  struct fettle_leases *l = b->leases;

  for (size_t i = 0; i < b->n; i++) {
    struct hole *h = b->holes[i];

    if (!code)
      opened (l, h);
    else if (b->n > 1 && h->claims)
      send_open (l, &h, 1); /* one of them was refused, and all with it */
    else if (b->n == 1)
      not_opened (l, h, code, text);
    h->awaited--;
    fettle_hole_free_unused (&l->holes, h);
  }
  fettle_batch_free (b);
  fettle_leases_work_soon (l);
}

static void
send_open (struct fettle_leases *l, struct hole *const *holes, size_t n)
{
  _cleanup_free_ struct fettle_hole *out = calloc (n + 1, sizeof *out);
  int64_t now = fettle_lease_now ();

  if (!out)
    abort ();
  for (size_t i = 0; i < n; i++) {
    out[i] = fettle_hole_out (l, holes[i], now);
    holes[i]->open_until = now + (int64_t) out[i].lifetime_s * 1000;
    if (fettle_hole_wanted_until (holes[i]) > holes[i]->open_until)
      fettle_leases_wake_at (l, holes[i]->open_until - fettle_leases_lifetime (l) / 2);
  }
  fettle_firewall_open (l->firewall, out, n, open_done, batch_new (l, holes, n));
}

static void
close_done (void *arg, fettle_result code, const char *text)
{
  if (code)
    fettle_leases_notice (arg, text); /* it ends by its lifetime */
}

/* A hole with ports in common is opened anew: they are closed with this one. */
static void
send_close (struct fettle_leases *l, struct hole *const *holes, size_t n)
{
  _cleanup_free_ struct fettle_hole *out = calloc (n + 1, sizeof *out);

  if (!out)
    abort ();
  for (size_t i = 0; i < n; i++) {
    out[i] = fettle_hole_out (l, holes[i], 0);
    holes[i]->open = false;
    holes[i]->open_until = 0;
    for (struct hole *o = NULL; (o = fettle_hole_overlapping (holes[i], o));)
      fettle_leases_enqueue (l, o);
  }
  fettle_firewall_close (l->firewall, out, n, close_done, l);
  for (size_t i = 0; i < n; i++)
    fettle_hole_free_unused (&l->holes, holes[i]);
}

static struct hole *
dequeue (struct fettle_leases *l)
{
  struct hole *h = l->queue;

  l->queue = h->queued;
  if (!l->queue)
    l->queue_end = &l->queue;
  h->in_queue = false;
  return h;
}

void
fettle_leases_flush (struct fettle_leases *l)
{
  struct hole *to_open[BATCH], *to_close[BATCH];
  size_t n_open = 0, n_close = 0;

  while (l->queue && n_open < BATCH && n_close < BATCH) {
    struct hole *h = dequeue (l);

    if (h->claims)
      to_open[n_open++] = h;
    else if (h->open_until > 0)
      to_close[n_close++] = h;
    else
      fettle_hole_free_unused (&l->holes, h);
  }
  if (n_close > 0)
    send_close (l, to_close, n_close);
  if (n_open > 0)
    send_open (l, to_open, n_open);
  if (l->queue)
    fettle_leases_work_soon (l);
}

int64_t
fettle_hole_prolong (struct fettle_leases *l, struct hole *h, int64_t now)
{
  int64_t due = h->open_until - fettle_leases_lifetime (l) / 2;

  if (h->open_until == 0 || fettle_hole_wanted_until (h) <= h->open_until)
    return INT64_MAX;
  if (due > now)
    return due;
  fettle_leases_enqueue (l, h);
  return INT64_MAX; /* sending it sets the next */
}

/* ---- All at once. ---- */

struct settled {
  struct batch *batch;
  fettle_firewall_done *done;
  void *arg;
};

static void
settle_done (void *arg, fettle_result code, const char *text)
{
  struct settled s = *(struct settled *) arg;

  free (arg);
  if (s.done)
    fettle_leases_tell (s.batch->leases, s.done, s.arg, code, text);
  open_done (s.batch, code, text);
}

/* Nothing is open until it is said to be. */
static size_t
forget_open (struct fettle_leases *l, struct hole **ret, struct fettle_hole *ret_out)
{
  int64_t now = fettle_lease_now ();
  size_t n = 0;

  for (struct lease *lease = l->all; lease; lease = lease->next)
    lease->missing = lease->n;
  for (struct hole *h = l->holes.all; h; h = h->next) {
    h->open = false;
    h->open_until = 0;
    if (!h->claims)
      continue;
    ret_out[n] = fettle_hole_out (l, h, now);
    h->open_until = now + (int64_t) ret_out[n].lifetime_s * 1000;
    if (fettle_hole_wanted_until (h) > h->open_until)
      fettle_leases_wake_at (l, h->open_until - fettle_leases_lifetime (l) / 2);
    ret[n++] = h;
  }
  return n;
}

void
fettle_leases_settle (struct fettle_leases *l, fettle_firewall_done *done, void *arg)
{
  _cleanup_free_ struct hole **holes = calloc (l->holes.n + 1, sizeof *holes);
  _cleanup_free_ struct fettle_hole *out = calloc (l->holes.n + 1, sizeof *out);
  struct settled *s = malloc (sizeof *s);
  size_t n;

  if (!holes || !out || !s)
    abort ();
  n = forget_open (l, holes, out);
  *s = (struct settled) { batch_new (l, holes, n), done, arg };
  fettle_firewall_settle (l->firewall, out, n, settle_done, s);
}
