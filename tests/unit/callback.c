/* callback.c - the listeners for nodes: what they answer, when they are open.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "serve/callback.h"
#include "util/log.h"

static struct event_base *base;
static struct fettle_callbacks *all;
static struct fettle_offers *offers;
static uint16_t port;

static int
connect_to (uint16_t p)
{
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons (p),
                            .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (connect (fd, (struct sockaddr *) &sa, sizeof sa) == 0)
    return fd;
  close (fd);
  return -1;
}

/* A port that is free now. */
static int
take_port (uint16_t *ret)
{
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof sa;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  assert_int_equal (bind (fd, (struct sockaddr *) &sa, sizeof sa), 0);
  assert_int_equal (getsockname (fd, (struct sockaddr *) &sa, &size), 0);
  *ret = ntohs (sa.sin_port);
  return fd;
}

static void
make (const char *api, unsigned connections, unsigned seconds)
{
  struct fettle_callbacks_options o = {
    .api_address = api, .offers = offers = fettle_offers_new (), .limits = { .connections = connections, .head_seconds = seconds } };
  struct fettle_error err;
  int fd = take_port (&port);

  close (fd);
  o.http = o.https = port;
  base = event_base_new ();
  assert_int_equal (fettle_callbacks_new (base, &o, &all, &err), 0);
}

static int
set_up (void **state)
{
  (void) state;
  fettle_log_init ("callback", FETTLE_LOG_ERROR);
  make ("localhost", 8, 2);
  return 0;
}

static int
tear_down (void **state)
{
  (void) state;
  fettle_callbacks_free (all);
  fettle_offers_free (offers);
  event_base_free (base);
  return 0;
}

static struct fettle_callback *
url (void)
{
  struct fettle_callback *c;
  struct fettle_error err;

  assert_int_equal (fettle_callback_new (all, FETTLE_LISTEN_HTTP, 0, "127.0.0.1", "127.0.0.1", &c, &err), 0);
  return c;
}

static const char *
path_of (const struct fettle_callback *c)
{
  return strchr (strstr (fettle_callback_url (c), "://") + 3, '/');
}

/* The answer to these bytes, as far as it comes within 5 s; "" for none. */
static const char *
ask (const char *request)
{
  static char answer[2048];
  size_t n = 0;
  int fd = connect_to (port);
  ssize_t got = -1;

  assert_true (fd >= 0);
  assert_int_equal (send (fd, request, strlen (request), MSG_NOSIGNAL), strlen (request));
  for (int i = 0; i < 500 && got != 0; i++) {
    event_base_loop (base, EVLOOP_NONBLOCK);
    got = recv (fd, answer + n, sizeof answer - 1 - n, MSG_DONTWAIT);
    if (got > 0)
      n += (size_t) got;
    else if (got < 0)
      usleep (10000);
  }
  answer[n] = '\0';
  close (fd);
  for (int i = 0; i < 5; i++)
    event_base_loop (base, EVLOOP_NONBLOCK);
  return answer;
}

static const char *
request (const char *method, const char *path)
{
  char text[512];

  snprintf (text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, path);
  return ask (text);
}

static bool
starts (const char *text, const char *with)
{
  return strncmp (text, with, strlen (with)) == 0;
}

static void
once (void **state)
{
  struct fettle_callback *c = url (), *other = url ();

  (void) state;
  assert_true (starts (fettle_callback_url (c), "http://127.0.0.1:"));
  assert_int_equal (strlen (path_of (c)), strlen ("/c/") + 32);
  assert_string_not_equal (path_of (c), path_of (other));
  assert_true (starts (request ("GET", path_of (c)), "HTTP/1.1 200 OK\r\n"));
  assert_true (fettle_callback_seen (c)->fetched);
  assert_string_equal (fettle_callback_seen (c)->from, "127.0.0.1");
  assert_false (fettle_callback_seen (other)->fetched);
  assert_true (starts (request ("GET", path_of (c)), "HTTP/1.1 404 "));
  assert_true (starts (request ("HEAD", path_of (other)), "HTTP/1.1 200 OK\r\n"));
  assert_non_null (strstr (request ("HEAD", "/"), "\r\n\r\n"));
  assert_string_equal (strstr (request ("HEAD", "/"), "\r\n\r\n"), "\r\n\r\n");
  fettle_callback_free (c);
  fettle_callback_free (other);
}

static void
nothing_else (void **state)
{
  struct fettle_callback *c = url ();
  char almost[64];

  (void) state;
  snprintf (almost, sizeof almost, "%.*s", (int) strlen (path_of (c)) - 1, path_of (c));
  assert_true (starts (request ("GET", "/"), "HTTP/1.1 404 "));
  assert_true (starts (request ("GET", "/api/v1/service"), "HTTP/1.1 404 "));
  assert_true (starts (request ("GET", "/c/"), "HTTP/1.1 404 "));
  assert_true (starts (request ("GET", almost), "HTTP/1.1 404 "));
  assert_true (starts (request ("POST", path_of (c)), "HTTP/1.1 404 "));
  assert_true (starts (request ("DELETE", path_of (c)), "HTTP/1.1 405 "));
  assert_true (starts (ask ("nonsense\r\n\r\n"), "HTTP/1.1 400 "));
  assert_true (starts (ask ("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 "));
  assert_false (fettle_callback_seen (c)->fetched);
  assert_true (fettle_callback_seen (c)->connected);
  fettle_callback_free (c);
}

static void
open_while_needed (void **state)
{
  struct fettle_callback *a, *b;
  json_t *list;

  (void) state;
  assert_int_equal (connect_to (port), -1);
  a = url ();
  b = url ();
  list = fettle_callbacks_listeners (all);
  assert_int_equal (json_array_size (list), 1);
  assert_int_equal (json_integer_value (json_object_get (json_array_get (list, 0), "users")), 2);
  json_decref (list);
  fettle_callback_free (a);
  close (connect_to (port));
  fettle_callback_free (b);
  assert_int_equal (connect_to (port), -1);
}

static void
a_head_takes_too_long (void **state)
{
  struct fettle_callback *c = url ();

  (void) state;
  assert_string_equal (ask ("GET /c/0123"), "");
  fettle_callback_free (c);
}

static void
too_large_a_head (void **state)
{
  struct fettle_callback *c = url ();
  char *text = malloc (20000);

  (void) state;
  memset (text, 'a', 19999);
  text[19999] = '\0';
  memcpy (text, "GET /", 5);
  assert_true (starts (ask (text), "HTTP/1.1 431 "));
  free (text);
  fettle_callback_free (c);
}

static void
too_many (void **state)
{
  struct fettle_callback *c = url ();
  int fds[8];

  (void) state;
  for (size_t i = 0; i < COUNT (fds); i++) {
    fds[i] = connect_to (port);
    assert_true (fds[i] >= 0);
    event_base_loop (base, EVLOOP_NONBLOCK);
  }
  assert_string_equal (request ("GET", path_of (c)), "");
  for (size_t i = 0; i < COUNT (fds); i++)
    close (fds[i]);
  for (int i = 0; i < 10; i++)
    event_base_loop (base, EVLOOP_NONBLOCK);
  assert_true (starts (request ("GET", path_of (c)), "HTTP/1.1 200 "));
  fettle_callback_free (c);
}

static void
a_port_that_is_taken (void **state)
{
  struct fettle_callback *c = NULL;
  struct fettle_error err;
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons (port),
                            .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char pid[32];

  (void) state;
  assert_int_equal (bind (fd, (struct sockaddr *) &sa, sizeof sa), 0);
  assert_int_equal (listen (fd, 1), 0);
  snprintf (pid, sizeof pid, "(pid %d)", (int) getpid ());
  assert_int_equal (fettle_callback_new (all, FETTLE_LISTEN_HTTP, 0, "127.0.0.1", "", &c, &err),
                    FETTLE_E_BUSY);
  assert_non_null (strstr (err.text, pid));
  assert_null (strstr (err.text, "ssl_port"));
  assert_null (c);
  close (fd);
}

/* Where the API listens, its server has the port, and hands connections on. */
static void
the_apis_port (void **state)
{
  struct fettle_callback *c;
  struct fettle_error err;

  (void) state;
  fettle_callbacks_free (all);
  fettle_offers_free (offers);
  event_base_free (base);
  make ("192.0.2.1, 0.0.0.0", 8, 2);
  assert_int_equal (fettle_callback_new (all, FETTLE_LISTEN_HTTPS, 0, "127.0.0.1", "", &c, &err), 0);
  assert_int_equal (connect_to (port), -1);
  assert_true (starts (fettle_callback_url (c), "https://127.0.0.1:"));
  fettle_callback_free (c);
}

static void
ends_with_all_open (void **state)
{
  int fd;

  (void) state;
  url ();
  fd = connect_to (port);
  event_base_loop (base, EVLOOP_NONBLOCK);
  fettle_callbacks_free (all);
  all = NULL;
  close (fd);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (once, set_up, tear_down),
    cmocka_unit_test_setup_teardown (nothing_else, set_up, tear_down),
    cmocka_unit_test_setup_teardown (open_while_needed, set_up, tear_down),
    cmocka_unit_test_setup_teardown (a_head_takes_too_long, set_up, tear_down),
    cmocka_unit_test_setup_teardown (too_large_a_head, set_up, tear_down),
    cmocka_unit_test_setup_teardown (too_many, set_up, tear_down),
    cmocka_unit_test_setup_teardown (a_port_that_is_taken, set_up, tear_down),
    cmocka_unit_test_setup_teardown (the_apis_port, set_up, tear_down),
    cmocka_unit_test_setup_teardown (ends_with_all_open, set_up, tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
