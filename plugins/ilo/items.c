/* items.c - see items.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/redfish.h>
#include <fettle/util.h>

#include "items.h"

enum { TARGETS_MAX = 16, WORD_MAX = 80, ID_SIZE = 300, MATCH_SIZE = 1000 };

#define AT   fettle_redfish_at
#define TEXT fettle_redfish_text

/* ---- an item ---- */

static fettle_result
add (struct ilo_items *v, struct fettle_item *item)
{
  item->struct_size = sizeof *item;
  if (strcmp (item->kind, "firmware") == 0) {
    item->flags |= v->firmware_flags;
    item->scheme = v->scheme;
  }
  return v->h->add_item (v->c, item);
}

/* Text of the node as a part of an id. */
static void
append_id (char *id, const char *text)
{
  size_t n = strlen (id), end = n + 120 < ID_SIZE - 10 ? n + 120 : ID_SIZE - 10;

  for (; *text && n < end; text++)
    id[n++] = *text > ' ' && *text < 0x7f ? *text : *text == ' ' ? '-' : '_';
  id[n] = '\0';
}

/* Two backplanes at the same place with the same target differ in nothing but
 * their order. */
static int
make_unique (struct ilo_items *v, char *id)
{
  json_int_t n = json_integer_value (json_object_get (v->ids, id)) + 1;

  if (json_object_set_new (v->ids, id, json_integer (n)) != 0)
    return 0;
  if (n > 1)
    snprintf (id + strlen (id), 10, "#%d", (int) (n % 100000));
  return 1;
}

/* ---- the system ---- */

static int
has_tpm (const json_t *modules)
{
  size_t i;

  for (i = 0; i < json_array_size (modules); i++) {
    const json_t *module = json_array_get (modules, i);
    const char *state = TEXT (module, "Status/State"), *old = TEXT (module, "Status");

    if (strcmp (state, "Enabled") == 0 || strstr (old, "Enabled"))
      return 1;
  }
  return 0;
}

int
ilo_has_tpm (const json_t *system)
{
  return has_tpm (AT (system, "TrustedModules")) || has_tpm (AT (system, "Oem/Hpe/TrustedModules"))
         || has_tpm (AT (system, "Oem/Hp/TrustedModules"));
}

fettle_result
ilo_items_system (struct ilo_items *v, const json_t *system)
{
  const char *model = TEXT (system, "Model"), *serial = TEXT (system, "SerialNumber");
  struct fettle_item item;
  fettle_result r = FETTLE_OK;

  if (ilo_has_tpm (system))
    v->firmware_flags |= FETTLE_ITEM_TPM;
  memset (&item, 0, sizeof item);
  item.kind = "hardware";
  item.id = "system";
  item.name = model;
  item.version = "";
  if (*model)
    r = add (v, &item);
  item.id = "serial";
  item.name = "Serial number";
  item.version = serial;
  return r == FETTLE_OK && *serial ? add (v, &item) : r;
}

/* ---- iLO 5 and later ---- */

/* A word of a match: a GUID or what services make of it. */
static int
is_word (const char *text)
{
  size_t n = 0;

  for (; text[n]; n++)
    if (text[n] <= ' ' || text[n] >= 0x7f || n == WORD_MAX)
      return 0;
  return n > 0;
}

static void
append_word (char *match, const char *prefix, const char *a, const char *between, const char *b)
{
  size_t n = strlen (match);
  int more;

  if (n + strlen (prefix) + strlen (a) + strlen (b) + 3 >= MATCH_SIZE)
    return;
  more = snprintf (match + n, MATCH_SIZE - n, "%s%s%s%s%s", n ? " " : "", prefix, a, between, b);
  for (; more > 0 && match[n]; n++)
    if (match[n] >= 'A' && match[n] <= 'Z')
      match[n] = (char) (match[n] - 'A' + 'a');
}

/* The system ROM, its data and the board's logic have the same target, the
 * kind of server: it is no sign of any of them. */
static int
is_shared (const json_t *members, const json_t *mine, const char *target)
{
  const char *class = TEXT (mine, "Oem/Hpe/DeviceClass");
  size_t i, k;

  for (i = 0; i < json_array_size (members); i++) {
    const json_t *other = json_array_get (members, i), *targets = AT (other, "Oem/Hpe/Targets");

    if (strcmp (TEXT (other, "Oem/Hpe/DeviceClass"), class) == 0)
      continue;
    for (k = 0; k < json_array_size (targets) && k < TARGETS_MAX; k++)
      if (strcmp (TEXT (json_array_get (targets, k), ""), target) == 0)
        return 1;
  }
  return 0;
}

static void
make_match (const json_t *members, const json_t *member, char *match)
{
  const json_t *targets = AT (member, "Oem/Hpe/Targets");
  const char *class = TEXT (member, "Oem/Hpe/DeviceClass");
  size_t i;

  match[0] = '\0';
  for (i = 0; i < json_array_size (targets) && i < TARGETS_MAX; i++) {
    const char *target = TEXT (json_array_get (targets, i), "");

    if (!is_word (target))
      continue;
    if (!is_shared (members, member, target))
      append_word (match, "guid:", target, "", "");
    if (is_word (class)) /* as in a drive's SoftwareId */
      append_word (match, "guid:", class, ":", target);
  }
}

/* The numbers of a FirmwareInventory move when a device comes or goes, and a
 * device's name may change with its firmware: where it is and what it is don't. */
static void
make_id (const json_t *member, const char *place, char *id)
{
  const char *class = TEXT (member, "Oem/Hpe/DeviceClass");
  const char *target = TEXT (json_array_get (AT (member, "Oem/Hpe/Targets"), 0), "");

  strcpy (id, "firmware:");
  append_id (id, place);
  if (*place)
    append_id (id, "/");
  if (!AT (member, "Oem/Hpe"))
    append_id (id, *TEXT (member, "Id") ? TEXT (member, "Id") : TEXT (member, "Name"));
  else
    append_id (id, *class ? class : *target ? target : TEXT (member, "Name"));
}

static fettle_result
add_member (struct ilo_items *v, const json_t *members, const json_t *member)
{
  const char *place = TEXT (member, "Oem/Hpe/DeviceContext");
  const json_t *updateable = AT (member, "Updateable");
  char id[ID_SIZE], match[MATCH_SIZE];
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.kind = "firmware";
  item.name = TEXT (member, "Name");
  item.version = TEXT (member, "Version");
  item.location = *place ? place : NULL;
  if (!*item.name) {
    fettle_say (v->h, v->c, FETTLE_LOG_WARNING, "%.100s has no name and is left out",
                *TEXT (member, "@odata.id") ? TEXT (member, "@odata.id") : "a firmware");
    return FETTLE_OK;
  }
  make_match (members, member, match);
  item.match = *match ? match : NULL;
  /* iLO 5 2.x doesn't say. */
  if (json_is_true (updateable) || (!json_is_boolean (updateable) && *match))
    item.flags |= FETTLE_ITEM_UPDATEABLE;
  make_id (member, place, id);
  item.id = id;
  if (!make_unique (v, id))
    return v->h->error (v->c, FETTLE_E_NOMEM, "no memory");
  return add (v, &item);
}

fettle_result
ilo_items_firmware (struct ilo_items *v, const json_t *members)
{
  fettle_result r = FETTLE_OK;
  size_t i;

  for (i = 0; r == FETTLE_OK && i < json_array_size (members); i++)
    r = add_member (v, members, json_array_get (members, i));
  return r;
}

/* ---- iLO 4 ---- */

/* What components for an iLO 4 and for its server's ROM are for, as RIBCL's
 * inventory says it: "ilo:4", "bios:i36" of "I36 v1.40 (...)".  "": nothing. */
static void
match_ilo4 (const char *key, const char *version, char ret[20])
{
  size_t n = strspn (version, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), i;

  ret[0] = '\0';
  if (strcmp (key, "SystemBMC") == 0)
    strcpy (ret, "ilo:4");
  else if (strcmp (key, "SystemRomActive") == 0 && n > 0 && n <= 10 && version[n] == ' ') {
    snprintf (ret, 20, "bios:%.*s", (int) n, version);
    for (i = 0; ret[i]; i++)
      if (ret[i] >= 'A' && ret[i] <= 'Z')
        ret[i] = (char) (ret[i] - 'A' + 'a');
  }
}

static fettle_result
add_ilo4 (struct ilo_items *v, const char *key, const json_t *one)
{
  const char *place = TEXT (one, "Location");
  char id[ID_SIZE] = "firmware:", match[20];
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.kind = "firmware";
  item.name = *TEXT (one, "Name") ? TEXT (one, "Name") : key;
  item.version = *TEXT (one, "VersionString") ? TEXT (one, "VersionString") : TEXT (one, "Version");
  item.location = *place ? place : NULL;
  match_ilo4 (key, item.version, match);
  item.match = match[0] ? match : NULL;
  if (match[0])
    item.flags |= FETTLE_ITEM_UPDATEABLE;
  if (!json_is_object (one) || !*item.name) {
    fettle_say (v->h, v->c, FETTLE_LOG_WARNING, "a firmware %.100s can't be read and is left out", key);
    return FETTLE_OK;
  }
  append_id (id, place);
  if (*place)
    append_id (id, "/");
  append_id (id, key);
  item.id = id;
  if (!make_unique (v, id))
    return v->h->error (v->c, FETTLE_E_NOMEM, "no memory");
  return add (v, &item);
}

fettle_result
ilo_items_ilo4 (struct ilo_items *v, const json_t *inventory)
{
  json_t *current = json_object_get (inventory, "Current"), *list;
  fettle_result r = FETTLE_OK;
  const char *key;
  size_t i, n = 0;

  json_object_foreach (current, key, list)
    for (i = 0; r == FETTLE_OK && i < json_array_size (list) && n++ < FETTLE_REDFISH_MEMBERS_MAX; i++)
      r = add_ilo4 (v, key, json_array_get (list, i));
  return r;
}

/* ---- neither ---- */

static const char *
first_of (const json_t *json, const char *a, const char *b, const char *d)
{
  const char *text = TEXT (json, a);

  if (!*text)
    text = TEXT (json, b);
  return *text ? text : TEXT (json, d);
}

static fettle_result
add_version (struct ilo_items *v, const char *id, const char *name, const char *version)
{
  struct fettle_item item;

  if (!*version)
    return FETTLE_OK;
  memset (&item, 0, sizeof item);
  item.kind = "firmware";
  item.id = id;
  item.name = name;
  item.version = version;
  return add (v, &item);
}

fettle_result
ilo_items_least (struct ilo_items *v, const json_t *system, const json_t *manager)
{
  const char *model = TEXT (manager, "Model");
  fettle_result r = add_version (v, "firmware:SystemRom", "System ROM",
                                 first_of (system, "BiosVersion", "Oem/Hp/Bios/Current/VersionString",
                                           "Bios/Current/VersionString"));

  return r ? r : add_version (v, "firmware:SystemBMC", *model ? model : "Management processor",
                              first_of (manager, "FirmwareVersion", "Firmware/Current/VersionString",
                                        "Oem/Hp/Firmware/Current/VersionString"));
}
