/* backcall.c - nodes that call back, for tests of the check: ports in both
 * directions, and the Linux plugin's way of making a node fetch a URL.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../../plugins/linux/linux.h"

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH: commands"),
  FETTLE_TO (FETTLE_DEPLOYMENT, FETTLE_TCP, 443, "web"),
  FETTLE_TO_OPT (FETTLE_DEPLOYMENT, FETTLE_TCP, 80, "plain web"),
  FETTLE_FROM (FETTLE_BOTH, FETTLE_LISTEN_HTTP, "pull"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "status"),
};

static const struct fettle_setting settings[] = {
  { "ssh_port", FETTLE_SETTING_PORT, 22, "22", "port of the node's SSH server" },
  { "web_port", FETTLE_SETTING_PORT, 443, "443", "port of the node's web server" },
};

static const struct fettle_node_type types[] = {
  {
    .name = "backcall",
    .title = "Backcall",
    .position = 1000,
    .hosts = FETTLE_HOST_LINUX,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "ssh/1",
    .reach_back = linux_reach_back,
  },
  {
    .name = "mute",
    .title = "Mute",
    .position = 1001,
    .hosts = FETTLE_HOST_LINUX,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "ssh/1",
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "backcall",
  .version = "1",
  .description = "nodes that call back, for tests",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (backcall, plugin)
