/* buf.c - secrets don't stay in memory that was given back: neither a secret
 * buffer's, as it grows and ends, nor what jansson made on its way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "util/buf.h"
#include "util/secret.h"
#include "util/text.h"

static const char secret[] = "correct-horse-battery-staple";
static unsigned seen; /* how often it lay in what was given back */

/* ---- In place of the C library's, for what this program links in ---- */

void __real_free (void *);
void __wrap_free (void *);
void *__real_realloc (void *, size_t);
void *__wrap_realloc (void *, size_t);

static void
look (const void *data)
{
  seen += data && memmem (data, malloc_usable_size ((void *) (uintptr_t) data), secret, strlen (secret));
}

void
__wrap_free (void *data)
{
  look (data);
  __real_free (data);
}

void *
__wrap_realloc (void *data, size_t size)
{
  look (data);
  return __real_realloc (data, size);
}

/* ---- Tests ---- */

/* Grows through many sizes, and is not full at its end. */
static void
fill (struct fettle_buf *b)
{
  seen = 0;
  assert_true (fettle_buf_text_add (b, secret));
  for (int i = 0; i < 5000; i++)
    assert_true (fettle_buf_printf (b, " and line %d", i));
  assert_int_equal (memcmp (b->data, secret, strlen (secret)), 0);
  assert_int_equal (strlen (b->data), b->size);
  fettle_buf_reset (b);
  assert_true (fettle_buf_text_add (b, "x "));
  assert_true (fettle_buf_text_add (b, secret));
  fettle_buf_clear (b);
  assert_null (b->data);
}

static void
test_secret_buf (void **state FETTLE_UNUSED)
{
  struct fettle_buf b = FETTLE_BUF_SECRET (1000000);

  fill (&b);
  assert_int_equal (seen, 0);
  assert_true (b.secret);
}

static void
test_other_buf (void **state FETTLE_UNUSED)
{
  struct fettle_buf b = FETTLE_BUF_INIT (1000000);

  fill (&b);
  assert_true (seen > 0); /* so what is seen is seen */
}

static void
test_limit (void **state FETTLE_UNUSED)
{
  struct fettle_buf b = FETTLE_BUF_SECRET (10);

  assert_true (fettle_buf_text_add (&b, "0123456789"));
  assert_false (fettle_buf_text_add (&b, "x"));
  assert_string_equal (fettle_buf_text (&b), "0123456789");
  fettle_buf_clear (&b);
}

static void
test_json (void **state FETTLE_UNUSED)
{
  char text[300], *said;
  json_t *j;

  seen = 0;
  snprintf (text, sizeof text, "{\"password\": \"%s\", \"list\": [1, 2.5, {\"%s\": null}, \"%s\\n\"]}", secret, secret, secret);
  j = json_loads (text, 0, NULL);
  assert_non_null (j);
  said = json_dumps (j, JSON_INDENT (2));
  assert_non_null (strstr (said, secret));
  fettle_wipe_free (said);
  json_decref (j);
  assert_int_equal (seen, 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_secret_buf),
    cmocka_unit_test (test_other_buf),
    cmocka_unit_test (test_limit),
    cmocka_unit_test (test_json),
  };

  fettle_secret_json ();
  return cmocka_run_group_tests (tests, NULL, NULL);
}
