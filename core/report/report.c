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

static const struct {
  const char *format;
  bool (*write) (const json_t *job, struct fettle_buf *ret);
} formats[] = {
  { "html", fettle_report_html },
  { "json", report_json },
  { "csv",  fettle_report_csv },
};

fettle_result
fettle_report (const json_t *job, const char *format, struct fettle_buf *ret,
               struct fettle_error *err)
{
  for (size_t i = 0; i < COUNT (formats); i++) {
    if (strcmp (formats[i].format, format) != 0)
      continue;
    if (formats[i].write (job, ret))
      return FETTLE_OK;
    fettle_buf_reset (ret);
    return fettle_error_set (err, FETTLE_E_NOMEM,
                             "the report as %s is larger than %zu bytes: ask for fewer nodes at a "
                             "time", format, ret->max);
  }
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "there is no report format \"%.40s\": use html, json or csv", format);
}
