/* firewall-lease.c - leases against a backend that writes down what it is told,
 * in one log with the journal, and answers when the test says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <event2/event.h>
#include <time.h>

#include "firewall/lease.h"

enum { LIFETIME_S = 4 };

static struct fettle_buf story = FETTLE_BUF_INIT (65536);
static struct event_base *base;
static struct fettle_leases *leases;
static const struct fettle_firewall_events *events;
static void *events_arg;
static bool journal_fails;
static const char *refused; /* holes of this address can't be opened */

/* ---- The backend. ---- */

static struct {
  fettle_firewall_done *done;
  void *arg;
  bool refuse;
} calls[64];
static size_t n_calls;

static void
write_holes (const char *verb, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
             void *arg)
{
  char address[FETTLE_ADDRESS_TEXT];

  fettle_buf_printf (&story, "%s", verb);
  assert_in_range (n_calls, 0, COUNT (calls) - 1);
  calls[n_calls].done = done;
  calls[n_calls].arg = arg;
  calls[n_calls].refuse = false;
  for (size_t i = 0; i < n; i++) {
    fettle_address_text (&holes[i].from, address);
    fettle_buf_printf (&story, " %s:%u", address, holes[i].first);
    if (holes[i].last != holes[i].first)
      fettle_buf_printf (&story, "-%u", holes[i].last);
    if (refused && strcmp (address, refused) == 0)
      calls[n_calls].refuse = true;
  }
  n_calls++;
  fettle_buf_text_add (&story, "; ");
}

static fettle_result
fake_start (struct event_base *b, const struct fettle_firewall_options *o,
            const struct fettle_firewall_events *e, void *arg, void **ret_state,
            struct fettle_error *err)
{
  (void) b;
  (void) o;
  (void) err;
  events = e;
  events_arg = arg;
  *ret_state = &calls;
  return FETTLE_OK;
}

static void
fake_stop (void *state)
{
  (void) state;
}

static void
fake_open (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
           void *arg)
{
  (void) state;
  write_holes ("open", holes, n, done, arg);
}

static void
fake_close (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
            void *arg)
{
  (void) state;
  write_holes ("close", holes, n, done, arg);
}

static void
fake_settle (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
             void *arg)
{
  (void) state;
  write_holes ("settle", holes, n, done, arg);
}

static void
fake_status (void *state, const struct fettle_hole *holes, size_t n,
             fettle_firewall_status_done *done, void *arg)
{
  struct fettle_hole_status statuses[8] = { 0 };

  (void) state;
  for (size_t i = 0; i < n; i++)
    statuses[i] = (struct fettle_hole_status) { true, true, holes[i].first, true, 9 };
  done (arg, FETTLE_OK, "", statuses, n);
}

static const struct fettle_backend fake = {
  .name = "fake", .title = "fake", .start = fake_start, .stop = fake_stop, .open = fake_open,
  .close = fake_close, .settle = fake_settle, .status = fake_status,
};

/* Answers what was asked so far, in its order. */
static void
answer (void)
{
  size_t n = n_calls;

  for (size_t i = 0; i < n; i++)
    if (calls[i].done)
      calls[i].done (calls[i].arg, calls[i].refuse ? FETTLE_E_REJECTED : FETTLE_OK,
                     calls[i].refuse ? "refused" : "");
  memmove (calls, calls + n, (n_calls - n) * sizeof calls[0]);
  n_calls -= n;
}

/* ---- The journal, and whoever takes leases. ---- */

static fettle_result
taken (void *arg, const struct fettle_lease *l, struct fettle_error *err)
{
  (void) arg;
  if (journal_fails)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "the disk is full");
  fettle_buf_printf (&story, "taken %s/%s/%u; ", l->node, l->job, l->phase);
  return FETTLE_OK;
}

static fettle_result
ended (void *arg, const struct fettle_lease *l, bool by_time, struct fettle_error *err)
{
  (void) arg;
  (void) err;
  fettle_buf_printf (&story, "%s %s/%s/%u; ", by_time ? "expired" : "ended", l->node, l->job,
                     l->phase);
  return FETTLE_OK;
}

static void
notice (void *arg, const char *text)
{
  (void) arg;
  fettle_buf_printf (&story, "notice %s; ", text);
}

static const struct fettle_lease_hooks hooks = { taken, ended, notice, LIFETIME_S };

static void
told (void *arg, fettle_result code, const char *text)
{
  fettle_buf_printf (&story, "%s %s%s; ", (const char *) arg, fettle_result_name (code), text);
}

static void
turn (void)
{
  event_base_loop (base, EVLOOP_NONBLOCK);
  event_base_loop (base, EVLOOP_NONBLOCK);
}

static struct fettle_hole
hole (const char *address, uint16_t first, uint16_t last)
{
  struct fettle_hole h = { .protocol = FETTLE_TCP, .first = first, .last = last, .purpose = "pull" };
  struct fettle_error err;

  assert_int_equal (fettle_address_parse (address, &h.from, &err), FETTLE_OK);
  return h;
}

static fettle_result
take_holes (const char *node, int seconds, const struct fettle_hole *holes, size_t n)
{
  const struct fettle_lease l = { node, "1", FETTLE_DEPLOYMENT, time (NULL) + seconds, holes, n };
  struct fettle_error err;
  fettle_result r = fettle_leases_take (leases, &l, told, (void *) (uintptr_t) node, &err);

  if (r)
    fettle_buf_printf (&story, "%s fails: %s; ", node, err.text);
  return r;
}

static fettle_result
take (const char *node, int seconds, const char *address, uint16_t port)
{
  const struct fettle_hole h = hole (address, port, port);

  return take_holes (node, seconds, &h, 1);
}

static void
give (const char *node)
{
  fettle_leases_give_back (leases, node, "1", FETTLE_DEPLOYMENT);
}

/* What happened since the last time. */
#define HAPPENED(wanted)                                     \
  do {                                                       \
    turn ();                                                 \
    assert_string_equal (fettle_buf_text (&story), wanted);  \
    fettle_buf_reset (&story);                               \
  } while (0)

static int
set_up (void **state)
{
  static const struct fettle_firewall_options options;
  struct fettle_error err;

  (void) state;
  base = event_base_new ();
  n_calls = 0;
  journal_fails = false;
  refused = NULL;
  fettle_buf_reset (&story);
  return fettle_leases_new (base, &fake, &options, &hooks, NULL, &leases, &err);
}

static int
tear_down (void **state)
{
  (void) state;
  fettle_leases_free (leases);
  event_base_free (base);
  fettle_buf_clear (&story);
  return 0;
}

/* ---- Tests. ---- */

static void
written_before_applied (void **state)
{
  (void) state;
  take ("n1", 60, "10.0.0.1", 63001);
  assert_string_equal (fettle_buf_text (&story), "taken n1/1/2; "); /* nothing within the call */
  HAPPENED ("taken n1/1/2; open 10.0.0.1:63001; ");
  answer ();
  HAPPENED ("n1 ok; ");
  give ("n1");
  assert_string_equal (fettle_buf_text (&story), "ended n1/1/2; ");
  HAPPENED ("ended n1/1/2; close 10.0.0.1:63001; ");
  answer ();
  HAPPENED ("");
  assert_int_equal (fettle_leases_count (leases), 0);
}

static void
a_journal_that_fails (void **state)
{
  (void) state;
  journal_fails = true;
  assert_int_equal (take ("n1", 60, "10.0.0.1", 63001), FETTLE_E_INTERNAL);
  HAPPENED ("n1 fails: the disk is full; ");
  assert_int_equal (fettle_leases_count (leases), 0);
}

static void
shared_holes (void **state)
{
  (void) state;
  take ("a", 60, "10.0.0.1", 63001);
  take ("b", 60, "10.0.0.1", 63001);
  HAPPENED ("taken a/1/2; taken b/1/2; open 10.0.0.1:63001; ");
  take ("c", 60, "10.0.0.1", 63001); /* asked, not answered */
  HAPPENED ("taken c/1/2; ");
  answer ();
  HAPPENED ("c ok; b ok; a ok; ");
  take ("d", 60, "10.0.0.1", 63001); /* open already */
  HAPPENED ("taken d/1/2; d ok; ");
  give ("a");
  give ("c");
  give ("d");
  HAPPENED ("ended a/1/2; ended c/1/2; ended d/1/2; ");
  give ("b");
  HAPPENED ("ended b/1/2; close 10.0.0.1:63001; ");
}

static void
batches (void **state)
{
  const struct fettle_hole two[] = { hole ("10.0.0.1", 63001, 63001), hole ("10.0.0.1", 63002, 63002) };

  (void) state;
  take_holes ("a", 60, two, 2);
  take ("b", 60, "fd00::1", 63001);
  HAPPENED ("taken a/1/2; taken b/1/2; open 10.0.0.1:63001 10.0.0.1:63002 fd00::1:63001; ");
  answer ();
  HAPPENED ("a ok; b ok; ");
  fettle_leases_give_back_job (leases, "2");
  HAPPENED ("");
  fettle_leases_give_back_job (leases, "1");
  HAPPENED ("ended b/1/2; ended a/1/2; close fd00::1:63001 10.0.0.1:63001 10.0.0.1:63002; ");
}

static void
given_back_in_time (void **state)
{
  (void) state;
  take ("a", 60, "10.0.0.1", 63001);
  give ("a"); /* before anything was sent */
  HAPPENED ("taken a/1/2; ended a/1/2; a abortedthe lease was given back; ");
  take ("b", 60, "10.0.0.1", 63001);
  HAPPENED ("taken b/1/2; open 10.0.0.1:63001; ");
  give ("b"); /* before it was answered */
  HAPPENED ("ended b/1/2; close 10.0.0.1:63001; b abortedthe lease was given back; ");
  take ("c", 60, "10.0.0.1", 63001);
  HAPPENED ("taken c/1/2; open 10.0.0.1:63001; ");
  answer ();
  HAPPENED ("c ok; ");
  give ("c");
  take ("c", 60, "10.0.0.1", 63001); /* wanted again before it was closed */
  turn ();
  answer ();
  turn ();
  assert_null (strstr (fettle_buf_text (&story), "close"));
  give ("nobody");
}

static void
taken_anew (void **state)
{
  const struct fettle_hole two[] = { hole ("10.0.0.1", 63001, 63001), hole ("10.0.0.1", 63002, 63002) };

  (void) state;
  take ("a", 60, "10.0.0.1", 63001);
  turn ();
  answer ();
  HAPPENED ("taken a/1/2; open 10.0.0.1:63001; a ok; ");
  take_holes ("a", 60, two, 2); /* what it had stays open meanwhile */
  HAPPENED ("taken a/1/2; open 10.0.0.1:63002; ");
  answer ();
  HAPPENED ("a ok; ");
  take_holes ("a", 60, two + 1, 1);
  HAPPENED ("taken a/1/2; close 10.0.0.1:63001; a ok; ");
  assert_int_equal (fettle_leases_count (leases), 1);
}

static void
overlapping_ranges (void **state)
{
  const struct fettle_hole range = hole ("10.0.0.1", 63010, 63041);

  (void) state;
  take_holes ("data", 60, &range, 1);
  take ("one", 60, "10.0.0.1", 63020);
  take ("other", 60, "10.0.0.1", 63050);
  turn ();
  answer ();
  HAPPENED ("taken data/1/2; taken one/1/2; taken other/1/2; "
            "open 10.0.0.1:63010-63041 10.0.0.1:63020 10.0.0.1:63050; data ok; one ok; other ok; ");
  give ("one"); /* its port is closed with it, and must come again */
  HAPPENED ("ended one/1/2; close 10.0.0.1:63020; open 10.0.0.1:63010-63041; ");
}

static void
refusals (void **state)
{
  const struct fettle_hole two[] = { hole ("10.0.0.3", 63001, 63001), hole ("10.0.0.9", 63001, 63001) };

  (void) state;
  refused = "10.0.0.9";
  take ("a", 60, "10.0.0.1", 63001);
  take_holes ("bad", 60, two, 2);
  take ("c", 60, "10.0.0.2", 63001);
  turn ();
  fettle_buf_reset (&story);
  answer (); /* one of four was refused, and all with it: each alone */
  HAPPENED ("open 10.0.0.1:63001; open 10.0.0.3:63001; open 10.0.0.9:63001; open 10.0.0.2:63001; ");
  answer ();
  HAPPENED ("ended bad/1/2; close 10.0.0.3:63001; a ok; bad rejectedrefused; c ok; ");
  assert_int_equal (fettle_leases_count (leases), 2);
  assert_int_equal (take ("e", 60, "10.0.0.1", 0), FETTLE_E_CONFIG);
  assert_int_equal (take ("e", -1, "10.0.0.1", 63001), FETTLE_E_CONFIG);
}

static void
wait_ms (int ms)
{
  const struct timeval t = { ms / 1000, ms % 1000 * 1000 };

  event_base_loopexit (base, &t);
  event_base_dispatch (base);
}

/* Leases end at whole seconds: what is taken for one lasts most of one then. */
static void
wait_for_a_second (void)
{
  struct timespec t;

  clock_gettime (CLOCK_REALTIME, &t);
  wait_ms (1010 - (int) (t.tv_nsec / 1000000));
}

static void
time_goes_by (void **state)
{
  (void) state;
  take ("a", 20, "10.0.0.1", 63001);
  turn ();
  answer ();
  HAPPENED ("taken a/1/2; open 10.0.0.1:63001; a ok; ");
  wait_ms (2500); /* half of its lifetime in the firewall, and some */
  HAPPENED ("open 10.0.0.1:63001; ");
  answer ();
  wait_for_a_second ();
  fettle_buf_reset (&story); /* on a slow machine it was opened once more */
  answer ();
  take ("b", 1, "10.0.0.1", 63001); /* shorter: nothing to do */
  HAPPENED ("taken b/1/2; b ok; ");
  give ("a"); /* the hole must not live longer than b's */
  HAPPENED ("ended a/1/2; open 10.0.0.1:63001; ");
  answer ();
  wait_ms (1200);
  HAPPENED ("expired b/1/2; close 10.0.0.1:63001; ");
  answer ();
  wait_for_a_second ();
  take ("c", 1, "10.0.0.1", 63001);
  HAPPENED ("taken c/1/2; open 10.0.0.1:63001; "); /* never answered */
  wait_ms (1200);
  HAPPENED ("expired c/1/2; close 10.0.0.1:63001; "
            "c timeoutthe lease ended before its holes were open; ");
}

static void
after_a_crash (void **state)
{
  const struct fettle_hole h = hole ("10.0.0.1", 63001, 63001);
  const struct fettle_lease rows[] = {
    { "a", "1", FETTLE_DEPLOYMENT, time (NULL) + 60, &h, 1 },
    { "b", "1", FETTLE_DEPLOYMENT, time (NULL) - 1, &h, 1 },
  };
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_leases_load (leases, &rows[0], &err), FETTLE_OK);
  assert_int_equal (fettle_leases_load (leases, &rows[1], &err), FETTLE_OK);
  HAPPENED ("expired b/1/2; ");
  fettle_leases_settle (leases, told, (void *) "settled");
  HAPPENED ("settle 10.0.0.1:63001; ");
  answer ();
  HAPPENED ("settled ok; ");
  take ("c", 60, "10.0.0.1", 63001); /* the row's hole is open */
  HAPPENED ("taken c/1/2; c ok; ");
}

static void
lost (void **state)
{
  (void) state;
  take ("a", 60, "10.0.0.1", 63001);
  turn ();
  answer ();
  take ("b", 60, "10.0.0.2", 63001);
  turn ();
  fettle_buf_reset (&story);
  events->lost (events_arg, "somebody reloaded the firewall");
  HAPPENED ("notice somebody reloaded the firewall; settle 10.0.0.2:63001 10.0.0.1:63001; ");
  answer (); /* of b's opening, and of all */
  HAPPENED ("b ok; ");
  give ("a");
  give ("b");
  HAPPENED ("ended a/1/2; ended b/1/2; close 10.0.0.1:63001 10.0.0.2:63001; ");
}

static void
show_rows (void *arg, fettle_result code, const char *text, const struct fettle_lease_row *rows,
           size_t n)
{
  (void) arg;
  (void) code;
  (void) text;
  for (size_t i = 0; i < n; i++)
    fettle_buf_printf (&story, "%s/%s %u %s packets %u; ", rows[i].hole.node, rows[i].job,
                       rows[i].hole.first, rows[i].hole.purpose, (unsigned) rows[i].status.packets);
}

static void
status (void **state)
{
  (void) state;
  take ("a", 60, "10.0.0.1", 63001);
  take ("b", 60, "10.0.0.1", 63001);
  turn ();
  answer ();
  turn ();
  fettle_buf_reset (&story);
  fettle_leases_status (leases, show_rows, NULL);
  HAPPENED ("b/1 63001 pull packets 63001; a/1 63001 pull packets 63001; ");
}

int
main (void)
{
#define TEST(f) cmocka_unit_test_setup_teardown (f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    TEST (written_before_applied), TEST (a_journal_that_fails), TEST (shared_holes), TEST (batches),
    TEST (given_back_in_time),     TEST (taken_anew),           TEST (overlapping_ranges),
    TEST (refusals),               TEST (time_goes_by),         TEST (after_a_crash),
    TEST (lost),                   TEST (status),
  };

  return cmocka_run_group_tests_name ("firewall-lease", tests, NULL, NULL);
}
