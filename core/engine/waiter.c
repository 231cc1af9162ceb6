/* waiter.c - see waiter.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "engine/waiter.h"
#include "util/text.h"

#define MAX_WAIT       30 /* s */
#define MAX_AT_ONCE  1000 /* events in one answer */

struct waiter {
  struct waiter *next;
  struct job *job;
  struct fettle_request *request;
  struct event *event; /* time is up, or there is something to say */
  int64_t after;
};

static json_t *
events_after (const struct job *j, int64_t after)
{
  json_t *list = json_array ();
  size_t n = json_array_size (j->events);
  int64_t first = n ? json_integer_value (json_object_get (json_array_get (j->events, 0), "seq")) : 0;
  size_t i = after >= first ? (size_t) (after - first + 1) : 0;

  for (; i < n && json_array_size (list) < MAX_AT_ONCE; i++)
    json_array_append (list, json_array_get (j->events, i));
  return list;
}

static const char *
state_of (const struct job *j)
{
  return !j->finished ? "running" : j->aborted ? "aborted" : "done";
}

static void
unlink_waiter (struct waiter *w)
{
  struct waiter **p = &w->job->waiters;

  while (*p != w)
    p = &(*p)->next;
  *p = w->next;
  event_free (w->event);
  free (w);
}

static void
answer (struct waiter *w)
{
  struct fettle_request *request = w->request;
  json_t *body = json_pack ("{s:s s:o}", "state", state_of (w->job), "events",
                            events_after (w->job, w->after));

  unlink_waiter (w);
  fettle_request_reply (request, 200, body);
}

static void
on_event (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  answer (arg);
}

static void
on_gone (struct fettle_request *request, void *arg)
{
  (void) request;
  unlink_waiter (arg);
}

void
fettle_waiters_wake (struct job *j)
{
  for (struct waiter *w = j->waiters; w; w = w->next)
    event_active (w->event, EV_TIMEOUT, 0);
}

void
fettle_waiters_drop (struct job *j)
{
  while (j->waiters)
    answer (j->waiters);
}

static void
wait_for (struct job *j, struct fettle_request *r, int64_t after, unsigned seconds)
{
  struct waiter *w = calloc (1, sizeof *w);
  struct timeval delay = { .tv_sec = seconds };

  if (!w)
    abort ();
  *w = (struct waiter) { .next = j->waiters, .job = j, .request = r, .after = after };
  w->event = evtimer_new (j->engine->base, on_event, w);
  event_priority_set (w->event, event_base_get_npriorities (j->engine->base) - 1);
  evtimer_add (w->event, &delay);
  j->waiters = w;
  r->gone = on_gone;
  r->arg = w;
}

static uint64_t
query_number (const struct fettle_request *r, const char *key, uint64_t max)
{
  const char *text = json_string_value (json_object_get (r->query, key));
  uint64_t value;

  return text && fettle_parse_uint (text, 0, UINT64_MAX, &value) ? value < max ? value : max : 0;
}

void
fettle_api_job_events (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  uint64_t id = 0;
  struct job *j = fettle_parse_uint (r->parameter, 1, INT64_MAX, &id)
                    ? fettle_engine_job (e, (int64_t) id) : NULL;
  int64_t after = (int64_t) query_number (r, "after", INT64_MAX);
  unsigned seconds = (unsigned) query_number (r, "wait", MAX_WAIT);
  struct fettle_rows rows;
  struct fettle_error err;

  if (j && !j->finished && seconds && after >= j->next_seq - 1) {
    wait_for (j, r, after, seconds);
    return;
  }
  if (j) {
    fettle_request_reply (r, 200, json_pack ("{s:s s:o}", "state", state_of (j), "events",
                                             events_after (j, after)));
    return;
  }
  fettle_store_query (e->store, &rows, "SELECT state FROM job WHERE id = ?", "i", (int64_t) id);
  if (!fettle_rows_next (&rows)) {
    fettle_error_set (&err, FETTLE_E_UNREACHABLE, "there is no job %s", r->parameter);
    fettle_request_fail (r, &err);
    return;
  }
  fettle_request_reply (r, 200, json_pack ("{s:s s:[]}", "state", fettle_rows_text (&rows, 0),
                                           "events"));
  fettle_rows_end (&rows);
}
