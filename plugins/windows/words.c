/* words.c - see words.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int
is_letter (char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

char *
win_word (char *to, size_t size, const char *from)
{
  size_t n = 0;

  for (; *from && n + 1 < size; from++)
    if (is_letter (*from) || is_digit (*from) || strchr (".+-", *from))
      to[n++] = *from;
    else if (n > 0 && to[n - 1] != '_')
      to[n++] = '_';
  while (n > 0 && to[n - 1] == '_')
    n--;
  to[n] = '\0';
  return to;
}

char *
win_low_word (char *to, size_t size, const char *from)
{
  win_word (to, size, from);
  for (char *p = to; *p; p++)
    if (*p >= 'A' && *p <= 'Z')
      *p = (char) (*p | 0x20);
  return to;
}

const char *
win_scheme (const char *version, const char *vendor)
{
  size_t n = strspn (version, "0123456789.");

  if (vendor && (strncmp (vendor, "HP", 2) == 0 || strncmp (vendor, "Hewlett", 7) == 0))
    return "hpe";
  return n > 0 && version[n] == '\0' && is_digit (version[0]) && is_digit (version[n - 1]) ? "dotted" : "plain";
}

/* Four hex digits behind a name; 0: there are none. */
static int
take_hex4 (const char *id, const char *name, size_t skip, char to[5])
{
  const char *at = strstr (id, name);

  if (!at)
    return 0;
  at += strlen (name) + skip;
  if (strspn (at, "0123456789abcdef") < 4)
    return 0;
  memcpy (to, at, 4);
  to[4] = '\0';
  return 1;
}

void
win_device_match (const char *id, char to[MATCH_MAX])
{
  char low[WORD_MAX], word[WORD_MAX], vendor[5], device[5], subvendor[5], subdevice[5];
  size_t n = 0;

  snprintf (low, sizeof low, "%.*s", WORD_MAX - 1, id);
  for (char *p = low; *p; p++)
    if (*p >= 'A' && *p <= 'Z')
      *p = (char) (*p | 0x20);
  if (strncmp (low, "pci\\", 4) == 0 && take_hex4 (low, "ven_", 0, vendor) && take_hex4 (low, "&dev_", 0, device)) {
    if (take_hex4 (low, "&subsys_", 0, subdevice) && take_hex4 (low, "&subsys_", 4, subvendor))
      n = (size_t) snprintf (to, MATCH_MAX, "pci:%s:%s:%s:%s ", vendor, device, subvendor, subdevice);
    n += (size_t) snprintf (to + n, MATCH_MAX - n, "pci:%s:%s ", vendor, device);
  }
  if (win_word (word, sizeof word, low)[0])
    snprintf (to + n, MATCH_MAX - n, "hwid:%s", word);
  else
    to[n] = '\0';
}

int
win_hotfix (const char *package, char name[40], char version[40])
{
  static const char begin[] = "Package_for_";
  const char *at = package + sizeof begin - 1, *last = strrchr (package, '~');
  size_t n;

  if (strncasecmp (package, begin, sizeof begin - 1) != 0 || !last || last < at)
    return 0;
  n = strcspn (at, "~");
  if (n == 0 || n >= 40 || strspn (at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") < n)
    return 0;
  snprintf (name, 40, "%.*s", (int) n, at);
  snprintf (version, 40, "%.39s", last + 1);
  return version[0] && strspn (version, "0123456789.") == strlen (version);
}

const char *
win_firmware_version (uint32_t v, const char *format, char to[24])
{
  unsigned a = v >> 24, b = v >> 16 & 0xff, c = v >> 8 & 0xff, d = v & 0xff;

  if (format && strcmp (format, "hex") == 0) {
    snprintf (to, 24, "0x%08lx", (unsigned long) v);
    return "plain";
  }
  if (format && strcmp (format, "pair") == 0)
    snprintf (to, 24, "%u.%u", (unsigned) (v >> 16), (unsigned) (v & 0xffff));
  else if (format && strcmp (format, "triplet") == 0)
    snprintf (to, 24, "%u.%u.%u", a, b, (unsigned) (v & 0xffff));
  else if (format && strcmp (format, "quad") == 0)
    snprintf (to, 24, "%u.%u.%u.%u", a, b, c, d);
  else
    snprintf (to, 24, "%lu", (unsigned long) v);
  return "dotted";
}

int
win_is_system_path (const char *image)
{
  static const char *const begins[] = {
    "%systemroot%\\", "%windir%\\", "\\systemroot\\", "c:\\windows\\", "system32\\", "\\??\\c:\\windows\\",
  };

  image += *image == '"';
  for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
    if (strncasecmp (image, begins[i], strlen (begins[i])) == 0)
      return 1;
  return 0;
}

void
win_fill (char *to, size_t size, const char *format, const char *(*get) (void *, const char *), void *opaque)
{
  size_t n = 0, length;
  char key[64];

  while (*format && n + 1 < size) {
    const char *end = *format == '{' ? strchr (format, '}') : NULL, *value;

    if (!end || end - format > 60) {
      to[n++] = *format++;
      continue;
    }
    snprintf (key, sizeof key, "%.*s", (int) (end - format - 1), format + 1);
    value = get (opaque, key);
    length = value ? strlen (value) : 0;
    if (length > size - 1 - n)
      length = size - 1 - n;
    memcpy (to + n, value ? value : "", length);
    n += length;
    format = end + 1;
  }
  to[n] = '\0';
}
