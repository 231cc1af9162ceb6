/* sum-service.c - the service, as SUM speaks of its engine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/sum.h"

static int
number_of (const json_t *service, const char *member)
{
  return (int) json_integer_value (json_object_get (service, member));
}

/* The line that scripts read. */
static void
say_service (const struct fettle_cli *cli, const json_t *service, const char *what)
{
  char ftp[64] = "FTP is disabled.";

  if (cli->settings.ftp_port)
    snprintf (ftp, sizeof ftp, "FTP is on port %d.", (int) cli->settings.ftp_port);
  printf ("sum_service_x64 %s on port %d and secure port %d. %s\n", what,
          number_of (service, "port"), number_of (service, "ssl_port"), ftp);
  fflush (stdout);
}

fettle_result
fettle_sum_open (struct fettle_cli *cli, struct fettle_client **ret, bool *ret_started,
                 struct fettle_error *err)
{
  fettle_result r = fettle_client_open (cli, false, ret, err);

  *ret_started = false;
  if (r != FETTLE_E_UNREACHABLE)
    return r;
  if (fettle_client_open (cli, true, ret, err))
    return err->code;
  *ret_started = true;
  say_service (cli, fettle_client_service (*ret), "started successfully");
  return FETTLE_OK;
}

int
fettle_sum_check_ports (const json_t *given, struct fettle_client *client)
{
  const json_t *service = fettle_client_service (client);
  static const char *const ports[] = { "port", "ssl_port" };

  for (size_t i = 0; i < COUNT (ports); i++) {
    const json_t *wanted = json_object_get (given, ports[i]);

    if (wanted && json_integer_value (wanted) != number_of (service, ports[i])) {
      fprintf (stderr, "smartupdate: the service runs already, with %s %d: smartupdate shutdownengine,"
                       " then start it again\n", ports[i], number_of (service, ports[i]));
      return FETTLE_EXIT_GENERAL;
    }
  }
  return FETTLE_EXIT_DONE;
}

static int
check_firewall (const json_t *given, const json_t *service)
{
  if (fettle_sum_is (given, "open_firewall")
      && !json_is_true (json_object_get (service, "open_firewall"))) {
    fputs ("smartupdate: the service runs already, and opens no firewall: smartupdate"
           " shutdownengine, then start it again\n", stderr);
    return FETTLE_EXIT_GENERAL;
  }
  return FETTLE_EXIT_DONE;
}

int
fettle_sum_serve (struct fettle_cli *cli, const json_t *given)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  struct fettle_error err;
  bool started;

  if (fettle_sum_open (cli, &client, &started, &err))
    return fettle_sum_fail (&err);
  if (!started)
    say_service (cli, fettle_client_service (client), "runs already");
  printf ("https://localhost:%d/\n", number_of (fettle_client_service (client), "ssl_port"));
  if (started)
    return FETTLE_EXIT_DONE;
  return fettle_sum_check_ports (given, client)
           ? FETTLE_EXIT_GENERAL : check_firewall (given, fettle_client_service (client));
}

void
fettle_sum_close (struct fettle_cli *cli)
{
  static const struct fettle_args none = { .command = &fettle_command_service_stop };
  const struct fettle_args *before = cli->args;

  puts ("Sending Shutdown request to engine.");
  fflush (stdout);
  cli->args = &none;
  if (fettle_command_service_stop.run (cli, &none) == FETTLE_EXIT_DONE)
    puts ("Successfully shutdown the service.");
  cli->args = before;
}
