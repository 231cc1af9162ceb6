/* export-linux.c - rules for nft, iptables-restore, firewalld and ufw.
 *
 * All say which nodes, by their addresses, so that what is made for nodes can
 * be loaded on each of them as it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/export-internal.h"

enum { CHUNK = 1000 }; /* addresses in a rule */

#define EVERYWHERE (1u << FETTLE_PLACE_HERE | 1u << FETTLE_PLACE_NODE | 1u << FETTLE_PLACE_BETWEEN)

/* The hook of a rule, by words for each: {in, out, forward}. */
static const char *
by_hook (const struct fettle_export_group *g, const char *const words[3])
{
  return g->place == FETTLE_PLACE_BETWEEN ? words[2] : words[g->ingress ? 0 : 1];
}

/* ---- nft: a table of its own, which accepts; a table that drops needs the
 * ---- same rules in its own chains. ---- */

static void
nft_begin (FILE *f, enum fettle_place place)
{
  fputs ("# For nft -f.  An accept here doesn't override a drop of another table: where one\n"
         "# drops by itself, put these rules into its chains.\n"
         "table inet fettle-export\n"
         "delete table inet fettle-export\n"
         "table inet fettle-export {\n", f);
  if (place == FETTLE_PLACE_BETWEEN)
    fputs ("  chain forward {\n    type filter hook forward priority 0;\n  }\n", f);
  else
    fputs ("  chain input {\n    type filter hook input priority 0;\n  }\n"
           "  chain output {\n    type filter hook output priority 0;\n  }\n", f);
  fputs ("}\n", f);
}

/* Our side, the nodes', the ports. */
static void
nft_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  static const char *const hooks[] = { "input", "output", "forward" };
  const char *ip = g->family == 4 ? "ip" : "ip6";
  char ports[16], range[FETTLE_RANGE_TEXT];

  (void) number;
  for (size_t i = 0; i < g->n_nodes; i += CHUNK) {
    fprintf (f, "add rule inet fettle-export %s", by_hook (g, hooks));
    if (*g->ours)
      fprintf (f, " %s %s %s", ip, g->from_node ? "daddr" : "saddr", g->ours);
    fprintf (f, " %s %s {", ip, g->from_node ? "saddr" : "daddr");
    for (size_t k = i; k < g->n_nodes && k < i + CHUNK; k++)
      fprintf (f, "%s %s", k > i ? "," : "", fettle_range_text (&g->nodes[k], range));
    fprintf (f, " } %s dport %s accept comment \"fettle: %s\"\n",
             fettle_export_protocol (g->protocol), fettle_export_ports (g, '-', ports), g->purpose);
  }
}

const struct fettle_export_format fettle_export_nft = {
  FETTLE_FORMAT_NFT, EVERYWHERE, nft_begin, nft_group, NULL, NULL,
};

/* ---- iptables: IPv4 and IPv6 have different files; each line says whose it
 * ---- is, as iptables-restore and ip6tables-restore take it with -4 and -6. ---- */

static void
iptables_begin (FILE *f, enum fettle_place place)
{
  (void) place;
  fputs ("# For iptables-restore --noflush and ip6tables-restore --noflush: lines that begin with -4\n"
         "# are taken by the first, with -6 by the second.\n"
         "*filter\n", f);
}

struct lines {
  FILE *f;
  const struct fettle_export_group *g;
};

static void
iptables_line (void *arg, const struct fettle_address *a, unsigned bits)
{
  static const char *const chains[] = { "INPUT", "OUTPUT", "FORWARD" };
  const struct lines *l = arg;
  const struct fettle_export_group *g = l->g;
  char network[FETTLE_ADDRESS_TEXT + 4], ports[16];

  fprintf (l->f, "-%u -A %s", g->family, by_hook (g, chains));
  if (*g->ours)
    fprintf (l->f, " %s %s", g->from_node ? "-d" : "-s", g->ours);
  fprintf (l->f, " %s %s -p %s --dport %s -m comment --comment \"fettle: %s\" -j ACCEPT\n",
           g->from_node ? "-s" : "-d", fettle_export_network (a, bits, network),
           fettle_export_protocol (g->protocol), fettle_export_ports (g, ':', ports), g->purpose);
}

static void
iptables_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  struct lines l = { f, g };

  (void) number;
  fettle_export_networks (g, iptables_line, &l);
}

static void
iptables_end (FILE *f, enum fettle_place place)
{
  (void) place;
  fputs ("COMMIT\n", f);
}

const struct fettle_export_format fettle_export_iptables = {
  FETTLE_FORMAT_IPTABLES, EVERYWHERE, iptables_begin, iptables_group, iptables_end, NULL,
};

/* ---- firewalld: rich rules of the default zone; between, of a policy. ---- */

static void
firewalld_begin (FILE *f, enum fettle_place place)
{
  if (place == FETTLE_PLACE_BETWEEN)
    fputs ("firewall-cmd --permanent --new-policy=fettle\n"
           "firewall-cmd --permanent --policy=fettle --add-ingress-zone=ANY\n"
           "firewall-cmd --permanent --policy=fettle --add-egress-zone=ANY\n", f);
  else
    fputs ("# In the default zone; for another one, add --zone=ZONE.\n", f);
}

static void
firewalld_line (void *arg, const struct fettle_address *a, unsigned bits)
{
  const struct lines *l = arg;
  const struct fettle_export_group *g = l->g;
  char network[FETTLE_ADDRESS_TEXT + 4], ports[16];
  const char *nodes = fettle_export_network (a, bits, network);
  const char *from = g->from_node ? nodes : g->ours, *to = g->from_node ? g->ours : nodes;

  fprintf (l->f, "firewall-cmd --permanent %s--add-rich-rule='rule family=\"ipv%u\"",
           g->place == FETTLE_PLACE_BETWEEN ? "--policy=fettle " : "", g->family);
  if (*from)
    fprintf (l->f, " source address=\"%s\"", from);
  if (*to)
    fprintf (l->f, " destination address=\"%s\"", to);
  fprintf (l->f, " port port=\"%s\" protocol=\"%s\" accept'\n", fettle_export_ports (g, '-', ports),
           fettle_export_protocol (g->protocol));
}

/* firewalld lets out all that a host itself sends. */
static bool
firewalld_skips (const struct fettle_export_group *g)
{
  return g->place != FETTLE_PLACE_BETWEEN && !g->ingress;
}

static void
firewalld_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  struct lines l = { f, g };

  (void) number;
  fprintf (f, "# %s\n", g->purpose);
  fettle_export_networks (g, firewalld_line, &l);
}

static void
firewalld_end (FILE *f, enum fettle_place place)
{
  (void) place;
  fputs ("firewall-cmd --reload\n", f);
}

const struct fettle_export_format fettle_export_firewalld = {
  FETTLE_FORMAT_FIREWALLD, EVERYWHERE, firewalld_begin, firewalld_group, firewalld_end, firewalld_skips,
};

/* ---- ufw. ---- */

static void
ufw_line (void *arg, const struct fettle_address *a, unsigned bits)
{
  static const char *const verbs[] = { "allow in", "allow out", "route allow" };
  const struct lines *l = arg;
  const struct fettle_export_group *g = l->g;
  char network[FETTLE_ADDRESS_TEXT + 4], ports[16];
  const char *nodes = fettle_export_network (a, bits, network);
  const char *ours = *g->ours ? g->ours : "any";

  fprintf (l->f, "ufw %s proto %s from %s to %s port %s comment 'fettle: %s'\n", by_hook (g, verbs),
           fettle_export_protocol (g->protocol), g->from_node ? nodes : ours,
           g->from_node ? ours : nodes, fettle_export_ports (g, ':', ports), g->purpose);
}

static void
ufw_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  struct lines l = { f, g };

  (void) number;
  fettle_export_networks (g, ufw_line, &l);
}

const struct fettle_export_format fettle_export_ufw = {
  FETTLE_FORMAT_UFW, EVERYWHERE, NULL, ufw_group, NULL, NULL,
};
