/* report.c - see report.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "report/internal.h"
#include "report/report.h"

static bool
report_json (const json_t *job, struct fettle_buf *ret)
{
  _cleanup_free_ char *text = json_dumps (job, JSON_INDENT (2));

  return text && fettle_buf_text_add (ret, text) && fettle_buf_add (ret, "\n", 1);
}

const char *
fettle_report_text (const json_t *object, const char *member)
{
  const char *text = json_string_value (json_object_get (object, member));

  return text ? text : "";
}

bool
fettle_report_is_inventory (const json_t *job)
{
  return strcmp (fettle_report_text (job, "kind"), "inventory") == 0;
}

static const struct format {
  const char *name;
  bool (*job) (const json_t *job, struct fettle_buf *ret);
  bool (*tables) (const json_t *doc, struct fettle_buf *ret); /* NULL: not of these */
  const char *type;
} formats[] = {
  { "html",  fettle_report_html,  fettle_report_tables_html, "text/html; charset=utf-8" },
  { "json",  report_json,         report_json,               "application/json" },
  { "csv",   fettle_report_csv,   fettle_report_tables_csv,  "text/csv; charset=utf-8" },
  { "xml",   fettle_report_xml,   fettle_report_xml,         "application/xml; charset=utf-8" },
  { "junit", fettle_report_junit, NULL,                      "application/xml; charset=utf-8" },
};

static const struct format *
format_of (const char *name)
{
  for (size_t i = 0; i < COUNT (formats); i++)
    if (strcmp (formats[i].name, name) == 0)
      return &formats[i];
  return NULL;
}

const char *
fettle_report_type (const char *format)
{
  const struct format *f = format_of (format);

  return f ? f->type : "application/json";
}

fettle_result
fettle_report (const json_t *job, const char *format, struct fettle_buf *ret,
               struct fettle_error *err)
{
  const struct format *f = format_of (format);
  bool tables = json_object_get (job, "sections") != NULL;

  if (!f)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there is no report format \"%.40s\": use html, json,"
                                                   " csv, xml or junit", format);
  if (tables && !f->tables)
    return fettle_error_set (err, FETTLE_E_CONFIG, "only the report of a job can be had as %s", format);
  if ((tables ? f->tables : f->job) (job, ret))
    return FETTLE_OK;
  fettle_buf_reset (ret);
  return fettle_error_set (err, FETTLE_E_NOMEM,
                           "the report as %s is larger than %zu bytes: ask for fewer nodes at a "
                           "time", format, ret->max);
}
