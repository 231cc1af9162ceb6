/* scan.c - see scan.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <limits.h>

#include "baseline/deb.h"
#include "baseline/kinds.h"
#include "baseline/rpm.h"
#include "baseline/scan.h"
#include "baseline/side.h"
#include "baseline/source.h"
#include "baseline/walk.h"

#define ORDER_UNSET UINT32_MAX

struct scan {
  int folder;
  FILE *out;
  struct fettle_walk walk;
  json_t *seen; /* what a component is for -> {"id", "files"} of the first one */
  size_t components, problems;
  bool broken; /* the output can't be written */
};

bool
fettle_scan_line (FILE *out, const char *member, json_t *value)
{
  _cleanup_json_ json_t *line = json_object ();

  if (json_object_set_new (line, member, value))
    return false;
  return !json_dumpf (line, out, JSON_COMPACT) && putc ('\n', out) != EOF && !fflush (out);
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

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash ? slash + 1 : path;
}

/* ---- side files ---- */

static fettle_result
read_side (struct scan *s, const char *path, struct fettle_component *c,
           struct fettle_side_files *files, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *source = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_SIDE_MAX);
  const void *data;
  ssize_t n;
  fettle_result r = fettle_source_open (s->folder, path, &source, err);

  if (r)
    return r;
  while ((n = fettle_source_read (source, &data)) > 0)
    if (!fettle_buf_add (&text, data, (size_t) n))
      return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %zu bytes", text.max);
  if (n < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading it failed");
  return fettle_side_apply (fettle_buf_text (&text), text.size, c, files, err);
}

/* The path of the file that a side file is about: without the suffix. */
static void
payload_path (const char *side, char *ret, size_t size)
{
  snprintf (ret, size, "%.*s", (int) (strlen (side) - strlen (FETTLE_SIDE_SUFFIX)), side);
}

/* A file of the same folder as `path`. */
static bool
neighbour (const char *path, const char *name, char *ret, size_t size)
{
  int n = snprintf (ret, size, "%.*s%s", (int) (base_name (path) - path), path, name);

  return n > 0 && (size_t) n < size;
}

/* Files that side files name as theirs need no side file of their own. */
static void
claim_files (struct scan *s)
{
  for (size_t i = 0; i < s->walk.n; i++) {
    _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
    _cleanup_ (fettle_side_files_clear) struct fettle_side_files files = { 0 };
    const char *path = s->walk.entries[i].path;
    struct fettle_error err;
    char other[PATH_MAX];

    if (s->walk.entries[i].problem || fettle_file_kind (path) != FETTLE_FILE_SIDE)
      continue;
    if (read_side (s, path, &c, &files, &err)) /* said when its component is read */
      continue;
    for (size_t k = 0; k < files.n; k++) {
      struct fettle_walk_entry *e = NULL;

      if (neighbour (path, files.names[k], other, sizeof other))
        e = fettle_walk_find (&s->walk, other);
      if (e)
        e->claimed = true;
    }
  }
}

/* ---- components ---- */

/* apt spells the ':' of an epoch "%3a" in names of files; a node gets "_". */
static void
name_on_node (const char *path, char *ret, size_t size)
{
  size_t n = 0;

  for (const char *p = base_name (path); *p && n + 1 < size; p++) {
    bool colon = p[0] == '%' && p[1] == '3' && (p[2] == 'a' || p[2] == 'A');

    ret[n++] = colon ? '_' : *p;
    p += colon ? 2 : 0;
  }
  ret[n] = '\0';
}

static fettle_result
add_file (struct scan *s, const char *path, struct fettle_source *opened,
          struct fettle_component *c, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *own = NULL;
  char name[NAME_MAX + 1], sha256[FETTLE_SHA256_TEXT];
  uint64_t size;
  fettle_result r = FETTLE_OK;

  if (!opened) {
    r = fettle_source_open (s->folder, path, &own, err);
    opened = own;
  }
  if (!r)
    r = fettle_source_finish (opened, sha256, &size, err);
  if (r)
    return r;
  name_on_node (path, name, sizeof name);
  if (!fettle_component_add_file (c, name, path, size, sha256))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
  return FETTLE_OK;
}

static fettle_result
add_files (struct scan *s, const char *path, struct fettle_source *source,
           const struct fettle_side_files *files, struct fettle_component *c,
           struct fettle_error *err)
{
  char other[PATH_MAX];
  fettle_result r = add_file (s, path, source, c, err);

  for (size_t i = 0; i < files->n && !r; i++) {
    if (!neighbour (path, files->names[i], other, sizeof other))
      return fettle_error_set (err, FETTLE_E_CONFIG, "a path is too long");
    r = add_file (s, other, NULL, c, err);
    if (r)
      fettle_error_prefix (err, "its further file %s: ", files->names[i]);
  }
  return r;
}

/* What it tells of itself, what its side file says over that, what is usual. */
static fettle_result
make_component (struct scan *s, const char *path, const char *side, struct fettle_component *c,
                struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *source = NULL;
  _cleanup_ (fettle_side_files_clear) struct fettle_side_files files = { 0 };
  enum fettle_file_kind kind = fettle_file_kind (path);
  fettle_result r = fettle_source_open (s->folder, path, &source, err);

  c->order = ORDER_UNSET;
  if (!r && kind == FETTLE_FILE_DEB)
    r = fettle_deb_read (source, c, err);
  if (!r && kind == FETTLE_FILE_RPM)
    r = fettle_rpm_read (source, c, err);
  if (!r && side) {
    r = read_side (s, side, c, &files, err);
    if (r)
      fettle_error_prefix (err, "%.200s: ", base_name (side));
  }
  if (!r)
    r = add_files (s, path, source, &files, c, err);
  if (r)
    return r;
  if (!fettle_component_set (&c->id, path) || (!c->scheme && !fettle_component_set (&c->scheme, "plain")))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
  if (c->order == ORDER_UNSET && c->kind)
    c->order = fettle_component_usual_order (c->kind);
  r = fettle_component_check (c, err);
  if (r && side)
    fettle_error_prefix (err, "%.200s: ", base_name (side));
  return r;
}

/* Two that say they are the same update must be the same bytes. */
static json_t *
what_for (const json_t *component)
{
  return json_pack ("[O, O, O, O]", json_object_get (component, "match"),
                    json_object_get (component, "version"), json_object_get (component, "arch"),
                    json_object_get (component, "node_types"));
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
  say (s, "component", json_incref (component));
}

static void
scan_component (struct scan *s, const char *path, const char *side)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  _cleanup_json_ json_t *component = NULL;
  struct fettle_error err;

  if (make_component (s, path, side, &c, &err)) {
    problem (s, path, err.text);
    return;
  }
  component = fettle_component_to_json (&c);
  if (component)
    emit (s, path, component);
  else
    problem (s, path, "no memory for a component");
}

static void
scan_side (struct scan *s, const char *path)
{
  char payload[PATH_MAX], message[NAME_MAX + 64];

  payload_path (path, payload, sizeof payload);
  if (fettle_walk_find (&s->walk, payload))
    return; /* its component said what there is to say */
  snprintf (message, sizeof message, "there is no %.255s that it could be about", base_name (payload));
  problem (s, path, message);
}

static void
scan_entry (struct scan *s, const struct fettle_walk_entry *e)
{
  char side[PATH_MAX], message[NAME_MAX + 128];
  bool has_side;

  if (e->problem) {
    problem (s, e->path, e->problem);
    return;
  }
  has_side = (size_t) snprintf (side, sizeof side, "%s%s", e->path, FETTLE_SIDE_SUFFIX) < sizeof side
             && fettle_walk_find (&s->walk, side);
  switch (fettle_file_kind (e->path)) {
  case FETTLE_FILE_SIDE:
    scan_side (s, e->path);
    return;
  case FETTLE_FILE_DEB:
  case FETTLE_FILE_RPM:
    scan_component (s, e->path, has_side ? side : NULL);
    return;
  case FETTLE_FILE_OTHER:
  case FETTLE_FILE_PAPERS:
    break;
  }
  if (has_side) {
    scan_component (s, e->path, side);
  } else if (fettle_file_kind (e->path) == FETTLE_FILE_OTHER && !e->claimed) {
    snprintf (message, sizeof message,
              "no %.200s%s says what it is for: see component.cfg(5), or remove it",
              base_name (e->path), FETTLE_SIDE_SUFFIX);
    problem (s, e->path, message);
  }
}

static void
progress (struct scan *s, size_t done)
{
  say (s, "progress", json_pack ("{s:I, s:I}", "files", (json_int_t) done, "of",
                                 (json_int_t) s->walk.n));
}

static void
scan_all (struct scan *s)
{
  size_t step = s->walk.n / 100 + 1; /* a hundred lines are enough */

  progress (s, 0);
  claim_files (s);
  for (size_t i = 0; i < s->walk.n && !s->broken; i++) {
    scan_entry (s, &s->walk.entries[i]);
    if ((i + 1) % step == 0 || i + 1 == s->walk.n)
      progress (s, i + 1);
  }
  say (s, "done", json_pack ("{s:I, s:I}", "components", (json_int_t) s->components, "problems",
                             (json_int_t) s->problems));
}

fettle_result
fettle_scan (int folder, FILE *out, struct fettle_error *err)
{
  struct scan s = { .folder = folder, .out = out, .seen = json_object () };
  fettle_result r = s.seen ? fettle_walk (folder, &s.walk, err)
                           : fettle_error_set (err, FETTLE_E_NOMEM, "no memory to list the folder");

  if (!r)
    scan_all (&s);
  if (s.broken)
    r = fettle_error_set (err, FETTLE_E_INTERNAL, "the result can't be written");
  fettle_walk_clear (&s.walk);
  json_decref (s.seen);
  return r;
}
