/* gate-program.c - see gate-program.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "firewall/gate-program.h"
#include "util/clock.h"

enum { ARGS_MAX = 16, ALLOWED_MAX = 2048, RUN_MS = 10000, OUTPUT_MAX = 65536 };

/* ---- The command line. ---- */

struct command {
  char path[4096];
  char allowed[ALLOWED_MAX], mark[16];
  const char *args[ARGS_MAX];
  size_t n;
};

static fettle_result
allowed_text (const struct fettle_firewall_options *o, char *text, struct fettle_error *err)
{
  size_t n = 0;

  for (size_t i = 0; i < o->n_ports && n < ALLOWED_MAX; i++)
    n += (size_t) snprintf (text + n, ALLOWED_MAX - n, "%s%s/%u-%u", i ? "," : "",
                            o->ports[i].protocol == FETTLE_UDP ? "udp" : "tcp",
                            o->ports[i].first, o->ports[i].last);
  if (n >= ALLOWED_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "too many spans of ports for the firewall");
  return FETTLE_OK;
}

static void
add (struct command *c, const char *arg)
{
  if (c->n + 1 < ARGS_MAX)
    c->args[c->n++] = arg;
}

static fettle_result
command_init (struct command *c, const struct fettle_firewall_options *o, struct fettle_error *err)
{
  memset (c, 0, sizeof *c);
  snprintf (c->path, sizeof c->path, "%s/fettle-gate", o->libexecdir);
  if (access (c->path, X_OK))
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "there is no %s: Fettle was built without "
                             "libnftables, or the package with it isn't installed", c->path);
  if (allowed_text (o, c->allowed, err))
    return err->code;
  snprintf (c->mark, sizeof c->mark, "0x%08x", o->mark ? o->mark : FETTLE_FIREWALL_MARK);
  add (c, "fettle-gate");
  add (c, "--mark");
  add (c, c->mark);
  if (o->n_ports > 0) {
    add (c, "--allow");
    add (c, c->allowed);
  }
  return FETTLE_OK;
}

/* `fds` are pairs of what we have and what it is there; a group of its own, so
 * that a Ctrl-C for the service leaves it time to close what is open. */
static fettle_result
spawn (const struct command *c, const int fds[][2], size_t n, pid_t *ret, struct fettle_error *err)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  sigset_t none, all;
  extern char **environ;
  int r;

  sigemptyset (&none);
  sigfillset (&all);
  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attr);
  posix_spawnattr_setflags (&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
                                     | POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setsigmask (&attr, &none);
  posix_spawnattr_setsigdefault (&attr, &all);
  for (size_t i = 0; i < n; i++)
    posix_spawn_file_actions_adddup2 (&actions, fds[i][0], fds[i][1]);
  r = posix_spawn (ret, c->path, &actions, &attr, (char *const *) (uintptr_t) c->args, environ);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attr);
  errno = r;
  return r ? fettle_error_errno (err, FETTLE_E_SERVICE, "starting %s", c->path) : FETTLE_OK;
}

/* ---- To serve us. ---- */

static fettle_result
connect_to (const char *path, int *ret_fd, struct fettle_error *err)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  _cleanup_close_ int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (strlen (path) >= sizeof address.sun_path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path of fettle-gate's socket is too long");
  memcpy (address.sun_path, path, strlen (path));
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address))
    return fettle_error_errno (err, FETTLE_E_SERVICE, "connecting to fettle-gate at %s", path);
  *ret_fd = STEAL_FD (fd);
  return FETTLE_OK;
}

fettle_result
fettle_gate_start (const struct fettle_firewall_options *o, pid_t *ret_pid, int *ret_fd,
                   struct fettle_error *err)
{
  struct command c;
  int pair[2], fds[1][2];
  fettle_result r;

  *ret_pid = 0;
  if (o->gate_socket)
    return connect_to (o->gate_socket, ret_fd, err);
  if (command_init (&c, o, err))
    return err->code;
  add (&c, "--fd");
  add (&c, "3");
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "a socket for fettle-gate");
  fds[0][0] = pair[1];
  fds[0][1] = 3;
  r = spawn (&c, fds, 1, ret_pid, err);
  close (pair[1]);
  if (r) {
    close (pair[0]);
    return r;
  }
  fcntl (pair[0], F_SETFL, O_NONBLOCK);
  *ret_fd = pair[0];
  return FETTLE_OK;
}

/* ---- To do one thing. ---- */

/* Until all ends of the pipe are closed, or the time is up. */
static bool
drain (int fd, struct fettle_buf *ret)
{
  const int64_t end = fettle_now_ms () + RUN_MS;
  struct pollfd p = { fd, POLLIN, 0 };
  char piece[4096];
  int64_t left;

  while ((left = end - fettle_now_ms ()) > 0) {
    ssize_t n;

    if (poll (&p, 1, (int) left) < 0 && errno != EINTR)
      return false;
    if (!p.revents)
      continue;
    n = read (fd, piece, sizeof piece);
    if (n == 0)
      return true;
    if (n < 0 || !fettle_buf_add (ret, piece, (size_t) n))
      return false;
  }
  return false;
}

/* Its last line, without its name. */
static const char *
last_words (struct fettle_buf *said)
{
  static const char name[] = "fettle-gate: ";
  char *line;

  while (said->size > 0 && said->data[said->size - 1] == '\n')
    said->data[--said->size] = '\0';
  line = said->size ? strrchr (said->data, '\n') : NULL;
  line = line ? line + 1 : said->data;
  if (!line)
    return "it said nothing";
  return strncmp (line, name, strlen (name)) == 0 ? line + strlen (name) : line;
}

static fettle_result
wait_for (pid_t pid, bool drained, struct fettle_buf *said, struct fettle_error *err)
{
  int status = 0;

  if (!drained)
    kill (pid, SIGKILL);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (drained && WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return FETTLE_OK;
  if (!drained)
    return fettle_error_set (err, FETTLE_E_TIMEOUT, "fettle-gate didn't end in %d s", RUN_MS / 1000);
  return fettle_error_set (err, FETTLE_E_SERVICE, "%s", last_words (said));
}

fettle_result
fettle_gate_run (const struct fettle_firewall_options *o, const char *const *modes,
                 struct fettle_buf *ret, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf said = FETTLE_BUF_INIT (OUTPUT_MAX);
  struct command c;
  int ends[2], fds[2][2];
  fettle_result r;
  bool drained;
  pid_t pid;

  if (command_init (&c, o, err))
    return err->code;
  for (; *modes; modes++)
    add (&c, *modes);
  if (pipe2 (ends, O_CLOEXEC))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "a pipe for fettle-gate");
  fds[0][0] = fds[1][0] = ends[1];
  fds[0][1] = STDOUT_FILENO;
  fds[1][1] = STDERR_FILENO;
  r = spawn (&c, (const int (*)[2]) fds, 2, &pid, err);
  close (ends[1]);
  if (!r) {
    drained = drain (ends[0], &said);
    r = wait_for (pid, drained, &said, err);
  }
  close (ends[0]);
  if (!r && !fettle_buf_add (ret, fettle_buf_text (&said), said.size))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for what fettle-gate said");
  return r;
}
