/* fields.h - which element tells what of an enclosure: tables for answers in XML.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OA_FIELDS_H
#define OA_FIELDS_H

#include <stddef.h>

#include <fettle/xml.h>

#include "enclosure.h"

/* The text at `path` below an element is a member of a struct.  Known is what
 * came first. */
struct oa_field {
  const char *path; /* NULL: the end */
  size_t offset, size;
  void (*know) (char *ret, size_t size, const char *text);
};

#define OA_FIELD_(know_, type, path_, member) { path_, offsetof (type, member), sizeof (((type *) 0)->member), know_ }
#define OA_TEXT(path, member)      OA_FIELD_ (oa_know, struct oa_thing, path, member)
#define OA_WORD(path, member)      OA_FIELD_ (oa_know_word, struct oa_thing, path, member)
#define OA_ADDRESS(path)           OA_FIELD_ (oa_know_reachable, struct oa_thing, path, address)
#define OA_ENCLOSURE(path, member) OA_FIELD_ (oa_know, struct oa_enclosure, path, member)
#define OA_FIELDS_END              { NULL, 0, 0, NULL }

void oa_know_reachable (char *ret, size_t size, const char *text);

/* `object`: an oa_thing, or an oa_enclosure. */
void oa_know_fields (const xmlNode *, const struct oa_field *, void *object);

/* Elements of one name, each of which tells of a bay. */
struct oa_element {
  const char *name;
  enum oa_kind kind;
  const struct oa_field *fields;
  void (*more) (const xmlNode *, struct oa_thing *); /* what isn't a field; or NULL */
};

/* The element and those of its name behind it; `bay`: where its bay is.  Whether
 * there was any. */
int oa_know_elements (const xmlNode *first, const struct oa_element *, const char *bay, struct oa_enclosure *);

/* Is the text there "true"? */
int oa_is_true (const xmlNode *, const char *path);

#endif
