/* ftp.c - see ftp.h.  Listeners, and who may connect.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <sys/socket.h>

#include "serve/ftp-internal.h"
#include "serve/listen.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

void
fettle_ftp_complain (struct fettle_ftp *ftp, const char *from, const char *what)
{
  uint64_t now = fettle_seconds ();

  if (ftp->last_complaint == now)
    return;
  ftp->last_complaint = now;
  fettle_log (FETTLE_LOG_WARNING, "%s at the FTP listener: %s", from, what);
}

/* ---- Connections ---- */

static unsigned
sessions_of (const struct fettle_ftp *ftp, const char *from)
{
  unsigned n = 0;

  for (const struct ftp_session *s = ftp->sessions; s; s = s->next)
    n += strcmp (s->from, from) == 0;
  return n;
}

static const char *
why_not (const struct ftp_door *d, const char *from)
{
  const struct fettle_ftp *ftp = d->ftp;

  if (!*from)
    return "it has no address";
  if (ftp->n >= ftp->o.max_sessions)
    return "there are too many connections";
  return sessions_of (ftp, from) >= ftp->o.max_of_address ? "it has too many connections" : NULL;
}

static void
on_accept (struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int size, void *arg)
{
  static const char busy[] = "421 Not now.\r\n";
  struct ftp_door *d = arg;
  char from[FETTLE_PEER_MAX];
  const char *why;

  (void) l;
  fettle_peer_text (sa, (socklen_t) size, from);
  if (d->ftp->o.connected)
    d->ftp->o.connected (d->ftp->o.arg, d->address, from);
  why = why_not (d, from);
  if (!why) {
    fettle_ftp_session_new (d, (int) fd, from);
    return;
  }
  fettle_ftp_complain (d->ftp, from, why);
  (void) !send ((int) fd, busy, sizeof busy - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  close ((int) fd);
}

/* ---- Doors ---- */

static struct ftp_door **
find_door (struct fettle_ftp *ftp, const char *address)
{
  struct ftp_door **p = &ftp->doors;

  while (*p && strcmp ((*p)->address, address) != 0)
    p = &(*p)->next;
  return p;
}

static fettle_result
door_listen (struct ftp_door *d, struct fettle_error *err)
{
  struct fettle_listen l = { .n = 0 };

  if (fettle_listen_one (d->address, d->ftp->o.port, "ftp_port", &l, err))
    return err->code;
  d->accept = evconnlistener_new (d->ftp->base, on_accept, d,
                                  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, l.fds[0]);
  if (!d->accept) {
    fettle_listen_close (&l);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to listen");
  }
  fettle_log (FETTLE_LOG_INFO, "opened FTP port %u on %s for nodes", d->ftp->o.port, d->address);
  return FETTLE_OK;
}

fettle_result
fettle_ftp_open (struct fettle_ftp *ftp, const char *address, struct fettle_error *err)
{
  struct ftp_door **place = find_door (ftp, address), *d = *place;

  if (d) {
    d->users++;
    return FETTLE_OK;
  }
  if (!ftp->o.port)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the FTP listener is off: ftp_port turns it on");
  d = calloc (1, sizeof *d);
  if (!d)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to listen");
  *d = (struct ftp_door) { .ftp = ftp, .users = 1 };
  snprintf (d->address, sizeof d->address, "%s", address);
  if (door_listen (d, err)) {
    free (d);
    return err->code;
  }
  *place = d;
  return FETTLE_OK;
}

static void
door_free (struct ftp_door **place)
{
  struct ftp_door *d = *place;

  for (struct ftp_session *s = d->ftp->sessions, *next; s; s = next) {
    next = s->next;
    if (s->door == d)
      fettle_ftp_session_free (s);
  }
  *place = d->next;
  evconnlistener_free (d->accept);
  fettle_log (FETTLE_LOG_INFO, "closed FTP port %u on %s", d->ftp->o.port, d->address);
  free (d);
}

void
fettle_ftp_close (struct fettle_ftp *ftp, const char *address)
{
  struct ftp_door **place = find_door (ftp, address);

  if (*place && --(*place)->users == 0)
    door_free (place);
}

/* ---- From outside ---- */

uint16_t
fettle_ftp_port (const struct fettle_ftp *ftp)
{
  return ftp->o.port;
}

void
fettle_ftp_listeners (const struct fettle_ftp *ftp, json_t *list)
{
  for (const struct ftp_door *d = ftp->doors; d; d = d->next)
    json_array_append_new (list, json_pack ("{s:s s:i s:s s:i}", "address", d->address, "port",
                                            (int) d->ftp->o.port, "scheme", "ftp", "users",
                                            (int) d->users));
}

static void
limit (unsigned *value, unsigned initial)
{
  if (!*value)
    *value = initial;
}

fettle_result
fettle_ftp_new (struct event_base *base, const struct fettle_ftp_options *o,
                struct fettle_ftp **ret, struct fettle_error *err)
{
  struct fettle_ftp *ftp = calloc (1, sizeof *ftp);

  if (!ftp)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the FTP listener");
  *ftp = (struct fettle_ftp) { .base = base, .o = *o };
  limit (&ftp->o.max_sessions, 4096);
  limit (&ftp->o.max_of_address, 8);
  limit (&ftp->o.login_seconds, 10);
  limit (&ftp->o.idle_seconds, 60);
  limit (&ftp->o.stall_seconds, 60);
  *ret = ftp;
  return FETTLE_OK;
}

void
fettle_ftp_free (struct fettle_ftp *ftp)
{
  if (!ftp)
    return;
  while (ftp->doors)
    door_free (&ftp->doors);
  free (ftp);
}
