/* linux.c - Linux nodes: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "linux.h"

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH: commands, files"),
};

static const struct fettle_setting settings[] = {
  { "ssh_port",        FETTLE_SETTING_PORT, 22, "22",
    "port of the node's SSH server" },
  { "work_folder",     FETTLE_SETTING_TEXT, 0,  "/var/tmp/fettle",
    "folder on the node for components while they are installed; needs room, and no noexec for programs" },
  { "lock_wait",       FETTLE_SETTING_UINT, 0,  "300",
    "seconds to wait for another package manager on the node" },
  { "install_timeout", FETTLE_SETTING_UINT, 0,  "3600",
    "seconds that one component may take to install" },
  { "restart_timeout", FETTLE_SETTING_UINT, 0,  "900",
    "seconds until the node must be back after a restart" },
  { "firewall_in",     FETTLE_SETTING_TEXT, 0,  NULL,
    "ports of the node that components want us to reach, for --open-firewall: 8080,9000-9010,161/udp" },
  { "firewall_out",    FETTLE_SETTING_TEXT, 0,  NULL,
    "ports of ours that components on the node want to reach, for --open-firewall" },
  { "firewall_time",   FETTLE_SETTING_UINT, 0,  "10800",
    "seconds after which what was opened in the node's firewall ends by itself" },
};

static const struct fettle_node_type types[] = {
  {
    .name = "linux",
    .title = "Linux",
    .position = 20,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .flags = FETTLE_TYPE_ANNOUNCES,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "ssh/1",
    .probe = linux_probe,
    .inventory = linux_inventory,
    .deploy = linux_deploy,
    .cleanup = linux_cleanup,
    .activate = linux_activate,
    .firewall_open = linux_firewall_open,
    .firewall_restore = linux_firewall_restore,
    .reach_back = linux_reach_back,
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "linux",
  .version = "0.1",
  .description = "Linux servers, over SSH",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (linux, plugin)
