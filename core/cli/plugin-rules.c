/* plugin-rules.c - declarations that load, but don't fit together: a service
 * without a port, an operation without what it needs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/plugin-check.h"
#include "util/text.h"

static bool
has_port (const struct fettle_node_type *t, uint32_t direction, uint32_t phases)
{
  for (uint32_t i = 0; i < t->n_ports; i++)
    if (t->ports[i].direction == direction && t->ports[i].phases & phases)
      return true;
  return false;
}

static bool
asks_for (const struct fettle_node_type *t, const char *service)
{
  return fettle_has_word (t->services, service) || fettle_has_word (t->wants, service);
}

/* The first thing that doesn't fit; "" if all does. */
static const char *
misfit (const struct fettle_node_type *t)
{
  bool talks = asks_for (t, "ssh/1") || asks_for (t, "http/1") || asks_for (t, "stream/1")
               || asks_for (t, "smb/1");

  if (talks && !has_port (t, FETTLE_TO_TARGET, FETTLE_BOTH))
    return "it asks for a service that connects to the node, but its port table has no port to the node: it would "
           "be refused every one";
  if (asks_for (t, "serve/1") && !has_port (t, FETTLE_FROM_TARGET, FETTLE_BOTH))
    return "it asks for serve/1, but its port table has no FETTLE_FROM row: no listener would run for it";
  if (t->deploy && !t->inventory)
    return "it deploys, but has no inventory: a fresh one decides whether a deployment worked";
  if (t->deploy && !has_port (t, FETTLE_TO_TARGET, FETTLE_DEPLOYMENT))
    return "it deploys, but its port table has no port to the node in FETTLE_DEPLOYMENT";
  if (t->inventory && !has_port (t, FETTLE_TO_TARGET, FETTLE_INVENTORY))
    return "it has an inventory, but its port table has no port to the node in FETTLE_INVENTORY";
  if (t->firewall_open && !t->firewall_restore)
    return "it opens the node's firewall, but has no firewall_restore";
  if (t->cleanup && !t->deploy && !(t->flags & FETTLE_TYPE_INVENTORY_LEAVES))
    return "it cleans up after a deploy that it doesn't have";
  if (t->flags & FETTLE_TYPE_INVENTORY_LEAVES && !t->cleanup)
    return "it says FETTLE_TYPE_INVENTORY_LEAVES, but has no cleanup that would remove it";
  return "";
}

void
fettle_check_rules (struct fettle_checker *k, const struct fettle_plugin_info *plugin)
{
  for (uint32_t i = 0; i < plugin->descriptor.n_node_types; i++) {
    const struct fettle_node_type *t = &plugin->node_types[i];
    char what[96];

    snprintf (what, sizeof what, "%s: its declarations fit together", t->name);
    fettle_check_tell (k, what, "%s", misfit (t));
  }
}
