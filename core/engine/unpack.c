/* unpack.c - see component-files.h.  SPDX-License-Identifier: Apache-2.0
 *
 *   fettle-scan --unpack ARCHIVE MEMBER  |  fettle-scan --keep SIZE SHA256  >  STATE/unpacked/SHA256
 *
 * The first parses foreign bytes, and so is confined; the second looks at none,
 * and decides whether what came is what was hashed.  Both say what went wrong
 * on one pipe.  Several deployments of one component wait for one unpacking.
 * The folder is kept below a limit: what was used longest ago goes first.
 */
#include "util/base.h"

#include <dirent.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <time.h>

#include "engine/component-files.h"
#include "engine/internal.h"
#include "util/file.h"
#include "util/log.h"
#include "util/spawn.h"

extern char **environ;

#define RUNNING_MAX 4
#define FAILED_S    60 /* how long a failure is remembered */

struct unpacking {
  struct unpacking *next;
  struct fettle_engine *engine;
  char sha256[FETTLE_SHA256_TEXT];
  pid_t pids[2];
  struct bufferevent *in; /* NULL: it has ended */
  bool kept;
  int64_t ended;
  struct fettle_error error;
};

static void
folder_of (struct fettle_engine *e, char ret[PATH_MAX])
{
  snprintf (ret, PATH_MAX, "%s/unpacked", e->settings->state_dir);
}

static void
path_of (struct fettle_engine *e, const char *sha256, const char *end, char ret[PATH_MAX])
{
  snprintf (ret, PATH_MAX, "%s/unpacked/%s%s", e->settings->state_dir, sha256, end);
}

static const char *
digest_of (const json_t *file)
{
  return json_string_value (json_object_get (file, "sha256"));
}

int
fettle_unpacked_open (struct fettle_engine *e, const json_t *file, struct fettle_error *err)
{
  char path[PATH_MAX];
  int fd;

  path_of (e, digest_of (file), "", path);
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    fettle_error_errno (err, FETTLE_E_CONFIG, "opening %s, which was unpacked",
                        json_string_value (json_object_get (file, "path")));
  else
    futimens (fd, NULL); /* used now */
  return fd;
}

/* ---- room ---- */

struct kept {
  char name[FETTLE_SHA256_TEXT + 8];
  uint64_t size;
  struct timespec used;
};

static int
oldest_first (const void *a, const void *b)
{
  const struct kept *x = a, *y = b;

  if (x->used.tv_sec != y->used.tv_sec)
    return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
  return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

static size_t
list_kept (int folder, struct kept **ret, uint64_t *ret_sum)
{
  DIR *dir = fdopendir (fcntl (folder, F_DUPFD_CLOEXEC, 0));
  struct kept *list = NULL, *bigger;
  struct dirent *d;
  struct stat st;
  size_t n = 0;

  *ret_sum = 0;
  while (dir && (d = readdir (dir))) {
    if (strlen (d->d_name) >= sizeof list->name || fstatat (folder, d->d_name, &st, AT_SYMLINK_NOFOLLOW)
        || !S_ISREG (st.st_mode))
      continue;
    bigger = reallocarray (list, n + 1, sizeof *list);
    if (!bigger)
      abort ();
    list = bigger;
    snprintf (list[n].name, sizeof list[n].name, "%s", d->d_name);
    list[n].size = (uint64_t) st.st_size;
    list[n++].used = st.st_mtim;
    *ret_sum += (uint64_t) st.st_size;
  }
  if (dir)
    closedir (dir);
  if (n)
    qsort (list, n, sizeof *list, oldest_first);
  *ret = list;
  return n;
}

/* What is open by then stays with who has opened it. */
static fettle_result
make_room (struct fettle_engine *e, uint64_t wanted, struct fettle_error *err)
{
  const uint64_t most = e->settings->unpacked_max << 20;
  _cleanup_close_ int folder = -1;
  _cleanup_free_ struct kept *list = NULL;
  char path[PATH_MAX];
  uint64_t sum;
  size_t n;

  folder_of (e, path);
  if (wanted > most)
    return fettle_error_set (err, FETTLE_E_CONFIG, "unpacked it has %llu MiB, but only %llu may be "
                             "used: raise unpacked_max in fettle.conf",
                             (unsigned long long) (wanted >> 20),
                             (unsigned long long) e->settings->unpacked_max);
  if (fettle_make_folder (path, 0700, err))
    return err->code;
  folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "opening the folder %s", path);
  n = list_kept (folder, &list, &sum);
  for (size_t i = 0; i < n && sum + wanted > most; i++) {
    unlinkat (folder, list[i].name, 0);
    sum -= list[i].size;
  }
  return FETTLE_OK;
}

/* ---- the two processes ---- */

static void
end (struct unpacking *u)
{
  char from[PATH_MAX], to[PATH_MAX];

  bufferevent_free (u->in);
  u->in = NULL;
  for (size_t i = 0; i < COUNT (u->pids); i++) {
    if (u->pids[i] <= 0)
      continue;
    kill (u->pids[i], SIGKILL);
    fettle_spawn_wait (u->pids[i]);
  }
  path_of (u->engine, u->sha256, ".new", from);
  path_of (u->engine, u->sha256, "", to);
  u->ended = time (NULL);
  if (u->kept && rename (from, to) == 0)
    return;
  unlink (from);
  if (!u->error.code)
    fettle_error_set (&u->error, FETTLE_E_INTERNAL, "fettle-scan ended before it was unpacked");
}

static void
on_read (struct bufferevent *in, void *arg)
{
  struct evbuffer *buffer = bufferevent_get_input (in);
  struct unpacking *u = arg;
  char *line;

  while ((line = evbuffer_readln (buffer, NULL, EVBUFFER_EOL_LF))) {
    _cleanup_json_ json_t *said = json_loads (line, 0, NULL);
    const char *problem = json_string_value (json_object_get (said, "problem"));

    if (problem && !u->error.code)
      fettle_error_set (&u->error, FETTLE_E_CONFIG, "%.900s", problem);
    u->kept = u->kept || json_is_true (json_object_get (said, "kept"));
    free (line);
  }
  if (evbuffer_get_length (buffer) > 65536)
    evbuffer_drain (buffer, evbuffer_get_length (buffer));
}

static void
on_end (struct bufferevent *in, short what FETTLE_UNUSED, void *arg)
{
  on_read (in, arg);
  end (arg);
}

static int
spawn (struct fettle_engine *e, const char *const argv[], int in, int out, int status, pid_t *ret)
{
  posix_spawn_file_actions_t actions;
  char program[PATH_MAX];
  int r;

  snprintf (program, sizeof program, "%s/fettle-scan", e->settings->libexecdir);
  posix_spawn_file_actions_init (&actions);
  if (in >= 0)
    posix_spawn_file_actions_adddup2 (&actions, in, 0);
  posix_spawn_file_actions_adddup2 (&actions, out, 1);
  posix_spawn_file_actions_adddup2 (&actions, status, 3);
  r = posix_spawn (ret, program, &actions, NULL, (char *const *) argv, environ);
  posix_spawn_file_actions_destroy (&actions);
  return r;
}

static void
close_pair (int fds[2])
{
  for (int i = 0; i < 2; i++)
    if (fds[i] >= 0)
      close (fds[i]);
}

/* From 10 on, so that none is one of those that a child gets. */
static bool
pipe_high (int ret[2])
{
  int low[2];

  ret[0] = ret[1] = -1;
  if (pipe2 (low, O_CLOEXEC))
    return false;
  ret[0] = fcntl (low[0], F_DUPFD_CLOEXEC, 10);
  ret[1] = fcntl (low[1], F_DUPFD_CLOEXEC, 10);
  close_pair (low);
  return ret[0] >= 0 && ret[1] >= 0;
}

static fettle_result
run (struct unpacking *u, const char *archive, const char *member, const char *size, int out,
     struct fettle_error *err)
{
  const char *const first[] = { "fettle-scan", "--unpack", archive, member, NULL };
  const char *const second[] = { "fettle-scan", "--keep", size, u->sha256, NULL };
  int data[2], status[2] = { -1, -1 }, r = -1;

  if (pipe_high (data) && pipe_high (status)) {
    r = spawn (u->engine, second, data[0], out, status[1], &u->pids[1]);
    r = r ? r : spawn (u->engine, first, -1, data[1], status[1], &u->pids[0]);
  }
  if (r) {
    close_pair (data);
    close_pair (status);
    errno = r > 0 ? r : errno;
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "starting fettle-scan");
  }
  close_pair (data);
  close (status[1]);
  evutil_make_socket_nonblocking (status[0]);
  u->in = bufferevent_socket_new (u->engine->base, status[0], BEV_OPT_CLOSE_ON_FREE);
  if (!u->in)
    abort ();
  bufferevent_setcb (u->in, on_read, NULL, on_end, u);
  bufferevent_enable (u->in, EV_READ);
  return FETTLE_OK;
}

static fettle_result
begin (struct unpacking *u, const char *baseline, const json_t *file, struct fettle_error *err)
{
  uint64_t bytes = (uint64_t) json_integer_value (json_object_get (file, "size"));
  _cleanup_close_ int out = -1;
  char archive[PATH_MAX], path[PATH_MAX], size[32];
  const char *member;

  if (fettle_component_file_where (baseline, file, archive, &member, err)
      || make_room (u->engine, bytes, err))
    return err->code;
  if (!member)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "it isn't in an archive");
  path_of (u->engine, u->sha256, ".new", path);
  out = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (out < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", path);
  snprintf (size, sizeof size, "%llu", (unsigned long long) bytes);
  return run (u, archive, member, size, out, err);
}

/* ---- who waits for what ---- */

static void
forget (struct fettle_engine *e, struct unpacking *u)
{
  struct unpacking **at = &e->unpackings;

  while (*at != u)
    at = &(*at)->next;
  *at = u->next;
  free (u);
}

static struct unpacking *
find (struct fettle_engine *e, const char *sha256, unsigned *ret_running)
{
  struct unpacking *found = NULL, *next;

  *ret_running = 0;
  for (struct unpacking *u = e->unpackings; u; u = next) {
    next = u->next;
    if (!u->in && (u->kept || u->ended + FAILED_S < time (NULL)))
      forget (e, u);
    else if (strcmp (u->sha256, sha256) == 0)
      found = u;
    else
      *ret_running += u->in != NULL;
  }
  return found;
}

static fettle_result
unpack_file (struct fettle_engine *e, const char *baseline, const json_t *file,
             struct fettle_error *err)
{
  char path[PATH_MAX];
  struct unpacking *u;
  unsigned running;

  path_of (e, digest_of (file), "", path);
  if (access (path, R_OK) == 0)
    return FETTLE_OK;
  u = find (e, digest_of (file), &running);
  if (u && u->in)
    return FETTLE_AGAIN;
  if (u) {
    *err = u->error;
    return err->code;
  }
  if (running >= RUNNING_MAX)
    return FETTLE_AGAIN;
  u = calloc (1, sizeof *u);
  if (!u)
    abort ();
  u->engine = e;
  snprintf (u->sha256, sizeof u->sha256, "%s", digest_of (file));
  if (begin (u, baseline, file, err)) {
    free (u);
    return err->code;
  }
  u->next = e->unpackings;
  e->unpackings = u;
  return FETTLE_AGAIN;
}

fettle_result
fettle_unpack (struct fettle_engine *e, int64_t baseline, const json_t *component,
               struct fettle_error *err)
{
  const json_t *file;
  struct fettle_rows rows;
  _cleanup_free_ char *path = NULL;
  fettle_result r = FETTLE_OK;
  size_t i;

  json_array_foreach (json_object_get (component, "files"), i, file) {
    fettle_result one;

    if (!json_is_string (json_object_get (file, "container"))
        || json_is_integer (json_object_get (file, "offset")))
      continue;
    if (!path) {
      fettle_store_query (e->store, &rows, "SELECT path FROM baseline WHERE id = ?", "i", baseline);
      if (!fettle_rows_next (&rows))
        return fettle_error_set (err, FETTLE_E_CONFIG, "its baseline isn't there any more");
      path = strdup (fettle_rows_text (&rows, 0));
      fettle_rows_end (&rows);
    }
    one = unpack_file (e, path, file, err);
    if (one && one != FETTLE_AGAIN)
      return fettle_error_prefix (err, "unpacking %s: ",
                                  json_string_value (json_object_get (file, "path")));
    r = one ? one : r;
  }
  return r;
}

void
fettle_unpack_stop (struct fettle_engine *e)
{
  while (e->unpackings) {
    if (e->unpackings->in)
      end (e->unpackings);
    forget (e, e->unpackings);
  }
}
