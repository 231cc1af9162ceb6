/* scan.c - see scan.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>

#include "baseline/compose.h"
#include "baseline/gather.h"
#include "baseline/kinds.h"
#include "baseline/papers.h"
#include "baseline/scan.h"
#include "baseline/side.h"
#include "sign/paper.h"

struct scan {
  FILE *out;
  struct fettle_progress progress;
  struct fettle_records records;
  json_t *seen; /* what a component is for -> {"id", "digests"} of the first one */
  size_t components, problems;
  bool broken; /* the output can't be written */
};

bool
fettle_scan_line (FILE *out, const char *member, json_t *value)
{
  return fettle_scan_line_with (out, member, value, NULL, NULL);
}

bool
fettle_scan_line_with (FILE *out, const char *member, json_t *value, const char *more, json_t *second)
{
  _cleanup_json_ json_t *line = json_object ();
  bool good = json_object_set_new (line, member, value) == 0;

  if (more && json_object_set_new (line, more, second))
    good = false;
  return good && !json_dumpf (line, out, JSON_COMPACT) && putc ('\n', out) != EOF && !fflush (out);
}

static void
say (struct scan *s, const char *member, json_t *value)
{
  if (!fettle_scan_line (s->out, member, value))
    s->broken = true;
}

/* Foreign bytes as JSON can have them: what isn't UTF-8 becomes '?'. */
static json_t *
printable (const char *text)
{
  json_t *json = json_string (text);
  _cleanup_free_ char *copy = json ? NULL : strdup (text);

  if (json || !copy)
    return json;
  for (char *p = copy; *p; p++)
    if (*p & 0x80)
      *p = '?';
  return json_string (copy);
}

static void
problem (struct scan *s, const char *path, const char *message)
{
  s->problems++;
  say (s, "problem", json_pack ("{s:o, s:o}", "file", printable (path), "message",
                                printable (message)));
}

/* {"tree": [[path within it, stamp, size]]} of a folder; NULL for what is in an
 * archive, which isn't offered as a folder. */
static json_t *
tree_stamps (const struct scan *s, const char *tree)
{
  size_t n = strcmp (tree, ".") == 0 ? 0 : strlen (tree) + 1;
  json_t *list = json_array ();

  for (size_t i = 0; list && i < s->records.n; i++) {
    const struct fettle_record *r = s->records.list[i];

    if (n && (strncmp (r->path, tree, n - 1) != 0 || r->path[n - 1] != '/'))
      continue;
    if (r->container) {
      json_decref (list);
      return NULL;
    }
    json_array_append_new (list, json_pack ("[s, s, I]", r->path + n, r->stamp, (json_int_t) r->size));
  }
  return list ? json_pack ("{s:o}", "tree", list) : NULL;
}

/* What its files looked like when they were read; behind them, a folder's. */
static json_t *
stamps_of (const struct scan *s, const json_t *component)
{
  const char *tree = json_string_value (json_object_get (component, "tree"));
  json_t *list = json_array (), *file, *whole;
  size_t i;

  json_array_foreach (json_object_get (component, "files"), i, file) {
    const struct fettle_record *r =
      fettle_record_find (&s->records, json_string_value (json_object_get (file, "path")));

    json_array_append_new (list, json_string (r ? r->stamp : ""));
  }
  whole = tree ? tree_stamps (s, tree) : NULL;
  if (whole)
    json_array_append_new (list, whole);
  return list;
}

/* Two that say they are the same update must be the same bytes. */
static json_t *
what_for (const json_t *component)
{
  return json_pack ("[O, O, O, O, O]", json_object_get (component, "match"),
                    json_object_get (component, "version"), json_object_get (component, "arch"),
                    json_object_get (component, "node_types"), json_object_get (component, "format"));
}

static json_t *
digests (const json_t *component)
{
  json_t *list = json_array (), *file;
  size_t i;

  json_array_foreach (json_object_get (component, "files"), i, file)
    json_array_append (list, json_object_get (file, "sha256"));
  return list;
}

static void
emit (struct scan *s, const char *path, json_t *component)
{
  _cleanup_json_ json_t *key = what_for (component), *mine = digests (component);
  _cleanup_free_ char *text = json_dumps (key, JSON_COMPACT);
  json_t *first = text ? json_object_get (s->seen, text) : NULL;
  char message[1024];

  if (first && json_equal (json_object_get (first, "digests"), mine))
    return; /* a copy adds nothing */
  if (first) {
    snprintf (message, sizeof message,
              "it says that it is %.200s %.200s, as %.400s does, but their contents differ: remove "
              "one of them", json_string_value (json_object_get (component, "name")),
              json_string_value (json_object_get (component, "version")),
              json_string_value (json_object_get (first, "id")));
    problem (s, path, message);
    return;
  }
  if (!text || json_object_set_new (s->seen, text, json_pack ("{s:O, s:O}", "id",
                                                              json_object_get (component, "id"),
                                                              "digests", mine))) {
    problem (s, path, "no memory for a component");
    return;
  }
  s->components++;
  if (!fettle_scan_line_with (s->out, "component", json_incref (component), "stamps",
                              stamps_of (s, component)))
    s->broken = true;
}

static void
scan_component (struct scan *s, const struct fettle_record *r, size_t i)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  _cleanup_json_ json_t *component = NULL;
  struct fettle_error err;

  if (fettle_compose (&s->records, r, i, &c, &err)) {
    problem (s, r->path, err.text);
    return;
  }
  component = fettle_component_to_json (&c);
  if (component)
    emit (s, r->path, component);
  else
    problem (s, r->path, "no memory for a component");
}

/* ---- files that are no component ---- */

static void
scan_side (struct scan *s, const struct fettle_record *r)
{
  char payload[2 * PATH_MAX], message[NAME_MAX + 64];

  snprintf (payload, sizeof payload, "%.*s",
            (int) (strlen (r->path) - strlen (FETTLE_SIDE_SUFFIX)), r->path);
  if (fettle_record_find (&s->records, payload))
    return; /* its component said what there is to say */
  snprintf (message, sizeof message, "there is no %.255s that it could be about",
            fettle_base_name (payload));
  problem (s, r->path, message);
}

/* Is it in a bundle that lists its components?  Then it is none of these.  A
 * list is in a folder of its bundle: manifest/, packages/. */
static bool
in_bundle (const struct scan *s, const struct fettle_record *r)
{
  for (size_t i = 0; i < s->records.n; i++) {
    const struct fettle_record *list = s->records.list[i];
    size_t n = (size_t) (fettle_base_name (list->path) - list->path);

    if (!list->abouts.complete)
      continue;
    for (n -= n > 0; n > 0 && list->path[n - 1] != '/'; n--)
      continue;
    if (strncmp (r->path, list->path, n) == 0)
      return true;
  }
  return false;
}

static bool
has_components (const struct scan *s, const struct fettle_record *archive)
{
  size_t n = strlen (archive->path);

  for (size_t i = 0; i < s->records.n; i++) {
    const struct fettle_record *r = s->records.list[i];

    if (strncmp (r->path, archive->path, n) == 0 && strncmp (r->path + n, "!/", 2) == 0
        && fettle_compose_count (&s->records, r))
      return true;
  }
  return false;
}

static void
scan_unknown (struct scan *s, const struct fettle_record *r)
{
  char message[NAME_MAX + 200];

  if (r->claimed || strstr (r->path, "!/") || in_bundle (s, r) || (r->opened && has_components (s, r)))
    return;
  snprintf (message, sizeof message, "no %.200s%s says what it is for: see component.cfg(5), or remove it",
            fettle_base_name (r->path), FETTLE_SIDE_SUFFIX);
  problem (s, r->path, message);
}

static void
scan_record (struct scan *s, const struct fettle_record *r)
{
  enum fettle_file_kind kind = fettle_file_kind (r->path);
  size_t n = fettle_compose_count (&s->records, r);

  if (r->claimed && (!n || r->in_tree || strstr (r->path, "!/")))
    return;
  if (r->problem && kind != FETTLE_FILE_SIDE
      && !(r->unsure && fettle_compose_side (&s->records, r))) {
    problem (s, r->path, r->problem);
    return;
  }
  for (size_t i = 0; i < n; i++)
    scan_component (s, r, i);
  if (n)
    return;
  switch (kind) {
  case FETTLE_FILE_SIDE:
    scan_side (s, r);
    break;
  case FETTLE_FILE_DEB:
  case FETTLE_FILE_RPM:
  case FETTLE_FILE_FWPKG:
  case FETTLE_FILE_CAB:
  case FETTLE_FILE_VIB:
  case FETTLE_FILE_SCEXE:
  case FETTLE_FILE_ARCHIVE:
  case FETTLE_FILE_OTHER:
    scan_unknown (s, r);
    break;
  case FETTLE_FILE_PLIST:
  case FETTLE_FILE_JSON:
  case FETTLE_FILE_XML:
  case FETTLE_FILE_PAPERS:
    break;
  }
}

/* ---- the whole ---- */

/* What a list says that all of this is together. */
static void
say_bundle (struct scan *s)
{
  for (size_t i = 0; i < s->records.n; i++) {
    const struct fettle_abouts *a = &s->records.list[i]->abouts;

    if (!a->bundle_version || strstr (s->records.list[i]->path, "!/"))
      continue;
    say (s, "bundle", json_pack ("{s:s?, s:s}", "name", a->bundle_name, "version", a->bundle_version));
    return;
  }
}

static fettle_result
scan_all (struct scan *s, struct fettle_error *err)
{
  fettle_result r = fettle_scan_papers (&s->records, s->out, err);

  if (r)
    return r;
  say_bundle (s);
  for (size_t i = 0; i < s->records.n && !s->broken; i++)
    scan_record (s, s->records.list[i]);
  if (fettle_record_find (&s->records, FETTLE_STATEMENT_NAME)
      && fettle_scan_files (&s->records, s->out, err))
    return err->code;
  say (s, "done", json_pack ("{s:I, s:I}", "components", (json_int_t) s->components, "problems",
                             (json_int_t) s->problems));
  return FETTLE_OK;
}

fettle_result
fettle_scan (int fd, const char *name, struct fettle_cache *cache, FILE *out,
             struct fettle_error *err)
{
  struct scan s = { .out = out, .progress = { .out = out }, .seen = json_object () };
  fettle_result r = s.seen ? fettle_gather (fd, name, cache, &s.records, &s.progress, err)
                           : fettle_error_set (err, FETTLE_E_NOMEM, "no memory to list the files");

  if (!r && !s.progress.broken)
    r = fettle_compose_prepare (&s.records, err);
  if (!r && !s.progress.broken)
    r = scan_all (&s, err);
  if (s.broken || s.progress.broken)
    r = fettle_error_set (err, FETTLE_E_INTERNAL, "the result can't be written");
  fettle_records_clear (&s.records);
  json_decref (s.seen);
  return r;
}
