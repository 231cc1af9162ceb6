/* client.c - see client.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "cli/client.h"
#include "util/libcurl.h"
#include "util/file.h"
#include "util/secret.h"
#include "util/text.h"

enum {
  CONNECT_SECONDS = 10,
  CALL_SECONDS = 600, /* a plan for ten thousand nodes takes its time */
  MAX_TOKEN = 4096,
  MAX_STATE_FILE = 64 * 1024,
};
#define MAX_ANSWER ((size_t) 512 * 1024 * 1024)

struct fettle_client {
  CURL *easy;
  CURLM *multi; /* so that a call can be interrupted */
  struct curl_slist *headers, *connect_to;
  char base[64]; /* "https://localhost:63002/api/v1" */
  char state_dir[1024];
  json_t *service;
  int interrupt_fd;
  char why[CURL_ERROR_SIZE];
};

/* ---- What the service says about itself in its folder ---- */

/* The port of the service that runs, or says that none does. */
static fettle_result
read_service_file (const struct fettle_cli *cli, uint64_t *ret_port, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (MAX_STATE_FILE);
  _cleanup_json_ json_t *service = NULL;
  json_int_t pid, port;
  char path[1200];

  snprintf (path, sizeof path, "%.1024s/service.json", cli->settings.state_dir);
  if (fettle_file_read (path, &text, err)) {
    if (errno != EACCES)
      err->code = FETTLE_E_UNREACHABLE;
    return err->code;
  }
  service = json_loads (fettle_buf_text (&text), 0, NULL);
  pid = json_integer_value (json_object_get (service, "pid"));
  port = json_integer_value (json_object_get (service, "ssl_port"));
  if (pid <= 1 || port < 1 || port > 65535)
    return fettle_error_set (err, FETTLE_E_UNREACHABLE, "%s/service.json is damaged",
                             cli->settings.state_dir);
  if (kill ((pid_t) pid, 0) && errno == ESRCH)
    return fettle_error_set (err, FETTLE_E_UNREACHABLE, "no service runs for %s",
                             cli->settings.state_dir);
  *ret_port = (uint64_t) port;
  return FETTLE_OK;
}

static fettle_result
add_token (struct fettle_client *c, const struct fettle_cli *cli, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf token = FETTLE_BUF_SECRET (MAX_TOKEN);
  const char *other = getenv ("FETTLE_TOKEN_FILE");
  char path[1200], header[MAX_TOKEN + 64];
  struct curl_slist *more;

  if (other && *other)
    snprintf (path, sizeof path, "%s", other);
  else
    snprintf (path, sizeof path, "%.1024s/token", cli->settings.state_dir);
  if (fettle_secret_read (path, &token, err)) {
    fettle_error_prefix (err, "the token for the service, which only its own user can read: ");
    return err->code = FETTLE_E_AUTH;
  }
  snprintf (header, sizeof header, "Authorization: Bearer %.*s",
            (int) strcspn (fettle_buf_text (&token), " \r\n"), fettle_buf_text (&token));
  more = libcurl.slist_append (c->headers, header);
  fettle_wipe (header, sizeof header);
  if (!more)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a call");
  c->headers = more;
  return FETTLE_OK;
}

/* ---- The connection ---- */

static size_t
take_answer (char *data, size_t size, size_t n, void *arg)
{
  struct fettle_buf *answer = arg;

  return fettle_buf_add (answer, data, size * n) ? size * n : 0;
}

/* A service that listens on one address only isn't at localhost, but its
 * certificate is made out to that name: keep the name, turn the connection. */
static bool
turn_connection (struct fettle_client *c, const struct fettle_cli *cli, uint64_t port)
{
  const char *address = cli->settings.api_address ? cli->settings.api_address : "localhost";
  int n = (int) strcspn (address, " ");
  bool six = memchr (address, ':', (size_t) n) != NULL;
  char text[160];

  if (strncmp (address, "localhost", 9) == 0 || strncmp (address, "0.0.0.0", 7) == 0
      || (n == 2 && strncmp (address, "::", 2) == 0) || n > 80)
    return true;
  snprintf (text, sizeof text, "localhost:%d:%s%.*s%s:%d", (int) port, six ? "[" : "", n, address,
            six ? "]" : "", (int) port);
  c->connect_to = libcurl.slist_append (NULL, text);
  return c->connect_to && libcurl.easy_setopt (c->easy, CURLOPT_CONNECT_TO, c->connect_to) == CURLE_OK;
}

static bool
set_up_curl (struct fettle_client *c, const struct fettle_cli *cli, uint64_t port)
{
  char certificate[1200];

  snprintf (certificate, sizeof certificate, "%.1024s/cert.pem", cli->settings.state_dir);
  c->easy = libcurl.easy_init ();
  c->multi = libcurl.multi_init ();
  c->headers = libcurl.slist_append (NULL, "Accept: application/json");
  return c->easy && c->multi && c->headers
         && libcurl.easy_setopt (c->easy, CURLOPT_CAINFO, certificate) == CURLE_OK
         && libcurl.easy_setopt (c->easy, CURLOPT_CAPATH, NULL) == CURLE_OK
         && libcurl.easy_setopt (c->easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK
         && libcurl.easy_setopt (c->easy, CURLOPT_PROXY, "") == CURLE_OK
         && libcurl.easy_setopt (c->easy, CURLOPT_CONNECTTIMEOUT, (long) CONNECT_SECONDS) == CURLE_OK
         && libcurl.easy_setopt (c->easy, CURLOPT_TIMEOUT, (long) CALL_SECONDS) == CURLE_OK
         && libcurl.easy_setopt (c->easy, CURLOPT_ERRORBUFFER, c->why) == CURLE_OK
         && libcurl.easy_setopt (c->easy, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK
         && turn_connection (c, cli, port);
}

void
fettle_client_free (struct fettle_client *c)
{
  if (!c)
    return;
  for (struct curl_slist *h = c->headers; h; h = h->next)
    fettle_wipe (h->data, strlen (h->data));
  libcurl.slist_free_all (c->headers);
  libcurl.slist_free_all (c->connect_to);
  libcurl.easy_cleanup (c->easy);
  libcurl.multi_cleanup (c->multi);
  json_decref (c->service);
  free (c);
}

/* Connects to the service that STATE/service.json names. */
static fettle_result
try_open (const struct fettle_cli *cli, struct fettle_client **ret, struct fettle_error *err)
{
  _cleanup_client_ struct fettle_client *c = NULL;
  uint64_t port = 0;

  if (read_service_file (cli, &port, err))
    return err->code;
  if (fettle_libcurl_load (err))
    return err->code;
  c = calloc (1, sizeof *c);
  if (!c || !set_up_curl (c, cli, port))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a connection to the service");
  c->interrupt_fd = -1;
  snprintf (c->base, sizeof c->base, "https://localhost:%d/api/v1", (int) port);
  snprintf (c->state_dir, sizeof c->state_dir, "%s", cli->settings.state_dir);
  if (add_token (c, cli, err) || fettle_client_call (c, "GET", "/service", NULL, &c->service, err))
    return err->code;
  *ret = STEAL (c);
  return FETTLE_OK;
}

fettle_result
fettle_client_open (const struct fettle_cli *cli, bool start, struct fettle_client **ret,
                    struct fettle_error *err)
{
  fettle_result result = try_open (cli, ret, err);
  struct fettle_error failed;

  if (result != FETTLE_E_UNREACHABLE || !start)
    return result;
  fettle_cli_notice (cli, "starting the service");
  if (fettle_service_start (cli, &failed) == FETTLE_OK)
    return try_open (cli, ret, err);
  /* Another command may have started one in the meantime. */
  for (int i = 0; i < 10 && result; i++) {
    nanosleep (&(struct timespec) { 0, 100 * 1000 * 1000 }, NULL);
    result = try_open (cli, ret, err);
  }
  if (result)
    *err = failed;
  return result;
}

const json_t *
fettle_client_service (const struct fettle_client *c)
{
  return c->service;
}

void
fettle_client_interrupt (struct fettle_client *c, int fd)
{
  c->interrupt_fd = fd;
}

/* RFC 3986.  Not libcurl's: a path is made before it is needed. */
char *
fettle_client_path (const char *before, const char *part, const char *after)
{
  struct fettle_buf path = FETTLE_BUF_INIT (64 * 1024);

  fettle_buf_text_add (&path, before);
  for (; *part; part++)
    if (isalnum ((unsigned char) *part) || strchr ("-._~", *part))
      fettle_buf_add (&path, part, 1);
    else
      fettle_buf_printf (&path, "%%%02X", (unsigned char) *part);
  fettle_buf_text_add (&path, after);
  return path.data;
}

/* ---- One call ---- */

static fettle_result
transfer_error (const struct fettle_client *c, CURLcode code, struct fettle_error *err)
{
  const char *why = c->why[0] ? c->why : libcurl.easy_strerror (code);

  switch ((int) code) {
  case CURLE_COULDNT_CONNECT:
    return fettle_error_set (err, FETTLE_E_UNREACHABLE, "no service answers at %.48s: %.400s",
                             c->base, why);
  case CURLE_PEER_FAILED_VERIFICATION:
    return fettle_error_set (err, FETTLE_E_AUTH,
                             "%.48s doesn't show the certificate %.256s/cert.pem: is it the service "
                             "of another state folder? (%.300s)", c->base, c->state_dir, why);
  case CURLE_SSL_CACERT_BADFILE:
    return fettle_error_set (err, FETTLE_E_CONFIG, "the service's certificate %.256s/cert.pem "
                             "can't be read: %.400s", c->state_dir, why);
  case CURLE_OPERATION_TIMEDOUT:
    return fettle_error_set (err, FETTLE_E_TIMEOUT, "the service at %.48s doesn't answer: %.400s",
                             c->base, why);
  case CURLE_WRITE_ERROR:
    return fettle_error_set (err, FETTLE_E_PROTOCOL, "the service's answer is too large");
  default:
    return fettle_error_set (err, FETTLE_E_SERVICE, "the call to the service at %.48s broke: %.400s",
                             c->base, why);
  }
}

/* Runs the prepared transfer to its end, or until interrupted. */
static fettle_result
perform (struct fettle_client *c, struct fettle_error *err)
{
  struct curl_waitfd interrupt = { c->interrupt_fd, CURL_WAIT_POLLIN, 0 };
  unsigned extra = c->interrupt_fd >= 0;
  int running = 1, left;
  CURLMsg *message;
  CURLcode code = CURLE_OK;

  c->why[0] = '\0';
  if (libcurl.multi_add_handle (c->multi, c->easy) != CURLM_OK)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a call");
  while (libcurl.multi_perform (c->multi, &running) == CURLM_OK && running) {
    interrupt.revents = 0;
    libcurl.multi_poll (c->multi, &interrupt, extra, 1000, NULL);
    if (extra && interrupt.revents)
      break;
  }
  while ((message = libcurl.multi_info_read (c->multi, &left)))
    if (message->msg == CURLMSG_DONE)
      code = message->data.result;
  libcurl.multi_remove_handle (c->multi, c->easy);
  if (running)
    return fettle_error_set (err, FETTLE_E_ABORTED, "interrupted");
  return code == CURLE_OK ? FETTLE_OK : transfer_error (c, code, err);
}

/* application/problem+json as an error. */
static fettle_result
problem (long status, const struct fettle_buf *answer, struct fettle_error *err)
{
  _cleanup_json_ json_t *p = json_loads (fettle_buf_text (answer), 0, NULL);
  const char *detail = json_string_value (json_object_get (p, "detail"));
  const char *title = json_string_value (json_object_get (p, "title"));
  const char *name = json_string_value (json_object_get (p, "code"));
  fettle_result code = name ? fettle_result_by_name (name) : FETTLE_E_PROTOCOL;

  if (code >= FETTLE_OK)
    code = FETTLE_E_PROTOCOL;
  if (status == 401)
    return fettle_error_set (err, FETTLE_E_AUTH, "the service refused the token: it is wrong, revoked or over");
  if (status == 404)
    code = FETTLE_E_CONFIG;
  if (detail || title)
    return fettle_error_set (err, code, "%s", detail ? detail : title);
  return fettle_error_set (err, code, "the service answered with status %ld", status);
}

static fettle_result
transfer (struct fettle_client *c, const char *method, const char *path, const char *body,
          struct fettle_buf *answer, struct fettle_error *err)
{
  _cleanup_free_ char *url = NULL;
  struct curl_slist type = { (char *) "Content-Type: application/json", c->headers };
  long status = 0;

  if (asprintf (&url, "%s%s", c->base, path) < 0) {
    url = NULL;
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a call");
  }
  libcurl.easy_setopt (c->easy, CURLOPT_URL, url);
  libcurl.easy_setopt (c->easy, CURLOPT_HTTPHEADER, body ? &type : c->headers);
  libcurl.easy_setopt (c->easy, CURLOPT_HTTPGET, 1L);
  if (body) {
    libcurl.easy_setopt (c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen (body));
    libcurl.easy_setopt (c->easy, CURLOPT_POSTFIELDS, body);
  }
  libcurl.easy_setopt (c->easy, CURLOPT_CUSTOMREQUEST, method);
  libcurl.easy_setopt (c->easy, CURLOPT_WRITEDATA, answer);
  if (perform (c, err))
    return err->code;
  libcurl.easy_getinfo (c->easy, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300 ? FETTLE_OK : problem (status, answer, err);
}

struct stream {
  struct fettle_client *client;
  bool (*take) (void *arg, const char *data, size_t size);
  void *arg;
  struct fettle_buf problem; /* of another status than 200 */
  bool taken;                /* enough: take said so */
};

static size_t
take_stream (char *data, size_t size, size_t n, void *arg)
{
  struct stream *s = arg;
  long status = 0;

  libcurl.easy_getinfo (s->client->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200)
    return fettle_buf_add (&s->problem, data, size * n) ? size * n : 0;
  s->taken = !s->take (s->arg, data, size * n);
  return s->taken ? 0 : size * n;
}

fettle_result
fettle_client_stream (struct fettle_client *c, const char *path,
                      bool (*take) (void *arg, const char *data, size_t size), void *arg,
                      struct fettle_error *err)
{
  struct stream s = { c, take, arg, FETTLE_BUF_INIT (64 * 1024), false };
  _cleanup_free_ char *url = NULL;
  long status = 0;
  fettle_result r;

  if (asprintf (&url, "%s%s", c->base, path) < 0) {
    url = NULL;
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a call");
  }
  libcurl.easy_setopt (c->easy, CURLOPT_URL, url);
  libcurl.easy_setopt (c->easy, CURLOPT_HTTPHEADER, c->headers);
  libcurl.easy_setopt (c->easy, CURLOPT_HTTPGET, 1L);
  libcurl.easy_setopt (c->easy, CURLOPT_CUSTOMREQUEST, "GET");
  libcurl.easy_setopt (c->easy, CURLOPT_TIMEOUT, 0L);
  /* The service says something every 15 s: a silent one is gone. */
  libcurl.easy_setopt (c->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  libcurl.easy_setopt (c->easy, CURLOPT_LOW_SPEED_TIME, 60L);
  libcurl.easy_setopt (c->easy, CURLOPT_WRITEFUNCTION, take_stream);
  libcurl.easy_setopt (c->easy, CURLOPT_WRITEDATA, &s);
  r = perform (c, err);
  libcurl.easy_getinfo (c->easy, CURLINFO_RESPONSE_CODE, &status);
  libcurl.easy_setopt (c->easy, CURLOPT_LOW_SPEED_TIME, 0L);
  libcurl.easy_setopt (c->easy, CURLOPT_TIMEOUT, (long) CALL_SECONDS);
  libcurl.easy_setopt (c->easy, CURLOPT_WRITEFUNCTION, take_answer);
  if (s.taken)
    r = FETTLE_OK;
  else if (!r && status != 200)
    r = problem (status, &s.problem, err);
  else if (r == FETTLE_E_TIMEOUT)
    r = err->code = FETTLE_E_UNREACHABLE;
  fettle_buf_clear (&s.problem);
  return r;
}

fettle_result
fettle_client_call (struct fettle_client *c, const char *method, const char *path, json_t *body,
                    json_t **ret, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf answer = FETTLE_BUF_INIT (MAX_ANSWER);
  _cleanup_json_ json_t *owned = body;
  char *text = body ? json_dumps (body, JSON_COMPACT) : NULL;
  json_t *value;
  fettle_result result;

  if (body && !text)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a call");
  result = transfer (c, method, path, text, &answer, err);
  fettle_wipe_free (text);
  if (result)
    return result;
  value = json_loadb (fettle_buf_text (&answer), answer.size, 0, NULL);
  if (!json_is_object (value)) {
    json_decref (value);
    return fettle_error_set (err, FETTLE_E_PROTOCOL, "the service's answer to %s %s is not JSON",
                             method, path);
  }
  if (ret)
    *ret = value;
  else
    json_decref (value);
  return FETTLE_OK;
}

fettle_result
fettle_client_text (struct fettle_client *c, const char *path, struct fettle_buf *ret,
                    struct fettle_error *err)
{
  return transfer (c, "GET", path, NULL, ret, err);
}
