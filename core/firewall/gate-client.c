/* gate-client.c - see gate-client.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "firewall/gate-client.h"

/* The longest arrays; those of status and trace are shorter. */
union with {
  struct fettle_gate_seen seen[FETTLE_GATE_BATCH];
  struct fettle_gate_finding findings[FETTLE_GATE_FINDINGS];
};
#define ANSWER_MAX (sizeof (struct fettle_gate_answer) + sizeof (union with))
_Static_assert (sizeof (struct fettle_gate_seen) >= sizeof (struct fettle_gate_status)
                && sizeof (struct fettle_gate_seen) >= sizeof (struct fettle_gate_trace),
                "room for each kind of answer");

struct request {
  struct request *next;
  fettle_gate_answered *answered;
  void *arg;
  bool sent;
  size_t size;
  struct fettle_gate_head packet[]; /* head, then the array */
};

struct fettle_gate_client {
  struct event_base *base;
  void (*gone) (void *arg);
  void *arg;
  int fd;
  struct event *readable, *writable;
  struct request *queue, **end;
  struct request *unsent; /* the first that isn't sent, or NULL */
  uint32_t last_id;
  _Alignas (uint64_t) char answer[ANSWER_MAX];
};

struct fettle_gate_client *
fettle_gate_client_new (struct event_base *base, void (*gone) (void *arg), void *arg)
{
  struct fettle_gate_client *c = calloc (1, sizeof *c);

  if (!c)
    return NULL;
  c->base = base;
  c->gone = gone;
  c->arg = arg;
  c->fd = -1;
  c->end = &c->queue;
  return c;
}

static struct request *
take_first (struct fettle_gate_client *c)
{
  struct request *r = c->queue;

  c->queue = r->next;
  if (!c->queue)
    c->end = &c->queue;
  if (c->unsent == r)
    c->unsent = r->next;
  return r;
}

void
fettle_gate_client_free (struct fettle_gate_client *c)
{
  if (!c)
    return;
  fettle_gate_client_detach (c);
  while (c->queue)
    free (take_first (c));
  free (c);
}

void
fettle_gate_client_detach (struct fettle_gate_client *c)
{
  if (c->fd < 0)
    return;
  event_free (c->readable);
  event_free (c->writable);
  close (c->fd);
  c->fd = -1;
}

static void
gone (struct fettle_gate_client *c)
{
  fettle_gate_client_detach (c);
  c->gone (c->arg);
}

/* ---- Out. ---- */

static void
send_queue (struct fettle_gate_client *c)
{
  while (c->fd >= 0 && c->unsent) {
    if (send (c->fd, c->unsent->packet, c->unsent->size, MSG_NOSIGNAL) < 0) {
      if (errno == EAGAIN)
        event_add (c->writable, NULL);
      return; /* of other errors, reading will know */
    }
    c->unsent->sent = true;
    c->unsent = c->unsent->next;
  }
}

static void
on_writable (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  send_queue (arg);
}

void
fettle_gate_client_ask (struct fettle_gate_client *c, enum fettle_gate_type type, const void *array,
                        size_t each, size_t n, bool first, fettle_gate_answered *answered,
                        void *arg)
{
  struct request *r = malloc (sizeof *r + sizeof r->packet[0] + each * n);

  if (!r)
    abort (); /* a hole that is neither open nor said to have failed is worse */
  *r = (struct request) {
    .answered = answered, .arg = arg, .size = sizeof r->packet[0] + each * n,
  };
  r->packet[0] = (struct fettle_gate_head) {
    .magic = FETTLE_GATE_MAGIC, .version = FETTLE_GATE_VERSION, .type = (uint16_t) type,
    .id = ++c->last_id, .count = (uint32_t) n,
  };
  if (n > 0)
    memcpy (r->packet + 1, array, each * n);
  if (first && c->queue) {
    r->next = c->queue;
    c->queue = r;
  } else {
    *c->end = r;
    c->end = &r->next;
  }
  if (!c->unsent || first)
    c->unsent = r;
  send_queue (c);
}

/* ---- In. ---- */

static fettle_result
result_of (uint32_t result)
{
  switch ((enum fettle_gate_result) result) {
  case FETTLE_GATE_OK:        return FETTLE_OK;
  case FETTLE_GATE_E_REQUEST: return FETTLE_E_INTERNAL;
  case FETTLE_GATE_E_REFUSED: return FETTLE_E_REJECTED;
  case FETTLE_GATE_E_KERNEL:  return FETTLE_E_SERVICE;
  case FETTLE_GATE_E_NOMEM:   return FETTLE_E_NOMEM;
  }
  return FETTLE_E_PROTOCOL;
}

static size_t
each_of (uint16_t type)
{
  switch ((enum fettle_gate_type) type) {
  case FETTLE_GATE_PING:   return sizeof (struct fettle_gate_state);
  case FETTLE_GATE_STATUS: return sizeof (struct fettle_gate_status);
  case FETTLE_GATE_TRACE:  return sizeof (struct fettle_gate_trace);
  case FETTLE_GATE_SEEN:   return sizeof (struct fettle_gate_seen);
  case FETTLE_GATE_LOOK:   return sizeof (struct fettle_gate_finding);
  case FETTLE_GATE_PORTS:
  case FETTLE_GATE_OPEN:
  case FETTLE_GATE_CLOSE:
  case FETTLE_GATE_CLOSE_ALL:
    break;
  }
  return 0;
}

/* Of a STATUS or TRACE, as many as were asked for. */
static bool
is_answer (const struct request *r, struct fettle_gate_answer *a, size_t size)
{
  const struct fettle_gate_head *h = &r->packet[0];

  if (size < sizeof *a || !r->sent || a->head.magic != FETTLE_GATE_MAGIC
      || a->head.version != FETTLE_GATE_VERSION || a->head.id != h->id || a->head.type != h->type
      || a->head.count > FETTLE_GATE_BATCH
      || size != sizeof *a + a->head.count * each_of (h->type))
    return false;
  if (h->count > 0 && each_of (h->type) > 0 && !a->result && a->head.count != h->count)
    return false;
  a->text[sizeof a->text - 1] = '\0';
  return true;
}

static void
on_readable (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_gate_client *c = arg;
  struct fettle_gate_answer *a = (void *) c->answer;
  struct request *r;
  ssize_t n = recv (fd, c->answer, sizeof c->answer, MSG_TRUNC | MSG_DONTWAIT);

  (void) what;
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0 || (size_t) n > sizeof c->answer || !c->queue || !is_answer (c->queue, a, (size_t) n)) {
    gone (c);
    return;
  }
  r = take_first (c);
  r->answered (r->arg, result_of (a->result), a->text, a, a + 1);
  free (r);
}

void
fettle_gate_client_attach (struct fettle_gate_client *c, int fd)
{
  const int room = 1 << 20;

  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  c->fd = fd;
  c->readable = event_new (c->base, fd, EV_READ | EV_PERSIST, on_readable, c);
  c->writable = event_new (c->base, fd, EV_WRITE, on_writable, c);
  if (!c->readable || !c->writable)
    abort ();
  event_add (c->readable, NULL);
  for (struct request *r = c->queue; r; r = r->next)
    r->sent = false;
  c->unsent = c->queue;
  send_queue (c);
}

void
fettle_gate_client_fail (struct fettle_gate_client *c, fettle_result result, const char *text)
{
  struct fettle_gate_answer a = { .result = FETTLE_GATE_E_KERNEL };
  struct request *all = c->queue; /* not what is asked in answer to this */

  c->queue = c->unsent = NULL;
  c->end = &c->queue;
  while (all) {
    struct request *r = all;

    all = r->next;
    r->answered (r->arg, result, text, &a, &a + 1);
    free (r);
  }
}
