/* What Fibre Channel switches and Virtual Connect say: values fit and are
 * printable, versions and addresses look like such.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/ilo/fc.h"
#include "../../plugins/ilo/vc.h"
#include "fuzz/fuzz.h"

static void
is_value (const char *value, size_t room)
{
  size_t n = strnlen (value, room);

  MUST (n < room);
  for (size_t i = 0; i < n; i++)
    MUST (value[i] >= ' ' && value[i] < 0x7f);
}

static void
look_at_switch (const char *text)
{
  struct fc_part parts[FC_PARTS_MAX];
  char value[20], words[100];
  unsigned n = fc_firmware (text, parts);
  enum fc_state state = fc_download (text, words, sizeof words);
  fettle_result r = 7;

  MUST (n <= FC_PARTS_MAX);
  for (unsigned i = 0; i < n; i++) {
    is_value (parts[i].name, sizeof parts[i].name);
    is_value (parts[i].first, sizeof parts[i].first);
    is_value (parts[i].second, sizeof parts[i].second);
    MUST (parts[i].first[0] == 'v' && (!parts[i].second[0] || parts[i].second[0] == 'v'));
  }
  is_value (words, sizeof words);
  MUST ((state == FC_NOTHING) == (words[0] == '\0'));
  MUST (fc_explain (words, &r) && r < 0);
  if (!fc_value (text, "Serial Num:", value, sizeof value))
    MUST (!value[0]);
  is_value (value, sizeof value);
}

static void
look_at_vc (const char *text)
{
  static struct vc_module modules[VC_MODULES_MAX];
  char value[30];
  unsigned n = vc_modules (text, modules);

  MUST (n <= VC_MODULES_MAX);
  for (unsigned i = 0; i < n; i++) {
    MUST (modules[i].id[0] && !strchr (modules[i].version, ' '));
    is_value (modules[i].product, sizeof modules[i].product);
    is_value (modules[i].address, sizeof modules[i].address);
  }
  vc_domain (text, value, sizeof value);
  is_value (value, sizeof value);
  vc_version (text, value, sizeof value);
  MUST (memchr (value, '\0', sizeof value));
  if (vc_primary (text, value, sizeof value))
    MUST (strspn (value, "0123456789.") == strlen (value) && strlen (value) >= 7 && strlen (value) < 16);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *text = strndup ((const char *) data, size);

  MUST (text);
  look_at_switch (text);
  look_at_vc (text);
  free (text);
  return 0;
}
