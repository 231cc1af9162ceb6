/* hole-table.c - see hole-table.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <search.h>

#include "firewall/hole-table.h"

struct source {
  struct fettle_address from; /* the first member: the key */
  struct hole *holes;
};

static int
compare (const void *a, const void *b)
{
  return fettle_address_compare (a, b);
}

const struct fettle_address *
fettle_hole_address (const struct hole *h)
{
  return &h->source->from;
}

static struct source *
find_source (struct hole_table *t, const struct fettle_address *from, bool make)
{
  struct source *s, **node = tfind (from, &t->sources, compare);

  if (node)
    return *node;
  s = make ? calloc (1, sizeof *s) : NULL;
  if (!s)
    return NULL;
  s->from = *from;
  if (!tsearch (s, &t->sources, compare)) {
    free (s);
    return NULL;
  }
  return s;
}

static struct hole *
make_hole (struct hole_table *t, struct source *s, const struct fettle_hole *want)
{
  struct hole *h = calloc (1, sizeof *h);

  if (!h)
    return NULL;
  h->source = s;
  h->protocol = (uint8_t) want->protocol;
  h->first = want->first;
  h->last = want->last;
  h->sibling = s->holes;
  s->holes = h;
  h->next = t->all;
  h->back = &t->all;
  if (t->all)
    t->all->back = &h->next;
  t->all = h;
  t->n++;
  return h;
}

static void
free_source (struct hole_table *t, struct source *s)
{
  if (s->holes)
    return;
  tdelete (s, &t->sources, compare);
  free (s);
}

struct hole *
fettle_hole_find (struct hole_table *t, const struct fettle_hole *want, bool make)
{
  struct source *s = find_source (t, &want->from, make);
  struct hole *h = NULL;

  for (h = s ? s->holes : NULL; h; h = h->sibling)
    if (h->protocol == want->protocol && h->first == want->first && h->last == want->last)
      return h;
  if (s && make)
    h = make_hole (t, s, want);
  if (s && !h)
    free_source (t, s);
  return h;
}

void
fettle_hole_claim (struct hole *h, struct claim *c)
{
  c->hole = h;
  c->next = h->claims;
  h->claims = c;
}

void
fettle_hole_drop (struct claim *c)
{
  struct claim **p = &c->hole->claims;

  while (*p != c)
    p = &(*p)->next;
  *p = c->next;
}

struct hole *
fettle_hole_overlapping (struct hole *h, struct hole *after)
{
  struct hole *other = after ? after->sibling : h->source->holes;

  for (; other; other = other->sibling)
    if (other != h && other->claims && other->protocol == h->protocol && other->first <= h->last
        && h->first <= other->last)
      return other;
  return NULL;
}

void
fettle_hole_free_unused (struct hole_table *t, struct hole *h)
{
  struct hole **p;

  if (h->claims || h->awaited || h->in_queue)
    return;
  for (p = &h->source->holes; *p != h; p = &(*p)->sibling)
    ;
  *p = h->sibling;
  *h->back = h->next;
  if (h->next)
    h->next->back = h->back;
  free_source (t, h->source);
  free (h);
  t->n--;
}

void
fettle_hole_table_clear (struct hole_table *t)
{
  while (t->all) {
    struct hole *h = t->all;

    h->claims = NULL;
    h->awaited = 0;
    h->in_queue = false;
    fettle_hole_free_unused (t, h);
  }
}
