/* bars.c - see job.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <sys/ioctl.h>

#include "cli/job.h"

enum { NAME_WIDTH = 20, BAR_WIDTH = 20, MAX_BARS = 40 };

static void
screen_size (unsigned *rows, unsigned *columns)
{
  struct winsize w;
  bool known = ioctl (STDERR_FILENO, TIOCGWINSZ, &w) == 0;

  *rows = known && w.ws_row ? w.ws_row : 24;
  *columns = known && w.ws_col ? w.ws_col : 80;
}

size_t
fettle_bars_room (void)
{
  unsigned rows, columns;

  screen_size (&rows, &columns);
  if (rows < 4)
    return 1;
  return rows - 3 < MAX_BARS ? rows - 3 : MAX_BARS;
}

void
fettle_bars_hide (struct fettle_bars *b)
{
  if (b->drawn)
    fprintf (stderr, "\033[%uA\r\033[J", b->drawn);
  b->drawn = 0;
}

/* Writes at most `width` characters of UTF-8. */
static void
put (const char *text, unsigned width)
{
  for (; *text && width; text++) {
    fputc (*text, stderr);
    /* A character ends where the next byte isn't a continuation. */
    if (((unsigned char) text[1] & 0xc0) != 0x80)
      width--;
  }
}

static unsigned
length (const char *text)
{
  unsigned n = 0;

  for (; *text; text++)
    n += ((unsigned char) *text & 0xc0) != 0x80;
  return n;
}

static void
draw_line (const struct fettle_bar *bar, unsigned columns)
{
  unsigned name = length (bar->name), filled = bar->permille * BAR_WIDTH / 1000;
  const unsigned fixed = NAME_WIDTH + BAR_WIDTH + 10;
  char name_text[256], what[512];

  snprintf (name_text, sizeof name_text, "%s", bar->name);
  snprintf (what, sizeof what, "%s", bar->what);
  fettle_cli_clean (name_text);
  fettle_cli_clean (what);
  if (columns <= fixed) {
    put (name_text, columns - 1);
  } else {
    put (name_text, NAME_WIDTH);
    for (unsigned i = name; i < NAME_WIDTH; i++)
      fputc (' ', stderr);
    fputs (" [", stderr);
    for (unsigned i = 0; i < BAR_WIDTH; i++)
      fputc (i < filled ? '#' : '.', stderr);
    fprintf (stderr, "] %3u%% ", bar->permille / 10);
    put (what, columns - fixed);
  }
  fputs ("\033[K\n", stderr);
}

void
fettle_bars_draw (struct fettle_bars *b, const struct fettle_bar *bars, size_t n,
                  const struct fettle_bar *total)
{
  unsigned rows, columns;

  if (!b->on)
    return;
  screen_size (&rows, &columns);
  /* Up over the old block; lines are overwritten, what is left below is cut off. */
  if (b->drawn)
    fprintf (stderr, "\033[%uA\r", b->drawn);
  for (size_t i = 0; i < n; i++)
    draw_line (&bars[i], columns);
  draw_line (total, columns);
  fputs ("\033[J", stderr);
  fflush (stderr);
  b->drawn = (unsigned) n + 1;
}
