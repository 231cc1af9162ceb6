/* plan.c - see plan.h: one component on one node; the plan as a whole.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "model/plan.h"
#include "model/plan-internal.h"
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
arch_fits (const char *item, const char *wanted)
{
  return !item || !wanted || strcmp (item, wanted) == 0;
}

/* Is a older than b?  Unknown order is "no". */
bool
fettle_plan_older (const json_t *a, const json_t *b)
{
  const char *scheme = text_of (a, "scheme");
  int order;

  return scheme && text_of (b, "scheme") && strcmp (scheme, text_of (b, "scheme")) == 0
         && fettle_version_compare (scheme, text_of (a, "version"), text_of (b, "version"), &order)
         && order < 0;
}

const json_t *
fettle_plan_indexed_item (const struct fettle_words *index, const json_t *items, const char *match,
                          const char *arch)
{
  _cleanup_ (fettle_hits_clear) struct fettle_hits hits = { 0 };
  const json_t *found = NULL;

  fettle_words_find (index, match, &hits);
  for (size_t i = 0; i < hits.n; i++) {
    const json_t *item = json_array_get (items, hits.at[i]);

    if (arch_fits (text_of (item, "arch"), arch) && (!found || fettle_plan_older (item, found)))
      found = item;
  }
  return found;
}

const json_t *
fettle_plan_find_item (const json_t *items, const char *match, const char *arch)
{
  const json_t *found = NULL, *item;
  size_t i;

  json_array_foreach (items, i, item)
    if (fettle_words_meet (match, text_of (item, "match")) && arch_fits (text_of (item, "arch"), arch)
        && (!found || fettle_plan_older (item, found)))
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
  if (wants (options, "downgrade") && wants (item, "no_downgrade"))
    return entry_new (component, item, "newer", "the node doesn't go back to older versions");
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

/* A node that measures its firmware may want a recovery key after an update. */
static bool
guarded (const struct fettle_plan_node *node, const json_t *component, const json_t *options)
{
  const char *kind = text_of (component, "kind");

  return node->guarded && kind && strcmp (kind, "firmware") == 0 && !wants (options, "tpm_bypass");
}

static void
change (json_t *entry, const char *action, const char *why)
{
  json_object_set_new (entry, "action", json_string (action));
  json_object_set_new (entry, "why", json_string (why));
}

static json_t *
entry_by_version (const json_t *component, const json_t *item, const json_t *options)
{
  const char *scheme = text_of (component, "scheme");
  int order;

  if (strcmp (text_of (item, "version"), text_of (component, "version")) == 0)
    return entry_by_order (component, item, 0, options);
  if (!scheme || !text_of (item, "scheme") || strcmp (scheme, text_of (item, "scheme")) != 0
      || !fettle_version_compare (scheme, text_of (item, "version"),
                                  text_of (component, "version"), &order))
    return entry_new (component, item, "cannot-tell",
                      "these versions can't be compared: choose with --component and --rewrite");
  return entry_by_order (component, item, order, options);
}

/* The node can't be updated by us, but somebody else may do it. */
static json_t *
entry_for_others (const json_t *component, const json_t *item, const json_t *options)
{
  json_t *entry;

  if (!text_of (item, "why_not"))
    return entry_new (component, item, "not-applicable", "the node says that it can't be updated");
  entry = entry_by_version (component, item, options);
  if (entry && fettle_plan_deploys (entry))
    change (entry, "blocked", text_of (item, "why_not"));
  return entry;
}

static json_t *
entry_for (const struct fettle_plan_node *node, const json_t *component, const json_t *options)
{
  const json_t *items = node->items;
  const char *match = text_of (component, "match");
  const json_t *item;

  if (!for_type (component, node->type))
    return entry_new (component, NULL, "not-applicable", "for nodes of another type");
  item = match ? fettle_plan_indexed_item (&node->index, items, match, text_of (component, "arch"))
               : NULL;
  if (!item)
    return entry_missing (component, items, options);
  return json_is_true (json_object_get (item, "updateable"))
           ? entry_by_version (component, item, options)
           : entry_for_others (component, item, options);
}

bool
fettle_plan_deploys (const json_t *entry)
{
  return fettle_has_word ("upgrade downgrade rewrite install", text_of (entry, "action"));
}

uint32_t
fettle_plan_seconds (const json_t *component)
{
  static const struct { const char *kind; uint32_t seconds; } usual[] = {
    { "firmware", 600 }, { "driver", 120 }, { "package", 60 }, { "os", 900 },
  };
  json_int_t said = json_integer_value (json_object_get (component, "duration"));
  const char *kind = text_of (component, "kind");

  for (size_t i = 0; said <= 0 && kind && i < COUNT (usual); i++)
    if (strcmp (usual[i].kind, kind) == 0)
      return usual[i].seconds;
  return said > 0 ? (uint32_t) said : 60;
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

/* What is to be deployed is known by its digest, so that a changed file is
 * another plan. */
static void
complete (json_t *entry, const json_t *component)
{
  const json_t *digest = json_object_get (
    json_array_get (json_object_get (component, "files"), 0), "sha256");
  const char *reboot = text_of (component, "reboot");

  if (!fettle_plan_deploys (entry))
    return;
  if (digest)
    json_object_set (entry, "digest", (json_t *) digest);
  if (json_is_string (json_object_get (component, "signature")))
    json_object_set (entry, "signature", json_object_get (component, "signature"));
  json_object_set_new (entry, "seconds", json_integer (fettle_plan_seconds (component)));
  json_object_set_new (entry, "reboot", json_boolean (reboot && strcmp (reboot, "yes") == 0));
}

static json_t *
pick_entry (const struct fettle_plan_node *node, const json_t *component, const json_t *options)
{
  json_t *entry = entry_for (node, component, options);

  if (entry && fettle_plan_deploys (entry) && guarded (node, component, options))
    change (entry, "blocked", node->guarded);
  return entry;
}

static const char *
guard_of (const json_t *items)
{
  const json_t *item;
  bool tpm = false;
  size_t i;

  json_array_foreach (items, i, item) {
    if (wants (item, "encrypted"))
      return "disks are locked to this firmware (BitLocker or the like): suspend that, then use"
             " tpm_bypass";
    tpm |= wants (item, "tpm");
  }
  return tpm ? "a TPM that is on measures this firmware: see that no disk depends on it, then use"
               " tpm_bypass" : NULL;
}

json_t *
fettle_plan_entries (const char *node_type, const json_t *items, const json_t *components,
                     const json_t *options)
{
  struct fettle_plan_node node = { .type = node_type, .items = items, .guarded = guard_of (items) };
  size_t n = 0, i;
  _cleanup_free_ struct fettle_pick *picks = calloc (json_array_size (components) + 1,
                                                     sizeof *picks);
  json_t *ret = NULL;
  const json_t *component;

  if (!picks || !fettle_words_make (&node.index, items))
    return NULL;
  json_array_foreach (components, i, component) {
    if (!selected (component, options))
      continue;
    picks[n].component = component;
    picks[n].entry = pick_entry (&node, component, options);
    picks[n].order = json_integer_value (json_object_get (component, "order"));
    n++;
  }
  ret = fettle_plan_arrange (&node, picks, n, options);
  for (i = 0; i < n; i++)
    complete (picks[i].entry, picks[i].component);
  fettle_words_clear (&node.index);
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
    if (fettle_has_word ("downgrade rewrite install_missing open_firewall check look_first tpm_bypass associated", key)) {
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
    else if (strcmp (key, "reboot_delay") == 0) {
      if (!json_is_integer (value) || json_integer_value (value) < 0
          || json_integer_value (value) > 3600)
        return fettle_error_set (err, FETTLE_E_CONFIG, "option reboot_delay must be 0 to 3600 seconds");
    }
    else if (strcmp (key, "reboot_message") == 0) {
      if (!json_is_string (value) || json_string_length (value) > 500
          || strpbrk (json_string_value (value), "\r\n"))
        return fettle_error_set (err, FETTLE_E_CONFIG, "option reboot_message must be one line of at"
                                                       " most 500 bytes");
    }
    else if (!fettle_rollout_is_rule (key))
      return fettle_error_set (err, FETTLE_E_CONFIG, "there is no option %s", key);
  }
  if (fettle_rollout_rules_read (options, &rules, err))
    return err->code;
  fettle_rollout_rules_clear (&rules);
  return FETTLE_OK;
}
