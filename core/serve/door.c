/* door.c - see door.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/listener.h>
#include <event2/util.h>
#include <sys/socket.h>

#include "serve/door.h"
#include "serve/ftp.h"
#include "serve/listen.h"
#include "util/log.h"

#define DATA_DOORS_MAX 256 /* beyond that, downloads share */

/* A port that is open, or that another server has open for us (no `accept`). */
struct fettle_door {
  struct fettle_door *next;
  struct fettle_doors *all;
  uint32_t listener;
  uint16_t port;
  bool data;
  char address[FETTLE_PEER_MAX];
  unsigned users;
  struct evconnlistener *accept;
};

struct fettle_doors {
  struct event_base *base;
  struct fettle_peers *peers;
  SSL_CTX *tls;
  uint16_t http, https, data_first, data_last;
  char *api_address;
  struct fettle_ftp *ftp;  /* NULL: off */
  struct fettle_door *first;
  unsigned n_data;
  uint16_t next_data;      /* where the search for a free one begins */
  struct event *rest;      /* accepting failed: again in a second */
  bool stopping;
  void (*connected) (void *arg, const struct fettle_door *, const char *from);
  void *arg;
};

/* Does the API listen there itself? */
static bool
is_apis (const struct fettle_doors *all, const char *address)
{
  bool six = strchr (address, ':') != NULL;
  char one[FETTLE_PEER_MAX];

  for (const char *p = all->api_address + strspn (all->api_address, " ,"); *p;
       p += strspn (p, " ,")) {
    size_t n = strcspn (p, " ,");

    snprintf (one, sizeof one, "%.*s", n < sizeof one ? (int) n : 0, p);
    if (fettle_peer_same (one, six ? "::" : "0.0.0.0") || fettle_peer_same (one, address)
        || (strcmp (one, "localhost") == 0
            && fettle_peer_same (address, six ? "::1" : "127.0.0.1")))
      return true;
    p += n;
  }
  return false;
}

/* ---- Accepting ---- */

static void
on_accept (struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int size, void *arg)
{
  struct fettle_door *d = arg;
  struct fettle_doors *all = d->all;
  char from[FETTLE_PEER_MAX];

  (void) l;
  fettle_peer_text (sa, (socklen_t) size, from);
  all->connected (all->arg, d, from);
  fettle_peer_accept (all->peers, (int) fd, d->listener == FETTLE_LISTEN_HTTPS ? all->tls : NULL,
                      from, d->listener, d->data);
}

static void
set_accepting (struct fettle_doors *all, bool on)
{
  for (struct fettle_door *d = all->first; d; d = d->next)
    if (d->accept && on)
      evconnlistener_enable (d->accept);
    else if (d->accept)
      evconnlistener_disable (d->accept);
}

static void
rested (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_doors *all = arg;

  (void) fd, (void) what;
  if (!all->stopping)
    set_accepting (all, true);
}

/* Out of descriptors, mostly: trying at once would only spin. */
static void
on_accept_failed (struct evconnlistener *l, void *arg)
{
  static const struct timeval second = { 1, 0 };
  struct fettle_door *d = arg;

  (void) l;
  fettle_log (FETTLE_LOG_WARNING, "accepting a node's connection: %s",
              evutil_socket_error_to_string (EVUTIL_SOCKET_ERROR ()));
  set_accepting (d->all, false);
  event_add (d->all->rest, &second);
}

static fettle_result
door_listen (struct fettle_door *d, struct fettle_error *err)
{
  struct fettle_doors *all = d->all;
  struct fettle_listen l = { .n = 0 };
  const char *setting = d->data ? "data_ports"
                        : d->listener == FETTLE_LISTEN_HTTPS ? "ssl_port" : "port";

  if (fettle_listen_one (d->address, d->port, setting, &l, err))
    return err->code;
  d->accept = evconnlistener_new (all->base, on_accept, d,
                                  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, l.fds[0]);
  if (!d->accept) {
    fettle_listen_close (&l);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to listen");
  }
  evconnlistener_set_error_cb (d->accept, on_accept_failed);
  fettle_log (FETTLE_LOG_INFO, "opened port %u on %s for nodes", d->port, d->address);
  return FETTLE_OK;
}

/* ---- Opening and closing ---- */

static struct fettle_door *
find (struct fettle_doors *all, uint16_t port, const char *address)
{
  struct fettle_door *d = all->first;

  while (d && (d->port != port || strcmp (d->address, address) != 0))
    d = d->next;
  return d;
}

static uint16_t
port_of (const struct fettle_doors *all, uint32_t listener)
{
  return listener == FETTLE_LISTEN_HTTPS ? all->https
         : listener == FETTLE_LISTEN_FTP ? fettle_ftp_port (all->ftp) : all->http;
}

struct fettle_door *
fettle_door_find (struct fettle_doors *all, uint32_t listener, const char *address)
{
  return find (all, port_of (all, listener), address);
}

static fettle_result
door_begin (struct fettle_door *d, struct fettle_error *err)
{
  struct fettle_doors *all = d->all;

  if (d->listener == FETTLE_LISTEN_FTP)
    return fettle_ftp_open (all->ftp, d->address, err);
  if (d->listener == FETTLE_LISTEN_HTTPS && !d->data && is_apis (all, d->address))
    return FETTLE_OK;
  return door_listen (d, err);
}

static fettle_result
door_new (struct fettle_doors *all, uint32_t listener, uint16_t port, bool data,
          const char *address, struct fettle_door **ret, struct fettle_error *err)
{
  struct fettle_door *d = calloc (1, sizeof *d);

  if (!d)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to listen");
  *d = (struct fettle_door) { .all = all, .listener = listener, .port = port, .data = data,
                              .users = 1 };
  snprintf (d->address, sizeof d->address, "%s", address);
  if (door_begin (d, err)) {
    free (d);
    return err->code;
  }
  d->next = all->first;
  all->first = d;
  all->n_data += data;
  *ret = d;
  return FETTLE_OK;
}

fettle_result
fettle_door_open (struct fettle_doors *all, uint32_t listener, uint16_t port, const char *address,
                  struct fettle_door **ret, struct fettle_error *err)
{
  uint16_t wanted = port ? port : port_of (all, listener);
  struct fettle_door *d;

  if (listener == FETTLE_LISTEN_FTP && !all->ftp)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the FTP listener is off: ftp_port turns it on");
  if (!(d = find (all, wanted, address)))
    return door_new (all, listener, wanted, port != 0, address, ret, err);
  if (d->listener != listener)
    return fettle_error_set (err, FETTLE_E_BUSY, "port %u on %s is open for something else", wanted,
                             address);
  d->users++;
  *ret = d;
  return FETTLE_OK;
}

static struct fettle_door *
least_used (struct fettle_doors *all, uint32_t listener, const char *address)
{
  struct fettle_door *best = NULL;

  for (struct fettle_door *d = all->first; d; d = d->next)
    if (d->data && d->listener == listener && strcmp (d->address, address) == 0
        && (!best || d->users < best->users))
      best = d;
  if (best)
    best->users++;
  return best;
}

struct fettle_door *
fettle_door_open_data (struct fettle_doors *all, uint32_t listener, const char *address)
{
  unsigned n = all->data_first ? all->data_last - all->data_first + 1u : 0;
  struct fettle_door *d = NULL;
  struct fettle_error err = { .text = "" };

  for (unsigned i = 0; i < n && i < DATA_DOORS_MAX && all->n_data < DATA_DOORS_MAX && !d; i++) {
    uint16_t port = (uint16_t) (all->data_first + all->next_data++ % n);

    if (!find (all, port, address)
        && door_new (all, listener, port, true, address, &d, &err))
      fettle_log (FETTLE_LOG_WARNING, "a port that downloads could move to: %s", err.text);
  }
  return d ? d : least_used (all, listener, address);
}

void
fettle_door_close (struct fettle_door *d)
{
  struct fettle_doors *all;
  struct fettle_door **p;

  if (!d || --d->users)
    return;
  all = d->all;
  for (p = &all->first; *p != d; p = &(*p)->next)
    ;
  *p = d->next;
  all->n_data -= d->data;
  if (d->listener == FETTLE_LISTEN_FTP)
    fettle_ftp_close (all->ftp, d->address);
  if (d->accept) {
    evconnlistener_free (d->accept);
    fettle_log (FETTLE_LOG_INFO, "closed port %u on %s", d->port, d->address);
  }
  free (d);
}

void *
fettle_door_arg (const struct fettle_door *d)
{
  return d->all->arg;
}

static const char *
scheme (const struct fettle_door *d)
{
  return d->listener == FETTLE_LISTEN_HTTPS ? "https"
         : d->listener == FETTLE_LISTEN_FTP ? "ftp" : "http";
}

void
fettle_door_url (const struct fettle_door *d, const char *prefix, const char *token,
                 const char *name, char ret[FETTLE_OFFER_URL])
{
  bool six = strchr (d->address, ':') != NULL;

  /* Our zone means nothing to the node. */
  snprintf (ret, FETTLE_OFFER_URL, "%s://%s%.*s%s:%u%s%s%s%s", scheme (d), six ? "[" : "",
            (int) strcspn (d->address, "%"), d->address, six ? "]" : "", d->port, prefix, token,
            *name ? "/" : "", name);
}

/* ---- All of them ---- */

struct fettle_doors *
fettle_doors_new (struct event_base *base, const struct fettle_callbacks_options *o,
                  struct fettle_peers *peers,
                  void (*connected) (void *arg, const struct fettle_door *, const char *from),
                  void *arg)
{
  struct fettle_doors *all = calloc (1, sizeof *all);

  if (!all)
    return NULL;
  *all = (struct fettle_doors) {
    .base = base, .peers = peers, .tls = o->tls, .http = o->http, .https = o->https,
    .data_first = o->data_first, .data_last = o->data_last, .connected = connected, .arg = arg,
    .api_address = strdup (o->api_address),
  };
  if (all->tls)
    SSL_CTX_up_ref (all->tls);
  all->rest = evtimer_new (base, rested, all);
  if (all->api_address && all->rest)
    return all;
  fettle_doors_free (all);
  return NULL;
}

void
fettle_doors_set_ftp (struct fettle_doors *all, struct fettle_ftp *ftp)
{
  all->ftp = ftp;
}

void
fettle_doors_stop (struct fettle_doors *all)
{
  all->stopping = true;
  set_accepting (all, false);
}

void
fettle_doors_free (struct fettle_doors *all)
{
  if (!all)
    return;
  if (all->rest)
    event_free (all->rest);
  SSL_CTX_free (all->tls);
  free (all->api_address);
  free (all);
}

json_t *
fettle_doors_list (const struct fettle_doors *all)
{
  json_t *list = json_array ();

  for (const struct fettle_door *d = all->first; d; d = d->next)
    json_array_append_new (list, json_pack ("{s:s s:i s:s s:i}", "address", d->address, "port",
                                            (int) d->port, "scheme", scheme (d), "users",
                                            (int) d->users));
  return list;
}
