/* ftp-internal.h - what the files of the FTP listener share: ftp.c (listeners
 * and their limits), ftp-session.c (one client's commands), ftp-data.c (data
 * connections).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FTP_INTERNAL_H
#define FETTLE_FTP_INTERNAL_H

#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "serve/ftp-command.h"
#include "serve/ftp.h"

/* A control port on one of our addresses. */
struct ftp_door {
  struct ftp_door *next;
  struct fettle_ftp *ftp;
  char address[FETTLE_PEER_MAX];
  unsigned users;
  struct evconnlistener *accept;
};

/* A port of passive FTP that is open for somebody. */
struct ftp_passive {
  struct ftp_passive *next;
  struct fettle_ftp *ftp;
  char address[FETTLE_PEER_MAX];
  uint16_t port;
  unsigned users;
  struct evconnlistener *accept;
};

/* Data connection: none -> awaited (passive is set) -> there (bev is set);
 * sending from when RETR and connection have met. */
struct ftp_data {
  struct ftp_passive *passive;
  struct bufferevent *bev;
  bool wanted;                  /* RETR has come */
  bool sending;
  struct fettle_offer *offer;   /* NULL: `text`; ours as long as `use` is */
  struct fettle_offer_use use;
  struct fettle_offer_file *file; /* a reference */
  const char *text;
  uint64_t offset, left;        /* where it begins; bytes that haven't gone out */
};

struct ftp_session {
  struct ftp_session *next, **here;
  struct ftp_door *door;
  struct fettle_ftp *ftp;
  struct bufferevent *bev;
  struct event *deadline;
  char from[FETTLE_PEER_MAX];
  char folder[FETTLE_FTP_PATH_MAX];
  uint64_t rest;
  unsigned wrong;               /* names and logins */
  bool named, in, closing, extended_only, seen_rest;
  struct ftp_data data;
};

struct fettle_ftp {
  struct event_base *base;
  struct fettle_ftp_options o;
  struct ftp_door *doors;
  struct ftp_passive *passives;
  struct ftp_session *sessions;
  unsigned n;
  uint64_t last_complaint;
};

/* ---- ftp.c ---- */

/* A line in the log, at most one a second. */
void fettle_ftp_complain (struct fettle_ftp *, const char *from, const char *what);

/* ---- ftp-session.c ---- */

/* Greets; owns fd, also when it fails. */
void fettle_ftp_session_new (struct ftp_door *, int fd, const char *from);
void fettle_ftp_session_free (struct ftp_session *);

/* "CODE TEXT", to the client. */
void fettle_ftp_reply (struct ftp_session *, const char *line);

/* Goes on with what has come meanwhile. */
void fettle_ftp_session_go_on (struct ftp_session *);
/* So many seconds for what is awaited; 0: none. */
void fettle_ftp_session_deadline (struct ftp_session *, unsigned seconds);

/* ---- ftp-data.c ---- */

/* A passive port for the session; returns it, 0: none is free. */
uint16_t fettle_ftp_passive (struct ftp_session *);

/* What RETR is for: a file of that offer; held until the transfer ends. */
void fettle_ftp_use (struct ftp_session *, struct fettle_offer *, struct fettle_offer_file *);

/* Sends data.file (or text), from data.offset, as soon as there is a connection. */
void fettle_ftp_send (struct ftp_session *);

/* Connection, port and file are given up. */
void fettle_ftp_data_clear (struct ftp_session *);

#endif
