/* xmldata.c - /xmldata?item=All, which an OA tells to anybody.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include <fettle/xml.h>

#include "enclosure.h"

enum { TEXT_SIZE = 200 };

/* The text at a path, in a buffer of the caller's. */
static const char *
get (const xmlNode *n, const char *path, char text[TEXT_SIZE])
{
  return fettle_xml_text (n, path, text, TEXT_SIZE);
}

#define KNOW(member, path) OA_KNOW (member, get (n, path, text))

/* "MGMTIPV6ADDR1", and "MGMTIPv6ADDR1" of managers: the first that others reach. */
static void
read_address (const xmlNode *n, char address[64])
{
  char text[TEXT_SIZE];
  const xmlNode *at;

  oa_know_address (address, get (n, "MGMTIPADDR", text));
  for (at = fettle_xml_child (n, NULL); at && !address[0]; at = fettle_xml_next (at, NULL))
    if (strncmp ((const char *) at->name, "MGMTIPV6ADDR", 12) == 0
        || strncmp ((const char *) at->name, "MGMTIPv6ADDR", 12) == 0)
      oa_know_address (address, get (at, NULL, text));
}

static void
read_manager (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  KNOW (t->name, "SPN");
  KNOW (t->serial, "BSN");
  KNOW (t->host, "NAME");
  KNOW (t->role, "ROLE");
  oa_know_word (t->firmware, sizeof t->firmware, get (n, "FWRI", text));
  t->here |= strcmp (get (n, "YOUAREHERE", text), "true") == 0;
  read_address (n, t->address);
}

static void
read_blade (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  if (strstr (get (n, "TYPE", text), "SUBSUMED"))
    return;
  KNOW (t->name, "SPN");
  KNOW (t->serial, "BSN");
  KNOW (t->part, "PN");
  KNOW (t->mp, "MGMTPN");
  KNOW (t->firmware, "MGMTFWVERSION");
  KNOW (t->rom, "BLADEROMVER");
  KNOW (t->pic, "PWRM");
  KNOW (t->host, "MGMTDNSNAME");
  read_address (n, t->address);
}

static void
read_module (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  KNOW (t->name, "SPN");
  KNOW (t->serial, "BSN");
  KNOW (t->part, "PN");
  KNOW (t->firmware, "FWRI");
  KNOW (t->fabric, "FABRICTYPE");
  read_address (n, t->address);
}

static void
read_part (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  KNOW (t->name, "SPN");
  KNOW (t->name, "PRODUCTNAME");
  KNOW (t->part, "PN");
  KNOW (t->serial, "SN");
  KNOW (t->firmware, "FWRI");
  if (!t->name[0] && t->part[0])
    OA_KNOW (t->name, t->kind == OA_FAN ? "Fan" : t->kind == OA_LCD ? "Display" : "Power supply");
}

static const struct {
  const char *list, *name;
  enum oa_kind kind;
  void (*read) (const xmlNode *, struct oa_thing *);
} lists[] = {
  { "MANAGERS", "MANAGER",     OA_MANAGER, read_manager },
  { "BLADES",   "BLADE",       OA_BLADE,   read_blade   },
  { "SWITCHES", "SWITCH",      OA_MODULE,  read_module  },
  { "FANS",     "FAN",         OA_FAN,     read_part    },
  { "POWER",    "POWERSUPPLY", OA_POWER,   read_part    },
  { "LCDS",     "LCD",         OA_LCD,     read_part    },
};

static void
read_lists (const xmlNode *infra, struct oa_enclosure *e)
{
  char bay[TEXT_SIZE];
  size_t i;

  for (i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    const xmlNode *n = fettle_xml_child (fettle_xml_child (infra, lists[i].list), lists[i].name);

    for (; n; n = fettle_xml_next (n, lists[i].name)) {
      struct oa_thing *t = oa_thing_at (e, lists[i].kind, get (n, "BAY/CONNECTION", bay));

      if (t)
        lists[i].read (n, t);
    }
  }
}

/* Very old ones have no list of managers. */
static void
read_only_manager (const xmlNode *mp, struct oa_enclosure *e)
{
  char text[TEXT_SIZE];
  struct oa_thing *t = oa_thing_next (e, OA_MANAGER, NULL) ? NULL : oa_thing_at (e, OA_MANAGER, "1");

  if (!t)
    return;
  OA_KNOW (t->name, get (mp, "PN", text));
  oa_know_word (t->firmware, sizeof t->firmware, get (mp, "FWRI", text));
  OA_KNOW (t->serial, get (mp, "SN", text));
  OA_KNOW (t->role, e->standby ? "STANDBY" : "ACTIVE");
  t->here = 1;
}

int
oa_read_xmldata (const char *text, size_t size, struct oa_enclosure *e)
{
  xmlDoc *doc = fettle_xml_read (text, size, FETTLE_XML_RECOVER);
  const xmlNode *root = fettle_xml_root (doc), *mp = fettle_xml_child (root, "MP");
  const xmlNode *n = fettle_xml_child (root, "INFRA2");
  char value[TEXT_SIZE];
  int found = root && strcmp ((const char *) root->name, "RIMP") == 0
              && (n || strstr (get (mp, "PN", value), "Onboard Administrator"));

  if (found) {
    OA_KNOW (e->name, get (n, "ENCL", value));
    OA_KNOW (e->model, get (n, "PN", value));
    OA_KNOW (e->part, get (n, "PART", value));
    OA_KNOW (e->serial, get (n, "ENCL_SN", value));
    OA_KNOW (e->oa_model, get (mp, "PN", value));
    OA_KNOW (e->oa_serial, get (mp, "SN", value));
    e->standby |= strcmp (get (mp, "PRIM", value), "false") == 0;
    read_lists (n, e);
    read_only_manager (mp, e);
    oa_enclosure_tidy (e);
  }
  xmlFreeDoc (doc);
  return found;
}
