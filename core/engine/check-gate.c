/* check-gate.c - what the gate counted of a node's way back: see check.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/check.h"

/* An answer that is waited for; outlives the check, if it must. */
struct check_ask {
  struct check *check; /* NULL: nobody waits any more */
  struct fettle_hole_trace *ret;
  void (*then) (struct lane *);
};

static void
ended (struct check_ask *a)
{
  struct check *c = a->check;
  void (*then) (struct lane *) = a->then;

  free (a);
  if (!c)
    return;
  c->ask = NULL;
  then (c->lane);
}

static bool
is_node (struct fettle_engine *e, const char *address)
{
  return fettle_store_number (e->store, 0, "SELECT 1 FROM node WHERE address = ?", "s", address);
}

/* The first one who isn't a node under its own address. */
static void
take_stranger (struct check *c, const struct fettle_stranger *all, size_t n)
{
  char address[FETTLE_ADDRESS_TEXT];

  for (size_t i = 0; i < n && !c->stranger[0]; i++)
    if (all[i].port == c->rows[c->at].port && all[i].protocol == FETTLE_TCP
        && !is_node (c->lane->engine, fettle_address_text (&all[i].from, address)))
      snprintf (c->stranger, sizeof c->stranger, "%.45s", address);
}

static void
on_seen (void *arg, fettle_result r, const char *text, const struct fettle_stranger *all, size_t n)
{
  struct check_ask *a = arg;

  (void) text;
  if (r == FETTLE_OK && a->check)
    take_stranger (a->check, all, n);
  ended (a);
}

static void
on_trace (void *arg, fettle_result r, const char *text, const struct fettle_hole_trace *trace)
{
  struct check_ask *a = arg;
  struct check *c = a->check;

  (void) text;
  if (c && r == FETTLE_OK && trace) {
    *a->ret = *trace;
    c->traced = true;
    if (trace->arrived == 0 && c->lane->engine->leases) {
      fettle_firewall_seen (fettle_leases_firewall (c->lane->engine->leases), on_seen, a);
      return;
    }
  }
  ended (a);
}

void
fettle_check_count (struct check *c, struct fettle_hole_trace *ret, void (*then) (struct lane *))
{
  struct fettle_engine *e = c->lane->engine;
  struct fettle_hole hole = { .protocol = FETTLE_TCP, .first = c->rows[c->at].port,
                              .last = c->rows[c->at].port, .purpose = "check" };
  struct fettle_error err;

  c->stranger[0] = '\0';
  c->traced = false;
  *ret = (struct fettle_hole_trace) { 0 };
  c->ask = e->leases && fettle_address_parse (c->address, &hole.from, &err) == FETTLE_OK
             ? calloc (1, sizeof *c->ask) : NULL;
  if (!c->ask) {
    then (c->lane);
    return;
  }
  *c->ask = (struct check_ask) { c, ret, then };
  fettle_firewall_trace (fettle_leases_firewall (e->leases), &hole, on_trace, c->ask);
}

void
fettle_check_forget (struct check *c)
{
  if (c->ask)
    c->ask->check = NULL;
  c->ask = NULL;
}
