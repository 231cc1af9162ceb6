/* about.c - see about.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>
#include <unistd.h>

#include "service/about.h"
#include "service/openapi.h" /* made from docs/openapi.json: fettle_openapi */
#include "util/file.h"

#define METRICS_MAX (256 << 10)

/* ---- The API's index: its table of routes ---- */

/* "/api/v1/nodes/:node/items" as "/api/v1/nodes/{node}/items" */
static json_t *
template_of (const char *path)
{
  const char *colon = strstr (path, "/:");
  int before = colon ? (int) (colon - path) + 1 : 0, name;

  if (!colon)
    return json_string (path);
  name = (int) strcspn (colon + 2, "/");
  return json_sprintf ("%.*s{%.*s}%s", before, path, name, colon + 2, colon + 2 + name);
}

static void
add_route (void *routes, const struct fettle_route *row)
{
  json_array_append_new (routes, json_pack ("{s:s s:o s:s}", "method", row->method, "path",
                                            template_of (row->path), "role",
                                            fettle_role_name (row->role)));
}

static void
get_index (void *arg, struct fettle_request *r)
{
  const struct fettle_about *a = arg;
  json_t *routes = json_array ();

  fettle_server_each_route (a->server, add_route, routes);
  fettle_request_reply (r, 200, json_pack ("{s:s s:s s:s s:s s:o}", "version", PACKAGE_VERSION,
                                           "document", "/api/v1/openapi.json", "caller",
                                           r->caller->name, "role",
                                           fettle_role_name (r->caller->role), "routes", routes));
}

static void
get_document (void *arg, struct fettle_request *r)
{
  (void) arg;
  fettle_request_reply_text (r, 200, "application/openapi+json;version=3.1", fettle_openapi,
                             sizeof fettle_openapi - 1);
}

static void
get_health (void *arg, struct fettle_request *r)
{
  const struct fettle_about *a = arg;

  fettle_request_reply (r, a->stopping ? 503 : 200,
                        json_pack ("{s:s}", "status", a->stopping ? "stopping" : "ok"));
}

/* ---- Metrics, as text that Prometheus reads ---- */

static void
metric (struct fettle_buf *text, const char *name, const char *type, const char *help, double value)
{
  fettle_buf_printf (text, "# HELP fettle_%s %s\n# TYPE fettle_%s %s\nfettle_%s %.17g\n", name, help,
                     name, type, name, value);
}

static double
number (const json_t *object, const char *key)
{
  return (double) json_integer_value (json_object_get (object, key));
}

/* {"done": 3, ...} as one metric with a label; states are words of ours. */
static void
by_state (struct fettle_buf *text, const char *name, const char *help, const json_t *counts)
{
  const char *state;
  json_t *n;

  fettle_buf_printf (text, "# HELP fettle_%s %s\n# TYPE fettle_%s gauge\n", name, help, name);
  json_object_foreach ((json_t *) counts, state, n)
    fettle_buf_printf (text, "fettle_%s{state=\"%s\"} %lld\n", name, state,
                       (long long) json_integer_value (n));
}

static double
resident_bytes (void)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (4096);
  struct fettle_error err;
  long pages = 0;

  if (fettle_file_read ("/proc/self/statm", &text, &err)
      || sscanf (fettle_buf_text (&text), "%*s %ld", &pages) != 1)
    return 0;
  return (double) pages * (double) sysconf (_SC_PAGESIZE);
}

static void
get_metrics (void *arg, struct fettle_request *r)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (METRICS_MAX);
  const struct fettle_about *a = arg;
  _cleanup_json_ json_t *summary = fettle_engine_summary (a->engine);
  _cleanup_json_ json_t *counts = fettle_engine_counts (a->engine);

  fettle_buf_printf (&text, "# HELP fettle_build_info Version of the service.\n"
                            "# TYPE fettle_build_info gauge\n"
                            "fettle_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
  metric (&text, "start_time_seconds", "gauge", "When the service was started, since 1970.",
          (double) a->started);
  metric (&text, "resident_memory_bytes", "gauge", "Memory of the service.", resident_bytes ());
  metric (&text, "nodes", "gauge", "Nodes that are known.", number (summary, "nodes"));
  metric (&text, "baselines", "gauge", "Baselines that are ready.", number (summary, "baselines"));
  metric (&text, "jobs_running", "gauge", "Jobs that run.", number (summary, "jobs"));
  metric (&text, "calls_running", "gauge", "Operations on nodes that run.",
          number (summary, "calls"));
  by_state (&text, "nodes_by_state", "Nodes by their state.", json_object_get (counts, "nodes"));
  by_state (&text, "tasks_by_state", "Tasks of all jobs that are kept.",
            json_object_get (counts, "tasks"));
  metric (&text, "events_total", "counter", "Events so far.", number (counts, "events"));
  metric (&text, "watchers", "gauge", "Who follows the events now.", number (counts, "watchers"));
  metric (&text, "api_connections", "gauge", "Connections to the API now.",
          fettle_server_connections (a->server));
  metric (&text, "api_requests_total", "counter", "Requests that reached the API's server.",
          (double) fettle_server_requests (a->server));
  metric (&text, "api_refused_total", "counter", "Wrong tokens and certificates.",
          (double) fettle_access_refused (a->access));
  fettle_request_reply_text (r, 200, "text/plain; version=0.0.4; charset=utf-8",
                             fettle_buf_text (&text), text.size);
}

/* ---- Routes ---- */

static const struct fettle_route routes[] = {
  { "GET",    "/healthz",                      FETTLE_ROLE_ANYONE,   get_health },
  { "GET",    "/api/v1",                       FETTLE_ROLE_VIEWER,   get_index },
  { "GET",    "/api/v1/openapi.json",          FETTLE_ROLE_VIEWER,   get_document },
  { NULL, NULL, FETTLE_ROLE_NONE, NULL },
};

static const struct fettle_route for_viewers[] = {
  { "GET",    "/metrics",                      FETTLE_ROLE_VIEWER,   get_metrics },
  { NULL, NULL, FETTLE_ROLE_NONE, NULL },
};

static const struct fettle_route for_anyone[] = {
  { "GET",    "/metrics",                      FETTLE_ROLE_ANYONE,   get_metrics },
  { NULL, NULL, FETTLE_ROLE_NONE, NULL },
};

void
fettle_about_add_routes (struct fettle_server *s, struct fettle_about *about, const char *metrics)
{
  fettle_server_add_routes (s, routes, about);
  if (strcmp (metrics, "viewer") == 0)
    fettle_server_add_routes (s, for_viewers, about);
  else if (strcmp (metrics, "anyone") == 0)
    fettle_server_add_routes (s, for_anyone, about);
}
