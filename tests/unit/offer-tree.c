/* offer-tree.c - a folder that is offered as a whole: what is had of it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "serve/offer.h"

static char folder[] = "/tmp/fettle-tree-XXXXXX";

static void
put (int at, const char *path, const char *text)
{
  int fd = openat (at, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

  assert_true (fd >= 0);
  assert_int_equal (write (fd, text, strlen (text)), strlen (text));
  close (fd);
}

static json_t *
seen (int at, const char *path)
{
  char stamp[FETTLE_STAMP_MAX];
  struct stat st;

  assert_int_equal (fstatat (at, path, &st, 0), 0);
  fettle_file_stamp (&st, stamp);
  return json_pack ("[s, s, I]", path, stamp, (json_int_t) st.st_size);
}

static bool
is_had (const struct fettle_offer_tree *t, const char *path)
{
  struct fettle_offer_file *f = fettle_offer_tree_open (t, path);
  bool had = f != NULL;

  fettle_offer_file_release (f);
  return had;
}

static void
test_open (void **state FETTLE_UNUSED)
{
  struct fettle_offer_tree *t = NULL;
  struct fettle_offer_file *f;
  struct fettle_error err;
  char text[10] = "";
  json_t *list;
  int at;

  if (getenv ("TAP_UNDER")) /* valgrind 3.19 has no openat2 */
    skip ();
  assert_non_null (mkdtemp (folder));
  at = open (folder, O_PATH | O_DIRECTORY);
  assert_int_equal (mkdirat (at, "b", 0700), 0);
  put (at, "release.plist", "list");
  put (at, "b/x", "inside");
  put (at, "late", "not listed");
  assert_int_equal (symlinkat ("release.plist", at, "link"), 0);
  list = json_pack ("[o, o, [s, s, i], [s, s, i], o]", seen (at, "release.plist"), seen (at, "b/x"), "../x", "stamp", 1, "gone",
                    "stamp", 1, seen (at, "link"));
  assert_int_equal (fettle_offer_tree_new (dup (at), list, &t, &err), FETTLE_OK);
  json_decref (list);

  f = fettle_offer_tree_open (t, "b/x");
  assert_non_null (f);
  assert_int_equal (f->length, 6);
  assert_int_equal (fettle_offer_file_read (f, 2, text, sizeof text), 4);
  assert_string_equal (text, "side");
  fettle_offer_file_release (f);
  assert_true (is_had (t, "release.plist"));
  assert_false (is_had (t, "late"));           /* wasn't there when it was hashed */
  assert_false (is_had (t, "gone"));
  assert_false (is_had (t, "../x"));           /* beneath it alone */
  assert_false (is_had (t, "link"));           /* by no link */
  assert_false (is_had (t, "b"));
  assert_false (is_had (t, ""));
  put (at, "release.plist", "another list");
  assert_false (is_had (t, "release.plist"));  /* isn't what was hashed */
  assert_true (is_had (t, "b/x"));
  fettle_offer_tree_release (t);
  for (const char *const *p = (const char *const[]) { "release.plist", "b/x", "late", "link", NULL }; *p; p++)
    unlinkat (at, *p, 0);
  unlinkat (at, "b", AT_REMOVEDIR);
  close (at);
  rmdir (folder);
}

static void
test_list (void **state FETTLE_UNUSED)
{
  static const char *const bad[] = { "[1]", "[[\"a\", 1, 2]]", "[[\"a\"]]", "[{}]" };
  struct fettle_offer_tree *t = NULL;
  struct fettle_error err;

  for (size_t i = 0; i < COUNT (bad); i++) {
    json_t *list = json_loads (bad[i], 0, NULL);

    assert_int_equal (fettle_offer_tree_new (dup (0), list, &t, &err), FETTLE_E_INTERNAL);
    json_decref (list);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_open), cmocka_unit_test (test_list) };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
