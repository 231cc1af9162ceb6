/* check-lane.c - one node of a check: all ports of the node at once, then the
 * ways back, one after the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>

#include "engine/check.h"

#define GREETING_MS    3000
#define REACH_BACK_S     90 /* of the whole call: SSH, and the node's attempt */

static void next_back (struct lane *);

static bool
is_back (const struct check_row *row)
{
  return row->row->direction == FETTLE_FROM_TARGET;
}

static void
aborted (struct lane *lane)
{
  struct fettle_error err;

  fettle_error_set (&err, FETTLE_E_ABORTED, "aborted by the user");
  lane->check->user->ended (lane, &err);
}

/* ---- To the node ---- */

/* The setting that moves the row's port, or NULL. */
static const char *
mover (const struct fettle_node_type *type, const struct fettle_port *row)
{
  for (uint32_t i = 0; i < type->n_settings; i++)
    if (type->settings[i].type == FETTLE_SETTING_PORT && type->settings[i].moves == row->first)
      return type->settings[i].name;
  return NULL;
}

static bool
others_answer (const struct check_row *row)
{
  const struct check *c = row->check;

  for (size_t i = 0; i < c->n_rows; i++) {
    const struct check_row *other = &c->rows[i];

    if (other != row && !is_back (other) && other->protocol == FETTLE_TCP
        && (other->seen.error == 0 || (other->seen.error == ECONNREFUSED && !other->seen.icmp.there)))
      return true;
  }
  return row->has_declared && row->seen_declared.error == 0;
}

/* A range of which any one may be used: nobody knows which. */
static bool
is_range (const struct check_row *row)
{
  return row->row->first != row->row->last;
}

static void
judge_there (struct check_row *row)
{
  const struct check *c = row->check;
  struct fettle_way_there way = {
    .name = c->lane->name, .address = c->address, .protocol = row->protocol, .port = row->port,
    .declared = row->declared, .setting = mover (c->type, row->row),
    .greeting = fettle_check_greeting (row->row), .seen = &row->seen,
    .at_declared = row->has_declared ? &row->seen_declared : NULL,
    .others_answer = others_answer (row),
  };
  struct fettle_verdict v = { .cause = FETTLE_UNTESTED };

  if (row->error.code)
    snprintf (v.sentence, sizeof v.sentence, "%.500s", row->error.text);
  else if (is_range (row))
    snprintf (v.sentence, sizeof v.sentence, "one port of %u to %u is used, and only the node knows"
                                             " which", row->row->first, row->row->last);
  else
    fettle_judge_there (&way, &v);
  c->user->verdict (row, &v);
}

static void
probes_done (struct check *c)
{
  for (size_t i = 0; i < c->n_rows; i++)
    if (!is_back (&c->rows[i]))
      judge_there (&c->rows[i]);
  next_back (c->lane);
}

static void
probe_done (struct check *c)
{
  if (--c->probes)
    return;
  if (c->lane->job->aborted)
    aborted (c->lane);
  else
    probes_done (c);
}

static void
on_seen (void *arg, const struct fettle_probe_seen *seen)
{
  struct check_row *row = arg;

  row->probe = NULL;
  row->seen = *seen;
  probe_done (row->check);
}

static void
on_seen_declared (void *arg, const struct fettle_probe_seen *seen)
{
  struct check_row *row = arg;

  row->probe_declared = NULL;
  row->seen_declared = *seen;
  row->has_declared = true;
  probe_done (row->check);
}

static fettle_result
begin_probe (struct check_row *row, struct fettle_error *err)
{
  struct fettle_prober *prober = row->check->lane->engine->prober;
  const char *address = row->check->address;
  uint32_t greeting = fettle_check_greeting (row->row) ? GREETING_MS : 0;

  if (row->protocol == FETTLE_UDP) {
    if (fettle_probe_udp (prober, address, row->port, on_seen, row, &row->probe, err))
      return err->code;
  }
  else if (fettle_probe_tcp (prober, address, row->port, greeting, on_seen, row, &row->probe, err))
    return err->code;
  row->check->probes++;
  if (row->port == row->declared)
    return FETTLE_OK;
  if (fettle_probe_tcp (prober, address, row->declared, greeting, on_seen_declared, row,
                        &row->probe_declared, err))
    return err->code;
  row->check->probes++;
  return FETTLE_OK;
}

/* ---- From the node ---- */

/* Other nodes may call back at the same time; they are no strangers. */
static void
leave_nodes_out (struct fettle_engine *e, struct fettle_arrivals_seen *seen)
{
  unsigned n = 0;

  for (unsigned i = 0; i < seen->n_strangers; i++)
    if (!fettle_store_number (e->store, 0, "SELECT 1 FROM node WHERE address = ?", "s",
                              seen->strangers[i].from))
      seen->strangers[n++] = seen->strangers[i];
  seen->n_strangers = n;
}

/* Counts live as long as the gate, and begin anew with it. */
static uint64_t
since (uint64_t before, uint64_t after)
{
  return after >= before ? after - before : after;
}

/* Of the row that was looked at, whatever came of it. */
static void
judge_back (struct lane *lane, const char *why_no_listener, fettle_result code, const char *text)
{
  struct check *c = lane->check;
  struct check_row *row = &c->rows[c->at];
  const struct fettle_callback_seen *seen = c->callback ? fettle_callback_seen (c->callback) : NULL;
  struct fettle_arrivals_seen arrivals = { 0 };
  struct fettle_node_said said;
  struct fettle_verdict v;
  char own[FETTLE_PEER_MAX];
  struct fettle_error err;
  struct fettle_way_back way = {
    .name = lane->name, .address = c->address, .ours = c->ours, .port = row->port,
    .data_ports = row->row->listener == FETTLE_LISTEN_FTP ? lane->engine->settings->ftp_data_ports
                                                          : NULL,
    .why_no_listener = why_no_listener, .said = &said, .arrivals = &arrivals,
    .fetched = seen && seen->fetched, .fetched_from = seen ? seen->from : "",
    .connected = seen && seen->connected, .traced = c->traced,
    .arrived = since (c->before.arrived, c->after.arrived),
    .refused = since (c->before.refused, c->after.refused),
    .passed = since (c->before.passed, c->after.passed),
    .stranger = *c->stranger ? c->stranger : NULL, .stranger_unsure = lane->job->n_lanes > 1,
  };

  fettle_node_said_parse (code, text, &said);
  if (c->arrivals)
    fettle_arrivals_look (c->arrivals, &arrivals);
  leave_nodes_out (lane->engine, &arrivals);
  way.source_has_way = !*said.source
                       || !fettle_own_address (said.source, own, sizeof own, &err);
  fettle_judge_back (&way, &v);
  if (text != c->said)
    snprintf (c->said, sizeof c->said, "%s", text ? text : "");
  c->user->verdict (row, &v);
  lane->argument = NULL; /* the callback's */
  fettle_callback_free (c->callback);
  fettle_arrivals_free (c->arrivals);
  c->callback = NULL;
  c->arrivals = NULL;
  c->traced = false;
  c->stranger[0] = '\0';
  c->before = c->after = (struct fettle_hole_trace) { 0 };
  c->at++;
  next_back (lane);
}

static void
counted (struct lane *lane)
{
  judge_back (lane, NULL, lane->check->said_code, lane->check->said);
}

static void
reached_back (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct check *c = lane->check;

  if (outcome->code == FETTLE_E_ABORTED)
    aborted (lane);
  else {
    c->said_code = outcome->code >= FETTLE_OK ? FETTLE_OK : outcome->code;
    snprintf (c->said, sizeof c->said, "%s", outcome->text ? outcome->text : "");
    fettle_check_count (c, &c->after, counted);
  }
}

static void
call_back (struct lane *lane)
{
  fettle_lane_call (lane, "reach_back", REACH_BACK_S, reached_back);
}

/* The node can be asked through one of its ports. */
static bool
can_be_asked (const struct check *c)
{
  bool any = false;

  for (size_t i = 0; i < c->n_rows; i++)
    if (!is_back (&c->rows[i]) && c->rows[i].protocol == FETTLE_TCP) {
      if (c->rows[i].seen.error == 0)
        return true;
      any = true;
    }
  return !any;
}

/* The URL that the node is to fetch; of data ports, at the first one that
 * isn't in use. */
static fettle_result
listen_for (struct check_row *row, struct fettle_error *err)
{
  struct check *c = row->check;
  struct fettle_callbacks *all = c->lane->engine->callbacks;
  fettle_result r = fettle_callback_new (all, row->row->listener, row->first, c->ours, c->address,
                                         &c->callback, err);

  for (uint32_t port = row->first + 1u; row->first && r == FETTLE_E_BUSY && port <= row->last; port++) {
    r = fettle_callback_new (all, row->row->listener, (uint16_t) port, c->ours, c->address,
                             &c->callback, err);
    row->port = (uint16_t) port;
  }
  return r;
}

static void
look_back (struct lane *lane)
{
  struct check *c = lane->check;
  struct check_row *row = &c->rows[c->at];
  struct fettle_error err;

  c->user->looking (row);
  if (row->first)
    row->port = row->first;
  if (!c->type->reach_back)
    judge_back (lane, NULL, FETTLE_E_UNSUPPORTED, NULL);
  else if (!*c->ours)
    judge_back (lane, NULL, FETTLE_E_UNREACHABLE, "this host has no route to the node");
  else if (!can_be_asked (c))
    judge_back (lane, NULL, FETTLE_E_UNREACHABLE, "none of its ports answers");
  else if (!lane->engine->callbacks)
    judge_back (lane, "it has no listeners for nodes", FETTLE_E_INTERNAL, NULL);
  else if (listen_for (row, &err))
    judge_back (lane, err.text, err.code, NULL);
  else {
    c->arrivals = fettle_arrivals_new (lane->engine->base, c->address, c->ours, row->port);
    lane->argument = fettle_callback_url (c->callback);
    lane->told = row->task;
    lane->operation = row->task->id;
    lane->phase = row->row->phases & FETTLE_DEPLOYMENT ? FETTLE_DEPLOYMENT : FETTLE_INVENTORY;
    fettle_check_count (c, &c->before, call_back);
  }
}

static void
next_back (struct lane *lane)
{
  struct check *c = lane->check;

  while (c->at < c->n_rows && !is_back (&c->rows[c->at]))
    c->at++;
  if (c->at == c->n_rows)
    c->user->ended (lane, NULL);
  else if (lane->job->aborted)
    aborted (lane);
  else
    look_back (lane);
}

/* ---- The beginning ---- */

static void
look_there (struct lane *lane, const char *address, const struct fettle_error *why)
{
  struct check *c = lane->check;
  struct fettle_error err;

  if (why) {
    c->user->ended (lane, why);
    return;
  }
  snprintf (c->address, sizeof c->address, "%s", address);
  if (fettle_own_address (address, c->ours, sizeof c->ours, &err))
    c->ours[0] = '\0';
  c->probes = 1; /* so that nothing is at its end before all have begun */
  for (size_t i = 0; i < c->n_rows; i++) {
    struct check_row *row = &c->rows[i];

    if (is_back (row) || is_range (row))
      continue;
    c->user->looking (row);
    if (begin_probe (row, &row->error))
      row->seen.error = EIO;
  }
  probe_done (c);
}

void
fettle_check_begin (struct lane *lane)
{
  if (lane->job->aborted)
    aborted (lane);
  else
    fettle_lane_resolve (lane, look_there);
}
