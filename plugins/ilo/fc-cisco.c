/* fc-cisco.c - Cisco MDS switches.  UNVERIFIED: made after the few lines of one
 * capture and general knowledge of NX-OS, never compared with a whole answer.
 *
 * Its firmware is two images, kickstart and system, that go together; they are
 * told, and not updated: what `install all` asks and says was never seen.
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

/* "version 4.2(9)" as it is said behind "kickstart:" */
static fettle_result
add_image (struct fc *f, const char *key, const char *id, const char *name)
{
  char value[100];
  const char *version = value;

  if (!fc_value (f->text, key, value, sizeof value))
    return FETTLE_OK;
  if (strncmp (value, "version ", 8) == 0)
    version += 8 + strspn (value + 8, " ");
  return *version ? fc_add (f, "firmware", id, name, version) : FETTLE_OK;
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
