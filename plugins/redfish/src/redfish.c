/* redfish.c - any BMC that speaks Redfish: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "node.h"

static const struct fettle_port ports[] = {
  FETTLE_TO   (FETTLE_BOTH,       FETTLE_TCP, 443,      "Redfish"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP,   "firmware pull"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS,  "firmware pull"),
};

static const struct fettle_setting settings[] = {
  { "https_port", FETTLE_SETTING_PORT, 443, "443", "port of the BMC's web server" },
  { "transfer", FETTLE_SETTING_TEXT, 0, "auto", "how firmware gets to it: pull, push, or auto: what is possible" },
  { "reset_timeout", FETTLE_SETTING_UINT, 0, "900", "s that a BMC may be gone while it updates itself" },
  { "old_tls", FETTLE_SETTING_BOOL, 0, "no", "speak TLS 1.0 and weak ciphers, too: for old firmware" },
};

static const struct fettle_node_type types[] = {
  { .name = "redfish", .title = "Redfish", .position = 1000,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .ports = ports, .n_ports = FETTLE_COUNT (ports),
    .settings = settings, .n_settings = FETTLE_COUNT (settings), .services = "http/1", .wants = "serve/1",
    .probe = redfish_probe, .inventory = redfish_inventory, .deploy = redfish_deploy },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "redfish",
  .version = "0.1",
  .description = "BMCs of any vendor, by Redfish",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (redfish, plugin)
