/* zygote.c - see zygote.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "plugin/wire.h"
#include "plugin/zygote.h"
#include "util/log.h"

#define START_TIME 30 /* s that loading a plugin may take */

/* What the socket had no room for. */
struct order {
  struct order *next;
  json_t *message;
  int fd; /* or -1 */
};

struct fettle_zygote {
  const struct fettle_plugin_info *plugin;
  const struct fettle_zygote_handlers *handlers;
  void *arg;
  pid_t pid;
  int control;
  bool ready, is_gone;
  struct event *readable, *writable, *patience;
  struct order *first, **last;
};

/* ---- The process ---- */

/* A plugin has no business with the service's environment. */
static void
pick_environment (char *ret[16])
{
  static const char *const names[] = { "LANG=", "LC_ALL=", "TZ=", "LD_LIBRARY_PATH=", "OPENSSL_CONF=",
                                       "ASAN_OPTIONS=", "LSAN_OPTIONS=", "UBSAN_OPTIONS=" };
  size_t n = 0;

  for (char **e = environ; e && *e; e++)
    for (size_t i = 0; i < COUNT (names); i++)
      if (strncmp (*e, names[i], strlen (names[i])) == 0 && n < 15)
        ret[n++] = *e;
  ret[n] = NULL;
}

/* A group of its own: a Ctrl-C at the terminal is the service's to handle. */
static int
spawn (const char *program, char **argv, int control, pid_t *ret_pid)
{
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  char *environment[16];
  sigset_t all, none;
  int error;

  pick_environment (environment);
  sigfillset (&all);
  sigemptyset (&none);
  posix_spawn_file_actions_init (&files);
  posix_spawnattr_init (&attributes);
  posix_spawn_file_actions_adddup2 (&files, control, 3);
  posix_spawn_file_actions_addopen (&files, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2 (&files, 0, 1);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF
                                           | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault (&attributes, &all);
  posix_spawnattr_setsigmask (&attributes, &none);
  error = posix_spawn (ret_pid, program, &files, &attributes, argv, environment);
  posix_spawn_file_actions_destroy (&files);
  posix_spawnattr_destroy (&attributes);
  return error;
}

static fettle_result
start_process (struct fettle_zygote *z, const struct fettle_settings *settings, int control,
               struct fettle_error *err)
{
  char program[PATH_MAX], memory[24];
  const char *plugin = z->plugin->path ? z->plugin->path : z->plugin->descriptor.name;
  const char *const argv[] = { "fettle-worker", "--user", settings->worker_user, "--memory", memory,
                               plugin, NULL };
  int error;

  snprintf (program, sizeof program, "%s/fettle-worker", settings->libexecdir);
  snprintf (memory, sizeof memory, "%llu", (unsigned long long) settings->worker_memory);
  error = spawn (program, (char **) (uintptr_t) argv, control, &z->pid);
  if (error) {
    z->pid = -1;
    errno = error;
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "starting %s", program);
  }
  return FETTLE_OK;
}

/* ---- Its end ---- */

static void
stop_process (struct fettle_zygote *z)
{
  if (z->pid > 0) {
    kill (z->pid, SIGKILL);
    while (waitpid (z->pid, NULL, 0) < 0 && errno == EINTR)
      continue;
  }
  z->pid = -1;
}

static void
gone (struct fettle_zygote *z, const char *why)
{
  char text[600];

  if (z->is_gone)
    return;
  z->is_gone = true;
  event_del (z->readable);
  event_del (z->writable);
  event_del (z->patience);
  stop_process (z);
  if (z->ready)
    snprintf (text, sizeof text, "the worker of plugin %s has gone: %s", z->plugin->descriptor.name, why);
  else
    snprintf (text, sizeof text, "the worker of plugin %s doesn't start: %s",
              z->plugin->descriptor.name, why);
  z->handlers->gone (z->arg, text);
}

void
fettle_zygote_give_up (struct fettle_zygote *z, const char *why)
{
  gone (z, why);
}

static void
on_impatient (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what;
  gone (arg, "loading the plugin takes too long");
}

/* ---- Orders to it ---- */

static void
free_order (struct order *o)
{
  json_decref (o->message);
  if (o->fd >= 0)
    close (o->fd);
  free (o);
}

static void
flush (struct fettle_zygote *z)
{
  while (z->first) {
    struct order *o = z->first;
    struct fettle_error err;

    /* If it has gone, its socket's end says so. */
    if (fettle_wire_send (z->control, o->message, &o->fd, o->fd >= 0 ? 1 : 0, &err) == FETTLE_AGAIN) {
      event_add (z->writable, NULL);
      return;
    }
    z->first = o->next;
    if (!z->first)
      z->last = &z->first;
    free_order (o);
  }
}

static void
on_writable (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what;
  flush (arg);
}

static void
order (struct fettle_zygote *z, const char *what, uint64_t call, int fd)
{
  struct order *o = calloc (1, sizeof *o);

  if (!o) {
    /* Then its calls run into their deadlines. */
    if (fd >= 0)
      close (fd);
    return;
  }
  o->message = json_pack ("{s:I}", what, (json_int_t) call);
  o->fd = fd;
  *z->last = o;
  z->last = &o->next;
  flush (z);
}

void
fettle_zygote_start (struct fettle_zygote *z, uint64_t call, int socket)
{
  order (z, "start", call, socket);
}

void
fettle_zygote_kill (struct fettle_zygote *z, uint64_t call)
{
  order (z, "kill", call, -1);
}

/* ---- What it says ---- */

static void
hear (struct fettle_zygote *z, const json_t *m)
{
  const json_t *id = json_object_get (m, "exited"), *status = json_object_get (m, "status");
  const char *refused = json_string_value (json_object_get (m, "refused"));

  if (refused)
    gone (z, refused);
  else if (json_object_get (m, "ready")) {
    z->ready = true;
    event_del (z->patience);
    z->handlers->ready (z->arg);
  } else if (json_is_integer (id) && json_is_integer (status))
    z->handlers->exited (z->arg, (uint64_t) json_integer_value (id), (int) json_integer_value (status));
}

static void
on_readable (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_zygote *z = arg;

  (void) fd, (void) what;
  for (int i = 0; i < 64 && !z->is_gone; i++) {
    _cleanup_json_ json_t *m = NULL;
    struct fettle_error err;
    fettle_result r = fettle_wire_receive (z->control, &m, NULL, NULL, &err);

    if (r == FETTLE_AGAIN)
      return;
    if (r == FETTLE_OK)
      hear (z, m);
    else
      gone (z, r == FETTLE_E_UNREACHABLE ? "it ended by itself" : err.text);
  }
}

/* ---- Making and freeing ---- */

static fettle_result
make_events (struct fettle_zygote *z, struct event_base *base, struct fettle_error *err)
{
  static const struct timeval patience = { START_TIME, 0 };

  z->readable = event_new (base, z->control, EV_READ | EV_PERSIST, on_readable, z);
  z->writable = event_new (base, z->control, EV_WRITE, on_writable, z);
  z->patience = evtimer_new (base, on_impatient, z);
  if (!z->readable || !z->writable || !z->patience)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a worker");
  event_add (z->readable, NULL);
  event_add (z->patience, &patience);
  return FETTLE_OK;
}

fettle_result
fettle_zygote_new (struct event_base *base, const struct fettle_settings *settings,
                   const struct fettle_plugin_info *plugin,
                   const struct fettle_zygote_handlers *handlers, void *arg,
                   struct fettle_zygote **ret, struct fettle_error *err)
{
  struct fettle_zygote *z = calloc (1, sizeof *z);
  int ends[2] = { -1, -1 };
  fettle_result r;

  if (!z)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a worker");
  *z = (struct fettle_zygote) { .plugin = plugin, .handlers = handlers, .arg = arg, .pid = -1,
                                .control = -1 };
  z->last = &z->first;
  r = fettle_wire_pair (ends, err);
  if (r == FETTLE_OK) {
    z->control = ends[0];
    evutil_make_socket_nonblocking (z->control);
    r = make_events (z, base, err);
  }
  if (r == FETTLE_OK)
    r = start_process (z, settings, ends[1], err);
  if (ends[1] >= 0)
    close (ends[1]);
  if (r != FETTLE_OK)
    fettle_zygote_free (z);
  else
    *ret = z;
  return r;
}

void
fettle_zygote_free (struct fettle_zygote *z)
{
  struct event *events[3];

  if (!z)
    return;
  events[0] = z->readable, events[1] = z->writable, events[2] = z->patience;
  for (size_t i = 0; i < COUNT (events); i++)
    if (events[i])
      event_free (events[i]);
  stop_process (z);
  if (z->control >= 0)
    close (z->control);
  while (z->first) {
    struct order *o = z->first;

    z->first = o->next;
    free_order (o);
  }
  free (z);
}
