/* about.c - see about.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "baseline/about.h"
#include "model/version.h"
#include "util/buf.h"
#include "util/text.h"

struct fettle_about *
fettle_about_add (struct fettle_abouts *a, const char *file, struct fettle_error *err)
{
  struct fettle_about *one = NULL;

  if (a->n >= FETTLE_ABOUTS_MAX) {
    fettle_error_set (err, FETTLE_E_CONFIG, "it describes more than %d components",
                      FETTLE_ABOUTS_MAX);
    return NULL;
  }
  if (a->n == a->room) {
    size_t room = a->room ? 2 * a->room : 4;
    struct fettle_about **list = reallocarray (a->list, room, sizeof (struct fettle_about *));

    if (list) {
      a->list = list;
      a->room = room;
    }
  }
  if (a->n < a->room)
    one = calloc (1, sizeof *one);
  if (!one || (file && !(one->file = strdup (file)))) {
    free (one);
    fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
    return NULL;
  }
  one->size = FETTLE_SIZE_ANY;
  one->c.order = FETTLE_ORDER_UNSET;
  a->list[a->n++] = one;
  return one;
}

void
fettle_abouts_clear (struct fettle_abouts *a)
{
  for (size_t i = 0; i < a->n; i++) {
    struct fettle_about *one = a->list[i];

    free (one->file);
    free (one->part);
    free (one->sha256);
    fettle_component_clear (&one->c);
    free (one);
  }
  free (a->list);
  free (a->bundle_name);
  free (a->bundle_version);
  *a = (struct fettle_abouts) { 0 };
}

/* ---- filling in ---- */

static bool
fill_lists (struct fettle_component *c, const struct fettle_component *from)
{
  for (size_t i = 0; i < from->n_node_types && !c->n_node_types; i++)
    for (; i < from->n_node_types; i++)
      if (!fettle_component_add_node_type (c, from->node_types[i]))
        return false;
  if (c->n_prerequisites)
    return true;
  for (size_t i = 0; i < from->n_prerequisites; i++) {
    const struct fettle_prerequisite *p = &from->prerequisites[i];

    if (!fettle_component_add_prerequisite (c, p->match, p->min_version, p->hard))
      return false;
  }
  return true;
}

bool
fettle_about_fill (struct fettle_component *c, const struct fettle_component *from)
{
  const struct {
    char **to;
    const char *from;
  } texts[] = {
    { &c->name, from->name },     { &c->format, from->format }, { &c->kind, from->kind },
    { &c->match, from->match },   { &c->arch, from->arch },     { &c->summary, from->summary },
    { &c->signature, from->signature }, { &c->signature_text, from->signature_text },
  };

  for (size_t i = 0; i < COUNT (texts); i++)
    if (!*texts[i].to && texts[i].from && !fettle_component_set (texts[i].to, texts[i].from))
      return false;
  if (!c->version && from->version
      && (!fettle_component_set (&c->version, from->version)
          || (from->scheme && !c->scheme && !fettle_component_set (&c->scheme, from->scheme))))
    return false;
  if (c->order == FETTLE_ORDER_UNSET)
    c->order = from->order;
  if (!c->duration)
    c->duration = from->duration;
  c->reboot |= from->reboot;
  c->install_missing |= from->install_missing;
  return fill_lists (c, from);
}

/* ---- foreign text ---- */

/* How many bytes the UTF-8 character at p takes; 0 if it isn't one. */
static size_t
character (const unsigned char *p)
{
  size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : (*p & 0xf0) == 0xe0 ? 3
             : *p >= 0xf0 && *p < 0xf5 ? 4 : 0;

  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  return n;
}

bool
fettle_about_text (char **member, const char *text, size_t max)
{
  _cleanup_free_ char *copy = malloc (max + 1);
  const unsigned char *p = (const unsigned char *) text;
  size_t used = 0;

  if (!copy)
    return false;
  while (*p) {
    size_t n = character (p);
    bool space = n < 2 && (*p <= ' ' || *p == 0x7f || n == 0);

    if (space ? used + 1 > max : used + n > max)
      break;
    if (!space) {
      memcpy (copy + used, p, n);
      used += n;
    } else if (used && copy[used - 1] != ' ') {
      copy[used++] = ' ';
    }
    p += n ? n : 1;
  }
  while (used && copy[used - 1] == ' ')
    used--;
  copy[used] = '\0';
  if (!fettle_component_text_ok (copy, max)) /* also what isn't UTF-8 after all */
    return true;
  free (*member);
  *member = STEAL (copy);
  return true;
}

bool
fettle_about_match (struct fettle_component *c, const char *prefix, const char *word)
{
  struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_COMPONENT_MATCH_MAX);
  char one[160];
  size_t n = (size_t) snprintf (one, sizeof one, "%s%s", prefix, *prefix ? ":" : ""), begin = n;

  for (; *word && n + 1 < sizeof one; word++) {
    char k = *word >= 'A' && *word <= 'Z' ? (char) (*word - 'A' + 'a') : *word;

    if (k > ' ' && k < 0x7f)
      one[n++] = k;
  }
  one[n] = '\0';
  if (n == begin || (c->match && fettle_has_word (c->match, one)))
    return true;
  if (!fettle_buf_printf (&text, "%s%s%s", c->match ? c->match : "", c->match ? " " : "", one)) {
    bool full = (c->match ? strlen (c->match) + 1 : 0) + n > FETTLE_COMPONENT_MATCH_MAX;

    fettle_buf_clear (&text);
    return full;
  }
  free (c->match);
  c->match = text.data;
  return true;
}

bool
fettle_about_version (struct fettle_component *c, const char *version, const char *schemes)
{
  char word[32];

  if (!fettle_about_text (&c->version, version, FETTLE_VERSION_MAX))
    return false;
  while (c->version && *schemes) {
    size_t n = strcspn (schemes, " ");

    snprintf (word, sizeof word, "%.*s", (int) n, schemes);
    if (fettle_version_valid (word, c->version))
      return fettle_component_set (&c->scheme, word);
    schemes += n + (schemes[n] == ' ');
  }
  return fettle_component_set (&c->scheme, "plain");
}

/* ---- JSON ---- */

static json_t *
about_to_json (const struct fettle_about *one)
{
  return json_pack ("{s:s? s:b s:s? s:s? s:b s:I s:o}", "file", one->file, "stem", one->stem,
                    "part", one->part, "sha256", one->sha256, "tree", one->tree, "size",
                    (json_int_t) (one->size == FETTLE_SIZE_ANY ? UINT64_C (0) - 1 : one->size),
                    "component", fettle_component_to_json (&one->c));
}

json_t *
fettle_abouts_to_json (const struct fettle_abouts *a)
{
  _cleanup_json_ json_t *list = json_array ();

  for (size_t i = 0; i < a->n; i++)
    if (json_array_append_new (list, about_to_json (a->list[i])))
      return NULL;
  return json_pack ("{s:O s:s? s:s? s:b}", "list", list, "name", a->bundle_name, "version",
                    a->bundle_version, "complete", a->complete);
}

static bool
get (const json_t *json, const char *member, char **ret)
{
  const char *text = json_string_value (json_object_get (json, member));

  return !text || fettle_component_set (ret, text);
}

static bool
about_from_json (const json_t *json, struct fettle_abouts *a)
{
  struct fettle_error err;
  struct fettle_about *one = fettle_about_add (a, NULL, &err);
  uint32_t order;

  if (!one || !get (json, "file", &one->file) || !get (json, "part", &one->part)
      || !get (json, "sha256", &one->sha256))
    return false;
  one->tree = json_is_true (json_object_get (json, "tree"));
  one->stem = json_is_true (json_object_get (json, "stem"));
  one->size = (uint64_t) json_integer_value (json_object_get (json, "size"));
  order = one->c.order;
  if (fettle_component_parse_json (json_object_get (json, "component"), &one->c, &err))
    return false;
  if (!json_is_integer (json_object_get (json_object_get (json, "component"), "order")))
    one->c.order = order;
  return true;
}

bool
fettle_abouts_from_json (const json_t *json, struct fettle_abouts *ret)
{
  struct fettle_abouts a = { 0 };
  const json_t *list = json_object_get (json, "list"), *one;
  bool good = json_is_array (list) && get (json, "name", &a.bundle_name)
              && get (json, "version", &a.bundle_version);
  size_t i;

  json_array_foreach (list, i, one)
    good = good && about_from_json (one, &a);
  a.complete = json_is_true (json_object_get (json, "complete"));
  if (good)
    *ret = a;
  else
    fettle_abouts_clear (&a);
  return good;
}
