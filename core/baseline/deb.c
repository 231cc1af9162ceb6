/* deb.c - see deb.h.  SPDX-License-Identifier: Apache-2.0
 *
 * Three readers of libarchive stand on one another:
 *   ar (source) -> raw (one member, decompressed, counted) -> tar
 * The middle one is read to its very end, behind the tar's end too, so that
 * the compressor's own checksum is checked.
 */
#include "util/base.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <zlib.h>

#include "baseline/deb-control.h"
#include "baseline/deb.h"

static const struct {
  uint64_t control;    /* bytes of control.tar */
  uint64_t data;       /* bytes of data.tar ... */
  uint64_t data_least; /* ... which may always be this large ... */
  uint64_t data_ratio; /* ... or this many times its compressed size */
  unsigned entries;    /* of a tar */
} limits = {
  .control = 64u << 20, .data = UINT64_C (64) << 30, .data_least = 256u << 20, .data_ratio = 1000,
  .entries = 1000000,
};

static void
cleanup_archive (struct archive **a)
{
  if (*a)
    archive_read_free (*a);
}

#define _cleanup_archive_ _cleanup_ (cleanup_archive)

static const char *
why (struct archive *a)
{
  const char *text = archive_error_string (a);

  return text ? text : "it is damaged";
}

/* ---- ar ---- */

static la_ssize_t
read_source (struct archive *a, void *source, const void **ret_data)
{
  ssize_t n = fettle_source_read (source, ret_data);

  if (n < 0)
    archive_set_error (a, errno, "%s", strerror (errno));
  return n;
}

static fettle_result
no_memory (struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to unpack it");
}

static fettle_result
open_ar (struct fettle_source *s, struct archive **ret, struct fettle_error *err)
{
  _cleanup_archive_ struct archive *a = archive_read_new ();

  if (!a || archive_read_support_format_ar (a) != ARCHIVE_OK)
    return no_memory (err);
  if (archive_read_open2 (a, s, NULL, read_source, NULL, NULL) != ARCHIVE_OK)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a Debian package: %s", why (a));
  *ret = STEAL (a);
  return FETTLE_OK;
}

/* The next member whose name doesn't begin with '_' (those are for others). */
static fettle_result
next_member (struct archive *ar, const char *wanted, struct archive_entry **ret,
             struct fettle_error *err)
{
  const char *name;

  do {
    int r = archive_read_next_header (ar, ret);

    if (r == ARCHIVE_EOF)
      return fettle_error_set (err, FETTLE_E_CONFIG, "it is cut short: it ends before its %s",
                               wanted);
    if (r != ARCHIVE_OK)
      return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a whole Debian package: %s", why (ar));
    name = archive_entry_pathname (*ret);
    if (!name)
      name = "";
  } while (name[0] == '_');
  if (strncmp (name, wanted, strlen (wanted)) != 0)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it isn't a Debian package: it has \"%.40s\" in the place of %s", name,
                             wanted);
  return FETTLE_OK;
}

/* "debian-binary" says "2.0": other majors are other formats. */
static fettle_result
check_format (struct archive *ar, struct fettle_error *err)
{
  struct archive_entry *e;
  char text[8] = "";
  fettle_result r = next_member (ar, "debian-binary", &e, err);

  if (r)
    return r;
  if (archive_read_data (ar, text, sizeof text - 1) < 3 || text[0] != '2' || text[1] != '.')
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "its format isn't 2.x of Debian packages: it can't be read");
  return FETTLE_OK;
}

/* ---- raw: one member without its compression ---- */

struct member {
  struct archive *ar, *raw;
  const char *name;
  uint64_t left; /* bytes that it may still expand to */
  uint64_t expanded;
  uint32_t crc;  /* of what it expanded to */
  unsigned char tail[8]; /* its last bytes as they are in the ar */
  char in[1 << 16], out[1 << 16];
};

static void
member_free (struct member *m)
{
  if (m->raw)
    archive_read_free (m->raw);
  free (m);
}

static void cleanup_member (struct member **m) { if (*m) member_free (*m); }

static void
keep_tail (struct member *m, size_t n)
{
  size_t old = n < sizeof m->tail ? sizeof m->tail - n : 0;

  if (old)
    memmove (m->tail, m->tail + sizeof m->tail - old, old);
  memcpy (m->tail + old, m->in + n - (sizeof m->tail - old), sizeof m->tail - old);
}

static la_ssize_t
read_ar (struct archive *a, void *arg, const void **ret_data)
{
  struct member *m = arg;
  la_ssize_t n = archive_read_data (m->ar, m->in, sizeof m->in);

  if (n < 0) {
    archive_set_error (a, EIO, "%s", why (m->ar));
    return -1;
  }
  keep_tail (m, (size_t) n);
  *ret_data = m->in;
  return n;
}

/* What libarchive would do by running a program isn't wanted. */
static void
support_filters (struct archive *a)
{
  if (archive_zlib_version ())
    archive_read_support_filter_gzip (a);
  if (archive_bzlib_version ())
    archive_read_support_filter_bzip2 (a);
  if (archive_liblzma_version ()) {
    archive_read_support_filter_xz (a);
    archive_read_support_filter_lzma (a);
  }
  if (archive_libzstd_version ())
    archive_read_support_filter_zstd (a);
}

static fettle_result
open_member (struct archive *ar, const char *name, uint64_t limit, struct member **ret,
             struct fettle_error *err)
{
  _cleanup_ (cleanup_member) struct member *m = malloc (sizeof *m);
  struct archive_entry *e;

  if (!m)
    return no_memory (err);
  m->ar = ar;
  m->name = name;
  m->left = limit;
  m->expanded = 0;
  m->crc = 0;
  memset (m->tail, 0, sizeof m->tail);
  m->raw = archive_read_new ();
  if (!m->raw || archive_read_support_format_raw (m->raw) != ARCHIVE_OK)
    return no_memory (err);
  support_filters (m->raw);
  if (archive_read_open2 (m->raw, m, NULL, read_ar, NULL, NULL) != ARCHIVE_OK
      || archive_read_next_header (m->raw, &e) != ARCHIVE_OK)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its %s is broken: %s", name, why (m->raw));
  *ret = STEAL (m);
  return FETTLE_OK;
}

static la_ssize_t
read_member (struct archive *a, void *arg, const void **ret_data)
{
  struct member *m = arg;
  la_ssize_t n = archive_read_data (m->raw, m->out, sizeof m->out);

  if (n < 0) {
    archive_set_error (a, EIO, "%s", why (m->raw));
    return -1;
  }
  if ((uint64_t) n > m->left) {
    archive_set_error (a, EFBIG, "it expands to more than is allowed");
    return -1;
  }
  m->left -= (uint64_t) n;
  m->expanded += (uint64_t) n;
  m->crc = (uint32_t) crc32_z (m->crc, (const unsigned char *) m->out, (size_t) n);
  *ret_data = m->out;
  return n;
}

static uint32_t
little_endian (const unsigned char *b)
{
  return b[0] | (uint32_t) b[1] << 8 | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
}

/* libarchive doesn't check gzip's checksum, which is at the end, before the
 * size.  Another size than ours is that of the last of several streams: these
 * are left to the node's package tool. */
static bool
gzip_ok (const struct member *m)
{
  return archive_filter_code (m->raw, 0) != ARCHIVE_FILTER_GZIP
         || little_endian (m->tail + 4) != (uint32_t) m->expanded
         || little_endian (m->tail) == m->crc;
}

/* ---- tar ---- */

static fettle_result
broken (const struct member *m, struct archive *tar, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "its %s is broken: %s", m->name, why (tar));
}

static bool
leads_out (const char *path)
{
  while (*path) {
    size_t n = strcspn (path, "/");

    if (n == 2 && memcmp (path, "..", 2) == 0)
      return true;
    path += n + (path[n] == '/');
  }
  return false;
}

static const char *
entry_path (struct archive_entry *e)
{
  const char *path = archive_entry_pathname (e);

  return path ? path : archive_entry_pathname_utf8 (e);
}

static fettle_result
check_entry (const struct member *m, struct archive_entry *e, struct fettle_error *err)
{
  const char *path = entry_path (e), *link = archive_entry_hardlink (e);

  if (!path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its %s has a file name that isn't text", m->name);
  if (leads_out (path) || (link && leads_out (link)))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "its %s has the path \"%.200s\", which leads out of its folder", m->name,
                             leads_out (path) ? path : link);
  if (archive_entry_size (e) < 0 || (uint64_t) archive_entry_size (e) > m->left)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "its %s has the file \"%.200s\" of %lld bytes: more than is allowed",
                             m->name, path, (long long) archive_entry_size (e));
  return FETTLE_OK;
}

static bool
is_control (struct archive_entry *e)
{
  const char *path = entry_path (e);

  return strcmp (path, "./control") == 0 || strcmp (path, "control") == 0;
}

static fettle_result
keep_control (const struct member *m, struct archive *tar, struct archive_entry *e,
              struct fettle_buf *control, struct fettle_error *err)
{
  char chunk[4096];
  la_ssize_t n;

  if (archive_entry_filetype (e) != AE_IFREG || control->size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its %s has no one regular file \"control\"",
                             m->name);
  while ((n = archive_read_data (tar, chunk, sizeof chunk)) > 0)
    if (!fettle_buf_add (control, chunk, (size_t) n))
      return fettle_error_set (err, FETTLE_E_CONFIG, "its control file is larger than %zu bytes",
                               control->max);
  return n < 0 ? broken (m, tar, err) : FETTLE_OK;
}

/* Each entry is looked at; `control` (may be NULL) gets that file. */
static fettle_result
read_entries (const struct member *m, struct archive *tar, struct fettle_buf *control,
              struct fettle_error *err)
{
  struct archive_entry *e;

  for (unsigned n = 0;; n++) {
    int got = archive_read_next_header (tar, &e);
    fettle_result r;

    if (got == ARCHIVE_EOF)
      return FETTLE_OK;
    if (got < ARCHIVE_WARN)
      return broken (m, tar, err);
    if (n >= limits.entries)
      return fettle_error_set (err, FETTLE_E_CONFIG, "its %s has more than %u files", m->name,
                               limits.entries);
    r = check_entry (m, e, err);
    if (!r && control && is_control (e))
      r = keep_control (m, tar, e, control, err);
    if (r)
      return r;
  }
}

static fettle_result
read_tar (struct member *m, struct fettle_buf *control, struct fettle_error *err)
{
  _cleanup_archive_ struct archive *tar = archive_read_new ();
  const void *rest;
  la_ssize_t n;
  fettle_result r;

  if (!tar || archive_read_support_format_tar (tar) != ARCHIVE_OK)
    return no_memory (err);
  if (archive_read_open2 (tar, m, NULL, read_member, NULL, NULL) != ARCHIVE_OK)
    return broken (m, tar, err);
  r = read_entries (m, tar, control, err);
  if (r)
    return r;
  while ((n = read_member (tar, m, &rest)) > 0) /* to the compressor's checksum */
    continue;
  if (n < 0)
    return broken (m, tar, err);
  if (!gzip_ok (m))
    return fettle_error_set (err, FETTLE_E_CONFIG, "its %s is broken: its checksum is wrong", m->name);
  return FETTLE_OK;
}

/* ---- the package ---- */

static uint64_t
data_limit (uint64_t packed)
{
  uint64_t limit = packed > limits.data / limits.data_ratio ? limits.data
                                                            : packed * limits.data_ratio;

  return limit < limits.data_least ? limits.data_least : limit;
}

static fettle_result
read_member_tar (struct archive *ar, const char *which, struct fettle_buf *control,
                 struct fettle_error *err)
{
  _cleanup_ (cleanup_member) struct member *m = NULL;
  struct archive_entry *e;
  char name[32];
  fettle_result r = next_member (ar, which, &e, err);

  if (r)
    return r;
  snprintf (name, sizeof name, "%s", archive_entry_pathname (e));
  r = open_member (ar, name, control ? limits.control : data_limit ((uint64_t) archive_entry_size (e)),
                   &m, err);
  return r ? r : read_tar (m, control, err);
}

fettle_result
fettle_deb_read (struct fettle_source *s, struct fettle_component *c, struct fettle_error *err)
{
  _cleanup_archive_ struct archive *ar = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf control = FETTLE_BUF_INIT (FETTLE_DEB_CONTROL_MAX);
  fettle_result r = open_ar (s, &ar, err);

  if (!r)
    r = check_format (ar, err);
  if (!r)
    r = read_member_tar (ar, "control.tar", &control, err);
  if (!r)
    r = fettle_deb_control_parse (fettle_buf_text (&control), control.size, c, err);
  if (!r)
    r = read_member_tar (ar, "data.tar", NULL, err);
  return r;
}
