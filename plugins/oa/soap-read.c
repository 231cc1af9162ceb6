/* soap-read.c - what answers of SOAP tell about an enclosure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include <fettle/xml.h>

#include "enclosure.h"

enum { TEXT_SIZE = 200 };

static const char *
get (const xmlNode *n, const char *path, char text[TEXT_SIZE])
{
  return fettle_xml_text (n, path, text, TEXT_SIZE);
}

#define KNOW(member, path) OA_KNOW (member, get (n, path, text))

static int
ends_with (const char *text, const char *end)
{
  size_t a = strlen (text), b = strlen (end);

  return a >= b && strcmp (text + a - b, end) == 0;
}

static void
read_oa_info (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  KNOW (t->name, "name");
  KNOW (t->part, "partNumber");
  KNOW (t->serial, "serialNumber");
  oa_know_word (t->firmware, sizeof t->firmware, get (n, "fwVersion", text));
  get (n, "youAreHere", text);
  t->here |= strcmp (text, "true") == 0 || strcmp (text, "1") == 0;
}

static void
read_oa_status (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  KNOW (t->role, "oaRole");
  KNOW (t->host, "oaName");
}

static void
read_oa_network (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  oa_know_address (t->address, get (n, "ipAddress", text));
}

static void
read_blade_info (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  KNOW (t->name, "name");
  KNOW (t->part, "partNumber");
  KNOW (t->serial, "serialNumber");
}

static void
read_blade_mp (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  KNOW (t->mp, "modelName");
  KNOW (t->firmware, "fwVersion");
  KNOW (t->host, "dnsName");
  oa_know_address (t->address, get (n, "ipAddress", text));
}

static void
read_module (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE], name[TEXT_SIZE];
  const xmlNode *extra = fettle_xml_child (n, "extraData");

  KNOW (t->name, "name");
  KNOW (t->part, "partNumber");
  KNOW (t->serial, "serialNumber");
  KNOW (t->fabric, "interconnectTrayType");
  oa_know_address (t->address, get (n, "inBandIpAddress", text));
  for (; extra; extra = fettle_xml_next (extra, "extraData"))
    if (ends_with (fettle_xml_attribute (extra, "name", name, sizeof name), "FWVersion"))
      OA_KNOW (t->firmware, get (extra, NULL, text));
}

static void
read_part (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  KNOW (t->name, "name");
  KNOW (t->part, "partNumber");
  KNOW (t->serial, "serialNumber");
  KNOW (t->firmware, "fwVersion");
}

static const struct {
  const char *name;
  enum oa_kind kind;
  void (*read) (const xmlNode *, struct oa_thing *);
} elements[] = {
  { "oaInfo",               OA_MANAGER, read_oa_info    },
  { "oaStatus",             OA_MANAGER, read_oa_status  },
  { "oaNetworkInfo",        OA_MANAGER, read_oa_network },
  { "bladeInfo",            OA_BLADE,   read_blade_info },
  { "bladeMpInfo",          OA_BLADE,   read_blade_mp   },
  { "interconnectTrayInfo", OA_MODULE,  read_module     },
  { "powerSupplyInfo",      OA_POWER,   read_part       },
  { "fanInfo",              OA_FAN,     read_part       },
};

static void
read_enclosure (const xmlNode *n, struct oa_enclosure *e)
{
  char text[TEXT_SIZE];

  KNOW (e->name, "enclosureName");
  KNOW (e->model, "name");
  KNOW (e->part, "partNumber");
  KNOW (e->serial, "serialNumber");
}

int
oa_read_soap (const char *text, size_t size, struct oa_enclosure *e)
{
  xmlDoc *doc = fettle_xml_read (text, size, FETTLE_XML_RECOVER);
  xmlNode *root = fettle_xml_root (doc), *n = fettle_xml_find (root, "enclosureInfo");
  char bay[TEXT_SIZE];
  int found = n != NULL;
  size_t i;

  if (n)
    read_enclosure (n, e);
  for (i = 0; i < sizeof elements / sizeof elements[0]; i++)
    for (n = fettle_xml_find (root, elements[i].name); n; n = fettle_xml_next (n, elements[i].name)) {
      struct oa_thing *t = oa_thing_at (e, elements[i].kind, get (n, "bayNumber", bay));

      found = 1;
      if (t)
        elements[i].read (n, t);
    }
  xmlFreeDoc (doc);
  return found;
}
