/* file.c - see file.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "util/file.h"
#include "util/text.h"

fettle_result
fettle_fd_read (int fd, const char *name, struct fettle_buf *ret, struct fettle_error *err)
{
  char chunk[16384];
  fettle_result r = FETTLE_OK;
  ssize_t n;

  while (r == FETTLE_OK && (n = read (fd, chunk, sizeof chunk)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      r = fettle_error_errno (err, FETTLE_E_CONFIG, "reading %s", name);
    else if (!fettle_buf_add (ret, chunk, (size_t) n))
      r = fettle_error_set (err, FETTLE_E_CONFIG, "%s is larger than %zu bytes", name, ret->max);
  }
  if (ret->secret)
    explicit_bzero (chunk, sizeof chunk);
  return r;
}

fettle_result
fettle_file_read (const char *path, struct fettle_buf *ret, struct fettle_error *err)
{
  _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading %s", path);
  return fettle_fd_read (fd, path, ret, err);
}

bool
fettle_write_all (int fd, const void *bytes, size_t size)
{
  const char *data = bytes;

  while (size) {
    ssize_t n = write (fd, data, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    data += n;
    size -= (size_t) n;
  }
  return true;
}

fettle_result
fettle_file_write (const char *path, mode_t mode, const void *data, size_t size,
                   struct fettle_error *err)
{
  char temporary[PATH_MAX];
  _cleanup_close_ int fd = -1;

  if ((size_t) snprintf (temporary, sizeof temporary, "%s.new", path) >= sizeof temporary)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s is too long", path);
  unlink (temporary);
  fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", temporary);
  if (!fettle_write_all (fd, data, size) || fsync (fd) || rename (temporary, path)) {
    fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", path);
    unlink (temporary);
    return err->code;
  }
  return FETTLE_OK;
}

fettle_result
fettle_make_folder (const char *path, mode_t mode, struct fettle_error *err)
{
  char part[PATH_MAX];
  size_t n = strlen (path);

  if (n >= sizeof part)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s is too long", path);
  memcpy (part, path, n + 1);
  for (char *p = part + 1; p <= part + n; p++) {
    if (*p != '/' && *p != '\0')
      continue;
    char c = *p;

    *p = '\0';
    if (mkdir (part, mode) && errno != EEXIST)
      return fettle_error_errno (err, FETTLE_E_CONFIG, "making the folder %s", part);
    *p = c;
  }
  return FETTLE_OK;
}

static void cleanup_md (EVP_MD_CTX **md) { EVP_MD_CTX_free (*md); }

fettle_result
fettle_fd_sha256 (int fd, const char *name, char ret_hex[FETTLE_SHA256_TEXT], uint64_t *ret_size,
                  struct fettle_error *err)
{
  _cleanup_ (cleanup_md) EVP_MD_CTX *md = EVP_MD_CTX_new ();
  _cleanup_free_ char *chunk = malloc (1 << 18);
  unsigned char digest[EVP_MAX_MD_SIZE];
  off_t at = 0;

  if (!md || !chunk || !EVP_DigestInit_ex (md, EVP_sha256 (), NULL))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to read %s", name);
  for (;;) {
    ssize_t n = pread (fd, chunk, 1 << 18, at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fettle_error_errno (err, FETTLE_E_CONFIG, "reading %s", name);
    if (n == 0)
      break;
    EVP_DigestUpdate (md, chunk, (size_t) n);
    at += n;
  }
  EVP_DigestFinal_ex (md, digest, NULL);
  fettle_hex (digest, 32, ret_hex);
  *ret_size = (uint64_t) at;
  return FETTLE_OK;
}

void
fettle_sha256 (const void *data, size_t size, char ret_hex[FETTLE_SHA256_TEXT])
{
  unsigned char digest[EVP_MAX_MD_SIZE];

  EVP_Digest (data, size, digest, NULL, EVP_sha256 (), NULL);
  fettle_hex (digest, 32, ret_hex);
}

void
fettle_file_stamp (const struct stat *st, char ret[FETTLE_STAMP_MAX])
{
  snprintf (ret, FETTLE_STAMP_MAX, "%llx:%llx:%lld:%lld.%09ld:%lld.%09ld",
            (unsigned long long) st->st_dev, (unsigned long long) st->st_ino,
            (long long) st->st_size, (long long) st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
            (long long) st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}
