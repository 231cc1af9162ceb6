/* vmware.c - VMware ESXi nodes: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

#include "vmware.h"

static const struct fettle_port ports[] = {
  FETTLE_TO   (FETTLE_BOTH, FETTLE_TCP, 443,  "vSphere API, file upload"),
  FETTLE_TO   (FETTLE_BOTH, FETTLE_TCP, 5989, "CIM over HTTPS"),
  FETTLE_FROM (FETTLE_BOTH, FETTLE_LISTEN_HTTP, "component pull, discovery, status"),
};

static const struct fettle_setting settings[] = {
  { "https_port",          FETTLE_SETTING_PORT, 443, "443",  "port of the host's web server" },
  { "old_tls",             FETTLE_SETTING_BOOL, 0,   "no",   "speak TLS 1.0 and weak ciphers, too: for old hosts" },
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
    .inventory = vm_inventory,
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
