/* xml.c - a job, or tables, as XML: the members of their JSON as elements.
 *
 * A member whose name isn't one for an element is <member name="...">; what a
 * list holds are <entry> elements, without a schema to keep.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <ctype.h>

#include "report/internal.h"
#include "report/markup.h"

static void value (struct fettle_markup *m, const json_t *j);

static bool
is_name (const char *s)
{
  if (!isalpha ((unsigned char) *s) || strncasecmp (s, "xml", 3) == 0)
    return false;
  for (; *s; s++)
    if ((unsigned char) *s > 127 || (!isalnum ((unsigned char) *s) && !strchr ("_-.", *s)))
      return false;
  return true;
}

static void
member (struct fettle_markup *m, const char *name, const json_t *j)
{
  bool plain = is_name (name);

  if (json_is_null (j))
    return;
  fettle_markup_raw (m, "<");
  fettle_markup_raw (m, plain ? name : "member");
  if (!plain)
    fettle_markup_attribute (m, "name", name);
  fettle_markup_raw (m, ">");
  value (m, j);
  fettle_markup_raw (m, "</");
  fettle_markup_raw (m, plain ? name : "member");
  fettle_markup_raw (m, ">\n");
}

static void
value (struct fettle_markup *m, const json_t *j)
{
  char number[32];
  const json_t *one;
  const char *key;
  size_t i;

  json_object_foreach ((json_t *) (uintptr_t) j, key, one)
    member (m, key, one);
  json_array_foreach (j, i, one)
    member (m, "entry", one);
  if (json_is_string (j))
    fettle_markup_text (m, json_string_value (j));
  else if (json_is_boolean (j))
    fettle_markup_raw (m, json_is_true (j) ? "true" : "false");
  else if (json_is_number (j)) {
    snprintf (number, sizeof number, "%.17g", json_number_value (j));
    if (json_is_integer (j))
      snprintf (number, sizeof number, "%lld", (long long) json_integer_value (j));
    fettle_markup_raw (m, number);
  }
}

bool
fettle_report_xml (const json_t *job, struct fettle_buf *ret)
{
  struct fettle_markup m = { ret, false };
  const char *report = fettle_report_text (job, "report");

  fettle_markup_raw (&m, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<fettle-report");
  fettle_markup_attribute (&m, "kind", *report ? report : "job");
  fettle_markup_attribute (&m, "version", PACKAGE_VERSION);
  fettle_markup_raw (&m, ">\n");
  value (&m, job);
  fettle_markup_raw (&m, "</fettle-report>\n");
  return !m.full;
}
