/* helper.c - see helper.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "engine/helper.h"
#include "engine/internal.h"
#include "util/clock.h"
#include "util/text.h"
#include "util/trusted.h"

enum { ANSWER_MAX = 16384, COMPLAINT_MAX = 4096, SHOWN_MAX = 300, REAP_MS = 5 };

struct fettle_helper {
  char *name;
  pid_t pid;
  int out, err;               /* what it says, and what it complains of; -1: ended */
  struct event *on_out, *on_err, *timer;
  struct fettle_buf answer, complaint;
  int64_t end;                /* ms */
  uint32_t seconds;
  bool too_long, too_late;
  fettle_helper_done *done;
  void *arg;
};

/* ---- Which program ---- */

/* The next "NAME=PATH" of the setting; false at its end. */
static bool
next_word (const char **at, const char **ret, size_t *ret_n)
{
  *at += strspn (*at, " \t");
  *ret = *at;
  *ret_n = strcspn (*at, " \t");
  *at += *ret_n;
  return *ret_n > 0;
}

fettle_result
fettle_helper_find (const char *setting, const char *name, char ret[PATH_MAX],
                    struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf known = FETTLE_BUF_INIT (1024);
  const char *at = setting, *word;
  size_t n, size = strlen (name);

  while (next_word (&at, &word, &n)) {
    size_t of = strcspn (word, "=");

    if (of == size && of + 1 < n && strncmp (word, name, size) == 0 && word[of + 1] == '/'
        && n - of - 1 < PATH_MAX) {
      snprintf (ret, PATH_MAX, "%.*s", (int) (n - of - 1), word + of + 1);
      return FETTLE_OK;
    }
    fettle_buf_printf (&known, " %.*s", (int) (of < n ? of : n), word);
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "there is no credential helper %.80s: the setting"
                                                 " credential_helpers names%s, each as NAME=/PATH",
                           name, known.size ? fettle_buf_text (&known) : " none");
}

/* ---- Its answer ---- */

/* What it complains of, for people: its first line, without what a terminal
 * would obey. */
static const char *
complaint_of (struct fettle_helper *h, char ret[SHOWN_MAX])
{
  const char *text = fettle_buf_text (&h->complaint);
  size_t n = strcspn (text, "\r\n");

  snprintf (ret, SHOWN_MAX, "%.*s", (int) (n < SHOWN_MAX ? n : SHOWN_MAX - 1), text);
  for (char *p = ret; *p; p++)
    if (iscntrl ((unsigned char) *p) || (unsigned char) *p > 126)
      *p = '?';
  return *ret ? ret : "it didn't say why";
}

static fettle_result
check_members (struct fettle_helper *h, json_t *answer, struct fettle_error *err)
{
  const char *key;
  json_t *value;

  json_object_foreach (answer, key, value)
    if (!fettle_has_word (FETTLE_CREDENTIALS, key) || !json_is_string (value))
      return fettle_error_set (err, FETTLE_E_CONFIG, "the credential helper %s answered with a"
                                                     " member %.40s that isn't text of "
                                                     FETTLE_CREDENTIALS, h->name, key);
  return FETTLE_OK;
}

/* Nothing of what it answered is told: it may be a secret. */
static fettle_result
read_answer (struct fettle_helper *h, int status, json_t **ret, struct fettle_error *err)
{
  char why[SHOWN_MAX];
  json_t *answer;

  if (h->too_late)
    return fettle_error_set (err, FETTLE_E_TIMEOUT, "the credential helper %s didn't end in %u s"
                                                    " (setting helper_timeout)", h->name, h->seconds);
  if (h->too_long)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the credential helper %s said more than %d bytes",
                             h->name, ANSWER_MAX);
  if (!WIFEXITED (status))
    return fettle_error_set (err, FETTLE_E_SERVICE, "the credential helper %s was ended by signal %d",
                             h->name, WTERMSIG (status));
  if (WEXITSTATUS (status))
    return fettle_error_set (err, FETTLE_E_AUTH, "the credential helper %s failed (exit code %d): %s",
                             h->name, WEXITSTATUS (status), complaint_of (h, why));
  answer = json_loadb (h->answer.data ? h->answer.data : "", h->answer.size, JSON_REJECT_DUPLICATES,
                       NULL);
  if (!json_is_object (answer)) {
    json_decref (answer);
    return fettle_error_set (err, FETTLE_E_CONFIG, "what the credential helper %s said isn't a JSON"
                                                   " object", h->name);
  }
  *ret = answer;
  return check_members (h, answer, err);
}

/* ---- While it runs ---- */

static void
helper_free (struct fettle_helper *h)
{
  struct event *events[] = { h->on_out, h->on_err, h->timer };

  for (size_t i = 0; i < COUNT (events); i++)
    if (events[i])
      event_free (events[i]);
  if (h->out >= 0)
    close (h->out);
  if (h->err >= 0)
    close (h->err);
  fettle_buf_clear (&h->answer);
  fettle_buf_clear (&h->complaint);
  free (h->name);
  free (h);
}

void
fettle_helper_stop (struct fettle_helper *h)
{
  kill (-h->pid, SIGKILL);
  while (waitpid (h->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  helper_free (h);
}

/* Kept as long as its parts exist: what is done may start another one. */
static void
ended (struct fettle_helper *h, int status)
{
  struct fettle_error err = { .code = FETTLE_OK };
  fettle_helper_done *done = h->done;
  void *arg = h->arg;
  json_t *answer = NULL;

  kill (-h->pid, SIGKILL); /* what it started and left */
  if (read_answer (h, status, &answer, &err)) {
    fettle_credentials_free (answer);
    json_decref (answer);
    answer = NULL;
  }
  helper_free (h);
  done (arg, answer, answer ? NULL : &err);
}

/* Its time is up, or it has closed what it says: it may not have ended yet. */
static void
on_timer (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_helper *h = arg;
  const struct timeval soon = { 0, REAP_MS * 1000 };
  int status = 0;
  pid_t pid;

  (void) fd;
  (void) what;
  if (fettle_now_ms () >= h->end && !h->too_late) {
    h->too_late = true;
    kill (-h->pid, SIGKILL);
  }
  if (h->too_long)
    kill (-h->pid, SIGKILL);
  pid = waitpid (h->pid, &status, WNOHANG);
  if (pid == 0 || (pid < 0 && errno == EINTR))
    event_add (h->timer, &soon);
  else
    ended (h, status);
}

/* True: there may be more. */
static bool
read_some (int fd, struct fettle_buf *b, bool *ret_too_long)
{
  char piece[1024];
  ssize_t n = read (fd, piece, sizeof piece);
  bool more = n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));

  if (n > 0 && !fettle_buf_add (b, piece, (size_t) n))
    *ret_too_long = true;
  fettle_wipe (piece, sizeof piece);
  return more;
}

static void
on_answer (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_helper *h = arg;

  (void) what;
  if (read_some (fd, &h->answer, &h->too_long) && !h->too_long)
    return;
  event_del (h->on_out);
  event_active (h->timer, EV_TIMEOUT, 0);
}

/* Only its beginning is kept. */
static void
on_complaint (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_helper *h = arg;
  bool ignored;

  (void) what;
  if (!read_some (fd, &h->complaint, &ignored))
    event_del (h->on_err);
}

/* ---- Starting ---- */

static fettle_result
check_program (const char *name, const char *path, struct fettle_error *err)
{
  struct stat st;

  if (stat (path, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "the credential helper %s: %.400s", name, path);
  if (!S_ISREG (st.st_mode) || access (path, X_OK))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the credential helper %s: %.400s isn't a program",
                             name, path);
  return fettle_trusted_check (path, &st, err)
           ? fettle_error_prefix (err, "the credential helper %s: ", name) : FETTLE_OK;
}

/* In memory, so that nobody waits until it is read. */
static int
question_fd (const json_t *question)
{
  _cleanup_free_ char *text = json_dumps (question, JSON_COMPACT);
  _cleanup_close_ int fd = memfd_create ("fettle-question", MFD_CLOEXEC);
  size_t size = text ? strlen (text) : 0;

  if (!text || fd < 0 || write (fd, text, size) != (ssize_t) size || write (fd, "\n", 1) != 1
      || lseek (fd, 0, SEEK_SET))
    return -1;
  return STEAL_FD (fd);
}

static int
spawn (const char *path, int in, int out, int err, pid_t *ret)
{
  const char *home = getenv ("HOME");
  char home_text[PATH_MAX + 8];
  const char *const argv[] = { path, "get", NULL };
  const char *environment[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                "LC_ALL=C.UTF-8", NULL, NULL };
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attr;
  sigset_t none, all;
  int r;

  if (home && snprintf (home_text, sizeof home_text, "HOME=%s", home) < (int) sizeof home_text)
    environment[2] = home_text;
  sigemptyset (&none);
  sigfillset (&all);
  posix_spawn_file_actions_init (&files);
  posix_spawnattr_init (&attr);
  posix_spawnattr_setflags (&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
                                     | POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setsigmask (&attr, &none);
  posix_spawnattr_setsigdefault (&attr, &all);
  posix_spawn_file_actions_adddup2 (&files, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2 (&files, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2 (&files, err, STDERR_FILENO);
  r = posix_spawn (ret, path, &files, &attr, (char *const *) (uintptr_t) argv,
                   (char *const *) (uintptr_t) environment);
  posix_spawn_file_actions_destroy (&files);
  posix_spawnattr_destroy (&attr);
  return r;
}

static fettle_result
begin (struct fettle_helper *h, const char *path, const json_t *question, struct fettle_error *err)
{
  _cleanup_close_ int in = question_fd (question), out = -1, complain = -1;
  int ends[2];

  if (in < 0 || pipe2 (ends, O_CLOEXEC | O_NONBLOCK))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "asking the credential helper %s", h->name);
  h->out = ends[0];
  out = ends[1];
  if (pipe2 (ends, O_CLOEXEC | O_NONBLOCK))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "asking the credential helper %s", h->name);
  h->err = ends[0];
  complain = ends[1];
  /* Ours don't wait; its own do, as programs expect. */
  fcntl (out, F_SETFL, 0);
  fcntl (complain, F_SETFL, 0);
  errno = spawn (path, in, out, complain, &h->pid);
  return errno ? fettle_error_errno (err, FETTLE_E_SERVICE, "starting the credential helper %s, %.400s",
                                     h->name, path) : FETTLE_OK;
}

struct fettle_helper *
fettle_helper_start (struct event_base *base, const char *name, const char *path,
                     const json_t *question, uint32_t seconds, fettle_helper_done *done, void *arg,
                     struct fettle_error *err)
{
  const struct timeval limit = { seconds, 0 };
  struct fettle_helper *h = check_program (name, path, err) ? NULL : calloc (1, sizeof *h);

  if (!h)
    return NULL;
  *h = (struct fettle_helper) {
    .name = strdup (name), .out = -1, .err = -1, .seconds = seconds, .done = done, .arg = arg,
    .answer = FETTLE_BUF_SECRET (ANSWER_MAX), .complaint = FETTLE_BUF_SECRET (COMPLAINT_MAX),
    .end = fettle_now_ms () + (int64_t) seconds * 1000,
  };
  if (begin (h, path, question, err)) {
    helper_free (h);
    return NULL;
  }
  h->on_out = event_new (base, h->out, EV_READ | EV_PERSIST, on_answer, h);
  h->on_err = event_new (base, h->err, EV_READ | EV_PERSIST, on_complaint, h);
  h->timer = evtimer_new (base, on_timer, h);
  if (!h->on_out || !h->on_err || !h->timer || event_add (h->on_out, NULL)
      || event_add (h->on_err, NULL) || event_add (h->timer, &limit))
    abort ();
  return h;
}
