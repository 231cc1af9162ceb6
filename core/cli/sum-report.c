/* sum-report.c - reports under SUM's names, as HTML and CSV.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "cli/sum.h"
#include "util/file.h"

/* ---- Plans ---- */

const struct fettle_column fettle_sum_plan_columns[FETTLE_SUM_PLAN_COLUMNS] = {
  { "NODE",      "name",      false, false },
  { "COMPONENT", "component", false, true },
  { "ITEM",      "item",      false, true },
  { "INSTALLED", "installed", false, false },
  { "OFFERED",   "offered",   false, false },
  { "ACTION",    "action",    false, false },
  { "WHY",       "why",       false, true },
  { "VENDOR SIGNATURE",   "vendor_signature",   false, true },
  { "BASELINE SIGNATURE", "baseline_signature", false, true },
};

/* Of a component: what its vendor's own signature is worth. */
static const char *
vendor_words (const char *state)
{
  return !state                               ? "none known in this format"
         : strcmp (state, "verified") == 0     ? "verified"
         : strcmp (state, "unverifiable") == 0 ? "there, not checked"
                                               : "absent";
}

/* Of a baseline: who vouches for it. */
static const json_t *
baseline_words (const json_t *plan, const char *baseline)
{
  const json_t *one;
  size_t i;

  json_array_foreach (json_object_get (plan, "signatures"), i, one) {
    const char *name = fettle_sum_text (one, "baseline");

    if (name && baseline && strcmp (name, baseline) == 0)
      return json_object_get (one, "text");
  }
  return NULL;
}

static bool
is_deployed (const char *action)
{
  return action && (strcmp (action, "upgrade") == 0 || strcmp (action, "downgrade") == 0
                    || strcmp (action, "rewrite") == 0 || strcmp (action, "install") == 0);
}

json_t *
fettle_sum_plan_rows (const json_t *plan, const char *wanted)
{
  json_t *rows = json_array ();
  const json_t *node, *entry;
  size_t i, k;

  json_array_foreach (json_object_get (plan, "nodes"), i, node)
    json_array_foreach (json_object_get (node, "entries"), k, entry) {
      const char *action = fettle_sum_text (entry, "action");
      json_t *row;

      if (!action || (wanted ? strcmp (action, wanted) != 0 : strcmp (action, "not-applicable") == 0))
        continue;
      row = json_copy ((json_t *) entry);
      json_object_set (row, "name", json_object_get (node, "name"));
      json_object_set_new (row, "vendor_signature",
                           json_string (is_deployed (action) ? vendor_words (fettle_sum_text (entry, "signature"))
                                                             : ""));
      json_object_set (row, "baseline_signature",
                       (json_t *) baseline_words (plan, fettle_sum_text (entry, "baseline")));
      json_array_append_new (rows, row);
    }
  return rows;
}

size_t
fettle_sum_plan_count (const json_t *plan)
{
  const char *action;
  json_t *count;
  size_t n = 0;

  json_object_foreach (json_object_get (plan, "counts"), action, count)
    if (is_deployed (action))
      n += (size_t) json_integer_value (count);
  return n;
}

/* ---- One report ---- */

void
fettle_sum_escape (FILE *f, const char *text)
{
  for (; *text; text++)
    switch (*text) {
    case '<': fputs ("&lt;", f); break;
    case '>': fputs ("&gt;", f); break;
    case '&': fputs ("&amp;", f); break;
    case '"': fputs ("&quot;", f); break;
    default:  fputc ((unsigned char) *text < ' ' ? ' ' : *text, f);
    }
}

static void
html (FILE *f, const char *title, const json_t *rows, const struct fettle_column *columns, size_t n)
{
  const json_t *row;
  char buffer[64];
  size_t i;

  fprintf (f, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>%s</title></head><body>\n"
              "<h1>%s</h1>\n<table class=\"custom\" border=\"1\">\n<tr>", title, title);
  for (size_t k = 0; k < n; k++)
    fprintf (f, "<th>%s</th>", columns[k].title);
  fputs ("</tr>\n", f);
  json_array_foreach (rows, i, row) {
    fputs ("<tr>", f);
    for (size_t k = 0; k < n; k++) {
      fputs ("<td>", f);
      fettle_sum_escape (f, fettle_cli_text (row, columns[k].key, buffer, sizeof buffer));
      fputs ("</td>", f);
    }
    fputs ("</tr>\n", f);
  }
  if (i == 0)
    fprintf (f, "<tr><td colspan=\"%zu\">No install needed components found</td></tr>\n", n);
  fputs ("</table>\n</body></html>\n", f);
}

static void
csv (FILE *f, const json_t *rows, const struct fettle_column *columns, size_t n)
{
  const json_t *row;
  char buffer[64];
  size_t i;

  for (size_t k = 0; k < n; k++)
    fprintf (f, "%s%s", columns[k].key, k + 1 < n ? "," : "\n");
  json_array_foreach (rows, i, row)
    for (size_t k = 0; k < n; k++) {
      fettle_cli_csv (f, fettle_cli_text (row, columns[k].key, buffer, sizeof buffer));
      fputs (k + 1 < n ? "," : "\n", f);
    }
}

static fettle_result
write_one (const char *path, bool page, const char *title, const json_t *rows,
           const struct fettle_column *columns, size_t n, struct fettle_error *err)
{
  _cleanup_free_ char *text = NULL;
  size_t size = 0;
  FILE *f = open_memstream (&text, &size);

  if (!f)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a report");
  if (page)
    html (f, title, rows, columns, n);
  else
    csv (f, rows, columns, n);
  if (fclose (f))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a report");
  if (fettle_file_write (path, 0644, text, size, err))
    return err->code;
  puts (path);
  return FETTLE_OK;
}

/* FOLDER/SUM_NAME_Report_TIME/SUM_NAME_Report_TIME.html and .csv */
static fettle_result
write_report (const char *folder, const char *name, const json_t *rows,
              const struct fettle_column *columns, size_t n, struct fettle_error *err)
{
  char stamp[32], title[128], path[PATH_MAX + 300];
  time_t now = time (NULL);
  struct tm tm;

  if (!localtime_r (&now, &tm) || !strftime (stamp, sizeof stamp, "%Y%m%d_%H%M%S", &tm))
    return fettle_error_set (err, FETTLE_E_INTERNAL, "the clock shows no time");
  snprintf (title, sizeof title, "SUM_%s_Report_%s", name, stamp);
  snprintf (path, sizeof path, "%s/%s", folder, title);
  if (fettle_make_folder (path, 0755, err))
    return fettle_error_prefix (err, "making the folder of the reports: ");
  for (int page = 1; page >= 0; page--) {
    snprintf (path, sizeof path, "%s/%s/%s.%s", folder, title, title, page ? "html" : "csv");
    if (write_one (path, page, title, rows, columns, n, err))
      return err->code;
  }
  return FETTLE_OK;
}

/* ---- All of them ---- */

static const char *const reports[] = { "report", "inventory_report", "firmware_report",
                                       "dependency_report", "installed_report", "combined_report" };

bool
fettle_sum_wants_report (const json_t *given)
{
  for (size_t i = 0; i < COUNT (reports); i++)
    if (fettle_sum_is (given, reports[i]))
      return true;
  return false;
}

static bool
wants (const json_t *given, const char *report)
{
  return fettle_sum_is (given, report) || fettle_sum_is (given, "combined_report");
}

/* What is on the nodes; only of that kind, if one is named. */
static fettle_result
report_items (struct fettle_client *client, const char *folder, const char *name, const json_t *names,
              const char *kind, struct fettle_error *err)
{
  static const struct fettle_column columns[] = {
    { "NODE", "node", false, false },       { "ID", "id", false, true },
    { "KIND", "kind", false, false },       { "NAME", "name", false, true },
    { "VERSION", "version", false, false }, { "LOCATION", "location", false, true },
  };
  _cleanup_json_ json_t *rows = json_array ();
  const json_t *node;
  json_t *item;
  size_t i, k;

  json_array_foreach (names, i, node) {
    _cleanup_free_ char *path = fettle_client_path ("/nodes/", json_string_value (node), "/items");
    _cleanup_json_ json_t *answer = NULL;

    if (fettle_client_call (client, "GET", path, NULL, &answer, err))
      return err->code;
    json_array_foreach (json_object_get (answer, "items"), k, item) {
      const char *of = fettle_sum_text (item, "kind");

      if (kind && (!of || strcmp (of, kind) != 0))
        continue;
      json_object_set (item, "node", (json_t *) node);
      json_array_append (rows, item);
    }
  }
  return write_report (folder, name, rows, columns, COUNT (columns), err);
}

static fettle_result
report_plan (const char *folder, const char *name, const json_t *plan, const char *action,
             struct fettle_error *err)
{
  _cleanup_json_ json_t *rows = fettle_sum_plan_rows (plan, action);

  return write_report (folder, name, rows, fettle_sum_plan_columns, FETTLE_SUM_PLAN_COLUMNS, err);
}

static fettle_result
report_baseline (const char *folder, const json_t *baseline, struct fettle_error *err)
{
  static const struct fettle_column columns[] = {
    { "FILE", "id", false, true },          { "NAME", "name", false, true },
    { "VERSION", "version", false, false }, { "KIND", "kind", false, false },
    { "FORMAT", "format", false, false },   { "REBOOT", "reboot", false, false },
    { "VENDOR SIGNATURE", "vendor_signature", false, true },
    { "WHY", "signature_text", false, true },
  };
  json_t *component;
  size_t i;

  json_array_foreach (json_object_get (baseline, "components"), i, component)
    json_object_set_new (component, "vendor_signature",
                         json_string (vendor_words (fettle_sum_text (component, "signature"))));
  return write_report (folder, "inventory", json_object_get (baseline, "components"), columns,
                       COUNT (columns), err);
}

fettle_result
fettle_sum_reports (struct fettle_client *client, const char *folder, const json_t *given,
                    const json_t *names, const json_t *baseline, const json_t *preview,
                    struct fettle_error *err)
{
  if ((wants (given, "report") && report_plan (folder, "deploy_preview", preview, NULL, err))
      || (wants (given, "inventory_report") && report_baseline (folder, baseline, err))
      || (wants (given, "firmware_report")
          && report_items (client, folder, "firmware", names, "firmware", err))
      || (wants (given, "dependency_report")
          && report_plan (folder, "dependency", preview, "blocked", err))
      || (wants (given, "installed_report")
          && report_items (client, folder, "installed", names, NULL, err)))
    return err->code;
  if (!fettle_sum_is (given, "combined_report"))
    return FETTLE_OK;
  return report_plan (folder, "combined", preview, NULL, err);
}
