/* flex-items.c - what the RMC of a Superdome Flex says, as items; no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include <fettle/redfish.h>

#include "flex.h"

#define TEXT  fettle_redfish_text
#define DEPTH 8 /* of a tree of actions */

/* The last part of the resource's path, which is its name in ids: "Partition1". */
static int
name_of (const json_t *resource, char name[64])
{
  const char *path = fettle_redfish_link (resource, ""), *slash;
  size_t n = path ? strlen (path) : 0;

  while (n && path[n - 1] == '/')
    n--;
  slash = path;
  for (size_t i = 0; i < n; i++)
    if (path[i] == '/')
      slash = path + i + 1;
  if (!n || slash >= path + n || (size_t) (path + n - slash) >= 64)
    return 0;
  snprintf (name, 64, "%.*s", (int) (path + n - slash), slash);
  return strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen (name);
}

static fettle_result
add (const struct flex_view *v, const char *id, const char *kind, const char *name, const char *version,
     const char *match)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.flags = match ? FETTLE_ITEM_UPDATEABLE : 0;
  item.id = id;
  item.kind = kind;
  item.name = name;
  item.version = version;
  item.scheme = strcmp (kind, "firmware") == 0 ? "hpe" : NULL;
  item.match = match;
  return v->h->add_item (v->c, &item);
}

/* The version in what the RMC says, by the quirk's first group. */
void
flex_version (const char *text, const char *pattern, char *ret, size_t size)
{
  regmatch_t found[2];
  regex_t r;

  snprintf (ret, size, "%s", text);
  if (!pattern || regcomp (&r, pattern, REG_EXTENDED) != 0)
    return;
  if (strlen (text) < 300 && regexec (&r, text, 2, found, 0) == 0 && found[1].rm_so >= 0)
    snprintf (ret, size, "%.*s", (int) (found[1].rm_eo - found[1].rm_so), text + found[1].rm_so);
  regfree (&r);
}

fettle_result
flex_add_system (void *opaque, const json_t *system)
{
  struct flex_view *v = opaque;
  char name[64], id[100], label[400];

  if (!name_of (system, name) || !*TEXT (system, "BiosVersion"))
    return FETTLE_OK;
  snprintf (id, sizeof id, "bios:%s", name);
  snprintf (label, sizeof label, "BIOS of %.300s", *TEXT (system, "Name") ? TEXT (system, "Name") : name);
  return add (v, id, "firmware", label, TEXT (system, "BiosVersion"), NULL);
}

fettle_result
flex_add_manager (void *opaque, const json_t *manager)
{
  struct flex_view *v = opaque;
  char name[64], id[100], label[400], version[300];
  int rmc;

  if (!name_of (manager, name))
    return FETTLE_OK;
  rmc = strcmp (name, "RMC") == 0;
  if (rmc)
    v->rmc = 1;
  if (!rmc && !*TEXT (manager, "FirmwareVersion"))
    return FETTLE_OK;
  flex_version (TEXT (manager, "FirmwareVersion"), rmc ? v->pattern : NULL, version, sizeof version);
  snprintf (id, sizeof id, rmc ? "rmc" : "bmc:%s", name);
  snprintf (label, sizeof label, "%.300s", rmc ? "Rack Management Controller"
                                             : *TEXT (manager, "Name") ? TEXT (manager, "Name") : name);
  return add (v, id, "firmware", label, version, rmc ? "superdome-flex:bundle" : NULL);
}

fettle_result
flex_add_chassis (void *opaque, const json_t *chassis)
{
  struct flex_view *v = opaque;
  char name[64], id[100], label[400];
  fettle_result r;

  if (!name_of (chassis, name) || !*TEXT (chassis, "Model"))
    return FETTLE_OK;
  snprintf (id, sizeof id, "chassis:%s", name);
  snprintf (label, sizeof label, "%.300s (%s)", TEXT (chassis, "Model"), name);
  r = add (v, id, "hardware", label, "", NULL);
  if (r != FETTLE_OK || !*TEXT (chassis, "SerialNumber"))
    return r;
  snprintf (id, sizeof id, "serial:%s", name);
  snprintf (label, sizeof label, "Serial number of %s", name);
  return add (v, id, "hardware", label, TEXT (chassis, "SerialNumber"), NULL);
}

fettle_result
flex_add_firmware (void *opaque, const json_t *firmware)
{
  struct flex_view *v = opaque;
  char name[64], id[100], label[400];

  if (!name_of (firmware, name) || !*TEXT (firmware, "Version"))
    return FETTLE_OK;
  snprintf (id, sizeof id, "firmware:%s", name);
  snprintf (label, sizeof label, "%.300s", *TEXT (firmware, "Name") ? TEXT (firmware, "Name") : name);
  return add (v, id, "firmware", label, TEXT (firmware, "Version"), NULL);
}

static const char *
find_action (const json_t *tree, unsigned depth)
{
  static const char wanted[] = "UpdateAll";
  const size_t size = sizeof wanted - 1;
  const json_t *value;
  const char *key, *found = NULL;

  json_object_foreach ((json_t *) tree, key, value) {
    size_t n = strlen (key);

    if (n >= size && strcmp (key + n - size, wanted) == 0 && *TEXT (value, "target") == '/')
      return TEXT (value, "target");
    if (depth < DEPTH && !found && json_is_object (value))
      found = find_action (value, depth + 1);
  }
  return found;
}

const char *
flex_find_update (const json_t *service)
{
  return find_action (fettle_redfish_at (service, "Actions"), 0);
}
