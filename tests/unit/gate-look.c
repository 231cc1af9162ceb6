/* gate-look.c - which foreign chains would drop what comes through our holes.
 *
 * Rules are written as libnftables 1.0.6 shows them (nft -j -n list chain).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "gate/look.h"

#define ACCEPT "{\"accept\": null}"
#define DROP   "{\"drop\": null}"
#define MATCH(left, op, right) \
  "{\"match\": {\"op\": \"" op "\", \"left\": " left ", \"right\": " right "}}"
#define META(key)           "{\"meta\": {\"key\": \"" key "\"}}"
#define FIELD(proto, field) "{\"payload\": {\"protocol\": \"" proto "\", \"field\": \"" field "\"}}"
#define MARK                "{\"&\": [" META ("mark") ", 1048576]}"
#define CT_STATE            "{\"ct\": {\"key\": \"state\"}}"
#define RULE(chain, expr)   chain ": [" expr "]"

static const struct fettle_spans ports = {
  { { .protocol = 6, .first = 63001, .last = 63001 }, { .protocol = 17, .first = 137, .last = 138 } },
  2,
};
static const char *rules_text; /* lines "chain: [expr, ...]" */
static unsigned fetched;

/* The lines of that chain as `list chain` has them. */
static json_t *
fetch (void *arg, const char *family, const char *table, const char *chain)
{
  json_t *list = json_array ();
  size_t n = strlen (chain);

  (void) arg;
  fetched++;
  assert_string_equal (table, "host");
  for (const char *p = rules_text; *p; p += strcspn (p, "\n"), p += *p == '\n')
    if (strncmp (p, chain, n) == 0 && p[n] == ':') {
      json_t *expr = json_loadb (p + n + 1, strcspn (p, "\n") - n - 1, 0, NULL);

      assert_non_null (expr);
      json_array_append_new (list, json_pack ("{s{ss ss ss so}}", "rule", "family", family, "table",
                                              table, "chain", chain, "expr", expr));
    }
  return list;
}

static uint32_t
look (const char *family, const char *policy, int priority, const char *rules,
      struct fettle_gate_finding *ret)
{
  json_t *chains = json_pack ("[{s{ss ss ss ss si ss}} {s{ss ss ss}} {s{ss ss ss ss si ss}}]",
    "chain", "family", "inet", "table", "fettle", "name", "input", "hook", "input", "prio", -150,
      "policy", "drop",
    "chain", "family", family, "table", "host", "name", "sub",
    "chain", "family", family, "table", "host", "name", "in", "hook", "input", "prio", priority,
      "policy", policy);
  struct fettle_gate_finding found[FETTLE_GATE_FINDINGS];
  uint32_t n;

  rules_text = rules;
  n = fettle_look (chains, fetch, NULL, &ports, 0x100000, found);
  json_decref (chains);
  assert_in_range (n, 0, 1);
  if (ret)
    *ret = found[0];
  return n;
}

static void
policies (void **state)
{
  struct fettle_gate_finding f;

  (void) state;
  assert_int_equal (look ("inet", "accept", 0, "", NULL), 0);
  assert_int_equal (look ("inet", "drop", 0, "", &f), 1);
  assert_string_equal (f.family, "inet");
  assert_string_equal (f.table, "host");
  assert_string_equal (f.chain, "in");
  assert_int_equal (f.manager, FETTLE_GATE_PLAIN);
  assert_int_equal (f.flags, FETTLE_GATE_BY_POLICY);
  assert_int_equal (f.port, 63001);
  assert_int_equal (look ("ip6", "drop", -200, "", &f), 1);
  assert_int_equal (f.flags, FETTLE_GATE_BY_POLICY | FETTLE_GATE_EARLY);
  assert_int_equal (f.priority, -200);
  assert_int_equal (look ("arp", "drop", 0, "", NULL), 0);
}

static void
the_mark (void **state)
{
  (void) state;
  assert_int_equal (look ("inet", "drop", 0, RULE ("in", MATCH (MARK, "==", "1048576") "," ACCEPT),
                          NULL), 0);
  assert_int_equal (look ("inet", "drop", 0, RULE ("in", MATCH (MARK, "!=", "0") "," ACCEPT),
                          NULL), 0);
  assert_int_equal (look ("inet", "drop", 0,
                          RULE ("in", MATCH (MARK, "==", "1048576") ",{\"counter\": null}," ACCEPT),
                          NULL), 0);
  /* another bit, another value, not after the drop */
  assert_int_equal (look ("inet", "drop", 0,
                          RULE ("in", MATCH ("{\"&\": [" META ("mark") ", 2]}", "==", "2") "," ACCEPT),
                          NULL), 1);
  assert_int_equal (look ("inet", "drop", 0, RULE ("in", MATCH (MARK, "==", "0") "," ACCEPT),
                          NULL), 1);
  assert_int_equal (look ("inet", "accept", 0, RULE ("in", "{\"reject\": null}") "\n"
                          RULE ("in", MATCH (MARK, "==", "1048576") "," ACCEPT), NULL), 1);
  /* what is done with our mark can be to drop it */
  assert_int_equal (look ("inet", "accept", 0, RULE ("in", MATCH (MARK, "==", "1048576") "," DROP),
                          NULL), 1);
}

static void
rules_before_the_end (void **state)
{
  struct fettle_gate_finding f;

  (void) state;
  /* an end that drops all, and rules that can't be ours */
  assert_int_equal (look ("inet", "accept", 0,
    RULE ("in", MATCH (CT_STATE, "in", "[2, 4]") "," ACCEPT) "\n"
    RULE ("in", "{\"vmap\": {\"key\": " CT_STATE ", \"data\": {\"set\": []}}}") "\n"
    RULE ("in", MATCH (META ("iifname"), "==", "\"lo\"") "," ACCEPT) "\n"
    RULE ("in", MATCH (FIELD ("icmpv6", "type"), "==", "135") "," ACCEPT) "\n"
    RULE ("in", MATCH (FIELD ("tcp", "dport"), "==", "{\"set\": [22, {\"range\": [80, 90]}]}") ","
          ACCEPT) "\n"
    RULE ("in", MATCH (FIELD ("ip", "saddr"), "==", "\"10.9.9.9\"") "," ACCEPT) "\n"
    RULE ("in", "{\"limit\": {\"rate\": 1}}," ACCEPT) "\n"
    RULE ("in", "{\"counter\": null},{\"log\": null},{\"reject\": null}"), &f), 1);
  assert_int_equal (f.flags, 0);
  /* drops that can't be ours, or may not be */
  assert_int_equal (look ("inet", "accept", 0,
    RULE ("in", MATCH (CT_STATE, "in", "1") "," DROP) "\n"
    RULE ("in", MATCH (FIELD ("ip", "saddr"), "!=", "\"10.9.9.9\"") "," DROP) "\n"
    RULE ("in", MATCH (FIELD ("tcp", "dport"), "==", "23") "," DROP) "\n"
    RULE ("in", MATCH (META ("iif"), "==", "\"lo\"") "," DROP) "\n"
    RULE ("in", "{\"limit\": {\"rate\": 1}}," DROP), NULL), 0);
  /* all of ours are let in without the mark */
  assert_int_equal (look ("inet", "drop", 0,
    RULE ("in", MATCH (FIELD ("tcp", "dport"), "==", "{\"range\": [63000, 63002]}") "," ACCEPT) "\n"
    RULE ("in", MATCH (META ("l4proto"), "==", "{\"set\": [6, 17]}") ","
          MATCH (FIELD ("th", "dport"), "in", "{\"set\": [137]}") "," ACCEPT), NULL), 0);
  /* over IPv4 only, TCP only */
  assert_int_equal (look ("inet", "drop", 0,
    RULE ("in", MATCH (META ("nfproto"), "==", "2") "," ACCEPT), NULL), 1);
  assert_int_equal (look ("ip", "drop", 0,
    RULE ("in", MATCH (META ("nfproto"), "==", "2") "," ACCEPT), NULL), 0);
  assert_int_equal (look ("inet", "drop", 0,
    RULE ("in", MATCH (FIELD ("ip", "protocol"), "==", "6") "," ACCEPT) "\n"
    RULE ("in", MATCH (FIELD ("ip6", "nexthdr"), "==", "6") "," ACCEPT), &f), 1);
  assert_int_equal (f.protocol, 17);
  assert_int_equal (f.port, 137);
}

static void
jumps (void **state)
{
  static const char jump[] = RULE ("in", "{\"jump\": {\"target\": \"sub\"}}") "\n";

  (void) state;
  assert_int_equal (look ("inet", "drop", 0, jump, NULL), 1);
  rules_text = NULL;
  assert_int_equal (look ("inet", "drop", 0,
    RULE ("in", "{\"jump\": {\"target\": \"sub\"}}") "\n"
    RULE ("sub", MATCH (MARK, "==", "1048576") "," ACCEPT), NULL), 0);
  assert_int_equal (look ("inet", "accept", 0,
    RULE ("in", "{\"jump\": {\"target\": \"sub\"}}") "\n" RULE ("sub", DROP), NULL), 1);
  /* returns, and what comes after */
  assert_int_equal (look ("inet", "accept", 0,
    RULE ("in", "{\"jump\": {\"target\": \"sub\"}}") "\n" RULE ("sub", "{\"return\": null}") "\n"
    RULE ("sub", DROP), NULL), 0);
  assert_int_equal (look ("inet", "drop", 0,
    RULE ("in", "{\"goto\": {\"target\": \"sub\"}}") "\n" RULE ("in", ACCEPT), NULL), 1);
  /* a jump that may not be made neither accepts nor drops */
  assert_int_equal (look ("inet", "drop", 0,
    RULE ("in", MATCH (FIELD ("ip", "saddr"), "==", "\"10.0.0.1\"")
          ",{\"jump\": {\"target\": \"sub\"}}") "\n" RULE ("sub", ACCEPT), NULL), 1);
  /* chains that lead to themselves: the kernel has none, but this isn't it */
  assert_int_equal (look ("inet", "drop", 0,
    RULE ("in", "{\"jump\": {\"target\": \"in\"}}") "\n"
    RULE ("in", "{\"jump\": {\"target\": \"in\"}}"), NULL), 1);
  /* each chain is asked for once */
  fetched = 0;
  look ("inet", "drop", 0, jump, NULL);
  assert_int_equal (fetched, 2);
}

static bool
is_mark_rule (const char *comment, const char *expr)
{
  json_t *rule = json_pack ("{ss so}", "comment", comment, "expr", json_loads (expr, 0, NULL));
  bool yes = fettle_look_is_mark_rule (rule, 0x100000);

  json_decref (rule);
  return yes;
}

static void
our_rule (void **state)
{
  (void) state;
  assert_true (is_mark_rule ("fettle", "[" MATCH (MARK, "==", "1048576") "," ACCEPT "]"));
  assert_false (is_mark_rule ("mine", "[" MATCH (MARK, "==", "1048576") "," ACCEPT "]"));
  assert_false (is_mark_rule ("fettle", "[" MATCH (MARK, "==", "1048576") "," DROP "]"));
  assert_false (is_mark_rule ("fettle", "[" MATCH (FIELD ("tcp", "dport"), "==", "63001") "," ACCEPT "]"));
  assert_false (is_mark_rule ("fettle", "[" ACCEPT "]"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (policies),
    cmocka_unit_test (the_mark),
    cmocka_unit_test (rules_before_the_end),
    cmocka_unit_test (jumps),
    cmocka_unit_test (our_rule),
  };

  return cmocka_run_group_tests_name ("gate-look", tests, NULL, NULL);
}
