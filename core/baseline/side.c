/* side.c - see side.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <libconfig.h>

#include "baseline/side.h"
#include "util/buf.h"

struct side {
  struct fettle_component *c;
  struct fettle_side_files *files;
  struct fettle_error *err;
};

static fettle_result
wrong (struct side *s, const config_setting_t *k, const char *wanted)
{
  const char *name = config_setting_name (k);

  if (!name) /* an element of a list */
    name = config_setting_name (config_setting_parent (k));
  return fettle_error_set (s->err, FETTLE_E_CONFIG, "line %u: %.64s must be %s",
                           config_setting_source_line (k), name ? name : "it", wanted);
}

static fettle_result
no_memory (struct side *s)
{
  return fettle_error_set (s->err, FETTLE_E_NOMEM, "no memory for a component");
}

/* A text that a component may have; NULL if it isn't one. */
static const char *
good_text (const config_setting_t *k)
{
  const char *text = config_setting_type (k) == CONFIG_TYPE_STRING ? config_setting_get_string (k)
                                                                   : NULL;

  return text && fettle_component_text_ok (text, FETTLE_COMPONENT_TEXT_MAX) ? text : NULL;
}

static fettle_result
set_text (struct side *s, const config_setting_t *k, char **member)
{
  const char *text = good_text (k);

  if (!text)
    return wrong (s, k, "one line of text in quotes");
  return fettle_component_set (member, text) ? FETTLE_OK : no_memory (s);
}

/* Calls f for a text, or for each text of a list. */
static fettle_result
each_text (struct side *s, config_setting_t *k,
           fettle_result (*f) (struct side *, config_setting_t *, const char *text))
{
  int type = config_setting_type (k);
  const char *text = good_text (k);
  fettle_result r;

  if (text)
    return f (s, k, text);
  if ((type != CONFIG_TYPE_LIST && type != CONFIG_TYPE_ARRAY) || !config_setting_length (k))
    return wrong (s, k, "a text in quotes or a list of those");
  for (int i = 0; i < config_setting_length (k); i++) {
    config_setting_t *one = config_setting_get_elem (k, (unsigned) i);

    text = good_text (one);
    if (!text)
      return wrong (s, one, "a list of texts in quotes");
    r = f (s, one, text);
    if (r)
      return r;
  }
  return FETTLE_OK;
}

static fettle_result
add_match (struct side *s, config_setting_t *k, const char *text)
{
  struct fettle_buf longer = FETTLE_BUF_INIT (FETTLE_COMPONENT_MATCH_MAX);

  if (strchr (text, ' '))
    return wrong (s, k, "words without space: several are a list");
  if ((s->c->match && !fettle_buf_printf (&longer, "%s ", s->c->match))
      || !fettle_buf_text_add (&longer, text)) {
    fettle_buf_clear (&longer);
    return wrong (s, k, "shorter");
  }
  free (s->c->match);
  s->c->match = longer.data;
  return FETTLE_OK;
}

static fettle_result
get_match (struct side *s, config_setting_t *k)
{
  free (s->c->match);
  s->c->match = NULL;
  return each_text (s, k, add_match);
}

static fettle_result
add_node_type (struct side *s, config_setting_t *k, const char *text)
{
  if (s->c->n_node_types >= FETTLE_COMPONENT_NODE_TYPES_MAX)
    return wrong (s, k, "a shorter list");
  return fettle_component_add_node_type (s->c, text) ? FETTLE_OK : no_memory (s);
}

static fettle_result
get_node_types (struct side *s, config_setting_t *k)
{
  while (s->c->n_node_types)
    free (s->c->node_types[--s->c->n_node_types]);
  return each_text (s, k, add_node_type);
}

static fettle_result
add_file (struct side *s, config_setting_t *k, const char *text)
{
  if (!fettle_component_file_name_ok (text))
    return wrong (s, k, "names of files in the same folder, of letters, digits and ._+~-");
  if (s->files->n >= FETTLE_COMPONENT_FILES_MAX - 1) /* the payload is one */
    return wrong (s, k, "a shorter list");
  s->files->names[s->files->n] = strdup (text);
  return s->files->names[s->files->n++] ? FETTLE_OK : no_memory (s);
}

static fettle_result
get_files (struct side *s, config_setting_t *k)
{
  return each_text (s, k, add_file);
}

static fettle_result
get_order (struct side *s, config_setting_t *k)
{
  int n = config_setting_get_int (k);

  if (config_setting_type (k) != CONFIG_TYPE_INT || n < 0 || n > FETTLE_COMPONENT_ORDER_MAX)
    return wrong (s, k, "a number of 0 to 10000");
  s->c->order = (uint32_t) n;
  return FETTLE_OK;
}

static fettle_result
get_bool (struct side *s, config_setting_t *k, bool *member)
{
  if (config_setting_type (k) != CONFIG_TYPE_BOOL)
    return wrong (s, k, "true or false");
  *member = config_setting_get_bool (k);
  return FETTLE_OK;
}

static fettle_result
get_reboot (struct side *s, config_setting_t *k)
{
  return get_bool (s, k, &s->c->reboot);
}

static fettle_result
get_install_missing (struct side *s, config_setting_t *k)
{
  return get_bool (s, k, &s->c->install_missing);
}

/* { match = "..."; min_version = "..."; hard = true; } */
static fettle_result
get_prerequisite (struct side *s, config_setting_t *group)
{
  const char *match = NULL, *version = NULL;
  bool hard = true;
  fettle_result r = FETTLE_OK;

  if (config_setting_type (group) != CONFIG_TYPE_GROUP)
    return wrong (s, group, "a list of { match; min_version; hard; }");
  for (int i = 0; i < config_setting_length (group) && !r; i++) {
    config_setting_t *k = config_setting_get_elem (group, (unsigned) i);
    const char *name = config_setting_name (k);

    if (strcmp (name, "hard") == 0)
      r = get_bool (s, k, &hard);
    else if (strcmp (name, "match") == 0)
      r = (match = good_text (k)) ? FETTLE_OK : wrong (s, k, "a text in quotes");
    else if (strcmp (name, "min_version") == 0)
      r = (version = good_text (k)) ? FETTLE_OK : wrong (s, k, "a text in quotes");
    else
      r = wrong (s, k, "left out: a prerequisite has match, min_version, hard only");
  }
  if (!r && !match)
    r = wrong (s, group, "a list of groups that each have a match");
  if (!r && !fettle_component_add_prerequisite (s->c, match, version, hard))
    r = no_memory (s);
  return r;
}

static fettle_result
get_prerequisites (struct side *s, config_setting_t *k)
{
  fettle_result r = FETTLE_OK;

  if (config_setting_type (k) != CONFIG_TYPE_LIST
      || config_setting_length (k) > FETTLE_COMPONENT_PREREQUISITES_MAX)
    return wrong (s, k, "a list ( { ... }, ... ) of up to 64 groups");
  for (int i = 0; i < config_setting_length (k) && !r; i++)
    r = get_prerequisite (s, config_setting_get_elem (k, (unsigned) i));
  return r;
}

static fettle_result
get_key (struct side *s, config_setting_t *k)
{
  const struct {
    const char *name;
    char **member;
  } texts[] = {
    { "name",   &s->c->name },   { "version", &s->c->version }, { "scheme", &s->c->scheme },
    { "format", &s->c->format }, { "kind",    &s->c->kind },    { "arch",   &s->c->arch },
    { "summary", &s->c->summary },
  };
  static const struct {
    const char *name;
    fettle_result (*get) (struct side *, config_setting_t *);
  } others[] = {
    { "match",           get_match },
    { "node_types",      get_node_types },
    { "files",           get_files },
    { "order",           get_order },
    { "reboot",          get_reboot },
    { "install_missing", get_install_missing },
    { "prerequisites",   get_prerequisites },
  };
  const char *name = config_setting_name (k);

  for (size_t i = 0; i < COUNT (texts); i++)
    if (strcmp (texts[i].name, name) == 0)
      return set_text (s, k, texts[i].member);
  for (size_t i = 0; i < COUNT (others); i++)
    if (strcmp (others[i].name, name) == 0)
      return others[i].get (s, k);
  return fettle_error_set (s->err, FETTLE_E_CONFIG,
                           "line %u: there is no key \"%.64s\": see component.cfg(5)",
                           config_setting_source_line (k), name);
}

/* libconfig would read other files into this one; that isn't for foreign
 * input.  False negatives there are none: it wants @include first in a line. */
static fettle_result
refuse_includes (const char *text, struct fettle_error *err)
{
  for (unsigned line = 1; text; line++) {
    text += strspn (text, " \t\r\v\f");
    if (strncmp (text, "@include", 8) == 0)
      return fettle_error_set (err, FETTLE_E_CONFIG, "line %u: @include isn't allowed here", line);
    text = strchr (text, '\n');
    text = text ? text + 1 : NULL;
  }
  return FETTLE_OK;
}

static fettle_result
apply (config_t *config, struct side *s)
{
  config_setting_t *root = config_root_setting (config);
  fettle_result r = FETTLE_OK;

  for (int i = 0; i < config_setting_length (root) && !r; i++)
    r = get_key (s, config_setting_get_elem (root, (unsigned) i));
  return r;
}

fettle_result
fettle_side_apply (const char *text, size_t size, struct fettle_component *c,
                   struct fettle_side_files *files, struct fettle_error *err)
{
  struct side s = { c, files, err };
  _cleanup_free_ char *copy = NULL;
  config_t config;
  fettle_result r;

  if (size > FETTLE_SIDE_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %u bytes", FETTLE_SIDE_MAX);
  if (size && memchr (text, '\0', size))
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't text");
  copy = size ? strndup (text, size) : strdup ("");
  if (!copy)
    return no_memory (&s);
  r = refuse_includes (copy, err);
  if (r)
    return r;
  config_init (&config);
  if (config_read_string (&config, copy))
    r = apply (&config, &s);
  else
    r = fettle_error_set (err, FETTLE_E_CONFIG, "line %d: %s", config_error_line (&config),
                          config_error_text (&config));
  config_destroy (&config);
  return r;
}

void
fettle_side_files_clear (struct fettle_side_files *files)
{
  for (size_t i = 0; i < files->n; i++)
    free (files->names[i]);
  files->n = 0;
}
