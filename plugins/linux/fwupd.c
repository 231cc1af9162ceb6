/* fwupd.c - devices that fwupd knows: what `fwupdmgr get-devices --json` says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inventory.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define DEVICES_MAX 512
#define GUIDS_MAX   16

static const char *
text_of (const json_t *device, const char *member, char *to, size_t size)
{
  const char *s = json_string_value (json_object_get (device, member));

  return text_clean (to, size, s ? s : "", s ? strlen (s) : 0);
}

static int
has_flag (const json_t *device, const char *wanted)
{
  const json_t *flags = json_object_get (device, "Flags");
  const char *flag;

  for (size_t i = 0; i < json_array_size (flags); i++) {
    flag = json_string_value (json_array_get (flags, i));
    if (flag && strcmp (flag, wanted) == 0)
      return 1;
  }
  return 0;
}

/* "guid:A guid:B ...", as many as there is room for. */
static void
guids (const json_t *device, char *to, size_t size)
{
  const json_t *list = json_object_get (device, "Guid");
  char word[48];
  const char *guid;
  size_t used = 0;

  to[0] = '\0';
  for (size_t i = 0; i < json_array_size (list) && i < GUIDS_MAX; i++) {
    guid = json_string_value (json_array_get (list, i));
    if (!guid || strlen (guid) != 36)
      continue;
    text_word (word, sizeof word, guid);
    if (used + strlen (word) + 7 >= size)
      return;
    used += (size_t) snprintf (to + used, size - used, "%sguid:%s", used ? " " : "", word);
  }
}

static void
add_device (struct inventory *v, const json_t *device)
{
  char id[80], word[64], raw[64], name[160], vendor[96], title[260], version[96], match[800];

  text_word (word, sizeof word, text_of (device, "DeviceId", raw, sizeof raw));
  text_of (device, "Name", name, sizeof name);
  text_of (device, "Vendor", vendor, sizeof vendor);
  text_of (device, "Version", version, sizeof version);
  guids (device, match, sizeof match);
  if (!word[0] || !name[0] || (!version[0] && !has_flag (device, "updatable")))
    return;
  snprintf (id, sizeof id, "fwupd:%s", word);
  snprintf (title, sizeof title, "%s %s", vendor, name);
  inventory_item (v, &(struct fettle_item) {
    .id = id,
    .kind = "firmware",
    .name = vendor[0] ? title : name,
    .version = version,
    .scheme = text_scheme (version, NULL),
    .match = match[0] ? match : NULL,
    .flags = match[0] && has_flag (device, "updatable") ? FETTLE_ITEM_UPDATEABLE : 0,
  });
}

/* The daemon may print words before it comes to the point. */
void
inventory_fwupd (struct inventory *v)
{
  const char *begin = v->fwupd.data ? strchr (v->fwupd.data, '{') : NULL;
  json_error_t error;
  json_t *root, *devices;

  if (!begin)
    return;
  root = json_loads (begin, JSON_DISABLE_EOF_CHECK, &error);
  devices = json_object_get (root, "Devices");
  if (!json_is_array (devices))
    inventory_warn (v, "fwupdmgr's list of devices can't be read%s%.80s", root ? "" : ": ",
                    root ? "" : error.text);
  for (size_t i = 0; i < json_array_size (devices) && i < DEVICES_MAX; i++)
    add_device (v, json_array_get (devices, i));
  json_decref (root);
  text_clear (&v->fwupd);
}
