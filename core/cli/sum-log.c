/* sum-log.c - sum_log.txt and sum_detail_log.txt, one folder a node.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "cli/sum.h"
#include "util/file.h"

void
fettle_sum_log_folder (const struct fettle_cli *cli, const char *logdir, char *ret, size_t size)
{
  if (logdir)
    snprintf (ret, size, "%s/sum/log", logdir);
  else if (geteuid () == 0)
    snprintf (ret, size, "/var/log/sum");
  else
    snprintf (ret, size, "%s/log/sum", cli->settings.state_dir);
}

/* A node's name as that of a folder: no way out of the logs' folder. */
void
fettle_sum_log_path (const char *folder, const char *node, const char *file, char *ret, size_t size)
{
  char name[128];
  size_t n = 0;

  for (; node[n] && n < sizeof name - 1; n++)
    name[n] = isalnum ((unsigned char) node[n]) || strchr ("-_:%", node[n])
                  || (node[n] == '.' && n) ? node[n] : '_';
  name[n] = '\0';
  snprintf (ret, size, "%s/%s%s%s", folder, name, *file ? "/" : "", file);
}

fettle_result
fettle_sum_log_begin (const char *folder, const char *node, struct fettle_error *err)
{
  static const char *const files[] = { FETTLE_SUM_LOG, FETTLE_SUM_DETAIL };
  char path[PATH_MAX + 160];

  fettle_sum_log_path (folder, node, "", path, sizeof path);
  if (fettle_make_folder (path, 0755, err))
    return fettle_error_prefix (err, "making the folder of the logs: ");
  for (size_t i = 0; i < COUNT (files); i++) {
    int fd;

    fettle_sum_log_path (folder, node, files[i], path, sizeof path);
    fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
      return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %.400s", path);
    close (fd);
  }
  return FETTLE_OK;
}

void
fettle_sum_log (const char *folder, const char *node, const char *file, const char *format, ...)
{
  char path[PATH_MAX + 160];
  va_list ap;
  FILE *f;
  int fd;

  fettle_sum_log_path (folder, node, file, path, sizeof path);
  fd = open (path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
  f = fd < 0 ? NULL : fdopen (fd, "a");
  if (!f) {
    fprintf (stderr, "smartupdate: writing %s: %s\n", path, strerror (errno));
    if (fd >= 0)
      close (fd);
    return;
  }
  va_start (ap, format);
  vfprintf (f, format, ap);
  va_end (ap);
  fputc ('\n', f);
  fclose (f);
}

/* ---- Components ---- */

static const char *
text_of (const json_t *task, const char *member)
{
  const char *text = json_string_value (json_object_get (task, member));

  return text ? text : "";
}

const char *
fettle_sum_file (const json_t *task)
{
  const char *component = text_of (task, "component"), *slash = strrchr (component, '/');

  return slash ? slash + 1 : component;
}

/* Scripts look for "Success": it must be in nothing else. */
const char *
fettle_sum_result (const json_t *task)
{
  const char *state = text_of (task, "state");

  if (strcmp (state, "done") == 0)
    return json_is_true (json_object_get (task, "reboot")) ? "Success - Reboot required" : "Success";
  if (strcmp (state, "skipped") == 0 || strcmp (state, "blocked") == 0
      || strcmp (state, "aborted") == 0)
    return "Not attempted";
  return "Update returned an error";
}

static void
detail (const char *folder, const char *node, const json_t *task)
{
  const char *why = text_of (json_object_get (task, "error"), "message");
  const json_t *line;
  size_t i;

  fettle_sum_log (folder, node, FETTLE_SUM_DETAIL, "Component Filename: %s\nState: %s%s%s", fettle_sum_file (task),
                  text_of (task, "state"), *why ? "\nReason: " : "", why);
  json_array_foreach (json_object_get (task, "log"), i, line)
    fettle_sum_log (folder, node, FETTLE_SUM_DETAIL, "  %s", json_string_value (line));
}

/* Calls for each task of the node. */
static void
each_task (const char *folder, const char *node, const json_t *jobs,
           void (*f) (const char *folder, const char *node, const json_t *task))
{
  const json_t *job, *task;
  size_t i, k;

  json_array_foreach (jobs, i, job)
    json_array_foreach (json_object_get (job, "tasks"), k, task)
      if (strcmp (text_of (task, "name"), node) == 0 && *text_of (task, "component"))
        f (folder, node, task);
}

static void
deploying (const char *folder, const char *node, const json_t *task)
{
  fettle_sum_log (folder, node, FETTLE_SUM_LOG,
                  "Deploying component: %s\nComponent Filename: %s\nComponent Name: %s\nVersion: %s\n"
                  "Deployment Result: %s\n", fettle_sum_file (task), fettle_sum_file (task), text_of (task, "title"),
                  text_of (task, "to"), fettle_sum_result (task));
  detail (folder, node, task);
}

static void
deployed (const char *folder, const char *node, const json_t *task)
{
  fettle_sum_log (folder, node, FETTLE_SUM_LOG,
                  "  Component Filename: %s\n  Component Name: %s\n  Original Version: %s\n"
                  "  New Version: %s\n  Deployment Result: %s\n", fettle_sum_file (task),
                  text_of (task, "title"), text_of (task, "from"), text_of (task, "to"),
                  fettle_sum_result (task));
}

void
fettle_sum_log_tasks (const char *folder, const char *node, const json_t *jobs)
{
  fettle_sum_log (folder, node, FETTLE_SUM_LOG, "Deployment started\n");
  each_task (folder, node, jobs, deploying);
  fettle_sum_log (folder, node, FETTLE_SUM_LOG, "Deployment completed\n\nDeployed Components:");
  each_task (folder, node, jobs, deployed);
}
