/* component.c - see component.h: memory and promises.  JSON is in
 * component-json.c.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "model/component.h"
#include "model/version.h"

static const struct {
  const char *kind;
  uint32_t order;
} kinds[] = {
  { "firmware", 100 },
  { "driver",   200 },
  { "package",  300 },
  { "os",       400 },
};

uint32_t
fettle_component_usual_order (const char *kind)
{
  for (size_t i = 0; i < COUNT (kinds); i++)
    if (strcmp (kinds[i].kind, kind) == 0)
      return kinds[i].order;
  return kinds[COUNT (kinds) - 1].order;
}

static bool
kind_known (const char *kind)
{
  for (size_t i = 0; i < COUNT (kinds); i++)
    if (strcmp (kinds[i].kind, kind) == 0)
      return true;
  return false;
}

/* ---- memory ---- */

void
fettle_component_clear (struct fettle_component *c)
{
  char *const texts[] = { c->id,    c->name, c->version, c->scheme, c->format,
                          c->kind,  c->match, c->arch,   c->summary, c->tree, c->tree_sha256,
                          c->signature, c->signature_text };

  for (size_t i = 0; i < COUNT (texts); i++)
    free (texts[i]);
  for (size_t i = 0; i < c->n_node_types; i++)
    free (c->node_types[i]);
  for (size_t i = 0; i < c->n_prerequisites; i++) {
    free (c->prerequisites[i].match);
    free (c->prerequisites[i].min_version);
  }
  for (size_t i = 0; i < c->n_files; i++) {
    free (c->files[i].name);
    free (c->files[i].path);
    free (c->files[i].container);
  }
  free (c->node_types);
  free (c->prerequisites);
  free (c->files);
  memset (c, 0, sizeof *c);
}

bool
fettle_component_set (char **member, const char *text)
{
  char *copy = strdup (text);

  if (!copy)
    return false;
  free (*member);
  *member = copy;
  return true;
}

/* One more zeroed element at the end of an array; NULL is out of memory. */
static void *
grow (void **array, size_t *n, size_t element)
{
  char *bigger = reallocarray (*array, *n + 1, element);

  if (!bigger)
    return NULL;
  *array = bigger;
  memset (bigger + *n * element, 0, element);
  return bigger + (*n)++ * element;
}

bool
fettle_component_add_node_type (struct fettle_component *c, const char *type)
{
  void *array = c->node_types;
  char **slot = grow (&array, &c->n_node_types, sizeof *slot);

  c->node_types = array;
  if (!slot)
    return false;
  *slot = strdup (type);
  if (!*slot)
    c->n_node_types--;
  return *slot != NULL;
}

bool
fettle_component_add_prerequisite (struct fettle_component *c, const char *match,
                                   const char *min_version, bool hard)
{
  void *array = c->prerequisites;
  struct fettle_prerequisite *p = grow (&array, &c->n_prerequisites, sizeof *p);

  c->prerequisites = array;
  if (!p)
    return false;
  p->hard = hard;
  p->match = strdup (match);
  p->min_version = min_version ? strdup (min_version) : NULL;
  return p->match && (p->min_version || !min_version);
}

bool
fettle_component_add_file (struct fettle_component *c, const char *name, const char *path,
                           uint64_t size, const char *sha256)
{
  void *array = c->files;
  struct fettle_component_file *f = grow (&array, &c->n_files, sizeof *f);

  c->files = array;
  if (!f)
    return false;
  f->size = size;
  snprintf (f->sha256, sizeof f->sha256, "%s", sha256);
  f->name = strdup (name);
  f->path = strdup (path);
  return f->name && f->path;
}

/* ---- promises ---- */

bool
fettle_component_text_ok (const char *text, size_t max)
{
  size_t n = strnlen (text, max + 1);
  json_t *as_json;

  if (!n || n > max)
    return false;
  for (size_t i = 0; i < n; i++)
    if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
      return false;
  as_json = json_stringn (text, n); /* refuses what isn't UTF-8 */
  json_decref (as_json);
  return as_json != NULL;
}

static bool
is_name_char (char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
         || (c && strchr ("._+~-", c));
}

bool
fettle_component_file_name_ok (const char *name)
{
  size_t n = strnlen (name, FETTLE_COMPONENT_NAME_MAX + 1);

  /* '-' would be an option, '.' hidden or a folder, '~' a home to a shell. */
  if (!n || n > FETTLE_COMPONENT_NAME_MAX || strchr ("-.~", name[0]))
    return false;
  for (size_t i = 0; i < n; i++)
    if (!is_name_char (name[i]))
      return false;
  return true;
}

/* Relative, no part empty, "." or "..". */
static bool
path_ok (const char *path)
{
  if (!fettle_component_text_ok (path, FETTLE_COMPONENT_PATH_MAX))
    return false;
  for (;;) {
    size_t n = strcspn (path, "/");

    if (!n || (n == 1 && path[0] == '.') || (n == 2 && memcmp (path, "..", 2) == 0))
      return false;
    if (!path[n])
      return true;
    path += n + 1;
  }
}

static bool
sha256_ok (const char *hex)
{
  return strspn (hex, "0123456789abcdef") == 64 && !hex[64];
}

/* Words, one space between. */
static bool
match_ok (const char *match)
{
  size_t n = strlen (match);

  return fettle_component_text_ok (match, FETTLE_COMPONENT_MATCH_MAX) && match[0] != ' '
         && match[n - 1] != ' ' && !strstr (match, "  ");
}

/* "deb", "superdome-x": a letter or digit, then those, '-' and '_'. */
static bool
word_ok (const char *word)
{
  size_t n = strnlen (word, 65);

  if (!n || n > 64)
    return false;
  for (size_t i = 0; i < n; i++)
    if (!is_name_char (word[i]) || (i == 0 && strchr ("._+~-", word[i])))
      return false;
  return true;
}

static fettle_result
check_texts (const struct fettle_component *c, struct fettle_error *err)
{
  const struct {
    const char *name, *value;
    size_t max;
    bool needed;
  } texts[] = {
    { "id",      c->id,      FETTLE_COMPONENT_PATH_MAX, true },
    { "name",    c->name,    FETTLE_COMPONENT_TEXT_MAX, true },
    { "version", c->version, FETTLE_VERSION_MAX,        true },
    { "scheme",  c->scheme,  64,                        true },
    { "format",  c->format,  64,                        true },
    { "kind",    c->kind,    64,                        true },
    { "match",   c->match,   FETTLE_COMPONENT_MATCH_MAX, true },
    { "arch",    c->arch,    64,                        false },
    { "summary", c->summary, FETTLE_COMPONENT_TEXT_MAX, false },
    { "tree",    c->tree,    FETTLE_COMPONENT_PATH_MAX, false },
    { "signature",      c->signature,      16,                        false },
    { "signature_text", c->signature_text, FETTLE_COMPONENT_TEXT_MAX, false },
  };

  for (size_t i = 0; i < COUNT (texts); i++) {
    if (!texts[i].value && texts[i].needed)
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s is missing", texts[i].name);
    if (texts[i].value && !fettle_component_text_ok (texts[i].value, texts[i].max))
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "%s must be one line of UTF-8 text of 1 to %zu bytes",
                               texts[i].name, texts[i].max);
  }
  return FETTLE_OK;
}

static fettle_result
check_words (const struct fettle_component *c, struct fettle_error *err)
{
  if (!fettle_version_scheme_known (c->scheme))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "scheme is \"%s\", but must be one of dpkg, rpm, semver, dotted, hpe, "
                             "plain", c->scheme);
  if (!fettle_version_valid (c->scheme, c->version))
    return fettle_error_set (err, FETTLE_E_CONFIG, "version \"%s\" isn't one of the scheme %s",
                             c->version, c->scheme);
  if (!kind_known (c->kind))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "kind is \"%s\", but must be one of firmware, driver, package, os",
                             c->kind);
  if (!word_ok (c->format))
    return fettle_error_set (err, FETTLE_E_CONFIG, "format \"%s\" isn't a word", c->format);
  if (c->arch && !word_ok (c->arch))
    return fettle_error_set (err, FETTLE_E_CONFIG, "arch \"%s\" isn't a word", c->arch);
  if (!match_ok (c->match))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "match \"%s\" isn't made of words with one space between", c->match);
  if (c->duration > FETTLE_COMPONENT_DURATION_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "duration is %u s, but must be at most a week",
                             (unsigned) c->duration);
  if (c->order > FETTLE_COMPONENT_ORDER_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "order is %u, but must be 0 to %d",
                             (unsigned) c->order, FETTLE_COMPONENT_ORDER_MAX);
  return FETTLE_OK;
}

static fettle_result
check_lists (const struct fettle_component *c, struct fettle_error *err)
{
  if (c->n_node_types > FETTLE_COMPONENT_NODE_TYPES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there are more than %d node_types",
                             FETTLE_COMPONENT_NODE_TYPES_MAX);
  for (size_t i = 0; i < c->n_node_types; i++)
    if (!word_ok (c->node_types[i]))
      return fettle_error_set (err, FETTLE_E_CONFIG, "node type \"%.64s\" isn't a word",
                               c->node_types[i]);
  if (c->n_prerequisites > FETTLE_COMPONENT_PREREQUISITES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there are more than %d prerequisites",
                             FETTLE_COMPONENT_PREREQUISITES_MAX);
  for (size_t i = 0; i < c->n_prerequisites; i++) {
    const struct fettle_prerequisite *p = &c->prerequisites[i];

    if (!match_ok (p->match))
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "the match of prerequisite %zu isn't made of words", i + 1);
    if (p->min_version && !fettle_component_text_ok (p->min_version, FETTLE_VERSION_MAX))
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "the min_version of prerequisite %zu isn't a version", i + 1);
  }
  return FETTLE_OK;
}

static fettle_result
check_file (const struct fettle_component *c, size_t i, struct fettle_error *err)
{
  const struct fettle_component_file *f = &c->files[i];

  if (!fettle_component_file_name_ok (f->name))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "the file's name may have letters, digits and ._+~- only, begin with "
                             "a letter, a digit, _ or +, and have up to %d characters: rename it",
                             FETTLE_COMPONENT_NAME_MAX);
  if (!path_ok (f->path))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path of %s isn't one within the baseline",
                             f->name);
  if (!sha256_ok (f->sha256))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the sha256 of %s isn't 64 lower-case hex digits",
                             f->name);
  if (f->size > FETTLE_COMPONENT_SIZE_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is larger than 1 TiB", f->name);
  if ((f->container && !path_ok (f->container)) || (!f->container && (f->offset || f->packed))
      || f->offset > (uint64_t) INT64_MAX - f->size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it can't be told where %s is", f->name);
  for (size_t j = 0; j < i; j++)
    if (strcmp (f->name, c->files[j].name) == 0)
      return fettle_error_set (err, FETTLE_E_CONFIG, "two files have the name %s", f->name);
  return FETTLE_OK;
}

fettle_result
fettle_component_check (const struct fettle_component *c, struct fettle_error *err)
{
  fettle_result r = check_texts (c, err);

  if (!r)
    r = check_words (c, err);
  if (!r)
    r = check_lists (c, err);
  if (r)
    return r;
  if (!c->tree != !c->tree_sha256
      || (c->tree && ((strcmp (c->tree, ".") != 0 && !path_ok (c->tree)) || !sha256_ok (c->tree_sha256))))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "tree must be a folder of the baseline, and tree_sha256 its digest");
  if (!c->n_files || c->n_files > FETTLE_COMPONENT_FILES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there are %zu files, but must be 1 to %d",
                             c->n_files, FETTLE_COMPONENT_FILES_MAX);
  for (size_t i = 0; i < c->n_files; i++) {
    r = check_file (c, i, err);
    if (r)
      return r;
  }
  return FETTLE_OK;
}
