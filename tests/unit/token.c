/* token.c - the token is made once, kept, and private.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "serve/token.h"
#include "util/file.h"

static char folder[] = "/tmp/fettle-token.XXXXXX";
static char path[PATH_MAX];
static struct fettle_error err;

static int
setup (void **state)
{
  (void) state;
  if (!mkdtemp (folder))
    return -1;
  snprintf (path, sizeof path, "%s/token", folder);
  return 0;
}

static int
teardown (void **state)
{
  (void) state;
  unlink (path);
  return rmdir (folder);
}

static void
made_and_kept (void **state)
{
  char a[FETTLE_TOKEN_TEXT], b[FETTLE_TOKEN_TEXT];
  struct stat st;

  (void) state;
  assert_int_equal (fettle_token_load (folder, a, &err), FETTLE_OK);
  assert_int_equal (strlen (a), 64);
  assert_int_equal (strspn (a, "0123456789abcdef"), 64);
  assert_int_equal (stat (path, &st), 0);
  assert_int_equal (st.st_mode & 07777, 0600);
  assert_int_equal (fettle_token_load (folder, b, &err), FETTLE_OK);
  assert_string_equal (a, b);
  assert_int_equal (unlink (path), 0);
  assert_int_equal (fettle_token_load (folder, b, &err), FETTLE_OK);
  assert_string_not_equal (a, b);
}

static void
refused (void **state)
{
  char token[FETTLE_TOKEN_TEXT] = "untouched";

  (void) state;
  assert_int_equal (chmod (path, 0640), 0);
  assert_int_equal (fettle_token_load (folder, token, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "0640"));
  assert_int_equal (fettle_file_write (path, 0600, "abc\n", 4, &err), FETTLE_OK);
  assert_int_equal (fettle_token_load (folder, token, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, path));
  assert_string_equal (token, "untouched");
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (made_and_kept),
                                      cmocka_unit_test (refused) };

  return cmocka_run_group_tests (tests, setup, teardown);
}
