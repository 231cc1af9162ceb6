/* quirks.c - what a plugin's file of quirks says, and what is wrong with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/base.h"
#include "plugin/quirks.h"

static const char good[] =
  "# a comment\n"
  "quirks = (\n"
  "  { models = \"acme-*\"; prompt = \"^[^ ]+> $\"; restart_s = 300; slow = true; },\n"
  "  { models = [ \"acme-2\", \"other\" ]; prompt = \"2\"; errors = [ \"^a\", \"^b\" ]; empty = \"\"; },\n"
  "  { models = \"acme-3\"; errors = ( \"a\", 1, false ); none = (); }\n"
  ");\n";

static void
test_find (void **state)
{
  static const struct { const char *model, *key, *value; } all[] = {
    { "acme-1", "prompt", "^[^ ]+> $" }, { "ACME-1", "prompt", "^[^ ]+> $" }, { "acme-2", "prompt", "2" },
    { "other", "prompt", "2" }, { "another", "prompt", NULL }, { "acme-2", "restart_s", "300" },
    { "acme-1", "slow", "yes" }, { "acme-2", "errors", "^a\n^b" }, { "acme-3", "errors", "a\n1\nno" },
    { "acme-3", "none", "" }, { "acme-2", "empty", "" }, { "acme-1", "errors", NULL }, { "", "prompt", NULL },
  };
  json_t *quirks = json_array ();
  struct fettle_error err = { 0 };

  (void) state;
  assert_int_equal (fettle_quirks_parse (good, "g", quirks, &err), FETTLE_OK);
  for (size_t i = 0; i < COUNT (all); i++) {
    const char *value = fettle_quirks_find (quirks, all[i].model, all[i].key);

    if (all[i].value)
      assert_string_equal (value, all[i].value);
    else
      assert_null (value);
  }
  /* What the user says comes behind it. */
  assert_int_equal (fettle_quirks_parse ("quirks = ( { models = \"*\"; prompt = \"mine\"; } );", "u", quirks, &err), FETTLE_OK);
  assert_string_equal (fettle_quirks_find (quirks, "acme-2", "prompt"), "mine");
  assert_string_equal (fettle_quirks_find (quirks, "acme-2", "restart_s"), "300");
  assert_null (fettle_quirks_find (NULL, "acme-2", "prompt"));
  json_decref (quirks);
}

static void
test_wrong (void **state)
{
  static const struct { const char *text, *why; } all[] = {
    { "quirks = (", "q:1: syntax error" },
    { "", "there is to be quirks = ( ... ); and nothing else" },
    { "quirks = ( { models = \"a\"; } ); more = 1;", "and nothing else" },
    { "quirks = \"a\";", "and nothing else" },
    { "quirks = ( 1 );", "q:1: quirks are a list of" },
    { "quirks = (\n{ prompt = \"a\"; } );", "it doesn't say for which models it is" },
    { "quirks = ( { models = \"a\";\nb = { c = 1; }; } );", "q:2: a value is a text in quotes" },
    { "quirks = ( { models = \"a\"; b = 1.5; } );", "a value is" },
    { "quirks = ( { models = \"a\"; b = \"\\xff\"; } );", "isn't UTF-8" },
  };

  (void) state;
  for (size_t i = 0; i < COUNT (all); i++) {
    json_t *quirks = json_array ();
    struct fettle_error err = { 0 };

    assert_int_equal (fettle_quirks_parse (all[i].text, "q", quirks, &err), FETTLE_E_CONFIG);
    if (!strstr (err.text, all[i].why))
      print_message ("# %s\n", err.text);
    assert_non_null (strstr (err.text, all[i].why));
    json_decref (quirks);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_find), cmocka_unit_test (test_wrong) };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
