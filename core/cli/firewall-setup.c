/* firewall-setup.c - fettle firewall setup, undo-setup: the one static rule
 * that this host's own firewall needs, put there and taken away again.
 *
 * Done here and not by the service: it is an administrator's decision, made
 * once, with an administrator's rights.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/cli.h"
#include "firewall/firewall.h"

static int
set_up (struct fettle_cli *cli, enum fettle_setup_action action)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (1 << 20);
  const struct fettle_port_span spans[] = {
    { FETTLE_TCP, (uint16_t) cli->settings.port, (uint16_t) cli->settings.port },
    { FETTLE_TCP, (uint16_t) cli->settings.ssl_port, (uint16_t) cli->settings.ssl_port },
  };
  const struct fettle_firewall_options options = { .libexecdir = cli->settings.libexecdir,
                                                   .ports = spans, .n_ports = COUNT (spans) };
  const struct fettle_backend *backend;
  struct fettle_error err;

  if (fettle_backend_choose (cli->settings.firewall, &options, &backend, NULL, &err)
      || backend->setup (&options, action, &text, &err))
    return fettle_cli_fail (&err);
  fputs (fettle_buf_text (&text), cli->out);
  if (text.size == 0)
    fettle_cli_notice (cli, "nothing to do: %s stands in the way of nothing", backend->title);
  return FETTLE_EXIT_DONE;
}

static int
run_setup (struct fettle_cli *cli, const struct fettle_args *args)
{
  return set_up (cli, fettle_args_flag (args, "dry-run") ? FETTLE_SETUP_SHOW : FETTLE_SETUP_APPLY);
}

static int
run_undo (struct fettle_cli *cli, const struct fettle_args *args)
{
  return set_up (cli, fettle_args_flag (args, "dry-run") ? FETTLE_SETUP_SHOW_UNDO
                                                         : FETTLE_SETUP_UNDO);
}

static const struct fettle_option options[] = {
  { "dry-run", 0, NULL, "say what would be done, and do nothing" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_firewall_setup = {
  "firewall", "setup", NULL, 0, 0, "add the one rule that this host's firewall needs",
  FETTLE_FORMATS (FETTLE_FORMAT_TEXT), FETTLE_FORMAT_TEXT, options, run_setup,
};

const struct fettle_command fettle_command_firewall_undo_setup = {
  "firewall", "undo-setup", NULL, 0, 0, "take that rule away again",
  FETTLE_FORMATS (FETTLE_FORMAT_TEXT), FETTLE_FORMAT_TEXT, options, run_undo,
};
