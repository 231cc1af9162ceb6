/* deb.c - see deb.h.  SPDX-License-Identifier: Apache-2.0
 *
 * Three readers of libarchive stand on one another:
 *   ar (source) -> expand (one member, decompressed, counted) -> tar
 * The middle one is read to its very end, behind the tar's end too, so that
 * the compressor's own checksum is checked.
 */
#include "util/base.h"

#include <archive_entry.h>
#include <errno.h>

#include "baseline/deb-control.h"
#include "baseline/deb.h"
#include "baseline/expand.h"
#include "baseline/pgp.h"

static const struct {
  uint64_t control; /* bytes of control.tar */
  uint64_t data;    /* bytes of data.tar, see fettle_expand_limit */
  unsigned entries; /* of a tar */
} limits = { .control = 64u << 20, .data = UINT64_C (64) << 30, .entries = 1000000 };

enum { SIGNATURES_MAX = 8 };

/* ---- ar ---- */

static la_ssize_t
read_source (struct archive *a, void *source, const void **ret_data)
{
  ssize_t n = fettle_source_read (source, ret_data);

  if (n < 0)
    archive_set_error (a, EIO, "%s", fettle_source_why (source));
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
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a Debian package: %s", fettle_archive_why (a));
  *ret = STEAL (a);
  return FETTLE_OK;
}

/* What of it debsigs has signed, and how. */
struct deb {
  struct archive *ar;
  struct fettle_pgp_digests *digests; /* of all members that count */
  struct fettle_buf signatures[SIGNATURES_MAX];
  size_t n;
};

static void
cleanup_deb (struct deb *deb)
{
  fettle_pgp_digests_free (deb->digests);
  for (size_t i = 0; i < deb->n; i++)
    fettle_buf_clear (&deb->signatures[i]);
  if (deb->ar)
    archive_read_free (deb->ar);
}

/* _gpgorigin, _gpgmaint, ... are over the bytes of the other members. */
static fettle_result
keep_signature (struct deb *deb, struct fettle_error *err)
{
  struct fettle_buf *text = &deb->signatures[deb->n];
  char chunk[4096];
  la_ssize_t n;

  if (deb->n == SIGNATURES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it has more than %d signatures", SIGNATURES_MAX);
  *text = (struct fettle_buf) FETTLE_BUF_INIT (FETTLE_PGP_SIGNATURE_MAX);
  deb->n++;
  while ((n = archive_read_data (deb->ar, chunk, sizeof chunk)) > 0)
    if (!fettle_buf_add (text, chunk, (size_t) n))
      return fettle_error_set (err, FETTLE_E_CONFIG, "a signature in it is larger than %zu bytes",
                               text->max);
  return n < 0 ? fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a whole Debian package: %s",
                                   fettle_archive_why (deb->ar)) : FETTLE_OK;
}

/* The next member whose name doesn't begin with '_' (those are for others);
 * NULL at the end. */
static fettle_result
next_that_counts (struct deb *deb, struct archive_entry **ret, const char **ret_name,
                  struct fettle_error *err)
{
  for (;;) {
    int r = archive_read_next_header (deb->ar, ret);

    *ret_name = NULL;
    if (r == ARCHIVE_EOF)
      return FETTLE_OK;
    if (r != ARCHIVE_OK)
      return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a whole Debian package: %s",
                               fettle_archive_why (deb->ar));
    *ret_name = archive_entry_pathname (*ret);
    if (!*ret_name)
      *ret_name = "";
    if ((*ret_name)[0] != '_')
      return FETTLE_OK;
    if (strncmp (*ret_name, "_gpg", 4) == 0 && keep_signature (deb, err))
      return err->code;
  }
}

static fettle_result
next_member (struct deb *deb, const char *wanted, struct archive_entry **ret,
             struct fettle_error *err)
{
  const char *name;

  if (next_that_counts (deb, ret, &name, err))
    return err->code;
  if (!name)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is cut short: it ends before its %s", wanted);
  if (strncmp (name, wanted, strlen (wanted)) != 0)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it isn't a Debian package: it has \"%.40s\" in the place of %s", name,
                             wanted);
  return FETTLE_OK;
}

/* "debian-binary" says "2.0": other majors are other formats. */
static fettle_result
check_format (struct deb *deb, struct fettle_error *err)
{
  struct archive_entry *e;
  char text[64] = "";
  fettle_result r = next_member (deb, "debian-binary", &e, err);
  la_ssize_t n = r ? 0 : archive_read_data (deb->ar, text, sizeof text - 1);

  if (r)
    return r;
  if (n < 3 || text[0] != '2' || text[1] != '.')
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "its format isn't 2.x of Debian packages: it can't be read");
  fettle_pgp_digests_update (deb->digests, text, (size_t) n);
  return FETTLE_OK;
}

/* ---- one member without its compression ---- */

struct member {
  struct archive *ar;
  struct fettle_pgp_digests *digests;
  struct fettle_expand *expand;
  const char *name;
  char in[1 << 16];
};

static void
cleanup_member (struct member **m)
{
  if (*m)
    fettle_expand_free ((*m)->expand);
  free (*m);
}

static ssize_t
read_ar (void *opaque, const void **ret_data, char *why, size_t why_size)
{
  struct member *m = opaque;
  la_ssize_t n = archive_read_data (m->ar, m->in, sizeof m->in);

  if (n < 0)
    snprintf (why, why_size, "%s", fettle_archive_why (m->ar));
  else
    fettle_pgp_digests_update (m->digests, m->in, (size_t) n);
  *ret_data = m->in;
  return n < 0 ? -1 : (ssize_t) n;
}

static fettle_result
open_member (struct deb *deb, const char *name, uint64_t limit, struct member **ret,
             struct fettle_error *err)
{
  _cleanup_ (cleanup_member) struct member *m = calloc (1, sizeof *m);
  fettle_result r;

  if (!m)
    return no_memory (err);
  m->ar = deb->ar;
  m->digests = deb->digests;
  m->name = name;
  r = fettle_expand_open (&(struct fettle_stream) { read_ar, m }, limit, &m->expand, err);
  if (r)
    return fettle_error_prefix (err, "its %s is broken: ", name);
  *ret = STEAL (m);
  return FETTLE_OK;
}

/* ---- tar ---- */

static fettle_result
broken (const struct member *m, struct archive *tar, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "its %s is broken: %s", m->name, fettle_archive_why (tar));
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
  if (archive_entry_size (e) < 0 || (uint64_t) archive_entry_size (e) > fettle_expand_left (m->expand))
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
  struct fettle_archive_input in = { { fettle_expand_read, m->expand } };
  _cleanup_archive_ struct archive *tar = archive_read_new ();
  char why[300] = "";
  fettle_result r;

  if (!tar || archive_read_support_format_tar (tar) != ARCHIVE_OK)
    return no_memory (err);
  if (fettle_archive_open_stream (tar, &in) != ARCHIVE_OK)
    return broken (m, tar, err);
  r = read_entries (m, tar, control, err);
  if (!r && !fettle_expand_finish (m->expand, why, sizeof why)) /* behind the tar's end too */
    r = fettle_error_set (err, FETTLE_E_CONFIG, "its %s is broken: %s", m->name, why);
  return r;
}

/* ---- the package ---- */

/* What lies behind the compressor's end is signed too. */
static fettle_result
read_rest (struct member *m, struct fettle_error *err)
{
  char why[300] = "";
  const void *data;
  ssize_t n;

  while ((n = read_ar (m, &data, why, sizeof why)) > 0)
    continue;
  return n < 0 ? fettle_error_set (err, FETTLE_E_CONFIG, "its %s is broken: %s", m->name, why) : FETTLE_OK;
}

static fettle_result
read_member_tar (struct deb *deb, const char *which, struct fettle_buf *control,
                 struct fettle_error *err)
{
  _cleanup_ (cleanup_member) struct member *m = NULL;
  struct archive_entry *e;
  char name[32];
  fettle_result r = next_member (deb, which, &e, err);

  if (r)
    return r;
  snprintf (name, sizeof name, "%s", archive_entry_pathname (e));
  r = open_member (deb, name, control ? limits.control
                                    : fettle_expand_limit ((uint64_t) archive_entry_size (e), limits.data),
                   &m, err);
  if (!r)
    r = read_tar (m, control, err);
  return r ? r : read_rest (m, err);
}

/* Signatures are behind what they sign. */
static fettle_result
judge_signatures (struct deb *deb, struct fettle_component *c, struct fettle_error *err)
{
  struct fettle_vendor v = { 0 };
  struct archive_entry *e;
  const char *name;
  fettle_result r = next_that_counts (deb, &e, &name, err);

  for (size_t i = 0; !r && i < deb->n; i++)
    if (strncmp (fettle_buf_text (&deb->signatures[i]), "-----BEGIN PGP SIGNED", 21) == 0)
      fettle_vendor_found (&v, FETTLE_VENDOR_UNVERIFIABLE,
                           "not verifiable because it is signed by dpkg-sig, over digests that don't "
                           "count any more: sign it with debsigs");
    else
      fettle_pgp_check (fettle_buf_text (&deb->signatures[i]), deb->signatures[i].size, deb->digests, &v);
  return r ? r : fettle_vendor_apply (&v, c, err);
}

fettle_result
fettle_deb_read (struct fettle_source *s, struct fettle_component *c, struct fettle_error *err)
{
  _cleanup_ (cleanup_deb) struct deb deb = { .digests = fettle_pgp_digests_new () };
  _cleanup_ (fettle_buf_clear) struct fettle_buf control = FETTLE_BUF_INIT (FETTLE_DEB_CONTROL_MAX);
  fettle_result r = open_ar (s, &deb.ar, err);

  if (!r)
    r = check_format (&deb, err);
  if (!r)
    r = read_member_tar (&deb, "control.tar", &control, err);
  if (!r)
    r = fettle_deb_control_parse (fettle_buf_text (&control), control.size, c, err);
  if (!r)
    r = read_member_tar (&deb, "data.tar", NULL, err);
  return r ? r : judge_signatures (&deb, c, err);
}
