/* verdict.c - from observations to verdicts, cause by cause.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "check/verdict.h"

#define NODE   "192.0.2.7"
#define US     "192.0.2.1"
#define ROUTER "198.51.100.1"

static const struct fettle_icmp none;

static struct fettle_icmp
icmp (const char *offender, uint8_t type, uint8_t code)
{
  struct fettle_icmp i = { .there = true, .type = type, .code = code };

  snprintf (i.offender, sizeof i.offender, "%s", offender);
  return i;
}

/* ---- To the node ---- */

struct there {
  const char *what;
  int error;
  struct fettle_icmp icmp;
  uint32_t ms;
  int udp_error;
  bool kept_back, others;
  const char *greeting;
  enum fettle_cause cause;
  const char *words; /* of the sentence or what mends it */
};

static void
judge (const struct there *t, const char *address, struct fettle_verdict *v)
{
  struct fettle_probe_seen seen = { .error = t->error, .icmp = t->icmp, .ms = t->ms,
                                    .udp_error = t->udp_error, .kept_back = t->kept_back,
                                    .at_once = t->ms == 0 };
  struct fettle_way_there w = { .name = "web1", .address = address, .protocol = FETTLE_TCP,
                                .port = 22, .declared = 22, .setting = "ssh_port",
                                .greeting = "SSH-", .seen = &seen, .others_answer = t->others };

  snprintf (seen.own, sizeof seen.own, "%s", strchr (address, ':') ? "2001:db8::1" : US);
  snprintf (seen.greeting, sizeof seen.greeting, "%s", t->greeting ? t->greeting : "");
  fettle_judge_there (&w, v);
}

static void
check_there (const struct there *t, const char *address)
{
  struct fettle_verdict v;

  judge (t, address, &v);
  if (v.cause != t->cause || (!strstr (v.sentence, t->words) && !strstr (v.mend, t->words)))
    fail_msg ("%s: %s: %s -- %s (wanted %s, \"%s\")", t->what, fettle_cause_name (v.cause), v.sentence,
              v.mend, fettle_cause_name (t->cause), t->words);
  assert_int_equal (!fettle_cause_is_open (v.cause), *v.mend != '\0');
}

static void
to_node_over_ipv4 (void **state)
{
  const struct there rows[] = {
    { "greets", 0, none, 5, 0, false, false, "SSH-2.0-x", FETTLE_OPEN, "answers on port 22" },
    { "other service", 0, none, 5, 0, false, false, "220 ftp", FETTLE_WRONG_PORT, "says \"220 ftp\"" },
    { "no greeting", 0, none, 5, 0, false, false, NULL, FETTLE_WRONG_PORT, "says nothing" },
    { "reset", ECONNREFUSED, none, 5, 0, false, false, NULL, FETTLE_NOTHING_LISTENS, "ssh_port=PORT" },
    { "node rejects", ECONNREFUSED, icmp (NODE, 3, 3), 5, 0, false, false, NULL, FETTLE_NODE_REJECT,
      "source address=" US },
    { "node rejects, admin", EHOSTUNREACH, icmp (NODE, 3, 13), 5, 0, false, false, NULL,
      FETTLE_NODE_REJECT, "itself rejects" },
    { "router rejects", EHOSTUNREACH, icmp (ROUTER, 3, 13), 5, 0, false, false, NULL,
      FETTLE_BETWEEN_REJECT, ROUTER },
    { "router rejects, port", ECONNREFUSED, icmp (ROUTER, 3, 3), 5, 0, false, false, NULL,
      FETTLE_BETWEEN_REJECT, ROUTER },
    { "router has no route", ENETUNREACH, icmp (ROUTER, 3, 0), 5, 0, false, false, NULL,
      FETTLE_NO_ROUTE_BETWEEN, "on the router " ROUTER },
    { "router finds nobody", EHOSTUNREACH, icmp (ROUTER, 3, 1), 3060, 0, false, false, NULL,
      FETTLE_NODE_DOWN, ROUTER },
    { "the same, remembered", EHOSTUNREACH, icmp (ROUTER, 3, 1), 300, 0, false, false, NULL,
      FETTLE_NODE_DOWN, "or a firewall there says so" },
    { "nobody on the LAN", EHOSTUNREACH, icmp (US, 3, 1), 3060, 0, false, false, NULL,
      FETTLE_NODE_DOWN, "in this host's network" },
    { "nobody, no ICMP", EHOSTUNREACH, none, 3060, 0, false, false, NULL, FETTLE_NODE_DOWN, "is down" },
    { "we reject", EHOSTUNREACH, icmp (US, 3, 13), 1, 0, false, false, NULL, FETTLE_LOCAL_REJECT,
      "OUTPUT-CHAIN ip daddr " NODE },
    { "we drop all", ETIMEDOUT, none, 3600, EPERM, false, false, NULL, FETTLE_LOCAL_DROP,
      "this host's own firewall" },
    { "we drop TCP", ETIMEDOUT, none, 3600, 0, true, false, NULL, FETTLE_LOCAL_DROP, "tcp dport 22" },
    { "connect not permitted", EPERM, none, 0, 0, false, false, NULL, FETTLE_LOCAL_DROP, "own firewall" },
    { "no route", ENETUNREACH, none, 0, 0, false, false, NULL, FETTLE_NO_ROUTE_HERE, "ip route add " NODE },
    { "prohibited route", EACCES, none, 0, 0, false, false, NULL, FETTLE_NO_ROUTE_HERE, "no route" },
    { "black hole", EINVAL, none, 0, 0, false, false, NULL, FETTLE_NO_ROUTE_HERE, "no route" },
    { "silence, others answer", ETIMEDOUT, none, 3600, 0, false, true, NULL, FETTLE_NODE_DROP,
      "or one in between" },
    { "silence", ETIMEDOUT, none, 3600, 0, false, false, NULL, FETTLE_FAR_DROP,
      "answers find no way back" },
  };

  (void) state;
  for (size_t i = 0; i < COUNT (rows); i++)
    check_there (&rows[i], NODE);
}

static void
to_node_over_ipv6 (void **state)
{
  const char *node = "2001:db8::7", *router = "2001:db8:1::1";
  const struct there rows[] = {
    { "node rejects, admin", EACCES, icmp (node, 1, 1), 5, 0, false, false, NULL, FETTLE_NODE_REJECT,
      "family=ipv6 source address=2001:db8::1" },
    { "router rejects", EACCES, icmp (router, 1, 1), 5, 0, false, false, NULL, FETTLE_BETWEEN_REJECT,
      router },
    { "router has no route", ENETUNREACH, icmp (router, 1, 0), 5, 0, false, false, NULL,
      FETTLE_NO_ROUTE_BETWEEN, router },
    { "router finds nobody", EHOSTUNREACH, icmp (router, 1, 3), 3060, 0, false, false, NULL,
      FETTLE_NODE_DOWN, router },
    { "prohibited here", EACCES, none, 0, 0, false, false, NULL, FETTLE_NO_ROUTE_HERE, "no route" },
    { "we drop", ETIMEDOUT, none, 3600, EPERM, false, false, NULL, FETTLE_LOCAL_DROP, "ip6 daddr" },
  };

  (void) state;
  for (size_t i = 0; i < COUNT (rows); i++)
    check_there (&rows[i], node);
}

static void
moved_port (void **state)
{
  struct fettle_probe_seen bad = { .error = ECONNREFUSED, .ms = 1 };
  struct fettle_probe_seen good = { .error = 0, .greeting = "SSH-2.0-x" };
  struct fettle_way_there w = { .name = "web1", .address = NODE, .protocol = FETTLE_TCP, .port = 2222,
                                .declared = 22, .setting = "ssh_port", .greeting = "SSH-",
                                .seen = &bad, .at_declared = &good };
  struct fettle_verdict v;

  (void) state;
  fettle_judge_there (&w, &v);
  assert_int_equal (v.cause, FETTLE_WRONG_PORT);
  assert_string_equal (v.mend, "fettle node set web1 --setting ssh_port=22");
  snprintf (good.greeting, sizeof good.greeting, "HTTP/1.0 400");
  fettle_judge_there (&w, &v);
  assert_int_equal (v.cause, FETTLE_NOTHING_LISTENS);
}

static void
datagrams (void **state)
{
  struct fettle_probe_seen seen = { .error = ETIMEDOUT, .own = US };
  struct fettle_way_there w = { .name = "web1", .address = NODE, .protocol = FETTLE_UDP, .port = 137,
                                .declared = 137, .seen = &seen };
  struct fettle_verdict v;

  (void) state;
  fettle_judge_there (&w, &v);
  assert_int_equal (v.cause, FETTLE_UNTESTED);
  seen.udp_error = EPERM;
  fettle_judge_there (&w, &v);
  assert_int_equal (v.cause, FETTLE_LOCAL_DROP);
  assert_non_null (strstr (v.mend, "udp dport 137"));
  seen.udp_error = ECONNREFUSED;
  seen.udp_icmp = icmp (NODE, 3, 3);
  fettle_judge_there (&w, &v);
  assert_int_equal (v.cause, FETTLE_NOTHING_LISTENS);
  seen.udp_icmp = icmp (ROUTER, 3, 13);
  fettle_judge_there (&w, &v);
  assert_int_equal (v.cause, FETTLE_BETWEEN_REJECT);
  seen.udp_icmp = none;
  seen.udp_error = ENETUNREACH;
  fettle_judge_there (&w, &v);
  assert_int_equal (v.cause, FETTLE_NO_ROUTE_HERE);
}

/* ---- From the node ---- */

struct back {
  const char *what;
  fettle_result code;
  const char *text;          /* of reach_back */
  const char *fetched_from;  /* NULL: it wasn't */
  const char *data_ports;
  bool connected;
  struct fettle_arrivals_seen seen;
  bool traced;
  uint64_t arrived, refused, passed;
  enum fettle_cause cause;
  const char *words;
};

#define WATCHED(n)  { .watched = true, .arrived = (n) }
#define TIMED_OUT   FETTLE_E_TIMEOUT, "timed-out: x (source=" NODE " source-port=4000 output-filter=no)"
#define STRANGER(from, p) { .watched = true, .n_strangers = 1, .strangers = { { from, p } } }

static const struct back backs[] = {
  { .what = "fetched", .code = FETTLE_OK, .fetched_from = NODE, .cause = FETTLE_OPEN, .words = "reaches" },
  { .what = "mapped", .code = FETTLE_OK, .fetched_from = "::ffff:" NODE, .cause = FETTLE_OPEN,
    .words = "reaches" },
  { .what = "translated", .code = FETTLE_OK, .fetched_from = ROUTER, .cause = FETTLE_OPEN_NAT,
    .words = "shows up as " ROUTER },
  { .what = "not ours", .code = FETTLE_OK, .cause = FETTLE_WRONG_PORT, .words = "something else answers" },
  { .what = "another status", .code = FETTLE_E_UNREACHABLE, .text = "answered: x (status=502)",
    .cause = FETTLE_WRONG_PORT, .words = "proxy" },
  { .what = "only a connection", .code = FETTLE_E_UNREACHABLE, .text = "connected: x (tool=perl)",
    .connected = true, .cause = FETTLE_OPEN, .words = "a connection" },
  { .what = "a connection elsewhere", .code = FETTLE_E_UNREACHABLE, .text = "connected: x",
    .cause = FETTLE_WRONG_PORT, .words = "something else" },
  { .what = "control without data", .code = FETTLE_E_UNREACHABLE, .text = "answered: x",
    .connected = true, .data_ports = "63050-63081", .cause = FETTLE_DATA_PORTS,
    .words = "let " NODE " connect to " US " ports 63050-63081" },
  { .what = "neither", .code = FETTLE_E_UNREACHABLE, .text = "refused: x", .seen = WATCHED (0),
    .data_ports = "63050-63081", .cause = FETTLE_BETWEEN_REJECT, .words = "is rejected" },
  { .what = "can't", .code = FETTLE_E_UNSUPPORTED, .text = "plugin ilo can't do reach_back",
    .cause = FETTLE_UNTESTED, .words = "only counted" },
  { .what = "no login", .code = FETTLE_E_AUTH, .text = "the password is refused",
    .cause = FETTLE_UNTESTED, .words = "the password is refused" },
  { .what = "local drop", TIMED_OUT, .seen = WATCHED (4), .cause = FETTLE_LOCAL_DROP,
    .words = "ip saddr " NODE " tcp dport 63001" },
  { .what = "local drop, by the gate's count", TIMED_OUT, .traced = true, .arrived = 3,
    .cause = FETTLE_LOCAL_DROP, .words = "arrives" },
  { .what = "the gate", TIMED_OUT, .traced = true, .arrived = 3, .refused = 3,
    .cause = FETTLE_LOCAL_DROP, .words = "fettle firewall open web1" },
  { .what = "between drop", TIMED_OUT, .seen = WATCHED (0), .cause = FETTLE_BETWEEN_DROP,
    .words = "nothing of it arrives" },
  { .what = "nobody knows", TIMED_OUT, .cause = FETTLE_BETWEEN_DROP,
    .words = "this host's firewall drops it, or one in between" },
  { .what = "node's output", .code = FETTLE_E_TIMEOUT, .text = "timed-out: x (output-filter=yes)",
    .seen = WATCHED (0), .cause = FETTLE_NODE_OUTPUT, .words = "web1 itself" },
  { .what = "an ESXi host's ruleset", .code = FETTLE_E_UNREACHABLE,
    .text = "refused: x (tool=esxcli output-filter=yes output-rules=nfsClient)", .cause = FETTLE_NODE_OUTPUT,
    .words = "--open-firewall does it for jobs; on web1 by hand: esxcli network firewall ruleset set -r nfsClient -a false" },
  { .what = "reverse path", TIMED_OUT,
    .seen = { .watched = true, .arrived = 2, .interface = "eth1", .reverse_path = true },
    .cause = FETTLE_REVERSE_PATH, .words = "net.ipv4.conf.eth1.rp_filter=2" },
  { .what = "half open", TIMED_OUT, .seen = { .watched = true, .arrived = 2, .half_open = true },
    .cause = FETTLE_REPLY_LOST, .words = "the answers don't reach it" },
  { .what = "passed all filters", TIMED_OUT, .traced = true, .arrived = 2, .passed = 2,
    .cause = FETTLE_REPLY_LOST, .words = "the answers" },
  { .what = "no way back", TIMED_OUT, .seen = { .watched = true, .arrived = 2, .no_way_back = true },
    .cause = FETTLE_REPLY_LOST, .words = "no route back" },
  { .what = "connected, then silence", TIMED_OUT, .connected = true, .cause = FETTLE_REPLY_LOST,
    .words = "MTU" },
  { .what = "translated and dropped", TIMED_OUT, .seen = STRANGER (ROUTER, 4000), .cause = FETTLE_NAT,
    .words = "shows up as " ROUTER },
  { .what = "a stranger of no concern", TIMED_OUT, .seen = STRANGER (ROUTER, 4001),
    .cause = FETTLE_BETWEEN_DROP, .words = "nothing of it arrives" },
  { .what = "another address of the node", .code = FETTLE_E_TIMEOUT,
    .text = "timed-out: x (source=192.0.2.8 source-port=4000)", .seen = STRANGER ("192.0.2.8", 4000),
    .cause = FETTLE_NAT, .words = "--address 192.0.2.8" },
  { .what = "local reject, by its sender", .code = FETTLE_E_UNREACHABLE,
    .text = "unreachable: x (offender=" US " icmp-type=3 icmp-code=13)", .cause = FETTLE_LOCAL_REJECT,
    .words = "this host's own" },
  { .what = "local reject, by arrival", .code = FETTLE_E_UNREACHABLE, .text = "refused: x",
    .seen = WATCHED (1), .cause = FETTLE_LOCAL_REJECT, .words = "this host's own" },
  { .what = "router rejects", .code = FETTLE_E_UNREACHABLE,
    .text = "unreachable: x (offender=" ROUTER " icmp-type=3 icmp-code=13)",
    .cause = FETTLE_BETWEEN_REJECT, .words = ROUTER },
  { .what = "rejected before it arrives", .code = FETTLE_E_UNREACHABLE, .text = "refused: x",
    .seen = WATCHED (0), .cause = FETTLE_BETWEEN_REJECT, .words = "before it arrives" },
  { .what = "rejected somewhere", .code = FETTLE_E_UNREACHABLE, .text = "refused: x",
    .cause = FETTLE_BETWEEN_REJECT, .words = "this host's firewall, one in between, or" },
  { .what = "router without route", .code = FETTLE_E_UNREACHABLE,
    .text = "no-route: x (offender=" ROUTER " icmp-type=3 icmp-code=0)",
    .cause = FETTLE_NO_ROUTE_BETWEEN, .words = "on the router " ROUTER },
  { .what = "node without route", .code = FETTLE_E_UNREACHABLE, .text = "no-route: x",
    .seen = WATCHED (0), .cause = FETTLE_NO_ROUTE_NODE, .words = "web1 has no route" },
  { .what = "node rejects its own", .code = FETTLE_E_UNREACHABLE,
    .text = "refused: x (source=" NODE " offender=" NODE " icmp-type=3 icmp-code=3)",
    .cause = FETTLE_NODE_OUTPUT, .words = "goes out" },
  { .what = "not permitted", .code = FETTLE_E_UNREACHABLE, .text = "not-permitted: x",
    .seen = WATCHED (0), .cause = FETTLE_NODE_OUTPUT, .words = "goes out" },
};

static void
from_node (void **state)
{
  (void) state;
  for (size_t i = 0; i < COUNT (backs); i++) {
    const struct back *b = &backs[i];
    struct fettle_node_said said;
    struct fettle_way_back w = {
      .name = "web1", .address = NODE, .ours = US, .port = 63001, .said = &said,
      .fetched = b->fetched_from != NULL, .fetched_from = b->fetched_from ? b->fetched_from : "",
      .connected = b->connected, .data_ports = b->data_ports, .arrivals = &b->seen, .source_has_way = true, .traced = b->traced,
      .arrived = b->arrived, .refused = b->refused, .passed = b->passed,
    };
    struct fettle_verdict v;

    fettle_node_said_parse (b->code, b->text, &said);
    fettle_judge_back (&w, &v);
    if (v.cause != b->cause || (!strstr (v.sentence, b->words) && !strstr (v.mend, b->words)))
      fail_msg ("%s: %s: %s -- %s (wanted %s, \"%s\")", b->what, fettle_cause_name (v.cause),
                v.sentence, v.mend, fettle_cause_name (b->cause), b->words);
  }
}

static void
no_listener (void **state)
{
  struct fettle_way_back w = { .name = "web1", .address = NODE, .ours = US, .port = 63001,
                               .why_no_listener = "port 63001 is in use by nginx (pid 8)" };
  struct fettle_verdict v;

  (void) state;
  fettle_judge_back (&w, &v);
  assert_int_equal (v.cause, FETTLE_LISTENER);
  assert_non_null (strstr (v.sentence, "nginx (pid 8)"));
}

/* What a node says is foreign input. */
static void
foreign_words (void **state)
{
  struct fettle_node_said said;

  (void) state;
  fettle_node_said_parse (FETTLE_E_UNREACHABLE,
                          "refused: (source=;reboot source-port=99999 icmp-type=-1 offender=x)", &said);
  assert_int_equal (said.attempt, FETTLE_ATTEMPT_REFUSED);
  assert_string_equal (said.source, "");
  assert_string_equal (said.offender, "");
  assert_int_equal (said.source_port, 0);
  assert_int_equal (said.icmp_type, -1);
  fettle_node_said_parse (FETTLE_E_UNREACHABLE, "no-route: x (source=0.0.0.0 offender=::)", &said);
  assert_string_equal (said.source, "");
  assert_string_equal (said.offender, "");
  fettle_node_said_parse (FETTLE_E_UNREACHABLE, "refused by whom", &said);
  assert_int_equal (said.attempt, FETTLE_ATTEMPT_IMPOSSIBLE);
  fettle_node_said_parse (FETTLE_E_UNREACHABLE, NULL, &said);
  assert_int_equal (said.attempt, FETTLE_ATTEMPT_IMPOSSIBLE);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (to_node_over_ipv4),
    cmocka_unit_test (to_node_over_ipv6),
    cmocka_unit_test (moved_port),
    cmocka_unit_test (datagrams),
    cmocka_unit_test (from_node),
    cmocka_unit_test (no_listener),
    cmocka_unit_test (foreign_words),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
