/* fettle/xml.h - answers in XML, for plugins: SOAP, RIBCL, xmldata.
 *
 * What a node sends is foreign: a document has a limit of size, no entities of
 * its own, and nothing is fetched.  Names are local ones: "hpoa:errorCode" is
 * found as "errorCode", whatever the prefix.  The code is in libxml2 and in
 * libfettle-xml.a (pkg-config fettle-xml), which is linked into the plugin.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_XML_H
#define FETTLE_XML_H

#include <stddef.h>

#include <libxml/tree.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FETTLE_XML_SIZE_MAX (8u << 20) /* bytes */

#define FETTLE_XML_RECOVER (1u << 0) /* of what isn't well-formed, what can be read */

/* NULL: it is no XML, too long, or has a document type.  To be freed by
 * xmlFreeDoc, which takes NULL. */
xmlDoc *fettle_xml_read (const char *text, size_t size, unsigned flags);

/* NULL is taken everywhere, and is what isn't there. */
xmlNode *fettle_xml_root (xmlDoc *);
xmlNode *fettle_xml_child (const xmlNode *, const char *name); /* NULL: the first element */
xmlNode *fettle_xml_next (const xmlNode *, const char *name);  /* NULL: the next element */
xmlNode *fettle_xml_at (const xmlNode *, const char *path);    /* "BAY/CONNECTION" */
xmlNode *fettle_xml_find (xmlNode *, const char *name);        /* at any depth, itself too */

/* The text right in an element (or, with a path, in what that leads to): UTF-8
 * on one line, without spaces around it, cut to what fits.  Returns ret. */
char *fettle_xml_text (const xmlNode *, const char *path, char *ret, size_t size);

/* An attribute in the same way. */
char *fettle_xml_attribute (const xmlNode *, const char *name, char *ret, size_t size);

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_XML_H */
