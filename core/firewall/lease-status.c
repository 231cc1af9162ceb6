/* lease-status.c - see lease.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "firewall/lease-internal.h"

/* A hole that was given back meanwhile has no claims any more. */
static size_t
rows_of (struct fettle_leases *l, const struct fettle_hole *key,
         const struct fettle_hole_status *status, struct fettle_lease_row *rows, size_t room)
{
  struct hole *h = fettle_hole_find (&l->holes, key, false);
  int64_t now = fettle_lease_now ();
  size_t n = 0;

  for (struct claim *c = h ? h->claims : NULL; c && n < room; c = c->next) {
    struct fettle_lease_row *row = &rows[n++];

    *row = (struct fettle_lease_row) { c->lease->job, fettle_hole_out (l, h, now), *status };
    row->hole.node = c->lease->node;
    row->hole.purpose = c->purpose;
    row->hole.phase = c->lease->phase;
    row->hole.until = c->lease->until;
  }
  return n;
}

static size_t
count_claims (const struct fettle_leases *l)
{
  size_t n = 0;

  for (const struct lease *lease = l->all; lease; lease = lease->next)
    n += lease->n;
  return n;
}

static void
status_done (void *arg, fettle_result code, const char *text,
             const struct fettle_hole_status *statuses, size_t n)
{
  struct status_call *c = arg;
  size_t room = count_claims (c->leases), rows = 0;
  _cleanup_free_ struct fettle_lease_row *all = calloc (room + 1, sizeof *all);

  for (size_t i = 0; all && i < n; i++)
    rows += rows_of (c->leases, &c->holes[i], &statuses[i], all + rows, room - rows);
  c->done (c->arg, all ? code : FETTLE_E_NOMEM, text, all, rows);
  *c->back = c->next;
  if (c->next)
    c->next->back = c->back;
  free (c);
}

void
fettle_leases_status (struct fettle_leases *l, fettle_leases_status_done *done, void *arg)
{
  struct status_call *c = malloc (sizeof *c + (l->holes.n + 1) * sizeof c->holes[0]);
  int64_t now = fettle_lease_now ();
  size_t n = 0;

  if (!c)
    abort ();
  *c = (struct status_call) { .leases = l, .next = l->status_calls, .back = &l->status_calls,
                              .done = done, .arg = arg };
  if (c->next)
    c->next->back = &c->next;
  l->status_calls = c;
  for (struct hole *h = l->holes.all; h; h = h->next)
    if (h->claims)
      c->holes[n++] = fettle_hole_out (l, h, now);
  fettle_firewall_status (l->firewall, c->holes, n, status_done, c);
}
