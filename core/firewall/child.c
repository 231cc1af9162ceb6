/* child.c - see child.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "firewall/child.h"
#include "util/clock.h"

enum { OUTPUT_MAX = 16 << 20, LIMIT_S = 60, REAP_MS = 5, TIMED_OUT = 124 };

static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin" };
static char *const environment[] = {
  (char *) (uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *) (uintptr_t) "LC_ALL=C", NULL,
};

struct fettle_child {
  struct event_base *base;
  pid_t pid;
  int fd;                  /* its output */
  struct event *io, *reap;
  struct fettle_buf output;
  int64_t end;             /* ms */
  bool closed, killed;
  fettle_child_done *done;
  void *arg;
};

/* ---- Starting. ---- */

static bool
find_program (const char *name, char *path, size_t size)
{
  for (size_t i = 0; i < COUNT (folders); i++) {
    snprintf (path, size, "%s/%s", folders[i], name);
    if (access (path, X_OK) == 0)
      return true;
  }
  return false;
}

bool
fettle_child_exists (const char *program)
{
  char path[256];

  return find_program (program, path, sizeof path);
}

/* A file in memory, so that nobody has to wait until it is read. */
static int
input_fd (const char *text)
{
  size_t size = text ? strlen (text) : 0;
  int fd = size ? memfd_create ("fettle-input", MFD_CLOEXEC) : open ("/dev/null", O_RDONLY | O_CLOEXEC);

  for (size_t done = 0; fd >= 0 && done < size;) {
    ssize_t n = write (fd, text + done, size - done);

    if (n <= 0) {
      close (fd);
      return -1;
    }
    done += (size_t) n;
  }
  if (fd >= 0 && size)
    lseek (fd, 0, SEEK_SET);
  return fd;
}

static int
spawn (const char *path, const char *const *args, int in, int out, pid_t *ret)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  sigset_t none, all;
  int r;

  sigemptyset (&none);
  sigfillset (&all);
  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attr);
  posix_spawnattr_setflags (&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
                                     | POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setsigmask (&attr, &none);
  posix_spawnattr_setsigdefault (&attr, &all);
  posix_spawn_file_actions_adddup2 (&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, out, STDERR_FILENO);
  r = posix_spawn (ret, path, &actions, &attr, (char *const *) (uintptr_t) args, environment);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attr);
  return r;
}

static fettle_result
begin (const char *const *args, const char *input, pid_t *ret_pid, int *ret_fd,
       struct fettle_error *err)
{
  _cleanup_close_ int in = -1, out = -1, from = -1;
  char path[256];
  int ends[2];

  if (!find_program (args[0], path, sizeof path))
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "there is no program %s here", args[0]);
  in = input_fd (input);
  if (in < 0 || pipe2 (ends, O_CLOEXEC))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "a pipe for %s", args[0]);
  from = ends[0];
  out = ends[1];
  errno = spawn (path, args, in, out, ret_pid);
  if (errno)
    return fettle_error_errno (err, FETTLE_E_SERVICE, "starting %s", path);
  *ret_fd = STEAL_FD (from);
  return FETTLE_OK;
}

/* False: its output has ended.  What is too much is passed over. */
static bool
read_some (int fd, struct fettle_buf *output)
{
  char piece[4096];
  ssize_t n = read (fd, piece, sizeof piece);

  if (n > 0 && !fettle_buf_add (output, piece, (size_t) n))
    return true;
  return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static int
exit_of (int status, bool killed)
{
  if (killed)
    return TIMED_OUT;
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

/* ---- Without waiting. ---- */

static void
child_free (struct fettle_child *c)
{
  if (c->io)
    event_free (c->io);
  if (c->reap)
    event_free (c->reap);
  close (c->fd);
  fettle_buf_clear (&c->output);
  free (c);
}

/* Now and then until it has ended; the output's end comes just before. */
static void
on_reap (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_child *c = arg;
  const struct timeval t = { 0, REAP_MS * 1000 };
  int status = 0;

  (void) fd;
  (void) what;
  if (fettle_now_ms () > c->end && !c->killed) {
    kill (-c->pid, SIGKILL);
    c->killed = true;
  }
  if (waitpid (c->pid, &status, WNOHANG) == 0) {
    event_add (c->reap, &t);
    return;
  }
  c->done (c->arg, exit_of (status, c->killed), fettle_buf_text (&c->output));
  child_free (c);
}

static void
on_output (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_child *c = arg;

  if (!(what & EV_TIMEOUT) && read_some (fd, &c->output))
    return;
  event_del (c->io);
  event_active (c->reap, EV_TIMEOUT, 0);
}

struct fettle_child *
fettle_child_start (struct event_base *base, const char *const *args, const char *input,
                    fettle_child_done *done, void *arg, struct fettle_error *err)
{
  const struct timeval limit = { LIMIT_S, 0 };
  struct fettle_child *c = calloc (1, sizeof *c);

  if (!c) {
    fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a child process");
    return NULL;
  }
  *c = (struct fettle_child) { .base = base, .done = done, .arg = arg,
                               .output = FETTLE_BUF_INIT (OUTPUT_MAX),
                               .end = fettle_now_ms () + LIMIT_S * 1000 };
  if (begin (args, input, &c->pid, &c->fd, err)) {
    free (c);
    return NULL;
  }
  c->io = event_new (base, c->fd, EV_READ | EV_PERSIST, on_output, c);
  c->reap = evtimer_new (base, on_reap, c);
  if (!c->io || !c->reap || event_add (c->io, &limit))
    abort ();
  return c;
}

void
fettle_child_forget (struct fettle_child *c)
{
  if (c)
    child_free (c);
}

/* ---- Waiting. ---- */

/* The last line that isn't empty, in place. */
static const char *
last_line (struct fettle_buf *b)
{
  char *line;

  while (b->size > 0 && b->data[b->size - 1] == '\n')
    b->data[--b->size] = '\0';
  line = b->size ? strrchr (b->data, '\n') : NULL;
  return line ? line + 1 : b->size ? b->data : "it said nothing";
}

fettle_result
fettle_child_run (const char *const *args, const char *input, struct fettle_buf *ret,
                  struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf said = FETTLE_BUF_INIT (OUTPUT_MAX);
  const int64_t end = fettle_now_ms () + LIMIT_S * 1000;
  _cleanup_close_ int fd = -1;
  int status = 0;
  bool more = true;
  pid_t pid;

  if (begin (args, input, &pid, &fd, err))
    return err->code;
  while (more && fettle_now_ms () < end) {
    struct pollfd p = { fd, POLLIN, 0 };

    if (poll (&p, 1, (int) (end - fettle_now_ms ())) > 0)
      more = read_some (fd, &said);
  }
  if (more)
    kill (-pid, SIGKILL);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  status = exit_of (status, more);
  if (status == TIMED_OUT)
    return fettle_error_set (err, FETTLE_E_TIMEOUT, "%s didn't end in %d s", args[0], LIMIT_S);
  if (status)
    return fettle_error_set (err, FETTLE_E_SERVICE, "%s: %.800s", args[0], last_line (&said));
  if (ret && !fettle_buf_add (ret, fettle_buf_text (&said), said.size))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for what %s said", args[0]);
  return FETTLE_OK;
}
