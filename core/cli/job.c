/* job.c - fettle status, watch, abort, log; what commands that start a job
 * do with it.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/job.h"

static const struct fettle_column task_columns[] = {
  { "NODE",    "name",          false, false },
  { "ADDRESS", "address",       false, false },
  { "TYPE",    "type",          false, false },
  { "TASK",    "title",         false, true },
  { "FROM",    "from",          false, false },
  { "TO",      "to",            false, false },
  { "STATE",   "state",         false, false },
  { "REBOOT",  "reboot",        false, false },
  { "ERROR",   "error.message", false, true },
  { "NODE SAYS", "says",        false, true }, /* where a node has said something */
};

/* An inventory has no versions to show. */
static const struct fettle_column inventory_columns[] = {
  { "NODE",    "name",          false, false },
  { "ADDRESS", "address",       false, false },
  { "TYPE",    "type",          false, false },
  { "STATE",   "state",         false, false },
  { "ERROR",   "error.message", false, true },
};

/* Of a check: each way there and back. */
static const struct fettle_column check_columns[] = {
  { "NODE",       "name",            false, false },
  { "DIRECTION",  "check.direction", false, false },
  { "PORT",       "check.what",      false, false },
  { "VERDICT",    "check.verdict",   false, false },
  { "WHY",        "why",             false, true },
  { "WHAT TO DO", "mend",            false, true },
};

/* What the table shows of a check's tasks, beside what the service says. */
static json_t *
check_rows (const json_t *tasks)
{
  json_t *rows = json_array ();
  const json_t *task;
  char what[64];
  size_t i;

  json_array_foreach (tasks, i, task) {
    json_t *check = json_object_get (task, "check"), *row = json_copy ((json_t *) task), *why, *shown;
    const char *listener = json_string_value (json_object_get (check, "listener"));
    const char *protocol = json_string_value (json_object_get (check, "protocol"));

    why = json_object_get (check, "sentence");
    if (!json_is_string (why))
      why = json_object_get (json_object_get (task, "error"), "message");
    snprintf (what, sizeof what, "%s %lld%s", listener ? listener : protocol ? protocol : "-",
              (long long) json_integer_value (json_object_get (check, "port")),
              json_is_true (json_object_get (check, "optional")) ? " (optional)" : "");
    shown = json_is_object (check) ? json_copy (check) : json_object ();
    json_object_set_new (shown, "what", json_string (json_is_object (check) ? what : ""));
    if (!json_is_string (json_object_get (shown, "verdict")))
      json_object_set (shown, "verdict", json_object_get (task, "state"));
    json_object_set_new (row, "check", shown);
    json_object_set (row, "why", why ? why : json_null ());
    json_object_set (row, "mend", json_object_get (shown, "mend"));
    json_array_append_new (rows, row);
  }
  return rows;
}

/* With what nodes posted last, as text; NULL where none has. */
static json_t *
saying_rows (const json_t *tasks)
{
  json_t *rows = NULL, *task;
  size_t i;

  json_array_foreach ((json_t *) tasks, i, task) {
    const json_t *status = json_object_get (task, "status");
    _cleanup_free_ char *says = json_is_object (status) ? json_dumps (status, JSON_COMPACT) : NULL;

    if (!says)
      continue;
    if (!rows)
      rows = json_deep_copy (tasks);
    json_object_set_new (json_array_get (rows, i), "says", json_string (says));
  }
  return rows;
}

void
fettle_counts_text (const json_t *counts, char *ret, size_t size)
{
  const json_t *count;
  const char *state;
  size_t used = 0;

  ret[0] = '\0';
  json_object_foreach ((json_t *) counts, state, count)
    if (json_integer_value (count) && used < size)
      used += (size_t) snprintf (ret + used, size - used, "%s%lld %s", used ? ", " : "",
                                 (long long) json_integer_value (count), state);
}

json_t *
fettle_nodes_wanted (const struct fettle_args *args)
{
  const char *selector = fettle_args_value (args, "selector");
  json_t *nodes = json_array ();

  for (size_t i = 0; i < args->n_words; i++)
    json_array_append_new (nodes, json_string (args->words[i]));
  if (selector)
    json_array_append_new (nodes, json_pack ("{s:s}", "select", selector));
  if (json_array_size (nodes) == 0)
    json_array_append_new (nodes, json_string ("all"));
  return nodes;
}

fettle_result
fettle_job_print (struct fettle_cli *cli, const json_t *job, struct fettle_error *err)
{
  const char *kind = json_string_value (json_object_get (job, "kind"));
  const char *state = json_string_value (json_object_get (job, "state"));
  const char *message = json_string_value (json_object_get (job, "message"));
  bool short_one = kind && strcmp (kind, "inventory") == 0 && cli->format == FETTLE_FORMAT_TABLE;
  bool check = kind && strcmp (kind, "check") == 0;
  const json_t *tasks = json_object_get (job, "tasks");
  _cleanup_json_ json_t *rows = check ? check_rows (tasks) : saying_rows (tasks);
  char counts[512];

  fettle_counts_text (json_object_get (job, "counts"), counts, sizeof counts);
  if (fettle_cli_print (cli, job, rows ? rows : tasks,
                        check ? check_columns : short_one ? inventory_columns : task_columns,
                        check ? COUNT (check_columns) : short_one ? COUNT (inventory_columns)
                        : rows ? COUNT (task_columns) : COUNT (task_columns) - 1, err))
    return err->code;
  fflush (cli->out);
  fettle_cli_notice (cli, "job %lld (%s) %s: %s%s%s",
                     (long long) json_integer_value (json_object_get (job, "id")), kind ? kind : "",
                     state ? state : "", counts, *counts && message && *message ? "; " : "",
                     message ? message : "");
  return FETTLE_OK;
}

int
fettle_job_leave (struct fettle_cli *cli, const json_t *started)
{
  struct fettle_error err;

  if (cli->format == FETTLE_FORMAT_JSON)
    return fettle_cli_json (cli, started, &err) ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
  fprintf (cli->out, "%s%lld\n", cli->format == FETTLE_FORMAT_CSV ? "job\n" : "",
           (long long) json_integer_value (json_object_get (started, "job")));
  return FETTLE_EXIT_DONE;
}

int
fettle_job_run (struct fettle_cli *cli, struct fettle_client **client, const json_t *started)
{
  json_int_t id = json_integer_value (json_object_get (started, "job"));
  _cleanup_json_ json_t *job = NULL;
  struct fettle_error err;

  if (fettle_args_flag (cli->args, "no-wait"))
    return fettle_job_leave (cli, started);
  if (fettle_follow (cli, client, id, &job, &err) || fettle_job_print (cli, job, &err))
    return fettle_cli_fail (&err);
  return (int) json_integer_value (json_object_get (job, "exit_code"));
}

/* ---- Commands ---- */

static char *
job_path (const struct fettle_args *args)
{
  return fettle_client_path ("/jobs/", args->n_words ? args->words[0] : "last", "");
}

static int
list_jobs (struct fettle_cli *cli, struct fettle_client *client)
{
  static const struct fettle_column columns[] = {
    { "JOB",      "id",        true,  false },
    { "KIND",     "kind",      false, false },
    { "STATE",    "state",     false, false },
    { "CREATED",  "created",   false, false },
    { "FINISHED", "finished",  false, false },
    { "TASKS",    "counts",    false, true },
    { "CODE",     "exit_code", true,  false },
    { "MESSAGE",  "message",   false, true },
  };
  _cleanup_json_ json_t *answer = NULL;
  struct fettle_error err;
  const json_t *jobs;

  if (fettle_client_call (client, "GET", "/jobs", NULL, &answer, &err))
    return fettle_cli_fail (&err);
  jobs = json_object_get (answer, "jobs");
  if (json_array_size (jobs) == 0 && cli->format == FETTLE_FORMAT_TABLE)
    fettle_cli_notice (cli, "there were no jobs yet");
  return fettle_cli_print (cli, answer, jobs, columns, COUNT (columns), &err)
           ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

static int
run_status (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_free_ char *path = job_path (args);
  _cleanup_json_ json_t *job = NULL;
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err))
    return fettle_cli_fail (&err);
  if (args->n_words == 0)
    return list_jobs (cli, client);
  if (fettle_client_call (client, "GET", path, NULL, &job, &err)
      || fettle_job_print (cli, job, &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_status = {
  "status", NULL, "[JOB]", 0, 1, "list the jobs, or the tasks of one",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_status,
};

static int
run_abort (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_free_ char *path = fettle_client_path ("/jobs/", args->words[0], "/abort");
  bool hard = fettle_args_flag (args, "hard");
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", path, json_pack ("{s:b}", "hard", hard), NULL, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, hard ? "job %s ends now" : "job %s ends when what runs has ended",
                     args->words[0]);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option abort_options[] = {
  { "hard", 0, NULL, "end running operations too" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_abort = {
  "abort", NULL, "JOB", 1, 1, "end a job: what runs is finished, nothing new is started",
  0, FETTLE_FORMAT_TEXT, abort_options, run_abort,
};

/* ---- job pause, resume, approve ---- */

static int
tell_job (struct fettle_cli *cli, const struct fettle_args *args, const char *what,
          const char *notice)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_free_ char *path = fettle_client_path ("/jobs/", args->words[0], what);
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", path, json_object (), NULL, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "job %s %s", args->words[0], notice);
  return FETTLE_EXIT_DONE;
}

static int
run_pause (struct fettle_cli *cli, const struct fettle_args *args)
{
  return tell_job (cli, args, "/pause", "pauses when what runs has ended");
}

static int
run_resume (struct fettle_cli *cli, const struct fettle_args *args)
{
  return tell_job (cli, args, "/resume", "goes on");
}

static int
run_approve (struct fettle_cli *cli, const struct fettle_args *args)
{
  return tell_job (cli, args, "/approve", "is approved");
}

const struct fettle_command fettle_command_job_pause = {
  "job", "pause", "JOB", 1, 1, "hold a deployment: what runs is finished, nothing new is started",
  0, FETTLE_FORMAT_TEXT, NULL, run_pause,
};

const struct fettle_command fettle_command_job_resume = {
  "job", "resume", "JOB", 1, 1, "let a deployment go on after a pause",
  0, FETTLE_FORMAT_TEXT, NULL, run_resume,
};

const struct fettle_command fettle_command_job_approve = {
  "job", "approve", "JOB", 1, 1, "let a deployment begin that waits for approval",
  0, FETTLE_FORMAT_TEXT, NULL, run_approve,
};

/* ---- log ---- */

/* One line of a task's log as a row of its own. */
static void
add_lines (json_t *rows, const json_t *task)
{
  const json_t *line;
  size_t i;

  json_array_foreach (json_object_get (task, "log"), i, line)
    json_array_append_new (rows, json_pack ("{s:O* s:O* s:O* s:O}", "task",
                                            json_object_get (task, "id"), "name",
                                            json_object_get (task, "name"), "title",
                                            json_object_get (task, "title"), "line", line));
}

static void
print_lines (struct fettle_cli *cli, const json_t *rows)
{
  const json_t *row;
  size_t i;

  json_array_foreach (rows, i, row) {
    char buffer[64], text[2400], name[256], title[256];

    snprintf (name, sizeof name, "%s", fettle_cli_text (row, "name", buffer, sizeof buffer));
    snprintf (title, sizeof title, "%s", fettle_cli_text (row, "title", buffer, sizeof buffer));
    snprintf (text, sizeof text, "%s: %s: %.1800s", name, title,
              fettle_cli_text (row, "line", buffer, sizeof buffer));
    fettle_cli_clean (text);
    fprintf (cli->out, "%s\n", text);
  }
}

static int
run_log (struct fettle_cli *cli, const struct fettle_args *args)
{
  static const struct fettle_column columns[] = {
    { "TASK", "task", true,  false }, { "NODE", "name", false, false },
    { "WHAT", "title", false, false }, { "LINE", "line", false, false },
  };
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_free_ char *path = job_path (args);
  _cleanup_json_ json_t *job = NULL, *rows = json_array (), *answer = NULL;
  const char *wanted = args->n_words > 1 ? args->words[1] : NULL;
  struct fettle_error err;
  bool found = !wanted;
  const json_t *task;
  size_t i;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", path, NULL, &job, &err))
    return fettle_cli_fail (&err);
  json_array_foreach (json_object_get (job, "tasks"), i, task) {
    char id[32], buffer[32];

    snprintf (id, sizeof id, "%s", fettle_cli_text (task, "id", buffer, sizeof buffer));
    if (wanted && strcmp (id, wanted) != 0
        && strcmp (fettle_cli_text (task, "name", buffer, sizeof buffer), wanted) != 0)
      continue;
    found = true;
    add_lines (rows, task);
  }
  if (!found)
    return fettle_cli_usage ("the job has no task or node %.80s", wanted);
  answer = json_pack ("{s:O}", "lines", rows);
  if (cli->format == FETTLE_FORMAT_TEXT)
    print_lines (cli, rows);
  else if (fettle_cli_print (cli, answer, rows, columns, COUNT (columns), &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_log = {
  "log", NULL, "JOB [TASK]", 1, 2,
  "print what a job's tasks logged; TASK is a task's number or a node's name",
  FETTLE_FORMATS (FETTLE_FORMAT_TEXT) | FETTLE_FORMATS (FETTLE_FORMAT_JSON)
    | FETTLE_FORMATS (FETTLE_FORMAT_CSV), FETTLE_FORMAT_TEXT, NULL, run_log,
};
