/* plan.c - see plan.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "model/plan.h"
#include "model/rollout.h"
#include "model/version.h"
#include "util/file.h"
#include "util/text.h"

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

static bool
wants (const json_t *options, const char *key)
{
  return json_is_true (json_object_get (options, key));
}

/* ---- Finding items ---- */

static bool
words_meet (const char *a, const char *b)
{
  char word[256];

  while (a && *a) {
    size_t n = strcspn (a, " ");

    if (n && n < sizeof word) {
      memcpy (word, a, n);
      word[n] = '\0';
      if (fettle_has_word (b, word))
        return true;
    }
    a += n;
    a += strspn (a, " ");
  }
  return false;
}

static bool
arch_fits (const char *item, const char *wanted)
{
  return !item || !wanted || strcmp (item, wanted) == 0;
}

/* Is a older than b?  Unknown order is "no". */
static bool
older (const json_t *a, const json_t *b)
{
  const char *scheme = text_of (a, "scheme");
  int order;

  return scheme && text_of (b, "scheme") && strcmp (scheme, text_of (b, "scheme")) == 0
         && fettle_version_compare (scheme, text_of (a, "version"), text_of (b, "version"), &order)
         && order < 0;
}

const json_t *
fettle_plan_find_item (const json_t *items, const char *match, const char *arch)
{
  const json_t *found = NULL, *item;
  size_t i;

  json_array_foreach (items, i, item)
    if (words_meet (match, text_of (item, "match")) && arch_fits (text_of (item, "arch"), arch)
        && (!found || older (item, found)))
      found = item;
  return found;
}

/* Does the node install this format at all?  It shows packages of its own. */
static bool
takes_format (const json_t *items, const char *format, const char *arch)
{
  char prefix[16];
  const json_t *item;
  size_t i;
  bool packages = strcmp (format, "deb") == 0 || strcmp (format, "rpm") == 0;

  snprintf (prefix, sizeof prefix, "%.10s:", format);
  json_array_foreach (items, i, item) {
    const char *match = text_of (item, "match");

    if (packages && match && strncmp (match, prefix, strlen (prefix)) == 0
        && arch_fits (text_of (item, "arch"), arch))
      return true;
  }
  return !packages;
}

/* ---- One component on one node ---- */

static json_t *
entry_new (const json_t *component, const json_t *item, const char *action, const char *why)
{
  const char *match = text_of (component, "match");

  return json_pack ("{s:O s:O s:O s:s? s:s? s:s? s:O s:s s:s}",
                    "component", json_object_get (component, "id"),
                    "baseline", json_object_get (component, "baseline"),
                    "name", json_object_get (component, "name"),
                    "match", match,
                    "item", item ? text_of (item, "id") : NULL,
                    "installed", item ? text_of (item, "version") : NULL,
                    "offered", json_object_get (component, "version"),
                    "action", action, "why", why);
}

static json_t *
entry_missing (const json_t *component, const json_t *items, const json_t *options)
{
  if (!wants (component, "install_missing") && !wants (options, "install_missing"))
    return entry_new (component, NULL, "not-applicable", "not on this node");
  if (!takes_format (items, text_of (component, "format"), text_of (component, "arch")))
    return entry_new (component, NULL, "not-applicable", "this node doesn't take such packages");
  return entry_new (component, NULL, "install", "not on this node yet");
}

static json_t *
entry_by_order (const json_t *component, const json_t *item, int order, const json_t *options)
{
  const char *staged = text_of (item, "staged");

  if (staged && strcmp (staged, text_of (component, "version")) == 0)
    return entry_new (component, item, "same", "staged already: waits for a restart");
  if (order < 0)
    return entry_new (component, item, "upgrade", "the baseline's version is newer");
  if (order == 0)
    return wants (options, "rewrite")
             ? entry_new (component, item, "rewrite", "the same version again, as asked")
             : entry_new (component, item, "same", "up to date");
  return wants (options, "downgrade")
           ? entry_new (component, item, "downgrade", "an older version, as asked")
           : entry_new (component, item, "newer", "the node's version is newer");
}

/* No types in the list: any that has the item. */
static bool
for_type (const json_t *component, const char *node_type)
{
  const json_t *types = json_object_get (component, "node_types"), *v;
  size_t i;

  json_array_foreach (types, i, v)
    if (strcmp (json_string_value (v), node_type) == 0)
      return true;
  return json_array_size (types) == 0;
}

static json_t *
entry_for (const char *node_type, const json_t *items, const json_t *component,
           const json_t *options)
{
  const char *match = text_of (component, "match"), *scheme = text_of (component, "scheme");
  const json_t *item;
  int order;

  if (!for_type (component, node_type))
    return entry_new (component, NULL, "not-applicable", "for nodes of another type");
  item = match ? fettle_plan_find_item (items, match, text_of (component, "arch")) : NULL;
  if (!item)
    return entry_missing (component, items, options);
  if (!json_is_true (json_object_get (item, "updateable")))
    return entry_new (component, item, "not-applicable", "the node says that it can't be updated");
  if (strcmp (text_of (item, "version"), text_of (component, "version")) == 0)
    return entry_by_order (component, item, 0, options);
  if (!scheme || !text_of (item, "scheme") || strcmp (scheme, text_of (item, "scheme")) != 0
      || !fettle_version_compare (scheme, text_of (item, "version"),
                                  text_of (component, "version"), &order))
    return entry_new (component, item, "cannot-tell",
                      "these versions can't be compared: choose with --component and --rewrite");
  return entry_by_order (component, item, order, options);
}

/* ---- Several components ---- */

bool
fettle_plan_deploys (const json_t *entry)
{
  return fettle_has_word ("upgrade downgrade rewrite install", text_of (entry, "action"));
}

static void
change (json_t *entry, const char *action, const char *why)
{
  json_object_set_new (entry, "action", json_string (action));
  json_object_set_new (entry, "why", json_string (why));
}

/* What is deployed, by component: how entries are compared with each other. */
struct pick {
  const json_t *component;
  json_t *entry;
  int64_t order;
  bool placed;
};

static int
by_order (const void *a, const void *b)
{
  const struct pick *x = a, *y = b;

  if (x->order != y->order)
    return x->order < y->order ? -1 : 1;
  return strcmp (text_of (x->entry, "component"), text_of (y->entry, "component"));
}

/* Two versions for the same thing: the higher one is taken. */
static void
drop_lower (struct pick *picks, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      struct pick *a = &picks[i], *b = &picks[j];

      if (i == j || !fettle_plan_deploys (a->entry) || !fettle_plan_deploys (b->entry)
          || !words_meet (text_of (a->component, "match"), text_of (b->component, "match"))
          || !arch_fits (text_of (a->component, "arch"), text_of (b->component, "arch")))
        continue;
      if (older (a->component, b->component)
          || (i > j && strcmp (text_of (a->component, "version"),
                               text_of (b->component, "version")) == 0))
        change (a->entry, "not-applicable", "another component of the baselines is at least as new");
    }
}

/* Is `version` at least `min`, in the scheme?  No `min`: any will do. */
static bool
at_least (const char *scheme, const char *version, const char *min)
{
  int order;

  return !min || (fettle_version_compare (scheme ? scheme : "plain", version, min, &order)
                  && order >= 0);
}

/* The pick that fulfils a prerequisite, or NULL. */
static struct pick *
provider (struct pick *picks, size_t n, const json_t *prerequisite)
{
  for (size_t i = 0; i < n; i++)
    if (fettle_plan_deploys (picks[i].entry)
        && words_meet (text_of (prerequisite, "match"), text_of (picks[i].component, "match"))
        && at_least (text_of (picks[i].component, "scheme"),
                     text_of (picks[i].component, "version"), text_of (prerequisite, "min_version")))
      return &picks[i];
  return NULL;
}

static bool
fulfilled (const json_t *items, const json_t *prerequisite)
{
  const json_t *item = fettle_plan_find_item (items, text_of (prerequisite, "match"), NULL);

  return item && at_least (text_of (item, "scheme"), text_of (item, "version"),
                           text_of (prerequisite, "min_version"));
}

/* Blocks what lacks a hard prerequisite.  True if something was blocked. */
static bool
block (struct pick *picks, size_t n, const json_t *items)
{
  bool blocked = false;
  char why[512];

  for (size_t i = 0; i < n; i++) {
    const json_t *list = json_object_get (picks[i].component, "prerequisites"), *p;
    size_t k;

    json_array_foreach (list, k, p) {
      if (!fettle_plan_deploys (picks[i].entry) || !json_is_true (json_object_get (p, "hard"))
          || fulfilled (items, p) || provider (picks, n, p))
        continue;
      snprintf (why, sizeof why, "needs %s %s or newer first", text_of (p, "match"),
                text_of (p, "min_version") ? text_of (p, "min_version") : "of any version");
      change (picks[i].entry, "blocked", why);
      blocked = true;
    }
  }
  return blocked;
}

/* Appends the pick after what it needs.  A circle is cut where it closes. */
static void
place (struct pick *picks, size_t n, struct pick *pick, const json_t *items, json_t *ret)
{
  const json_t *p;
  size_t k;

  if (pick->placed)
    return;
  pick->placed = true;
  json_array_foreach (json_object_get (pick->component, "prerequisites"), k, p) {
    struct pick *before = fulfilled (items, p) ? NULL : provider (picks, n, p);

    if (before)
      place (picks, n, before, items, ret);
  }
  json_array_append_new (ret, pick->entry);
}

static bool
selected (const json_t *component, const json_t *options)
{
  const json_t *kinds = json_object_get (options, "kinds"), *v;
  const json_t *ids = json_object_get (options, "components");
  bool kind_ok = json_array_size (kinds) == 0, id_ok = json_array_size (ids) == 0;
  size_t i;

  json_array_foreach (kinds, i, v)
    kind_ok |= json_equal (v, json_object_get (component, "kind"));
  json_array_foreach (ids, i, v)
    id_ok |= json_equal (v, json_object_get (component, "id"));
  return kind_ok && id_ok;
}

static void
apply_dependencies (struct pick *picks, size_t n, const json_t *items, const json_t *options)
{
  const char *mode = text_of (options, "on_failed_dependency");
  bool any = false;

  if (mode && strcmp (mode, "force") == 0)
    return;
  while (block (picks, n, items))
    any = true; /* what was blocked may itself have been a provider */
  if (!any || (mode && strcmp (mode, "omit-component") == 0))
    return;
  for (size_t i = 0; i < n; i++)
    if (fettle_plan_deploys (picks[i].entry))
      change (picks[i].entry, "blocked", "another component of this node is blocked, and"
                                         " on_failed_dependency is omit-host");
}

json_t *
fettle_plan_entries (const char *node_type, const json_t *items, const json_t *components,
                     const json_t *options)
{
  size_t n = 0, i;
  _cleanup_free_ struct pick *picks = calloc (json_array_size (components) + 1, sizeof *picks);
  json_t *ret = json_array ();
  const json_t *component;

  if (!picks || !ret)
    return NULL;
  json_array_foreach (components, i, component) {
    if (!selected (component, options))
      continue;
    picks[n].component = component;
    picks[n].entry = entry_for (node_type, items, component, options);
    picks[n].order = json_integer_value (json_object_get (component, "order"));
    n++;
  }
  qsort (picks, n, sizeof *picks, by_order);
  drop_lower (picks, n);
  apply_dependencies (picks, n, items, options);
  for (i = 0; i < n; i++)
    place (picks, n, &picks[i], items, ret);
  return ret;
}

/* ---- The whole plan ---- */

json_t *
fettle_plan_counts (const json_t *nodes)
{
  json_t *counts = json_object ();
  const json_t *node, *entry;
  size_t i, k;

  json_array_foreach (nodes, i, node)
    json_array_foreach (json_object_get (node, "entries"), k, entry) {
      const char *action = text_of (entry, "action");
      json_int_t have = json_integer_value (json_object_get (counts, action));

      json_object_set_new (counts, action, json_integer (have + 1));
    }
  return counts;
}

void
fettle_plan_hash (const json_t *nodes, char ret_hex[65])
{
  char *text = json_dumps (nodes, JSON_COMPACT | JSON_SORT_KEYS);

  fettle_sha256 (text ? text : "", text ? strlen (text) : 0, ret_hex);
  free (text);
}

static fettle_result
check_list (const char *key, const json_t *value, struct fettle_error *err)
{
  const json_t *v;
  size_t i;

  if (!json_is_array (value))
    return fettle_error_set (err, FETTLE_E_CONFIG, "option %s must be a list", key);
  json_array_foreach (value, i, v)
    if (!json_is_string (v))
      return fettle_error_set (err, FETTLE_E_CONFIG, "option %s must be a list of names", key);
  return FETTLE_OK;
}

static fettle_result
check_choice (const char *key, const json_t *value, const char *choices, struct fettle_error *err)
{
  if (json_is_string (value) && *json_string_value (value)
      && fettle_has_word (choices, json_string_value (value)))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG, "option %s must be one of: %s", key, choices);
}

fettle_result
fettle_plan_options_check (const json_t *options, struct fettle_error *err)
{
  struct fettle_rollout_rules rules;
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *) options, key, value) {
    if (fettle_has_word ("downgrade rewrite install_missing open_firewall check look_first", key)) {
      if (!json_is_boolean (value))
        return fettle_error_set (err, FETTLE_E_CONFIG, "option %s must be true or false", key);
    }
    else if (fettle_has_word ("kinds components", key)) {
      if (check_list (key, value, err))
        return err->code;
    }
    else if (strcmp (key, "reboot") == 0) {
      if (check_choice (key, value, "never if-needed always", err))
        return err->code;
    }
    else if (strcmp (key, "on_failed_dependency") == 0) {
      if (check_choice (key, value, "omit-host omit-component force", err))
        return err->code;
    }
    else if (!fettle_rollout_is_rule (key))
      return fettle_error_set (err, FETTLE_E_CONFIG, "there is no option %s", key);
  }
  if (fettle_rollout_rules_read (options, &rules, err))
    return err->code;
  fettle_rollout_rules_clear (&rules);
  return FETTLE_OK;
}
