/* deb-control.c - see deb-control.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "baseline/deb-control.h"
#include "model/version.h"
#include "util/text.h"

enum { FIELDS_MAX = 200, NAME_SIZE = 64, VALUE_SIZE = FETTLE_COMPONENT_TEXT_MAX + 1 };

/* What is wanted of it. */
struct fields {
  char package[VALUE_SIZE], version[VALUE_SIZE], architecture[VALUE_SIZE], description[VALUE_SIZE];
};

/* Only the first three must fit; a long description is cut. */
static const struct {
  const char *name;
  size_t at;
  bool needed;
} wanted[] = {
  { "Package",      offsetof (struct fields, package),      true },
  { "Version",      offsetof (struct fields, version),      true },
  { "Architecture", offsetof (struct fields, architecture), true },
  { "Description",  offsetof (struct fields, description),  false },
};

static bool
is_field_char (char c)
{
  return c > ' ' && c < 0x7f && c != ':';
}

/* Text without space at either end. */
static void
trim (const char **text, size_t *n)
{
  while (*n && (**text == ' ' || **text == '\t')) {
    ++*text;
    --*n;
  }
  while (*n && ((*text)[*n - 1] == ' ' || (*text)[*n - 1] == '\t' || (*text)[*n - 1] == '\r'))
    --*n;
}

static fettle_result
keep_field (const char *name, const char *value, size_t n, struct fields *f,
            struct fettle_error *err)
{
  for (size_t i = 0; i < COUNT (wanted); i++) {
    char *to = (char *) f + wanted[i].at;

    if (strcasecmp (wanted[i].name, name) != 0)
      continue;
    if (n >= VALUE_SIZE && wanted[i].needed)
      return fettle_error_set (err, FETTLE_E_CONFIG, "the control file's %s is longer than %d bytes",
                               name, VALUE_SIZE - 1);
    n = n < VALUE_SIZE ? n : VALUE_SIZE - 1;
    memcpy (to, value, n);
    to[n] = '\0';
  }
  return FETTLE_OK;
}

/* "Name: value"; `seen` has the names so far, each followed by a space. */
static fettle_result
parse_field (const char *line, size_t n, unsigned number, char *seen, struct fields *f,
             struct fettle_error *err)
{
  char name[NAME_SIZE];
  size_t colon = 0, used = strlen (seen);

  while (colon < n && is_field_char (line[colon]))
    colon++;
  if (!colon || colon == n || line[colon] != ':' || colon >= sizeof name)
    return fettle_error_set (err, FETTLE_E_CONFIG, "line %u of its control file isn't a field",
                             number);
  for (size_t i = 0; i < colon; i++)
    name[i] = line[i] >= 'A' && line[i] <= 'Z' ? (char) (line[i] - 'A' + 'a') : line[i];
  name[colon] = '\0';
  if (fettle_has_word (seen, name))
    return fettle_error_set (err, FETTLE_E_CONFIG, "line %u of its control file has %s again",
                             number, name);
  snprintf (seen + used, FIELDS_MAX * NAME_SIZE - used, "%s ", name);
  line += colon + 1;
  n -= colon + 1;
  trim (&line, &n);
  return keep_field (name, line, n, f, err);
}

static bool
is_blank (const char *line, size_t n)
{
  trim (&line, &n);
  return n == 0;
}

static fettle_result
parse_fields (const char *text, size_t size, struct fields *f, struct fettle_error *err)
{
  _cleanup_free_ char *seen = calloc (FIELDS_MAX, NAME_SIZE);
  unsigned number = 0, fields = 0;
  bool ended = false;
  fettle_result r;

  if (!seen)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for its control file");
  while (size) {
    const char *newline = memchr (text, '\n', size);
    size_t n = newline ? (size_t) (newline - text) : size;

    number++;
    if (is_blank (text, n)) {
      ended = fields > 0; /* only blank lines may follow */
    } else if (ended) {
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "line %u of its control file begins a second paragraph", number);
    } else if (text[0] == ' ' || text[0] == '\t') {
      if (!fields)
        return fettle_error_set (err, FETTLE_E_CONFIG, "its control file begins with a continuation");
    } else {
      if (++fields > FIELDS_MAX)
        return fettle_error_set (err, FETTLE_E_CONFIG, "its control file has more than %d fields",
                                 FIELDS_MAX);
      r = parse_field (text, n, number, seen, f, err);
      if (r)
        return r;
    }
    n += newline ? 1 : 0;
    text += n;
    size -= n;
  }
  return FETTLE_OK;
}

static bool
all_of (const char *text, const char *also)
{
  if (!((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= '0' && text[0] <= '9')))
    return false;
  for (; *text; text++)
    if (!((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') || strchr (also, *text)))
      return false;
  return true;
}

static fettle_result
check_fields (const struct fields *f, struct fettle_error *err)
{
  for (size_t i = 0; i < COUNT (wanted); i++)
    if (wanted[i].needed && !*((const char *) f + wanted[i].at))
      return fettle_error_set (err, FETTLE_E_CONFIG, "its control file has no %s", wanted[i].name);
  if (!all_of (f->package, "+.-"))
    return fettle_error_set (err, FETTLE_E_CONFIG, "its control file has a wrong Package name");
  if (!all_of (f->architecture, "-"))
    return fettle_error_set (err, FETTLE_E_CONFIG, "its control file has a wrong Architecture");
  if (!fettle_version_valid ("dpkg", f->version))
    return fettle_error_set (err, FETTLE_E_CONFIG, "its control file has a wrong Version");
  return FETTLE_OK;
}

fettle_result
fettle_deb_control_parse (const char *text, size_t size, struct fettle_component *c,
                          struct fettle_error *err)
{
  _cleanup_free_ struct fields *f = calloc (1, sizeof *f);
  char match[VALUE_SIZE + 4];
  fettle_result r;

  if (!f)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for its control file");
  if (size > FETTLE_DEB_CONTROL_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its control file is larger than %u bytes",
                             FETTLE_DEB_CONTROL_MAX);
  if (size && memchr (text, '\0', size))
    return fettle_error_set (err, FETTLE_E_CONFIG, "its control file isn't text");
  r = parse_fields (text, size, f, err);
  if (!r)
    r = check_fields (f, err);
  if (r)
    return r;
  snprintf (match, sizeof match, "deb:%s", f->package);
  if (!fettle_component_set (&c->name, f->package) || !fettle_component_set (&c->version, f->version)
      || !fettle_component_set (&c->match, match) || !fettle_component_set (&c->scheme, "dpkg")
      || !fettle_component_set (&c->format, "deb") || !fettle_component_set (&c->kind, "package")
      || !fettle_component_add_node_type (c, "linux")
      || (strcmp (f->architecture, "all") != 0 && !fettle_component_set (&c->arch, f->architecture))
      || (fettle_component_text_ok (f->description, FETTLE_COMPONENT_TEXT_MAX)
          && !fettle_component_set (&c->summary, f->description)))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
  return FETTLE_OK;
}
