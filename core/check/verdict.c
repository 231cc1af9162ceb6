/* verdict.c - to the node; way-back.c has the other direction.  See verdict.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdarg.h>

#include "check/say.h"
#include "check/verdict.h"

/* A neighbour that doesn't answer is given up after three seconds; whoever
 * refuses by rule does so at once. */
#define NEIGHBOUR_MS 2000

static const char *const names[] = {
  [FETTLE_OPEN]             = "open",
  [FETTLE_OPEN_NAT]         = "open-nat",
  [FETTLE_NOTHING_LISTENS]  = "nothing-listens",
  [FETTLE_WRONG_PORT]       = "wrong-port",
  [FETTLE_LOCAL_DROP]       = "local-drop",
  [FETTLE_LOCAL_REJECT]     = "local-reject",
  [FETTLE_BETWEEN_DROP]     = "between-drop",
  [FETTLE_BETWEEN_REJECT]   = "between-reject",
  [FETTLE_NODE_DROP]        = "node-drop",
  [FETTLE_NODE_REJECT]      = "node-reject",
  [FETTLE_NODE_OUTPUT]      = "node-output",
  [FETTLE_FAR_DROP]         = "no-answer",
  [FETTLE_NO_ROUTE_HERE]    = "no-route-here",
  [FETTLE_NO_ROUTE_NODE]    = "no-route-node",
  [FETTLE_NO_ROUTE_BETWEEN] = "no-route-between",
  [FETTLE_REPLY_LOST]       = "reply-lost",
  [FETTLE_NAT]              = "nat",
  [FETTLE_REVERSE_PATH]     = "reverse-path",
  [FETTLE_NODE_DOWN]        = "node-down",
  [FETTLE_LISTENER]         = "listener",
  [FETTLE_UNTESTED]         = "untested",
  [FETTLE_DATA_PORTS]       = "data-ports",
};

const char *
fettle_cause_name (enum fettle_cause cause)
{
  return names[cause];
}

bool
fettle_cause_is_open (enum fettle_cause cause)
{
  return cause == FETTLE_OPEN || cause == FETTLE_OPEN_NAT;
}

/* ---- For both directions (say.h) ---- */

void
fettle_say (struct fettle_verdict *v, enum fettle_cause cause, const char *format, ...)
{
  va_list ap;

  v->cause = cause;
  v->mend[0] = '\0';
  va_start (ap, format);
  vsnprintf (v->sentence, sizeof v->sentence, format, ap);
  va_end (ap);
}

void
fettle_mend (struct fettle_verdict *v, const char *format, ...)
{
  va_list ap;

  va_start (ap, format);
  vsnprintf (v->mend, sizeof v->mend, format, ap);
  va_end (ap);
}

enum fettle_refusal
fettle_icmp_means (bool six, int type, int code)
{
  if (six) {
    if (type != ICMP6_DST_UNREACH)
      return FETTLE_REFUSAL_OTHER;
    return code == ICMP6_DST_UNREACH_NOROUTE ? FETTLE_REFUSAL_NO_ROUTE
           : code == ICMP6_DST_UNREACH_ADDR  ? FETTLE_REFUSAL_NO_HOST
           : code == ICMP6_DST_UNREACH_NOPORT ? FETTLE_REFUSAL_PORT : FETTLE_REFUSAL_ADMIN;
  }
  if (type != ICMP_DEST_UNREACH)
    return FETTLE_REFUSAL_OTHER;
  switch (code) {
  case ICMP_NET_UNREACH: case ICMP_NET_UNKNOWN:
    return FETTLE_REFUSAL_NO_ROUTE;
  case ICMP_HOST_UNREACH: case ICMP_HOST_UNKNOWN:
    return FETTLE_REFUSAL_NO_HOST;
  case ICMP_PORT_UNREACH: case ICMP_PROT_UNREACH:
    return FETTLE_REFUSAL_PORT;
  default:
    return FETTLE_REFUSAL_ADMIN;
  }
}

/* ---- To the node ---- */

static bool
is_six (const char *address)
{
  return strchr (address, ':') != NULL;
}

static const char *
protocol_name (const struct fettle_way_there *w)
{
  return w->protocol == FETTLE_UDP ? "udp" : "tcp";
}

static void
mend_here (const struct fettle_way_there *w, struct fettle_verdict *v)
{
  fettle_mend (v, "let it out on this host: nft insert rule inet TABLE OUTPUT-CHAIN %s daddr %s %s"
                  " dport %u accept (\"nft list ruleset\" shows which chain drops it)",
               is_six (w->address) ? "ip6" : "ip", w->address, protocol_name (w), w->port);
}

static void
mend_at_node (const struct fettle_way_there *w, const char *own, struct fettle_verdict *v)
{
  const char *us = *own ? own : "this host";

  fettle_mend (v, "on %s: firewall-cmd --add-rich-rule='rule family=%s source address=%s port port=%u"
                  " protocol=%s accept', or ufw allow proto %s from %s to any port %u", w->name,
               is_six (w->address) ? "ipv6" : "ipv4", us, w->port, protocol_name (w),
               protocol_name (w), us, w->port);
}

static void
mend_between (const struct fettle_way_there *w, const char *own, struct fettle_verdict *v)
{
  fettle_mend (v, "let the firewall's people allow %s from %s to %s port %u",
               protocol_name (w), *own ? own : "this host", w->address, w->port);
}

static void
mend_setting (const struct fettle_way_there *w, struct fettle_verdict *v)
{
  if (w->setting)
    fettle_mend (v, "if it listens elsewhere: fettle node set %s --setting %s=PORT", w->name,
                 w->setting);
  else
    fettle_mend (v, "start the service on %s, or switch it on in its settings", w->name);
}

/* Something answered: is it what belongs there? */
static bool
greets (const struct fettle_way_there *w, const struct fettle_probe_seen *seen)
{
  return !w->greeting || strncmp (seen->greeting, w->greeting, strlen (w->greeting)) == 0;
}

/* The setting moves the port, but what belongs there is at the declared one. */
static bool
declared_is_right (const struct fettle_way_there *w, struct fettle_verdict *v)
{
  if (!w->at_declared || w->at_declared->error || !greets (w, w->at_declared))
    return false;
  fettle_say (v, FETTLE_WRONG_PORT, "the setting %s says port %u, which doesn't answer as it should;"
                                    " port %u does", w->setting, w->port, w->declared);
  fettle_mend (v, "fettle node set %s --setting %s=%u", w->name, w->setting, w->declared);
  return true;
}

static void
connected (const struct fettle_way_there *w, struct fettle_verdict *v)
{
  if (greets (w, w->seen))
    fettle_say (v, FETTLE_OPEN, "%s answers on port %u (%u ms)", w->name, w->port, w->seen->ms);
  else if (!declared_is_right (w, v)) {
    fettle_say (v, FETTLE_WRONG_PORT, "something else listens on port %u of %s: it %s%s%s, instead of"
                                      " greeting with \"%s\"", w->port, w->name,
                *w->seen->greeting ? "says \"" : "says nothing", w->seen->greeting,
                *w->seen->greeting ? "\"" : "", w->greeting);
    mend_setting (w, v);
  }
}

/* An ICMP error, with who sent it. */
static void
refused_by (const struct fettle_way_there *w, const struct fettle_icmp *icmp,
            struct fettle_verdict *v)
{
  const struct fettle_probe_seen *s = w->seen;
  enum fettle_refusal why = fettle_icmp_means (is_six (w->address), icmp->type, icmp->code);
  bool nobody = why == FETTLE_REFUSAL_NO_HOST; /* what is said of a neighbour that doesn't answer */

  if (icmp->local || fettle_same_address (icmp->offender, s->own)) {
    if (nobody) {
      fettle_say (v, FETTLE_NODE_DOWN, "nobody has the address %s in this host's network: %s is down,"
                                       " or has another address", w->address, w->name);
      fettle_mend (v, "switch it on, or: fettle node set %s --address ADDRESS", w->name);
    } else {
      fettle_say (v, FETTLE_LOCAL_REJECT, "this host's own firewall rejects what goes out to %s port %u",
                  w->address, w->port);
      mend_here (w, v);
    }
  } else if (fettle_same_address (icmp->offender, w->address)) {
    fettle_say (v, FETTLE_NODE_REJECT, "the firewall of %s itself rejects port %u", w->name, w->port);
    mend_at_node (w, s->own, v);
  } else if (why == FETTLE_REFUSAL_NO_ROUTE) {
    fettle_say (v, FETTLE_NO_ROUTE_BETWEEN, "the router %s has no route to %s", icmp->offender,
                w->address);
    fettle_mend (v, "on the router %s: ip route add %s via NEXT-HOP", icmp->offender, w->address);
  } else if (nobody) {
    fettle_say (v, FETTLE_NODE_DOWN, "the router %s finds nobody with the address %s: %s is down, or has"
                                     " another address%s", icmp->offender, w->address, w->name,
                s->ms < NEIGHBOUR_MS ? " (or a firewall there says so)" : "");
    fettle_mend (v, "switch it on, or: fettle node set %s --address ADDRESS", w->name);
  } else {
    fettle_say (v, FETTLE_BETWEEN_REJECT, "a firewall in between, %s, rejects what goes to %s port %u",
                icmp->offender, w->address, w->port);
    mend_between (w, s->own, v);
  }
}

static void
no_way_out (const struct fettle_way_there *w, struct fettle_verdict *v)
{
  if (w->seen->error == EPERM) {
    fettle_say (v, FETTLE_LOCAL_DROP, "this host's own firewall drops what goes out to %s port %u",
                w->address, w->port);
    mend_here (w, v);
    return;
  }
  fettle_say (v, FETTLE_NO_ROUTE_HERE, "this host has no route to %s (%s)", w->address,
              strerror (w->seen->error));
  fettle_mend (v, "on this host: ip route add %s via ROUTER (\"ip route get %s\" shows what there is)",
               w->address, w->address);
}

static void
silence (const struct fettle_way_there *w, struct fettle_verdict *v)
{
  const struct fettle_probe_seen *s = w->seen;
  bool alive = s->udp_icmp.there && fettle_same_address (s->udp_icmp.offender, w->address);

  if (s->udp_error == EPERM || s->kept_back) {
    fettle_say (v, FETTLE_LOCAL_DROP, "this host's own firewall drops what goes out to %s port %u",
                w->address, w->port);
    mend_here (w, v);
  } else if (s->udp_icmp.there && !alive && *s->udp_icmp.offender)
    refused_by (w, &s->udp_icmp, v);
  else if (alive || w->others_answer) {
    fettle_say (v, FETTLE_NODE_DROP, "no answer from port %u of %s, which %s: its firewall drops what"
                                     " comes in, or one in between does", w->port, w->name,
                alive ? "is there" : "answers on another port");
    mend_at_node (w, s->own, v);
  } else {
    fettle_say (v, FETTLE_FAR_DROP, "no answer at all from %s port %u, and nobody says why: the node's"
                                    " firewall drops what comes in, or one in between does, or the"
                                    " answers find no way back", w->address, w->port);
    fettle_mend (v, "at the node's console: is port %u let in (nft list ruleset), and is there a way"
                    " back (ip route get %s)?  Then the firewalls in between", w->port,
                 *s->own ? s->own : "ADDRESS");
  }
}

static void
datagram (const struct fettle_way_there *w, struct fettle_verdict *v)
{
  const struct fettle_probe_seen *s = w->seen;

  if (s->udp_error == EPERM) {
    fettle_say (v, FETTLE_LOCAL_DROP, "this host's own firewall drops what goes out to %s port %u",
                w->address, w->port);
    mend_here (w, v);
  } else if (s->udp_icmp.there
             && fettle_icmp_means (is_six (w->address), s->udp_icmp.type, s->udp_icmp.code)
                  == FETTLE_REFUSAL_PORT
             && fettle_same_address (s->udp_icmp.offender, w->address)) {
    fettle_say (v, FETTLE_NOTHING_LISTENS, "nothing listens on udp port %u of %s, or its firewall rejects"
                                           " it", w->port, w->name);
    mend_setting (w, v);
  } else if (s->udp_icmp.there && *s->udp_icmp.offender)
    refused_by (w, &s->udp_icmp, v);
  else if (s->udp_error) {
    struct fettle_probe_seen copy = *s;
    struct fettle_way_there way = *w;

    copy.error = s->udp_error;
    way.seen = &copy;
    no_way_out (&way, v);
  } else
    fettle_say (v, FETTLE_UNTESTED, "nobody refuses udp port %u of %s; whether it arrives, only the"
                                    " service there could tell", w->port, w->name);
}

void
fettle_judge_there (const struct fettle_way_there *w, struct fettle_verdict *v)
{
  const struct fettle_probe_seen *s = w->seen;

  if (w->protocol == FETTLE_UDP)
    datagram (w, v);
  else if (s->error == 0)
    connected (w, v);
  else if (declared_is_right (w, v))
    return;
  else if (s->icmp.there && (*s->icmp.offender || s->icmp.local))
    refused_by (w, &s->icmp, v);
  else if (s->error == ECONNREFUSED) {
    fettle_say (v, FETTLE_NOTHING_LISTENS, "%s is there, but nothing listens on its port %u (or a firewall"
                                           " answers in its name)", w->name, w->port);
    mend_setting (w, v);
  } else if (s->error == ETIMEDOUT)
    silence (w, v);
  else if (s->error == EHOSTUNREACH && s->ms >= NEIGHBOUR_MS) {
    fettle_say (v, FETTLE_NODE_DOWN, "nobody has the address %s: %s is down, or has another address",
                w->address, w->name);
    fettle_mend (v, "switch it on, or: fettle node set %s --address ADDRESS", w->name);
  } else
    no_way_out (w, v);
}
