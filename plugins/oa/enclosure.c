/* enclosure.c - see enclosure.h: the struct, without its readers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "enclosure.h"

/* Bays have names such as "7" and "7A". */
static int
is_bay (const char *bay)
{
  size_t digits = strspn (bay, "0123456789");

  return digits > 0 && digits < 4 && strcmp (bay, "0") != 0
         && (!bay[digits] || ((bay[digits] == 'A' || bay[digits] == 'B') && !bay[digits + 1]));
}

struct oa_thing *
oa_thing_at (struct oa_enclosure *e, enum oa_kind kind, const char *bay)
{
  struct oa_thing *t;
  size_t i;

  for (i = 0; i < e->n; i++)
    if (e->things[i].kind == kind && strcmp (e->things[i].bay, bay) == 0)
      return &e->things[i];
  if (!is_bay (bay))
    return NULL;
  if (e->n == OA_THINGS_MAX) {
    e->left_out++;
    return NULL;
  }
  t = &e->things[e->n++];
  memset (t, 0, sizeof *t);
  t->kind = kind;
  OA_KNOW (t->bay, bay);
  return t;
}

const struct oa_thing *
oa_thing_next (const struct oa_enclosure *e, enum oa_kind kind, const struct oa_thing *t)
{
  size_t i = t ? (size_t) (t - e->things) + 1 : 0;

  while (i < e->n && e->things[i].kind != kind)
    i++;
  return i < e->n ? &e->things[i] : NULL;
}

/* Words for "I don't know". */
static int
is_unknown (const char *text)
{
  static const char *const words[] = { "", "[Unknown]", "Unknown", "UNKNOWN", "N/A", "n/a", "Not Available",
                                       "-- --", "empty", "[]" };
  size_t i;

  for (i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strcmp (text, words[i]) == 0)
      return 1;
  return 0;
}

/* Not in the middle of a character. */
static size_t
whole_characters (const char *text, size_t n)
{
  while (n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80)
    n--;
  return n;
}

static void
take (char *ret, size_t size, const char *text, size_t n)
{
  size_t i;

  while (n > 0 && (unsigned char) text[n - 1] <= ' ')
    n--;
  if (n >= size)
    n = whole_characters (text, size - 1);
  for (i = 0; i < n; i++)
    ret[i] = (unsigned char) text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
  ret[n] = '\0';
  if (is_unknown (ret))
    ret[0] = '\0';
}

void
oa_know (char *ret, size_t size, const char *text)
{
  if (ret[0])
    return;
  text += strspn (text, " \t");
  take (ret, size, text, strlen (text));
}

void
oa_know_word (char *ret, size_t size, const char *text)
{
  if (ret[0])
    return;
  text += strspn (text, " \t");
  take (ret, size, text, strcspn (text, " \t"));
}

/* "10.1.2.3", n bytes of it: four numbers below 256.  What "010" is, programs don't agree on. */
static int
is_ipv4 (const char *text, size_t n)
{
  unsigned part[4];
  char copy[20];
  int end = 0;

  if (n >= sizeof copy)
    return 0;
  memcpy (copy, text, n);
  copy[n] = '\0';
  for (size_t i = 0; i + 1 < n; i++)
    if (copy[i] == '0' && copy[i + 1] != '.' && (i == 0 || copy[i - 1] == '.'))
      return 0;
  return sscanf (copy, "%3u.%3u.%3u.%3u%n", &part[0], &part[1], &part[2], &part[3], &end) == 4
         && copy[end] == '\0' && part[0] < 256 && part[1] < 256 && part[2] < 256 && part[3] < 256;
}

/* The host looks closer; here it is told from other things. */
static int
is_ipv6 (const char *text, size_t n)
{
  size_t i, colons = 0;

  for (i = 0; i < n; i++)
    colons += text[i] == ':';
  return colons >= 2 && colons <= 7 && strspn (text, "0:1") < n;
}

void
oa_know_address (char ret[64], const char *text)
{
  static const char *const none[] = { "0.", "127.", "169.254.", "fe80:", "FE80:" };
  size_t n, i;

  text += strspn (text, " \t");
  n = strspn (text, "0123456789abcdefABCDEF.:");
  if (ret[0] || n >= 64 || (text[n] && !strchr ("/ \t", text[n])) || !(is_ipv4 (text, n) || is_ipv6 (text, n)))
    return;
  for (i = 0; i < sizeof none / sizeof none[0]; i++)
    if (strncmp (text, none[i], strlen (none[i])) == 0)
      return;
  take (ret, 64, text, n);
}

static int
is_there (const struct oa_thing *t)
{
  if (strstr (t->name, "Subsumed") || strstr (t->name, "SUBSUMED") || strstr (t->name, "<absent>")
      || strncmp (t->name, "No ", 3) == 0 || strcmp (t->role, "OA_ABSENT") == 0)
    return 0;
  return t->name[0] || t->serial[0] || t->firmware[0] || t->role[0];
}

void
oa_enclosure_tidy (struct oa_enclosure *e)
{
  size_t i, n = 0;

  for (i = 0; i < e->n; i++)
    if (is_there (&e->things[i]))
      e->things[n++] = e->things[i];
  e->n = n;
}

const struct oa_thing *
oa_active (const struct oa_enclosure *e)
{
  const struct oa_thing *t = NULL;

  while ((t = oa_thing_next (e, OA_MANAGER, t)))
    if (strcmp (t->role, "ACTIVE") == 0)
      break;
  return t;
}

const struct oa_thing *
oa_asked (const struct oa_enclosure *e)
{
  const struct oa_thing *t = NULL;

  while ((t = oa_thing_next (e, OA_MANAGER, t)))
    if (t->here)
      break;
  return t;
}

int
oa_is_standby (const struct oa_enclosure *e)
{
  const struct oa_thing *t = oa_asked (e);

  return e->standby || (t && strcmp (t->role, "STANDBY") == 0);
}
