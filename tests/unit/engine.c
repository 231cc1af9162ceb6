/* engine.c - the engine against nodes of its own: a pool that answers as a
 * node would, in the same process, with failures on demand.
 *
 * What is checked is what an administrator relies on: the true state of each
 * node in the end, nothing installed twice, nothing forgotten, after a crash
 * as well.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit/engine-lib.h"

/* ---- Tests ---- */

static void
test_main_job (void **state)
{
  (void) state;
  add_node ("good", "");
  add_node ("slow", "again");
  add_node ("wrong-password", "auth");
  add_baseline ();
  inventory ();
  assert_int_equal (job_exit (), 253);
  assert_string_equal (job_text ("good", "state"), "done");
  assert_string_equal (job_text ("wrong-password", "state"), "failed");
  begin_job (fettle_api_deployments);
  settle ();
  assert_string_equal (job_text ("good", "state"), "done");
  assert_string_equal (job_text ("good", "found"), "2.0");
  assert_string_equal (job_text ("slow", "state"), "done");
  assert_int_equal (node_named ("slow")->calls, 2);
  assert_string_equal (job_text ("wrong-password", "state"), "failed");
  assert_int_equal (node_named ("wrong-password")->calls, 0);
  assert_int_equal (job_exit (), 253);
}

static void
test_nothing_needed (void **state)
{
  (void) state;
  add_node ("good", "");
  nodes[0].version = "2.0";
  add_baseline ();
  inventory ();
  begin_job (fettle_api_deployments);
  settle ();
  assert_int_equal (job_exit (), 3);
  assert_int_equal (nodes[0].installs, 0);
}

/* Success is what the inventory finds, not what the node says. */
static void
test_liar_and_late (void **state)
{
  (void) state;
  add_node ("liar", "lies");
  add_node ("late", "late");
  add_node ("crash", "crash");
  add_node ("reject", "reject");
  add_baseline ();
  inventory ();
  begin_job (fettle_api_deployments);
  settle ();
  assert_string_equal (job_text ("liar", "state"), "failed");
  assert_string_equal (job_text ("late", "state"), "done");
  assert_int_equal (node_named ("late")->installs, 1);
  assert_string_equal (job_text ("crash", "state"), "failed");
  assert_string_equal (job_text ("reject", "state"), "failed");
  /* What may have left something behind was cleaned up. */
  assert_int_equal (node_named ("late")->cleanups, 1);
  assert_int_equal (node_named ("crash")->cleanups, 1);
  assert_int_equal (node_named ("liar")->cleanups, 0);
}

/* The service dies at each moment of a deployment; another goes on. */
static void
test_crash (void **state)
{
  static const char *const behaviours[] = { "", "again" };

  (void) state;
  add_node ("a", behaviours[0]);
  add_node ("b", behaviours[1]);
  add_baseline ();
  inventory ();
  begin_job (fettle_api_deployments);
  for (int passes = 1; passes < 12; passes++) {
    for (int i = 0; i < passes; i++)
      pass ();
    frozen = true; /* what is under way is lost */
    stop ();
    under_way = 0;
    start ();
  }
  settle ();
  assert_string_equal (job_text ("a", "state"), "done");
  assert_string_equal (job_text ("b", "state"), "done");
  assert_int_equal (nodes[0].installs, 1);
  assert_int_equal (nodes[1].installs, 1);
  assert_int_equal (job_exit (), 0);
}

/* It was installed, and the service died before it heard of it. */
static void
test_crash_after_install (void **state)
{
  (void) state;
  add_node ("a", "");
  add_baseline ();
  inventory ();
  frozen = true;
  begin_job (fettle_api_deployments);
  settle ();
  assert_string_equal (job_text ("a", "state"), "installing");
  nodes[0].version = "2.0";
  stop ();
  start ();
  settle ();
  assert_string_equal (job_text ("a", "state"), "done");
  assert_int_equal (nodes[0].installs, 0);
  assert_int_equal (nodes[0].cleanups, 1);
}

static void
test_limits_and_abort (void **state)
{
  char id[24];
  int64_t job;

  (void) state;
  add_node ("a", "");
  add_node ("b", "");
  add_node ("c", "");
  settings.workers = 2;
  add_baseline ();
  inventory ();
  assert_int_equal (most_under_way, 2);
  frozen = true;
  job = begin_job (fettle_api_deployments);
  settle ();
  /* A node is in one job at a time. */
  call (fettle_api_inventories, NULL, json_pack ("{s:[s]}", "nodes", "c"));
  assert_string_equal (json_string_value (json_object_get (reply, "code")), "busy");
  snprintf (id, sizeof id, "%lld", (long long) job);
  call (fettle_api_job_abort, id, json_pack ("{s:b}", "hard", 0));
  assert_string_equal (job_text ("c", "state"), "installing");
}

static void
test_changed_file (void **state)
{
  char path[128];

  (void) state;
  add_node ("a", "");
  add_baseline ();
  inventory ();
  snprintf (path, sizeof path, "%s/base/tool.deb", folder);
  write_file (path, "tool 2.x");
  begin_job (fettle_api_deployments);
  settle ();
  assert_string_equal (job_text ("a", "state"), "failed");
  assert_int_equal (nodes[0].installs, 0);
}

static void
test_bad_input (void **state)
{
  static const struct {
    const char *body, *says;
  } rows[] = {
    { "{\"nodes\": [{\"address\": \"127.0.1.1\", \"type\": \"lnux\"}]}", "no node type lnux" },
    { "{\"nodes\": [{\"address\": \"a b\"}]}", "the address" },
    { "{\"nodes\": [{\"address\": \"127.0.1.1\", \"adress\": \"x\"}]}", "no member adress" },
    { "{\"nodes\": [{\"address\": \"127.0.1.1\", \"settings\": {\"x\": \"1\"}}]}", "no setting x" },
    { "{\"nodes\": [{\"address\": \"127.0.1.9\"}, {\"address\": \"127.0.1.9\"}]}", "already" },
  };

  (void) state;
  for (size_t i = 0; i < COUNT (rows); i++) {
    call (fettle_api_nodes_add, NULL, json_loads (rows[i].body, 0, NULL));
    assert_int_equal (status, 400);
    assert_non_null (strstr (json_string_value (json_object_get (reply, "detail")), rows[i].says));
  }
  call (fettle_api_nodes_list, NULL, NULL);
  assert_int_equal (json_array_size (json_object_get (reply, "nodes")), 0);
}

/* Before anything is touched; who is blocked holds nobody else up. */
static void
test_blocked_way (void **state)
{
  const json_t *way;

  (void) state;
  add_node ("good", "");
  add_node ("shut", "shut");
  add_node ("restarting", "restarting");
  add_baseline ();
  inventory ();
  begin_job (fettle_api_deployments);
  settle ();
  assert_string_equal (job_text ("good", "state"), "done");
  assert_int_equal (node_named ("good")->looks, 1);
  assert_string_equal (job_text ("restarting", "state"), "done");
  assert_int_equal (node_named ("restarting")->looks, 2);
  assert_string_equal (job_text ("shut", "state"), "blocked");
  assert_int_equal (node_named ("shut")->calls, 0);
  assert_int_equal (job_exit (), 253);
  call (fettle_api_plans, NULL, json_pack ("{s:[s]}", "nodes", "shut"));
  way = json_array_get (json_object_get (json_array_get (json_object_get (reply, "nodes"), 0),
                                         "blocked_ways"), 0);
  assert_string_equal (json_string_value (json_object_get (way, "verdict")), "nothing-listens");
  assert_int_equal (json_integer_value (json_object_get (way, "port")), 22);

  node_named ("shut")->behaviour = "";
  call (fettle_api_deployments, NULL, json_pack ("{s:[s] s:{s:b}}", "nodes", "shut", "options",
                                                 "check", 0));
  settle ();
  assert_int_equal (node_named ("shut")->looks, 2);
  assert_int_equal (node_named ("shut")->installs, 1);
}

/* The secret is nowhere but sealed. */
static void
test_secret (void **state)
{
  char path[128], command[256];

  (void) state;
  add_node ("a", "");
  inventory ();
  call (fettle_api_node_show, "a", NULL);
  assert_null (json_object_get (reply, "credentials"));
  stop ();
  snprintf (path, sizeof path, "%s", folder);
  snprintf (command, sizeof command, "! grep -rqa 'very secret' %s", path);
  assert_int_equal (system (command), 0);
  start ();
}

static void
test_type_found_out (void **state)
{
  (void) state;
  add_node ("a", "");
  call (fettle_api_node_change, "a", json_pack ("{s:s}", "type", "auto"));
  assert_int_equal (status, 200);
  inventory ();
  assert_string_equal (job_text ("a", "type"), "test");
  call (fettle_api_node_change, "a", json_pack ("{s:s}", "type", "later"));
  inventory ();
  assert_string_equal (job_text ("a", "state"), "failed");
}

int
main (void)
{
#define T(f) cmocka_unit_test_setup_teardown (f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    T (test_main_job),  T (test_nothing_needed),      T (test_liar_and_late),
    T (test_crash),     T (test_crash_after_install), T (test_limits_and_abort),
    T (test_changed_file), T (test_bad_input), T (test_blocked_way), T (test_secret), T (test_type_found_out),
  };

  set_up_plugins ();
  return cmocka_run_group_tests (tests, NULL, NULL);
}
