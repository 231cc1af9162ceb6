/* describe.c - see describe.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>

#include "baseline/describe.h"
#include "baseline/gather.h"
#include "baseline/side.h"

static void
put_quoted (FILE *out, const char *text)
{
  putc ('"', out);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      putc ('\\', out);
    putc (*text, out);
  }
  putc ('"', out);
}

/* A line of the draft; what isn't known is a comment that says what it is. */
static void
put (FILE *out, const char *key, const char *value, const char *what)
{
  if (value && *value) {
    fprintf (out, "%-9s = ", key);
    put_quoted (out, value);
    fputs (";\n", out);
  } else {
    fprintf (out, "# %-9s = \"\";   # to be said: %s\n", key, what);
  }
}

/* Several words are a list. */
static void
put_match (FILE *out, const char *match)
{
  if (!match) {
    put (out, "match", NULL, "the inventory items that it is for, as fettle node items shows their words");
    return;
  }
  fputs ("match     = [ ", out);
  while (*match) {
    size_t n = strcspn (match, " ");
    char word[FETTLE_COMPONENT_TEXT_MAX + 1];

    snprintf (word, sizeof word, "%.*s", (int) n, match);
    put_quoted (out, word);
    match += n + (match[n] == ' ');
    fputs (*match ? ", " : " ];\n", out);
  }
}

/* "ilo5_278.bin" says nothing that is sure; "nic-14.2.1.bin" says 14.2.1. */
static void
guess_version (const char *name, char *ret, size_t size)
{
  const char *end = strrchr (name, '.');

  *ret = '\0';
  for (const char *p = name; p < (end ? end : name); p++) {
    size_t n = 0, dots = 0;

    if (!isdigit ((unsigned char) *p) || (p > name && (isalnum ((unsigned char) p[-1]) || p[-1] == '.')
                                          && p[-1] != 'v'))
      continue;
    while (p + n < end && (isdigit ((unsigned char) p[n]) || (p[n] == '.' && isdigit ((unsigned char) p[n + 1]))))
      dots += p[n++] == '.';
    if (dots) {
      snprintf (ret, size, "%.*s", (int) n, p);
      return;
    }
  }
}

static void
draft (FILE *out, const char *name, const struct fettle_record *r)
{
  static const struct fettle_component nothing = { 0 };
  const struct fettle_component *c = r->abouts.n && !r->problem ? &r->abouts.list[0]->c : &nothing;
  char version[64], base[256];

  guess_version (name, version, sizeof version);
  snprintf (base, sizeof base, "%.*s", (int) strcspn (name, "."), name);
  fprintf (out, "# %s%s - a draft, made by fettle baseline describe; see component.cfg(5).\n"
                "# SHA-256 %s, %llu bytes.\n", name, FETTLE_SIDE_SUFFIX, r->sha256,
           (unsigned long long) r->size);
  if (r->problem)
    fprintf (out, "# It doesn't tell of itself: %s.\n", r->problem);
  put (out, "name", c->name ? c->name : base, "its name, for people");
  put (out, "version", c->version ? c->version : version, "the version that is installed by it");
  put (out, "scheme", c->version ? c->scheme : *version ? "dotted" : NULL,
       "how versions compare: dpkg, rpm, semver, dotted, hpe or plain");
  put (out, "format", c->format ? c->format : "raw", "how it is installed");
  put (out, "kind", c->kind ? c->kind : "firmware", "firmware, driver, package or os");
  put_match (out, c->match);
  put (out, "node_types", c->n_node_types ? c->node_types[0] : NULL,
       "the node type that it is for; without it, any that has a matching item");
  if (c->summary)
    put (out, "summary", c->summary, "");
  if (c->reboot)
    fputs ("reboot    = true;\n", out);
}

fettle_result
fettle_describe (int fd, const char *name, FILE *out, struct fettle_error *err)
{
  struct fettle_records records = { .n = 0 };
  struct fettle_record *r;
  fettle_result result = fettle_gather_file (fd, name, &records, &r, err);

  if (!result)
    draft (out, name, r);
  fettle_records_clear (&records);
  if (!result && (fflush (out) || ferror (out)))
    result = fettle_error_set (err, FETTLE_E_INTERNAL, "the draft can't be written");
  return result;
}
