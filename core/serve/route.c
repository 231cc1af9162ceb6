/* route.c - see route.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "serve/route.h"

bool
fettle_route_fits (const struct fettle_route *route, const char *path, const char **ret_parameter,
                   size_t *ret_size)
{
  const char *want = route->path, *parameter = NULL;
  size_t size = 0;

  while (*want) {
    if (want[0] == ':' && want[-1] == '/') {
      parameter = path;
      size = strcspn (path, "/");
      if (!size)
        return false;
      path += size;
      want += strcspn (want, "/");
    } else if (*want++ != *path++)
      return false;
  }
  if (*path)
    return false;
  *ret_parameter = parameter;
  *ret_size = size;
  return true;
}

static int
hex_digit (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Valid UTF-8 (asked of the library that must take it), no control characters. */
static bool
is_clean_text (const char *text, size_t size)
{
  json_t *j;

  for (size_t i = 0; i < size; i++)
    if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
      return false;
  j = json_stringn (text, size);
  json_decref (j);
  return j != NULL;
}

char *
fettle_percent_decode (const char *text, size_t size, bool plus_is_space, size_t max)
{
  _cleanup_free_ char *out = malloc (size + 1);
  size_t n = 0;

  if (!out)
    return NULL;
  for (size_t i = 0; i < size; i++) {
    char c = text[i];

    if (c == '%') {
      int high = i + 2 < size ? hex_digit (text[i + 1]) : -1;
      int low = i + 2 < size ? hex_digit (text[i + 2]) : -1;

      if (high < 0 || low < 0)
        return NULL;
      c = (char) (high << 4 | low);
      i += 2;
    } else if (c == '+' && plus_is_space)
      c = ' ';
    out[n++] = c;
  }
  out[n] = '\0';
  if (n > max || !is_clean_text (out, n))
    return NULL;
  return STEAL (out);
}

static fettle_result
add_field (json_t *query, const char *text, size_t size, struct fettle_error *err)
{
  size_t name_size = 0;
  _cleanup_free_ char *name = NULL;
  _cleanup_free_ char *value = NULL;

  while (name_size < size && text[name_size] != '=')
    name_size++;
  name = fettle_percent_decode (text, name_size, true, 64);
  if (name_size < size)
    value = fettle_percent_decode (text + name_size + 1, size - name_size - 1, true,
                                   FETTLE_PARAMETER_MAX);
  else
    value = strdup ("");
  if (!name || !value || !*name)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the query is malformed");
  if (json_object_get (query, name))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the query has \"%s\" twice", name);
  if (json_object_set_new (query, name, json_string (value)))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the query");
  return FETTLE_OK;
}

fettle_result
fettle_query_parse (const char *query, json_t **ret, struct fettle_error *err)
{
  _cleanup_json_ json_t *object = json_object ();
  fettle_result r;

  if (!object)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the query");
  while (query && *query) {
    size_t n = strcspn (query, "&");

    if (json_object_size (object) >= FETTLE_QUERY_MAX)
      return fettle_error_set (err, FETTLE_E_CONFIG, "the query has more than %d fields",
                               FETTLE_QUERY_MAX);
    if (n && (r = add_field (object, query, n, err)))
      return r;
    query += n;
    query += *query == '&';
  }
  *ret = STEAL (object);
  return FETTLE_OK;
}

bool
fettle_type_is_json (const char *type)
{
  static const char json[] = "application/json";
  size_t n = strlen (json);

  if (!type || strncasecmp (type, json, n) != 0)
    return false;
  type += n;
  type += strspn (type, " \t");
  return *type == '\0' || *type == ';';
}

/* The library itself stops at a depth of 2048, which this can recurse to. */
static bool
depth_is_within (const json_t *j, unsigned left)
{
  const char *key;
  json_t *value;
  size_t i;

  if (!json_is_object (j) && !json_is_array (j))
    return true;
  if (!left)
    return false;
  json_object_foreach ((json_t *) j, key, value)
    if (!depth_is_within (value, left - 1))
      return false;
  json_array_foreach ((json_t *) j, i, value)
    if (!depth_is_within (value, left - 1))
      return false;
  return true;
}

fettle_result
fettle_body_parse (json_load_callback_t read, void *arg, json_t **ret, struct fettle_error *err)
{
  json_error_t where;
  _cleanup_json_ json_t *body = json_load_callback (read, arg, JSON_REJECT_DUPLICATES, &where);

  if (!body)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the body is not valid JSON, line %d: %s",
                             where.line, where.text);
  if (!json_is_object (body))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the body is JSON, but not an object");
  if (!depth_is_within (body, FETTLE_JSON_DEPTH))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the body is nested deeper than %d levels",
                             FETTLE_JSON_DEPTH);
  *ret = STEAL (body);
  return FETTLE_OK;
}
