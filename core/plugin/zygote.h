/* zygote.h - the service's end of one zygote: its process and its control
 * socket (wire.h).  For the pool alone.
 *
 * Handlers are called from the event loop only.  After `gone` the zygote does
 * nothing any more and is to be freed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ZYGOTE_H
#define FETTLE_ZYGOTE_H

#include <event2/event.h>

#include "plugin/load.h"
#include "util/settings.h"

struct fettle_zygote;

struct fettle_zygote_handlers {
  void (*ready) (void *arg);
  void (*exited) (void *arg, uint64_t call, int status); /* waitpid's; -1: it didn't start */
  void (*gone) (void *arg, const char *why);
};

/* Starts the process; the plugin is loaded when `ready` comes. */
fettle_result fettle_zygote_new (struct event_base *, const struct fettle_settings *,
                                 const struct fettle_plugin_info *,
                                 const struct fettle_zygote_handlers *, void *arg,
                                 struct fettle_zygote **ret, struct fettle_error *);

/* It doesn't do what it should: kills it; `gone` is called. */
void fettle_zygote_give_up (struct fettle_zygote *, const char *why);

/* Kills it, and with it its calls. */
void fettle_zygote_free (struct fettle_zygote *);

/* Takes over the socket. */
void fettle_zygote_start (struct fettle_zygote *, uint64_t call, int socket);
void fettle_zygote_kill (struct fettle_zygote *, uint64_t call);

#endif
