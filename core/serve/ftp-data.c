/* ftp-data.c - data connections of FTP: the shared passive ports, and sending.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/buffer.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "serve/ftp-internal.h"
#include "serve/listen.h"
#include "util/log.h"
#include "util/secret.h"

#define WRITE_MAX (512 << 10) /* bytes of one turn: fewer calls, and others get theirs */

/* ---- Passive ports ---- */

static void
passive_release (struct ftp_passive *p)
{
  struct ftp_passive **place = &p->ftp->passives;

  if (--p->users)
    return;
  while (*place != p)
    place = &(*place)->next;
  *place = p->next;
  evconnlistener_free (p->accept);
  free (p);
}

static struct ftp_session *
awaited_by (const struct ftp_passive *p, const char *from)
{
  struct ftp_session *s = p->ftp->sessions;

  while (s && (s->data.passive != p || strcmp (s->from, from) != 0))
    s = s->next;
  return s;
}

/* Whose node this comes from, has it; nobody else. */
static void
on_accept (struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int size, void *arg)
{
  struct ftp_passive *p = arg;
  struct fettle_ftp *ftp = p->ftp;
  char from[FETTLE_PEER_MAX];
  struct ftp_session *s;

  (void) l;
  fettle_peer_text (sa, (socklen_t) size, from);
  s = awaited_by (p, from);
  if (!s)
    fettle_ftp_complain (ftp, from, "a data connection that nobody awaits");
  else
    s->data.bev = bufferevent_socket_new (ftp->base, fd, BEV_OPT_CLOSE_ON_FREE);
  if (!s || !s->data.bev) {
    close ((int) fd);
    return;
  }
  s->data.passive = NULL;
  passive_release (p);
  if (s->data.wanted)
    fettle_ftp_send (s);
}

static struct ftp_passive *
passive_find (struct fettle_ftp *ftp, const char *address, uint16_t port)
{
  struct ftp_passive *p = ftp->passives;

  while (p && (p->port != port || strcmp (p->address, address) != 0))
    p = p->next;
  return p;
}

/* NULL: the port is taken by another program. */
static struct ftp_passive *
passive_open (struct fettle_ftp *ftp, const char *address, uint16_t port)
{
  struct ftp_passive *p = calloc (1, sizeof *p);
  struct fettle_listen l = { .n = 0 };

  if (!p || !fettle_listen_try (address, port, &l)) {
    free (p);
    return NULL;
  }
  *p = (struct ftp_passive) { .ftp = ftp, .port = l.port, .next = ftp->passives };
  snprintf (p->address, sizeof p->address, "%s", address);
  p->accept = evconnlistener_new (ftp->base, on_accept, p,
                                  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, l.fds[0]);
  if (!p->accept) {
    fettle_listen_close (&l);
    free (p);
    return NULL;
  }
  ftp->passives = p;
  return p;
}

/* A port at which nobody from the same address waits: connections couldn't be
 * told apart. */
static struct ftp_passive *
passive_choose (struct ftp_session *s)
{
  struct fettle_ftp *ftp = s->ftp;
  unsigned first = ftp->o.data_first, n = ftp->o.data_last - first + 1u;
  struct fettle_error err;
  uint32_t start = 0;

  if (!first)
    return passive_open (ftp, s->door->address, 0);
  if (fettle_random (&start, sizeof start, &err))
    return NULL;
  for (unsigned i = 0; i < n; i++) {
    uint16_t port = (uint16_t) (first + (start % n + i) % n);
    struct ftp_passive *p = passive_find (ftp, s->door->address, port);

    if (p ? !awaited_by (p, s->from) : (p = passive_open (ftp, s->door->address, port)) != NULL)
      return p;
  }
  return NULL;
}

uint16_t
fettle_ftp_passive (struct ftp_session *s)
{
  struct ftp_passive *p;

  fettle_ftp_data_clear (s);
  p = passive_choose (s);
  if (!p) {
    fettle_ftp_complain (s->ftp, s->from, "no port of ftp_data_ports is free");
    fettle_ftp_reply (s, "425 No port is free: try again.");
    return 0;
  }
  p->users++;
  s->data.passive = p;
  return p->port;
}

/* ---- Sending ---- */

/* What went out, for who offered it.  That may end the offer: our use of it is
 * over before. */
static void
account (struct ftp_data *d, uint64_t sent, bool whole)
{
  struct fettle_offer *o = d->offer;

  if (!o)
    return;
  d->offer = NULL;
  fettle_offer_use_end (&d->use);
  o->bytes += sent;
  o->fetches += whole;
  if (o->changed)
    o->changed (o->arg, o);
}

static uint64_t
unsent (const struct ftp_data *d)
{
  return d->sending ? evbuffer_get_length (bufferevent_get_output (d->bev)) : d->left;
}

void
fettle_ftp_data_clear (struct ftp_session *s)
{
  struct ftp_data d = s->data;

  if (s->data.wanted)
    account (&s->data, d.left - unsent (&d), false);
  if (d.passive)
    passive_release (d.passive);
  if (d.bev)
    bufferevent_free (d.bev);
  fettle_offer_file_release (d.file);
  s->data = (struct ftp_data) { 0 };
}

/* The transfer is over, one way or the other. */
static void
end (struct ftp_session *s, const char *line)
{
  fettle_ftp_data_clear (s);
  fettle_ftp_reply (s, line);
  fettle_ftp_session_deadline (s, s->ftp->o.idle_seconds);
  fettle_ftp_session_go_on (s);
}

static void
on_written (struct bufferevent *bev, void *arg)
{
  struct ftp_session *s = arg;

  (void) bev;
  account (&s->data, s->data.left, true);
  end (s, "226 That was all.");
}

static void
on_event (struct bufferevent *bev, short what, void *arg)
{
  (void) bev;
  end (arg, what & BEV_EVENT_TIMEOUT ? "426 You didn't read: broken off."
            : what & BEV_EVENT_EOF   ? "451 The file can't be read any more."
                                     : "426 The connection was broken off.");
}

/* The offer was ended meanwhile: by its time, its job, or by hand. */
static void
on_revoked (struct fettle_offer_use *use)
{
  struct ftp_session *s = (struct ftp_session *) (void *)
                            ((char *) use - offsetof (struct ftp_session, data.use));

  s->data.offer = NULL;
  end (s, "426 The file isn't there any more.");
}

void
fettle_ftp_use (struct ftp_session *s, struct fettle_offer *o, struct fettle_offer_file *file)
{
  s->data.offer = o;
  s->data.file = fettle_offer_file_hold (file);
  s->data.use = (struct fettle_offer_use) { .ended = on_revoked };
  fettle_offer_use_begin (o, &s->data.use);
}

/* sendfile does the work; the kernel takes no more than the client reads. */
static bool
put (struct ftp_data *d)
{
  struct evbuffer *out = bufferevent_get_output (d->bev);
  struct evbuffer_file_segment *segment;
  bool done;
  int fd;

  if (!d->file)
    return evbuffer_add (out, d->text + d->offset, d->left) == 0;
  if (!fettle_offer_file_unchanged (d->file)) {
    fettle_log (FETTLE_LOG_ERROR, "%s has changed since its digest was taken: it isn't sent",
                d->offer ? d->offer->name : "a file");
    return false;
  }
  fd = dup (d->file->fd);
  segment = fd < 0 ? NULL : evbuffer_file_segment_new (
                              fd, (ev_off_t) (d->file->offset + d->offset), (ev_off_t) d->left,
                              EVBUF_FS_CLOSE_ON_FREE);
  if (!segment) {
    if (fd >= 0)
      close (fd);
    return false;
  }
  done = evbuffer_add_file_segment (out, segment, 0, (ev_off_t) d->left) == 0;
  evbuffer_file_segment_free (segment); /* our reference */
  return done;
}

static void
begin (struct ftp_session *s)
{
  struct timeval stall = { .tv_sec = s->ftp->o.stall_seconds };
  struct ftp_data *d = &s->data;
  char line[80];

  snprintf (line, sizeof line, "150 Here come %llu bytes.", (unsigned long long) d->left);
  fettle_ftp_reply (s, line);
  fettle_ftp_session_deadline (s, 0);
  if (d->left && !put (d)) {
    end (s, "451 The file can't be read.");
    return;
  }
  d->sending = true;
  bufferevent_setcb (d->bev, NULL, on_written, on_event, s);
  bufferevent_set_timeouts (d->bev, NULL, &stall);
  bufferevent_set_max_single_write (d->bev, WRITE_MAX);
  bufferevent_enable (d->bev, EV_WRITE);
  if (!d->left)
    bufferevent_trigger (d->bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

void
fettle_ftp_send (struct ftp_session *s)
{
  struct fettle_offer *o = s->data.offer;

  if (!s->data.bev) {
    fettle_ftp_session_deadline (s, s->ftp->o.idle_seconds);
    return;
  }
  if (o && !o->contacted) {
    o->contacted = true;
    if (o->changed)
      o->changed (o->arg, o);
  }
  if (s->data.wanted) /* the offer may have been ended just now */
    begin (s);
}
