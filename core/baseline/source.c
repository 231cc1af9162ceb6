/* source.c - see source.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "baseline/hasher.h"
#include "baseline/source.h"
#include "util/file.h"

enum { CHUNK = 1 << 18 };

/* What a member may have that is kept in memory as a whole. */
#define SPOOL_MAX (UINT64_C (900) << 20)

struct fettle_source {
  int fd; /* -1: a member */
  struct fettle_stream stream;
  EVP_MD_CTX *md;
  uint64_t size, expected;
  const void *ahead; /* what was peeked at */
  ssize_t n_ahead;   /* -1: nothing was */
  int spool;
  char why[300];
  char *chunk;
};

static struct {
  void (*f) (void *, uint64_t);
  void *opaque;
} watcher;

void
fettle_source_watch (void (*f) (void *, uint64_t), void *opaque)
{
  watcher.f = f;
  watcher.opaque = opaque;
}

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

static fettle_result
make (struct fettle_source **ret, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = calloc (1, sizeof *s);

  if (s) {
    s->fd = s->spool = -1;
    s->n_ahead = -1;
    s->md = EVP_MD_CTX_new ();
  }
  if (!s || !s->md || !EVP_DigestInit_ex (s->md, EVP_sha256 (), NULL))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to read it");
  *ret = STEAL (s);
  return FETTLE_OK;
}

fettle_result
fettle_source_of_fd (int fd, struct fettle_source **ret, struct fettle_error *err)
{
  _cleanup_close_ int own = fd;
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  struct stat st;
  fettle_result r;

  if (fstat (fd, &st) || !S_ISREG (st.st_mode))
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a regular file");
  r = make (&s, err);
  if (r)
    return r;
  s->chunk = malloc (CHUNK);
  if (!s->chunk)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to read it");
  s->fd = STEAL_FD (own);
  s->expected = (uint64_t) st.st_size;
  *ret = STEAL (s);
  return FETTLE_OK;
}

fettle_result
fettle_source_open (int folder, const char *path, struct fettle_source **ret,
                    struct fettle_error *err)
{
  int fd = open_beneath (folder, path);

  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "it can't be opened");
  return fettle_source_of_fd (fd, ret, err);
}

fettle_result
fettle_source_of_stream (const struct fettle_stream *stream, uint64_t size,
                         struct fettle_source **ret, struct fettle_error *err)
{
  fettle_result r = make (ret, err);

  if (!r) {
    (*ret)->stream = *stream;
    (*ret)->expected = size;
  }
  return r;
}

static ssize_t
read_fd (struct fettle_source *s, const void **ret_data)
{
  ssize_t n;

  do
    n = read (s->fd, s->chunk, CHUNK);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    snprintf (s->why, sizeof s->why, "reading it failed: %s", strerror (errno));
  if (n > 0 && watcher.f)
    watcher.f (watcher.opaque, (uint64_t) n);
  *ret_data = s->chunk;
  return n;
}

/* From where it comes, hashed. */
static ssize_t
fetch (struct fettle_source *s, const void **ret_data)
{
  ssize_t n = s->fd >= 0 ? read_fd (s, ret_data)
                         : s->stream.read (s->stream.opaque, ret_data, s->why, sizeof s->why);

  if (n > 0) {
    fettle_hasher_update (s->md, *ret_data, (size_t) n);
    s->size += (uint64_t) n;
  }
  return n;
}

ssize_t
fettle_source_peek (struct fettle_source *s, const void **ret_data)
{
  if (s->n_ahead < 0)
    s->n_ahead = fetch (s, &s->ahead);
  *ret_data = s->ahead;
  return s->n_ahead;
}

ssize_t
fettle_source_read (struct fettle_source *s, const void **ret_data)
{
  ssize_t n = s->n_ahead;

  if (n < 0)
    return fetch (s, ret_data);
  *ret_data = s->ahead;
  s->n_ahead = -1;
  return n;
}

const char *
fettle_source_why (const struct fettle_source *s)
{
  return s->why;
}

void
fettle_source_stat (const struct fettle_source *s, struct stat *ret)
{
  if (s->fd < 0 || fstat (s->fd, ret))
    memset (ret, 0, sizeof *ret);
}

uint64_t
fettle_source_size (const struct fettle_source *s)
{
  return s->expected;
}

fettle_result
fettle_source_finish (struct fettle_source *s, char ret_hex[FETTLE_SHA256_TEXT], uint64_t *ret_size,
                      struct fettle_error *err)
{
  const void *data;
  ssize_t n;

  while ((n = fettle_source_read (s, &data)) > 0)
    continue;
  if (n < 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s", s->why);
  fettle_hasher_finish (s->md, ret_hex);
  *ret_size = s->size;
  return FETTLE_OK;
}

fettle_result
fettle_source_spool (struct fettle_source *s, int *ret_fd, struct fettle_error *err)
{
  const void *data;
  ssize_t n;

  if (s->fd >= 0) {
    if (s->size && (s->n_ahead < 0 || (uint64_t) s->n_ahead != s->size))
      return fettle_error_set (err, FETTLE_E_INTERNAL, "it was read before");
    fettle_hasher_drain ();
    if (lseek (s->fd, 0, SEEK_SET) || !EVP_DigestInit_ex (s->md, EVP_sha256 (), NULL))
      return fettle_error_errno (err, FETTLE_E_CONFIG, "reading it failed");
    s->size = 0;
    s->n_ahead = -1;
    *ret_fd = s->fd;
    return FETTLE_OK;
  }
  s->spool = memfd_create ("fettle", MFD_CLOEXEC);
  if (s->spool < 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "keeping it in memory");
  while ((n = fettle_source_read (s, &data)) > 0)
    if (s->size > SPOOL_MAX || !fettle_write_all (s->spool, data, (size_t) n))
      return fettle_error_set (err, FETTLE_E_CONFIG, "within an archive it can't be looked into when "
                               "it is larger than %u MiB: unpack it", (unsigned) (SPOOL_MAX >> 20));
  if (n < 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s", s->why);
  if (lseek (s->spool, 0, SEEK_SET))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "keeping it in memory");
  *ret_fd = s->spool;
  return FETTLE_OK;
}

void
fettle_source_free (struct fettle_source *s)
{
  if (!s)
    return;
  fettle_hasher_drain ();
  if (s->fd >= 0)
    close (s->fd);
  if (s->spool >= 0)
    close (s->spool);
  EVP_MD_CTX_free (s->md);
  free (s->chunk);
  free (s);
}
