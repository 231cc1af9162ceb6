/* options.c - see options.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>

#include "service/options.h"

static const char help[] =
  "Usage: fettled [OPTION...]\n"
  "The service of Fettle: keeps firmware, drivers and software of machines in good order.\n"
  "The command fettle starts it when none runs.\n"
  "\n"
  "      --state-dir=DIR    folder of the store, the certificate and the token\n"
  "      --config=FILE      configuration instead of the usual file\n"
  "      --port=N           port of the HTTP listener that nodes pull from (63001)\n"
  "      --ssl-port=N       port of the HTTPS listener (63002)\n"
  "      --ftp-port=N       port of the FTP listener; 0: off (0)\n"
  "      --plugindir=DIRS   folders of plugins, ':' between several\n"
  "      --open-firewall    open firewalls, ours and the nodes', while they need it\n"
  "      --set=NAME=VALUE   any setting of the configuration\n"
  "      --foreground       stay in the foreground (this is usual)\n"
  "      --background       go to the background when ready\n"
  "      --idle-exit        end when unused for as long as the setting idle_exit says\n"
  "      --log-file=FILE    log there instead of standard error; SIGHUP opens it anew\n"
  "      --help             show this and exit\n"
  "      --version          show the version and exit\n";

enum { OPT_STATE_DIR = 1000, OPT_CONFIG, OPT_PORT, OPT_SSL_PORT, OPT_FTP_PORT, OPT_PLUGINDIR,
       OPT_OPEN_FIREWALL, OPT_SET,
       OPT_FOREGROUND, OPT_BACKGROUND, OPT_IDLE_EXIT, OPT_LOG_FILE, OPT_HELP, OPT_VERSION };

static const struct option options[] = {
  { "state-dir",  required_argument, NULL, OPT_STATE_DIR },
  { "config",     required_argument, NULL, OPT_CONFIG },
  { "port",       required_argument, NULL, OPT_PORT },
  { "ssl-port",   required_argument, NULL, OPT_SSL_PORT },
  { "ftp-port",   required_argument, NULL, OPT_FTP_PORT },
  { "plugindir",  required_argument, NULL, OPT_PLUGINDIR },
  { "open-firewall", no_argument,    NULL, OPT_OPEN_FIREWALL },
  { "set",        required_argument, NULL, OPT_SET },
  { "foreground", no_argument,       NULL, OPT_FOREGROUND },
  { "background", no_argument,       NULL, OPT_BACKGROUND },
  { "idle-exit",  no_argument,       NULL, OPT_IDLE_EXIT },
  { "log-file",   required_argument, NULL, OPT_LOG_FILE },
  { "help",       no_argument,       NULL, OPT_HELP },
  { "version",    no_argument,       NULL, OPT_VERSION },
  { NULL,         0,                 NULL, 0 },
};

static bool
say (const struct fettle_error *err)
{
  fprintf (stderr, "fettled: %s\n", err->text);
  return false;
}

/* "NAME=VALUE" */
static fettle_result
set_pair (struct fettle_settings *s, const char *pair, struct fettle_error *err)
{
  const char *value = strchr (pair, '=');
  char name[64];

  if (!value || (size_t) snprintf (name, sizeof name, "%.*s", (int) (value - pair), pair)
                  >= sizeof name)
    return fettle_error_set (err, FETTLE_E_CONFIG, "--set wants NAME=VALUE, not \"%s\"", pair);
  return fettle_settings_set (s, name, value + 1, err);
}

/* The service leaves the folder that it was started in. */
static fettle_result
make_absolute (const char *path, char **ret, struct fettle_error *err)
{
  char folder[PATH_MAX];
  char *full = NULL;

  if (*path == '/')
    full = strdup (path);
  else if (!getcwd (folder, sizeof folder))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "finding the current folder");
  else if (asprintf (&full, "%s/%s", folder, path) < 0)
    full = NULL;
  if (!full)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory");
  free (*ret);
  *ret = full;
  return FETTLE_OK;
}

/* Options come after the file, so they are looked through twice: `config`
 * is found in the first round, settings are set in the second. */
static fettle_result
take (struct fettle_service_options *o, int option, const char *value, struct fettle_error *err)
{
  switch (option) {
  case OPT_STATE_DIR:  return fettle_settings_set (&o->settings, "state_dir", value, err);
  case OPT_PORT:       return fettle_settings_set (&o->settings, "port", value, err);
  case OPT_SSL_PORT:   return fettle_settings_set (&o->settings, "ssl_port", value, err);
  case OPT_FTP_PORT:   return fettle_settings_set (&o->settings, "ftp_port", value, err);
  case OPT_PLUGINDIR:  return fettle_settings_set (&o->settings, "plugindir", value, err);
  case OPT_OPEN_FIREWALL: return fettle_settings_set (&o->settings, "open_firewall", "yes", err);
  case OPT_SET:        return set_pair (&o->settings, value, err);
  case OPT_LOG_FILE:   return make_absolute (value, &o->log_file, err);
  case OPT_BACKGROUND: o->background = true; break;
  case OPT_FOREGROUND: o->background = false; break;
  case OPT_IDLE_EXIT:  o->idle_exit = true; break;
  }
  return FETTLE_OK;
}

/* First round: is the line well formed, and which file is to be read? */
static bool
look_through (struct fettle_service_options *o, int argc, char **argv, const char **ret_config)
{
  int option;

  while ((option = getopt_long (argc, argv, "", options, NULL)) != -1) {
    if (option == '?') {
      fprintf (stderr, "fettled: see fettled --help\n");
      return false;
    }
    if (option == OPT_CONFIG)
      *ret_config = optarg;
    if (option == OPT_HELP || option == OPT_VERSION) {
      fputs (option == OPT_HELP ? help : "fettled " PACKAGE_VERSION "\n", stdout);
      o->done = true;
      return true;
    }
  }
  if (optind < argc) {
    fprintf (stderr, "fettled: \"%s\" isn't expected: see fettled --help\n", argv[optind]);
    return false;
  }
  return true;
}

bool
fettle_service_options_read (struct fettle_service_options *o, int argc, char **argv)
{
  const char *config = NULL;
  struct fettle_error err;
  int option;

  *o = (struct fettle_service_options) { .log_file = NULL };
  if (!look_through (o, argc, argv, &config))
    return false;
  if (o->done)
    return true;
  if (fettle_settings_init (&o->settings, &err)
      || fettle_settings_read (&o->settings, config, &err))
    return say (&err);
  optind = 1;
  while ((option = getopt_long (argc, argv, "", options, NULL)) != -1)
    if (take (o, option, optarg, &err))
      return say (&err);
  if (make_absolute (o->settings.state_dir, &o->settings.state_dir, &err))
    return say (&err);
  return true;
}

void
fettle_service_options_clear (struct fettle_service_options *o)
{
  fettle_settings_clear (&o->settings);
  free (o->log_file);
}
