/* stuck.c - a plugin that is fine for the service, which reads its descriptor,
 * and kills the worker that loads it.  SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fettle/plugin.h>

static const struct fettle_port ports[] = { FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH") };

static const struct fettle_node_type types[] = {
  { .name = "stuck", .title = "Stuck", .position = 2002, .hosts = FETTLE_HOST_LINUX, .ports = ports,
    .n_ports = FETTLE_COUNT (ports) },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "stuck", .version = "1", .description = "doesn't load", .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

static void __attribute__ ((__constructor__))
die_in_a_worker (void)
{
  char path[256];
  ssize_t n = readlink ("/proc/self/exe", path, sizeof path - 1);

  path[n > 0 ? n : 0] = '\0';
  if (strstr (path, "fettle-worker"))
    abort ();
}

FETTLE_REGISTER (stuck, plugin)
