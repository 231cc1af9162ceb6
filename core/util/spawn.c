/* spawn.c - see spawn.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/wait.h>

#include "util/spawn.h"

extern char **environ;

fettle_result
fettle_spawn (const char *folder, const char *const argv[], const int given[], size_t n,
              pid_t *ret_pid, int *ret_fd, struct fettle_error *err)
{
  posix_spawn_file_actions_t actions;
  char program[PATH_MAX];
  int ends[2], r;

  snprintf (program, sizeof program, "%s/%s", folder, argv[0]);
  if (pipe2 (ends, O_CLOEXEC))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "making a pipe");
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, ends[1], 1);
  for (size_t i = 0; i < n; i++)
    if (given[i] >= 0)
      posix_spawn_file_actions_adddup2 (&actions, given[i], 3 + (int) i);
  r = posix_spawn (ret_pid, program, &actions, NULL, (char *const *) (uintptr_t) argv, environ);
  posix_spawn_file_actions_destroy (&actions);
  close (ends[1]);
  if (r) {
    close (ends[0]);
    return fettle_error_set (err, FETTLE_E_INTERNAL, "starting %s: %s", program, strerror (r));
  }
  *ret_fd = ends[0];
  return FETTLE_OK;
}

int
fettle_spawn_wait (pid_t pid)
{
  int status = -1;

  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    continue;
  return status;
}
