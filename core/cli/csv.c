/* csv.c - see csv.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/csv.h"

void
fettle_csv_init (struct fettle_csv *c, char *text, const char *name)
{
  *c = (struct fettle_csv) { .at = text, .name = name, .line = 1, .next_line = 1 };
  if (strncmp (text, "\xef\xbb\xbf", 3) == 0) /* what spreadsheets put in front */
    c->at += 3;
}

static void
trim (char *cell)
{
  size_t n = strlen (cell), blank = strspn (cell, " \t");

  memmove (cell, cell + blank, n - blank + 1);
  n -= blank;
  while (n && strchr (" \t\r", cell[n - 1]))
    cell[--n] = '\0';
}

/* "a ""b""" in place; NULL if the quote isn't closed.  Returns what follows. */
static char *
unquote (struct fettle_csv *c, char *from)
{
  char *to = from;

  for (from++;; from++) {
    if (*from == '\0')
      return NULL;
    if (*from == '\n')
      c->next_line++;
    if (*from == '"' && *++from != '"')
      break;
    *to++ = *from;
  }
  *to = '\0'; /* at the closing quote, or before it */
  return from + strspn (from, " \t\r");
}

/* One cell from c->at; sets *ret_end to what ended it: ',', '\n' or '\0'. */
static fettle_result
take_cell (struct fettle_csv *c, char *ret_end, struct fettle_error *err)
{
  char *cell = c->at + strspn (c->at, " \t"), *end;

  if (c->n == FETTLE_CSV_CELLS)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s:%u: more than %d cells", c->name, c->line,
                             FETTLE_CSV_CELLS);
  if (*cell == '"') {
    end = unquote (c, cell);
    if (!end)
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s:%u: a quote that isn't closed", c->name,
                               c->line);
    if (*end && *end != ',' && *end != '\n')
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s:%u: text behind a closing quote", c->name,
                               c->line);
    *ret_end = *end;
  } else {
    end = cell + strcspn (cell, ",\n");
    *ret_end = *end;
    *end = '\0';
    trim (cell);
  }
  c->cells[c->n++] = cell;
  c->at = *ret_end ? end + 1 : end;
  return FETTLE_OK;
}

bool
fettle_csv_next (struct fettle_csv *c, struct fettle_error *err)
{
  char end;

  err->code = FETTLE_OK;
  for (;;) {
    char *text = c->at + strspn (c->at, " \t\r");

    c->line = c->next_line;
    if (*text == '\0')
      return false;
    if (*text != '\n' && *text != '#')
      break;
    text += strcspn (text, "\n");
    c->at = *text ? text + 1 : text;
    c->next_line++;
  }
  c->n = 0;
  do
    if (take_cell (c, &end, err))
      return false;
  while (end == ',');
  c->next_line += end == '\n';
  return true;
}
