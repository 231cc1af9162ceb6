/* Which version is newer?  Real strings by table, then thousands of generated
 * pairs against dpkg's and rpm's own word.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "model/version.h"

#define NONE 9 /* cannot tell */

static const struct {
  const char *scheme, *a, *b;
  int order;
} table[] = {
  /* scheme   a                          b                           order */
  { "dpkg",   "1.0",                     "1.1",                       -1 },
  { "dpkg",   "1.10",                    "1.9",                        1 },
  { "dpkg",   "1:1.0",                   "2.0",                        1 },
  { "dpkg",   "0:1.0",                   "1.0",                        0 },
  { "dpkg",   "1.0~rc1-1",               "1.0-1",                     -1 },
  { "dpkg",   "1.0-1",                   "1.0-1+deb12u1",             -1 },
  { "dpkg",   "1.0",                     "1.0-0",                      0 },
  { "dpkg",   "3.0.15-1~deb12u1",        "3.0.15-1",                  -1 },
  { "dpkg",   "2.72.0+really2.70",       "2.72.0",                     1 },
  { "dpkg",   "1.0-",                    "1.0",                     NONE },
  { "dpkg",   "a:1.0",                   "1.0",                     NONE },
  { "dpkg",   "1.0 beta",                "1.0",                     NONE },
  { "dpkg",   ":1.0",                    "1.0",                     NONE },
  { "rpm",    "1.0-1",                   "1.0-2",                     -1 },
  { "rpm",    "1.0-1.el9",               "1.0-1.el9_2",               -1 },
  { "rpm",    "1:1.0-1",                 "3.0-1",                      1 },
  { "rpm",    "1.0~rc1-1",               "1.0-1",                     -1 },
  { "rpm",    "1.0^git1-1",              "1.0-1",                      1 },
  { "rpm",    "1.0^git1-1",              "1.0.1-1",                   -1 },
  { "rpm",    "1.0a",                    "1.0.1",                     -1 },
  { "rpm",    "1_0",                     "1.0",                        0 },
  { "rpm",    "5.14.0-362.el9",          "5.14.0-427.el9",            -1 },
  { "rpm",    "1.0-1,2",                 "1.0",                     NONE },
  { "semver", "1.0.0-alpha",             "1.0.0-alpha.1",             -1 },
  { "semver", "1.0.0-alpha.1",           "1.0.0-alpha.beta",          -1 },
  { "semver", "1.0.0-beta.2",            "1.0.0-beta.11",             -1 },
  { "semver", "1.0.0-rc.1",              "1.0.0",                     -1 },
  { "semver", "1.0.0+build1",            "1.0.0+build2",               0 },
  { "semver", "v1.2.10",                 "1.2.9",                      1 },
  { "semver", "1.2",                     "1.2.0",                   NONE },
  { "semver", "01.2.3",                  "1.2.4",                   NONE },
  { "semver", "1.2.3-",                  "1.2.3",                   NONE },
  { "semver", "1.2.3-a..b",              "1.2.3",                   NONE },
  { "semver", "1.2.3-01",                "1.2.3",                   NONE },
  { "semver", "1.2.3+",                  "1.2.3",                   NONE },
  { "dotted", "4.4.4.300",               "4.4.4.299",                  1 },
  { "dotted", "6.1.4.75.0",              "6.1.4.75",                   0 },
  { "dotted", "52.28.3-5681",            "52.28.3-5690",              -1 },
  { "dotted", "16.35.4030",              "16.35.3502",                 1 },
  { "dotted", "1.3310.0",                "1.3309.9",                   1 },
  { "dotted", "233.1.135.7",             "233.1.136.0",               -1 },
  { "dotted", "03.01.33.044",            "3.1.33.44",                  0 },
  { "dotted", "73.64",                   "73.7",                       1 },
  { "dotted", "99999999999999999999.1",  "99999999999999999998.2",     1 },
  { "dotted", "1.2.",                    "1.2",                     NONE },
  { "dotted", "1..2",                    "1.2",                     NONE },
  { "dotted", "1.2a",                    "1.2",                     NONE },
  { "fos",    "v7.4.1",                  "v7.4.1a",                  -1 },
  { "fos",    "v7.4.1a1",                "v7.4.1a",                   1 },
  { "fos",    "v7.4.1b",                 "v7.4.1a12",                 1 },
  { "fos",    "7.4.2",                   "v7.4.1d",                   1 },
  { "fos",    "v10.0.0",                 "v9.2.1c",                   1 },
  { "fos",    "v7.4.1",                  "7.4.1",                     0 },
  { "fos",    "v7.4",                    "v7.4.1",                 NONE },
  { "fos",    "v6.1.0_8e1",              "v6.1.0",                 NONE },
  { "fos",    "v7.4.11",                 "v7.4.1a",                   1 },
  { "fos",    "v7.4.1abc",               "v7.4.1a",                NONE },
  { "hpe",    "2.72 (09/04/2022)",       "2.68 (07/14/2022)",          1 },
  { "hpe",    "2.46 May 11 2021",        "2.72 Sep 04 2022",          -1 },
  { "hpe",    "1.66 Dec 13 2024",        "1.66 Dec 3 2024",            1 },
  { "hpe",    "1.14.00 May 28 2025",     "1.14.01 May 28 2025",       -1 },
  { "hpe",    "1.14.00 May 28 2025",     "1.14",                       0 },
  { "hpe",    "U46 v2.34 (03/11/2025)",  "U46 v2.16 (03/01/2024)",     1 },
  { "hpe",    "U46 v2.34 (03/11/2025)",  "U46 v2.34 (04/11/2025)",    -1 },
  { "hpe",    "U46 v2.34 (03/11/2025)",  "A42 v3.72 (05/16/2025)",  NONE },
  { "hpe",    "U46 v2.34",               "2.36",                    NONE },
  { "hpe",    "13.3.0 Build 37",         "13.3.0 Build 9",             1 },
  { "hpe",    "13.3.0 Build 37",         "13.4.0 Build 1",            -1 },
  { "hpe",    "0x15",                    "0x9",                        1 },
  { "hpe",    "0x31000030",              "0x3100002F",                 1 },
  { "hpe",    "0x15",                    "10",                      NONE },
  { "hpe",    "10",                      "9",                          1 },
  { "hpe",    "1.3 0",                   "1.3 1",                     -1 },
  { "hpe",    "4.4.4.300",               "4.4.4.299",                  1 },
  { "hpe",    "6.1.4.75.0",              "6.1.4.74.1",                 1 },
  { "hpe",    "HPG3",                    "HPG5",                      -1 },
  { "hpe",    "HPG9",                    "HPGA",                      -1 },
  { "hpe",    "HPG3",                    "HPD7",                    NONE },
  { "hpe",    "HPG3",                    "3",                       NONE },
  { "hpe",    "52.28.3-5681",            "52.26.3-5379",               1 },
  { "hpe",    "16.35.4030",              "16.35.3502",                 1 },
  { "hpe",    "96.00.AF.00.02",          "96.00.B0.00.01",            -1 },
  { "hpe",    "96.00.99.00.02",          "96.00.AF.00.02",            -1 },
  { "hpe",    "96.00.AF.00.02",          "96.00.af.00.02",             0 },
  { "hpe",    "96.00.AF.00.02",          "96.00.1.00.02",           NONE },
  { "hpe",    "1.3310.0",                "1.3310.1",                  -1 },
  { "hpe",    "233.1.135.7",             "232.1.132.8",                1 },
  { "hpe",    "03.01.33.044",            "03.01.33.040",               1 },
  { "hpe",    "73.64",                   "73.56",                      1 },
  { "hpe",    "v2.34",                   "2.34",                       0 },
  { "hpe",    "N/A",                     "2.34",                    NONE },
  { "hpe",    "2.34 (13/41/2025)",       "2.34",                    NONE },
  { "hpe",    "beef",                    "2",                       NONE },
  { "plain",  "anything at all",         "anything at all",            0 },
  { "plain",  "1",                       "2",                       NONE },
  { NULL,     "same",                    "same",                       0 },
  { NULL,     "1",                       "2",                       NONE },
  { "dotted", "not of it",               "not of it",                  0 },
  { "unheard", "x",                      "x",                          0 },
  { "unheard", "1",                      "2",                       NONE },
  { "dotted", " 1.2 ",                   "1.2",                        0 },
  { "dotted", "",                        "",                        NONE },
  { "dotted", "",                        "1",                       NONE },
  { "dpkg",   NULL,                      "1",                       NONE },
};

static int
compare (const char *scheme, const char *a, const char *b)
{
  int order = 5;

  if (fettle_version_compare (scheme, a, b, &order))
    return order;
  assert_int_equal (order, 5); /* untouched */
  return NONE;
}

static void
test_table (void **state FETTLE_UNUSED)
{
  for (size_t i = 0; i < COUNT (table); i++) {
    int forth = compare (table[i].scheme, table[i].a, table[i].b);
    int back = compare (table[i].scheme, table[i].b, table[i].a);
    int mirrored = table[i].order == NONE ? NONE : -table[i].order;

    if (forth != table[i].order || back != mirrored)
      fail_msg ("%s: \"%s\" and \"%s\": %d and back %d, wanted %d", table[i].scheme, table[i].a,
                table[i].b, forth, back, table[i].order);
  }
}

static void
test_two_schemes (void **state FETTLE_UNUSED)
{
  int order = 5;

  assert_false (fettle_version_compare_schemes ("dpkg", "1", "rpm", "2", &order));
  assert_false (fettle_version_compare_schemes ("dotted", "1", NULL, "2", &order));
  assert_true (fettle_version_compare_schemes ("dpkg", "1", "rpm", "1", &order));
  assert_int_equal (order, 0);
  assert_true (fettle_version_compare_schemes ("dotted", "1", "dotted", "2", &order));
  assert_int_equal (order, -1);
  assert_false (fettle_version_compare_schemes (NULL, "1", NULL, "2", &order));
}

static void
test_valid (void **state FETTLE_UNUSED)
{
  char longest[FETTLE_VERSION_MAX + 2];

  assert_true (fettle_version_valid ("dpkg", "1:1.0-1"));
  assert_false (fettle_version_valid ("dpkg", "1.0-"));
  assert_true (fettle_version_valid ("plain", "N/A"));
  assert_true (fettle_version_valid (NULL, "N/A"));
  assert_false (fettle_version_valid ("unheard", "1"));
  assert_true (fettle_version_scheme_known ("hpe"));
  assert_false (fettle_version_scheme_known ("hp"));
  memset (longest, '1', sizeof longest);
  longest[FETTLE_VERSION_MAX + 1] = '\0';
  assert_false (fettle_version_valid ("dotted", longest));
  longest[FETTLE_VERSION_MAX] = '\0';
  assert_true (fettle_version_valid ("dotted", longest));
}

/* ---- against the package tools ---- */

static uint32_t seed;

static uint32_t
dice (uint32_t n)
{
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % n;
}

/* Few different pieces, so that pairs are often alike at their start. */
static void
generate (char *out, size_t size, const char *const *pieces, size_t n_pieces, bool epochs)
{
  size_t n = 0;

  if (epochs && dice (4) == 0)
    n = (size_t) snprintf (out, size, "%u:", dice (3));
  n += (size_t) snprintf (out + n, size - n, "%u", dice (3));
  for (uint32_t parts = 1 + dice (5); parts; parts--)
    n += (size_t) snprintf (out + n, size - n, "%s", pieces[dice ((uint32_t) n_pieces)]);
  if (epochs && dice (2))
    snprintf (out + n, size - n, "-%u%s", dice (3), pieces[dice ((uint32_t) n_pieces)]);
}

/* Runs a command that reads the file of pairs and prints where it disagrees. */
static void
expect_no_output (const char *command)
{
  char line[256];
  FILE *out = popen (command, "r");

  assert_non_null (out);
  if (fgets (line, sizeof line, out))
    fail_msg ("the package tool says otherwise: %s", line);
  assert_int_equal (pclose (out), 0);
}

static bool
have (const char *tool)
{
  char text[256];

  snprintf (text, sizeof text, "command -v %s >/dev/null 2>&1", tool);
  return system (text) == 0;
}

static char pairs_path[] = "/tmp/fettle-version.XXXXXX";

/* "a b order" lines, by our comparer. */
static void
write_pairs (const char *scheme, const char *const *pieces, size_t n_pieces, int count)
{
  int fd, seen[3] = { 0 };
  FILE *f;

  snprintf (pairs_path + strlen (pairs_path) - 6, 7, "XXXXXX");
  fd = mkstemp (pairs_path);
  assert_true (fd >= 0);
  f = fdopen (fd, "w");
  for (int i = 0; i < count; i++) {
    char a[128], b[128];
    int order;

    generate (a, sizeof a, pieces, n_pieces, true);
    generate (b, sizeof b, pieces, n_pieces, true);
    if (dice (4) == 0) /* the same but for its end */
      snprintf (b, sizeof b, "%s%s", a, pieces[dice ((uint32_t) n_pieces)]);
    order = compare (scheme, a, b);
    assert_int_not_equal (order, NONE);
    seen[order + 1]++;
    fprintf (f, "%s %s %d\n", a, b, order);
  }
  fclose (f);
  for (int i = 0; i < 3; i++)
    assert_true (seen[i] > count / 500);
}

static void
test_dpkg_agrees (void **state FETTLE_UNUSED)
{
  static const char *const pieces[] = { ".0", ".1", ".10", "~", "~rc1", "+b1", "a", "b", "Z", ".",
                                        "+", "~~", "00", "09", "-1", "~a", "1", ".a" };
  char command[1024];

  if (!have ("dpkg"))
    skip ();
  seed = 1;
  write_pairs ("dpkg", pieces, COUNT (pieces), 2500);
  snprintf (command, sizeof command,
            "while read -r a b o; do case $o in -1) r=lt;; 0) r=eq;; *) r=gt;; esac; "
            "dpkg --compare-versions \"$a\" $r \"$b\" || echo \"$a not $r $b\"; done <'%s'",
            pairs_path);
  expect_no_output (command);
  unlink (pairs_path);
}

static void
test_rpm_agrees (void **state FETTLE_UNUSED)
{
  static const char *const pieces[] = { ".0", ".1", ".10", "~", "~rc1", "^", "^git1", "a", "b", "Z",
                                        ".", "+", "~~", "00", "09", "_", "~a", "1", ".a", "^^", "^~" };
  char command[1024];

  if (!have ("rpm"))
    skip ();
  seed = 2;
  write_pairs ("rpm", pieces, COUNT (pieces), 20000);
  snprintf (command, sizeof command,
            "rpm --eval '%%{lua: for l in io.lines(\"%s\") do "
            "local a, b, o = string.match(l, \"(%%S+) (%%S+) (%%S+)\") "
            "if rpm.vercmp(a, b) ~= tonumber(o) then "
            "print(a .. \" \" .. o .. \" \" .. b .. \"\\n\") end end}' | sed '/^$/d'",
            pairs_path);
  expect_no_output (command);
  unlink (pairs_path);
}

/* A list is only sorted by an order that is one: for all a, b, c. */
static void
test_transitive (void **state FETTLE_UNUSED)
{
  static const char *const pieces[] = { ".0", ".1", "~", "a", "^", "b1", ".", "10" };
  static const char *const orders[] = { "dpkg", "rpm" };

  seed = 3;
  for (size_t s = 0; s < COUNT (orders); s++)
    for (int i = 0; i < 20000; i++) {
      char v[3][128];
      size_t n = s == 0 ? 4 : COUNT (pieces); /* '^' isn't dpkg's */

      for (int k = 0; k < 3; k++)
        generate (v[k], sizeof v[k], pieces, n, true);
      if (compare (orders[s], v[0], v[1]) <= 0 && compare (orders[s], v[1], v[2]) <= 0
          && compare (orders[s], v[0], v[2]) > 0)
        fail_msg ("%s: %s <= %s <= %s, but not the first and the last", orders[s], v[0], v[1], v[2]);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_table),       cmocka_unit_test (test_two_schemes),
    cmocka_unit_test (test_valid),       cmocka_unit_test (test_dpkg_agrees),
    cmocka_unit_test (test_rpm_agrees),  cmocka_unit_test (test_transitive),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
