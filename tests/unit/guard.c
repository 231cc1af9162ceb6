/* guard.c - heads of requests: what is let in, what is refused, in any portions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <strings.h>

#include "serve/guard.h"

#define TOKEN "0123456789abcdef"
#define A "Authorization: Bearer " TOKEN "\r\n"
#define H "Host: a\r\n"

static int
admit (void *token, const struct fettle_guard_head *head)
{
  const char *value = head->authorization;

  return value && head->authorization_size == strlen ("Bearer ") + strlen (token)
             && strncasecmp (value, "Bearer ", strlen ("Bearer ")) == 0
             && memcmp (value + strlen ("Bearer "), token, strlen (token)) == 0
           ? 0 : 401;
}

/* The verdict when the text comes whole, which must be that of it byte by byte. */
static int
verdict (const char *text, size_t size, uint64_t *ret_requests)
{
  struct fettle_guard whole, bytes;
  int status;

  fettle_guard_init (&whole, admit, (void *) (uintptr_t) TOKEN);
  fettle_guard_init (&bytes, admit, (void *) (uintptr_t) TOKEN);
  status = fettle_guard_feed (&whole, text, size);
  for (size_t i = 0; i < size; i++)
    fettle_guard_feed (&bytes, text + i, 1);
  assert_int_equal (bytes.refused, status);
  assert_int_equal (bytes.requests, whole.requests);
  assert_int_equal (bytes.body_left, whole.body_left);
  assert_true ((status == 0) == (whole.why == NULL));
  *ret_requests = whole.requests;
  fettle_guard_clear (&whole);
  fettle_guard_clear (&bytes);
  return status;
}

static void
expect (const char *text, int status, unsigned requests)
{
  uint64_t n;
  int got = verdict (text, strlen (text), &n);

  if (got != status || n != requests)
    fail_msg ("%d and %u good ones, not %d and %u: %s", got, (unsigned) n, status, requests, text);
}

static void
good (void **state)
{
  (void) state;
  expect ("GET / HTTP/1.1\r\n" H A "\r\n", 0, 1);
  expect ("GET /a?b=%20&c HTTP/1.1\r\nHOST: a:1\r\nauthorization:bearer " TOKEN " \r\n\r\n", 0, 1);
  expect ("GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]:63001\r\n" A "\r\n", 0, 1);
  expect ("GET / HTTP/1.0\r\n" A "\r\n", 0, 1);
  expect ("POST / HTTP/1.1\r\n" H A "Content-Length: 3\r\n\r\nabc", 0, 1);
  expect ("POST / HTTP/1.1\r\n" H A "Content-Length: 3\r\n\r\nab", 0, 1);
  expect ("POST / HTTP/1.1\r\n" H A "Content-Length: 0\r\n\r\nGET / HTTP/1.1\r\n" H A "\r\n", 0, 2);
  expect ("POST / HTTP/1.1\r\n" H A "Content-Length: 2\r\n\r\n\r\nGET / HTTP/1.1\r\n" H A "\r\n", 0,
          2);
  expect ("POST / HTTP/1.1\r\n" H A "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n", 0, 1);
  expect ("GET / HTTP/1.1\r\n" H A "Content-Length: 0\r\n\r\n", 0, 1);
  expect ("GET / HTTP/1.1\r\n" H A, 0, 0);
}

static void
strangers (void **state)
{
  (void) state;
  expect ("GET / HTTP/1.1\r\n" H "\r\n", 401, 0);
  expect ("GET / HTTP/1.1\r\n" H "Authorization: Bearer 0123456789abcdee\r\n\r\n", 401, 0);
  expect ("GET / HTTP/1.1\r\n" H "Authorization: Bearer 0123456789abcde\r\n\r\n", 401, 0);
  expect ("GET / HTTP/1.1\r\n" H "Authorization: Bearer 0123456789abcdeff\r\n\r\n", 401, 0);
  expect ("GET / HTTP/1.1\r\n" H "Authorization: Bearer \r\n\r\n", 401, 0);
  expect ("GET / HTTP/1.1\r\n" H "Authorization: Basic " TOKEN "\r\n\r\n", 401, 0);
  expect ("GET / HTTP/1.1\r\n" H "Authorization: " TOKEN "\r\n\r\n", 401, 0);
  expect ("GET / HTTP/1.1\r\n" H A A "\r\n", 401, 0);
  /* What else is wrong is none of their business. */
  expect ("POST / HTTP/1.1\r\n" H "Content-Length: 99999999999\r\n\r\n", 401, 0);
  expect ("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 401, 0);
}

static void
ambiguous_lengths (void **state)
{
  static const char *const bad[] = {
    "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n", "Content-Length: -5\r\n", "Content-Length: 0x5\r\n",
    "Content-Length: 5 5\r\n", "Content-Length:\r\n", "Content-Length: 5.0\r\n",
    "Content-Length: 99999999999999999999\r\n", "Content-Length: 9223372036854775808\r\n",
    "Content-Length: 000000000000000000000000005\r\n", "Content-Length : 5\r\n",
    "Transfer-Encoding : chunked\r\n", " Transfer-Encoding: chunked\r\n",
    "X: a\r\n Content-Length: 5\r\n", "X: a\r\n\tb\r\n", "Content-Length: 5\nX: a\r\n",
  };
  char text[512];

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++) {
    snprintf (text, sizeof text, "POST / HTTP/1.1\r\n" H A "%s\r\n", bad[i]);
    expect (text, 400, 0);
  }
  expect ("POST / HTTP/1.1\r\n" H A "Transfer-Encoding: chunked\r\n\r\n", 411, 0);
  expect ("POST / HTTP/1.1\r\n" H A "Transfer-Encoding: identity\r\n\r\n", 411, 0);
  expect ("POST / HTTP/1.1\r\n" H A "Transfer-Encoding:\r\n\r\n", 411, 0);
  expect ("POST / HTTP/1.1\r\n" H A "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", 411,
          0);
  expect ("GET / HTTP/1.1\r\nHost: a b\r\n" A "\r\n", 400, 0);
  expect ("GET / HTTP/1.1\r\nHost: user@a\r\n" A "\r\n", 400, 0);
  expect ("GET / HTTP/1.1\r\nHost: a/b\r\n" A "\r\n", 400, 0);
  expect ("GET / HTTP/1.1\r\n" H A "Content-Length: 5\r\n\r\n", 400, 0);
  expect ("HEAD / HTTP/1.1\r\n" H A "Content-Length: 5\r\n\r\n", 400, 0);
}

static void
malformed (void **state)
{
  static const char *const bad[] = {
    "\r\n", "\r\n\r\n", "\n", "GET / HTTP/1.1\n", "GET /\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
    " GET / HTTP/1.1\r\n\r\n", "GET / a HTTP/1.1\r\n" H A "\r\n", "G\tET / HTTP/1.1\r\n" H A "\r\n",
    "GET a HTTP/1.1\r\n" H A "\r\n", "GET http://a/ HTTP/1.1\r\n" H A "\r\n",
    "GET //a/b HTTP/1.1\r\n" H A "\r\n", "GET /a#b HTTP/1.1\r\n" H A "\r\n",
    "GET /\x80 HTTP/1.1\r\n" H A "\r\n", "GET /\x01 HTTP/1.1\r\n" H A "\r\n",
    "GET * HTTP/1.1\r\n" H A "\r\n", "GET / HTTP/1.1\r\nno colon\r\n" H A "\r\n",
    "GET / HTTP/1.1\r\n: x\r\n" H A "\r\n", "GET / HTTP/1.1\r\nX: a\x01\r\n" H A "\r\n",
    "GET / HTTP/1.1\r\nX: a\rb\r\n" H A "\r\n", "GET / HTTP/1.1\r\nX(: a\r\n" H A "\r\n",
    "GET / HTTP/1.1\r\n" A "\r\n", "GET / HTTP/1.1\r\n" H H A "\r\n",
  };

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++) {
    uint64_t n;
    int status = verdict (bad[i], strlen (bad[i]), &n);

    if ((status != 400 && status != 505) || n)
      fail_msg ("%d: %s", status, bad[i]);
  }
  expect ("GET / HTTP/2.0\r\n" H A "\r\n", 505, 0);
  expect ("BREW / HTTP/1.1\r\n" H A "\r\n", 501, 0);
  expect ("get / HTTP/1.1\r\n" H A "\r\n", 501, 0);
  expect ("POST / HTTP/1.1\r\n" H A "Expect: 200-ok\r\n\r\n", 417, 0);
}

static void
zero_bytes (void **state)
{
  static const char text[] = "GET / HTTP/1.1\r\n" H A "X: a\0b\r\n\r\n";
  uint64_t n;

  (void) state;
  assert_int_equal (verdict (text, sizeof text - 1, &n), 400);
}

static void
limits (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (1 << 20);

  (void) state;
  fettle_buf_printf (&b, "POST / HTTP/1.1\r\n" H A "Content-Length: %d\r\n\r\n", FETTLE_BODY_MAX);
  expect (b.data, 0, 1);
  fettle_buf_reset (&b);
  fettle_buf_printf (&b, "POST / HTTP/1.1\r\n" H A "Content-Length: %d\r\n\r\n",
                     FETTLE_BODY_MAX + 1);
  expect (b.data, 413, 0);
  fettle_buf_reset (&b);
  fettle_buf_printf (&b, "GET /%0*d HTTP/1.1\r\n" H A "\r\n", FETTLE_TARGET_MAX, 0);
  expect (b.data, 414, 0);
  fettle_buf_reset (&b);
  fettle_buf_printf (&b, "GET / HTTP/1.1\r\n" H A "X: %0*d", FETTLE_HEAD_MAX, 0);
  expect (b.data, 431, 0);
  fettle_buf_reset (&b);
  fettle_buf_text_add (&b, "GET / HTTP/1.1\r\n" H A);
  for (int i = 0; i < FETTLE_HEADERS_MAX - 2; i++)
    fettle_buf_text_add (&b, "X: 1\r\n");
  expect (b.data, 0, 0);
  fettle_buf_text_add (&b, "X: 1\r\n\r\n");
  expect (b.data, 431, 0);
}

/* After a refusal nothing counts any more. */
static void
the_end_is_final (void **state)
{
  (void) state;
  expect ("GET / HTTP/1.1\r\n" H A "\r\nGET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H A "\r\n", 401,
          1);
}

/* Nodes need no token, and have few methods; their bodies are small. */
static void
for_nodes (void **state)
{
  static const struct { const char *text; int status; } rows[] = {
    { "GET /c/x HTTP/1.1\r\n" H "\r\n", 0 },
    { "HEAD /c/x HTTP/1.1\r\n" H "\r\n", 0 },
    { "POST /s/x HTTP/1.1\r\n" H "Content-Length: 65536\r\n\r\n", 0 },
    { "POST /s/x HTTP/1.1\r\n" H "Content-Length: 65537\r\n\r\n", 413 },
    { "POST /s/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 411 },
    { "POST /s/x HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400 },
    { "POST /s/x HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { "OPTIONS /c/x HTTP/1.1\r\n" H "\r\n", 405 },
    { "PUT /d/x/y HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\n", 405 },
    { "GET /c/x HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\n", 400 },
  };

  (void) state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct fettle_guard g;

    fettle_guard_init (&g, NULL, NULL);
    g.nodes = true;
    assert_int_equal (fettle_guard_feed (&g, rows[i].text, strlen (rows[i].text)), rows[i].status);
    fettle_guard_clear (&g);
  }
}

/* One head at a time, and no byte of what follows. */
static void
head_by_head (void **state)
{
  static const char text[] = "POST /s/x HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabcGET /";
  struct fettle_guard g;
  size_t n;

  (void) state;
  fettle_guard_init (&g, NULL, NULL);
  g.nodes = true;
  n = fettle_guard_head (&g, text, strlen (text));
  assert_int_equal (n, strlen (text) - strlen ("abcGET /"));
  assert_true (g.has_head);
  assert_int_equal (g.body_left, 3);
  assert_int_equal (g.head.size, n);
  assert_int_equal (fettle_guard_head (&g, text, strlen (text)), 0);
  fettle_guard_next (&g);
  assert_false (g.has_head);
  assert_null (g.head.data);
  fettle_guard_clear (&g);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (good),       cmocka_unit_test (strangers),
    cmocka_unit_test (malformed),  cmocka_unit_test (ambiguous_lengths),
    cmocka_unit_test (zero_bytes), cmocka_unit_test (limits),
    cmocka_unit_test (the_end_is_final), cmocka_unit_test (for_nodes),
    cmocka_unit_test (head_by_head),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
