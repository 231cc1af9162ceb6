/* lane.c - one node's turn at the workers: the queue, the request of a call,
 * what comes back while it runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <event2/util.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "engine/internal.h"
#include "plugin/wire.h"
#include "ports/ports.h"
#include "util/log.h"
#include "util/text.h"

#define MAX_ITEMS 100000 /* of one node */

struct task *
fettle_lane_task (struct lane *lane, size_t i)
{
  return &lane->job->tasks[lane->first_task + i];
}

/* ---- The queue ---- */

static void start (struct lane *lane);

void
fettle_lanes_dispatch (struct fettle_engine *e)
{
  while (e->ready && e->calls < e->settings->workers && !e->stopping) {
    struct lane *lane = e->ready;

    e->ready = lane->next_ready;
    if (!e->ready)
      e->ready_end = &e->ready;
    lane->ready = false;
    lane->counted = true;
    e->calls++;
    start (lane);
  }
}

static void
unqueue (struct lane *lane)
{
  struct fettle_engine *e = lane->engine;
  struct lane **p = &e->ready;

  while (*p && *p != lane)
    p = &(*p)->next_ready;
  if (!*p)
    return;
  *p = lane->next_ready;
  if (!*p)
    e->ready_end = p;
  lane->ready = false;
}

void
fettle_lane_call (struct lane *lane, const char *what, uint32_t deadline,
                  void (*done) (struct lane *, const struct fettle_outcome *))
{
  struct fettle_engine *e = lane->engine;

  lane->what = what;
  lane->deadline = deadline;
  lane->done = done;
  lane->next_ready = NULL;
  lane->ready = true;
  *e->ready_end = lane;
  e->ready_end = &lane->next_ready;
  fettle_lanes_dispatch (e);
}

static void
finished (struct lane *lane, const struct fettle_outcome *outcome)
{
  struct fettle_engine *e = lane->engine;

  lane->call = NULL;
  if (lane->counted)
    e->calls--;
  lane->counted = false;
  lane->done (lane, outcome);
  fettle_lanes_dispatch (e);
}

static void
fail_call (struct lane *lane, const struct fettle_error *err)
{
  struct fettle_outcome outcome = { .code = err->code, .text = err->text };

  finished (lane, &outcome);
}

/* ---- What comes while the call runs ---- */

static void
take_items (struct lane *lane, const json_t *items)
{
  const json_t *item;
  size_t i;

  json_array_foreach (items, i, item)
    if (json_array_size (lane->items) < MAX_ITEMS
        && json_is_string (json_object_get (item, "id"))
        && json_is_string (json_object_get (item, "version")))
      json_array_append (lane->items, (json_t *) item);
}

static void
take_progress (struct lane *lane, const json_t *message)
{
  struct task *task = lane->told;
  const char *step = json_string_value (json_object_get (message, "step"));
  json_int_t progress = json_integer_value (json_object_get (message, "progress"));

  task->progress = progress < 0 ? 0 : progress > 1000 ? 1000 : (uint32_t) progress;
  snprintf (task->step, sizeof task->step, "%s", step ? step : "");
  fettle_job_event (lane->job, task, json_pack ("{s:i s:s}", "progress", (int) task->progress,
                                                "step", task->step));
}

static void
on_message (void *arg, const json_t *message)
{
  struct lane *lane = arg;
  const char *log = json_string_value (json_object_get (message, "log"));
  const char *key = json_string_value (json_object_get (message, "host_key"));
  json_t *items = json_object_get (message, "items");

  if (items)
    take_items (lane, items);
  if (log && json_integer_value (json_object_get (message, "level")) <= FETTLE_LOG_INFO)
    fettle_task_log (lane->told, "%s", log);
  if (json_object_get (message, "progress"))
    take_progress (lane, message);
  if (key) {
    fettle_store_run (lane->engine->store, "UPDATE node SET host_key = ? WHERE id = ?", "si", key,
                      lane->node);
    fettle_task_log (lane->told, "host key accepted at first contact: %s", key);
  }
}

static void
on_done (void *arg, const struct fettle_outcome *outcome)
{
  finished (arg, outcome);
}

/* ---- The request ---- */

struct request {
  json_t *json;
  int fds[FETTLE_WIRE_FDS];
  size_t n_fds;
};

static void
request_clear (struct request *r)
{
  fettle_credentials_free (json_object_get (r->json, "credentials"));
  json_decref (r->json);
  for (size_t i = 0; i < r->n_fds; i++)
    close (r->fds[i]);
}

static void
attach (struct request *r, const char *what, int fd)
{
  json_array_append_new (json_object_get (r->json, "fds"), json_string (what));
  r->fds[r->n_fds++] = fd;
}

static uint16_t
moved (const struct fettle_port_node *node, uint16_t declared)
{
  const struct fettle_setting *s = node->type->settings;
  uint64_t port;

  for (uint32_t i = 0; i < node->type->n_settings; i++) {
    const char *value = json_string_value (json_object_get (node->opaque, s[i].name));

    if (s[i].type == FETTLE_SETTING_PORT && s[i].moves == declared && value
        && fettle_parse_uint (value, 1, 65535, &port))
      return (uint16_t) port;
  }
  return 0;
}

static json_t *
allowed_ports (const struct fettle_node_type *type, const json_t *settings, uint32_t phase)
{
  struct fettle_port_node node = { .name = "", .address = "", .our_address = "", .plugin = "",
                                   .type = type, .moved = moved, .opaque = settings };
  struct fettle_port_range ranges[64];
  size_t n = fettle_ports_allowed (&node, phase, ranges, COUNT (ranges));
  json_t *list = json_array ();

  for (size_t i = 0; i < n && i < COUNT (ranges); i++)
    json_array_append_new (list, json_pack ("[i,i,i,i,i]", (int) ranges[i].protocol,
                                            (int) ranges[i].declared_first,
                                            (int) ranges[i].declared_last, (int) ranges[i].first,
                                            (int) ranges[i].last));
  return list;
}

static fettle_result
attach_agent (struct request *r, const char *path, struct fettle_error *err)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  _cleanup_close_ int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (strlen (path) >= sizeof address.sun_path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the agent's path %s is too long", path);
  memcpy (address.sun_path, path, strlen (path) + 1);
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address))
    return fettle_error_errno (err, FETTLE_E_AUTH, "connecting to the SSH agent at %s", path);
  attach (r, "agent", STEAL_FD (fd));
  return FETTLE_OK;
}

static fettle_result
attach_credentials (struct lane *lane, struct request *r, struct fettle_error *err)
{
  json_t *credentials;
  const char *agent;

  if (fettle_node_credentials (lane->engine, lane->node, &credentials, err))
    return err->code;
  json_object_set_new (r->json, "credentials", credentials);
  agent = json_string_value (json_object_get (credentials, "agent"));
  if (agent) {
    if (attach_agent (r, agent, err))
      return err->code;
    json_object_set_new (credentials, "agent", json_true ());
  }
  return FETTLE_OK;
}

static void
attach_known_hosts (struct lane *lane, struct request *r)
{
  const char *path = lane->engine->settings->known_hosts;
  int fd = path && *path ? open (path, O_RDONLY | O_CLOEXEC) : -1;

  if (fd >= 0)
    attach (r, "known_hosts", fd);
}

/* What of a component's JSON a worker gets. */
static json_t *
image_of (const struct task *task)
{
  const json_t *component = json_object_get (task->spec, "component"), *file;
  const char *action = json_string_value (json_object_get (task->spec, "action"));
  json_t *files = json_array ();
  size_t i;
  int flags = 0;

  if (action && strcmp (action, "downgrade") == 0)
    flags = (int) FETTLE_IMAGE_DOWNGRADE;
  if (action && strcmp (action, "rewrite") == 0)
    flags = (int) FETTLE_IMAGE_REWRITE;
  json_array_foreach (json_object_get (component, "files"), i, file)
    json_array_append_new (files, json_pack ("{s:O s:O s:O}",
                                             "name", json_object_get (file, "name"),
                                             "sha256", json_object_get (file, "sha256"),
                                             "size", json_object_get (file, "size")));
  return json_pack ("{s:O s:O s:s? s:O s:i s:o}", "id", json_object_get (component, "id"),
                    "format", json_object_get (component, "format"),
                    "match", json_string_value (json_object_get (component, "match")),
                    "version", json_object_get (component, "version"), "flags", flags,
                    "files", files);
}

static fettle_result
attach_image (struct lane *lane, struct request *r, struct fettle_error *err)
{
  struct task *task = lane->told;
  int fds[FETTLE_WIRE_FDS - 2];
  size_t n;
  int64_t baseline = json_integer_value (json_object_get (task->spec, "baseline_id"));

  if (fettle_component_open (lane->engine, baseline, json_object_get (task->spec, "component"),
                             fds, COUNT (fds), &n, err))
    return err->code;
  for (size_t i = 0; i < n; i++)
    attach (r, "file", fds[i]);
  json_object_set_new (r->json, "image", image_of (task));
  return FETTLE_OK;
}

static json_t *
target_of (struct lane *lane, const char *address)
{
  char operation[41];

  snprintf (operation, sizeof operation, "%s-t%lld", lane->engine->installation,
            (long long) lane->operation);
  return json_pack ("{s:s s:s s:s}", "address", address, "name", lane->name, "operation",
                    operation);
}

static fettle_result
make_request (struct lane *lane, const char *address, struct request *r, struct fettle_error *err)
{
  struct fettle_engine *e = lane->engine;
  bool deploy = strcmp (lane->what, "deploy") == 0;
  const char *type_name = strcmp (lane->what, "probe") == 0 ? lane->asked_type : lane->type;
  const struct fettle_node_type *type = fettle_plugins_type (e->plugins, type_name, NULL);
  const char *token = deploy ? lane->told->token : lane->lane_token;
  uint32_t phase = strcmp (lane->what, "inventory") == 0 || strcmp (lane->what, "probe") == 0
                     ? FETTLE_INVENTORY : FETTLE_DEPLOYMENT;
  struct fettle_rows rows;
  json_t *settings;

  if (!type)
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED,
                             "no plugin for nodes of type %s is installed: install the package"
                             " fettle-plugin-%s and restart the service", type_name, type_name);
  fettle_store_query (e->store, &rows, "SELECT settings, host_key FROM node WHERE id = ?", "i",
                      lane->node);
  if (!fettle_rows_next (&rows))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the node %s is gone", lane->name);
  settings = fettle_rows_json (&rows, 0);
  r->json = json_pack (
    "{s:s s:s s:o s:i s:o s:o s:{s:s s:s?} s:{s:I s:I} s:s? s:[]}", "call", lane->what, "type",
    type_name, "target", target_of (lane, address), "phase", (int) phase, "ports",
    allowed_ports (type, settings, phase), "settings", settings, "host_key", "policy",
    e->settings->host_keys, "pinned", fettle_rows_text (&rows, 1), "timeouts", "connect",
    (json_int_t) e->settings->connect_timeout, "read", (json_int_t) e->settings->read_timeout,
    "token", token, "fds");
  fettle_rows_end (&rows);
  if (attach_credentials (lane, r, err))
    return err->code;
  attach_known_hosts (lane, r);
  return deploy ? attach_image (lane, r, err) : FETTLE_OK;
}

/* ---- Starting: address, journal, then the worker ---- */

struct starting {
  struct lane *lane;
  struct request request;
};

static void
starting_free (struct starting *s)
{
  s->lane->starting = NULL;
  request_clear (&s->request);
  free (s);
}

static void
start_now (void *arg)
{
  static const struct fettle_call_handlers handlers = { on_message, on_done };
  struct starting *s = arg;
  struct lane *lane = s->lane;

  lane->call = fettle_pool_call (lane->engine->pool, s->request.json, s->request.fds,
                                 s->request.n_fds, lane->deadline, &handlers, lane);
  if (lane->job->hard)
    fettle_call_abort (lane->call);
  starting_free (s);
}

static void
start_at (struct lane *lane, const char *address)
{
  struct starting *s = calloc (1, sizeof *s);
  struct fettle_error err;

  if (!s)
    abort ();
  s->lane = lane;
  lane->starting = s;
  if (make_request (lane, address, &s->request, &err)) {
    starting_free (s);
    fail_call (lane, &err);
    return;
  }
  if (strcmp (lane->what, "inventory") == 0) {
    json_decref (lane->items);
    lane->items = json_array ();
  }
  fettle_task_journal (lane->told, lane->what, lane->told->token);
  /* The side effect comes after its journal row is on the disk. */
  fettle_store_then (lane->engine->store, start_now, s);
}

static void
on_resolved (int result, struct evutil_addrinfo *found, void *arg)
{
  struct lane *lane = arg;
  char address[NI_MAXHOST];
  struct fettle_error err;

  lane->resolving = NULL;
  if (result == EVUTIL_EAI_CANCEL)
    return;
  if (result || !found
      || getnameinfo (found->ai_addr, (socklen_t) found->ai_addrlen, address, sizeof address, NULL,
                      0, NI_NUMERICHOST)) {
    fettle_error_set (&err, FETTLE_E_UNREACHABLE, "the name %s can't be resolved: %s",
                      lane->address, evutil_gai_strerror (result));
    fail_call (lane, &err);
  }
  else
    start_at (lane, address);
  if (found)
    evutil_freeaddrinfo (found);
}

static void
start (struct lane *lane)
{
  struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                                   .ai_protocol = IPPROTO_TCP };

  if (fettle_is_address (lane->address))
    start_at (lane, lane->address);
  else
    lane->resolving = evdns_getaddrinfo (lane->engine->dns, lane->address, NULL, &hints,
                                         on_resolved, lane);
}

/* ---- Pauses, the end ---- */

static void
on_timer (evutil_socket_t fd, short what, void *arg)
{
  struct lane *lane = arg;

  (void) fd;
  (void) what;
  lane->next (lane);
}

void
fettle_lane_later (struct lane *lane, uint32_t seconds, void (*next) (struct lane *))
{
  struct timeval delay = { .tv_sec = seconds, .tv_usec = seconds ? 0 : 1000 };

  lane->next = next;
  if (!lane->timer)
    lane->timer = evtimer_new (lane->engine->base, on_timer, lane);
  evtimer_add (lane->timer, &delay);
}

void
fettle_lane_abort (struct lane *lane)
{
  static const struct fettle_outcome aborted = { .code = FETTLE_E_ABORTED,
                                                 .text = "aborted by the user" };

  if (lane->call)
    fettle_call_abort (lane->call);
  else if (lane->ready) {
    unqueue (lane);
    lane->done (lane, &aborted);
  }
  else if (lane->timer && evtimer_pending (lane->timer, NULL)) {
    evtimer_del (lane->timer);
    lane->next (lane);
  }
}

void
fettle_lane_end (struct lane *lane)
{
  struct job *job = lane->job;

  json_decref (lane->items);
  lane->items = NULL;
  if (--job->lanes_left == 0)
    fettle_job_finish (job, NULL, -1);
}

void
fettle_lane_clear (struct lane *lane)
{
  if (lane->ready)
    unqueue (lane);
  if (lane->resolving)
    evdns_getaddrinfo_cancel (lane->resolving);
  if (lane->starting) {
    fettle_store_forget (lane->engine->store, lane->starting);
    starting_free (lane->starting);
  }
  if (lane->timer)
    event_free (lane->timer);
  json_decref (lane->items);
  free (lane->lane_token);
  free (lane->name);
  free (lane->address);
  free (lane->type);
}
