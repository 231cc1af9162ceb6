/* baseline-copy.c - see baseline-copy.h.  What is packed, and folders, come
 * through fettle-scan: foreign archives aren't parsed here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

#include "cli/baseline-copy.h"
#include "cli/scan-child.h"
#include "sign/statement.h"
#include "util/file.h"
#include "util/text.h"

enum { PIECE_MAX = 2 << 20 }; /* of what fettle-scan writes: baseline/tree.h */

static const char *
text_of (const json_t *object, const char *member)
{
  return json_string_value (json_object_get (object, member));
}

static fettle_result
too_long (const char *path, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "the path %.300s is too long", path);
}

/* ---- one file ---- */

/* The file on the disk that it is, or is in. */
static fettle_result
find (const char *from, const json_t *file, char *ret, size_t size, bool *ret_folder,
      struct fettle_error *err)
{
  const char *path = text_of (file, "path"), *container = text_of (file, "container");
  struct stat st;
  int n;

  if (stat (from, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading %.400s", from);
  *ret_folder = S_ISDIR (st.st_mode);
  n = *ret_folder ? snprintf (ret, size, "%s/%s", from, container ? container : path)
                  : snprintf (ret, size, "%s", from);
  return n < 0 || (size_t) n >= size ? too_long (path, err) : FETTLE_OK;
}

static bool
copy_range (int from, uint64_t at, uint64_t size, int to)
{
  char chunk[1 << 16];

  while (size) {
    ssize_t n = pread (from, chunk, size < sizeof chunk ? size : sizeof chunk, (off_t) at);

    if (n <= 0 || !fettle_write_all (to, chunk, (size_t) n))
      return false;
    at += (uint64_t) n;
    size -= (uint64_t) n;
  }
  return true;
}

/* Whatever comes, but no more than it can be; the digest is compared later. */
static bool
copy_stream (FILE *in, uint64_t size, int to)
{
  char chunk[1 << 16];
  size_t n;

  while ((n = fread (chunk, 1, sizeof chunk, in)) > 0) {
    if (n > size) {
      errno = EFBIG;
      return false;
    }
    if (!fettle_write_all (to, chunk, n))
      return false;
    size -= n;
  }
  return true;
}

static fettle_result
unpack (const struct fettle_cli *cli, const char *archive, bool folder, const json_t *file, int out,
        struct fettle_error *err)
{
  const char *member = text_of (file, "path");
  uint64_t size = (uint64_t) json_integer_value (json_object_get (file, "size"));
  struct fettle_scan_child child;
  fettle_result r;
  bool good;

  if (folder) /* "a.tar.gz!/b" is b in a.tar.gz */
    member += strlen (text_of (file, "container")) + 2;
  r = fettle_scan_start (cli, (const char *const[]) { "fettle-scan", "--unpack", archive, member, NULL }, &child, err);
  if (r)
    return r;
  good = copy_stream (child.out, size, out);
  if (!good)
    fettle_error_errno (err, FETTLE_E_CONFIG, "writing it");
  r = good ? fettle_scan_end (&child, err) : err->code;
  if (!good)
    fettle_scan_end (&child, &(struct fettle_error) { 0 });
  return r;
}

static fettle_result
fill (const struct fettle_cli *cli, const char *from, const json_t *file, int out,
      struct fettle_error *err)
{
  const json_t *offset = json_object_get (file, "offset");
  uint64_t size = (uint64_t) json_integer_value (json_object_get (file, "size"));
  char path[2 * PATH_MAX];
  _cleanup_close_ int in = -1;
  bool folder = false;
  fettle_result r = find (from, file, path, sizeof path, &folder, err);

  if (r)
    return r;
  if (text_of (file, "container") && !json_is_integer (offset))
    return unpack (cli, path, folder, file, out, err);
  in = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (in < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "opening %.400s", path);
  return copy_range (in, (uint64_t) json_integer_value (offset), size, out)
           ? FETTLE_OK : fettle_error_errno (err, FETTLE_E_CONFIG, "copying it");
}

static fettle_result
check_copy (int fd, const char *path, const json_t *file, struct fettle_error *err)
{
  char sha256[FETTLE_SHA256_TEXT];
  uint64_t size;

  if (fettle_fd_sha256 (fd, path, sha256, &size, err))
    return err->code;
  if (strcmp (sha256, text_of (file, "sha256")) != 0)
    return fettle_error_set (err, FETTLE_E_AUTH, "%.300s isn't what it was when the baseline was added",
                             text_of (file, "path"));
  return FETTLE_OK;
}

fettle_result
fettle_copy_file (const struct fettle_cli *cli, const char *from, const json_t *file, const char *to,
                  struct fettle_error *err)
{
  _cleanup_close_ int out = -1;
  fettle_result r = FETTLE_OK;
  char path[PATH_MAX];

  if ((size_t) snprintf (path, sizeof path, "%s/%s", to, text_of (file, "name")) >= sizeof path)
    return too_long (to, err);
  out = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (out < 0 && errno == EEXIST) {
    out = open (path, O_RDONLY | O_CLOEXEC);
    return out >= 0 && !check_copy (out, path, file, err)
             ? FETTLE_OK
             : fettle_error_set (err, FETTLE_E_CONFIG, "there is another %.300s already: export to an "
                                                       "empty folder, and pick one of them", path);
  }
  if (out < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %.400s", path);
  r = fill (cli, from, file, out, err);
  if (!r)
    r = check_copy (out, path, file, err);
  if (r)
    unlink (path);
  return r;
}

/* ---- a folder ---- */

static fettle_result
odd (struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_INTERNAL, "fettle-scan says what can't be understood");
}

/* A line of what fettle-scan writes, without its end. */
static bool
get_line (FILE *in, char **line, size_t *room)
{
  ssize_t n = getline (line, room, in);

  if (n <= 0 || (*line)[n - 1] != '\n')
    return false;
  (*line)[n - 1] = '\0';
  return true;
}

static fettle_result
take_pieces (FILE *in, int out, struct fettle_error *err)
{
  _cleanup_free_ char *piece = malloc (PIECE_MAX), *line = NULL;
  size_t room = 0;
  uint64_t n;

  if (!piece)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to copy it");
  while (get_line (in, &line, &room) && fettle_parse_uint (line, 0, PIECE_MAX, &n)) {
    if (n == 0)
      return FETTLE_OK;
    if (fread (piece, 1, n, in) != n)
      break;
    if (!fettle_write_all (out, piece, n))
      return fettle_error_errno (err, FETTLE_E_CONFIG, "writing it");
  }
  return odd (err);
}

static fettle_result
take_file (FILE *in, const char *to, const char *path, struct fettle_error *err)
{
  char full[2 * PATH_MAX], *slash;
  _cleanup_close_ int out = -1;
  fettle_result r;

  if (!fettle_statement_path_ok (path))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.300s is no path within a folder", path);
  if ((size_t) snprintf (full, sizeof full, "%s/%s", to, path) >= PATH_MAX)
    return too_long (path, err);
  slash = strrchr (full, '/');
  *slash = '\0';
  r = fettle_make_folder (full, 0755, err);
  *slash = '/';
  if (r)
    return r;
  out = open (full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (out < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %.400s", full);
  return take_pieces (in, out, err);
}

static fettle_result
take_tree (FILE *in, const char *to, struct fettle_error *err)
{
  _cleanup_free_ char *path = NULL;
  size_t room = 0;
  fettle_result r = FETTLE_OK;

  while (!r && get_line (in, &path, &room)) {
    if (!*path)
      return FETTLE_OK;
    r = take_file (in, to, path, err);
  }
  return r ? r : fettle_error_set (err, FETTLE_E_CONFIG, "it ended in the middle");
}

static fettle_result
unpack_tree (const struct fettle_cli *cli, const char *from, const char *tree, const char *to,
             struct fettle_error *err)
{
  struct fettle_scan_child child;
  struct fettle_error said = { 0 };
  fettle_result r = fettle_scan_start (cli, (const char *const[]) { "fettle-scan", "--tree", from, tree, NULL }, &child,
                                       err);

  if (r)
    return r;
  r = take_tree (child.out, to, err);
  if (fettle_scan_end (&child, &said) && (!r || r == FETTLE_E_CONFIG)) {
    *err = said; /* it knows better */
    r = said.code;
  }
  return r;
}

/* Its digest is made by who made the first one. */
static fettle_result
check_tree (const struct fettle_cli *cli, const char *to, const char *name, const char *sha256,
            struct fettle_error *err)
{
  struct fettle_scan_child child;
  struct fettle_error later;
  _cleanup_free_ char *line = NULL;
  size_t room = 0;
  bool same = false;
  fettle_result r = fettle_scan_start (cli, (const char *const[]) { "fettle-scan", to, NULL }, &child, err);

  if (r)
    return r;
  while (getline (&line, &room, child.out) > 0) {
    _cleanup_json_ json_t *said = json_loads (line, 0, NULL);
    const json_t *c = json_object_get (said, "component");
    const char *tree = text_of (c, "tree"), *found = text_of (c, "tree_sha256");

    same = same || (tree && found && strcmp (tree, name) == 0 && strcmp (found, sha256) == 0);
  }
  fettle_scan_end (&child, &later);
  return same ? FETTLE_OK : fettle_error_set (err, FETTLE_E_AUTH, "the folder isn't what it was when the "
                                              "baseline was added");
}

static int
remove_one (const char *path, const struct stat *st FETTLE_UNUSED, int type FETTLE_UNUSED,
            struct FTW *at FETTLE_UNUSED)
{
  return remove (path);
}

/* "v7.4.1d", also where it is the baseline itself or an archive's top. */
static const char *
tree_name (const json_t *component)
{
  const char *tree = text_of (component, "tree"), *slash = strrchr (tree, '/'),
             *name = slash ? slash + 1 : tree;

  return strcmp (name, ".") == 0 || strchr (name, '!') ? text_of (component, "version") : name;
}

fettle_result
fettle_copy_tree (const struct fettle_cli *cli, const char *from, const json_t *component,
                  const char *to, struct fettle_error *err)
{
  const char *sha256 = text_of (component, "tree_sha256"), *name = tree_name (component);
  char new[PATH_MAX], whole[PATH_MAX], last[PATH_MAX];
  fettle_result r;

  if (!fettle_statement_path_ok (name) || strchr (name, '/') || !sha256)
    return fettle_error_set (err, FETTLE_E_CONFIG, "a folder can't be named %.100s", name);
  if ((size_t) snprintf (whole, sizeof whole, "%s/.%s.new/%s", to, name, name) >= sizeof whole)
    return too_long (to, err);
  snprintf (last, sizeof last, "%s/%s", to, name);
  snprintf (new, sizeof new, "%s/.%s.new", to, name);
  nftw (new, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* of one that was interrupted */
  r = fettle_make_folder (whole, 0755, err);
  if (!r)
    r = unpack_tree (cli, from, text_of (component, "tree"), whole, err);
  if (!r)
    r = check_tree (cli, new, name, sha256, err);
  if (!r && rename (whole, last))
    r = errno == ENOTEMPTY || errno == EEXIST
          ? fettle_error_set (err, FETTLE_E_CONFIG, "there is a folder %.300s already: export to an empty "
                              "one", last)
          : fettle_error_errno (err, FETTLE_E_CONFIG, "naming %.400s", last);
  nftw (new, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return r;
}
