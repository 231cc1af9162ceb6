/* ftp.h - the FTP listener for nodes: off unless ftp_port is set.
 *
 * Read-only, anonymous, passive (PASV and EPSV) within ftp_data_ports, and with
 * one-time names only: /d/TOKEN/NAME, looked up with the address of the node
 * that asks (offer.h).  There is nothing to list, and to be told that a path
 * isn't there costs one of a few tries.
 *
 * A port is bound only while somebody uses it, and only on the address that
 * the nodes in question use.  The ports of passive FTP are shared: a data
 * connection belongs to the session whose node it comes from, and is closed
 * when there is none.  PORT and EPRT are refused: nothing is ever connected to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FTP_H
#define FETTLE_FTP_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "serve/offer.h"
#include "util/error.h"

struct fettle_ftp;

struct fettle_ftp_options {
  uint16_t port;                  /* 0: off; fettle_ftp_open fails */
  uint16_t data_first, data_last; /* of passive FTP; both 0: any that is free */
  struct fettle_offers *offers;   /* borrowed; outlives the listener */
  /* Somebody has connected to the port at our address; may be NULL. */
  void (*connected) (void *arg, const char *address, const char *from);
  /* A path that isn't an offer's ("/c/TOKEN") is fetched: the short text that
   * is there, or NULL.  May be NULL itself. */
  const char *(*other) (void *arg, const char *path, const char *from);
  void *arg;
  /* Limits; 0: the initial ones. */
  unsigned max_sessions;          /* 4096 */
  unsigned max_of_address;        /* sessions of one address: 8 */
  unsigned login_seconds;         /* from connection to login: 10 */
  unsigned idle_seconds;          /* between commands, and for a data connection: 60 */
  unsigned stall_seconds;         /* without a byte going out: 60 */
};

fettle_result fettle_ftp_new (struct event_base *, const struct fettle_ftp_options *,
                              struct fettle_ftp **ret, struct fettle_error *);

/* Ends all sessions and listeners.  NULL is fine. */
void fettle_ftp_free (struct fettle_ftp *);

/* Listens on one of our addresses, for one more user.  Each that succeeded is
 * closed once; with the last user the sessions there end too. */
fettle_result fettle_ftp_open (struct fettle_ftp *, const char *address, struct fettle_error *);
void fettle_ftp_close (struct fettle_ftp *, const char *address);

uint16_t fettle_ftp_port (const struct fettle_ftp *);

/* The same members as fettle_callbacks_listeners, appended. */
void fettle_ftp_listeners (const struct fettle_ftp *, json_t *list);

#endif
