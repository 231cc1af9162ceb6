/* holes-api.c - the API of this host's firewall: what is open, and what is
 * opened and closed by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/holes.h"
#include "util/text.h"

#define MAX_MINUTES 1440 /* of what is opened by hand */

/* ---- GET /firewall ---- */

static json_t *
row_json (const struct fettle_lease_row *row)
{
  const struct fettle_hole *h = &row->hole;
  char address[FETTLE_ADDRESS_TEXT], until[FETTLE_TIME_MAX];

  return json_pack ("{s:s s:s s:s s:s s:i s:i s:s s:s s:s s:o s:o s:I}",
                    "node", h->node, "job", row->job,
                    "phase", h->phase == FETTLE_INVENTORY ? "inventory"
                             : h->phase == FETTLE_DEPLOYMENT ? "deployment" : "",
                    "protocol", h->protocol == FETTLE_UDP ? "udp" : "tcp",
                    "first", (int) h->first, "last", (int) h->last,
                    "from", fettle_address_text (&h->from, address),
                    "purpose", h->purpose, "until", fettle_time_text (h->until, until),
                    "open", row->status.known ? json_boolean (row->status.open) : json_null (),
                    "packets", row->status.counted ? json_integer ((json_int_t) row->status.packets)
                                                   : json_null (),
                    "remaining", (json_int_t) row->status.remaining_s);
}

/* The client may leave before the answer is there. */
struct asking {
  struct fettle_request *request;
  const char *backend;
};

static void
asker_gone (struct fettle_request *r, void *arg)
{
  (void) r;
  ((struct asking *) arg)->request = NULL;
}

static void
on_status (void *arg, fettle_result code, const char *text, const struct fettle_lease_row *rows,
           size_t n)
{
  _cleanup_free_ struct asking *a = arg;
  json_t *list = json_array ();
  struct fettle_error err;

  for (size_t i = 0; i < n; i++)
    json_array_append_new (list, row_json (&rows[i]));
  if (a->request && code) {
    fettle_error_set (&err, code, "%s", text);
    fettle_request_fail (a->request, &err);
  }
  else if (a->request) {
    fettle_request_reply (a->request, 200, json_pack ("{s:s s:O}", "backend", a->backend, "holes",
                                                      list));
  }
  json_decref (list);
}

void
fettle_api_firewall (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct asking *a;

  if (!e->leases) {
    fettle_request_reply (r, 200, json_pack ("{s:n s:[]}", "backend", "holes"));
    return;
  }
  a = calloc (1, sizeof *a);
  if (!a)
    abort ();
  a->request = r;
  a->backend = fettle_firewall_backend (fettle_leases_firewall (e->leases))->name;
  r->gone = asker_gone;
  r->arg = a;
  fettle_leases_status (e->leases, on_status, a);
}

/* ---- POST /firewall/open and /close: by hand ---- */

struct by_hand {
  uint32_t phase;
  int64_t until;
};

static fettle_result
read_by_hand (const json_t *body, struct by_hand *ret, struct fettle_error *err)
{
  const char *phase = json_string_value (json_object_get (body, "phase"));
  const json_t *minutes = json_object_get (body, "minutes");
  json_int_t m = minutes ? json_integer_value (minutes) : 60;

  ret->phase = phase && strcmp (phase, "inventory") == 0 ? FETTLE_INVENTORY : FETTLE_DEPLOYMENT;
  if (phase && !fettle_has_word ("inventory deployment", phase))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"phase\" is inventory or deployment");
  if (m < 1 || m > MAX_MINUTES)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"minutes\" is 1 to %d", MAX_MINUTES);
  ret->until = time (NULL) + m * 60;
  return FETTLE_OK;
}

static fettle_result
open_node (struct fettle_engine *e, int64_t id, const struct by_hand *how, struct fettle_error *err)
{
  struct fettle_hole holes[FETTLE_LEASE_HOLES_MAX];
  struct fettle_lease lease = { .job = "", .phase = how->phase, .until = how->until,
                                .holes = holes };
  _cleanup_free_ char *name = NULL, *address = NULL;
  const struct fettle_node_type *type = NULL;
  struct fettle_rows rows;

  fettle_store_query (e->store, &rows, "SELECT name, address, type FROM node WHERE id = ?", "i", id);
  if (!fettle_rows_next (&rows))
    return fettle_error_set (err, FETTLE_E_UNREACHABLE, "the node is gone");
  name = strdup (fettle_rows_text (&rows, 0));
  address = strdup (fettle_rows_text (&rows, 1));
  type = fettle_plugins_type (e->plugins, fettle_rows_text (&rows, 2), NULL);
  fettle_rows_end (&rows);
  if (!type)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the type of %s isn't known yet", name);
  if (!fettle_is_address (address))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is a name: holes by hand are for addresses",
                             address);
  lease.node = name;
  lease.n = fettle_holes_of (e, type, address, how->phase, holes, err);
  return lease.n ? fettle_leases_take (e->leases, &lease, NULL, NULL, err) : FETTLE_OK;
}

void
fettle_api_firewall_open (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *ids = NULL;
  struct by_hand how = { 0 };
  struct fettle_error err;
  json_t *id;
  size_t i;

  if (read_by_hand (r->body, &how, &err) || fettle_holes_need (e, &err)
      || fettle_nodes_of (e, json_object_get (r->body, "nodes"), &ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  json_array_foreach (ids, i, id)
    if (open_node (e, json_integer_value (id), &how, &err)) {
      fettle_request_fail (r, &err);
      return;
    }
  fettle_api_firewall (e, r);
}

static void
close_node (struct fettle_engine *e, int64_t id)
{
  struct fettle_rows rows;

  fettle_store_query (e->store, &rows, "SELECT name FROM node WHERE id = ?", "i", id);
  if (!fettle_rows_next (&rows))
    return;
  fettle_leases_give_back (e->leases, fettle_rows_text (&rows, 0), "", FETTLE_INVENTORY);
  fettle_leases_give_back (e->leases, fettle_rows_text (&rows, 0), "", FETTLE_DEPLOYMENT);
  fettle_rows_end (&rows);
}

void
fettle_api_firewall_close (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *ids = NULL;
  struct fettle_error err;
  json_t *id;
  size_t i;

  if (fettle_nodes_of (e, json_object_get (r->body, "nodes"), &ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  json_array_foreach (ids, i, id)
    if (e->leases)
      close_node (e, json_integer_value (id));
  fettle_api_firewall (e, r);
}
