/* reach.c - the way back: the host is made to fetch a URL of ours.
 *
 * What its esxcli has for that is the list of what a depot offers, which reads
 * the depot's index and changes nothing.  Ours isn't an index: an answer that
 * says so is as good as any, since the host has fetched it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmware.h"

enum { REACH_MS = 35000 };

/* Of http://ADDRESS:PORT/..., where an IPv6 address is in brackets. */
static int
where_to (const char *url, char address[64], unsigned *port)
{
  const char *begin = strstr (url, "://"), *end;
  int bracket;

  if (!begin)
    return 0;
  begin += 3;
  bracket = *begin == '[';
  begin += bracket;
  end = strchr (begin, bracket ? ']' : ':');
  if (!end || end - begin >= 64)
    return 0;
  snprintf (address, 64, "%.*s", (int) (end - begin), begin);
  *port = (unsigned) strtoul (end + 1 + bracket, NULL, 10);
  return *port > 0 && *port < 65536;
}

/* A host drops what its rulesets don't let out: that is silence to whoever asks. */
static void
ask_firewall (struct vm_session *s, const char *url, char note[100])
{
  char address[64];
  unsigned port;

  note[0] = '\0';
  if (where_to (url, address, &port) && vm_firewall_lets (s, address, port) == 0)
    snprintf (note, 100, " output-filter=yes output-rules=%.60s", s->h->setting (s->c, "firewall_ruleset"));
}

static fettle_result
failed (struct vm_session *s, const char *url)
{
  const char *word = vm_fetch_word (s->fault.text);
  char note[100] = "", text[VM_TEXT];

  if (!word)
    return vm_fail (s, FETTLE_E_PROTOCOL, "the host didn't say whether it could fetch the URL: \"%s\"", s->fault.text);
  if (!*word)
    return FETTLE_OK;
  memcpy (text, s->fault.text, sizeof text);
  if (strcmp (word, "answered") != 0 && strcmp (word, "connected") != 0)
    ask_firewall (s, url, note);
  return vm_fail (s, strcmp (word, "timed-out") == 0 ? FETTLE_E_TIMEOUT : FETTLE_E_UNREACHABLE,
                  "%s: the host's attempt (tool=esxcli%s), in its words \"%s\"", word, note, text);
}

fettle_result
vm_reach_back (VM_CALL, const char *url)
{
  struct vm_argument depot = { "depot", url };
  struct vm_session s;
  xmlDoc *doc = NULL;
  char note[100];
  fettle_result r = vm_open (&s, h, c, t);

  if (r == FETTLE_OK)
    r = vm_host (&s);
  if (r == FETTLE_OK) {
    r = vm_esxcli (&s, "software.sources.vib.list", &depot, 1, REACH_MS, &doc);
    if (r == FETTLE_OK && !doc)
      r = strcmp (s.fault.name, "esxcli") == 0 ? failed (&s, url) : vm_refused (&s, "esxcli software sources vib list");
    else if (r == FETTLE_E_TIMEOUT) { /* it waits for us: it isn't away */
      s.gone = 0;
      ask_firewall (&s, url, note);
      r = vm_fail (&s, r, "timed-out: the host's attempt (tool=esxcli%s) took more than %d s", note, REACH_MS / 1000);
    }
  }
  xmlFreeDoc (doc);
  return vm_close (&s, r);
}
