/* peer.c - see peer.h: connections, from the first byte to the next request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <time.h>

#include "serve/http-status.h"
#include "serve/peer-internal.h"
#include "serve/status-body.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/secret.h"

#define INPUT_MAX      (16 << 10)  /* beside a body */
#define OUTPUT_MAX     (32 << 10)  /* of small answers, before more requests are read */
#define WRITE_MAX      (512 << 10) /* of a plain connection in one turn */
#define RATE_MIN       (16 << 10)  /* bytes a second that a body must make */
#define LINGER_SECONDS 3

struct fettle_post {
  struct peer *peer; /* NULL: gone */
};

static void process (struct peer *p);

/* ---- Death ---- */

static void
end_exchange (struct peer *p)
{
  struct exchange *x = p->x;

  if (!x)
    return;
  if (x->offer) {
    fettle_peer_count (p);
    fettle_offer_use_end (&x->use);
  }
  if (x->post)
    x->post->peer = NULL;
  fettle_offer_file_release (x->file);
  free (x);
  p->x = NULL;
}

static void
end_connection (struct peer *p)
{
  SSL *ssl = bufferevent_openssl_get_ssl (p->bev);

  if (p->released) {
    p->released (p->released_arg);
    return;
  }
  if (ssl && SSL_is_init_finished (ssl)) {
    SSL_shutdown (ssl);
    ERR_clear_error ();
  }
  bufferevent_free (p->bev);
}

void
fettle_peer_drop (struct peer *p)
{
  end_exchange (p);
  *p->here = p->next;
  if (p->next)
    p->next->here = p->here;
  p->all->n--;
  fettle_quota_disconnect (p->all->quotas, p->quota);
  fettle_guard_clear (&p->guard);
  end_connection (p);
  free (p);
}

void
fettle_peer_set_state (struct peer *p, enum peer_state state)
{
  const struct fettle_peer_limits *l = &p->all->limits;
  unsigned seconds = 0;

  switch (state) {
  case PEER_HEAD:    seconds = l->head_seconds; break;
  case PEER_BODY:    seconds = l->head_seconds + (unsigned) (p->guard.body_size / RATE_MIN); break;
  case PEER_IDLE:    seconds = l->idle_seconds; break;
  case PEER_WAITING: break;
  case PEER_SENDING: seconds = l->stall_seconds; break;
  case PEER_LINGER:  seconds = LINGER_SECONDS; break;
  }
  p->state = (uint8_t) state;
  p->deadline = seconds ? fettle_seconds () + seconds : 0;
}

/* ---- Small answers ---- */

/* Text of the time, made once a second. */
static const char *
date (struct fettle_peers *all)
{
  time_t now = time (NULL);
  struct tm tm;

  if (now != all->date_of && gmtime_r (&now, &tm)) {
    strftime (all->date, sizeof all->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    all->date_of = now;
  }
  return all->date;
}

void
fettle_peer_begin_answer (struct peer *p, int status, uint64_t size)
{
  if (p->x && !p->x->head.keep_alive)
    p->close = true;
  evbuffer_add_printf (bufferevent_get_output (p->bev),
                       "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %llu\r\n"
                       "Cache-Control: no-store\r\n%s",
                       status, fettle_status_text (status), date (p->all),
                       (unsigned long long) size, p->close ? "Connection: close\r\n" : "");
}

void
fettle_peer_answer (struct peer *p, int status, const char *extra, const char *text)
{
  bool head = p->x && strcmp (p->x->head.method, "HEAD") == 0;

  fettle_peer_begin_answer (p, status, strlen (text));
  evbuffer_add_printf (bufferevent_get_output (p->bev),
                       "Content-Type: text/plain; charset=utf-8\r\n%s\r\n%s", extra,
                       head ? "" : text);
}

/* One line a second at most: strangers don't fill the log. */
static void
complain (struct peer *p, const char *what)
{
  struct fettle_peers *all = p->all;
  uint64_t now = fettle_seconds ();
  char more[48] = "";

  if (all->last_complaint == now) {
    all->complaints++;
    return;
  }
  if (all->complaints)
    snprintf (more, sizeof more, " (and %u other wrong requests)", all->complaints);
  all->complaints = 0;
  all->last_complaint = now;
  fettle_log (FETTLE_LOG_WARNING, "%s asked a listener for nodes for %s%s", p->quota->address, what,
              more);
}

void
fettle_peer_not_found (struct peer *p, const char *why)
{
  complain (p, why);
  p->close = true; /* who asks again pays for a connection */
  fettle_peer_answer (p, 404, "", "There is nothing at this path.\n");
}

/* The last answer of this connection. */
static void
refuse (struct peer *p, int status, const char *why)
{
  p->close = true;
  complain (p, why);
  fettle_peer_answer (p, status, "", why);
  fettle_peer_set_state (p, PEER_LINGER);
}

/* ---- Status posts ---- */

void
fettle_post_answer (struct fettle_post *post, int status, const char *text)
{
  struct peer *p = post->peer;

  free (post);
  if (!p)
    return;
  p->x->post = NULL;
  fettle_peer_answer (p, status, status == 429 ? "Retry-After: 1\r\n" : "", text);
  fettle_peer_done (p);
  if (!p->handing_on) /* else who handed it on goes on */
    process (p);
}

static uint64_t
milliseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static void
hand_on (struct peer *p, json_t *body)
{
  struct exchange *x = p->x;

  x->post = calloc (1, sizeof *x->post);
  if (!x->post) {
    json_decref (body);
    fettle_peer_answer (p, 503, "", "There is no memory for this now.\n");
    fettle_peer_done (p);
    return;
  }
  x->post->peer = p;
  fettle_peer_set_state (p, PEER_WAITING);
  p->handing_on = true;
  p->all->handlers.post (p->all->arg, x->offer, body, x->head.key, x->post);
  p->handing_on = false;
}

/* The body is here. */
static void
take_post (struct peer *p)
{
  struct evbuffer *input = bufferevent_get_input (p->bev);
  size_t size = (size_t) p->guard.body_left;
  const char *body = size ? (const char *) evbuffer_pullup (input, (ev_ssize_t) size) : "";
  json_t *status = NULL;
  struct fettle_error err = { .code = FETTLE_E_NOMEM, .text = "There is no memory for this now." };
  fettle_result r = body ? fettle_status_read (p->x->head.content_type, body, size, &status, &err)
                         : FETTLE_E_NOMEM;

  evbuffer_drain (input, size);
  p->guard.body_left = 0;
  if (!r && fettle_quota_post (p->all->quotas, p->quota, milliseconds ())) {
    hand_on (p, status);
    return;
  }
  json_decref (status);
  if (!r)
    fettle_peer_answer (p, 429, "Retry-After: 1\r\n", "This is too often.\n");
  else
    fettle_peer_answer (p, r == FETTLE_E_UNSUPPORTED ? 415 : r == FETTLE_E_CONFIG ? 400 : 503, "",
                        err.text);
  fettle_peer_done (p);
}

/* Waits for the body. */
static void
look_at_body (struct peer *p)
{
  size_t here = evbuffer_get_length (bufferevent_get_input (p->bev));

  if (here >= p->guard.body_left) {
    take_post (p);
    return;
  }
  if (p->state == PEER_BODY)
    return;
  fettle_peer_set_state (p, PEER_BODY);
  bufferevent_setwatermark (p->bev, EV_READ, 0, INPUT_MAX + (size_t) p->guard.body_left);
  if (p->x->head.continues && !here)
    evbuffer_add_printf (bufferevent_get_output (p->bev), "HTTP/1.1 100 Continue\r\n\r\n");
}

/* ---- Requests ---- */

static void
offer_ended (struct fettle_offer_use *use)
{
  struct exchange *x = (struct exchange *) (void *) ((char *) use - offsetof (struct exchange, use));
  struct peer *p = x->peer;

  x->offer = NULL;
  if (p->state == PEER_WAITING)
    return; /* what was taken is answered */
  fettle_peer_drop (p);
}

/* The offer that is asked for, in use; false: answered. */
static bool
find_offer (struct peer *p, const char *token, size_t size, bool file)
{
  struct exchange *x = p->x;
  const char *why = "what it doesn't have";
  struct fettle_offer *o = fettle_offer_find (p->all->offers, token, size, p->quota->address,
                                              p->listener, (int64_t) fettle_seconds (), &why);

  if (!o || (o->file != NULL) != file) {
    if (p->guard.body_left)
      refuse (p, 404, "There is nothing at this path.\n");
    else {
      fettle_peer_not_found (p, why);
      fettle_peer_done (p);
    }
    return false;
  }
  x->offer = o;
  x->use.ended = offer_ended;
  fettle_offer_use_begin (o, &x->use);
  return true;
}

static void
wrong_method (struct peer *p, const char *allow)
{
  char extra[64];

  snprintf (extra, sizeof extra, "Allow: %s\r\n", allow);
  p->close = p->close || p->guard.body_left;
  fettle_peer_answer (p, 405, extra, "This path doesn't have that method.\n");
  if (p->guard.body_left)
    fettle_peer_set_state (p, PEER_LINGER);
  else
    fettle_peer_done (p);
}

static void
one_time (struct peer *p, const char *token, size_t size)
{
  p->close = true;
  if (p->all->handlers.one_time
      && p->all->handlers.one_time (p->all->arg, token, size, p->quota->address))
    fettle_peer_answer (p, 200, "", "Fettle is reached.\n");
  else
    fettle_peer_not_found (p, "what it doesn't have");
  fettle_peer_done (p);
}

/* A good head has come. */
static void
handle (struct peer *p)
{
  struct exchange *x = p->x;
  const char *token, *name;
  size_t size, name_size;
  bool post = strcmp (x->head.method, "POST") == 0;

  if (x->head.ambiguous)
    refuse (p, 400, "A header is there twice.\n");
  else if (fettle_target_split (x->head.target, FETTLE_DOWNLOAD_PREFIX, &token, &size, &name,
                                &name_size)) {
    if (find_offer (p, token, size, true)) {
      if (post)
        wrong_method (p, "GET, HEAD");
      else
        fettle_peer_get (p, name, name_size);
    }
  } else if (fettle_target_split (x->head.target, FETTLE_STATUS_PREFIX, &token, &size, &name,
                                  &name_size) && !name_size) {
    if (find_offer (p, token, size, false)) {
      if (post)
        look_at_body (p);
      else
        wrong_method (p, "POST");
    }
  } else if (!post && fettle_target_split (x->head.target, FETTLE_CALLBACK_PREFIX, &token, &size,
                                           &name, &name_size) && !name_size)
    one_time (p, token, size);
  else if (p->guard.body_left)
    refuse (p, 404, "There is nothing at this path.\n");
  else {
    fettle_peer_not_found (p, "what it doesn't have");
    fettle_peer_done (p);
  }
}

void
fettle_peer_done (struct peer *p)
{
  end_exchange (p);
  fettle_guard_next (&p->guard);
  if (p->all->stopping)
    p->close = true;
  if (p->close) {
    fettle_peer_set_state (p, PEER_LINGER);
    return;
  }
  fettle_peer_set_state (p, PEER_IDLE);
  bufferevent_setwatermark (p->bev, EV_READ, 0, INPUT_MAX);
}

static bool
begin_exchange (struct peer *p)
{
  struct exchange *x = calloc (1, sizeof *x);

  if (!x) {
    refuse (p, 503, "There is no memory for this now.\n");
    return false;
  }
  x->peer = p;
  fettle_head_read (p->guard.head.data, p->guard.head.size, &x->head);
  p->x = x;
  return true;
}

/* As much of a head as has come, to the guard. */
static void
read_head (struct peer *p, struct evbuffer *input)
{
  struct evbuffer_iovec piece;

  while (!p->guard.has_head && !p->guard.refused && evbuffer_get_length (input)) {
    /* The first piece may be room without bytes. */
    if (evbuffer_peek (input, -1, NULL, &piece, 1) < 1 || !piece.iov_len)
      piece = (struct evbuffer_iovec) { evbuffer_pullup (input, -1), evbuffer_get_length (input) };
    if (!piece.iov_base)
      return; /* no memory: the deadline ends it */
    evbuffer_drain (input, fettle_guard_head (&p->guard, piece.iov_base, piece.iov_len));
  }
  if (p->guard.refused)
    refuse (p, p->guard.refused, p->guard.why);
  else if (!p->guard.has_head && p->guard.head.size && p->state == PEER_IDLE)
    fettle_peer_set_state (p, PEER_HEAD);
}

static bool
is_reading (const struct peer *p)
{
  return p->state == PEER_HEAD || p->state == PEER_IDLE;
}

/* All requests that have come, one after the other. */
static void
process (struct peer *p)
{
  struct evbuffer *input = bufferevent_get_input (p->bev);
  struct evbuffer *output = bufferevent_get_output (p->bev);

  while (is_reading (p) && evbuffer_get_length (output) < OUTPUT_MAX) {
    read_head (p, input);
    if (!p->guard.has_head || !begin_exchange (p))
      return;
    handle (p);
  }
}

/* ---- What libevent says ---- */

/* Nothing more to send: say so, and wait for the node to end. */
static void
half_close (struct peer *p)
{
  SSL *ssl = bufferevent_openssl_get_ssl (p->bev);

  if (p->ended) {
    fettle_peer_drop (p);
    return;
  }
  if (ssl) {
    SSL_shutdown (ssl);
    ERR_clear_error ();
  }
  shutdown (bufferevent_getfd (p->bev), SHUT_WR);
}

static void
on_read (struct bufferevent *bev, void *arg)
{
  struct peer *p = arg;
  struct evbuffer *input = bufferevent_get_input (bev);

  if (p->state == PEER_LINGER)
    evbuffer_drain (input, evbuffer_get_length (input));
  else if (p->state == PEER_BODY)
    look_at_body (p);
  process (p);
}

static size_t
waiting_output (const struct peer *p)
{
  return evbuffer_get_length (bufferevent_get_output (p->bev));
}

static void
on_written (struct bufferevent *bev, void *arg)
{
  struct peer *p = arg;

  (void) bev;
  if (p->state == PEER_SENDING && !p->x->sent_all)
    fettle_peer_feed (p);
  else if (p->state == PEER_SENDING && !waiting_output (p)) {
    fettle_peer_sent (p);
    fettle_peer_done (p);
  }
  process (p);
  if (!waiting_output (p) && (p->state == PEER_LINGER || (p->ended && is_reading (p))))
    half_close (p);
}

static void
on_event (struct bufferevent *bev, short what, void *arg)
{
  struct peer *p = arg;
  bool busy = p->state == PEER_SENDING || p->state == PEER_WAITING || waiting_output (p);

  (void) bev;
  if (what & BEV_EVENT_CONNECTED)
    return;
  /* A plain connection may be closed one way: its answer is still wanted. */
  if (what == (BEV_EVENT_EOF | BEV_EVENT_READING) && busy && !p->tls)
    p->ended = true;
  else
    fettle_peer_drop (p);
}

/* ---- All of them ---- */

static void
look_after (struct peer *p, uint64_t now)
{
  static const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (p->state == PEER_SENDING) {
    uint64_t before = p->x->counted;

    fettle_peer_count (p);
    if (p->x->counted != before)
      p->deadline = now + p->all->limits.stall_seconds;
  }
  if (!p->deadline || now <= p->deadline)
    return;
  /* What it doesn't take isn't to fill the kernel's memory either. */
  if (p->state == PEER_SENDING)
    (void) setsockopt (bufferevent_getfd (p->bev), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fettle_peer_drop (p);
}

static void
tick (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_peers *all = arg;
  static const struct timeval second = { 1, 0 };
  uint64_t now = fettle_seconds ();

  (void) fd, (void) what;
  for (struct peer *p = all->first, *next; p; p = next) {
    next = p->next;
    look_after (p, now);
  }
  if (now % 16 == 0)
    fettle_quotas_sweep (all->quotas, milliseconds ());
  if (all->first)
    event_add (all->tick, &second);
}

static struct peer *
peer_new (struct fettle_peers *all, const char *from)
{
  static const struct timeval second = { 1, 0 };
  struct fettle_quota *quota;
  struct peer *p;

  if (all->stopping || all->n >= all->limits.connections
      || !(quota = fettle_quota_connect (all->quotas, from)))
    return NULL;
  p = calloc (1, sizeof *p);
  if (!p) {
    fettle_quota_disconnect (all->quotas, quota);
    return NULL;
  }
  p->all = all;
  p->quota = quota;
  fettle_guard_init (&p->guard, NULL, NULL);
  p->guard.nodes = true;
  p->guard.head.max = all->limits.head_size;
  p->next = all->first;
  p->here = &all->first;
  if (p->next)
    p->next->here = &p->next;
  else
    event_add (all->tick, &second);
  all->first = p;
  all->n++;
  return p;
}

static void
begin (struct peer *p, struct bufferevent *bev)
{
  p->bev = bev;
  fettle_peer_set_state (p, PEER_HEAD);
  bufferevent_setwatermark (bev, EV_READ, 0, INPUT_MAX);
  bufferevent_setcb (bev, on_read, on_written, on_event, p);
  bufferevent_enable (bev, EV_READ | EV_WRITE);
}

static struct bufferevent *
make_bufferevent (struct event_base *base, int fd, SSL_CTX *tls)
{
  SSL *ssl = tls ? SSL_new (tls) : NULL;
  struct bufferevent *bev = NULL;

  if (!tls)
    bev = bufferevent_socket_new (base, fd, BEV_OPT_CLOSE_ON_FREE);
  else if (ssl)
    bev = bufferevent_openssl_socket_new (base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                          BEV_OPT_CLOSE_ON_FREE);
  if (!bev)
    SSL_free (ssl);
  else if (tls)
    bufferevent_openssl_set_allow_dirty_shutdown (bev, 1);
  else
    bufferevent_set_max_single_write (bev, WRITE_MAX);
  return bev;
}

void
fettle_peer_accept (struct fettle_peers *all, int fd, SSL_CTX *tls, const char *from,
                    uint32_t listener, bool dedicated)
{
  struct peer *p = peer_new (all, from);
  struct bufferevent *bev = p ? make_bufferevent (all->base, fd, tls) : NULL;

  if (!bev) {
    close (fd);
    if (p) {
      *p->here = p->next;
      if (p->next)
        p->next->here = p->here;
      all->n--;
      fettle_quota_disconnect (all->quotas, p->quota);
      free (p);
    }
    return;
  }
  p->tls = tls != NULL;
  p->listener = (uint8_t) listener;
  p->dedicated = dedicated;
  begin (p, bev);
}

bool
fettle_peer_adopt (struct fettle_peers *all, struct bufferevent *bev, const char *from,
                   void (*released) (void *arg), void *arg)
{
  struct peer *p = peer_new (all, from);

  if (!p)
    return false;
  p->tls = true;
  p->listener = FETTLE_LISTEN_HTTPS;
  p->released = released;
  p->released_arg = arg;
  begin (p, bev);
  return true;
}

int
fettle_peer_is_ours (const char *data, size_t size)
{
  static const char *const methods[] = { "GET ", "HEAD ", "POST " };

  for (size_t i = 0; i < COUNT (methods); i++) {
    size_t n = strlen (methods[i]);

    if (size >= n && memcmp (data, methods[i], n) == 0) {
      if (size < n + 3)
        return -1;
      return data[n] == '/' && strchr ("cds", data[n + 1]) && data[n + 2] == '/';
    }
  }
  return size < 5 ? -1 : 0;
}

static void
set_limits (struct fettle_peer_limits *l)
{
  static const struct fettle_peer_limits initial = { 10000, 32, FETTLE_HEAD_MAX, 10, 60, 60, 20 };

#define OR(member) if (!l->member) l->member = initial.member
  OR (connections);
  OR (node_connections);
  OR (head_size);
  OR (head_seconds);
  OR (idle_seconds);
  OR (stall_seconds);
  OR (post_rate);
#undef OR
}

struct fettle_peers *
fettle_peers_new (struct event_base *base, const struct fettle_peer_limits *limits,
                  struct fettle_offers *offers, const struct fettle_peer_handlers *handlers,
                  void *arg)
{
  struct fettle_peers *all = calloc (1, sizeof *all);

  if (!all)
    return NULL;
  all->base = base;
  all->limits = *limits;
  set_limits (&all->limits);
  all->offers = offers;
  all->handlers = *handlers;
  all->arg = arg;
  all->quotas = fettle_quotas_new (all->limits.node_connections, all->limits.post_rate);
  all->tick = evtimer_new (base, tick, all);
  if (all->quotas && all->tick)
    return all;
  fettle_peers_free (all);
  return NULL;
}

void
fettle_peers_stop (struct fettle_peers *all)
{
  all->stopping = true;
  for (struct peer *p = all->first, *next; p; p = next) {
    next = p->next;
    if (is_reading (p))
      fettle_peer_drop (p);
  }
}

void
fettle_peers_end (struct fettle_peers *all)
{
  while (all->first)
    fettle_peer_drop (all->first);
}

unsigned
fettle_peers_sending (const struct fettle_peers *all)
{
  unsigned n = 0;

  for (const struct peer *p = all->first; p; p = p->next)
    n += p->state == PEER_SENDING || p->state == PEER_WAITING;
  return n;
}

unsigned
fettle_peers_count (const struct fettle_peers *all)
{
  return all->n;
}

void
fettle_peers_free (struct fettle_peers *all)
{
  if (!all)
    return;
  fettle_peers_end (all);
  if (all->tick)
    event_free (all->tick);
  fettle_quotas_free (all->quotas);
  fettle_peer_forget_pieces ();
  free (all);
}
