/* secret.c - see secret.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include "util/file.h"
#include "util/secret.h"
#include "util/text.h"

static fettle_result
check_owner (int fd, const char *path, struct fettle_error *err)
{
  struct stat st;

  if (fstat (fd, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "looking at %s", path);
  if (!S_ISREG (st.st_mode))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is not a plain file", path);
  if (st.st_uid != geteuid () && st.st_uid != 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s belongs to user %u, not to user %u", path,
                             (unsigned) st.st_uid, (unsigned) geteuid ());
  if (st.st_mode & 077)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "%s is open to other users (mode %04o): it may have been read; "
                             "remove it, or set mode 0600 if you are sure", path,
                             (unsigned) (st.st_mode & 07777));
  return FETTLE_OK;
}

fettle_result
fettle_secret_read (const char *path, struct fettle_buf *ret, struct fettle_error *err)
{
  /* Non-blocking, so that a FIFO of that name can't stop us. */
  _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  fettle_result r;

  if (fd < 0)
    return fettle_error_errno (err, errno == ENOENT ? FETTLE_E_UNREACHABLE : FETTLE_E_CONFIG,
                               "reading %s", path);
  if ((r = check_owner (fd, path, err)))
    return r;
  return fettle_fd_read (fd, path, ret, err);
}

fettle_result
fettle_secret_write (const char *path, const void *data, size_t size, struct fettle_error *err)
{
  return fettle_file_write (path, 0600, data, size, err);
}

fettle_result
fettle_random (void *data, size_t size, struct fettle_error *err)
{
  if (RAND_bytes (data, (int) size) != 1)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "the system gives no random bytes");
  return FETTLE_OK;
}

static void
wipe_and_free (void *data)
{
  if (data)
    explicit_bzero (data, malloc_usable_size (data));
  free (data);
}

void
fettle_secret_json (void)
{
  json_set_alloc_funcs (malloc, wipe_and_free);
}

bool
fettle_secret_equal (const void *a, size_t a_size, const void *b, size_t b_size)
{
  return a_size == b_size && CRYPTO_memcmp (a, b, a_size) == 0;
}
