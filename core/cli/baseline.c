/* baseline.c - fettle baseline add, list, show, remove.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>

#include "cli/job.h"

static const struct fettle_column columns[] = {
  { "NAME",       "name",       false, false },
  { "VERSION",    "version",    false, false },
  { "COMPONENTS", "components", true,  false },
  { "PROBLEMS",   "problems",   true,  false },
  { "SIGNED",     "signed",     false, false },
  { "ADDED",      "added",      false, false },
  { "PATH",       "path",       false, true },
};

/* ---- add ---- */

/* The service reads it, but here is who can be told at once. */
static fettle_result
check_path (const char *path, char ret[PATH_MAX], struct fettle_error *err)
{
  if (!realpath (path, ret) || access (ret, R_OK))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading the baseline %.400s", path);
  return FETTLE_OK;
}

static void
tell_problems (const json_t *baseline)
{
  const json_t *problem;
  size_t i;

  json_array_foreach (json_object_get (baseline, "problems"), i, problem) {
    char buffer[32], text[1400], file[512];

    snprintf (file, sizeof file, "%s", fettle_cli_text (problem, "file", buffer, sizeof buffer));
    snprintf (text, sizeof text, "%s: %.800s", file,
              fettle_cli_text (problem, "message", buffer, sizeof buffer));
    fettle_cli_clean (text);
    fprintf (stderr, "fettle: %s\n", text);
  }
}

/* The baseline of that path, newest first. */
static const json_t *
find_by_path (const json_t *baselines, const char *path)
{
  const json_t *b, *found = NULL;
  size_t i;

  json_array_foreach (baselines, i, b) {
    const char *other = json_string_value (json_object_get (b, "path"));

    if (other && strcmp (other, path) == 0)
      found = b;
  }
  return found;
}

/* What the scan found, and what it couldn't read. */
static int
show_added (struct fettle_cli *cli, struct fettle_client *client, const char *path)
{
  _cleanup_json_ json_t *all = NULL, *whole = NULL, *alone = json_array ();
  const json_t *found;
  _cleanup_free_ char *url = NULL;
  char buffer[32];
  struct fettle_error err;

  if (fettle_client_call (client, "GET", "/baselines", NULL, &all, &err))
    return fettle_cli_fail (&err);
  found = find_by_path (json_object_get (all, "baselines"), path);
  if (!found)
    return FETTLE_EXIT_DONE;
  url = fettle_client_path ("/baselines/", fettle_cli_text (found, "id", buffer, sizeof buffer), "");
  if (fettle_client_call (client, "GET", url, NULL, &whole, &err))
    return fettle_cli_fail (&err);
  tell_problems (whole);
  json_array_append (alone, (json_t *) found);
  return fettle_cli_print (cli, whole, alone, columns, COUNT (columns), &err)
           ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

static int
run_add (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *started = NULL, *job = NULL;
  const char *name = fettle_args_value (args, "name"), *message;
  bool url = strncmp (args->words[0], "http://", 7) == 0 || strncmp (args->words[0], "https://", 8) == 0;
  char path[PATH_MAX] = "";
  struct fettle_error err;
  int status, printed;

  if ((!url && check_path (args->words[0], path, &err)) || fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/baselines",
                             json_pack ("{s:s* s:s* s:s* s:s* s:s* s:b}", "path", url ? NULL : path,
                                        "url", url ? args->words[0] : NULL, "sha256",
                                        fettle_args_value (args, "digest"), "name", name,
                                        "adds_to", fettle_args_value (args, "adds-to"),
                                        "allow_unsigned", fettle_args_flag (args, "allow-unsigned")),
                             &started, &err)
      || fettle_follow (cli, &client, json_integer_value (json_object_get (started, "job")), &job,
                        &err))
    return fettle_cli_fail (&err);
  status = (int) json_integer_value (json_object_get (job, "exit_code"));
  message = json_string_value (json_object_get (job, "message"));
  if (message && *message && (status || !cli->quiet))
    fprintf (stderr, "fettle: %s\n", message);
  if (json_is_string (json_object_get (started, "path")))
    snprintf (path, sizeof path, "%s", json_string_value (json_object_get (started, "path")));
  printed = show_added (cli, client, path);
  return status ? status : printed;
}

static const struct fettle_option add_options[] = {
  { "name",           0, "NAME",     "its name; without it, the folder's" },
  { "allow-unsigned", 0, NULL,       "use it although nobody trusted has signed it" },
  { "digest",         0, "HEX",      "what the SHA-256 of the archive at a URL must be" },
  { "adds-to",        0, "BASELINE", "it is a supplement: what it has comes with that baseline" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_baseline_add = {
  "baseline", "add", "DIR|FILE|URL", 1, 1, "read the components in a folder or an archive",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, add_options, run_add,
};

/* ---- list, show, remove ---- */

static int
run_list (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  const json_t *baselines;
  struct fettle_error err;

  (void) args;
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", "/baselines", NULL, &answer, &err))
    return fettle_cli_fail (&err);
  baselines = json_object_get (answer, "baselines");
  if (json_array_size (baselines) == 0 && cli->format == FETTLE_FORMAT_TABLE)
    fettle_cli_notice (cli, "there are no baselines; add one with fettle baseline add");
  return fettle_cli_print (cli, answer, baselines, columns, COUNT (columns), &err)
           ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_baseline_list = {
  "baseline", "list", NULL, 0, 0, "list the baselines",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_list,
};

static int
run_show (struct fettle_cli *cli, const struct fettle_args *args)
{
  static const struct fettle_column component_columns[] = {
    { "ID",      "id",         false, true },
    { "NAME",    "name",       false, false },
    { "VERSION", "version",    false, false },
    { "KIND",    "kind",       false, false },
    { "FORMAT",  "format",     false, false },
    { "TYPES",   "node_types", false, true },
    { "REBOOT",  "reboot",     false, false },
    { "SIGNATURE", "signature", false, false },
    { "SIGNER",  "signature_text", false, true },
    { "SUMMARY", "summary",    false, true },
  };
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  _cleanup_free_ char *path = fettle_client_path ("/baselines/", args->words[0], "");
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", path, NULL, &answer, &err)
      || fettle_cli_print (cli, answer, json_object_get (answer, "components"), component_columns,
                           COUNT (component_columns), &err))
    return fettle_cli_fail (&err);
  fflush (cli->out);
  if (cli->format == FETTLE_FORMAT_TABLE)
    tell_problems (answer);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_baseline_show = {
  "baseline", "show", "BASELINE", 1, 1, "list the components of a baseline",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_show,
};

static int
run_remove (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  struct fettle_error err;
  int status = FETTLE_EXIT_DONE;

  if (fettle_client_open (cli, true, &client, &err))
    return fettle_cli_fail (&err);
  for (size_t i = 0; i < args->n_words; i++) {
    _cleanup_free_ char *path = fettle_client_path ("/baselines/", args->words[i], "");

    if (fettle_client_call (client, "DELETE", path, NULL, NULL, &err))
      status = fettle_cli_fail (&err);
    else
      fettle_cli_notice (cli, "baseline %s removed; its files are still there", args->words[i]);
  }
  return status;
}

const struct fettle_command fettle_command_baseline_remove = {
  "baseline", "remove", "BASELINE...", 1, SIZE_MAX, "forget baselines; their files stay",
  0, FETTLE_FORMAT_TEXT, NULL, run_remove,
};
