/* main.c - the `fettle` program: settings and output from the options, then
 * the command.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "cli/parse.h"
#include "cli/sum.h"
#include "util/file.h"
#include "util/secret.h"

int
fettle_cli_fail (const struct fettle_error *err)
{
  char text[sizeof err->text];

  snprintf (text, sizeof text, "%s", err->text);
  fettle_cli_clean (text);
  fprintf (stderr, "fettle: %s\n", text);
  switch (err->code) {
  case FETTLE_E_CONFIG:
  case FETTLE_E_UNSUPPORTED:
    return FETTLE_EXIT_USAGE;
  case FETTLE_E_BUSY:
  case FETTLE_E_AUTH:
  case FETTLE_E_REJECTED:
  case FETTLE_E_ABORTED:
    return FETTLE_EXIT_COMMAND;
  default:
    return FETTLE_EXIT_GENERAL;
  }
}

int
fettle_cli_usage (const char *format, ...)
{
  struct fettle_error err = { FETTLE_E_CONFIG, "" };
  va_list ap;

  va_start (ap, format);
  vsnprintf (err.text, sizeof err.text, format, ap);
  va_end (ap);
  return fettle_cli_fail (&err);
}

void
fettle_cli_notice (const struct fettle_cli *cli, const char *format, ...)
{
  va_list ap;

  if (cli->quiet)
    return;
  fputs ("fettle: ", stderr);
  va_start (ap, format);
  vfprintf (stderr, format, ap);
  va_end (ap);
  fputc ('\n', stderr);
}

/* ---- Settings ---- */

/* The service is started with another working folder: paths must not depend on it. */
static fettle_result
set_folder (struct fettle_settings *s, const char *setting, const char *path,
            struct fettle_error *err)
{
  char here[PATH_MAX], whole[2 * PATH_MAX];

  if (path[0] == '/')
    return fettle_settings_set (s, setting, path, err);
  if (!getcwd (here, sizeof here))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "finding the current folder");
  if ((size_t) snprintf (whole, sizeof whole, "%s/%s", here, path) >= sizeof whole)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %.80s is too long", path);
  return fettle_settings_set (s, setting, whole, err);
}

static fettle_result
set_pair (struct fettle_settings *s, const char *pair, struct fettle_error *err)
{
  _cleanup_free_ char *name = strdup (pair);
  char *equals = name ? strchr (name, '=') : NULL;

  if (!name)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the settings");
  if (!equals)
    return fettle_error_set (err, FETTLE_E_CONFIG, "--set %.80s: write it as NAME=VALUE", pair);
  *equals = '\0';
  return fettle_settings_set (s, name, equals + 1, err);
}

static fettle_result
apply_option (struct fettle_settings *s, const struct fettle_given *g, struct fettle_error *err)
{
  if (strcmp (g->name, "state-dir") == 0)
    return set_folder (s, "state_dir", g->value, err);
  if (strcmp (g->name, "plugindir") == 0)
    return set_folder (s, "plugindir", g->value, err);
  if (strcmp (g->name, "set") == 0)
    return set_pair (s, g->value, err);
  if (strcmp (g->name, "port") == 0)
    return fettle_settings_set (s, "port", g->value, err);
  if (strcmp (g->name, "ssl-port") == 0)
    return fettle_settings_set (s, "ssl_port", g->value, err);
  if (strcmp (g->name, "ftp-port") == 0)
    return fettle_settings_set (s, "ftp_port", g->value, err);
  return FETTLE_OK;
}

static fettle_result
make_settings (struct fettle_cli *cli, const struct fettle_args *args, struct fettle_error *err)
{
  cli->config_path = fettle_args_value (args, "config");
  if (fettle_settings_init (&cli->settings, err)
      || fettle_settings_read (&cli->settings, cli->config_path, err))
    return err->code;
  for (size_t i = 0; i < args->n_given; i++)
    if (apply_option (&cli->settings, &args->given[i], err))
      return err->code;
  return FETTLE_OK;
}

/* ---- Output ---- */

static const char *const format_names[] = {
  [FETTLE_FORMAT_TABLE] = "table", [FETTLE_FORMAT_CSV] = "csv",   [FETTLE_FORMAT_JSON] = "json",
  [FETTLE_FORMAT_TEXT] = "text",   [FETTLE_FORMAT_HTML] = "html",
  [FETTLE_FORMAT_NFT] = "nft",             [FETTLE_FORMAT_IPTABLES] = "iptables",
  [FETTLE_FORMAT_FIREWALLD] = "firewalld", [FETTLE_FORMAT_UFW] = "ufw",
  [FETTLE_FORMAT_NETSH] = "netsh",         [FETTLE_FORMAT_POWERSHELL] = "powershell",
  [FETTLE_FORMAT_ESXCLI] = "esxcli",       [FETTLE_FORMAT_AWS_SG] = "aws-sg",
  [FETTLE_FORMAT_CISCO_ACL] = "cisco-acl", [FETTLE_FORMAT_INI] = "ini",
  [FETTLE_FORMAT_YAML] = "yaml",           [FETTLE_FORMAT_XML] = "xml",
  [FETTLE_FORMAT_JUNIT] = "junit",
  [FETTLE_FORMAT_TAP] = "tap",
};

const char *
fettle_format_name (enum fettle_format format)
{
  return format_names[format];
}

static fettle_result
choose_format (struct fettle_cli *cli, const struct fettle_args *args, struct fettle_error *err)
{
  const char *wanted = fettle_args_value (args, "format");
  char all[128] = "";

  cli->format = args->command->initial;
  if (!wanted)
    return FETTLE_OK;
  for (unsigned i = 0; i < COUNT (format_names); i++) {
    size_t used = strlen (all);

    if (!(args->command->formats & FETTLE_FORMATS (i)))
      continue;
    if (strcmp (wanted, format_names[i]) == 0) {
      cli->format = (enum fettle_format) i;
      return FETTLE_OK;
    }
    snprintf (all + used, sizeof all - used, "%s%s", used ? ", " : "", format_names[i]);
  }
  if (!*all)
    return fettle_error_set (err, FETTLE_E_CONFIG, "this command has no --format");
  return fettle_error_set (err, FETTLE_E_CONFIG, "unknown format '%.40s'; there is: %s", wanted, all);
}

/* A regular file is written as a whole at the end (finish_output), so that a
 * command that fails doesn't leave half a file; devices and pipes at once. */
struct output {
  char *data;
  size_t size;
  bool whole;
};

static fettle_result
open_output (struct fettle_cli *cli, struct output *o, struct fettle_error *err)
{
  struct stat st;

  cli->out = stdout;
  if (!cli->output_path)
    return FETTLE_OK;
  o->whole = stat (cli->output_path, &st) != 0 || S_ISREG (st.st_mode);
  cli->out = o->whole ? open_memstream (&o->data, &o->size) : fopen (cli->output_path, "we");
  return cli->out ? FETTLE_OK
                  : fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", cli->output_path);
}

static fettle_result
finish_output (struct fettle_cli *cli, struct output *o, struct fettle_error *err)
{
  bool failed = ferror (cli->out) != 0;
  _cleanup_free_ char *data = NULL;

  if (!cli->output_path)
    return failed || fflush (stdout) ? fettle_error_errno (err, FETTLE_E_CONFIG, "writing the output")
                                     : FETTLE_OK;
  failed |= fclose (cli->out) != 0;
  data = o->data;
  if (failed)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", cli->output_path);
  if (!o->whole || o->size == 0)
    return FETTLE_OK;
  return fettle_file_write (cli->output_path, 0666, data, o->size, err);
}

static void
look_at_terminal (struct fettle_cli *cli, const struct fettle_args *args)
{
  const char *term = getenv ("TERM"), *no_color = getenv ("NO_COLOR");
  bool dumb = !term || !*term || strcmp (term, "dumb") == 0;

  cli->quiet = fettle_args_flag (args, "quiet");
  cli->terminal = !cli->output_path && isatty (STDOUT_FILENO);
  cli->colour = cli->terminal && !dumb && !(no_color && *no_color)
                && !fettle_args_flag (args, "no-color");
  cli->progress = !cli->quiet && !dumb && isatty (STDERR_FILENO);
}

/* ---- All of it ---- */

static int
run_command (struct fettle_cli *cli, const struct fettle_args *args)
{
  struct output output = { 0 };
  struct fettle_error err;
  int status;

  cli->args = args;
  cli->output_path = fettle_args_value (args, "output");
  look_at_terminal (cli, args);
  if (make_settings (cli, args, &err) || choose_format (cli, args, &err)
      || open_output (cli, &output, &err))
    return fettle_cli_fail (&err);
  status = args->command->run (cli, args);
  if (finish_output (cli, &output, &err))
    return fettle_cli_fail (&err);
  return status;
}

static void
clear_cli (struct fettle_cli *cli)
{
  fettle_settings_clear (&cli->settings);
}

/* 254 without any command, as for any other line that says nothing to do. */
static int
run_without_command (const struct fettle_args *args)
{
  if (fettle_args_flag (args, "version"))
    puts ("fettle " PACKAGE_VERSION);
  else if (fettle_args_flag (args, "help") && args->n_words)
    fettle_help_noun (stdout, args->words[0]);
  else if (fettle_args_flag (args, "help"))
    fettle_help_all (stdout);
  else
    return fettle_cli_usage ("no command given; see fettle --help");
  return fflush (stdout) ? FETTLE_EXIT_GENERAL : FETTLE_EXIT_DONE;
}

/* The same program under SUM's name: a link to it. */
static bool
is_smartupdate (const char *program)
{
  const char *slash = program ? strrchr (program, '/') : NULL;

  return program && strcmp (slash ? slash + 1 : program, "smartupdate") == 0;
}

int
main (int argc, char **argv)
{
  _cleanup_ (fettle_args_clear) struct fettle_args args = { 0 };
  _cleanup_ (clear_cli) struct fettle_cli cli = { 0 };
  struct fettle_error err;

  setlocale (LC_CTYPE, "");
  fettle_secret_json ();
  if (is_smartupdate (argv[0]))
    return fettle_sum_main (argc, argv);
  if (fettle_args_parse (argc, argv, &args, &err))
    return fettle_cli_fail (&err);
  if (!args.command || fettle_args_flag (&args, "version"))
    return run_without_command (&args);
  if (fettle_args_flag (&args, "help")) {
    fettle_help_command (stdout, args.command);
    return fflush (stdout) ? FETTLE_EXIT_GENERAL : FETTLE_EXIT_DONE;
  }
  return run_command (&cli, &args);
}
