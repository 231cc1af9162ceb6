/* door.h - ports that are open for nodes: each on one of our addresses, for as
 * long as it has users.  Within serve/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_DOOR_H
#define FETTLE_DOOR_H

#include "serve/callback.h"

struct fettle_doors;
struct fettle_door;

/* `connected` hears of each connection, before anything else is known of it. */
struct fettle_doors *fettle_doors_new (struct event_base *,
                                       const struct fettle_callbacks_options *,
                                       struct fettle_peers *,
                                       void (*connected) (void *arg, const struct fettle_door *,
                                                          const char *from),
                                       void *arg);
void fettle_doors_set_ftp (struct fettle_doors *, struct fettle_ftp *);
/* Closes all; none may have users any more. */
void fettle_doors_free (struct fettle_doors *);
/* Accepts no more connections; the doors stay. */
void fettle_doors_stop (struct fettle_doors *);
json_t *fettle_doors_list (const struct fettle_doors *);

/* One user more of FETTLE_LISTEN_* at that address.  port 0: the listener's
 * own, else one that downloads move to. */
fettle_result fettle_door_open (struct fettle_doors *, uint32_t listener, uint16_t port,
                                const char *address, struct fettle_door **ret,
                                struct fettle_error *);
/* The one that is open there, or NULL. */
struct fettle_door *fettle_door_find (struct fettle_doors *, uint32_t listener,
                                      const char *address);
/* The same as fettle_door_open on a port that downloads move to; NULL: there is none. */
struct fettle_door *fettle_door_open_data (struct fettle_doors *, uint32_t listener,
                                           const char *address);
/* One user less.  NULL is fine. */
void fettle_door_close (struct fettle_door *);

void *fettle_door_arg (const struct fettle_door *);

/* "http://10.0.0.1:63001/d/TOKEN/NAME"; name "": without it. */
void fettle_door_url (const struct fettle_door *, const char *prefix, const char *token,
                      const char *name, char ret[FETTLE_OFFER_URL]);

#endif
