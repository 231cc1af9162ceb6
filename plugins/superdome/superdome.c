/* superdome.c - Superdome X and Superdome Flex: descriptor and port tables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

static const struct fettle_port x_ports[] = {
  FETTLE_TO     (FETTLE_BOTH, FETTLE_TCP, 22,  "SSH: command line"),
  FETTLE_TO_OPT (FETTLE_BOTH, FETTLE_TCP, 80,  "HTTP, redirects to 443"),
  FETTLE_TO     (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS"),
  FETTLE_FROM   (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP,  "bundle pull"),
  FETTLE_FROM   (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "bundle pull over TLS"),
};

static const struct fettle_port flex_ports[] = {
  FETTLE_TO   (FETTLE_BOTH, FETTLE_TCP, 443, "Redfish of the RMC"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "bundle pull over TLS"),
};

static const struct fettle_node_type types[] = {
  {
    .name = "superdome-x",
    .title = "Superdome X",
    .position = 50,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .ports = x_ports,
    .n_ports = FETTLE_COUNT (x_ports),
  },
  {
    .name = "superdome-flex",
    .title = "Superdome Flex",
    .position = 100,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .ports = flex_ports,
    .n_ports = FETTLE_COUNT (flex_ports),
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "superdome",
  .version = "0.1",
  .description = "Superdome X, Superdome Flex and Flex 280",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (superdome, plugin)
