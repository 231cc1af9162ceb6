/* tree.c - see tree.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <sys/stat.h>

#include "baseline/container.h"
#include "baseline/tree.h"
#include "baseline/walk.h"

/* The path within the tree, or NULL if it isn't in it. */
static const char *
within (const char *path, const char *tree)
{
  size_t n = strlen (tree);

  if (n == 0 || strcmp (tree, ".") == 0)
    return path;
  return strncmp (path, tree, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

static fettle_result
put (struct fettle_source *s, const char *path, FILE *out, struct fettle_error *err)
{
  const void *data;
  ssize_t n;

  if (strchr (path, '\n'))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the name of %.300s has more than one line", path);
  fprintf (out, "%s\n", path);
  while ((n = fettle_source_read (s, &data)) > 0) {
    const char *piece = data;

    for (size_t left = (size_t) n; left;) {
      size_t some = left < FETTLE_TREE_PIECE_MAX ? left : FETTLE_TREE_PIECE_MAX;

      fprintf (out, "%zu\n", some);
      fwrite (piece, 1, some, out);
      piece += some;
      left -= some;
    }
  }
  if (n < 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.300s: %s", path, fettle_source_why (s));
  return fputs ("0\n", out) < 0 || ferror (out)
           ? fettle_error_errno (err, FETTLE_E_CONFIG, "writing it") : FETTLE_OK;
}

/* The name of an archive that the tree is in, and the tree within that. */
static const char *
inner (const char *tree, char *ret_archive, size_t size)
{
  const char *mark = strchr (tree, '!');

  while (mark && mark[1] && mark[1] != '/')
    mark = strchr (mark + 1, '!');
  if (!mark || (size_t) (mark - tree) >= size)
    return NULL;
  snprintf (ret_archive, size, "%.*s", (int) (mark - tree), tree);
  return mark[1] ? mark + 2 : mark + 1;
}

static fettle_result put_archive (struct fettle_source *, const char *tree, FILE *,
                                  struct fettle_error *);

static fettle_result
put_members (struct fettle_container *c, const char *tree, FILE *out, struct fettle_error *err)
{
  _cleanup_free_ struct fettle_member *m = malloc (sizeof *m);
  char archive[PATH_MAX];
  const char *deeper = inner (tree, archive, sizeof archive);
  fettle_result r = m ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory to unpack it");

  while (!r && !(r = fettle_container_next (c, m, err)) && m->kind != FETTLE_MEMBER_END) {
    const char *path = deeper ? NULL : within (m->path, tree);
    bool meant = path || (deeper && strcmp (m->path, archive) == 0);
    _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;

    if (meant && m->kind != FETTLE_MEMBER_FILE)
      r = fettle_error_set (err, FETTLE_E_CONFIG, "%.300s: %.300s", m->path,
                            m->kind == FETTLE_MEMBER_LINK ? "it is a link" : m->text);
    else if (meant)
      r = fettle_container_source (c, &s, err);
    if (meant && !r)
      r = path ? put (s, path, out, err) : put_archive (s, deeper, out, err);
    if (!r && meant && deeper)
      return FETTLE_OK;
  }
  return r;
}

static fettle_result
put_archive (struct fettle_source *s, const char *tree, FILE *out, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  fettle_result r = fettle_container_open (s, &c, err);

  return r ? r : put_members (c, tree, out, err);
}

static fettle_result
put_folder (int folder, const char *tree, FILE *out, struct fettle_error *err)
{
  struct fettle_walk walk = { 0 };
  fettle_result r = fettle_walk (folder, &walk, err);

  for (size_t i = 0; i < walk.n && !r; i++) {
    const struct fettle_walk_entry *e = &walk.entries[i];
    const char *path = within (e->path, tree);
    _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;

    if (path && e->problem)
      r = fettle_error_set (err, FETTLE_E_CONFIG, "%.300s: %.300s", e->path, e->problem);
    else if (path)
      r = fettle_source_open (folder, e->path, &s, err);
    if (path && !r)
      r = put (s, path, out, err);
  }
  fettle_walk_clear (&walk);
  return r;
}

static fettle_result
put_all (int fd, const char *tree, FILE *out, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  char archive[PATH_MAX];
  const char *deeper = inner (tree, archive, sizeof archive);
  struct stat st;
  fettle_result r;

  if (fstat (fd, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading it");
  if (!S_ISDIR (st.st_mode)) {
    r = fettle_container_open_fd (fd, &c, err);
    return r ? r : put_members (c, tree, out, err);
  }
  if (!deeper)
    return put_folder (fd, tree, out, err);
  r = fettle_source_open (fd, archive, &s, err);
  return r ? r : put_archive (s, deeper, out, err);
}

fettle_result
fettle_tree_write (int fd, const char *tree, FILE *out, struct fettle_error *err)
{
  fettle_result r = put_all (fd, tree, out, err);

  if (!r && (fputs ("\n", out) < 0 || fflush (out)))
    r = fettle_error_errno (err, FETTLE_E_CONFIG, "writing it");
  return r;
}
