/* route.c - paths, queries, bodies.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "serve/route.h"

static struct fettle_error err;

/* "no", or what stood for ":x" in brackets. */
static const char *
fit (const char *route, const char *path)
{
  static char got[256];
  const struct fettle_route row = { "GET", route, FETTLE_ROLE_VIEWER, NULL };
  const char *parameter = NULL;
  size_t size = 0;

  if (!fettle_route_fits (&row, path, &parameter, &size))
    return "no";
  snprintf (got, sizeof got, "[%.*s]", (int) size, parameter ? parameter : "");
  return got;
}

static void
paths (void **state)
{
  (void) state;
  assert_string_equal (fit ("/a/b", "/a/b"), "[]");
  assert_string_equal (fit ("/a/b", "/a/b/"), "no");
  assert_string_equal (fit ("/a/b", "/a"), "no");
  assert_string_equal (fit ("/a/b", "/a/bc"), "no");
  assert_string_equal (fit ("/a/b", ""), "no");
  assert_string_equal (fit ("/a/:x", "/a/1"), "[1]");
  assert_string_equal (fit ("/a/:x", "/a/"), "no");
  assert_string_equal (fit ("/a/:x", "/a/1/2"), "no");
  assert_string_equal (fit ("/a/:x/c", "/a/1/c"), "[1]");
  assert_string_equal (fit ("/a/:x/c", "/a/1/d"), "no");
  assert_string_equal (fit ("/a/:x/c", "/a//c"), "no");
  assert_string_equal (fit ("/a/:x/c", "/a/1%2Fc/c"), "[1%2Fc]");
}

static char *
decode (const char *text, bool plus)
{
  return fettle_percent_decode (text, strlen (text), plus, 20);
}

static void
percent (void **state)
{
  static const char *const bad[] = {
    "%", "%4", "%4g", "%g4", "a%", "%00", "%0a", "%1f", "%7f", "%ff", "%c0%ae", "%c0%80",
    "%ed%a0%80", "%f5%80%80%80", "%e2%82", "\xff", "123456789012345678901", "%%41",
  };
  static const struct { const char *in, *out; } good[] = {
    { "", "" }, { "abc", "abc" }, { "%41%62", "Ab" }, { "%2e%2E%2f", "../" }, { "a+b", "a+b" },
    { "%25%32%46", "%2F" }, { "%c3%bc", "\xc3\xbc" }, { "%f0%9f%98%80", "\xf0\x9f\x98\x80" },
    { "%3a%3A", "::" }, { "12345678901234567890", "12345678901234567890" },
  };
  char *text;

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++)
    if ((text = decode (bad[i], true)))
      fail_msg ("%s is %s", bad[i], text);
  for (size_t i = 0; i < COUNT (good); i++) {
    text = decode (good[i].in, false);
    assert_non_null (text);
    assert_string_equal (text, good[i].out);
    free (text);
  }
  text = decode ("a+b%2b", true);
  assert_string_equal (text, "a b+");
  free (text);
}

static void
check_query (const char *text, const char *want)
{
  json_t *query = NULL;
  char *got;

  if (!want) {
    assert_int_equal (fettle_query_parse (text, &query, &err), FETTLE_E_CONFIG);
    assert_null (query);
    return;
  }
  assert_int_equal (fettle_query_parse (text, &query, &err), FETTLE_OK);
  got = json_dumps (query, JSON_COMPACT | JSON_SORT_KEYS);
  assert_string_equal (got, want);
  free (got);
  json_decref (query);
}

static void
queries (void **state)
{
  char many[1024] = "";

  (void) state;
  check_query (NULL, "{}");
  check_query ("", "{}");
  check_query ("a=1", "{\"a\":\"1\"}");
  check_query ("a=1&b=x%20y&c=z+z", "{\"a\":\"1\",\"b\":\"x y\",\"c\":\"z z\"}");
  check_query ("&a&&b=&", "{\"a\":\"\",\"b\":\"\"}");
  check_query ("a=b=c", "{\"a\":\"b=c\"}");
  check_query ("a=1&a=1", NULL);
  check_query ("a=1&%61=2", NULL);
  check_query ("=1", NULL);
  check_query ("a=%00", NULL);
  check_query ("a%0=1", NULL);
  for (int i = 0; i <= FETTLE_QUERY_MAX; i++)
    snprintf (many + strlen (many), sizeof many - strlen (many), "a%d=1&", i);
  check_query (many, NULL);
}

static void
types (void **state)
{
  (void) state;
  assert_true (fettle_type_is_json ("application/json"));
  assert_true (fettle_type_is_json ("Application/JSON; charset=utf-8"));
  assert_true (fettle_type_is_json ("application/json ;x"));
  assert_false (fettle_type_is_json (NULL));
  assert_false (fettle_type_is_json (""));
  assert_false (fettle_type_is_json ("application/jsonp"));
  assert_false (fettle_type_is_json ("text/plain; application/json"));
  assert_false (fettle_type_is_json ("application/x-www-form-urlencoded"));
}

struct source {
  const char *text;
  size_t left;
};

static size_t
give (void *buffer, size_t size, void *arg)
{
  struct source *s = arg;
  size_t n = s->left < 7 ? s->left : 7; /* in small portions */

  if (n > size)
    n = size;
  memcpy (buffer, s->text, n);
  s->text += n;
  s->left -= n;
  return n;
}

static fettle_result
parse (const char *text, json_t **ret)
{
  struct source s = { text, strlen (text) };

  return fettle_body_parse (give, &s, ret, &err);
}

static void
bodies (void **state)
{
  static const char *const bad[] = {
    "", "{", "[]", "1", "\"a\"", "null", "{}x", "{} {}", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}",
    "{\"a\":\xff}", "{a:1}", "{\"a\":1,}", "{\"a\":NaN}", "{\"a\":1e999}",
    "{\"a\":99999999999999999999}", "\xef\xbb\xbf{}",
  };
  json_t *body = NULL;

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++) {
    if (parse (bad[i], &body) != FETTLE_E_CONFIG)
      fail_msg ("taken: %s", bad[i]);
    assert_null (body);
  }
  assert_int_equal (parse (" {\"a\": [1, {\"b\": null}]}\n", &body), FETTLE_OK);
  assert_int_equal (json_array_size (json_object_get (body, "a")), 2);
  json_decref (body);
}

static void
depth (void **state)
{
  json_t *body = NULL;

  (void) state;
  for (int levels = FETTLE_JSON_DEPTH - 1; levels <= 3000; levels += levels < 40 ? 1 : 985) {
    char text[6100] = "{\"a\":";
    size_t n = strlen (text);

    memset (text + n, '[', (size_t) levels);
    memset (text + n + levels, ']', (size_t) levels);
    text[n + 2 * (size_t) levels] = '}';
    text[n + 2 * (size_t) levels + 1] = '\0';
    if (levels < FETTLE_JSON_DEPTH) {
      assert_int_equal (parse (text, &body), FETTLE_OK);
      json_decref (body);
      body = NULL;
    } else
      assert_int_equal (parse (text, &body), FETTLE_E_CONFIG);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (paths), cmocka_unit_test (percent), cmocka_unit_test (queries),
    cmocka_unit_test (types), cmocka_unit_test (bodies),  cmocka_unit_test (depth),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
