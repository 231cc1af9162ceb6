/* peer.c - what connections of nodes are answered: downloads, ranges, status
 * posts, limits, plain and with TLS.
 *
 * The listeners run in a child; the test is an ordinary client that blocks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "serve/callback.h"
#include "serve/listen.h"
#include "serve/server.h"
#include "serve/tls.h"
#include "util/log.h"

#define TOKEN  "00112233445566778899aabbccddeeff"
#define OTHER  "10112233445566778899aabbccddeeff"
#define STATUS "20112233445566778899aabbccddeeff"
#define LATER  "30112233445566778899aabbccddeeff"
#define SIZE   300000
#define OFFSET 12345 /* of the part within its file */
#define SHA    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char folder[] = "/tmp/fettle-peer-XXXXXX";
static unsigned char content[SIZE];
static uint16_t http, https, data_port;
static pid_t child;
static bool with_api;

/* What the child has seen, for the parent to look at. */
static struct {
  unsigned posts;
  char last[200], key[100];
  uint64_t bytes, fetches;
} *seen;

/* ---- The server ---- */

static struct fettle_served *download;

static void
on_post (void *arg, struct fettle_offer *o, json_t *body, const char *key, struct fettle_post *p)
{
  _cleanup_free_ char *text = json_dumps (body, JSON_COMPACT);

  (void) arg, (void) o;
  seen->posts++;
  snprintf (seen->last, sizeof seen->last, "%s", text);
  snprintf (seen->key, sizeof seen->key, "%s", key);
  json_decref (body);
  fettle_post_answer (p, 200, "Stored.\n");
}

static void
changed (void *arg, struct fettle_offer *o)
{
  (void) arg;
  seen->bytes = o->bytes;
  seen->fetches = o->fetches;
}

static int
make_file (void)
{
  char path[64];
  unsigned char *all = calloc (1, OFFSET + SIZE + 100);
  int fd;

  snprintf (path, sizeof path, "%s/file", folder);
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  memcpy (all + OFFSET, content, SIZE);
  assert_int_equal (write (fd, all, OFFSET + SIZE + 100), OFFSET + SIZE + 100);
  free (all);
  return fd;
}

static bool
adopt (void *arg, struct bufferevent *bev, void (*released) (void *conn), void *conn)
{
  return fettle_callbacks_adopt (arg, bev, released, conn);
}

static void
offer (struct fettle_callbacks *all, uint32_t listener, const char *token, const char *address,
       struct fettle_offer_file *f)
{
  struct fettle_offer o = { .name = "fw.bin", .file = f, .changed = changed };
  struct fettle_served *s;
  struct fettle_error err;

  snprintf (o.token, sizeof o.token, "%s", token);
  snprintf (o.address, sizeof o.address, "%s", address);
  if (!f)
    *o.name = '\0';
  if (fettle_served_new (all, listener, "127.0.0.1", &o, &s, &err)) {
    fprintf (stderr, "%s\n", err.text);
    exit (1);
  }
  if (strcmp (token, TOKEN) == 0)
    download = s;
}

static void
end_download (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what, (void) arg;
  fettle_served_free (download);
  download = NULL;
}

static void
stop (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what;
  event_base_loopbreak (arg);
}

static void
serve (struct fettle_peer_limits limits, uint16_t data, int ready)
{
  struct event_base *base = event_base_new ();
  struct event *term = evsignal_new (base, SIGTERM, stop, base);
  struct event *end = evsignal_new (base, SIGUSR1, end_download, NULL);
  struct fettle_error err;
  struct fettle_offers *offers = fettle_offers_new ();
  struct fettle_callbacks_options o = { .http = http, .https = https, .limits = limits,
                                        .offers = offers,
                                        .data_first = data, .data_last = data,
                                        .api_address = with_api ? "localhost" : "" };
  struct fettle_callbacks *all;
  struct fettle_server *server = NULL;
  struct fettle_listen l = { .n = 0 };
  struct fettle_server_options so = { .max_connections = 0 };
  struct fettle_offer_file *f = fettle_offer_file_new (make_file (), OFFSET, SIZE, SHA);

  event_add (term, NULL);
  event_add (end, NULL);
  if (fettle_tls_new (folder, "127.0.0.1", &o.tls, &err)
      || fettle_callbacks_new (base, &o, &all, &err))
    exit (1);
  fettle_callbacks_set_post (all, on_post, NULL);
  if (with_api) {
    so.tls = o.tls;
    if (fettle_access_new ("t", "", &so.access, &err) || fettle_server_new (base, &so, &server, &err)
        || fettle_listen_open ("127.0.0.1", https, &l, &err)
        || fettle_server_listen (server, &l, &err))
      exit (1);
    fettle_server_set_nodes (server, adopt, all);
  }
  for (uint32_t listener = FETTLE_LISTEN_HTTP; listener <= FETTLE_LISTEN_HTTPS; listener++) {
    bool first = listener == FETTLE_LISTEN_HTTP;

    offer (all, listener, first ? TOKEN : LATER, "127.0.0.1", f);
    offer (all, listener, first ? OTHER : "40112233445566778899aabbccddeeff", "192.0.2.1", f);
    offer (all, listener, first ? STATUS : "50112233445566778899aabbccddeeff", "127.0.0.1", NULL);
  }
  (void) !write (ready, "r", 1);
  event_base_dispatch (base);
  fettle_callbacks_disconnect (all);
  fettle_server_free (server);
  fettle_access_free (so.access);
  fettle_callbacks_free (all);
  fettle_offers_free (offers);
  fettle_offer_file_release (f);
  event_free (term);
  event_free (end);
  event_base_free (base);
  SSL_CTX_free (o.tls);
  libevent_global_shutdown ();
  exit (0);
}

static uint16_t
free_port (void)
{
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof sa;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  assert_int_equal (bind (fd, (struct sockaddr *) &sa, sizeof sa), 0);
  assert_int_equal (getsockname (fd, (struct sockaddr *) &sa, &size), 0);
  close (fd);
  return ntohs (sa.sin_port);
}

/* False: somebody else took a port in the meantime. */
static bool
start_once (struct fettle_peer_limits limits, bool moves)
{
  int ready[2];
  bool up;
  char c;

  http = free_port ();
  https = free_port ();
  data_port = moves ? free_port () : 0;
  memset (seen, 0, sizeof *seen);
  assert_int_equal (pipe (ready), 0);
  child = fork ();
  assert_true (child >= 0);
  if (child == 0) {
    close (ready[0]);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    serve (limits, data_port, ready[1]);
  }
  close (ready[1]);
  up = read (ready[0], &c, 1) == 1;
  close (ready[0]);
  if (!up)
    waitpid (child, NULL, 0);
  return up;
}

static void
start (struct fettle_peer_limits limits, bool moves)
{
  int tries = 10;

  while (!start_once (limits, moves))
    assert_true (--tries > 0);
}

static int
set_up (void **state)
{
  (void) state;
  start ((struct fettle_peer_limits) { .node_connections = 8 }, false);
  return 0;
}

/* For the tests that wait until a limit is reached, alone. */
static int
set_up_hasty (void **state)
{
  (void) state;
  start ((struct fettle_peer_limits) { .head_seconds = 2, .stall_seconds = 2 }, false);
  return 0;
}

static int
tear_down (void **state)
{
  int status = -1;

  (void) state;
  kill (child, SIGTERM);
  waitpid (child, &status, 0);
  assert_int_equal (status, 0);
  return 0;
}

/* ---- The client ---- */

struct client {
  int fd;
  SSL *ssl;
};

static struct client
connect_to (uint16_t port, SSL_CTX *tls)
{
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons (port),
                            .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval limit = { .tv_sec = 60 };
  struct client c = { .fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

  setsockopt (c.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt (c.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  assert_int_equal (connect (c.fd, (struct sockaddr *) &sa, sizeof sa), 0);
  if (tls) {
    c.ssl = SSL_new (tls);
    SSL_set_fd (c.ssl, c.fd);
    assert_int_equal (SSL_connect (c.ssl), 1);
  }
  return c;
}

static void
end (struct client *c)
{
  SSL_free (c->ssl);
  close (c->fd);
}

static void
say (struct client *c, const void *data, size_t size)
{
  if (c->ssl)
    assert_int_equal (SSL_write (c->ssl, data, (int) size), (int) size);
  else
    assert_int_equal (send (c->fd, data, size, MSG_NOSIGNAL), (ssize_t) size);
}

static ssize_t
hear (struct client *c, void *data, size_t size)
{
  return c->ssl ? SSL_read (c->ssl, data, (int) size) : recv (c->fd, data, size, 0);
}

/* One answer: its head in `head` (NUL at the end), its body. */
struct answer {
  char head[2000];
  unsigned char *body;
  size_t size;
};

static const char *
header (const struct answer *a, const char *name)
{
  static char value[200];
  char wanted[100];
  const char *p;

  snprintf (wanted, sizeof wanted, "\r\n%s: ", name);
  p = strstr (a->head, wanted);
  if (!p)
    return NULL;
  p += strlen (wanted);
  snprintf (value, sizeof value, "%.*s", (int) strcspn (p, "\r"), p);
  return value;
}

static struct answer
read_answer (struct client *c, bool body)
{
  struct answer a = { .size = 0 };
  size_t n = 0, size;
  const char *length;

  while (n < 4 || memcmp (a.head + n - 4, "\r\n\r\n", 4) != 0) {
    assert_true (n < sizeof a.head - 1);
    assert_int_equal (hear (c, a.head + n, 1), 1);
    n++;
  }
  length = header (&a, "Content-Length");
  assert_non_null (length);
  size = body ? strtoul (length, NULL, 10) : 0;
  a.body = malloc (size + 1);
  while (a.size < size) {
    ssize_t got = hear (c, a.body + a.size, size - a.size);

    assert_true (got > 0);
    a.size += (size_t) got;
  }
  a.body[a.size] = '\0';
  return a;
}

static struct answer
ask (struct client *c, const char *request)
{
  say (c, request, strlen (request));
  return read_answer (c, strncmp (request, "HEAD", 4) != 0 && !strstr (request, "If-None"));
}

static int
status_of (const struct answer *a)
{
  return (int) strtol (a->head + strlen ("HTTP/1.1 "), NULL, 10);
}

/* Asks on a connection of its own, and checks the status. */
static struct answer
ask_once (int status, const char *format, ...)
{
  struct client c = connect_to (http, NULL);
  char request[2000];
  struct answer a;
  va_list ap;

  va_start (ap, format);
  vsnprintf (request, sizeof request, format, ap);
  va_end (ap);
  a = ask (&c, request);
  if (status_of (&a) != status)
    fail_msg ("%s%s", request, a.head);
  end (&c);
  return a;
}

static void
expect (int status, const char *request)
{
  struct answer a = ask_once (status, "%s", request);

  free (a.body);
}

#define GET(path, headers) "GET " path " HTTP/1.1\r\nHost: x\r\n" headers "\r\n"
#define FILE_PATH "/d/" TOKEN "/fw.bin"
#define STATUS_PATH "/s/" STATUS

/* ---- Downloads ---- */

static void
whole (void **state)
{
  struct client c = connect_to (http, NULL);

  (void) state;
  for (int i = 0; i < 3; i++) { /* on one connection */
    struct answer a = ask (&c, GET (FILE_PATH, ""));

    assert_int_equal (status_of (&a), 200);
    assert_int_equal (a.size, SIZE);
    assert_memory_equal (a.body, content, SIZE);
    assert_string_equal (header (&a, "Accept-Ranges"), "bytes");
    assert_string_equal (header (&a, "ETag"), "\"e3b0c44298fc1c149afbf4c8996fb924\"");
    assert_string_equal (header (&a, "Repr-Digest"),
                         "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
    assert_string_equal (header (&a, "Digest"),
                         "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    free (a.body);
  }
  end (&c);
  for (int i = 0; i < 6000 && seen->fetches < 3; i++)
    usleep (10000);
  assert_int_equal (seen->fetches, 3);
  assert_int_equal (seen->bytes, 3 * SIZE);
}

static void
heads (void **state)
{
  struct answer a = ask_once (200, "HEAD " FILE_PATH " HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n");

  (void) state;
  assert_string_equal (header (&a, "Content-Length"), "300000");
  assert_null (header (&a, "Content-Range"));
  free (a.body);
}

static void
parts (void **state)
{
  struct client c = connect_to (http, NULL);
  struct answer a = ask (&c, GET (FILE_PATH, "Range: bytes=1000-1999\r\n"));

  (void) state;
  assert_int_equal (status_of (&a), 206);
  assert_int_equal (a.size, 1000);
  assert_memory_equal (a.body, content + 1000, 1000);
  assert_string_equal (header (&a, "Content-Range"), "bytes 1000-1999/300000");
  free (a.body);
  a = ask (&c, GET (FILE_PATH, "Range: bytes=-7\r\n"));
  assert_int_equal (a.size, 7);
  assert_memory_equal (a.body, content + SIZE - 7, 7);
  free (a.body);
  a = ask (&c, GET (FILE_PATH, "Range: bytes=300000-\r\n"));
  assert_int_equal (status_of (&a), 416);
  assert_string_equal (header (&a, "Content-Range"), "bytes */300000");
  free (a.body);
  end (&c);
}

static void
several_parts (void **state)
{
  struct answer a = ask_once (206, GET (FILE_PATH, "Range: bytes=0-1,299998-\r\n"));
  unsigned char wanted[1000];
  int n;

  (void) state;
  assert_string_equal (header (&a, "Content-Type"), "multipart/byteranges; boundary=fettle-part");
  n = snprintf ((char *) wanted, sizeof wanted,
                "--fettle-part\r\nContent-Type: application/octet-stream\r\n"
                "Content-Range: bytes 0-1/300000\r\n\r\n");
  memcpy (wanted + n, content, 2);
  n += 2;
  n += snprintf ((char *) wanted + n, sizeof wanted - (size_t) n,
                 "\r\n--fettle-part\r\nContent-Type: application/octet-stream\r\n"
                 "Content-Range: bytes 299998-299999/300000\r\n\r\n");
  memcpy (wanted + n, content + SIZE - 2, 2);
  n += 2;
  n += snprintf ((char *) wanted + n, sizeof wanted - (size_t) n, "\r\n--fettle-part--\r\n");
  assert_int_equal (a.size, n);
  assert_memory_equal (a.body, wanted, (size_t) n);
  free (a.body);
}

static void
conditions (void **state)
{
#define TAG "\"e3b0c44298fc1c149afbf4c8996fb924\""
  (void) state;
  expect (304, GET (FILE_PATH, "If-None-Match: \"x\", W/" TAG "\r\n"));
  expect (200, GET (FILE_PATH, "If-None-Match: \"x\"\r\n"));
  expect (412, GET (FILE_PATH, "If-Match: \"x\"\r\n"));
  expect (200, GET (FILE_PATH, "If-Match: " TAG "\r\n"));
  expect (206, GET (FILE_PATH, "Range: bytes=0-1\r\nIf-Range: " TAG "\r\n"));
  expect (200, GET (FILE_PATH, "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n"));
  expect (200, GET (FILE_PATH, "Range: bytes=0-1\r\nIf-Range: Mon, 01 Jan 2024 00:00:00 GMT\r\n"));
  expect (200, GET (FILE_PATH, "Range: bytes=0-,0-,0-,0-\r\n"));
  expect (400, GET (FILE_PATH, "Range: bytes=0-1\r\nRange: bytes=3-4\r\n"));
}

static void
nobody_elses (void **state)
{
  (void) state;
  expect (404, GET ("/d/" OTHER "/fw.bin", "")); /* another address */
  expect (404, GET ("/d/" LATER "/fw.bin", ""));
  expect (404, GET ("/d/" STATUS "/fw.bin", ""));
  expect (404, GET ("/d/" TOKEN, ""));
  expect (404, GET ("/d/" TOKEN "/", ""));
  expect (404, GET ("/d/" TOKEN "/fw.bin2", ""));
  expect (404, GET ("/d/" TOKEN "/..%2f..%2fetc%2fpasswd", ""));
  expect (404, GET ("/d/" TOKEN "/../fw.bin", ""));
  expect (404, GET ("/d/" TOKEN "/fw.bin%00", ""));
  expect (404, GET ("/d/00112233445566778899AABBCCDDEEFF/fw.bin", ""));
  expect (404, GET ("/api/v1/service", ""));
  expect (200, GET ("/d/" TOKEN "/%66w.bin?x=y", ""));
  expect (405, "POST " FILE_PATH " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  expect (405, GET (STATUS_PATH, ""));
}

static void
pipelined (void **state)
{
  struct client c = connect_to (http, NULL);
  char request[20000] = "";

  (void) state;
  for (int i = 0; i < 100; i++)
    snprintf (request + strlen (request), sizeof request - strlen (request), "%s",
              i % 10 ? GET (FILE_PATH, "Range: bytes=5-9\r\n") : GET (FILE_PATH, ""));
  say (&c, request, strlen (request));
  for (int i = 0; i < 100; i++) {
    struct answer a = read_answer (&c, true);

    assert_int_equal (a.size, i % 10 ? 5 : SIZE);
    assert_memory_equal (a.body, i % 10 ? content + 5 : content, a.size);
    free (a.body);
  }
  end (&c);
}

/* The client has nothing more to say, and still wants its answers. */
static void
half_closed (void **state)
{
  struct client c = connect_to (http, NULL);
  static const char request[] = GET (FILE_PATH, "") GET (FILE_PATH, "Range: bytes=5-9\r\n");
  char byte;

  (void) state;
  say (&c, request, strlen (request));
  shutdown (c.fd, SHUT_WR);
  for (int i = 0; i < 2; i++) {
    struct answer a = read_answer (&c, true);

    assert_int_equal (a.size, i ? 5 : SIZE);
    free (a.body);
  }
  assert_int_equal (recv (c.fd, &byte, 1, 0), 0);
  end (&c);
}

static void
by_tls (struct client *c)
{
  struct answer a = ask (c, GET ("/d/" LATER "/fw.bin", ""));

  assert_int_equal (status_of (&a), 200);
  assert_int_equal (a.size, SIZE);
  assert_memory_equal (a.body, content, SIZE);
  free (a.body);
  a = ask (c, GET ("/d/" LATER "/fw.bin", "Range: bytes=1-70000, 80000-150000\r\n"));
  assert_int_equal (status_of (&a), 206);
  assert_non_null (memmem (a.body, a.size, content + 80000, 70001));
  free (a.body);
}

static void
with_tls (void **state)
{
  SSL_CTX *tls = SSL_CTX_new (TLS_client_method ());
  struct client c;

  (void) state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    SSL_CTX_set_max_proto_version (tls, version);
    c = connect_to (https, tls);
    by_tls (&c);
    end (&c);
  }
  SSL_CTX_free (tls);
}

/* The API listens there: it has the port, and nodes are served all the same. */
static void
on_the_apis_port (void **state)
{
  SSL_CTX *tls = SSL_CTX_new (TLS_client_method ());
  struct client c = connect_to (https, tls);
  struct answer a;

  (void) state;
  by_tls (&c);
  a = ask (&c, "POST /s/50112233445566778899aabbccddeeff HTTP/1.1\r\nHost: x\r\n"
               "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  assert_int_equal (status_of (&a), 200);
  free (a.body);
  end (&c);
  /* A request for the API is not for nodes, and a node's is not for the API. */
  c = connect_to (https, tls);
  a = ask (&c, GET ("/api/v1/service", ""));
  assert_int_equal (status_of (&a), 401);
  free (a.body);
  end (&c);
  c = connect_to (https, tls);
  a = ask (&c, GET ("/d/" OTHER "/fw.bin", ""));
  assert_int_equal (status_of (&a), 404);
  free (a.body);
  end (&c);
  c = connect_to (https, tls); /* left open */
  say (&c, "GET /d/", 7);
  SSL_CTX_free (tls);
  end (&c);
}

static int
set_up_api (void **state)
{
  with_api = true;
  return set_up (state);
}

static int
tear_down_api (void **state)
{
  with_api = false;
  return tear_down (state);
}

static void
moves (void **state)
{
  struct answer a = ask_once (307, GET (FILE_PATH, "Range: bytes=0-1\r\n"));
  char wanted[200];
  uint16_t first = http;

  (void) state;
  snprintf (wanted, sizeof wanted, "http://127.0.0.1:%u" FILE_PATH, data_port);
  assert_string_equal (header (&a, "Location"), wanted);
  free (a.body);
  http = data_port;
  expect (206, GET (FILE_PATH, "Range: bytes=0-1\r\n"));
  http = first;
}

static int
set_up_moves (void **state)
{
  (void) state;
  start ((struct fettle_peer_limits) { .node_connections = 8 }, true);
  return 0;
}

/* ---- Status ---- */

#define POST_HEAD "POST " STATUS_PATH " HTTP/1.1\r\nHost: x\r\n"

static void
posts (void **state)
{
  struct client c = connect_to (http, NULL);
  struct answer a = ask (&c, POST_HEAD "Content-Type: application/json\r\nContent-Length: 15\r\n"
                                       "Idempotency-Key: k1\r\n\r\n{\"state\":\"done\"}");

  (void) state;
  assert_int_equal (status_of (&a), 400); /* a byte is missing */
  free (a.body);
  end (&c);
  c = connect_to (http, NULL);
  a = ask (&c, POST_HEAD "Content-Type: application/json\r\nContent-Length: 16\r\n"
                         "Idempotency-Key: k1\r\n\r\n{\"state\":\"done\"}");
  assert_int_equal (status_of (&a), 200);
  free (a.body);
  assert_string_equal (seen->last, "{\"state\":\"done\"}");
  assert_string_equal (seen->key, "k1");
  a = ask (&c, POST_HEAD "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\na=b+c");
  assert_int_equal (status_of (&a), 200);
  free (a.body);
  assert_string_equal (seen->last, "{\"a\":\"b c\"}");
  assert_string_equal (seen->key, "");
  assert_int_equal (seen->posts, 2);
  end (&c);
  expect (415, POST_HEAD "Content-Length: 1\r\n\r\nx");
  expect (404, "POST /s/" TOKEN " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
  expect (413, POST_HEAD "Content-Length: 65537\r\n\r\n");
  expect (411, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n");
}

static void
in_portions (void **state)
{
  static const char request[] = POST_HEAD "Content-Type: application/json\r\nContent-Length: 16\r\n\r\n"
                                "{\"state\":\"done\"}" GET (FILE_PATH, "Range: bytes=0-0\r\n");
  struct client c = connect_to (http, NULL);
  struct answer a;

  (void) state;
  for (size_t i = 0; i < strlen (request); i++) {
    struct timespec pause = { 0, 200000 };

    say (&c, request + i, 1);
    if (i % 4 == 0)
      nanosleep (&pause, NULL);
  }
  a = read_answer (&c, true);
  assert_int_equal (status_of (&a), 200);
  free (a.body);
  a = read_answer (&c, true);
  assert_int_equal (status_of (&a), 206);
  free (a.body);
  end (&c);
}

static void
continues (void **state)
{
  struct client c = connect_to (http, NULL);
  char text[100] = "";
  size_t n = 0;
  struct answer a;
  static const char head[] = POST_HEAD "Content-Type: application/json\r\nContent-Length: 2\r\n"
                             "Expect: 100-continue\r\n\r\n";

  (void) state;
  say (&c, head, strlen (head));
  while (n < 4 || memcmp (text + n - 4, "\r\n\r\n", 4) != 0)
    assert_int_equal (hear (&c, text + n++, 1), 1);
  assert_string_equal (text, "HTTP/1.1 100 Continue\r\n\r\n");
  say (&c, "{}", 2);
  a = read_answer (&c, true);
  assert_int_equal (status_of (&a), 200);
  free (a.body);
  end (&c);
}

static void
too_often (void **state)
{
  struct client c = connect_to (http, NULL);
  int refused = 0;

  (void) state;
  for (int i = 0; i < 30 && !refused; i++) {
    struct answer a = ask (&c, POST_HEAD "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");

    refused = status_of (&a) == 429;
    if (refused)
      assert_string_equal (header (&a, "Retry-After"), "1");
    free (a.body);
  }
  assert_true (refused);
  end (&c);
}

static int
set_up_rate (void **state)
{
  (void) state;
  start ((struct fettle_peer_limits) { .post_rate = 1 }, false);
  return 0;
}

/* ---- Limits ---- */

/* Nothing comes back any more; true if the connection has ended. */
static bool
ends (struct client *c)
{
  char bytes[4096];
  ssize_t n;

  while ((n = recv (c->fd, bytes, sizeof bytes, 0)) > 0)
    continue;
  return n == 0 || errno == ECONNRESET;
}

static void
slow_head (void **state)
{
  struct client c = connect_to (http, NULL);

  (void) state;
  say (&c, "GET /d/", 7);
  assert_true (ends (&c));
  end (&c);
}

static void
many_of_one (void **state)
{
  struct client c[9];

  (void) state;
  for (size_t i = 0; i < COUNT (c); i++)
    c[i] = connect_to (http, NULL);
  assert_true (ends (&c[8]));
  for (size_t i = 0; i < 8; i++) {
    struct answer a = ask (&c[i], GET (FILE_PATH, "Range: bytes=0-0\r\n"));

    assert_int_equal (status_of (&a), 206);
    free (a.body);
  }
  for (size_t i = 0; i < COUNT (c); i++)
    end (&c[i]);
}

/* Reads nothing of what it wants: it is dropped, and holds nobody up. */
static void
stalled (void **state)
{
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons (http),
                            .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct client c = { .fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
  struct pollfd p = { .fd = c.fd, .events = 0 };
  int small = 4096;

  (void) state;
  setsockopt (c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  assert_int_equal (connect (c.fd, (struct sockaddr *) &sa, sizeof sa), 0);
  for (int i = 0; i < 40; i++) /* more than the kernel keeps for it */
    say (&c, GET (FILE_PATH, ""), strlen (GET (FILE_PATH, "")));
  expect (200, GET (FILE_PATH, ""));
  assert_int_equal (poll (&p, 1, 60000), 1); /* reset or ended */
  end (&c);
}

static void
the_offer_ends (void **state)
{
  struct client c = connect_to (http, NULL);
  struct answer a;
  int small = 4096;

  (void) state;
  setsockopt (c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  a = ask (&c, GET (FILE_PATH, "Range: bytes=0-0\r\n"));
  free (a.body);
  for (int i = 0; i < 40; i++)
    say (&c, GET (FILE_PATH, ""), strlen (GET (FILE_PATH, "")));
  kill (child, SIGUSR1);
  assert_true (ends (&c));
  end (&c);
}

static void
garbage (void **state)
{
  static const char *const rows[] = {
    "nonsense\r\n\r\n", "GET / HTTP/1.1\n\n", "\x16\x03\x01\x02\x01\xfc\x03\x03\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST " STATUS_PATH " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "POST " STATUS_PATH " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
  };

  (void) state;
  for (size_t i = 0; i < COUNT (rows); i++) {
    struct client c = connect_to (http, NULL);
    struct answer a = ask (&c, rows[i]);

    if (status_of (&a) != 400)
      fail_msg ("%s%s", rows[i], a.head);
    free (a.body);
    assert_true (ends (&c));
    end (&c);
  }
  assert_int_equal (seen->posts, 0);
  expect (200, GET (FILE_PATH, ""));
}

/* ---- Ending ---- */

static int
remove_folder (void **state)
{
  static const char *const names[] = { "file", "cert.pem", "cert.key" };
  char path[100];

  (void) state;
  for (size_t i = 0; i < COUNT (names); i++) {
    snprintf (path, sizeof path, "%s/%s", folder, names[i]);
    unlink (path);
  }
  return rmdir (folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (whole), TEST (heads), TEST (parts), TEST (several_parts), TEST (conditions),
    TEST (nobody_elses), TEST (pipelined), TEST (half_closed), TEST (with_tls),
    cmocka_unit_test_setup_teardown (on_the_apis_port, set_up_api, tear_down_api),
    cmocka_unit_test_setup_teardown (moves, set_up_moves, tear_down),
    TEST (posts), TEST (in_portions), TEST (continues),
    cmocka_unit_test_setup_teardown (too_often, set_up_rate, tear_down),
    cmocka_unit_test_setup_teardown (slow_head, set_up_hasty, tear_down),
    TEST (many_of_one),
    cmocka_unit_test_setup_teardown (stalled, set_up_hasty, tear_down),
    TEST (the_offer_ends), TEST (garbage),
  };

  signal (SIGPIPE, SIG_IGN);
  fettle_log_init ("peer", FETTLE_LOG_ERROR);
  seen = mmap (NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < SIZE; i++)
    content[i] = (unsigned char) (i ^ i >> 8 ^ i >> 16);
  if (seen == MAP_FAILED || !mkdtemp (folder))
    return 1;
  return cmocka_run_group_tests (tests, NULL, remove_folder);
}
