/* window.c - maintenance windows against the C library's own idea of local
 * time, minute by minute, around changes of clocks in several zones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <time.h>

#include "model/window.h"

static unsigned long long seed, state;

static unsigned
roll (unsigned below)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned) (state >> 11) % below;
}

static void
need_zones (void)
{
  if (!fettle_zone_known ("Europe/Berlin"))
    skip (); /* no tzdata on this host */
}

static int64_t
moment (const char *text)
{
  struct fettle_error err;
  int64_t t;

  if (fettle_moment_parse (text, &t, &err))
    fail_msg ("%s", err.text);
  return t;
}

static struct fettle_window
window (const char *text)
{
  struct fettle_window w;
  struct fettle_error err;

  if (fettle_window_parse (text, &w, &err))
    fail_msg ("%s: %s", text, err.text);
  return w;
}

/* ---- By hand: what the manual says ---- */

static void
expect_open (const char *text, const char *when, bool wanted)
{
  struct fettle_window w = window (text);

  if (fettle_window_is_open (&w, moment (when)) != wanted)
    fail_msg ("\"%s\" must be %s at %s", text, wanted ? "open" : "shut", when);
}

static void
expect_change (const char *text, const char *when, const char *wanted)
{
  struct fettle_window w = window (text);
  int64_t got = fettle_window_change (&w, moment (when)), should = wanted ? moment (wanted) : 0;

  if (got != should)
    fail_msg ("\"%s\" from %s on: %lld instead of %lld", text, when, (long long) got,
              (long long) should);
}

static void
test_plain (void **st)
{
  (void) st;
  expect_open ("", "2026-12-02T12:00Z", true);
  expect_open ("always", "2026-12-02T12:00Z", true);
  expect_open ("never", "2026-12-02T12:00Z", false);
  expect_change ("always", "2026-12-02T12:00Z", NULL);
  expect_change ("never", "2026-12-02T12:00Z", NULL);
  expect_open ("00:00-24:00 UTC", "2026-12-02T12:00Z", true);
  expect_change ("00:00-24:00 UTC", "2026-12-02T12:00Z", NULL);
  expect_open ("12:00-13:00 UTC", "2026-12-02T12:00Z", true);
  expect_open ("11:00-12:00 UTC", "2026-12-02T12:00Z", false);
  expect_open ("Wed 12:00-13:00 UTC", "2026-12-02T12:00Z", true);
  expect_open ("Thu-Tue 12:00-13:00 UTC", "2026-12-02T12:00Z", false);
  expect_open ("Tue 22:00-13:00 UTC", "2026-12-02T12:00Z", true);
  expect_open ("Wed 22:00-13:00 UTC", "2026-12-02T12:00Z", false);
  expect_open ("Sat,Sun 10:00-11:00 UTC; Wed 11:59-12:01 UTC", "2026-12-02T12:00Z", true);
  expect_change ("Mon-Fri 22:00-04:00 UTC", "2026-12-04T23:00Z", "2026-12-05T04:00Z");
  expect_change ("Mon-Fri 22:00-04:00 UTC", "2026-12-05T04:00Z", "2026-12-07T22:00Z");
  expect_change ("Wed 12:00-13:00 UTC", "2026-12-02T13:00Z", "2026-12-09T12:00Z");
}

static void
test_clock_changes (void **st)
{
  (void) st;
  need_zones ();
  /* Berlin, 2027-03-28: 02:00 becomes 03:00.  What is jumped over isn't there. */
  expect_change ("02:15-02:45 Europe/Berlin", "2027-03-27T12:00Z", "2027-03-29T00:15Z");
  expect_change ("01:30-03:30 Europe/Berlin", "2027-03-28T00:30Z", "2027-03-28T01:30Z");
  expect_change ("02:30-04:00 Europe/Berlin", "2027-03-28T00:30Z", "2027-03-28T01:00Z");
  expect_change ("22:00-06:00 Europe/Berlin", "2027-03-27T22:00Z", "2027-03-28T04:00Z");
  /* 2026-10-25: 03:00 becomes 02:00.  What comes twice is open twice. */
  expect_change ("02:15-02:45 Europe/Berlin", "2026-10-25T00:00Z", "2026-10-25T00:15Z");
  expect_change ("02:15-02:45 Europe/Berlin", "2026-10-25T00:15Z", "2026-10-25T00:45Z");
  expect_change ("02:15-02:45 Europe/Berlin", "2026-10-25T00:45Z", "2026-10-25T01:15Z");
  expect_change ("02:15-02:45 Europe/Berlin", "2026-10-25T01:15Z", "2026-10-25T01:45Z");
  expect_change ("22:00-06:00 Europe/Berlin", "2026-10-24T20:00Z", "2026-10-25T05:00Z");
  /* Lord Howe: half an hour, 2026-10-04. */
  expect_change ("02:10-02:40 Australia/Lord_Howe", "2026-10-03T15:00Z", "2026-10-03T15:30Z");
  expect_change ("02:10-02:40 Australia/Lord_Howe", "2026-10-03T15:30Z", "2026-10-03T15:40Z");
  /* Samoa had no 30 December 2011, a Friday. */
  expect_open ("Fri 00:00-24:00 Pacific/Apia", "2011-12-30T09:59Z", false);
  expect_open ("Sat 00:00-24:00 Pacific/Apia", "2011-12-30T10:00Z", true);
}

static void
test_moment (void **st)
{
  struct fettle_error err;
  int64_t t;

  (void) st;
  assert_int_equal (moment ("1970-01-01T00:00:00Z"), 0);
  assert_int_equal (moment ("2026-12-02T12:00Z"), 1796212800);
  assert_int_equal (moment ("2024-02-29 00:00+00:00"), 1709164800);
  assert_int_equal (moment ("2026-12-02T12:00+05:45"), 1796212800 - 20700);
  need_zones ();
  assert_int_equal (moment ("2026-12-02 13:00 Europe/Berlin"), 1796212800);
  assert_int_equal (moment ("2026-07-01 14:00 Europe/Berlin"), moment ("2026-07-01T12:00Z"));
  assert_int_equal (moment ("2026-10-25 02:30 Europe/Berlin"), moment ("2026-10-25T00:30Z"));
  assert_int_equal (moment ("2026-11-01 01:30 America/New_York"), moment ("2026-11-01T05:30Z"));
  assert_int_equal (fettle_moment_parse ("2027-03-28 02:30 Europe/Berlin", &t, &err),
                    FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "jump over"));
}

static void
test_bad (void **st)
{
  static const char *const windows[] = {
    "sometimes", "Mon", "22:00", "22:00-", "22:00-22:00", "24:00-02:00", "22:60-23:00", "25:00-26:00",
    "Mon- 10:00-11:00", "Mon,,Tue 10:00-11:00", "Mo 10:00-11:00", "mon 10:00-11:00", "10:00-11:00;",
    "10:00-11:00 Europe/Nowhere", "10:00-11:00 ../../etc/passwd", "10:00-11:00 Europe", "1:00-2:00",
    "10:00-11:00UTC", "; 10:00-11:00", "10:00-24:01", "10:00-11:00 /etc/localtime",
  };
  static const char *const moments[] = {
    "", "now", "2026-12-02", "2026-12-02T25:00Z", "2026-13-02T12:00Z", "2026-02-29T12:00Z",
    "2026-12-02T12:00Zulu", "2026-12-02T12:00+1:00", "2026-12-02T12:00 Moon/Base", "2026-12-32T12:00Z",
    "2026-12-02T12:60Z", "1969-12-31T12:00Z",
  };
  struct fettle_window w;
  struct fettle_error err;
  int64_t t;

  (void) st;
  for (size_t i = 0; i < COUNT (windows); i++)
    if (fettle_window_parse (windows[i], &w, &err) != FETTLE_E_CONFIG)
      fail_msg ("the window %s was taken", windows[i]);
  for (size_t i = 0; i < COUNT (moments); i++)
    if (fettle_moment_parse (moments[i], &t, &err) != FETTLE_E_CONFIG)
      fail_msg ("the time %s was taken", moments[i]);
}

/* ---- By chance ---- */

static const struct {
  const char *zone, *change; /* a moment near which its clocks change */
} zones[] = {
  { "Europe/Berlin", "2026-10-25T01:00Z" },     { "Europe/Berlin", "2027-03-28T01:00Z" },
  { "America/New_York", "2026-11-01T06:00Z" },  { "America/New_York", "2027-03-14T07:00Z" },
  { "Australia/Lord_Howe", "2026-10-03T15:30Z" }, { "Australia/Lord_Howe", "2027-04-03T15:00Z" },
  { "America/St_Johns", "2026-11-01T04:30Z" },  { "Asia/Kathmandu", "2026-11-01T06:00Z" },
  { "Pacific/Apia", "2011-12-30T10:00Z" },      { "Africa/Casablanca", "2026-02-15T02:00Z" },
  { "America/Sao_Paulo", "2018-11-04T03:00Z" }, { "Antarctica/Troll", "2027-03-28T01:00Z" },
};

struct chance {
  char text[128];
  const char *zone;
  unsigned days, from, to;
};

/* By the C library alone. */
static bool
shut_or_open (const struct chance *c, int64_t when)
{
  time_t t = (time_t) when;
  struct tm tm;
  unsigned minute, day;

  localtime_r (&t, &tm);
  minute = (unsigned) (tm.tm_hour * 60 + tm.tm_min);
  day = (unsigned) tm.tm_wday;
  if (c->from < c->to)
    return (c->days >> day & 1) && minute >= c->from && minute < c->to;
  return ((c->days >> day & 1) && minute >= c->from)
         || ((c->days >> ((day + 6) % 7) & 1) && minute < c->to);
}

static struct chance
make_chance (const char *zone)
{
  static const char *const names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
  struct chance c = { .zone = zone, .days = 1 + roll (127), .from = roll (1440) };
  size_t n = 0;

  do
    c.to = 1 + roll (1440);
  while (c.to == c.from);
  for (unsigned d = 0; d < 7; d++)
    if (c.days >> d & 1)
      n += (size_t) snprintf (c.text + n, sizeof c.text - n, "%s%s", n ? "," : "", names[d]);
  snprintf (c.text + n, sizeof c.text - n, " %02u:%02u-%02u:%02u %s", c.from / 60, c.from % 60,
            c.to / 60, c.to % 60, zone);
  return c;
}

static void
test_chance (void **st)
{
  (void) st;
  need_zones ();
  for (int k = 0; k < 240; k++) {
    size_t z = roll (COUNT (zones));
    struct chance c = make_chance (zones[z].zone);
    int64_t now = moment (zones[z].change) - 86400 + roll (2 * 86400), change, t = now;
    struct fettle_window w = window (c.text);
    bool open;

    setenv ("TZ", c.zone, 1);
    tzset ();
    open = shut_or_open (&c, now);
    if (fettle_window_is_open (&w, now) != open)
      fail_msg ("seed %llu: \"%s\" at %lld must be %s", seed, c.text, (long long) now,
                open ? "open" : "shut");
    change = fettle_window_change (&w, now);
    for (t = now - now % 60 + 60; t < now + 8 * 86400 && shut_or_open (&c, t) == open; t += 60) {
    }
    if (t < now + 8 * 86400 ? change != t : change && change < t)
      fail_msg ("seed %llu: \"%s\" from %lld on must change at %lld, not %lld", seed, c.text,
                (long long) now, (long long) t, (long long) change);
    assert_string_equal (getenv ("TZ"), c.zone); /* it was put back */
  }
  unsetenv ("TZ");
  print_message ("# seed %llu\n", seed);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_plain),  cmocka_unit_test (test_clock_changes),
    cmocka_unit_test (test_moment), cmocka_unit_test (test_bad),
    cmocka_unit_test (test_chance),
  };
  const char *given = getenv ("FETTLE_TEST_SEED");

  seed = given ? strtoull (given, NULL, 10) : (unsigned long long) time (NULL) * 2654435761u;
  state = seed | 1;
  return cmocka_run_group_tests (tests, NULL, NULL);
}
