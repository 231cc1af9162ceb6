/* peer-request.c - requests of a connection: from the first byte of a head to
 * what answers it; status posts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/buffer.h>
#include <time.h>

#include "serve/http-status.h"
#include "serve/peer-internal.h"
#include "serve/status-body.h"
#include "util/clock.h"
#include "util/log.h"

#define OUTPUT_MAX (32 << 10) /* of small answers, before more requests are read */

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
    fettle_peer_process (p);
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
  if (!r && fettle_quota_post (p->all->quotas, p->quota, (uint64_t) fettle_now_ms ())) {
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
  bufferevent_setwatermark (p->bev, EV_READ, 0, PEER_INPUT_MAX + (size_t) p->guard.body_left);
  if (p->x->head.continues && !here)
    evbuffer_add_printf (bufferevent_get_output (p->bev), "HTTP/1.1 100 Continue\r\n\r\n");
}

/* ---- Requests ---- */

static void
offer_ended (struct fettle_offer_use *use)
{
  struct exchange *x
    = (struct exchange *) (void *) ((char *) use - offsetof (struct exchange, use));
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
  fettle_peer_end_exchange (p);
  fettle_guard_next (&p->guard);
  if (p->all->stopping)
    p->close = true;
  if (p->close) {
    fettle_peer_set_state (p, PEER_LINGER);
    return;
  }
  fettle_peer_set_state (p, PEER_IDLE);
  bufferevent_setwatermark (p->bev, EV_READ, 0, PEER_INPUT_MAX);
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

bool
fettle_peer_is_reading (const struct peer *p)
{
  return p->state == PEER_HEAD || p->state == PEER_IDLE;
}

/* All requests that have come, one after the other. */
void
fettle_peer_process (struct peer *p)
{
  struct evbuffer *input = bufferevent_get_input (p->bev);
  struct evbuffer *output = bufferevent_get_output (p->bev);

  if (p->state == PEER_BODY)
    look_at_body (p);
  while (fettle_peer_is_reading (p) && evbuffer_get_length (output) < OUTPUT_MAX) {
    read_head (p, input);
    if (!p->guard.has_head || !begin_exchange (p))
      return;
    handle (p);
  }
}
