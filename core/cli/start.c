/* start.c - starting the service in the background.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "cli/client.h"
#include "util/buf.h"
#include "util/file.h"

extern char **environ;

enum { START_SECONDS = 30 };

/* In a build tree fettled is where the workers are, installed in sbin. */
static fettle_result
find_program (const struct fettle_cli *cli, char *ret, size_t size, struct fettle_error *err)
{
  const char *const folders[] = { cli->settings.libexecdir, FETTLE_SBINDIR };

  for (size_t i = 0; i < COUNT (folders); i++) {
    snprintf (ret, size, "%s/fettled", folders[i]);
    if (access (ret, X_OK) == 0)
      return FETTLE_OK;
  }
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "no service runs, and its program fettled is neither in %s nor in %s",
                           folders[0], folders[1]);
}

/* Words for the service.  Borrowed. */
struct command_line {
  char *argv[256];
  size_t n;
};

static void
add (struct command_line *l, const char *option, const char *value)
{
  if (l->n + 2 >= COUNT (l->argv))
    return;
  l->argv[l->n++] = (char *) option;
  if (value)
    l->argv[l->n++] = (char *) value;
}

/* "fettled --background --idle-exit" and what this command line says about
 * the service.  Folders come from the settings, where they are absolute. */
static void
make_command_line (const struct fettle_cli *cli, const char *program, struct command_line *l)
{
  static const struct { const char *name, *option; } passed[] = {
    { "set", "--set" }, { "port", "--port" }, { "ssl-port", "--ssl-port" },
    { "ftp-port", "--ftp-port" },
  };

  add (l, program, NULL);
  add (l, "--background", NULL);
  add (l, "--idle-exit", NULL);
  if (cli->config_path)
    add (l, "--config", cli->config_path);
  add (l, "--state-dir", cli->settings.state_dir);
  if (fettle_args_flag (cli->args, "plugindir"))
    add (l, "--plugindir", cli->settings.plugindir);
  /* Of a deployment, the same option isn't the service's. */
  if (cli->args->command == &fettle_command_service_start
      && fettle_args_flag (cli->args, "open-firewall"))
    add (l, "--open-firewall", NULL);
  for (size_t i = 0; i < cli->args->n_given; i++)
    for (size_t k = 0; k < COUNT (passed); k++)
      if (strcmp (cli->args->given[i].name, passed[k].name) == 0)
        add (l, passed[k].option, cli->args->given[i].value);
}

/* What it said on stderr last, as one line without the log's time and level. */
static void
last_line (int fd, char *ret, size_t size)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (1 << 20);
  struct fettle_error ignored;
  char *end, *line;

  ret[0] = '\0';
  if (lseek (fd, 0, SEEK_SET) != 0 || fettle_fd_read (fd, "its messages", &text, &ignored)
      || text.size == 0)
    return;
  end = text.data + text.size;
  while (end > text.data && end[-1] == '\n')
    *--end = '\0';
  line = strrchr (text.data, '\n');
  line = line ? line + 1 : text.data;
  if (strncmp (line, "fettled: ", 9) == 0)
    line += 9;
  snprintf (ret, size, "%s", line);
}

/* It is ready, but not all is well: its log begins only now. */
static void
repeat_errors (int fd)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (1 << 20);
  struct fettle_error ignored;
  char *next = NULL;

  if (lseek (fd, 0, SEEK_SET) != 0 || fettle_fd_read (fd, "its messages", &text, &ignored)
      || text.size == 0)
    return;
  for (char *line = strtok_r (text.data, "\n", &next); line; line = strtok_r (NULL, "\n", &next)) {
    const char *error = strstr (line, " error: ");

    if (error)
      fprintf (stderr, "fettle: the service says: %s\n", error + strlen (" error: "));
  }
}

/* The child ends when the service is ready, or has failed. */
static fettle_result
wait_for (pid_t pid, int messages, struct fettle_error *err)
{
  char line[800];
  int status = 0;

  for (int i = 0; i < START_SECONDS * 50; i++) {
    pid_t got = waitpid (pid, &status, WNOHANG);

    if (got < 0 && errno != EINTR)
      return fettle_error_errno (err, FETTLE_E_SERVICE, "waiting for the service to start");
    if (got == pid && WIFEXITED (status) && WEXITSTATUS (status) == 0) {
      repeat_errors (messages);
      return FETTLE_OK;
    }
    if (got == pid) {
      last_line (messages, line, sizeof line);
      return fettle_error_set (err, FETTLE_E_SERVICE, "the service didn't start: %s",
                               line[0] ? line : "it ended without a word");
    }
    nanosleep (&(struct timespec) { 0, 20 * 1000 * 1000 }, NULL);
  }
  kill (pid, SIGTERM);
  return fettle_error_set (err, FETTLE_E_TIMEOUT, "the service wasn't ready after %d s",
                           START_SECONDS);
}

fettle_result
fettle_service_start (const struct fettle_cli *cli, struct fettle_error *err)
{
  struct command_line line = { { NULL }, 0 };
  char program[PATH_MAX];
  /* Not a pipe: the service may go on writing there after we are gone. */
  _cleanup_close_ int messages = memfd_create ("fettled-messages", MFD_CLOEXEC);
  posix_spawn_file_actions_t actions;
  pid_t pid;
  int e;

  if (messages < 0)
    return fettle_error_errno (err, FETTLE_E_SERVICE, "starting the service");
  if (find_program (cli, program, sizeof program, err))
    return err->code;
  make_command_line (cli, program, &line);
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen (&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2 (&actions, messages, STDERR_FILENO);
  e = posix_spawn (&pid, program, &actions, NULL, line.argv, environ);
  posix_spawn_file_actions_destroy (&actions);
  if (e) {
    errno = e;
    return fettle_error_errno (err, FETTLE_E_SERVICE, "starting %s", program);
  }
  return wait_for (pid, messages, err);
}
