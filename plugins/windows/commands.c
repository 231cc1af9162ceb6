/* commands.c - see commands.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "words.h"

struct fields {
  const struct win *w;
  const struct fettle_image *image;
  const char *folder;
};

int
command_known (const struct win *w, const char *format)
{
  return w->h->quirk (w->c, format, "command") != NULL;
}

static const char *
field (void *opaque, const char *key)
{
  const struct fields *f = opaque;
  const struct fettle_file *first = f->image->files;
  int forced = (f->image->flags & (FETTLE_IMAGE_DOWNGRADE | FETTLE_IMAGE_REWRITE)) != 0;

  if (strcmp (key, "file") == 0)
    return first->name;
  if (strcmp (key, "folder") == 0)
    return f->folder;
  if (strcmp (key, "force") == 0 && forced)
    return f->w->h->quirk (f->w->c, f->image->format, "force");
  return NULL;
}

static void
fill (const struct win *w, const struct fettle_image *image, const char *folder, const char *key, char to[COMMAND_MAX])
{
  struct fields f = { w, image, folder };
  const char *format = w->h->quirk (w->c, image->format, key);

  win_fill (to, COMMAND_MAX, format ? format : "", field, &f);
}

void
command_line (const struct win *w, const struct fettle_image *image, const char *folder, char to[COMMAND_MAX])
{
  fill (w, image, folder, "command", to);
}

void
command_script (const struct win *w, const struct fettle_image *image, const char *folder, char to[COMMAND_MAX])
{
  char lines[COMMAND_MAX];
  size_t n = 0;

  fill (w, image, folder, "script", lines);
  for (const char *p = lines; *p && n + 3 < COMMAND_MAX; p++) {
    if (*p == '\n')
      to[n++] = '\r';
    to[n++] = *p;
  }
  if (n > 0 && n + 2 < COMMAND_MAX) {
    to[n++] = '\r';
    to[n++] = '\n';
  }
  to[n] = '\0';
}

static int
meaning (const char *word, size_t n)
{
  static const char *const words[] = { "installed", "reboot", "rebooting", "same", "busy", "unsupported", "failed" };

  for (size_t i = 0; i < FETTLE_COUNT (words); i++)
    if (strlen (words[i]) == n && strncmp (words[i], word, n) == 0)
      return (int) i;
  return EXIT_FAILED;
}

int
command_exit_of (const char *rows, uint32_t code, char text[200])
{
  char *end;

  text[0] = '\0';
  while (rows && *rows) {
    const char *next = strchr (rows, '\n'), *word, *colon;
    size_t line = next ? (size_t) (next - rows) : strlen (rows), n;

    if (strtoul (rows, &end, 0) == code && end != rows && *end == ':') {
      word = end + 1;
      n = strcspn (word, ":\n");
      colon = word[n] == ':' ? word + n + 1 : NULL;
      if (colon)
        snprintf (text, 200, "%.*s", (int) (line - (size_t) (colon - rows)), colon);
      return meaning (word, n);
    }
    rows = next ? next + 1 : NULL;
  }
  return EXIT_FAILED;
}

int
command_exit (const struct win *w, const char *format, uint32_t code, char text[200])
{
  const char *words;
  int result = command_exit_of (w->h->quirk (w->c, format, "exits"), code, text);

  words = text[0] || result != EXIT_FAILED ? NULL : win_error_text (code);
  if (words)
    snprintf (text, 200, "%.199s", words);
  return result;
}
