/* oa.c - BladeSystem Onboard Administrators: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

/* The image is pushed, so nothing comes back from the target. */
static const struct fettle_port ports[] = {
  FETTLE_TO     (FETTLE_BOTH, FETTLE_TCP, 22,  "SSH: command line"),
  FETTLE_TO_OPT (FETTLE_BOTH, FETTLE_TCP, 80,  "HTTP: xmldata"),
  FETTLE_TO     (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS: SOAP, image upload"),
};

static const struct fettle_node_type types[] = {
  {
    .name = "oa",
    .title = "OA",
    .position = 40,
    .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
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
