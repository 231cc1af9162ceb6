/* callback.c - see callback.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "serve/callback.h"
#include "serve/door.h"
#include "serve/ftp.h"
#include "util/log.h"
#include "util/secret.h"
#include "util/text.h"

#define TOKEN_BYTES 16
#define TOKEN_TEXT  (2 * TOKEN_BYTES + 1)

struct fettle_callback {
  struct fettle_callback *next;
  struct fettle_door *door;
  char token[TOKEN_TEXT];
  char url[FETTLE_OFFER_URL];
  char expected[FETTLE_PEER_MAX];
  struct fettle_callback_seen seen;
};

struct fettle_served {
  struct fettle_served *next, **here;
  struct fettle_door *door, *data; /* data NULL: downloads stay where they began */
  struct fettle_offer *offer;
  char url[FETTLE_OFFER_URL], moved[FETTLE_OFFER_URL];
};

struct fettle_callbacks {
  struct fettle_doors *doors;
  struct fettle_offers *offers;
  struct fettle_peers *peers;
  struct fettle_callback *first;
  struct fettle_served *served;
  void (*post) (void *arg, struct fettle_offer *, json_t *body, const char *key,
                struct fettle_post *);
  void *post_arg;
};

/* ---- One-time URLs ---- */

static bool
one_time (void *arg, const char *token, size_t size, const char *from)
{
  struct fettle_callbacks *all = arg;

  for (struct fettle_callback *c = all->first; c; c = c->next)
    if (!c->seen.fetched && fettle_secret_equal (token, size, c->token, TOKEN_TEXT - 1)) {
      c->seen.fetched = true;
      snprintf (c->seen.from, sizeof c->seen.from, "%s", from);
      fettle_log (FETTLE_LOG_DEBUG, "%s fetched its one-time URL", from);
      return true;
    }
  return false;
}

static void
connected (void *arg, const struct fettle_door *d, const char *from)
{
  struct fettle_callbacks *all = arg;

  for (struct fettle_callback *c = all->first; c; c = c->next)
    if (c->door == d && fettle_peer_same (c->expected, from))
      c->seen.connected = true;
}

const char *
fettle_callbacks_other (void *callbacks, const char *path, const char *from)
{
  size_t n = strlen (FETTLE_CALLBACK_PREFIX);

  if (strncmp (path, FETTLE_CALLBACK_PREFIX, n) != 0
      || !one_time (callbacks, path + n, strlen (path + n), from))
    return NULL;
  return "Fettle is reached.\n";
}

void
fettle_callbacks_connected (void *callbacks, const char *address, const char *from)
{
  struct fettle_callbacks *all = callbacks;
  const struct fettle_door *d = fettle_door_find (all->doors, FETTLE_LISTEN_FTP, address);

  if (d)
    connected (all, d, from);
}

const char *
fettle_callback_url (const struct fettle_callback *c)
{
  return c->url;
}

const struct fettle_callback_seen *
fettle_callback_seen (const struct fettle_callback *c)
{
  return &c->seen;
}

static fettle_result
make_token (char ret[TOKEN_TEXT], struct fettle_error *err)
{
  unsigned char random[TOKEN_BYTES];

  if (fettle_random (random, sizeof random, err))
    return err->code;
  fettle_hex (random, sizeof random, ret);
  return FETTLE_OK;
}

fettle_result
fettle_callback_new (struct fettle_callbacks *all, uint32_t listener, uint16_t port,
                     const char *address, const char *expected, struct fettle_callback **ret,
                     struct fettle_error *err)
{
  struct fettle_callback *c;
  struct fettle_door *d = NULL;

  if (fettle_door_open (all->doors, listener, port, address, &d, err))
    return err->code;
  c = calloc (1, sizeof *c);
  if (!c || make_token (c->token, err)) {
    free (c);
    fettle_door_close (d);
    return c ? err->code : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a URL");
  }
  c->door = d;
  snprintf (c->expected, sizeof c->expected, "%s", expected);
  fettle_door_url (d, FETTLE_CALLBACK_PREFIX, c->token, "", c->url);
  c->next = all->first;
  all->first = c;
  *ret = c;
  return FETTLE_OK;
}

void
fettle_callback_free (struct fettle_callback *c)
{
  struct fettle_callbacks *all;
  struct fettle_callback **p;

  if (!c)
    return;
  all = fettle_door_arg (c->door);
  for (p = &all->first; *p != c; p = &(*p)->next)
    ;
  *p = c->next;
  fettle_door_close (c->door);
  free (c);
}

/* ---- Files and places for status ---- */

static void
make_urls (struct fettle_served *s)
{
  const char *prefix = s->offer->file || s->offer->tree ? FETTLE_DOWNLOAD_PREFIX : FETTLE_STATUS_PREFIX;

  fettle_door_url (s->door, prefix, s->offer->token, s->offer->name, s->url);
  if (!s->data)
    return;
  fettle_door_url (s->data, prefix, s->offer->token, s->offer->name, s->moved);
  s->offer->moved = s->moved;
}

fettle_result
fettle_served_new (struct fettle_callbacks *all, uint32_t listener, const char *address,
                   const struct fettle_offer *wanted, struct fettle_served **ret,
                   struct fettle_error *err)
{
  struct fettle_served *s;

  if (wanted->tree && listener != FETTLE_LISTEN_FTP)
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "a folder is to be had by FTP alone");
  if (!wanted->file && !wanted->tree && listener == FETTLE_LISTEN_FTP)
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "a status can't be sent by FTP");
  s = calloc (1, sizeof *s);
  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a URL");
  if (fettle_door_open (all->doors, listener, 0, address, &s->door, err)) {
    free (s);
    return err->code;
  }
  if (wanted->file && listener != FETTLE_LISTEN_FTP)
    s->data = fettle_door_open_data (all->doors, listener, address);
  if (fettle_offer_new (all->offers, wanted, &s->offer, err)) {
    fettle_door_close (s->data);
    fettle_door_close (s->door);
    free (s);
    return err->code;
  }
  if (!s->offer->listeners)
    s->offer->listeners = 1u << listener;
  make_urls (s);
  s->next = all->served;
  s->here = &all->served;
  if (s->next)
    s->next->here = &s->next;
  all->served = s;
  *ret = s;
  return FETTLE_OK;
}

const char *
fettle_served_url (const struct fettle_served *s)
{
  return s->url;
}

struct fettle_offer *
fettle_served_offer (struct fettle_served *s)
{
  return s->offer;
}

void
fettle_served_free (struct fettle_served *s)
{
  if (!s)
    return;
  *s->here = s->next;
  if (s->next)
    s->next->here = s->here;
  fettle_offer_free (s->offer);
  fettle_door_close (s->data);
  fettle_door_close (s->door);
  free (s);
}

/* ---- All of it ---- */

static void
post (void *arg, struct fettle_offer *o, json_t *body, const char *key, struct fettle_post *p)
{
  struct fettle_callbacks *all = arg;

  if (all->post) {
    all->post (all->post_arg, o, body, key, p);
    return;
  }
  json_decref (body);
  fettle_post_answer (p, 503, "Nobody takes this now.\n");
}

fettle_result
fettle_callbacks_new (struct event_base *base, const struct fettle_callbacks_options *o,
                      struct fettle_callbacks **ret, struct fettle_error *err)
{
  static const struct fettle_peer_handlers handlers = { .one_time = one_time, .post = post };
  struct fettle_callbacks *all = calloc (1, sizeof *all);

  if (all) {
    all->offers = o->offers;
    all->peers = fettle_peers_new (base, &o->limits, all->offers, &handlers, all);
    all->doors = all->peers ? fettle_doors_new (base, o, all->peers, connected, all) : NULL;
    if (all->doors) {
      *ret = all;
      return FETTLE_OK;
    }
  }
  fettle_callbacks_free (all);
  return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the listeners for nodes");
}

void
fettle_callbacks_free (struct fettle_callbacks *all)
{
  if (!all)
    return;
  while (all->first)
    fettle_callback_free (all->first);
  while (all->served)
    fettle_served_free (all->served);
  fettle_peers_free (all->peers);
  fettle_doors_free (all->doors);
  free (all);
}

void
fettle_callbacks_set_ftp (struct fettle_callbacks *all, struct fettle_ftp *ftp)
{
  fettle_doors_set_ftp (all->doors, ftp);
}

void
fettle_callbacks_set_post (struct fettle_callbacks *all,
                           void (*f) (void *arg, struct fettle_offer *, json_t *body,
                                      const char *key, struct fettle_post *),
                           void *arg)
{
  all->post = f;
  all->post_arg = arg;
}

bool
fettle_callbacks_adopt (struct fettle_callbacks *all, struct bufferevent *bev,
                        void (*released) (void *arg), void *arg)
{
  struct sockaddr_storage sa;
  socklen_t size = sizeof sa;
  char from[FETTLE_PEER_MAX] = "";

  if (getpeername (bufferevent_getfd (bev), (struct sockaddr *) &sa, &size) == 0)
    fettle_peer_text ((struct sockaddr *) &sa, size, from);
  return fettle_peer_adopt (all->peers, bev, from, released, arg);
}

void
fettle_callbacks_stop (struct fettle_callbacks *all)
{
  fettle_doors_stop (all->doors);
  fettle_peers_stop (all->peers);
}

void
fettle_callbacks_disconnect (struct fettle_callbacks *all)
{
  if (!all)
    return;
  fettle_doors_stop (all->doors);
  fettle_peers_end (all->peers);
}

unsigned
fettle_callbacks_sending (const struct fettle_callbacks *all)
{
  return fettle_peers_sending (all->peers);
}

json_t *
fettle_callbacks_listeners (const struct fettle_callbacks *all)
{
  return fettle_doors_list (all->doors);
}
