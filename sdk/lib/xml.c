/* xml.c - see fettle/xml.h.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <string.h>

#include <libxml/parser.h>

#include <fettle/xml.h>

static void
say_nothing (void *context, const char *format, ...)
{
  (void) context;
  (void) format;
}

xmlDoc *
fettle_xml_read (const char *text, size_t size, unsigned flags)
{
  int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
  xmlDoc *doc;

  if (size == 0 || size > FETTLE_XML_SIZE_MAX)
    return NULL;
  if (flags & FETTLE_XML_RECOVER)
    options |= XML_PARSE_RECOVER;
  xmlSetGenericErrorFunc (NULL, say_nothing);
  doc = xmlReadMemory (text, (int) size, NULL, NULL, options);
  /* No node needs one, and it is where entities come from. */
  if (doc && (doc->intSubset || doc->extSubset || !xmlDocGetRootElement (doc))) {
    xmlFreeDoc (doc);
    doc = NULL;
  }
  return doc;
}

xmlNode *
fettle_xml_root (xmlDoc *doc)
{
  return doc ? xmlDocGetRootElement (doc) : NULL;
}

/* This one or the next of its siblings that is called so. */
static xmlNode *
first_of (xmlNode *n, const char *name, size_t length)
{
  for (; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE
        && (!name || (strncmp ((const char *) n->name, name, length) == 0 && !n->name[length])))
      break;
  return n;
}

xmlNode *
fettle_xml_child (const xmlNode *n, const char *name)
{
  return n ? first_of (n->children, name, name ? strlen (name) : 0) : NULL;
}

xmlNode *
fettle_xml_next (const xmlNode *n, const char *name)
{
  return n ? first_of (n->next, name, name ? strlen (name) : 0) : NULL;
}

xmlNode *
fettle_xml_at (const xmlNode *n, const char *path)
{
  xmlNode *at = NULL;

  while (n && *path) {
    size_t length = strcspn (path, "/");

    n = at = first_of (n->children, path, length);
    path += length + (path[length] != '\0');
  }
  return at;
}

/* Without recursion: a document may be as deep as libxml2 allows. */
xmlNode *
fettle_xml_find (xmlNode *top, const char *name)
{
  xmlNode *n = top;

  while (n) {
    if (n->type == XML_ELEMENT_NODE && strcmp ((const char *) n->name, name) == 0)
      return n;
    if (n->type == XML_ELEMENT_NODE && n->children) {
      n = n->children;
      continue;
    }
    while (n != top && !n->next)
      n = n->parent;
    n = n == top ? NULL : n->next;
  }
  return NULL;
}

/* Adds to what is there, spaces as one, none at the beginning. */
static size_t
append (char *ret, size_t used, size_t size, const char *text)
{
  for (; *text && used + 1 < size; text++) {
    unsigned char c = (unsigned char) *text;

    if (c > ' ' && c != 0x7f)
      ret[used++] = *text;
    else if (used > 0 && ret[used - 1] != ' ')
      ret[used++] = ' ';
  }
  if (*text) /* not in the middle of a character */
    while (used > 0 && ((unsigned char) *text & 0xc0) == 0x80)
      text--, used--;
  return used;
}

static char *
finish (char *ret, size_t used)
{
  while (used > 0 && ret[used - 1] == ' ')
    used--;
  ret[used] = '\0';
  return ret;
}

char *
fettle_xml_text (const xmlNode *n, const char *path, char *ret, size_t size)
{
  const xmlNode *at = path ? fettle_xml_at (n, path) : n;
  size_t used = 0;

  for (at = at ? at->children : NULL; at; at = at->next)
    if ((at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE) && at->content)
      used = append (ret, used, size, (const char *) at->content);
  return finish (ret, used);
}

char *
fettle_xml_attribute (const xmlNode *n, const char *name, char *ret, size_t size)
{
  xmlChar *value = n ? xmlGetProp (n, (const xmlChar *) name) : NULL;
  size_t used = value ? append (ret, 0, size, (const char *) value) : 0;

  xmlFree (value);
  return finish (ret, used);
}
