/* callback.c - see callback.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <netdb.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <time.h>

#include "serve/callback.h"
#include "serve/ftp.h"
#include "serve/guard.h"
#include "serve/listen.h"
#include "util/log.h"
#include "util/secret.h"

#define TOKEN_BYTES 16
#define TOKEN_TEXT  (2 * TOKEN_BYTES + 1)
#define INPUT_MAX   (32 << 10)

static const char *const schemes[] = { [FETTLE_LISTEN_HTTP] = "http",
                                       [FETTLE_LISTEN_HTTPS] = "https",
                                       [FETTLE_LISTEN_FTP] = "ftp" };
static const char answer_ok[] = "Fettle is reached.\n";
static const char answer_none[] = "There is nothing at this path.\n";

/* A port that is open, or that the API has open for us (no `accept`). */
struct door {
  struct door *next;
  struct fettle_callbacks *all;
  uint32_t listener;
  uint16_t port;
  char address[FETTLE_PEER_MAX];
  unsigned users;
  struct evconnlistener *accept;
};

struct fettle_callback {
  struct fettle_callback *next;
  struct door *door;
  char token[TOKEN_TEXT];
  char url[FETTLE_CALLBACK_URL_MAX];
  char expected[FETTLE_PEER_MAX];
  struct fettle_callback_seen seen;
};

/* A connection: one request, one answer. */
struct peer {
  struct peer *next, **here;
  struct fettle_callbacks *all;
  struct bufferevent *bev;
  struct event *deadline;
  struct fettle_guard guard;
  char from[FETTLE_PEER_MAX];
  bool answered;
};

struct fettle_callbacks {
  struct event_base *base;
  SSL_CTX *tls;
  uint16_t http, https;
  struct fettle_ftp *ftp;
  char *api_address;
  unsigned max, n, seconds;
  struct door *doors;
  struct fettle_callback *first;
  struct peer *peers;
  time_t last_complaint;
};

/* ---- Addresses ---- */

/* Does the API listen there itself? */
static bool
is_apis (const struct fettle_callbacks *all, const char *address)
{
  bool six = strchr (address, ':') != NULL;
  char one[FETTLE_PEER_MAX];

  for (const char *p = all->api_address + strspn (all->api_address, " ,"); *p;
       p += strspn (p, " ,")) {
    size_t n = strcspn (p, " ,");

    snprintf (one, sizeof one, "%.*s", n < sizeof one ? (int) n : 0, p);
    if (fettle_peer_same (one, six ? "::" : "0.0.0.0") || fettle_peer_same (one, address)
        || (strcmp (one, "localhost") == 0 && fettle_peer_same (address, six ? "::1" : "127.0.0.1")))
      return true;
    p += n;
  }
  return false;
}

/* ---- One-time URLs ---- */

bool
fettle_callbacks_take (struct fettle_callbacks *all, const char *target, const char *from)
{
  const char *token = target + strlen (FETTLE_CALLBACK_PREFIX);

  if (strncmp (target, FETTLE_CALLBACK_PREFIX, strlen (FETTLE_CALLBACK_PREFIX)) != 0)
    return false;
  for (struct fettle_callback *c = all->first; c; c = c->next)
    if (!c->seen.fetched && fettle_secret_equal (token, strlen (token), c->token, TOKEN_TEXT - 1)) {
      c->seen.fetched = true;
      snprintf (c->seen.from, sizeof c->seen.from, "%s", from);
      fettle_log (FETTLE_LOG_DEBUG, "%s fetched its one-time URL", from);
      return true;
    }
  return false;
}

static void
note_connection (struct fettle_callbacks *all, const struct door *d, const char *from)
{
  for (struct fettle_callback *c = all->first; c; c = c->next)
    if (c->door == d && fettle_peer_same (c->expected, from))
      c->seen.connected = true;
}

const char *
fettle_callbacks_other (void *callbacks, const char *path, const char *from)
{
  return fettle_callbacks_take (callbacks, path, from) ? answer_ok : NULL;
}

void
fettle_callbacks_connected (void *callbacks, const char *address, const char *from)
{
  struct fettle_callbacks *all = callbacks;

  for (const struct door *d = all->doors; d; d = d->next)
    if (d->listener == FETTLE_LISTEN_FTP && strcmp (d->address, address) == 0)
      note_connection (all, d, from);
}

void
fettle_callbacks_set_ftp (struct fettle_callbacks *all, struct fettle_ftp *ftp)
{
  all->ftp = ftp;
}

const char *
fettle_callback_url (const struct fettle_callback *c)
{
  return c->url;
}

const struct fettle_callback_seen *
fettle_callback_seen (const struct fettle_callback *c)
{
  return &c->seen;
}

/* ---- Connections ---- */

static void
peer_free (struct peer *p)
{
  *p->here = p->next;
  if (p->next)
    p->next->here = p->here;
  p->all->n--;
  event_free (p->deadline);
  bufferevent_free (p->bev);
  fettle_guard_clear (&p->guard);
  free (p);
}

static void
on_deadline (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what;
  peer_free (arg);
}

/* At most one line a second: strangers don't fill the log. */
static void
complain (struct peer *p, const char *what)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  if (p->all->last_complaint == now.tv_sec)
    return;
  p->all->last_complaint = now.tv_sec;
  fettle_log (FETTLE_LOG_WARNING, "%s asked a listener for nodes for %s", p->from, what);
}

static void
answer (struct peer *p, int status, const char *text, bool body)
{
  p->answered = true;
  evbuffer_add_printf (bufferevent_get_output (p->bev),
                       "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                       "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                       status, status == 200 ? "OK" : status == 404 ? "Not Found" : "Bad Request",
                       strlen (text), body ? text : "");
  bufferevent_enable (p->bev, EV_WRITE);
}

/* The head is good: its first line is METHOD TARGET VERSION. */
static void
handle (struct peer *p)
{
  _cleanup_free_ char *line = evbuffer_readln (bufferevent_get_input (p->bev), NULL,
                                               EVBUFFER_EOL_CRLF_STRICT);
  bool head = line && strncmp (line, "HEAD ", 5) == 0;
  char *target = line ? strchr (line, ' ') : NULL;

  if (target) {
    target++;
    target[strcspn (target, " ")] = '\0';
  }
  if (target && fettle_callbacks_take (p->all, target, p->from)) {
    answer (p, 200, answer_ok, !head);
    return;
  }
  complain (p, "what it doesn't have");
  answer (p, 404, answer_none, !head);
}

/* Bytes have come: the guard sees them first. */
static void
incoming (struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
  struct peer *p = arg;
  struct evbuffer_iovec piece;
  struct evbuffer_ptr at;
  size_t left = info->n_added;

  if (!left || p->answered || p->guard.requests
      || evbuffer_ptr_set (input, &at, info->orig_size - info->n_deleted, EVBUFFER_PTR_SET))
    return;
  while (left && evbuffer_peek (input, (ev_ssize_t) left, &at, &piece, 1) > 0) {
    size_t n = piece.iov_len < left ? piece.iov_len : left;

    fettle_guard_feed (&p->guard, piece.iov_base, n);
    left -= n;
    if (left && evbuffer_ptr_set (input, &at, n, EVBUFFER_PTR_ADD))
      break;
  }
}

static void
on_read (struct bufferevent *bev, void *arg)
{
  struct peer *p = arg;
  struct evbuffer *input = bufferevent_get_input (bev);

  if (!p->answered && p->guard.requests)
    handle (p);
  else if (!p->answered && p->guard.refused) {
    /* Without a token there are GET and HEAD; all else isn't there. */
    bool other = p->guard.refused == 401;

    complain (p, other ? "what it doesn't have" : p->guard.why);
    answer (p, other ? 404 : 400, other ? answer_none : p->guard.why, true);
  }
  if (p->answered)
    evbuffer_drain (input, evbuffer_get_length (input));
}

/* The answer is out: the client ends the connection, or the deadline does. */
static void
on_written (struct bufferevent *bev, void *arg)
{
  struct peer *p = arg;
  SSL *ssl = bufferevent_openssl_get_ssl (bev);

  if (!p->answered)
    return;
  if (ssl) {
    SSL_shutdown (ssl);
    ERR_clear_error ();
  }
  shutdown (bufferevent_getfd (bev), SHUT_WR);
}

static void
on_event (struct bufferevent *bev, short what, void *arg)
{
  (void) bev;
  if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
    peer_free (arg);
}

static struct bufferevent *
make_bufferevent (const struct door *d, int fd)
{
  SSL *ssl = d->listener == FETTLE_LISTEN_HTTPS ? SSL_new (d->all->tls) : NULL;
  struct bufferevent *bev;

  if (d->listener != FETTLE_LISTEN_HTTPS)
    return bufferevent_socket_new (d->all->base, fd, BEV_OPT_CLOSE_ON_FREE);
  bev = ssl ? bufferevent_openssl_socket_new (d->all->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                              BEV_OPT_CLOSE_ON_FREE) : NULL;
  if (bev)
    bufferevent_openssl_set_allow_dirty_shutdown (bev, 1);
  else
    SSL_free (ssl);
  return bev;
}

static struct peer *
peer_new (const struct door *d, int fd)
{
  struct fettle_callbacks *all = d->all;
  struct peer *p = calloc (1, sizeof *p);

  if (!p)
    return NULL;
  p->all = all;
  p->deadline = evtimer_new (all->base, on_deadline, p);
  p->bev = p->deadline ? make_bufferevent (d, fd) : NULL;
  if (!p->bev) {
    if (p->deadline)
      event_free (p->deadline);
    free (p);
    return NULL;
  }
  fettle_guard_init (&p->guard, NULL, NULL);
  p->guard.open = "/";
  p->next = all->peers;
  p->here = &all->peers;
  if (p->next)
    p->next->here = &p->next;
  all->peers = p;
  all->n++;
  return p;
}

static void
on_accept (struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int size, void *arg)
{
  struct door *d = arg;
  struct timeval limit = { .tv_sec = d->all->seconds };
  struct peer *p = d->all->n < d->all->max ? peer_new (d, (int) fd) : NULL;

  (void) l;
  if (!p) {
    close ((int) fd);
    return;
  }
  fettle_peer_text (sa, (socklen_t) size, p->from);
  note_connection (d->all, d, p->from);
  evtimer_add (p->deadline, &limit);
  bufferevent_setwatermark (p->bev, EV_READ, 0, INPUT_MAX);
  bufferevent_setcb (p->bev, on_read, on_written, on_event, p);
  evbuffer_add_cb (bufferevent_get_input (p->bev), incoming, p);
  bufferevent_enable (p->bev, EV_READ);
}

/* ---- Doors ---- */

static void
door_close (struct door *d)
{
  struct door **p = &d->all->doors;

  if (--d->users)
    return;
  while (*p != d)
    p = &(*p)->next;
  *p = d->next;
  if (d->listener == FETTLE_LISTEN_FTP)
    fettle_ftp_close (d->all->ftp, d->address);
  if (d->accept) {
    evconnlistener_free (d->accept);
    fettle_log (FETTLE_LOG_INFO, "closed port %u on %s", d->port, d->address);
  }
  free (d);
}

static fettle_result
door_listen (struct door *d, struct fettle_error *err)
{
  struct fettle_listen l = { .n = 0 };
  const char *setting = d->listener == FETTLE_LISTEN_HTTPS ? "ssl_port" : "port";

  if (d->listener == FETTLE_LISTEN_FTP)
    return fettle_ftp_open (d->all->ftp, d->address, err);
  if (fettle_listen_one (d->address, d->port, setting, &l, err))
    return err->code;
  d->accept = evconnlistener_new (d->all->base, on_accept, d,
                                  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, l.fds[0]);
  if (!d->accept) {
    fettle_listen_close (&l);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to listen");
  }
  fettle_log (FETTLE_LOG_INFO, "opened port %u on %s for nodes", d->port, d->address);
  return FETTLE_OK;
}

static uint16_t
port_of (const struct fettle_callbacks *all, uint32_t listener)
{
  return listener == FETTLE_LISTEN_FTP     ? fettle_ftp_port (all->ftp)
         : listener == FETTLE_LISTEN_HTTPS ? all->https : all->http;
}

static fettle_result
door_open (struct fettle_callbacks *all, uint32_t listener, uint16_t port, const char *address,
           struct door **ret, struct fettle_error *err)
{
  bool apis = listener == FETTLE_LISTEN_HTTPS && port == all->https && is_apis (all, address);
  struct door *d;

  for (d = all->doors; d; d = d->next)
    if (d->listener == listener && d->port == port && strcmp (d->address, address) == 0) {
      d->users++;
      *ret = d;
      return FETTLE_OK;
    }
  d = calloc (1, sizeof *d);
  if (!d)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to listen");
  *d = (struct door) { .next = all->doors, .all = all, .listener = listener, .users = 1,
                       .port = port };
  snprintf (d->address, sizeof d->address, "%s", address);
  if (!apis && door_listen (d, err)) {
    free (d);
    return err->code;
  }
  all->doors = d;
  *ret = d;
  return FETTLE_OK;
}

/* ---- From outside ---- */

static fettle_result
make_token (char ret[TOKEN_TEXT], struct fettle_error *err)
{
  unsigned char random[TOKEN_BYTES];

  if (fettle_random (random, sizeof random, err))
    return err->code;
  for (size_t i = 0; i < sizeof random; i++)
    snprintf (ret + 2 * i, 3, "%02x", random[i]);
  return FETTLE_OK;
}

fettle_result
fettle_callback_new (struct fettle_callbacks *all, uint32_t listener, uint16_t port,
                     const char *address, const char *expected, struct fettle_callback **ret,
                     struct fettle_error *err)
{
  bool six = strchr (address, ':') != NULL;
  struct fettle_callback *c;
  struct door *d = NULL;

  if (listener == FETTLE_LISTEN_FTP && !all->ftp)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the FTP listener is off: ftp_port turns it on");
  if (door_open (all, listener, port ? port : port_of (all, listener), address, &d, err))
    return err->code;
  c = calloc (1, sizeof *c);
  if (!c || make_token (c->token, err)) {
    free (c);
    door_close (d);
    return c ? err->code : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a URL");
  }
  c->door = d;
  snprintf (c->expected, sizeof c->expected, "%s", expected);
  /* Our zone means nothing to the node. */
  snprintf (c->url, sizeof c->url, "%s://%s%.*s%s:%u" FETTLE_CALLBACK_PREFIX "%s",
            schemes[listener], six ? "[" : "", (int) strcspn (address, "%"), address,
            six ? "]" : "", d->port, c->token);
  c->next = all->first;
  all->first = c;
  *ret = c;
  return FETTLE_OK;
}

void
fettle_callback_free (struct fettle_callback *c)
{
  struct fettle_callback **p;

  if (!c)
    return;
  for (p = &c->door->all->first; *p != c; p = &(*p)->next)
    ;
  *p = c->next;
  door_close (c->door);
  free (c);
}

fettle_result
fettle_callbacks_new (struct event_base *base, const struct fettle_callbacks_options *o,
                      struct fettle_callbacks **ret, struct fettle_error *err)
{
  struct fettle_callbacks *all = calloc (1, sizeof *all);

  if (!all || !(all->api_address = strdup (o->api_address))) {
    free (all);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the listeners for nodes");
  }
  all->base = base;
  all->http = o->http;
  all->https = o->https;
  all->max = o->max_connections ? o->max_connections : 256;
  all->seconds = o->head_seconds ? o->head_seconds : 10;
  all->tls = o->tls;
  if (all->tls)
    SSL_CTX_up_ref (all->tls);
  *ret = all;
  return FETTLE_OK;
}

void
fettle_callbacks_free (struct fettle_callbacks *all)
{
  if (!all)
    return;
  while (all->first)
    fettle_callback_free (all->first);
  while (all->peers)
    peer_free (all->peers);
  SSL_CTX_free (all->tls);
  free (all->api_address);
  free (all);
}

json_t *
fettle_callbacks_listeners (const struct fettle_callbacks *all)
{
  json_t *list = json_array ();

  for (const struct door *d = all->doors; d; d = d->next)
    json_array_append_new (list, json_pack ("{s:s s:i s:s s:i}", "address", d->address, "port",
                                            (int) d->port, "scheme",
                                            schemes[d->listener],
                                            "users", (int) d->users));
  return list;
}
