/* inner.c - see inner.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/event.h>

#include "firewall/backends.h"
#include "firewall/inner.h"

/* What the queue can't do is answered here, in the next turn of the loop. */
struct fettle_inner_answer {
  struct fettle_inner *inner;
  struct fettle_inner_answer *next;
  struct event *timer;
  fettle_firewall_done *done;
  fettle_firewall_look_done *look;
  fettle_firewall_seen_done *seen;
  fettle_firewall_trace_done *trace;
  void *arg;
};

struct fettle_inner_looking {
  struct fettle_inner *inner;
  struct fettle_inner_looking *next;
  fettle_firewall_look_done *done;
  void *arg;
};

static void
answer_free (struct fettle_inner_answer *a)
{
  struct fettle_inner_answer **p = &a->inner->answers;

  while (*p != a)
    p = &(*p)->next;
  *p = a->next;
  event_free (a->timer);
  free (a);
}

static void
give (evutil_socket_t fd, short what, void *arg)
{
  static const char text[] = "without fettle-gate's table, this firewall can't tell";
  struct fettle_inner_answer a = *(struct fettle_inner_answer *) arg;
  (void) fd;
  (void) what;
  answer_free (arg);
  if (a.done)
    a.done (a.arg, FETTLE_E_UNSUPPORTED, "without fettle-gate's table, this firewall can't shut ports");
  if (a.look)
    a.look (a.arg, FETTLE_OK, "", NULL, 0);
  if (a.seen)
    a.seen (a.arg, FETTLE_E_UNSUPPORTED, text, NULL, 0);
  if (a.trace)
    a.trace (a.arg, FETTLE_E_UNSUPPORTED, text, NULL);
}

static void
answer (struct fettle_inner *in, struct fettle_inner_answer words)
{
  struct fettle_inner_answer *a = malloc (sizeof *a);

  if (!a)
    abort ();
  *a = words;
  a->inner = in;
  a->next = in->answers;
  a->timer = event_new (in->base, -1, 0, give, a);
  if (!a->timer)
    abort ();
  in->answers = a;
  event_active (a->timer, EV_TIMEOUT, 0);
}

/* ---- Start, stop. ---- */

bool
fettle_inner_gate (struct fettle_inner *in, const struct fettle_firewall_options *o,
                   const struct fettle_firewall_events *events, void *arg)
{
  const struct fettle_backend *gate = &fettle_backend_nftables;
  struct fettle_error none;

  if (gate->available (o, &none) || gate->start (in->base, o, events, arg, &in->state, &none))
    return false;
  in->backend = gate;
  return true;
}

void
fettle_inner_stop (struct fettle_inner *in)
{
  if (in->backend)
    in->backend->stop (in->state);
  while (in->answers)
    answer_free (in->answers);
  while (in->looking) {
    struct fettle_inner_looking *l = in->looking;

    in->looking = l->next;
    free (l);
  }
  fettle_rule_queue_free (in->queue);
}

/* ---- The backend's functions. ---- */

void
fettle_inner_open (void *state, const struct fettle_hole *holes, size_t n,
                   fettle_firewall_done *done, void *arg)
{
  struct fettle_inner *in = state;

  if (in->backend)
    in->backend->open (in->state, holes, n, done, arg);
  else
    fettle_rule_queue_open (in->queue, holes, n, done, arg);
}

void
fettle_inner_close (void *state, const struct fettle_hole *holes, size_t n,
                    fettle_firewall_done *done, void *arg)
{
  struct fettle_inner *in = state;

  if (in->backend)
    in->backend->close (in->state, holes, n, done, arg);
  else
    fettle_rule_queue_close (in->queue, holes, n, done, arg);
}

/* With a table, no rule of a former life, which had none, is wanted. */
void
fettle_inner_settle (void *state, const struct fettle_hole *holes, size_t n,
                     fettle_firewall_done *done, void *arg)
{
  struct fettle_inner *in = state;

  if (!in->backend) {
    fettle_rule_queue_settle (in->queue, holes, n, done, arg);
    return;
  }
  if (!in->settled)
    fettle_rule_queue_settle (in->queue, NULL, 0, NULL, NULL);
  in->settled = true;
  in->backend->settle (in->state, holes, n, done, arg);
}

void
fettle_inner_status (void *state, const struct fettle_hole *holes, size_t n,
                     fettle_firewall_status_done *done, void *arg)
{
  struct fettle_inner *in = state;

  if (in->backend)
    in->backend->status (in->state, holes, n, done, arg);
  else
    fettle_rule_queue_status (in->queue, holes, n, done, arg);
}

/* What fettle-gate leaves to a person, because of whose rules they are, is what
 * this backend's setup does. */
static void
on_look (void *arg, fettle_result code, const char *text, const struct fettle_obstacle *obstacles,
         size_t n)
{
  struct fettle_inner_looking *l = arg, **p = &l->inner->looking;
  _cleanup_free_ struct fettle_obstacle *ours = calloc (n + 1, sizeof *ours);
  size_t left = 0;

  for (size_t i = 0; ours && i < n; i++) {
    if (l->inner->mended && l->inner->mended (l->inner, &obstacles[i]))
      continue;
    ours[left] = obstacles[i];
    ours[left].by_setup = ours[left].by_setup
                          || (l->inner->mends && strstr (ours[left].mend, l->inner->mends));
    left++;
  }
  while (*p != l)
    p = &(*p)->next;
  *p = l->next;
  l->done (l->arg, code, text, ours, left);
  free (l);
}

void
fettle_inner_look (void *state, fettle_firewall_look_done *done, void *arg)
{
  struct fettle_inner *in = state;
  struct fettle_inner_looking *l;

  if (!in->backend) {
    answer (in, (struct fettle_inner_answer) { .look = done, .arg = arg });
    return;
  }
  l = malloc (sizeof *l);
  if (!l)
    abort ();
  *l = (struct fettle_inner_looking) { in, in->looking, done, arg };
  in->looking = l;
  in->backend->look (in->state, on_look, l);
}

void
fettle_inner_ports (void *state, const struct fettle_port_span *spans, size_t n,
                    fettle_firewall_done *done, void *arg)
{
  struct fettle_inner *in = state;

  if (in->backend)
    in->backend->gate (in->state, spans, n, done, arg);
  else
    answer (in, (struct fettle_inner_answer) { .done = done, .arg = arg });
}

void
fettle_inner_seen (void *state, fettle_firewall_seen_done *done, void *arg)
{
  struct fettle_inner *in = state;

  if (in->backend)
    in->backend->seen (in->state, done, arg);
  else
    answer (in, (struct fettle_inner_answer) { .seen = done, .arg = arg });
}

void
fettle_inner_trace (void *state, const struct fettle_hole *hole, fettle_firewall_trace_done *done,
                    void *arg)
{
  struct fettle_inner *in = state;

  if (in->backend)
    in->backend->trace (in->state, hole, done, arg);
  else
    answer (in, (struct fettle_inner_answer) { .trace = done, .arg = arg });
}
