/* fetch.c - see fetch.h.  SPDX-License-Identifier: Apache-2.0
 *
 * FOLDER/.fetched remembers of each file its digest, its stamp and what the
 * server called this state of it (ETag, Last-Modified); a file that is on its
 * way is PATH.part.
 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "baseline/fetch-list.h"
#include "baseline/fetch.h"
#include "baseline/scan.h"
#include "baseline/walk.h"
#include "util/file.h"
#include "util/libcurl.h"

enum { ATTEMPTS = 5, LIST_MAX = 32 << 20, SLOW_S = 60, CONNECT_S = 30 };

#define MEMORY ".fetched"
#define PART   ".part"

struct fetch {
  CURL *easy;
  FILE *out;
  const char *ca;
  char folder[PATH_MAX], why[CURL_ERROR_SIZE];
  json_t *known; /* path -> {"sha256", "stamp", "etag", "modified"} */
  uint64_t files, of_files, bytes, of_bytes, reused;
  time_t said;
};

/* One answer. */
struct answer {
  struct fetch *fetch;
  int fd;                  /* of the file on its way, or -1: */
  struct fettle_buf *text;
  uint64_t begin;          /* what is there of it already */
  bool judged, full;
  char etag[256], modified[64];
  struct fettle_error err;
};

static void
say_progress (struct fetch *f, bool now)
{
  if (!now && time (NULL) == f->said)
    return;
  f->said = time (NULL);
  fettle_scan_line (f->out, "progress",
                    json_pack ("{s:I s:I s:I s:I s:I}", "files", (json_int_t) f->files, "of",
                               (json_int_t) f->of_files, "bytes", (json_int_t) f->bytes, "of_bytes",
                               (json_int_t) f->of_bytes, "reused", (json_int_t) f->reused));
}

/* ---- libcurl's questions ---- */

static void
keep_value (char *to, size_t size, const char *value, size_t n)
{
  while (n && *value == ' ') {
    value++;
    n--;
  }
  while (n && strchr ("\r\n ", value[n - 1]))
    n--;
  if (n < size)
    snprintf (to, size, "%.*s", (int) n, value);
}

static size_t
keep_header (char *line, size_t one FETTLE_UNUSED, size_t n, void *opaque)
{
  struct answer *a = opaque;

  if (n > 5 && strncmp (line, "HTTP/", 5) == 0)
    a->etag[0] = a->modified[0] = '\0'; /* the one before was a redirection's */
  if (n > 5 && strncasecmp (line, "etag:", 5) == 0)
    keep_value (a->etag, sizeof a->etag, line + 5, n - 5);
  if (n > 14 && strncasecmp (line, "last-modified:", 14) == 0)
    keep_value (a->modified, sizeof a->modified, line + 14, n - 14);
  return n;
}

/* 206: the rest of what is there; 200: all of it. */
static bool
judge (struct answer *a)
{
  long status = 0;

  a->judged = true;
  libcurl.easy_getinfo (a->fetch->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status == 200 && a->fd >= 0 && a->begin) {
    a->fetch->bytes -= a->begin;
    a->begin = 0;
    return ftruncate (a->fd, 0) == 0 && lseek (a->fd, 0, SEEK_SET) == 0;
  }
  return status == 200 || status == 206;
}

static size_t
keep_data (char *data, size_t one, size_t n, void *opaque)
{
  struct answer *a = opaque;
  size_t done = 0;

  (void) one;
  if (!a->judged && !judge (a))
    return 0;
  a->fetch->bytes += n;
  say_progress (a->fetch, false);
  if (a->text)
    return fettle_buf_add (a->text, data, n) ? n : 0;
  while (done < n) {
    ssize_t w = write (a->fd, data + done, n - done);

    if (w < 0 && errno == EINTR)
      continue;
    if (w <= 0) {
      a->full = true;
      fettle_error_errno (&a->err, FETTLE_E_CONFIG, "writing it");
      return 0;
    }
    done += (size_t) w;
  }
  return n;
}

/* ---- a request ---- */

/* What a URL may have as it is, and '/'. */
static bool
add_path (struct fettle_buf *url, const char *path)
{
  for (; *path; path++) {
    bool plain = (*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z')
                 || (*path >= '0' && *path <= '9') || strchr ("-._~/", *path);

    if (!(plain ? fettle_buf_add (url, path, 1)
                : fettle_buf_printf (url, "%%%02X", (unsigned char) *path)))
      return false;
  }
  return true;
}

static void
prepare (struct fetch *f, const char *url, struct answer *a, struct curl_slist *headers)
{
  libcurl.easy_reset (f->easy);
  libcurl.easy_setopt (f->easy, CURLOPT_URL, url);
  libcurl.easy_setopt (f->easy, CURLOPT_PROTOCOLS_STR, "http,https");
  libcurl.easy_setopt (f->easy, CURLOPT_REDIR_PROTOCOLS_STR,
                       strncmp (url, "https:", 6) == 0 ? "https" : "http,https");
  libcurl.easy_setopt (f->easy, CURLOPT_FOLLOWLOCATION, 1L);
  libcurl.easy_setopt (f->easy, CURLOPT_MAXREDIRS, 5L);
  libcurl.easy_setopt (f->easy, CURLOPT_NETRC, (long) CURL_NETRC_OPTIONAL);
  libcurl.easy_setopt (f->easy, CURLOPT_CONNECTTIMEOUT, (long) CONNECT_S);
  libcurl.easy_setopt (f->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  libcurl.easy_setopt (f->easy, CURLOPT_LOW_SPEED_TIME, (long) SLOW_S);
  libcurl.easy_setopt (f->easy, CURLOPT_NOSIGNAL, 1L);
  libcurl.easy_setopt (f->easy, CURLOPT_USERAGENT, "fettle/" PACKAGE_VERSION);
  libcurl.easy_setopt (f->easy, CURLOPT_HTTPHEADER, headers);
  libcurl.easy_setopt (f->easy, CURLOPT_ERRORBUFFER, f->why);
  if (f->ca) {
    libcurl.easy_setopt (f->easy, CURLOPT_CAINFO, f->ca);
    libcurl.easy_setopt (f->easy, CURLOPT_CAPATH, NULL);
  }
  libcurl.easy_setopt (f->easy, CURLOPT_HEADERFUNCTION, keep_header);
  libcurl.easy_setopt (f->easy, CURLOPT_HEADERDATA, a);
  libcurl.easy_setopt (f->easy, CURLOPT_WRITEFUNCTION, keep_data);
  libcurl.easy_setopt (f->easy, CURLOPT_WRITEDATA, a);
}

/* The status, or 0 and an error: AGAIN when it may go better next time. */
static long
request (struct fetch *f, const char *url, struct answer *a, struct curl_slist *headers,
         struct fettle_error *err)
{
  long status = 0;
  CURLcode c;

  prepare (f, url, a, headers);
  f->why[0] = '\0';
  c = libcurl.easy_perform (f->easy);
  libcurl.easy_getinfo (f->easy, CURLINFO_RESPONSE_CODE, &status);
  if (c == CURLE_OK && status < 500)
    return status;
  if (a->full)
    *err = a->err;
  else if (c == CURLE_OK)
    fettle_error_set (err, FETTLE_AGAIN, "the server answers with status %ld", status);
  else if (c == CURLE_WRITE_ERROR && (status < 200 || status > 206))
    return status;
  else if (c == CURLE_WRITE_ERROR)
    fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than is allowed");
  else
    fettle_error_set (err, c == CURLE_PEER_FAILED_VERIFICATION || c == CURLE_UNSUPPORTED_PROTOCOL
                             || c == CURLE_URL_MALFORMAT || c == CURLE_SSL_CACERT_BADFILE
                             ? FETTLE_E_CONFIG : FETTLE_AGAIN,
                      "%s", *f->why ? f->why : libcurl.easy_strerror (c));
  return 0;
}

/* ---- what is there ---- */

static void
stamp_of (const struct stat *st, char ret[128])
{
  snprintf (ret, 128, "%llx:%lld:%lld.%09ld", (unsigned long long) st->st_ino,
            (long long) st->st_size, (long long) st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

static const char *
known (const struct fetch *f, const char *path, const char *member)
{
  const char *text = json_string_value (json_object_get (json_object_get (f->known, path), member));

  return text ? text : "";
}

static bool
save_known (struct fetch *f, struct fettle_error *err)
{
  _cleanup_free_ char *text = json_dumps (f->known, JSON_COMPACT);
  char path[PATH_MAX];

  return text && snprintf (path, sizeof path, "%s/%s", f->folder, MEMORY) < PATH_MAX
         && fettle_file_write (path, 0600, text, strlen (text), err) == FETTLE_OK;
}

/* Is the file there as it was fetched? */
static bool
is_there (struct fetch *f, const char *path, const char *full, uint64_t *ret_size)
{
  char stamp[128];
  struct stat st;

  if (lstat (full, &st) || !S_ISREG (st.st_mode))
    return false;
  stamp_of (&st, stamp);
  *ret_size = (uint64_t) st.st_size;
  return strcmp (stamp, known (f, path, "stamp")) == 0;
}

static fettle_result
take (struct fetch *f, const char *path, const char *full, struct answer *a, const char *wanted,
      struct fettle_error *err)
{
  char part[PATH_MAX + 8], sha256[FETTLE_SHA256_TEXT], stamp[128];
  struct stat st;
  uint64_t size;
  fettle_result r = fettle_fd_sha256 (a->fd, full, sha256, &size, err);

  snprintf (part, sizeof part, "%s%s", full, PART);
  if (r)
    return r;
  if (wanted && *wanted && strcasecmp (wanted, sha256) != 0) {
    unlink (part);
    return fettle_error_set (err, FETTLE_E_CONFIG, "its SHA-256 is %s, but must be %s", sha256, wanted);
  }
  if (fsync (a->fd) || fchmod (a->fd, 0644) || rename (part, full) || fstat (a->fd, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", full);
  stamp_of (&st, stamp);
  json_object_set_new (f->known, path, json_pack ("{s:s s:s s:s s:s}", "sha256", sha256, "stamp", stamp,
                                                  "etag", a->etag, "modified", a->modified));
  return save_known (f, err) ? FETTLE_OK : err->code;
}

/* ---- a file ---- */

static fettle_result
make_folders (const char *full, struct fettle_error *err)
{
  _cleanup_free_ char *folder = strdup (full);
  char *slash = folder ? strrchr (folder, '/') : NULL;

  if (!slash)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to fetch it");
  *slash = '\0';
  return fettle_make_folder (folder, 0755, err);
}

static struct curl_slist *
add_header (struct curl_slist *list, const char *name, const char *value)
{
  char line[400];

  snprintf (line, sizeof line, "%s: %s", name, value);
  return libcurl.slist_append (list, line);
}

/* "If it hasn't changed, the rest"; "if it has". */
static struct curl_slist *
conditions (struct fetch *f, const char *path, uint64_t begin, bool there)
{
  char key[PATH_MAX + 8], range[64];
  const char *etag, *modified;
  struct curl_slist *list = NULL;

  snprintf (key, sizeof key, "%s%s", path, there ? "" : PART);
  etag = known (f, key, "etag");
  modified = known (f, key, "modified");
  if (there && *etag)
    return add_header (list, "If-None-Match", etag);
  if (there && *modified)
    return add_header (list, "If-Modified-Since", modified);
  if (there || !begin || (!*etag && !*modified) || strncmp (etag, "W/", 2) == 0)
    return NULL;
  snprintf (range, sizeof range, "bytes=%llu-", (unsigned long long) begin);
  list = add_header (list, "Range", range);
  return add_header (list, "If-Range", *etag ? etag : modified);
}

/* What the server called what is on its way, for when it is interrupted. */
static void
remember_part (struct fetch *f, const char *path, const struct answer *a)
{
  char key[PATH_MAX + 8];
  struct fettle_error err;

  snprintf (key, sizeof key, "%s%s", path, PART);
  json_object_set_new (f->known, key, json_pack ("{s:s s:s}", "etag", a->etag, "modified", a->modified));
  save_known (f, &err);
}

static fettle_result
judge_status (long status, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "the server answers with status %ld%s", status,
                           status == 404 ? ": it isn't there"
                           : status == 401 || status == 403 ? ": put name and password into ~/.netrc" : "");
}

static fettle_result
try_file (struct fetch *f, const char *url, const char *path, const char *full, const char *sha256,
          bool there, struct fettle_error *err)
{
  char part[PATH_MAX + 8], key[PATH_MAX + 8];
  _cleanup_close_ int fd = -1;
  struct answer a = { .fetch = f };
  struct curl_slist *headers;
  struct stat st;
  long status;

  snprintf (part, sizeof part, "%s%s", full, PART);
  snprintf (key, sizeof key, "%s%s", path, PART);
  fd = open (part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || fstat (fd, &st) || lseek (fd, 0, SEEK_END) < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", part);
  a.fd = fd;
  a.begin = (uint64_t) st.st_size;
  headers = conditions (f, path, a.begin, there);
  if (!headers && a.begin && (ftruncate (fd, 0) || lseek (fd, 0, SEEK_SET)))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing %s", part);
  a.begin = headers && !there ? a.begin : 0;
  f->bytes += a.begin;
  status = request (f, url, &a, headers, err);
  libcurl.slist_free_all (headers);
  if (!status) {
    if (a.judged)
      remember_part (f, path, &a);
    return err->code;
  }
  if (status == 304 && there) {
    unlink (part);
    f->reused++;
    return FETTLE_OK;
  }
  if (status == 416) { /* it has become shorter */
    unlink (part);
    json_object_del (f->known, key);
    return fettle_error_set (err, FETTLE_AGAIN, "it has changed meanwhile");
  }
  if (status != 200 && status != 206) {
    unlink (part);
    return judge_status (status, err);
  }
  json_object_del (f->known, key);
  return take (f, path, full, &a, sha256, err);
}

static fettle_result
get_file (struct fetch *f, const char *url, const char *path, const char *sha256,
          struct fettle_error *err)
{
  char full[PATH_MAX];
  fettle_result r = FETTLE_OK;
  uint64_t size = 0;
  bool there;

  if (snprintf (full, sizeof full, "%s/%s", f->folder, path) >= (int) sizeof full - 8)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its path is too long");
  there = is_there (f, path, full, &size);
  if (there && sha256 && *sha256 && strcasecmp (sha256, known (f, path, "sha256")) == 0) {
    f->reused++;
    return FETTLE_OK;
  }
  if (sha256 && *sha256)
    there = false; /* another one is wanted */
  r = make_folders (full, err);
  for (unsigned i = 0; i < ATTEMPTS && !r; i++) {
    if (i)
      nanosleep (&(struct timespec) { .tv_sec = 1 << (i - 1) }, NULL);
    r = try_file (f, url, path, full, sha256, there, err);
    if (r != FETTLE_AGAIN)
      return r;
    r = i + 1 < ATTEMPTS ? FETTLE_OK : FETTLE_E_UNREACHABLE;
    err->code = FETTLE_E_UNREACHABLE;
  }
  return r;
}

/* ---- a folder ---- */

/* FETTLE_AGAIN: it isn't there. */
static fettle_result
get_list (struct fetch *f, const char *base, const char *name, struct fettle_buf *text,
          struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf url = FETTLE_BUF_INIT (8192);
  struct answer a = { .fetch = f, .fd = -1, .text = text };
  long status;

  if (!fettle_buf_printf (&url, "%s%s", base, name))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the URL is too long");
  status = request (f, fettle_buf_text (&url), &a, NULL, err);
  if (status == 200)
    return FETTLE_OK;
  if (status == 404)
    return fettle_error_set (err, FETTLE_AGAIN, "%s isn't there", name);
  if (status)
    judge_status (status, err);
  return err->code == FETTLE_AGAIN ? FETTLE_E_UNREACHABLE : err->code;
}

static fettle_result
find_list (struct fetch *f, const char *base, struct fettle_fetch_list *list,
           struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (LIST_MAX);
  fettle_result r = get_list (f, base, "SHA256SUMS", &text, err);

  if (!r)
    return fettle_fetch_sums (fettle_buf_text (&text), text.size, list, err);
  if (r != FETTLE_AGAIN)
    return r;
  fettle_buf_reset (&text);
  r = get_list (f, base, "fwrepodata/fwrepo.json", &text, err);
  if (r == FETTLE_AGAIN)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.400s has no SHA256SUMS and no fwrepodata/fwrepo.json"
                             " that says which files there are", base);
  if (!r)
    r = fettle_fetch_fwrepo (fettle_buf_text (&text), text.size, list, err);
  if (!r) { /* it says what they are for, too */
    char path[PATH_MAX + 16];

    snprintf (path, sizeof path, "%s/fwrepo.json", f->folder);
    r = fettle_file_write (path, 0644, fettle_buf_text (&text), text.size, err);
  }
  return r;
}

static int
by_path (const void *a, const void *b)
{
  return strcmp (((const struct fettle_fetch_entry *) a)->path,
                 ((const struct fettle_fetch_entry *) b)->path);
}

/* What the list doesn't name any more. */
static fettle_result
remove_others (struct fetch *f, struct fettle_fetch_list *list, struct fettle_error *err)
{
  _cleanup_close_ int folder = open (f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct fettle_walk walk = { 0 };
  fettle_result r = folder < 0 ? fettle_error_errno (err, FETTLE_E_CONFIG, "reading %s", f->folder)
                               : fettle_walk (folder, &walk, err);

  if (list->n)
    qsort (list->entries, list->n, sizeof *list->entries, by_path);
  for (size_t i = 0; i < walk.n && !r; i++) {
    struct fettle_fetch_entry key = { .path = walk.entries[i].path };

    if (strcmp (key.path, "fwrepo.json") != 0
        && (!list->n || !bsearch (&key, list->entries, list->n, sizeof key, by_path)))
      unlinkat (folder, key.path, 0);
  }
  fettle_walk_clear (&walk);
  return r;
}

static fettle_result
get_folder (struct fetch *f, const char *base, struct fettle_error *err)
{
  struct fettle_fetch_list list = { 0 };
  fettle_result r = find_list (f, base, &list, err);

  f->of_files = list.n;
  for (size_t i = 0; i < list.n && !r; i++) {
    _cleanup_ (fettle_buf_clear) struct fettle_buf url = FETTLE_BUF_INIT (16384);

    if (!fettle_buf_text_add (&url, base) || !add_path (&url, list.entries[i].path))
      r = fettle_error_set (err, FETTLE_E_CONFIG, "the URL is too long");
    else
      r = get_file (f, fettle_buf_text (&url), list.entries[i].path, list.entries[i].sha256, err);
    if (r)
      fettle_error_prefix (err, "%.200s: ", list.entries[i].path);
    f->files++;
    say_progress (f, false);
  }
  if (!r)
    r = remove_others (f, &list, err);
  fettle_fetch_list_clear (&list);
  return r;
}

/* ---- the whole ---- */

static fettle_result
get_archive (struct fetch *f, const char *url, const char *name, const char *sha256,
             struct fettle_error *err)
{
  fettle_result r;

  f->of_files = 1;
  r = get_file (f, url, name, sha256, err);
  f->files = 1;
  return r ? fettle_error_prefix (err, "%.400s: ", url) : FETTLE_OK;
}

static void
read_known (struct fetch *f)
{
  char path[PATH_MAX + 16];

  snprintf (path, sizeof path, "%s/%s", f->folder, MEMORY);
  f->known = json_load_file (path, 0, NULL);
  if (!json_is_object (f->known)) {
    json_decref (f->known);
    f->known = json_object ();
  }
}

fettle_result
fettle_fetch (const char *url, const char *dest, const char *sha256, const char *ca, FILE *out,
              struct fettle_error *err)
{
  bool folder = url[strlen (url) - 1] == '/';
  const char *name = strrchr (dest, '/');
  struct fetch f = { .out = out, .ca = ca };
  fettle_result r;

  if (!name || !name[1] || strlen (dest) >= sizeof f.folder)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.200s isn't a path", dest);
  snprintf (f.folder, sizeof f.folder, "%.*s", folder ? (int) strlen (dest) : (int) (name - dest), dest);
  if (fettle_make_folder (f.folder, 0755, err) || fettle_libcurl_load (err))
    return err->code;
  f.easy = libcurl.easy_init ();
  if (!f.easy)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to fetch it");
  read_known (&f);
  say_progress (&f, true);
  r = folder ? get_folder (&f, url, err) : get_archive (&f, url, name + 1, sha256, err);
  libcurl.easy_cleanup (f.easy);
  json_decref (f.known);
  say_progress (&f, true);
  if (!r)
    fettle_scan_line (out, "fetched", json_true ());
  return r;
}
