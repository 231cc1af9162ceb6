/* seal.c - sealed secrets open under the same key and context, unchanged, only.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "store/seal.h"
#include "util/file.h"
#include "util/secret.h"

static char folder[] = "/tmp/fettle-seal.XXXXXX";
static char key_path[PATH_MAX];
static struct fettle_error err;

static int
setup (void **state)
{
  struct fettle_sealer *s;

  if (!mkdtemp (folder))
    return -1;
  snprintf (key_path, sizeof key_path, "%s/key", folder);
  if (fettle_sealer_new (folder, &s, &err))
    return -1;
  *state = s;
  return 0;
}

static int
teardown (void **state)
{
  fettle_sealer_free (*state);
  unlink (key_path);
  return rmdir (folder);
}

static void
round_trip (void **state)
{
  static const char secret[] = "pass\0word";
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (1000);
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_SECRET (1000);

  assert_int_equal (fettle_seal (*state, "n1", secret, sizeof secret, &sealed, &err), FETTLE_OK);
  assert_int_equal (sealed.size, sizeof secret + FETTLE_SEAL_EXTRA);
  assert_null (memmem (sealed.data, sealed.size, "word", 4));
  assert_int_equal (fettle_unseal (*state, "n1", sealed.data, sealed.size, &plain, &err),
                    FETTLE_OK);
  assert_int_equal (plain.size, sizeof secret);
  assert_memory_equal (plain.data, secret, sizeof secret);
}

static void
empty (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (1000);
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_SECRET (1000);

  assert_int_equal (fettle_seal (*state, "", "", 0, &sealed, &err), FETTLE_OK);
  assert_int_equal (fettle_unseal (*state, "", sealed.data, sealed.size, &plain, &err), FETTLE_OK);
  assert_int_equal (plain.size, 0);
}

static void
each_bit_counts (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (1000);
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_SECRET (1000);

  assert_int_equal (fettle_seal (*state, "n1", "secret", 6, &sealed, &err), FETTLE_OK);
  for (size_t bit = 0; bit < sealed.size * 8; bit++) {
    sealed.data[bit / 8] ^= (char) (1 << bit % 8);
    assert_int_equal (fettle_unseal (*state, "n1", sealed.data, sealed.size, &plain, &err),
                      FETTLE_E_CONFIG);
    sealed.data[bit / 8] ^= (char) (1 << bit % 8);
  }
  for (size_t n = 0; n < sealed.size; n++)
    assert_int_equal (fettle_unseal (*state, "n1", sealed.data, n, &plain, &err), FETTLE_E_CONFIG);
  assert_int_equal (plain.size, 0);
}

static void
context_is_bound (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (1000);
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_SECRET (1000);

  assert_int_equal (fettle_seal (*state, "node 1", "secret", 6, &sealed, &err), FETTLE_OK);
  assert_int_equal (fettle_unseal (*state, "node 11", sealed.data, sealed.size, &plain, &err),
                    FETTLE_E_CONFIG);
  assert_int_equal (fettle_unseal (*state, "", sealed.data, sealed.size, &plain, &err),
                    FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, key_path));
  assert_int_equal (plain.size, 0);
}

static void
nonces_differ (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf a = FETTLE_BUF_INIT (1000);
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (1000);

  assert_int_equal (fettle_seal (*state, "n", "secret", 6, &a, &err), FETTLE_OK);
  assert_int_equal (fettle_seal (*state, "n", "secret", 6, &b, &err), FETTLE_OK);
  assert_memory_not_equal (a.data + 1, b.data + 1, 12);
  assert_memory_not_equal (a.data + 13, b.data + 13, 6);
}

static void
limits (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf small = FETTLE_BUF_INIT (10);
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (1000);

  assert_int_equal (fettle_seal (*state, "n", "secret", 6, &small, &err), FETTLE_E_NOMEM);
  assert_int_equal (small.size, 0);
  assert_int_equal (fettle_seal (*state, "n", "a longer secret", 15, &sealed, &err), FETTLE_OK);
  assert_int_equal (fettle_unseal (*state, "n", sealed.data, sealed.size, &small, &err),
                    FETTLE_E_NOMEM);
}

static void
the_same_key_again (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (1000);
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_SECRET (1000);
  struct fettle_sealer *again;
  struct stat st;

  assert_int_equal (fettle_seal (*state, "n", "secret", 6, &sealed, &err), FETTLE_OK);
  assert_int_equal (fettle_sealer_new (folder, &again, &err), FETTLE_OK);
  assert_int_equal (fettle_unseal (again, "n", sealed.data, sealed.size, &plain, &err), FETTLE_OK);
  fettle_sealer_free (again);
  assert_int_equal (stat (key_path, &st), 0);
  assert_int_equal (st.st_mode & 07777, 0600);
  assert_int_equal (st.st_size, 32);
}

static void
bad_key_files (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf key = FETTLE_BUF_SECRET (100);
  struct fettle_sealer *s = NULL;

  (void) state;
  assert_int_equal (fettle_secret_read (key_path, &key, &err), FETTLE_OK);
  assert_int_equal (chmod (key_path, 0644), 0);
  assert_int_equal (fettle_sealer_new (folder, &s, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "0644"));
  assert_int_equal (fettle_file_write (key_path, 0600, "short", 5, &err), FETTLE_OK);
  assert_int_equal (fettle_sealer_new (folder, &s, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "5 bytes"));
  assert_int_equal (unlink (key_path), 0);
  assert_int_equal (symlink ("/dev/zero", key_path), 0);
  assert_int_equal (fettle_sealer_new (folder, &s, &err), FETTLE_E_CONFIG);
  assert_int_equal (fettle_secret_write (key_path, key.data, key.size, &err), FETTLE_OK);
  assert_int_equal (fettle_sealer_new ("/nonexistent", &s, &err), FETTLE_E_CONFIG);
  assert_null (s);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (round_trip),       cmocka_unit_test (empty),
    cmocka_unit_test (each_bit_counts),  cmocka_unit_test (context_is_bound),
    cmocka_unit_test (nonces_differ),    cmocka_unit_test (limits),
    cmocka_unit_test (the_same_key_again), cmocka_unit_test (bad_key_files),
  };

  return cmocka_run_group_tests (tests, setup, teardown);
}
