/* plain.c - the smallest plugin; -D changes what a test wants to be wrong.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

#ifndef NAME
# define NAME plain
#endif
#ifndef ENTRY
# define ENTRY NAME
#endif
#ifndef TYPE
# define TYPE "plain"
#endif
#ifndef FLAGS
# define FLAGS 0
#endif
#ifndef SERVICES
# define SERVICES NULL
#endif
#ifndef ABI
# define ABI FETTLE_ABI
#endif
#define TEXT_(a) #a
#define TEXT(a) TEXT_ (a)

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH"),
};

static const struct fettle_node_type types[] = {
  {
    .name = TYPE, .title = "Plain", .position = 1000, .hosts = FETTLE_HOST_LINUX, .flags = FLAGS,
    .ports = ports, .n_ports = FETTLE_COUNT (ports), .services = SERVICES,
  },
};

static const struct fettle_plugin plugin = {
  sizeof (struct fettle_plugin), ABI, sizeof (struct fettle_node_type),
  sizeof (struct fettle_port), sizeof (struct fettle_setting),
  .name = TEXT (NAME), .version = "1", .description = "A plain plugin",
  .node_types = types, .n_node_types = FETTLE_COUNT (types),
};

#define REGISTER(name, plugin) FETTLE_REGISTER (name, plugin)
REGISTER (ENTRY, plugin)
