/* probe.c - probes on the loopback interface.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "check/probe.h"

static struct event_base *base;
static struct fettle_prober *prober;
static struct fettle_probe_seen got;
static unsigned n_done;

static int
set_up (void **state)
{
  (void) state;
  base = event_base_new ();
  prober = fettle_prober_new (base);
  n_done = 0;
  return 0;
}

static int
tear_down (void **state)
{
  (void) state;
  fettle_prober_free (prober);
  event_base_free (base);
  return 0;
}

static void
done (void *arg, const struct fettle_probe_seen *seen)
{
  struct fettle_probe **mine = arg;

  got = *seen;
  n_done++;
  if (mine)
    *mine = NULL;
}

/* Listens on a free port of 127.0.0.1, or just takes it. */
static int
take_port (int type, bool listens, uint16_t *ret_port)
{
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof sa;
  int fd = socket (AF_INET, type | SOCK_CLOEXEC, 0);

  assert_int_equal (bind (fd, (struct sockaddr *) &sa, sizeof sa), 0);
  assert_int_equal (getsockname (fd, (struct sockaddr *) &sa, &size), 0);
  if (listens)
    assert_int_equal (listen (fd, 16), 0);
  *ret_port = ntohs (sa.sin_port);
  return fd;
}

static void
probe (uint16_t port, uint32_t greeting_ms)
{
  struct fettle_probe *p;
  struct fettle_error err;

  assert_int_equal (fettle_probe_tcp (prober, "127.0.0.1", port, greeting_ms, done, NULL, &p, &err), 0);
  assert_int_equal (n_done, 0);
  event_base_dispatch (base);
  assert_int_equal (n_done, 1);
}

static void
open_port (void **state)
{
  uint16_t port;
  int fd = take_port (SOCK_STREAM, true, &port);

  (void) state;
  probe (port, 0);
  assert_int_equal (got.error, 0);
  assert_string_equal (got.own, "127.0.0.1");
  assert_int_equal (got.tries, 1);
  close (fd);
}

static void
greet (evutil_socket_t fd, short what, void *arg)
{
  int c = accept ((int) fd, NULL, NULL);

  (void) what;
  assert_int_equal (write (c, arg, strlen (arg)), strlen (arg));
  close (c);
}

static void
greeting (void **state)
{
  uint16_t port;
  int fd = take_port (SOCK_STREAM, true, &port);
  char text[] = "SSH-2.0-\001x\r\nmore";
  struct event *e = event_new (base, fd, EV_READ, greet, text);

  (void) state;
  event_add (e, NULL);
  probe (port, 5000);
  assert_int_equal (got.error, 0);
  assert_string_equal (got.greeting, "SSH-2.0-?x");
  event_free (e);
  close (fd);
}

static void
closed_port (void **state)
{
  uint16_t port;
  int fd = take_port (SOCK_STREAM, false, &port);

  (void) state;
  probe (port, 0);
  assert_int_equal (got.error, ECONNREFUSED);
  assert_false (got.icmp.there);
  /* The datagram was refused by ICMP, and by whom is known. */
  assert_int_equal (got.udp_error, ECONNREFUSED);
  assert_true (got.udp_icmp.there);
  assert_int_equal (got.udp_icmp.type, 3);
  assert_int_equal (got.udp_icmp.code, 3);
  assert_string_equal (got.udp_icmp.offender, "127.0.0.1");
  close (fd);
}

static void
datagram (void **state)
{
  struct fettle_probe *p;
  struct fettle_error err;
  uint16_t port;
  int fd = take_port (SOCK_DGRAM, false, &port);

  (void) state;
  assert_int_equal (fettle_probe_udp (prober, "127.0.0.1", port, done, NULL, &p, &err), 0);
  event_base_dispatch (base);
  assert_int_equal (n_done, 1);
  assert_int_equal (got.udp_error, 0);
  close (fd);
}

static void
many_and_cancelled (void **state)
{
  enum { N = FETTLE_PROBE_AT_ONCE + 50 };
  struct fettle_probe *p[N];
  struct fettle_error err;
  uint16_t port;
  int fd = take_port (SOCK_STREAM, true, &port);

  (void) state;
  for (size_t i = 0; i < N; i++)
    assert_int_equal (fettle_probe_tcp (prober, "127.0.0.1", port, 0, done, &p[i], &p[i], &err), 0);
  /* One that hasn't begun in the middle, the last, and one that runs. */
  fettle_probe_cancel (p[N - 20]);
  fettle_probe_cancel (p[N - 1]);
  event_base_loop (base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
  for (size_t i = 0; i < N; i++)
    if (p[i] && i != N - 20 && i != N - 1) {
      fettle_probe_cancel (p[i]);
      n_done++;
      break;
    }
  event_base_dispatch (base);
  assert_int_equal (n_done, N - 2);
  close (fd);
}

static void
addresses (void **state)
{
  char own[80];
  struct fettle_probe *p;
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_own_address ("127.0.0.1", own, sizeof own, &err), 0);
  assert_string_equal (own, "127.0.0.1");
  assert_int_equal (fettle_own_address ("web1", own, sizeof own, &err), FETTLE_E_CONFIG);
  assert_int_equal (fettle_probe_tcp (prober, "web1", 22, 0, done, NULL, &p, &err), FETTLE_E_CONFIG);
  assert_true (fettle_same_address ("::ffff:192.0.2.1", "192.0.2.1"));
  assert_true (fettle_same_address ("2001:db8::1", "2001:0db8:0::1"));
  assert_false (fettle_same_address ("192.0.2.1", "192.0.2.2"));
  assert_false (fettle_same_address ("", ""));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (open_port, set_up, tear_down),
    cmocka_unit_test_setup_teardown (greeting, set_up, tear_down),
    cmocka_unit_test_setup_teardown (closed_port, set_up, tear_down),
    cmocka_unit_test_setup_teardown (datagram, set_up, tear_down),
    cmocka_unit_test_setup_teardown (many_and_cancelled, set_up, tear_down),
    cmocka_unit_test_setup_teardown (addresses, set_up, tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
