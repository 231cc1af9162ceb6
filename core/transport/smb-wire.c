/* smb-wire.c - see smb-wire.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "transport/smb-wire.h"

bool
fettle_bytes_part (struct fettle_bytes whole, size_t offset, size_t size, struct fettle_bytes *ret)
{
  if (offset > whole.size || size > whole.size - offset)
    return false;
  ret->data = whole.data + offset;
  ret->size = size;
  return true;
}

void
fettle_write (struct fettle_writer *w, const void *data, size_t size)
{
  if (!w->bad && !fettle_buf_add (&w->b, data, size))
    w->bad = true;
}

void
fettle_write8 (struct fettle_writer *w, uint8_t v)
{
  fettle_write (w, &v, 1);
}

void
fettle_write16 (struct fettle_writer *w, uint16_t v)
{
  uint8_t p[2];

  fettle_set16 (p, v);
  fettle_write (w, p, sizeof p);
}

void
fettle_write32 (struct fettle_writer *w, uint32_t v)
{
  uint8_t p[4];

  fettle_set32 (p, v);
  fettle_write (w, p, sizeof p);
}

void
fettle_write64 (struct fettle_writer *w, uint64_t v)
{
  uint8_t p[8];

  fettle_set64 (p, v);
  fettle_write (w, p, sizeof p);
}

void
fettle_write_zeros (struct fettle_writer *w, size_t count)
{
  static const uint8_t zeros[64];

  for (size_t n; count; count -= n) {
    n = count < sizeof zeros ? count : sizeof zeros;
    fettle_write (w, zeros, n);
  }
}

void
fettle_write_align (struct fettle_writer *w, size_t to)
{
  fettle_write_zeros (w, (to - w->b.size % to) % to);
}

uint8_t *
fettle_writer_at (struct fettle_writer *w, size_t offset)
{
  static uint8_t scratch[64];

  return w->bad ? scratch : (uint8_t *) w->b.data + offset;
}

void
fettle_writer_clear (struct fettle_writer *w)
{
  fettle_buf_clear (&w->b);
}

/* ---- UTF-16 ---- */

/* The character at *p, which is moved behind it; -1 if it isn't UTF-8. */
static int32_t
next_character (const unsigned char **p)
{
  const unsigned char *s = *p;
  int32_t c = *s++, least = 0;
  int more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2
             : c >= 0xf0 && c < 0xf5 ? 3 : -1;

  if (more < 0)
    return -1;
  if (more) {
    c &= 0x3f >> more;
    least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
  }
  for (; more; more--, s++) {
    if ((*s & 0xc0) != 0x80)
      return -1;
    c = c << 6 | (*s & 0x3f);
  }
  *p = s;
  return c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? -1 : c;
}

/* Windows folds one character to one of the same length; beyond Latin-1,
 * Greek and Cyrillic nobody's user name differs by case alone. */
static int32_t
upper (int32_t c)
{
  if ((c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7)
      || (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) || (c >= 0x430 && c <= 0x44f))
    return c - 0x20;
  if (c >= 0x450 && c <= 0x45f)
    return c - 0x50;
  if (c == 0xff)
    return 0x178;
  if ((c >= 0x100 && c <= 0x137 && c != 0x131) || (c >= 0x14a && c <= 0x177))
    return c & ~1;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
    return c & 1 ? c : c - 1;
  return c;
}

static void
write_text (struct fettle_writer *w, const char *text, bool in_upper_case)
{
  const unsigned char *p = (const unsigned char *) text;

  while (*p && !w->bad) {
    int32_t c = next_character (&p);

    if (c < 0) {
      w->bad = true;
      return;
    }
    if (in_upper_case)
      c = upper (c);
    if (c >= 0x10000) {
      fettle_write16 (w, (uint16_t) (0xd800 + ((c - 0x10000) >> 10)));
      c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    fettle_write16 (w, (uint16_t) c);
  }
}

void
fettle_write_utf16 (struct fettle_writer *w, const char *text)
{
  write_text (w, text, false);
}

void
fettle_write_upper (struct fettle_writer *w, const char *text)
{
  write_text (w, text, true);
}

/* One character as UTF-8: how many bytes. */
static size_t
as_utf8 (uint32_t c, char out[4])
{
  if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
    c = '?';
  if (c < 0x80) {
    out[0] = (char) c;
    return 1;
  }
  if (c < 0x800) {
    out[0] = (char) (0xc0 | c >> 6);
    out[1] = (char) (0x80 | (c & 0x3f));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = (char) (0xe0 | c >> 12);
    out[1] = (char) (0x80 | (c >> 6 & 0x3f));
    out[2] = (char) (0x80 | (c & 0x3f));
    return 3;
  }
  out[0] = (char) (0xf0 | c >> 18);
  out[1] = (char) (0x80 | (c >> 12 & 0x3f));
  out[2] = (char) (0x80 | (c >> 6 & 0x3f));
  out[3] = (char) (0x80 | (c & 0x3f));
  return 4;
}

void
fettle_from_utf16 (struct fettle_bytes in, char *ret, size_t room)
{
  size_t at = 0;

  for (size_t i = 0; i + 2 <= in.size; i += 2) {
    uint32_t c = fettle_get16 (in.data + i);
    uint32_t low = i + 4 <= in.size ? fettle_get16 (in.data + i + 2) : 0;
    char out[4];
    size_t n;

    if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      i += 2;
    }
    n = as_utf8 (c, out);
    if (at + n >= room)
      break;
    memcpy (ret + at, out, n);
    at += n;
  }
  ret[at] = '\0';
}

int64_t
fettle_from_filetime (uint64_t t)
{
  return t ? (int64_t) (t / 10000000) - 11644473600 : 0;
}
