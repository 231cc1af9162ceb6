/* windows.c - Windows nodes: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "windows.h"

static const struct fettle_port ports[] = {
  FETTLE_TO       (FETTLE_BOTH, FETTLE_TCP, 445, "SMB: files, registry, services"),
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_TCP, 135, "RPC endpoint mapper, DCOM"),
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_UDP, 137, "NetBIOS name service"),
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_UDP, 138, "NetBIOS datagrams"),
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_TCP, 139, "SMB over a NetBIOS session"),
};

static const struct fettle_setting settings[] = {
  { "wmi_classes",       FETTLE_SETTING_TEXT, 0, NULL,    "classes of WMI that are asked on the node, or none; unset: those of windows.quirks" },
  { "wmi_timeout",       FETTLE_SETTING_UINT, 0, "120",   "seconds that WMI may take on the node" },
  { "windows_drivers",   FETTLE_SETTING_BOOL, 0, "no",    "list drivers that are Microsoft's, too" },
  { "services",          FETTLE_SETTING_TEXT, 0, "other", "services that are listed: other (not Windows' own), all or none" },
  { "install_timeout",   FETTLE_SETTING_UINT, 0, "3600",  "seconds that an installation may take" },
  { "restart_timeout",   FETTLE_SETTING_UINT, 0, "1800",  "seconds that a restart may take" },
  { "bitlocker_suspend", FETTLE_SETTING_BOOL, 0, "no",    "suspend BitLocker until the restart before anything is installed" },
  { "firewall_time",     FETTLE_SETTING_UINT, 0, "10800", "seconds after which the node's firewall closes by itself" },
};

static const struct fettle_node_type types[] = {
  {
    .name = "windows",
    .title = "Windows",
    .position = 10,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX_TOO,
    .flags = FETTLE_TYPE_ANNOUNCES | FETTLE_TYPE_INVENTORY_LEAVES,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "smb/1",
    .probe = win_probe,
    .inventory = win_inventory,
    .deploy = win_deploy,
    .cleanup = win_cleanup,
    .activate = win_activate,
    .firewall_open = win_firewall_open,
    .firewall_restore = win_firewall_restore,
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "windows",
  .version = "0.2",
  .description = "Windows servers",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (windows, plugin)
