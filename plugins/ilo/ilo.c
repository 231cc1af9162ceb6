/* ilo.c - iLO, Virtual Connect, FC and SAS switches: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

#include "fc.h"
#include "ilo.h"
#include "sas.h"
#include "vc.h"

/* All four types have the same ports.  Which of them they can do without
 * differs: what has a web server is spoken to by that, the others by SSH. */
static const struct fettle_port by_web[] = {
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_TCP, 22,  "SSH: command line"),
  FETTLE_TO_OPT   (FETTLE_BOTH, FETTLE_TCP, 80,  "HTTP, redirects to 443"),
  FETTLE_TO       (FETTLE_BOTH, FETTLE_TCP, 443, "Redfish, RIBCL, REST"),
  FETTLE_FROM     (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP, "firmware pull, status"),
};

static const struct fettle_port by_ssh[] = {
  FETTLE_TO       (FETTLE_BOTH, FETTLE_TCP, 22,  "SSH: command line"),
  FETTLE_TO_OPT   (FETTLE_BOTH, FETTLE_TCP, 80,  "HTTP, redirects to 443"),
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_TCP, 443, "Redfish, RIBCL, REST"),
  FETTLE_FROM     (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP, "firmware pull, status"),
};

static const struct fettle_port of_fc[] = {
  FETTLE_TO       (FETTLE_BOTH, FETTLE_TCP, 22,  "SSH: command line"),
  FETTLE_TO_OPT   (FETTLE_BOTH, FETTLE_TCP, 80,  "HTTP, redirects to 443"),
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_TCP, 443, "Redfish, RIBCL, REST"),
  FETTLE_FROM     (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP, "firmware pull, status"),
  FETTLE_FROM     (FETTLE_DEPLOYMENT, FETTLE_LISTEN_FTP, "pull of release folders"),
};

static const struct fettle_setting settings[] = {
  { "https_port", FETTLE_SETTING_PORT, 443, "443", "port of the iLO's web server" },
  { "transfer", FETTLE_SETTING_TEXT, 0, "auto", "how firmware gets to it: pull, push, or auto: what is possible" },
  { "update_by", FETTLE_SETTING_TEXT, 0, "auto", "flash: at once; queue: by iLO's repository and queue; set: the same by an install set; or auto" },
  { "reset_timeout", FETTLE_SETTING_UINT, 0, "900", "s that an iLO may be gone while it updates itself" },
  { "accept_3rd_party", FETTLE_SETTING_BOOL, 0, "no", "for the time of an update take firmware that HPE hasn't signed" },
  { "old_tls", FETTLE_SETTING_BOOL, 0, "no", "speak TLS 1.0 and weak ciphers, too: for old firmware" },
};

#define SSH_PORT { "ssh_port", FETTLE_SETTING_PORT, 22, "22", "port of the module's command line" }

static const struct fettle_setting vc_settings[] = { SSH_PORT };

static const struct fettle_setting fc_settings[] = {
  SSH_PORT,
  { "https_port", FETTLE_SETTING_PORT, 443, "443", "port of the switch's REST interface" },
  { "interface", FETTLE_SETTING_TEXT, 0, "ssh", "how it is spoken to: ssh, or rest (Fabric OS 8.2 and later)" },
  { "accept_eula", FETTLE_SETTING_BOOL, 0, "no", "the maker's licence is accepted, where an update by REST demands that" },
  { "firmware_source", FETTLE_SETTING_TEXT, 0, NULL,
    "where it fetches releases: PROTOCOL://[USER@]HOST/FOLDER; unset: our FTP" },
};

static const struct fettle_setting sas_settings[] = {
  { "bay", FETTLE_SETTING_TEXT, 0, NULL, "the switch's interconnect bay, 1 to 8; without it, all SAS switches" },
  { "old_tls", FETTLE_SETTING_BOOL, 0, "no", "speak TLS 1.0 and weak ciphers, too: for old firmware" },
};

#define NODE_TYPE(name_, title_, position_, ports_)                           \
  .name = name_, .title = title_, .position = position_,                      \
  .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,                           \
  .ports = ports_, .n_ports = FETTLE_COUNT (ports_)

static const struct fettle_node_type types[] = {
  { NODE_TYPE ("ilo", "iLO", 60, by_web),
    .settings = settings, .n_settings = FETTLE_COUNT (settings), .services = "http/1 stream/1",
    .wants = "serve/1", .probe = ilo_probe, .inventory = ilo_inventory, .deploy = ilo_deploy_which,
    .cleanup = ilo_cleanup, .activate = ilo_activate },
  { NODE_TYPE ("vc",         "VC",         70, by_ssh), .layer = FETTLE_LAYER_INTERCONNECT, .services = "ssh/1",
    .settings = vc_settings, .n_settings = FETTLE_COUNT (vc_settings),
    .probe = vc_probe, .inventory = vc_inventory, .deploy = vc_deploy },
  { NODE_TYPE ("fc-switch",  "FC switch",  80, of_fc), .layer = FETTLE_LAYER_INTERCONNECT, .services = "ssh/1 http/1",
    .wants = "serve/1", .settings = fc_settings, .n_settings = FETTLE_COUNT (fc_settings),
    .probe = fc_probe, .inventory = fc_inventory, .deploy = fc_deploy },
  { NODE_TYPE ("sas-switch", "SAS switch", 90, by_web), .layer = FETTLE_LAYER_INTERCONNECT, .services = "http/1",
    .settings = sas_settings, .n_settings = FETTLE_COUNT (sas_settings),
    .inventory = sas_inventory, .deploy = sas_deploy },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "ilo",
  .version = "0.1",
  .description = "iLO, Virtual Connect, Fibre Channel and SAS switches",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (ilo, plugin)
