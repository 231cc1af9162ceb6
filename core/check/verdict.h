/* verdict.h - from what was observed to what is the matter: one sentence, and
 * what mends it.
 *
 * Pure functions.  Where what was seen fits several causes, the sentence says
 * so: a wrong certainty costs more time than an honest "or".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_VERDICT_H
#define FETTLE_VERDICT_H

#include "check/arrivals.h"
#include "check/probe.h"

enum fettle_cause {
  FETTLE_OPEN,            /* it works */
  FETTLE_OPEN_NAT,        /* it works, but the node comes from another address */
  FETTLE_NOTHING_LISTENS,
  FETTLE_WRONG_PORT,      /* something else answers */
  FETTLE_LOCAL_DROP,      /* this host's firewall */
  FETTLE_LOCAL_REJECT,
  FETTLE_BETWEEN_DROP,
  FETTLE_BETWEEN_REJECT,
  FETTLE_NODE_DROP,       /* the node's firewall, what comes in */
  FETTLE_NODE_REJECT,
  FETTLE_NODE_OUTPUT,     /* the node's firewall, what goes out */
  FETTLE_FAR_DROP,        /* the node's firewall, one in between, or no way back: silence */
  FETTLE_NO_ROUTE_HERE,
  FETTLE_NO_ROUTE_NODE,
  FETTLE_NO_ROUTE_BETWEEN,
  FETTLE_REPLY_LOST,      /* it arrives; the answer doesn't */
  FETTLE_NAT,             /* it arrives from another address, and is refused */
  FETTLE_REVERSE_PATH,
  FETTLE_NODE_DOWN,
  FETTLE_LISTENER,        /* we can't listen */
  FETTLE_UNTESTED,        /* can't be told */
  FETTLE_DATA_PORTS,      /* FTP: the port is open, those of its data aren't */
};

struct fettle_verdict {
  enum fettle_cause cause;
  char sentence[512];
  char mend[512];         /* "" when there is nothing to mend */
};

/* "local-drop": in JSON, tables, manuals. */
const char *fettle_cause_name (enum fettle_cause);

/* It works. */
bool fettle_cause_is_open (enum fettle_cause);

/* ---- To the node ---- */

struct fettle_way_there {
  const char *name, *address; /* of the node */
  uint32_t protocol;
  uint16_t port;              /* that was tried */
  uint16_t declared;          /* what the plugin says; differs when a setting moves it */
  const char *setting;        /* that moves it, or NULL */
  const char *greeting;       /* what whoever belongs there says first, "SSH-"; NULL: nothing */
  const struct fettle_probe_seen *seen;
  const struct fettle_probe_seen *at_declared; /* when it is moved and failed: the declared port */
  bool others_answer;         /* another port of this node does */
};

void fettle_judge_there (const struct fettle_way_there *, struct fettle_verdict *ret);

/* ---- From the node ---- */

/* What the node's attempt ended with: the first word of what a plugin's
 * reach_back says (sdk/include/fettle/plugin.h). */
enum fettle_attempt {
  FETTLE_ATTEMPT_NONE,        /* the plugin can't make the node try */
  FETTLE_ATTEMPT_IMPOSSIBLE,  /* the node couldn't be asked, or has nothing to try with */
  FETTLE_ATTEMPT_OK,          /* it got an answer with status 200 */
  FETTLE_ATTEMPT_CONNECTED,   /* a connection, and nothing more */
  FETTLE_ATTEMPT_ANSWERED,    /* another answer */
  FETTLE_ATTEMPT_REFUSED,
  FETTLE_ATTEMPT_TIMED_OUT,
  FETTLE_ATTEMPT_NO_ROUTE,    /* ENETUNREACH */
  FETTLE_ATTEMPT_UNREACHABLE, /* EHOSTUNREACH */
  FETTLE_ATTEMPT_NOT_PERMITTED,
};

struct fettle_node_said {
  enum fettle_attempt attempt;
  char text[512];                  /* all of it */
  char source[INET6_ADDRSTRLEN];   /* the address it used, "" unknown */
  uint16_t source_port;            /* 0: unknown */
  char offender[INET6_ADDRSTRLEN]; /* who refused it */
  int icmp_type, icmp_code;        /* -1: unknown */
  char output_rules[64];           /* the ruleset of an ESXi host's that would let it out */
  bool output_filter;              /* its own output filter refused a datagram, or dropped packets */
};

/* Takes a reach_back's result apart. */
void fettle_node_said_parse (fettle_result, const char *text, struct fettle_node_said *ret);

struct fettle_way_back {
  const char *name, *address;  /* of the node */
  const char *ours;            /* where it is to come to */
  uint16_t port;
  const char *data_ports;      /* FTP's, as text; NULL: it isn't FTP */
  const char *why_no_listener; /* NULL: we listen */
  const struct fettle_node_said *said;
  bool fetched;                /* our one-time URL was asked for ... */
  const char *fetched_from;    /* ... from this address */
  bool connected;              /* the node connected, and asked for nothing */
  const struct fettle_arrivals_seen *arrivals; /* without knocks of other nodes */
  bool source_has_way;         /* there is a route from here to said->source */
  /* Of the firewall backend, if it counts. */
  bool traced;
  uint64_t arrived, refused, passed;
  const char *stranger;        /* who was refused at this port lately, or NULL */
  bool stranger_unsure;        /* other nodes are being looked at, too */
};

void fettle_judge_back (const struct fettle_way_back *, struct fettle_verdict *ret);

#endif
