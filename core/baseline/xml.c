/* xml.c - see xml.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <libxml/parser.h>

#include "baseline/xml.h"

static void
say_nothing (void *context FETTLE_UNUSED, const char *format FETTLE_UNUSED, ...)
{
}

fettle_result
fettle_xml_parse (const char *text, size_t size, xmlDoc **ret, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_xml) xmlDoc *doc = NULL;
  const xmlError *why;

  if (size > FETTLE_XML_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %u bytes", FETTLE_XML_MAX);
  xmlSetGenericErrorFunc (NULL, say_nothing);
  doc = xmlReadMemory (text, (int) size, NULL, NULL,
                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
  why = xmlGetLastError ();
  if (!doc || !xmlDocGetRootElement (doc)) {
    fettle_error_set (err, FETTLE_E_CONFIG, "it isn't XML: line %d: %.200s", why ? why->line : 0,
                      why && why->message ? why->message : "it is empty");
    for (char *p = err->text; *p; p++)
      *p = *p == '\n' ? ' ' : *p;
    return err->code;
  }
  if (xmlGetIntSubset (doc) && xmlGetIntSubset (doc)->children)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is XML with entities of its own, which isn't"
                                                   " allowed");
  *ret = STEAL (doc);
  return FETTLE_OK;
}

bool
fettle_xml_is (const xmlNode *n, const char *name)
{
  return n->type == XML_ELEMENT_NODE && strcmp ((const char *) n->name, name) == 0;
}

static xmlNode *
from (xmlNode *n, const char *name)
{
  while (n && !fettle_xml_is (n, name))
    n = n->next;
  return n;
}

xmlNode *
fettle_xml_child (const xmlNode *n, const char *name)
{
  return n ? from (n->children, name) : NULL;
}

xmlNode *
fettle_xml_next (const xmlNode *n, const char *name)
{
  return from (n->next, name);
}

xmlNode *
fettle_xml_find (const xmlNode *n, const char *path)
{
  while (n && *path) {
    size_t length = strcspn (path, "/");
    char name[64];

    snprintf (name, sizeof name, "%.*s", (int) length, path);
    n = fettle_xml_child (n, name);
    path += length + (path[length] == '/');
  }
  return (xmlNode *) n;
}

xmlNode *
fettle_xml_walk (const xmlNode *top, const xmlNode *at, const char *name)
{
  const xmlNode *n = at;

  do {
    if (n->children && n->type == XML_ELEMENT_NODE) {
      n = n->children;
    } else {
      while (n != top && !n->next)
        n = n->parent;
      if (n == top)
        return NULL;
      n = n->next;
    }
  } while (!fettle_xml_is (n, name));
  return (xmlNode *) n;
}

static char *
owned (xmlChar *text)
{
  char *copy = strdup (text ? (const char *) text : "");

  xmlFree (text);
  if (!copy)
    abort ();
  return copy;
}

char *
fettle_xml_text (const xmlNode *n)
{
  return owned (n ? xmlNodeGetContent (n) : NULL);
}

char *
fettle_xml_attribute (const xmlNode *n, const char *name)
{
  return owned (n ? xmlGetProp ((xmlNode *) n, (const xmlChar *) name) : NULL);
}
