/* superdome.c - Superdome X and Superdome Flex: descriptor and port tables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "flex.h"

static const struct fettle_port x_ports[] = {
  FETTLE_TO       (FETTLE_BOTH, FETTLE_TCP, 22,  "SSH: command line"),
  FETTLE_TO_OPT   (FETTLE_BOTH, FETTLE_TCP, 80,  "HTTP, redirects to 443"),
  FETTLE_TO_SPARE (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS"),
  FETTLE_FROM     (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP,  "bundle pull"),
  FETTLE_FROM     (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "bundle pull over TLS"),
};

static const struct fettle_setting x_settings[] = {
  { "pull", FETTLE_SETTING_TEXT, 0, "http", "how the node fetches the bundle: http or https" },
};

static const struct fettle_port flex_ports[] = {
  FETTLE_TO   (FETTLE_BOTH, FETTLE_TCP, 443, "Redfish of the RMC"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "bundle pull over TLS"),
};

static const struct fettle_setting flex_settings[] = {
  { "exclude_partitions", FETTLE_SETTING_BOOL, 0, "no", "leave the partitions' firmware as it is" },
};

static const struct fettle_node_type types[] = {
  {
    .name = "superdome-x",
    .title = "Superdome X",
    .position = 50,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .ports = x_ports,
    .n_ports = FETTLE_COUNT (x_ports),
    .settings = x_settings,
    .n_settings = FETTLE_COUNT (x_settings),
    .services = "ssh/1 serve/1",
    .probe = x_probe,
    .inventory = x_inventory,
    .deploy = x_deploy,
    .cleanup = x_cleanup,
  },
  {
    .name = "superdome-flex",
    .title = "Superdome Flex",
    .position = 100,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .ports = flex_ports,
    .n_ports = FETTLE_COUNT (flex_ports),
    .settings = flex_settings,
    .n_settings = FETTLE_COUNT (flex_settings),
    .services = "http/1 serve/1",
    .probe = flex_probe,
    .inventory = flex_inventory,
    .deploy = flex_deploy,
    .cleanup = flex_cleanup,
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "superdome",
  .version = "0.2",
  .description = "Superdome X, Superdome Flex and Flex 280",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (superdome, plugin)
