/* plan-arrange.c - several components on one node: which of two versions,
 * stepping stones, what lacks something, circles, the order.
 *
 * Only what is deployed takes part; that is little, whatever the baseline's
 * size.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "model/plan-internal.h"
#include "model/version.h"
#include "util/buf.h"
#include "util/text.h"

#define MAX_STONES 16 /* before one component */

struct arrange {
  const struct fettle_plan_node *node;
  struct fettle_pick *picks;   /* in their order */
  size_t n;
  struct fettle_words offered; /* of picks that are, or were, deployed */
  unsigned mark;
};

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

static void
change (json_t *entry, const char *action, const char *why)
{
  json_object_set_new (entry, "action", json_string (action));
  json_object_set_new (entry, "why", json_string (why));
}

static int
by_order (const void *a, const void *b)
{
  const struct fettle_pick *x = a, *y = b;

  if (x->order != y->order)
    return x->order < y->order ? -1 : 1;
  return strcmp (text_of (x->entry, "component"), text_of (y->entry, "component"));
}

static bool
hard (const json_t *prerequisite)
{
  return json_is_true (json_object_get (prerequisite, "hard"));
}

static const json_t *
prerequisites (const struct fettle_pick *p)
{
  return json_object_get (p->component, "prerequisites");
}

/* Is `version` at least `min`, in the scheme?  No `min`: any will do. */
static bool
at_least (const json_t *thing, const json_t *prerequisite)
{
  const char *scheme = text_of (thing, "scheme"), *min = text_of (prerequisite, "min_version");
  int order;

  return !min || (fettle_version_compare (scheme ? scheme : "plain", text_of (thing, "version"), min,
                                          &order)
                  && order >= 0);
}

static bool
fulfilled (const struct arrange *a, const json_t *prerequisite)
{
  const json_t *item = fettle_plan_indexed_item (&a->node->index, a->node->items,
                                                 text_of (prerequisite, "match"), NULL);

  return item && at_least (item, prerequisite);
}

/* ---- Two versions for the same thing ---- */

static bool
same_thing (const struct fettle_pick *a, const struct fettle_pick *b)
{
  const char *x = text_of (a->component, "arch"), *y = text_of (b->component, "arch");

  return !x || !y || strcmp (x, y) == 0;
}

/* The higher one is taken; of twice the same, the first. */
static bool
is_lower (const struct arrange *a, size_t i)
{
  _cleanup_ (fettle_hits_clear) struct fettle_hits hits = { 0 };
  const struct fettle_pick *p = &a->picks[i];

  fettle_words_find (&a->offered, text_of (p->component, "match"), &hits);
  for (size_t k = 0; k < hits.n; k++) {
    const struct fettle_pick *o = &a->picks[hits.at[k]];

    if (hits.at[k] != i && same_thing (p, o)
        && (fettle_plan_older (p->component, o->component)
            || (i > hits.at[k] && strcmp (text_of (p->component, "version"),
                                          text_of (o->component, "version")) == 0)))
      return true;
  }
  return false;
}

static void
drop_lower (struct arrange *a, bool *lower)
{
  for (size_t i = 0; i < a->n; i++)
    lower[i] = fettle_plan_deploys (a->picks[i].entry) && is_lower (a, i);
  for (size_t i = 0; i < a->n; i++)
    if (lower[i])
      change (a->picks[i].entry, "not-applicable",
              "another component of the baselines is at least as new");
}

/* ---- Stepping stones: a lower version of the same thing that must come first ---- */

/* What of its own former versions the component wants and the node hasn't. */
static const json_t *
own_need (const struct arrange *a, const struct fettle_pick *p)
{
  const json_t *one;
  size_t i;

  json_array_foreach (prerequisites (p), i, one)
    if (hard (one) && fettle_words_meet (text_of (one, "match"), text_of (p->component, "match"))
        && !fulfilled (a, one))
      return one;
  return NULL;
}

/* One that needs no stone itself, else any; the higher one. */
static bool
is_better (const struct arrange *a, const struct fettle_pick *o, const struct fettle_pick *best)
{
  bool direct = !own_need (a, o), best_direct = !own_need (a, best);

  return direct != best_direct ? direct : fettle_plan_older (best->component, o->component);
}

/* The best of the lower ones that will do. */
static size_t
find_stone (const struct arrange *a, const bool *lower, const struct fettle_pick *p,
            const json_t *need)
{
  _cleanup_ (fettle_hits_clear) struct fettle_hits hits = { 0 };
  size_t best = SIZE_MAX;

  fettle_words_find (&a->offered, text_of (p->component, "match"), &hits);
  for (size_t k = 0; k < hits.n; k++) {
    const struct fettle_pick *o = &a->picks[hits.at[k]];

    if (lower[hits.at[k]] && !o->stone && same_thing (p, o)
        && fettle_plan_older (o->component, p->component) && at_least (o->component, need)
        && (best == SIZE_MAX || is_better (a, o, &a->picks[best])))
      best = hits.at[k];
  }
  return best;
}

static void
lay_stones (struct arrange *a, const bool *lower, size_t i)
{
  for (int depth = 0; depth < MAX_STONES; depth++) {
    struct fettle_pick *p = &a->picks[i];
    const json_t *need = own_need (a, p);
    size_t stone = need ? find_stone (a, lower, p, need) : SIZE_MAX;
    char why[300];

    if (stone == SIZE_MAX)
      return;
    snprintf (why, sizeof why, "a stepping stone: %.200s needs it first",
              text_of (p->component, "version"));
    change (a->picks[stone].entry, "upgrade", why);
    json_object_set (p->entry, "installed", json_object_get (a->picks[stone].component, "version"));
    a->picks[stone].stone = i + 1;
    i = stone;
  }
}

/* ---- Prerequisites ---- */

/* The pick that fulfils it for p, or NULL.  Stones before what stands on them. */
static struct fettle_pick *
provider (const struct arrange *a, const struct fettle_pick *p, const json_t *prerequisite)
{
  _cleanup_ (fettle_hits_clear) struct fettle_hits hits = { 0 };
  struct fettle_pick *found = NULL;

  fettle_words_find (&a->offered, text_of (prerequisite, "match"), &hits);
  for (size_t k = 0; k < hits.n; k++) {
    struct fettle_pick *o = &a->picks[hits.at[k]];

    if (o == p || !fettle_plan_deploys (o->entry) || !at_least (o->component, prerequisite))
      continue;
    if (o->stone && &a->picks[o->stone - 1] == p)
      return o;
    if (!found)
      found = o;
  }
  return found;
}

/* The pick that must come first, since the node lacks what p needs; or NULL. */
static struct fettle_pick *
before (const struct arrange *a, const struct fettle_pick *p, const json_t *prerequisite)
{
  return fulfilled (a, prerequisite) ? NULL : provider (a, p, prerequisite);
}

/* Blocks what lacks a hard prerequisite.  True if something was blocked. */
static bool
block_lacking (struct arrange *a)
{
  bool blocked = false;
  char why[512];

  for (size_t i = 0; i < a->n; i++) {
    struct fettle_pick *p = &a->picks[i];
    const json_t *one;
    size_t k;

    json_array_foreach (prerequisites (p), k, one) {
      if (!fettle_plan_deploys (p->entry) || !hard (one) || fulfilled (a, one)
          || provider (a, p, one))
        continue;
      snprintf (why, sizeof why, "needs %.200s %.200s or newer first", text_of (one, "match"),
                text_of (one, "min_version") ? text_of (one, "min_version") : "of any version");
      change (p->entry, "blocked", why);
      blocked = true;
    }
  }
  return blocked;
}

/* ---- Circles of hard prerequisites ---- */

struct circle {
  struct arrange *a;
  size_t path[256], n;
};

static void
name_circle (struct circle *c, size_t from)
{
  struct fettle_buf why = FETTLE_BUF_INIT (4096);

  fettle_buf_printf (&why, "these need each other in a circle:");
  for (size_t i = from; i < c->n; i++)
    fettle_buf_printf (&why, " %s %s ->", text_of (c->a->picks[c->path[i]].component, "name"),
                       text_of (c->a->picks[c->path[i]].component, "version"));
  fettle_buf_printf (&why, " %s", text_of (c->a->picks[c->path[from]].component, "name"));
  for (size_t i = from; i < c->n; i++)
    change (c->a->picks[c->path[i]].entry, "blocked", fettle_buf_text (&why));
  fettle_buf_clear (&why);
}

/* True: a circle was found, and blocked.  mark: on the path; mark + 1: done. */
static bool
find_circle (struct circle *c, struct fettle_pick *p)
{
  const json_t *one;
  size_t k, at = (size_t) (p - c->a->picks);

  if (p->mark == c->a->mark + 1 || c->n == COUNT (c->path))
    return false;
  if (p->mark == c->a->mark) {
    size_t from = c->n;

    while (from && c->path[from - 1] != at)
      from--;
    name_circle (c, from ? from - 1 : 0);
    return true;
  }
  p->mark = c->a->mark;
  c->path[c->n++] = at;
  json_array_foreach (prerequisites (p), k, one) {
    struct fettle_pick *need = hard (one) ? before (c->a, p, one) : NULL;

    if (need && find_circle (c, need))
      return true;
  }
  c->n--;
  p->mark = c->a->mark + 1;
  return false;
}

static bool
block_circles (struct arrange *a)
{
  bool any = false, found;

  do {
    struct circle c = { .a = a };

    found = false;
    a->mark += 2;
    for (size_t i = 0; i < a->n && !found; i++) {
      c.n = 0;
      found = fettle_plan_deploys (a->picks[i].entry) && find_circle (&c, &a->picks[i]);
    }
    any |= found;
  } while (found);
  return any;
}

static void
apply_dependencies (struct arrange *a, const json_t *options)
{
  const char *mode = text_of (options, "on_failed_dependency");
  bool any = false;

  if (mode && strcmp (mode, "force") == 0)
    return;
  /* What was blocked may itself have been a provider. */
  while (block_lacking (a) || block_circles (a))
    any = true;
  if (!any || (mode && strcmp (mode, "omit-component") == 0))
    return;
  for (size_t i = 0; i < a->n; i++)
    if (fettle_plan_deploys (a->picks[i].entry))
      change (a->picks[i].entry, "blocked", "another component of this node is blocked, and"
                                            " on_failed_dependency is omit-host");
}

/* ---- The order ---- */

#define PLACING SIZE_MAX

/* Does p come, through what it needs, to one that is being placed? */
static bool
leads_back (struct arrange *a, struct fettle_pick *p)
{
  const json_t *one;
  size_t k;

  if (p->place == PLACING)
    return true;
  if (p->place || p->mark == a->mark)
    return false;
  p->mark = a->mark;
  json_array_foreach (prerequisites (p), k, one) {
    struct fettle_pick *need = before (a, p, one);

    if (need && leads_back (a, need))
      return true;
  }
  return false;
}

/* Appends the pick after what it needs: hard needs always, soft ones unless
 * that would close a circle. */
static void
place (struct arrange *a, struct fettle_pick *p, json_t *ret)
{
  const json_t *one;
  size_t k;

  if (p->place)
    return;
  p->place = PLACING;
  for (int pass = 0; pass < 2; pass++)
    json_array_foreach (prerequisites (p), k, one) {
      struct fettle_pick *need = hard (one) == (pass == 0) ? before (a, p, one) : NULL;

      a->mark += 2;
      if (need && (pass == 0 || !leads_back (a, need)))
        place (a, need, ret);
    }
  json_array_append_new (ret, p->entry);
  p->place = json_array_size (ret);
}

/* "needs": the positions of what must have been done, and seen, before. */
static void
name_needs (struct arrange *a, struct fettle_pick *p)
{
  json_t *needs = NULL;
  const json_t *one;
  size_t k;

  if (!fettle_plan_deploys (p->entry))
    return;
  json_array_foreach (prerequisites (p), k, one) {
    struct fettle_pick *need = hard (one) ? before (a, p, one) : NULL;

    if (!need || need->place >= p->place)
      continue;
    if (!needs)
      needs = json_array ();
    json_array_append_new (needs, json_integer ((json_int_t) need->place - 1));
  }
  if (needs)
    json_object_set_new (p->entry, "needs", needs);
}

json_t *
fettle_plan_arrange (const struct fettle_plan_node *node, struct fettle_pick *picks, size_t n,
                     const json_t *options)
{
  struct arrange a = { .node = node, .picks = picks, .n = n };
  _cleanup_free_ bool *lower = calloc (n + 1, sizeof *lower);
  json_t *ret = json_array ();

  if (!lower || !ret)
    abort ();
  qsort (picks, n, sizeof *picks, by_order);
  for (size_t i = 0; i < n; i++)
    if (fettle_plan_deploys (picks[i].entry)
        && !fettle_words_add (&a.offered, text_of (picks[i].component, "match"), i))
      abort ();
  fettle_words_sort (&a.offered);
  drop_lower (&a, lower);
  for (size_t i = 0; i < n; i++)
    if (fettle_plan_deploys (picks[i].entry) && !picks[i].stone)
      lay_stones (&a, lower, i);
  apply_dependencies (&a, options);
  for (size_t i = 0; i < n; i++)
    place (&a, &picks[i], ret);
  for (size_t i = 0; i < n; i++)
    name_needs (&a, &picks[i]);
  fettle_words_clear (&a.offered);
  return ret;
}
