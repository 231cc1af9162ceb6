/* baseline-describe.c - fettle baseline describe: a draft of a side file, by the
 * program that reads baselines, since it may have to parse foreign files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <sys/wait.h>

#include "cli/job.h"
#include "util/file.h"
#include "util/spawn.h"

#define DRAFT_MAX 65536

static fettle_result
run_scan (struct fettle_cli *cli, const char *path, struct fettle_buf *ret, int *ret_status,
          struct fettle_error *err)
{
  const char *const argv[] = { "fettle-scan", "--describe", path, NULL };
  _cleanup_close_ int from = -1;
  fettle_result result;
  int status;
  pid_t pid;

  if (fettle_spawn (cli->settings.libexecdir, argv, NULL, 0, &pid, &from, err))
    return err->code;
  result = fettle_fd_read (from, "the draft", ret, err);
  status = fettle_spawn_wait (pid);
  *ret_status = WIFEXITED (status) ? WEXITSTATUS (status) : FETTLE_EXIT_GENERAL;
  return result;
}

static int
run_describe (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf draft = FETTLE_BUF_INIT (DRAFT_MAX);
  struct fettle_error err;
  int status = FETTLE_EXIT_GENERAL;

  if (run_scan (cli, args->words[0], &draft, &status, &err))
    return fettle_cli_fail (&err);
  if (!status)
    fputs (fettle_buf_text (&draft), cli->out); /* else the other program has said why */
  return status;
}

const struct fettle_command fettle_command_baseline_describe = {
  "baseline", "describe", "FILE", 1, 1, "write a draft of what says what a file is for",
  0, FETTLE_FORMAT_TEXT, NULL, run_describe,
};
