/* sum-console.c - SUM's console commands by their names, mapped to ours.
 *
 * `setattributes` keeps what it is told of a node in the node's labels, "sum.NAME",
 * and of the session in STATE/smartupdate.json; `deploy` reads both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/job.h"
#include "cli/parse.h"
#include "cli/secret.h"
#include "cli/sum-console.h"
#include "util/file.h"
#include "util/nearest.h"

const json_t *
fettle_console_list (const struct console *c, const char *name)
{
  const json_t *list = json_object_get (c->given, name);

  return json_array_size (list) || strcmp (name, "nodes") ? list : json_object_get (c->given, "words");
}

static const char *
pair_of (const struct console *c, const char *name, const char *other)
{
  const json_t *pairs = json_object_get (c->given, "pairs");
  const char *value = fettle_sum_text (pairs, name);

  return value ? value : fettle_sum_text (pairs, other);
}

int
fettle_console_needs (const char *what)
{
  fprintf (stderr, "smartupdate: this command needs %s\n", what);
  return FETTLE_EXIT_USAGE;
}

int
fettle_console_fail (const struct fettle_error *err)
{
  return fettle_sum_fail (err) == FETTLE_EXIT_USAGE ? FETTLE_EXIT_USAGE : FETTLE_EXIT_COMMAND;
}

/* ---- The session ---- */

static void
session_path (const struct console *c, char ret[PATH_MAX])
{
  snprintf (ret, PATH_MAX, "%s/smartupdate.json", c->cli->settings.state_dir);
}

static void
read_session (struct console *c)
{
  char path[PATH_MAX];

  session_path (c, path);
  c->session = json_load_file (path, JSON_REJECT_DUPLICATES, NULL);
  if (!json_is_object (c->session)) {
    json_decref (c->session);
    c->session = json_object ();
  }
}

static fettle_result
write_session (const struct console *c, struct fettle_error *err)
{
  char path[PATH_MAX];
  _cleanup_free_ char *text = json_dumps (c->session, JSON_INDENT (2));

  session_path (c, path);
  return text ? fettle_file_write (path, 0600, text, strlen (text), err)
              : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the session");
}

/* ---- Ours, as they are ---- */

static int
as_fettle (struct console *c, const char *noun, const char *verb, const json_t *words)
{
  size_t n = json_array_size (words);
  _cleanup_free_ char **argv = calloc (n + 4, sizeof argv[0]);
  _cleanup_ (fettle_args_clear) struct fettle_args args = { 0 };
  const struct fettle_args *before = c->cli->args;
  struct fettle_error err;
  int argc = 0, code;

  if (!argv)
    abort ();
  argv[argc++] = (char *) "fettle";
  argv[argc++] = (char *) noun;
  if (verb)
    argv[argc++] = (char *) verb;
  for (size_t i = 0; i < n; i++)
    argv[argc++] = (char *) json_string_value (json_array_get (words, i));
  if (fettle_args_parse (argc, argv, &args, &err))
    return fettle_console_fail (&err);
  c->cli->args = &args;
  code = args.command->run (c->cli, &args);
  c->cli->args = before;
  return code;
}

static int
each_as_fettle (struct console *c, const char *noun, const char *verb, const json_t *words)
{
  const json_t *word;
  int code = FETTLE_EXIT_DONE;
  size_t i;

  json_array_foreach (words, i, word) {
    _cleanup_json_ json_t *one = json_pack ("[O]", word);
    int got = as_fettle (c, noun, verb, one);

    code = got ? got : code;
  }
  return i ? code : fettle_console_needs ("--nodes ADDRESS...");
}

static int
run_login (struct console *c)
{
  (void) c;
  puts ("Nobody needs to log in: the token in the service's folder of state says who you are.");
  return FETTLE_EXIT_DONE;
}

static int
run_find (struct console *c)
{
  return as_fettle (c, "node", "discover", json_object_get (c->given, "words"));
}

static int
run_getbaselines (struct console *c)
{
  return as_fettle (c, "baseline", "list", NULL);
}

static int
run_versions (struct console *c)
{
  return each_as_fettle (c, "node", "items", fettle_console_list (c, "nodes"));
}

static int
run_status (struct console *c)
{
  return as_fettle (c, "service", "status", NULL);
}

static int
run_shutdown (struct console *c)
{
  fettle_client_free (STEAL (c->client));
  fettle_sum_close (c->cli);
  return FETTLE_EXIT_DONE;
}

static int
run_componentlogs (struct console *c)
{
  _cleanup_json_ json_t *last = json_pack ("[s]", "last");

  return as_fettle (c, "log", NULL, last);
}

static int
run_activate (struct console *c)
{
  (void) c;
  puts ("Nothing to do: a deployment activates what it has written.");
  return FETTLE_EXIT_NOTHING;
}

static int
run_configure (struct console *c)
{
  (void) c;
  fputs ("smartupdate: components have no configuration here\n", stderr);
  return FETTLE_EXIT_COMMAND;
}

/* ---- add, delete, inventory ---- */

static fettle_result
add_baselines (struct console *c, struct fettle_error *err)
{
  _cleanup_json_ json_t *paths = json_array (), *names = json_array ();
  const json_t *path;
  size_t i;

  json_array_foreach (json_object_get (c->given, "baselines"), i, path) {
    _cleanup_json_ json_t *baseline = NULL;

    if (fettle_sum_baseline (c->cli, &c->client, json_string_value (path), &baseline, err))
      return err->code;
    json_array_append (paths, json_object_get (baseline, "path"));
    json_array_append (names, json_object_get (baseline, "name"));
    printf ("Baseline %s added: %d components\n", fettle_sum_text (baseline, "path"),
            (int) json_array_size (json_object_get (baseline, "components")));
  }
  if (i == 0)
    return FETTLE_OK;
  json_object_set (c->session, "baselines", paths);
  json_object_set (c->session, "names", names);
  return write_session (c, err);
}

static int
run_add (struct console *c)
{
  const char *user = pair_of (c, "user", "username"), *password = pair_of (c, "password", "passwd");
  const char *type = pair_of (c, "type", "targettype");
  const json_t *nodes = fettle_console_list (c, "nodes"), *name;
  struct fettle_error err;
  size_t i;

  json_array_foreach (nodes, i, name) {
    _cleanup_ (fettle_secret_release) json_t *node =
      json_pack ("{s:O s:s* s:s* s:s* s:s* s:s*}", "target", name, "username", user, "password", password,
                 "oa_username", pair_of (c, "oa_username", "oa_user"),
                 "oa_password", pair_of (c, "oa_password", "oa_passwd"), "targettype", type);
    _cleanup_json_ json_t *known = NULL;

    if (fettle_sum_node (c->client, node, &known, &err))
      return fettle_console_fail (&err);
    printf ("Node %s added\n", json_string_value (name));
  }
  if (i == 0 && !json_array_size (json_object_get (c->given, "baselines")))
    return fettle_console_needs ("--nodes ADDRESS... or --baselines DIR...");
  return add_baselines (c, &err) ? fettle_console_fail (&err) : FETTLE_EXIT_DONE;
}

/* Baselines by their paths, which is how SUM speaks of them. */
static fettle_result
delete_baseline (struct console *c, const char *wanted, struct fettle_error *err)
{
  _cleanup_json_ json_t *all = NULL;
  const char *name = wanted;
  const json_t *b;
  size_t i;

  if (fettle_client_call (c->client, "GET", "/baselines", NULL, &all, err))
    return err->code;
  json_array_foreach (json_object_get (all, "baselines"), i, b)
    if (fettle_sum_text (b, "path") && strcmp (fettle_sum_text (b, "path"), wanted) == 0)
      name = fettle_sum_text (b, "name");
  _cleanup_free_ char *path = fettle_client_path ("/baselines/", name, "");
  return fettle_client_call (c->client, "DELETE", path, NULL, NULL, err);
}

static int
run_delete (struct console *c)
{
  const json_t *nodes = fettle_console_list (c, "nodes"), *name;
  const json_t *baselines = json_object_get (c->given, "baselines");
  struct fettle_error err;
  size_t i, k;

  json_array_foreach (nodes, i, name) {
    _cleanup_free_ char *path = fettle_client_path ("/nodes/", json_string_value (name), "");

    if (fettle_client_call (c->client, "DELETE", path, NULL, NULL, &err))
      return fettle_console_fail (&err);
    printf ("Node %s deleted\n", json_string_value (name));
  }
  json_array_foreach (baselines, k, name) {
    if (delete_baseline (c, json_string_value (name), &err))
      return fettle_console_fail (&err);
    printf ("Baseline %s deleted\n", json_string_value (name));
  }
  return i + k ? FETTLE_EXIT_DONE : fettle_console_needs ("--nodes ADDRESS... or --baselines DIR...");
}

static int
run_inventory (struct console *c)
{
  const json_t *nodes = fettle_console_list (c, "nodes");
  _cleanup_json_ json_t *started = NULL, *job = NULL;
  struct fettle_error err;

  if (add_baselines (c, &err))
    return fettle_console_fail (&err);
  if (!json_array_size (nodes))
    return json_array_size (json_object_get (c->given, "baselines"))
             ? FETTLE_EXIT_DONE : fettle_console_needs ("--nodes ADDRESS... or --baselines DIR...");
  puts ("Inventory started");
  fflush (stdout);
  if (fettle_client_call (c->client, "POST", "/inventories", json_pack ("{s:O}", "nodes", nodes),
                          &started, &err)
      || fettle_follow (c->cli, &c->client, json_integer_value (json_object_get (started, "job")), &job,
                        &err))
    return fettle_console_fail (&err);
  if (json_integer_value (json_object_get (job, "exit_code"))) {
    fputs ("smartupdate: the inventory failed: smartupdate getnodes --details\n", stderr);
    return FETTLE_EXIT_COMMAND;
  }
  puts ("Inventory completed");
  return FETTLE_EXIT_DONE;
}

/* ---- getnodes ---- */

/* With the baselines of the last inventory, else with all. */
fettle_result
fettle_console_plan (struct console *c, const json_t *names, json_t **ret, struct fettle_error *err)
{
  return fettle_client_call (c->client, "POST", "/plans",
                             json_pack ("{s:O s:O*}", "nodes", names, "baselines",
                                        json_object_get (c->session, "names")), ret, err);
}

/* In SUM's words, which scripts look for. */
static const char *
status_of (struct console *c, const json_t *node)
{
  const char *state = fettle_sum_text (node, "state");
  const char *code = fettle_sum_text (json_object_get (node, "error"), "code");
  _cleanup_json_ json_t *names = json_pack ("[O]", json_object_get (node, "name")), *plan = NULL;
  struct fettle_error ignored;

  if (state && strcmp (state, "error") == 0)
    return code && strcmp (code, "auth") == 0 ? "Incorrect username/password" : "Inventory failed";
  if (!state || strcmp (state, "ok") != 0)
    return "Added";
  if (fettle_console_plan (c, names, &plan, &ignored))
    return "Inventory completed";
  return fettle_sum_plan_count (plan) ? "Update required" : "Up to date";
}

static void
print_node (struct console *c, const json_t *node)
{
  char buffer[64];

  printf ("Node Name: %s\n", fettle_cli_text (node, "name", buffer, sizeof buffer));
  printf ("Node Address: %s\n", fettle_cli_text (node, "address", buffer, sizeof buffer));
  printf ("Node Type: %s\n", fettle_cli_text (node, "type", buffer, sizeof buffer));
  printf ("Node Status: %s\n\n", status_of (c, node));
}

static int
run_getnodes (struct console *c)
{
  const json_t *names = fettle_console_list (c, "nodes"), *name, *node;
  struct fettle_error err;
  size_t i;

  json_array_foreach (names, i, name) {
    _cleanup_free_ char *path = fettle_client_path ("/nodes/", json_string_value (name), "");
    _cleanup_json_ json_t *one = NULL;

    if (fettle_client_call (c->client, "GET", path, NULL, &one, &err))
      return fettle_console_fail (&err);
    print_node (c, one);
  }
  if (i)
    return FETTLE_EXIT_DONE;
  _cleanup_json_ json_t *all = NULL;
  if (fettle_client_call (c->client, "GET", "/nodes", NULL, &all, &err))
    return fettle_console_fail (&err);
  json_array_foreach (json_object_get (all, "nodes"), i, node)
    print_node (c, node);
  return FETTLE_EXIT_DONE;
}

static int
run_needed (struct console *c)
{
  _cleanup_json_ json_t *plan = NULL, *rows = NULL;
  struct fettle_error err;

  if (!json_array_size (fettle_console_list (c, "nodes")))
    return fettle_console_needs ("--nodes ADDRESS...");
  if (fettle_console_plan (c, fettle_console_list (c, "nodes"), &plan, &err))
    return fettle_console_fail (&err);
  rows = fettle_sum_plan_rows (plan, NULL);
  if (fettle_cli_print (c->cli, plan, rows, fettle_sum_plan_columns, FETTLE_SUM_PLAN_COLUMNS, &err))
    return fettle_console_fail (&err);
  return fettle_sum_plan_count (plan) ? FETTLE_EXIT_DONE : FETTLE_EXIT_NOTHING;
}

/* ---- Attributes ---- */

static int
run_getattributes (struct console *c)
{
  const json_t *nodes = fettle_console_list (c, "nodes"), *name;
  const char *key;
  json_t *value;
  struct fettle_error err;
  size_t i;

  json_array_foreach (nodes, i, name) {
    _cleanup_free_ char *path = fettle_client_path ("/nodes/", json_string_value (name), "");
    _cleanup_json_ json_t *node = NULL;

    if (fettle_client_call (c->client, "GET", path, NULL, &node, &err))
      return fettle_console_fail (&err);
    json_object_foreach (json_object_get (node, "labels"), key, value)
      if (strncmp (key, "sum.", 4) == 0)
        printf ("%s: %s\n", key + 4, json_string_value (value));
  }
  if (i == 0)
    json_object_foreach (c->session, key, value)
      if (json_is_string (value))
        printf ("%s: %s\n", key, json_string_value (value));
  return FETTLE_EXIT_DONE;
}

static fettle_result
set_on_node (struct console *c, const char *name, struct fettle_error *err)
{
  _cleanup_free_ char *path = fettle_client_path ("/nodes/", name, "");
  _cleanup_json_ json_t *node = NULL, *labels = NULL;
  const char *key;
  json_t *value;

  if (fettle_client_call (c->client, "GET", path, NULL, &node, err))
    return err->code;
  labels = json_deep_copy (json_object_get (node, "labels"));
  json_object_foreach (json_object_get (c->given, "pairs"), key, value) {
    char label[128];

    snprintf (label, sizeof label, "sum.%.100s", key);
    json_object_set (labels, label, value);
  }
  return fettle_client_call (c->client, "PATCH", path, json_pack ("{s:O}", "labels", labels), NULL, err);
}

static int
run_setattributes (struct console *c)
{
  const json_t *nodes = fettle_console_list (c, "nodes"), *name;
  struct fettle_error err;
  size_t i;

  if (json_object_size (json_object_get (c->given, "pairs")) == 0)
    return fettle_console_needs ("NAME=VALUE...");
  json_array_foreach (nodes, i, name)
    if (set_on_node (c, json_string_value (name), &err))
      return fettle_console_fail (&err);
  if (i == 0) {
    json_object_update (c->session, json_object_get (c->given, "pairs"));
    if (write_session (c, &err))
      return fettle_console_fail (&err);
  }
  puts ("Attributes set");
  return FETTLE_EXIT_DONE;
}

/* ---- The command line ---- */

static const struct command {
  const char *name;
  int (*run) (struct console *);
} commands[] = {
  { "login", run_login },
  { "add", run_add },
  { "delete", run_delete },
  { "findavailablenodes", run_find },
  { "inventory", run_inventory },
  { "getbaselines", run_getbaselines },
  { "getnodes", run_getnodes },
  { "getattributes", run_getattributes },
  { "setattributes", run_setattributes },
  { "configure", run_configure },
  { "getneededupdates", run_needed },
  { "getcurrentlyinstalledversions", run_versions },
  { "deploy", fettle_console_deploy },
  { "activate", run_activate },
  { "abort", fettle_console_abort },
  { "getlogs", fettle_console_logs },
  { "getcomponentlogs", run_componentlogs },
  { "generatereports", fettle_console_reports },
  { "getenginestatus", run_status },
  { "shutdownengine", run_shutdown },
};

static const struct command *
find (const char *name, struct fettle_error *err)
{
  struct fettle_nearest near = FETTLE_NEAREST_INIT (name);

  for (size_t i = 0; i < COUNT (commands); i++) {
    if (strcasecmp (commands[i].name, name) == 0)
      return &commands[i];
    fettle_nearest_try (&near, commands[i].name);
  }
  fettle_error_set (err, FETTLE_E_CONFIG, "unknown command %.80s%s%s%s", name,
                    near.best ? "; did you mean " : "", near.best ? near.best : "",
                    near.best ? "?" : "");
  return NULL;
}

static fettle_result
take_option (json_t *given, const char *word, int *at, int argc, char **argv, const char **list,
             struct fettle_error *err)
{
  static const char *const lists[] = { "nodes", "baselines" }, *const texts[] = { "type", "output" },
    *const flags[] = { "details", "session" };
  struct fettle_nearest near = FETTLE_NEAREST_INIT (word);

  for (size_t i = 0; i < COUNT (lists); i++) {
    fettle_nearest_try (&near, lists[i]);
    if (strcasecmp (word, lists[i]) == 0) {
      *list = lists[i];
      return FETTLE_OK;
    }
  }
  *list = "words";
  for (size_t i = 0; i < COUNT (texts); i++) {
    fettle_nearest_try (&near, texts[i]);
    if (strcasecmp (word, texts[i]) != 0)
      continue;
    if (*at + 1 >= argc)
      return fettle_error_set (err, FETTLE_E_CONFIG, "--%s needs a value", texts[i]);
    json_object_set_new (given, texts[i], json_string (argv[++*at]));
    return FETTLE_OK;
  }
  for (size_t i = 0; i < COUNT (flags); i++) {
    fettle_nearest_try (&near, flags[i]);
    if (strcasecmp (word, flags[i]) == 0) {
      json_object_set_new (given, flags[i], json_true ());
      return FETTLE_OK;
    }
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "unknown parameter --%.60s%s%s%s", word,
                           near.best ? "; did you mean --" : "", near.best ? near.best : "",
                           near.best ? "?" : "");
}

static fettle_result
parse (int argc, char **argv, json_t *given, struct fettle_error *err)
{
  const char *list = "words";

  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];

    if (*word == '-') {
      if (take_option (given, word + strspn (word, "-"), &i, argc, argv, &list, err))
        return err->code;
    }
    else if (strchr (word, '=') && *word != '/') {
      if (fettle_args_pair (json_object_get (given, "pairs"), "the attribute", word, err))
        return err->code;
    }
    else if (json_array_append_new (json_object_get (given, list), json_string (word)))
      return fettle_error_set (err, FETTLE_E_CONFIG, "a parameter is not valid UTF-8");
  }
  return FETTLE_OK;
}

static void
clear_console (struct console *c)
{
  fettle_client_free (c->client);
  fettle_secret_release (&c->given);
  json_decref (c->session);
}

int
fettle_sum_console (struct fettle_cli *cli, int argc, char **argv)
{
  _cleanup_ (clear_console) struct console c = {
    .cli = cli, .given = json_pack ("{s:[] s:[] s:[] s:{}}", "nodes", "baselines", "words", "pairs"),
  };
  const struct command *command;
  struct fettle_error err;
  bool started;

  command = find (argv[0], &err);
  if (!command || parse (argc, argv, c.given, &err))
    return fettle_sum_fail (&err);
  if (command->run == run_shutdown && fettle_client_open (cli, false, &c.client, &err)) {
    puts ("The engine does not run.");
    return FETTLE_EXIT_NOTHING;
  }
  if (!c.client && fettle_sum_open (cli, &c.client, &started, &err))
    return fettle_console_fail (&err);
  read_session (&c);
  return command->run (&c);
}
