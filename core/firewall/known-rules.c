/* known-rules.c - see known-rules.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <search.h>

#include "firewall/known-rules.h"

void *
fettle_rule_need (void *p)
{
  if (!p)
    abort ();
  return p;
}

void
fettle_rule_hole_copy (struct fettle_hole *to, const struct fettle_hole *from)
{
  *to = *from;
  to->purpose = NULL;
  to->node = from->node ? fettle_rule_need (strdup (from->node)) : NULL;
}

void
fettle_rule_hole_clear (struct fettle_hole *h)
{
  free ((char *) (uintptr_t) h->node);
}

/* ---- Rules that are there. ---- */

static int
compare_holes (const void *a, const void *b)
{
  const struct fettle_hole *p = a, *q = b;
  const uint32_t numbers[][2] = {
    { p->protocol, q->protocol }, { p->first, q->first }, { p->last, q->last },
  };
  int d = fettle_address_compare (&p->from, &q->from);

  for (size_t i = 0; !d && i < COUNT (numbers); i++)
    if (numbers[i][0] != numbers[i][1])
      d = numbers[i][0] < numbers[i][1] ? -1 : 1;
  return d;
}

struct fettle_known_rule *
fettle_known_rules_find (const struct fettle_known_rules *k, const struct fettle_hole *h)
{
  struct fettle_known_rule *const *e = tfind (h, &k->tree, compare_holes);

  return e ? *e : NULL;
}

static void
known_free (void *p)
{
  struct fettle_known_rule *e = p;

  fettle_rule_hole_clear (&e->hole);
  free (e->rule);
  free (e);
}

void
fettle_known_rules_put (struct fettle_known_rules *k, const struct fettle_hole *h,
                        const char *rule, unsigned twin, int64_t until)
{
  struct fettle_known_rule *e = fettle_known_rules_find (k, h);

  if (!e) {
    e = fettle_rule_need (calloc (1, sizeof *e));
    fettle_rule_hole_copy (&e->hole, h);
    fettle_rule_need (tsearch (e, &k->tree, compare_holes));
    k->n++;
  }
  free (e->rule);
  e->rule = fettle_rule_need (strdup (rule));
  e->twin = twin;
  e->until = until;
}

void
fettle_known_rules_drop (struct fettle_known_rules *k, struct fettle_known_rule *e)
{
  tdelete (e, &k->tree, compare_holes);
  k->n--;
  known_free (e);
}

static struct { struct fettle_known_rule **list; size_t n; } walked; /* twalk has no argument */

static void
walk (const void *node, VISIT visit, int depth)
{
  (void) depth;
  if (visit == postorder || visit == leaf)
    walked.list[walked.n++] = *(struct fettle_known_rule *const *) node;
}

struct fettle_known_rule **
fettle_known_rules_list (const struct fettle_known_rules *k)
{
  walked.list = fettle_rule_need (calloc (k->n + 1, sizeof (struct fettle_known_rule *)));
  walked.n = 0;
  twalk (k->tree, walk);
  return walked.list;
}

void
fettle_known_rules_clear (struct fettle_known_rules *k)
{
  tdestroy (k->tree, known_free);
  k->tree = NULL;
  k->n = 0;
}

/* ---- Rules that the manager listed. ---- */

static int
compare_rules (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

void
fettle_rule_list_add (struct fettle_rule_list *l, const char *rule)
{
  if (l->n == l->room) {
    l->room = l->room ? 2 * l->room : 64;
    l->rules = fettle_rule_need (reallocarray (l->rules, l->room, sizeof *l->rules));
  }
  l->rules[l->n++] = fettle_rule_need (strdup (rule));
}

void
fettle_rule_list_sort (struct fettle_rule_list *l)
{
  if (l->n > 0)
    qsort (l->rules, l->n, sizeof *l->rules, compare_rules);
}

bool
fettle_rule_list_take (struct fettle_rule_list *l, const char *rule)
{
  char **at = l->n ? bsearch (&rule, l->rules, l->n, sizeof *l->rules, compare_rules) : NULL;

  if (!at)
    return false;
  free (*at);
  memmove (at, at + 1, sizeof *at * (size_t) (&l->rules[l->n] - (at + 1)));
  l->n--;
  return true;
}

void
fettle_rule_list_clear (struct fettle_rule_list *l)
{
  for (size_t i = 0; i < l->n; i++)
    free (l->rules[i]);
  l->n = 0;
}

void
fettle_rule_list_free (struct fettle_rule_list *l)
{
  fettle_rule_list_clear (l);
  free (l->rules);
}
