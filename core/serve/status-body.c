/* status-body.c - see status-body.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "serve/route.h"
#include "serve/status-body.h"

/* Without parameters, as "; charset=utf-8". */
static bool
is_type (const char *type, const char *wanted)
{
  size_t n = strcspn (type, "; \t");

  return n == strlen (wanted) && strncasecmp (type, wanted, n) == 0;
}

static bool
has_suffix (const char *type, const char *suffix)
{
  size_t n = strcspn (type, "; \t"), k = strlen (suffix);

  return n > k && strncasecmp (type + n - k, suffix, k) == 0;
}

struct rest {
  const char *data;
  size_t size;
};

static size_t
read_rest (void *buffer, size_t size, void *arg)
{
  struct rest *r = arg;
  size_t n = size < r->size ? size : r->size;

  memcpy (buffer, r->data, n);
  r->data += n;
  r->size -= n;
  return n;
}

static fettle_result
read_form (const char *body, size_t size, json_t **ret, struct fettle_error *err)
{
  _cleanup_free_ char *text = strndup (body, size);

  if (!text)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a status");
  if (strlen (text) != size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "The form has a zero byte.");
  /* What some clients end a line with isn't the form's. */
  while (size && (text[size - 1] == '\n' || text[size - 1] == '\r'))
    text[--size] = '\0';
  return fettle_query_parse (text, ret, err);
}

static fettle_result
read_xml (const char *body, size_t size, json_t **ret, struct fettle_error *err)
{
  json_t *text = NULL;
  size_t i = 0;

  while (i < size && strchr (" \t\r\n", body[i]))
    i++;
  if (i < size && body[i] == '<' && !memchr (body, '\0', size))
    text = json_stringn (body, size);
  if (!text)
    return fettle_error_set (err, FETTLE_E_CONFIG, "The body is no XML in UTF-8.");
  *ret = json_pack ("{s:o}", "xml", text);
  return *ret ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a status");
}

fettle_result
fettle_status_read (const char *type, const char *body, size_t size, json_t **ret,
                    struct fettle_error *err)
{
  struct rest rest = { body, size };

  if (is_type (type, "application/json") || has_suffix (type, "+json"))
    return fettle_body_parse (read_rest, &rest, ret, err);
  if (is_type (type, "application/x-www-form-urlencoded"))
    return read_form (body, size, ret, err);
  if (is_type (type, "application/xml") || is_type (type, "text/xml") || has_suffix (type, "+xml"))
    return read_xml (body, size, ret, err);
  return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "A status is JSON, a form or XML.");
}
