/* events.c - GET /events: what happens, told to those who watch, as
 * server-sent events.
 *
 * Events are rows of the store, and told once they are on the disk: who comes
 * back with Last-Event-ID misses none and gets none twice, also after a crash.
 * A watcher costs no memory but its place: what it has not taken yet is read
 * from the store when it has.  Progress alone isn't stored: it is told to who
 * keeps up, without an id.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/internal.h"
#include "util/text.h"

#define KEEP          100000 /* events, for those who come back */
#define PRUNE_EVERY     1000
#define MAX_WATCHES      100
#define UNSENT_MAX  (32 << 10) /* bytes on their way to one watcher */
#define AT_ONCE          100 /* rows of one read */
#define ALIVE_SECONDS     15 /* a comment now and then, through idle proxies */

struct watch {
  struct watch *next;
  struct fettle_engine *engine;
  struct fettle_request *request;
  int64_t last, job; /* job 0: all */
};

/* ---- Telling ---- */

static void
say (struct watch *w, int64_t id, const char *type, const char *data)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (1 << 20);

  if (id)
    fettle_buf_printf (&text, "id: %lld\n", (long long) id);
  fettle_buf_printf (&text, "event: %s\ndata: %s\n\n", type, data);
  fettle_request_write (w->request, text.data, text.size);
}

/* What is on the disk and not told yet, as much as the watcher takes. */
static void
pump (struct watch *w)
{
  struct fettle_engine *e = w->engine;
  struct fettle_rows rows;
  unsigned n = AT_ONCE;

  while (n == AT_ONCE && fettle_request_unsent (w->request) < UNSENT_MAX) {
    n = 0;
    fettle_store_query (e->store, &rows,
                        "SELECT id, type, data FROM event WHERE id > ?1 AND id <= ?2"
                        " AND (?3 = 0 OR job = ?3) ORDER BY id LIMIT ?4", "iiii", w->last,
                        e->event_committed, w->job, (int64_t) AT_ONCE);
    while (fettle_rows_next (&rows)) {
      n++;
      w->last = fettle_rows_int (&rows, 0);
      say (w, w->last, fettle_rows_text (&rows, 1), fettle_rows_text (&rows, 2));
    }
  }
}

static void
on_room (struct fettle_request *r, void *watch)
{
  (void) r;
  pump (watch);
}

static void
unlink_watch (struct watch *w)
{
  struct watch **p = &w->engine->watches;

  while (*p != w)
    p = &(*p)->next;
  *p = w->next;
  w->engine->n_watches--;
  free (w);
}

static void
on_gone (struct fettle_request *r, void *watch)
{
  (void) r;
  unlink_watch (watch);
}

/* ---- What happens ---- */

static void
committed (void *engine)
{
  struct fettle_engine *e = engine;

  e->event_waits = false;
  e->event_committed = e->event_last;
  for (struct watch *w = e->watches; w; w = w->next)
    if (!fettle_request_unsent (w->request))
      pump (w);
}

void
fettle_event (struct fettle_engine *e, const char *type, int64_t job, const json_t *data)
{
  if (!fettle_store_run (e->store, "INSERT INTO event (type, job, data) VALUES (?, ?, ?)", "sij",
                         type, job, data))
    return;
  e->event_last = fettle_store_last_id (e->store);
  if (e->event_last % PRUNE_EVERY == 0)
    fettle_store_run (e->store, "DELETE FROM event WHERE id <= ?", "i", e->event_last - KEEP);
  if (!e->event_waits)
    fettle_store_then (e->store, committed, e);
  e->event_waits = true;
}

void
fettle_event_passing (struct fettle_engine *e, const char *type, int64_t job, const json_t *data)
{
  _cleanup_free_ char *text = e->watches ? json_dumps (data, JSON_COMPACT) : NULL;

  for (struct watch *w = e->watches; text && w; w = w->next)
    if ((!w->job || w->job == job) && !fettle_request_unsent (w->request))
      say (w, 0, type, text);
}

void
fettle_event_node (struct fettle_engine *e, int64_t node, const char *what)
{
  _cleanup_json_ json_t *data = NULL;
  struct fettle_rows rows;
  char now[FETTLE_TIME_MAX];

  fettle_store_query (e->store, &rows, "SELECT name FROM node WHERE id = ?", "i", node);
  if (!fettle_rows_next (&rows))
    return;
  data = json_pack ("{s:s s:I s:s s:s}", "time", fettle_time_text (time (NULL), now), "node",
                    (json_int_t) node, "name", fettle_rows_text (&rows, 0), "state", what);
  fettle_rows_end (&rows);
  fettle_event (e, "node", 0, data);
}

/* ---- The API ---- */

static void
on_alive (evutil_socket_t fd, short what, void *engine)
{
  struct fettle_engine *e = engine;

  (void) fd, (void) what;
  for (struct watch *w = e->watches; w; w = w->next)
    if (!fettle_request_unsent (w->request))
      fettle_request_write (w->request, ":\n\n", 3);
}

void
fettle_events_begin (struct fettle_engine *e)
{
  static const struct timeval alive = { ALIVE_SECONDS, 0 };

  e->event_last = e->event_committed
    = fettle_store_number (e->store, 0, "SELECT coalesce (max (seq), 0) FROM sqlite_sequence"
                                        " WHERE name = 'event'", "");
  e->event_timer = event_new (e->base, -1, EV_PERSIST, on_alive, e);
  if (!e->event_timer)
    abort ();
  event_add (e->event_timer, &alive);
}

void
fettle_events_end (struct fettle_engine *e)
{
  while (e->watches) {
    struct fettle_request *request = e->watches->request;

    unlink_watch (e->watches);
    fettle_request_end (request);
  }
  if (e->event_timer)
    event_free (e->event_timer);
  e->event_timer = NULL;
}

/* Where to begin: behind `after`, else behind Last-Event-ID, else now. */
static fettle_result
place_of (const struct fettle_engine *e, const struct fettle_request *r, int64_t *ret,
          struct fettle_error *err)
{
  const char *text = json_string_value (json_object_get (r->query, "after"));
  uint64_t id = (uint64_t) e->event_committed;

  text = text ? text : r->last_event_id;
  if (text && !fettle_parse_uint (text, 0, INT64_MAX, &id))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "after and Last-Event-ID are numbers of events, not \"%.40s\"", text);
  *ret = (int64_t) id;
  return FETTLE_OK;
}

static fettle_result
job_of (const struct fettle_request *r, int64_t *ret, struct fettle_error *err)
{
  const char *text = json_string_value (json_object_get (r->query, "job"));
  uint64_t id = 0;

  if (text && !fettle_parse_uint (text, 1, INT64_MAX, &id))
    return fettle_error_set (err, FETTLE_E_CONFIG, "job is a job's number, not \"%.40s\"", text);
  *ret = (int64_t) id;
  return FETTLE_OK;
}

/* Events that are kept no more, or of another store: say so and go on. */
static void
skip_lost (struct watch *w)
{
  int64_t first = fettle_store_number (w->engine->store, w->engine->event_committed + 1,
                                       "SELECT min (id) FROM event", "");
  int64_t from = w->last > w->engine->event_committed ? w->engine->event_committed + 1 : first;
  char data[96];

  if (!from || (w->last + 1 >= from && w->last <= w->engine->event_committed))
    return;
  snprintf (data, sizeof data, "{\"after\":%lld,\"first\":%lld}", (long long) w->last,
            (long long) from);
  w->last = from - 1;
  say (w, w->last, "lost", data);
}

/* An id without an event: who breaks off before the first one comes back here. */
static void
begin_at (struct watch *w)
{
  char text[48];
  int n = snprintf (text, sizeof text, "id: %lld\n\n", (long long) w->last);

  fettle_request_write (w->request, text, (size_t) n);
}

void
fettle_api_events (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  int64_t last = 0, job = 0;
  struct fettle_error err;
  struct watch *w;

  if (place_of (e, r, &last, &err) || job_of (r, &job, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  w = e->n_watches < MAX_WATCHES && !e->stopping ? calloc (1, sizeof *w) : NULL;
  if (!w) {
    fettle_error_set (&err, FETTLE_E_BUSY, "%d watch already, or the service is ending: try later",
                      e->n_watches);
    fettle_request_fail (r, &err);
    return;
  }
  *w = (struct watch) { e->watches, e, r, last, job };
  e->watches = w;
  e->n_watches++;
  r->gone = on_gone;
  r->room = on_room;
  r->arg = w;
  fettle_request_stream (r, "text/event-stream");
  begin_at (w);
  skip_lost (w);
  pump (w);
}
