/* plan-compare.c - what plans cost, in what two of them differ, which
 * components lead back; see plan.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "model/plan-internal.h"
#include "util/text.h"

#define RESTART 300 /* s, usually */

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));

  return text ? text : "";
}

/* ---- Cost ---- */

/* Does a later one wait until this one works? */
static bool
is_needed (const json_t *entries, size_t at)
{
  const json_t *entry, *v;
  size_t i, k;

  json_array_foreach (entries, i, entry)
    json_array_foreach (json_object_get (entry, "needs"), k, v)
      if (json_integer_value (v) == (json_int_t) at)
        return true;
  return false;
}

uint32_t
fettle_plan_cost (const json_t *entries, const char *reboot, uint32_t *ret_restarts)
{
  bool any = false, last = false, never = !reboot || strcmp (reboot, "never") == 0;
  uint32_t seconds = 0, restarts = 0;
  const json_t *entry;
  size_t i;

  json_array_foreach (entries, i, entry) {
    if (!fettle_plan_deploys (entry))
      continue;
    any = true;
    seconds += (uint32_t) json_integer_value (json_object_get (entry, "seconds"));
    if (!json_is_true (json_object_get (entry, "reboot")))
      continue;
    if (is_needed (entries, i))
      restarts++;
    else
      last = true;
  }
  restarts = never ? 0 : restarts + (last || (any && strcmp (reboot, "always") == 0));
  *ret_restarts = restarts;
  return seconds + restarts * RESTART;
}

/* ---- Differences ---- */

static json_t *
by_key (const json_t *array, const char *first, const char *second)
{
  json_t *map = json_object ();
  const json_t *one;
  size_t i;
  char key[1400];

  json_array_foreach (array, i, one) {
    const json_t *value = json_object_get (one, first);

    if (json_is_integer (value))
      snprintf (key, sizeof key, "%lld", (long long) json_integer_value (value));
    else
      snprintf (key, sizeof key, "%s\n%s", text_of (one, first), second ? text_of (one, second) : "");
    json_object_set (map, key, (json_t *) one);
  }
  return map;
}

static void
describe (const json_t *entry, char *ret, size_t size)
{
  if (!entry)
    snprintf (ret, size, "not in the plan");
  else if (fettle_plan_deploys (entry))
    snprintf (ret, size, "%s %.100s -> %.100s", text_of (entry, "action"),
              *text_of (entry, "installed") ? text_of (entry, "installed") : "none",
              text_of (entry, "offered"));
  else
    snprintf (ret, size, "%s (%.200s)", text_of (entry, "action"), text_of (entry, "why"));
}

struct says {
  json_t *list;
  size_t max, more;
};

static void
say (struct says *s, json_t *sentence)
{
  if (json_array_size (s->list) < s->max)
    json_array_append_new (s->list, sentence);
  else {
    s->more++;
    json_decref (sentence);
  }
}

static void
compare_entry (struct says *s, const char *node, const json_t *before, const json_t *now)
{
  char a[400], b[400];

  if (before && now && json_equal (before, now))
    return;
  if (!(before && fettle_plan_deploys (before)) && !(now && fettle_plan_deploys (now)))
    return;
  describe (before, a, sizeof a);
  describe (now, b, sizeof b);
  if (strcmp (a, b) == 0)
    snprintf (b, sizeof b, "%s", strcmp (text_of (before, "digest"), text_of (now, "digest"))
                                   ? "the same with another file" : "the same in another order");
  say (s, json_sprintf ("%s: %s: was %s, is %s", node, text_of (before ? before : now, "component"),
                        a, b));
}

static void
compare_node (struct says *s, const json_t *before, const json_t *now)
{
  const char *name = text_of (before, "name"), *problem = text_of (now, "problem");
  _cleanup_json_ json_t *then = by_key (json_object_get (before, "entries"), "component", "baseline");
  _cleanup_json_ json_t *there = by_key (json_object_get (now, "entries"), "component", "baseline");
  const char *key;
  json_t *entry;

  if (!now || (*problem && !*text_of (before, "problem"))) {
    say (s, json_sprintf ("%s: %s", name, now ? problem : "the node is gone"));
    return;
  }
  json_object_foreach (then, key, entry)
    compare_entry (s, name, entry, json_object_get (there, key));
  json_object_foreach (there, key, entry)
    if (!json_object_get (then, key))
      compare_entry (s, name, NULL, entry);
}

json_t *
fettle_plan_differences (const json_t *before, const json_t *now, size_t max)
{
  struct says s = { json_array (), max, 0 };
  _cleanup_json_ json_t *then = by_key (before, "node", NULL), *there = by_key (now, "node", NULL);
  const char *key;
  json_t *node;

  json_object_foreach (then, key, node)
    compare_node (&s, node, json_object_get (there, key));
  json_object_foreach (there, key, node)
    if (!json_object_get (then, key))
      say (&s, json_sprintf ("%s: wasn't in the plan", text_of (node, "name")));
  if (s.more)
    json_array_append_new (s.list, json_sprintf ("... and %zu more", s.more));
  return s.list;
}

/* ---- Going back ---- */

static const json_t *
bringer (const json_t *components, const struct fettle_words *index, const json_t *wanted)
{
  _cleanup_ (fettle_hits_clear) struct fettle_hits hits = { 0 };
  const char *arch = text_of (wanted, "arch");

  fettle_words_find (index, text_of (wanted, "match"), &hits);
  for (size_t i = 0; i < hits.n; i++) {
    const json_t *c = json_array_get (components, hits.at[i]);

    if (strcmp (text_of (c, "version"), text_of (wanted, "version")) == 0
        && (!*arch || !*text_of (c, "arch") || strcmp (text_of (c, "arch"), arch) == 0))
      return c;
  }
  return NULL;
}

json_t *
fettle_plan_former (const json_t *components, const json_t *wanted, json_t **ret_missing)
{
  json_t *found = json_array (), *missing = json_array ();
  struct fettle_words index = { 0 };
  const json_t *one;
  size_t i;

  if (!fettle_words_make (&index, components))
    abort ();
  json_array_foreach (wanted, i, one) {
    const json_t *c = bringer (components, &index, one);

    json_array_append (c ? found : missing, (json_t *) (c ? c : one));
  }
  fettle_words_clear (&index);
  *ret_missing = missing;
  return found;
}
