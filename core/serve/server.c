/* server.c - see server.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/buffer.h>
#include <event2/listener.h>
#include <openssl/err.h>

#include "serve/conn.h"
#include "serve/exchange.h"
#include "serve/guard.h"
#include "serve/route.h"
#include "serve/server.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

#define TABLES_MAX 8
#define STALL_SECONDS 120 /* evhttp's own limit, behind ours */

struct fettle_server {
  struct event_base *base;
  struct evhttp *http;
  struct fettle_conns conns;
  SSL_CTX *tls;
  struct fettle_access *access;
  struct {
    const struct fettle_route *routes;
    void *engine;
  } tables[TABLES_MAX];
  size_t n_tables;
  struct fettle_watch watch;
  struct evconnlistener *listeners[FETTLE_LISTEN_MAX];
  struct evhttp_bound_socket *bound[FETTLE_LISTEN_MAX];
  size_t n_listeners;
  struct event *rest; /* accepting failed: again in a second */
  uint64_t last_use, requests;
};

/* ---- From a request to its handler ---- */

static const char *
method_name (enum evhttp_cmd_type type)
{
  switch (type) {
  case EVHTTP_REQ_GET:     return "GET";
  case EVHTTP_REQ_POST:    return "POST";
  case EVHTTP_REQ_HEAD:    return "HEAD";
  case EVHTTP_REQ_PUT:     return "PUT";
  case EVHTTP_REQ_DELETE:  return "DELETE";
  case EVHTTP_REQ_OPTIONS: return "OPTIONS";
  case EVHTTP_REQ_TRACE:   return "TRACE";
  case EVHTTP_REQ_CONNECT: return "CONNECT";
  case EVHTTP_REQ_PATCH:   return "PATCH";
  }
  return "";
}

struct match {
  const struct fettle_route *route;
  void *engine;
  const char *parameter; /* encoded, within the path */
  size_t parameter_size;
  struct fettle_buf allow; /* methods that the path has */
};

static void
look_at_row (struct match *m, const struct fettle_route *row, void *engine, const char *method,
             const char *path)
{
  const char *parameter;
  size_t size;

  if (m->route || !fettle_route_fits (row, path, &parameter, &size))
    return;
  if (strcmp (row->method, method) == 0)
    *m = (struct match) { row, engine, parameter, size, m->allow };
  else if (!fettle_has_word (fettle_buf_text (&m->allow), row->method))
    fettle_buf_printf (&m->allow, "%s%s", m->allow.size ? " " : "", row->method);
}

static void
find_route (const struct fettle_server *s, const char *method, const char *path, struct match *m)
{
  for (size_t t = 0; t < s->n_tables; t++)
    for (const struct fettle_route *row = s->tables[t].routes; row->path; row++)
      look_at_row (m, row, s->tables[t].engine, method, path);
}

static void
fail_without_route (struct fettle_exchange *x, struct match *m)
{
  if (!m->allow.size) {
    fettle_exchange_fail (x, 404, NULL, "There is nothing at this path.");
    return;
  }
  for (char *p = m->allow.data; *p; p++)
    if (*p == ' ')
      *p = ',';
  evhttp_add_header (evhttp_request_get_output_headers (x->http), "Allow", m->allow.data);
  fettle_exchange_fail (x, 405, NULL, "This path doesn't have that method.");
}

static size_t
read_body (void *buffer, size_t size, void *arg)
{
  int n = evbuffer_remove (arg, buffer, size);

  return n < 0 ? 0 : (size_t) n;
}

/* True: the exchange goes on.  Else it is answered. */
static bool
take_body (struct fettle_exchange *x)
{
  struct evbuffer *input = evhttp_request_get_input_buffer (x->http);
  const char *type = evhttp_find_header (evhttp_request_get_input_headers (x->http),
                                         "Content-Type");
  struct fettle_error err;

  x->body = json_null ();
  if (!evbuffer_get_length (input))
    return true;
  if (!fettle_type_is_json (type)) {
    fettle_exchange_fail (x, 415, NULL, "The body must have the type application/json.");
    return false;
  }
  if (fettle_body_parse (read_body, input, &x->body, &err)) {
    fettle_exchange_fail (x, 400, NULL, err.text);
    return false;
  }
  return true;
}

static bool
take_query (struct fettle_exchange *x, const char *query)
{
  struct fettle_error err;

  if (fettle_query_parse (query, &x->query, &err) == FETTLE_OK)
    return true;
  fettle_exchange_fail (x, 400, NULL, err.text);
  return false;
}

static bool
take_parameter (struct fettle_exchange *x, const struct match *m)
{
  if (!m->parameter)
    return true;
  x->parameter = fettle_percent_decode (m->parameter, m->parameter_size, false,
                                        FETTLE_PARAMETER_MAX);
  if (x->parameter)
    return true;
  fettle_exchange_fail (x, 400, NULL, "A part of the path is malformed or too long.");
  return false;
}

/* Who waits for an answer may lose the right to it meanwhile. */
static bool
still (struct fettle_exchange *x)
{
  const struct fettle_server *s = x->conn->all->admit_arg;

  return fettle_access_still (s->access, &x->caller);
}

static bool
may_call (struct fettle_exchange *x, const struct fettle_route *route)
{
  char detail[2 * FETTLE_CALLER_MAX];

  if (x->caller.role >= route->role)
    return true;
  snprintf (detail, sizeof detail, "This needs the role %s; %s has the role %s.",
            fettle_role_name (route->role), x->caller.name, fettle_role_name (x->caller.role));
  fettle_exchange_fail (x, 403, NULL, detail);
  return false;
}

static void
dispatch (struct fettle_server *s, struct fettle_exchange *x, const char *method, char *path)
{
  struct match m = { .allow = FETTLE_BUF_INIT (256) };
  char *query = strchr (path, '?');

  if (query)
    *query++ = '\0';
  x->head = strcmp (method, "HEAD") == 0;
  find_route (s, x->head ? "GET" : method, path, &m);
  x->route = m.route;
  x->watch = &s->watch;
  x->request.caller = &x->caller;
  if (!m.route)
    fail_without_route (x, &m);
  else if (may_call (x, m.route) && take_parameter (x, &m) && take_query (x, query) && take_body (x)) {
    x->request.parameter = x->parameter;
    x->request.query = x->query;
    x->request.body = x->body;
    x->request.last_event_id
      = evhttp_find_header (evhttp_request_get_input_headers (x->http), "Last-Event-ID");
    m.route->handler (m.engine, &x->request);
  }
  fettle_buf_clear (&m.allow);
}

/* A row of a table that anyone may use: only ever read by it. */
static bool
is_for_anyone (const struct fettle_server *s, const char *target, size_t size)
{
  struct match m = { .allow = FETTLE_BUF_INIT (256) };
  const char *query = memchr (target, '?', size);
  _cleanup_free_ char *path = strndup (target, query ? (size_t) (query - target) : size);

  if (path)
    find_route (s, "GET", path, &m);
  fettle_buf_clear (&m.allow);
  return m.route && m.route->role == FETTLE_ROLE_ANYONE;
}

/* The guard's question. */
static int
admit (struct fettle_conn *c, const struct fettle_guard_head *head)
{
  const struct fettle_server *s = c->all->admit_arg;
  struct fettle_caller caller;

  if (head->reads && is_for_anyone (s, head->target, head->target_size))
    return 0;
  return fettle_access_check (s->access, head->authorization, head->authorization_size, c->ssl,
                              fettle_conn_from (c), &caller);
}

/* The guard has let it in already; the library's own reading must agree. */
static bool
take_caller (const struct fettle_server *s, struct fettle_exchange *x, const char *target)
{
  const char *value = evhttp_find_header (evhttp_request_get_input_headers (x->http),
                                          "Authorization");
  enum evhttp_cmd_type method = evhttp_request_get_command (x->http);
  const char *from = fettle_conn_from (x->conn);

  if ((method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD)
      && is_for_anyone (s, target, strlen (target))) {
    x->caller.role = FETTLE_ROLE_ANYONE;
    snprintf (x->caller.from, sizeof x->caller.from, "%s", from);
    return true;
  }
  return !fettle_access_check (s->access, value, value ? strlen (value) : 0, x->conn->ssl, from,
                               &x->caller);
}

/* ---- From a connection to a request ---- */

/* The client has gone, or we have dropped it. */
static void
connection_closed (struct evhttp_connection *connection, void *arg)
{
  struct fettle_conn *c = arg;
  struct fettle_exchange *x = c->exchange;

  (void) connection;
  if (SSL_is_init_finished (c->ssl)) {
    SSL_shutdown (c->ssl);
    ERR_clear_error ();
  }
  if (!x)
    return;
  c->exchange = NULL;
  if (x->request.gone)
    x->request.gone (&x->request, x->request.arg);
  /* evhttp lets go of a request that has no answer yet: it is ours then. */
  if (!evhttp_request_get_connection (x->http))
    evhttp_request_free (x->http);
  fettle_exchange_free (x);
}

static struct fettle_exchange *
begin (struct evhttp_request *http, struct fettle_conn *c)
{
  struct fettle_exchange *x = calloc (1, sizeof *x);

  if (!x)
    return NULL;
  x->http = http;
  x->conn = c;
  c->exchange = x;
  fettle_conn_handling (c);
  evhttp_connection_set_closecb (evhttp_request_get_connection (http), connection_closed, c);
  return x;
}

static void
handle (struct evhttp_request *http, void *arg)
{
  struct fettle_server *s = arg;
  struct fettle_conn *c = fettle_conn_of (http);
  struct fettle_exchange *x = c ? begin (http, c) : NULL;
  _cleanup_free_ char *target = strdup (evhttp_request_get_uri (http));

  if (!x || !target) {
    fettle_exchange_free (x);
    if (c)
      c->exchange = NULL;
    evhttp_connection_free (evhttp_request_get_connection (http));
    return;
  }
  s->requests++;
  x->close = c->guard.refused != 0;
  if (++c->handled > c->guard.requests)
    fettle_exchange_fail (x, c->guard.refused ? c->guard.refused : 400, NULL,
                          c->guard.refused ? c->guard.why : "The request is ambiguous.");
  else if (!take_caller (s, x, target))
    fettle_exchange_fail (x, 401, NULL, "The token is missing or wrong.");
  else {
    if (x->caller.role != FETTLE_ROLE_ANYONE)
      s->last_use = fettle_seconds ();
    dispatch (s, x, method_name (evhttp_request_get_command (http)), target);
  }
}

static struct bufferevent *
new_connection (struct event_base *base, void *arg)
{
  struct fettle_server *s = arg;

  (void) base;
  return fettle_conn_new (&s->conns);
}

/* ---- The server ---- */

static void
set_accepting (struct fettle_server *s, bool on)
{
  for (size_t i = 0; i < s->n_listeners; i++)
    if (on)
      evconnlistener_enable (s->listeners[i]);
    else
      evconnlistener_disable (s->listeners[i]);
}

static void
room_changed (void *arg, bool there_is)
{
  struct fettle_server *s = arg;

  if (!there_is)
    fettle_log (FETTLE_LOG_WARNING, "%u connections: more have to wait", s->conns.max);
  set_accepting (s, there_is);
}

/* Out of descriptors, mostly: trying at once would only spin. */
static void
accept_failed (struct evconnlistener *listener, void *arg)
{
  static const struct timeval second = { 1, 0 };
  struct fettle_server *s = arg;

  (void) listener;
  fettle_log (FETTLE_LOG_WARNING, "accepting a connection: %s",
              evutil_socket_error_to_string (EVUTIL_SOCKET_ERROR ()));
  set_accepting (s, false);
  event_add (s->rest, &second);
}

static void
rested (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_server *s = arg;

  (void) fd, (void) what;
  if (s->conns.n < s->conns.max)
    set_accepting (s, true);
}

static void
set_up_http (struct fettle_server *s)
{
  evhttp_set_bevcb (s->http, new_connection, s);
  evhttp_set_gencb (s->http, handle, s);
  evhttp_set_max_headers_size (s->http, 2 * FETTLE_HEAD_MAX);
  evhttp_set_max_body_size (s->http, FETTLE_BODY_MAX);
  evhttp_set_timeout (s->http, STALL_SECONDS);
  evhttp_set_default_content_type (s->http, NULL);
  evhttp_set_allowed_methods (s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_OPTIONS
                                         | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH
                                         | EVHTTP_REQ_DELETE);
}

fettle_result
fettle_server_new (struct event_base *base, const struct fettle_server_options *o,
                   struct fettle_server **ret, struct fettle_error *err)
{
  struct fettle_server *s = calloc (1, sizeof *s);

  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the server");
  SSL_CTX_up_ref (o->tls);
  s->base = base;
  s->tls = o->tls;
  s->access = o->access;
  s->http = evhttp_new (base);
  s->rest = evtimer_new (base, rested, s);
  s->last_use = fettle_seconds ();
  s->conns = (struct fettle_conns) {
    .base = base,
    .tls = o->tls,
    .admit = admit,
    .admit_arg = s,
    .still = still,
    .max = o->max_connections ? o->max_connections : 1000,
    .head_seconds = o->head_seconds ? o->head_seconds : 10,
    .idle_seconds = o->idle_seconds ? o->idle_seconds : 60,
    .room = room_changed,
    .room_arg = s,
  };
  if (!s->http || !s->rest || !fettle_conns_init (&s->conns)) {
    fettle_server_free (s);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the server");
  }
  set_up_http (s);
  *ret = s;
  return FETTLE_OK;
}

void
fettle_server_add_routes (struct fettle_server *s, const struct fettle_route *routes, void *engine)
{
  for (const struct fettle_route *row = routes; row->path; row++)
    if (row->role == FETTLE_ROLE_NONE || row->role > FETTLE_ROLE_ADMIN) {
      fettle_log (FETTLE_LOG_ERROR, "%s %s has no role", row->method, row->path);
      abort (); /* who wrote the row must see it at the first start */
    }
  if (s->n_tables < TABLES_MAX) {
    s->tables[s->n_tables].routes = routes;
    s->tables[s->n_tables++].engine = engine;
  }
}

void
fettle_server_watch (struct fettle_server *s,
                     void (*answered) (void *arg, const struct fettle_request *,
                                       const struct fettle_route *, int status,
                                       const json_t *answer),
                     void *arg)
{
  s->watch = (struct fettle_watch) { answered, arg };
}

void
fettle_server_each_route (const struct fettle_server *s,
                          void (*f) (void *arg, const struct fettle_route *), void *arg)
{
  for (size_t t = 0; t < s->n_tables; t++)
    for (const struct fettle_route *row = s->tables[t].routes; row->path; row++)
      f (arg, row);
}

unsigned
fettle_server_connections (const struct fettle_server *s)
{
  return s->conns.n;
}

uint64_t
fettle_server_requests (const struct fettle_server *s)
{
  return s->requests;
}

void
fettle_server_set_nodes (struct fettle_server *s,
                         bool (*adopt) (void *arg, struct bufferevent *,
                                        void (*released) (void *conn), void *conn),
                         void *arg)
{
  s->conns.adopt = adopt;
  s->conns.adopt_arg = arg;
}

fettle_result
fettle_server_listen (struct fettle_server *s, struct fettle_listen *l, struct fettle_error *err)
{
  while (l->n) {
    int fd = l->fds[--l->n];
    struct evconnlistener *listener
      = evconnlistener_new (s->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                            0, fd);
    struct evhttp_bound_socket *bound = listener ? evhttp_bind_listener (s->http, listener) : NULL;

    if (!bound) {
      if (listener)
        evconnlistener_free (listener);
      else
        close (fd);
      fettle_listen_close (l);
      return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to listen");
    }
    evconnlistener_set_error_cb (listener, accept_failed);
    s->bound[s->n_listeners] = bound;
    s->listeners[s->n_listeners++] = listener;
  }
  return FETTLE_OK;
}

void
fettle_server_stop (struct fettle_server *s)
{
  event_del (s->rest);
  while (s->n_listeners)
    evhttp_del_accept_socket (s->http, s->bound[--s->n_listeners]);
}

unsigned
fettle_server_sending (const struct fettle_server *s)
{
  unsigned n = 0;

  for (const struct fettle_conn *c = s->conns.first; c; c = c->next)
    n += c->state == FETTLE_CONN_ANSWERING && c->deadline;
  return n;
}

uint64_t
fettle_server_idle (const struct fettle_server *s)
{
  for (const struct fettle_conn *c = s->conns.first; c; c = c->next)
    if (c->exchange)
      return 0;
  return fettle_server_sending (s) ? 0 : fettle_seconds () - s->last_use;
}

void
fettle_server_free (struct fettle_server *s)
{
  if (!s)
    return;
  if (s->rest) {
    fettle_server_stop (s);
    event_free (s->rest);
  }
  if (s->http)
    evhttp_free (s->http);
  fettle_conns_clear (&s->conns);
  SSL_CTX_free (s->tls);
  free (s);
}
