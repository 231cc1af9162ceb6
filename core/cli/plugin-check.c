/* plugin-check.c - fettle plugin check: does a plugin keep the rules of
 * fettle-plugin(3)?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli/plugin-check.h"
#include "plugin/bridge.h"
#include "plugin/manifest.h"
#include "plugin/quirks.h"
#include "util/text.h"

enum { LOAD_TIMEOUT = 60, LINE_MAX_BYTES = 8192 };

/* ---- In the process that loads the plugin ---- */

void
fettle_check_tell (struct fettle_checker *k, const char *what, const char *format, ...)
{
  _cleanup_json_ json_t *line = NULL;
  char text[2048];
  va_list ap;

  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  /* What the plugin said may be anything. */
  for (char *p = text; *p; p++)
    if ((unsigned char) *p < ' ' || (unsigned char) *p >= 0x7f)
      *p = '?';
  line = json_pack ("{ss sb ss}", "check", what, "ok", !*text, "text", text);
  if (line) {
    json_dumpf (line, k->out, JSON_COMPACT);
    fputc ('\n', k->out);
  }
  fflush (k->out);
}

static void
check_quirks (struct fettle_checker *k, const struct fettle_plugin_info *plugin)
{
  struct fettle_error err = { 0 };

  if (fettle_quirks_read (k->path, plugin->descriptor.name, k->quirks, &err))
    json_array_clear (k->quirks);
  fettle_check_tell (k, "its quirks, if any, can be read", "%s", err.text);
}

static bool
is_program (const char *path)
{
  const char *dot = strrchr (path, '.');

  return dot && strcmp (dot, FETTLE_MANIFEST_EXT) == 0;
}

static void
run_checks (struct fettle_checker *k)
{
  struct fettle_plugin_info plugin = { 0 };
  struct fettle_error err;

  if (!is_program (k->path))
    fettle_check_symbols (k);
  alarm (LOAD_TIMEOUT);
  if (fettle_plugin_load_one (&plugin, k->path, &err)) {
    fettle_check_tell (k, "it loads, and its descriptor is valid", "%s", err.text);
    return;
  }
  alarm (0);
  fettle_check_tell (k, "it loads, and its descriptor is valid", "%s", "");
  check_quirks (k, &plugin);
  fettle_bridge_use (&plugin, 0);
  fettle_check_rules (k, &plugin);
  if (k->recording)
    fettle_check_recording (k, &plugin);
  else
    fettle_check_calls (k, &plugin);
  fettle_plugin_clear (&plugin);
}

static void
be_checker (const char *path, const char *recording, unsigned timeout_s, int fd)
{
  struct fettle_checker k = { .out = fdopen (fd, "w"), .path = path, .recording = recording,
                              .timeout_s = timeout_s, .quirks = json_array () };
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  if (!k.out || !k.quirks || null < 0)
    abort (); /* no memory */
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  (void) dup2 (null, STDIN_FILENO);
  (void) dup2 (STDERR_FILENO, STDOUT_FILENO); /* the report is the command's */
  run_checks (&k);
  _exit (ferror (k.out) || fclose (k.out) ? EXIT_FAILURE : 0);
}

/* ---- In the command ---- */

static void
print_text (struct fettle_cli *cli, const char *path, const json_t *checks, size_t failed)
{
  const json_t *check;
  size_t i;

  fprintf (cli->out, "%s\n", path);
  json_array_foreach (checks, i, check) {
    bool ok = json_is_true (json_object_get (check, "ok"));

    fprintf (cli->out, "  %-6s  %s\n", ok ? "ok" : "FAILED", json_string_value (json_object_get (check, "check")));
    if (!ok)
      fprintf (cli->out, "          %s\n", json_string_value (json_object_get (check, "text")));
  }
  if (failed)
    fprintf (cli->out, "%zu of %zu checks failed\n", failed, json_array_size (checks));
  else
    fprintf (cli->out, "all %zu checks passed\n", json_array_size (checks));
}

static void
print_tap (struct fettle_cli *cli, const json_t *checks)
{
  const json_t *check;
  size_t i;

  json_array_foreach (checks, i, check) {
    const char *text = json_string_value (json_object_get (check, "text"));

    fprintf (cli->out, "%sok %zu - %s\n", json_is_true (json_object_get (check, "ok")) ? "" : "not ", i + 1,
             json_string_value (json_object_get (check, "check")));
    if (*text)
      fprintf (cli->out, "# %s\n", text);
  }
  fprintf (cli->out, "1..%zu\n", json_array_size (checks));
}

static fettle_result
print (struct fettle_cli *cli, const char *path, const json_t *checks, size_t failed, struct fettle_error *err)
{
  _cleanup_json_ json_t *all = NULL;

  if (cli->format == FETTLE_FORMAT_TAP)
    print_tap (cli, checks);
  else if (cli->format == FETTLE_FORMAT_TEXT)
    print_text (cli, path, checks, failed);
  else {
    all = json_pack ("{ss sI sO}", "path", path, "failed", (json_int_t) failed, "checks", checks);
    return fettle_cli_json (cli, all, err);
  }
  return FETTLE_OK;
}

/* One line of the checker; false when it isn't one. */
static bool
take_line (json_t *checks, const char *line)
{
  json_t *check = json_loads (line, 0, NULL);

  if (!json_is_string (json_object_get (check, "check")) || !json_is_string (json_object_get (check, "text"))
      || !json_is_boolean (json_object_get (check, "ok"))) {
    json_decref (check);
    return false;
  }
  return json_array_append_new (checks, check) == 0;
}

/* The checker's end, when it was the plugin's doing. */
static void
take_end (json_t *checks, int status)
{
  char text[160];

  if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return;
  if (WIFSIGNALED (status) && WTERMSIG (status) == SIGALRM)
    snprintf (text, sizeof text, "loading it took longer than %d s", LOAD_TIMEOUT);
  else if (WIFSIGNALED (status))
    snprintf (text, sizeof text, "the process that loaded it ended by signal %d (%s)", WTERMSIG (status),
              strsignal (WTERMSIG (status)));
  else
    snprintf (text, sizeof text, "the process that loaded it ended with status %d", WEXITSTATUS (status));
  json_array_append_new (checks, json_pack ("{ss sb ss}", "check", "it loads, and does nothing else", "ok", 0,
                                            "text", text));
}

static fettle_result
collect (const char *path, const char *recording, unsigned timeout_s, json_t *checks, struct fettle_error *err)
{
  char line[LINE_MAX_BYTES];
  int fds[2], status = 0;
  FILE *in;
  pid_t pid;

  if (pipe2 (fds, O_CLOEXEC))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "making a pipe");
  pid = fork ();
  if (pid == 0) {
    close (fds[0]);
    be_checker (path, recording, timeout_s, fds[1]);
  }
  close (fds[1]);
  if (pid < 0 || !(in = fdopen (fds[0], "r"))) {
    close (fds[0]);
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "starting a process for %s", path);
  }
  while (fgets (line, sizeof line, in) && take_line (checks, line))
    ;
  fclose (in);
  if (waitpid (pid, &status, 0) == pid)
    take_end (checks, status);
  return FETTLE_OK;
}

static size_t
count_failed (const json_t *checks)
{
  const json_t *check;
  size_t n = 0, i;

  json_array_foreach (checks, i, check)
    n += !json_is_true (json_object_get (check, "ok"));
  return n;
}

static fettle_result
find_file (const char *word, char **ret, struct fettle_error *err)
{
  size_t n = strlen (word);
  struct stat st;

  if (n > 3 && strcmp (word + n - 3, ".la") == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is libtool's description of a module: the module itself "
                             "lies in the folder .libs beside it", word);
  if (stat (word, &st) || !(*ret = realpath (word, NULL)))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "looking at the plugin %s", word);
  return S_ISREG (st.st_mode) ? FETTLE_OK
                              : fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a file", word);
}

static int
run_check (struct fettle_cli *cli, const struct fettle_args *args)
{
  const char *limit = fettle_args_value (args, "timeout");
  _cleanup_json_ json_t *checks = json_array ();
  _cleanup_free_ char *path = NULL;
  uint64_t timeout_s = 60;
  struct fettle_error err;
  size_t failed;

  if (limit && !fettle_parse_uint (limit, 1, 3600, &timeout_s))
    return fettle_cli_usage ("--timeout takes seconds from 1 to 3600, not \"%s\"", limit);
  if (find_file (args->words[0], &path, &err))
    return fettle_cli_usage ("%s", err.text);
  if (collect (path, fettle_args_value (args, "recording"), (unsigned) timeout_s, checks, &err))
    return fettle_cli_fail (&err);
  failed = count_failed (checks);
  if (print (cli, path, checks, failed, &err))
    return fettle_cli_fail (&err);
  return failed ? FETTLE_EXIT_COMMAND : FETTLE_EXIT_DONE;
}

static const struct fettle_option check_options[] = {
  { "timeout", 0, "S", "seconds that one call of the plugin may take (60)" },
  { "recording", 0, "FILE", "the node says what fettle record wrote into this file" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_plugin_check = {
  "plugin", "check", "FILE", 1, 1, "does a plugin keep the rules of fettle-plugin(3)?",
  FETTLE_FORMATS (FETTLE_FORMAT_TEXT) | FETTLE_FORMATS (FETTLE_FORMAT_TAP) | FETTLE_FORMATS (FETTLE_FORMAT_JSON),
  FETTLE_FORMAT_TEXT, check_options, run_check,
};
