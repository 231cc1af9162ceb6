/* soap-read.c - what answers of SOAP tell about an enclosure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "fields.h"

static const struct oa_field enclosure[] = {
  OA_ENCLOSURE ("enclosureName", name),     OA_ENCLOSURE ("name", model),
  OA_ENCLOSURE ("partNumber", part),        OA_ENCLOSURE ("serialNumber", serial),
  OA_FIELDS_END
};

#define PRODUCT OA_TEXT ("name", name), OA_TEXT ("partNumber", part), OA_TEXT ("serialNumber", serial)

static const struct oa_field oa_info[] = { PRODUCT, OA_WORD ("fwVersion", firmware), OA_FIELDS_END };
static const struct oa_field oa_status[] = { OA_TEXT ("oaRole", role), OA_TEXT ("oaName", host), OA_FIELDS_END };
static const struct oa_field oa_network[] = { OA_ADDRESS ("ipAddress"), OA_FIELDS_END };
static const struct oa_field blade[] = { PRODUCT, OA_FIELDS_END };
static const struct oa_field part[] = { PRODUCT, OA_TEXT ("fwVersion", firmware), OA_FIELDS_END };
static const struct oa_field mp[] = {
  OA_TEXT ("modelName", mp), OA_TEXT ("fwVersion", firmware), OA_TEXT ("dnsName", host), OA_ADDRESS ("ipAddress"),
  OA_FIELDS_END
};
static const struct oa_field module[] = {
  PRODUCT, OA_TEXT ("interconnectTrayType", fabric), OA_ADDRESS ("inBandIpAddress"), OA_FIELDS_END
};

static void
is_here (const xmlNode *n, struct oa_thing *t)
{
  t->here |= oa_is_true (n, "youAreHere");
}

/* A module's firmware is said by an element that each kind of module calls otherwise. */
static void
module_firmware (const xmlNode *n, struct oa_thing *t)
{
  static const char end[] = "FWVersion";
  const xmlNode *extra = fettle_xml_child (n, "extraData");
  char name[200], text[200];

  for (; extra; extra = fettle_xml_next (extra, "extraData")) {
    size_t size = strlen (fettle_xml_attribute (extra, "name", name, sizeof name));

    if (size >= sizeof end - 1 && strcmp (name + size - (sizeof end - 1), end) == 0)
      OA_KNOW (t->firmware, fettle_xml_text (extra, NULL, text, sizeof text));
  }
}

static const struct oa_element elements[] = {
  { "oaInfo",               OA_MANAGER, oa_info,    is_here         },
  { "oaStatus",             OA_MANAGER, oa_status,  NULL            },
  { "oaNetworkInfo",        OA_MANAGER, oa_network, NULL            },
  { "bladeInfo",            OA_BLADE,   blade,      NULL            },
  { "bladeMpInfo",          OA_BLADE,   mp,         NULL            },
  { "interconnectTrayInfo", OA_MODULE,  module,     module_firmware },
  { "powerSupplyInfo",      OA_POWER,   part,       NULL            },
  { "fanInfo",              OA_FAN,     part,       NULL            },
};

int
oa_read_soap (const char *text, size_t size, struct oa_enclosure *e)
{
  xmlDoc *doc = fettle_xml_read (text, size, FETTLE_XML_RECOVER);
  xmlNode *root = fettle_xml_root (doc), *n = fettle_xml_find (root, "enclosureInfo");
  int found = n != NULL;
  size_t i;

  if (n)
    oa_know_fields (n, enclosure, e);
  for (i = 0; i < sizeof elements / sizeof elements[0]; i++)
    found |= oa_know_elements (fettle_xml_find (root, elements[i].name), &elements[i], "bayNumber", e);
  xmlFreeDoc (doc);
  return found;
}
