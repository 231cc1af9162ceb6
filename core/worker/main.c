/* main.c - fettle-worker: the zygote of one plugin.
 *
 * fettle-worker [--user NAME] [--memory MIB] PLUGIN
 *
 * Started by fettled with the control socket as descriptor 3 (wire.h).  Loads
 * the plugin, makes what libraries make at first use, then forks a process for
 * each call and tells how it ended.  It ends when fettled does, and takes its
 * calls with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "plugin/quirks.h"
#include "transport/transport.h"
#include "util/log.h"
#include "util/secret.h"
#include "util/text.h"
#include "worker/worker.h"

struct child {
  json_int_t id;
  pid_t pid;
};

struct zygote {
  struct fettle_plugin_info plugin;
  struct fettle_call_limits limits;
  struct child *children;
  size_t n, room;
  int signals;
};

/* ---- What fettled is told ---- */

/* It can't be told anything any more when it has gone: then poll says so. */
static void
tell (json_t *message)
{
  struct fettle_error err;

  if (message)
    (void) fettle_wire_send (FETTLE_WORKER_SOCKET, message, NULL, 0, &err);
  json_decref (message);
}

static void
tell_exit (json_int_t id, int status)
{
  tell (json_pack ("{s:I, s:i}", "exited", id, "status", status));
}

/* ---- Children ---- */

/* In the child.  Nothing of the zygote stays open but its standard input,
 * which is /dev/null. */
static int
be_child (struct zygote *z, int socket, pid_t parent)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () != parent)
    return EXIT_FAILURE;
  if (dup2 (socket, FETTLE_WORKER_SOCKET) < 0 || dup2 (0, 1) < 0 || (!FETTLE_ASAN && dup2 (0, 2) < 0)
      || syscall (SYS_close_range, FETTLE_WORKER_SOCKET + 1, ~0u, 0) != 0)
    return EXIT_FAILURE;
  free (z->children);
  return fettle_worker_serve (&z->plugin, &z->limits);
}

static bool
make_room (struct zygote *z)
{
  size_t room = z->room ? 2 * z->room : 64;
  struct child *children;

  if (z->n < z->room)
    return true;
  children = realloc (z->children, room * sizeof *children);
  if (!children)
    return false;
  z->children = children;
  z->room = room;
  return true;
}

static void
start (struct zygote *z, json_int_t id, int socket)
{
  pid_t self = getpid (), pid = make_room (z) ? fork () : -1;

  if (pid == 0) {
    int status = be_child (z, socket, self);

    /* Leaks are looked for at exit. */
    if (FETTLE_ASAN) {
      fettle_plugin_clear (&z->plugin);
      json_decref (fettle_worker_quirks);
      exit (status);
    }
    _exit (status);
  }
  if (pid < 0)
    tell_exit (id, -1);
  else
    z->children[z->n++] = (struct child) { id, pid };
}

static void
kill_child (const struct zygote *z, json_int_t id)
{
  for (size_t i = 0; i < z->n; i++)
    if (z->children[i].id == id)
      kill (z->children[i].pid, SIGKILL);
}

static void
reap (struct zygote *z)
{
  pid_t pid;
  int status;

  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    for (size_t i = 0; i < z->n; i++)
      if (z->children[i].pid == pid) {
        tell_exit (z->children[i].id, status);
        z->children[i] = z->children[--z->n];
        break;
      }
}

/* ---- What fettled says ---- */

/* False at the end. */
static bool
obey (struct zygote *z)
{
  _cleanup_json_ json_t *m = NULL;
  int fds[1] = { -1 };
  size_t n = 1;
  struct fettle_error err;
  const json_t *id;

  if (fettle_wire_receive (FETTLE_WORKER_SOCKET, &m, fds, &n, &err) != FETTLE_OK)
    return false;
  if ((id = json_object_get (m, "start")) && n == 1)
    start (z, json_integer_value (id), fds[0]);
  else if ((id = json_object_get (m, "kill")))
    kill_child (z, json_integer_value (id));
  if (n == 1)
    close (fds[0]);
  return true;
}

static void
loop (struct zygote *z)
{
  struct pollfd p[2] = { { .fd = FETTLE_WORKER_SOCKET, .events = POLLIN },
                         { .fd = z->signals, .events = POLLIN } };
  struct signalfd_siginfo info;

  for (;;) {
    if (poll (p, 2, -1) < 0 && errno != EINTR)
      break;
    if (p[1].revents && read (z->signals, &info, sizeof info) > 0)
      reap (z);
    if (p[0].revents && !obey (z))
      break;
  }
  for (size_t i = 0; i < z->n; i++)
    kill (z->children[i].pid, SIGKILL);
}

/* ---- Start ---- */

static fettle_result
listen_to_children (struct zygote *z, struct fettle_error *err)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  sigprocmask (SIG_BLOCK, &set, NULL);
  signal (SIGPIPE, SIG_IGN);
  z->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return z->signals >= 0 ? FETTLE_OK : fettle_error_errno (err, FETTLE_E_INTERNAL, "making a signalfd");
}

static bool
uses (const struct fettle_plugin_info *plugin, const char *service)
{
  for (uint32_t i = 0; i < plugin->descriptor.n_node_types; i++) {
    const struct fettle_node_type *t = &plugin->node_types[i];

    if ((t->services && fettle_has_word (t->services, service))
        || (t->wants && fettle_has_word (t->wants, service)))
      return true;
  }
  return false;
}

static fettle_result
set_up (struct zygote *z, const char *user, const char *plugin, struct fettle_error *err)
{
  _cleanup_free_ char *folder = NULL;
  fettle_result r = fettle_sandbox_user (user, err);

  if (r == FETTLE_OK)
    r = fettle_plugin_load_one (&z->plugin, plugin, err);
  if (r == FETTLE_OK && (fettle_worker_quirks = json_array ()))
    r = fettle_quirks_read (z->plugin.path, z->plugin.descriptor.name, fettle_worker_quirks, err);
  if (r == FETTLE_OK) {
    folder = z->plugin.program ? strndup (z->plugin.program, (size_t) (strrchr (z->plugin.program, '/') - z->plugin.program))
                               : NULL;
    z->limits.signals = folder != NULL;
    fettle_transport_init (uses (&z->plugin, "http/1"));
    r = fettle_sandbox_zygote (folder, err);
  }
  return r == FETTLE_OK ? listen_to_children (z, err) : r;
}

static const char *
options (int argc, char **argv, struct zygote *z, const char **ret_user)
{
  static const struct option names[] = {
    { "user", required_argument, NULL, 'u' },
    { "memory", required_argument, NULL, 'm' },
    { 0 },
  };
  int c;

  while ((c = getopt_long (argc, argv, "", names, NULL)) != -1)
    if (c == 'u')
      *ret_user = optarg;
    else if (c != 'm' || !fettle_parse_uint (optarg, 0, UINT64_MAX >> 20, &z->limits.memory))
      return NULL;
  z->limits.memory <<= 20;
  return optind + 1 == argc ? argv[optind] : NULL;
}

#if FETTLE_ASAN
/* Confined, it can't be looked through for leaks; the unit tests' processes can. */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return 1;
}

/* libssh2 1.10 (session_method_pref) moves a list by memcpy within one buffer. */
const char *__asan_default_suppressions (void);

const char *
__asan_default_suppressions (void)
{
  return "interceptor_via_lib:libssh2\n";
}
#endif

int
main (int argc, char **argv)
{
  struct zygote z = { .signals = -1 };
  const char *user = "nobody", *plugin = options (argc, argv, &z, &user);
  struct fettle_error err;

  fettle_secret_json ();
  fettle_log_init ("fettle-worker", FETTLE_LOG_INFO);
  if (!plugin || fcntl (FETTLE_WORKER_SOCKET, F_GETFD) < 0) {
    fettle_log (FETTLE_LOG_ERROR, "fettled starts this program; it is of no use by itself");
    return 255;
  }
  fcntl (FETTLE_WORKER_SOCKET, F_SETFD, FD_CLOEXEC);
  syscall (SYS_close_range, FETTLE_WORKER_SOCKET + 1, ~0u, 0);
  if (set_up (&z, user, plugin, &err) != FETTLE_OK) {
    tell (json_pack ("{s:s}", "refused", err.text));
    return EXIT_FAILURE;
  }
  tell (json_pack ("{s:b}", "ready", 1));
  loop (&z);
  free (z.children);
  fettle_plugin_clear (&z.plugin);
  json_decref (fettle_worker_quirks);
  return EXIT_SUCCESS;
}
