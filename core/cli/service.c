/* service.c - fettle service start, stop, status, backup; fettle config show.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <time.h>

#include "cli/client.h"

enum { STOP_SECONDS = 60 };

static bool
opens_firewall (const struct fettle_client *client)
{
  return json_is_true (json_object_get (fettle_client_service (client), "open_firewall"));
}

static int
run_start (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  struct fettle_error err;
  char buffer[32];

  if (fettle_client_open (cli, false, &client, &err) == FETTLE_OK) {
    if (fettle_args_flag (args, "open-firewall") && !opens_firewall (client)) {
      fettle_error_set (&err, FETTLE_E_BUSY, "the service runs already, without --open-firewall:"
                                             " fettle service stop, then start it again");
      return fettle_cli_fail (&err);
    }
    fettle_cli_notice (cli, "the service runs already");
  }
  else if (err.code != FETTLE_E_UNREACHABLE || fettle_client_open (cli, true, &client, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "the service listens on port %s",
                     fettle_cli_text (fettle_client_service (client), "ssl_port", buffer,
                                      sizeof buffer));
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option start_options[] = {
  { "open-firewall", 0, NULL, "open firewalls, ours and the nodes', while jobs and browsers need it" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_service_start = {
  "service", "start", NULL, 0, 0, "start the service, if it doesn't run", 0, FETTLE_FORMAT_TEXT,
  start_options, run_start,
};

/* It has said yes; it is gone when nobody answers any more. */
static fettle_result
wait_until_gone (const struct fettle_cli *cli, struct fettle_error *err)
{
  for (int i = 0; i < STOP_SECONDS * 10; i++) {
    struct fettle_client *client = NULL;
    fettle_result result = fettle_client_open (cli, false, &client, err);

    fettle_client_free (client);
    if (result == FETTLE_E_UNREACHABLE)
      return FETTLE_OK;
    nanosleep (&(struct timespec) { 0, 100 * 1000 * 1000 }, NULL);
  }
  return fettle_error_set (err, FETTLE_E_TIMEOUT, "the service is still there after %d s",
                           STOP_SECONDS);
}

static int
run_stop (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  bool force = fettle_args_flag (args, "force");
  struct fettle_error err;

  if (fettle_client_open (cli, false, &client, &err) == FETTLE_E_UNREACHABLE) {
    fettle_cli_notice (cli, "no service runs");
    return FETTLE_EXIT_NOTHING;
  }
  if (!client
      || fettle_client_call (client, "POST", "/service/stop",
                             json_pack ("{s:b}", "force", force), NULL, &err)
      || wait_until_gone (cli, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "the service has ended");
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option stop_options[] = {
  { "force", 0, NULL, "also while jobs run; they go on when it is started again" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_service_stop = {
  "service", "stop", NULL, 0, 0, "end the service", 0, FETTLE_FORMAT_TEXT, stop_options, run_stop,
};

static int
run_status (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  struct fettle_error err;

  (void) args;
  if (fettle_client_open (cli, false, &client, &err) == FETTLE_E_UNREACHABLE) {
    fettle_cli_notice (cli, "no service runs for %s", cli->settings.state_dir);
    return FETTLE_EXIT_NOTHING;
  }
  if (!client || fettle_cli_print_members (cli, fettle_client_service (client), &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_service_status = {
  "service", "status", NULL, 0, 0, "show whether the service runs, and what it does",
  FETTLE_FORMATS (FETTLE_FORMAT_TABLE) | FETTLE_FORMATS (FETTLE_FORMAT_JSON), FETTLE_FORMAT_TABLE,
  NULL, run_status,
};

/* ---- backup ---- */

static int
run_backup (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  char folder[PATH_MAX], here[PATH_MAX];
  struct fettle_error err;
  int n;

  if (args->words[0][0] == '/')
    n = snprintf (folder, sizeof folder, "%s", args->words[0]);
  else if (getcwd (here, sizeof here))
    n = snprintf (folder, sizeof folder, "%s/%s", here, args->words[0]);
  else
    n = -1;
  if (n < 0 || (size_t) n >= sizeof folder)
    return fettle_cli_usage ("the path %s is too long", args->words[0]);
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/service/backup",
                             json_pack ("{s:s}", "path", folder), NULL, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "the store and its key are in %s", folder);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_service_backup = {
  "service", "backup", "DIR", 1, 1, "copy the store and its key to a new folder", 0,
  FETTLE_FORMAT_TEXT, NULL, run_backup,
};

/* ---- rotate-key ---- */

static int
run_rotate (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  struct fettle_error err;

  (void) args;
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/service/rotate-key", NULL, &answer, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "%lld secrets are sealed with a new key: make a backup, the older ones"
                          " have the old key",
                     (long long) json_integer_value (json_object_get (answer, "secrets")));
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_service_rotate_key = {
  "service", "rotate-key", NULL, 0, 0, "seal the secrets in the store with a new key", 0,
  FETTLE_FORMAT_TEXT, NULL, run_rotate,
};

/* ---- config show: no service needed ---- */

static void
add_setting (void *arg, const char *name, const char *value, const char *initial, const char *help)
{
  json_array_append_new (arg, json_pack ("{s:s s:s s:s? s:s}", "name", name, "value", value,
                                         "initial", initial, "help", help));
}

static int
run_config (struct fettle_cli *cli, const struct fettle_args *args)
{
  static const struct fettle_column columns[] = {
    { "SETTING", "name",    false, false },
    { "VALUE",   "value",   false, true },
    { "INITIAL", "initial", false, true },
    { "MEANING", "help",    false, true },
  };
  _cleanup_json_ json_t *rows = json_array (), *answer = json_object ();
  struct fettle_error err;

  (void) args;
  fettle_settings_each (&cli->settings, add_setting, rows);
  json_object_set (answer, "settings", rows);
  return fettle_cli_print (cli, answer, rows, columns, COUNT (columns), &err)
           ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_config_show = {
  "config", "show", NULL, 0, 0, "show the settings in use",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_config,
};
