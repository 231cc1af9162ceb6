/* tables.c - reports that are tables: what is on nodes, what would be done.
 *
 * {"report", "created", "sections": [{"name", "title", "columns": [[key, title],
 * ...], "rows": [{key: text, number, boolean or null}]}]}
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "report/internal.h"
#include "report/markup.h"

#define COLUMNS_MAX 32

/* More rows make a page that browsers can't show. */
enum { ROWS_MAX = 50000 };

static const char *
part (const json_t *column, size_t i)
{
  const char *text = json_string_value (json_array_get (column, i));

  return text ? text : "";
}

/* ---- HTML ---- */

static void
html_section (struct fettle_markup *m, const json_t *section, size_t *rows)
{
  const json_t *columns = json_object_get (section, "columns"), *row, *column;
  const char *titles[COLUMNS_MAX], *title = fettle_report_text (section, "title");
  char number[32];
  size_t i, k, n = 0;

  json_array_foreach (columns, i, column)
    if (n < COUNT (titles))
      titles[n++] = part (column, 1);
  fettle_markup_element (m, "h2", title);
  fettle_markup_raw (m, "\n");
  if (!json_array_size (json_object_get (section, "rows"))) {
    fettle_markup_raw (m, "<p>There is nothing.</p>\n");
    return;
  }
  fettle_html_table (m, title, titles, n);
  json_array_foreach (json_object_get (section, "rows"), i, row) {
    if (++*rows > ROWS_MAX)
      continue;
    fettle_markup_raw (m, "<tr>");
    json_array_foreach (columns, k, column)
      fettle_markup_element (m, "td", fettle_report_member (row, part (column, 0), number));
    fettle_markup_raw (m, "</tr>\n");
  }
  fettle_html_table_end (m);
}

bool
fettle_report_tables_html (const json_t *doc, struct fettle_buf *ret)
{
  struct fettle_markup m = { ret, false };
  const json_t *section;
  size_t i, rows = 0;

  fettle_html_begin (&m, fettle_report_text (doc, "title"));
  fettle_markup_raw (&m, "<p class=\"soft\">");
  fettle_markup_text (&m, fettle_report_text (doc, "created"));
  fettle_markup_raw (&m, "</p>\n");
  json_array_foreach (json_object_get (doc, "sections"), i, section)
    html_section (&m, section, &rows);
  if (rows > ROWS_MAX)
    fettle_markup_raw (&m, "<p>There are more rows than this page can hold: the CSV, JSON and XML"
                           " reports have all.</p>\n");
  fettle_html_end (&m, "");
  return !m.full;
}

/* ---- CSV ---- */

/* One table of all sections, each column once: what reads it reads it whole. */
static json_t *
all_columns (const json_t *sections)
{
  json_t *keys = json_array ();
  _cleanup_json_ json_t *seen = json_object ();
  const json_t *section, *column;
  size_t i, k;

  json_array_append_new (keys, json_string ("section"));
  json_array_foreach (sections, i, section)
    json_array_foreach (json_object_get (section, "columns"), k, column)
      if (!json_object_get (seen, part (column, 0))) {
        json_object_set_new (seen, part (column, 0), json_true ());
        json_array_append (keys, json_array_get (column, 0));
      }
  return keys;
}

bool
fettle_report_tables_csv (const json_t *doc, struct fettle_buf *ret)
{
  const json_t *sections = json_object_get (doc, "sections"), *section, *row;
  _cleanup_json_ json_t *keys = all_columns (sections);
  size_t i, k, c, n = json_array_size (keys);
  bool ok = true;
  char number[32];

  for (c = 0; c < n && ok; c++)
    ok = fettle_report_cell (ret, part (keys, c), c + 1 == n);
  json_array_foreach (sections, i, section)
    json_array_foreach (json_object_get (section, "rows"), k, row)
      for (c = 0; c < n && ok; c++)
        ok = fettle_report_cell (ret, c ? fettle_report_member (row, part (keys, c), number)
                                        : fettle_report_text (section, "name"), c + 1 == n);
  return ok;
}
