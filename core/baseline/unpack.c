/* unpack.c - see unpack.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <openssl/evp.h>

#include "baseline/container.h"
#include "baseline/hasher.h"
#include "baseline/unpack.h"
#include "util/file.h"

static fettle_result
write_out (int fd, const void *data, size_t size, struct fettle_error *err)
{
  return fettle_write_all (fd, data, size)
         ? FETTLE_OK : fettle_error_errno (err, FETTLE_E_CONFIG, "writing it");
}

static fettle_result
copy (struct fettle_source *s, int out, struct fettle_error *err)
{
  const void *data;
  fettle_result r = FETTLE_OK;
  ssize_t n;

  while (!r && (n = fettle_source_read (s, &data)) != 0)
    r = n < 0 ? fettle_error_set (err, FETTLE_E_CONFIG, "%s", fettle_source_why (s))
              : write_out (out, data, (size_t) n, err);
  return r;
}

/* The member that is the path, or the archive that it begins with. */
static fettle_result
search (struct fettle_container *c, const char *path, int out, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  _cleanup_ (fettle_cleanup_container) struct fettle_container *inner = NULL;
  _cleanup_free_ struct fettle_member *m = malloc (sizeof *m);
  const char *behind = strstr (path, "!/");
  size_t n = behind ? (size_t) (behind - path) : strlen (path);
  fettle_result r;

  if (!m)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to unpack it");
  do {
    r = fettle_container_next (c, m, err);
    if (!r && m->kind == FETTLE_MEMBER_END)
      r = fettle_error_set (err, FETTLE_E_CONFIG, "it isn't in its archive any more");
  } while (!r && (m->kind == FETTLE_MEMBER_PROBLEM || strlen (m->path) != n
                  || memcmp (m->path, path, n) != 0));
  if (!r && m->kind == FETTLE_MEMBER_LINK)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "it is a link in its archive: use what it leads to");
  if (!r)
    r = fettle_container_source (c, &s, err);
  if (!r && !behind)
    return copy (s, out, err);
  if (!r)
    r = fettle_container_open (s, &inner, err);
  return r ? r : search (inner, behind + 2, out, err);
}

fettle_result
fettle_unpack_member (int archive, const char *path, int out, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  fettle_result r = fettle_container_open_fd (archive, &c, err);

  return r ? r : search (c, path, out, err);
}

fettle_result
fettle_unpack_keep (int in, int out, uint64_t size, const char *sha256, struct fettle_error *err)
{
  EVP_MD_CTX *md = EVP_MD_CTX_new ();
  char hex[FETTLE_SHA256_TEXT] = "", chunk[1 << 16];
  fettle_result r = FETTLE_OK;
  uint64_t got = 0;
  ssize_t n = 0;

  if (!md || !EVP_DigestInit_ex (md, EVP_sha256 (), NULL))
    r = fettle_error_set (err, FETTLE_E_NOMEM, "no memory to unpack it");
  while (!r && ((n = read (in, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))) {
    got += n > 0 ? (uint64_t) n : 0;
    if (n > 0 && got <= size) {
      EVP_DigestUpdate (md, chunk, (size_t) n);
      r = write_out (out, chunk, (size_t) n, err);
    }
  }
  if (!r && n < 0)
    r = fettle_error_errno (err, FETTLE_E_INTERNAL, "reading what was unpacked");
  if (md)
    fettle_hasher_finish (md, hex);
  EVP_MD_CTX_free (md);
  if (!r && (got != size || strcmp (hex, sha256) != 0))
    r = fettle_error_set (err, FETTLE_E_CONFIG, "what was unpacked isn't what was found when the"
                          " baseline was added: add it again");
  if (!r && fsync (out) && errno != EINVAL)
    r = fettle_error_errno (err, FETTLE_E_CONFIG, "writing it");
  return r;
}
