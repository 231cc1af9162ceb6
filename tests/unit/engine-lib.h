/* engine-lib.h - an engine with nodes of its own, for the programs that test it:
 * a pool that answers as a node would, in the same process, with failures on
 * demand, and a service that is restarted as often as a test likes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_LIB_H
#define ENGINE_LIB_H

#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <ftw.h>
#include <sys/stat.h>

#include "check/probe.h"
#include "engine/engine.h"
#include "engine/internal.h"
#include "util/file.h"
#include "util/log.h"

/* ---- Nodes: what they have, how they behave ---- */

struct node {
  const char *name;
  const char *version;   /* of the package "tool" */
  unsigned installs;     /* how often it was really installed */
  unsigned calls;        /* deploy calls */
  unsigned cleanups;
  unsigned looks;        /* at its port */
  const char *behaviour; /* "", "auth", "crash", "again", "lies", "late", "busy", "reject",
                            "shut" (its port), "restarting" (open at the second look) */
};

static struct node nodes[16];
static size_t n_nodes;

static struct node *
node_named (const char *name)
{
  for (size_t i = 0; i < n_nodes; i++)
    if (strcmp (nodes[i].name, name) == 0)
      return &nodes[i];
  fail_msg ("no node %s", name);
  return NULL;
}

/* ---- The pool's stand-in ---- */

struct fettle_call {
  struct fettle_call *next;
  struct event *event;
  json_t *request;
  const struct fettle_call_handlers *handlers;
  void *arg;
  bool aborted;
};

static struct event_base *base;
static bool frozen;    /* calls begin and never end, as if the service died */
static unsigned under_way, most_under_way;
static struct fettle_call *calls;

static void
call_free (struct fettle_call *c)
{
  struct fettle_call **p = &calls;

  while (*p != c)
    p = &(*p)->next;
  *p = c->next;
  json_decref (c->request);
  event_free (c->event);
  free (c);
}

static void
send_items (struct fettle_call *c, const struct node *n)
{
  json_t *m = json_pack ("{s:[{s:s s:s s:s s:s s:s s:s s:s s:b}]}", "items", "id", "deb/tool",
                         "kind", "package", "name", "tool", "version", n->version, "scheme",
                         "dpkg", "match", "deb:tool", "arch", "amd64", "updateable", 1);

  c->handlers->message (c->arg, m);
  json_decref (m);
}

static struct fettle_outcome
deploy (struct fettle_call *c, struct node *n)
{
  const char *b = n->behaviour;
  const char *to = json_string_value (json_object_get (json_object_get (c->request, "image"),
                                                       "version"));
  bool has_token = json_is_string (json_object_get (c->request, "token"));

  n->calls++;
  if (strcmp (b, "reject") == 0)
    return (struct fettle_outcome) { .code = FETTLE_E_REJECTED, .text = "wrong architecture" };
  if (strcmp (b, "again") == 0 && !has_token)
    return (struct fettle_outcome) { .code = FETTLE_AGAIN, .delay_s = 0, .token = "step 2" };
  if (strcmp (b, "lies") == 0)
    return (struct fettle_outcome) { .code = FETTLE_OK };
  n->installs++;
  n->version = strcmp (to, "2.0") == 0 ? "2.0" : "1.0";
  /* Installed, but the word of it never came back. */
  if (strcmp (b, "late") == 0)
    return (struct fettle_outcome) { .code = FETTLE_E_TIMEOUT, .text = "no answer" };
  return (struct fettle_outcome) { .code = FETTLE_OK };
}

/* It knows of the second node, and of one that nobody else knows. */
static void
send_found (struct fettle_call *c)
{
  static const char *const addresses[] = { "127.0.1.2", "127.0.9.9", "not an address" };

  for (size_t i = 0; i < COUNT (addresses); i++) {
    json_t *m = json_pack ("{s:{s:s s:s s:s s:s s:s s:s}}", "node", "address", addresses[i], "name",
                           i ? "bay9" : "elsewhere", "type", i ? "no such type" : "test", "location",
                           i ? "Bay 9" : "Bay 2", "pair", "both", "relation", "member");

    c->handlers->message (c->arg, m);
    json_decref (m);
  }
}

static struct fettle_outcome
answer (struct fettle_call *c)
{
  const char *what = json_string_value (json_object_get (c->request, "call"));
  struct node *n = node_named (json_string_value (
    json_object_get (json_object_get (c->request, "target"), "name")));

  if (c->aborted)
    return (struct fettle_outcome) { .code = FETTLE_E_ABORTED, .text = "aborted" };
  if (strcmp (n->behaviour, "auth") == 0)
    return (struct fettle_outcome) { .code = FETTLE_E_AUTH, .text = "password refused" };
  if (strcmp (what, "probe") == 0)
    return (struct fettle_outcome) { .code = FETTLE_OK, .score = 90 };
  if (strcmp (what, "deploy") == 0)
    return strcmp (n->behaviour, "crash") == 0
             ? (struct fettle_outcome) { .code = FETTLE_E_INTERNAL, .text = "the plugin crashed" }
             : deploy (c, n);
  if (strcmp (what, "cleanup") == 0)
    n->cleanups++;
  if (strcmp (what, "inventory") == 0)
    send_items (c, n);
  if (strcmp (what, "inventory") == 0 && strcmp (n->behaviour, "enclosure") == 0)
    send_found (c);
  return (struct fettle_outcome) { .code = FETTLE_OK };
}

static void
on_call (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_call *c = arg;
  struct fettle_outcome outcome;

  (void) fd;
  (void) what;
  if (frozen)
    return;
  under_way--;
  outcome = answer (c);
  c->handlers->done (c->arg, &outcome);
  call_free (c);
}

struct fettle_call *
fettle_pool_call (struct fettle_pool *pool, const json_t *request, const int *fds, size_t n_fds,
                  uint32_t deadline_s, const struct fettle_call_handlers *handlers, void *arg)
{
  struct fettle_call *c = calloc (1, sizeof *c);

  (void) pool;
  (void) fds;
  assert_true (deadline_s > 0);
  if (strcmp (json_string_value (json_object_get (request, "call")), "deploy") == 0)
    assert_int_equal (n_fds, 1);
  c->next = calls;
  calls = c;
  c->request = json_deep_copy (request);
  c->handlers = handlers;
  c->arg = arg;
  c->event = event_new (base, -1, 0, on_call, c);
  event_active (c->event, 0, 0);
  if (++under_way > most_under_way)
    most_under_way = under_way;
  return c;
}

void
fettle_call_send (struct fettle_call *call, const json_t *message)
{
  (void) call, (void) message;
}

void
fettle_call_abort (struct fettle_call *c)
{
  c->aborted = true;
}

/* ---- The prober's stand-in ---- */

struct fettle_probe {
  struct event *event;
  struct fettle_probe_seen seen;
  fettle_probe_done *done;
  void *arg;
};

struct fettle_prober *
fettle_prober_new (struct event_base *b)
{
  return (struct fettle_prober *) b;
}

void
fettle_prober_free (struct fettle_prober *p)
{
  (void) p;
}

void
fettle_probe_cancel (struct fettle_probe *p)
{
  if (p)
    event_free (p->event);
  free (p);
}

static void
on_probe (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_probe *p = arg;

  (void) fd;
  (void) what;
  p->done (p->arg, &p->seen);
  fettle_probe_cancel (p);
}

/* Nodes are 127.0.1.1 and so on. */
fettle_result
fettle_probe_tcp (struct fettle_prober *prober, const char *address, uint16_t port,
                  uint32_t greeting_ms, fettle_probe_done *done, void *arg,
                  struct fettle_probe **ret, struct fettle_error *err)
{
  struct node *n = &nodes[strtol (address + strlen ("127.0.1."), NULL, 10) - 1];
  struct fettle_probe *p = calloc (1, sizeof *p);
  bool shut = strcmp (n->behaviour, "shut") == 0
              || (strcmp (n->behaviour, "restarting") == 0 && n->looks == 0);

  (void) prober, (void) greeting_ms, (void) err;
  assert_int_equal (port, 22);
  n->looks++;
  *p = (struct fettle_probe) { .event = event_new (base, -1, 0, on_probe, p), .done = done,
                               .arg = arg, .seen = { .error = shut ? ECONNREFUSED : 0 } };
  snprintf (p->seen.greeting, sizeof p->seen.greeting, "%s", shut ? "" : "SSH-2.0-x");
  event_active (p->event, 0, 0);
  *ret = p;
  return FETTLE_OK;
}

fettle_result
fettle_probe_udp (struct fettle_prober *prober, const char *address, uint16_t port,
                  fettle_probe_done *done, void *arg, struct fettle_probe **ret,
                  struct fettle_error *err)
{
  return fettle_probe_tcp (prober, address, port, 0, done, arg, ret, err);
}

fettle_result
fettle_own_address (const char *address, char *ret, size_t size, struct fettle_error *err)
{
  (void) address, (void) err;
  snprintf (ret, size, "127.0.0.1");
  return FETTLE_OK;
}

bool
fettle_same_address (const char *a, const char *b)
{
  return strcmp (a, b) == 0;
}

/* ---- The server's stand-in ---- */

static int status;
static json_t *reply;

void
fettle_request_reply (struct fettle_request *r, int s, json_t *body)
{
  (void) r;
  status = s;
  json_decref (reply);
  reply = body;
}

void
fettle_request_reply_text (struct fettle_request *r, int s, const char *type, const char *text,
                           size_t size)
{
  (void) type;
  fettle_request_reply (r, s, json_stringn (text, size));
}

/* Nobody watches here. */
void
fettle_request_stream (struct fettle_request *r, const char *type)
{
  (void) r, (void) type;
}

void
fettle_request_write (struct fettle_request *r, const char *text, size_t size)
{
  (void) r, (void) text, (void) size;
}

size_t
fettle_request_unsent (struct fettle_request *r)
{
  (void) r;
  return 0;
}

void
fettle_request_end (struct fettle_request *r)
{
  (void) r;
}

void
fettle_request_fail (struct fettle_request *r, const struct fettle_error *err)
{
  fettle_request_reply (r, 400, json_pack ("{s:s s:s}", "code", fettle_result_name (err->code),
                                           "detail", err->text));
}

/* ---- One service, as often restarted as a test likes ---- */

static char folder[64];
static struct fettle_settings settings;
static struct fettle_plugins plugins;
static struct fettle_engine *engine;

static fettle_result
never_called (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  (void) h;
  (void) c;
  (void) t;
  return FETTLE_E_INTERNAL;
}

static const struct fettle_port ports[] = { FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH") };
static struct fettle_node_type type = {
  .name = "test", .title = "Test", .hosts = FETTLE_HOST_LINUX, .n_ports = 1, .ports = ports,
  .inventory = never_called, .cleanup = never_called, .activate = never_called,
};
static struct fettle_node_type portless = { .name = "later", .title = "Later",
                                            .hosts = FETTLE_HOST_LINUX, .ports = ports,
                                            .n_ports = 1 };

static fettle_result
probe_never_called (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t,
                    uint32_t *score)
{
  *score = 0;
  return never_called (h, c, t);
}

static fettle_result
deploy_never_called (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t,
                     const struct fettle_image *i)
{
  (void) i;
  return never_called (h, c, t);
}

static void
start (void)
{
  struct fettle_error err;

  base = event_base_new ();
  event_base_priority_init (base, 2);
  if (fettle_engine_new (base, &settings, &plugins, NULL, &engine, &err))
    fail_msg ("%s", err.text);
}

static void
stop (void)
{
  frozen = false;
  fettle_engine_free (engine);
  while (calls)
    call_free (calls);
  event_base_free (base);
  engine = NULL;
}

static void
call (void (*handler) (void *, struct fettle_request *), const char *parameter, json_t *body)
{
  static const struct fettle_caller caller = { .name = "tester", .role = FETTLE_ROLE_ADMIN,
                                              .from = "192.0.2.1" };
  struct fettle_request r = { .parameter = parameter, .query = NULL, .body = body,
                              .caller = &caller };

  handler (engine, &r);
  json_decref (body);
}

/* One pass of the loop; timers of a millisecond come due in between. */
static void
pass (void)
{
  usleep (500);
  event_base_loop (base, EVLOOP_NONBLOCK);
}

/* Runs the loop until no job runs (or, frozen, until nothing moves). */
static void
settle (void)
{
  for (int i = 0; i < 20000 && fettle_engine_busy (engine); i++) {
    pass ();
    if (frozen && i > 100)
      return;
  }
  event_base_loop (base, EVLOOP_NONBLOCK);
}

static void
add_node (const char *name, const char *behaviour)
{
  char address[32];

  nodes[n_nodes] = (struct node) { .name = name, .version = "1.0", .behaviour = behaviour };
  snprintf (address, sizeof address, "127.0.1.%zu", ++n_nodes);
  call (fettle_api_nodes_add, NULL,
        json_pack ("{s:[{s:s s:s s:s s:{s:s s:s}}]}", "nodes", "address", address, "name", name,
                   "type", "test", "credentials", "user", "root", "password", "very secret"));
  assert_int_equal (status, 201);
}

static void
write_file (const char *path, const char *text)
{
  FILE *f = fopen (path, "w");

  assert_non_null (f);
  fputs (text, f);
  fclose (f);
}

/* A scanner that says what a test wants said. */
static void
add_baseline (void)
{
  char path[128], script[2048], stamp[FETTLE_STAMP_MAX];
  struct stat st;

  snprintf (path, sizeof path, "%s/base", folder);
  mkdir (path, 0755);
  snprintf (path, sizeof path, "%s/base/tool.deb", folder);
  write_file (path, "tool 2.0");
  assert_int_equal (stat (path, &st), 0);
  fettle_file_stamp (&st, stamp);
  snprintf (path, sizeof path, "%s/fettle-scan", folder);
  snprintf (script, sizeof script,
            "#!/bin/sh\n"
            "echo '{\"papers\": 0}'\n"
            "echo '{\"component\": {\"id\": \"tool.deb\", \"name\": \"tool\", \"version\": \"2.0\","
            " \"scheme\": \"dpkg\", \"format\": \"deb\", \"kind\": \"package\", \"match\":"
            " \"deb:tool\", \"arch\": \"amd64\", \"node_types\": [], \"order\": 300, \"reboot\":"
            " \"no\", \"install_missing\": false, \"summary\": null, \"prerequisites\": [],"
            " \"files\": [{\"name\": \"tool.deb\", \"path\": \"tool.deb\", \"size\": 8,"
            " \"sha256\": \"%064d\"}]}, \"stamps\": [\"%s\"]}'\n"
            "echo '{\"done\": {\"components\": 1, \"problems\": 0}}'\n", 0, stamp);
  write_file (path, script);
  chmod (path, 0755);
  snprintf (path, sizeof path, "%s/base", folder);
  call (fettle_api_baselines_add, NULL, json_pack ("{s:s s:b}", "path", path, "allow_unsigned", 1));
  assert_int_equal (status, 202);
  settle ();
}

static int64_t
begin_job (void (*handler) (void *, struct fettle_request *))
{
  call (handler, NULL, json_pack ("{s:[s]}", "nodes", "all"));
  if (status != 202)
    fail_msg ("%s", json_string_value (json_object_get (reply, "detail")));
  return json_integer_value (json_object_get (reply, "job"));
}

static void
inventory (void)
{
  begin_job (fettle_api_inventories);
  settle ();
}

static const char *
job_text (const char *name, const char *key)
{
  json_t *task;
  size_t i;

  call (fettle_api_job_show, "last", NULL);
  json_array_foreach (json_object_get (reply, "tasks"), i, task)
    if (strcmp (json_string_value (json_object_get (task, "name")), name) == 0)
      return json_string_value (json_object_get (task, key));
  return "no such task";
}

static int
job_exit (void)
{
  call (fettle_api_job_show, "last", NULL);
  return (int) json_integer_value (json_object_get (reply, "exit_code"));
}

static int
set_up (void **state)
{
  (void) state;
  fettle_log_init ("test", FETTLE_LOG_ERROR);
  memset (nodes, 0, sizeof nodes);
  n_nodes = 0;
  under_way = most_under_way = 0;
  frozen = false;
  type.deploy = deploy_never_called;
  type.probe = probe_never_called;
  snprintf (folder, sizeof folder, "/tmp/fettle-engine.XXXXXX");
  assert_non_null (mkdtemp (folder));
  settings = (struct fettle_settings) { .state_dir = folder, .libexecdir = folder, .workers = 4,
                                        .inventory_timeout = 60, .deploy_timeout = 60,
                                        .host_keys = (char *) "tofu" };
  start ();
  return 0;
}

static int
remove_one (const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
  (void) st;
  (void) flag;
  (void) ftw;
  return remove (path);
}

static int
tear_down (void **state)
{
  (void) state;
  stop ();
  json_decref (reply);
  reply = NULL;
  return nftw (folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Once, in main. */
static void
set_up_plugins (void)
{
  static struct fettle_node_type types[2];
  static struct fettle_plugin_info info;

  type.deploy = deploy_never_called;
  type.probe = probe_never_called;
  types[0] = type;
  types[1] = portless;
  info.node_types = types;
  info.descriptor.name = "test";
  info.descriptor.node_types = types;
  info.descriptor.n_node_types = 2;
  plugins.plugins = &info;
  plugins.n_plugins = 1;
}

/* A test needn't use all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

#endif
