/* deploy.c - fettle plan and deploy.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/deploy.h"
#include "cli/secret.h"

static const struct fettle_column columns[] = {
  { "NODE",      "name",      false, false },
  { "COMPONENT", "component", false, true },
  { "BASELINE",  "baseline",  false, false },
  { "INSTALLED", "installed", false, false },
  { "OFFERED",   "offered",   false, false },
  { "ACTION",    "action",    false, false },
  { "SIGNATURE", "signature", false, false },
  { "WHY",       "why",       false, true },
};

#define PLAN_OPTIONS                                                                            \
  FETTLE_SELECTOR_OPTION,                                                                       \
  { "baseline",        0, "BASELINE", "only components of this baseline; may be repeated" },    \
  { "downgrade",       0, NULL,       "install lower versions too" },                           \
  { "rewrite",         0, NULL,       "install the same version again too" },                   \
  { "install-missing", 0, NULL,       "install what isn't on the node yet" },                   \
  { "component",       0, "ID",       "only this component; may be repeated" },                 \
  { "kind",            0, "firmware|driver|package|os",                                         \
    "only components of this kind; may be repeated" },                                          \
  { "associated",      0, NULL,       "the nodes that belong to the same enclosures too" },     \
  { "resume",          0, "JOB",      "what that deployment didn't do, on its nodes" },         \
  { "retry-failed",    0, NULL,       "with --resume: only what failed" },                      \
  { "all",             0, NULL,       "show components that aren't for the node too" }

/* ---- The plan ---- */

static bool
is_deployed (const char *action)
{
  return strcmp (action, "upgrade") == 0 || strcmp (action, "downgrade") == 0
         || strcmp (action, "rewrite") == 0 || strcmp (action, "install") == 0;
}

/* What the last check found in the way: "from tcp 63001: ..., as of ...". */
static void
add_blocked_ways (json_t *rows, const json_t *node)
{
  const json_t *way;
  size_t i;

  json_array_foreach (json_object_get (node, "blocked_ways"), i, way) {
    const char *direction = NULL, *protocol = NULL, *sentence = NULL, *seen = NULL, *mend = NULL;
    json_int_t port = 0;
    char why[1400];

    json_unpack ((json_t *) way, "{s?s s?s s?I s?s s?s s?s}", "direction", &direction, "protocol",
                 &protocol, "port", &port, "sentence", &sentence, "seen", &seen, "mend", &mend);
    snprintf (why, sizeof why, "%s %s %d, as of %s: %s%s%s", direction ? direction : "",
              protocol ? protocol : "", (int) port, seen ? seen : "the last check",
              sentence ? sentence : "", mend ? "; mend it with: " : "", mend ? mend : "");
    json_array_append_new (rows, json_pack ("{s:O* s:s s:s}", "name", json_object_get (node, "name"),
                                            "action", "way blocked", "why", why));
  }
}

struct size {
  unsigned long components, nodes, problems;
};

/* Rows {name, component, ...} for the table, and how much there is to do. */
static json_t *
plan_rows (const json_t *plan, bool all, struct size *ret)
{
  json_t *rows = json_array ();
  const json_t *node, *entry;
  size_t i, k;

  *ret = (struct size) { 0, 0, 0 };
  json_array_foreach (json_object_get (plan, "nodes"), i, node) {
    json_t *name = json_object_get (node, "name"), *problem = json_object_get (node, "problem");
    unsigned long before = ret->components;

    if (json_is_string (problem)) {
      ret->problems++;
      json_array_append_new (rows, json_pack ("{s:O* s:s s:O}", "name", name, "action", "problem",
                                              "why", problem));
    }
    add_blocked_ways (rows, node);
    json_array_foreach (json_object_get (node, "entries"), k, entry) {
      const char *action = json_string_value (json_object_get (entry, "action"));
      json_t *row;

      ret->components += action && is_deployed (action);
      if (!all && action && strcmp (action, "not-applicable") == 0)
        continue;
      row = json_copy ((json_t *) entry);
      json_object_set (row, "name", name);
      json_array_append_new (rows, row);
    }
    ret->nodes += ret->components > before;
  }
  return rows;
}

static void
say_estimate (struct fettle_cli *cli, const json_t *estimate)
{
  long long seconds = json_integer_value (json_object_get (estimate, "seconds"));
  long long restarts = json_integer_value (json_object_get (estimate, "restarts"));
  const char *ends = json_string_value (json_object_get (estimate, "ends"));

  if (!seconds)
    return;
  fettle_cli_notice (cli, "about %lld min of work, %lld restart%s", (seconds + 59) / 60, restarts,
                     restarts == 1 ? "" : "s");
  if (ends)
    fettle_cli_notice (cli, "begun now, with the waiting for windows: until %s; people not counted",
                       ends);
  else
    fettle_cli_notice (cli, "windows don't let it end within %d days", 60);
}

static void
tell_signatures (const struct fettle_cli *cli, const json_t *plan)
{
  const json_t *name;
  const char *baseline, *state, *words;
  size_t i;

  json_array_foreach (json_object_get (plan, "signatures"), i, name)
    if (!json_unpack ((json_t *) name, "{s:s s:s s:s}", "baseline", &baseline, "state", &state, "text",
                      &words) && strcmp (state, "signed") == 0)
      fettle_cli_notice (cli, "the baseline %s: %s", baseline, words);
  json_array_foreach (json_object_get (plan, "unsigned"), i, name)
    fprintf (stderr, "fettle: the baseline %s isn't signed by anybody trusted\n",
             json_string_value (name));
}

static fettle_result
print_plan (struct fettle_cli *cli, const json_t *plan, struct size *ret, struct fettle_error *err)
{
  _cleanup_json_ json_t *rows = plan_rows (plan, fettle_args_flag (cli->args, "all"), ret);
  const char *hash = json_string_value (json_object_get (plan, "hash"));
  char counts[512];

  if (fettle_cli_print (cli, plan, rows, columns, COUNT (columns), err))
    return err->code;
  fflush (cli->out);
  fettle_counts_text (json_object_get (plan, "counts"), counts, sizeof counts);
  tell_signatures (cli, plan);
  fettle_cli_notice (cli, "plan %s: %s", hash ? hash : "", *counts ? counts : "nothing is offered");
  say_estimate (cli, json_object_get (plan, "estimate"));
  return FETTLE_OK;
}

/* 0 something to do, 3 nothing, 252 when no node could be planned for, 253 when
 * there is something that nothing can be done about. */
static int
plan_status (const struct size *size, const json_t *plan)
{
  size_t nodes = json_array_size (json_object_get (plan, "nodes"));

  if (size->components)
    return FETTLE_EXIT_DONE;
  if (json_integer_value (json_object_get (json_object_get (plan, "counts"), "blocked")) > 0)
    return FETTLE_EXIT_COMPONENT;
  return size->problems && size->problems == nodes ? FETTLE_EXIT_COMMAND : FETTLE_EXIT_NOTHING;
}

static int
run_plan (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *request = NULL, *plan = NULL;
  struct fettle_error err;
  struct size size;

  /* Into a file goes what deploy --plan reads. */
  if (cli->output_path && !fettle_args_value (args, "format"))
    cli->format = FETTLE_FORMAT_JSON;
  if (fettle_deploy_request (args, &request, &err) || fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/plans", json_incref (request), &plan, &err)
      || print_plan (cli, plan, &size, &err))
    return fettle_cli_fail (&err);
  return plan_status (&size, plan);
}

static const struct fettle_option plan_options[] = {
  PLAN_OPTIONS,
  ROLLOUT_OPTIONS,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_plan = {
  "plan", NULL, "[NODE...]", 0, SIZE_MAX, "show what a deployment would do, and why",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, plan_options, run_plan,
};

/* ---- deploy ---- */

/* Somebody at a terminal is asked; a script has said what it wants. */
static bool
confirmed (struct fettle_cli *cli, const struct size *size)
{
  char question[160];

  if (fettle_args_flag (cli->args, "yes") || !isatty (STDIN_FILENO) || !isatty (STDERR_FILENO))
    return true;
  snprintf (question, sizeof question, "Deploy %lu component%s to %lu node%s?", size->components,
            size->components == 1 ? "" : "s", size->nodes, size->nodes == 1 ? "" : "s");
  return fettle_ask_yes (question);
}

/* Shows the plan where that is what is asked for, or where it must be looked
 * at before it is agreed to. */
static fettle_result
show_plan (struct fettle_cli *cli, const json_t *plan, struct size *ret, struct fettle_error *err)
{
  json_decref (plan_rows (plan, false, ret));
  if (fettle_args_flag (cli->args, "dry-run") || ret->components == 0
      || (cli->terminal && cli->format == FETTLE_FORMAT_TABLE))
    return print_plan (cli, plan, ret, err);
  return FETTLE_OK;
}

/* A plan that was kept, by its hash or as a whole, must be the one of now; what
 * is different, the service says best. */
static fettle_result
check_kept (struct fettle_client *client, const json_t *request, const json_t *plan,
            struct fettle_error *err)
{
  const json_t *kept = json_object_get (request, "plan");
  const json_t *wanted = json_is_object (kept) ? json_object_get (kept, "hash") : kept;
  _cleanup_json_ json_t *answer = NULL;

  if (!kept || json_equal (wanted, json_object_get (plan, "hash")))
    return FETTLE_OK;
  if (!fettle_client_call (client, "POST", "/deployments", json_deep_copy (request), &answer, err))
    return fettle_error_set (err, FETTLE_E_BUSY, "the plan changed while it was looked at, and then"
                                                 " was right again: it is being deployed");
  return err->code;
}

/* Nobody wants to look on while it waits for a person or a time. */
static int
follow (struct fettle_cli *cli, struct fettle_client **client, const json_t *request,
        const json_t *started)
{
  const json_t *options = json_object_get (request, "options");
  long long id = json_integer_value (json_object_get (started, "job"));
  bool approve = json_is_true (json_object_get (options, "approve"));

  if (!approve && !json_object_get (options, "at"))
    return fettle_job_run (cli, client, started);
  fettle_cli_notice (cli, approve ? "job %lld waits for approval: fettle job approve %lld"
                                  : "job %lld waits for its time: fettle status %lld", id, id);
  return fettle_job_leave (cli, started);
}

int
fettle_deploy_run (struct fettle_cli *cli, json_t *request)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *plan = NULL, *started = NULL;
  struct fettle_error err;
  struct size size;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/plans", json_deep_copy (request), &plan, &err)
      || check_kept (client, request, plan, &err) || show_plan (cli, plan, &size, &err))
    return fettle_cli_fail (&err);
  if (fettle_args_flag (cli->args, "dry-run") || size.components == 0)
    return plan_status (&size, plan);
  if (!confirmed (cli, &size)) {
    fettle_cli_notice (cli, "nothing was deployed");
    return FETTLE_EXIT_COMMAND;
  }
  if (!json_object_get (request, "plan"))
    json_object_set (request, "plan", json_object_get (plan, "hash"));
  if (fettle_client_call (client, "POST", "/deployments", json_incref (request), &started, &err))
    return fettle_cli_fail (&err);
  return follow (cli, &client, request, started);
}

static int
run_deploy (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_json_ json_t *request = NULL;
  struct fettle_error err;

  return fettle_deploy_request (args, &request, &err) ? fettle_cli_fail (&err)
                                                      : fettle_deploy_run (cli, request);
}

static const struct fettle_option deploy_options[] = {
  PLAN_OPTIONS,
  ROLLOUT_OPTIONS,
  START_OPTIONS,
  { "plan",    0,   "HASH|FILE", "deploy only if the plan is still this one" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_deploy = {
  "deploy", NULL, "[NODE...]", 0, SIZE_MAX, "bring nodes to what the baselines offer",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, deploy_options, run_deploy,
};
