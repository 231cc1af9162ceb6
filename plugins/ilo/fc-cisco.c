/* fc-cisco.c - Cisco MDS switches.  UNVERIFIED: made after the few lines of one
 * capture and general knowledge of NX-OS, never compared with a whole answer.
 *
 * Its firmware is two images, kickstart and system, that go together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "fc.h"

int
fc_is_cisco (const char *text)
{
  return strstr (text, "Cisco") && (strstr (text, "NX-OS") || strstr (text, "Nexus Operating System")
                                    || strstr (text, "SAN-OS") || strstr (text, "SAN Switching OS")
                                    || strstr (text, "kickstart:"));
}

int
fc_cisco_version (const char *text, const char *key, char *ret, size_t size)
{
  size_t skip;

  if (!fc_value (text, key, ret, size))
    return 0;
  skip = strncmp (ret, "version ", 8) == 0 ? 8 + strspn (ret + 8, " ") : 0;
  memmove (ret, ret + skip, strlen (ret + skip) + 1);
  return *ret != '\0';
}

static fettle_result
add_image (struct fc *f, const char *key, const char *id, const char *name)
{
  char version[100];
  struct fettle_item item;

  if (!fc_cisco_version (f->text, key, version, sizeof version))
    return FETTLE_OK;
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = "firmware";
  item.id = id;
  item.name = name;
  item.version = version;
  if (strcmp (key, "system:") == 0) { /* the pair of images is known by this one */
    item.flags = FETTLE_ITEM_UPDATEABLE;
    item.match = "cisco:mds";
    item.scheme = "rpm"; /* which bears the brackets of "6.2(11c)" */
  }
  return f->h->add_item (f->c, &item);
}

/* f->text has the answer to `show version`. */
fettle_result
fc_cisco_inventory (struct fc *f)
{
  char value[100];
  fettle_result r = FETTLE_OK;

  f->h->log (f->c, FETTLE_LOG_WARNING, "Cisco MDS: how it is read was never tried on a real one");
  if (fc_value (f->text, "Device name:", value, sizeof value))
    r = fc_add (f, "hardware", "name", "Switch name", value);
  if (r == FETTLE_OK && fc_value (f->text, "Processor Board ID", value, sizeof value))
    r = fc_add (f, "hardware", "serial", "Serial number", value);
  if (r == FETTLE_OK)
    r = add_image (f, "BIOS:", "firmware:bios", "BIOS");
  if (r == FETTLE_OK)
    r = add_image (f, "kickstart:", "firmware:kickstart", "Kickstart image");
  return r == FETTLE_OK ? add_image (f, "system:", "firmware:system", "System image") : r;
}
