/* firewall.c - fettle firewall plan: the holes that nodes need, for this host,
 * for the nodes and for what is in between.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <arpa/inet.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/firewall-plan.h"
#include "cli/nodes.h"

void
fettle_firewall_plan_clear (struct fettle_firewall_plan *plan)
{
  fettle_rules_clear (&plan->rules);
  fettle_flows_clear (&plan->flows);
  fettle_plan_nodes_clear (&plan->nodes);
  fettle_plugins_clear (&plan->plugins);
}

static const char *const places[] = { "here", "node", "between" };

static const char *
protocol_name (uint32_t protocol)
{
  return protocol == FETTLE_TCP ? "tcp" : "udp";
}

static const char *
ports_text (const struct fettle_rule *r, char buffer[16])
{
  snprintf (buffer, 16, r->first == r->last ? "%u" : "%u-%u", r->first, r->last);
  return buffer;
}

/* Seen from the rule's place; "forward" for what passes through. */
static const char *
direction (const struct fettle_rule *r)
{
  if (r->place == FETTLE_PLACE_BETWEEN)
    return "forward";
  return r->ingress ? "in" : "out";
}

static const char *
phases_text (uint32_t phases)
{
  return phases == FETTLE_BOTH ? "inventory deployment"
                               : phases & FETTLE_INVENTORY ? "inventory" : "deployment";
}

/* ---- Listeners. ---- */

static const struct { uint32_t listener; const char *name, *title; } listeners[] = {
  { FETTLE_LISTEN_HTTP,  "http",  "HTTP" },
  { FETTLE_LISTEN_HTTPS, "https", "HTTPS" },
  { FETTLE_LISTEN_FTP,   "ftp",   "FTP" },
};

static unsigned
listener_port (const struct fettle_firewall_plan *plan, uint32_t listener)
{
  const uint16_t ports[] = { 0, plan->listen.http, plan->listen.https, plan->listen.ftp };

  return ports[listener];
}

static void
print_listeners (struct fettle_cli *cli, const struct fettle_firewall_plan *plan)
{
  uint32_t needed = fettle_flows_listeners (&plan->flows);
  const char *before = " ";

  fputs ("Listeners needed:", cli->out);
  for (size_t i = 0; i < COUNT (listeners); i++)
    if (needed & 1u << listeners[i].listener) {
      fprintf (cli->out, "%s%s on %u", before, listeners[i].title,
               listener_port (plan, listeners[i].listener));
      before = ", ";
    }
  fputs (needed ? "\n" : " none: no node connects to this host\n", cli->out);
}

/* ---- Text: what is alike but for the node's address is one paragraph. ---- */

/* A rule to be sorted, with its node's address as a number: there may be a
 * million of them. */
struct line {
  const struct fettle_rule *rule;
  uint32_t ipv4;
  bool is_ipv4;
};

static const char *
ours (const struct fettle_rule *r)
{
  return r->from_node ? r->to : r->from;
}

static const char *
theirs (const struct fettle_rule *r)
{
  return r->from_node ? r->from : r->to;
}

static int
compare_texts (const char *a, const char *b)
{
  return a == b ? 0 : strcmp (a, b);
}

/* All but the node's address: 0 when two rules belong to one paragraph. */
static int
compare_heads (const struct fettle_rule *a, const struct fettle_rule *b)
{
  const int64_t numbers[][2] = {
    { a->place, b->place }, { a->ingress, b->ingress }, { a->from_node, b->from_node },
    { a->protocol, b->protocol }, { a->first, b->first }, { a->last, b->last },
    { a->optional, b->optional }, { a->phases, b->phases },
  };
  int d;

  for (size_t i = 0; i < COUNT (numbers); i++)
    if (numbers[i][0] != numbers[i][1])
      return numbers[i][0] < numbers[i][1] ? -1 : 1;
  d = compare_texts (a->purpose, b->purpose);
  d = d ? d : compare_texts (a->type, b->type);
  return d ? d : compare_texts (ours (a), ours (b));
}

/* Addresses: IPv4 by number, then the rest by text. */
static int
compare_lines (const void *a, const void *b)
{
  const struct line *p = a, *q = b;
  int d = compare_heads (p->rule, q->rule);

  if (d)
    return d;
  if (p->is_ipv4 && q->is_ipv4)
    return p->ipv4 < q->ipv4 ? -1 : p->ipv4 > q->ipv4;
  return p->is_ipv4 || q->is_ipv4 ? q->is_ipv4 - p->is_ipv4
                                  : strcmp (theirs (p->rule), theirs (q->rule));
}

/* The rules as lines in order; NULL: no memory. */
static struct line *
sort_rules (const struct fettle_rules *rules)
{
  struct line *lines = calloc (rules->n + 1, sizeof *lines);

  for (size_t i = 0; lines && i < rules->n; i++) {
    struct in_addr address;

    lines[i].rule = &rules->rules[i];
    lines[i].is_ipv4 = inet_pton (AF_INET, theirs (&rules->rules[i]), &address) == 1;
    lines[i].ipv4 = lines[i].is_ipv4 ? ntohl (address.s_addr) : 0;
  }
  if (lines && rules->n)
    qsort (lines, rules->n, sizeof *lines, compare_lines);
  return lines;
}

/* The last line of the run of consecutive addresses that begins at i. */
static size_t
end_of_run (const struct line *lines, size_t i, size_t end)
{
  while (lines[i].is_ipv4 && i + 1 < end && lines[i + 1].is_ipv4
         && lines[i + 1].ipv4 - lines[i].ipv4 <= 1)
    i++;
  return i;
}

static void
print_addresses (FILE *f, const char *label, const struct line *lines, size_t n)
{
  size_t column = (size_t) fprintf (f, "      %-4s", label), last;

  for (size_t i = 0; i < n; i = last + 1) {
    const char *first = theirs (lines[i].rule), *end;
    char text[160];
    size_t size;

    last = end_of_run (lines, i, n);
    end = theirs (lines[last].rule);
    size = (size_t) snprintf (text, sizeof text, strcmp (first, end) ? " %s-%s" : " %s", first,
                              end);
    if (column + size > 100)
      column = (size_t) fprintf (f, "\n          ") - 1;
    column += size;
    fputs (text, f);
  }
  fputc ('\n', f);
}

static void
print_ours (FILE *f, const char *label, const struct fettle_rule *r)
{
  fprintf (f, "      %-4s %s\n", label, *ours (r) ? ours (r) : "this host");
}

static void
print_paragraph (FILE *f, const struct line *lines, size_t n)
{
  const struct fettle_rule *r = lines->rule;
  const char *phase = r->phases == FETTLE_BOTH ? "both phases" : phases_text (r->phases);
  char ports[16];

  fprintf (f, "  %s %s %s%s, %s, %s: %s\n", direction (r), protocol_name (r->protocol),
           ports_text (r, ports), r->optional ? " (optional)" : "", phase, r->type, r->purpose);
  if (r->from_node) {
    print_addresses (f, "from", lines, n);
    print_ours (f, "to", r);
  } else {
    print_ours (f, "from", r);
    print_addresses (f, "to", lines, n);
  }
}

static fettle_result
print_text (struct fettle_cli *cli, const struct fettle_firewall_plan *plan, struct fettle_error *err)
{
  static const char *const titles[] = {
    "On this host", "On the nodes", "On firewalls in between",
  };
  _cleanup_free_ struct line *lines = sort_rules (&plan->rules);
  size_t n = plan->rules.n, end;

  if (!lines)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for %zu rules", n);
  fprintf (cli->out, "%zu node%s, %s\n", plan->nodes.n, plan->nodes.n == 1 ? "" : "s",
           plan->phases == FETTLE_BOTH ? "inventory and deployment" : phases_text (plan->phases));
  print_listeners (cli, plan);
  for (size_t i = 0; i < n; i = end) {
    for (end = i + 1; end < n && compare_heads (lines[i].rule, lines[end].rule) == 0; end++)
      ;
    if (i == 0 || lines[i].rule->place != lines[i - 1].rule->place)
      fprintf (cli->out, "\n%s\n", titles[lines[i].rule->place]);
    print_paragraph (cli->out, lines + i, end - i);
  }
  return FETTLE_OK;
}

/* ---- CSV and JSON: one row for each rule, written as it comes, since a plan
 * ---- may have a million of them. ---- */

static void
print_csv (struct fettle_cli *cli, const struct fettle_firewall_plan *plan)
{
  fputs ("place,direction,protocol,ports,from,to,optional,phases,node,type,purpose\n", cli->out);
  for (size_t i = 0; i < plan->rules.n; i++) {
    const struct fettle_rule *r = &plan->rules.rules[i];
    char ports[16];
    const char *cells[] = {
      places[r->place], direction (r), protocol_name (r->protocol), ports_text (r, ports), r->from,
      r->to, r->optional ? "yes" : "no", phases_text (r->phases), r->node, r->type, r->purpose,
    };

    for (size_t j = 0; j < COUNT (cells); j++) {
      fputs (j ? "," : "", cli->out);
      fettle_cli_csv (cli->out, cells[j]);
    }
    fputc ('\n', cli->out);
  }
}

static json_t *
phases_json (uint32_t phases)
{
  json_t *array = json_array ();

  if (phases & FETTLE_INVENTORY)
    json_array_append_new (array, json_string ("inventory"));
  if (phases & FETTLE_DEPLOYMENT)
    json_array_append_new (array, json_string ("deployment"));
  return array;
}

static json_t *
rule_json (const struct fettle_rule *r)
{
  return json_pack ("{ss ss ss si si ss ss sb so ss ss ss}", "place", places[r->place],
                    "direction", direction (r), "protocol", protocol_name (r->protocol), "first",
                    (int) r->first, "last", (int) r->last, "from", r->from, "to", r->to,
                    "optional", (int) r->optional, "phases", phases_json (r->phases), "node",
                    r->node, "type", r->type, "purpose", r->purpose);
}

static json_t *
listeners_json (const struct fettle_firewall_plan *plan)
{
  uint32_t needed = fettle_flows_listeners (&plan->flows);
  json_t *array = json_array ();

  for (size_t i = 0; i < COUNT (listeners); i++)
    if (needed & 1u << listeners[i].listener)
      json_array_append_new (array, json_pack ("{ss si}", "name", listeners[i].name, "port",
                                               (int) listener_port (plan, listeners[i].listener)));
  return array;
}

static void
print_json (struct fettle_cli *cli, const struct fettle_firewall_plan *plan)
{
  _cleanup_json_ json_t *phases = phases_json (plan->phases);
  _cleanup_json_ json_t *needed = listeners_json (plan);

  fprintf (cli->out, "{\n  \"nodes\": %zu,\n  \"phases\": ", plan->nodes.n);
  json_dumpf (phases, cli->out, 0);
  fputs (",\n  \"listeners\": ", cli->out);
  json_dumpf (needed, cli->out, 0);
  fputs (",\n  \"rules\": [", cli->out);
  for (size_t i = 0; i < plan->rules.n; i++) {
    _cleanup_json_ json_t *rule = rule_json (&plan->rules.rules[i]);

    fputs (i ? ",\n    " : "\n    ", cli->out);
    json_dumpf (rule, cli->out, 0);
  }
  fputs ("\n  ]\n}\n", cli->out);
}

/* ---- The command. ---- */

/* The running service knows best where it listens. */
static void
take_listen_ports (const json_t *service, struct fettle_listen_ports *listen)
{
  json_int_t http = json_integer_value (json_object_get (service, "port"));
  json_int_t https = json_integer_value (json_object_get (service, "ssl_port"));

  if (http > 0 && http <= UINT16_MAX)
    listen->http = (uint16_t) http;
  if (https > 0 && https <= UINT16_MAX)
    listen->https = (uint16_t) https;
}

static fettle_result
ask_service (struct fettle_cli *cli, const char *selector, struct fettle_firewall_plan *plan,
             struct fettle_error *err)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;

  if (fettle_client_open (cli, true, &client, err)
      || fettle_nodes_get (client, selector, &answer, err))
    return err->code;
  if (selector && !json_array_size (json_object_get (answer, "nodes")))
    return fettle_error_set (err, FETTLE_E_CONFIG, "no node fits %.200s", selector);
  take_listen_ports (fettle_client_service (client), &plan->listen);
  return fettle_plan_nodes_json (&plan->nodes, json_object_get (answer, "nodes"), &plan->plugins,
                                 err);
}

fettle_result
fettle_firewall_plan_make (struct fettle_cli *cli, const char *from,
                           struct fettle_firewall_plan *plan, struct fettle_error *err)
{
  const char *selector = fettle_args_value (cli->args, "selector");
  const struct fettle_settings *s = &cli->settings;
  struct fettle_listen_ports *listen = &plan->listen;

  *listen = fettle_cli_listen_ports (s);
  if (fettle_parse_port_range (s->data_ports, &listen->data_first, &listen->data_last, err)
      || fettle_parse_port_range (s->ftp_data_ports, &listen->ftp_data_first,
                                  &listen->ftp_data_last, err)
      || fettle_cli_plugins (cli, &plan->plugins, err))
    return err->code;
  if (selector && from)
    return fettle_error_set (err, FETTLE_E_CONFIG, "--nodes and --selector exclude each other");
  if (!from || strcmp (from, "all") == 0
        ? ask_service (cli, selector, plan, err)
        : fettle_plan_nodes_read (&plan->nodes, from, &plan->plugins, err))
    return err->code;
  if (fettle_plan_nodes_browsers (&plan->nodes, s->browsers, err))
    return err->code;
  if (fettle_flows_derive (plan->nodes.nodes, plan->nodes.n, plan->phases, &plan->listen,
                           &plan->flows, err))
    return err->code;
  return fettle_rules_derive (&plan->flows, &plan->rules, err);
}

/* What the plan can't know. */
void
fettle_firewall_plan_notices (struct fettle_cli *cli, const struct fettle_firewall_plan *plan)
{
  if (plan->nodes.n_left_out)
    fettle_cli_notice (cli, "left out: %zu node%s whose type isn't known yet; fettle inventory "
                            "finds it", plan->nodes.n_left_out,
                       plan->nodes.n_left_out > 1 ? "s" : "");
  if (plan->nodes.n_no_route)
    fettle_cli_notice (cli, "this host has no route to %zu node%s: its own address in the rules "
                            "isn't known", plan->nodes.n_no_route,
                       plan->nodes.n_no_route > 1 ? "s" : "");
}

static int
run_plan (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_ (fettle_firewall_plan_clear) struct fettle_firewall_plan plan = { 0 };
  const char *from = fettle_args_value (args, "nodes");
  struct fettle_error err;

  if (!from && !fettle_args_flag (args, "selector"))
    return fettle_cli_usage ("firewall plan needs --nodes: a file, - or all; or --selector");
  if (fettle_cli_phase (fettle_args_value (args, "phase"), &plan.phases, &err)
      || fettle_firewall_plan_make (cli, from, &plan, &err))
    return fettle_cli_fail (&err);
  fettle_firewall_plan_notices (cli, &plan);
  if (cli->format == FETTLE_FORMAT_CSV)
    print_csv (cli, &plan);
  else if (cli->format == FETTLE_FORMAT_JSON)
    print_json (cli, &plan);
  else if (print_text (cli, &plan, &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option options[] = {
  { "nodes", 0, "FILE|all", "lines \"address,type[,name[,setting=value]]\"; -: standard input; "
                            "all: the service's nodes" },
  FETTLE_SELECTOR_OPTION,
  { "phase", 0, "PHASE",    "for this phase only: inventory or deployment" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_firewall_plan = {
  "firewall", "plan", NULL, 0, 0, "list the firewall rules that nodes need",
  FETTLE_FORMATS (FETTLE_FORMAT_TEXT) | FETTLE_FORMATS (FETTLE_FORMAT_JSON)
    | FETTLE_FORMATS (FETTLE_FORMAT_CSV),
  FETTLE_FORMAT_TEXT, options, run_plan,
};
