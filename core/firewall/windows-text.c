/* windows-text.c - see windows-text.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "firewall/windows-text.h"

static void
write_remote (FILE *f, const struct fettle_windows_rule *r, size_t from)
{
  char text[FETTLE_RANGE_TEXT];

  if (r->remote_alone) {
    fputs (*r->remote_alone ? r->remote_alone : "any", f);
    return;
  }
  for (size_t i = from; i < r->n_remote && i < from + FETTLE_WINDOWS_RULE_MAX; i++)
    fprintf (f, "%s%s", i > from ? "," : "", fettle_range_text (&r->remote[i], text));
}

static void
write_name (FILE *f, const struct fettle_windows_rule *r, size_t from)
{
  fputs (r->name, f);
  if (from > 0)
    fprintf (f, " (%zu)", from / FETTLE_WINDOWS_RULE_MAX + 1);
}

static void
write_ports (FILE *f, const struct fettle_windows_rule *r)
{
  fprintf (f, r->first == r->last ? "%u" : "%u-%u", r->first, r->last);
}

static size_t
count (const struct fettle_windows_rule *r)
{
  return r->remote_alone ? 1 : r->n_remote;
}

void
fettle_windows_netsh (FILE *f, const struct fettle_windows_rule *r)
{
  for (size_t i = 0; i < count (r); i += FETTLE_WINDOWS_RULE_MAX) {
    fputs ("netsh advfirewall firewall add rule name=\"", f);
    write_name (f, r, i);
    fprintf (f, "\" dir=%s action=allow protocol=%s %s=", r->in ? "in" : "out",
             r->udp ? "UDP" : "TCP", r->local_port ? "localport" : "remoteport");
    write_ports (f, r);
    if (*r->local)
      fprintf (f, " localip=%s", r->local);
    fputs (" remoteip=", f);
    write_remote (f, r, i);
    fputs ("\r\n", f);
  }
}

void
fettle_windows_powershell (FILE *f, const struct fettle_windows_rule *r)
{
  for (size_t i = 0; i < count (r); i += FETTLE_WINDOWS_RULE_MAX) {
    fputs ("New-NetFirewallRule -Group 'fettle' -DisplayName '", f);
    write_name (f, r, i);
    fprintf (f, "' -Direction %s -Action Allow -Protocol %s %s ", r->in ? "Inbound" : "Outbound",
             r->udp ? "UDP" : "TCP", r->local_port ? "-LocalPort" : "-RemotePort");
    write_ports (f, r);
    if (*r->local)
      fprintf (f, " -LocalAddress %s", r->local);
    fputs (" -RemoteAddress ", f);
    write_remote (f, r, i);
    fputs ("\r\n", f);
  }
}
