/* peer.c - see peer.h: connections, from the first byte to the next request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "serve/peer-internal.h"
#include "util/clock.h"

#define WRITE_MAX      (512 << 10) /* of a plain connection in one turn */
#define RATE_MIN       (16 << 10)  /* bytes a second that a body must make */
#define LINGER_SECONDS 3

/* ---- Death ---- */

void
fettle_peer_end_exchange (struct peer *p)
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
  fettle_peer_end_exchange (p);
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
  fettle_peer_process (p);
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
  fettle_peer_process (p);
  if (!waiting_output (p) && (p->state == PEER_LINGER || (p->ended && fettle_peer_is_reading (p))))
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
    fettle_quotas_sweep (all->quotas, (uint64_t) fettle_now_ms ());
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
  bufferevent_setwatermark (bev, EV_READ, 0, PEER_INPUT_MAX);
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
    if (fettle_peer_is_reading (p))
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
