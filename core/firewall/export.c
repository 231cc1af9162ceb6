/* export.c - see export.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>

#include "firewall/export-internal.h"

const enum fettle_format fettle_export_formats[] = {
  FETTLE_FORMAT_NFT,   FETTLE_FORMAT_IPTABLES,   FETTLE_FORMAT_FIREWALLD, FETTLE_FORMAT_UFW,
  FETTLE_FORMAT_NETSH, FETTLE_FORMAT_POWERSHELL, FETTLE_FORMAT_ESXCLI,    FETTLE_FORMAT_CSV,
  FETTLE_FORMAT_JSON,  FETTLE_FORMAT_AWS_SG,     FETTLE_FORMAT_CISCO_ACL,
};
const size_t fettle_n_export_formats = COUNT (fettle_export_formats);

static const struct fettle_export_format *const formats[] = {
  &fettle_export_nft,        &fettle_export_iptables, &fettle_export_firewalld, &fettle_export_ufw,
  &fettle_export_netsh,      &fettle_export_powershell, &fettle_export_esxcli,
  &fettle_export_aws_sg,     &fettle_export_cisco_acl,
};

/* ---- What formats share. ---- */

const char *
fettle_export_ports (const struct fettle_export_group *g, char separator, char buffer[16])
{
  if (g->first == g->last)
    snprintf (buffer, 16, "%u", g->first);
  else
    snprintf (buffer, 16, "%u%c%u", g->first, separator, g->last);
  return buffer;
}

const char *
fettle_export_network (const struct fettle_address *a, unsigned bits,
                       char buffer[FETTLE_ADDRESS_TEXT + 4])
{
  size_t n;

  fettle_address_text (a, buffer);
  n = strlen (buffer);
  if (bits < (a->family == 4 ? 32 : 128))
    snprintf (buffer + n, FETTLE_ADDRESS_TEXT + 4 - n, "/%u", bits);
  return buffer;
}

void
fettle_export_networks (const struct fettle_export_group *g,
                        void (*f) (void *arg, const struct fettle_address *, unsigned bits),
                        void *arg)
{
  for (size_t i = 0; i < g->n_nodes; i++) {
    struct fettle_range rest = g->nodes[i];
    struct fettle_address first;
    unsigned bits;

    while (fettle_range_network (&rest, &first, &bits))
      f (arg, &first, bits);
  }
}

/* Purposes are foreign text: what is special in no format is left. */
static void
take_purpose (char ret[64], const char *purpose)
{
  snprintf (ret, 64, "%s", purpose ? purpose : "");
  for (char *p = ret; *p; p++)
    if (!isalnum ((unsigned char) *p) && !strchr (" .,:_/+-", *p))
      *p = '_';
}

/* ---- Groups. ---- */

struct item {
  const struct fettle_rule *rule;
  struct fettle_address node;
  const char *ours;
};

static const char *
ours_of (const struct fettle_rule *r)
{
  if (r->place == FETTLE_PLACE_HERE)
    return "";
  return r->from_node ? r->to : r->from;
}

/* Matters where a rule is for the node itself. */
static bool
is_esxi (const struct fettle_rule *r)
{
  return r->place == FETTLE_PLACE_NODE && strcmp (r->type, "vmware") == 0;
}

/* 0: one group. */
static int
compare_heads (const struct item *p, const struct item *q)
{
  const struct fettle_rule *a = p->rule, *b = q->rule;
  const int64_t numbers[][2] = {
    { !a->ingress, !b->ingress }, { !a->from_node, !b->from_node }, { a->protocol, b->protocol },
    { a->first, b->first }, { a->last, b->last }, { p->node.family, q->node.family },
    { is_esxi (a), is_esxi (b) },
    { a->optional, b->optional },
  };

  for (size_t i = 0; i < COUNT (numbers); i++)
    if (numbers[i][0] != numbers[i][1])
      return numbers[i][0] < numbers[i][1] ? -1 : 1;
  return strcmp (p->ours, q->ours);
}

static int
compare_items (const void *a, const void *b)
{
  const struct item *p = a, *q = b;
  int d = compare_heads (p, q);

  return d ? d : fettle_address_compare (&p->node, &q->node);
}

/* Those of the place whose addresses are known, sorted. */
static struct item *
take_items (const struct fettle_rules *rules, enum fettle_place place, size_t *ret_n,
            size_t *ret_left_out)
{
  struct item *items = calloc (rules->n + 1, sizeof *items);
  struct fettle_address ours;
  struct fettle_error unknown;
  size_t n = 0;

  *ret_left_out = 0;
  for (size_t i = 0; items && i < rules->n; i++) {
    const struct fettle_rule *r = &rules->rules[i];
    struct item *it = &items[n];

    if (r->place != place)
      continue;
    *it = (struct item) { .rule = r, .ours = ours_of (r) };
    if (fettle_address_parse (r->from_node ? r->from : r->to, &it->node, &unknown)
        || (*it->ours && fettle_address_parse (it->ours, &ours, &unknown))
        || (*it->ours && ours.family != it->node.family)) {
      ++*ret_left_out;
      continue;
    }
    n++;
  }
  if (items && n > 0)
    qsort (items, n, sizeof *items, compare_items);
  *ret_n = n;
  return items;
}

static fettle_result
write_group (FILE *f, const struct fettle_export_format *format, const struct item *items,
             size_t n, size_t *number, struct fettle_error *err)
{
  _cleanup_free_ struct fettle_address *addresses = calloc (n, sizeof *addresses);
  _cleanup_free_ struct fettle_range *ranges = NULL;
  const struct fettle_rule *r = items->rule;
  struct fettle_export_group g = {
    .place = r->place, .ingress = r->ingress, .from_node = r->from_node,
    .family = items->node.family, .protocol = r->protocol, .first = r->first, .last = r->last,
    .ours = items->ours, .esxi = is_esxi (r), .optional = r->optional,
  };
  char ours[FETTLE_ADDRESS_TEXT];

  if (!addresses)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for %zu addresses", n);
  for (size_t i = 0; i < n; i++)
    addresses[i] = items[i].node;
  if (fettle_ranges (addresses, n, &ranges, &g.n_nodes, err))
    return err->code;
  g.nodes = ranges;
  snprintf (ours, sizeof ours, "%.*s", (int) strcspn (items->ours, "%"), items->ours);
  g.ours = ours;
  take_purpose (g.purpose, r->purpose);
  if (!format->skips || !format->skips (&g))
    format->group (f, &g, ++*number);
  return FETTLE_OK;
}

static fettle_result
write_groups (FILE *f, const struct fettle_export_format *format, enum fettle_place place,
              const struct item *items, size_t n, struct fettle_error *err)
{
  size_t end, number = 0;

  if (format->begin)
    format->begin (f, place);
  for (size_t i = 0; i < n; i = end) {
    for (end = i + 1; end < n && compare_heads (&items[i], &items[end]) == 0; end++)
      ;
    if (write_group (f, format, items + i, end - i, &number, err))
      return err->code;
  }
  if (format->end)
    format->end (f, place);
  return FETTLE_OK;
}

/* ---- CSV and JSON: rule by rule. ---- */

static const char *
direction (const struct fettle_rule *r)
{
  return r->place == FETTLE_PLACE_BETWEEN ? "forward" : r->ingress ? "in" : "out";
}

static const char *
phases_of (const struct fettle_rule *r)
{
  return r->phases == FETTLE_BOTH ? "inventory deployment"
                                  : r->phases & FETTLE_INVENTORY ? "inventory" : "deployment";
}

/* RFC 4180. */
static void
csv_cell (FILE *f, const char *text)
{
  if (!text[strcspn (text, ",\"\r\n")]) {
    fputs (text, f);
    return;
  }
  fputc ('"', f);
  for (; *text; text++) {
    if (*text == '"')
      fputc ('"', f);
    fputc (*text, f);
  }
  fputc ('"', f);
}

static void
write_csv (FILE *f, const struct fettle_rule *r)
{
  char first[8], last[8];
  const char *cells[] = {
    direction (r), fettle_export_protocol (r->protocol), r->from, r->to, first, last,
    r->optional ? "yes" : "no", phases_of (r), r->node, r->type, r->purpose,
  };

  snprintf (first, sizeof first, "%u", r->first);
  snprintf (last, sizeof last, "%u", r->last);
  for (size_t i = 0; i < COUNT (cells); i++) {
    fputs (i ? "," : "", f);
    csv_cell (f, cells[i] ? cells[i] : "");
  }
  fputc ('\n', f);
}

static bool
write_json (FILE *f, const struct fettle_rule *r, bool first)
{
  _cleanup_json_ json_t *o =
    json_pack ("{ss ss ss ss si si sb ss ss ss ss}", "direction", direction (r), "protocol",
               fettle_export_protocol (r->protocol), "from", r->from, "to", r->to, "first",
               (int) r->first, "last", (int) r->last, "optional", (int) r->optional, "phases",
               phases_of (r), "node", r->node, "type", r->type, "purpose",
               r->purpose ? r->purpose : "");

  fputs (first ? "\n  " : ",\n  ", f);
  return o && json_dumpf (o, f, 0) == 0;
}

static fettle_result
write_rules (FILE *f, const struct fettle_rules *rules, enum fettle_place place, bool json,
             struct fettle_error *err)
{
  bool first = true;

  fputs (json ? "[" : "direction,protocol,from,to,first_port,last_port,optional,phases,node,type,"
                      "purpose\n", f);
  for (size_t i = 0; i < rules->n; i++) {
    if (rules->rules[i].place != place)
      continue;
    if (!json)
      write_csv (f, &rules->rules[i]);
    else if (!write_json (f, &rules->rules[i], first))
      return fettle_error_set (err, FETTLE_E_INTERNAL, "a rule can't be written as JSON");
    first = false;
  }
  fputs (json ? "\n]\n" : "", f);
  return FETTLE_OK;
}

/* ---- All. ---- */

static fettle_result
no_such_rules (enum fettle_place place, struct fettle_error *err)
{
  static const char *const places[] = { "host", "nodes", "between" };

  return fettle_error_set (err, FETTLE_E_CONFIG, "this format has no rules --for %s: esxcli is for "
                           "ESXi nodes, Windows' firewall for hosts that run it, a security group "
                           "for hosts that have it", places[place]);
}

fettle_result
fettle_export (const struct fettle_rules *rules, enum fettle_place place,
               enum fettle_format format, FILE *f, size_t *ret_left_out, struct fettle_error *err)
{
  _cleanup_free_ struct item *items = NULL;
  size_t n, left_out = 0;

  if (ret_left_out)
    *ret_left_out = 0;
  if (format == FETTLE_FORMAT_CSV || format == FETTLE_FORMAT_JSON)
    return write_rules (f, rules, place, format == FETTLE_FORMAT_JSON, err);
  for (size_t i = 0; i < COUNT (formats); i++) {
    if (formats[i]->format != format)
      continue;
    if (!(formats[i]->places & 1u << place))
      return no_such_rules (place, err);
    items = take_items (rules, place, &n, &left_out);
    if (!items)
      return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for %zu rules", rules->n);
    if (ret_left_out)
      *ret_left_out = left_out;
    return write_groups (f, formats[i], place, items, n, err);
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "rules can't be exported in this format");
}
