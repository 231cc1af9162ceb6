/* container.c - see container.h.  SPDX-License-Identifier: Apache-2.0
 *
 * Where a member lies: libarchive doesn't say, but it counts what it has
 * consumed.  When a block of an uncompressed member is handed out, all before
 * it is consumed, so the count is the block's place.  Each block must lie where
 * the one before ended, and at the end all must have been consumed: then there
 * was nothing to unpack.
 */
#include "util/base.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "baseline/container.h"
#include "baseline/expand.h"
#include "baseline/udf.h"

enum { CHUNK = 1 << 20, DEPTH_MAX = 32 };

enum format { NONE, ZIP, TAR, ISO, UDF, PACKED, CAB, AR };

struct fettle_container {
  enum format format;
  struct archive *a; /* ... or ... */
  struct fettle_udf *udf;
  struct archive_entry *entry;
  struct fettle_source *source; /* the one or ... */
  int fd;                       /* ... the other */
  struct fettle_archive_input input;
  struct fettle_expand *expand;
  uint64_t position, left;
  unsigned files;
  struct {
    uint64_t begin, size;
    bool straight, ended;
  } member;
  char chunk[];
};

/* ---- which one is it? ---- */

static bool
has (const char *data, size_t size, size_t at, const char *what, size_t n)
{
  return size >= at + n && memcmp (data + at, what, n) == 0;
}

static enum format
format_of (const char *data, size_t n)
{
  if (has (data, n, 0, "PK\3\4", 4) || has (data, n, 0, "PK\5\6", 4))
    return ZIP;
  if (has (data, n, 0, "\x1f\x8b", 2) || has (data, n, 0, "\xfd" "7zXZ\0", 6)
      || has (data, n, 0, "\x28\xb5\x2f\xfd", 4) || has (data, n, 0, "BZh", 3))
    return PACKED;
  if (has (data, n, 0, "MSCF\0\0\0\0", 8))
    return CAB;
  if (has (data, n, 0, "!<arch>\n", 8))
    return AR;
  for (size_t sector = 16; sector < 32; sector++)
    if (has (data, n, sector * 2048 + 1, "CD001", 5))
      return ISO;
  if (has (data, n, 16 * 2048 + 1, "BEA01", 5))
    return UDF;
  return has (data, n, 257, "ustar", 5) ? TAR : NONE;
}

bool
fettle_container_is (struct fettle_source *s)
{
  const void *head;
  ssize_t n = fettle_source_peek (s, &head);

  enum format format = n > 0 ? format_of (head, (size_t) n) : NONE;

  return format != NONE && format != CAB && format != AR;
}

/* ---- opening ---- */

static la_ssize_t
read_fd (struct archive *a, void *opaque, const void **ret_data)
{
  struct fettle_container *c = opaque;
  ssize_t n;

  do
    n = pread (c->fd, c->chunk, CHUNK, (off_t) c->position);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    archive_set_error (a, errno, "reading it failed: %s", strerror (errno));
  else
    c->position += (uint64_t) n;
  *ret_data = c->chunk;
  return n;
}

static la_int64_t
skip_fd (struct archive *a FETTLE_UNUSED, void *opaque, la_int64_t bytes)
{
  struct fettle_container *c = opaque;
  struct stat st;

  if (bytes < 0 || fstat (c->fd, &st) || (uint64_t) bytes > (uint64_t) st.st_size - c->position)
    return 0; /* it reads to the end then, and says so */
  c->position += (uint64_t) bytes;
  return bytes;
}

static la_int64_t
seek_fd (struct archive *a, void *opaque, la_int64_t offset, int whence)
{
  struct fettle_container *c = opaque;
  struct stat st;
  int64_t base = whence == SEEK_CUR ? (int64_t) c->position : 0;

  if (whence == SEEK_END && fstat (c->fd, &st) == 0)
    base = st.st_size;
  if (__builtin_add_overflow (base, offset, &base) || base < 0) {
    archive_set_error (a, EINVAL, "it points to a place outside of itself");
    return ARCHIVE_FATAL;
  }
  c->position = (uint64_t) base;
  return base;
}

static ssize_t
read_source (void *opaque, const void **ret_data, char *why, size_t why_size)
{
  struct fettle_container *c = opaque;
  ssize_t n = fettle_source_read (c->source, ret_data);

  if (n < 0)
    snprintf (why, why_size, "%s", fettle_source_why (c->source));
  else
    c->position += (uint64_t) n;
  return n;
}

static ssize_t
read_fd_stream (void *opaque, const void **ret_data, char *why, size_t why_size)
{
  struct fettle_container *c = opaque;
  la_ssize_t n = read_fd (c->a, c, ret_data);

  if (n < 0)
    snprintf (why, why_size, "%s", fettle_archive_why (c->a));
  return n < 0 ? -1 : (ssize_t) n;
}

static int
open_archive (struct fettle_container *c)
{
  if (c->expand) {
    c->input.stream = (struct fettle_stream) { fettle_expand_read, c->expand };
    return fettle_archive_open_stream (c->a, &c->input);
  }
  if (c->source) {
    c->input.stream = (struct fettle_stream) { read_source, c };
    return fettle_archive_open_stream (c->a, &c->input);
  }
  archive_read_set_read_callback (c->a, read_fd);
  archive_read_set_skip_callback (c->a, skip_fd);
  archive_read_set_seek_callback (c->a, seek_fd);
  archive_read_set_callback_data (c->a, c);
  return archive_read_open1 (c->a);
}

static fettle_result
support (struct fettle_container *c, enum format format, struct fettle_error *err)
{
  int r = ARCHIVE_FATAL;

  switch (format) {
  case ZIP:
    r = c->source ? archive_read_support_format_zip_streamable (c->a)
                  : archive_read_support_format_zip_seekable (c->a);
    break;
  case ISO:
    r = archive_read_support_format_iso9660 (c->a);
    break;
  case TAR:
  case PACKED:
    r = archive_read_support_format_tar (c->a);
    break;
  case CAB:
    r = archive_read_support_format_cab (c->a);
    break;
  case AR:
    r = archive_read_support_format_ar (c->a);
    break;
  case UDF:
  case NONE:
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is none of the archives that can be read: ISO "
                             "9660 or UDF image, zip, tar, tar.gz, tar.bz2, tar.xz, tar.zst");
  }
  return r >= ARCHIVE_WARN ? FETTLE_OK
                           : fettle_error_set (err, FETTLE_E_NOMEM, "no memory to look into it");
}

/* It can't be read from its beginning to its end. */
static fettle_result
begin_udf (struct fettle_container *c, struct fettle_error *err)
{
  int fd = c->fd;
  fettle_result r = c->source ? fettle_source_spool (c->source, &fd, err) : FETTLE_OK;

  return r ? r : fettle_udf_open (fd, &c->udf, err);
}

static fettle_result
begin (struct fettle_container *c, enum format format, uint64_t size, struct fettle_error *err)
{
  const uint64_t guess = UINT64_C (64) << 20;
  struct fettle_stream in = { c->source ? read_source : read_fd_stream, c };
  fettle_result r;

  c->format = format;
  c->left = fettle_expand_limit (size == FETTLE_SIZE_UNKNOWN ? guess : size,
                                 FETTLE_CONTAINER_SIZE_MAX);
  if (format == UDF)
    return begin_udf (c, err);
  c->a = archive_read_new ();
  if (!c->a)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to look into it");
  r = support (c, format, err);
  if (!r && format == PACKED)
    r = fettle_expand_open (&in, c->left, &c->expand, err);
  if (!r && open_archive (c) != ARCHIVE_OK)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "%s", fettle_archive_why (c->a));
  return r;
}

fettle_result
fettle_container_open (struct fettle_source *s, struct fettle_container **ret,
                       struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = calloc (1, sizeof *c);
  const void *head;
  ssize_t n = fettle_source_peek (s, &head);
  fettle_result r;

  if (!c)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to look into it");
  if (n < 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s", fettle_source_why (s));
  c->source = s;
  c->fd = -1;
  r = begin (c, format_of (head, (size_t) n), fettle_source_size (s), err);
  if (!r)
    *ret = STEAL (c);
  return r;
}

fettle_result
fettle_container_open_fd (int fd, struct fettle_container **ret, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = calloc (1, sizeof *c + CHUNK);
  struct stat st;
  ssize_t n = c ? pread (fd, c->chunk, CHUNK, 0) : -1;
  fettle_result r;

  if (n < 0 || fstat (fd, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading it failed");
  c->fd = fd;
  r = begin (c, format_of (c->chunk, (size_t) n), (uint64_t) st.st_size, err);
  if (!r)
    *ret = STEAL (c);
  return r;
}

uint64_t
fettle_container_position (const struct fettle_container *c)
{
  return c->udf ? fettle_udf_position (c->udf) : c->position;
}

/* ---- members ---- */

const char *
fettle_path_wrong (const char *path)
{
  unsigned depth = 0;

  if (path[0] == '/')
    return "its path begins with /, and so leads out of the archive";
  if (strstr (path, "!/"))
    return "its path has \"!/\" in it, which isn't allowed";
  for (;;) {
    size_t n = strcspn (path, "/");

    if (n == 2 && memcmp (path, "..", 2) == 0)
      return "its path leads out of the archive";
    if (n > NAME_MAX || ++depth > DEPTH_MAX)
      return "its path is too long, or too deep in folders";
    if (!path[n])
      return NULL;
    path += n + 1;
  }
}

/* "./a//b" is "a/b". */
static bool
tidy (const char *path, char *ret, size_t size)
{
  size_t used = 0;

  while (*path) {
    size_t n = strcspn (path, "/");

    if (n && !(n == 1 && path[0] == '.')) {
      if (used + n + 2 > size)
        return false;
      if (used)
        ret[used++] = '/';
      memcpy (ret + used, path, n);
      used += n;
    }
    path += n + (path[n] == '/');
  }
  ret[used] = '\0';
  return used > 0;
}

static bool
problem (struct fettle_member *m, const char *text)
{
  m->kind = FETTLE_MEMBER_PROBLEM;
  snprintf (m->text, sizeof m->text, "%s", text);
  return true;
}

/* Where a symbolic link leads, in folders above its own. */
static bool
leads_out (const char *path, const char *target)
{
  int depth = 0;

  if (target[0] == '/')
    return true;
  for (; *path; path++)
    depth += *path == '/';
  while (*target) {
    size_t n = strcspn (target, "/");

    if (n == 2 && memcmp (target, "..", 2) == 0)
      depth--;
    else if (n && !(n == 1 && target[0] == '.'))
      depth++;
    if (depth < 0)
      return true;
    target += n + (target[n] == '/');
  }
  return false;
}

static bool
look_at_link (struct fettle_container *c, struct fettle_member *m)
{
  const char *hard = archive_entry_hardlink (c->entry);
  const char *target = archive_entry_symlink (c->entry);

  if (hard) {
    m->kind = FETTLE_MEMBER_LINK;
    if (fettle_path_wrong (hard) || !tidy (hard, m->text, sizeof m->text))
      return problem (m, "it is a link that leads out of the archive, and isn't followed");
    return true;
  }
  return (!target || leads_out (m->path, target))
         && problem (m, "it is a link that leads out of the archive, and isn't followed");
}

/* What the entry is; false when it is of no concern. */
static bool
look_at (struct fettle_container *c, struct fettle_member *m)
{
  const char *path = archive_entry_pathname (c->entry), *wrong;
  mode_t type = archive_entry_filetype (c->entry);

  if (!path)
    path = archive_entry_pathname_utf8 (c->entry);
  if (!path) {
    snprintf (m->path, sizeof m->path, "entry %u", c->files);
    return problem (m, "its name isn't text");
  }
  if (type == AE_IFDIR && !archive_entry_hardlink (c->entry))
    return false;
  wrong = fettle_path_wrong (path);
  if (wrong || !tidy (path, m->path, sizeof m->path)) {
    snprintf (m->path, sizeof m->path, "%.1000s", path);
    return problem (m, wrong ? wrong : "its path is too long, or empty");
  }
  if (archive_entry_hardlink (c->entry) || type == AE_IFLNK)
    return look_at_link (c, m);
  if (type && type != AE_IFREG)
    return problem (m, "it isn't a regular file");
  m->kind = FETTLE_MEMBER_FILE;
  m->size = archive_entry_size_is_set (c->entry) && archive_entry_size (c->entry) >= 0
              ? (uint64_t) archive_entry_size (c->entry) : FETTLE_SIZE_UNKNOWN;
  return true;
}

static fettle_result
next_archive (struct fettle_container *c, struct fettle_member *m, struct fettle_error *err)
{
  do {
    int r = archive_read_next_header (c->a, &c->entry);

    m->kind = FETTLE_MEMBER_END;
    if (r == ARCHIVE_EOF)
      return FETTLE_OK;
    if (r < ARCHIVE_WARN)
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s", fettle_archive_why (c->a));
    if (++c->files > FETTLE_CONTAINER_FILES_MAX)
      return fettle_error_set (err, FETTLE_E_CONFIG, "it has more than %d files",
                               FETTLE_CONTAINER_FILES_MAX);
    c->member.straight = !c->expand;
    c->member.ended = false;
    c->member.size = 0;
  } while (!look_at (c, m));
  return FETTLE_OK;
}

fettle_result
fettle_container_next (struct fettle_container *c, struct fettle_member *m,
                       struct fettle_error *err)
{
  fettle_result r = c->udf ? fettle_udf_next (c->udf, m) : next_archive (c, m, err);

  if (!r && m->kind == FETTLE_MEMBER_FILE && m->size != FETTLE_SIZE_UNKNOWN && m->size > c->left)
    problem (m, "it says that it expands to more than is allowed");
  return r;
}

/* ---- a member's bytes ---- */

static ssize_t
fail (char *why, size_t size, const char *text)
{
  snprintf (why, size, "%s", text);
  return -1;
}

static void
follow (struct fettle_container *c)
{
  uint64_t at = (uint64_t) archive_filter_bytes (c->a, 0);

  if (!c->member.size)
    c->member.begin = at;
  else if (at != c->member.begin + c->member.size)
    c->member.straight = false;
}

static ssize_t
read_member (void *opaque, const void **ret_data, char *why, size_t why_size)
{
  struct fettle_container *c = opaque;
  la_int64_t offset;
  size_t n = 0;
  int r;

  do
    r = archive_read_data_block (c->a, ret_data, &n, &offset);
  while (r == ARCHIVE_OK && n == 0);
  if (r == ARCHIVE_EOF) {
    c->member.ended = true;
    if (archive_entry_size_is_set (c->entry)
        && archive_entry_size (c->entry) != (la_int64_t) c->member.size)
      return fail (why, why_size, "it has another size than its archive says");
    return 0;
  }
  if (r != ARCHIVE_OK)
    return fail (why, why_size, fettle_archive_why (c->a));
  if (offset != (la_int64_t) c->member.size)
    return fail (why, why_size, "it has holes: pack it again without those");
  if (n > c->left)
    return fail (why, why_size, "it expands to more than is allowed");
  follow (c);
  c->left -= n;
  c->member.size += n;
  return (ssize_t) n;
}

static ssize_t
read_udf (void *opaque, const void **ret_data, char *why, size_t why_size)
{
  struct fettle_container *c = opaque;
  ssize_t n = fettle_udf_read (c->udf, ret_data, why, why_size);

  if (n > 0 && (uint64_t) n > c->left)
    return fail (why, why_size, "it expands to more than is allowed");
  c->left -= n > 0 ? (uint64_t) n : 0;
  return n;
}

static fettle_result
udf_source (struct fettle_container *c, struct fettle_source **ret, struct fettle_error *err)
{
  return fettle_source_of_stream (&(struct fettle_stream) { read_udf, c }, fettle_udf_size (c->udf),
                                  ret, err);
}

static fettle_result
archive_source (struct fettle_container *c, struct fettle_source **ret, struct fettle_error *err)
{
  uint64_t size = archive_entry_size_is_set (c->entry) ? (uint64_t) archive_entry_size (c->entry)
                                                       : FETTLE_SIZE_UNKNOWN;

  return fettle_source_of_stream (&(struct fettle_stream) { read_member, c }, size, ret, err);
}

fettle_result
fettle_container_source (struct fettle_container *c, struct fettle_source **ret,
                         struct fettle_error *err)
{
  return c->udf ? udf_source (c, ret, err) : archive_source (c, ret, err);
}

static bool
stored_in_archive (const struct fettle_container *c, uint64_t *ret_offset)
{
  uint64_t end = (uint64_t) archive_filter_bytes (c->a, 0);

  if (!c->member.straight || !c->member.ended)
    return false;
  /* A tar packs nothing by itself, and has consumed what fills the block. */
  if (c->member.size && c->format != TAR && end != c->member.begin + c->member.size)
    return false;
  *ret_offset = c->member.size ? c->member.begin : 0;
  return true;
}

bool
fettle_container_stored (const struct fettle_container *c, uint64_t *ret_offset)
{
  return c->udf ? fettle_udf_stored (c->udf, ret_offset) : stored_in_archive (c, ret_offset);
}

fettle_result
fettle_container_finish (struct fettle_container *c, struct fettle_error *err)
{
  char why[300] = "";
  const void *rest;
  ssize_t n = 0;

  if (c->expand && !fettle_expand_finish (c->expand, why, sizeof why))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s", why);
  while (c->source && !c->expand && (n = fettle_source_read (c->source, &rest)) > 0)
    continue;
  return n < 0 ? fettle_error_set (err, FETTLE_E_CONFIG, "%s", fettle_source_why (c->source))
               : FETTLE_OK;
}

void
fettle_container_free (struct fettle_container *c)
{
  if (!c)
    return;
  if (c->a)
    archive_read_free (c->a);
  fettle_udf_free (c->udf);
  fettle_expand_free (c->expand);
  free (c);
}
