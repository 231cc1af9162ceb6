/* firewall-rules.c - the queue of rules with a driver that only notes what it is
 * asked; ranges and networks.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <event2/event.h>

#include "firewall/ranges.h"
#include "firewall/rule-queue.h"

/* ---- A driver. ---- */

static struct event_base *base;
static struct fettle_rule_queue *queue;
static struct fettle_buf noted = FETTLE_BUF_INIT (65536);
static const char *present; /* what it lists, with ';' between */
static bool refuses;

static fettle_result
rule (void *driver, const struct fettle_hole *h, unsigned twin, struct fettle_buf *ret,
      struct fettle_error *err)
{
  char text[FETTLE_ADDRESS_TEXT];

  (void) driver;
  (void) err;
  fettle_buf_printf (ret, "%s:%u%s", fettle_address_text (&h->from, text), h->first,
                     twin ? "'" : "");
  return FETTLE_OK;
}

static void
note (char verb, const struct fettle_rule_item *items, size_t n)
{
  for (size_t i = 0; i < n; i++)
    fettle_buf_printf (&noted, "%c%s ", verb, items[i].rule);
  fettle_buf_text_add (&noted, "| ");
  fettle_rule_queue_done (queue, refuses ? FETTLE_E_SERVICE : FETTLE_OK, "refused");
}

static void
add (void *driver, const struct fettle_rule_item *items, size_t n)
{
  (void) driver;
  note ('+', items, n);
}

static void
remove_rules (void *driver, const struct fettle_rule_item *items, size_t n)
{
  (void) driver;
  note ('-', items, n);
}

static void
list (void *driver)
{
  _cleanup_free_ char *copy = strdup (present);
  char *save = NULL;

  (void) driver;
  for (char *w = strtok_r (copy, ";", &save); w; w = strtok_r (NULL, ";", &save))
    fettle_rule_queue_listed (queue, w);
  fettle_rule_queue_done (queue, FETTLE_OK, "");
}

static const struct fettle_rule_driver drivers[] = {
  [FETTLE_REOPEN_KEEP]  = { FETTLE_REOPEN_KEEP,  1, rule, add, remove_rules, list },
  [FETTLE_REOPEN_AGAIN] = { FETTLE_REOPEN_AGAIN, 3, rule, add, remove_rules, list },
  [FETTLE_REOPEN_SWAP]  = { FETTLE_REOPEN_SWAP,  1, rule, add, remove_rules, list },
};

static void
begin (enum fettle_reopen reopen)
{
  fettle_buf_reset (&noted);
  present = "";
  refuses = false;
  base = event_base_new ();
  queue = fettle_rule_queue_new (base, &drivers[reopen], NULL);
}

static void
end (void)
{
  fettle_rule_queue_free (queue);
  event_base_free (base);
  fettle_buf_clear (&noted);
}

static struct fettle_hole
hole (const char *address, unsigned port, unsigned seconds)
{
  struct fettle_hole h = { .protocol = FETTLE_TCP, .first = (uint16_t) port,
                           .last = (uint16_t) port, .lifetime_s = seconds, .node = "n" };
  struct fettle_error err;

  assert_int_equal (fettle_address_parse (address, &h.from, &err), FETTLE_OK);
  return h;
}

static void
on_done (void *arg, fettle_result code, const char *text)
{
  (void) text;
  *(fettle_result *) arg = code;
}

static void
turn (void)
{
  for (int i = 0; i < 20; i++)
    event_base_loop (base, EVLOOP_NONBLOCK);
}

static const char *
so_far (void)
{
  static char copy[1024];

  snprintf (copy, sizeof copy, "%s", fettle_buf_text (&noted));
  fettle_buf_reset (&noted);
  return copy;
}

/* ---- Tests. ---- */

static void
a_twin_comes_before_the_old_rule_goes (void **state)
{
  struct fettle_hole h = hole ("10.0.0.1", 1, 60);
  fettle_result r = 1;

  (void) state;
  begin (FETTLE_REOPEN_SWAP);
  fettle_rule_queue_open (queue, &h, 1, on_done, &r);
  assert_int_equal (r, 1); /* never from within the call */
  turn ();
  assert_int_equal (r, FETTLE_OK);
  fettle_rule_queue_open (queue, &h, 1, NULL, NULL);
  fettle_rule_queue_open (queue, &h, 1, NULL, NULL);
  fettle_rule_queue_close (queue, &h, 1, NULL, NULL);
  fettle_rule_queue_close (queue, &h, 1, on_done, &r);
  turn ();
  assert_string_equal (so_far (), "+10.0.0.1:1 | +10.0.0.1:1' | -10.0.0.1:1 | +10.0.0.1:1 | "
                                  "-10.0.0.1:1' | -10.0.0.1:1 | ");
  assert_int_equal (fettle_rule_queue_size (queue), 0);
  end ();
}

static void
settling_keeps_what_is_wanted (void **state)
{
  const struct fettle_hole wanted[] = { hole ("10.0.0.1", 1, 60), hole ("10.0.0.2", 2, 60) };
  fettle_result r = 1;

  (void) state;
  begin (FETTLE_REOPEN_KEEP);
  present = "10.0.0.9:9;10.0.0.2:2;10.0.0.8:8";
  fettle_rule_queue_settle (queue, wanted, 2, on_done, &r);
  turn ();
  assert_int_equal (r, FETTLE_OK);
  assert_string_equal (so_far (), "-10.0.0.8:8 | -10.0.0.9:9 | +10.0.0.1:1 | ");
  end ();
  begin (FETTLE_REOPEN_SWAP);
  present = "10.0.0.1:1';10.0.0.2:2;10.0.0.2:2'";
  fettle_rule_queue_settle (queue, wanted, 2, on_done, &r);
  turn ();
  assert_string_equal (so_far (), "-10.0.0.2:2' | +10.0.0.1:1 | -10.0.0.1:1' | +10.0.0.2:2' | "
                                  "-10.0.0.2:2 | ");
  end ();
}

static void
some_at_a_time (void **state)
{
  const struct fettle_hole h[] = { hole ("10.0.0.1", 1, 9), hole ("10.0.0.2", 1, 9),
                                   hole ("10.0.0.3", 1, 9), hole ("10.0.0.4", 1, 9) };

  (void) state;
  begin (FETTLE_REOPEN_AGAIN);
  fettle_rule_queue_open (queue, h, 4, NULL, NULL);
  fettle_rule_queue_open (queue, h, 1, NULL, NULL);
  turn ();
  assert_string_equal (so_far (), "+10.0.0.1:1 +10.0.0.2:1 +10.0.0.3:1 | +10.0.0.4:1 | "
                                  "+10.0.0.1:1 | ");
  end ();
}

static void
what_lasts_is_removed_in_time_unless_prolonged (void **state)
{
  struct fettle_hole h[] = { hole ("10.0.0.1", 1, 1), hole ("10.0.0.2", 1, 1) };
  const struct timeval t = { 1, 300000 };

  (void) state;
  begin (FETTLE_REOPEN_KEEP);
  fettle_rule_queue_open (queue, h, 2, NULL, NULL);
  h[1].lifetime_s = 60;
  fettle_rule_queue_open (queue, h + 1, 1, NULL, NULL);
  event_base_loopexit (base, &t);
  event_base_dispatch (base);
  assert_string_equal (so_far (), "+10.0.0.1:1 | +10.0.0.2:1 | -10.0.0.1:1 | ");
  end ();
}

static void
a_failure_is_told_and_nothing_is_open (void **state)
{
  struct fettle_hole h = hole ("10.0.0.1", 1, 60);
  fettle_result r = 1;

  (void) state;
  begin (FETTLE_REOPEN_SWAP);
  refuses = true;
  fettle_rule_queue_open (queue, &h, 1, on_done, &r);
  turn ();
  assert_int_equal (r, FETTLE_E_SERVICE);
  assert_int_equal (fettle_rule_queue_size (queue), 0);
  end ();
}

static void
paused_calls_are_kept (void **state)
{
  struct fettle_hole h = hole ("10.0.0.1", 1, 60);

  (void) state;
  begin (FETTLE_REOPEN_SWAP);
  fettle_rule_queue_pause (queue, true);
  fettle_rule_queue_open (queue, &h, 1, NULL, NULL);
  turn ();
  assert_string_equal (so_far (), "");
  fettle_rule_queue_pause (queue, false);
  turn ();
  assert_string_equal (so_far (), "+10.0.0.1:1 | ");
  end ();
}

/* "10.0.0.1 10.0.0.2 ..." as ranges, then as networks. */
static const char *
compact (const char *text)
{
  static char ret[1024];
  struct fettle_address addresses[64], first;
  _cleanup_free_ char *copy = strdup (text);
  _cleanup_free_ struct fettle_range *ranges = NULL;
  char *save = NULL, range[FETTLE_RANGE_TEXT];
  struct fettle_error err;
  size_t n = 0, n_ranges;
  unsigned bits;
  int used = 0;

  for (char *w = strtok_r (copy, " ", &save); w; w = strtok_r (NULL, " ", &save))
    assert_int_equal (fettle_address_parse (w, &addresses[n++], &err), FETTLE_OK);
  assert_int_equal (fettle_ranges (addresses, n, &ranges, &n_ranges, &err), FETTLE_OK);
  ret[0] = '\0';
  for (size_t i = 0; i < n_ranges; i++)
    used += snprintf (ret + used, sizeof ret - (size_t) used, "%s ",
                      fettle_range_text (&ranges[i], range));
  used += snprintf (ret + used, sizeof ret - (size_t) used, "|");
  for (size_t i = 0; i < n_ranges; i++)
    while (fettle_range_network (&ranges[i], &first, &bits))
      used += snprintf (ret + used, sizeof ret - (size_t) used, " %s/%u",
                        fettle_address_text (&first, range), bits);
  return ret;
}

static void
ranges_and_networks (void **state)
{
  (void) state;
  assert_string_equal (compact (""), "|");
  assert_string_equal (compact ("10.0.0.3 10.0.0.1 10.0.0.2 10.0.0.2"),
                       "10.0.0.1-10.0.0.3 | 10.0.0.1/32 10.0.0.2/31");
  assert_string_equal (compact ("10.0.0.255 10.0.1.0"),
                       "10.0.0.255-10.0.1.0 | 10.0.0.255/32 10.0.1.0/32");
  assert_string_equal (compact ("fd00::ffff fd00::1:0 10.0.0.4"),
                       "10.0.0.4 fd00::ffff-fd00::1:0 | 10.0.0.4/32 fd00::ffff/128 "
                       "fd00::1:0/128");
  assert_string_equal (compact ("223.255.255.254 223.255.255.255"),
                       "223.255.255.254-223.255.255.255 | 223.255.255.254/31");
  assert_string_equal (compact ("fd00::4 fd00::5 fd00::6 fd00::7"),
                       "fd00::4-fd00::7 | fd00::4/126");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (a_twin_comes_before_the_old_rule_goes),
    cmocka_unit_test (settling_keeps_what_is_wanted),
    cmocka_unit_test (some_at_a_time),
    cmocka_unit_test (what_lasts_is_removed_in_time_unless_prolonged),
    cmocka_unit_test (a_failure_is_told_and_nothing_is_open),
    cmocka_unit_test (paused_calls_are_kept),
    cmocka_unit_test (ranges_and_networks),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
