/* baseline-diff.c - fettle baseline diff, and the SBOMs of baselines and nodes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/client.h"

static const struct fettle_column columns[] = {
  { "CHANGE", "change", false, false },
  { "NAME",   "name",   false, false },
  { "FROM",   "from",   false, false },
  { "TO",     "to",     false, false },
  { "MATCH",  "match",  false, true },
};

/* ---- diff ---- */

/* What a component is for, whatever its version.  The caller frees. */
static char *
key_of (const json_t *component)
{
  _cleanup_json_ json_t *key
    = json_pack ("[O* O* O* O*]", json_object_get (component, "match"),
                 json_object_get (component, "arch"), json_object_get (component, "node_types"),
                 json_object_get (component, "format"));

  return json_dumps (key, JSON_COMPACT);
}

static json_t *
by_key (const json_t *baseline)
{
  json_t *all = json_object ();
  const json_t *component;
  size_t i;

  json_array_foreach (json_object_get (baseline, "components"), i, component) {
    _cleanup_free_ char *key = key_of (component);
    json_t *list = key ? json_object_get (all, key) : NULL;

    if (key && !list)
      json_object_set_new (all, key, list = json_array ());
    json_array_append (list, (json_t *) component);
  }
  return all;
}

static bool
same_content (const json_t *a, const json_t *b)
{
  return json_equal (json_object_get (json_array_get (json_object_get (a, "files"), 0), "sha256"),
                     json_object_get (json_array_get (json_object_get (b, "files"), 0), "sha256"));
}

static void
add_row (json_t *rows, const char *change, const json_t *from, const json_t *to)
{
  const json_t *any = to ? to : from;

  json_array_append_new (
    rows, json_pack ("{s:s s:O* s:O? s:O? s:O*}", "change", change, "name",
                     json_object_get (any, "name"), "from", json_object_get (from, "version"), "to",
                     json_object_get (to, "version"), "match", json_object_get (any, "match")));
}

/* Takes out of `list` the one with this version. */
static const json_t *
take_version (json_t *list, const json_t *component, json_t *keep)
{
  json_t *other;
  size_t i;

  json_array_foreach (list, i, other)
    if (json_equal (json_object_get (other, "version"), json_object_get (component, "version"))) {
      json_array_append (keep, other);
      json_array_remove (list, i);
      return json_array_get (keep, json_array_size (keep) - 1);
    }
  return NULL;
}

/* Components for the same thing: equal versions belong together, then the
 * rest in its order. */
static void
compare (json_t *rows, json_t *before, json_t *after)
{
  _cleanup_json_ json_t *keep = json_array (), *left = json_array ();
  json_t *component;
  size_t i, n;

  json_array_foreach (before, i, component) {
    const json_t *other = take_version (after, component, keep);

    if (!other)
      json_array_append (left, component);
    else if (!same_content (component, other))
      add_row (rows, "content", component, other);
  }
  n = json_array_size (left) > json_array_size (after) ? json_array_size (left)
                                                       : json_array_size (after);
  for (i = 0; i < n; i++) {
    const json_t *from = json_array_get (left, i), *to = json_array_get (after, i);

    add_row (rows, !from ? "added" : !to ? "removed" : "version", from, to);
  }
}

static json_t *
diff (const json_t *a, const json_t *b)
{
  _cleanup_json_ json_t *before = by_key (a), *after = by_key (b), *none = json_array ();
  json_t *rows = json_array (), *list;
  const char *key;

  json_object_foreach (before, key, list) {
    json_t *other = json_object_get (after, key);

    compare (rows, list, other ? other : none);
  }
  json_object_foreach (after, key, list)
    if (!json_object_get (before, key))
      compare (rows, none, list);
  return rows;
}

static int
run_diff (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *a = NULL, *b = NULL, *rows = NULL, *all = NULL;
  _cleanup_free_ char *path_a = fettle_client_path ("/baselines/", args->words[0], "");
  _cleanup_free_ char *path_b = fettle_client_path ("/baselines/", args->words[1], "");
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", path_a, NULL, &a, &err)
      || fettle_client_call (client, "GET", path_b, NULL, &b, &err))
    return fettle_cli_fail (&err);
  rows = diff (a, b);
  all = json_pack ("{s:O s:O s:O}", "from", json_object_get (a, "name"), "to",
                   json_object_get (b, "name"), "changes", rows);
  if (json_array_size (rows) == 0)
    fettle_cli_notice (cli, "no difference");
  return fettle_cli_print (cli, all, rows, columns, COUNT (columns), &err)
           ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_baseline_diff = {
  "baseline", "diff", "BASELINE BASELINE", 2, 2, "what a second baseline has that is different",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_diff,
};

/* ---- SBOM ---- */

static int
print_sbom (struct fettle_cli *cli, const char *before, const char *word)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  _cleanup_free_ char *path = fettle_client_path (before, word, "/sbom");
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", path, NULL, &answer, &err)
      || fettle_cli_json (cli, answer, &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static int
run_baseline_sbom (struct fettle_cli *cli, const struct fettle_args *args)
{
  return print_sbom (cli, "/baselines/", args->words[0]);
}

const struct fettle_command fettle_command_baseline_sbom = {
  "baseline", "sbom", "BASELINE", 1, 1, "a baseline's components as CycloneDX",
  FETTLE_FORMATS (FETTLE_FORMAT_JSON), FETTLE_FORMAT_JSON, NULL, run_baseline_sbom,
};

static int
run_node_sbom (struct fettle_cli *cli, const struct fettle_args *args)
{
  return print_sbom (cli, "/nodes/", args->words[0]);
}

const struct fettle_command fettle_command_node_sbom = {
  "node", "sbom", "NODE", 1, 1, "what the last inventory found on a node as CycloneDX",
  FETTLE_FORMATS (FETTLE_FORMAT_JSON), FETTLE_FORMAT_JSON, NULL, run_node_sbom,
};
