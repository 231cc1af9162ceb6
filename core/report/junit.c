/* junit.c - a job as pipelines show test results: each task is a case.
 *
 * A task fails that didn't do what was asked; it is an error if nobody knows
 * what became of it.  What wasn't begun, since something before it failed or
 * somebody stopped it, was skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "report/internal.h"
#include "report/markup.h"

enum outcome { PASSED, FAILURE, ERROR, SKIPPED };

static const struct { const char *state; enum outcome is; } outcomes[] = {
  { "done",           PASSED },
  { "waiting-reboot", PASSED },
  { "failed",         FAILURE },
  { "blocked",        FAILURE },
  { "unknown",        ERROR },
};

static enum outcome
outcome_of (const json_t *task)
{
  for (size_t i = 0; i < COUNT (outcomes); i++)
    if (strcmp (outcomes[i].state, fettle_report_text (task, "state")) == 0)
      return outcomes[i].is;
  return SKIPPED;
}

static int64_t
time_of (const json_t *object, const char *member)
{
  struct tm tm = { .tm_isdst = 0 };

  return strptime (fettle_report_text (object, member), "%Y-%m-%dT%H:%M:%SZ", &tm) ? timegm (&tm) : 0;
}

static void
duration (struct fettle_markup *m, const json_t *object, const char *from)
{
  int64_t begin = time_of (object, from), end = time_of (object, "finished");
  char text[32];

  snprintf (text, sizeof text, "%lld", begin && end > begin ? (long long) (end - begin) : 0LL);
  fettle_markup_attribute (m, "time", text);
}

static void
count (struct fettle_markup *m, const char *name, const json_t *tasks, int wanted)
{
  const json_t *task;
  char text[32];
  size_t i, n = 0;

  json_array_foreach (tasks, i, task)
    n += wanted < 0 || (int) outcome_of (task) == wanted;
  snprintf (text, sizeof text, "%zu", n);
  fettle_markup_attribute (m, name, text);
}

/* What went wrong, what to do, and the log. */
static void
complaint (struct fettle_markup *m, const json_t *task, const char *element)
{
  const json_t *error = json_object_get (task, "error"), *log = json_object_get (task, "log"), *line;
  const char *state = fettle_report_text (task, "state"), *message = fettle_report_text (error, "message");
  const char *advice = fettle_report_advice (fettle_report_text (error, "code"));
  size_t i;

  fettle_markup_raw (m, "<");
  fettle_markup_raw (m, element);
  fettle_markup_attribute (m, "message", *message ? message : state);
  if (strcmp (element, "skipped") != 0)
    fettle_markup_attribute (m, "type", *fettle_report_text (error, "code")
                                          ? fettle_report_text (error, "code") : state);
  fettle_markup_raw (m, ">");
  fettle_markup_text (m, *advice ? advice : fettle_report_state_advice (state));
  json_array_foreach (log, i, line) {
    fettle_markup_raw (m, "\n");
    fettle_markup_text (m, json_string_value (line) ? json_string_value (line) : "");
  }
  fettle_markup_raw (m, "</");
  fettle_markup_raw (m, element);
  fettle_markup_raw (m, ">");
}

static void
test_case (struct fettle_markup *m, const json_t *task)
{
  static const char *const elements[] = { [FAILURE] = "failure", [ERROR] = "error",
                                          [SKIPPED] = "skipped" };
  enum outcome is = outcome_of (task);

  fettle_markup_raw (m, "<testcase");
  fettle_markup_attribute (m, "classname", fettle_report_text (task, "name"));
  fettle_markup_attribute (m, "name", fettle_report_text (task, "title"));
  duration (m, task, "started");
  fettle_markup_raw (m, ">");
  if (is != PASSED)
    complaint (m, task, elements[is]);
  fettle_markup_element (m, "system-out", fettle_report_text (task, "state"));
  fettle_markup_raw (m, "</testcase>\n");
}

bool
fettle_report_junit (const json_t *job, struct fettle_buf *ret)
{
  struct fettle_markup m = { ret, false };
  const json_t *tasks = json_object_get (job, "tasks"), *task;
  char name[96];
  size_t i;

  snprintf (name, sizeof name, "fettle %.40s %lld", fettle_report_text (job, "kind"),
            (long long) json_integer_value (json_object_get (job, "id")));
  fettle_markup_raw (&m, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite");
  fettle_markup_attribute (&m, "name", name);
  fettle_markup_attribute (&m, "timestamp", fettle_report_text (job, "created"));
  duration (&m, job, "created");
  count (&m, "tests", tasks, -1);
  count (&m, "failures", tasks, FAILURE);
  count (&m, "errors", tasks, ERROR);
  count (&m, "skipped", tasks, SKIPPED);
  fettle_markup_raw (&m, ">\n");
  json_array_foreach (tasks, i, task)
    test_case (&m, task);
  fettle_markup_raw (&m, "</testsuite>\n</testsuites>\n");
  return !m.full;
}
