/* activate.c - restart a host, and wait until it is back.
 *
 * The token is what makes this safe to repeat: "boot TIME MODE" is stored before
 * the restart is asked for, so a repeated call sees by another boot time that it
 * has happened.  MODE says whether the host was in maintenance mode before (1),
 * and whether it had HPE's providers (2): these are waited for, too, since by
 * them an inventory sees what the restart has brought.
 * Then "went TIME MODE SINCE" while it is on its way, "came ..." when they alone
 * are missing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cim.h"

enum { IN_MAINTENANCE = 1, HAD_PROVIDERS = 2 };

struct restart {
  char boot[64];
  int mode;
  long long since;
};

static int
has_providers (struct vm_session *s)
{
  struct vm_cim cim;
  int has = vm_cim_open (&cim, s) == FETTLE_OK && cim.installs;

  vm_cim_close (&cim);
  return has;
}

/* 1: they are still to come, and are waited for. */
static int
awaits_providers (struct vm_session *s, const struct restart *x, int came)
{
  if (!(x->mode & HAD_PROVIDERS) || has_providers (s) || s->gone)
    return 0;
  if (!came || (long long) time (NULL) - x->since < (long long) vm_number (s->h, s->c, "cim_timeout"))
    return 1;
  s->h->log (s->c, FETTLE_LOG_WARNING, "the host has restarted, and its CIM server doesn't come up: what firmware it has can't be told");
  return 0;
}

static fettle_result
back (struct vm_session *s, const struct restart *x, int came)
{
  char token[160];
  fettle_result r;

  if (awaits_providers (s, x, came)) {
    s->h->progress (s->c, 800, "waiting for the host's CIM server");
    snprintf (token, sizeof token, "came %s %d %lld", x->boot, x->mode, came ? x->since : (long long) time (NULL));
    return s->h->again (s->c, vm_number (s->h, s->c, "poll"), token);
  }
  if (s->gone)
    return FETTLE_E_UNREACHABLE;
  r = x->mode & IN_MAINTENANCE ? FETTLE_OK : vm_exit_maintenance (s);
  if (r == FETTLE_OK)
    s->h->log (s->c, FETTLE_LOG_INFO, "the host has restarted");
  return r;
}

/* It may go before it has answered; and it may be that it doesn't go. */
static fettle_result
go (struct vm_session *s, const struct restart *x)
{
  char token[160], why[sizeof s->why];
  fettle_result r = vm_enter_maintenance (s);

  if (r == FETTLE_OK) {
    s->h->progress (s->c, 200, "restarting");
    r = vm_ask (s, "RebootHost_Task", &s->host, "<force>false</force>", 0, NULL);
  }
  if (r == FETTLE_E_UNREACHABLE)
    r = FETTLE_OK;
  if (r == FETTLE_OK) {
    s->gone = 1; /* and its session with it */
    snprintf (token, sizeof token, "went %s %d %lld", x->boot, x->mode, (long long) time (NULL));
    return s->h->again (s->c, vm_number (s->h, s->c, "poll"), token);
  }
  memcpy (why, s->why, sizeof why);
  if (!s->gone && !(x->mode & IN_MAINTENANCE) && vm_exit_maintenance (s) != FETTLE_OK)
    s->h->log (s->c, FETTLE_LOG_WARNING, "the host stays in maintenance mode");
  if (!why[0])
    return r;
  memcpy (s->why, why, sizeof why);
  return s->h->error (s->c, r, why);
}

static fettle_result
wait_for_it (struct vm_session *s, const struct restart *x, fettle_result r)
{
  uint32_t limit = vm_number (s->h, s->c, "reboot_timeout");

  if (r == FETTLE_E_ABORTED)
    return r;
  if ((long long) time (NULL) - x->since > (long long) limit)
    return vm_fail (s, FETTLE_E_TIMEOUT, "the host isn't back %u s after its restart%s: look at its console (the setting "
                        "reboot_timeout says how long to wait)", (unsigned) limit,
                        r == FETTLE_OK ? ", or hasn't restarted at all" : "");
  s->h->progress (s->c, 500, r == FETTLE_OK ? "shutting down" : "waiting for the host to be back");
  return s->h->again (s->c, vm_number (s->h, s->c, "poll"), s->h->token (s->c));
}

static fettle_result
first (struct vm_session *s, const char *boot)
{
  char token[120];

  snprintf (token, sizeof token, "boot %s %d", boot,
            (vm_is (s, "runtime.inMaintenanceMode", "true") ? IN_MAINTENANCE : 0) | (has_providers (s) ? HAD_PROVIDERS : 0));
  return s->h->again (s->c, FETTLE_HAS (s->t, struct fettle_target, delay_s) ? s->t->delay_s : 0, token);
}

fettle_result
vm_activate (VM_CALL)
{
  const char *token = h->token (c);
  struct restart x = { .since = 0 };
  struct vm_session s;
  char boot[64] = "";
  fettle_result r;
  int came = token && sscanf (token, "came %63s %d %lld", x.boot, &x.mode, &x.since) == 3;
  int went = came || (token && sscanf (token, "went %63s %d %lld", x.boot, &x.mode, &x.since) == 3);

  if (token && !went && sscanf (token, "boot %63s %d", x.boot, &x.mode) != 2)
    return h->error (c, FETTLE_E_INTERNAL, "a token of an earlier call isn't one");
  r = vm_open (&s, h, c, t);
  if (r == FETTLE_OK)
    r = vm_host (&s);
  if (r == FETTLE_OK)
    fettle_xml_text (vm_property (&s, "runtime.bootTime"), NULL, boot, sizeof boot);
  if (r == FETTLE_OK && (!boot[0] || strchr (boot, ' ')))
    r = h->error (c, FETTLE_E_UNSUPPORTED, "the host doesn't say when it was started, so a restart couldn't be told from none: "
                  "restart it by hand");
  else if (r == FETTLE_OK && token && strcmp (boot, x.boot) != 0) {
    r = back (&s, &x, came);
    if (went && r == FETTLE_E_UNREACHABLE) /* it was back, and isn't quite */
      r = wait_for_it (&s, &x, r);
  } else if (went)
    r = wait_for_it (&s, &x, r);
  else if (r == FETTLE_OK)
    r = token ? go (&s, &x) : first (&s, boot);
  return vm_close (&s, r);
}
