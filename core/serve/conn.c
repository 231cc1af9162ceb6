/* conn.c - see conn.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include "serve/conn.h"
#include "serve/exchange.h"
#include "serve/http-status.h"
#include "serve/peer.h"
#include "util/log.h"
#include "util/text.h"

#define INPUT_MAX    (32 << 10) /* beside a body */
#define RATE_MIN     (32 << 10) /* bytes a second that a body or an answer must make */
#define LINGER_SECONDS 3        /* reading on after a refusal */

/* ---- Birth and death ---- */

static void
conn_free (struct fettle_conn *c)
{
  struct fettle_conns *all = c->all;

  if (all) {
    if (c->previous)
      c->previous->next = c->next;
    else
      all->first = c->next;
    if (c->next)
      c->next->previous = c->previous;
    if (all->n-- == all->max)
      all->room (all->room_arg, true);
  }
  fettle_guard_clear (&c->guard);
  free (c);
}

/* The SSL object is released, and with it what hangs on it. */
static void
ssl_released (void *parent, void *conn, CRYPTO_EX_DATA *data, int index, long n, void *p)
{
  (void) parent, (void) data, (void) index, (void) n, (void) p;
  if (conn)
    conn_free (conn);
}

static int
ssl_index (void)
{
  static int index = -1;

  if (index < 0)
    index = SSL_get_ex_new_index (0, NULL, NULL, NULL, ssl_released);
  return index;
}

static struct fettle_conn *
conn_of (struct bufferevent *bev)
{
  SSL *ssl = bufferevent_openssl_get_ssl (bev);

  return ssl ? SSL_get_ex_data (ssl, ssl_index ()) : NULL;
}

struct fettle_conn *
fettle_conn_of (struct evhttp_request *req)
{
  return conn_of (evhttp_connection_get_bufferevent (evhttp_request_get_connection (req)));
}

/* Calls what evhttp does on a broken connection.  A bufferevent that is being
 * freed has no callbacks any more. */
static void
drop (struct fettle_conn *c)
{
  bufferevent_data_cb read_cb, write_cb;
  bufferevent_event_cb event_cb;
  void *arg;

  c->deadline = 0;
  if (c->state == FETTLE_CONN_REFUSING || c->state == FETTLE_CONN_GIVEN) {
    bufferevent_setcb (c->bev, c->http_read, c->http_write, c->http_event, c->http_arg);
    c->state = FETTLE_CONN_IDLE;
  }
  bufferevent_getcb (c->bev, &read_cb, &write_cb, &event_cb, &arg);
  if (event_cb)
    event_cb (c->bev, BEV_EVENT_READING | BEV_EVENT_ERROR, arg);
}

/* ---- Deadlines ---- */

static void
set_state (struct fettle_conn *c, enum fettle_conn_state state, uint64_t seconds)
{
  c->state = state;
  c->seen = c->guard.requests;
  c->deadline = seconds ? fettle_seconds () + seconds : 0;
}

/* What the client is sending now, and until when that must have come. */
static void
set_reading (struct fettle_conn *c)
{
  const struct fettle_guard *g = &c->guard;
  enum fettle_conn_state state = FETTLE_CONN_HEAD;
  uint64_t seconds = c->all->head_seconds;

  if (g->body_left) {
    state = FETTLE_CONN_BODY;
    seconds += g->body_size / RATE_MIN;
  } else if (fettle_guard_between (g)) {
    state = FETTLE_CONN_IDLE;
    seconds = c->all->idle_seconds;
  }
  if (state != c->state || g->requests != c->seen)
    set_state (c, state, seconds);
  bufferevent_setwatermark (c->bev, EV_READ, 0,
                            INPUT_MAX + (g->body_left ? (size_t) g->body_size : 0));
}

/* ---- Refusing ---- */

const char *
fettle_conn_from (struct fettle_conn *c)
{
  struct sockaddr_storage sa;
  socklen_t size = sizeof sa;

  if (!*c->from
      && (getpeername (bufferevent_getfd (c->bev), (struct sockaddr *) &sa, &size)
          || getnameinfo ((struct sockaddr *) &sa, size, c->from, sizeof c->from, NULL, 0,
                          NI_NUMERICHOST)))
    snprintf (c->from, sizeof c->from, "?");
  return c->from;
}

static void
complain (struct fettle_conn *c)
{
  uint64_t now = fettle_seconds ();

  if (c->all->last_complaint == now)
    return;
  c->all->last_complaint = now;
  fettle_log (FETTLE_LOG_WARNING, "refused a request of %s: %d %s", fettle_conn_from (c),
              c->guard.refused, c->guard.why);
}

static void
write_refusal (struct fettle_conn *c)
{
  _cleanup_json_ json_t *problem = fettle_problem (c->guard.refused, NULL, c->guard.why);
  _cleanup_free_ char *text = problem ? json_dumps (problem, JSON_COMPACT) : NULL;

  complain (c);
  c->answered = true;
  evbuffer_add_printf (bufferevent_get_output (c->bev),
                       "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
                       "Content-Length: %zu\r\n%sConnection: close\r\n\r\n%s",
                       c->guard.refused, fettle_status_text (c->guard.refused),
                       text ? strlen (text) : 0,
                       c->guard.refused == 401   ? "WWW-Authenticate: Bearer\r\n"
                       : c->guard.refused == 429 ? "Retry-After: 60\r\n"
                                                 : "",
                       text ? text : "");
  bufferevent_enable (c->bev, EV_READ | EV_WRITE);
}

/* The three callbacks of a connection that was taken over.  They don't use
 * their argument: evhttp may have put off a call of its read callback, and
 * then calls what is there now, with an argument of its own. */
static void
linger_read (struct bufferevent *bev, void *arg)
{
  struct fettle_conn *c = conn_of (bev);
  struct evbuffer *input = bufferevent_get_input (bev);

  (void) arg;
  evbuffer_drain (input, evbuffer_get_length (input));
  if (!c->answered)
    write_refusal (c);
}

/* The answer is out: say that no more comes, and wait for the client to end. */
static void
linger_written (struct bufferevent *bev, void *arg)
{
  (void) arg;
  SSL_shutdown (conn_of (bev)->ssl);
  ERR_clear_error ();
  shutdown (bufferevent_getfd (bev), SHUT_WR);
}

static void
linger_event (struct bufferevent *bev, short what, void *arg)
{
  (void) what, (void) arg;
  drop (conn_of (bev));
}

/* evhttp waits for more of this client; it gets no more. */
static void
take_over (struct fettle_conn *c)
{
  set_state (c, FETTLE_CONN_REFUSING, LINGER_SECONDS);
  bufferevent_getcb (c->bev, &c->http_read, &c->http_write, &c->http_event, &c->http_arg);
  bufferevent_setwatermark (c->bev, EV_READ, 0, INPUT_MAX);
  bufferevent_setcb (c->bev, linger_read, linger_written, linger_event, NULL);
}

/* ---- Nodes ---- */

/* The node's connection has ended: evhttp may free it. */
static void
released (void *arg)
{
  drop (arg);
}

/* Is this a node's first request?  Then it isn't evhttp's any more. */
static bool
give_to_nodes (struct fettle_conn *c, struct evbuffer *input)
{
  char first[8];
  ev_ssize_t n;

  if (!c->all->adopt || c->guard.requests || c->state != FETTLE_CONN_HEAD
      || (n = evbuffer_copyout (input, first, sizeof first)) <= 0
      || fettle_peer_is_ours (first, (size_t) n) != 1)
    return false;
  bufferevent_getcb (c->bev, &c->http_read, &c->http_write, &c->http_event, &c->http_arg);
  if (!c->all->adopt (c->all->adopt_arg, c->bev, released, c))
    return false;
  bufferevent_set_timeouts (c->bev, NULL, NULL);
  set_state (c, FETTLE_CONN_GIVEN, 0);
  return true;
}

static bool
is_evhttps_turn (const struct fettle_conn *c)
{
  return c->state == FETTLE_CONN_HANDLING || c->state == FETTLE_CONN_ANSWERING
         || c->state == FETTLE_CONN_STREAMING;
}

/* Bytes have come: called before evhttp sees them. */
static void
incoming (struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
  struct fettle_conn *c = arg;
  struct evbuffer_iovec piece;
  struct evbuffer_ptr at;
  size_t left = info->n_added;

  if (!left || !c->all || c->state >= FETTLE_CONN_REFUSING || give_to_nodes (c, input)
      || evbuffer_ptr_set (input, &at, info->orig_size - info->n_deleted, EVBUFFER_PTR_SET))
    return;
  while (left && evbuffer_peek (input, (ev_ssize_t) left, &at, &piece, 1) > 0) {
    size_t n = piece.iov_len < left ? piece.iov_len : left;

    fettle_guard_feed (&c->guard, piece.iov_base, n);
    left -= n;
    if (left && evbuffer_ptr_set (input, &at, n, EVBUFFER_PTR_ADD))
      break;
  }
  if (is_evhttps_turn (c))
    return;
  if (!c->guard.refused)
    set_reading (c);
  else if (c->handled == c->guard.requests)
    take_over (c); /* else a good request is handled first */
}

/* ---- All of them ---- */

/* evhttp doesn't read while a request has no answer, and so sees no end.  (An
 * event EV_CLOSED doesn't see a reset.) */
static bool
has_left (const struct fettle_conn *c)
{
  struct pollfd p = { .fd = bufferevent_getfd (c->bev), .events = POLLRDHUP };

  return c->exchange && poll (&p, 1, 0) > 0;
}

static void
tick (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_conns *all = arg;
  static const struct timeval second = { 1, 0 };
  uint64_t now = fettle_seconds ();

  (void) fd, (void) what;
  for (struct fettle_conn *c = all->first, *next; c; c = next) {
    next = c->next;
    if ((c->deadline && now > c->deadline) || has_left (c)
        || (c->exchange && !all->still (c->exchange)))
      drop (c);
    else if (c->guard.refused && c->state <= FETTLE_CONN_IDLE
             && c->handled == c->guard.requests) {
      /* A request that came while the one before it was being answered. */
      take_over (c);
      linger_read (c->bev, NULL);
    }
  }
  if (all->first)
    event_add (all->tick, &second);
}

bool
fettle_conns_init (struct fettle_conns *all)
{
  all->tick = evtimer_new (all->base, tick, all);
  return all->tick && ssl_index () >= 0;
}

void
fettle_conns_clear (struct fettle_conns *all)
{
  for (struct fettle_conn *c = all->first; c; c = c->next) {
    c->all = NULL;
    c->deadline = 0;
  }
  all->first = NULL;
  if (all->tick)
    event_free (all->tick);
}

static void
add_to_list (struct fettle_conns *all, struct fettle_conn *c)
{
  static const struct timeval second = { 1, 0 };

  c->all = all;
  c->next = all->first;
  if (c->next)
    c->next->previous = c;
  else
    event_add (all->tick, &second);
  all->first = c;
  if (++all->n == all->max)
    all->room (all->room_arg, false);
}

static int
admit (void *conn, const struct fettle_guard_head *head)
{
  struct fettle_conn *c = conn;

  return c->all->admit (c, head);
}

struct bufferevent *
fettle_conn_new (struct fettle_conns *all)
{
  struct fettle_conn *c = calloc (1, sizeof *c);
  SSL *ssl = SSL_new (all->tls);
  struct bufferevent *bev = NULL;

  if (c && ssl && SSL_set_ex_data (ssl, ssl_index (), c)) {
    c->ssl = ssl;
    fettle_guard_init (&c->guard, admit, c);
    add_to_list (all, c);
    bev = bufferevent_openssl_socket_new (all->base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                          BEV_OPT_CLOSE_ON_FREE);
    c = NULL; /* the SSL object's */
  }
  free (c);
  if (!bev) {
    SSL_free (ssl);
    return bufferevent_socket_new (all->base, -1, BEV_OPT_CLOSE_ON_FREE);
  }
  c = SSL_get_ex_data (ssl, ssl_index ());
  c->bev = bev;
  bufferevent_openssl_set_allow_dirty_shutdown (bev, 1);
  set_state (c, FETTLE_CONN_HEAD, all->head_seconds);
  bufferevent_setwatermark (bev, EV_READ, 0, INPUT_MAX);
  evbuffer_add_cb (bufferevent_get_input (bev), incoming, c);
  return bev;
}

/* ---- One request ---- */

void
fettle_conn_handling (struct fettle_conn *c)
{
  set_state (c, FETTLE_CONN_HANDLING, 0);
}

void
fettle_conn_answering (struct fettle_conn *c, size_t size)
{
  c->exchange = NULL;
  set_state (c, FETTLE_CONN_ANSWERING, c->all->head_seconds + size / RATE_MIN);
}

void
fettle_conn_done (struct fettle_conn *c)
{
  set_state (c, FETTLE_CONN_ANSWERING, 0);
  set_reading (c);
}

/* The deadline is that of the first byte that isn't taken. */
void
fettle_conn_streaming (struct fettle_conn *c, bool unsent)
{
  if (c->state != FETTLE_CONN_STREAMING || !unsent || !c->deadline)
    set_state (c, FETTLE_CONN_STREAMING, unsent ? c->all->head_seconds : 0);
}
