/* table.c - tables, by libsmartcols.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <libsmartcols.h>

#include "cli/cli.h"

/* What a column that gives way may take of the terminal's width. */
#define SHARE 0.3

enum { LEAST = 24 }; /* characters of the last column, however narrow the terminal is */

/* ---- The last column, where reasons are, is wrapped between words ---- */

static size_t
text_width (const char *text)
{
  size_t n = 0;

  for (; *text; text++)
    n += ((unsigned char) *text & 0xc0) != 0x80;
  return n;
}

static size_t
column_width (const json_t *rows, const struct fettle_column *column, size_t terminal)
{
  size_t widest = text_width (column->title), share = (size_t) ((double) terminal * SHARE), i;
  const json_t *row;
  char buffer[1024];

  json_array_foreach (rows, i, row) {
    size_t n = text_width (fettle_cli_text (row, column->key, buffer, sizeof buffer));

    widest = n > widest ? n : widest;
  }
  return column->give_way && widest > share ? share : widest;
}

/* What the others leave to the last column; 0: as wide as it is. */
static size_t
last_width (const struct fettle_cli *cli, const struct libscols_table *t, const json_t *rows,
            const struct fettle_column *columns, size_t n)
{
  size_t terminal = scols_table_get_termwidth (t), used = 1;

  if (!cli->terminal || n == 0 || !columns[n - 1].give_way)
    return 0;
  for (size_t i = 0; i + 1 < n; i++)
    used += column_width (rows, &columns[i], terminal) + 1;
  return terminal > used + LEAST ? terminal - used : LEAST;
}

/* Turns spaces into newlines so that no line is wider than that. */
static void
wrap (char *text, size_t width)
{
  char *space = NULL;
  size_t n = 0;

  for (; *text; text++) {
    n += ((unsigned char) *text & 0xc0) != 0x80;
    if (n > width && space) {
      *space = '\n';
      n = (size_t) (text - space);
      space = NULL;
    }
    if (*text == ' ')
      space = text;
  }
}

/* ---- Cells ---- */

static const char *
state_colour (const char *text)
{
  static const struct { const char *states, *colour; } colours[] = {
    { " done ok ",                                                      "green" },
    { " failed error unknown blocked ",                                 "red" },
    { " aborted skipped waiting-reboot cannot-tell ",                   "yellow" },
    { " upgrade downgrade rewrite install ",                            "cyan" },
  };
  char word[48];

  if ((size_t) snprintf (word, sizeof word, " %s ", text) >= sizeof word)
    return NULL;
  for (size_t i = 0; i < COUNT (colours); i++)
    if (strstr (colours[i].states, word))
      return colours[i].colour;
  return NULL;
}

static bool
add_cell (struct fettle_cli *cli, struct libscols_line *line, size_t i, const json_t *row,
          const struct fettle_column *column, size_t width)
{
  char buffer[1024];
  _cleanup_free_ char *text = strdup (fettle_cli_text (row, column->key, buffer, sizeof buffer));
  bool is_state = strcmp (column->key, "state") == 0 || strcmp (column->key, "action") == 0;
  const char *colour;

  if (!text)
    return false;
  fettle_cli_clean (text);
  if (width)
    wrap (text, width);
  colour = cli->colour && is_state ? state_colour (text) : NULL;
  if (colour)
    scols_cell_set_color (scols_line_get_cell (line, i), colour);
  return scols_line_set_data (line, i, text) == 0;
}

static bool
add_rows (struct fettle_cli *cli, struct libscols_table *t, const json_t *rows,
          const struct fettle_column *columns, size_t n)
{
  size_t width = last_width (cli, t, rows, columns, n), r;
  const json_t *row;

  json_array_foreach (rows, r, row) {
    struct libscols_line *line = scols_table_new_line (t, NULL);

    for (size_t i = 0; line && i < n; i++)
      if (!add_cell (cli, line, i, row, &columns[i], i + 1 == n ? width : 0))
        return false;
    if (!line)
      return false;
  }
  return true;
}

static bool
add_columns (struct fettle_cli *cli, struct libscols_table *t, const struct fettle_column *columns,
             size_t n)
{
  for (size_t i = 0; i < n; i++) {
    bool gives_way = cli->terminal && columns[i].give_way, last = i + 1 == n;
    int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0)
                | (!gives_way ? 0 : last ? SCOLS_FL_WRAP : SCOLS_FL_TRUNC);
    struct libscols_column *c = scols_table_new_column (t, columns[i].title,
                                                        gives_way && !last ? SHARE : 0, flags);

    if (!c || (gives_way && last
               && (scols_column_set_safechars (c, "\n")
                   || scols_column_set_wrapfunc (c, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
                                                 NULL))))
      return false;
  }
  return true;
}

fettle_result
fettle_cli_table (struct fettle_cli *cli, const json_t *rows, const struct fettle_column *columns,
                  size_t n, struct fettle_error *err)
{
  struct libscols_table *t;
  bool ok;

  if (json_array_size (rows) == 0)
    return FETTLE_OK;
  t = scols_new_table ();
  if (t) {
    scols_table_enable_colors (t, cli->colour);
    scols_table_set_stream (t, cli->out);
    scols_table_set_termforce (t, cli->terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
  }
  ok = t && add_columns (cli, t, columns, n) && add_rows (cli, t, rows, columns, n)
       && scols_print_table (t) == 0;
  scols_unref_table (t);
  return ok ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the table");
}
