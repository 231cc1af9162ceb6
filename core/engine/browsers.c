/* browsers.c - holes for the browsers (and commands) of named machines, for as
 * long as a service with open_firewall runs.
 *
 * Their leases last an hour and are renewed before: what a crash leaves in the
 * journal isn't opened again by a start that doesn't want it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/holes.h"
#include "util/log.h"

#define LEASE_S 3600

bool
fettle_api_is_remote (const struct fettle_settings *s)
{
  return s->api_address && strcmp (s->api_address, "localhost") != 0;
}

bool
fettle_browsers_wanted (const struct fettle_settings *s)
{
  return s->open_firewall && s->browsers && *s->browsers
         && fettle_api_is_remote (s);
}

static void
complain (const char *address, const char *why)
{
  fettle_log (FETTLE_LOG_ERROR, "firewall: browsers at %s can't be let in: %s", address, why);
}

static void
take_one (struct fettle_engine *e, const char *address)
{
  struct fettle_hole holes[FETTLE_LEASE_HOLES_MAX];
  struct fettle_lease lease = { .node = address, .job = FETTLE_BROWSERS_JOB, .phase = FETTLE_BOTH,
                                .until = time (NULL) + LEASE_S, .holes = holes };
  struct fettle_error err = { .code = FETTLE_OK };

  lease.n = fettle_holes_of (e, &fettle_browser_type, address, FETTLE_INVENTORY, holes, &err);
  if (err.code || fettle_leases_take (e->leases, &lease, NULL, NULL, &err))
    complain (address, err.text);
}

static void
take_all (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_engine *e = arg;
  const char *at = e->settings->browsers;
  char one[256];

  (void) fd, (void) what;
  while (*(at += strspn (at, " "))) {
    size_t n = strcspn (at, " ");

    snprintf (one, sizeof one, "%.*s", (int) n, at);
    take_one (e, one);
    at += n;
  }
}

void
fettle_browsers_begin (struct fettle_engine *e)
{
  static const struct timeval half = { LEASE_S / 2, 0 };
  struct fettle_error err;

  if (!fettle_browsers_wanted (e->settings))
    return;
  if (fettle_holes_need (e, &err)) {
    complain (e->settings->browsers, err.text);
    return;
  }
  e->browsers = event_new (e->base, -1, EV_PERSIST, take_all, e);
  if (!e->browsers)
    abort ();
  event_add (e->browsers, &half);
  take_all (-1, 0, e);
}

void
fettle_browsers_end (struct fettle_engine *e)
{
  if (e->browsers)
    event_free (e->browsers);
  e->browsers = NULL;
}
