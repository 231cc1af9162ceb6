/* xml.h - XML documents, by libxml2: small ones, without entities of their own,
 * without network.  Names are compared without namespaces.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_XML_H
#define FETTLE_XML_H

#include <libxml/tree.h>

#include <stdbool.h>

#include "util/error.h"

#define FETTLE_XML_MAX (32u << 20) /* bytes */

fettle_result fettle_xml_parse (const char *text, size_t size, xmlDoc **ret,
                                struct fettle_error *);
static inline void fettle_cleanup_xml (xmlDoc **doc) { if (*doc) xmlFreeDoc (*doc); }

/* Is the node an element of this name? */
bool fettle_xml_is (const xmlNode *, const char *name);

/* The first child of this name, and the next such after it; NULL. */
xmlNode *fettle_xml_child (const xmlNode *, const char *name);
xmlNode *fettle_xml_next (const xmlNode *, const char *name);

/* A child of a child: "payload/Devices". */
xmlNode *fettle_xml_find (const xmlNode *, const char *path);

/* The next element of this name anywhere below `top`, in the document's order;
 * begin with at = top. */
xmlNode *fettle_xml_walk (const xmlNode *top, const xmlNode *at, const char *name);

/* The text in an element, "" without one.  To be freed. */
char *fettle_xml_text (const xmlNode *);

/* An attribute's value, "" without one.  To be freed. */
char *fettle_xml_attribute (const xmlNode *, const char *name);

#endif
