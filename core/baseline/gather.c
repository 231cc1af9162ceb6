/* gather.c - see gather.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <strings.h>
#include <sys/stat.h>

#include "baseline/container.h"
#include "baseline/deb.h"
#include "baseline/expand.h"
#include "baseline/formats.h"
#include "baseline/gather.h"
#include "baseline/kinds.h"
#include "baseline/rpm.h"
#include "baseline/side.h"
#include "baseline/walk.h"
#include "baseline/xml.h"
#include "sign/paper.h"

struct gather {
  struct fettle_records *records;
  struct fettle_progress *progress;
  struct fettle_cache *cache;
  struct stat stat; /* of what is on the disk, when it was opened */
  const char *file; /* on the disk: what is being read, or in what that is */
  fettle_result fatal;
  struct fettle_error *err;
};

static bool gather_nested (struct gather *, struct fettle_source *, struct fettle_record *,
                           unsigned depth);

/* ---- one file ---- */

static fettle_result
keep_text (struct fettle_source *s, struct fettle_buf *text, struct fettle_error *err)
{
  const void *data;
  ssize_t n;

  while ((n = fettle_source_read (s, &data)) > 0)
    if (!fettle_buf_add (text, data, (size_t) n))
      return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %zu bytes", text->max);
  return n < 0 ? fettle_error_set (err, FETTLE_E_CONFIG, "%s", fettle_source_why (s)) : FETTLE_OK;
}

/* "Catalog.xml.gz" as what it expands to. */
static ssize_t
read_packed (void *source, const void **ret_data, char *why, size_t why_size)
{
  ssize_t n = fettle_source_read (source, ret_data);

  if (n < 0)
    snprintf (why, why_size, "%s", fettle_source_why (source));
  return n;
}

static fettle_result
expand_text (struct fettle_source *s, struct fettle_buf *text, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_expand) struct fettle_expand *e = NULL;
  char why[300] = "";
  const void *data;
  fettle_result r = fettle_expand_open (&(struct fettle_stream) { read_packed, s }, text->max, &e, err);
  ssize_t n = 0;

  while (!r && (n = fettle_expand_read (e, &data, why, sizeof why)) > 0)
    if (!fettle_buf_add (text, data, (size_t) n))
      return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %zu bytes", text->max);
  if (!r && (n < 0 || !fettle_expand_finish (e, why, sizeof why)))
    r = fettle_error_set (err, FETTLE_E_CONFIG, "%s", why);
  return r;
}

/* A document that may describe components.  Most don't, and one that is too
 * large to be looked at, or broken, is papers too: what it would have said is
 * then missed where it is. */
static fettle_result
read_document (struct fettle_source *s, struct fettle_record *r, size_t max,
               struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (max);
  size_t n = strlen (r->path);
  fettle_result result;

  if (fettle_source_size (s) != FETTLE_SIZE_UNKNOWN && fettle_source_size (s) > max)
    return FETTLE_OK;
  if (n > 3 && strcasecmp (r->path + n - 3, ".gz") == 0)
    result = expand_text (s, &text, err);
  else
    result = keep_text (s, &text, err);
  if (result)
    return result;
  if (fettle_file_kind (r->path) == FETTLE_FILE_PLIST)
    return fettle_brocade_plist (fettle_buf_text (&text), text.size, r->path, &r->abouts, err);
  result = fettle_file_kind (r->path) == FETTLE_FILE_JSON
             ? fettle_document_json (fettle_buf_text (&text), text.size, &r->abouts, err)
             : fettle_document_xml (fettle_buf_text (&text), text.size, &r->abouts, err);
  return result == FETTLE_E_UNSUPPORTED ? FETTLE_OK : result;
}

typedef fettle_result (*reader) (struct fettle_source *, struct fettle_component *,
                                 struct fettle_error *);

/* A format whose file is one component. */
static fettle_result
read_one (struct fettle_source *s, struct fettle_record *r, reader read, struct fettle_error *err)
{
  struct fettle_about *about = fettle_about_add (&r->abouts, NULL, err);

  return about ? read (s, &about->c, err) : err->code;
}

/* What the file tells, if it is of a kind that does. */
static fettle_result
look_into (struct gather *g, struct fettle_source *s, struct fettle_record *r, unsigned depth,
           struct fettle_error *err)
{
  if (fettle_is_paper (r->path)) {
    r->text.max = FETTLE_PAPERS_SIZE_MAX;
    return keep_text (s, &r->text, err);
  }
  switch (fettle_file_kind (r->path)) {
  case FETTLE_FILE_DEB:
    return read_one (s, r, fettle_deb_read, err);
  case FETTLE_FILE_RPM:
    return read_one (s, r, fettle_rpm_read, err);
  case FETTLE_FILE_SIDE:
    return keep_text (s, &r->text, err);
  case FETTLE_FILE_ARCHIVE:
    if (depth < FETTLE_GATHER_DEPTH && fettle_container_is (s) && !gather_nested (g, s, r, depth))
      return g->fatal;
    return FETTLE_OK;
  case FETTLE_FILE_FWPKG:
    return fettle_fwpkg_read (s, &r->abouts, err);
  case FETTLE_FILE_CAB:
    return fettle_cab_read (s, &r->abouts, err);
  case FETTLE_FILE_VIB:
    return fettle_vib_read (s, &r->abouts, err);
  case FETTLE_FILE_SCEXE:
    return fettle_scexe_read (s, &r->abouts, err);
  case FETTLE_FILE_PLIST:
    return read_document (s, r, FETTLE_PLIST_MAX, err);
  case FETTLE_FILE_JSON:
    return read_document (s, r, FETTLE_JSON_MAX, err);
  case FETTLE_FILE_XML:
    return read_document (s, r, FETTLE_XML_MAX, err);
  case FETTLE_FILE_OTHER:
  case FETTLE_FILE_PAPERS:
    return FETTLE_OK;
  }
  return FETTLE_OK;
}

/* A file's own fault is its record's problem; what is fatal to the scan is in
 * g->fatal.  The digest is taken also of what can't be looked into: it may be
 * part of something else. */
static void
gather_source (struct gather *g, struct fettle_source *s, struct fettle_record *r, unsigned depth)
{
  struct fettle_error err = { 0 }, later = { 0 };
  fettle_result result = look_into (g, s, r, depth, &err);

  if (g->fatal)
    return;
  if (fettle_source_finish (s, r->sha256, &r->size, result ? &later : &err)) {
    r->sha256[0] = '\0';
    result = result ? result : err.code;
  }
  r->unsure = result == FETTLE_E_UNSUPPORTED && *r->sha256
              && fettle_file_kind (r->path) == FETTLE_FILE_SCEXE;
  if (result && !r->problem && !fettle_record_problem (r, err.text))
    g->fatal = fettle_error_set (g->err, FETTLE_E_NOMEM, "no memory to list the files");
}

/* ---- an archive ---- */

static struct fettle_record *
add_member (struct gather *g, const char *prefix, const struct fettle_member *m)
{
  char path[2 * PATH_MAX];
  struct fettle_record *r;
  int n = snprintf (path, sizeof path, "%s%s", prefix, m->path);

  r = fettle_record_add (g->records, path, g->err);
  if (!r) {
    g->fatal = g->err->code;
    return NULL;
  }
  r->container = strdup (g->file);
  if (!r->container
      || (m->kind == FETTLE_MEMBER_PROBLEM && !fettle_record_problem (r, m->text))
      || (n > FETTLE_COMPONENT_PATH_MAX && !fettle_record_problem (r, "its path is too long"))) {
    g->fatal = fettle_error_set (g->err, FETTLE_E_NOMEM, "no memory to list the files");
    return NULL;
  }
  return r;
}

/* The same file under another name. */
static void
add_link (struct gather *g, const char *prefix, const struct fettle_member *m, size_t first)
{
  char path[2 * PATH_MAX];
  struct fettle_record *r = add_member (g, prefix, m), *other = NULL;

  snprintf (path, sizeof path, "%s%s", prefix, m->text);
  for (size_t i = first; r && i < g->records->n && !other; i++)
    if (g->records->list[i] != r && strcmp (g->records->list[i]->path, path) == 0)
      other = g->records->list[i];
  if (r && (!other || other->problem))
    fettle_record_problem (r, "it is a link to something that isn't there");
  if (!r || !other || other->problem)
    return;
  r->offset = other->offset;
  r->packed = other->packed;
  r->size = other->size;
  memcpy (r->sha256, other->sha256, sizeof r->sha256);
}

static void
gather_member (struct gather *g, struct fettle_container *c, struct fettle_record *r,
               unsigned depth)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  size_t first = g->records->n;
  struct fettle_error err;

  if (fettle_container_source (c, &s, &err)) {
    fettle_record_problem (r, err.text);
    return;
  }
  gather_source (g, s, r, depth);
  r->packed = !fettle_container_stored (c, &r->offset);
  for (size_t i = first; i < g->records->n; i++) { /* what was found in it */
    struct fettle_record *inner = g->records->list[i];

    inner->packed = inner->packed || r->packed;
    inner->offset = inner->packed ? 0 : inner->offset + r->offset;
  }
}

/* Members of the baseline's own archive are kept one by one. */
static void
gather_member_once (struct gather *g, struct fettle_container *c, struct fettle_record *r,
                    unsigned depth)
{
  size_t first = g->records->n;

  if (!depth && fettle_cache_get (g->cache, &g->stat, r, g->records)) {
    g->progress->reused++;
    return;
  }
  gather_member (g, c, r, depth);
  if (!depth && !g->fatal)
    fettle_cache_put (g->cache, &g->stat, r, g->records, first);
}

/* True: to its end. */
static bool
gather_members (struct gather *g, struct fettle_container *c, const char *prefix, unsigned depth,
                struct fettle_error *err)
{
  struct fettle_member *m = malloc (sizeof *m);
  size_t first = g->records->n;
  bool good = false;

  while (m && !fettle_container_next (c, m, err) && !g->fatal) {
    struct fettle_record *r;

    if (m->kind == FETTLE_MEMBER_END) {
      good = fettle_container_finish (c, err) == FETTLE_OK;
      break;
    }
    if (m->kind == FETTLE_MEMBER_LINK) {
      add_link (g, prefix, m, first);
    } else {
      r = add_member (g, prefix, m);
      if (r && !r->problem)
        gather_member_once (g, c, r, depth);
    }
    if (!depth) {
      g->progress->files++;
      g->progress->bytes = fettle_container_position (c);
      fettle_progress_say (g->progress, false);
    }
    if (g->fatal || g->progress->broken)
      break;
  }
  if (!m)
    fettle_error_set (err, FETTLE_E_NOMEM, "no memory to list the files");
  free (m);
  return good && !g->fatal;
}

/* False and g->fatal, or true: if it is broken, that is its problem, and none
 * of its files counts. */
static bool
gather_nested (struct gather *g, struct fettle_source *s, struct fettle_record *r, unsigned depth)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  char prefix[2 * PATH_MAX], text[1200];
  struct fettle_error err = { 0 };
  size_t first = g->records->n;

  snprintf (prefix, sizeof prefix, "%s!/", r->path);
  r->opened = true;
  if (!fettle_container_open (s, &c, &err) && gather_members (g, c, prefix, depth + 1, &err))
    return true;
  fettle_records_cut (g->records, first);
  r->opened = false;
  snprintf (text, sizeof text, "it can't be unpacked: %s", err.text);
  fettle_record_problem (r, text);
  return !g->fatal;
}

/* ---- the whole ---- */

static bool
same_stamp (const struct stat *a, const struct stat *b)
{
  char one[FETTLE_STAMP_MAX], other[FETTLE_STAMP_MAX];

  fettle_file_stamp (a, one);
  fettle_file_stamp (b, other);
  return strcmp (one, other) == 0;
}

/* Of a file of the folder, and of what was found in it. */
static void
set_stamps (struct gather *g, struct fettle_record *r, size_t first, const struct stat *st)
{
  fettle_file_stamp (st, r->stamp);
  for (size_t i = first; i < g->records->n; i++)
    memcpy (g->records->list[i]->stamp, r->stamp, sizeof r->stamp);
}

static fettle_result
gather_archive (struct gather *g, int fd, const char *name)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  struct stat after;
  fettle_result r;

  if (fstat (fd, &g->stat))
    return fettle_error_errno (g->err, FETTLE_E_CONFIG, "reading %s", name);
  fettle_cache_settle (&g->stat);
  g->file = name;
  g->progress->of_bytes = (uint64_t) g->stat.st_size;
  fettle_progress_say (g->progress, true);
  r = fettle_container_open_fd (fd, &c, g->err);
  if (!r && !gather_members (g, c, "", 0, g->err))
    r = g->fatal ? g->fatal : g->err->code;
  if (r)
    return r == FETTLE_E_NOMEM ? r : fettle_error_prefix (g->err, "%.200s: ", name);
  if (fstat (fd, &after) || !same_stamp (&g->stat, &after))
    return fettle_error_set (g->err, FETTLE_E_CONFIG, "%.200s changed while it was read: add it when it "
                             "is written", name);
  for (size_t i = 0; i < g->records->n; i++)
    fettle_file_stamp (&g->stat, g->records->list[i]->stamp);
  g->progress->bytes = g->progress->of_bytes;
  fettle_progress_say (g->progress, false);
  return FETTLE_OK;
}

static void
gather_file (struct gather *g, int folder, const struct fettle_walk_entry *e)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  struct fettle_record *r = fettle_record_add (g->records, e->path, g->err);
  size_t first = g->records->n;
  struct stat before, after;
  struct fettle_error err;

  if (!r) {
    g->fatal = g->err->code;
    return;
  }
  if (e->problem) {
    fettle_record_problem (r, e->problem);
    return;
  }
  g->file = e->path;
  if (fettle_source_open (folder, e->path, &s, &err)) {
    fettle_record_problem (r, err.text);
    return;
  }
  fettle_source_stat (s, &before);
  if (fettle_cache_get (g->cache, &before, r, g->records)) {
    g->progress->reused++;
    g->progress->bytes += (uint64_t) before.st_size;
    set_stamps (g, r, first, &before);
    return;
  }
  fettle_cache_settle (&before);
  gather_source (g, s, r, 0);
  fettle_source_stat (s, &after);
  set_stamps (g, r, first, &before);
  if (same_stamp (&before, &after))
    fettle_cache_put (g->cache, &before, r, g->records, first);
  else if (!g->fatal) {
    fettle_records_cut (g->records, first);
    fettle_record_reset (r);
    fettle_record_problem (r, "it changed while it was read: add it when it is written");
  }
}

static void
count (void *opaque, uint64_t bytes)
{
  struct fettle_progress *p = opaque;

  p->bytes += bytes;
  fettle_progress_say (p, false);
}

static fettle_result
gather_folder (struct gather *g, int folder)
{
  struct fettle_walk walk = { 0 };
  fettle_result r = fettle_walk (folder, &walk, g->err);

  if (r)
    return r;
  g->progress->of_files = walk.n;
  for (size_t i = 0; i < walk.n; i++)
    g->progress->of_bytes += walk.entries[i].size;
  fettle_progress_say (g->progress, true);
  fettle_source_watch (count, g->progress);
  for (size_t i = 0; i < walk.n && !g->fatal && !g->progress->broken; i++) {
    gather_file (g, folder, &walk.entries[i]);
    g->progress->files++;
    fettle_progress_say (g->progress, false);
  }
  fettle_source_watch (NULL, NULL);
  fettle_walk_clear (&walk);
  return g->fatal;
}

fettle_result
fettle_gather (int fd, const char *name, struct fettle_cache *cache, struct fettle_records *ret,
               struct fettle_progress *p, struct fettle_error *err)
{
  struct gather g = { .records = ret, .progress = p, .cache = cache, .err = err };
  struct stat st;
  fettle_result r;

  if (fstat (fd, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading %s", name);
  r = S_ISDIR (st.st_mode) ? gather_folder (&g, fd) : gather_archive (&g, fd, name);
  if (!r && !p->broken)
    fettle_cache_finish (cache);
  return r ? r : fettle_records_sort (ret, err);
}

fettle_result
fettle_gather_file (int fd, const char *name, struct fettle_records *rs, struct fettle_record **ret,
                    struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  struct gather g = { .records = rs, .file = name, .err = err };
  struct fettle_record *r = fettle_record_add (rs, name, err);

  if (!r) {
    close (fd);
    return err->code;
  }
  if (fettle_source_of_fd (fd, &s, err))
    return err->code;
  gather_source (&g, s, r, FETTLE_GATHER_DEPTH); /* not into archives */
  *ret = r;
  return g.fatal;
}
