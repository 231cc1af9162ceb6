/* audit.c - what of the service's work goes to the audit log (store/audit.h),
 * and the API that shows it.
 *
 * Every request that changes something is written down, with who asked and
 * what came of it; and how each task and job ended.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "store/audit.h"
#include "util/redact.h"
#include "util/text.h"

#define API        "/api/v1"
#define MOST_ROWS  10000 /* of one answer */
#define SLICE      2000  /* rows verified in one go */

/* ---- What is written ---- */

/* POST, but nothing is changed by it. */
static bool
only_looks (const struct fettle_route *route)
{
  return strcmp (route->method, "GET") == 0 || strcmp (route->path, API "/plans") == 0;
}

void
fettle_engine_answered (void *engine, const struct fettle_request *r,
                        const struct fettle_route *route, int status, const json_t *answer)
{
  struct fettle_engine *e = engine;
  json_t *body = json_is_object (r->body) ? fettle_redact (r->body) : NULL;
  _cleanup_json_ json_t *detail = NULL;
  const char *path = route->path;
  char what[128], refused[400];

  if (only_looks (route)) {
    json_decref (body);
    return;
  }
  path += strncmp (path, API, strlen (API)) == 0 ? strlen (API) : 0;
  snprintf (what, sizeof what, "%s %s", route->method, path);
  snprintf (refused, sizeof refused, "refused (%d): %.350s", status,
            json_is_string (json_object_get (answer, "detail"))
              ? json_string_value (json_object_get (answer, "detail")) : "");
  detail = json_pack ("{s:o* s:O*}", "asked", body, "job", json_object_get (answer, "job"));
  fettle_audit_add (e->audit, &(struct fettle_audit_entry) {
    .who = r->caller ? r->caller->name : "unknown",
    .role = r->caller ? fettle_role_name (r->caller->role) : NULL,
    .origin = r->caller ? r->caller->from : NULL, .what = what, .object = r->parameter,
    .outcome = status < 300 ? "done" : refused, .detail = detail });
}

void
fettle_audit_task (const struct task *t)
{
  const json_t *component = json_object_get (t->spec, "component");
  _cleanup_json_ json_t *detail = NULL;

  /* Looking changes nothing. */
  if (!component)
    return;
  detail = json_pack ("{s:I s:I s:O* s:O* s:s*}", "job", (json_int_t) t->job->id, "task",
                      (json_int_t) t->id, "component", json_object_get (component, "id"),
                      "version", json_object_get (component, "version"), "error",
                      t->error.code ? t->error.text : NULL);
  fettle_audit_add (t->job->engine->audit, &(struct fettle_audit_entry) {
    .who = "service", .what = "task", .object = t->lane->name, .outcome = t->state,
    .detail = detail });
}

void
fettle_audit_job (const struct job *j, int code)
{
  _cleanup_json_ json_t *detail = json_pack ("{s:s s:i}", "kind", j->kind, "exit_code", code);
  char id[24];

  snprintf (id, sizeof id, "%lld", (long long) j->id);
  fettle_audit_add (j->engine->audit, &(struct fettle_audit_entry) {
    .who = "service", .what = "job", .object = id, .outcome = j->aborted ? "aborted" : "done",
    .detail = detail });
}

void
fettle_audit_service (struct fettle_engine *e, const char *outcome)
{
  fettle_audit_add (e->audit, &(struct fettle_audit_entry) {
    .who = "service", .what = "service", .object = PACKAGE_VERSION, .outcome = outcome });
}

/* ---- GET /audit ---- */

static json_t *
row_json (struct fettle_rows *r)
{
  char when[FETTLE_TIME_MAX];

  return json_pack ("{s:I s:s s:s? s:s? s:s? s:s? s:s? s:s? s:o s:s?}",
                    "id", (json_int_t) fettle_rows_int (r, 0),
                    "time", fettle_time_text (fettle_rows_int (r, 1), when),
                    "who", fettle_rows_text (r, 2),
                    "role", fettle_rows_text (r, 3),
                    "from", fettle_rows_text (r, 4),
                    "what", fettle_rows_text (r, 5),
                    "object", fettle_rows_text (r, 6),
                    "outcome", fettle_rows_text (r, 7),
                    "detail", fettle_rows_json (r, 8),
                    "hash", fettle_rows_text (r, 9));
}

static bool
number (const json_t *query, const char *name, uint64_t min, uint64_t max, uint64_t *ret,
        struct fettle_error *err)
{
  const char *text = json_string_value (json_object_get (query, name));

  if (!text || fettle_parse_uint (text, min, max, ret))
    return true;
  fettle_error_set (err, FETTLE_E_CONFIG, "%s is a number of %llu to %llu, not \"%.40s\"", name,
                    (unsigned long long) min, (unsigned long long) max, text);
  return false;
}

void
fettle_api_audit_list (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  json_t *entries = json_array ();
  struct fettle_error err;
  struct fettle_rows rows;
  uint64_t after = UINT64_MAX, limit = 100;

  if (!number (r->query, "after", 0, INT64_MAX, &after, &err)
      || !number (r->query, "limit", 1, MOST_ROWS, &limit, &err)) {
    json_decref (entries);
    fettle_request_fail (r, &err);
    return;
  }
  /* Without a beginning: the last ones. */
  if (after == UINT64_MAX) {
    int64_t last = fettle_store_number (e->store, 0, "SELECT max (id) FROM audit", "");

    after = last > (int64_t) limit ? (uint64_t) last - limit : 0;
  }
  fettle_store_query (e->store, &rows,
                      "SELECT id, time, who, role, origin, what, object, outcome, detail, hash"
                      " FROM audit WHERE id > ? ORDER BY id LIMIT ?", "ii", (int64_t) after,
                      (int64_t) limit);
  while (fettle_rows_next (&rows))
    json_array_append_new (entries, row_json (&rows));
  fettle_request_reply (r, 200, json_pack ("{s:o}", "entries", entries));
}

/* ---- GET /audit/verify: in slices, since it may be long ---- */

struct verifying {
  struct fettle_engine *engine;
  struct fettle_request *request;
  struct event *event;
  struct fettle_audit_state state;
  uint64_t expected_id;              /* 0: none */
  char expected[FETTLE_AUDIT_HASH];
  bool met;
};

static void
verifying_free (struct verifying *v)
{
  event_free (v->event);
  free (v);
}

static void
client_gone (struct fettle_request *r, void *arg)
{
  (void) r;
  verifying_free (arg);
}

static void
say (struct verifying *v)
{
  const struct fettle_audit_state *s = &v->state;
  const char *wrong = s->wrong;

  if (!wrong && v->expected_id && !v->met)
    wrong = "the expected row isn't there with that hash: the log was cut off or made anew";
  fettle_request_reply (v->request, 200,
                        json_pack ("{s:b s:I s:I s:s s:s?}", "intact", wrong == NULL, "entries",
                                   (json_int_t) s->rows, "last", (json_int_t) s->id, "hash",
                                   s->hash, "wrong", wrong));
  verifying_free (v);
}

static void
verify_more (evutil_socket_t fd, short what, void *arg)
{
  static const struct timeval now = { 0, 0 };
  struct verifying *v = arg;
  int slice = SLICE;

  (void) fd, (void) what;
  /* A slice ends with the row that is expected. */
  if (v->expected_id > (uint64_t) v->state.id && v->expected_id - (uint64_t) v->state.id < SLICE)
    slice = (int) (v->expected_id - (uint64_t) v->state.id);
  fettle_audit_verify (v->engine->store, &v->state, slice);
  if ((uint64_t) v->state.id == v->expected_id && v->expected_id)
    v->met = strcmp (v->state.hash, v->expected) == 0;
  if (v->state.done)
    say (v);
  else
    event_add (v->event, &now);
}

/* "17:HASH" */
static bool
take_expected (struct verifying *v, const char *text)
{
  const char *colon = strchr (text, ':');
  char id[24];

  if (!colon || strlen (colon + 1) != FETTLE_AUDIT_HASH - 1
      || (size_t) snprintf (id, sizeof id, "%.*s", (int) (colon - text), text) >= sizeof id)
    return false;
  memcpy (v->expected, colon + 1, sizeof v->expected);
  return fettle_parse_uint (id, 1, INT64_MAX, &v->expected_id);
}

void
fettle_api_audit_verify (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  const char *expected = json_string_value (json_object_get (r->query, "expect"));
  struct verifying *v = calloc (1, sizeof *v);
  struct fettle_error err;

  if (!v || !(v->event = event_new (e->base, -1, 0, verify_more, v)))
    abort ();
  v->engine = e;
  v->request = r;
  if (expected && !take_expected (v, expected)) {
    verifying_free (v);
    fettle_error_set (&err, FETTLE_E_CONFIG, "what is expected is ID:HASH, as audit list shows it");
    fettle_request_fail (r, &err);
    return;
  }
  r->gone = client_gone;
  r->arg = v;
  verify_more (-1, 0, v);
}
