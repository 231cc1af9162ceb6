/* rollout.c - batches, limits, thresholds, over random outcomes: each run is
 * checked against the rules as rollout.h says them, counted naively.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <time.h>

#include "model/rollout.h"

#define MAX 60
#define RUNS 4000

static unsigned long long seed, state;

static unsigned
roll (unsigned below)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned) (state >> 11) % below;
}

static struct fettle_rollout_rules
rules_of (json_t *options)
{
  struct fettle_rollout_rules rules;
  struct fettle_error err;

  if (fettle_rollout_rules_read (options, &rules, &err))
    fail_msg ("%s", err.text);
  return rules;
}

/* ---- One run ---- */

struct run {
  json_t *options;
  struct fettle_rollout_rules rules;
  struct fettle_rollout_node nodes[MAX];
  size_t n;
  struct fettle_rollout *rollout;
  bool canary_passed, saw_canary;
  char pairs[MAX][8];
};

static size_t
limit (const struct run *run, const char *kind, const char *name)
{
  const json_t *max = run->rules.max_parallel;
  char key[64];

  if (json_is_integer (max))
    return strcmp (kind, "all") == 0 ? (size_t) json_integer_value (max) : SIZE_MAX;
  snprintf (key, sizeof key, "%s:%s", kind, name);
  if (json_object_get (max, key))
    return (size_t) json_integer_value (json_object_get (max, key));
  if (json_object_get (max, kind))
    return (size_t) json_integer_value (json_object_get (max, kind));
  return SIZE_MAX;
}

static bool
same (const char *a, const char *b)
{
  return a && b && *a && strcmp (a, b) == 0;
}

/* Would one more node like this be too many? */
static bool
fits (const struct run *run, size_t i)
{
  const struct fettle_rollout_node *n = &run->nodes[i];
  size_t all = 0, type = 0, group = 0, enclosure = 0;

  for (size_t k = 0; k < run->n; k++) {
    const struct fettle_rollout_node *o = &run->nodes[k];

    if (o->enclosure && o->enclosure == n->enclosure && o->rank < n->rank
        && o->state != FETTLE_ROLLOUT_ENDED)
      return false;
    if (o->state != FETTLE_ROLLOUT_RUNS || k == i)
      continue;
    all++;
    type += same (o->type, n->type);
    group += same (o->group, n->group);
    enclosure += o->enclosure && o->enclosure == n->enclosure;
    if (same (o->pair, n->pair))
      return false;
  }
  return all < limit (run, "all", "") && (!n->type || type < limit (run, "type", n->type))
         && (!n->group || group < limit (run, "group", n->group))
         && (!n->enclosure || enclosure < limit (run, "enclosure", ""));
}

static uint32_t
batch_at_hand (const struct run *run)
{
  uint32_t lowest = UINT32_MAX;

  for (size_t i = 0; i < run->n; i++)
    if (run->nodes[i].state != FETTLE_ROLLOUT_ENDED && run->nodes[i].batch < lowest)
      lowest = run->nodes[i].batch;
  return lowest;
}

static size_t
with (const struct run *run, enum fettle_rollout_state wanted)
{
  size_t n = 0;

  for (size_t i = 0; i < run->n; i++)
    n += run->nodes[i].state == wanted;
  return n;
}

/* Naively: have too many failed, now or at the end of a batch? */
static bool
too_many (const struct run *run)
{
  const struct fettle_share *s = &run->rules.max_failures;
  size_t failed = 0;

  if (!run->rules.limited)
    return false;
  for (size_t i = 0; i < run->n; i++)
    failed += run->nodes[i].failed;
  if (failed > (s->percent ? run->n * s->value / 100 : s->value))
    return true;
  for (uint32_t b = 0; s->percent && b < batch_at_hand (run) && b < 1000; b++) {
    size_t upto = 0, bad = 0;

    for (size_t i = 0; i < run->n; i++)
      if (run->nodes[i].batch <= b) {
        upto++;
        bad += run->nodes[i].failed;
      }
    if (bad * 100 > upto * s->value)
      return true;
  }
  return false;
}

static void
restart (struct run *run)
{
  fettle_rollout_free (run->rollout);
  run->rollout = fettle_rollout_new (&run->rules, run->nodes, run->n, run->canary_passed);
  assert_non_null (run->rollout);
}

static void
check_batches (const struct run *run)
{
  size_t at = 0;

  for (uint32_t b = 0; at < run->n; b++) {
    size_t n = run->rules.n_batches, i = b < n ? b : n ? n - 1 : 0, wanted, have = 0;
    const struct fettle_share *s = &run->rules.batches[i];

    wanted = !n ? run->n
             : s->percent ? (size_t) ((run->n * s->value + 99) / 100) : s->value;
    if (wanted > run->n - at)
      wanted = run->n - at;
    for (size_t k = 0; k < run->n; k++)
      have += run->nodes[k].batch == b;
    assert_int_equal (have, wanted);
    at += have;
  }
  for (size_t k = 0; k < run->n; k++)
    assert_true (run->nodes[k].batch < fettle_rollout_batches (&run->rules, run->n));
}

static void
set_up_run (struct run *run)
{
  static const char *const batches[] = { "1", "1,10%,50%", "100%", "3,5", "7%", "2,2,30%", "1,1,1" };
  static const char *const types[] = { NULL, "ilo", "linux", "oa" };
  static const char *const groups[] = { NULL, "", "web", "db" };

  memset (run, 0, sizeof *run);
  run->n = 1 + roll (MAX);
  run->options = json_object ();
  if (roll (4))
    json_object_set_new (run->options, "batch", json_string (batches[roll (COUNT (batches))]));
  if (roll (2))
    json_object_set_new (run->options, "max_failures",
                         roll (2) ? json_integer (roll (6)) : json_sprintf ("%u%%", roll (60)));
  if (roll (2))
    json_object_set_new (run->options, "max_parallel",
                         roll (2) ? json_integer (1 + roll (9))
                                  : json_pack ("{s:i s:i s:i s:i s:i}", "all", 1 + (int) roll (20),
                                               "type", 1 + (int) roll (4), "type:ilo",
                                               1 + (int) roll (3), "group:db", 1, "enclosure",
                                               1 + (int) roll (3)));
  if (roll (2))
    json_object_set_new (run->options, "pause_after_canary", json_true ());
  run->rules = rules_of (run->options);
  for (size_t i = 0; i < run->n; i++) {
    snprintf (run->pairs[i], sizeof run->pairs[i], "p%u", roll (12));
    run->nodes[i] = (struct fettle_rollout_node) {
      .type = types[roll (COUNT (types))], .group = groups[roll (COUNT (groups))],
      .enclosure = roll (2) ? 0 : 1 + roll (5), .rank = roll (4),
      .pair = roll (3) ? NULL : run->pairs[i],
    };
  }
  fettle_rollout_arrange (&run->rules, run->nodes, run->n);
  check_batches (run);
  restart (run);
}

static void
end_one (struct run *run)
{
  size_t k = roll ((unsigned) with (run, FETTLE_ROLLOUT_RUNS)), i = 0;

  for (;; i++)
    if (run->nodes[i].state == FETTLE_ROLLOUT_RUNS && k-- == 0)
      break;
  if (roll (8) == 0) {
    run->nodes[i].failed = true;
    fettle_rollout_failed (run->rollout, i);
    if (roll (2))
      return; /* it goes on with its next component */
  }
  run->nodes[i].state = FETTLE_ROLLOUT_ENDED;
  fettle_rollout_ended (run->rollout, i);
}

static void
check_begin (const struct run *run, size_t i)
{
  assert_int_equal (run->nodes[i].state, FETTLE_ROLLOUT_WAITS);
  assert_false (too_many (run));
  assert_int_equal (run->nodes[i].batch, batch_at_hand (run));
  assert_true (fits (run, i));
  assert_true (!run->rules.pause_after_canary || run->canary_passed || run->nodes[i].batch == 0);
}

/* It said that nothing may begin: then indeed nothing may. */
static void
check_wait (const struct run *run)
{
  for (size_t i = 0; i < run->n; i++)
    assert_false (run->nodes[i].state == FETTLE_ROLLOUT_WAITS
                  && run->nodes[i].batch == batch_at_hand (run) && fits (run, i));
  assert_true (with (run, FETTLE_ROLLOUT_RUNS) > 0);
}

static void
check_canary (struct run *run)
{
  assert_true (run->rules.pause_after_canary && !run->canary_passed);
  assert_int_equal (batch_at_hand (run), 1);
  run->saw_canary = run->canary_passed = true;
  fettle_rollout_pass_canary (run->rollout);
}

/* False: the run is over. */
static bool
step (struct run *run)
{
  enum fettle_rollout_answer answer;
  int64_t until;
  size_t i;

  if (roll (10) == 0)
    restart (run); /* as after kill -9 */
  answer = fettle_rollout_next (run->rollout, 1000, &i, &until);
  switch (answer) {
    case FETTLE_ROLLOUT_BEGIN:
      check_begin (run, i);
      run->nodes[i].state = FETTLE_ROLLOUT_RUNS;
      if (roll (6) == 0) {
        run->nodes[i].state = FETTLE_ROLLOUT_WAITS;
        fettle_rollout_parked (run->rollout, i);
      }
      break;
    case FETTLE_ROLLOUT_WAIT:
      check_wait (run);
      end_one (run);
      break;
    case FETTLE_ROLLOUT_LATER:
      fail_msg ("there are no windows");
      break;
    case FETTLE_ROLLOUT_CANARY:
      check_canary (run);
      break;
    case FETTLE_ROLLOUT_STOPPED:
    case FETTLE_ROLLOUT_DONE:
      if (answer == FETTLE_ROLLOUT_STOPPED)
        assert_true (too_many (run));
      else
        assert_int_equal (with (run, FETTLE_ROLLOUT_WAITS), 0);
      if (!with (run, FETTLE_ROLLOUT_RUNS))
        return false;
      end_one (run);
      break;
  }
  return true;
}

static void
test_random (void **st)
{
  unsigned long stopped = 0, canaries = 0, nodes = 0;

  (void) st;
  for (int k = 0; k < RUNS; k++) {
    struct run run;
    struct fettle_rollout_view view;

    set_up_run (&run);
    while (step (&run)) {
    }
    fettle_rollout_look (run.rollout, &view);
    assert_int_equal (view.running, 0);
    assert_true (view.stopped || view.ended == run.n);
    /* The pause isn't left out where there is something behind it. */
    if (run.rules.pause_after_canary && !view.stopped && view.batches > 1)
      assert_true (run.saw_canary);
    stopped += view.stopped;
    canaries += run.saw_canary;
    nodes += run.n;
    fettle_rollout_free (run.rollout);
    fettle_rollout_rules_clear (&run.rules);
    json_decref (run.options);
  }
  print_message ("# seed %llu: %d runs, %lu nodes, %lu stopped, %lu pauses\n", seed, RUNS, nodes,
                 stopped, canaries);
  assert_true (stopped > 0 && canaries > 0);
}

/* ---- What the manual gives as examples ---- */

static void
expect_batches (const char *batch, size_t n, const char *wanted)
{
  json_t *options = json_pack ("{s:s}", "batch", batch);
  struct fettle_rollout_rules rules = rules_of (options);
  struct fettle_rollout_node nodes[200] = { 0 };
  char got[200] = "";
  size_t used = 0;

  fettle_rollout_arrange (&rules, nodes, n);
  for (uint32_t b = 0; b < fettle_rollout_batches (&rules, n); b++) {
    size_t have = 0;

    for (size_t i = 0; i < n; i++)
      have += nodes[i].batch == b;
    used += (size_t) snprintf (got + used, sizeof got - used, "%s%zu", b ? "," : "", have);
  }
  assert_string_equal (got, wanted);
  fettle_rollout_rules_clear (&rules);
  json_decref (options);
}

static void
test_batches (void **st)
{
  (void) st;
  expect_batches ("1,10%,50%", 100, "1,10,50,39");
  expect_batches ("1,10%,50%", 3, "1,1,1");
  expect_batches ("10%", 35, "4,4,4,4,4,4,4,4,3");
  expect_batches ("1,5", 12, "1,5,5,1");
  expect_batches ("100%", 7, "7");
  expect_batches ("500", 7, "7");
}

static void
test_enclosure (void **st)
{
  /* Two enclosures and a loner: who belongs together comes together, by rank. */
  struct fettle_rollout_node nodes[] = {
    { .enclosure = 7, .rank = 2 }, { .enclosure = 0, .rank = 9 }, { .enclosure = 8, .rank = 0 },
    { .enclosure = 7, .rank = 0 }, { .enclosure = 7, .rank = 1 }, { .enclosure = 8, .rank = 0 },
  };
  static const size_t wanted[] = { 2, 3, 4, 0, 1, 5 };
  struct fettle_rollout_rules rules = { 0 };

  (void) st;
  fettle_rollout_arrange (&rules, nodes, COUNT (nodes));
  for (size_t i = 0; i < COUNT (nodes); i++)
    assert_int_equal (nodes[i].position, wanted[i]);
}

static void
test_duration (void **st)
{
  json_t *options = json_pack ("{s:i}", "max_parallel", 2);
  struct fettle_rollout_rules rules = rules_of (options);
  struct fettle_rollout_node nodes[5] = { 0 };
  uint32_t seconds[5] = { 10, 20, 30, 5, 5 };

  (void) st;
  fettle_rollout_arrange (&rules, nodes, 5);
  /* 10 and 20 begin; 30 at 10, until 40; 5 at 20, 5 at 25. */
  assert_int_equal (fettle_rollout_duration (&rules, nodes, seconds, 5), 40);
  rules.max_parallel = NULL;
  assert_int_equal (fettle_rollout_duration (&rules, nodes, seconds, 5), 30);
  rules.n_batches = 1;
  rules.batches[0] = (struct fettle_share) { 1, false };
  fettle_rollout_arrange (&rules, nodes, 5);
  assert_int_equal (fettle_rollout_duration (&rules, nodes, seconds, 5), 70);
  json_decref (options);
}

/* One at a time, an hour each, in a window that the clocks change in: how many
 * begin on that day shows in when the last one ends. */
static void
test_forecast_dst (void **st)
{
  static const struct { int64_t saturday_noon; size_t that_day; const char *what; } cases[] = {
    { 1773486000, 3, "no change: 2026-03-15" },     /* 12:00 UTC+1 is 11:00Z of the 14th */
    { 1774695600, 2, "an hour less: 2026-03-29" },
    { 1792836000, 4, "an hour more: 2026-10-25" },  /* 10:00Z of the 24th, UTC+2 */
  };
  json_t *options = json_pack ("{s:i s:s}", "max_parallel", 1, "window",
                               "01:00-04:00 Europe/Berlin");
  struct fettle_rollout_rules rules = rules_of (options);
  struct fettle_rollout_node nodes[5] = { 0 };
  const uint32_t seconds[5] = { 3600, 3600, 3600, 3600, 3600 };

  (void) st;
  fettle_rollout_arrange (&rules, nodes, 5);
  for (size_t i = 0; i < COUNT (cases); i++) {
    int64_t first = cases[i].saturday_noon + 13 * 3600; /* 01:00 of Sunday */

    for (size_t n = 1; n <= 5; n++) {
      int64_t end = fettle_rollout_forecast (&rules, nodes, seconds, NULL, n, cases[i].saturday_noon);

      print_message ("# %s: %zu nodes until %lld\n", cases[i].what, n, (long long) end);
      if (n <= cases[i].that_day)
        assert_int_equal (end, first + (int64_t) n * 3600);
      else
        assert_true (end > first + 20 * 3600); /* not before the next night */
    }
  }
  fettle_rollout_rules_clear (&rules);
  json_decref (options);
}

/* Components begin within the window, and end where they end. */
static void
test_forecast_steps (void **st)
{
  json_t *options = json_pack ("{s:s}", "window", "00:00-01:00 UTC");
  struct fettle_rollout_rules rules = rules_of (options), never = { .window = strdup ("never") };
  struct fettle_rollout_node node = { 0 };
  const uint32_t seconds = 4 * 1500, steps = 4;
  int64_t midnight = 1796169600; /* 2026-12-02T00:00Z */

  (void) st;
  fettle_rollout_arrange (&rules, &node, 1);
  /* Of 25 minutes each, three begin at 0:00, 0:25 and 0:50; the fourth the next night. */
  assert_int_equal (fettle_rollout_forecast (&rules, &node, &seconds, &steps, 1, midnight - 60),
                    midnight + 86400 + 1500);
  assert_int_equal (fettle_rollout_forecast (&rules, &node, &seconds, NULL, 1, midnight - 60),
                    midnight + 6000);
  rules.at = midnight + 40 * 60;
  assert_int_equal (fettle_rollout_forecast (&rules, &node, &seconds, &steps, 1, midnight - 60),
                    midnight + 86400 + 3 * 1500); /* one at 0:40, the other three the next night */
  assert_int_equal (fettle_rollout_forecast (&never, &node, &seconds, &steps, 1, midnight), 0);
  fettle_rollout_rules_clear (&rules);
  fettle_rollout_rules_clear (&never);
  json_decref (options);
}

/* Random windows and nodes: no step begins while its window is closed, so a
 * forecast with windows is never earlier than one without, and what begins
 * later ends no earlier where it is alone. */
static void
test_forecast_random (void **st)
{
  static const char *const windows[] = { NULL, "22:00-04:00 Europe/Berlin", "Sat,Sun 00:00-24:00 UTC",
                                         "02:00-03:00 America/New_York", "Mon-Fri 12:00-12:30 UTC" };
  unsigned dice = (unsigned) time (NULL);

  (void) st;
  print_message ("# seed %u\n", dice);
  for (int round = 0; round < 300; round++) {
    json_t *options = json_pack ("{s:i}", "max_parallel", 1 + rand_r (&dice) % 5);
    struct fettle_rollout_rules rules = rules_of (options), open = rules;
    size_t n = 1 + (size_t) rand_r (&dice) % 12;
    struct fettle_rollout_node nodes[12] = { 0 };
    uint32_t seconds[12], steps[12];
    int64_t now = 1774000000 + rand_r (&dice) % 20000000, end, least;

    for (size_t i = 0; i < n; i++) {
      nodes[i].window = windows[(size_t) rand_r (&dice) % COUNT (windows)];
      seconds[i] = 1 + (uint32_t) rand_r (&dice) % 7200;
      steps[i] = 1 + (uint32_t) rand_r (&dice) % 4;
    }
    fettle_rollout_arrange (&rules, nodes, n);
    open.ignore_windows = true;
    end = fettle_rollout_forecast (&rules, nodes, seconds, steps, n, now);
    least = fettle_rollout_forecast (&open, nodes, seconds, steps, n, now);
    assert_int_equal (least, now + fettle_rollout_duration (&rules, nodes, seconds, n));
    for (size_t i = 0; i < n; i++)
      assert_true (end >= now + seconds[i]);
    if (n == 1) {
      assert_true (end >= least);
      assert_true (fettle_rollout_forecast (&rules, nodes, seconds, steps, n, now + 3600) >= end);
    }
    json_decref (options);
  }
}

/* Wednesday, 2026-12-02, 12:00 UTC */
#define NOON 1796212800

static void
test_windows (void **st)
{
  struct fettle_rollout_rules rules = { .at = NOON - 100 };
  struct fettle_rollout_node nodes[] = {
    { .window = "Wed 12:10-12:20 UTC" }, { .window = "never" }, { .window = NULL },
    { .window = "nonsense" },
  };
  struct fettle_rollout *r;
  struct fettle_error err;
  int64_t until;
  size_t i;

  (void) st;
  fettle_rollout_arrange (&rules, nodes, COUNT (nodes));
  r = fettle_rollout_new (&rules, nodes, COUNT (nodes), false);
  assert_int_equal (fettle_rollout_next (r, NOON - 200, &i, &until), FETTLE_ROLLOUT_LATER);
  assert_int_equal (until, NOON - 100);
  assert_int_equal (fettle_rollout_next (r, NOON, &i, &until), FETTLE_ROLLOUT_BEGIN);
  assert_int_equal (i, 2);
  assert_true (fettle_rollout_is_open (r, i, NOON, &until));
  assert_int_equal (fettle_rollout_next (r, NOON, &i, &until), FETTLE_ROLLOUT_LATER);
  assert_int_equal (until, NOON + 600);
  assert_int_equal (fettle_rollout_next (r, NOON + 600, &i, &until), FETTLE_ROLLOUT_BEGIN);
  assert_int_equal (i, 0);
  assert_true (fettle_rollout_is_open (r, 0, NOON + 1199, &until));
  assert_false (fettle_rollout_is_open (r, 0, NOON + 1200, &until));
  assert_int_equal (until, NOON + 1200 + 7 * 86400 - 600);
  /* The clock was put back: what was known of the window is asked anew. */
  assert_true (fettle_rollout_is_open (r, 0, NOON + 700, &until));
  fettle_rollout_ended (r, 0);
  fettle_rollout_ended (r, 2);
  /* One never opens, the other can't be read, which is as good as never. */
  assert_int_equal (fettle_rollout_next (r, NOON + 700, &i, &until), FETTLE_ROLLOUT_LATER);
  assert_int_equal (fettle_rollout_set_window (r, 1, "always", &err), FETTLE_OK);
  assert_int_equal (fettle_rollout_next (r, NOON + 700, &i, &until), FETTLE_ROLLOUT_BEGIN);
  assert_int_equal (i, 1);
  fettle_rollout_free (r);
}

static void
test_bad_rules (void **st)
{
  static const char *const bad[] = {
    "{\"batch\": 1}", "{\"batch\": \"\"}", "{\"batch\": \"0\"}", "{\"batch\": \"1,,2\"}",
    "{\"batch\": \"101%\"}", "{\"batch\": \"-1\"}", "{\"batch\": \"1,\"}", "{\"batch\": \"%\"}",
    "{\"max_failures\": -1}", "{\"max_failures\": \"101%\"}", "{\"max_failures\": true}",
    "{\"max_parallel\": 0}", "{\"max_parallel\": {\"rack\": 1}}", "{\"max_parallel\": {\"type:\": 1}}",
    "{\"max_parallel\": {\"all\": \"3\"}}", "{\"max_parallel\": \"3\"}",
    "{\"pause_after_canary\": 1}", "{\"approve\": \"yes\"}", "{\"at\": 5}", "{\"at\": \"soon\"}",
    "{\"window\": \"sometimes\"}", "{\"window\": 3}", "{\"ignore_windows\": null, \"at\": \"\"}",
  };
  struct fettle_rollout_rules rules;
  struct fettle_error err;

  (void) st;
  for (size_t i = 0; i < COUNT (bad); i++) {
    _cleanup_json_ json_t *options = json_loads (bad[i], 0, NULL);

    assert_non_null (options);
    if (fettle_rollout_rules_read (options, &rules, &err) != FETTLE_E_CONFIG)
      fail_msg ("%s was taken", bad[i]);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_batches),  cmocka_unit_test (test_enclosure),
    cmocka_unit_test (test_duration), cmocka_unit_test (test_forecast_dst),
    cmocka_unit_test (test_forecast_steps), cmocka_unit_test (test_forecast_random),
    cmocka_unit_test (test_windows),
    cmocka_unit_test (test_bad_rules), cmocka_unit_test (test_random),
  };
  const char *given = getenv ("FETTLE_TEST_SEED");

  seed = given ? strtoull (given, NULL, 10) : (unsigned long long) time (NULL) * 2654435761u;
  state = seed | 1;
  return cmocka_run_group_tests (tests, NULL, NULL);
}
