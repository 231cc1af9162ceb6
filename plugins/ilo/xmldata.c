/* xmldata.c - /xmldata?item=All.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>

#include "ilo.h"

enum { SIZE_MAX_XML = 1 << 20 };

static void
say_nothing (void *context, const char *format, ...)
{
  (void) context;
  (void) format;
}

static xmlNode *
child (const xmlNode *n, const char *name)
{
  xmlNode *at = n ? n->children : NULL;

  while (at && (at->type != XML_ELEMENT_NODE || strcmp ((const char *) at->name, name) != 0))
    at = at->next;
  return at;
}

/* Printable ASCII, no spaces around. */
static void
copy (const xmlNode *parent, const char *name, char *ret, size_t size)
{
  const xmlNode *n = child (parent, name);
  const xmlNode *text = n ? n->children : NULL;
  const char *s = text && text->type == XML_TEXT_NODE && text->content ? (const char *) text->content : "";
  size_t used = 0;

  for (s += strspn (s, " \t\r\n"); *s && used + 1 < size; s++)
    ret[used++] = *s >= ' ' && *s < 0x7f ? *s : ' ';
  while (used > 0 && ret[used - 1] == ' ')
    used--;
  ret[used] = '\0';
}

unsigned
ilo_generation (const char *text)
{
  static const char *const names[] = { "iLO ", "iLO", "Lights-Out " };
  size_t i;

  for (i = 0; i < FETTLE_COUNT (names); i++) {
    const char *at = strstr (text, names[i]);

    if (at && at[strlen (names[i])] >= '2' && at[strlen (names[i])] <= '9')
      return (unsigned) (at[strlen (names[i])] - '0');
  }
  return 0;
}

int
ilo_identify (const char *text, size_t size, struct ilo_identity *ret)
{
  xmlNode *root, *mp, *hsi;
  xmlDoc *doc;
  int found;

  memset (ret, 0, sizeof *ret);
  if (size > SIZE_MAX_XML)
    return 0;
  xmlSetGenericErrorFunc (NULL, say_nothing);
  /* No entities of its own: nothing is substituted or fetched. */
  doc = xmlReadMemory (text, (int) size, NULL, NULL, XML_PARSE_RECOVER | XML_PARSE_NONET
                       | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
  root = doc ? xmlDocGetRootElement (doc) : NULL;
  found = root && strcmp ((const char *) root->name, "RIMP") == 0;
  if (found) {
    mp = child (root, "MP");
    hsi = child (root, "HSI");
    copy (mp, "PN", ret->product, sizeof ret->product);
    copy (mp, "FWRI", ret->firmware, sizeof ret->firmware);
    copy (hsi, "SPN", ret->model, sizeof ret->model);
    copy (hsi, "SBSN", ret->serial, sizeof ret->serial);
    ret->generation = ilo_generation (ret->product);
  }
  xmlFreeDoc (doc);
  return found;
}
