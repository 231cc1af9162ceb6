/* windows.c - Windows nodes: descriptor and port table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 445, "SMB: files, registry, services"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 135, "RPC endpoint mapper, DCOM"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_UDP, 137, "NetBIOS name service"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_UDP, 138, "NetBIOS datagrams"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 139, "SMB over a NetBIOS session"),
};

static const struct fettle_node_type types[] = {
  {
    .name = "windows",
    .title = "Windows",
    .position = 10,
    .hosts = FETTLE_HOST_WINDOWS,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "windows",
  .version = "0.1",
  .description = "Windows servers",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (windows, plugin)
