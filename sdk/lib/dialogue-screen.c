/* dialogue-screen.c - see dialogue-internal.h: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdlib.h>
#include <string.h>

#include "dialogue-internal.h"

enum { PLAIN, ESCAPE, CSI, OSC, OSC_ESCAPE };

void
fettle_dialogue_screen_drop (struct fettle_dialogue_screen *s)
{
  s->size = s->cursor = 0;
  s->line[0] = '\0';
}

void
fettle_dialogue_screen_clear (struct fettle_dialogue_screen *s)
{
  fettle_dialogue_screen_drop (s);
  s->text_size = s->bytes = s->lines = 0;
  s->escape = PLAIN;
  if (s->text)
    s->text[0] = '\0';
}

void
fettle_dialogue_screen_free (struct fettle_dialogue_screen *s)
{
  free (s->text);
  s->text = NULL;
  s->text_size = s->room = 0;
}

int
fettle_dialogue_screen_keep (struct fettle_dialogue_screen *s)
{
  size_t wanted = s->text_size + s->size + 2;

  if (wanted > s->room) {
    size_t room = wanted < 4096 ? 4096 : 2 * wanted;
    char *more = realloc (s->text, room);

    if (!more)
      return 0;
    s->text = more;
    s->room = room;
  }
  memcpy (s->text + s->text_size, s->line, s->size);
  s->text_size += s->size;
  memcpy (s->text + s->text_size, "\n", 2);
  s->text_size++;
  fettle_dialogue_screen_drop (s);
  return 1;
}

static int
put (struct fettle_dialogue_screen *s, char c)
{
  if (s->cursor == FETTLE_DIALOGUE_LINE)
    return 0;
  s->line[s->cursor++] = c;
  if (s->cursor > s->size) {
    s->size = s->cursor;
    s->line[s->size] = '\0';
  }
  return 1;
}

/* One byte of a sequence of a terminal: of all of them, "erase to the end of
 * the line" alone changes what is read. */
static void
escaped (struct fettle_dialogue_screen *s, unsigned char c)
{
  switch (s->escape) {
  case ESCAPE:
    s->escape = c == '[' ? CSI : c == ']' ? OSC : c >= 0x20 && c < 0x30 ? ESCAPE : PLAIN;
    break;
  case CSI:
    if (c == 'K' && s->size > s->cursor) {
      s->size = s->cursor;
      s->line[s->size] = '\0';
    }
    if (c >= 0x40 && c < 0x7f)
      s->escape = PLAIN;
    break;
  case OSC:
    s->escape = c == 0x07 ? PLAIN : c == 0x1b ? OSC_ESCAPE : OSC;
    break;
  default:
    s->escape = c == '\\' ? PLAIN : OSC;
  }
}

static void
trim (struct fettle_dialogue_screen *s)
{
  while (s->size && (s->line[s->size - 1] == ' ' || s->line[s->size - 1] == '\t'))
    s->size--;
  s->line[s->size] = '\0';
}

size_t
fettle_dialogue_screen_take (struct fettle_dialogue_screen *s, const char *data, size_t size, int *ret_line)
{
  size_t i;

  *ret_line = 0;
  for (i = 0; i < size && !*ret_line; i++) {
    unsigned char c = (unsigned char) data[i];

    if (++s->bytes > s->bytes_max)
      return 0;
    /* A line's end ends a sequence that never came to its own. */
    if (s->escape != PLAIN && c != '\n')
      escaped (s, c);
    else if (c == '\n') {
      s->escape = PLAIN;
      if (++s->lines > s->lines_max)
        return 0;
      trim (s);
      *ret_line = 1;
    } else if (c == 0x1b)
      s->escape = ESCAPE;
    else if (c == '\r')
      s->cursor = 0;
    else if (c == '\b')
      s->cursor -= s->cursor > 0;
    else if ((c == '\t' || (c >= ' ' && c != 0x7f)) && !put (s, (char) c))
      return 0;
  }
  return i;
}

/* The length of a word %{...} at the beginning, or 0. */
static size_t
secret_word (const char *p)
{
  const char *end = p[0] == '%' && p[1] == '{' ? strchr (p, '}') : NULL;

  return end ? (size_t) (end - p) + 1 : 0;
}

/* Does the line, from here to its end, look like the command?  It is enough to
 * go back to the last word that stands for anything. */
static int
same (const char *line, const char *command)
{
  const char *behind = NULL, *tried = NULL;

  for (;;) {
    size_t word = secret_word (command);

    if (word) {
      behind = command += word;
      tried = line;
    } else if (!*line) {
      return *command == '\0';
    } else if (*line == *command) {
      line++, command++;
    } else {
      if (!behind)
        return 0;
      line = ++tried;
      command = behind;
    }
  }
}

int
fettle_dialogue_is_echo (const char *line, const char *command)
{
  const char *p;
  unsigned tries = 0;

  if (!*command)
    return !*line;
  /* Behind a prompt: the line's beginning, or what follows a space or a sign. */
  for (p = line; *p && tries < 64; p++)
    if ((p == line || strchr (" >#:$]", p[-1])) && (*p == *command || secret_word (command))) {
      if (same (p, command))
        return 1;
      tries++;
    }
  return 0;
}
