/* bus.c - see bus.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <time.h>

#include "firewall/bus.h"

enum { AGAIN_S = 2, ANSWER_S = 20, AT_ONCE = 64 };

struct fettle_bus {
  struct event_base *base;
  void (*changed) (void *arg, bool connected);
  void *arg;
  sd_bus *bus;
  struct event *io;    /* or a time */
  struct event *again;
};

static uint64_t
now_us (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static void on_io (evutil_socket_t fd, short what, void *arg);

static void
close_bus (struct fettle_bus *b)
{
  if (b->io)
    event_free (b->io);
  b->io = NULL;
  b->bus = sd_bus_close_unref (b->bus);
}

static void
lose (struct fettle_bus *b)
{
  const struct timeval t = { AGAIN_S, 0 };

  close_bus (b);
  event_add (b->again, &t);
  b->changed (b->arg, false);
}

/* What to wait for changes with each message. */
static bool
wait_for_more (struct fettle_bus *b)
{
  int fd = sd_bus_get_fd (b->bus), events = sd_bus_get_events (b->bus);
  uint64_t until = UINT64_MAX, now = now_us (), left;
  struct timeval t;
  short what;

  if (fd < 0 || events < 0 || sd_bus_get_timeout (b->bus, &until) < 0)
    return false;
  what = (short) ((events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0));
  if (b->io)
    event_free (b->io);
  b->io = event_new (b->base, fd, what, on_io, b);
  if (!b->io)
    return false;
  left = until > now ? until - now : 0;
  t = (struct timeval) { (time_t) (left / 1000000), (suseconds_t) (left % 1000000) };
  return event_add (b->io, until == UINT64_MAX ? NULL : &t) == 0;
}

static void
on_io (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_bus *b = arg;
  int r = 1;

  (void) fd;
  (void) what;
  for (int i = 0; i < AT_ONCE && r > 0; i++)
    r = sd_bus_process (b->bus, NULL);
  if (r < 0 || !wait_for_more (b))
    lose (b);
  else if (r > 0)
    event_active (b->io, EV_TIMEOUT, 0);
}

static void
connect_bus (evutil_socket_t fd, short what, void *arg)
{
  const struct timeval t = { AGAIN_S, 0 };
  struct fettle_bus *b = arg;

  (void) fd;
  (void) what;
  if (sd_bus_open_system (&b->bus) < 0
      || sd_bus_set_method_call_timeout (b->bus, ANSWER_S * 1000000ull) < 0) {
    close_bus (b);
    event_add (b->again, &t);
    return;
  }
  b->changed (b->arg, true);
  if (!wait_for_more (b))
    lose (b);
}

int
fettle_bus_call (struct fettle_bus *b, const char *name, const char *path, const char *interface,
                 const char *member, sd_bus_message_handler_t f, void *arg, const char *types, ...)
{
  _cleanup_ (sd_bus_message_unrefp) sd_bus_message *m = NULL;
  va_list values;
  int r;

  if (!b->bus)
    return -ENOTCONN;
  r = sd_bus_message_new_method_call (b->bus, &m, name, path, interface, member);
  va_start (values, types);
  if (r >= 0 && *types)
    r = sd_bus_message_appendv (m, types, values);
  va_end (values);
  if (r >= 0)
    r = sd_bus_call_async (b->bus, NULL, m, f, arg, 0);
  if (r >= 0 && b->io)
    event_active (b->io, EV_TIMEOUT, 0);
  return r;
}

int
fettle_bus_match (struct fettle_bus *b, const char *sender, const char *path,
                  const char *interface, const char *member, sd_bus_message_handler_t f, void *arg)
{
  return b->bus ? sd_bus_match_signal_async (b->bus, NULL, sender, path, interface, member, f, NULL,
                                             arg) : -ENOTCONN;
}

void
fettle_bus_wait (struct fettle_bus *b, const size_t *count, unsigned ms)
{
  const uint64_t end = now_us () + ms * 1000ull;
  uint64_t now;
  int r = 0;

  while (b->bus && *count > 0 && r >= 0 && (now = now_us ()) < end) {
    r = sd_bus_process (b->bus, NULL);
    if (r == 0)
      r = sd_bus_wait (b->bus, end - now);
  }
}

struct fettle_bus *
fettle_bus_new (struct event_base *base, void (*changed) (void *arg, bool connected), void *arg)
{
  struct fettle_bus *b = calloc (1, sizeof *b);

  if (!b)
    return NULL;
  *b = (struct fettle_bus) { .base = base, .changed = changed, .arg = arg };
  b->again = evtimer_new (base, connect_bus, b);
  if (!b->again) {
    free (b);
    return NULL;
  }
  event_active (b->again, EV_TIMEOUT, 0);
  return b;
}

void
fettle_bus_free (struct fettle_bus *b)
{
  if (!b)
    return;
  close_bus (b);
  event_free (b->again);
  free (b);
}
