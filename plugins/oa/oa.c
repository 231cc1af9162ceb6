/* oa.c - BladeSystem Onboard Administrators: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

#include "oa.h"

/* The image is pushed, so nothing comes back from the target. */
static const struct fettle_port ports[] = {
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_TCP, 22,  "SSH: command line"),
  FETTLE_TO_OPT   (FETTLE_BOTH, FETTLE_TCP, 80,  "HTTP: xmldata"),
  FETTLE_TO       (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS: SOAP, image upload"),
};

static const struct fettle_setting settings[] = {
  { "https_port",     FETTLE_SETTING_PORT, 443, "443",  "port of the OA's web server" },
  { "ssh_port",       FETTLE_SETTING_PORT, 22,  "22",   "port of the OA's command line" },
  { "http_port",      FETTLE_SETTING_PORT, 80,  "80",   "port of the OA's web server without TLS" },
  { "old_tls",        FETTLE_SETTING_BOOL, 0,   "no",   "speak TLS 1.0 and weak ciphers, too: for old firmware" },
  { "plain_http",     FETTLE_SETTING_BOOL, 0,   "no",   "read xmldata without TLS where TLS fails" },
  { "inventory_by",   FETTLE_SETTING_TEXT, 0,   "auto", "auto, xmldata, soap or cli" },
  { "ilo_updates",    FETTLE_SETTING_BOOL, 0,   "no",   "update the blades' iLOs through the OA" },
  { "servers",        FETTLE_SETTING_BOOL, 0,   "no",   "add what runs on blades as nodes, by the names that the OA has" },
  { "poll",           FETTLE_SETTING_UINT, 0,   "15",   "seconds between looks at an OA that restarts" },
  { "reboot_timeout", FETTLE_SETTING_UINT, 0,   "1800", "seconds that flashed OAs may take to be back" },
};

static const struct fettle_node_type types[] = {
  {
    .name = "oa",
    .title = "OA",
    .position = 40,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "http/1 ssh/1",
    .probe = oa_probe,
    .inventory = oa_inventory,
    .deploy = oa_deploy,
    .layer = FETTLE_LAYER_MANAGER,
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "oa",
  .version = "0.1",
  .description = "BladeSystem c-Class Onboard Administrators",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (oa, plugin)
