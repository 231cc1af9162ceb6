/* scout.c - POST /scouts: which of some addresses could be nodes of which type?
 *
 * Only ports that node types declare for inventories are tried, each by one
 * TCP connection that says nothing; so many a second, so many at a time.
 * Which type it is then, a plugin's own probe finds out in the first inventory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

#include "engine/internal.h"
#include "ports/ports.h"
#include "util/text.h"

#define MAX_ADDRESSES 128
#define MAX_PORTS     64
#define MAX_SECONDS   25 /* a request isn't kept waiting longer */
#define TRY_SECONDS   2

struct scout;

/* One connection that is being tried. */
struct try {
  struct try *next, **here;
  struct scout *scout;
  struct event *event;
  int fd;
  size_t address, port;
};

struct scout {
  struct fettle_engine *engine;
  struct fettle_request *request;
  struct event *tick;
  json_t *addresses;                 /* of text */
  json_t *types;                     /* names; NULL: all */
  uint16_t ports[MAX_PORTS];
  size_t n_ports, at;                /* at: the next try, by address, then port */
  bool open[MAX_ADDRESSES][MAX_PORTS];
  struct try *tries;
  unsigned running, parallel, rate;
};

/* ---- The end ---- */

static void
scout_free (struct scout *s)
{
  while (s->tries) {
    struct try *t = s->tries;

    s->tries = t->next;
    event_free (t->event);
    close (t->fd);
    free (t);
  }
  if (s->tick)
    event_free (s->tick);
  json_decref (s->addresses);
  json_decref (s->types);
  free (s);
}

static void
asker_gone (struct fettle_request *r, void *arg)
{
  (void) r;
  scout_free (arg);
}

static bool
is_open (const struct scout *s, size_t address, uint16_t port)
{
  for (size_t i = 0; i < s->n_ports; i++)
    if (s->ports[i] == port)
      return s->open[address][i];
  return false;
}

/* A row that can be tried: one TCP port that an inventory connects to. */
static bool
is_tried (const struct fettle_port *p)
{
  return p->direction == FETTLE_TO_TARGET && p->protocol == FETTLE_TCP
         && (p->phases & FETTLE_INVENTORY) && p->first == p->last;
}

static bool
could_be (const struct scout *s, size_t address, const struct fettle_node_type *type)
{
  bool any = false;

  for (uint32_t i = 0; i < type->n_ports; i++) {
    const struct fettle_port *p = &type->ports[i];

    if (!is_tried (p) || !fettle_port_is_needed (p))
      continue;
    if (!is_open (s, address, p->first))
      return false;
    any = true;
  }
  return any;
}

static bool
is_wanted (const struct scout *s, const struct fettle_node_type *type)
{
  const json_t *name;
  size_t i;

  if (!s->types)
    return true;
  json_array_foreach (s->types, i, name)
    if (json_is_string (name) && strcmp (json_string_value (name), type->name) == 0)
      return true;
  return false;
}

/* The wanted types, one after the other; NULL behind the last. */
static const struct fettle_node_type *
next_type (const struct scout *s, size_t *at)
{
  const struct fettle_plugins *all = s->engine->plugins;
  size_t n = 0;

  for (size_t p = 0; p < all->n_plugins; p++)
    for (uint32_t t = 0; t < all->plugins[p].descriptor.n_node_types; t++)
      if (n++ == *at) {
        (*at)++;
        if (is_wanted (s, &all->plugins[p].node_types[t]))
          return &all->plugins[p].node_types[t];
      }
  return NULL;
}

/* NULL: nothing answered there. */
static json_t *
found_at (const struct scout *s, size_t address)
{
  const char *text = json_string_value (json_array_get (s->addresses, address));
  json_t *ports = json_array (), *types = json_array (), *ret;
  const struct fettle_node_type *type;
  struct fettle_error err;
  struct fettle_rows rows;
  int64_t id;

  for (size_t i = 0; i < s->n_ports; i++)
    if (s->open[address][i])
      json_array_append_new (ports, json_integer (s->ports[i]));
  for (size_t at = 0; (type = next_type (s, &at));)
    if (could_be (s, address, type))
      json_array_append_new (types, json_string (type->name));
  ret = json_pack ("{s:s s:o s:o s:n}", "address", text, "ports", ports, "types", types, "node");
  id = fettle_node_find (s->engine, text, &err);
  if (id) {
    fettle_store_query (s->engine->store, &rows, "SELECT name FROM node WHERE id = ?", "i", id);
    if (fettle_rows_next (&rows)) {
      json_object_set_new (ret, "node", json_string (fettle_rows_text (&rows, 0)));
      fettle_rows_end (&rows);
    }
  }
  if (json_array_size (ports))
    return ret;
  json_decref (ret);
  return NULL;
}

static void
finish (struct scout *s)
{
  json_t *found = json_array ();

  for (size_t i = 0; i < json_array_size (s->addresses); i++) {
    json_t *one = found_at (s, i);

    if (one)
      json_array_append_new (found, one);
  }
  fettle_request_reply (s->request, 200,
                        json_pack ("{s:o s:I}", "found", found, "tries", (json_int_t) s->at));
  scout_free (s);
}

/* ---- The tries ---- */

static void
try_end (struct try *t, bool open)
{
  struct scout *s = t->scout;

  s->open[t->address][t->port] = open;
  *t->here = t->next;
  if (t->next)
    t->next->here = t->here;
  event_free (t->event);
  close (t->fd);
  free (t);
  s->running--;
  if (!s->running && s->at == json_array_size (s->addresses) * s->n_ports)
    finish (s);
}

static void
on_answer (evutil_socket_t fd, short what, void *arg)
{
  int e = ETIMEDOUT;
  socklen_t size = sizeof e;

  if (what & EV_WRITE)
    (void) !getsockopt (fd, SOL_SOCKET, SO_ERROR, &e, &size);
  try_end (arg, e == 0);
}

/* -1: nothing can come of it. */
static int
begin_connect (const char *address, uint16_t port)
{
  struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                            .ai_socktype = SOCK_STREAM };
  struct addrinfo *a = NULL;
  char number[8];
  int fd;

  snprintf (number, sizeof number, "%u", port);
  if (getaddrinfo (address, number, &hints, &a))
    return -1;
  fd = socket (a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect (fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS) {
    close (fd);
    fd = -1;
  }
  freeaddrinfo (a);
  return fd;
}

static void
begin_try (struct scout *s)
{
  static const struct timeval limit = { TRY_SECONDS, 0 };
  struct try *t = calloc (1, sizeof *t);
  size_t address = s->at / s->n_ports, port = s->at % s->n_ports;
  int fd = t ? begin_connect (json_string_value (json_array_get (s->addresses, address)),
                              s->ports[port]) : -1;

  s->at++;
  if (fd < 0 || !(t->event = event_new (s->engine->base, fd, EV_WRITE, on_answer, t))) {
    if (fd >= 0)
      close (fd);
    free (t);
    return;
  }
  *t = (struct try) { .scout = s, .event = t->event, .fd = fd, .address = address, .port = port,
                      .next = s->tries, .here = &s->tries };
  if (t->next)
    t->next->here = &t->next;
  s->tries = t;
  s->running++;
  event_add (t->event, &limit);
}

static void
on_tick (evutil_socket_t fd, short what, void *arg)
{
  struct scout *s = arg;
  size_t all = json_array_size (s->addresses) * s->n_ports;

  (void) fd, (void) what;
  if (s->at < all && s->running < s->parallel)
    begin_try (s);
  if (s->at == all) {
    event_del (s->tick);
    if (!s->running)
      finish (s);
  }
}

/* ---- The request ---- */

static fettle_result
take_ports (struct scout *s, struct fettle_error *err)
{
  const struct fettle_node_type *type;

  for (size_t at = 0; (type = next_type (s, &at));)
    for (uint32_t i = 0; i < type->n_ports; i++) {
      uint16_t port = type->ports[i].first;
      size_t k = 0;

      while (k < s->n_ports && s->ports[k] != port)
        k++;
      if (is_tried (&type->ports[i]) && k == s->n_ports && k < MAX_PORTS)
        s->ports[s->n_ports++] = port;
    }
  return s->n_ports ? FETTLE_OK
                    : fettle_error_set (err, FETTLE_E_CONFIG, "these node types have no TCP port by"
                                                              " which they could be found");
}

static fettle_result
check_body (struct scout *s, const json_t *body, struct fettle_error *err)
{
  const json_t *v, *rate = json_object_get (body, "rate");
  const json_t *parallel = json_object_get (body, "parallel");
  size_t i;

  if (!json_is_array (s->addresses) || json_array_size (s->addresses) == 0
      || json_array_size (s->addresses) > MAX_ADDRESSES)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"addresses\" is a list of 1 to %d addresses",
                             MAX_ADDRESSES);
  json_array_foreach (s->addresses, i, v)
    if (!json_is_string (v) || !fettle_is_address (json_string_value (v)))
      return fettle_error_set (err, FETTLE_E_CONFIG, "\"addresses\" has something else than addresses");
  json_array_foreach (s->types, i, v)
    if (!json_is_string (v) || !fettle_plugins_type (s->engine->plugins, json_string_value (v), NULL))
      return fettle_error_set (err, FETTLE_E_CONFIG, "there is no node type %.100s",
                               json_is_string (v) ? json_string_value (v) : "like that");
  s->rate = rate ? (unsigned) json_integer_value (rate) : 100;
  s->parallel = parallel ? (unsigned) json_integer_value (parallel) : 32;
  if (s->rate < 1 || s->rate > 1000 || s->parallel < 1 || s->parallel > 256)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"rate\" is 1 to 1000, \"parallel\" 1 to 256");
  return FETTLE_OK;
}

/* At worst nobody answers, and each try takes its whole time. */
static fettle_result
check_time (const struct scout *s, struct fettle_error *err)
{
  size_t all = json_array_size (s->addresses) * s->n_ports;

  if (all / s->rate + TRY_SECONDS * (all / s->parallel + 1) <= MAX_SECONDS)
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG, "%zu tries at this rate take longer than %d s: ask for"
                                                 " fewer addresses at a time", all, MAX_SECONDS);
}

void
fettle_api_scouts (void *engine, struct fettle_request *r)
{
  struct scout *s = calloc (1, sizeof *s);
  struct timeval between = { 0, 0 };
  struct fettle_error err;

  if (!s)
    abort ();
  s->engine = engine;
  s->request = r;
  s->addresses = json_incref (json_object_get (r->body, "addresses"));
  s->types = json_incref (json_object_get (r->body, "types"));
  if (check_body (s, r->body, &err) || take_ports (s, &err) || check_time (s, &err)) {
    fettle_request_fail (r, &err);
    scout_free (s);
    return;
  }
  between.tv_sec = s->rate == 1;
  between.tv_usec = s->rate == 1 ? 0 : 1000000 / (int) s->rate;
  s->tick = event_new (s->engine->base, -1, EV_PERSIST, on_tick, s);
  if (!s->tick)
    abort ();
  r->gone = asker_gone;
  r->arg = s;
  event_add (s->tick, &between);
}
