/* associate.c - nodes tell of others: an enclosure of its iLOs and
 * interconnects, an iLO of its enclosure, a switch of its partner.
 *
 * What a node says is foreign input: it can bring nodes onto the list, but no
 * credentials to them.  A node that is added so has none until somebody gives
 * it some, belongs to no group, and is in no job before it is named.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <ctype.h>

#include "engine/internal.h"
#include "util/log.h"
#include "util/text.h"

#define MAX_PARENTS 8

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

/* Would `parent` come to be below itself? */
static bool
is_below (struct fettle_engine *e, int64_t parent, int64_t node)
{
  for (int i = 0; parent && i < MAX_PARENTS; i++) {
    if (parent == node)
      return true;
    parent = fettle_store_number (e->store, 0, "SELECT coalesce (parent, 0) FROM node WHERE id = ?",
                                  "i", parent);
  }
  return parent != 0;
}

static void
set_parent (struct fettle_engine *e, int64_t node, int64_t parent)
{
  if (!is_below (e, parent, node))
    fettle_store_run (e->store, "UPDATE node SET parent = ? WHERE id = ?", "ii", parent, node);
}

/* A literal, or a name for the resolver. */
static bool
could_be_reached (const char *address)
{
  static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";

  return fettle_is_address (address)
         || (isalnum ((unsigned char) *address) && strlen (address) < 254
             && strspn (address, good) == strlen (address));
}

/* Names of nodes are unique: an address is, and stays when the name is taken. */
static int64_t
add (struct lane *lane, const json_t *found)
{
  struct fettle_engine *e = lane->engine;
  const char *address = text_of (found, "address"), *type = text_of (found, "type");
  const char *name = text_of (found, "name");
  _cleanup_json_ json_t *node = json_pack ("{s:s s:s* s:s}", "address", address, "name", name,
                                           "type", type && fettle_plugins_type (e->plugins, type, NULL)
                                                     ? type : "auto");
  struct fettle_error err;
  int64_t id;

  if (name && (fettle_node_check (e, node, &err)
               || fettle_store_number (e->store, 0, "SELECT count (*) FROM node WHERE name = ?", "s",
                                       name)))
    json_object_del (node, "name");
  if (!could_be_reached (address) || fettle_node_check (e, node, &err)
      || fettle_store_number (e->store, 0, "SELECT count (*) FROM node WHERE name = ?", "s",
                              text_of (node, "name") ? text_of (node, "name") : address)) {
    fettle_task_log (lane->told, "it tells of a node at %.200s, which can't be added", address);
    return 0;
  }
  fettle_store_run (e->store,
                    "INSERT INTO node (name, address, type, auth, settings, labels, state) VALUES"
                    " (?, ?, ?, 'none', '{}', '{}', 'new')", "sss",
                    text_of (node, "name") ? text_of (node, "name") : address, address,
                    text_of (node, "type"));
  id = fettle_store_last_id (e->store);
  fettle_task_log (lane->told, "it tells of %s (%s), which was added: give it credentials",
                   text_of (node, "name") ? text_of (node, "name") : address, text_of (node, "type"));
  return id;
}

/* The same name for both halves: where they are, and what they are called. */
static void
set_pair (struct lane *lane, int64_t node, const char *pair)
{
  char text[320];

  snprintf (text, sizeof text, "%lld/%.280s", (long long) lane->node, pair);
  fettle_store_run (lane->engine->store, "UPDATE node SET pair = ? WHERE id = ?", "si", text, node);
}

static void
associate_one (struct lane *lane, const json_t *found)
{
  struct fettle_engine *e = lane->engine;
  const char *relation = text_of (found, "relation"), *pair = text_of (found, "pair");
  int64_t node = fettle_store_number (e->store, 0, "SELECT id FROM node WHERE address = ? LIMIT 1",
                                      "s", text_of (found, "address"));

  if (!node)
    node = add (lane, found);
  if (!node || node == lane->node)
    return;
  if (relation && strcmp (relation, "manager") == 0)
    set_parent (e, lane->node, node);
  else if (relation && strcmp (relation, "peer") == 0) {
    /* Who told first names the pair; the other one finds itself in it. */
    if (fettle_store_number (e->store, 0, "SELECT count (*) FROM node a JOIN node b ON a.pair = b.pair"
                                          " WHERE a.id = ? AND b.id = ?", "ii", node, lane->node))
      return;
    set_pair (lane, node, "peer");
    set_pair (lane, lane->node, "peer");
    return;
  }
  else
    set_parent (e, node, lane->node);
  if (text_of (found, "location"))
    fettle_store_run (e->store, "UPDATE node SET location = ? WHERE id = ?", "si",
                      text_of (found, "location"), node);
  if (pair)
    set_pair (lane, node, pair);
}

void
fettle_associate (struct lane *lane)
{
  const json_t *found;
  size_t i;

  json_array_foreach (lane->found, i, found)
    associate_one (lane, found);
}
