/* markup.c - see markup.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "report/markup.h"

#define REPLACEMENT "\xef\xbf\xbd"

void
fettle_markup_raw (struct fettle_markup *m, const char *text)
{
  if (!m->full && !fettle_buf_text_add (m->b, text))
    m->full = true;
}

/* How the bytes at s are written, and how many they are; NULL: as they are. */
static const char *
written (const char *s, size_t *ret_n)
{
  unsigned char c = (unsigned char) *s;

  *ret_n = 1;
  switch (c) {
  case '&':  return "&amp;";
  case '<':  return "&lt;";
  case '>':  return "&gt;";
  case '"':  return "&quot;";
  case '\'': return "&#39;";
  }
  if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
    return REPLACEMENT;
  if (c == 0xef && (strncmp (s, "\xef\xbf\xbe", 3) == 0 || strncmp (s, "\xef\xbf\xbf", 3) == 0)) {
    *ret_n = 3; /* U+FFFE, U+FFFF */
    return REPLACEMENT;
  }
  return NULL;
}

void
fettle_markup_text (struct fettle_markup *m, const char *s)
{
  size_t n;

  for (; *s && !m->full; s += n) {
    const char *as = written (s, &n);

    if (as)
      fettle_markup_raw (m, as);
    else if (!fettle_buf_add (m->b, s, 1))
      m->full = true;
  }
}

void
fettle_markup_element (struct fettle_markup *m, const char *name, const char *text)
{
  const char *const before[] = { "<", name, ">" }, *const after[] = { "</", name, ">" };

  for (size_t i = 0; i < COUNT (before); i++)
    fettle_markup_raw (m, before[i]);
  fettle_markup_text (m, text);
  for (size_t i = 0; i < COUNT (after); i++)
    fettle_markup_raw (m, after[i]);
}

void
fettle_markup_attribute (struct fettle_markup *m, const char *name, const char *text)
{
  fettle_markup_raw (m, " ");
  fettle_markup_raw (m, name);
  fettle_markup_raw (m, "=\"");
  fettle_markup_text (m, text);
  fettle_markup_raw (m, "\"");
}
