/* An UDF image: whatever it is, paths stay within, and what is said to lie in
 * it as it is does.  An input is blocks: number and length (16 bits each,
 * little-endian), then so many bytes of it; all others are zeros.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <sys/mman.h>

#include "baseline/container.h"
#include "fuzz/fuzz.h"
#include "util/buf.h"

enum { BLOCK = 2048, BLOCKS = 700 };

static uint8_t image[BLOCKS * BLOCK];

static void
make_image (const uint8_t *data, size_t size)
{
  memset (image, 0, sizeof image);
  for (size_t at = 0; at + 4 < size;) {
    size_t block = (data[at] | (size_t) data[at + 1] << 8) % BLOCKS,
           n = (data[at + 2] | (size_t) data[at + 3] << 8) % (BLOCK + 1);

    at += 4;
    n = n > size - at ? size - at : n;
    memcpy (image + block * BLOCK, data + at, n);
    at += n;
  }
}

static void
read_member (struct fettle_container *c, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf bytes = FETTLE_BUF_INIT (1 << 20);
  uint64_t offset;
  const void *piece;
  ssize_t n;

  MUST (fettle_container_source (c, &s, err) == FETTLE_OK);
  while ((n = fettle_source_read (s, &piece)) > 0)
    if (!fettle_buf_add (&bytes, piece, (size_t) n))
      return;
  if (n < 0) {
    MUST (*fettle_source_why (s));
    return;
  }
  if (!fettle_container_stored (c, &offset))
    return;
  MUST (offset <= sizeof image && bytes.size <= sizeof image - offset);
  MUST (!bytes.size || memcmp (image + offset, bytes.data, bytes.size) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_close_ int fd = memfd_create ("udf", MFD_CLOEXEC);
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  static struct fettle_member m;
  struct fettle_error err = { 0 };

  make_image (data, size);
  MUST (fd >= 0 && write (fd, image, sizeof image) == sizeof image);
  if (fettle_container_open_fd (fd, &c, &err)) {
    MUST (err.text[0]);
    return 0;
  }
  for (int i = 0; i < 1000; i++) {
    if (fettle_container_next (c, &m, &err) || m.kind == FETTLE_MEMBER_END)
      break;
    if (m.kind == FETTLE_MEMBER_PROBLEM)
      MUST (m.text[0]);
    else
      MUST (!fettle_path_wrong (m.path) && m.path[0]);
    if (m.kind == FETTLE_MEMBER_FILE)
      read_member (c, &err);
  }
  return 0;
}
