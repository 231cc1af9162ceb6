/* Reports: nothing foreign gets out of its place, HTML is well formed, CSV
 * reads back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "report/report.h"

#define EVIL "<script>alert(\"1\" & '2')</script>\x01"
#define EVIL_ESCAPED "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;\xef\xbf\xbd"

static json_t *
deployment (const char *text)
{
  json_t *job = json_pack ("{s:i, s:s, s:s, s:s, s:s, s:{}, s:i, s:s, s:[]}", "id", 7, "kind",
                           "deployment", "state", "done", "created", text, "finished", text,
                           "counts", "exit_code", 253, "message", text, "tasks");
  static const char *const states[] = {
    "pending", "installing", "waiting-reboot", "verifying", "done", "failed",
    "unknown", "skipped", "blocked", "aborted", "running", "a later one", "another one",
  };

  assert_non_null (job);
  for (size_t i = 0; i < COUNT (states); i++) {
    json_t *task = json_pack (
        "{s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:{s:s, s:s}, s:[s]}",
        "id", (int) i, "node", (int) i / 2, "name", text, "address", text, "type", text,
        "component", text, "title", text, "state", states[i], "from", text, "to", text, "found",
        text, "verified", (int) i % 2, "reboot", (int) i % 3, "error", "code", "auth", "message",
        text, "log", text);

    assert_non_null (task);
    if (i % 2)
      json_object_set_new (task, "error", json_null ());
    json_array_append_new (json_object_get (job, "tasks"), task);
  }
  return job;
}

static json_t *
inventory (const char *text)
{
  json_t *job = json_pack (
      "{s:i, s:s, s:s, s:s, s:n, s:i, s:s, s:[{s:i, s:s, s:s, s:s, s:s, s:n, s:[{s:s, s:s, s:s, s:s,"
      " s:s, s:s, s:s, s:n, s:s, s:b}]}, {s:i, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:[]}]}",
      "id", 8, "kind", "inventory", "state", "done", "created", text, "finished", "exit_code", 0,
      "message", text, "tasks",
      "node", 1, "name", text, "address", text, "type", text, "state", "done", "error", "items",
      "id", text, "kind", text, "name", text, "version", text, "scheme", text, "match", text,
      "location", text, "arch", "staged", text, "updateable", 1,
      "node", 2, "name", "db", "address", text, "type", text, "state", "failed", "error", "code",
      "unreachable", "message", text, "items");

  assert_non_null (job);
  return job;
}

static void
make (const json_t *job, const char *format, struct fettle_buf *b)
{
  struct fettle_error err;

  if (fettle_report (job, format, b, &err))
    fail_msg ("%s", err.text);
}

/* Every tag that is opened is closed, in order; no bare & or <. */
static void
assert_well_formed (const char *html)
{
  static const char *const alone[] = { "meta", "!DOCTYPE" };
  char stack[64][16];
  size_t depth = 0;

  for (const char *p = html; *p; p++) {
    size_t n;
    bool is_alone = false;

    if (*p == '&') {
      size_t end = strcspn (p, ";");

      assert_true (p[end] == ';' && end <= 6);
    }
    assert_true (*p != '>');
    if (*p != '<')
      continue;
    n = strcspn (++p, " >\n");
    assert_true (n > 0 && n < sizeof stack[0]);
    if (*p == '/') {
      assert_true (depth > 0);
      depth--;
      if (strlen (stack[depth]) != n - 1 || memcmp (stack[depth], p + 1, n - 1) != 0)
        fail_msg ("<%s> is closed by <%.*s>", stack[depth], (int) n, p);
    } else {
      for (size_t i = 0; i < COUNT (alone); i++)
        is_alone |= strlen (alone[i]) == n && memcmp (alone[i], p, n) == 0;
      if (!is_alone) {
        assert_true (depth < COUNT (stack));
        snprintf (stack[depth++], sizeof stack[0], "%.*s", (int) n, p);
      }
    }
    p += strcspn (p, "<>");
    assert_int_equal (*p, '>');
    if (depth && strcmp (stack[depth - 1], "style") == 0 && p[-5] == 's')
      p = strstr (p, "</style>") - 1;
  }
  assert_int_equal (depth, 0);
}

static size_t
occurrences (const char *text, const char *word)
{
  size_t n = 0;

  for (const char *p = text; (p = strstr (p, word)); p += strlen (word))
    n++;
  return n;
}

static void
check_html (json_t *job)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (1 << 20);

  make (job, "html", &b);
  assert_null (strstr (b.data, "<script"));
  assert_null (strchr (b.data, '\x01'));
  assert_non_null (strstr (b.data, EVIL_ESCAPED));
  assert_non_null (strstr (b.data, "<html lang=\"en\">"));
  assert_non_null (strstr (b.data, "prefers-color-scheme:dark"));
  assert_null (strstr (b.data, "http:"));
  assert_null (strstr (b.data, "https:"));
  assert_well_formed (b.data);
}

static void
test_html (void **state FETTLE_UNUSED)
{
  _cleanup_json_ json_t *job = deployment (EVIL), *other = inventory (EVIL);

  check_html (job);
  check_html (other);
}

static void
test_html_says (void **state FETTLE_UNUSED)
{
  _cleanup_json_ json_t *job = deployment ("abc");
  _cleanup_json_ json_t *empty = json_pack ("{s:i, s:s, s:s, s:[]}", "id", 1, "kind", "deployment",
                                            "state", "done", "tasks");
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (1 << 20);

  make (job, "html", &b);
  assert_non_null (strstr (b.data, "Deployment 7"));
  assert_non_null (strstr (b.data, "<b>7</b>nodes"));
  assert_non_null (strstr (b.data, "Exit code 253: at least one component or node failed."));
  assert_non_null (strstr (b.data, "Correct the node&#39;s user, password or key"));
  assert_int_equal (occurrences (b.data, "<tr><th scope=\"row\">"), 13);
  assert_int_equal (occurrences (b.data, "class=\"trouble\""), 8); /* the even ones have errors, and 7 failed */
  assert_non_null (strstr (b.data, "a later one"));
  fettle_buf_reset (&b);
  make (empty, "html", &b);
  assert_non_null (strstr (b.data, "There was nothing to do"));
  assert_well_formed (b.data);
}

/* The next cell of RFC 4180 text; false at a record's end. */
static bool
csv_cell (const char **p, char *cell)
{
  bool quoted = **p == '"';

  *p += quoted;
  while (quoted ? !(**p == '"' && (*p)[1] != '"') : !strchr (",\r", **p)) {
    assert_true (**p != '\0');
    *p += quoted && **p == '"';
    *cell++ = *(*p)++;
  }
  *p += quoted;
  *cell = '\0';
  if (**p == ',') {
    ++*p;
    return true;
  }
  assert_memory_equal (*p, "\r\n", 2);
  *p += 2;
  return false;
}

static void
check_csv (const json_t *job, const char *text, size_t columns, size_t records)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (1 << 20);
  char cell[256];
  const char *p;
  size_t n = 0, found = 0;

  make (job, "csv", &b);
  for (p = b.data; *p; n++) {
    size_t cells = 1;

    while (csv_cell (&p, cell)) {
      cells++;
      found += strcmp (cell, text) == 0;
    }
    assert_int_equal (cells, columns);
  }
  assert_int_equal (n, records);
  assert_true (found >= records);
}

static void
test_csv (void **state FETTLE_UNUSED)
{
  static const struct {
    const char *text, *read_back;
  } cases[] = {
    { "plain",                "plain" },
    { "a,b",                  "a,b" },
    { "say \"x\", \"\"",      "say \"x\", \"\"" },
    { "two\r\nlines",         "two\r\nlines" },
    { "=cmd|' /C calc'!A0",   "'=cmd|' /C calc'!A0" },
    { "+1",                   "'+1" },
    { "-1+2",                 "'-1+2" },
    { "@SUM(A1)",             "'@SUM(A1)" },
    { "\t=1",                 "'\t=1" },
    { "=\"a\",1",             "'=\"a\",1" },
    { "1=1",                  "1=1" },
  };

  for (size_t i = 0; i < COUNT (cases); i++) {
    _cleanup_json_ json_t *job = deployment (cases[i].text), *other = inventory (cases[i].text);

    check_csv (job, cases[i].read_back, 17, 14);
    check_csv (other, cases[i].read_back, 16, 3);
  }
}

static void
test_json (void **state FETTLE_UNUSED)
{
  _cleanup_json_ json_t *job = deployment (EVIL), *again = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (1 << 20);

  make (job, "json", &b);
  again = json_loads (b.data, JSON_REJECT_DUPLICATES, NULL);
  assert_true (json_equal (job, again));
  assert_true (occurrences (b.data, "\n") > 20);
}

/* The rest by real parsers: tests/integration/report.sh. */
static void
test_xml (void **state FETTLE_UNUSED)
{
  static const char *const formats[] = { "xml", "junit" };

  for (size_t i = 0; i < COUNT (formats); i++) {
    _cleanup_json_ json_t *job = deployment (EVIL "\xef\xbf\xbe");
    _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (1 << 20);
    const char *root;

    json_object_set_new (job, "options", json_pack ("{s:i s:i}", "type:ilo", 1, "xmlns", 2));
    make (job, formats[i], &b);
    assert_non_null (strstr (b.data, EVIL_ESCAPED "\xef\xbf\xbd"));
    root = strchr (b.data, '\n');
    assert_well_formed (root);
    if (i == 0)
      assert_non_null (strstr (b.data, "<member name=\"type:ilo\">1</member>"));
    else
      assert_non_null (strstr (b.data, "tests=\"13\" failures=\"2\" errors=\"1\" skipped=\"8\""));
  }
}

static void
test_limits (void **state FETTLE_UNUSED)
{
  _cleanup_json_ json_t *job = deployment ("abc");
  static const char *const formats[] = { "html", "json", "csv", "xml", "junit" };
  struct fettle_error err = { 0 };

  for (size_t i = 0; i < COUNT (formats); i++) {
    _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (300);

    assert_int_equal (fettle_report (job, formats[i], &b, &err), FETTLE_E_NOMEM);
    assert_non_null (strstr (err.text, formats[i]));
    assert_int_equal (b.size, 0);
  }
  {
    _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (300);

    assert_int_equal (fettle_report (job, "pdf", &b, &err), FETTLE_E_CONFIG);
    assert_non_null (strstr (err.text, "pdf"));
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_html), cmocka_unit_test (test_html_says), cmocka_unit_test (test_csv),
    cmocka_unit_test (test_json), cmocka_unit_test (test_xml), cmocka_unit_test (test_limits),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
