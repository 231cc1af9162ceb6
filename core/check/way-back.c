/* way-back.c - from the node: see verdict.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <arpa/inet.h>

#include "check/say.h"
#include "check/verdict.h"
#include "util/text.h"

/* ---- What the node said ---- */

static const struct {
  const char *word;
  enum fettle_attempt attempt;
} words[] = {
  { "connected",     FETTLE_ATTEMPT_CONNECTED },
  { "answered",      FETTLE_ATTEMPT_ANSWERED },
  { "refused",       FETTLE_ATTEMPT_REFUSED },
  { "timed-out",     FETTLE_ATTEMPT_TIMED_OUT },
  { "no-route",      FETTLE_ATTEMPT_NO_ROUTE },
  { "unreachable",   FETTLE_ATTEMPT_UNREACHABLE },
  { "not-permitted", FETTLE_ATTEMPT_NOT_PERMITTED },
};

/* The value of " name=value", up to the next blank or ')'. */
static bool
value_of (const char *text, const char *name, char *ret, size_t size)
{
  size_t n = strlen (name);

  for (const char *p = text; (p = strstr (p, name)); p++)
    if (p > text && strchr (" (", p[-1]) && p[n] == '=') {
      snprintf (ret, size, "%.*s", (int) strcspn (p + n + 1, " );,"), p + n + 1);
      return true;
    }
  return false;
}

static void
address_of (const char *text, const char *name, char ret[INET6_ADDRSTRLEN])
{
  char value[INET6_ADDRSTRLEN];

  /* "0.0.0.0", or what some print for that, is no address to come from. */
  if (value_of (text, name, value, sizeof value) && fettle_is_address (value)
      && !fettle_has_word ("0 0.0.0.0 ::", value))
    snprintf (ret, INET6_ADDRSTRLEN, "%s", value);
}

static int
number_of (const char *text, const char *name, unsigned max)
{
  char value[16];
  uint64_t number;

  return value_of (text, name, value, sizeof value) && fettle_parse_uint (value, 0, max, &number)
           ? (int) number : -1;
}

void
fettle_node_said_parse (fettle_result code, const char *text, struct fettle_node_said *ret)
{
  char filter[8];
  int port;
  size_t n;

  *ret = (struct fettle_node_said) { .attempt = FETTLE_ATTEMPT_IMPOSSIBLE, .icmp_type = -1,
                                     .icmp_code = -1 };
  snprintf (ret->text, sizeof ret->text, "%s", text ? text : "");
  if (code == FETTLE_OK) {
    ret->attempt = FETTLE_ATTEMPT_OK;
    return;
  }
  if (code == FETTLE_E_UNSUPPORTED) {
    ret->attempt = FETTLE_ATTEMPT_NONE;
    return;
  }
  n = strcspn (ret->text, ":");
  for (size_t i = 0; i < COUNT (words) && ret->text[n] == ':'; i++)
    if (strlen (words[i].word) == n && strncmp (ret->text, words[i].word, n) == 0)
      ret->attempt = words[i].attempt;
  address_of (ret->text, "source", ret->source);
  port = number_of (ret->text, "source-port", 65535);
  ret->source_port = port > 0 ? (uint16_t) port : 0;
  address_of (ret->text, "offender", ret->offender);
  ret->icmp_type = number_of (ret->text, "icmp-type", 255);
  ret->icmp_code = number_of (ret->text, "icmp-code", 255);
  ret->output_filter = value_of (ret->text, "output-filter", filter, sizeof filter)
                       && strcmp (filter, "yes") == 0;
  value_of (ret->text, "output-rules", ret->output_rules, sizeof ret->output_rules);
}

/* ---- What mends it ---- */

static bool
is_six (const char *address)
{
  return strchr (address, ':') != NULL;
}

static void
mend_here (const struct fettle_way_back *w, const char *from, struct fettle_verdict *v)
{
  fettle_mend (v, "on this host: nft insert rule inet TABLE INPUT-CHAIN %s saddr %s tcp dport %u accept, or"
                  " firewall-cmd --add-rich-rule='rule family=%s source address=%s port port=%u"
                  " protocol=tcp accept', or ufw allow proto tcp from %s to any port %u; with"
                  " open_firewall = true Fettle does it while it is needed",
               is_six (from) ? "ip6" : "ip", from, w->port, is_six (from) ? "ipv6" : "ipv4", from,
               w->port, from, w->port);
}

static void
mend_between (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  fettle_mend (v, "let the firewall's people allow tcp from %s to %s port %u", w->address, w->ours,
               w->port);
}

static void
mend_node_output (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  if (*w->said->output_rules) {
    fettle_mend (v, "--open-firewall does it for jobs; on %s by hand: esxcli network firewall ruleset set -r %s -a false,"
                    " esxcli network firewall ruleset allowedip add -r %s -i %s, esxcli network firewall ruleset set -r %s -e true",
                 w->name, w->said->output_rules, w->said->output_rules, w->ours, w->said->output_rules);
    return;
  }
  fettle_mend (v, "on %s: let it out, nft insert rule inet TABLE OUTPUT-CHAIN %s daddr %s tcp dport %u"
                  " accept, or ufw allow out proto tcp to %s port %u", w->name,
               is_six (w->ours) ? "ip6" : "ip", w->ours, w->port, w->ours, w->port);
}

/* ---- What was seen here ---- */

static bool
has_arrived (const struct fettle_way_back *w)
{
  return w->arrivals->arrived || (w->traced && w->arrived);
}

/* We would know if it had. */
static bool
has_not_arrived (const struct fettle_way_back *w)
{
  return (w->arrivals->watched || w->traced) && !has_arrived (w);
}

/* Who came instead of the node, if the node didn't: by the port that the node
 * used, or the only one there was. */
static const char *
stranger (const struct fettle_way_back *w)
{
  if (has_arrived (w))
    return NULL;
  for (unsigned i = 0; i < w->arrivals->n_strangers; i++)
    if (w->said->source_port && w->arrivals->strangers[i].port == w->said->source_port)
      return w->arrivals->strangers[i].from;
  if (!w->said->source_port && w->arrivals->n_strangers == 1)
    return w->arrivals->strangers[0].from;
  if (!w->arrivals->watched && *w->arrivals->half_open_from)
    return w->arrivals->half_open_from;
  return w->arrivals->watched || w->stranger_unsure ? NULL : w->stranger; /* the gate's may be old ones */
}

static void
comes_from_elsewhere (const struct fettle_way_back *w, const char *from, struct fettle_verdict *v)
{
  bool translated = !*w->said->source || !fettle_same_address (from, w->said->source);

  fettle_say (v, FETTLE_NAT, "%s shows up as %s, not as %s (%s), and isn't let in as that", w->name, from,
              w->address, translated ? "address translation in between" : "it has several addresses");
  if (translated)
    fettle_mend (v, "take connections from %s to %s port %u out of the address translation of the router"
                    " in between, or let %s in by hand", w->address, w->ours, w->port, from);
  else
    fettle_mend (v, "give Fettle the address that the node uses: fettle node set %s --address %s",
                 w->name, from);
}

static void
reply_lost (const struct fettle_way_back *w, bool no_route, struct fettle_verdict *v)
{
  const char *from = *w->said->source ? w->said->source : w->address;

  fettle_say (v, FETTLE_REPLY_LOST, "what %s sends arrives and is let in, but the answers don't reach it%s",
              w->name, no_route ? ": this host has no route back to it" : "");
  fettle_mend (v, "on this host: \"ip route get %s from %s\" must show the way back; else on the routers"
                  " in between: ip route add %s via NEXT-HOP; or a firewall in between drops answers",
               from, w->ours, from);
}

/* ---- Silence ---- */

static void
arrived_and_silent (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  const struct fettle_arrivals_seen *a = w->arrivals;

  if (w->traced && w->refused) {
    fettle_say (v, FETTLE_LOCAL_DROP, "Fettle's own gate on this host drops it: port %u has no hole for %s",
                w->port, w->address);
    fettle_mend (v, "open it: fettle firewall open %s, or open_firewall = true", w->name);
  } else if (a->reverse_path) {
    fettle_say (v, FETTLE_REVERSE_PATH, "what %s sends arrives by %s, but answers to it would leave by"
                                        " another interface: this kernel's reverse path filter drops it",
                w->name, a->interface);
    fettle_mend (v, "on this host: sysctl -w net.ipv4.conf.%s.rp_filter=2, or a route to %s by %s",
                 a->interface, w->address, a->interface);
  } else if (a->half_open || (w->traced && w->passed) || a->no_way_back)
    reply_lost (w, a->no_way_back && !a->half_open, v);
  else {
    fettle_say (v, FETTLE_LOCAL_DROP, "what %s sends to port %u arrives, and this host's own firewall drops"
                                      " it", w->name, w->port);
    mend_here (w, w->address, v);
  }
}

static void
timed_out (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  const char *other = stranger (w);

  if (w->connected) {
    fettle_say (v, FETTLE_REPLY_LOST, "%s connects, but its request doesn't arrive within the connection",
                w->name);
    fettle_mend (v, "look for a firewall in between that inspects HTTP, or for too large an MTU: ping -M"
                    " do -s 1472 %s", w->ours);
  } else if (has_arrived (w) || w->arrivals->half_open)
    arrived_and_silent (w, v);
  else if (w->said->output_filter) {
    fettle_say (v, FETTLE_NODE_OUTPUT, "the firewall of %s itself drops what goes out to %s port %u",
                w->name, w->ours, w->port);
    mend_node_output (w, v);
  } else if (other && *w->said->source && fettle_same_address (other, w->said->source)
             && (!w->source_has_way || *w->arrivals->half_open_from))
    reply_lost (w, !w->source_has_way, v);
  else if (other)
    comes_from_elsewhere (w, other, v);
  else if (has_not_arrived (w)) {
    bool maybe = w->stranger && w->stranger_unsure && !w->arrivals->watched;

    fettle_say (v, FETTLE_BETWEEN_DROP, "%s sends, but nothing of it arrives at %s port %u: a firewall in"
                                        " between drops it, or the node's own%s%s%s", w->name, w->ours,
                w->port, maybe ? "; or it is " : "", maybe ? w->stranger : "",
                maybe ? ", who was refused (check it alone to know)" : "");
    mend_between (w, v);
  } else {
    fettle_say (v, FETTLE_BETWEEN_DROP, "%s gets no answer from %s port %u: this host's firewall drops it,"
                                        " or one in between (run the service with fettle-gate or"
                                        " CAP_NET_RAW to tell them apart)", w->name, w->ours, w->port);
    mend_here (w, w->address, v);
  }
}

/* ---- Refusals ---- */

static void
local_reject (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  fettle_say (v, FETTLE_LOCAL_REJECT, "this host's own firewall rejects what %s sends to port %u", w->name,
              w->port);
  mend_here (w, w->address, v);
}

static void
node_output (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  fettle_say (v, FETTLE_NODE_OUTPUT, "the firewall of %s itself rejects what goes out to %s port %u",
              w->name, w->ours, w->port);
  mend_node_output (w, v);
}

static void
between_reject (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  const char *who = w->said->offender;

  if (*who)
    fettle_say (v, FETTLE_BETWEEN_REJECT, "a firewall in between, %s, rejects what %s sends to %s port %u",
                who, w->name, w->ours, w->port);
  else
    fettle_say (v, FETTLE_BETWEEN_REJECT, "what %s sends to %s port %u is rejected before it arrives: by a"
                                          " firewall in between, or the node's own", w->name, w->ours,
                w->port);
  mend_between (w, v);
}

static void
no_route_between (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  fettle_say (v, FETTLE_NO_ROUTE_BETWEEN, "the router %s tells %s that there is no way to %s",
              w->said->offender, w->name, w->ours);
  fettle_mend (v, "on the router %s: ip route add %s via NEXT-HOP", w->said->offender, w->ours);
}

static void
no_route_at_node (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  fettle_say (v, FETTLE_NO_ROUTE_NODE, "%s has no route to %s", w->name, w->ours);
  fettle_mend (v, "on %s: ip route add %s via ROUTER", w->name, w->ours);
}

static void
refused (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  const struct fettle_node_said *said = w->said;
  enum fettle_refusal why = fettle_icmp_means (is_six (w->ours), said->icmp_type, said->icmp_code);

  if (*said->offender && fettle_same_address (said->offender, w->ours))
    local_reject (w, v);
  else if (*said->offender && (fettle_same_address (said->offender, w->address)
                               || fettle_same_address (said->offender, said->source)))
    node_output (w, v);
  else if (*said->offender && (why == FETTLE_REFUSAL_NO_ROUTE || why == FETTLE_REFUSAL_NO_HOST))
    no_route_between (w, v);
  else if (*said->offender)
    between_reject (w, v);
  else if (has_arrived (w))
    local_reject (w, v);
  else if (said->attempt == FETTLE_ATTEMPT_NO_ROUTE)
    no_route_at_node (w, v);
  else if (said->attempt == FETTLE_ATTEMPT_NOT_PERMITTED || said->output_filter)
    node_output (w, v);
  else if (stranger (w))
    comes_from_elsewhere (w, stranger (w), v);
  else if (has_not_arrived (w))
    between_reject (w, v);
  else {
    fettle_say (v, FETTLE_BETWEEN_REJECT, "what %s sends to %s port %u is rejected: by this host's firewall,"
                                          " one in between, or the node's own", w->name, w->ours, w->port);
    mend_here (w, w->address, v);
  }
}

/* ---- All together ---- */

static void
fetched (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  if (fettle_same_address (w->fetched_from, w->address)) {
    fettle_say (v, FETTLE_OPEN, "%s reaches %s port %u", w->name, w->ours, w->port);
    return;
  }
  fettle_say (v, FETTLE_OPEN_NAT, "%s reaches %s port %u, but shows up as %s (%s)", w->name, w->ours,
              w->port, w->fetched_from,
              *w->said->source && fettle_same_address (w->said->source, w->fetched_from)
                ? "it has several addresses" : "address translation in between");
  fettle_mend (v, "holes for %s wouldn't let it in: take its connections to %s out of the address"
                  " translation, or let %s in by hand", w->address, w->ours, w->fetched_from);
}

static void
something_else (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  fettle_say (v, FETTLE_WRONG_PORT, "something else answers %s at %s port %u, not this service", w->name,
              w->ours, w->port);
  fettle_mend (v, "look for a proxy or a port forwarding between %s and %s; another port: port and ssl_port"
                  " in fettle.conf", w->address, w->ours);
}

/* The control connection came through, and no file. */
static void
data_lost (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  fettle_say (v, FETTLE_DATA_PORTS, "%s reaches %s port %u, but nothing comes through the data connection,"
              " which is to go to one of the ports %s", w->name, w->ours, w->port, w->data_ports);
  fettle_mend (v, "let %s connect to %s ports %s, in each firewall between them (fettle firewall plan"
                  " lists the rules); others: ftp_data_ports in fettle.conf", w->address, w->ours,
               w->data_ports);
}

static void
untested (const struct fettle_way_back *w, const char *why, struct fettle_verdict *v)
{
  if (has_arrived (w))
    fettle_say (v, FETTLE_UNTESTED, "%s; something of %s arrived at port %u by itself meanwhile", why,
                w->name, w->port);
  else
    fettle_say (v, FETTLE_UNTESTED, "%s", why);
}

void
fettle_judge_back (const struct fettle_way_back *w, struct fettle_verdict *v)
{
  char why[400];

  if (w->why_no_listener) {
    fettle_say (v, FETTLE_LISTENER, "this service can't listen: %s", w->why_no_listener);
    return;
  }
  if (w->fetched) {
    fetched (w, v);
    return;
  }
  if (w->data_ports && w->connected && w->said->attempt != FETTLE_ATTEMPT_NONE
      && w->said->attempt != FETTLE_ATTEMPT_IMPOSSIBLE
      && w->said->attempt != FETTLE_ATTEMPT_CONNECTED) {
    data_lost (w, v);
    return;
  }
  switch (w->said->attempt) {
  case FETTLE_ATTEMPT_NONE:
    untested (w, "Fettle can't make nodes of this type try: the way back is only counted", v);
    break;
  case FETTLE_ATTEMPT_IMPOSSIBLE:
    snprintf (why, sizeof why, "the node couldn't be made to try: %.340s", w->said->text);
    untested (w, why, v);
    break;
  case FETTLE_ATTEMPT_CONNECTED:
    if (w->connected)
      fettle_say (v, FETTLE_OPEN, "%s reaches %s port %u (a connection, as the node has nothing that speaks"
                                  " the protocol)", w->name, w->ours, w->port);
    else
      something_else (w, v);
    break;
  case FETTLE_ATTEMPT_OK:
  case FETTLE_ATTEMPT_ANSWERED:
    something_else (w, v);
    break;
  case FETTLE_ATTEMPT_TIMED_OUT:
    timed_out (w, v);
    break;
  case FETTLE_ATTEMPT_REFUSED:
  case FETTLE_ATTEMPT_NO_ROUTE:
  case FETTLE_ATTEMPT_UNREACHABLE:
  case FETTLE_ATTEMPT_NOT_PERMITTED:
    refused (w, v);
    break;
  }
}
