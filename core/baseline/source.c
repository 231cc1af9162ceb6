/* source.c - see source.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "baseline/source.h"

enum { CHUNK = 1 << 18 };

struct fettle_source {
  int fd;
  EVP_MD_CTX *md;
  uint64_t size;
  char chunk[CHUNK];
};

/* Folder by folder, so that no link on the way leads anywhere else. */
static int
open_beneath (int folder, const char *path)
{
  _cleanup_close_ int above = fcntl (folder, F_DUPFD_CLOEXEC, 0);
  char part[NAME_MAX + 1];

  while (above >= 0) {
    size_t n = strcspn (path, "/");
    int next;

    if (n >= sizeof part) {
      errno = ENAMETOOLONG;
      return -1;
    }
    memcpy (part, path, n);
    part[n] = '\0';
    if (!path[n])
      return openat (above, part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    next = openat (above, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    close (above);
    above = next;
    path += n + 1;
  }
  return -1;
}

fettle_result
fettle_source_open (int folder, const char *path, struct fettle_source **ret,
                    struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = malloc (sizeof *s);
  struct stat st;

  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to read it");
  s->size = 0;
  s->md = EVP_MD_CTX_new ();
  s->fd = open_beneath (folder, path);
  if (s->fd < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "it can't be opened");
  if (!s->md || !EVP_DigestInit_ex (s->md, EVP_sha256 (), NULL))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to read it");
  if (fstat (s->fd, &st) || !S_ISREG (st.st_mode))
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a regular file");
  *ret = STEAL (s);
  return FETTLE_OK;
}

ssize_t
fettle_source_read (struct fettle_source *s, const void **ret_data)
{
  ssize_t n;

  do
    n = read (s->fd, s->chunk, CHUNK);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    EVP_DigestUpdate (s->md, s->chunk, (size_t) n);
    s->size += (uint64_t) n;
  }
  *ret_data = s->chunk;
  return n;
}

fettle_result
fettle_source_finish (struct fettle_source *s, char ret_hex[FETTLE_SHA256_TEXT], uint64_t *ret_size,
                      struct fettle_error *err)
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  const void *data;
  ssize_t n;

  while ((n = fettle_source_read (s, &data)) > 0)
    continue;
  if (n < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading it failed");
  EVP_DigestFinal_ex (s->md, digest, NULL);
  for (int i = 0; i < 32; i++)
    snprintf (ret_hex + 2 * i, 3, "%02x", digest[i]);
  *ret_size = s->size;
  return FETTLE_OK;
}

int
fettle_source_fd (const struct fettle_source *s)
{
  return s->fd;
}

void
fettle_source_free (struct fettle_source *s)
{
  if (!s)
    return;
  if (s->fd >= 0)
    close (s->fd);
  EVP_MD_CTX_free (s->md);
  free (s);
}
