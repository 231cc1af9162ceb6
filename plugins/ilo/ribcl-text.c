/* ribcl-text.c - see ribcl.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "ribcl.h"

enum { NAME_MAX_SIZE = 64, VALUE_MAX = 65536 };

static int
is_space (char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int
is_name (char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
         || c == '.' || c == ':';
}

static const char *
skip_space (const char *p, const char *end)
{
  while (p < end && is_space (*p))
    p++;
  return p;
}

static const char *
skip_name (const char *p, const char *end)
{
  const char *last = (size_t) (end - p) > NAME_MAX_SIZE ? p + NAME_MAX_SIZE : end;

  while (p < last && is_name (*p))
    p++;
  return p;
}

static int
begins (const char *p, const char *end, const char *word)
{
  size_t n = strlen (word);

  return (size_t) (end - p) >= n && memcmp (p, word, n) == 0;
}

/* ---- tags ---- */

/* Is a quote at p a value's last one?  Then another attribute follows, or the
 * tag's end; one inside of a value isn't escaped. */
static int
closes (const char *p, const char *end)
{
  const char *word = skip_space (p + 1, end), *after;

  if (word == end || *word == '>' || begins (word, end, "/>") || begins (word, end, "?>"))
    return 1;
  if (word == p + 1)
    return 0;
  after = skip_name (word, end);
  return after > word && (after = skip_space (after, end)) < end && *after == '=';
}

/* The value that begins behind the quote at p: its end.  Where the last quote
 * is missing, that is the end of a line before a tag. */
static const char *
end_of_value (const char *p, const char *end)
{
  const char *last = (size_t) (end - p) > VALUE_MAX ? p + VALUE_MAX : end, *q;

  for (q = p + 1; q < last; q++)
    if ((*q == *p && closes (q, end)) || (*q == '\n' && (skip_space (q, end) == end || *skip_space (q, end) == '<')))
      break;
  return q;
}

struct attribute {
  const char *name, *value;
  size_t name_size, value_size;
};

/* The next attribute at *at.  0: the tag ends there. */
static int
next_attribute (const char **at, const char *end, struct attribute *ret)
{
  const char *p = *at, *q;

  for (;;) {
    p = skip_space (p, end);
    *at = p;
    if (p == end || *p == '>' || *p == '<' || begins (p, end, "/>") || begins (p, end, "?>"))
      return 0;
    q = skip_name (p, end);
    ret->name = p;
    ret->name_size = (size_t) (q - p);
    q = skip_space (q, end);
    if (ret->name_size && q < end && *q == '=') {
      q = skip_space (q + 1, end);
      if (q < end && (*q == '"' || *q == '\''))
        break;
    }
    p = q > p ? q : p + 1; /* nothing that is known: on behind it */
  }
  p = end_of_value (q, end);
  ret->value = q + 1;
  ret->value_size = p > q ? (size_t) (p - q - 1) : 0;
  *at = p < end && *p == *q ? p + 1 : p;
  return 1;
}

/* Comments and declarations, beginning with "<!" or "<?": behind them. */
static const char *
skip_other (const char *p, const char *end)
{
  const char *until = begins (p, end, "<!--") ? "-->" : p[1] == '?' ? "?>" : ">";

  while (p < end && !begins (p, end, until))
    p++;
  return p == end ? end : p + strlen (until);
}

int
ribcl_next (const char **at, const char *end, struct ribcl_tag *ret)
{
  const char *p = *at, *text = p;
  struct attribute a;

  while (p < end) {
    if (*p != '<') {
      p++;
      continue;
    }
    if (p + 1 < end && (p[1] == '!' || p[1] == '?')) {
      p = text = skip_other (p, end);
      continue;
    }
    ret->closing = p + 1 < end && p[1] == '/';
    ret->name = p + 1 + ret->closing;
    if (ret->name >= end || !is_name (*ret->name)) {
      p++;
      continue;
    }
    ret->text = text;
    ret->text_size = (size_t) (p - text);
    p = ret->inside = skip_name (ret->name, end);
    ret->name_size = (size_t) (p - ret->name);
    while (next_attribute (&p, end, &a))
      ;
    ret->inside_size = (size_t) (p - ret->inside);
    if (p < end && *p == '<') /* it isn't closed: the next one begins */
      *at = p;
    else
      *at = p == end ? end : *p == '>' ? p + 1 : p + 2;
    return 1;
  }
  return 0;
}

int
ribcl_is (const struct ribcl_tag *tag, const char *name)
{
  return tag->name_size == strlen (name) && memcmp (tag->name, name, tag->name_size) == 0;
}

/* ---- values ---- */

/* An entity at p: its character, and *ret_size bytes. */
static char
entity (const char *p, const char *end, size_t *ret_size)
{
  static const struct { const char *name; char c; } known[] = {
    { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' },
  };
  char number[12] = "";
  size_t i, n = 0;
  unsigned long value;

  *ret_size = 1;
  for (i = 0; i < FETTLE_COUNT (known); i++)
    if (begins (p, end, known[i].name)) {
      *ret_size = strlen (known[i].name);
      return known[i].c;
    }
  if (!begins (p, end, "&#"))
    return '&';
  for (p += 2; p + n < end && n + 1 < sizeof number && p[n] != ';'; n++)
    number[n] = p[n];
  if (n == 0 || p + n >= end || p[n] != ';')
    return '&';
  value = number[0] == 'x' ? strtoul (number + 1, NULL, 16) : strtoul (number, NULL, 10);
  *ret_size = n + 3;
  return value < 0x7f ? (char) value : ' ';
}

static void
decode (const char *p, size_t n, char *ret, size_t size)
{
  const char *end = p + n;
  size_t used = 0, step = 1;

  for (p = skip_space (p, end); p < end && used + 1 < size; p += step) {
    char c = *p == '&' ? entity (p, end, &step) : *p;

    if (*p != '&')
      step = 1;
    if (c <= ' ' || c >= 0x7f)
      c = ' ';
    if (used || c != ' ')
      ret[used++] = c;
  }
  while (used > 0 && ret[used - 1] == ' ')
    used--;
  ret[used] = '\0';
}

int
ribcl_attribute (const struct ribcl_tag *tag, const char *name, char *ret, size_t size)
{
  const char *at = tag->inside, *end = tag->inside + tag->inside_size;
  struct attribute a;

  ret[0] = '\0';
  while (next_attribute (&at, end, &a))
    if (a.name_size == strlen (name) && memcmp (a.name, name, a.name_size) == 0) {
      decode (a.value, a.value_size, ret, size);
      return 1;
    }
  return 0;
}

void
ribcl_text (const struct ribcl_tag *tag, char *ret, size_t size)
{
  decode (tag->text, tag->text_size, ret, size);
}

/* ---- answers ---- */

/* The number before a '%', or -1. */
static int
percent_in (const char *text)
{
  const char *sign = strchr (text, '%'), *p = sign;
  long n;

  if (!p)
    return -1;
  while (p > text && (p[-1] == ' ' || (p[-1] >= '0' && p[-1] <= '9')))
    p--;
  p += strspn (p, " ");
  n = p < sign ? strtol (p, NULL, 10) : -1;
  return n >= 0 && n <= 100 ? (int) n : -1;
}

void
ribcl_read (const char *text, size_t size, struct ribcl_said *ret)
{
  const char *end = text + size;
  struct ribcl_tag tag;
  char status[16];

  memset (ret, 0, sizeof *ret);
  ret->percent = -1;
  while (ribcl_next (&text, end, &tag)) {
    if (!tag.closing && ribcl_is (&tag, "RIBCL"))
      ret->documents++;
    if (!tag.closing && ribcl_is (&tag, "RESPONSE") && !ret->status
        && ribcl_attribute (&tag, "STATUS", status, sizeof status)) {
      ret->status = (unsigned) strtoul (status, NULL, 0);
      if (ret->status)
        ribcl_attribute (&tag, "MESSAGE", ret->message, sizeof ret->message);
    }
    if (tag.closing && ribcl_is (&tag, "INFORM")) {
      ribcl_text (&tag, ret->inform, sizeof ret->inform);
      if (percent_in (ret->inform) >= 0)
        ret->percent = percent_in (ret->inform);
    }
  }
}

const char *
ribcl_explain (unsigned status, fettle_result *ret)
{
  static const struct { unsigned status; fettle_result result; const char *text; } known[] = {
    { 0x000a, FETTLE_E_AUTH,        "it knows no such user: set another by \"fettle node set --user\"" },
    { 0x0023, FETTLE_E_AUTH,        "the user lacks a privilege: reading needs the right to log in, updating"
                                    " also \"Configure iLO settings\"" },
    { 0x002e, FETTLE_E_UNSUPPORTED, "its licence doesn't cover that" },
    { 0x003c, FETTLE_E_UNSUPPORTED, "its firmware, or this kind of server, hasn't got that" },
    { 0x005f, FETTLE_E_AUTH,        "it refuses the user or the password; after some failures it delays"
                                    " further logins" },
    { 0x006d, FETTLE_E_UNSUPPORTED, "that isn't configured on it" },
  };
  size_t i;

  for (i = 0; i < FETTLE_COUNT (known); i++)
    if (known[i].status == status) {
      *ret = known[i].result;
      return known[i].text;
    }
  return NULL;
}
