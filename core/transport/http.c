/* http.c - http/1: requests to the node, by libcurl.
 *
 * libcurl never connects by itself: sockets come from fettle_connect, which
 * checks ports.  One handle for a call keeps its connection and cookies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fettle/services.h>

#include "transport/fill.h"
#include "transport/tls.h"
#include "transport/transport.h"
#include "util/libcurl.h"

#define FIELDS_MAX (256 * 1024)       /* of an answer */
#define BODY_MAX   (16 * 1024 * 1024) /* of an answer that is kept */
#define DATA_MAX   (64 * 1024 * 1024) /* of data after it was filled in */
#define PARTS_MAX  16

/* What is read from while it is sent. */
struct source {
  struct fettle_https *h;
  struct fettle_http_part part; /* data: the filled-in one */
  struct fettle_buf filled;
  uint64_t done;
};

struct fettle_https {
  fettle_ctx *c;
  CURL *easy;
  CURLM *multi;
  struct fettle_buf fields, body;
  char said[CURL_ERROR_SIZE];     /* libcurl's own words on what failed */

  /* The request that is under way. */
  const struct fettle_http_request *request;
  fettle_result why;              /* a callback ended it */
  int64_t moved;                  /* when the last byte did */
  uint64_t bytes;
  struct source sources[PARTS_MAX];
  curl_mime *mime;
  struct curl_slist *list;
};

/* ---- What libcurl asks ---- */

static curl_socket_t
open_socket (void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
  struct fettle_https *h = arg;
  int fd = -1;

  (void) purpose;
  (void) address;
  h->why = fettle_connect (h->c, h->request->port, h->c->connect_timeout, &fd);
  h->moved = fettle_now_ms ();
  return h->why == FETTLE_OK ? fd : CURL_SOCKET_BAD;
}

static int
is_connected (void *arg, curl_socket_t fd, curlsocktype purpose)
{
  (void) arg;
  (void) fd;
  (void) purpose;
  return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static CURLcode
prepare_tls (CURL *easy, void *context, void *arg)
{
  struct fettle_https *h = arg;

  (void) easy;
  fettle_tls_prepare (h->c, context, h->request->flags & FETTLE_HTTP_OLD_TLS);
  return CURLE_OK;
}

static size_t
take_field (char *data, size_t size, size_t n, void *arg)
{
  struct fettle_https *h = arg;
  size_t length = size * n;

  while (length && (data[length - 1] == '\r' || data[length - 1] == '\n'))
    length--;
  if (length > 5 && memcmp (data, "HTTP/", 5) == 0)
    fettle_buf_reset (&h->fields); /* 100 Continue had its own */
  else if (length && (!fettle_buf_add (&h->fields, data, length) || !fettle_buf_add (&h->fields, "\n", 1)))
    return 0;
  return size * n;
}

static size_t
take_body (char *data, size_t size, size_t n, void *arg)
{
  struct fettle_https *h = arg;

  if (h->request->body)
    h->why = h->request->body (h->request->opaque, data, size * n);
  else if (!fettle_buf_add (&h->body, data, size * n))
    h->why = fettle_error_set (&h->c->error, FETTLE_E_PROTOCOL, "%s %s: the answer of %s is longer than %d MiB",
                               h->request->method, h->request->path, h->c->target.address, BODY_MAX >> 20);
  return h->why == FETTLE_OK ? size * n : 0;
}

static size_t
give_body (char *data, size_t size, size_t n, void *arg)
{
  struct source *s = arg;
  uint64_t left = s->part.size - s->done;
  size_t want = size * n < left ? size * n : (size_t) left;
  int64_t got = (int64_t) want;

  if (want == 0)
    return 0;
  if (s->part.data)
    memcpy (data, (const char *) s->part.data + s->done, want);
  else
    got = s->h->c->read_file (s->h->c, s->part.file, s->part.offset + s->done, data,
                              want > UINT32_MAX ? UINT32_MAX : (uint32_t) want);
  if (got == 0)
    got = fettle_error_set (&s->h->c->error, FETTLE_E_INTERNAL, "file %u ends before what is to be sent of it",
                            s->part.file);
  if (got < 0) {
    s->h->why = (fettle_result) got;
    return CURL_READFUNC_ABORT;
  }
  s->done += (uint64_t) got;
  return (size_t) got;
}

/* To send it again, when a server wants to know who we are first. */
static int
rewind_body (void *arg, curl_off_t offset, int origin)
{
  struct source *s = arg;

  if (origin != SEEK_SET || offset < 0 || (uint64_t) offset > s->part.size)
    return CURL_SEEKFUNC_CANTSEEK;
  s->done = (uint64_t) offset;
  return CURL_SEEKFUNC_OK;
}

static int
note_progress (void *arg, curl_off_t all_down, curl_off_t down, curl_off_t all_up, curl_off_t up)
{
  struct fettle_https *h = arg;

  (void) all_down;
  if ((uint64_t) (down + up) != h->bytes) {
    h->bytes = (uint64_t) (down + up);
    h->moved = fettle_now_ms ();
    if (h->request->sent && up > 0)
      h->request->sent (h->request->opaque, (uint64_t) up, (uint64_t) all_up);
  }
  return 0;
}

/* ---- A handle ---- */

/* What holds for each request: libcurl forgets none of it but by easy_reset,
 * which keeps connections and cookies. */
static bool
set_up (struct fettle_https *h)
{
#define SET(option, value) (libcurl.easy_setopt (h->easy, CURLOPT_##option, value) == CURLE_OK)
  libcurl.easy_reset (h->easy);
  return SET (OPENSOCKETFUNCTION, open_socket) && SET (OPENSOCKETDATA, h)
         && SET (SOCKOPTFUNCTION, is_connected) && SET (SSL_CTX_FUNCTION, prepare_tls)
         && SET (SSL_CTX_DATA, h) && SET (CAINFO, NULL) && SET (CAPATH, NULL)
         && SET (SSL_VERIFYPEER, 1L) && SET (SSL_VERIFYHOST, 0L) && SET (HEADERFUNCTION, take_field)
         && SET (HEADERDATA, h) && SET (WRITEFUNCTION, take_body) && SET (WRITEDATA, h)
         && SET (XFERINFOFUNCTION, note_progress) && SET (XFERINFODATA, h) && SET (NOPROGRESS, 0L)
         && SET (PROTOCOLS_STR, "http,https") && SET (PROXY, "") && SET (NOSIGNAL, 1L)
         && SET (HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1) && SET (ACCEPT_ENCODING, "")
         && SET (COOKIEFILE, "") && SET (MAXCONNECTS, 1L) && SET (PATH_AS_IS, 1L)
         && SET (CONNECTTIMEOUT_MS, (long) h->c->connect_timeout + (long) h->c->read_timeout)
         && SET (HTTP09_ALLOWED, 0L) && SET (ERRORBUFFER, h->said);
}

static struct fettle_https *
handle (fettle_ctx *c)
{
  struct fettle_https *h = c->https;

  if (h)
    return h;
  if (fettle_libcurl_load (&c->error))
    return NULL;
  h = calloc (1, sizeof *h);
  if (h) {
    *h = (struct fettle_https) { .c = c, .easy = libcurl.easy_init (), .multi = libcurl.multi_init (),
                                 .fields = FETTLE_BUF_SECRET (FIELDS_MAX),
                                 .body = FETTLE_BUF_SECRET (BODY_MAX) };
    c->https = h;
  }
  if (h && h->easy && h->multi)
    return h;
  fettle_http_close (c);
  fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for a connection");
  return NULL;
}

void
fettle_http_close (fettle_ctx *c)
{
  struct fettle_https *h = c->https;

  if (!h)
    return;
  if (h->easy)
    libcurl.easy_cleanup (h->easy);
  if (h->multi)
    libcurl.multi_cleanup (h->multi);
  fettle_buf_clear (&h->fields);
  fettle_buf_clear (&h->body);
  free (h);
  c->https = NULL;
}

/* ---- A request ---- */

static fettle_result
wrong (struct fettle_https *h, const char *what)
{
  return fettle_error_set (&h->c->error, FETTLE_E_CONFIG, "plugin %s made a request with %s", h->c->plugin, what);
}

static fettle_result
no_memory (struct fettle_https *h)
{
  return fettle_error_set (&h->c->error, FETTLE_E_NOMEM, "no memory for a request");
}

/* Printable, and no spaces: it is put into a line. */
static bool
is_target (const char *path)
{
  for (const unsigned char *p = (const unsigned char *) path; *p; p++)
    if (*p <= ' ' || *p >= 0x7f || *p == '#')
      return false;
  return path[0] == '/';
}

static bool
is_method (const char *method)
{
  size_t n = strspn (method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");

  return n > 0 && n < 20 && method[n] == '\0';
}

static fettle_result
set_url (struct fettle_https *h)
{
  const struct fettle_http_request *q = h->request;
  const char *address = h->c->target.address, *scheme = q->flags & FETTLE_HTTP_PLAIN ? "http" : "https";
  bool six = strchr (address, ':');
  _cleanup_free_ char *url = NULL;
  uint16_t port;

  if (!q->method || !is_method (q->method) || !q->path || !is_target (q->path))
    return wrong (h, "a method or path that can't be sent");
  if (fettle_context_port (h->c, FETTLE_TCP, q->port, &port) != FETTLE_OK)
    return h->c->error.code;
  /* Without the zone, which means nothing to the node. */
  if (asprintf (&url, "%s://%s%.*s%s:%u%s", scheme, six ? "[" : "", (int) strcspn (address, "%"), address,
                six ? "]" : "", port, q->path) < 0)
    return no_memory (h);
  return SET (URL, url) ? FETTLE_OK : wrong (h, "a path that makes no URL");
}

static fettle_result
add_field (struct fettle_https *h, const char *line)
{
  struct curl_slist *more = libcurl.slist_append (h->list, line);

  if (!more)
    return no_memory (h);
  h->list = more;
  return FETTLE_OK;
}

/* "Expect:" away: many management processors don't know 100 Continue. */
static fettle_result
set_fields (struct fettle_https *h)
{
  fettle_result r = add_field (h, "Expect:");

  for (const char *p = h->request->fields; r == FETTLE_OK && p && *p;) {
    size_t n = strcspn (p, "\n");
    _cleanup_free_ char *line = strndup (p, n);

    if (line && (strchr (line, '\r') || !strchr (line, ':')))
      return wrong (h, "a field that is none");
    r = line ? add_field (h, line) : no_memory (h);
    p += n + (p[n] != '\0');
  }
  return r;
}

static fettle_result
take_source (struct fettle_https *h, uint32_t i)
{
  const struct fettle_http_request *q = h->request;
  struct source *s = &h->sources[i];
  fettle_result r;

  *s = (struct source) { .h = h, .filled = FETTLE_BUF_SECRET (DATA_MAX) };
  memcpy (&s->part, (const char *) q->parts + (size_t) i * q->part_size,
          q->part_size < sizeof s->part ? q->part_size : sizeof s->part);
  if (!(q->flags & FETTLE_HTTP_FILL) || !s->part.data)
    return FETTLE_OK;
  r = fettle_fill (h->c, s->part.data, s->part.size, &s->filled);
  s->part.data = fettle_buf_text (&s->filled);
  s->part.size = s->filled.size;
  return r;
}

static fettle_result
set_multipart (struct fettle_https *h)
{
  h->mime = libcurl.mime_init (h->easy);
  for (uint32_t i = 0; i < h->request->n_parts; i++) {
    struct source *s = &h->sources[i];
    curl_mimepart *p = h->mime ? libcurl.mime_addpart (h->mime) : NULL;

    if (!p || libcurl.mime_name (p, s->part.name)
        || (s->part.file_name && libcurl.mime_filename (p, s->part.file_name))
        || (s->part.type && libcurl.mime_type (p, s->part.type))
        || libcurl.mime_data_cb (p, (curl_off_t) s->part.size, give_body, rewind_body, NULL, s))
      return no_memory (h);
  }
  return SET (MIMEPOST, h->mime) ? FETTLE_OK : no_memory (h);
}

static fettle_result
set_one (struct fettle_https *h)
{
  struct source *s = &h->sources[0];
  char type[160];
  fettle_result r = FETTLE_OK;

  snprintf (type, sizeof type, "Content-Type:%s%s", s->part.type ? " " : "", s->part.type ? s->part.type : "");
  r = add_field (h, type);
  if (r == FETTLE_OK
      && !(SET (POST, 1L) && SET (POSTFIELDS, NULL) && SET (POSTFIELDSIZE_LARGE, (curl_off_t) s->part.size)
           && SET (READFUNCTION, give_body) && SET (READDATA, s) && SET (SEEKFUNCTION, rewind_body)
           && SET (SEEKDATA, s) && SET (UPLOAD_BUFFERSIZE, 256L * 1024)))
    r = no_memory (h);
  return r;
}

static bool
has_body (const char *method)
{
  return strcmp (method, "GET") != 0 && strcmp (method, "HEAD") != 0 && strcmp (method, "DELETE") != 0;
}

static fettle_result
set_body (struct fettle_https *h)
{
  const struct fettle_http_request *q = h->request;
  bool multipart = q->flags & FETTLE_HTTP_MULTIPART;
  fettle_result r = FETTLE_OK;

  if (q->n_parts > PARTS_MAX || (q->n_parts > 1 && !multipart) || (q->n_parts && !q->parts))
    return wrong (h, "too many parts");
  for (uint32_t i = 0; i < q->n_parts && r == FETTLE_OK; i++)
    r = take_source (h, i);
  if (r == FETTLE_OK && q->n_parts && multipart)
    return set_multipart (h);
  /* What changes something says that its body is empty: some servers insist. */
  return r == FETTLE_OK && (q->n_parts || has_body (q->method)) ? set_one (h) : r;
}

/* One that reads may go out again by itself when a kept connection turns out
 * to be closed; another has a connection of its own, so that it never does. */
static fettle_result
set_method (struct fettle_https *h)
{
  const char *method = h->request->method;
  bool head = strcmp (method, "HEAD") == 0, reads = head || strcmp (method, "GET") == 0;
  bool done = SET (FRESH_CONNECT, reads ? 0L : 1L);

  if (done && head)
    done = SET (NOBODY, 1L);
  else if (done && !(reads && h->request->n_parts == 0))
    done = SET (CUSTOMREQUEST, method);
  return done ? FETTLE_OK : no_memory (h);
}

static fettle_result
set_credentials (struct fettle_https *h)
{
  const struct fettle_credentials *k = &h->c->credentials;
  bool second = h->request->flags & FETTLE_HTTP_SECOND;
  const char *user = second ? k->second_user : k->user;
  const char *password = second ? k->second_password : k->password;

  if (!(h->request->flags & (FETTLE_HTTP_BASIC | FETTLE_HTTP_SECOND)))
    return FETTLE_OK;
  if (!user || !password)
    return fettle_error_set (&h->c->error, FETTLE_E_AUTH, "%s wants a %suser and a password, and none are known: "
                             "fettle node set %s %s", h->c->target.name, second ? "second " : "",
                             h->c->target.name,
                             second ? "--second-user NAME --ask-second-password"
                                    : "--user NAME --ask-password");
  return SET (USERNAME, user) && SET (PASSWORD, password) && SET (HTTPAUTH, CURLAUTH_BASIC)
           ? FETTLE_OK : no_memory (h);
}

/* Old firmware speaks what is refused unless it was allowed. */
static const char *
old_tls_advice (const struct fettle_https *h)
{
  static const char *const signs[] = { "unsupported protocol", "protocol version", "dh key too small",
                                       "legacy renegotiation", "legacy sigalg", "ee key too small" };

  for (size_t i = 0; i < COUNT (signs) && !(h->request->flags & FETTLE_HTTP_OLD_TLS); i++)
    if (strstr (h->said, signs[i]))
      return ".  Its firmware speaks old TLS, which isn't safe: update it by other means, or allow that for this"
             " node by its setting old_tls=yes";
  return "";
}

static fettle_result
explain (struct fettle_https *h, CURLcode code)
{
  const struct fettle_http_request *q = h->request;
  fettle_result r = FETTLE_E_PROTOCOL;

  if (h->why != FETTLE_OK)
    return h->why;
  if (h->c->error.code != FETTLE_OK)
    return h->c->error.code;
  if (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING
      || code == CURLE_PARTIAL_FILE)
    r = FETTLE_E_UNREACHABLE;
  else if (code == CURLE_OPERATION_TIMEDOUT)
    r = FETTLE_E_TIMEOUT;
  else if (code == CURLE_OUT_OF_MEMORY)
    r = FETTLE_E_NOMEM;
  return fettle_error_set (&h->c->error, r, "%s %s of %s: %s%s", q->method, q->path, h->c->target.address,
                           h->said[0] ? h->said : libcurl.easy_strerror (code), old_tls_advice (h));
}

static bool
ended (struct fettle_https *h, CURLcode *ret)
{
  int left;
  CURLMsg *m;

  while ((m = libcurl.multi_info_read (h->multi, &left)))
    if (m->msg == CURLMSG_DONE) {
      *ret = m->data.result;
      return true;
    }
  return false;
}

static fettle_result
wait (struct fettle_https *h)
{
  uint32_t silence = h->request->timeout_ms ? h->request->timeout_ms : h->c->read_timeout;
  struct curl_waitfd call = { h->c->call, CURL_WAIT_POLLIN, 0 };

  libcurl.multi_poll (h->multi, &call, 1, 500, NULL);
  if (fettle_context_aborted (h->c))
    return FETTLE_E_ABORTED;
  if (fettle_now_ms () - h->moved <= silence)
    return FETTLE_OK;
  return fettle_error_set (&h->c->error, FETTLE_E_TIMEOUT, "%s %s: %s has sent or taken nothing for %u s",
                           h->request->method, h->request->path, h->c->target.address,
                           (silence + 999) / 1000);
}

static fettle_result
run (struct fettle_https *h)
{
  CURLcode code = CURLE_FAILED_INIT;
  fettle_result r = FETTLE_OK;
  int running;

  h->moved = fettle_now_ms ();
  if (libcurl.multi_add_handle (h->multi, h->easy) != CURLM_OK)
    return no_memory (h);
  for (;;) {
    if (libcurl.multi_perform (h->multi, &running) != CURLM_OK)
      r = no_memory (h);
    if (r != FETTLE_OK || ended (h, &code))
      break;
    r = wait (h);
    if (r != FETTLE_OK)
      break;
  }
  libcurl.multi_remove_handle (h->multi, h->easy);
  if (r == FETTLE_OK && code != CURLE_OK)
    r = explain (h, code);
  return r;
}

static void
clear_request (struct fettle_https *h)
{
  libcurl.easy_reset (h->easy);
  libcurl.mime_free (h->mime);
  libcurl.slist_free_all (h->list);
  for (uint32_t i = 0; i < h->request->n_parts && i < PARTS_MAX; i++)
    fettle_buf_clear (&h->sources[i].filled);
  h->mime = NULL;
  h->list = NULL;
  h->request = NULL;
}

static void
give_answer (struct fettle_https *h, struct fettle_http_answer *answer)
{
  struct fettle_http_answer all = { .struct_size = answer->struct_size,
                                    .fields = fettle_buf_text (&h->fields),
                                    .body = fettle_buf_text (&h->body), .size = h->body.size };
  long status = 0;

  libcurl.easy_getinfo (h->easy, CURLINFO_RESPONSE_CODE, &status);
  all.status = (int32_t) status;
  memcpy (answer, &all, answer->struct_size < sizeof all ? answer->struct_size : sizeof all);
}

static fettle_result
request (fettle_ctx *c, const struct fettle_http_request *given, struct fettle_http_answer *answer)
{
  struct fettle_http_request all = { 0 };
  struct fettle_https *h = handle (c);
  fettle_result r;

  if (!h)
    return c->error.code;
  memcpy (&all, given, given->struct_size < sizeof all ? given->struct_size : sizeof all);
  c->error.code = FETTLE_OK;
  fettle_buf_reset (&h->fields);
  fettle_buf_reset (&h->body);
  h->request = &all;
  h->why = FETTLE_OK;
  h->bytes = 0;
  h->said[0] = '\0';
  memset (h->sources, 0, sizeof h->sources);
  h->sources[0].h = h;
  r = set_up (h) ? set_url (h) : no_memory (h);
  if (r == FETTLE_OK)
    r = set_method (h);
  if (r == FETTLE_OK)
    r = set_credentials (h);
  if (r == FETTLE_OK)
    r = set_body (h);
  if (r == FETTLE_OK)
    r = set_fields (h);
  if (r == FETTLE_OK)
    r = SET (HTTPHEADER, h->list) ? run (h) : no_memory (h);
  if (r == FETTLE_OK)
    give_answer (h, answer);
  clear_request (h);
  return r;
}

const struct fettle_http fettle_http_service = {
  .struct_size = sizeof (struct fettle_http),
  .version = 1,
  .request = request,
  .disconnect = fettle_http_close,
};
