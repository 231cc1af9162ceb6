/* wire.c - messages between service and worker: what goes in comes out, what
 * is too much is refused.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "plugin/wire.h"

static int ends[2];

static int
setup (void **state)
{
  struct fettle_error err;

  (void) state;
  return fettle_wire_pair (ends, &err);
}

static int
teardown (void **state)
{
  (void) state;
  close (ends[0]);
  if (ends[1] >= 0)
    close (ends[1]);
  return 0;
}

static void
test_message (void **state)
{
  struct fettle_error err;
  json_t *sent = json_pack ("{s:s, s:i}", "log", "caf\xc3\xa9", "level", 6), *got = NULL;

  (void) state;
  assert_int_equal (fettle_wire_send (ends[0], sent, NULL, 0, &err), FETTLE_OK);
  assert_int_equal (fettle_wire_receive (ends[1], &got, NULL, NULL, &err), FETTLE_OK);
  assert_true (json_equal (sent, got));
  json_decref (sent);
  json_decref (got);
}

static void
test_descriptors (void **state)
{
  struct fettle_error err;
  json_t *m = json_pack ("{s:i}", "start", 7), *got = NULL;
  int fds[FETTLE_WIRE_FDS], pipes[2];
  size_t n = COUNT (fds);
  char c = 0;

  (void) state;
  assert_int_equal (pipe (pipes), 0);
  assert_int_equal (fettle_wire_send (ends[0], m, pipes, 2, &err), FETTLE_OK);
  assert_int_equal (fettle_wire_receive (ends[1], &got, fds, &n, &err), FETTLE_OK);
  assert_int_equal (n, 2);
  assert_int_equal (fcntl (fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  assert_int_equal (write (fds[1], "x", 1), 1);
  assert_int_equal (read (pipes[0], &c, 1), 1);
  assert_int_equal (c, 'x');
  json_decref (got);
  for (int i = 0; i < 2; i++) {
    close (fds[i]);
    close (pipes[i]);
  }

  /* Nobody wants them: they are closed, not leaked. */
  assert_int_equal (pipe (pipes), 0);
  assert_int_equal (fettle_wire_send (ends[0], m, pipes + 1, 1, &err), FETTLE_OK);
  close (pipes[1]);
  assert_int_equal (fettle_wire_receive (ends[1], &got, NULL, NULL, &err), FETTLE_OK);
  assert_int_equal (read (pipes[0], &c, 1), 0);
  close (pipes[0]);
  json_decref (got);
  json_decref (m);
}

static void
test_limits (void **state)
{
  struct fettle_error err;
  char *text = malloc (FETTLE_WIRE_MAX + 16);
  json_t *got = NULL;
  int fds[1] = { ends[0] };

  (void) state;
  memset (text, 'a', FETTLE_WIRE_MAX + 16);
  memcpy (text, "{\"log\":\"", 8);
  memcpy (text + FETTLE_WIRE_MAX - 2, "\"}", 2);
  assert_int_equal (fettle_wire_send_text (ends[0], text, FETTLE_WIRE_MAX, NULL, 0, &err), FETTLE_OK);
  assert_int_equal (fettle_wire_receive (ends[1], &got, NULL, NULL, &err), FETTLE_OK);
  assert_int_equal (strlen (json_string_value (json_object_get (got, "log"))), FETTLE_WIRE_MAX - 10);
  json_decref (got);

  assert_int_equal (fettle_wire_send_text (ends[0], text, FETTLE_WIRE_MAX + 1, NULL, 0, &err),
                    FETTLE_E_CONFIG);
  assert_int_equal (fettle_wire_send_text (ends[0], text, 10, fds, FETTLE_WIRE_FDS + 1, &err),
                    FETTLE_E_CONFIG);
  /* A foreign sender isn't held by our limit. */
  assert_int_equal (send (ends[0], text, FETTLE_WIRE_MAX + 16, 0), FETTLE_WIRE_MAX + 16);
  assert_int_equal (fettle_wire_receive (ends[1], &got, NULL, NULL, &err), FETTLE_E_PROTOCOL);
  free (text);
}

static void
test_garbage (void **state)
{
  static const char *const bad[] = { "{", "[1]", "7", "{\"a\":1,\"a\":2}", "\xff\xfe", "{} {}" };
  struct fettle_error err;
  json_t *got = NULL;

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++) {
    assert_int_equal (send (ends[0], bad[i], strlen (bad[i]), 0), (ssize_t) strlen (bad[i]));
    assert_int_equal (fettle_wire_receive (ends[1], &got, NULL, NULL, &err), FETTLE_E_PROTOCOL);
    assert_null (got);
  }
}

static void
test_end_and_full (void **state)
{
  struct fettle_error err;
  json_t *m = json_pack ("{s:s}", "log", "x"), *got = NULL;
  fettle_result r = FETTLE_OK;
  int sent;

  (void) state;
  for (int i = 0; i < 2; i++)
    assert_int_equal (fcntl (ends[i], F_SETFL, O_NONBLOCK), 0);
  assert_int_equal (fettle_wire_receive (ends[1], &got, NULL, NULL, &err), FETTLE_AGAIN);
  for (sent = 0; sent < 100000 && r == FETTLE_OK; sent++)
    r = fettle_wire_send (ends[0], m, NULL, 0, &err);
  assert_int_equal (r, FETTLE_AGAIN);
  close (ends[1]);
  ends[1] = -1;
  assert_int_equal (fettle_wire_send (ends[0], m, NULL, 0, &err), FETTLE_E_UNREACHABLE);
  assert_int_equal (fettle_wire_receive (ends[0], &got, NULL, NULL, &err), FETTLE_E_UNREACHABLE);
  json_decref (m);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_message, setup, teardown),
    cmocka_unit_test_setup_teardown (test_descriptors, setup, teardown),
    cmocka_unit_test_setup_teardown (test_limits, setup, teardown),
    cmocka_unit_test_setup_teardown (test_garbage, setup, teardown),
    cmocka_unit_test_setup_teardown (test_end_and_full, setup, teardown),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
