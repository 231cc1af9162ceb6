/* ndr.c - see ndr.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ndr.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

void
ndr_out_clear (struct ndr_out *o)
{
  free (o->data);
  memset (o, 0, sizeof *o);
}

static int
make_room (struct ndr_out *o, size_t size)
{
  unsigned char *data;
  size_t room = o->room ? o->room : 256;

  if (o->failed || size > NDR_OUT_MAX - o->size) {
    o->failed = 1;
    return -1;
  }
  while (room < o->size + size)
    room *= 2;
  if (room == o->room)
    return 0;
  data = realloc (o->data, room);
  if (!data) {
    o->failed = 1;
    return -1;
  }
  o->data = data;
  o->room = room;
  return 0;
}

void
ndr_put (struct ndr_out *o, const void *data, size_t size)
{
  if (size == 0 || make_room (o, size) != 0)
    return;
  if (data)
    memcpy (o->data + o->size, data, size);
  else
    memset (o->data + o->size, 0, size);
  o->size += size;
}

void
ndr_put_align (struct ndr_out *o, size_t to)
{
  ndr_put (o, NULL, (to - o->size % to) % to);
}

void
ndr_put_u16 (struct ndr_out *o, uint32_t n)
{
  unsigned char b[2] = { (unsigned char) n, (unsigned char) (n >> 8) };

  ndr_put_align (o, 2);
  ndr_put (o, b, 2);
}

void
ndr_put_u32 (struct ndr_out *o, uint32_t n)
{
  ndr_put_align (o, 4);
  ndr_put_u16 (o, n);
  ndr_put_u16 (o, n >> 16);
}

void
ndr_put_handle (struct ndr_out *o, const struct ndr_handle *handle)
{
  ndr_put_align (o, 4);
  ndr_put (o, handle->bytes, NDR_HANDLE);
}

void
ndr_put_pointer (struct ndr_out *o, int there)
{
  ndr_put_u32 (o, there ? 0x20000 + 4 * o->referents++ : 0);
}

/* The next character of UTF-8; a broken byte stands for itself as '?'. */
static uint32_t
next_character (const unsigned char **at)
{
  const unsigned char *p = *at;
  uint32_t c = p[0];
  int more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : -1;

  *at = p + 1;
  if (more <= 0)
    return more ? '?' : c;
  c &= 0x3f >> more;
  for (int i = 1; i <= more; i++) {
    if ((p[i] & 0xc0) != 0x80)
      return '?';
    c = c << 6 | (p[i] & 0x3f);
  }
  *at = p + 1 + more;
  return c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? '?' : c;
}

static size_t
put_characters (struct ndr_out *o, const char *text)
{
  const unsigned char *at = (const unsigned char *) text;
  size_t n = 1;

  for (; *at; n++) {
    uint32_t c = next_character (&at);

    if (c >= 0x10000) {
      ndr_put_u16 (o, 0xd800 + ((c - 0x10000) >> 10));
      c = 0xdc00 + (c & 0x3ff);
      n++;
    }
    ndr_put_u16 (o, c);
  }
  ndr_put_u16 (o, 0);
  return n;
}

static void
write_u32_at (struct ndr_out *o, size_t at, uint32_t n)
{
  if (!o->failed)
    for (size_t i = 0; i < 4; i++)
      o->data[at + i] = (unsigned char) (n >> (8 * i));
}

void
ndr_put_string (struct ndr_out *o, const char *text)
{
  size_t begin, n;

  ndr_put_align (o, 4);
  begin = o->size;
  ndr_put (o, NULL, 12);
  n = put_characters (o, text);
  write_u32_at (o, begin, (uint32_t) n);
  write_u32_at (o, begin + 8, (uint32_t) n);
}

void
ndr_put_unique_string (struct ndr_out *o, const char *text)
{
  ndr_put_pointer (o, text != NULL);
  if (text)
    ndr_put_string (o, text);
}

/* ---- reading ---- */

void
ndr_in_init (struct ndr_in *in, const void *data, size_t size)
{
  in->data = data;
  in->size = size;
  in->at = 0;
  in->failed = 0;
}

const unsigned char *
ndr_take (struct ndr_in *in, size_t size)
{
  const unsigned char *p;

  if (in->failed || size > in->size - in->at) {
    in->failed = 1;
    return NULL;
  }
  p = in->data + in->at;
  in->at += size;
  return p;
}

void
ndr_take_align (struct ndr_in *in, size_t to)
{
  ndr_take (in, (to - in->at % to) % to);
}

uint32_t
ndr_u16_at (const unsigned char *p)
{
  return p[0] | (uint32_t) p[1] << 8;
}

uint32_t
ndr_u32_at (const unsigned char *p)
{
  return ndr_u16_at (p) | ndr_u16_at (p + 2) << 16;
}

uint16_t
ndr_take_u16 (struct ndr_in *in)
{
  const unsigned char *p;

  ndr_take_align (in, 2);
  p = ndr_take (in, 2);
  return p ? (uint16_t) ndr_u16_at (p) : 0;
}

uint32_t
ndr_take_u32 (struct ndr_in *in)
{
  const unsigned char *p;

  ndr_take_align (in, 4);
  p = ndr_take (in, 4);
  return p ? ndr_u32_at (p) : 0;
}

void
ndr_take_handle (struct ndr_in *in, struct ndr_handle *handle)
{
  const unsigned char *p;

  ndr_take_align (in, 4);
  p = ndr_take (in, NDR_HANDLE);
  if (p)
    memcpy (handle->bytes, p, NDR_HANDLE);
}

static const unsigned char *
elements (struct ndr_in *in, size_t width, uint32_t count, size_t *ret_count)
{
  const unsigned char *p = count > in->size / width ? NULL : ndr_take (in, count * width);

  if (!p) {
    in->failed = 1;
    return NULL;
  }
  *ret_count = count;
  return p;
}

const unsigned char *
ndr_take_varying (struct ndr_in *in, size_t width, size_t *ret_count)
{
  uint32_t max = ndr_take_u32 (in), offset = ndr_take_u32 (in), actual = ndr_take_u32 (in);

  *ret_count = 0;
  if (offset != 0 || actual > max)
    in->failed = 1;
  return in->failed ? NULL : elements (in, width, actual, ret_count);
}

const unsigned char *
ndr_take_conformant (struct ndr_in *in, size_t width, size_t *ret_count)
{
  uint32_t count = ndr_take_u32 (in);

  *ret_count = 0;
  return in->failed ? NULL : elements (in, width, count, ret_count);
}

uint32_t
ndr_take_error (struct ndr_in *in)
{
  if (in->size < 4) {
    in->failed = 1;
    return 0;
  }
  return ndr_u32_at (in->data + in->size - 4);
}

/* ---- text ---- */

static size_t
put_utf8 (char to[4], uint32_t c)
{
  if (c < 0x80) {
    to[0] = (char) c;
    return 1;
  }
  if (c < 0x800) {
    to[0] = (char) (0xc0 | c >> 6);
    to[1] = (char) (0x80 | (c & 0x3f));
    return 2;
  }
  if (c < 0x10000) {
    to[0] = (char) (0xe0 | c >> 12);
    to[1] = (char) (0x80 | (c >> 6 & 0x3f));
    to[2] = (char) (0x80 | (c & 0x3f));
    return 3;
  }
  to[0] = (char) (0xf0 | c >> 18);
  to[1] = (char) (0x80 | (c >> 12 & 0x3f));
  to[2] = (char) (0x80 | (c >> 6 & 0x3f));
  to[3] = (char) (0x80 | (c & 0x3f));
  return 4;
}

/* One character at *at, which moves on. */
static uint32_t
utf16_character (const unsigned char *from, size_t bytes, size_t *at)
{
  uint32_t c = ndr_u16_at (from + *at), low;

  *at += 2;
  if (c < 0xd800 || c >= 0xe000)
    return c;
  low = c < 0xdc00 && *at + 2 <= bytes ? ndr_u16_at (from + *at) : 0;
  if (low < 0xdc00 || low >= 0xe000)
    return '?';
  *at += 2;
  return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static char *
convert (char *to, size_t size, const unsigned char *from, size_t bytes, int list)
{
  size_t n = 0, at = 0, length;
  char one[4];

  while (from && at + 2 <= bytes) {
    uint32_t c = utf16_character (from, bytes, &at);

    if (c == 0) {
      if (!list || at + 2 > bytes || ndr_u16_at (from + at) == 0)
        break;
      c = '\n';
    }
    else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
      c = '?';
    length = put_utf8 (one, c);
    if (n + length >= size)
      break;
    memcpy (to + n, one, length);
    n += length;
  }
  to[n] = '\0';
  return to;
}

char *
ndr_text (char *to, size_t size, const unsigned char *from, size_t bytes)
{
  return convert (to, size, from, bytes, 0);
}

char *
ndr_texts (char *to, size_t size, const unsigned char *from, size_t bytes)
{
  return convert (to, size, from, bytes, 1);
}
