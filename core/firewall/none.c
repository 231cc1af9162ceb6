/* none.c - the backend where nothing can be opened: it says what a person has
 * to open, in the log as it comes and whole by `fettle firewall plan`.
 *
 * It is the shortest backend, too: see firewall.h for what each function is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/event.h>

#include "firewall/backends.h"

struct state {
  struct event_base *base;
  const struct fettle_firewall_events *events;
  void *arg;
  struct answer *answers;
  bool told; /* that holes aren't opened */
};

/* An answer, given in the next turn of the loop. */
struct answer {
  struct state *state;
  struct answer *next;
  struct event *timer;
  fettle_firewall_done *done;
  fettle_firewall_status_done *status_done;
  fettle_firewall_look_done *look_done;
  void *arg;
  size_t n;
};

static void
answer_free (struct answer *a)
{
  struct answer **p = &a->state->answers;

  while (*p != a)
    p = &(*p)->next;
  *p = a->next;
  event_free (a->timer);
  free (a);
}

static void
give (evutil_socket_t fd, short what, void *arg)
{
  struct answer a = *(struct answer *) arg;
  _cleanup_free_ struct fettle_hole_status *unknown = calloc (a.n + 1, sizeof *unknown);

  (void) fd;
  (void) what;
  answer_free (arg);
  if (a.done)
    a.done (a.arg, FETTLE_OK, "");
  if (a.status_done)
    a.status_done (a.arg, unknown ? FETTLE_OK : FETTLE_E_NOMEM, "", unknown, unknown ? a.n : 0);
  if (a.look_done)
    a.look_done (a.arg, FETTLE_OK, "", NULL, 0);
}

static void
answer (struct state *s, struct answer words)
{
  struct answer *a = malloc (sizeof *a);

  if (!a)
    abort ();
  *a = words;
  a->state = s;
  a->next = s->answers;
  a->timer = event_new (s->base, -1, 0, give, a);
  if (!a->timer)
    abort ();
  s->answers = a;
  event_active (a->timer, EV_TIMEOUT, 0);
}

static fettle_result
available (const struct fettle_firewall_options *o, struct fettle_error *err)
{
  (void) o;
  (void) err;
  return FETTLE_OK;
}

static fettle_result
start (struct event_base *base, const struct fettle_firewall_options *o,
       const struct fettle_firewall_events *events, void *arg, void **ret_state,
       struct fettle_error *err)
{
  struct state *s = calloc (1, sizeof *s);

  (void) o;
  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  *s = (struct state) { .base = base, .events = events, .arg = arg };
  *ret_state = s;
  return FETTLE_OK;
}

static void
stop (void *state)
{
  struct state *s = state;

  while (s->answers)
    answer_free (s->answers);
  free (s);
}

static void
open_holes (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
            void *arg)
{
  struct state *s = state;

  (void) holes;
  if (n > 0 && !s->told)
    s->events->notice (s->arg, "no firewall is managed here: if one is in the way, open yourself "
                               "what `fettle firewall status` lists");
  s->told = s->told || n > 0;
  if (done)
    answer (s, (struct answer) { .done = done, .arg = arg });
}

static void
close_holes (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
             void *arg)
{
  (void) holes;
  (void) n;
  if (done)
    answer (state, (struct answer) { .done = done, .arg = arg });
}

static void
status (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_status_done *done,
        void *arg)
{
  (void) holes;
  answer (state, (struct answer) { .status_done = done, .arg = arg, .n = n });
}

static void
look (void *state, fettle_firewall_look_done *done, void *arg)
{
  answer (state, (struct answer) { .look_done = done, .arg = arg });
}

static fettle_result
setup (const struct fettle_firewall_options *o, enum fettle_setup_action action,
       struct fettle_buf *ret, struct fettle_error *err)
{
  (void) o;
  (void) action;
  if (!fettle_buf_text_add (ret, "no firewall is managed here: there is nothing to set up\n"))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory");
  return FETTLE_OK;
}

static fettle_result
describe (const struct fettle_firewall_options *o, const struct fettle_hole *holes, size_t n,
          struct fettle_buf *ret, struct fettle_error *err)
{
  char address[FETTLE_ADDRESS_TEXT], ports[16];
  bool ok = true;

  (void) o;
  for (size_t i = 0; i < n; i++) {
    const struct fettle_hole *h = &holes[i];

    if (h->first == h->last)
      snprintf (ports, sizeof ports, "%u", h->first);
    else
      snprintf (ports, sizeof ports, "%u-%u", h->first, h->last);
    ok = ok && fettle_buf_printf (ret, "let in %s port %s from %s (%s: %s)\n",
                                  h->protocol == FETTLE_UDP ? "UDP" : "TCP", ports,
                                  fettle_address_text (&h->from, address), h->node, h->purpose);
  }
  return ok ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
}

const struct fettle_backend fettle_backend_none = {
  .name = "none",
  .title = "none: a person opens what is listed",
  .available = available,
  .start = start,
  .stop = stop,
  .open = open_holes,
  .close = close_holes,
  .settle = open_holes,
  .status = status,
  .look = look,
  .setup = setup,
  .describe = describe,
};
