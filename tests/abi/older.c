/* older.c - a plugin that was built against an older header: a copy of it by
 * hand, with structs that end earlier.  It includes nothing of Fettle.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

struct older_port {
  uint32_t phases, direction, protocol, flags, listener;
  uint16_t first, last;
  const char *purpose;
};

struct older_setting {
  const char *name;
  uint32_t type, moves;
  const char *initial, *help;
};

struct older_type { /* ends before deploy */
  const char *name, *title;
  uint32_t position, hosts, flags, n_ports, n_settings, reserved;
  const struct older_port *ports;
  const struct older_setting *settings;
  const char *services, *wants;
  int32_t (*probe) (const void *, void *, const void *, uint32_t *);
  int32_t (*inventory) (const void *, void *, const void *);
};

struct older_plugin { /* ends with n_node_types */
  uint32_t struct_size, abi, node_type_size, port_size, setting_size, flags;
  const char *name, *version, *description;
  const struct older_type *node_types;
  uint32_t n_node_types;
};

static int32_t
inventory (const void *host, void *context, const void *target)
{
  (void) host;
  (void) context;
  (void) target;
  return 0;
}

static const struct older_port ports[] = {
  { 3, 1, 6, 0, 0, 22, 22, "SSH" },
  { 2, 2, 6, 0, 1, 0, 0, "pull" },
};

/* What lies behind the last type is no function: a reader must stop there. */
static const struct {
  struct older_type types[2];
  uintptr_t nonsense[8];
} memory = {
  { { "older", "Older", 1000, 1, 0, 2, 0, 0, ports, NULL, NULL, NULL, NULL, inventory },
    { "older-2", "Older 2", 1001, 1, 0, 1, 0, 0, ports, NULL, NULL, NULL, NULL, inventory } },
  { 1, 2, 3, 4, 5, 6, 7, 8 },
};

static const struct {
  struct older_plugin plugin;
  uint32_t nonsense;
} descriptor = {
  { offsetof (struct older_plugin, n_node_types) + sizeof (uint32_t), 1, sizeof (struct older_type),
    sizeof (struct older_port), sizeof (struct older_setting), 0, "older", "1", "Of an older header",
    memory.types, 2 },
  0xffffffff,
};

const void *older_LTX_fettle_plugin_1 (void);

const void *
older_LTX_fettle_plugin_1 (void)
{
  return &descriptor.plugin;
}
