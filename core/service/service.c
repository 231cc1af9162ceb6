/* service.c - see service.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/event.h>
#include <signal.h>
#include <time.h>

#include "engine/engine.h"
#include "plugin/load.h"
#include "plugin/pool.h"
#include "ports/ports.h"
#include "serve/access.h"
#include "serve/callback.h"
#include "serve/ftp.h"
#include "serve/listen.h"
#include "serve/server.h"
#include "serve/tls.h"
#include "serve/token.h"
#include "service/about.h"
#include "service/process.h"
#include "service/service.h"
#include "service/systemd.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

#define GRACE_SECONDS  10 /* for calls that run, after SIGTERM */
#define FORCE_SECONDS  2  /* the same, when stopping is forced */
#define ANSWER_SECONDS 2  /* for answers that are being sent */

struct service {
  struct fettle_service_options *options;
  struct fettle_settings *settings;
  int lock;
  time_t started;
  struct event_base *base;
  struct fettle_plugins plugins;
  struct fettle_pool *pool;
  struct fettle_engine *engine;
  struct fettle_about about;
  SSL_CTX *tls;
  struct fettle_access *access;
  struct fettle_server *server;
  struct fettle_callbacks *callbacks;
  struct fettle_offers *offers;
  struct fettle_ftp *ftp; /* NULL: off */
  struct event *signals[3];
  struct event *stop_timer, *idle_timer;
  struct event *watchdog; /* NULL: nobody asks */
  bool stopping;
  uint64_t give_up; /* when stopping: end in any case */
  uint64_t nodes_give_up; /* the same, for downloads */
};

/* ---- Ending ---- */

static void
look_whether_done (evutil_socket_t fd, short what, void *arg)
{
  struct service *s = arg;
  uint64_t now = fettle_seconds ();
  bool answers = fettle_server_sending (s->server) && now < s->give_up + ANSWER_SECONDS;
  bool calls = fettle_engine_calls (s->engine) && now < s->give_up;
  bool nodes = fettle_callbacks_sending (s->callbacks) && now < s->nodes_give_up;

  (void) fd, (void) what;
  if (!answers && !calls && !nodes)
    event_base_loopbreak (s->base);
}

/* Nothing new begins; what runs has so long to end. */
static void
stop (struct service *s, unsigned grace)
{
  static const struct timeval step = { 0, 50 * 1000 };

  if (!s->stopping) {
    fettle_log (FETTLE_LOG_INFO, "stopping, %u calls run", fettle_engine_calls (s->engine));
    fettle_systemd_notify ("STOPPING=1");
    fettle_engine_stop (s->engine);
    fettle_callbacks_stop (s->callbacks);
    event_add (s->stop_timer, &step);
    s->give_up = fettle_seconds () + grace;
    s->nodes_give_up = fettle_seconds () + s->settings->download_grace;
  }
  s->stopping = s->about.stopping = true;
  if (fettle_seconds () + grace < s->give_up)
    s->give_up = fettle_seconds () + grace;
  if (grace < GRACE_SECONDS && s->give_up < s->nodes_give_up)
    s->nodes_give_up = s->give_up;
}

static void
got_signal (evutil_socket_t number, short what, void *arg)
{
  struct service *s = arg;
  struct fettle_error err;

  (void) what;
  if (number != SIGHUP) {
    stop (s, s->stopping ? 0 : GRACE_SECONDS); /* the second time: at once */
    return;
  }
  if (!s->options->log_file)
    return;
  if (fettle_process_log_to (s->options->log_file, &err))
    fettle_log (FETTLE_LOG_ERROR, "%s", err.text);
  else
    fettle_log (FETTLE_LOG_INFO, "opened the log file anew");
}

static void
look_whether_idle (evutil_socket_t fd, short what, void *arg)
{
  struct service *s = arg;

  (void) fd, (void) what;
  if (s->stopping || fettle_engine_busy (s->engine) || fettle_engine_calls (s->engine)
      || fettle_server_idle (s->server) < s->settings->idle_exit)
    return;
  fettle_log (FETTLE_LOG_INFO, "unused for %u seconds", (unsigned) s->settings->idle_exit);
  stop (s, 0);
}

/* ---- The service's own routes ---- */

static void
get_service (void *arg, struct fettle_request *r)
{
  struct service *s = arg;
  _cleanup_json_ json_t *summary = fettle_engine_summary (s->engine);
  char started[FETTLE_TIME_MAX];
  json_t *j = json_pack ("{s:s, s:i, s:s, s:s, s:I, s:I, s:b}", "version", PACKAGE_VERSION, "pid",
                         (int) getpid (), "started", fettle_time_text (s->started, started),
                         "state_dir", s->settings->state_dir, "port",
                         (json_int_t) s->settings->port, "ssl_port",
                         (json_int_t) s->settings->ssl_port, "open_firewall",
                         (int) s->settings->open_firewall);

  if (j && summary)
    json_object_update (j, summary);
  fettle_request_reply (r, 200, j);
}

static void
post_stop (void *arg, struct fettle_request *r)
{
  struct service *s = arg;
  const json_t *force = json_object_get (r->body, "force");
  struct fettle_error err;

  if (force && !json_is_boolean (force)) {
    fettle_error_set (&err, FETTLE_E_CONFIG, "\"force\" is true or false");
    fettle_request_fail (r, &err);
  } else if (fettle_engine_busy (s->engine) && !json_is_true (force)) {
    fettle_error_set (&err, FETTLE_E_BUSY,
                      "jobs run: wait for their end, or stop by force (they go on at the next "
                      "start)");
    fettle_request_fail (r, &err);
  } else {
    fettle_request_reply (r, 200, json_object ());
    stop (s, json_is_true (force) ? FORCE_SECONDS : GRACE_SECONDS);
  }
}

static const struct fettle_route routes[] = {
  { "GET",    "/api/v1/service",               FETTLE_ROLE_VIEWER,   get_service },
  { "POST",   "/api/v1/service/stop",          FETTLE_ROLE_ADMIN,    post_stop },
  { NULL, NULL, FETTLE_ROLE_NONE, NULL },
};

/* ---- Starting ---- */

/* An ordinary user who hasn't asked for a port gets one that is free. */
static fettle_result
open_port (struct service *s, struct fettle_listen *ret, struct fettle_error *err)
{
  struct fettle_settings *c = s->settings;
  fettle_result r = fettle_systemd_listen (ret, err);

  if (r == FETTLE_E_UNREACHABLE)
    r = fettle_listen_open (c->api_address, (uint16_t) c->ssl_port, ret, err);
  if (r == FETTLE_E_BUSY && geteuid () != 0 && !fettle_settings_is_set (c, "ssl_port")) {
    fettle_log (FETTLE_LOG_INFO, "%s; taking a free one", err->text);
    r = fettle_listen_open (c->api_address, 0, ret, err);
  }
  if (!r)
    c->ssl_port = ret->port;
  return r;
}

static bool
adopt (void *arg, struct bufferevent *bev, void (*released) (void *conn), void *conn)
{
  return fettle_callbacks_adopt (arg, bev, released, conn);
}

/* What nodes may fetch, from listeners of their own or from the API's. */
static fettle_result
make_callbacks (struct service *s, struct fettle_error *err)
{
  const struct fettle_settings *c = s->settings;
  struct fettle_callbacks_options o = {
    .tls = s->tls, .offers = s->offers, .http = (uint16_t) c->port, .https = (uint16_t) c->ssl_port,
    .api_address = c->api_address,
    .limits = { .connections = (unsigned) c->max_connections,
                .node_connections = (unsigned) c->node_connections,
                .head_size = (unsigned) c->head_size, .head_seconds = (unsigned) c->head_timeout,
                .idle_seconds = (unsigned) c->keep_alive,
                .stall_seconds = (unsigned) c->stall_timeout,
                .post_rate = (unsigned) c->status_rate },
  };

  if (fettle_parse_port_range (c->data_ports, &o.data_first, &o.data_last, err))
    return err->code;
  if (fettle_callbacks_new (s->base, &o, &s->callbacks, err))
    return err->code;
  fettle_server_set_nodes (s->server, adopt, s->callbacks);
  return FETTLE_OK;
}

/* FTP, if ftp_port turns it on. */
static fettle_result
make_ftp (struct service *s, struct fettle_error *err)
{
  struct fettle_ftp_options o = { .port = (uint16_t) s->settings->ftp_port, .offers = s->offers,
                                  .other = fettle_callbacks_other,
                                  .connected = fettle_callbacks_connected, .arg = s->callbacks };

  if (!o.port)
    return FETTLE_OK;
  if (fettle_parse_port_range (s->settings->ftp_data_ports, &o.data_first, &o.data_last, err))
    return fettle_error_prefix (err, "ftp_data_ports: ");
  if (fettle_ftp_new (s->base, &o, &s->ftp, err))
    return err->code;
  fettle_callbacks_set_ftp (s->callbacks, s->ftp);
  return FETTLE_OK;
}

/* Who may come in: the local token, the store's, certificates. */
static fettle_result
make_access (struct service *s, struct fettle_error *err)
{
  const struct fettle_settings *c = s->settings;
  char token[FETTLE_TOKEN_TEXT];
  struct fettle_access_tokens tokens;
  fettle_result r;

  if ((r = fettle_tls_new (c->state_dir, c->api_address, &s->tls, err))
      || (*c->client_ca && (r = fettle_tls_take_clients (s->tls, c->client_ca, err)))
      || (r = fettle_token_load (c->state_dir, token, err)))
    return r;
  r = fettle_access_new (token, c->client_roles, &s->access, err);
  fettle_wipe (token, sizeof token);
  if (r)
    return r;
  fettle_engine_tokens (s->engine, &tokens);
  fettle_access_set_tokens (s->access, &tokens);
  return FETTLE_OK;
}

static fettle_result
make_server (struct service *s, struct fettle_listen *l, struct fettle_error *err)
{
  struct fettle_server_options o = { .max_connections = 0 };

  if (make_access (s, err))
    return err->code;
  o.tls = s->tls;
  o.access = s->access;
  s->offers = fettle_offers_new ();
  if (!s->offers)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for one-time names");
  if (fettle_server_new (s->base, &o, &s->server, err) || make_callbacks (s, err)
      || make_ftp (s, err))
    return err->code;
  fettle_engine_set_callbacks (s->engine, s->callbacks);
  s->about = (struct fettle_about) { s->server, s->access, s->engine, s->started, false };
  fettle_server_add_routes (s->server, routes, s);
  fettle_about_add_routes (s->server, &s->about, s->settings->metrics);
  fettle_server_add_routes (s->server, fettle_engine_routes (), s->engine);
  fettle_server_watch (s->server, fettle_engine_answered, s->engine);
  return fettle_server_listen (s->server, l, err);
}

static fettle_result
load_plugins (struct service *s, struct fettle_error *err)
{
  fettle_result r = fettle_plugins_load (&s->plugins, s->settings->plugindir, err);

  for (size_t i = 0; !r && i < s->plugins.n_refusals; i++)
    fettle_log (FETTLE_LOG_WARNING, "plugin %s is not used: %s", s->plugins.refusals[i].path,
                s->plugins.refusals[i].text);
  return r;
}

static fettle_result
make_events (struct service *s, struct fettle_error *err)
{
  static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
  static const struct timeval second = { 1, 0 };

  for (size_t i = 0; i < COUNT (numbers); i++) {
    s->signals[i] = evsignal_new (s->base, numbers[i], got_signal, s);
    if (!s->signals[i] || event_add (s->signals[i], NULL))
      return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for signals");
  }
  s->stop_timer = event_new (s->base, -1, EV_PERSIST, look_whether_done, s);
  s->idle_timer = event_new (s->base, -1, EV_PERSIST, look_whether_idle, s);
  s->watchdog = fettle_systemd_watchdog (s->base);
  if (!s->stop_timer || !s->idle_timer)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for timers");
  if (s->options->idle_exit && s->settings->idle_exit)
    event_add (s->idle_timer, &second);
  return FETTLE_OK;
}

/* Ports for nodes are opened when nodes need them; but one that was asked for,
 * and is another's, is said at once. */
static fettle_result
look_at_ports (const struct fettle_settings *c, struct fettle_error *err)
{
  const struct {
    const char *setting;
    uint64_t port;
  } ports[] = { { "port", c->port }, { "ftp_port", c->ftp_port } };

  for (size_t i = 0; i < COUNT (ports); i++) {
    struct fettle_listen l = { .n = 0 };

    if (!ports[i].port || !fettle_settings_is_set (c, ports[i].setting))
      continue;
    if (fettle_listen_one ("0.0.0.0", (uint16_t) ports[i].port, ports[i].setting, &l, err))
      return err->code;
    fettle_listen_close (&l);
  }
  return FETTLE_OK;
}

/* The lock first, so that two services never touch one store; the port next,
 * so that nothing else is begun when it is taken. */
static fettle_result
start (struct service *s, struct fettle_listen *l, struct fettle_error *err)
{
  fettle_result r;

  if ((r = fettle_process_lock (s->settings->state_dir, &s->lock, err)))
    return r;
  fettle_process_unpublish (s->settings); /* of one that was killed */
  if ((r = look_at_ports (s->settings, err)) || (r = open_port (s, l, err)))
    return r;
  s->base = event_base_new ();
  if (!s->base)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the event loop");
  if ((r = load_plugins (s, err)))
    return r;
  s->pool = fettle_pool_new (s->base, s->settings, &s->plugins);
  if (!s->pool)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the workers");
  if ((r = fettle_engine_new (s->base, s->settings, &s->plugins, s->pool, &s->engine, err))
      || (r = make_server (s, l, err)) || (r = make_events (s, err)))
    return r;
  return fettle_process_publish (s->settings, err);
}

/* service.json goes first: who finds none waits for the lock to be free. */
static void
end (struct service *s)
{
  if (s->lock >= 0)
    fettle_process_unpublish (s->settings);
  fettle_callbacks_disconnect (s->callbacks); /* some of them are the server's */
  fettle_server_free (s->server);
  fettle_access_free (s->access);
  fettle_engine_free (s->engine);
  fettle_callbacks_free (s->callbacks);
  fettle_ftp_free (s->ftp);
  fettle_offers_free (s->offers);
  if (s->pool)
    fettle_pool_free (s->pool);
  for (size_t i = 0; i < COUNT (s->signals); i++)
    if (s->signals[i])
      event_free (s->signals[i]);
  if (s->stop_timer)
    event_free (s->stop_timer);
  if (s->idle_timer)
    event_free (s->idle_timer);
  if (s->watchdog)
    event_free (s->watchdog);
  if (s->base)
    event_base_free (s->base);
  SSL_CTX_free (s->tls);
  fettle_plugins_clear (&s->plugins);
  libevent_global_shutdown ();
  if (s->lock >= 0)
    close (s->lock);
}

fettle_result
fettle_service_run (struct fettle_service_options *options, void (*ready) (void *arg), void *arg,
                    struct fettle_error *err)
{
  struct service s = { .options = options, .settings = &options->settings, .lock = -1,
                       .started = time (NULL) };
  struct fettle_listen l = { .n = 0 };
  fettle_result r = start (&s, &l, err);

  if (!r) {
    fettle_log (FETTLE_LOG_INFO, "version %s is ready on port %u (%s), state in %s",
                PACKAGE_VERSION, (unsigned) s.settings->ssl_port, s.settings->api_address,
                s.settings->state_dir);
    ready (arg);
    fettle_systemd_notify ("READY=1");
    event_base_dispatch (s.base);
    fettle_log (FETTLE_LOG_INFO, "ended");
  }
  fettle_listen_close (&l);
  end (&s);
  return r;
}
