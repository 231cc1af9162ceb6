/* xmldata.c - /xmldata?item=All, which an OA tells to anybody.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "fields.h"

enum { TEXT_SIZE = 200 };

/* Of INFRA2, and of MP. */
static const struct oa_field enclosure[] = {
  OA_ENCLOSURE ("ENCL", name), OA_ENCLOSURE ("PN", model), OA_ENCLOSURE ("PART", part),
  OA_ENCLOSURE ("ENCL_SN", serial), OA_FIELDS_END
};
static const struct oa_field asked[] = { OA_ENCLOSURE ("PN", oa_model), OA_ENCLOSURE ("SN", oa_serial), OA_FIELDS_END };

static const struct oa_field manager[] = {
  OA_TEXT ("SPN", name), OA_TEXT ("BSN", serial), OA_TEXT ("NAME", host), OA_TEXT ("ROLE", role),
  OA_WORD ("FWRI", firmware), OA_ADDRESS ("MGMTIPADDR"), OA_FIELDS_END
};
static const struct oa_field only_manager[] = {
  OA_TEXT ("PN", name), OA_WORD ("FWRI", firmware), OA_TEXT ("SN", serial), OA_FIELDS_END
};
static const struct oa_field blade[] = {
  OA_TEXT ("SPN", name), OA_TEXT ("BSN", serial), OA_TEXT ("PN", part), OA_TEXT ("MGMTPN", mp),
  OA_TEXT ("MGMTFWVERSION", firmware), OA_TEXT ("BLADEROMVER", rom), OA_TEXT ("PWRM", pic),
  OA_TEXT ("MGMTDNSNAME", host), OA_TEXT ("NAME", server), OA_ADDRESS ("MGMTIPADDR"), OA_FIELDS_END
};
static const struct oa_field module[] = {
  OA_TEXT ("SPN", name), OA_TEXT ("BSN", serial), OA_TEXT ("PN", part), OA_TEXT ("FWRI", firmware),
  OA_TEXT ("FABRICTYPE", fabric), OA_ADDRESS ("MGMTIPADDR"), OA_FIELDS_END
};
static const struct oa_field part[] = {
  OA_TEXT ("SPN", name), OA_TEXT ("PRODUCTNAME", name), OA_TEXT ("PN", part), OA_TEXT ("SN", serial),
  OA_TEXT ("FWRI", firmware), OA_FIELDS_END
};

/* "MGMTIPV6ADDR1", and "MGMTIPv6ADDR1" of managers: the first that others reach. */
static void
more_addresses (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];
  const xmlNode *at;

  for (at = fettle_xml_child (n, NULL); at && !t->address[0]; at = fettle_xml_next (at, NULL))
    if (strncmp ((const char *) at->name, "MGMTIPV6ADDR", 12) == 0
        || strncmp ((const char *) at->name, "MGMTIPv6ADDR", 12) == 0)
      oa_know_address (t->address, fettle_xml_text (at, NULL, text, sizeof text));
}

static void
more_of_manager (const xmlNode *n, struct oa_thing *t)
{
  t->here |= oa_is_true (n, "YOUAREHERE");
  more_addresses (n, t);
}

/* A bay that is covered by a blade beside it has none. */
static void
more_of_blade (const xmlNode *n, struct oa_thing *t)
{
  char text[TEXT_SIZE];

  if (strstr (fettle_xml_text (n, "TYPE", text, sizeof text), "SUBSUMED"))
    memset (t->name, 0, sizeof *t - offsetof (struct oa_thing, name));
  else
    more_addresses (n, t);
}

static void
more_of_part (const xmlNode *n, struct oa_thing *t)
{
  (void) n;
  if (!t->name[0] && t->part[0])
    OA_KNOW (t->name, t->kind == OA_FAN ? "Fan" : t->kind == OA_LCD ? "Display" : "Power supply");
}

static const struct {
  const char *list;
  struct oa_element element;
} lists[] = {
  { "MANAGERS", { "MANAGER",     OA_MANAGER, manager, more_of_manager } },
  { "BLADES",   { "BLADE",       OA_BLADE,   blade,   more_of_blade   } },
  { "SWITCHES", { "SWITCH",      OA_MODULE,  module,  more_addresses  } },
  { "FANS",     { "FAN",         OA_FAN,     part,    more_of_part    } },
  { "POWER",    { "POWERSUPPLY", OA_POWER,   part,    more_of_part    } },
  { "LCDS",     { "LCD",         OA_LCD,     part,    more_of_part    } },
};

/* Very old ones have no list of managers. */
static void
read_only_manager (const xmlNode *mp, struct oa_enclosure *e)
{
  struct oa_thing *t = oa_thing_next (e, OA_MANAGER, NULL) ? NULL : oa_thing_at (e, OA_MANAGER, "1");

  if (!t)
    return;
  oa_know_fields (mp, only_manager, t);
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
              && (n || strstr (fettle_xml_text (mp, "PN", value, sizeof value), "Onboard Administrator"));
  size_t i;

  if (found) {
    oa_know_fields (n, enclosure, e);
    oa_know_fields (mp, asked, e);
    e->standby |= strcmp (fettle_xml_text (mp, "PRIM", value, sizeof value), "false") == 0;
    for (i = 0; i < sizeof lists / sizeof lists[0]; i++)
      oa_know_elements (fettle_xml_child (fettle_xml_child (n, lists[i].list), lists[i].element.name),
                        &lists[i].element, "BAY/CONNECTION", e);
    read_only_manager (mp, e);
    oa_enclosure_tidy (e);
  }
  xmlFreeDoc (doc);
  return found;
}
