/* report.c - fettle report.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <time.h>

#include "cli/client.h"
#include "util/file.h"

#define MAX_REPORT ((size_t) 512 * 1024 * 1024)

/* HTML is for a browser: without -o it becomes a file, whose path is printed. */
static fettle_result
write_page (struct fettle_cli *cli, const struct fettle_buf *page, struct fettle_error *err)
{
  char name[64], here[PATH_MAX], path[PATH_MAX + 80];
  time_t now = time (NULL);
  struct tm tm;

  if (!localtime_r (&now, &tm) || !strftime (name, sizeof name, "fettle-report-%Y%m%d-%H%M%S.html",
                                             &tm))
    return fettle_error_set (err, FETTLE_E_INTERNAL, "the clock shows no time");
  if (!getcwd (here, sizeof here))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "finding the current folder");
  snprintf (path, sizeof path, "%s/%s", strcmp (here, "/") ? here : "", name);
  if (fettle_file_write (path, 0666, fettle_buf_text (page), page->size, err))
    return err->code;
  fprintf (cli->out, "%s\n", path);
  return FETTLE_OK;
}

static int
run_report (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (MAX_REPORT);
  const char *job = fettle_args_value (args, "job");
  char before[64];
  _cleanup_free_ char *path = NULL;
  struct fettle_error err;

  snprintf (before, sizeof before, "/reports/%s%s", fettle_format_name (cli->format),
            job ? "?job=" : "");
  path = fettle_client_path (before, job ? job : "", "");
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_text (client, path, &text, &err))
    return fettle_cli_fail (&err);
  if (cli->format == FETTLE_FORMAT_HTML && !cli->output_path)
    return write_page (cli, &text, &err) ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
  fwrite (fettle_buf_text (&text), 1, text.size, cli->out);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option options[] = {
  { "job", 0, "ID", "of this job; without it, of the last deployment, else of the inventories" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_report = {
  "report", NULL, NULL, 0, 0, "report on a job; HTML without -o becomes a file, its path is printed",
  FETTLE_FORMATS (FETTLE_FORMAT_HTML) | FETTLE_FORMATS (FETTLE_FORMAT_JSON)
    | FETTLE_FORMATS (FETTLE_FORMAT_CSV), FETTLE_FORMAT_HTML, options, run_report,
};
