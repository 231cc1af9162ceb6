/* probe.c - POST /probes: of which type is what answers at an address?
 *
 * The plugins' own probes are asked, one after the other, within a time, and
 * without credentials: none are sent to who isn't a node yet.  What only
 * answers those who log in stays unknown until its first inventory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/call-request.h"
#include "util/clock.h"
#include "util/text.h"

#define AT_ONCE     16   /* probings */
#define PROBE_S     8    /* for one type */
#define ALL_MS      20000
#define SURE_ENOUGH 50

struct probing {
  struct probing *next, **here;
  struct fettle_engine *engine;
  struct fettle_request *request; /* NULL: who asked has gone */
  struct fettle_call *call;
  json_t *types, *tried;
  char address[64];
  size_t at;
  const char *best;
  uint32_t score;
  int64_t end;
};

static void
probing_free (struct probing *p)
{
  *p->here = p->next;
  if (p->next)
    p->next->here = p->here;
  p->engine->n_probings--;
  json_decref (p->types);
  json_decref (p->tried);
  free (p);
}

void
fettle_probes_free (struct fettle_engine *e)
{
  while (e->probings)
    probing_free (e->probings);
}

static void
asker_gone (struct fettle_request *r, void *arg)
{
  struct probing *p = arg;

  (void) r;
  p->request = NULL;
  if (p->call)
    fettle_call_abort (p->call);
}

static void
finish (struct probing *p)
{
  bool sure = p->score >= SURE_ENOUGH;

  if (p->request)
    fettle_request_reply (p->request, 200, json_pack ("{s:s s:s? s:i s:O}", "address", p->address, "type",
                                                      sure ? p->best : NULL, "score", (int) p->score,
                                                      "tried", p->tried));
  probing_free (p);
}

static void ask_next (struct probing *p);

static void
on_message (void *arg, const json_t *message)
{
  (void) arg;
  (void) message; /* nobody's keys are remembered */
}

static void
on_done (void *arg, const struct fettle_outcome *outcome)
{
  struct probing *p = arg;
  struct fettle_engine *e = p->engine;
  const char *type = json_string_value (json_array_get (p->types, p->at));

  p->call = NULL;
  e->calls--;
  json_array_append_new (p->tried, json_pack ("{s:s s:i s:s?}", "type", type, "score",
                                              outcome->code == FETTLE_OK ? (int) outcome->score : 0,
                                              "why", outcome->code == FETTLE_OK ? NULL : outcome->text));
  if (outcome->code == FETTLE_OK && outcome->score > p->score) {
    p->score = outcome->score;
    p->best = type;
  }
  p->at++;
  ask_next (p);
  fettle_lanes_dispatch (e);
}

static json_t *
question (const struct probing *p, const struct fettle_node_type *type)
{
  const struct fettle_settings *s = p->engine->settings;
  json_t *settings = json_object ();

  return json_pack ("{s:s s:s s:{s:s s:s s:s} s:i s:o s:o s:{s:s s:n} s:n s:{s:I s:I} s:{} s:n s:n s:[]}",
                    "call", "probe", "type", type->name, "target", "address", p->address, "name",
                    p->address, "operation", "discover", "phase", (int) FETTLE_INVENTORY, "ports",
                    fettle_call_ports (type, settings, FETTLE_INVENTORY), "settings", settings,
                    "host_key", "policy", "tofu", "pinned", "certificate", "timeouts", "connect",
                    (json_int_t) s->connect_timeout, "read", (json_int_t) s->read_timeout,
                    "credentials", "token", "argument", "fds");
}

/* The next type that has a probe, if there is time, and somebody who wants to know. */
static void
ask_next (struct probing *p)
{
  static const struct fettle_call_handlers handlers = { on_message, on_done };
  struct fettle_engine *e = p->engine;
  size_t n = json_array_size (p->types);

  for (; p->at < n && p->score < 100 && p->request && !e->stopping && fettle_now_ms () < p->end;
       p->at++) {
    const char *name = json_string_value (json_array_get (p->types, p->at));
    const struct fettle_node_type *type = fettle_plugins_type (e->plugins, name, NULL);
    _cleanup_json_ json_t *request = NULL;

    if (!type || !type->probe)
      continue;
    request = question (p, type);
    e->calls++;
    p->call = fettle_pool_call (e->pool, request, NULL, 0, PROBE_S, &handlers, p);
    return;
  }
  finish (p);
}

static fettle_result
check_body (struct fettle_engine *e, const json_t *body, struct fettle_error *err)
{
  const char *address = json_string_value (json_object_get (body, "address"));
  const json_t *types = json_object_get (body, "types"), *v;
  size_t i;

  if (!address || !fettle_is_address (address) || strlen (address) > 63)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"address\" isn't an address");
  if (!json_is_array (types) || json_array_size (types) == 0 || json_array_size (types) > 64)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"types\" is a list of 1 to 64 node types");
  json_array_foreach (types, i, v)
    if (!json_is_string (v) || !fettle_plugins_type (e->plugins, json_string_value (v), NULL))
      return fettle_error_set (err, FETTLE_E_CONFIG, "there is no node type %.100s",
                               json_is_string (v) ? json_string_value (v) : "like that");
  if (e->n_probings >= AT_ONCE)
    return fettle_error_set (err, FETTLE_E_BUSY, "%d addresses are being looked at: ask again later",
                             AT_ONCE);
  return FETTLE_OK;
}

void
fettle_api_probes (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_error err;
  struct probing *p;

  if (check_body (e, r->body, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  p = calloc (1, sizeof *p);
  if (!p)
    abort ();
  *p = (struct probing) { .engine = e, .request = r, .tried = json_array (), .here = &e->probings,
                          .next = e->probings, .end = fettle_now_ms () + ALL_MS,
                          .types = json_incref (json_object_get (r->body, "types")) };
  snprintf (p->address, sizeof p->address, "%s",
            json_string_value (json_object_get (r->body, "address")));
  if (p->next)
    p->next->here = &p->next;
  e->probings = p;
  e->n_probings++;
  r->gone = asker_gone;
  r->arg = p;
  ask_next (p);
}
