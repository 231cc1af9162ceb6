/* engine-rollout.c - rollouts of the engine: pauses, thresholds, windows, what a
 * job left undone; each of them across the end of the service.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit/engine-lib.h"

#define FLEET 6

static void
restart (void)
{
  frozen = true; /* what is under way is lost */
  stop ();
  under_way = 0;
  start ();
}

static void
make_fleet (const char *first)
{
  static const char *const names[FLEET] = { "a", "b", "c", "d", "e", "f" };

  for (size_t i = 0; i < FLEET; i++)
    add_node (names[i], i == 0 ? first : "");
  add_baseline ();
  inventory ();
}

/* Options are text, with ' for quotes. */
static json_t *
json_of (const char *text)
{
  _cleanup_free_ char *copy = strdup (text);
  json_t *json;

  for (char *p = copy; *p; p++)
    if (*p == '\'')
      *p = '"';
  json = json_loads (copy, 0, NULL);
  if (!json)
    fail_msg ("%s", text);
  return json;
}

static void
deploy_by (const char *body)
{
  call (fettle_api_deployments, NULL, json_of (body));
  if (status != 202)
    fail_msg ("%s", json_string_value (json_object_get (reply, "detail")));
}

static const char *
job_says (const char *key)
{
  call (fettle_api_job_show, "last", NULL);
  return json_string_value (json_object_get (reply, key));
}

/* What it waits for, "" if it doesn't. */
static const char *
waits (void)
{
  const char *why;

  call (fettle_api_job_show, "last", NULL);
  why = json_string_value (json_object_get (json_object_get (reply, "rollout"), "waits"));
  return why ? why : "";
}

/* Runs until the job waits for this, and a while longer. */
static void
settle_waiting (const char *why)
{
  for (int i = 0; i < 20000 && strcmp (waits (), why) != 0; i++)
    pass ();
  for (int i = 0; i < 50; i++)
    pass ();
  assert_string_equal (waits (), why);
}

static unsigned
installed (void)
{
  unsigned n = 0;

  for (size_t i = 0; i < n_nodes; i++) {
    n += nodes[i].installs;
    assert_true (nodes[i].installs <= 1);
  }
  return n;
}

static void
tell (void (*handler) (void *, struct fettle_request *), int wanted)
{
  call (handler, "last", json_object ());
  assert_int_equal (status, wanted);
}

static void
test_canary (void **state)
{
  (void) state;
  make_fleet ("");
  deploy_by ("{'nodes': ['all'], 'options': {'batch': '1,2', 'pause_after_canary': true}}");
  settle_waiting ("canary");
  assert_int_equal (installed (), 1);
  restart ();
  settle_waiting ("canary");
  assert_int_equal (installed (), 1);
  tell (fettle_api_job_approve, 400);
  tell (fettle_api_job_resume, 200);
  /* Nobody asks twice, whenever the service ends. */
  for (int passes = 1; passes < 14; passes++) {
    for (int i = 0; i < passes; i++)
      pass ();
    restart ();
  }
  settle ();
  assert_int_equal (job_exit (), 0);
  assert_int_equal (installed (), FLEET);
}

static void
test_approval (void **state)
{
  (void) state;
  make_fleet ("");
  deploy_by ("{'nodes': ['all'], 'options': {'approve': true}}");
  settle_waiting ("approval");
  tell (fettle_api_job_resume, 400);
  restart ();
  settle_waiting ("approval");
  assert_int_equal (installed (), 0);
  /* What changed by other hands meanwhile isn't touched, nor what is there. */
  nodes[1].version = "2.0";
  nodes[2].version = "1.5";
  tell (fettle_api_job_approve, 200);
  settle ();
  assert_int_equal (installed (), FLEET - 2);
  assert_string_equal (job_text ("b", "state"), "done");
  assert_string_equal (job_text ("c", "state"), "blocked");
  assert_int_equal (nodes[1].installs + nodes[2].installs, 0);
}

static void
test_pause (void **state)
{
  (void) state;
  make_fleet ("");
  deploy_by ("{'nodes': ['all'], 'options': {'batch': '1'}}");
  tell (fettle_api_job_pause, 200);
  settle_waiting ("pause");
  restart ();
  settle_waiting ("pause");
  assert_int_equal (installed (), 0);
  tell (fettle_api_job_resume, 200);
  settle ();
  assert_int_equal (installed (), FLEET);
}

static void
test_threshold_and_resume (void **state)
{
  (void) state;
  make_fleet ("reject");
  deploy_by ("{'nodes': ['all'], 'options': {'batch': '1', 'max_failures': 0}}");
  settle ();
  assert_int_equal (installed (), 0);
  assert_string_equal (job_says ("state"), "aborted");
  assert_non_null (strstr (job_says ("message"), "1 of 6 nodes failed, and max_failures is 0"));
  assert_string_equal (job_text ("a", "state"), "failed");
  assert_string_equal (job_text ("f", "state"), "aborted");
  /* Only what failed: still refused. */
  deploy_by ("{'resume': 'last', 'retry_failed': true}");
  settle ();
  assert_string_equal (job_text ("a", "state"), "failed");
  assert_string_equal (job_text ("b", "state"), "no such task");
  /* All of the first job, whose rules hold but where they are changed. */
  nodes[0].behaviour = "";
  deploy_by ("{'resume': 3, 'options': {'batch': '2'}}");
  settle ();
  assert_int_equal (job_exit (), 0);
  assert_int_equal (installed (), FLEET);
  call (fettle_api_deployments, NULL, json_of ("{'resume': 'last'}"));
  assert_int_equal (status, 400);
  assert_non_null (strstr (json_string_value (json_object_get (reply, "detail")), "nothing undone"));
}

static void
test_window (void **state)
{
  (void) state;
  make_fleet ("");
  call (fettle_api_node_change, "a", json_of ("{'maintenance': 'never'}"));
  assert_int_equal (status, 200);
  deploy_by ("{'nodes': ['all'], 'options': {}}");
  settle_waiting ("window");
  assert_int_equal (installed (), FLEET - 1);
  restart ();
  settle_waiting ("window");
  assert_int_equal (nodes[0].installs, 0);
  call (fettle_api_node_change, "a", json_of ("{'maintenance': 'always'}"));
  settle ();
  assert_int_equal (installed (), FLEET);
  assert_int_equal (job_exit (), 0);
}

static void
test_abort_is_kept (void **state)
{
  (void) state;
  make_fleet ("");
  deploy_by ("{'nodes': ['all'], 'options': {'at': '2999-01-01T00:00Z'}}");
  settle_waiting ("time");
  call (fettle_api_job_abort, "last", json_of ("{'hard': false}"));
  restart ();
  settle ();
  assert_int_equal (installed (), 0);
  assert_string_equal (job_says ("state"), "aborted");
  assert_string_equal (job_text ("a", "state"), "aborted");
}

static void
test_pair_and_limits (void **state)
{
  (void) state;
  make_fleet ("");
  call (fettle_api_node_change, "a", json_of ("{'labels': {'pair': 'x'}}"));
  call (fettle_api_node_change, "b", json_of ("{'labels': {'pair': 'x'}}"));
  most_under_way = 0;
  deploy_by ("{'nodes': ['a', 'b'], 'options': {}}");
  settle ();
  assert_int_equal (most_under_way, 1);
  most_under_way = 0;
  deploy_by ("{'nodes': ['c', 'd', 'e', 'f'], 'options': {'max_parallel': {'type:test': 2}}}");
  settle ();
  assert_int_equal (most_under_way, 2);
  assert_int_equal (installed (), FLEET);
}

/* A printed plan is deployed as it is, or refused with what is different. */
static void
test_plan_value (void **state)
{
  json_t *plan, *changed;

  (void) state;
  make_fleet ("");
  call (fettle_api_plans, NULL, json_of ("{'nodes': ['a', 'b']}"));
  plan = json_deep_copy (reply);
  assert_true (json_integer_value (json_object_get (json_object_get (plan, "estimate"), "seconds"))
               > 0);
  changed = json_deep_copy (plan);
  json_object_set_new (json_array_get (json_object_get (changed, "nodes"), 0), "name",
                       json_string ("other"));
  call (fettle_api_deployments, NULL, json_pack ("{s:o}", "plan", changed));
  assert_int_equal (status, 400);
  assert_non_null (strstr (json_string_value (json_object_get (reply, "detail")), "was changed"));
  nodes[1].version = "2.0";
  inventory ();
  call (fettle_api_deployments, NULL, json_pack ("{s:O}", "plan", plan));
  assert_int_equal (status, 400);
  assert_non_null (strstr (json_string_value (json_object_get (reply, "detail")),
                           "b: tool.deb: was upgrade 1.0 -> 2.0, is same"));
  nodes[1].version = "1.0";
  inventory ();
  call (fettle_api_deployments, NULL, json_pack ("{s:o}", "plan", plan));
  assert_int_equal (status, 202);
  settle ();
  assert_int_equal (installed (), 2);
}

static void
test_restore (void **state)
{
  (void) state;
  make_fleet ("");
  call (fettle_api_snapshots_add, NULL, json_of ("{'name': 'before', 'nodes': ['a']}"));
  assert_int_equal (status, 201);
  deploy_by ("{'nodes': ['a', 'b']}");
  settle ();
  /* The baseline has 2.0 only: that is said of each. */
  call (fettle_api_plans, NULL, json_of ("{'restore': 'last'}"));
  assert_int_equal (status, 200);
  assert_int_equal (json_integer_value (json_object_get (json_object_get (reply, "counts"),
                                                         "blocked")), 2);
  call (fettle_api_plans, NULL, json_of ("{'snapshot': 'before'}"));
  assert_int_equal (json_array_size (json_object_get (reply, "nodes")), 1);
  call (fettle_api_deployments, NULL, json_of ("{'snapshot': 'before'}"));
  assert_int_equal (status, 202);
  settle ();
  assert_string_equal (job_text ("a", "state"), "blocked");
  call (fettle_api_plans, NULL, json_of ("{'snapshot': 'never'}"));
  assert_int_equal (status, 400);
  call (fettle_api_snapshot_remove, "before", NULL);
  call (fettle_api_snapshots_list, NULL, NULL);
  assert_int_equal (json_array_size (json_object_get (reply, "snapshots")), 0);
}

/* An enclosure tells of what belongs to it; the chosen node comes first, and
 * two of a pair never run at once. */
static void
test_association (void **state)
{
  json_t *node;

  (void) state;
  make_fleet ("enclosure");
  call (fettle_api_node_show, "b", NULL);
  assert_int_equal (json_integer_value (json_object_get (reply, "parent")), 1);
  assert_string_equal (json_string_value (json_object_get (reply, "location")), "Bay 2");
  call (fettle_api_node_show, "bay9", NULL);
  assert_int_equal (status, 200);
  assert_string_equal (json_string_value (json_object_get (reply, "type")), "auto");
  assert_string_equal (json_string_value (json_object_get (reply, "auth")), "none");
  call (fettle_api_plans, NULL, json_of ("{'nodes': ['b'], 'options': {'associated': true}}"));
  node = json_object_get (reply, "nodes");
  assert_int_equal (json_array_size (node), 3); /* b, a, and the new one */
  most_under_way = 0;
  deploy_by ("{'nodes': ['b'], 'options': {'associated': true}}");
  settle ();
  assert_int_equal (most_under_way, 1); /* b before a */
  assert_int_equal (nodes[0].installs + nodes[1].installs, 2);
  assert_int_equal (installed (), 2);
}

static void
test_restart_delay (void **state)
{
  (void) state;
  make_fleet ("");
  deploy_by ("{'nodes': ['a'], 'options': {'reboot': 'always', 'reboot_delay': 1,"
             " 'reboot_message': 'new tool'}}");
  settle ();
  assert_string_equal (job_text ("a", "state"), "done");
  call (fettle_api_deployments, NULL, json_of ("{'nodes': ['b'], 'options': {'reboot_delay': 4000}}"));
  assert_int_equal (status, 400);
}

int
main (void)
{
#define T(f) cmocka_unit_test_setup_teardown (f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    T (test_canary),  T (test_approval),      T (test_pause),      T (test_threshold_and_resume),
    T (test_window),  T (test_abort_is_kept), T (test_pair_and_limits), T (test_plan_value),
    T (test_restore), T (test_association), T (test_restart_delay),
  };

  set_up_plugins ();
  return cmocka_run_group_tests (tests, NULL, NULL);
}
