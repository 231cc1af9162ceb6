/* Selectors: what they mean, what is wrong with them, their limits.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "model/selector.h"

static json_t *
make_node (void)
{
  return json_pack ("{s:s s:s s:s s:s s:s s:{s:s s:s s:s}}", "name", "web1", "address", "10.1.0.7",
                    "type", "linux", "group", "web", "state", "ok", "labels", "rack", "12", "role",
                    "front/end", "empty", "");
}

static const struct {
  const char *text;
  bool fits;
} good[] = {
  { "rack=12", true }, { "rack==12", true }, { " rack = 12 ", true }, { "rack=13", false },
  { "rack=1", false }, { "rack=1*", true }, { "rack=*", true }, { "none=*", false },
  { "rack!=13", true }, { "rack!=12", false }, { "none!=x", true },
  { "rack in (11,12)", true }, { "rack in(11 , 12)", true }, { "rack in (11)", false },
  { "rack notin (11,13)", true }, { "rack notin (12)", false }, { "none notin (x)", true },
  { "rack", true }, { "empty", true }, { "none", false }, { "!none", true }, { "! rack", false },
  { "rack=12,role!=db", true }, { "rack=12,role=front/end,!none", true }, { "rack=12,none", false },
  { "group=web", true }, { "name=web*", true }, { "type in (linux,ilo)", true },
  { "address=10.1.0.*", true }, { "state=error", false },
  { "in", false }, { "notin", false }, { "in=1", false }, { "inside!=x", true }, { "in in (in)", false },
};

static const struct {
  const char *text, *words;
} bad[] = {
  { "", "a label's name is missing" }, { ",", "a label's name is missing" },
  { "rack=12,", "a label's name is missing" }, { "rack=", "a value is missing" },
  { "=12", "a label's name is missing" }, { "rack in 12", "a list in parentheses" },
  { "rack in ()", "a value is missing" }, { "rack in (1", "isn't closed" },
  { "rack in (1,)", "a value is missing" }, { "rack 12", "a comma is missing" },
  { "rack=12 role=db", "a comma is missing" }, { "!rack=12", "a comma is missing" },
  { "rack<12", "a comma is missing" }, { "rack=a;b", "a comma is missing" },
  { "!", "a label's name is missing" }, { "rack in (1) x", "a comma is missing" },
};

static void
meaning (void **state)
{
  _cleanup_json_ json_t *node = make_node ();
  struct fettle_selector s;
  struct fettle_error err;

  (void) state;
  for (size_t i = 0; i < COUNT (good); i++) {
    if (fettle_selector_parse (good[i].text, &s, &err))
      fail_msg ("%s: %s", good[i].text, err.text);
    if (fettle_selector_fits (&s, node) != good[i].fits)
      fail_msg ("%s: fits: %d", good[i].text, !good[i].fits);
  }
}

static void
mistakes (void **state)
{
  struct fettle_selector s;
  struct fettle_error err;

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++) {
    if (fettle_selector_parse (bad[i].text, &s, &err) != FETTLE_E_CONFIG)
      fail_msg ("%s was taken", bad[i].text);
    if (!strstr (err.text, bad[i].words))
      fail_msg ("%s: %s (wanted: %s)", bad[i].text, err.text, bad[i].words);
  }
}

/* N times `part`, with `between`. */
static const char *
repeat (char *ret, size_t size, const char *begin, const char *part, const char *between, size_t n,
        const char *end)
{
  size_t used = (size_t) snprintf (ret, size, "%s", begin);

  for (size_t i = 0; i < n; i++)
    used += (size_t) snprintf (ret + used, size - used, "%s%s", i ? between : "", part);
  snprintf (ret + used, size - used, "%s", end);
  return ret;
}

static void
limits (void **state)
{
  char text[8192];
  struct fettle_selector s;
  struct fettle_error err;

  (void) state;
  repeat (text, sizeof text, "", "a", ",", FETTLE_SELECTOR_TERMS, "");
  assert_int_equal (fettle_selector_parse (text, &s, &err), FETTLE_OK);
  repeat (text, sizeof text, "", "a", ",", FETTLE_SELECTOR_TERMS + 1, "");
  assert_int_equal (fettle_selector_parse (text, &s, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "too many terms"));
  repeat (text, sizeof text, "a in (", "b", ",", FETTLE_SELECTOR_VALUES, ")");
  assert_int_equal (fettle_selector_parse (text, &s, &err), FETTLE_OK);
  repeat (text, sizeof text, "a in (", "b", ",", FETTLE_SELECTOR_VALUES + 1, ")");
  assert_int_equal (fettle_selector_parse (text, &s, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "too many values"));
  repeat (text, sizeof text, "", "a", "", FETTLE_SELECTOR_TEXT - 1, "");
  assert_int_equal (fettle_selector_parse (text, &s, &err), FETTLE_OK);
  repeat (text, sizeof text, "", "a", "", FETTLE_SELECTOR_TEXT, "");
  assert_int_equal (fettle_selector_parse (text, &s, &err), FETTLE_E_CONFIG);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (meaning),
    cmocka_unit_test (mistakes),
    cmocka_unit_test (limits),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
