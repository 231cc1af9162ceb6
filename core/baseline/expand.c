/* expand.c - see expand.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <archive_entry.h>
#include <errno.h>
#include <zlib.h>

#include "baseline/expand.h"

struct fettle_expand {
  struct fettle_stream in;
  struct archive *raw;
  uint64_t left; /* bytes that it may still expand to */
  uint64_t expanded;
  uint32_t crc;          /* of what it expanded to */
  unsigned char tail[8]; /* its last bytes as they came in */
  char out[1 << 16];
};

const char *
fettle_archive_why (struct archive *a)
{
  const char *text = archive_error_string (a);

  return text ? text : "it is damaged";
}

uint64_t
fettle_expand_limit (uint64_t packed, uint64_t most)
{
  const uint64_t least = UINT64_C (256) << 20, ratio = 1000;
  uint64_t limit = packed > most / ratio ? most : packed * ratio;

  return limit < least ? least : limit;
}

/* ---- libarchive on a stream ---- */

static la_ssize_t
read_input (struct archive *a, void *opaque, const void **ret_data)
{
  struct fettle_archive_input *in = opaque;
  char why[300] = "";
  ssize_t n = in->stream.read (in->stream.opaque, ret_data, why, sizeof why);

  if (n < 0)
    archive_set_error (a, EIO, "%s", why);
  return n;
}

int
fettle_archive_open_stream (struct archive *a, struct fettle_archive_input *in)
{
  return archive_read_open2 (a, in, NULL, read_input, NULL, NULL);
}

/* ---- one compressed stream ---- */

static void
keep_tail (struct fettle_expand *e, const char *data, size_t n)
{
  size_t size = sizeof e->tail, old = n < size ? size - n : 0;

  if (old)
    memmove (e->tail, e->tail + size - old, old);
  memcpy (e->tail + old, data + n - (size - old), size - old);
}

static la_ssize_t
read_packed (struct archive *a, void *opaque, const void **ret_data)
{
  struct fettle_expand *e = opaque;
  char why[300] = "";
  ssize_t n = e->in.read (e->in.opaque, ret_data, why, sizeof why);

  if (n < 0)
    archive_set_error (a, EIO, "%s", why);
  else if (n > 0)
    keep_tail (e, *ret_data, (size_t) n);
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

fettle_result
fettle_expand_open (const struct fettle_stream *in, uint64_t limit, struct fettle_expand **ret,
                    struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_expand) struct fettle_expand *e = calloc (1, sizeof *e);
  struct archive_entry *entry;

  if (e)
    e->raw = archive_read_new ();
  if (!e || !e->raw || archive_read_support_format_raw (e->raw) != ARCHIVE_OK
      || archive_read_support_format_empty (e->raw) != ARCHIVE_OK)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to unpack it");
  e->in = *in;
  e->left = limit;
  support_filters (e->raw);
  if (archive_read_open2 (e->raw, e, NULL, read_packed, NULL, NULL) != ARCHIVE_OK
      || archive_read_next_header (e->raw, &entry) != ARCHIVE_OK)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s", fettle_archive_why (e->raw));
  *ret = STEAL (e);
  return FETTLE_OK;
}

ssize_t
fettle_expand_read (void *opaque, const void **ret_data, char *why, size_t why_size)
{
  struct fettle_expand *e = opaque;
  la_ssize_t n = archive_read_data (e->raw, e->out, sizeof e->out);

  if (n < 0) {
    snprintf (why, why_size, "%s", fettle_archive_why (e->raw));
    return -1;
  }
  if ((uint64_t) n > e->left) {
    snprintf (why, why_size, "it expands to more than is allowed");
    return -1;
  }
  e->left -= (uint64_t) n;
  e->expanded += (uint64_t) n;
  e->crc = (uint32_t) crc32_z (e->crc, (const unsigned char *) e->out, (size_t) n);
  *ret_data = e->out;
  return (ssize_t) n;
}

static uint32_t
little_endian (const unsigned char *b)
{
  return b[0] | (uint32_t) b[1] << 8 | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
}

/* gzip's checksum is at the end, before the size.  Another size than ours is
 * that of the last of several streams: these are left to who unpacks it. */
static bool
gzip_ok (const struct fettle_expand *e)
{
  return archive_filter_code (e->raw, 0) != ARCHIVE_FILTER_GZIP
         || little_endian (e->tail + 4) != (uint32_t) e->expanded
         || little_endian (e->tail) == e->crc;
}

bool
fettle_expand_finish (struct fettle_expand *e, char *why, size_t why_size)
{
  const void *rest;
  ssize_t n;

  while ((n = fettle_expand_read (e, &rest, why, why_size)) > 0)
    continue;
  if (n == 0 && !gzip_ok (e)) {
    snprintf (why, why_size, "its checksum is wrong");
    n = -1;
  }
  return n == 0;
}

uint64_t
fettle_expand_left (const struct fettle_expand *e)
{
  return e->left;
}

bool
fettle_expand_is_plain (const struct fettle_expand *e)
{
  return archive_filter_code (e->raw, 0) == ARCHIVE_FILTER_NONE;
}

void
fettle_expand_free (struct fettle_expand *e)
{
  if (!e)
    return;
  if (e->raw)
    archive_read_free (e->raw);
  free (e);
}
