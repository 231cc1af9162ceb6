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

/* "name in (a,b)", for those that words name. */
static fettle_result
selector_of (const struct fettle_args *args, struct fettle_buf *ret, struct fettle_error *err)
{
  const char *selector = fettle_args_value (args, "selector");
  bool ok = fettle_buf_text_add (ret, selector ? selector : "");

  if (selector && args->n_words)
    return fettle_error_set (err, FETTLE_E_CONFIG, "NODE... and --selector exclude each other");
  for (size_t i = 0; i < args->n_words && ok; i++)
    ok = fettle_buf_printf (ret, "%s%s%s", i ? "," : "name in (", args->words[i],
                            i + 1 == args->n_words ? ")" : "");
  return ok ? FETTLE_OK : fettle_error_set (err, FETTLE_E_CONFIG, "these are too many nodes");
}

/* PATH?kind=K&job=J&select=S, of those that are given. */
static fettle_result
path_of (struct fettle_cli *cli, const struct fettle_args *args, char **ret, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf selector = FETTLE_BUF_INIT (8192);
  const char *kind = fettle_args_value (args, "kind"), *job = fettle_args_value (args, "job");
  const char *const query[][2] = { { "job", job }, { "kind", kind }, { "select", NULL } };
  char *path, before[64];

  if (job && kind && strcmp (kind, "job") != 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "--job is for reports of the kind job");
  if (selector_of (args, &selector, err))
    return err->code;
  snprintf (before, sizeof before, "/reports/%s", fettle_format_name (cli->format));
  path = strdup (before);
  for (size_t i = 0, n = 0; i < COUNT (query); i++) {
    const char *value = i == 2 && selector.size ? fettle_buf_text (&selector) : query[i][1];
    _cleanup_free_ char *part = NULL;
    char *more = NULL;

    if (!value)
      continue;
    snprintf (before, sizeof before, "%c%s=", n++ ? '&' : '?', query[i][0]);
    part = fettle_client_path (before, value, "");
    if (asprintf (&more, "%s%s", path, part) < 0)
      abort ();
    free (path);
    path = more;
  }
  *ret = path;
  return FETTLE_OK;
}

static int
run_report (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (MAX_REPORT);
  _cleanup_free_ char *path = NULL;
  struct fettle_error err;

  if (path_of (cli, args, &path, &err) || fettle_client_open (cli, true, &client, &err)
      || fettle_client_text (client, path, &text, &err))
    return fettle_cli_fail (&err);
  if (cli->format == FETTLE_FORMAT_HTML && !cli->output_path)
    return write_page (cli, &text, &err) ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
  fwrite (fettle_buf_text (&text), 1, text.size, cli->out);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option options[] = {
  { "job", 0, "ID", "of this job; without it, of the last deployment, else of the inventories" },
  { "kind", 0, "job|deploy_preview|inventory|firmware|dependency|installed|combined",
    "what about; without it, a job" },
  FETTLE_SELECTOR_OPTION,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_report = {
  "report", NULL, "[NODE...]", 0, SIZE_MAX,
  "report on a job, or on nodes; HTML without -o becomes a file, its path is printed",
  FETTLE_FORMATS (FETTLE_FORMAT_HTML) | FETTLE_FORMATS (FETTLE_FORMAT_JSON)
    | FETTLE_FORMATS (FETTLE_FORMAT_CSV) | FETTLE_FORMATS (FETTLE_FORMAT_XML)
    | FETTLE_FORMATS (FETTLE_FORMAT_JUNIT), FETTLE_FORMAT_HTML, options, run_report,
};
