/* plan.c - what would be done, from an inventory and components.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "model/plan.h"

/* "name version [key=value ...]" makes an item or a component of package NAME. */
static json_t *
thing (const char *text, bool component)
{
  char name[64], version[64], rest[256] = "", file[160];
  json_t *t;

  assert_true (sscanf (text, "%63s %63s %255[^\n]", name, version, rest) >= 2);
  snprintf (file, sizeof file, "%s_%s.deb", name, version);
  t = json_pack ("{s:s s:s s:s s:s s:s s:b s:s s:i}", "id", component ? file : name, "name", name,
                 "version", version, "scheme", "dpkg", "format", "deb", "updateable", 1, "kind",
                 "package", "order", 300);
  json_object_set_new (t, "match", json_sprintf ("deb:%s", name));
  json_object_set_new (t, "baseline", json_string ("b"));
  for (char *word = rest; *word;) {
    size_t n = strcspn (word, " "), k = strcspn (word, "=");
    json_t *value = json_loadb (word + k + 1, n - k - 1, JSON_DECODE_ANY, NULL);

    assert_non_null (value);
    word[k] = '\0';
    json_object_set_new (t, word, value);
    word += n + (word[n] == ' ');
  }
  return t;
}

static json_t *
list (const char *const *texts, bool components)
{
  json_t *l = json_array ();

  for (; *texts; texts++)
    json_array_append_new (l, thing (*texts, components));
  return l;
}

/* The entries as "file:action file:action". */
static void
expect (const char *const *items, const char *const *components, const char *options,
        const char *wanted)
{
  _cleanup_json_ json_t *i = list (items, false), *c = list (components, true);
  _cleanup_json_ json_t *o = json_loads (options, 0, NULL);
  _cleanup_json_ json_t *entries = fettle_plan_entries ("linux", i, c, o);
  char got[1024] = "";
  size_t k, n = 0;
  json_t *e;

  json_array_foreach (entries, k, e)
    n += (size_t) snprintf (got + n, sizeof got - n, "%s%s:%s", k ? " " : "",
                            json_string_value (json_object_get (e, "component")),
                            json_string_value (json_object_get (e, "action")));
  assert_string_equal (got, wanted);
}

#define L(...) (const char *const[]) { __VA_ARGS__, NULL }

static void
test_actions (void **state)
{
  (void) state;
  expect (L ("a 1"), L ("a 2"), "{}", "a_2.deb:upgrade");
  expect (L ("a 2"), L ("a 2"), "{}", "a_2.deb:same");
  expect (L ("a 2"), L ("a 2"), "{\"rewrite\": true}", "a_2.deb:rewrite");
  expect (L ("a 3"), L ("a 2"), "{}", "a_2.deb:newer");
  expect (L ("a 3"), L ("a 2"), "{\"downgrade\": true}", "a_2.deb:downgrade");
  expect (L ("b 1"), L ("a 2"), "{}", "a_2.deb:not-applicable");
  expect (L ("b 1"), L ("a 2"), "{\"install_missing\": true}", "a_2.deb:install");
  expect (L ("b 1"), L ("a 2 install_missing=true"), "{}", "a_2.deb:install");
  expect (L ("b 1 match=\"rpm:b\""), L ("a 2"), "{\"install_missing\": true}",
          "a_2.deb:not-applicable");
  expect (L ("a 1 arch=\"amd64\""), L ("a 2 arch=\"arm64\""), "{}", "a_2.deb:not-applicable");
  expect (L ("a 1 updateable=false"), L ("a 2"), "{}", "a_2.deb:not-applicable");
  expect (L ("a 1 updateable=false why_not=\"by-hand\""), L ("a 2"), "{}", "a_2.deb:blocked");
  expect (L ("a 2 updateable=false why_not=\"by-hand\""), L ("a 2"), "{}", "a_2.deb:same");
  expect (L ("a 1 scheme=\"hpe\""), L ("a 2"), "{}", "a_2.deb:cannot-tell");
  expect (L ("a 1 staged=\"2\""), L ("a 2"), "{}", "a_2.deb:same");
  expect (L ("a 1"), L ("a 2 node_types=[\"vmware\"]"), "{}", "a_2.deb:not-applicable");
  expect (L ("a 1"), L ("a 2 node_types=[\"linux\"]"), "{}", "a_2.deb:upgrade");
}

static void
test_several (void **state)
{
  (void) state;
  /* Two versions: the higher one; twice the same: once. */
  expect (L ("a 1"), L ("a 2", "a 3"), "{}", "a_2.deb:not-applicable a_3.deb:upgrade");
  expect (L ("a 1"), L ("a 2", "a 2 id=\"x\""), "{}", "a_2.deb:upgrade x:not-applicable");
  /* Order first, then the id. */
  expect (L ("a 1", "b 1", "c 1"), L ("a 2", "b 2 order=100", "c 2"), "{}",
          "b_2.deb:upgrade a_2.deb:upgrade c_2.deb:upgrade");
  /* Chosen ones only. */
  expect (L ("a 1", "b 1"), L ("a 2", "b 2"), "{\"components\": [\"b_2.deb\"]}", "b_2.deb:upgrade");
  expect (L ("a 1", "b 1"), L ("a 2 kind=\"firmware\"", "b 2"), "{\"kinds\": [\"firmware\"]}",
          "a_2.deb:upgrade");
}

#define NEEDS_B "prerequisites=[{\"match\":\"deb:b\",\"min_version\":\"2\",\"hard\":true}]"

static void
test_prerequisites (void **state)
{
  (void) state;
  /* What fulfils it comes first. */
  expect (L ("a 1", "b 1"), L ("a 2 " NEEDS_B, "b 2"), "{}", "b_2.deb:upgrade a_2.deb:upgrade");
  expect (L ("a 1", "b 2"), L ("a 2 " NEEDS_B), "{}", "a_2.deb:upgrade");
  /* Nothing does: blocked, and by default the whole node is left alone. */
  expect (L ("a 1", "b 1", "c 1"), L ("a 2 " NEEDS_B, "c 2"), "{}",
          "a_2.deb:blocked c_2.deb:blocked");
  expect (L ("a 1", "b 1", "c 1"), L ("a 2 " NEEDS_B, "c 2"),
          "{\"on_failed_dependency\": \"omit-component\"}", "a_2.deb:blocked c_2.deb:upgrade");
  expect (L ("a 1", "b 1", "c 1"), L ("a 2 " NEEDS_B, "c 2"),
          "{\"on_failed_dependency\": \"force\"}", "a_2.deb:upgrade c_2.deb:upgrade");
  /* A circle is named. */
  expect (L ("a 1", "b 1"),
          L ("a 2 " NEEDS_B,
             "b 2 prerequisites=[{\"match\":\"deb:a\",\"min_version\":\"2\",\"hard\":true}]"),
          "{}", "a_2.deb:blocked b_2.deb:blocked");
}

/* A member of the n-th entry. */
static json_t *
entry_member (const char *const *items, const char *const *components, const char *options, size_t n,
              const char *member)
{
  _cleanup_json_ json_t *i = list (items, false), *c = list (components, true);
  _cleanup_json_ json_t *o = json_loads (options, 0, NULL);
  _cleanup_json_ json_t *entries = fettle_plan_entries ("linux", i, c, o);

  return json_incref (json_object_get (json_array_get (entries, n), member));
}

static void
expect_member (const char *const *items, const char *const *components, size_t n, const char *member,
               const char *wanted)
{
  _cleanup_json_ json_t *value = entry_member (items, components, "{}", n, member);
  _cleanup_free_ char *text = value ? json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

  assert_string_equal (text ? text : "nothing", wanted);
}

#define NEEDS_A(version) "prerequisites=[{\"match\":\"deb:a\",\"min_version\":\"" version "\",\"hard\":true}]"

static void
test_stepping_stones (void **state)
{
  (void) state;
  expect (L ("a 1"), L ("a 2", "a 3 " NEEDS_A ("2")), "{}", "a_2.deb:upgrade a_3.deb:upgrade");
  expect_member (L ("a 1"), L ("a 2", "a 3 " NEEDS_A ("2")), 0, "why",
                 "\"a stepping stone: 3 needs it first\"");
  expect_member (L ("a 1"), L ("a 2", "a 3 " NEEDS_A ("2")), 1, "installed", "\"2\"");
  expect_member (L ("a 1"), L ("a 2", "a 3 " NEEDS_A ("2")), 1, "needs", "[0]");
  /* Over as few as will do, the highest of them. */
  expect (L ("a 1"), L ("a 5 " NEEDS_A ("3"), "a 4 " NEEDS_A ("2"), "a 3 " NEEDS_A ("2"), "a 2"), "{}",
          "a_2.deb:upgrade a_3.deb:not-applicable a_4.deb:upgrade a_5.deb:upgrade");
  /* None is needed where the node is far enough, and none helps that is too low. */
  expect (L ("a 2"), L ("a 2", "a 3 " NEEDS_A ("2")), "{}", "a_2.deb:same a_3.deb:upgrade");
  expect (L ("a 1"), L ("a 1.5", "a 3 " NEEDS_A ("2")), "{}",
          "a_1.5.deb:not-applicable a_3.deb:blocked");
}

#define NEEDS(name, kind) "prerequisites=[{\"match\":\"deb:" name "\",\"min_version\":\"2\",\"hard\":" kind "}]"

static void
test_circles (void **state)
{
  const char *const *three = L ("a 2 " NEEDS ("b", "true"), "b 2 " NEEDS ("c", "true"),
                                "c 2 " NEEDS ("a", "true"), "d 2");

  (void) state;
  expect (L ("a 1", "b 1", "c 1", "d 1"), three, "{\"on_failed_dependency\": \"omit-component\"}",
          "a_2.deb:blocked b_2.deb:blocked c_2.deb:blocked d_2.deb:upgrade");
  expect_member (L ("a 1", "b 1", "c 1", "d 1"), three, 0, "why",
                 "\"these need each other in a circle: a 2 -> b 2 -> c 2 -> a\"");
  expect (L ("a 1", "b 1", "c 1", "d 1"), three, "{\"on_failed_dependency\": \"force\"}",
          "c_2.deb:upgrade b_2.deb:upgrade a_2.deb:upgrade d_2.deb:upgrade");
  /* A soft one gives way, from whichever end one looks. */
  expect (L ("a 1", "b 1"), L ("a 2 " NEEDS ("b", "false"), "b 2 " NEEDS ("a", "true")), "{}",
          "a_2.deb:upgrade b_2.deb:upgrade");
  expect (L ("a 1", "b 1"), L ("a 2 " NEEDS ("b", "true"), "b 2 " NEEDS ("a", "false")), "{}",
          "b_2.deb:upgrade a_2.deb:upgrade");
  expect (L ("a 1", "b 1"), L ("a 2 " NEEDS ("b", "false"), "b 2 " NEEDS ("a", "false")), "{}",
          "a_2.deb:upgrade b_2.deb:upgrade");
}

static void
test_guards (void **state)
{
  const char *const *firmware = L ("a 2 kind=\"firmware\"", "b 2");

  (void) state;
  expect (L ("a 1", "b 1", "tpm 2.0 tpm=true"), firmware, "{}", "a_2.deb:blocked b_2.deb:upgrade");
  expect (L ("a 1", "b 1", "disk 1 encrypted=true"), firmware, "{}",
          "a_2.deb:blocked b_2.deb:upgrade");
  expect (L ("a 1", "b 1", "tpm 2.0 tpm=true"), firmware, "{\"tpm_bypass\": true}",
          "a_2.deb:upgrade b_2.deb:upgrade");
  expect (L ("a 3 no_downgrade=true", "b 3"), firmware, "{\"downgrade\": true}",
          "a_2.deb:newer b_2.deb:downgrade");
}

static void
test_cost (void **state)
{
  const char *const *components = L ("a 2 reboot=\"yes\" duration=100", "b 2 kind=\"firmware\"",
                                     "c 2 reboot=\"yes\" " NEEDS ("a", "true"));
  _cleanup_json_ json_t *i = list (L ("a 1", "b 1", "c 1"), false), *c = list (components, true);
  _cleanup_json_ json_t *entries = fettle_plan_entries ("linux", i, c, NULL);
  uint32_t restarts;

  (void) state;
  assert_int_equal (fettle_plan_cost (entries, NULL, &restarts), 100 + 600 + 60);
  assert_int_equal (restarts, 0);
  /* Once before what needs the first, and once in the end. */
  assert_int_equal (fettle_plan_cost (entries, "if-needed", &restarts), 760 + 2 * 300);
  assert_int_equal (restarts, 2);
}

static void
test_former (void **state)
{
  _cleanup_json_ json_t *components = list (L ("a 1", "a 2", "b 2"), true), *missing = NULL;
  _cleanup_json_ json_t *wanted = json_pack ("[{s:s s:s s:s} {s:s s:s s:s}]", "name", "a", "match",
                                             "deb:a", "version", "1", "name", "b", "match", "deb:b",
                                             "version", "1");
  _cleanup_json_ json_t *found = fettle_plan_former (components, wanted, &missing);

  (void) state;
  assert_int_equal (json_array_size (found), 1);
  assert_string_equal (json_string_value (json_object_get (json_array_get (found, 0), "id")),
                       "a_1.deb");
  assert_int_equal (json_array_size (missing), 1);
  assert_string_equal (json_string_value (json_object_get (json_array_get (missing, 0), "name")), "b");
}

static json_t *
one_node (int id, const char *item, const char *component)
{
  _cleanup_json_ json_t *i = list (L (item), false), *c = list (L (component), true);

  return json_pack ("{s:i s:s s:n s:o}", "node", id, "name", id == 1 ? "n1" : "n2", "problem",
                    "entries", fettle_plan_entries ("linux", i, c, NULL));
}

static void
expect_difference (json_t *before, json_t *now, const char *wanted)
{
  _cleanup_json_ json_t *list = fettle_plan_differences (before, now, 1);
  const char *got = json_string_value (json_array_get (list, 0));

  assert_string_equal (got ? got : "none", wanted);
  json_decref (before);
  json_decref (now);
}

static void
test_differences (void **state)
{
  (void) state;
  expect_difference (json_pack ("[o]", one_node (1, "a 1", "a 2")),
                     json_pack ("[o]", one_node (1, "a 1", "a 2")), "none");
  expect_difference (json_pack ("[o]", one_node (1, "a 1", "a 2")),
                     json_pack ("[o]", one_node (1, "a 2", "a 2")),
                     "n1: a_2.deb: was upgrade 1 -> 2, is same (up to date)");
  expect_difference (json_pack ("[o]", one_node (1, "a 1", "a 2")), json_array (),
                     "n1: the node is gone");
  expect_difference (json_array (), json_pack ("[o]", one_node (2, "a 1", "a 2")),
                     "n2: wasn't in the plan");
  expect_difference (
    json_pack ("[o]", one_node (1, "a 1", "a 2 files=[{\"sha256\":\"one\"}]")),
    json_pack ("[o]", one_node (1, "a 1", "a 2 files=[{\"sha256\":\"other\"}]")),
    "n1: a_2.deb: was upgrade 1 -> 2, is the same with another file");
}

static void
test_hash (void **state)
{
  _cleanup_json_ json_t *a = json_pack ("[{s:i s:s}]", "node", 1, "name", "x");
  _cleanup_json_ json_t *b = json_pack ("[{s:s s:i}]", "name", "x", "node", 1);
  _cleanup_json_ json_t *c = json_pack ("[{s:s s:i}]", "name", "x", "node", 2);
  char ha[65], hb[65], hc[65];

  (void) state;
  fettle_plan_hash (a, ha);
  fettle_plan_hash (b, hb);
  fettle_plan_hash (c, hc);
  assert_string_equal (ha, hb);
  assert_string_not_equal (ha, hc);
}

static void
test_options (void **state)
{
  static const char *const bad[] = { "{\"downgrad\": true}", "{\"downgrade\": 1}",
                                     "{\"kinds\": \"x\"}", "{\"kinds\": [1]}",
                                     "{\"reboot\": \"maybe\"}", "{\"on_failed_dependency\": 1}" };
  struct fettle_error err;

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++) {
    _cleanup_json_ json_t *o = json_loads (bad[i], 0, NULL);

    assert_int_equal (fettle_plan_options_check (o, &err), FETTLE_E_CONFIG);
  }
  assert_int_equal (fettle_plan_options_check (NULL, &err), FETTLE_OK);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_actions),       cmocka_unit_test (test_several),
    cmocka_unit_test (test_prerequisites), cmocka_unit_test (test_stepping_stones), cmocka_unit_test (test_circles),
    cmocka_unit_test (test_guards), cmocka_unit_test (test_cost), cmocka_unit_test (test_former),
    cmocka_unit_test (test_differences), cmocka_unit_test (test_hash),
    cmocka_unit_test (test_options),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
