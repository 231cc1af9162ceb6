/* sum-run.c - a silent run: nodes, baseline, inventory, deployment, logs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/job.h"
#include "cli/sum.h"

struct run {
  struct fettle_cli *cli;
  struct fettle_client *client;
  const json_t *given;
  json_t *names;      /* of the nodes that are still in */
  json_t *all;        /* of those that were asked for */
  json_t *baseline;
  json_t *jobs;       /* deployments, as they ended */
  size_t failed;      /* nodes that are out because of an error */
  char logs[PATH_MAX];
};

static void
clear_run (struct run *r)
{
  fettle_client_free (r->client);
  json_decref (r->names);
  json_decref (r->all);
  json_decref (r->baseline);
  json_decref (r->jobs);
}

/* To stdout, and into the log of each node that is still in. */
static void
say (const struct run *r, const char *text)
{
  const json_t *name;
  size_t i;

  puts (text);
  fflush (stdout);
  json_array_foreach (r->names, i, name)
    fettle_sum_log (r->logs, json_string_value (name), FETTLE_SUM_LOG, "%s", text);
}

/* The worse of two exit codes. */
static int
worse (int a, int b)
{
  static const int order[] = { 255, 254, 253, 252, 1, 0, 3 };

  for (size_t i = 0; i < COUNT (order); i++)
    if (a == order[i] || b == order[i])
      return order[i];
  return FETTLE_EXIT_GENERAL;
}

/* ---- Nodes ---- */

static fettle_result
add_name (struct run *r, const json_t *node, struct fettle_error *err)
{
  const char *name = fettle_sum_text (node, "name");

  json_array_append_new (r->names, json_string (name));
  return fettle_sum_log_begin (r->logs, name, err);
}

static fettle_result
add_group (struct run *r, const char *group, struct fettle_error *err)
{
  _cleanup_json_ json_t *answer = NULL;
  char selector[256];
  _cleanup_free_ char *path = NULL;
  const json_t *node;
  size_t i;

  snprintf (selector, sizeof selector, "group=%.200s", group);
  path = fettle_client_path ("/nodes?select=", selector, "");
  if (fettle_client_call (r->client, "GET", path, NULL, &answer, err))
    return err->code;
  json_array_foreach (json_object_get (answer, "nodes"), i, node)
    if (add_name (r, node, err))
      return err->code;
  return i ? FETTLE_OK : fettle_error_set (err, FETTLE_E_CONFIG, "the group %.200s has no nodes", group);
}

static fettle_result
add_nodes (struct run *r, struct fettle_error *err)
{
  const json_t *nodes = json_object_get (r->given, "nodes"), *login = json_object_get (r->given, "login");
  const char *group = fettle_sum_text (r->given, "group");
  _cleanup_json_ json_t *local = json_array ();
  const json_t *node;
  size_t i;

  if (group && add_group (r, group, err))
    return err->code;
  if (!group && json_array_size (nodes) == 0) {
    json_t *here = login ? json_copy ((json_t *) login) : json_object ();

    json_object_set_new (here, "target", json_string ("localhost"));
    json_array_append_new (local, here);
    nodes = local;
  }
  json_array_foreach (nodes, i, node) {
    _cleanup_json_ json_t *known = NULL;

    if (fettle_sum_node (r->client, node, &known, err) || add_name (r, known, err))
      return err->code;
  }
  r->all = json_copy (r->names);
  return FETTLE_OK;
}

static void
drop (struct run *r, const char *name)
{
  for (size_t i = json_array_size (r->names); i-- > 0;)
    if (strcmp (json_string_value (json_array_get (r->names, i)), name) == 0)
      json_array_remove (r->names, i);
}

/* ---- Inventory ---- */

/* Is it an error that /continue_on_error names? */
static bool
is_tolerated (const struct run *r, const char *code)
{
  const char *word = strcmp (code, "auth") == 0 ? "BadPassword" : "ServerNotFound";
  const json_t *value;
  size_t i;

  json_array_foreach (json_object_get (r->given, "continue_on_error"), i, value)
    if (strcmp (json_string_value (value), word) == 0)
      return strcmp (code, "auth") == 0 || strcmp (code, "unreachable") == 0
             || strcmp (code, "timeout") == 0;
  return false;
}

/* 0, or why no more can be done. */
static int
look_at (struct run *r, const json_t *task)
{
  const char *name = fettle_sum_text (task, "name"), *state = fettle_sum_text (task, "state"),
             *type = fettle_sum_text (task, "type");
  const json_t *error = json_object_get (task, "error");
  const char *code = fettle_sum_text (error, "code"), *why = fettle_sum_text (error, "message");
  char upper[64];
  size_t n = 0;

  if (strcmp (state, "done") == 0) {
    for (; type && type[n] && n < sizeof upper - 1; n++)
      upper[n] = type[n] >= 'a' && type[n] <= 'z' ? (char) (type[n] - 'a' + 'A') : type[n];
    upper[n] = '\0';
    fettle_sum_log (r->logs, name, FETTLE_SUM_LOG, "Scouting completed, node type:%s\n"
                    "Inventory started\nInventory completed\n", upper);
    if (fettle_sum_is (r->given, "skip_ilo") && strcmp (upper, "ILO") == 0) {
      fettle_sum_log (r->logs, name, FETTLE_SUM_LOG, "Left out: /skip_ilo\nExit status: 3");
      drop (r, name);
    }
    return FETTLE_EXIT_DONE;
  }
  fprintf (stderr, "smartupdate: %s: %s\n", name, why ? why : state);
  fettle_sum_log (r->logs, name, FETTLE_SUM_LOG, "Inventory failed: %s\n\nExit status: 255",
                  why ? why : state);
  drop (r, name);
  r->failed++;
  return code && is_tolerated (r, code) ? FETTLE_EXIT_DONE : FETTLE_EXIT_GENERAL;
}

static int
inventory (struct run *r)
{
  json_t *options = json_object ();
  _cleanup_json_ json_t *started = NULL, *job = NULL;
  const json_t *task;
  struct fettle_error err;
  int code = FETTLE_EXIT_DONE;
  size_t i;

  if (fettle_sum_is (r->given, "open_firewall"))
    json_object_set_new (options, "open_firewall", json_true ());
  puts ("Inventory started");
  fflush (stdout);
  if (fettle_client_call (r->client, "POST", "/inventories",
                          json_pack ("{s:O s:o}", "nodes", r->names, "options", options), &started, &err)
      || fettle_follow (r->cli, &r->client, json_integer_value (json_object_get (started, "job")), &job,
                        &err))
    return fettle_sum_fail (&err);
  json_array_foreach (json_object_get (job, "tasks"), i, task)
    code = worse (code, look_at (r, task));
  puts ("Inventory completed");
  return code;
}

/* ---- Plan and deployment ---- */

static json_t *
base_options (const struct run *r)
{
  static const struct { const char *member, *option; } flags[] = {
    { "downgrade", "downgrade" }, { "rewrite", "rewrite" }, { "tpmbypass", "tpm_bypass" },
    { "open_firewall", "open_firewall" },
  }, dependencies[] = {
    { "OmitHost", "omit-host" }, { "Omit_Host", "omit-host" }, { "OmitComponent", "omit-component" },
    { "Omit_Component", "omit-component" }, { "Force", "force" },
  };
  const char *dependency = fettle_sum_text (r->given, "on_failed_dependency");
  json_t *o = json_object ();

  for (size_t i = 0; i < COUNT (flags); i++)
    if (fettle_sum_is (r->given, flags[i].member))
      json_object_set_new (o, flags[i].option, json_true ());
  json_object_set_new (o, "on_failed_dependency", json_string ("omit-host"));
  for (size_t i = 0; dependency && i < COUNT (dependencies); i++)
    if (strcmp (dependency, dependencies[i].member) == 0)
      json_object_set_new (o, "on_failed_dependency", json_string (dependencies[i].option));
  if (fettle_sum_is (r->given, "reboot_always") || fettle_sum_is (r->given, "reboot"))
    json_object_set_new (o, "reboot", json_string (fettle_sum_is (r->given, "reboot_always")
                                                     ? "always" : "if-needed"));
  if (fettle_sum_is (r->given, "reboot_delay"))
    json_object_set (o, "reboot_delay", json_object_get (r->given, "reboot_delay"));
  if (fettle_sum_is (r->given, "reboot_message"))
    json_object_set (o, "reboot_message", json_object_get (r->given, "reboot_message"));
  return o;
}

static void
put_part (json_t *options, bool firmware, bool software, bool forced)
{
  if (firmware && !software)
    json_object_set_new (options, "kinds", json_pack ("[s]", "firmware"));
  else if (software && !firmware)
    json_object_set_new (options, "kinds", json_pack ("[sss]", "driver", "package", "os"));
  if (forced) {
    json_object_set_new (options, "downgrade", json_true ());
    json_object_set_new (options, "rewrite", json_true ());
  }
}

/* What may be done, as one or two sets of options: /f:rom forces firmware and
 * treats the rest as usual. */
static size_t
make_passes (const struct run *r, json_t *passes[2])
{
  const char *force = fettle_sum_text (r->given, "force");
  bool rom = !fettle_sum_is (r->given, "softwareonly"), soft = !fettle_sum_is (r->given, "romonly");
  bool rom_forced = force && strcmp (force, "software") != 0;
  bool soft_forced = force && strcmp (force, "rom") != 0;

  passes[0] = base_options (r);
  if (rom && soft && rom_forced != soft_forced) {
    passes[1] = base_options (r);
    put_part (passes[0], true, false, rom_forced);
    put_part (passes[1], false, true, soft_forced);
    return 2;
  }
  put_part (passes[0], rom, soft, rom ? rom_forced : soft_forced);
  return 1;
}

static json_t *
make_request (const struct run *r, json_t *options)
{
  return json_pack ("{s:O s:[O] s:O}", "nodes", r->names, "baselines",
                    json_object_get (r->baseline, "name"), "options", options);
}

static bool
omits_hosts (const json_t *options)
{
  return strcmp (fettle_sum_text (options, "on_failed_dependency"), "omit-host") == 0;
}

/* What the plan alone says: problems of nodes, and what lacks something. */
static int
plan_code (const json_t *plan, const json_t *options)
{
  const json_t *node;
  int code = FETTLE_EXIT_NOTHING;
  size_t i;

  json_array_foreach (json_object_get (plan, "nodes"), i, node) {
    const char *problem = fettle_sum_text (node, "problem");

    if (!problem)
      continue;
    fprintf (stderr, "smartupdate: %s: %s\n", fettle_sum_text (node, "name"), problem);
    code = FETTLE_EXIT_COMPONENT;
  }
  if (json_integer_value (json_object_get (json_object_get (plan, "counts"), "blocked"))
      && omits_hosts (options))
    code = FETTLE_EXIT_COMPONENT;
  return code;
}

static fettle_result
print_plan (const struct run *r, const json_t *plan, struct fettle_error *err)
{
  _cleanup_json_ json_t *rows = fettle_sum_plan_rows (plan, NULL);

  return fettle_cli_print (r->cli, plan, rows, fettle_sum_plan_columns, FETTLE_SUM_PLAN_COLUMNS, err);
}

static int
deploy (struct run *r, json_t *options)
{
  _cleanup_json_ json_t *plan = NULL, *started = NULL, *request = make_request (r, options);
  json_t *job;
  struct fettle_error err;
  int code;

  if (fettle_client_call (r->client, "POST", "/plans", json_incref (request), &plan, &err))
    return fettle_sum_fail (&err);
  code = plan_code (plan, options);
  if (fettle_sum_is (r->given, "dryrun")) {
    if (print_plan (r, plan, &err))
      return fettle_sum_fail (&err);
    return fettle_sum_plan_count (plan) ? worse (code, FETTLE_EXIT_DONE) : code;
  }
  if (fettle_sum_plan_count (plan) == 0)
    return code;
  json_object_set (request, "plan", json_object_get (plan, "hash"));
  if (fettle_client_call (r->client, "POST", "/deployments", json_incref (request), &started, &err)
      || fettle_follow (r->cli, &r->client, json_integer_value (json_object_get (started, "job")), &job,
                        &err))
    return fettle_sum_fail (&err);
  json_array_append_new (r->jobs, job);
  return worse (code, (int) json_integer_value (json_object_get (job, "exit_code")));
}

static int
reports (struct run *r, json_t *options)
{
  const char *folder = fettle_sum_text (r->given, "reportdir");
  _cleanup_json_ json_t *plan = NULL;
  struct fettle_error err;

  if (fettle_client_call (r->client, "POST", "/plans", make_request (r, options), &plan, &err)
      || fettle_sum_reports (r->client, folder ? folder : r->logs, r->given, r->names, r->baseline, plan,
                             &err))
    return fettle_sum_fail (&err);
  return FETTLE_EXIT_DONE;
}

static int
do_passes (struct run *r)
{
  json_t *passes[2] = { NULL, NULL };
  size_t n = make_passes (r, passes);
  struct fettle_error err;
  int code = FETTLE_EXIT_NOTHING;

  for (size_t i = 0; i < n; i++)
    if (fettle_sum_components (r->given, r->baseline, passes[i], &err)) {
      code = fettle_sum_fail (&err);
      n = 0;
    }
  if (n && fettle_sum_wants_report (r->given))
    code = reports (r, passes[0]);
  else
    for (size_t i = 0; i < n; i++)
      code = worse (code, deploy (r, passes[i]));
  json_decref (passes[0]);
  json_decref (passes[1]);
  return code;
}

/* ---- All of it ---- */

static void
end_logs (struct run *r, int code)
{
  const json_t *name;
  size_t i;

  json_array_foreach (r->names, i, name) {
    const char *node = json_string_value (name);

    if (json_array_size (r->jobs))
      fettle_sum_log_tasks (r->logs, node, r->jobs);
    fettle_sum_log (r->logs, node, FETTLE_SUM_LOG, "Exit status: %d", code);
    if (!fettle_sum_wants_report (r->given))
      fettle_sum_details (r->logs, node, r->jobs, code);
  }
  printf ("Exit status: %d\n", code);
  fflush (stdout);
}

static int
run (struct run *r)
{
  char location[PATH_MAX];
  struct fettle_error err;
  int code;

  if (fettle_sum_location (r->given, location, &err) || add_nodes (r, &err)
      || fettle_sum_baseline (r->cli, &r->client, location, &r->baseline, &err))
    return fettle_sum_fail (&err);
  code = inventory (r);
  if (code == FETTLE_EXIT_DONE && json_array_size (r->names)) {
    say (r, "Analysis started");
    say (r, "Analysis completed\n");
    code = do_passes (r);
  }
  else if (code == FETTLE_EXIT_DONE)
    code = r->failed ? FETTLE_EXIT_GENERAL : FETTLE_EXIT_NOTHING;
  end_logs (r, code);
  return code;
}

/* Other commands deploy from all baselines that there are: this one was for
 * this run. */
static void
forget_baseline (struct run *r)
{
  const char *name = r->baseline ? fettle_sum_text (r->baseline, "name") : NULL;
  _cleanup_free_ char *path = fettle_client_path ("/baselines/", name ? name : "", "");
  struct fettle_error ignored;

  if (name && !fettle_sum_is (r->given, "keep"))
    fettle_client_call (r->client, "DELETE", path, NULL, NULL, &ignored);
}

int
fettle_sum_run (struct fettle_cli *cli, const json_t *given)
{
  _cleanup_ (clear_run) struct run r = { .cli = cli, .given = given, .names = json_array (),
                                         .jobs = json_array () };
  struct fettle_error err;
  bool started;
  int code;

  fettle_sum_log_folder (cli, fettle_sum_text (given, "logdir"), r.logs, sizeof r.logs);
  if (fettle_sum_open (cli, &r.client, &started, &err))
    return fettle_sum_fail (&err);
  if (!started && fettle_sum_check_ports (given, r.client))
    return FETTLE_EXIT_GENERAL;
  code = run (&r);
  forget_baseline (&r);
  fettle_client_free (STEAL (r.client));
  if (started)
    fettle_sum_close (cli);
  return code;
}
