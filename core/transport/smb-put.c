/* smb-put.c - a file of the image onto the node, from an offset on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/smb.h"

#define PIECE (FETTLE_SMB_TRANSFER)

/* The file so far, for more at its end: nobody else writes, and it isn't a link. */
static fettle_result
reopen (struct fettle_smb_state *s, const char *share, const char *path, uint64_t offset,
        struct fettle_smb_open *ret)
{
  static const struct fettle_smb_how how = { SMB_WRITE_DATA | SMB_APPEND_DATA | SMB_READ_ATTRIBUTES,
                                             SMB_SHARE_READ, SMB_OPEN_EXISTING,
                                             SMB_NOT_DIRECTORY | SMB_NOT_THROUGH_LINK };
  fettle_result r = fettle_smb_open_file (s, share, path, &how, ret);

  if (r != FETTLE_OK || (ret->size == offset && !(ret->attributes & FETTLE_SMB_LINK)))
    return r;
  r = fettle_error_set (&s->c->error, FETTLE_E_REJECTED, "%s: it isn't a file of %llu bytes there", s->doing,
                        (unsigned long long) offset);
  return fettle_smb_close_file (s, ret, r);
}

static fettle_result
copy (struct fettle_smb_state *s, uint32_t file, uint64_t offset, struct fettle_smb_open *f)
{
  _cleanup_free_ char *piece = malloc (PIECE);
  fettle_result r = FETTLE_OK;
  int64_t n = 1;

  if (!piece)
    return fettle_error_set (&s->c->error, FETTLE_E_NOMEM, "%s: no memory", s->doing);
  while (r == FETTLE_OK && n > 0) {
    n = s->c->read_file (s->c, file, offset, piece, PIECE);
    if (n > 0)
      r = fettle_smb_write_at (s, f, offset, piece, (uint32_t) n);
    else if (n < 0)
      r = (fettle_result) n;
    offset += n > 0 ? (uint64_t) n : 0;
  }
  return r;
}

fettle_result
fettle_smb_put (fettle_ctx *c, uint32_t file, uint64_t offset, const char *share, const char *path)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  struct fettle_smb_open f;
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "writing %s/%s", share, path);
  r = fettle_smb_ready (c, &s);
  if (r == FETTLE_OK)
    r = offset ? reopen (s, share, path, offset, &f) : fettle_smb_create_anew (s, share, path, &f);
  return r == FETTLE_OK ? fettle_smb_close_file (s, &f, copy (s, file, offset, &f)) : r;
}
