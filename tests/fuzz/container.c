/* An archive: whatever it is, paths stay within, and what is said to lie in it
 * as it is does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/container.h"
#include "fuzz/stream.h"

static void
read_member (struct fettle_container *c, const uint8_t *data, size_t size, struct fettle_error *err)
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
  MUST (offset <= size && bytes.size <= size - offset);
  MUST (!bytes.size || memcmp (data + offset, bytes.data, bytes.size) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fuzz_stream stream = { data, size, 0, 65536 };
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  static struct fettle_member m;
  struct fettle_error err = { 0 };

  MUST (fettle_source_of_stream (&(struct fettle_stream) { fuzz_stream_read, &stream }, size, &s, &err)
        == FETTLE_OK);
  if (fettle_container_open (s, &c, &err)) {
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
      read_member (c, data, size, &err);
  }
  return 0;
}
