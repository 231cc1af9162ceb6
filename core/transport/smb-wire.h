/* smb-wire.h - little-endian numbers and UTF-16 in buffers.
 *
 * Reading: a struct fettle_bytes is borrowed memory of known size; a part of
 * it is had through fettle_bytes_part alone, which refuses what isn't within.
 * Writing: a writer that couldn't take something stays bad, so that it is
 * asked once, at the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SMB_WIRE_H
#define FETTLE_SMB_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

struct fettle_bytes {
  const uint8_t *data;
  size_t size;
};

static inline uint16_t
fettle_get16 (const uint8_t *p)
{
  return (uint16_t) (p[0] | p[1] << 8);
}

static inline uint32_t
fettle_get32 (const uint8_t *p)
{
  return fettle_get16 (p) | (uint32_t) fettle_get16 (p + 2) << 16;
}

static inline uint64_t
fettle_get64 (const uint8_t *p)
{
  return fettle_get32 (p) | (uint64_t) fettle_get32 (p + 4) << 32;
}

static inline void
fettle_set16 (uint8_t *p, uint16_t v)
{
  p[0] = (uint8_t) v;
  p[1] = (uint8_t) (v >> 8);
}

static inline void
fettle_set32 (uint8_t *p, uint32_t v)
{
  fettle_set16 (p, (uint16_t) v);
  fettle_set16 (p + 2, (uint16_t) (v >> 16));
}

static inline void
fettle_set64 (uint8_t *p, uint64_t v)
{
  fettle_set32 (p, (uint32_t) v);
  fettle_set32 (p + 4, (uint32_t) (v >> 32));
}

/* `size` bytes at `offset`; false if they aren't all there. */
bool fettle_bytes_part (struct fettle_bytes whole, size_t offset, size_t size,
                        struct fettle_bytes *ret);

struct fettle_writer {
  struct fettle_buf b;
  bool bad; /* no memory, or over the limit */
};

#define FETTLE_WRITER_INIT(max) { FETTLE_BUF_SECRET (max), false }

void fettle_write (struct fettle_writer *, const void *data, size_t size);
void fettle_write8 (struct fettle_writer *, uint8_t);
void fettle_write16 (struct fettle_writer *, uint16_t);
void fettle_write32 (struct fettle_writer *, uint32_t);
void fettle_write64 (struct fettle_writer *, uint64_t);
void fettle_write_zeros (struct fettle_writer *, size_t count);
void fettle_write_align (struct fettle_writer *, size_t to);

/* UTF-8 as UTF-16, without an end; what isn't UTF-8 makes the writer bad. */
void fettle_write_utf16 (struct fettle_writer *, const char *text);
/* The same in upper case, as NTLM has it. */
void fettle_write_upper (struct fettle_writer *, const char *text);

/* A place in what is written, to be filled in later; a scratch when bad. */
uint8_t *fettle_writer_at (struct fettle_writer *, size_t offset);

/* Wipes and frees. */
void fettle_writer_clear (struct fettle_writer *);

/* UTF-16 as UTF-8, at most `room` - 1 bytes and a NUL; control characters, and
 * what isn't UTF-16, come out as '?'. */
void fettle_from_utf16 (struct fettle_bytes, char *ret, size_t room);

/* 100 ns since 1601 as seconds since 1970. */
int64_t fettle_from_filetime (uint64_t);

#endif
