/* holes.c - this host's firewall, opened for the calls of jobs.
 *
 * A lane takes a lease just before a call whose phase has rows from the
 * target, keeps it while the component is on its way (also between the calls
 * of a long one), and gives it back when it has ended.  Leases are in the
 * store before anything is opened, so that a start after a crash closes what
 * isn't wanted any more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/holes.h"
#include "util/log.h"
#include "util/text.h"

#define MARGIN 60 /* s that a lease outlives the call's deadline */

/* ---- The journal ---- */

static json_t *
hole_json (const struct fettle_hole *h)
{
  char address[FETTLE_ADDRESS_TEXT];

  return json_pack ("{s:s s:i s:i s:i s:s}", "from", fettle_address_text (&h->from, address),
                    "protocol", (int) h->protocol, "first", (int) h->first, "last", (int) h->last,
                    "purpose", h->purpose);
}

static fettle_result
taken (void *arg, const struct fettle_lease *l, struct fettle_error *err)
{
  struct fettle_engine *e = arg;
  _cleanup_json_ json_t *holes = json_array ();

  for (size_t i = 0; i < l->n; i++)
    json_array_append_new (holes, hole_json (&l->holes[i]));
  if (fettle_store_run (e->store,
                        "INSERT OR REPLACE INTO lease (node, job, phase, until, holes)"
                        " VALUES (?, ?, ?, ?, ?)", "ssiij", l->node, l->job, (int64_t) l->phase,
                        l->until, holes)
      && fettle_store_sync (e->store))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_INTERNAL, "the lease can't be written down");
}

static fettle_result
ended (void *arg, const struct fettle_lease *l, bool by_time, struct fettle_error *err)
{
  struct fettle_engine *e = arg;

  (void) by_time;
  if (fettle_store_run (e->store, "DELETE FROM lease WHERE node = ? AND job = ? AND phase = ?",
                        "ssi", l->node, l->job, (int64_t) l->phase))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_INTERNAL, "the lease's end can't be written down");
}

static void
notice (void *arg, const char *text)
{
  (void) arg;
  fettle_log (FETTLE_LOG_WARNING, "firewall: %s", text);
}

/* ---- The backend, when it is first needed ---- */

fettle_result
fettle_listen_ports_of (const struct fettle_settings *s, struct fettle_listen_ports *ret,
                        struct fettle_error *err)
{
  *ret = (struct fettle_listen_ports) { .http = (uint16_t) s->port, .https = (uint16_t) s->ssl_port,
                                        .ftp = (uint16_t) s->ftp_port };
  if (fettle_parse_port_range (s->data_ports ? s->data_ports : "", &ret->data_first,
                               &ret->data_last, err))
    return err->code;
  return fettle_parse_port_range (s->ftp_data_ports ? s->ftp_data_ports : "",
                                  &ret->ftp_data_first, &ret->ftp_data_last, err);
}

static void
add_span (struct holes *h, uint16_t first, uint16_t last)
{
  if (first)
    h->spans[h->options.n_ports++] = (struct fettle_port_span) { FETTLE_TCP, first, last };
}

static struct holes *
holes_new (struct fettle_engine *e, struct fettle_error *err)
{
  struct holes *h = calloc (1, sizeof *h);
  const struct fettle_listen_ports *l = h ? &h->listen : NULL;

  if (!h) {
    fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
    return NULL;
  }
  if (fettle_listen_ports_of (e->settings, &h->listen, err)) {
    free (h);
    return NULL;
  }
  h->options.libexecdir = e->settings->libexecdir;
  h->options.ports = h->spans;
  add_span (h, l->http, l->http);
  add_span (h, l->https, l->https);
  add_span (h, l->ftp, l->ftp);
  add_span (h, l->data_first, l->data_last);
  if (l->ftp)
    add_span (h, l->ftp_data_first, l->ftp_data_last);
  return h;
}

static void
gated (void *arg, fettle_result r, const char *text)
{
  (void) arg;
  if (r && r != FETTLE_E_UNSUPPORTED)
    fettle_log (FETTLE_LOG_WARNING, "firewall: listeners are open to everybody: %s", text);
}

/* Listeners are for those who have a hole, also on a host without a policy of
 * its own.  But where the API was put on the network, HTTPS is everybody's,
 * unless it was said who may come. */
static void
gate_ports (struct fettle_engine *e)
{
  const struct holes *h = e->holes;
  bool https = !fettle_api_is_remote (e->settings) || fettle_browsers_wanted (e->settings);
  struct fettle_port_span spans[COUNT (h->spans)];
  size_t n = 0;

  for (size_t i = 0; i < h->options.n_ports; i++)
    if (h->spans[i].first != h->listen.https || https)
      spans[n++] = h->spans[i];
  fettle_firewall_gate (fettle_leases_firewall (e->leases), spans, n, gated, NULL);
}

fettle_result
fettle_holes_need (struct fettle_engine *e, struct fettle_error *err)
{
  static const struct fettle_lease_hooks hooks = { .taken = taken, .ended = ended,
                                                   .notice = notice };
  const char *wanted = e->settings->firewall ? e->settings->firewall : "auto";
  const struct fettle_backend *backend;

  if (e->leases)
    return FETTLE_OK;
  if (!e->holes && !(e->holes = holes_new (e, err)))
    return err->code;
  if (fettle_backend_choose (wanted, &e->holes->options, &backend, NULL, err)
      || fettle_leases_new (e->base, backend, &e->holes->options, &hooks, e, &e->leases, err))
    return err->code;
  fettle_log (FETTLE_LOG_INFO, "firewall: %s", backend->title);
  gate_ports (e);
  return FETTLE_OK;
}

/* ---- At start ---- */

struct loaded {
  struct fettle_lease lease;
  struct fettle_hole holes[FETTLE_LEASE_HOLES_MAX];
};

static void
load_holes (const json_t *list, struct loaded *l)
{
  const json_t *hole;
  struct fettle_error err;
  size_t i;

  json_array_foreach (list, i, hole) {
    struct fettle_hole *h = &l->holes[l->lease.n];
    const char *purpose = json_string_value (json_object_get (hole, "purpose"));
    const char *from = json_string_value (json_object_get (hole, "from"));

    if (l->lease.n == FETTLE_LEASE_HOLES_MAX || !from
        || fettle_address_parse (from, &h->from, &err))
      continue;
    h->protocol = (uint32_t) json_integer_value (json_object_get (hole, "protocol"));
    h->first = (uint16_t) json_integer_value (json_object_get (hole, "first"));
    h->last = (uint16_t) json_integer_value (json_object_get (hole, "last"));
    h->purpose = purpose ? purpose : "";
    l->lease.n++;
  }
}

fettle_result
fettle_holes_recover (struct fettle_engine *e, struct fettle_error *err)
{
  struct fettle_rows rows;

  /* Browsers' are taken anew, if that is still wanted. */
  fettle_store_run (e->store, "DELETE FROM lease WHERE job = ?", "s", FETTLE_BROWSERS_JOB);
  if (!fettle_store_number (e->store, 0, "SELECT count (*) FROM lease", ""))
    return FETTLE_OK;
  /* No reason not to start: nodes wait, and the rows stay for the next time. */
  if (fettle_holes_need (e, err)) {
    fettle_log (FETTLE_LOG_ERROR, "firewall: what may still be open can't be closed: %s", err->text);
    return FETTLE_OK;
  }
  fettle_store_query (e->store, &rows, "SELECT node, job, phase, until, holes FROM lease", "");
  while (fettle_rows_next (&rows)) {
    _cleanup_json_ json_t *holes = fettle_rows_json (&rows, 4);
    struct loaded l = { .lease = { .node = fettle_rows_text (&rows, 0),
                                   .job = fettle_rows_text (&rows, 1),
                                   .phase = (uint32_t) fettle_rows_int (&rows, 2),
                                   .until = fettle_rows_int (&rows, 3) } };

    l.lease.holes = l.holes;
    load_holes (holes, &l);
    if (fettle_leases_load (e->leases, &l.lease, err))
      fettle_log (FETTLE_LOG_WARNING, "firewall: a lease of %s: %s", l.lease.node, err->text);
  }
  fettle_leases_settle (e->leases, NULL, NULL);
  return FETTLE_OK;
}

void
fettle_holes_free (struct fettle_engine *e)
{
  if (e->leases)
    fettle_leases_free (e->leases);
  free (e->holes);
}

/* ---- What a node needs in a phase ---- */

size_t
fettle_holes_of (struct fettle_engine *e, const struct fettle_node_type *type, const char *address,
                 uint32_t phase, struct fettle_hole ret[FETTLE_LEASE_HOLES_MAX],
                 struct fettle_error *err)
{
  const struct fettle_port_node node = { .name = "", .address = address, .our_address = "",
                                         .plugin = "", .type = type };
  struct fettle_flows flows;
  size_t n = 0;

  if (fettle_flows_derive (&node, 1, phase, &e->holes->listen, &flows, err))
    return 0;
  for (size_t i = 0; i < flows.n && n < FETTLE_LEASE_HOLES_MAX; i++) {
    const struct fettle_flow *f = &flows.flows[i];

    if (!f->from_node)
      continue;
    ret[n] = (struct fettle_hole) { .protocol = f->protocol, .first = f->first, .last = f->last,
                                    .purpose = f->row->purpose };
    if (fettle_address_parse (address, &ret[n].from, err) == FETTLE_OK)
      n++;
  }
  fettle_flows_clear (&flows);
  return n;
}

static bool
wanted (const struct lane *lane, const struct fettle_node_type *type)
{
  if (!fettle_job_opens_firewall (lane->job))
    return false;
  for (uint32_t i = 0; type && i < type->n_ports; i++)
    if (type->ports[i].direction == FETTLE_FROM_TARGET && (type->ports[i].phases & lane->phase))
      return true;
  return false;
}

/* ---- A lane's lease ---- */

static void
job_name (const struct lane *lane, char ret[24])
{
  snprintf (ret, 24, "%lld", (long long) lane->job->id);
}

static void
go_on (struct lane *lane)
{
  void (*then) (struct lane *) = lane->opened;

  lane->opened = NULL;
  then (lane);
}

static void
on_taken (void *arg, fettle_result r, const char *text)
{
  struct lane *lane = arg;

  if (r)
    fettle_task_log (lane->told, "the firewall of this host couldn't be opened: %s", text);
  if (lane->opened)
    go_on (lane);
}

static void
take (struct lane *lane)
{
  struct fettle_engine *e = lane->engine;
  const struct fettle_node_type *type = fettle_plugins_type (e->plugins, lane->type, NULL);
  struct fettle_hole holes[FETTLE_LEASE_HOLES_MAX];
  struct fettle_lease lease = { .node = lane->name, .phase = lane->phase, .holes = holes,
                                .until = time (NULL) + lane->deadline + MARGIN };
  struct fettle_error err = { .code = FETTLE_OK };
  char job[24];

  job_name (lane, job);
  lease.job = job;
  lease.n = fettle_holes_of (e, type, lane->literal, lane->phase, holes, &err);
  if (err.code == FETTLE_OK && lease.n
      && fettle_leases_take (e->leases, &lease, on_taken, lane, &err) == FETTLE_OK)
    return;
  on_taken (lane, err.code, err.text);
}

/* What would still drop the node's packets: said where it is looked for. */
static void
on_look (void *arg, fettle_result r, const char *text, const struct fettle_obstacle *found,
         size_t n)
{
  struct lane *lane = arg;

  (void) r;
  (void) text;
  for (size_t i = 0; i < n; i++)
    fettle_task_log (lane->told, "%s; mend it with: %s%s", found[i].what, found[i].mend,
                     found[i].by_setup ? " (fettle firewall setup does it)" : "");
  take (lane);
}

void
fettle_holes_open (struct lane *lane, void (*then) (struct lane *))
{
  struct fettle_engine *e = lane->engine;
  struct fettle_error err;

  lane->opened = then;
  if (!wanted (lane, fettle_plugins_type (e->plugins, lane->type, NULL)))
    go_on (lane);
  else if (fettle_holes_need (e, &err))
    on_taken (lane, err.code, err.text);
  else if (lane->job->looked)
    take (lane);
  else {
    lane->job->looked = true; /* once a job: the host's rules are the same for all nodes */
    fettle_firewall_look (fettle_leases_firewall (e->leases), on_look, lane);
  }
}

void
fettle_holes_close (struct lane *lane)
{
  static const uint32_t phases[] = { FETTLE_INVENTORY, FETTLE_DEPLOYMENT };
  char job[24];

  job_name (lane, job);
  for (size_t i = 0; lane->engine->leases && i < COUNT (phases); i++)
    fettle_leases_give_back (lane->engine->leases, lane->name, job, phases[i]);
}
