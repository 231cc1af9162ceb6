/* udf.c - see udf.h.  SPDX-License-Identifier: Apache-2.0
 *
 * The library reads blocks of 2,048 bytes, wherever they are: so folders come
 * first, then the files in the order of their first blocks.
 */
#include "util/base.h"

#include "baseline/udf.h"
#include "model/component.h"

#ifdef HAVE_UDFREAD

#include <errno.h>
#include <fcntl.h>
#include <udfread/blockinput.h>
#include <udfread/udfread.h>

enum { CHUNK = 128 * UDF_BLOCK_SIZE, DEPTH_MAX = 32 };

struct entry {
  char *path;
  const char *problem;
  uint64_t size;
  uint32_t first; /* block */
};

struct fettle_udf {
  udfread_block_input input; /* first: it is all that the library hands back */
  int fd, stderr_before;
  udfread *udf;
  struct entry *list;
  size_t n, room, next, seen;
  UDFFILE *file;
  uint64_t at, begin;
  bool straight, ended;
  char chunk[CHUNK];
};

static int
read_blocks (udfread_block_input *input, uint32_t block, void *buffer, uint32_t n,
             int flags FETTLE_UNUSED)
{
  const struct fettle_udf *u = (const struct fettle_udf *) input;
  size_t size = (size_t) n * UDF_BLOCK_SIZE, got = 0;

  while (got < size) {
    ssize_t more = pread (u->fd, (char *) buffer + got, size - got,
                          (off_t) block * UDF_BLOCK_SIZE + (off_t) got);

    if (more < 0 && errno == EINTR)
      continue;
    if (more <= 0)
      break;
    got += (size_t) more;
  }
  return (int) (got / UDF_BLOCK_SIZE);
}

/* The library tells stderr of each block that is wrong: a hostile image could
 * fill the service's log.  Nothing can be written to a pipe's reading end. */
static int
quiet (void)
{
  int ends[2], before;

  if (FETTLE_ASAN || pipe2 (ends, O_CLOEXEC)) /* or nobody would see what ASan finds */
    return -1;
  before = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  if (before >= 0)
    dup2 (ends[0], STDERR_FILENO);
  close (ends[0]);
  close (ends[1]);
  return before;
}

static void
loud (int before)
{
  if (before < 0)
    return;
  dup2 (before, STDERR_FILENO);
  close (before);
}

/* ---- the list ---- */

static fettle_result
add (struct fettle_udf *u, const struct entry *e, struct fettle_error *err)
{
  size_t room = u->room ? 2 * u->room : 64;
  struct entry *bigger = u->n < u->room ? u->list : reallocarray (u->list, room, sizeof *bigger);

  if (!bigger || !e->path) {
    free (e->path);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to list its files");
  }
  u->room = u->n < u->room ? u->room : room;
  u->list = bigger;
  u->list[u->n++] = *e;
  return FETTLE_OK;
}

/* A name may have any character in it here; opening by path takes these two
 * for separators. */
static const char *
name_wrong (const char *name)
{
  if (!fettle_component_text_ok (name, NAME_MAX))
    return "its name isn't text, or too long";
  return strpbrk (name, "/\\") ? "its name has a / or \\ in it" : NULL;
}

static fettle_result
add_file (struct fettle_udf *u, UDFDIR *dir, const char *name, char *path, struct fettle_error *err)
{
  UDFFILE *f = udfread_file_openat (dir, name);
  int64_t size = f ? udfread_file_size (f) : -1;
  struct entry e = { .path = path };

  if (size < 0)
    e.problem = "its entry in the image is broken";
  else
    e.size = (uint64_t) size;
  e.first = f ? udfread_file_lba (f, 0) : 0;
  if (f)
    udfread_file_close (f);
  return add (u, &e, err);
}

static fettle_result list (struct fettle_udf *, UDFDIR *, const char *folder, unsigned depth,
                           struct fettle_error *);

static fettle_result
list_folder (struct fettle_udf *u, UDFDIR *above, const char *name, const char *path, unsigned depth,
             struct fettle_error *err)
{
  UDFDIR *dir = udfread_opendir_at (above, name);
  fettle_result r;

  if (!dir)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its folder %.200s can't be read", path);
  r = list (u, dir, path, depth + 1, err);
  udfread_closedir (dir);
  return r;
}

static fettle_result
list_one (struct fettle_udf *u, UDFDIR *dir, const struct udfread_dirent *d, const char *folder,
          unsigned depth, struct fettle_error *err)
{
  _cleanup_free_ char *path = NULL;
  struct entry bad = { .problem = name_wrong (d->d_name) };

  if (++u->seen > FETTLE_CONTAINER_FILES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it has more than %d files",
                             FETTLE_CONTAINER_FILES_MAX);
  if (bad.problem) {
    if (asprintf (&bad.path, "%s%sentry %zu", folder, *folder ? "/" : "", u->seen) < 0)
      bad.path = NULL;
    return add (u, &bad, err);
  }
  if (asprintf (&path, "%s%s%s", folder, *folder ? "/" : "", d->d_name) < 0) {
    path = NULL;
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to list its files");
  }
  bad.problem = strlen (path) >= PATH_MAX ? "its path is too long" : fettle_path_wrong (path);
  if (d->d_type == UDF_DT_DIR && !bad.problem && depth < DEPTH_MAX)
    return list_folder (u, dir, d->d_name, path, depth, err);
  if (d->d_type == UDF_DT_REG && !bad.problem)
    return add_file (u, dir, d->d_name, STEAL (path), err);
  if (!bad.problem)
    bad.problem = d->d_type == UDF_DT_DIR ? "it is too deep in folders" : "it isn't a regular file";
  bad.path = STEAL (path);
  return add (u, &bad, err);
}

static fettle_result
list (struct fettle_udf *u, UDFDIR *dir, const char *folder, unsigned depth, struct fettle_error *err)
{
  struct udfread_dirent d;
  fettle_result r = FETTLE_OK;

  while (!r && udfread_readdir (dir, &d))
    if (strcmp (d.d_name, ".") != 0 && strcmp (d.d_name, "..") != 0)
      r = list_one (u, dir, &d, folder, depth, err);
  return r;
}

static int
by_place (const void *a, const void *b)
{
  const struct entry *one = a, *other = b;

  return one->first != other->first ? (one->first > other->first) - (one->first < other->first)
                                    : strcmp (one->path, other->path);
}

fettle_result
fettle_udf_open (int fd, struct fettle_udf **ret, struct fettle_error *err)
{
  struct fettle_udf *u = calloc (1, sizeof *u);
  UDFDIR *top = NULL;
  fettle_result r;

  if (!u || !(u->udf = udfread_init ())) {
    free (u);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to look into it");
  }
  u->fd = fd;
  u->stderr_before = quiet ();
  u->input.read = read_blocks;
  if (udfread_open_input (u->udf, &u->input) == 0)
    top = udfread_opendir (u->udf, "/");
  r = top ? list (u, top, "", 0, err)
          : fettle_error_set (err, FETTLE_E_CONFIG, "its UDF file system can't be read: it is broken, or "
                              "isn't one with blocks of %d bytes, as on discs", UDF_BLOCK_SIZE);
  if (top)
    udfread_closedir (top);
  if (r) {
    fettle_udf_free (u);
    return r;
  }
  if (u->n)
    qsort (u->list, u->n, sizeof *u->list, by_place);
  *ret = u;
  return FETTLE_OK;
}

/* ---- a file ---- */

static void
close_file (struct fettle_udf *u)
{
  if (u->file)
    udfread_file_close (u->file);
  u->file = NULL;
}

fettle_result
fettle_udf_next (struct fettle_udf *u, struct fettle_member *m)
{
  const struct entry *e;
  const char *problem;

  close_file (u);
  m->kind = FETTLE_MEMBER_END;
  if (u->next == u->n)
    return FETTLE_OK;
  e = &u->list[u->next++];
  snprintf (m->path, sizeof m->path, "%s", e->path);
  m->size = e->size;
  problem = e->problem;
  if (!problem && !(u->file = udfread_file_open (u->udf, e->path)))
    problem = "its entry in the image is broken";
  m->kind = problem ? FETTLE_MEMBER_PROBLEM : FETTLE_MEMBER_FILE;
  snprintf (m->text, sizeof m->text, "%s", problem ? problem : "");
  u->at = 0;
  u->straight = true;
  u->ended = false;
  return FETTLE_OK;
}

/* Blocks from `at` on, of which so many bytes are the file's: do they go on
 * where the ones before ended? */
static void
follow (struct fettle_udf *u, uint64_t n)
{
  for (uint64_t b = u->at / UDF_BLOCK_SIZE; u->straight && b * UDF_BLOCK_SIZE < u->at + n; b++) {
    uint64_t lies = (uint64_t) udfread_file_lba (u->file, (uint32_t) b) * UDF_BLOCK_SIZE;

    if (b == 0)
      u->begin = lies;
    u->straight = lies && lies == u->begin + b * UDF_BLOCK_SIZE;
  }
}

ssize_t
fettle_udf_read (struct fettle_udf *u, const void **ret_data, char *why, size_t why_size)
{
  const struct entry *e = &u->list[u->next - 1];
  uint64_t left = e->size - u->at;
  ssize_t n = left ? udfread_file_read (u->file, u->chunk, left < CHUNK ? (size_t) left : CHUNK) : 0;

  if (n < 0 || (left && !n)) {
    snprintf (why, why_size, "it can't be read: the image isn't whole");
    return -1;
  }
  follow (u, (uint64_t) n);
  u->at += (uint64_t) n;
  u->ended = u->at == e->size;
  *ret_data = u->chunk;
  return n;
}

uint64_t
fettle_udf_size (const struct fettle_udf *u)
{
  return u->list[u->next - 1].size;
}

bool
fettle_udf_stored (const struct fettle_udf *u, uint64_t *ret_offset)
{
  if (!u->straight || !u->ended)
    return false;
  *ret_offset = u->at ? u->begin : 0;
  return true;
}

uint64_t
fettle_udf_position (const struct fettle_udf *u)
{
  return u->next ? (uint64_t) u->list[u->next - 1].first * UDF_BLOCK_SIZE + u->at : 0;
}

void
fettle_udf_free (struct fettle_udf *u)
{
  if (!u)
    return;
  close_file (u);
  udfread_close (u->udf);
  loud (u->stderr_before);
  for (size_t i = 0; i < u->n; i++)
    free (u->list[i].path);
  free (u->list);
  free (u);
}

#else

fettle_result
fettle_udf_open (int fd FETTLE_UNUSED, struct fettle_udf **ret FETTLE_UNUSED, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "it is an image with a UDF file system only, and "
                           "this Fettle was built without libudfread: mount it, and add the folder");
}

fettle_result
fettle_udf_next (struct fettle_udf *u FETTLE_UNUSED, struct fettle_member *m)
{
  m->kind = FETTLE_MEMBER_END;
  return FETTLE_OK;
}

ssize_t
fettle_udf_read (struct fettle_udf *u FETTLE_UNUSED, const void **ret_data FETTLE_UNUSED,
                 char *why FETTLE_UNUSED, size_t why_size FETTLE_UNUSED)
{
  return 0;
}

uint64_t
fettle_udf_size (const struct fettle_udf *u FETTLE_UNUSED)
{
  return 0;
}

bool
fettle_udf_stored (const struct fettle_udf *u FETTLE_UNUSED, uint64_t *ret_offset FETTLE_UNUSED)
{
  return false;
}

uint64_t
fettle_udf_position (const struct fettle_udf *u FETTLE_UNUSED)
{
  return 0;
}

void
fettle_udf_free (struct fettle_udf *u FETTLE_UNUSED)
{
}

#endif
