/* systemd.c - see systemd.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "service/systemd.h"

#ifdef HAVE_SYSTEMD

#include <systemd/sd-daemon.h>

int
fettle_systemd_sockets (void)
{
  int n = sd_listen_fds (0);

  return n > 0 ? n : 0;
}

fettle_result
fettle_systemd_listen (struct fettle_listen *ret, struct fettle_error *err)
{
  struct fettle_listen l = { .n = 0 };
  int n = sd_listen_fds (1);
  fettle_result r;

  if (n <= 0)
    return fettle_error_set (err, FETTLE_E_UNREACHABLE, "no socket was handed over");
  for (int i = 0; i < n; i++) {
    int fd = SD_LISTEN_FDS_START + i;

    if (sd_is_socket (fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 || sd_is_socket (fd, AF_UNIX, 0, -1) > 0)
      r = fettle_error_set (err, FETTLE_E_CONFIG,
                            "socket %d that systemd handed over isn't one of TCP that listens: look at "
                            "ListenStream= in fettled.socket", i + 1);
    else
      r = fettle_listen_adopt (&l, fd, err);
    if (r) {
      fettle_listen_close (&l);
      return r;
    }
  }
  *ret = l;
  return FETTLE_OK;
}

void
fettle_systemd_notify (const char *state)
{
  sd_notify (0, state);
}

static void
tell_watchdog (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what, (void) arg;
  sd_notify (0, "WATCHDOG=1");
}

struct event *
fettle_systemd_watchdog (struct event_base *base)
{
  uint64_t usec = 0;
  struct timeval period;
  struct event *timer;

  if (sd_watchdog_enabled (0, &usec) <= 0)
    return NULL;
  period.tv_sec = (time_t) (usec / 2 / 1000000);
  period.tv_usec = (suseconds_t) (usec / 2 % 1000000);
  timer = event_new (base, -1, EV_PERSIST, tell_watchdog, NULL);
  if (timer)
    event_add (timer, &period);
  return timer;
}

#else

int
fettle_systemd_sockets (void)
{
  return 0;
}

fettle_result
fettle_systemd_listen (struct fettle_listen *ret, struct fettle_error *err)
{
  (void) ret;
  return fettle_error_set (err, FETTLE_E_UNREACHABLE, "this was built without libsystemd");
}

void
fettle_systemd_notify (const char *state)
{
  (void) state;
}

struct event *
fettle_systemd_watchdog (struct event_base *base)
{
  (void) base;
  return NULL;
}

#endif
