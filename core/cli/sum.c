/* sum.c - main of `smartupdate`: what kind of line it is.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <stdarg.h>

#include "cli/secret.h"
#include "cli/sum.h"

int
fettle_sum_fail (const struct fettle_error *err)
{
  char text[sizeof err->text];

  snprintf (text, sizeof text, "%s", err->text);
  fettle_cli_clean (text);
  fprintf (stderr, "smartupdate: %s\n", text);
  return err->code == FETTLE_E_CONFIG || err->code == FETTLE_E_UNSUPPORTED ? FETTLE_EXIT_USAGE
                                                                           : FETTLE_EXIT_GENERAL;
}

/* What of the line is for the service, as `fettle service start` has it. */
struct line {
  struct fettle_args args;
  struct fettle_given given[4];
  char ports[3][8];
};

static fettle_result
make_settings (struct fettle_cli *cli, struct line *l, const json_t *given, struct fettle_error *err)
{
  static const struct { const char *member, *option; } ports[] = {
    { "port", "port" }, { "ssl_port", "ssl-port" }, { "ftp_port", "ftp-port" },
  };

  if (fettle_settings_init (&cli->settings, err) || fettle_settings_read (&cli->settings, NULL, err))
    return err->code;
  l->args = (struct fettle_args) { .command = &fettle_command_service_start, .given = l->given };
  for (size_t i = 0; i < COUNT (ports); i++) {
    const json_t *port = json_object_get (given, ports[i].member);

    if (!port)
      continue;
    snprintf (l->ports[i], sizeof l->ports[i], "%d", (int) json_integer_value (port));
    if (fettle_settings_set (&cli->settings, ports[i].member, l->ports[i], err))
      return err->code;
    l->given[l->args.n_given++] = (struct fettle_given) { ports[i].option, l->ports[i] };
  }
  if (fettle_sum_is (given, "open_firewall"))
    l->given[l->args.n_given++] = (struct fettle_given) { "open-firewall", NULL };
  cli->args = &l->args;
  return FETTLE_OK;
}

static void
tell_without_effect (const json_t *given)
{
  const json_t *login = json_object_get (given, "login"), *nodes = json_object_get (given, "nodes");

  for (const struct fettle_sum_row *row = fettle_sum_table; row->does; row++) {
    const char *member = fettle_sum_member (row);

    if (!row->effect
        && (fettle_sum_is (given, member) || fettle_sum_is (login, member)
            || fettle_sum_is (json_array_get (nodes, 0), member)))
      fprintf (stderr, "smartupdate: %s%s has no effect here: %s\n", row->name ? "/" : "",
               row->name ? row->name : row->keys, row->does);
  }
}

/* Nothing but how the service shall be. */
static bool
is_service (const json_t *given)
{
  static const char *const services[] = { "port", "ssl_port", "ftp_port", "open_firewall",
                                          "overridedb", "nodes", "login", "verbose", "inputfile" };
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) given, name, value) {
    bool known = false;

    for (size_t i = 0; i < COUNT (services); i++)
      known |= strcmp (services[i], name) == 0;
    if (!known)
      return false;
  }
  return json_array_size (json_object_get (given, "nodes")) == 0
         && json_object_size (json_object_get (given, "login")) == 0;
}

static void
clear_cli (struct fettle_cli *cli)
{
  fettle_settings_clear (&cli->settings);
}

static int
do_line (const json_t *given, int argc, char **argv)
{
  _cleanup_ (clear_cli) struct fettle_cli cli = {
    .format = FETTLE_FORMAT_TABLE, .out = stdout, .terminal = isatty (STDOUT_FILENO),
    .quiet = !fettle_sum_is (given, "verbose"),
  };
  struct line line = { .args = { 0 } };
  struct fettle_error err;

  if (make_settings (&cli, &line, given, &err))
    return fettle_sum_fail (&err);
  if (argc)
    return fettle_sum_console (&cli, argc, argv);
  tell_without_effect (given);
  return is_service (given) ? fettle_sum_serve (&cli, given) : fettle_sum_run (&cli, given);
}

static bool
is_word (int argc, char **argv, const char *a, const char *b)
{
  return argc == 2 && (strcmp (argv[1], a) == 0 || strcmp (argv[1], b) == 0);
}

int
fettle_sum_main (int argc, char **argv)
{
  _cleanup_ (fettle_secret_release) json_t *given = NULL;
  struct fettle_error err;

  if (is_word (argc, argv, "-v", "--version")) {
    puts ("smartupdate (Fettle) " PACKAGE_VERSION);
    return fflush (stdout) ? FETTLE_EXIT_GENERAL : FETTLE_EXIT_DONE;
  }
  if (is_word (argc, argv, "--table", "--rows")) {
    (strcmp (argv[1], "--rows") == 0 ? fettle_sum_rows : fettle_sum_markdown) (stdout);
    return fflush (stdout) ? FETTLE_EXIT_GENERAL : FETTLE_EXIT_DONE;
  }
  if (argc > 1 && *argv[1] && !strchr ("/- ", *argv[1])) {
    given = json_object ();
    return do_line (given, argc - 1, argv + 1);
  }
  if (fettle_sum_parse (argc, argv, &given, &err))
    return fettle_sum_fail (&err);
  if (fettle_sum_is (given, "help")) {
    fettle_sum_help (stdout);
    return fflush (stdout) ? FETTLE_EXIT_GENERAL : FETTLE_EXIT_DONE;
  }
  return do_line (given, 0, NULL);
}
