/* range.c - byte ranges, versions, heads, bodies of status posts, quotas.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "serve/head.h"
#include "serve/quota.h"
#include "serve/range.h"
#include "serve/status-body.h"

static void
ranges (void **state)
{
  static const struct {
    const char *header;
    int n;
    struct fettle_range r[3];
  } rows[] = {
    { "bytes=0-0", 1, { { 0, 1 } } },
    { "bytes=0-", 1, { { 0, 1000 } } },
    { "bytes=500-9999", 1, { { 500, 500 } } },
    { "BYTES=-1", 1, { { 999, 1 } } },
    { "bytes=-5000", 1, { { 0, 1000 } } },
    { "bytes=0-9,20-29, 990-", 3, { { 0, 10 }, { 20, 10 }, { 990, 10 } } },
    { "bytes=0-9,5000-6000", 1, { { 0, 10 } } },
    { "bytes=1000-", -1, { { 0, 0 } } },
    { "bytes=-0", -1, { { 0, 0 } } },
    { "bytes=5000-,-0", -1, { { 0, 0 } } },
    /* Not understood: as if there were none. */
    { "", 0, { { 0, 0 } } },
    { "bytes=", 0, { { 0, 0 } } },
    { "bytes=-", 0, { { 0, 0 } } },
    { "bytes=9-0", 0, { { 0, 0 } } },
    { "bytes=a-b", 0, { { 0, 0 } } },
    { "bytes=0-9x", 0, { { 0, 0 } } },
    { "bytes=0-9,", 0, { { 0, 0 } } },
    { "bytes=+1-2", 0, { { 0, 0 } } },
    { "rows=0-9", 0, { { 0, 0 } } },
    { "bytes=0-99999999999999999999", 0, { { 0, 0 } } },
    /* More than the file: no gain, only harm. */
    { "bytes=0-,0-", 0, { { 0, 0 } } },
    { "bytes=0-,-1", 0, { { 0, 0 } } },
    { "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15,16-16",
      0, { { 0, 0 } } },
  };

  (void) state;
  for (size_t i = 0; i < COUNT (rows); i++) {
    struct fettle_range got[FETTLE_RANGES_MAX];
    int n = fettle_range_read (rows[i].header, 1000, got);

    if (n != rows[i].n)
      fail_msg ("%s: %d", rows[i].header, n);
    for (int k = 0; k < n; k++) {
      assert_int_equal (got[k].first, rows[i].r[k].first);
      assert_int_equal (got[k].length, rows[i].r[k].length);
    }
  }
}

static void
of_an_empty_file (void **state)
{
  struct fettle_range got[FETTLE_RANGES_MAX];

  (void) state;
  assert_int_equal (fettle_range_read ("bytes=0-", 0, got), -1);
  assert_int_equal (fettle_range_read ("bytes=-5", 0, got), -1);
}

static void
etags (void **state)
{
  (void) state;
  assert_true (fettle_etag_listed ("*", "\"a\"", true));
  assert_true (fettle_etag_listed ("\"a\"", "\"a\"", true));
  assert_true (fettle_etag_listed ("\"b\", \"a\"", "\"a\"", true));
  assert_true (fettle_etag_listed ("W/\"a\"", "\"a\"", false));
  assert_false (fettle_etag_listed ("W/\"a\"", "\"a\"", true));
  assert_false (fettle_etag_listed ("\"aa\"", "\"a\"", false));
  assert_false (fettle_etag_listed ("a", "\"a\"", false));
  assert_false (fettle_etag_listed ("\"a", "\"a\"", false));
  assert_false (fettle_etag_listed ("", "\"a\"", false));
}

static struct fettle_head
read_head (const char *text)
{
  static char copy[1000];
  struct fettle_head h;

  snprintf (copy, sizeof copy, "%s", text);
  fettle_head_read (copy, strlen (copy), &h);
  return h;
}

static void
heads (void **state)
{
  struct fettle_head h = read_head ("GET /d/t/n?x HTTP/1.1\r\nHost: x\r\nrange:  bytes=1-2 \r\n"
                                    "If-Range: \"e\"\r\nConnection: TE, Close\r\n\r\n");

  (void) state;
  assert_string_equal (h.method, "GET");
  assert_string_equal (h.target, "/d/t/n?x");
  assert_string_equal (h.range, "bytes=1-2");
  assert_string_equal (h.if_range, "\"e\"");
  assert_string_equal (h.if_match, "");
  assert_false (h.keep_alive);
  assert_false (h.ambiguous);
  assert_true (read_head ("GET / HTTP/1.1\r\n\r\n").keep_alive);
  assert_false (read_head ("GET / HTTP/1.0\r\n\r\n").keep_alive);
  assert_true (read_head ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  assert_true (read_head ("GET / HTTP/1.1\r\nRange: a\r\nRange: b\r\n\r\n").ambiguous);
  assert_true (read_head ("POST / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n").continues);
}

static void
targets (void **state)
{
  const char *token, *name;
  size_t n, k;

  (void) state;
  assert_true (fettle_target_split ("/d/abc/a%2fb?q", "/d/", &token, &n, &name, &k));
  assert_int_equal (n, 3);
  assert_int_equal (k, 5);
  assert_memory_equal (name, "a%2fb", 5);
  assert_true (fettle_target_split ("/d/abc", "/d/", &token, &n, &name, &k));
  assert_int_equal (k, 0);
  assert_true (fettle_target_split ("/d/abc/..%2f..%2fetc/passwd", "/d/", &token, &n, &name, &k));
  assert_int_equal (k, strlen ("..%2f..%2fetc/passwd"));
  assert_false (fettle_target_split ("/e/abc", "/d/", &token, &n, &name, &k));
}

static void
bodies (void **state)
{
  static const struct { const char *type, *body, *json; fettle_result r; } rows[] = {
    { "application/json", "{\"state\":\"done\"}", "{\"state\":\"done\"}", 0 },
    { "Application/JSON; charset=utf-8", "{}", "{}", 0 },
    { "application/vnd.x+json", "{\"a\":1}", "{\"a\":1}", 0 },
    { "application/json", "[1]", NULL, FETTLE_E_CONFIG },
    { "application/json", "{\"a\":1,\"a\":2}", NULL, FETTLE_E_CONFIG },
    { "application/json", "", NULL, FETTLE_E_CONFIG },
    { "application/x-www-form-urlencoded", "a=b+c&d=%41\n", "{\"a\":\"b c\",\"d\":\"A\"}", 0 },
    { "application/x-www-form-urlencoded", "a=%00", NULL, FETTLE_E_CONFIG },
    { "application/x-www-form-urlencoded", "a=1&a=2", NULL, FETTLE_E_CONFIG },
    { "text/xml", " <s>1</s>", "{\"xml\":\" <s>1</s>\"}", 0 },
    { "application/soap+xml; x=y", "<s/>", "{\"xml\":\"<s/>\"}", 0 },
    { "text/xml", "s", NULL, FETTLE_E_CONFIG },
    { "text/xml", "<\xff>", NULL, FETTLE_E_CONFIG },
    { "text/plain", "x", NULL, FETTLE_E_UNSUPPORTED },
    { "", "{}", NULL, FETTLE_E_UNSUPPORTED },
  };

  (void) state;
  for (size_t i = 0; i < COUNT (rows); i++) {
    json_t *got = NULL;
    struct fettle_error err;
    fettle_result r = fettle_status_read (rows[i].type, rows[i].body, strlen (rows[i].body), &got,
                                          &err);
    _cleanup_free_ char *text = got ? json_dumps (got, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    if (r != rows[i].r)
      fail_msg ("%s: %s: %d", rows[i].type, rows[i].body, r);
    if (!r)
      assert_string_equal (text, rows[i].json);
    json_decref (got);
  }
}

/* So many a second, of each address; ten seconds' worth at once. */
static void
quotas (void **state)
{
  static const unsigned rates[] = { 1, 20, 1000000 };

  (void) state;
  for (size_t i = 0; i < COUNT (rates); i++) {
    struct fettle_quotas *all = fettle_quotas_new (2, rates[i]);
    struct fettle_quota *a = fettle_quota_connect (all, "192.0.2.1");
    struct fettle_quota *b = fettle_quota_connect (all, "192.0.2.2");
    uint64_t now = 1000000;

    assert_non_null (a);
    assert_ptr_not_equal (a, b);
    assert_ptr_equal (fettle_quota_connect (all, "192.0.2.1"), a);
    assert_null (fettle_quota_connect (all, "192.0.2.1"));
    for (unsigned n = 0; n < 10 * rates[i]; n++)
      assert_true (fettle_quota_post (all, a, now));
    assert_false (fettle_quota_post (all, a, now));
    assert_true (fettle_quota_post (all, b, now));
    assert_true (fettle_quota_post (all, a, now + 1000));
    fettle_quota_disconnect (all, a);
    fettle_quota_disconnect (all, a);
    fettle_quotas_sweep (all, now + 1000000);
    assert_ptr_equal (fettle_quota_connect (all, "192.0.2.2"), b);
    assert_non_null (fettle_quota_connect (all, "192.0.2.1"));
    fettle_quotas_free (all);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (ranges), cmocka_unit_test (of_an_empty_file), cmocka_unit_test (etags),
    cmocka_unit_test (heads), cmocka_unit_test (targets), cmocka_unit_test (bodies),
    cmocka_unit_test (quotas),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
