/* listen.c - the service's sockets, and who has a port that is taken.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "serve/listen.h"

static struct fettle_error err;

static void
localhost (void **state)
{
  struct fettle_listen l;

  (void) state;
  assert_int_equal (fettle_listen_open ("localhost", 0, &l, &err), FETTLE_OK);
  assert_in_range (l.n, 1, 2);
  assert_in_range (l.port, 1024, 65535);
  for (size_t i = 0; i < l.n; i++) {
    struct sockaddr_storage sa = { 0 };
    socklen_t size = sizeof sa;

    assert_int_equal (getsockname (l.fds[i], (struct sockaddr *) &sa, &size), 0);
    if (sa.ss_family == AF_INET6) {
      const struct sockaddr_in6 *six = (const void *) &sa;

      assert_true (IN6_IS_ADDR_LOOPBACK (&six->sin6_addr));
      assert_int_equal (ntohs (six->sin6_port), l.port);
    } else {
      const struct sockaddr_in *four = (const void *) &sa;

      assert_int_equal (ntohl (four->sin_addr.s_addr), INADDR_LOOPBACK);
      assert_int_equal (ntohs (four->sin_port), l.port);
    }
    assert_true (fcntl (l.fds[i], F_GETFD) & FD_CLOEXEC);
    assert_true (fcntl (l.fds[i], F_GETFL) & O_NONBLOCK);
  }
  fettle_listen_close (&l);
  assert_int_equal (l.n, 0);
}

static void
taken (void **state)
{
  struct fettle_listen l, other = { .n = 99 };
  char me[64], owner[128];

  (void) state;
  snprintf (me, sizeof me, "(pid %d)", (int) getpid ());
  assert_int_equal (fettle_listen_open ("127.0.0.1", 0, &l, &err), FETTLE_OK);
  assert_int_equal (fettle_listen_open ("127.0.0.2, 127.0.0.1", l.port, &other, &err),
                    FETTLE_E_BUSY);
  assert_int_equal (other.n, 99); /* untouched */
  assert_non_null (strstr (err.text, me));
  assert_non_null (strstr (err.text, "127.0.0.1 is in use by"));
  assert_non_null (strstr (fettle_port_owner (l.port, owner, sizeof owner), me));
  /* The address that was free has been given back. */
  assert_int_equal (fettle_listen_open ("127.0.0.2", l.port, &other, &err), FETTLE_OK);
  fettle_listen_close (&other);
  fettle_listen_close (&l);
  assert_string_equal (fettle_port_owner (l.port, owner, sizeof owner), "another process");
}

static void
bad_addresses (void **state)
{
  static const char *const bad[] = { "", " ,", "no-such-name", "127.0.0.1 example.org", "1.2.3",
                                     "127.0.0.1:80", "192.0.2.1", "2001:db8::1" };
  struct fettle_listen l;

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++)
    if (fettle_listen_open (bad[i], 0, &l, &err) != FETTLE_E_CONFIG)
      fail_msg ("taken: \"%s\"", bad[i]);
}

static void
too_many (void **state)
{
  char text[1024] = "";
  struct fettle_listen l;

  (void) state;
  for (int i = 1; i <= FETTLE_LISTEN_MAX + 1; i++)
    snprintf (text + strlen (text), sizeof text - strlen (text), "127.0.0.%d ", i);
  assert_int_equal (fettle_listen_open (text, 0, &l, &err), FETTLE_E_CONFIG);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (localhost), cmocka_unit_test (taken), cmocka_unit_test (bad_addresses),
    cmocka_unit_test (too_many),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
