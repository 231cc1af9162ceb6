/* nftables.c - the backend for nftables, through fettle-gate.
 *
 * Holes are elements of the sets of table inet fettle, which fettle-gate owns;
 * one rule of the host's own lets its mark through.  Holes that lead to a span
 * of ports are an element for each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/backends.h"
#include "firewall/gate-keeper.h"
#include "firewall/gate-program.h"

struct state {
  const struct fettle_firewall_events *events;
  void *arg;
  struct fettle_gate_keeper *keeper;
  struct fettle_gate_client *client; /* the keeper's */
  struct op *ops;
};

/* A call of ours, until the last of its requests is answered. */
struct op {
  struct state *state;
  struct op *next, **back;
  unsigned requests; /* not answered yet */
  fettle_result code;
  char text[FETTLE_GATE_TEXT];
  /* who is told */
  fettle_firewall_done *done;
  fettle_firewall_status_done *status_done;
  fettle_firewall_seen_done *seen_done;
  fettle_firewall_trace_done *trace_done;
  fettle_firewall_look_done *look_done;
  void *arg;
  /* STATUS: answers come in the order of elements, of which a hole has some */
  struct fettle_hole_status *statuses;
  uint32_t *spans; /* elements of each hole */
  size_t n, hole, element;
};

/* ---- Calls. ---- */

static struct op *
op_new (struct state *s, void *arg)
{
  struct op *op = calloc (1, sizeof *op);

  if (!op)
    abort ();
  op->state = s;
  op->arg = arg;
  op->next = s->ops;
  op->back = &s->ops;
  if (s->ops)
    s->ops->back = &op->next;
  s->ops = op;
  return op;
}

static void
op_free (struct op *op)
{
  *op->back = op->next;
  if (op->next)
    op->next->back = op->back;
  free (op->statuses);
  free (op->spans);
  free (op);
}

/* Remembers the first failure; true when all is answered. */
static bool
op_answered (struct op *op, fettle_result code, const char *text)
{
  if (code && !op->code) {
    op->code = code;
    snprintf (op->text, sizeof op->text, "%s", text);
  }
  return --op->requests == 0;
}

static void
plain_answered (void *arg, fettle_result code, const char *text,
                const struct fettle_gate_answer *answer, const void *with)
{
  struct op *op = arg;

  (void) answer;
  (void) with;
  if (!op_answered (op, code, text))
    return;
  if (op->done)
    op->done (op->arg, op->code, op->text);
  op_free (op);
}

/* ---- Holes as elements. ---- */

struct batch {
  struct state *state;
  enum fettle_gate_type type;
  fettle_gate_answered *answered;
  struct op *op;
  struct fettle_gate_hole elements[FETTLE_GATE_BATCH];
  size_t n;
};

static void
batch_send (struct batch *b)
{
  b->op->requests++;
  fettle_gate_client_ask (b->state->client, b->type, b->elements, sizeof b->elements[0], b->n,
                          false, b->answered, b->op);
  b->n = 0;
}

static struct fettle_gate_hole
element_of (const struct fettle_hole *h, uint32_t port, enum fettle_gate_type type)
{
  const uint32_t most = FETTLE_GATE_LIFETIME / 1000;
  struct fettle_gate_hole e = {
    .family = h->from.family, .protocol = (uint8_t) h->protocol, .port = (uint16_t) port,
  };

  if (type == FETTLE_GATE_OPEN)
    e.lifetime_ms = (h->lifetime_s < most ? h->lifetime_s : most) * 1000;
  memcpy (e.address, h->from.bytes, sizeof e.address);
  memcpy (e.interface, h->from.interface, sizeof e.interface);
  return e;
}

/* One request for each thousand elements, and one at least: so that there is
 * an answer. */
static void
ask_holes (struct state *s, enum fettle_gate_type type, const struct fettle_hole *holes, size_t n,
           fettle_gate_answered *answered, struct op *op)
{
  struct batch *b = malloc (sizeof *b);

  if (!b)
    abort ();
  *b = (struct batch) { .state = s, .type = type, .answered = answered, .op = op };
  for (size_t i = 0; i < n; i++)
    for (uint32_t port = holes[i].first; port <= holes[i].last; port++) {
      b->elements[b->n++] = element_of (&holes[i], port, type);
      if (b->n == FETTLE_GATE_BATCH)
        batch_send (b);
    }
  if (b->n > 0 || op->requests == 0)
    batch_send (b);
  free (b);
}

static void
ask_nothing (struct state *s, enum fettle_gate_type type, fettle_gate_answered *answered,
             struct op *op)
{
  op->requests++;
  fettle_gate_client_ask (s->client, type, NULL, 0, 0, false, answered, op);
}

static void
open_holes (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
            void *arg)
{
  struct op *op = op_new (state, arg);

  op->done = done;
  ask_holes (state, FETTLE_GATE_OPEN, holes, n, plain_answered, op);
}

static void
close_holes (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
             void *arg)
{
  struct op *op = op_new (state, arg);

  op->done = done;
  ask_holes (state, FETTLE_GATE_CLOSE, holes, n, plain_answered, op);
}

static void
settle (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *done,
        void *arg)
{
  struct op *op = op_new (state, arg);

  op->done = done;
  ask_nothing (state, FETTLE_GATE_CLOSE_ALL, plain_answered, op);
  ask_holes (state, FETTLE_GATE_OPEN, holes, n, plain_answered, op);
}

static void
gate (void *state, const struct fettle_port_span *spans, size_t n, fettle_firewall_done *done,
      void *arg)
{
  struct state *s = state;
  struct fettle_gate_span gated[FETTLE_GATE_PORTS_MAX];
  struct op *op = op_new (s, arg);

  op->done = done;
  op->requests = 1;
  if (n > FETTLE_GATE_PORTS_MAX)
    n = FETTLE_GATE_PORTS_MAX;
  for (size_t i = 0; i < n; i++)
    gated[i] = (struct fettle_gate_span) {
      .protocol = (uint8_t) spans[i].protocol, .first = spans[i].first, .last = spans[i].last,
    };
  fettle_gate_keeper_ports (s->keeper, gated, n);
  fettle_gate_client_ask (s->client, FETTLE_GATE_PORTS, gated, sizeof gated[0], n, false,
                          plain_answered, op);
}

/* ---- Questions. ---- */

/* A hole is open if each of its ports is, for as long as the first of them. */
static void
add_status (struct fettle_hole_status *h, const struct fettle_gate_status *e, bool first)
{
  uint32_t seconds = (e->remaining_ms + 999) / 1000;

  h->open = (first || h->open) && e->open;
  h->packets += e->packets;
  if (first || seconds < h->remaining_s)
    h->remaining_s = seconds;
  h->known = h->counted = true;
}

static void
status_answered (void *arg, fettle_result code, const char *text,
                 const struct fettle_gate_answer *answer, const void *with)
{
  struct op *op = arg;
  const struct fettle_gate_status *e = with;

  for (uint32_t i = 0; !code && i < answer->head.count && op->hole < op->n; i++) {
    add_status (&op->statuses[op->hole], &e[i], op->element == 0);
    if (++op->element == op->spans[op->hole]) {
      op->element = 0;
      op->hole++;
    }
  }
  if (!op_answered (op, code, text))
    return;
  op->status_done (op->arg, op->code, op->text, op->statuses, op->code ? 0 : op->n);
  op_free (op);
}

static void
status (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_status_done *done,
        void *arg)
{
  struct op *op = op_new (state, arg);

  op->status_done = done;
  op->n = n;
  op->statuses = calloc (n + 1, sizeof *op->statuses);
  op->spans = calloc (n + 1, sizeof *op->spans);
  if (!op->statuses || !op->spans)
    abort ();
  for (size_t i = 0; i < n; i++)
    op->spans[i] = (uint32_t) (holes[i].last - holes[i].first) + 1;
  ask_holes (state, FETTLE_GATE_STATUS, holes, n, status_answered, op);
}

static void
trace_answered (void *arg, fettle_result code, const char *text,
                const struct fettle_gate_answer *answer, const void *with)
{
  struct op *op = arg;
  const struct fettle_gate_trace *t = with;
  struct fettle_hole_trace trace;

  if (!code && answer->head.count == 1) {
    trace = (struct fettle_hole_trace) { t->arrived, t->refused, t->passed };
    op->trace_done (op->arg, code, text, &trace);
  } else
    op->trace_done (op->arg, code, text, NULL);
  op_free (op);
}

static void
trace (void *state, const struct fettle_hole *hole, fettle_firewall_trace_done *done, void *arg)
{
  struct op *op = op_new (state, arg);
  struct fettle_hole first = *hole;

  first.last = first.first;
  op->trace_done = done;
  ask_holes (state, FETTLE_GATE_TRACE, &first, 1, trace_answered, op);
}

static void
seen_answered (void *arg, fettle_result code, const char *text,
               const struct fettle_gate_answer *answer, const void *with)
{
  struct op *op = arg;
  const struct fettle_gate_seen *seen = with;
  uint32_t n = code ? 0 : answer->head.count;
  _cleanup_free_ struct fettle_stranger *strangers = calloc (n + 1, sizeof *strangers);

  for (uint32_t i = 0; strangers && i < n; i++) {
    strangers[i] = (struct fettle_stranger) {
      .from.family = seen[i].family, .protocol = seen[i].protocol, .port = seen[i].port,
      .packets = seen[i].packets,
    };
    memcpy (strangers[i].from.bytes, seen[i].address, sizeof seen[i].address);
  }
  op->seen_done (op->arg, code, text, strangers, strangers ? n : 0);
  op_free (op);
}

static void
seen (void *state, fettle_firewall_seen_done *done, void *arg)
{
  struct op *op = op_new (state, arg);

  op->seen_done = done;
  ask_nothing (state, FETTLE_GATE_SEEN, seen_answered, op);
}

static struct fettle_obstacle *
obstacles_of (const struct fettle_gate_finding *found, uint32_t n)
{
  struct fettle_obstacle *o = calloc (n + 1, sizeof *o);

  for (uint32_t i = 0; o && i < n; i++) {
    snprintf (o[i].what, sizeof o[i].what, "%.*s", (int) sizeof found[i].what - 1, found[i].what);
    snprintf (o[i].mend, sizeof o[i].mend, "%.*s", (int) sizeof found[i].mend - 1, found[i].mend);
    o[i].by_setup = found[i].flags & FETTLE_GATE_MENDS;
  }
  return o;
}

static void
look_answered (void *arg, fettle_result code, const char *text,
               const struct fettle_gate_answer *answer, const void *with)
{
  struct op *op = arg;
  uint32_t n = code ? 0 : answer->head.count;
  _cleanup_free_ struct fettle_obstacle *obstacles = obstacles_of (with, n);

  op->look_done (op->arg, code, text, obstacles, obstacles ? n : 0);
  op_free (op);
}

static void
look (void *state, fettle_firewall_look_done *done, void *arg)
{
  struct op *op = op_new (state, arg);

  op->look_done = done;
  ask_nothing (state, FETTLE_GATE_LOOK, look_answered, op);
}

/* ---- Start and stop. ---- */

/* What stands in the way is said as soon as it is known. */
static void
tell_obstacles (void *arg, fettle_result code, const char *text,
                const struct fettle_obstacle *obstacles, size_t n)
{
  struct state *s = arg;
  char line[sizeof obstacles->what + sizeof obstacles->mend + 64];

  if (code) {
    snprintf (line, sizeof line, "the host's own rules can't be read: %s", text);
    s->events->notice (s->arg, line);
  }
  for (size_t i = 0; i < n; i++) {
    snprintf (line, sizeof line, "%s; %s%s", obstacles[i].what,
              obstacles[i].by_setup ? "run `fettle firewall setup`, or: " : "to mend it: ",
              obstacles[i].mend);
    s->events->notice (s->arg, line);
  }
}

static void
works (void *arg, bool again, const struct fettle_gate_state *state)
{
  struct state *s = arg;

  if (!(state->flags & FETTLE_GATE_OWNED))
    s->events->notice (s->arg, "this kernel's tables have no owners: if fettle-gate is killed, "
                               "holes stay open until they expire");
  look (s, tell_obstacles, s);
  if (again)
    s->events->lost (s->arg, "fettle-gate was started again: its holes are opened again");
}

static void
notice (void *arg, const char *text)
{
  struct state *s = arg;

  s->events->notice (s->arg, text);
}

static const struct fettle_gate_keeper_events keeper_events = { works, notice };

static void
stop (void *state)
{
  struct state *s = state;

  fettle_gate_keeper_free (s->keeper);
  while (s->ops)
    op_free (s->ops);
  free (s);
}

static fettle_result
start (struct event_base *base, const struct fettle_firewall_options *o,
       const struct fettle_firewall_events *events, void *arg, void **ret_state,
       struct fettle_error *err)
{
  struct state *s = calloc (1, sizeof *s);

  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  *s = (struct state) { .events = events, .arg = arg };
  if (fettle_gate_keeper_new (base, o, &keeper_events, s, &s->keeper, err)) {
    free (s);
    return err->code;
  }
  s->client = fettle_gate_keeper_client (s->keeper);
  *ret_state = s;
  return FETTLE_OK;
}

/* ---- For an administrator. ---- */

static fettle_result
available (const struct fettle_firewall_options *o, struct fettle_error *err)
{
  static const char *const check[] = { "--check", NULL };
  _cleanup_ (fettle_buf_clear) struct fettle_buf said = FETTLE_BUF_INIT (4096);

  if (!o->gate_socket)
    return fettle_gate_run (o, check, &said, err);
  if (access (o->gate_socket, W_OK))
    return fettle_error_errno (err, FETTLE_E_SERVICE, "fettle-gate's socket %s", o->gate_socket);
  return FETTLE_OK;
}

static fettle_result
setup (const struct fettle_firewall_options *o, enum fettle_setup_action action,
       struct fettle_buf *ret, struct fettle_error *err)
{
  static const char *const modes[][3] = {
    [FETTLE_SETUP_SHOW]      = { "--setup", "--dry-run", NULL },
    [FETTLE_SETUP_APPLY]     = { "--setup", NULL },
    [FETTLE_SETUP_SHOW_UNDO] = { "--undo-setup", "--dry-run", NULL },
    [FETTLE_SETUP_UNDO]      = { "--undo-setup", NULL },
  };

  return fettle_gate_run (o, modes[action], ret, err);
}

/* Names and purposes are foreign text, and nft knows no escapes. */
static void
comment_text (const struct fettle_hole *h, char *ret, size_t size)
{
  snprintf (ret, size, "%.60s: %.60s", h->node ? h->node : "", h->purpose ? h->purpose : "");
  for (char *p = ret; *p; p++)
    if ((unsigned char) *p < ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
      *p = ' ';
}

static fettle_result
describe (const struct fettle_firewall_options *o, const struct fettle_hole *holes, size_t n,
          struct fettle_buf *ret, struct fettle_error *err)
{
  char address[FETTLE_ADDRESS_TEXT], comment[128], interface[32] = "";
  bool ok = true;

  (void) o;
  for (size_t i = 0; i < n && ok; i++) {
    const struct fettle_hole *h = &holes[i];

    fettle_address_text (&h->from, address);
    address[strcspn (address, "%")] = '\0';
    comment_text (h, comment, sizeof comment);
    if (h->from.interface[0])
      snprintf (interface, sizeof interface, "iifname \"%.15s\" ", h->from.interface);
    ok = fettle_buf_printf (ret, "%s%s saddr %s %s dport %u", h->from.interface[0] ? interface : "",
                            h->from.family == 4 ? "ip" : "ip6", address,
                            h->protocol == FETTLE_UDP ? "udp" : "tcp", h->first)
         && (h->last == h->first || fettle_buf_printf (ret, "-%u", h->last))
         && fettle_buf_printf (ret, " accept comment \"%s\"\n", comment);
  }
  return ok ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
}

const struct fettle_backend fettle_backend_nftables = {
  .name = "nftables",
  .title = "nftables: a table of our own, one rule for its mark",
  .available = available,
  .start = start,
  .stop = stop,
  .open = open_holes,
  .close = close_holes,
  .settle = settle,
  .status = status,
  .look = look,
  .setup = setup,
  .describe = describe,
  .gate = gate,
  .seen = seen,
  .trace = trace,
};
