/* scan.c - a new baseline: fettle-scan reads it, we keep what it says.
 *
 * Foreign files are parsed there, in a process of its own; what it says is
 * checked here again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "engine/component-files.h"
#include "engine/internal.h"
#include "model/component.h"

#define MAX_LINE  (4 << 20) /* of what the scanner says */

extern char **environ;

struct scan {
  struct job *job;
  struct bufferevent *in;
  pid_t pid;
  int64_t baseline;
  char *path;
  uint64_t components, problems;
  bool complete;
  char why[160]; /* what the scanner said of the whole folder */
};

/* ---- What the scanner says ---- */

static void
problem (struct scan *s, const char *file, const char *message)
{
  s->problems++;
  fettle_store_run (s->job->engine->store,
                    "INSERT INTO problem (baseline, file, message) VALUES (?, ?, ?)", "iss",
                    s->baseline, file, message);
  fettle_job_event (s->job, NULL, json_pack ("{s:s+++}", "log", file, ": ", message, ""));
}

static json_t *
stamps_of (struct scan *s, const json_t *component, struct fettle_error *err)
{
  json_t *stamps = json_array ();
  const json_t *file;
  char stamp[FETTLE_STAMP_MAX];
  size_t i;

  json_array_foreach (json_object_get (component, "files"), i, file) {
    if (fettle_component_file_stamp (s->path, file, stamp, err)) {
      json_decref (stamps);
      return NULL;
    }
    json_array_append_new (stamps, json_string (stamp));
  }
  return stamps;
}

static void
take_component (struct scan *s, const json_t *json)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  const char *id = json_string_value (json_object_get (json, "id"));
  _cleanup_json_ json_t *stamps = NULL;
  struct fettle_error err;

  if (fettle_component_from_json (json, &c, &err) || !(stamps = stamps_of (s, json, &err))) {
    problem (s, id ? id : "?", err.text);
    return;
  }
  s->components++;
  fettle_store_run (s->job->engine->store,
                    "INSERT OR REPLACE INTO component (baseline, id, data, stamps)"
                    " VALUES (?, ?, ?, ?)", "isjj", s->baseline, c.id, json, stamps);
}

static void
take_line (struct scan *s, const char *line)
{
  _cleanup_json_ json_t *said = json_loads (line, JSON_REJECT_DUPLICATES, NULL);
  json_t *component = json_object_get (said, "component");
  json_t *p = json_object_get (said, "problem"), *progress = json_object_get (said, "progress");
  const char *file = json_string_value (json_object_get (p, "file"));
  const char *message = json_string_value (json_object_get (p, "message"));

  if (component)
    take_component (s, component);
  if (p)
    problem (s, file ? file : "?", message ? message : "?");
  if (file && message && strcmp (file, ".") == 0)
    snprintf (s->why, sizeof s->why, "%s", message);
  if (progress)
    fettle_job_event (s->job, NULL, json_pack ("{s:O}", "scan", progress));
  if (json_object_get (said, "done"))
    s->complete = true;
}

/* ---- The scan's end ---- */

static void
scan_free (struct scan *s)
{
  if (s->in)
    bufferevent_free (s->in);
  kill (s->pid, SIGKILL);
  while (waitpid (s->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  s->job->scan = NULL;
  free (s->path);
  free (s);
}

void
fettle_scan_stop (struct job *j)
{
  if (j->scan)
    scan_free (j->scan);
}

static void
end_scan (struct scan *s)
{
  struct job *j = s->job;
  struct fettle_engine *e = j->engine;
  char message[400];
  bool good = s->complete && s->components > 0;

  if (!s->complete)
    snprintf (message, sizeof message, "%.180s couldn't be read to its end: %s", s->path,
              j->aborted ? "aborted by the user" : s->why[0] ? s->why : "the scanner ended early");
  else if (!good)
    snprintf (message, sizeof message, "%.180s holds no usable component (%llu problems)", s->path,
              (unsigned long long) s->problems);
  else
    snprintf (message, sizeof message, "%llu components, %llu problems",
              (unsigned long long) s->components, (unsigned long long) s->problems);
  if (good)
    fettle_store_run (e->store, "UPDATE baseline SET ready = 1 WHERE id = ?", "i", s->baseline);
  else
    fettle_store_run (e->store, "DELETE FROM baseline WHERE id = ?", "i", s->baseline);
  fettle_job_finish (j, message, good && !s->problems ? 0 : 254);
  scan_free (s);
}

void
fettle_scan_abort (struct job *j)
{
  end_scan (j->scan);
}

static void
on_read (struct bufferevent *in, void *arg)
{
  struct evbuffer *buffer = bufferevent_get_input (in);
  struct scan *s = arg;
  char *line;

  while ((line = evbuffer_readln (buffer, NULL, EVBUFFER_EOL_LF))) {
    take_line (s, line);
    free (line);
  }
  if (evbuffer_get_length (buffer) > MAX_LINE)
    end_scan (s);
}

static void
on_end (struct bufferevent *in, short what, void *arg)
{
  (void) in;
  (void) what;
  end_scan (arg);
}

/* ---- POST /baselines ---- */

static fettle_result
spawn (struct fettle_engine *e, const char *path, pid_t *ret_pid, int *ret_fd,
       struct fettle_error *err)
{
  char program[PATH_MAX];
  char *const argv[] = { program, (char *) path, NULL };
  posix_spawn_file_actions_t actions;
  int ends[2], r;

  snprintf (program, sizeof program, "%s/fettle-scan", e->settings->libexecdir);
  if (pipe2 (ends, O_CLOEXEC))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "making a pipe");
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, ends[1], 1);
  r = posix_spawn (ret_pid, program, &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy (&actions);
  close (ends[1]);
  if (r) {
    close (ends[0]);
    return fettle_error_set (err, FETTLE_E_INTERNAL, "starting %s: %s", program, strerror (r));
  }
  *ret_fd = ends[0];
  return FETTLE_OK;
}

static fettle_result
check_path (const char *path, struct fettle_error *err)
{
  struct stat st;

  if (!path || *path != '/')
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"path\" must be an absolute path");
  if (stat (path, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading the baseline %s", path);
  if (!S_ISDIR (st.st_mode) && !S_ISREG (st.st_mode))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a folder or a file", path);
  if (access (path, S_ISDIR (st.st_mode) ? R_OK | X_OK : R_OK))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading the baseline %s", path);
  return FETTLE_OK;
}

static const char *
usual_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash && slash[1] ? slash + 1 : path;
}

static fettle_result
add (struct fettle_engine *e, const char *path, const char *name, int64_t *ret_job,
     struct fettle_error *err)
{
  struct scan *s;
  struct job *j;
  pid_t pid = -1;
  int fd = -1;

  if (check_path (path, err))
    return err->code;
  name = name ? name : usual_name (path);
  if (fettle_store_number (e->store, 0, "SELECT count (*) FROM baseline WHERE name = ?", "s", name))
    return fettle_error_set (err, FETTLE_E_BUSY, "there is a baseline %s already: remove it, or"
                                                 " choose another --name", name);
  if (spawn (e, path, &pid, &fd, err))
    return err->code;
  s = calloc (1, sizeof *s);
  if (!s)
    abort ();
  fettle_store_run (e->store, "INSERT INTO baseline (name, path, added, ready) VALUES (?, ?, ?, 0)",
                    "ssi", name, path, (int64_t) time (NULL));
  s->baseline = fettle_store_last_id (e->store);
  j = fettle_job_new (e, "baseline", NULL, NULL);
  *s = (struct scan) { .job = j, .pid = pid, .baseline = s->baseline, .path = strdup (path) };
  j->scan = s;
  evutil_make_socket_nonblocking (fd);
  s->in = bufferevent_socket_new (e->base, fd, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_setcb (s->in, on_read, NULL, on_end, s);
  bufferevent_enable (s->in, EV_READ);
  *ret_job = j->id;
  return FETTLE_OK;
}

void
fettle_api_baselines_add (void *engine, struct fettle_request *r)
{
  struct fettle_error err;
  int64_t job = 0;

  if (add (engine, json_string_value (json_object_get (r->body, "path")),
           json_string_value (json_object_get (r->body, "name")), &job, &err))
    fettle_request_fail (r, &err);
  else
    fettle_request_reply (r, 202, json_pack ("{s:I}", "job", (json_int_t) job));
}
