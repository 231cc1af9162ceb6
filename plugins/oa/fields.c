/* fields.c - see fields.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "fields.h"

enum { TEXT_SIZE = 200 };

void
oa_know_reachable (char *ret, size_t size, const char *text)
{
  if (size == 64)
    oa_know_address (ret, text);
}

void
oa_know_fields (const xmlNode *n, const struct oa_field *f, void *object)
{
  char text[TEXT_SIZE];

  for (; f->path; f++)
    f->know ((char *) object + f->offset, f->size, fettle_xml_text (n, f->path, text, sizeof text));
}

int
oa_know_elements (const xmlNode *n, const struct oa_element *what, const char *bay, struct oa_enclosure *e)
{
  char text[TEXT_SIZE];
  int found = n != NULL;

  for (; n; n = fettle_xml_next (n, what->name)) {
    struct oa_thing *t = oa_thing_at (e, what->kind, fettle_xml_text (n, bay, text, sizeof text));

    if (t)
      oa_know_fields (n, what->fields, t);
    if (t && what->more)
      what->more (n, t);
  }
  return found;
}

int
oa_is_true (const xmlNode *n, const char *path)
{
  char text[TEXT_SIZE];

  fettle_xml_text (n, path, text, sizeof text);
  return strcmp (text, "true") == 0 || strcmp (text, "1") == 0;
}
