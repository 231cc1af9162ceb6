/* scan.c - a new baseline: fettle-scan reads it, we keep what it says.
 *
 * Foreign files are parsed there, in a process of its own; what it says is
 * checked here again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "engine/component-files.h"
#include "engine/mirror.h"
#include "engine/signing.h"
#include "model/component.h"
#include "util/file.h"
#include "util/spawn.h"

#define MAX_LINE  (4 << 20) /* of what the scanner says */

struct scan {
  struct job *job;
  struct bufferevent *in;
  pid_t pid;
  int64_t baseline; /* 0: it is only looked at */
  int64_t compare;  /* with this one, that was added before; or 0 */
  char *path;
  uint64_t components, problems;
  struct signing *signing;
  bool complete;
  bool fetching, fetched; /* from a web server, before it is scanned */
  char why[1024]; /* it can't be used, and not because of one file alone */
};

/* ---- What the scanner says ---- */

static void
problem (struct scan *s, const char *file, const char *message)
{
  s->problems++;
  if (s->baseline)
    fettle_store_run (s->job->engine->store,
                      "INSERT INTO problem (baseline, file, message) VALUES (?, ?, ?)", "iss",
                      s->baseline, file, message);
  fettle_job_event (s->job, NULL, json_pack ("{s:s+++}", "log", file, ": ", message, ""));
}

/* What was hashed is what is there now, and will be known again by its stamp. */
static fettle_result
check_stamps (struct scan *s, const json_t *component, const json_t *stamps, struct fettle_error *err)
{
  const json_t *file;
  char now[FETTLE_STAMP_MAX];
  size_t i;

  json_array_foreach (json_object_get (component, "files"), i, file) {
    const char *then = json_string_value (json_array_get (stamps, i));

    if (fettle_component_file_stamp (s->path, file, now, err))
      return err->code;
    if (!then || strcmp (then, now) != 0)
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s changed while the baseline was read: add it "
                               "again", json_string_value (json_object_get (file, "path")));
  }
  return FETTLE_OK;
}

/* Is it what it was when the baseline was added? */
static void
compare_component (struct scan *s, const json_t *json, const char *id)
{
  _cleanup_json_ json_t *before = NULL;
  struct fettle_rows rows;

  fettle_store_query (s->job->engine->store, &rows,
                      "SELECT data FROM component WHERE baseline = ? AND id = ?", "is", s->compare,
                      id);
  if (!fettle_rows_next (&rows))
    return;
  before = fettle_rows_json (&rows, 0);
  fettle_rows_end (&rows);
  if (!json_equal (json_object_get (before, "files"), json_object_get (json, "files")))
    problem (s, id, "it isn't what it was when the baseline was added");
}

static void
take_component (struct scan *s, const json_t *json, const json_t *stamps)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  const char *id = json_string_value (json_object_get (json, "id"));
  struct fettle_error err;

  if (fettle_component_from_json (json, &c, &err) || check_stamps (s, json, stamps, &err)) {
    problem (s, id ? id : "?", err.text);
    return;
  }
  s->components++;
  if (s->compare)
    compare_component (s, json, c.id);
  if (!s->baseline)
    return;
  fettle_store_run (s->job->engine->store,
                    "INSERT OR REPLACE INTO component (baseline, id, data, stamps)"
                    " VALUES (?, ?, ?, ?)", "isjj", s->baseline, c.id, json, stamps);
}

/* False: the baseline can't be used, and nothing more need be read. */
static bool
take_line (struct scan *s, const char *line)
{
  _cleanup_json_ json_t *said = json_loads (line, JSON_REJECT_DUPLICATES, NULL);
  json_t *component = json_object_get (said, "component");
  json_t *p = json_object_get (said, "problem"), *progress = json_object_get (said, "progress");
  const char *file = json_string_value (json_object_get (p, "file"));
  const char *message = json_string_value (json_object_get (p, "message"));
  struct fettle_error err;
  bool good = !fettle_signing_line (s->signing, said, &err);

  if (!good)
    snprintf (s->why, sizeof s->why, "%s", err.text);
  if (component)
    take_component (s, component, json_object_get (said, "stamps"));
  if (p)
    problem (s, file ? file : "?", message ? message : "?");
  if (file && message && strcmp (file, ".") == 0)
    snprintf (s->why, sizeof s->why, "%s", message);
  if (progress)
    fettle_job_event (s->job, NULL, json_pack ("{s:O}", "scan", progress));
  s->fetched = s->fetched || json_is_true (json_object_get (said, "fetched"));
  if (json_object_get (said, "done"))
    s->complete = true;
  return good;
}

/* ---- The scan's end ---- */

static void
scan_free (struct scan *s)
{
  if (s->in)
    bufferevent_free (s->in);
  if (s->pid > 0)
    kill (s->pid, SIGKILL);
  if (s->pid > 0)
    fettle_spawn_wait (s->pid);
  s->job->scan = NULL;
  fettle_signing_free (s->signing);
  free (s->path);
  free (s);
}

void
fettle_scan_stop (struct job *j)
{
  if (j->scan)
    scan_free (j->scan);
}

/* Signed, and by whom; or not. */
static void
keep_signature (struct scan *s)
{
  _cleanup_json_ json_t *signature = fettle_signing_json (s->signing);
  const char *adds_to = json_string_value (json_object_get (signature, "adds_to"));

  fettle_signing_keep (s->signing);
  fettle_store_run (s->job->engine->store,
                    "UPDATE baseline SET ready = 1, signature = ?, adds_to = coalesce (?, adds_to)"
                    " WHERE id = ?", "jsi", signature, adds_to, s->baseline);
}

static void
end_scan (struct scan *s)
{
  struct job *j = s->job;
  struct fettle_engine *e = j->engine;
  char message[1400], words[600];
  _cleanup_json_ json_t *signature = NULL;
  struct fettle_error err;
  bool good;

  if (s->complete && !s->why[0] && fettle_signing_end (s->signing, &err))
    snprintf (s->why, sizeof s->why, "%s", err.text);
  signature = fettle_signing_json (s->signing);
  good = s->complete && !s->why[0] && s->components > 0;
  fettle_signature_text (signature, words, sizeof words);
  if (s->why[0] && !j->aborted)
    snprintf (message, sizeof message, "%.180s can't be used: %s", s->path, s->why);
  else if (!s->complete)
    snprintf (message, sizeof message, "%.180s couldn't be read to its end: %s", s->path,
              j->aborted ? "aborted by the user" : "the scanner ended early");
  else if (!good)
    snprintf (message, sizeof message, "%.180s holds no usable component (%llu problems)", s->path,
              (unsigned long long) s->problems);
  else
    snprintf (message, sizeof message, "%llu components, %llu problems; %s",
              (unsigned long long) s->components, (unsigned long long) s->problems, words);
  if (good && s->baseline)
    keep_signature (s);
  else if (s->baseline)
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
  bool good = true;
  char *line;

  while (good && (line = evbuffer_readln (buffer, NULL, EVBUFFER_EOL_LF))) {
    good = take_line (s, line);
    free (line);
  }
  if (!good || evbuffer_get_length (buffer) > MAX_LINE)
    end_scan (s);
}

static void on_end (struct bufferevent *in, short what, void *arg);

static void
listen_to (struct scan *s, int fd)
{
  evutil_make_socket_nonblocking (fd);
  s->in = bufferevent_socket_new (s->job->engine->base, fd, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_setcb (s->in, on_read, NULL, on_end, s);
  bufferevent_enable (s->in, EV_READ);
}

static fettle_result spawn (struct fettle_engine *e, const char *path, bool again, pid_t *ret_pid,
                            int *ret_fd, struct fettle_error *err);

/* All of it is here: now it is read. */
static void
scan_fetched (struct scan *s)
{
  struct fettle_error err;
  int fd;

  s->fetching = false;
  bufferevent_free (s->in);
  s->in = NULL;
  fettle_spawn_wait (s->pid);
  if (spawn (s->job->engine, s->path, true, &s->pid, &fd, &err)) {
    s->pid = 0;
    snprintf (s->why, sizeof s->why, "%s", err.text);
    end_scan (s);
  } else {
    listen_to (s, fd);
  }
}

static void
on_end (struct bufferevent *in, short what, void *arg)
{
  struct scan *s = arg;

  (void) in;
  (void) what;
  if (s->fetching && s->fetched)
    scan_fetched (s);
  else
    end_scan (s);
}

/* ---- POST /baselines ---- */

/* What earlier scans of this path found, so that only what changed is read.
 * -1: there is none, and all is read. */
static int
open_cache (struct fettle_engine *e, const char *path)
{
  char folder[PATH_MAX], file[PATH_MAX + 80], digest[FETTLE_SHA256_TEXT];
  struct fettle_error err;

  snprintf (folder, sizeof folder, "%s/scans", e->settings->state_dir);
  if (fettle_make_folder (folder, 0700, &err))
    return -1;
  fettle_sha256 (path, strlen (path), digest);
  snprintf (file, sizeof file, "%s/%s", folder, digest);
  return open (file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static fettle_result
spawn (struct fettle_engine *e, const char *path, bool again, pid_t *ret_pid, int *ret_fd,
       struct fettle_error *err)
{
  /* What is only to be verified is read, whatever it looks like. */
  _cleanup_close_ int cache = again ? open_cache (e, path) : -1;
  _cleanup_close_ int keys = fettle_vendor_keys (e);
  const int given[] = { cache, keys };
  const char *argv[6] = { "fettle-scan" };
  size_t n = 1;

  if (keys >= 0) {
    argv[n++] = "--keys";
    argv[n++] = "/dev/fd/4";
  }
  if (cache >= 0)
    argv[n++] = "--cache";
  argv[n++] = path;
  return fettle_spawn (e->settings->libexecdir, argv, given, COUNT (given), ret_pid, ret_fd, err);
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

/* "http://host/a/" is named a. */
static const char *
without_end (const char *url, char ret[PATH_MAX])
{
  size_t n = strlen (url);

  while (n > 0 && url[n - 1] == '/')
    n--;
  snprintf (ret, PATH_MAX, "%.*s", (int) n, url);
  return ret;
}

/* What is to be scanned, and what for. */
struct asked {
  const char *path, *name, *adds_to;
  const char *url, *sha256; /* of a web server; path is then that of the copy */
  int64_t compare;
  bool keep, allow_unsigned;
};

static int64_t
new_baseline (struct fettle_engine *e, const struct asked *a)
{
  fettle_store_run (e->store, "INSERT INTO baseline (name, path, added, ready, adds_to)"
                              " VALUES (?, ?, ?, 0, ?)", "ssis", a->name, a->path,
                    (int64_t) time (NULL), a->adds_to);
  return fettle_store_last_id (e->store);
}

static fettle_result
begin (struct fettle_engine *e, const struct asked *a, int64_t *ret_job, struct fettle_error *err)
{
  struct scan *s;
  struct job *j;
  pid_t pid = -1;
  int fd = -1;

  if (a->url ? fettle_mirror_fetch (e, a->url, a->path, a->sha256, &pid, &fd, err)
             : check_path (a->path, err) ? err->code
                                         : spawn (e, a->path, a->keep, &pid, &fd, err))
    return err->code;
  s = calloc (1, sizeof *s);
  if (!s)
    abort ();
  s->baseline = a->keep ? new_baseline (e, a) : 0;
  j = fettle_job_new (e, "baseline", NULL, NULL);
  *s = (struct scan) { .job = j, .pid = pid, .fetching = a->url, .baseline = s->baseline, .compare = a->compare,
                       .path = strdup (a->path),
                       .signing = fettle_signing_new (e, a->allow_unsigned) };
  j->scan = s;
  listen_to (s, fd);
  *ret_job = j->id;
  return FETTLE_OK;
}

static const char *
text_of (const struct fettle_request *r, const char *member)
{
  return json_string_value (json_object_get (r->body, member));
}

static void
answer (struct fettle_engine *e, struct fettle_request *r, const struct asked *a)
{
  struct fettle_error err;
  int64_t job = 0;

  if (begin (e, a, &job, &err))
    fettle_request_fail (r, &err);
  else
    fettle_request_reply (r, 202, json_pack ("{s:I s:s}", "job", (json_int_t) job, "path", a->path));
}

void
fettle_api_baselines_add (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct asked a = { .path = text_of (r, "path"), .name = text_of (r, "name"), .keep = true,
                     .adds_to = text_of (r, "adds_to"),
                     .allow_unsigned = json_is_true (json_object_get (r->body, "allow_unsigned")) };
  char mirror[PATH_MAX], last[PATH_MAX];
  struct fettle_error err;

  a.url = text_of (r, "url");
  a.sha256 = text_of (r, "sha256");
  if (a.url)
    a.path = mirror;
  if (a.url ? fettle_mirror_path (e, a.url, mirror, &err) : check_path (a.path, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  a.name = a.name ? a.name : usual_name (a.url ? without_end (a.url, last) : a.path);
  if (fettle_store_number (e->store, 0, "SELECT count (*) FROM baseline WHERE name = ?", "s", a.name)) {
    fettle_error_set (&err, FETTLE_E_BUSY, "there is a baseline %s already: remove it, or choose"
                                           " another --name", a.name);
    fettle_request_fail (r, &err);
    return;
  }
  answer (e, r, &a);
}

/* {"path"}: something that isn't a baseline yet; {"baseline"}: is it still
 * what was added? */
void
fettle_api_verifications (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct asked a = { .path = text_of (r, "path"),
                     .allow_unsigned = json_is_true (json_object_get (r->body, "allow_unsigned")) };
  _cleanup_free_ char *path = NULL;
  struct fettle_error err;

  if (!a.path) {
    const char *name = text_of (r, "baseline");

    a.compare = fettle_baseline_find (e, name ? name : "", &err);
    path = a.compare ? fettle_baseline_path (e, a.compare) : NULL;
    a.path = path;
    if (a.compare && fettle_baseline_is_unsigned (e, a.compare))
      a.allow_unsigned = true; /* as it was when it was added */
  }
  if (a.path)
    answer (e, r, &a);
  else
    fettle_request_fail (r, &err);
}
