/* text.c - foreign text made safe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the well-formed UTF-8 character at s, 0 if there is none. */
static size_t
character (const unsigned char *s, size_t left)
{
  unsigned char low = 0x80, high = 0xbf;
  size_t n;

  if (s[0] < 0x80)
    return 1;
  if (s[0] < 0xc2 || s[0] > 0xf4)
    return 0;
  n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
  if (left < n)
    return 0;
  /* no overlong forms, surrogates, or beyond U+10FFFF */
  if (s[0] == 0xe0)
    low = 0xa0;
  else if (s[0] == 0xed)
    high = 0x9f;
  else if (s[0] == 0xf0)
    low = 0x90;
  else if (s[0] == 0xf4)
    high = 0x8f;
  if (s[1] < low || s[1] > high)
    return 0;
  for (size_t i = 2; i < n; i++)
    if ((s[i] & 0xc0) != 0x80)
      return 0;
  return n;
}

/* C0, DEL; C1, which are two bytes: 0xc2 0x80-0x9f; the line and paragraph
 * separators and what turns the writing direction. */
static int
is_control (const unsigned char *s, size_t n)
{
  if (n == 1)
    return s[0] < 0x20 || s[0] == 0x7f;
  if (n == 2)
    return s[0] == 0xc2 && s[1] < 0xa0;
  return n == 3 && s[0] == 0xe2
         && ((s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae)
             || (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

char *
text_clean (char *to, size_t size, const char *from, size_t length)
{
  const unsigned char *s = (const unsigned char *) from;
  size_t used = 0;

  for (size_t at = 0, n; at < length; at += n) {
    const void *put = s + at;
    size_t bytes;

    n = character (s + at, length - at);
    bytes = n;
    if (n == 0) {
      n = bytes = 1;
      put = "?";
    }
    else if (is_control (s + at, n)) {
      bytes = 1;
      put = " ";
    }
    if (used + bytes >= size)
      break;
    if (used == 0 && *(const char *) put == ' ')
      continue;
    memcpy (to + used, put, bytes);
    used += bytes;
  }
  while (used > 0 && to[used - 1] == ' ')
    used--;
  to[used] = '\0';
  return to;
}

static int
is_word (char c)
{
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.'
         || c == '+' || c == '-';
}

char *
text_word (char *to, size_t size, const char *from)
{
  size_t used = 0;

  for (; *from && used + 1 < size; from++)
    if (is_word (*from))
      to[used++] = *from;
    else if (used > 0 && to[used - 1] != '_')
      to[used++] = '_';
  while (used > 0 && to[used - 1] == '_')
    used--;
  to[used] = '\0';
  return to;
}

const char *
text_scheme (const char *version, const char *vendor)
{
  size_t n = strlen (version);

  if (vendor && (strncmp (vendor, "HP", 2) == 0 || strncmp (vendor, "Hewlett", 7) == 0))
    return "hpe";
  if (n > 0 && strspn (version, "0123456789.") == n && version[0] != '.' && version[n - 1] != '.'
      && !strstr (version, ".."))
    return "dotted";
  return "plain";
}

size_t
text_split (char *line, char separator, char **fields, size_t max)
{
  size_t n = 0;

  while (n < max) {
    fields[n++] = line;
    line = n < max ? strchr (line, separator) : NULL;
    if (!line)
      break;
    *line++ = '\0';
  }
  return n;
}

int
text_random (char to[33])
{
  unsigned char bytes[16];
  FILE *f = fopen ("/dev/urandom", "rb");
  size_t n;

  if (!f)
    return -1;
  setvbuf (f, NULL, _IONBF, 0);
  n = fread (bytes, 1, sizeof bytes, f);
  fclose (f);
  if (n != sizeof bytes)
    return -1;
  for (size_t i = 0; i < sizeof bytes; i++)
    snprintf (to + 2 * i, 3, "%02x", bytes[i]);
  return 0;
}

int
text_add (struct text *t, const void *data, size_t size)
{
  if (size > t->max || t->size > t->max - size)
    return -1;
  if (t->size + size + 1 > t->room) {
    size_t room = (t->size + size + 1) * 2;
    char *bigger = realloc (t->data, room);

    if (!bigger)
      return -1;
    t->data = bigger;
    t->room = room;
  }
  if (size > 0)
    memcpy (t->data + t->size, data, size);
  t->size += size;
  t->data[t->size] = '\0';
  return 0;
}

int
text_puts (struct text *t, const char *s)
{
  return text_add (t, s, strlen (s));
}

void
text_clear (struct text *t)
{
  free (t->data);
  t->data = NULL;
  t->size = t->room = 0;
}
