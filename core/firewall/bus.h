/* bus.h - the system's D-Bus in an event loop.
 *
 * Connects in the background, and again two seconds after it was lost.
 * Nothing waits but fettle_bus_wait.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_BUS_H
#define FETTLE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

struct event_base;
struct fettle_bus;

/* `changed (arg, true)`: there is a connection; matches are to be made anew.
 * It comes from the event loop. */
struct fettle_bus *fettle_bus_new (struct event_base *, void (*changed) (void *arg, bool connected),
                                   void *arg);
void fettle_bus_free (struct fettle_bus *);

/* `f` is called once, with the answer or an error (a lost connection, too);
 * not when this fails: < 0, -errno. */
int fettle_bus_call (struct fettle_bus *, const char *name, const char *path, const char *interface,
                     const char *member, sd_bus_message_handler_t f, void *arg, const char *types,
                     ...);
int fettle_bus_match (struct fettle_bus *, const char *sender, const char *path,
                      const char *interface, const char *member, sd_bus_message_handler_t f,
                      void *arg);

/* Until *count is 0, at most that long: for the end. */
void fettle_bus_wait (struct fettle_bus *, const size_t *count, unsigned ms);

#endif
