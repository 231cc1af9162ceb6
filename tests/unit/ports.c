/* ports.c - flows, listeners, what is allowed, rules, the table: from rows alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#include "ports/ports.h"

static const struct fettle_port linux_ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH"),
};
static const struct fettle_port windows_ports[] = {
  FETTLE_TO       (FETTLE_BOTH, FETTLE_TCP, 445, "SMB"),
  FETTLE_TO       (FETTLE_BOTH, FETTLE_UDP, 445, "the same number over UDP"),
  FETTLE_TO_RANGE (FETTLE_DEPLOYMENT, FETTLE_TCP, 49152, 65535, "DCOM"),
};
static const struct fettle_port ilo_ports[] = {
  FETTLE_TO     (FETTLE_BOTH, FETTLE_TCP, 22, "SSH"),
  FETTLE_TO_OPT (FETTLE_BOTH, FETTLE_TCP, 80, "HTTP"),
  FETTLE_TO     (FETTLE_BOTH, FETTLE_TCP, 443, "Redfish"),
  FETTLE_FROM   (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP, "pull"),
  FETTLE_FROM   (FETTLE_DEPLOYMENT, FETTLE_LISTEN_FTP, "old pull"),
};

#define PORTS(a) .ports = a, .n_ports = COUNT (a)
static const struct fettle_node_type linux_type = {
  .name = "linux", .title = "Linux", .position = 20,
  .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX, PORTS (linux_ports),
};
static const struct fettle_node_type windows_type = {
  .name = "windows", .title = "Windows", .position = 10, .hosts = FETTLE_HOST_WINDOWS | FETTLE_HOST_LINUX_TOO,
  PORTS (windows_ports),
};
static const struct fettle_node_type ilo_types[] = {
  { .name = "vc", .title = "VC", .position = 70, .hosts = FETTLE_HOST_LINUX, PORTS (ilo_ports) },
  { .name = "ilo", .title = "iLO", .position = 60, .hosts = FETTLE_HOST_LINUX, PORTS (ilo_ports) },
};

static const struct fettle_listen_ports usual = { .http = 63001, .https = 63002 };

static uint16_t
moved_22 (const struct fettle_port_node *node, uint16_t declared)
{
  return declared == 22 ? *(const uint16_t *) node->opaque : 0;
}

static const uint16_t other_ssh = 2222;
static const struct fettle_port_node nodes[] = {
  { "web1", "10.0.0.1", "10.0.0.254", "linux", &linux_type, NULL, NULL },
  { "web2", "10.0.0.2", "10.0.0.254", "linux", &linux_type, moved_22, &other_ssh },
  { "ilo1", "10.0.0.3", "10.0.0.254", "ilo", &ilo_types[1], NULL, NULL },
};

/* "linux web2 inv to 2222", one line each: easier to read than members. */
static void
show (const struct fettle_flows *flows, struct fettle_buf *text)
{
  for (size_t i = 0; i < flows->n; i++) {
    const struct fettle_flow *f = &flows->flows[i];

    fettle_buf_printf (text, "%s %s %s %s %u\n", f->node->name,
                       f->phase == FETTLE_INVENTORY ? "inv" : "dep", f->from_node ? "from" : "to",
                       f->protocol == FETTLE_TCP ? "tcp" : "udp", f->first);
  }
}

static void
derive (const struct fettle_port_node *of, size_t n, uint32_t phases,
        const struct fettle_listen_ports *ours, struct fettle_flows *ret)
{
  struct fettle_error err;

  assert_int_equal (fettle_flows_derive (of, n, phases, ours, ret, &err), FETTLE_OK);
}

static void
flows_follow_rows_phases_and_settings (void **state)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (4096);
  struct fettle_flows flows;

  (void) state;
  derive (nodes, COUNT (nodes), FETTLE_DEPLOYMENT, &usual, &flows);
  show (&flows, &text);
  assert_string_equal (fettle_buf_text (&text), "web1 dep to tcp 22\n"
                                                "web2 dep to tcp 2222\n"
                                                "ilo1 dep to tcp 22\n"
                                                "ilo1 dep to tcp 80\n"
                                                "ilo1 dep to tcp 443\n"
                                                "ilo1 dep from tcp 63001\n");
  fettle_flows_clear (&flows);

  fettle_buf_reset (&text);
  derive (nodes + 1, 1, FETTLE_BOTH, &usual, &flows);
  show (&flows, &text);
  assert_string_equal (fettle_buf_text (&text), "web2 inv to tcp 2222\nweb2 dep to tcp 2222\n");
  fettle_flows_clear (&flows);
}

static void
the_configured_numbers_are_used (void **state)
{
  const struct fettle_listen_ports moved = { .http = 80, .https = 443, .ftp = 21 };
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (4096);
  struct fettle_flows flows;

  (void) state;
  derive (nodes + 2, 1, FETTLE_DEPLOYMENT, &moved, &flows);
  show (&flows, &text);
  assert_non_null (strstr (fettle_buf_text (&text), "ilo1 dep from tcp 80\nilo1 dep from tcp 21\n"));
  assert_int_equal (fettle_flows_listeners (&flows),
                    1 << FETTLE_LISTEN_HTTP | 1 << FETTLE_LISTEN_FTP);
  fettle_flows_clear (&flows);
}

static void
listeners_only_where_nodes_come_back (void **state)
{
  struct fettle_flows flows;

  (void) state;
  derive (nodes, 2, FETTLE_BOTH, &usual, &flows);
  assert_int_equal (fettle_flows_listeners (&flows), 0); /* Linux alone */
  fettle_flows_clear (&flows);
  derive (nodes, 3, FETTLE_INVENTORY, &usual, &flows);
  assert_int_equal (fettle_flows_listeners (&flows), 0); /* iLO: in deployment only */
  fettle_flows_clear (&flows);
  derive (nodes, 3, FETTLE_BOTH, &usual, &flows);
  assert_int_equal (fettle_flows_listeners (&flows), 1 << FETTLE_LISTEN_HTTP);
  fettle_flows_clear (&flows);
}

static void
allowed_is_what_is_declared_for_the_phase (void **state)
{
  const struct fettle_port_node windows = { "w", "10.0.0.9", "", "windows", &windows_type, moved_22,
                                            &other_ssh };
  struct fettle_port_range ranges[8];

  (void) state;
  assert_int_equal (fettle_ports_allowed (&nodes[1], FETTLE_INVENTORY, ranges, 8), 1);
  assert_int_equal (ranges[0].declared_first, 22);
  assert_int_equal (ranges[0].first, 2222);
  assert_int_equal (ranges[0].last, 2222);
  assert_int_equal (fettle_ports_allowed (&nodes[2], FETTLE_DEPLOYMENT, ranges, 8), 3);
  assert_int_equal (fettle_ports_allowed (&windows, FETTLE_INVENTORY, ranges, 8), 2);
  assert_int_equal (fettle_ports_allowed (&windows, FETTLE_DEPLOYMENT, ranges, 8), 3);
  assert_int_equal (ranges[2].first, 49152);
  assert_int_equal (ranges[2].last, 65535);
  assert_int_equal (fettle_ports_allowed (&windows, FETTLE_DEPLOYMENT, ranges, 2), 2);
}

/* ---- Rules. ---- */

static const struct fettle_rule *
find_rule (const struct fettle_rules *rules, enum fettle_place place, const char *node,
           uint16_t port)
{
  for (size_t i = 0; i < rules->n; i++)
    if (rules->rules[i].place == place && rules->rules[i].first == port
        && strcmp (rules->rules[i].node, node) == 0)
      return &rules->rules[i];
  return NULL;
}

static void
rules_of_each_place (void **state)
{
  struct fettle_flows flows;
  struct fettle_rules rules;
  const struct fettle_rule *r;
  struct fettle_error err;

  (void) state;
  derive (nodes, COUNT (nodes), FETTLE_BOTH, &usual, &flows);
  assert_int_equal (flows.n, 2 + 2 + 7);
  assert_int_equal (fettle_rules_derive (&flows, &rules, &err), FETTLE_OK);
  assert_int_equal (rules.n, 3 * (1 + 1 + 4)); /* both phases are one rule */
  r = find_rule (&rules, FETTLE_PLACE_HERE, "web2", 2222);
  assert_false (r->ingress);
  assert_string_equal (r->from, "10.0.0.254");
  assert_string_equal (r->to, "10.0.0.2");
  assert_int_equal (r->phases, FETTLE_BOTH);
  assert_true (find_rule (&rules, FETTLE_PLACE_NODE, "web2", 2222)->ingress);
  r = find_rule (&rules, FETTLE_PLACE_HERE, "ilo1", 63001);
  assert_true (r->ingress);
  assert_string_equal (r->from, "10.0.0.3");
  assert_string_equal (r->to, "10.0.0.254");
  assert_int_equal (r->phases, FETTLE_DEPLOYMENT);
  assert_string_equal (r->purpose, "pull");
  assert_false (find_rule (&rules, FETTLE_PLACE_NODE, "ilo1", 63001)->ingress);
  assert_false (find_rule (&rules, FETTLE_PLACE_BETWEEN, "ilo1", 63001)->ingress);
  assert_true (find_rule (&rules, FETTLE_PLACE_BETWEEN, "ilo1", 80)->optional);
  fettle_rules_clear (&rules);
  fettle_flows_clear (&flows);
}

static void
equal_rules_of_two_nodes_are_one (void **state)
{
  /* A server and its iLO behind one address; 80 is optional for one of them only. */
  static const struct fettle_port must_80[] = {
    FETTLE_TO (FETTLE_INVENTORY, FETTLE_TCP, 80, "HTTP"),
  };
  static const struct fettle_node_type other = {
    .name = "other", .title = "Other", .hosts = 1, PORTS (must_80),
  };
  const struct fettle_port_node two[] = {
    { "a", "10.0.0.1", "10.0.0.254", "ilo", &ilo_types[0], NULL, NULL },
    { "b", "10.0.0.1", "10.0.0.254", "other", &other, NULL, NULL },
    { "c", "", "", "other", &other, NULL, NULL },
    { "d", "", "", "other", &other, NULL, NULL },
  };
  struct fettle_flows flows;
  struct fettle_rules rules;
  struct fettle_error err;

  (void) state;
  derive (two, COUNT (two), FETTLE_INVENTORY, &usual, &flows);
  assert_int_equal (fettle_rules_derive (&flows, &rules, &err), FETTLE_OK);
  assert_int_equal (rules.n, 3 * (3 + 0 + 1 + 1));
  assert_false (find_rule (&rules, FETTLE_PLACE_HERE, "a", 80)->optional);
  assert_null (find_rule (&rules, FETTLE_PLACE_HERE, "b", 80));
  assert_non_null (find_rule (&rules, FETTLE_PLACE_HERE, "d", 80)); /* address unknown: kept apart */
  fettle_rules_clear (&rules);
  fettle_flows_clear (&flows);
}

static void
many_nodes (void **state)
{
  enum { N = 100000 };
  _cleanup_free_ struct fettle_port_node *many = calloc (N, sizeof *many);
  _cleanup_free_ char (*addresses)[16] = calloc (N, sizeof *addresses);
  struct fettle_flows flows;
  struct fettle_rules rules;
  struct fettle_error err;
  clock_t begin;

  (void) state;
  for (unsigned i = 0; i < N; i++) {
    snprintf (addresses[i], sizeof addresses[i], "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
    many[i] = nodes[2];
    many[i].address = addresses[i];
  }
  begin = clock ();
  derive (many, N, FETTLE_BOTH, &usual, &flows);
  assert_int_equal (fettle_rules_derive (&flows, &rules, &err), FETTLE_OK);
  print_message ("# %d nodes: %zu flows, %zu rules, %.0f ms of CPU\n", N, flows.n, rules.n,
                 (double) (clock () - begin) * 1000 / CLOCKS_PER_SEC);
  assert_int_equal (flows.n, N * 7);
  assert_int_equal (rules.n, N * 4 * 3);
  fettle_rules_clear (&rules);
  fettle_flows_clear (&flows);
}

/* ---- The table. ---- */

static const struct fettle_plugin plugins[] = {
  { FETTLE_HEAD, .name = "ilo", .node_types = ilo_types, .n_node_types = COUNT (ilo_types) },
  { FETTLE_HEAD, .name = "linux", .node_types = &linux_type, .n_node_types = 1 },
  { FETTLE_HEAD, .name = "windows", .node_types = &windows_type, .n_node_types = 1 },
  /* the same ports as ilo's types, in another plugin: a row of its own */
  { FETTLE_HEAD, .name = "copy", .node_types = ilo_types, .n_node_types = 1 },
};

static void
check_table (const char *type, uint32_t phase, const struct fettle_listen_ports *ours,
             const char *wanted)
{
  const struct fettle_plugin *all[] = { &plugins[0], &plugins[1], &plugins[2], &plugins[3] };
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (8192);
  struct fettle_table_row *rows;
  struct fettle_error err;
  size_t n;

  assert_int_equal (fettle_port_table (all, type ? 3 : 4, type, phase, ours, &rows, &n, &err),
                    FETTLE_OK);
  for (size_t i = 0; i < n; i++)
    fettle_buf_printf (&text, "%s|%s|%s|%s|%s|%s\n", rows[i].hosts, rows[i].types,
                       rows[i].cells[0], rows[i].cells[1], rows[i].cells[2], rows[i].cells[3]);
  free (rows);
  assert_string_equal (fettle_buf_text (&text), wanted);
}

static void
table (void **state)
{
  const struct fettle_listen_ports with_ftp = { .http = 80, .https = 443, .ftp = 21 };

  (void) state;
  check_table (NULL, 0, &usual, "Windows|Windows|445|None|445 49152-65535|None\n"
                                "Windows or Linux|Linux|22|None|22|None\n"
                                "Linux|iLO, VC|22 (80) 443|None|22 (80) 443|63001\n"
                                "Linux|VC|22 (80) 443|None|22 (80) 443|63001\n"
                                "Linux|Windows|445|None|445 49152-65535|None\n");
  check_table ("ilo", 0, &with_ftp, "Linux|iLO|22 (80) 443|None|22 (80) 443|80 21\n");
  check_table ("linux", FETTLE_INVENTORY, &usual, "Windows or Linux|Linux|22|None||\n");
}

static void
unknown_type (void **state)
{
  const struct fettle_plugin *all[] = { &plugins[0], &plugins[1] };
  struct fettle_table_row *rows;
  struct fettle_error err;
  size_t n;

  (void) state;
  assert_int_equal (fettle_port_table (all, 2, "lunix", 0, &usual, &rows, &n, &err),
                    FETTLE_E_CONFIG);
  assert_string_equal (err.text, "there is no node type \"lunix\"; did you mean \"linux\"?");
  assert_int_equal (fettle_port_table (all, 2, "toaster", 0, &usual, &rows, &n, &err),
                    FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "fettle plugin list"));
}

static void
test_port_range (void **state)
{
  static const char *const bad[] = { "80", "63010-", "-63010", "63041-63010", "63010-63041x",
                                     "63010-70000", "a" };
  struct fettle_error err;
  uint16_t first = 1, last = 1;

  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++)
    assert_int_equal (fettle_parse_port_range (bad[i], &first, &last, &err), FETTLE_E_CONFIG);
  assert_int_equal (first, 1);
  assert_int_equal (fettle_parse_port_range ("63010-63041", &first, &last, &err), FETTLE_OK);
  assert_int_equal (first, 63010);
  assert_int_equal (last, 63041);
  assert_int_equal (fettle_parse_port_range ("63010", &first, &last, &err), FETTLE_OK);
  assert_int_equal (last, 63010);
  assert_int_equal (fettle_parse_port_range ("", &first, &last, &err), FETTLE_OK);
  assert_int_equal (first, 0);
}

/* Downloads move on to data ports; a browser has no use for them. */
static void
test_data_ports (void **state)
{
  static const struct fettle_port rows[] = { FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP, "x") };
  static const struct fettle_node_type type = { .name = "t", .title = "T", .ports = rows, .n_ports = 1 };
  const struct fettle_listen_ports ours = { .http = 63001, .https = 63002, .data_first = 63010,
                                            .data_last = 63041 };
  const struct fettle_port_node two[] = {
    { .name = "n", .address = "10.0.0.1", .our_address = "10.0.0.9", .plugin = "p", .type = &type },
    { .name = "b", .address = "10.0.0.2", .our_address = "10.0.0.9", .plugin = "",
      .type = &fettle_browser_type },
  };
  struct fettle_flows flows;
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_flows_derive (two, 2, FETTLE_DEPLOYMENT, &ours, &flows, &err), FETTLE_OK);
  assert_int_equal (flows.n, 4);
  assert_int_equal (flows.flows[0].first, 63001);
  assert_int_equal (flows.flows[1].first, 63010);
  assert_int_equal (flows.flows[1].last, 63041);
  assert_int_equal (flows.flows[2].first, 63001);
  assert_int_equal (flows.flows[3].first, 63002);
  fettle_flows_clear (&flows);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (flows_follow_rows_phases_and_settings),
    cmocka_unit_test (the_configured_numbers_are_used),
    cmocka_unit_test (listeners_only_where_nodes_come_back),
    cmocka_unit_test (allowed_is_what_is_declared_for_the_phase),
    cmocka_unit_test (rules_of_each_place),
    cmocka_unit_test (equal_rules_of_two_nodes_are_one),
    cmocka_unit_test (many_nodes),
    cmocka_unit_test (table),
    cmocka_unit_test (unknown_type),
    cmocka_unit_test (test_port_range),
    cmocka_unit_test (test_data_ports),
  };

  return cmocka_run_group_tests_name ("ports", tests, NULL, NULL);
}
