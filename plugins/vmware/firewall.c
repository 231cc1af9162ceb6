/* firewall.c - the host's own firewall, which lets nothing out to our port.
 *
 * A ruleset of the host's that allows all TCP ports out to the addresses in its
 * list (nfsClient) is given ours, and nothing else.  What it was like before is
 * noted on the datastore before it is changed, so that opening is safe to repeat
 * and tells the same; restoring puts exactly that back.  Where somebody else has
 * changed the ruleset meanwhile, our address alone is taken out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmware.h"

enum { HOSTS_MAX = 64, HOST = 56, STATE = 8192 };

#define HOST_CHARACTERS "0123456789abcdefABCDEF.:/"

/* What a ruleset allows.  Networks have a / in them. */
struct rules {
  int enabled, all;
  size_t n;
  char hosts[HOSTS_MAX][HOST];
};

struct firewall {
  struct vm_session s;
  struct vm_ref system;
  struct vm_store store;         /* "": none */
  const char *ruleset;
  char note[120];
  struct rules now;
};

static int
has_host (const struct rules *r, const char *host)
{
  for (size_t i = 0; i < r->n; i++)
    if (strcmp (r->hosts[i], host) == 0)
      return 1;
  return 0;
}

static int
same (const struct rules *a, const struct rules *b)
{
  if (a->enabled != b->enabled || a->all != b->all || a->n != b->n)
    return 0;
  for (size_t i = 0; i < a->n; i++)
    if (!has_host (b, a->hosts[i]))
      return 0;
  return 1;
}

static int
add_host (struct rules *r, const char *host)
{
  if (r->n == HOSTS_MAX || !host[0] || strlen (host) >= HOST || strspn (host, HOST_CHARACTERS) != strlen (host))
    return 0;
  snprintf (r->hosts[r->n++], HOST, "%s", host);
  return 1;
}

/* ---- as text ---- */

static void
write_state (const char *ruleset, const char *us, const struct rules *r, char text[STATE])
{
  int used = snprintf (text, STATE, "vmware 1 %s %s %d %d", ruleset, us, r->enabled, r->all);

  for (size_t i = 0; i < r->n && used < STATE; i++)
    used += snprintf (text + used, (size_t) (STATE - used), " %s", r->hosts[i]);
}

static int
read_state (const char *text, char ruleset[64], char us[HOST], struct rules *r)
{
  int used = 0;
  char host[HOST];

  memset (r, 0, sizeof *r);
  if (sscanf (text, "vmware 1 %63s %55s %d %d%n", ruleset, us, &r->enabled, &r->all, &used) != 4)
    return 0;
  for (text += used; sscanf (text, " %55s%n", host, &used) == 1; text += used)
    if (!add_host (r, host))
      return 0;
  return strspn (us, HOST_CHARACTERS) == strlen (us);
}

/* ---- the host ---- */

static fettle_result
read_one (struct firewall *f, const xmlNode *n)
{
  const xmlNode *allowed = fettle_xml_child (n, "allowedHosts"), *one;
  char text[80], prefix[8], network[100];
  int good = 1;

  memset (&f->now, 0, sizeof f->now);
  f->now.enabled = strcmp (fettle_xml_text (n, "enabled", text, sizeof text), "true") == 0;
  f->now.all = !allowed || strcmp (fettle_xml_text (allowed, "allIp", text, sizeof text), "true") == 0;
  for (one = fettle_xml_child (allowed, "ipAddress"); one && good; one = fettle_xml_next (one, "ipAddress"))
    good = add_host (&f->now, fettle_xml_text (one, NULL, text, sizeof text));
  for (one = fettle_xml_child (allowed, "ipNetwork"); one && good; one = fettle_xml_next (one, "ipNetwork")) {
    snprintf (network, sizeof network, "%s/%s", fettle_xml_text (one, "network", text, sizeof text),
              fettle_xml_text (one, "prefixLength", prefix, sizeof prefix));
    good = add_host (&f->now, network);
  }
  return good ? FETTLE_OK : vm_fail (&f->s, FETTLE_E_UNSUPPORTED, "the ruleset %s of the host's firewall has more, or "
                                         "other, addresses than could be put back: open it by hand", f->ruleset);
}

static fettle_result
read_ruleset (struct firewall *f)
{
  xmlNode *object;
  const xmlNode *n;
  char key[64];
  fettle_result r = vm_properties (&f->s, &f->system, "<pathSet>firewallInfo</pathSet>", &object);

  if (r != FETTLE_OK)
    return r;
  n = fettle_xml_child (vm_value (object, "firewallInfo"), "ruleset");
  for (; n; n = fettle_xml_next (n, "ruleset"))
    if (strcmp (fettle_xml_text (n, "key", key, sizeof key), f->ruleset) == 0)
      return read_one (f, n);
  return vm_fail (&f->s, FETTLE_E_UNSUPPORTED, "the host's firewall has no ruleset %s (setting firewall_ruleset)",
                      f->ruleset);
}

/* ---- whom it lets out ---- */

static int
read_ipv4 (const char *text, uint32_t *ret)
{
  unsigned a, b, c, d;

  if (sscanf (text, "%3u.%3u.%3u.%3u", &a, &b, &c, &d) != 4 || (a | b | c | d) > 255)
    return 0;
  *ret = (uint32_t) a << 24 | (uint32_t) b << 16 | (uint32_t) c << 8 | (uint32_t) d;
  return 1;
}

/* What can't be told, IPv6 networks, counts as let out. */
static int
is_allowed (const xmlNode *ruleset, const char *address)
{
  const xmlNode *allowed = fettle_xml_child (ruleset, "allowedHosts"), *n;
  char text[80];
  uint32_t ours, theirs;

  if (!allowed || strcmp (fettle_xml_text (allowed, "allIp", text, sizeof text), "true") == 0)
    return 1;
  for (n = fettle_xml_child (allowed, "ipAddress"); n; n = fettle_xml_next (n, "ipAddress"))
    if (strcmp (fettle_xml_text (n, NULL, text, sizeof text), address) == 0)
      return 1;
  for (n = fettle_xml_child (allowed, "ipNetwork"); n; n = fettle_xml_next (n, "ipNetwork")) {
    int known = read_ipv4 (fettle_xml_text (n, "network", text, sizeof text), &theirs) && read_ipv4 (address, &ours);
    unsigned long bits = strtoul (fettle_xml_text (n, "prefixLength", text, sizeof text), NULL, 10);

    if (!known ? strchr (address, ':') != NULL : bits == 0 || (bits <= 32 && (ours ^ theirs) >> (32 - bits) == 0))
      return 1;
  }
  return 0;
}

static int
has_port_out (const xmlNode *ruleset, unsigned port)
{
  const xmlNode *n = fettle_xml_child (ruleset, "rule");
  char text[40];

  for (; n; n = fettle_xml_next (n, "rule")) {
    unsigned long first = strtoul (fettle_xml_text (n, "port", text, sizeof text), NULL, 10);
    unsigned long last = strtoul (fettle_xml_text (n, "endPort", text, sizeof text), NULL, 10);

    if (strcmp (fettle_xml_text (n, "direction", text, sizeof text), "outbound") == 0
        && strcmp (fettle_xml_text (n, "protocol", text, sizeof text), "tcp") == 0
        && strcmp (fettle_xml_text (n, "portType", text, sizeof text), "src") != 0
        && port >= first && port <= (last ? last : first))
      return 1;
  }
  return 0;
}

int
vm_firewall_lets (struct vm_session *s, const char *address, unsigned port)
{
  const xmlNode *info, *n;
  struct vm_ref system;
  xmlNode *object;
  char text[20];

  if (!vm_manager (s, "firewallSystem", &system)
      || vm_properties (s, &system, "<pathSet>firewallInfo</pathSet>", &object) != FETTLE_OK)
    return 1;
  info = vm_value (object, "firewallInfo");
  if (!info || strcmp (fettle_xml_text (info, "defaultPolicy/outgoingBlocked", text, sizeof text), "false") == 0)
    return 1;
  for (n = fettle_xml_child (info, "ruleset"); n; n = fettle_xml_next (n, "ruleset"))
    if (strcmp (fettle_xml_text (n, "enabled", text, sizeof text), "true") == 0 && has_port_out (n, port)
        && is_allowed (n, address))
      return 1;
  return 0;
}

/* ---- changing it ---- */

static fettle_result
switch_ruleset (struct firewall *f, int on)
{
  char arguments[160];

  snprintf (arguments, sizeof arguments, "<id>%s</id>", f->ruleset);
  return vm_ask (&f->s, on ? "EnableRuleset" : "DisableRuleset", &f->system, arguments, 0, NULL);
}

/* Addresses, networks, then allIp: the order of the type. */
static fettle_result
set_hosts (struct firewall *f, const struct rules *r)
{
  char arguments[HOSTS_MAX * (HOST + 80) + 300];
  size_t used = (size_t) snprintf (arguments, sizeof arguments, "<id>%s</id><spec><allowedHosts>", f->ruleset);

  for (size_t i = 0; i < r->n; i++)
    if (!strchr (r->hosts[i], '/'))
      used += (size_t) snprintf (arguments + used, sizeof arguments - used, "<ipAddress>%s</ipAddress>", r->hosts[i]);
  for (size_t i = 0; i < r->n; i++) {
    const char *slash = strchr (r->hosts[i], '/');

    if (slash)
      used += (size_t) snprintf (arguments + used, sizeof arguments - used, "<ipNetwork><network>%.*s</network><prefixLength>%s"
                                 "</prefixLength></ipNetwork>", (int) (slash - r->hosts[i]), r->hosts[i], slash + 1);
  }
  snprintf (arguments + used, sizeof arguments - used, "<allIp>%s</allIp></allowedHosts></spec>", r->all ? "true" : "false");
  return vm_ask (&f->s, "UpdateRuleset", &f->system, arguments, 0, NULL);
}

/* Never open for more than before or after. */
static fettle_result
become (struct firewall *f, const struct rules *wanted)
{
  fettle_result r = FETTLE_OK;

  if (f->now.enabled && !wanted->enabled)
    r = switch_ruleset (f, 0);
  if (r == FETTLE_OK)
    r = set_hosts (f, wanted);
  if (r == FETTLE_OK && !f->now.enabled && wanted->enabled)
    r = switch_ruleset (f, 1);
  return r;
}

/* What opening makes of it. */
static void
with_us (const struct rules *former, const char *us, struct rules *ret)
{
  memset (ret, 0, sizeof *ret);
  if (former->enabled)
    *ret = *former;
  ret->enabled = 1;
  if (!ret->all && !has_host (ret, us))
    add_host (ret, us);
}

/* ---- the calls ---- */

static fettle_result
begin (struct firewall *f, VM_CALL)
{
  fettle_result r;

  memset (f, 0, sizeof *f);
  f->ruleset = h->setting (c, "firewall_ruleset");
  r = vm_open (&f->s, h, c, t);
  if (r == FETTLE_OK)
    r = vm_host (&f->s);
  if (r != FETTLE_OK)
    return r;
  if (!f->ruleset || strlen (f->ruleset) > 60 || strpbrk (f->ruleset, " <>&"))
    return h->error (c, FETTLE_E_CONFIG, "the setting firewall_ruleset is no name of a ruleset");
  if (!vm_manager (&f->s, "firewallSystem", &f->system))
    return h->error (c, FETTLE_E_UNSUPPORTED, "the host has no firewall that could be set");
  if (vm_store (&f->s, &f->store) != FETTLE_OK && f->s.gone)
    return FETTLE_E_UNREACHABLE;
  vm_file_name (&f->s, "firewall", f->note);
  return FETTLE_OK;
}

/* What was before the first time, as noted then or as it is now. */
static fettle_result
find_former (struct firewall *f, char kept[STATE])
{
  fettle_result r = FETTLE_OK;

  kept[0] = '\0';
  if (f->store.name[0])
    r = vm_get_note (&f->s, &f->store, f->note, kept, STATE);
  if (r == FETTLE_OK && !kept[0]) {
    const struct rules off = { .all = 1 };

    /* Without a note: what lets us alone out is what an earlier call has made. */
    write_state (f->ruleset, f->s.us, !f->store.name[0] && f->now.n == 1 && has_host (&f->now, f->s.us) ? &off : &f->now, kept);
    if (f->store.name[0])
      r = vm_put_note (&f->s, &f->store, f->note, kept);
    else
      f->s.h->log (f->s.c, FETTLE_LOG_WARNING, "the host has no datastore for a note on its firewall's former state: after a crash "
                   "it may stay open for us");
  }
  return r;
}

static fettle_result
open_for_us (struct firewall *f, char kept[STATE])
{
  struct rules former, wanted;
  char ruleset[64], us[HOST];
  fettle_result r = find_former (f, kept);

  if (r != FETTLE_OK)
    return r;
  if (!read_state (kept, ruleset, us, &former) || strcmp (ruleset, f->ruleset) != 0)
    return vm_fail (&f->s, FETTLE_E_CONFIG, "the note on the firewall's former state can't be used: \"%.100s\"", kept);
  with_us (&f->now, us, &wanted); /* with what somebody else may have added since */
  if (!same (&f->now, &wanted))
    r = become (f, &wanted);
  if (r == FETTLE_OK)
    fettle_say (f->s.h, f->s.c, FETTLE_LOG_INFO, "the host's firewall (ruleset %s) lets it connect to %s", f->ruleset, us);
  return r;
}

fettle_result
vm_firewall_open (VM_CALL, uint32_t phases, const char **former)
{
  static char kept[STATE]; /* a call has a process of its own */
  struct firewall f;
  struct rules nobody = { .n = 0 };
  fettle_result r = begin (&f, h, c, t);

  (void) phases; /* the way back is needed in both */
  *former = NULL;
  if (r == FETTLE_OK)
    r = read_ruleset (&f);
  if (r == FETTLE_OK && f.now.enabled && f.now.all) {
    kept[0] = '\0'; /* unless it is somebody else who has opened it since */
    r = f.store.name[0] ? vm_get_note (&f.s, &f.store, f.note, kept, STATE) : FETTLE_OK;
    if (r == FETTLE_OK)
      fettle_say (h, c, FETTLE_LOG_INFO, "the host's firewall lets it connect to everybody (ruleset %s)", f.ruleset);
    *former = r == FETTLE_OK && kept[0] ? kept : NULL;
  } else if (r == FETTLE_OK && !add_host (&nobody, f.s.us))
    r = h->error (c, FETTLE_E_UNSUPPORTED, "the host doesn't tell our address as it sees it: open its firewall by hand");
  else if (r == FETTLE_OK) {
    r = open_for_us (&f, kept);
    if (r == FETTLE_OK)
      *former = kept;
  }
  return vm_close (&f.s, r);
}

static fettle_result
put_back (struct firewall *f, const struct rules *former, const char *us)
{
  struct rules opened, rest = f->now;
  fettle_result r = FETTLE_OK;

  with_us (former, us, &opened);
  if (!former->enabled) /* either half of it may have been done */
    opened.enabled = f->now.enabled;
  if (same (&f->now, former))
    f->s.h->log (f->s.c, FETTLE_LOG_INFO, "the host's firewall is as it was");
  else if (same (&f->now, &opened)) {
    r = become (f, former);
    if (r == FETTLE_OK)
      f->s.h->log (f->s.c, FETTLE_LOG_INFO, "the host's firewall is as it was");
  } else {
    for (size_t i = 0; i < rest.n; i++)
      if (strcmp (rest.hosts[i], us) == 0 && !has_host (former, us)) {
        memmove (rest.hosts[i], rest.hosts[i + 1], (rest.n - i - 1) * HOST);
        rest.n--;
        i--;
      }
    r = rest.n != f->now.n ? become (f, &rest) : FETTLE_OK;
    if (r == FETTLE_OK)
      fettle_say (f->s.h, f->s.c, FETTLE_LOG_WARNING, "somebody else has changed the ruleset %s meanwhile: our address is taken out "
                  "of it, the rest stays", f->ruleset);
  }
  return r;
}

fettle_result
vm_firewall_restore (VM_CALL, const char *former)
{
  char ruleset[64], us[HOST];
  struct rules state;
  struct firewall f;
  fettle_result r;

  if (!read_state (former, ruleset, us, &state))
    return fettle_fail (h, c, FETTLE_E_CONFIG, "the former state of the host's firewall can't be read: \"%.100s\"", former);
  r = begin (&f, h, c, t);
  f.ruleset = ruleset; /* whatever the setting is by now */
  if (r == FETTLE_OK)
    r = read_ruleset (&f);
  if (r == FETTLE_OK)
    r = put_back (&f, &state, us);
  if (r == FETTLE_OK && f.store.name[0])
    r = vm_delete_file (&f.s, &f.store, f.note);
  return vm_close (&f.s, r);
}
