/* wmi.c - see wmi.h.
 *
 * A class in the table is a model: kind, id, name, version, location, match
 * are texts with {Property} in them; `unless` names a property without which
 * an object is left out; `encrypted` and `tpm` are "Property=value".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "run.h"
#include "wmi.h"

/* Not the operation's own name: what a killed inventory leaves is found, and
 * removed, by the next one. */
#define NAME "fettle-wmi"
#define SEPARATORS " ,\n"
enum { ORDER_MAX = 8192, PROPERTY_MAX = 600 };

static int
is_class (const char *text, size_t n)
{
  if (n == 0 || n > 120)
    return 0;
  for (size_t i = 0; i < n; i++)
    if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '0' && text[i] <= '9')
          || strchr ("_\\:-", text[i])))
      return 0;
  return 1;
}

int
wmi_order (const char *classes, char *to, size_t size, char ret_bad[80])
{
  size_t used = 0;

  to[0] = '\0';
  for (classes += strspn (classes, SEPARATORS); *classes; classes += strspn (classes, SEPARATORS)) {
    size_t n = strcspn (classes, SEPARATORS);

    if (!is_class (classes, n) || used + n + 8 > size) {
      snprintf (ret_bad, 80, "%.*s", n < 79 ? (int) n : 79, classes);
      return -1;
    }
    used += (size_t) snprintf (to + used, size - used, "wmi %.*s\n", (int) n, classes);
    classes += n;
  }
  return 0;
}

/* ---- one object ---- */

struct object {
  const json_t *values;
  char text[PROPERTY_MAX];
};

/* A property as text; of a list the first. */
static const char *
property (void *opaque, const char *name)
{
  struct object *o = opaque;
  const json_t *v = json_object_get (o->values, name);

  if (json_is_array (v))
    v = json_array_get (v, 0);
  if (json_is_string (v)) {
    const char *text = json_string_value (v);
    size_t n = strlen (text);

    text += strspn (text, " ");
    for (n = strlen (text); n > 0 && text[n - 1] == ' '; n--)
      ;
    snprintf (o->text, sizeof o->text, "%.*s", n < sizeof o->text - 1 ? (int) n : (int) sizeof o->text - 1, text);
  }
  else if (json_is_integer (v))
    snprintf (o->text, sizeof o->text, "%lld", (long long) json_integer_value (v));
  else
    snprintf (o->text, sizeof o->text, "%s", json_is_true (v) ? "true" : json_is_false (v) ? "false" : "");
  return o->text;
}

static int
holds (struct object *o, const char *condition)
{
  const char *equals = condition ? strchr (condition, '=') : NULL;
  char name[64];

  if (!equals || equals - condition > 60)
    return 0;
  snprintf (name, sizeof name, "%.*s", (int) (equals - condition), condition);
  return strcmp (property (o, name), equals + 1) == 0;
}

static const char *
column (struct inventory *v, const char *class, const char *key, struct object *o, char *to, size_t size)
{
  const char *format = v->w.h->quirk (v->w.c, class, key);

  win_fill (to, size, format ? format : "", property, o);
  return to;
}

/* Match words: what isn't one becomes one. */
static void
match_words (struct inventory *v, const char *class, struct object *o, char to[MATCH_MAX])
{
  const char *format = v->w.h->quirk (v->w.c, class, "match");
  char value[MATCH_MAX], word[WORD_MAX], prefix[32];
  const char *colon = format ? strchr (format, ':') : NULL;

  to[0] = '\0';
  if (!colon || colon - format > 30)
    return;
  snprintf (prefix, sizeof prefix, "%.*s", (int) (colon - format), format);
  win_fill (value, sizeof value, colon + 1, property, o);
  if (strcmp (prefix, "device") == 0)
    win_device_match (value, to);
  else if (win_word (word, sizeof word, value)[0])
    snprintf (to, MATCH_MAX, "%s:%s", prefix, word);
}

static fettle_result
add_object (struct inventory *v, const char *class, const json_t *values)
{
  struct object o = { .values = values };
  char id[ITEM_TEXT], name[ITEM_TEXT], version[120], where[120], match[MATCH_MAX], word[WORD_MAX], full[WORD_MAX + 40], whose[32];
  const char *kind = v->w.h->quirk (v->w.c, class, "kind"), *unless = v->w.h->quirk (v->w.c, class, "unless");
  uint32_t flags = 0;

  if (!kind || (unless && !property (&o, unless)[0]))
    return FETTLE_OK;
  if (!win_word (word, sizeof word, column (v, class, "id", &o, id, sizeof id))[0])
    return FETTLE_OK;
  snprintf (full, sizeof full, "wmi:%s:%s", win_word (whose, sizeof whose, class), word);
  column (v, class, "name", &o, name, sizeof name);
  column (v, class, "version", &o, version, sizeof version);
  column (v, class, "location", &o, where, sizeof where);
  match_words (v, class, &o, match);
  flags |= holds (&o, v->w.h->quirk (v->w.c, class, "encrypted")) ? FETTLE_ITEM_ENCRYPTED : 0;
  flags |= holds (&o, v->w.h->quirk (v->w.c, class, "tpm")) ? FETTLE_ITEM_TPM : 0;
  flags |= match[0] && version[0] ? FETTLE_ITEM_UPDATEABLE : 0;
  return win_add (v, &(struct fettle_item) {
    .id = full, .kind = kind, .name = name[0] ? name : word, .version = version, .scheme = win_scheme (version, NULL),
    .match = match[0] ? match : NULL, .location = where[0] ? where : NULL, .flags = flags,
  });
}

/* ---- lines ---- */

static fettle_result
take_line (struct inventory *v, const char *line, size_t *ret_bad)
{
  json_error_t error;
  json_t *root = json_loads (line, 0, &error);
  const char *class = json_string_value (json_object_get (root, "class"));
  const char *failed = json_string_value (json_object_get (root, "error"));
  const json_t *values = json_object_get (root, "values");
  const char *colon = class ? strrchr (class, ':') : NULL;
  fettle_result r = FETTLE_OK;

  class = colon ? colon + 1 : class; /* without its namespace */
  if (!class)
    (*ret_bad)++;
  else if (failed)
    fettle_say (v->w.h, v->w.c, FETTLE_LOG_INFO, "WMI: the node has nothing of %.80s (%.40s)", class, failed);
  else if (json_is_object (values))
    r = add_object (v, class, values);
  else if (json_is_true (json_object_get (root, "cut")))
    fettle_say (v->w.h, v->w.c, FETTLE_LOG_WARNING, "WMI: there is more of %.80s than is read", class);
  json_decref (root);
  return r;
}

fettle_result
wmi_read (struct inventory *v, char *text)
{
  fettle_result r = FETTLE_OK;
  size_t bad = 0;

  for (char *next; text && *text && r == FETTLE_OK; text = next) {
    next = strchr (text, '\n');
    if (next)
      *next++ = '\0';
    text[strcspn (text, "\r")] = '\0';
    if (*text)
      r = take_line (v, text, &bad);
  }
  if (bad)
    fettle_say (v->w.h, v->w.c, FETTLE_LOG_WARNING, "WMI: %u lines of the node can't be read", (unsigned) bad);
  return r;
}

/* ---- asking ---- */

struct output {
  char *text;
  size_t size, room;
};

static fettle_result
take_output (void *opaque, const void *data, size_t size)
{
  struct output *o = opaque;

  if (o->size + size + 1 > o->room) {
    size_t room = 2 * (o->size + size + 1);
    char *text = room > 4 * (size_t) WMI_OUTPUT_MAX ? NULL : realloc (o->text, room);

    if (!text)
      return FETTLE_E_NOMEM;
    o->text = text;
    o->room = room;
  }
  memcpy (o->text + o->size, data, size);
  o->size += size;
  o->text[o->size] = '\0';
  return FETTLE_OK;
}

/* It is an addition: what goes wrong is told and leaves the rest as it is. */
fettle_result
win_read_wmi (struct inventory *v)
{
  const char *classes = v->w.h->setting (v->w.c, "wmi_classes");
  struct output o = { .text = NULL };
  uint32_t seconds = win_number (&v->w, "wmi_timeout", 120, 3600);
  char order[ORDER_MAX], bad[80];
  struct run run;
  size_t n;
  fettle_result r;

  if (!classes)
    classes = v->w.h->quirk (v->w.c, "wmi", "classes");
  if (!classes || !classes[strspn (classes, SEPARATORS)] || strcmp (classes, "none") == 0)
    return FETTLE_OK;
  n = (size_t) snprintf (order, sizeof order, "timeout %u\n", (unsigned) seconds); /* WMI that hangs isn't left behind */
  if (wmi_order (classes, order + n, sizeof order - n, bad) != 0)
    return fettle_fail (v->w.h, v->w.c, FETTLE_E_CONFIG, "the setting wmi_classes: \"%s\" is no class of WMI", bad);
  if (windows_target_size == 0) {
    v->w.h->log (v->w.c, FETTLE_LOG_INFO, "WMI isn't asked: this Fettle has no program that runs on nodes");
    return FETTLE_OK;
  }
  run_init (&run, &v->w, NAME);
  r = run_whole (&run, order, seconds, WMI_OUTPUT_MAX, take_output, &o);
  if (r == FETTLE_OK)
    r = wmi_read (v, o.text);
  else if (r != FETTLE_E_ABORTED && r != FETTLE_E_UNREACHABLE) {
    v->w.h->log (v->w.c, FETTLE_LOG_WARNING, "WMI couldn't be asked on the node: what it would have said is missing");
    r = FETTLE_OK;
  }
  free (o.text);
  return r;
}
