/* sas.c - SAS switches of an enclosure.  They speak to nobody but their Onboard
 * Administrator as far as is known: so the node's address is the OA's, and the
 * setting `bay` says where the switch is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>
#include <fettle/xml.h>

#include "sas.h"

static fettle_result
read_enclosure (ILO_CALL, xmlDoc **ret)
{
  const struct fettle_http *http = h->service (c, "http", 1);
  const char *old = h->setting (c, "old_tls");
  struct fettle_http_request q;
  struct fettle_http_answer a;
  fettle_result r;

  memset (&q, 0, sizeof q);
  memset (&a, 0, sizeof a);
  q.struct_size = sizeof q;
  q.flags = old && strcmp (old, "yes") == 0 ? FETTLE_HTTP_OLD_TLS : 0;
  q.port = 443;
  q.method = "GET";
  q.path = "/xmldata?item=All";
  a.struct_size = sizeof a;
  r = http->request (c, &q, &a);
  if (r != FETTLE_OK)
    return r;
  *ret = a.status == 200 ? fettle_xml_read (a.body, (size_t) a.size, FETTLE_XML_RECOVER) : NULL;
  if (*ret && fettle_xml_at (fettle_xml_root (*ret), "INFRA2"))
    return FETTLE_OK;
  xmlFreeDoc (*ret);
  *ret = NULL;
  return fettle_fail (h, c, FETTLE_E_UNSUPPORTED, "%s isn't an Onboard Administrator, or its XML reply is off"
                      " (/xmldata, status %d): a SAS switch is seen through its enclosure's OA alone, so give that address"
                      " and the setting bay", t->address, (int) a.status);
}

/* ---- no I/O ---- */

int
sas_is_switch (const xmlNode *s)
{
  char product[100], fabric[60];

  fettle_xml_text (s, "SPN", product, sizeof product);
  fettle_xml_text (s, "FABRICTYPE", fabric, sizeof fabric);
  return strstr (product, "SAS") || strstr (fabric, "_SAS");
}

const xmlNode *
sas_next (const xmlNode *root, const xmlNode *s, const char *bay)
{
  char here[8];

  for (s = s ? fettle_xml_next (s, "SWITCH") : fettle_xml_at (root, "INFRA2/SWITCHES/SWITCH"); s;
       s = fettle_xml_next (s, "SWITCH")) {
    fettle_xml_text (s, "BAY/CONNECTION", here, sizeof here);
    if (bay && *bay ? strcmp (here, bay) == 0 : sas_is_switch (s))
      return s;
  }
  return NULL;
}

/* ---- the calls ---- */

static fettle_result
add (ILO_CALL, const char *kind, const char *what, const char *bay, const char *name, const char *version)
{
  struct fettle_item item;
  char id[60], location[40];

  (void) t;
  snprintf (id, sizeof id, "%s:bay-%s", what, bay);
  snprintf (location, sizeof location, "Interconnect bay %s", bay);
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = kind;
  item.id = id;
  item.name = name;
  item.version = version;
  item.location = location;
  return h->add_item (c, &item);
}

static fettle_result
add_switch (ILO_CALL, const xmlNode *s)
{
  char bay[8], product[100], serial[60], version[60];
  fettle_result r;

  fettle_xml_text (s, "BAY/CONNECTION", bay, sizeof bay);
  fettle_xml_text (s, "SPN", product, sizeof product);
  fettle_xml_text (s, "BSN", serial, sizeof serial);
  fettle_xml_text (s, "FWRI", version, sizeof version);
  if (version[0] == '[') /* [Unknown] */
    version[0] = '\0';
  r = add (h, c, t, "firmware", "firmware", bay, product[0] ? product : "SAS switch", version);
  return r == FETTLE_OK && serial[0] ? add (h, c, t, "hardware", "serial", bay, "Serial number", serial) : r;
}

fettle_result
sas_inventory (ILO_CALL)
{
  const char *bay = h->setting (c, "bay");
  xmlDoc *doc = NULL;
  const xmlNode *s = NULL;
  unsigned n = 0;
  fettle_result r = read_enclosure (h, c, t, &doc);

  while (r == FETTLE_OK && (s = sas_next (fettle_xml_root (doc), s, bay))) {
    if (bay && *bay && !sas_is_switch (s))
      r = fettle_fail (h, c, FETTLE_E_CONFIG, "what is in interconnect bay %s is no SAS switch", bay);
    else
      r = add_switch (h, c, t, s);
    n++;
  }
  if (r == FETTLE_OK && n == 0)
    r = bay && *bay ? fettle_fail (h, c, FETTLE_E_CONFIG, "the enclosure has nothing in interconnect bay %s", bay)
                    : h->error (c, FETTLE_E_UNSUPPORTED, "the enclosure has no SAS switch");
  xmlFreeDoc (doc);
  return r;
}

fettle_result
sas_deploy (ILO_CALL, const struct fettle_image *image)
{
  (void) t;
  (void) image;
  return h->error (c, FETTLE_E_UNSUPPORTED, "no way is published in which a SAS switch's firmware could be updated from"
                   " another machine: use HPE's Virtual SAS Manager, at the switch's own web page in the OA");
}
