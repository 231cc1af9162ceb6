/* commands.c - the list of commands and of the options that all of them take.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/cli.h"

const struct fettle_option fettle_global_options[] = {
  { "config",    0,   "FILE",       "read this configuration instead of the usual one" },
  { "state-dir", 0,   "DIR",        "where the service keeps its state" },
  { "set",       0,   "NAME=VALUE", "change a setting of fettle.conf for this run" },
  { "port",      0,   "N",          "port of the HTTP listener for nodes" },
  { "ssl-port",  0,   "N",          "port of the HTTPS listener: API, nodes, browser" },
  { "plugindir", 0,   "DIR",        "where plugins are; ':' between several folders" },
  { "format",    0,   "FORMAT",     "form of the output, as the command lists them" },
  { "output",    'o', "FILE",       "write the output to this file" },
  { "quiet",     'q', NULL,         "no notices and no progress, errors only" },
  { "no-color",  0,   NULL,         "no colours, as the environment variable NO_COLOR says too" },
  { "version",   'V', NULL,         "print the version" },
  { "help",      'h', NULL,         "explain the command" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command *const fettle_commands[] = {
  &fettle_command_node_add,
  &fettle_command_node_list,
  &fettle_command_node_show,
  &fettle_command_node_set,
  &fettle_command_node_remove,
  &fettle_command_node_items,
  &fettle_command_baseline_add,
  &fettle_command_baseline_list,
  &fettle_command_baseline_show,
  &fettle_command_baseline_remove,
  &fettle_command_inventory,
  &fettle_command_plan,
  &fettle_command_deploy,
  &fettle_command_status,
  &fettle_command_watch,
  &fettle_command_abort,
  &fettle_command_log,
  &fettle_command_report,
  &fettle_command_ports,
  &fettle_command_firewall_plan,
  &fettle_command_firewall_export,
  &fettle_command_firewall_status,
  &fettle_command_firewall_open,
  &fettle_command_firewall_close,
  &fettle_command_firewall_setup,
  &fettle_command_firewall_undo_setup,
  &fettle_command_plugin_list,
  &fettle_command_plugin_show,
  &fettle_command_service_start,
  &fettle_command_service_stop,
  &fettle_command_service_status,
  &fettle_command_config_show,
  &fettle_command_completion,
  &fettle_command_help,
  NULL,
};
