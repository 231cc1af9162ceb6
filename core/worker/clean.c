/* clean.c - text of plugins and nodes, made fit for JSON, terminals and pages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "worker/worker.h"

/* Length of the well-formed UTF-8 sequence at p, which ends with NUL; 0 if
 * there is none. */
static size_t
sequence (const unsigned char *p)
{
  size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
             : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;

  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  /* Not the shortest form, a half of a pair, or beyond the last character. */
  if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)
      || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
    return 0;
  return n;
}

static bool
is_control (const unsigned char *p, size_t n)
{
  if (n == 1)
    return (p[0] < ' ' && p[0] != '\n' && p[0] != '\t') || p[0] == 0x7f;
  return n == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

char *
fettle_clean_text (const char *text, size_t max)
{
  static const char replacement[] = "\xef\xbf\xbd";
  const unsigned char *p = (const unsigned char *) text;
  size_t room = 0, at = 0;
  char *ret;

  if (!text)
    return NULL;
  room = 3 * strnlen (text, max) + 1; /* each byte replaced, at worst */
  ret = malloc (room);
  while (ret && *p) {
    size_t n = sequence (p), out = n;
    const char *from = (const char *) p;

    if (n == 0)
      from = replacement, n = 1, out = 3;
    else if (is_control (p, n))
      from = " ", out = 1;
    if (at + out > max || at + out + 1 > room)
      break;
    memcpy (ret + at, from, out);
    at += out;
    p += n;
  }
  if (ret)
    ret[at] = '\0';
  return ret;
}
