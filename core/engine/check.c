/* check.c - the check job: can this host and its nodes reach each other?  One
 * task for each node and port, made of what the node types declare.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/check.h"
#include "engine/holes.h"
#include "util/text.h"

/* ---- Tasks ---- */

const char *
fettle_check_greeting (const struct fettle_port *row)
{
  return row->protocol == FETTLE_TCP && row->first == 22 && row->last == 22 ? "SSH-" : NULL;
}

const char *
fettle_protocol_name (uint32_t protocol)
{
  return protocol == FETTLE_UDP ? "udp" : "tcp";
}

static const char *
listener_name (uint32_t listener)
{
  return listener == FETTLE_LISTEN_HTTPS ? "https" : listener == FETTLE_LISTEN_FTP ? "ftp" : "http";
}

static json_t *
spec_of (const struct fettle_flow *f)
{
  return json_pack ("{s:s s:s s:i s:i s:s? s:s s:b}", "direction", f->from_node ? "from" : "to",
                    "protocol", fettle_protocol_name (f->protocol), "port", (int) f->first, "last",
                    (int) f->last, "listener",
                    f->from_node ? listener_name (f->row->listener) : NULL, "purpose",
                    f->row->purpose, "optional", !fettle_port_is_needed (f->row));
}

static void
title_of (const struct fettle_flow *f, char *ret, size_t size)
{
  char ports[16];

  snprintf (ports, sizeof ports, f->first == f->last ? "%u" : "%u-%u", f->first, f->last);
  snprintf (ret, size, "%s %s %s (%s)", f->from_node ? "from" : "to",
            f->from_node ? listener_name (f->row->listener) : fettle_protocol_name (f->protocol), ports,
            f->row->purpose);
}

static void
save_spec (struct task *t)
{
  fettle_store_run (t->job->engine->store, "UPDATE task SET spec = ? WHERE id = ?", "ji", t->spec,
                    t->id);
}

static void
looking (struct check_row *row)
{
  fettle_task_state (row->task, "running");
}

/* The verdict becomes the task's end, and part of its spec. */
static void
verdict (struct check_row *row, const struct fettle_verdict *v)
{
  const struct check *c = row->check;
  struct task *t = row->task;
  bool open = fettle_cause_is_open (v->cause);
  bool optional = !fettle_port_is_needed (row->row);
  struct fettle_error err;

  fettle_way_found (row, v);
  if (row->row->direction == FETTLE_FROM_TARGET && *c->said)
    json_object_set_new (t->spec, "node_says", json_string (c->said));
  if (row->row->direction == FETTLE_FROM_TARGET && *c->ours)
    json_object_set_new (t->spec, "ours", json_string (c->ours));
  json_object_set_new (t->spec, "verdict", json_string (fettle_cause_name (v->cause)));
  json_object_set_new (t->spec, "sentence", json_string (v->sentence));
  json_object_set_new (t->spec, "mend", *v->mend ? json_string (v->mend) : json_null ());
  save_spec (t);
  fettle_error_set (&err, v->cause == FETTLE_UNTESTED ? FETTLE_E_UNSUPPORTED : FETTLE_E_UNREACHABLE,
                    "%s%s%s", v->sentence, *v->mend ? "; " : "", v->mend);
  if (open || optional) {
    snprintf (t->step, sizeof t->step, "%s%s", open ? "" : "closed, but optional: ",
              fettle_cause_name (v->cause));
    fettle_job_event (t->job, t, json_pack ("{s:i s:s}", "progress", 1000, "step", t->step));
    fettle_task_log (t, "%s", err.text);
    fettle_task_end (t, "done", NULL);
  }
  else
    fettle_task_end (t, v->cause == FETTLE_UNTESTED ? "unknown" : "failed", &err);
}

void
fettle_check_end_all (struct lane *lane, const char *state, const struct fettle_error *err)
{
  for (size_t i = 0; i < lane->n_tasks; i++)
    if (!fettle_task_ended (fettle_lane_task (lane, i)))
      fettle_task_end (fettle_lane_task (lane, i), state, err);
  fettle_lane_end (lane);
}

static void
ended (struct lane *lane, const struct fettle_error *err)
{
  if (err)
    fettle_check_end_all (lane, err->code == FETTLE_E_ABORTED ? "aborted" : "failed", err);
  else
    fettle_lane_end (lane);
}

static const struct check_user job_of_its_own = { looking, verdict, ended };

/* ---- The rows ---- */

static json_t *
settings_of (struct fettle_engine *e, int64_t node)
{
  struct fettle_rows rows;
  json_t *settings = NULL;

  fettle_store_query (e->store, &rows, "SELECT settings FROM node WHERE id = ?", "i", node);
  if (fettle_rows_next (&rows)) {
    settings = fettle_rows_json (&rows, 0);
    fettle_rows_end (&rows);
  }
  return settings;
}

/* A row needs one look, though two phases want it; so do the ports that
 * downloads move to.  Passive FTP is looked at with its control connection. */
static size_t
without_twins (struct fettle_flows *flows)
{
  size_t n = 0;

  for (size_t i = 0; i < flows->n; i++) {
    const struct fettle_flow *f = &flows->flows[i], *before = n ? &flows->flows[n - 1] : NULL;

    if (!before || before->row != f->row
        || (before->first != f->first && f->row->listener != FETTLE_LISTEN_FTP))
      flows->flows[n++] = *f;
  }
  return flows->n = n;
}

fettle_result
fettle_check_flows (struct lane *lane, uint32_t phases, struct fettle_flows *ret,
                    struct fettle_error *err)
{
  struct fettle_engine *e = lane->engine;
  _cleanup_json_ json_t *settings = settings_of (e, lane->node);
  struct fettle_listen_ports ours;
  struct fettle_port_node node = { .name = "", .address = "", .our_address = "", .plugin = "",
                                   .type = fettle_plugins_type (e->plugins, lane->type, NULL),
                                   .moved = fettle_node_moved, .opaque = settings };

  if (!node.type)
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED,
                             "the type of this node isn't known, so neither are its ports: fettle"
                             " inventory %s, or fettle node set %s --type TYPE", lane->name,
                             lane->name);
  if (fettle_listen_ports_of (e->settings, &ours, err)
      || fettle_flows_derive (&node, 1, phases, &ours, ret, err))
    return err->code;
  without_twins (ret);
  return FETTLE_OK;
}

void
fettle_check_new (struct lane *lane, const struct fettle_flows *flows,
                  const struct check_user *user)
{
  struct check *c = calloc (1, sizeof *c);

  if (!c || !(c->rows = calloc (flows->n + 1, sizeof *c->rows)))
    abort ();
  lane->check = c;
  c->lane = lane;
  c->user = user;
  c->type = fettle_plugins_type (lane->engine->plugins, lane->type, NULL);
  for (size_t i = 0; i < flows->n; i++) {
    const struct fettle_flow *f = &flows->flows[i];
    bool data = f->from_node && i && flows->flows[i - 1].row == f->row;

    c->rows[c->n_rows++] = (struct check_row) { .check = c, .row = f->row, .protocol = f->protocol,
                                                .port = f->first, .declared = f->row->first,
                                                .first = data ? f->first : 0,
                                                .last = data ? f->last : 0 };
  }
}

/* ---- The job ---- */

struct planned {
  struct lane lane; /* engine, node, name and type alone: before the job is there */
  struct fettle_flows flows;
  struct fettle_error err;
};

/* What is to be looked at of each node. */
static size_t
plan (struct fettle_engine *e, const json_t *ids, uint32_t phases, struct planned *ret)
{
  size_t n = 0, i;
  const json_t *id;

  json_array_foreach (ids, i, id) {
    struct planned *p = &ret[i];
    struct fettle_rows rows;

    p->lane.engine = e;
    p->lane.node = json_integer_value (id);
    fettle_store_query (e->store, &rows, "SELECT name, type FROM node WHERE id = ?", "i",
                        p->lane.node);
    if (!fettle_rows_next (&rows))
      abort (); /* just looked up */
    p->lane.name = strdup (fettle_rows_text (&rows, 0));
    p->lane.type = strdup (fettle_rows_text (&rows, 1));
    fettle_rows_end (&rows);
    if (!p->lane.name || !p->lane.type)
      abort ();
    fettle_check_flows (&p->lane, phases, &p->flows, &p->err);
    n += p->flows.n ? p->flows.n : 1;
  }
  return n;
}

static void
unplan (struct planned *p, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    free (p[i].lane.name);
    free (p[i].lane.type);
    fettle_flows_clear (&p[i].flows);
  }
  free (p);
}

static void
add_rows (struct lane *lane, const struct fettle_flows *flows)
{
  char title[160];

  fettle_check_new (lane, flows, &job_of_its_own);
  for (size_t i = 0; i < flows->n; i++) {
    const struct fettle_flow *f = &flows->flows[i];

    title_of (f, title, sizeof title);
    lane->check->rows[i].task = fettle_job_add_task (lane->job, lane, title, "pending", 0,
                                                     spec_of (f), NULL, NULL);
  }
}

/* A node that nothing can be asked of: one task that says why. */
static void
nothing_to_do (struct lane *lane)
{
  struct task *t = fettle_lane_task (lane, 0);
  struct fettle_error err = t->error;

  t->error.code = FETTLE_OK;
  fettle_task_end (t, err.code ? "unknown" : "done", err.code ? &err : NULL);
  fettle_lane_end (lane);
}

static void
begin (struct lane *lane)
{
  if (lane->check)
    fettle_check_begin (lane);
  else
    nothing_to_do (lane);
}

static uint32_t
phases_of (const json_t *body)
{
  const json_t *value = json_object_get (body, "phase");
  const char *phase = value ? json_string_value (value) : "both";

  if (!phase)
    return 0;
  return strcmp (phase, "inventory") == 0    ? FETTLE_INVENTORY
         : strcmp (phase, "deployment") == 0 ? FETTLE_DEPLOYMENT
         : strcmp (phase, "both") == 0       ? FETTLE_BOTH : 0;
}

static struct job *
make_job (struct fettle_engine *e, const json_t *ids, uint32_t phases, const json_t *options)
{
  size_t n = json_array_size (ids), n_tasks;
  struct planned *planned = calloc (n + 1, sizeof *planned);
  struct job *j;

  if (!planned)
    abort ();
  n_tasks = plan (e, ids, phases, planned);
  j = fettle_job_new (e, "check", options, NULL);
  fettle_job_room (j, n_tasks, n);
  for (size_t i = 0; i < n; i++) {
    struct lane *lane = fettle_job_add_node (j, planned[i].lane.node);

    if (planned[i].flows.n)
      add_rows (lane, &planned[i].flows);
    else
      fettle_job_add_task (j, lane, "ports", "pending", 0, NULL, NULL, NULL)->error = planned[i].err;
  }
  unplan (planned, n);
  return j;
}

void
fettle_api_checks (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  uint32_t phases = phases_of (r->body);
  _cleanup_json_ json_t *ids = NULL, *options = NULL;
  struct fettle_error err;
  struct job *j;

  if (!phases) {
    fettle_error_set (&err, FETTLE_E_CONFIG, "\"phase\" is \"inventory\", \"deployment\" or \"both\"");
    fettle_request_fail (r, &err);
    return;
  }
  if (fettle_nodes_of (e, json_object_get (r->body, "nodes"), &ids, &err)
      || fettle_nodes_free (e, ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  options = json_pack ("{s:s}", "phase", phases == FETTLE_BOTH        ? "both"
                                         : phases == FETTLE_INVENTORY ? "inventory" : "deployment");
  j = make_job (e, ids, phases, options);
  fettle_job_begin (j, begin);
  fettle_request_reply (r, 202, json_pack ("{s:I}", "job", (json_int_t) j->id));
}

/* ---- The end ---- */

void
fettle_check_free (struct check *c)
{
  if (!c)
    return;
  for (size_t i = 0; i < c->n_rows; i++) {
    fettle_probe_cancel (c->rows[i].probe);
    fettle_probe_cancel (c->rows[i].probe_declared);
  }
  fettle_callback_free (c->callback);
  fettle_arrivals_free (c->arrivals);
  fettle_check_forget (c);
  free (c->rows);
  free (c);
}
