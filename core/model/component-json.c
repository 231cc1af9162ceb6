/* component-json.c - a component as JSON, both ways; see component.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "model/component.h"

/* ---- to JSON ---- */

static json_t *
text_or_null (const char *text)
{
  return text ? json_string (text) : json_null ();
}

static json_t *
node_types_to_json (const struct fettle_component *c)
{
  _cleanup_json_ json_t *list = json_array ();

  for (size_t i = 0; i < c->n_node_types; i++)
    if (json_array_append_new (list, json_string (c->node_types[i])))
      return NULL;
  return STEAL (list);
}

static json_t *
prerequisites_to_json (const struct fettle_component *c)
{
  _cleanup_json_ json_t *list = json_array ();

  for (size_t i = 0; i < c->n_prerequisites; i++) {
    const struct fettle_prerequisite *p = &c->prerequisites[i];
    json_t *one = json_pack ("{s:s, s:o, s:b}", "match", p->match, "min_version",
                             text_or_null (p->min_version), "hard", p->hard);

    if (json_array_append_new (list, one))
      return NULL;
  }
  return STEAL (list);
}

static json_t *
files_to_json (const struct fettle_component *c)
{
  _cleanup_json_ json_t *list = json_array ();

  for (size_t i = 0; i < c->n_files; i++) {
    const struct fettle_component_file *f = &c->files[i];
    json_t *offset = f->container && !f->packed ? json_integer ((json_int_t) f->offset) : json_null ();
    json_t *one = json_pack ("{s:s, s:s, s:I, s:s, s:s?, s:o}", "name", f->name, "path", f->path,
                             "size", (json_int_t) f->size, "sha256", f->sha256, "container",
                             f->container, "offset", offset);

    if (json_array_append_new (list, one))
      return NULL;
  }
  return STEAL (list);
}

json_t *
fettle_component_to_json (const struct fettle_component *c)
{
  json_t *order = c->order > FETTLE_COMPONENT_ORDER_MAX ? json_null ()
                                                        : json_integer ((json_int_t) c->order);

  return json_pack (
      "{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:s, s:i, s:b, s:s?, s:s?, s:s?, s:s?, s:s?, s:o, s:o}",
      "id", c->id, "name", c->name, "version", c->version, "scheme", c->scheme,
      "format", c->format, "kind", c->kind, "match", c->match, "arch", c->arch,
      "node_types", node_types_to_json (c), "order", order, "reboot", c->reboot ? "yes" : "no",
      "duration", (int) c->duration, "install_missing", c->install_missing, "summary", c->summary,
      "tree", c->tree, "tree_sha256", c->tree_sha256,
      "signature", c->signature, "signature_text", c->signature_text, "prerequisites", prerequisites_to_json (c), "files", files_to_json (c));
}

/* ---- from JSON ---- */

static fettle_result
wrong (struct fettle_error *err, const char *member, const char *wanted)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "%.64s must be %s", member, wanted);
}

static fettle_result
no_memory (struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
}

/* A text without NUL inside; NULL if it is anything else. */
static const char *
plain_text (const json_t *value)
{
  const char *text = json_string_value (value);

  return text && strlen (text) == json_string_length (value) ? text : NULL;
}

static fettle_result
get_text (const char *name, const json_t *value, char **member, struct fettle_error *err)
{
  const char *text = plain_text (value);

  if (json_is_null (value)) /* the check says what is missing */
    return FETTLE_OK;
  if (!text)
    return wrong (err, name, "text or null");
  return fettle_component_set (member, text) ? FETTLE_OK : no_memory (err);
}

static fettle_result
get_order (const json_t *value, struct fettle_component *c, struct fettle_error *err)
{
  json_int_t n = json_integer_value (value);

  if (json_is_null (value))
    return FETTLE_OK;
  if (!json_is_integer (value) || n < 0 || n > FETTLE_COMPONENT_ORDER_MAX)
    return wrong (err, "order", "a number of 0 to 10000");
  c->order = (uint32_t) n;
  return FETTLE_OK;
}

static fettle_result
get_duration (const json_t *value, struct fettle_component *c, struct fettle_error *err)
{
  json_int_t n = json_integer_value (value);

  if (!json_is_integer (value) || n < 0 || n > FETTLE_COMPONENT_DURATION_MAX)
    return wrong (err, "duration", "a number of seconds, of a week at most");
  c->duration = (uint32_t) n;
  return FETTLE_OK;
}

static fettle_result
get_reboot (const json_t *value, struct fettle_component *c, struct fettle_error *err)
{
  const char *text = plain_text (value);

  if (!text || (strcmp (text, "yes") != 0 && strcmp (text, "no") != 0))
    return wrong (err, "reboot", "\"yes\" or \"no\"");
  c->reboot = text[0] == 'y';
  return FETTLE_OK;
}

static fettle_result
get_node_types (const json_t *value, struct fettle_component *c, struct fettle_error *err)
{
  if (!json_is_array (value) || json_array_size (value) > FETTLE_COMPONENT_NODE_TYPES_MAX)
    return wrong (err, "node_types", "a list of up to 32 texts");
  for (size_t i = 0; i < json_array_size (value); i++) {
    const char *text = plain_text (json_array_get (value, i));

    if (!text)
      return wrong (err, "node_types", "a list of texts");
    if (!fettle_component_add_node_type (c, text))
      return no_memory (err);
  }
  return FETTLE_OK;
}

/* Is every member of the object one of these words? */
static bool
members_known (json_t *object, const char *const *words, size_t n)
{
  const char *key;
  json_t *value;

  json_object_foreach (object, key, value)
  {
    size_t i = 0;

    while (i < n && strcmp (words[i], key) != 0)
      i++;
    if (i == n)
      return false;
  }
  return true;
}

static fettle_result
get_prerequisites (const json_t *value, struct fettle_component *c, struct fettle_error *err)
{
  static const char *const words[] = { "match", "min_version", "hard" };

  if (!json_is_array (value) || json_array_size (value) > FETTLE_COMPONENT_PREREQUISITES_MAX)
    return wrong (err, "prerequisites", "a list of up to 64 objects");
  for (size_t i = 0; i < json_array_size (value); i++) {
    json_t *one = json_array_get (value, i);
    const char *match = plain_text (json_object_get (one, "match"));
    json_t *version = json_object_get (one, "min_version"), *hard = json_object_get (one, "hard");

    if (!match || !json_is_boolean (hard) || !members_known (one, words, COUNT (words))
        || (version && !json_is_null (version) && !plain_text (version)))
      return wrong (err, "prerequisites", "a list of {match, min_version or null, hard}");
    if (!fettle_component_add_prerequisite (c, match, plain_text (version), json_is_true (hard)))
      return no_memory (err);
  }
  return FETTLE_OK;
}

/* Members that are absent are as if null: a file of the folder. */
static bool
get_place (const json_t *one, struct fettle_component_file *f)
{
  const json_t *container = json_object_get (one, "container"),
               *offset = json_object_get (one, "offset");
  const char *text = plain_text (container);

  if ((container && !json_is_null (container) && !text)
      || (offset && !json_is_null (offset) && (!json_is_integer (offset) || !text))
      || json_integer_value (offset) < 0)
    return false;
  f->packed = text && !json_is_integer (offset);
  f->offset = (uint64_t) json_integer_value (offset);
  return !text || fettle_component_set (&f->container, text);
}

static fettle_result
get_file (json_t *one, struct fettle_component *c, struct fettle_error *err)
{
  static const char *const words[] = { "name", "path", "size", "sha256", "container", "offset" };
  const json_t *size = json_object_get (one, "size");
  const char *name = plain_text (json_object_get (one, "name")),
             *path = plain_text (json_object_get (one, "path")),
             *sha256 = plain_text (json_object_get (one, "sha256"));

  if (!name || !path || !sha256 || strlen (sha256) != 64 || !json_is_integer (size)
      || json_integer_value (size) < 0 || !members_known (one, words, COUNT (words)))
    return wrong (err, "files", "a list of {name, path, size, sha256 (64 hex digits), container, offset}");
  if (!fettle_component_add_file (c, name, path, (uint64_t) json_integer_value (size), sha256))
    return no_memory (err);
  if (!get_place (one, &c->files[c->n_files - 1]))
    return wrong (err, "files", "a list whose container is text or null, and offset a number or null");
  return FETTLE_OK;
}

static fettle_result
get_files (const json_t *value, struct fettle_component *c, struct fettle_error *err)
{
  fettle_result r = FETTLE_OK;

  if (!json_is_array (value) || json_array_size (value) > FETTLE_COMPONENT_FILES_MAX)
    return wrong (err, "files", "a list of up to 64 objects");
  for (size_t i = 0; i < json_array_size (value) && !r; i++)
    r = get_file (json_array_get (value, i), c, err);
  return r;
}

static fettle_result
get_member (const char *key, const json_t *value, struct fettle_component *c,
            struct fettle_error *err)
{
  const struct {
    const char *name;
    char **member;
  } texts[] = {
    { "id",      &c->id },
    { "name",    &c->name },
    { "version", &c->version },
    { "scheme",  &c->scheme },
    { "format",  &c->format },
    { "kind",    &c->kind },
    { "match",   &c->match },
    { "arch",    &c->arch },
    { "summary", &c->summary },
    { "tree",    &c->tree },
    { "tree_sha256", &c->tree_sha256 },
    { "signature", &c->signature },
    { "signature_text", &c->signature_text },
  };
  static const struct {
    const char *name;
    fettle_result (*get) (const json_t *, struct fettle_component *, struct fettle_error *);
  } others[] = {
    { "order",         get_order },
    { "duration",      get_duration },
    { "reboot",        get_reboot },
    { "node_types",    get_node_types },
    { "prerequisites", get_prerequisites },
    { "files",         get_files },
  };

  for (size_t i = 0; i < COUNT (texts); i++)
    if (strcmp (texts[i].name, key) == 0)
      return get_text (key, value, texts[i].member, err);
  for (size_t i = 0; i < COUNT (others); i++)
    if (strcmp (others[i].name, key) == 0)
      return others[i].get (value, c, err);
  if (strcmp (key, "install_missing") != 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "a component has no member \"%.64s\"", key);
  c->install_missing = json_is_true (value);
  return json_is_boolean (value) ? FETTLE_OK : wrong (err, key, "true or false");
}

fettle_result
fettle_component_parse_json (const json_t *json, struct fettle_component *c,
                             struct fettle_error *err)
{
  const char *key;
  json_t *value;
  fettle_result r;

  if (!json_is_object (json))
    return fettle_error_set (err, FETTLE_E_CONFIG, "a component must be an object");
  json_object_foreach ((json_t *) json, key, value)
  {
    r = get_member (key, value, c, err);
    if (r)
      return r;
  }
  return FETTLE_OK;
}

fettle_result
fettle_component_from_json (const json_t *json, struct fettle_component *ret,
                            struct fettle_error *err)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  fettle_result r = fettle_component_parse_json (json, &c, err);

  if (!r)
    r = fettle_component_check (&c, err);
  if (r)
    return r;
  *ret = c;
  memset (&c, 0, sizeof c);
  return FETTLE_OK;
}
