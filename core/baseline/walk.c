/* walk.c - see walk.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "baseline/walk.h"

struct walk {
  int root;
  struct fettle_walk *out;
  struct fettle_error *err;
};

static void
cleanup_dir (DIR **dir)
{
  if (*dir)
    closedir (*dir);
}

static fettle_result
add (struct walk *w, const char *path, const char *problem)
{
  struct fettle_walk *out = w->out;
  struct fettle_walk_entry *e;

  if (out->n >= FETTLE_WALK_FILES_MAX)
    return fettle_error_set (w->err, FETTLE_E_CONFIG,
                             "the folder has more than %d files: add its parts as baselines of "
                             "their own", FETTLE_WALK_FILES_MAX);
  if (out->n == out->room) {
    size_t room = out->room ? out->room * 2 : 64;

    e = reallocarray (out->entries, room, sizeof *e);
    if (!e)
      return fettle_error_set (w->err, FETTLE_E_NOMEM, "no memory to list the folder");
    out->entries = e;
    out->room = room;
  }
  e = &out->entries[out->n];
  *e = (struct fettle_walk_entry){ .path = strdup (path),
                                   .problem = problem ? strdup (problem) : NULL };
  out->n++;
  if (!e->path || (problem && !e->problem))
    return fettle_error_set (w->err, FETTLE_E_NOMEM, "no memory to list the folder");
  return FETTLE_OK;
}

static fettle_result
add_errno (struct walk *w, const char *path, const char *what)
{
  char text[256];

  snprintf (text, sizeof text, "%s: %s", what, strerror (errno));
  return add (w, path, text);
}

/* Where does the link lead?  The kernel says, and never leaves the root. */
static fettle_result
look_at_link (struct walk *w, const char *path)
{
  struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                          .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
  _cleanup_close_ int fd = (int) syscall (SYS_openat2, w->root, path, &how, sizeof how);

  if (fd >= 0)
    return FETTLE_OK;
  if (errno == EXDEV)
    return add (w, path, "it is a link that leads out of the baseline's folder, and isn't "
                         "followed: put the file itself there");
  if (errno == ELOOP)
    return add (w, path, "it is a link that leads back to itself");
  if (errno == ENOENT)
    return add (w, path, "it is a link to something that isn't there");
  return add_errno (w, path, "it is a link that can't be followed");
}

static fettle_result walk_folder (struct walk *, int fd, const char *path, unsigned depth);

static fettle_result
walk_below (struct walk *w, int above, const char *name, const char *path, unsigned depth)
{
  int fd;

  if (depth >= FETTLE_WALK_DEPTH_MAX)
    return add (w, path, "it is a folder too deep in folders: it isn't read");
  fd = openat (above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return add_errno (w, path, "it is a folder that can't be read");
  return walk_folder (w, fd, path, depth + 1);
}

static fettle_result
look_at (struct walk *w, int above, const char *name, const char *path, unsigned depth)
{
  struct stat st;
  fettle_result r;

  if (fstatat (above, name, &st, AT_SYMLINK_NOFOLLOW))
    return add_errno (w, path, "it can't be looked at");
  if (S_ISDIR (st.st_mode))
    return walk_below (w, above, name, path, depth);
  if (S_ISLNK (st.st_mode))
    return look_at_link (w, path);
  if (!S_ISREG (st.st_mode))
    return add (w, path, "it isn't a regular file");
  r = add (w, path, NULL);
  if (!r)
    w->out->entries[w->out->n - 1].size = (uint64_t) st.st_size;
  return r;
}

/* Takes fd. */
static fettle_result
walk_folder (struct walk *w, int fd, const char *path, unsigned depth)
{
  _cleanup_ (cleanup_dir) DIR *dir = fdopendir (fd);
  _cleanup_free_ char *below = malloc (PATH_MAX);
  struct dirent *e;
  fettle_result r = FETTLE_OK;

  if (!dir)
    close (fd);
  if (!dir || !below)
    return fettle_error_set (w->err, FETTLE_E_NOMEM, "no memory to list the folder");
  while (!r && (errno = 0, e = readdir (dir))) {
    int n;

    if (e->d_name[0] == '.')
      continue;
    n = snprintf (below, PATH_MAX, "%s%s%s", path, *path ? "/" : "", e->d_name);
    if (n < 0 || n >= PATH_MAX)
      r = add (w, path, "it holds a path that is too long");
    else
      r = look_at (w, fd, e->d_name, below, depth);
  }
  if (!r && errno)
    r = add_errno (w, *path ? path : ".", "it is a folder that can't be read to its end");
  return r;
}

static int
by_path (const void *a, const void *b)
{
  const struct fettle_walk_entry *x = a, *y = b;

  return strcmp (x->path, y->path);
}

fettle_result
fettle_walk (int folder, struct fettle_walk *ret, struct fettle_error *err)
{
  struct fettle_walk out = { 0 };
  struct walk w = { folder, &out, err };
  int fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fettle_result r;

  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "the folder can't be read");
  r = walk_folder (&w, fd, "", 0);
  if (r) {
    fettle_walk_clear (&out);
    return r;
  }
  if (out.n)
    qsort (out.entries, out.n, sizeof *out.entries, by_path);
  *ret = out;
  return FETTLE_OK;
}

void
fettle_walk_clear (struct fettle_walk *walk)
{
  for (size_t i = 0; i < walk->n; i++) {
    free (walk->entries[i].path);
    free (walk->entries[i].problem);
  }
  free (walk->entries);
  *walk = (struct fettle_walk){ 0 };
}
