/* sum-console-deploy.c - the console's commands around a deployment: deploy,
 * reports, logs, abort.  SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/job.h"
#include "cli/sum-console.h"

static bool
is_true (const json_t *labels, const char *name)
{
  const char *value = fettle_sum_text (labels, name);

  return value && strcasecmp (value, "true") == 0;
}

/* What /setattributes said of the node, as parameters of a silent run. */
static void
take_attributes (const json_t *labels, json_t *given)
{
  static const char *const modes[] = { "OmitHost", "OmitComponent", "Force" };
  const char *mode = fettle_sum_text (labels, "sum.failed_dependency"),
             *action = fettle_sum_text (labels, "sum.action");

  for (size_t i = 0; mode && i < COUNT (modes); i++)
    if (strcasecmp (mode, modes[i]) == 0)
      json_object_set_new (given, "on_failed_dependency", json_string (modes[i]));
  if (is_true (labels, "sum.ignore_tpm"))
    json_object_set_new (given, "tpmbypass", json_true ());
  if (is_true (labels, "sum.rewrite"))
    json_object_set_new (given, "rewrite", json_true ());
  if (is_true (labels, "sum.downgrade"))
    json_object_set_new (given, "downgrade", json_true ());
  if (action && strcasecmp (action, "ifneeded") == 0)
    json_object_set_new (given, "reboot", json_true ());
  if (action && strcasecmp (action, "always") == 0)
    json_object_set_new (given, "reboot_always", json_true ());
}

static const char *
location_of (const struct console *c)
{
  const char *path = json_string_value (json_array_get (json_object_get (c->given, "baselines"), 0));

  return path ? path
              : json_string_value (json_array_get (json_object_get (c->session, "baselines"), 0));
}

/* One run for each node, since each has attributes of its own. */
int
fettle_console_deploy (struct console *c)
{
  const json_t *nodes = fettle_console_list (c, "nodes"), *name;
  const char *location = location_of (c);
  int code = FETTLE_EXIT_DONE;
  struct fettle_error err;
  size_t i;

  if (!location)
    return fettle_console_needs ("--baselines DIR, or an earlier inventory that had it");
  json_array_foreach (nodes, i, name) {
    _cleanup_free_ char *path = fettle_client_path ("/nodes/", json_string_value (name), "");
    _cleanup_json_ json_t *node = NULL, *given = NULL;
    int got;

    if (fettle_client_call (c->client, "GET", path, NULL, &node, &err))
      return fettle_console_fail (&err);
    given = json_pack ("{s:s s:[{s:O}] s:b}", "use_location", location, "nodes", "target", name,
                       "keep", 1);
    take_attributes (json_object_get (node, "labels"), given);
    got = fettle_sum_run (c->cli, given);
    code = got > 3 ? FETTLE_EXIT_COMMAND : code;
  }
  return i ? code : fettle_console_needs ("--nodes ADDRESS...");
}

int
fettle_console_reports (struct console *c)
{
  static const struct { const char *type, *report; } types[] = {
    { "installables", "report" }, { "deploy_preview", "report" }, { "inventory", "inventory_report" },
    { "firmware", "firmware_report" }, { "dependency", "dependency_report" },
    { "failed_dependency", "dependency_report" }, { "installed", "installed_report" },
    { "combined", "combined_report" },
  };
  const char *type = fettle_sum_text (c->given, "type"), *dir = fettle_sum_text (c->session, "report_dir");
  const json_t *names = fettle_console_list (c, "nodes");
  _cleanup_json_ json_t *given = json_object (), *plan = NULL, *baseline = NULL;
  char folder[PATH_MAX];
  struct fettle_error err;

  for (size_t i = 0; type && i < COUNT (types); i++)
    if (strcasecmp (types[i].type, type) == 0)
      json_object_set_new (given, types[i].report, json_true ());
  if (!json_object_size (given))
    return fettle_console_needs ("--type, one of Installables, inventory, firmware, dependency, installed,"
                                 " combined");
  if (!json_array_size (names))
    return fettle_console_needs ("--nodes ADDRESS...");
  fettle_sum_log_folder (c->cli, NULL, folder, sizeof folder);
  if (fettle_console_plan (c, names, &plan, &err)
      || (location_of (c)
          && fettle_sum_baseline (c->cli, &c->client, location_of (c), &baseline, &err))
      || fettle_sum_reports (c->client, dir ? dir : folder, given, names, baseline, plan, &err))
    return fettle_console_fail (&err);
  return FETTLE_EXIT_DONE;
}

int
fettle_console_logs (struct console *c)
{
  char folder[PATH_MAX];

  fettle_sum_log_folder (c->cli, NULL, folder, sizeof folder);
  printf ("The logs are in %s, in a folder of each node's name.\n", folder);
  return FETTLE_EXIT_DONE;
}

int
fettle_console_abort (struct console *c)
{
  _cleanup_json_ json_t *all = NULL;
  const json_t *job;
  struct fettle_error err;
  size_t i, n = 0;

  if (fettle_client_call (c->client, "GET", "/jobs", NULL, &all, &err))
    return fettle_console_fail (&err);
  json_array_foreach (json_object_get (all, "jobs"), i, job) {
    char path[64];

    if (strcmp (fettle_sum_text (job, "state"), "running") != 0)
      continue;
    snprintf (path, sizeof path, "/jobs/%lld/abort",
              (long long) json_integer_value (json_object_get (job, "id")));
    if (fettle_client_call (c->client, "POST", path, json_object (), NULL, &err))
      return fettle_console_fail (&err);
    n++;
  }
  printf ("%zu job%s aborted\n", n, n == 1 ? "" : "s");
  return n ? FETTLE_EXIT_DONE : FETTLE_EXIT_NOTHING;
}
