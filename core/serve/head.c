/* head.c - see head.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "serve/head.h"

/* One of "a, b", in any case. */
static bool
lists (const char *value, const char *word)
{
  size_t n = strlen (word);

  for (const char *p = value; *p;) {
    size_t size = strcspn (p, ", \t");

    if (size == n && strncasecmp (p, word, n) == 0)
      return true;
    p += size;
    p += strspn (p, ", \t");
  }
  return false;
}

static void
take (struct fettle_head *h, const char **member, const char *value)
{
  if (**member)
    h->ambiguous = true;
  *member = value;
}

static void
read_header (struct fettle_head *h, const char *name, const char *value)
{
  struct {
    const char *name;
    const char **member;
  } wanted[] = {
    { "Range",           &h->range },
    { "If-Range",        &h->if_range },
    { "If-Match",        &h->if_match },
    { "If-None-Match",   &h->if_none_match },
    { "Content-Type",    &h->content_type },
    { "Idempotency-Key", &h->key },
  };

  for (size_t i = 0; i < COUNT (wanted); i++)
    if (strcasecmp (name, wanted[i].name) == 0)
      take (h, wanted[i].member, value);
  if (strcasecmp (name, "Expect") == 0)
    h->continues = strcasecmp (value, "100-continue") == 0;
  if (strcasecmp (name, "Connection") == 0) {
    if (lists (value, "close"))
      h->keep_alive = false;
    else if (lists (value, "keep-alive"))
      h->keep_alive = true;
  }
}

/* The next line without its end, or NULL. */
static char *
next_line (char **rest, const char *end)
{
  char *line = *rest, *p = memchr (line, '\n', (size_t) (end - line));

  if (!p || p == line || p[-1] != '\r')
    return NULL;
  p[-1] = '\0';
  *rest = p + 1;
  return line;
}

static void
read_request_line (struct fettle_head *h, char *line)
{
  char *target = strchr (line, ' '), *version = target ? strchr (target + 1, ' ') : NULL;

  h->method = line;
  if (!version)
    return;
  *target = *version = '\0';
  h->target = target + 1;
  h->keep_alive = strcmp (version + 1, "HTTP/1.1") == 0;
}

void
fettle_head_read (char *text, size_t size, struct fettle_head *ret)
{
  char *rest = text, *line;

  *ret = (struct fettle_head) { "", "", "", "", "", "", "", "", false, false, false };
  if ((line = next_line (&rest, text + size)))
    read_request_line (ret, line);
  while (line && (line = next_line (&rest, text + size)) && *line) {
    char *value = strchr (line, ':'), *end = line + strlen (line);

    if (!value)
      continue;
    *value++ = '\0';
    value += strspn (value, " \t");
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
      *--end = '\0';
    read_header (ret, line, value);
  }
}

bool
fettle_target_split (const char *target, const char *prefix, const char **ret_token,
                     size_t *ret_size, const char **ret_name, size_t *ret_name_size)
{
  size_t n = strlen (prefix);
  const char *name;

  if (strncmp (target, prefix, n) != 0)
    return false;
  *ret_token = target + n;
  *ret_size = strcspn (*ret_token, "/?");
  name = *ret_token + *ret_size;
  *ret_name = *name == '/' ? name + 1 : name;
  *ret_name_size = *name == '/' ? strcspn (*ret_name, "?") : 0;
  return true;
}
