/* vmware.c - VMware ESXi nodes: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

#include "vmware.h"

static const struct fettle_port ports[] = {
  FETTLE_TO         (FETTLE_BOTH, FETTLE_TCP, 443,  "vSphere API, file upload"),
  FETTLE_TO_SPARE   (FETTLE_BOTH, FETTLE_TCP, 5989, "CIM over HTTPS"),
  FETTLE_FROM_SPARE (FETTLE_BOTH, FETTLE_LISTEN_HTTP, "component pull, discovery, status"),
};

static const struct fettle_setting settings[] = {
  { "https_port",          FETTLE_SETTING_PORT, 443, "443",  "port of the host's web server" },
  { "old_tls",             FETTLE_SETTING_BOOL, 0,   "no",   "speak TLS 1.0 and weak ciphers, too: for old hosts" },
  { "transfer",            FETTLE_SETTING_TEXT, 0,   "auto", "auto, pull (the host fetches) or push (to a datastore)" },
  { "datastore",           FETTLE_SETTING_TEXT, 0,   NULL,   "name of the datastore for files; unset: the first by name" },
  { "firewall_ruleset",    FETTLE_SETTING_TEXT, 0,   "nfsClient", "ruleset of the host's firewall that is opened for us" },
  { "maintenance_mode",    FETTLE_SETTING_BOOL, 0,   "yes",  "install in maintenance mode" },
  { "maintenance_timeout", FETTLE_SETTING_UINT, 0,   "900",  "seconds that entering maintenance mode may take" },
  { "poll",                FETTLE_SETTING_UINT, 0,   "10",   "seconds between looks at a host that restarts" },
  { "reboot_timeout",      FETTLE_SETTING_UINT, 0,   "1800", "seconds that a restart may take" },
  { "cim",                 FETTLE_SETTING_BOOL, 0,   "yes",  "ask the host's CIM server, too, where it has one" },
  { "cim_port",            FETTLE_SETTING_PORT, 5989, "5989", "port of the host's CIM server" },
  { "cim_timeout",         FETTLE_SETTING_UINT, 0,   "900",  "seconds that it may be silent while it installs or starts" },
};

static const struct fettle_node_type types[] = {
  {
    .name = "vmware",
    .title = "VMware",
    .position = 30,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "http/1",
    .probe = vm_probe,
    .wants = "serve/1",
    .inventory = vm_inventory,
    .deploy = vm_deploy,
    .cleanup = vm_cleanup,
    .activate = vm_activate,
    .firewall_open = vm_firewall_open,
    .firewall_restore = vm_firewall_restore,
    .reach_back = vm_reach_back,
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "vmware",
  .version = "0.2",
  .description = "VMware ESXi hosts",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (vmware, plugin)
