/* process.c - see process.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "service/options.h"
#include "service/process.h"
#include "service/systemd.h"
#include "util/file.h"

#define FILES_MAX 65536 /* descriptors: more than all limits together need */
#define LOCK_TRIES 100  /* of 50 ms: the one before us may be ending */

void
fettle_process_prepare (void)
{
  static const struct rlimit no_core = { 0, 0 };
  struct rlimit files;
  int fd;

  umask (077);
  signal (SIGPIPE, SIG_IGN);
  setrlimit (RLIMIT_CORE, &no_core);
  /* The limit alone doesn't keep a system's core dump handler away. */
  if (!FETTLE_ASAN)
    prctl (PR_SET_DUMPABLE, 0);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_MAX) {
    files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
    setrlimit (RLIMIT_NOFILE, &files);
  }
  /* A missing standard stream would be replaced by the next file opened. */
  do
    fd = open ("/dev/null", O_RDWR | O_NOCTTY);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
  close_range (STDERR_FILENO + 1 + (unsigned) fettle_systemd_sockets (), ~0U, 0);
}

static void
wait_for_child (pid_t child, int fd)
{
  char c = '\0';
  int status = 0;

  while (read (fd, &c, 1) < 0 && errno == EINTR)
    ;
  /* Ready, or the end of it.  Its word is on standard error already. */
  if (c == 'r')
    _exit (FETTLE_EXIT_OK);
  while (waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFSIGNALED (status))
    fprintf (stderr, "fettled: it was ended by signal %d\n", WTERMSIG (status));
  _exit (WIFEXITED (status) ? WEXITSTATUS (status) : FETTLE_EXIT_FAILED);
}

int
fettle_process_background (void)
{
  int fds[2];
  pid_t child;

  if (pipe2 (fds, O_CLOEXEC))
    return -1;
  child = fork ();
  if (child > 0) {
    close (fds[1]);
    wait_for_child (child, fds[0]);
  }
  close (fds[0]);
  if (child < 0) {
    close (fds[1]);
    return -1;
  }
  setsid ();
  return fds[1];
}

void
fettle_process_ready (int fd)
{
  (void) !chdir ("/");
  (void) !write (fd, "r", 1);
  close (fd);
}

fettle_result
fettle_process_log_to (const char *path, struct fettle_error *err)
{
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "opening the log file %s", path);
  dup2 (fd, STDERR_FILENO);
  dup2 (fd, STDOUT_FILENO);
  close (fd);
  return FETTLE_OK;
}

static fettle_result
check_folder (const char *path, struct fettle_error *err)
{
  struct stat st;

  if (stat (path, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "looking at the state folder %s", path);
  if (!S_ISDIR (st.st_mode))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the state folder %s is not a folder", path);
  if (st.st_uid != geteuid ())
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "the state folder %s belongs to user %u, but this is user %u", path,
                             (unsigned) st.st_uid, (unsigned) geteuid ());
  if (st.st_mode & 022)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "others can write in the state folder %s (mode %04o): set mode 0700",
                             path, (unsigned) (st.st_mode & 07777));
  return FETTLE_OK;
}

static bool
is_published (const char *state_dir)
{
  char path[PATH_MAX];

  snprintf (path, sizeof path, "%s/service.json", state_dir);
  return access (path, F_OK) == 0;
}

/* The holder takes its service.json away before it ends: wait for its end. */
static bool
lock (int fd, const char *state_dir)
{
  static const struct timespec pause = { 0, 50 * 1000 * 1000 };

  for (int i = 0; i < LOCK_TRIES; i++) {
    if (flock (fd, LOCK_EX | LOCK_NB) == 0)
      return true;
    if (errno != EWOULDBLOCK || is_published (state_dir))
      return false;
    nanosleep (&pause, NULL);
  }
  return false;
}

fettle_result
fettle_process_lock (const char *state_dir, int *ret_fd, struct fettle_error *err)
{
  char path[PATH_MAX], pid[24] = "";
  _cleanup_close_ int fd = -1;
  fettle_result r;
  int n;

  if ((r = fettle_make_folder (state_dir, 0700, err)) || (r = check_folder (state_dir, err)))
    return r;
  if ((size_t) snprintf (path, sizeof path, "%s/lock", state_dir) >= sizeof path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s is too long", state_dir);
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "opening %s", path);
  if (!lock (fd, state_dir)) {
    (void) !read (fd, pid, sizeof pid - 1);
    pid[strspn (pid, "0123456789")] = '\0';
    return fettle_error_set (err, FETTLE_E_BUSY,
                             "a service runs already with the state folder %s: process %s",
                             state_dir, *pid ? pid : "unknown");
  }
  n = snprintf (pid, sizeof pid, "%d\n", (int) getpid ());
  if (ftruncate (fd, 0) || pwrite (fd, pid, (size_t) n, 0) != n)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", path);
  *ret_fd = STEAL_FD (fd);
  return FETTLE_OK;
}

fettle_result
fettle_process_publish (const struct fettle_settings *s, struct fettle_error *err)
{
  _cleanup_json_ json_t *j = json_pack ("{s:i, s:I, s:s}", "pid", (int) getpid (), "ssl_port",
                                        (json_int_t) s->ssl_port, "version", PACKAGE_VERSION);
  _cleanup_free_ char *text = j ? json_dumps (j, 0) : NULL;
  char path[PATH_MAX];

  if (!text)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory");
  if ((size_t) snprintf (path, sizeof path, "%s/service.json", s->state_dir) >= sizeof path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s is too long", s->state_dir);
  return fettle_file_write (path, 0600, text, strlen (text), err);
}

void
fettle_process_unpublish (const struct fettle_settings *s)
{
  char path[PATH_MAX];

  if ((size_t) snprintf (path, sizeof path, "%s/service.json", s->state_dir) < sizeof path)
    unlink (path);
}
