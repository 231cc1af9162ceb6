/* serve.c - the HTTPS server as its clients see it, good ones and bad ones.
 *
 * The server runs in a child of the test, with a few routes of its own; its
 * limits on time are a second, so that the test is quick.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "serve/guard.h"
#include "serve/listen.h"
#include "serve/server.h"
#include "serve/tls.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

#define TOKEN "0123456789abcdef"
#define A "Host: a\r\nAuthorization: Bearer " TOKEN "\r\n"
#define JSON "Content-Type: application/json\r\n"
#define CLOSE "Connection: close\r\n"
#define CONNECTIONS 40

static char folder[] = "/tmp/fettle-serve.XXXXXX";
static uint16_t port;
static pid_t server_pid;
static SSL_CTX *client_tls;

/* ---- The server's side ---- */

static struct event_base *base;
static struct fettle_server *server;
static int posts, gone;

static void
get_item (void *engine, struct fettle_request *r)
{
  (void) engine;
  fettle_request_reply (r, 200, json_pack ("{s:s, s:O}", "item", r->parameter, "query",
                                           (json_t *) r->query));
}

static void
post_item (void *engine, struct fettle_request *r)
{
  (void) engine;
  posts++;
  fettle_request_reply (r, 201, json_pack ("{s:O}", "body", (json_t *) r->body));
}

static void
get_counts (void *engine, struct fettle_request *r)
{
  (void) engine;
  fettle_request_reply (r, 200, json_pack ("{s:i, s:i}", "posts", posts, "gone", gone));
}

static void
post_size (void *engine, struct fettle_request *r)
{
  (void) engine;
  fettle_request_reply (
    r, 200, json_pack ("{s:I}", "size",
                       (json_int_t) json_string_length (json_object_get (r->body, "a"))));
}

static void
has_gone (struct fettle_request *r, void *arg)
{
  (void) r;
  event_free (arg);
  gone++;
}

static void
late (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_request *r = arg;

  (void) fd, (void) what;
  event_free (r->arg);
  fettle_request_reply (r, 200, json_object ());
}

static void
get_wait (void *engine, struct fettle_request *r)
{
  const char *text = json_string_value (json_object_get (r->query, "ms"));
  struct timeval after;
  uint64_t ms = 0;

  (void) engine;
  assert_true (text && fettle_parse_uint (text, 0, 100000, &ms));
  after.tv_sec = (time_t) (ms / 1000);
  after.tv_usec = (suseconds_t) (ms % 1000) * 1000;
  r->arg = evtimer_new (base, late, r);
  r->gone = has_gone;
  event_add (r->arg, &after);
}

static void
get_big (void *engine, struct fettle_request *r)
{
  size_t size = 8 << 20;
  char *text = malloc (size);

  (void) engine;
  memset (text, 'x', size);
  fettle_request_reply_text (r, 200, "text/plain", text, size);
  free (text);
}

static void
get_failure (void *engine, struct fettle_request *r)
{
  struct fettle_error err;

  (void) engine;
  fettle_error_set (&err, fettle_result_by_name (r->parameter), "it is \"%s\"", r->parameter);
  fettle_request_fail (r, &err);
}

static const struct fettle_route routes[] = {
  { "GET",    "/items/:x", FETTLE_ROLE_VIEWER, get_item },
  { "DELETE", "/items/:x", FETTLE_ROLE_VIEWER, get_item },
  { "POST",   "/items",    FETTLE_ROLE_VIEWER, post_item },
  { "POST",   "/size",     FETTLE_ROLE_VIEWER, post_size },
  { "GET",    "/counts",   FETTLE_ROLE_VIEWER, get_counts },
  { "GET",    "/wait",     FETTLE_ROLE_VIEWER, get_wait },
  { "GET",    "/big",      FETTLE_ROLE_VIEWER, get_big },
  { "GET",    "/fail/:x",  FETTLE_ROLE_VIEWER, get_failure },
  { NULL, NULL, FETTLE_ROLE_NONE, NULL },
};

static void
end (evutil_socket_t number, short what, void *arg)
{
  (void) number, (void) what, (void) arg;
  event_base_loopbreak (base);
}

/* Returns the exit status: that of a leak checker counts. */
static int
serve (struct fettle_listen *l)
{
  struct fettle_server_options o = { .max_connections = CONNECTIONS,
                                     .head_seconds = 1, .idle_seconds = 1 };
  struct fettle_error err;
  struct event *term;

  fettle_log_init ("server", FETTLE_LOG_ERROR);
  signal (SIGPIPE, SIG_IGN);
  base = event_base_new ();
  term = evsignal_new (base, SIGTERM, end, NULL);
  event_add (term, NULL);
  if (fettle_tls_new (folder, "localhost", &o.tls, &err)
      || fettle_access_new (TOKEN, "", &o.access, &err)
      || fettle_server_new (base, &o, &server, &err))
    return 1;
  SSL_CTX_free (o.tls);
  fettle_server_add_routes (server, routes, NULL);
  if (fettle_server_listen (server, l, &err))
    return 1;
  event_base_dispatch (base);
  fettle_server_free (server);
  fettle_access_free (o.access);
  event_free (term);
  event_base_free (base);
  libevent_global_shutdown ();
  return 0;
}

static int
setup (void **state)
{
  struct fettle_listen l;
  struct fettle_error err;
  SSL_CTX *unused;

  (void) state;
  fettle_log_init ("test", FETTLE_LOG_ERROR);
  signal (SIGPIPE, SIG_IGN);
  if (!mkdtemp (folder) || fettle_listen_open ("127.0.0.1", 0, &l, &err)
      || fettle_tls_new (folder, "localhost", &unused, &err))
    return -1;
  SSL_CTX_free (unused);
  port = l.port;
  fflush (NULL);
  server_pid = fork ();
  if (server_pid == 0)
    exit (serve (&l));
  fettle_listen_close (&l);
  client_tls = SSL_CTX_new (TLS_client_method ());
  return server_pid < 0 || !client_tls ? -1 : 0;
}

static int
teardown (void **state)
{
  char path[64];

  (void) state;
  SSL_CTX_free (client_tls);
  if (server_pid > 0) { /* only when a test before the last failed badly */
    kill (server_pid, SIGKILL);
    waitpid (server_pid, NULL, 0);
  }
  snprintf (path, sizeof path, "%s/cert.pem", folder);
  unlink (path);
  snprintf (path, sizeof path, "%s/cert.key", folder);
  unlink (path);
  return rmdir (folder);
}

/* ---- The clients' side ---- */

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static int
dial (void)
{
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons (port) };
  struct timeval limit = { 8, 0 };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  sa.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  assert_int_equal (connect (fd, (struct sockaddr *) &sa, sizeof sa), 0);
  return fd;
}

/* NULL when the handshake fails. */
static SSL *
open_tls (void)
{
  SSL *ssl = SSL_new (client_tls);
  int fd = dial ();

  SSL_set_fd (ssl, fd);
  if (SSL_connect (ssl) == 1)
    return ssl;
  SSL_free (ssl);
  close (fd);
  ERR_clear_error ();
  return NULL;
}

static void
close_tls (SSL *ssl)
{
  int fd = SSL_get_fd (ssl);

  SSL_free (ssl);
  close (fd);
  ERR_clear_error ();
}

static void
send_text (SSL *ssl, const char *text)
{
  assert_int_equal (SSL_write (ssl, text, (int) strlen (text)), (int) strlen (text));
}

/* Until the server ends the connection. */
static const char *
read_all (SSL *ssl)
{
  static char text[1 << 16];
  size_t n = 0;
  int got;

  while (n < sizeof text - 1 && (got = SSL_read (ssl, text + n, (int) (sizeof text - 1 - n))) > 0)
    n += (size_t) got;
  text[n] = '\0';
  ERR_clear_error ();
  return text;
}

/* Sends it on a connection of its own; all that comes back. */
static const char *
talk_bytes (const char *text, size_t size)
{
  SSL *ssl = open_tls ();
  const char *answer;

  assert_non_null (ssl);
  for (size_t sent = 0; sent < size;) {
    int n = SSL_write (ssl, text + sent, (int) (size - sent < 65536 ? size - sent : 65536));

    if (n <= 0) /* refused meanwhile */
      break;
    sent += (size_t) n;
  }
  answer = read_all (ssl);
  close_tls (ssl);
  return answer;
}

static const char *
talk (const char *text)
{
  return talk_bytes (text, strlen (text));
}

static void
expect (const char *request, int status, const char *has)
{
  const char *answer = talk (request);
  char line[32];

  snprintf (line, sizeof line, "HTTP/1.1 %d ", status);
  if (strncmp (answer, line, strlen (line)) != 0 || (has && !strstr (answer, has)))
    fail_msg ("not %d with %s\n%s\n%s", status, has ? has : "", request, answer);
  if (status >= 400 && !strstr (answer, "Content-Type: application/problem+json"))
    fail_msg ("no problem+json\n%s\n%s", request, answer);
}

static int
count (const char *text, const char *what)
{
  int n = 0;

  while ((text = strstr (text, what))) {
    text += strlen (what);
    n++;
  }
  return n;
}

/* ---- Tests ---- */

static void
routing (void **state)
{
  (void) state;
  expect ("GET /items/a%2Fb?x=1 HTTP/1.1\r\n" A CLOSE "\r\n", 200,
          "{\"item\":\"a/b\",\"query\":{\"x\":\"1\"}}");
  expect ("DELETE /items/a HTTP/1.1\r\n" A CLOSE "\r\n", 200, "{\"item\":\"a\",\"query\":{}}");
  expect ("GET /items HTTP/1.1\r\n" A CLOSE "\r\n", 405, "Allow: POST\r\n");
  expect ("PUT /items/a HTTP/1.1\r\n" A CLOSE "\r\n", 405, "Allow: GET,DELETE\r\n");
  expect ("GET /nothing HTTP/1.1\r\n" A CLOSE "\r\n", 404, "\"code\":\"unreachable\"");
  expect ("GET /items/../counts HTTP/1.1\r\n" A CLOSE "\r\n", 404, NULL);
  expect ("GET /items/%2e%2e HTTP/1.1\r\n" A CLOSE "\r\n", 200, "\"item\":\"..\"");
  expect ("GET /items/%00 HTTP/1.1\r\n" A CLOSE "\r\n", 400, "malformed");
  expect ("GET /items/%ff HTTP/1.1\r\n" A CLOSE "\r\n", 400, "malformed");
  expect ("GET /items/%zz HTTP/1.1\r\n" A CLOSE "\r\n", 400, "malformed");
  expect ("GET /items/a?x=1&x=2 HTTP/1.1\r\n" A CLOSE "\r\n", 400, "twice");
  expect ("GET /%69tems/a HTTP/1.1\r\n" A CLOSE "\r\n", 404, NULL);
  assert_non_null (strstr (talk ("GET /counts HTTP/1.0\r\n" A "\r\n"), "HTTP/1.0 200 OK\r\n"));
}

static void
head (void **state)
{
  const char *answer = talk ("HEAD /items/abc HTTP/1.1\r\n" A CLOSE "\r\n");

  (void) state;
  assert_non_null (strstr (answer, "HTTP/1.1 200 "));
  assert_non_null (strstr (answer, "Content-Length: 25\r\n"));
  assert_string_equal (strstr (answer, "\r\n\r\n"), "\r\n\r\n");
}

static void
failures (void **state)
{
  static const struct { const char *name; int status; } rows[] = {
    { "config", 400 }, { "auth", 403 }, { "unreachable", 404 }, { "busy", 409 },
    { "unsupported", 422 }, { "timeout", 500 }, { "internal", 500 },
  };
  char request[256], has[128];

  (void) state;
  for (size_t i = 0; i < COUNT (rows); i++) {
    snprintf (request, sizeof request, "GET /fail/%s HTTP/1.1\r\n" A CLOSE "\r\n", rows[i].name);
    snprintf (has, sizeof has, "\"status\":%d,\"detail\":\"it is \\\"%s\\\"\",\"code\":\"%s\"}",
              rows[i].status, rows[i].name, rows[i].name);
    expect (request, rows[i].status, has);
  }
}

static void
strangers (void **state)
{
  (void) state;
  expect ("GET /counts HTTP/1.1\r\nHost: a\r\n\r\n", 401, "WWW-Authenticate: Bearer\r\n");
  expect ("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 401, "\"code\":\"auth\"");
  expect ("GET /counts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer 0123\r\n\r\n", 401, NULL);
  expect ("POST /items HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{", 401, NULL);
  expect ("\r\n", 400, NULL);
  expect ("\x16\x03\x01 nonsense\n", 400, NULL);
}

static void
bodies (void **state)
{
  (void) state;
  expect ("POST /items HTTP/1.1\r\n" A JSON CLOSE "Content-Length: 7\r\n\r\n{\"a\":1}", 201,
          "{\"body\":{\"a\":1}}");
  expect ("POST /items HTTP/1.1\r\n" A CLOSE "Content-Length: 0\r\n\r\n", 201, "{\"body\":null}");
  expect ("POST /items HTTP/1.1\r\n" A CLOSE "\r\n", 201, "{\"body\":null}");
  expect ("POST /items HTTP/1.1\r\n" A CLOSE "Content-Length: 7\r\n\r\n{\"a\":1}", 415, NULL);
  expect ("POST /items HTTP/1.1\r\n" A CLOSE "Content-Type: text/plain\r\nContent-Length: 7\r\n\r\n"
          "{\"a\":1}", 415, NULL);
  expect ("POST /items HTTP/1.1\r\n" A JSON CLOSE "Content-Length: 6\r\n\r\n{\"a\":1", 400, "JSON");
  expect ("POST /items HTTP/1.1\r\n" A JSON CLOSE "Content-Length: 13\r\n\r\n{\"a\":1,\"a\":2}", 400,
          "JSON");
  expect ("POST /items HTTP/1.1\r\n" A JSON CLOSE "Content-Length: 2\r\n\r\n[]", 400, "object");
}

static void
ambiguous (void **state)
{
  (void) state;
  expect ("POST /items HTTP/1.1\r\n" A JSON "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\n\r\nGET /counts HTTP/1.1\r\n" A "\r\n", 400, "ambiguous");
  expect ("POST /items HTTP/1.1\r\n" A JSON "Content-Length: 7\r\nContent-Length: 0\r\n\r\n{\"a\":1}",
          400, "ambiguous");
  expect ("POST /items HTTP/1.1\r\n" A JSON "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n"
          "\r\n", 411, NULL);
  expect ("GET /counts HTTP/1.1\r\n" A "Content-Length: 5\r\n\r\nabcde", 400, NULL);
  expect ("BREW /counts HTTP/1.1\r\n" A "\r\n", 501, NULL);
  expect ("GET /counts HTTP/1.1\r\n" A "X: a\r\n b\r\n\r\n", 400, NULL);
  expect ("GET /counts HTTP/1.1\n" A "\r\n", 400, NULL);
}

/* What is refused behind a good request is not done, and nothing after it is. */
static void
smuggled (void **state)
{
  const char *answer;
  int before;

  (void) state;
  answer = talk ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n");
  assert_int_equal (sscanf (strstr (answer, "\"posts\":"), "\"posts\":%d", &before), 1);
  answer = talk ("GET /counts HTTP/1.1\r\n" A "\r\n"
                 "POST /items HTTP/1.1\r\n" A "Content-Length: 0\r\nTransfer-Encoding: x\r\n\r\n"
                 "POST /items HTTP/1.1\r\n" A "\r\n");
  assert_int_equal (count (answer, "HTTP/1.1 200 "), 1);
  assert_int_equal (count (answer, "HTTP/1.1 201 "), 0);
  /* The same, but the second comes while the first waits for its answer. */
  answer = talk ("GET /wait?ms=200 HTTP/1.1\r\n" A "\r\n"
                 "POST /items HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal (count (answer, "HTTP/1.1 200 "), 1);
  assert_int_equal (count (answer, "HTTP/1.1 201 "), 0);
  answer = talk ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n");
  assert_int_equal (sscanf (strstr (answer, "\"posts\":"), "\"posts\":%d", &posts), 1);
  assert_int_equal (posts, before);
}

static void
pipelined (void **state)
{
  const char *answer = talk ("GET /items/1 HTTP/1.1\r\n" A "\r\n"
                             "POST /items HTTP/1.1\r\n" A JSON "Content-Length: 7\r\n\r\n{\"a\":2}"
                             "GET /wait?ms=50 HTTP/1.1\r\n" A "\r\n"
                             "GET /items/3 HTTP/1.1\r\n" A CLOSE "\r\n");
  const char *one = strstr (answer, "\"item\":\"1\""), *two = strstr (answer, "{\"a\":2}");
  const char *three = strstr (answer, "\"item\":\"3\"");

  (void) state;
  assert_int_equal (count (answer, "HTTP/1.1 20"), 4);
  assert_true (one && two && three && one < two && two < three);
}

static void
limits (void **state)
{
  size_t size = FETTLE_BODY_MAX + 1000;
  char *text = malloc (size);
  int n;

  (void) state;
  memset (text, 'a', size);
  n = snprintf (text, size, "GET /counts HTTP/1.1\r\n" A "X: ");
  text[n] = 'a';
  text[FETTLE_HEAD_MAX + 100] = '\0';
  expect (text, 431, NULL);
  n = snprintf (text, size, "GET /%0*d HTTP/1.1\r\n" A "\r\n", FETTLE_TARGET_MAX + 1, 0);
  expect (text, 414, NULL);
  memset (text, ' ', size);
  n = snprintf (text, size, "POST /size HTTP/1.1\r\n" A JSON CLOSE "Content-Length: %d\r\n\r\n{\"a\":\"",
                FETTLE_BODY_MAX);
  memset (text + n, 'b', FETTLE_BODY_MAX - 8);
  memcpy (text + n + FETTLE_BODY_MAX - 8, "\"}", 2);
  assert_non_null (strstr (talk_bytes (text, (size_t) n + FETTLE_BODY_MAX - 6), "\"size\":16777208"));
  n = snprintf (text, size, "POST /size HTTP/1.1\r\n" A JSON "Content-Length: %d\r\n\r\n",
                FETTLE_BODY_MAX + 1);
  text[n] = 'b';
  assert_non_null (strstr (talk_bytes (text, size), "HTTP/1.1 413 "));
  free (text);
}

static void
continues (void **state)
{
  SSL *ssl = open_tls ();
  char answer[200] = "";

  (void) state;
  send_text (ssl, "POST /items HTTP/1.1\r\n" A JSON CLOSE "Content-Length: 7\r\n"
                  "Expect: 100-continue\r\n\r\n");
  assert_true (SSL_read (ssl, answer, sizeof answer - 1) > 0);
  assert_non_null (strstr (answer, "HTTP/1.1 100 "));
  send_text (ssl, "{\"a\":1}");
  assert_non_null (strstr (read_all (ssl), "HTTP/1.1 201 "));
  close_tls (ssl);
}

static void
client_leaves (void **state)
{
  SSL *ssl = open_tls ();
  double until = now () + 5;
  int seen = 0;

  (void) state;
  send_text (ssl, "GET /wait?ms=60000 HTTP/1.1\r\n" A "\r\n");
  assert_non_null (strstr (talk ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n"), "\"gone\":0"));
  close_tls (ssl);
  while (!seen && now () < until)
    seen = strstr (talk ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n"), "\"gone\":1") != NULL;
  assert_true (seen);
}

static void
old_tls_and_none (void **state)
{
  static const char plain[] = "GET /counts HTTP/1.1\r\n" A "\r\n";
  char answer[1000];
  int fd = dial ();
  ssize_t n;
  SSL *ssl;

  (void) state;
  SSL_CTX_set_security_level (client_tls, 0);
  SSL_CTX_set_max_proto_version (client_tls, TLS1_1_VERSION);
  assert_null (open_tls ());
  SSL_CTX_set_max_proto_version (client_tls, TLS1_2_VERSION);
  assert_non_null (ssl = open_tls ());
  assert_non_null (strstr (SSL_get_cipher_name (ssl), "ECDHE"));
  close_tls (ssl);
  SSL_CTX_set_cipher_list (client_tls, "AES128-SHA:ECDHE-ECDSA-AES128-SHA");
  assert_null (open_tls ());
  SSL_CTX_set_cipher_list (client_tls, "DEFAULT");
  SSL_CTX_set_max_proto_version (client_tls, 0);
  assert_non_null (ssl = open_tls ());
  assert_string_equal (SSL_get_version (ssl), "TLSv1.3");
  close_tls (ssl);
  assert_int_equal (write (fd, plain, sizeof plain - 1), sizeof plain - 1);
  n = read (fd, answer, sizeof answer);
  assert_true (n <= 0 || !memmem (answer, (size_t) n, "HTTP", 4));
  close (fd);
}

/* Each is ended by the server within a few seconds: what they have sent is no
 * request, or a part of one. */
static void
deadlines (void **state)
{
  static const char *const texts[] = {
    "", "GET /counts HTTP/1.1\r\n", "GET /counts HTTP/1.1\r\n" A "\r\n",
    "POST /items HTTP/1.1\r\n" A JSON "Content-Length: 9\r\n\r\n{",
  };
  SSL *quiet[COUNT (texts)], *trickle = open_tls ();
  int silent = dial (); /* not even a handshake */
  double start = now ();
  char c;

  (void) state;
  for (size_t i = 0; i < COUNT (texts); i++) {
    quiet[i] = open_tls ();
    if (*texts[i])
      send_text (quiet[i], texts[i]);
  }
  send_text (trickle, "GET /counts HTTP/1.1\r\n");
  while (now () - start < 5 && SSL_write (trickle, "X", 1) == 1)
    nanosleep (&(struct timespec) { 0, 200 * 1000 * 1000 }, NULL);
  for (size_t i = 0; i < COUNT (texts); i++) {
    read_all (quiet[i]);
    close_tls (quiet[i]);
  }
  assert_true (read (silent, &c, 1) <= 0);
  assert_true (now () - start < 5);
  close (silent);
  close_tls (trickle);
}

/* More slow ones than there are places: the others get their turn. */
static void
slow_ones (void **state)
{
  SSL *slow[CONNECTIONS - 1];
  int waiting[20];
  double start;

  (void) state;
  for (size_t i = 0; i < COUNT (slow); i++) {
    slow[i] = open_tls ();
    send_text (slow[i], "GET /counts HTTP/1.1\r\nX: a");
  }
  start = now ();
  expect ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n", 200, NULL);
  assert_true (now () - start < 4);
  for (size_t i = 0; i < COUNT (waiting); i++)
    waiting[i] = dial ();
  expect ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n", 200, NULL);
  assert_true (now () - start < 9);
  for (size_t i = 0; i < COUNT (waiting); i++)
    close (waiting[i]);
  for (size_t i = 0; i < COUNT (slow); i++)
    close_tls (slow[i]);
}

static void
slow_readers (void **state)
{
  SSL *slow[8];
  double start = now ();

  (void) state;
  for (size_t i = 0; i < COUNT (slow); i++) {
    slow[i] = open_tls ();
    send_text (slow[i], "GET /big HTTP/1.1\r\n" A "\r\n");
  }
  expect ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n", 200, NULL);
  assert_true (now () - start < 4);
  for (size_t i = 0; i < COUNT (slow); i++)
    close_tls (slow[i]);
}

static void
big_answers_are_whole (void **state)
{
  static char text[1 << 16];
  SSL *ssl = open_tls ();
  size_t total = 0;
  int n;

  (void) state;
  send_text (ssl, "GET /big HTTP/1.1\r\n" A CLOSE "\r\n");
  while ((n = SSL_read (ssl, text, sizeof text)) > 0) {
    total += (size_t) n;
    if (total < 2 << 20)
      nanosleep (&(struct timespec) { 0, 1000 * 1000 }, NULL);
  }
  assert_true (total > 8 << 20);
  close_tls (ssl);
}

static unsigned
dice (unsigned sides)
{
  static uint32_t x = 2463534242u;

  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x % sides;
}

/* Good and bad requests in a row, cut at any place, some with a pause, some
 * without reading an answer: always the same ones, at another pace each time. */
static void
any_order (void **state)
{
  static const char *const pieces[] = {
    "GET /items/1 HTTP/1.1\r\n" A "\r\n", "GET /wait?ms=1 HTTP/1.1\r\n" A "\r\n",
    "POST /size HTTP/1.1\r\n" A JSON "Content-Length: 7\r\n\r\n{\"a\":1}",
    "POST /size HTTP/1.1\r\n" A JSON "Content-Length: 7\r\nExpect: 100-continue\r\n\r\n{\"a\":1}",
    "GET /items/1 HTTP/1.1\r\n" A "\r\n", "HEAD /items/2 HTTP/1.1\r\n" A "\r\n",
    "GET /fail/busy HTTP/1.1\r\n" A "\r\n", "GET /wait?ms=5 HTTP/1.1\r\n" A "\r\n",
    "GET /items/3 HTTP/1.0\r\n" A "\r\n", "GET /items/4 HTTP/1.1\r\n" A CLOSE "\r\n",
    "POST /size HTTP/1.1\r\n" A "Transfer-Encoding: chunked\r\n\r\n", "GET /items\n",
    "POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nabc",
  };

  (void) state;
  for (int round = 0; round < 250; round++) {
    SSL *ssl = open_tls ();
    char text[4096] = "";
    size_t n;

    assert_non_null (ssl);
    for (unsigned i = 1 + dice (8); i; i--)
      snprintf (text + strlen (text), sizeof text - strlen (text), "%s",
                pieces[dice (dice (3) ? 8 : COUNT (pieces))]);
    for (size_t at = 0, size = strlen (text); at < size; at += n) {
      n = dice (2) ? 1 + dice (200) : size - at;
      if (n > size - at)
        n = size - at;
      if (SSL_write (ssl, text + at, (int) n) <= 0)
        break;
      if (!dice (4))
        nanosleep (&(struct timespec) { 0, (long) dice (3000000) }, NULL);
    }
    if (dice (3) == 0)
      SSL_read (ssl, text, sizeof text);
    close_tls (ssl);
  }
  expect ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n", 200, NULL);
}

/* Last: the server ends while a request waits, and frees all. */
static void
ends (void **state)
{
  SSL *ssl = open_tls ();
  int status = -1;

  (void) state;
  send_text (ssl, "GET /wait?ms=60000 HTTP/1.1\r\n" A "\r\n");
  expect ("GET /counts HTTP/1.1\r\n" A CLOSE "\r\n", 200, NULL);
  kill (server_pid, SIGTERM);
  assert_int_equal (waitpid (server_pid, &status, 0), server_pid);
  server_pid = 0;
  assert_int_equal (status, 0);
  close_tls (ssl);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (routing),          cmocka_unit_test (head),
    cmocka_unit_test (failures),         cmocka_unit_test (strangers),
    cmocka_unit_test (bodies),           cmocka_unit_test (ambiguous),
    cmocka_unit_test (smuggled),         cmocka_unit_test (pipelined),
    cmocka_unit_test (limits),           cmocka_unit_test (continues),
    cmocka_unit_test (client_leaves),    cmocka_unit_test (old_tls_and_none),
    cmocka_unit_test (deadlines),        cmocka_unit_test (slow_ones),
    cmocka_unit_test (slow_readers),     cmocka_unit_test (big_answers_are_whole),
    cmocka_unit_test (any_order),        cmocka_unit_test (ends),
  };

  return cmocka_run_group_tests (tests, setup, teardown);
}
