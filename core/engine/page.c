/* page.c - see page.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "engine/page.h"
#include "util/text.h"

static fettle_result
check_fields (const json_t *query, const char *filters, struct fettle_error *err)
{
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) query, name, value)
    if (!fettle_has_word ("limit after", name) && !fettle_has_word (filters, name))
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "this list has no \"%.64s\": it takes limit, after%s%s", name,
                               *filters ? ", " : "", filters);
  return FETTLE_OK;
}

static fettle_result
take_number (const json_t *query, const char *name, uint64_t max, int64_t *ret,
             struct fettle_error *err)
{
  const char *text = json_string_value (json_object_get (query, name));
  uint64_t value;

  if (!text)
    return FETTLE_OK;
  if (!fettle_parse_uint (text, 1, max, &value))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is 1 to %llu, not \"%.40s\"", name,
                             (unsigned long long) max, text);
  *ret = (int64_t) value;
  return FETTLE_OK;
}

fettle_result
fettle_page_init (struct fettle_page *p, const struct fettle_request *r, const char *filters,
                  int64_t limit, struct fettle_error *err)
{
  *p = (struct fettle_page) { .query = r->query, .limit = limit ? limit : INT64_MAX - 1 };
  if (check_fields (r->query, filters, err)
      || take_number (r->query, "limit", FETTLE_PAGE_MAX, &p->limit, err)
      || take_number (r->query, "after", INT64_MAX, &p->after, err))
    return err->code;
  p->read = p->limit + 1;
  p->rows = json_array ();
  return FETTLE_OK;
}

const char *
fettle_page_filter (const struct fettle_page *p, const char *name)
{
  return json_string_value (json_object_get (p->query, name));
}

void
fettle_page_add (struct fettle_page *p, int64_t id, json_t *row)
{
  if ((int64_t) json_array_size (p->rows) < p->limit) {
    json_array_append_new (p->rows, row);
    p->after = id;
    return;
  }
  json_decref (row);
  p->next = p->after;
}

void
fettle_page_reply (struct fettle_page *p, struct fettle_request *r, const char *name)
{
  fettle_request_reply (r, 200, json_pack ("{s:o, s:o}", name, p->rows, "next",
                                           p->next ? json_integer (p->next) : json_null ()));
}
