/* scrub.c - recordings have no secrets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "util/scrub.h"

#define PASSWORD "p\"a/ss&wo<rd"

static struct fettle_scrub scrub;

static void
check (const char *text, const char *wanted)
{
  struct fettle_buf out = FETTLE_BUF_INIT (65536);

  assert_true (fettle_scrub (&scrub, text, strlen (text), &out));
  assert_string_equal (fettle_buf_text (&out), wanted);
  fettle_buf_clear (&out);
}

static void
test_known (void **state)
{
  (void) state;
  check ("it is p\"a/ss&wo<rd, says it", "it is removed, says it");
  check ("[\"p\\\"a/ss&wo<rd\", \"p\\\"a\\/ss&wo<rd\"]", "[\"removed\", \"removed\"]");
  check ("<a>p&quot;a/ss&amp;wo&lt;rd</a>", "<a>removed</a>");
  check ("<a>p&#34;a/ss&#38;wo&#60;rd</a>", "<a>removed</a>");
  check ("/x?y=p%22a%2Fss%26wo%3Crd&z", "/x?y=removed&z");
  check ("/x?y=p%22a%2fss%26wo%3crd&z", "/x?y=removed&z");
  check ("cut: p\"a/ss", "cut: removed");
  check ("too little: p\"a", "too little: p\"a");
  check ("again: cCJhL3NzJndvPHJk.", "again: removed.");
  check ("Basic cm9vdDpwImEvc3Mmd288cmQ=", "Basic removed");
}

static void
test_named (void **state)
{
  (void) state;
  check ("{\"Token\": \"abc\\\"d\", \"Name\": \"x\"}", "{\"Token\": \"removed\", \"Name\": \"x\"}");
  check ("{\"Password\": null, \"PasswordPolicy\": {\"a\": 1}}", "{\"Password\": null, \"PasswordPolicy\": {\"a\": 1}}");
  check ("<PASSWORD VALUE=\"x y\"/><userPassword>z</userPassword>",
         "<PASSWORD VALUE=\"removed\"/><userPassword>removed</userPassword>");
  check ("<returnval><service>x</service><sessionId>52c8-e0</sessionId></returnval>",
         "<returnval><service>x</service><sessionId>removed</sessionId></returnval>"); /* a ticket for CIM */
  check ("X-Auth-Token: 0123\nSet-Cookie: a=b; Path=/\nETag: \"1\"",
         "X-Auth-Token: removed\nSet-Cookie: removed\nETag: \"1\"");
  check ("snmp-community=public rest", "snmp-community=removed rest");
  check ("Version: 1.2\nmodel=x", "Version: 1.2\nmodel=x");
  check ("%{json:password} token: %{text:password}", "%{json:password} token: %{text:password}");
  check ("a\n-----BEGIN EC PRIVATE KEY-----\nxyz\n-----END EC PRIVATE KEY-----\nb", "a\nremoved\nb");
  check ("-----BEGIN CERTIFICATE-----\nxyz\n", "-----BEGIN CERTIFICATE-----\nxyz\n");
}

static void
test_short (void **state)
{
  struct fettle_scrub s = { .n = 0 };
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_scrub_add (&s, "abc", &err), FETTLE_E_CONFIG);
  assert_int_equal (fettle_scrub_add (&s, NULL, &err), FETTLE_OK);
  assert_int_equal (fettle_scrub_add (&s, "", &err), FETTLE_OK);
  assert_int_equal (s.n, 0);
}

/* A password within another one is no way around. */
static void
test_nested (void **state)
{
  struct fettle_scrub s = { .n = 0 };
  struct fettle_buf out = FETTLE_BUF_INIT (100);
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_scrub_add (&s, "inner", &err), FETTLE_OK);
  assert_int_equal (fettle_scrub_add (&s, "the inner one", &err), FETTLE_OK);
  assert_true (fettle_scrub (&s, "<the inner one inner>", 21, &out));
  assert_string_equal (fettle_buf_text (&out), "<removed removed>");
  fettle_buf_clear (&out);
  fettle_scrub_clear (&s);
}

/* What there is no room for is refused, and nothing of it stays. */
static void
test_too_long (void **state)
{
  static char secret[128 * 1024];
  struct fettle_scrub s = { .n = 0 };
  struct fettle_error err;

  (void) state;
  memset (secret, 'x', sizeof secret - 1);
  assert_int_equal (fettle_scrub_add (&s, secret, &err), FETTLE_E_NOMEM);
  assert_int_equal (s.n, 0);
  assert_int_equal (fettle_scrub_add_pair (&s, "root", secret, &err), FETTLE_E_NOMEM);
  fettle_scrub_clear (&s);
}

static int
set_up (void **state)
{
  struct fettle_error err;

  (void) state;
  return fettle_scrub_add (&scrub, PASSWORD, &err) || fettle_scrub_add_pair (&scrub, "root", PASSWORD, &err);
}

static int
tear_down (void **state)
{
  (void) state;
  fettle_scrub_clear (&scrub);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_known), cmocka_unit_test (test_named), cmocka_unit_test (test_short),
    cmocka_unit_test (test_nested), cmocka_unit_test (test_too_long),
  };

  return cmocka_run_group_tests (tests, set_up, tear_down);
}
