/* sum-details.c - SUM_InstallDetails.xml, beside sum_log.txt: what became of a
 * node's components, with the elements that programs read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/sum.h"
#include "util/file.h"

static void
element (FILE *f, const char *name, const char *text)
{
  fprintf (f, "      <%s>", name);
  fettle_sum_escape (f, text ? text : "");
  fprintf (f, "</%s>\n", name);
}

/* SUM's, of a component: what scripts take for a failure is below zero. */
static const char *
code_of (const json_t *task)
{
  const char *state = fettle_sum_text (task, "state");

  if (state && strcmp (state, "done") == 0)
    return json_is_true (json_object_get (task, "reboot")) ? "1" : "0";
  return state && (strcmp (state, "skipped") == 0 || strcmp (state, "aborted") == 0) ? "3" : "-3";
}

static void
component (FILE *f, const json_t *task)
{
  const char *file = fettle_sum_file (task), *title = fettle_sum_text (task, "title"),
             *from = fettle_sum_text (task, "from"), *found = fettle_sum_text (task, "found"),
             *code = code_of (task);
  bool good = strcmp (code, "0") == 0 || strcmp (code, "1") == 0;

  fputs ("    <Component>\n", f);
  element (f, "ComponentName", file);
  element (f, "ComponentDescription", title ? title : file);
  element (f, "PreviousVersion", from);
  element (f, "InstalledVersion", !good ? from : found ? found : fettle_sum_text (task, "to"));
  element (f, "ResultCode", code);
  element (f, "ComponentReturnCode", fettle_sum_result (task));
  element (f, "IsComponentSuccess", good ? "true" : "false");
  fputs ("    </Component>\n", f);
}

static void
components (FILE *f, const char *node, const json_t *jobs)
{
  const json_t *job, *task;
  size_t i, k;

  json_array_foreach (jobs, i, job)
    json_array_foreach (json_object_get (job, "tasks"), k, task) {
      const char *name = fettle_sum_text (task, "name");

      if (name && strcmp (name, node) == 0 && fettle_sum_text (task, "component"))
        component (f, task);
    }
}

void
fettle_sum_details (const char *folder, const char *node, const json_t *jobs, int code)
{
  bool good = code == FETTLE_EXIT_DONE || code == FETTLE_EXIT_REBOOT || code == FETTLE_EXIT_NOTHING;
  _cleanup_free_ char *text = NULL;
  char path[PATH_MAX + 160];
  struct fettle_error err;
  size_t size = 0;
  FILE *f = open_memstream (&text, &size);

  if (!f)
    return;
  fputs ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HPSUM_InstallDetails>\n", f);
  fprintf (f, "  <NodeName>");
  fettle_sum_escape (f, node);
  fprintf (f, "</NodeName>\n  <NodeStatus>%s</NodeStatus>\n  <ExitStatus>%d</ExitStatus>\n"
              "  <ComponentResults>\n", good ? "Deploy completed." : "Deploy error.", code);
  components (f, node, jobs);
  fputs ("  </ComponentResults>\n</HPSUM_InstallDetails>\n", f);
  if (fclose (f))
    return;
  fettle_sum_log_path (folder, node, FETTLE_SUM_DETAILS_XML, path, sizeof path);
  if (fettle_file_write (path, 0644, text, size, &err))
    fprintf (stderr, "smartupdate: %s\n", err.text);
}
