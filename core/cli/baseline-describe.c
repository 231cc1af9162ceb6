/* baseline-describe.c - fettle baseline describe: a draft of a side file, by the
 * program that reads baselines, since it may have to parse foreign files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/wait.h>

#include "cli/job.h"
#include "util/file.h"

#define DRAFT_MAX 65536

extern char **environ;

static fettle_result
run_scan (struct fettle_cli *cli, const char *path, struct fettle_buf *ret, int *ret_status,
          struct fettle_error *err)
{
  char program[PATH_MAX];
  const char *const argv[] = { program, "--describe", path, NULL };
  posix_spawn_file_actions_t actions;
  _cleanup_close_ int from = -1;
  int ends[2], r, status = -1;
  fettle_result result;
  pid_t pid;

  snprintf (program, sizeof program, "%s/fettle-scan", cli->settings.libexecdir);
  if (pipe2 (ends, O_CLOEXEC))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "making a pipe");
  from = ends[0];
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, ends[1], 1);
  r = posix_spawn (&pid, program, &actions, NULL, (char *const *) argv, environ);
  posix_spawn_file_actions_destroy (&actions);
  close (ends[1]);
  if (r)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "starting %s: %s", program, strerror (r));
  result = fettle_fd_read (from, "the draft", ret, err);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    continue;
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
