/* export-others.c - rules for Windows, ESXi, AWS security groups, Cisco.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <arpa/inet.h>

#include "firewall/export-internal.h"
#include "firewall/windows-text.h"

#define ENDS (1u << FETTLE_PLACE_HERE | 1u << FETTLE_PLACE_NODE)

static void
number_text (char buffer[96], const struct fettle_export_group *g, size_t number)
{
  snprintf (buffer, 96, "fettle %zu: %s", number, g->purpose);
}

/* ---- Windows.  On a node, its own addresses are the local ones: a rule for
 * ---- many nodes names us alone and can be loaded on each. ---- */

static void
windows_group (FILE *f, const struct fettle_export_group *g, size_t number,
               void (*write) (FILE *, const struct fettle_windows_rule *))
{
  char name[96];
  struct fettle_windows_rule r = {
    .name = name, .in = g->ingress, .udp = g->protocol == FETTLE_UDP, .first = g->first,
    .last = g->last, .local_port = g->ingress, .local = "", .remote = g->nodes,
    .n_remote = g->n_nodes, .remote_alone = g->place == FETTLE_PLACE_NODE ? g->ours : NULL,
  };

  number_text (name, g, number);
  write (f, &r);
}

static void
netsh_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  windows_group (f, g, number, fettle_windows_netsh);
}

static void
powershell_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  windows_group (f, g, number, fettle_windows_powershell);
}

static void
powershell_begin (FILE *f, enum fettle_place place)
{
  (void) place;
  fputs ("# To take them away: Remove-NetFirewallRule -Group 'fettle'\r\n", f);
}

const struct fettle_export_format fettle_export_netsh = {
  FETTLE_FORMAT_NETSH, ENDS, NULL, netsh_group, NULL, NULL,
};
const struct fettle_export_format fettle_export_powershell = {
  FETTLE_FORMAT_POWERSHELL, ENDS, powershell_begin, powershell_group, NULL, NULL,
};

/* ---- ESXi.  What it listens on has rulesets already; ports of ours need one
 * ---- of our own, an XML file. ---- */

static const struct { uint16_t port; const char *ruleset; } rulesets[] = {
  { 22, "sshServer" }, { 80, "webAccess" }, { 443, "vSphereClient" }, { 902, "vSphereClient" },
  { 5988, "CIMHttpServer" }, { 5989, "CIMHttpsServer" },
};

static void
esxcli_begin (FILE *f, enum fettle_place place)
{
  (void) place;
  fputs ("# On each ESXi node.  A file of /etc/vmware/firewall is gone after a restart unless a\n"
         "# VIB brings it.\n", f);
}

static void
esxcli_own (FILE *f, const struct fettle_export_group *g, size_t number)
{
  char ports[96];

  if (g->first == g->last)
    snprintf (ports, sizeof ports, "<port>%u</port>", g->first);
  else
    snprintf (ports, sizeof ports, "<port><begin>%u</begin><end>%u</end></port>", g->first,
              g->last);
  fprintf (f, "cat >/etc/vmware/firewall/fettle%zu.xml <<'END'\n"
           "<ConfigRoot><service id=\"9%03zu\"><id>fettle%zu</id><rule id=\"0000\">"
           "<direction>%s</direction><protocol>%s</protocol><porttype>dst</porttype>%s</rule>"
           "<enabled>true</enabled><required>false</required></service></ConfigRoot>\nEND\n"
           "esxcli network firewall refresh\n", number, number, number,
           g->ingress ? "inbound" : "outbound", fettle_export_protocol (g->protocol), ports);
  if (*g->ours)
    fprintf (f, "esxcli network firewall ruleset set --ruleset-id fettle%zu --allowed-all false\n"
             "esxcli network firewall ruleset allowedip add --ruleset-id fettle%zu --ip-address "
             "%s\n", number, number, g->ours);
}

static bool
esxcli_skips (const struct fettle_export_group *g)
{
  return !g->esxi;
}

/* Who may come in through a ruleset that others use, too, is left as it is. */
static void
esxcli_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  fprintf (f, "# %s\n", g->purpose);
  for (size_t i = 0; g->ingress && i < COUNT (rulesets); i++)
    if (g->first == rulesets[i].port && g->last == g->first) {
      fprintf (f, "esxcli network firewall ruleset set --ruleset-id %s --enabled true\n",
               rulesets[i].ruleset);
      if (*g->ours)
        fprintf (f, "# only if its allowed-all is false: esxcli network firewall ruleset allowedip "
                 "add --ruleset-id %s --ip-address %s\n", rulesets[i].ruleset, g->ours);
      return;
    }
  esxcli_own (f, g, number);
}

const struct fettle_export_format fettle_export_esxcli = {
  FETTLE_FORMAT_ESXCLI, 1u << FETTLE_PLACE_NODE, esxcli_begin, esxcli_group, NULL, esxcli_skips,
};

/* ---- AWS: the argument of aws ec2 authorize-security-group-ingress
 * ---- --ip-permissions.  What goes out isn't in it. ---- */

struct aws {
  FILE *f;
  const struct fettle_export_group *g;
  size_t n;
};

static void
aws_network (void *arg, const struct fettle_address *a, unsigned bits)
{
  struct aws *w = arg;
  char text[FETTLE_ADDRESS_TEXT];

  fprintf (w->f, "%s\n      {\"%s\": \"%s/%u\", \"Description\": \"fettle: %s\"}",
           w->n++ ? "," : "", w->g->family == 4 ? "CidrIp" : "CidrIpv6",
           fettle_address_text (a, text), bits, w->g->purpose);
}

static void
aws_begin (FILE *f, enum fettle_place place)
{
  (void) place;
  fputc ('[', f);
}

/* On a node the sources are us; without our address there is no rule. */
static bool
aws_skips (const struct fettle_export_group *g)
{
  return !g->ingress || (g->place == FETTLE_PLACE_NODE && !*g->ours);
}

static void
aws_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  struct aws w = { f, g, 0 };
  struct fettle_address ours;
  struct fettle_error none;

  fprintf (f, "%s\n  {\"IpProtocol\": \"%s\", \"FromPort\": %u, \"ToPort\": %u, \"%s\": [",
           number > 1 ? "," : "", fettle_export_protocol (g->protocol), g->first, g->last,
           g->family == 4 ? "IpRanges" : "Ipv6Ranges");
  if (g->place == FETTLE_PLACE_NODE && fettle_address_parse (g->ours, &ours, &none) == FETTLE_OK)
    aws_network (&w, &ours, g->family == 4 ? 32 : 128);
  else
    fettle_export_networks (g, aws_network, &w);
  fputs ("]}", f);
}

static void
aws_end (FILE *f, enum fettle_place place)
{
  (void) place;
  fputs ("\n]\n", f);
}

const struct fettle_export_format fettle_export_aws_sg = {
  FETTLE_FORMAT_AWS_SG, ENDS, aws_begin, aws_group, aws_end, aws_skips,
};

/* ---- Cisco: extended access lists, in the form of an ASA; IOS' form of the
 * ---- same line is the comment before it. ---- */

static void
cisco_begin (FILE *f, enum fettle_place place)
{
  (void) place;
  fputs ("! ASA: the lines as they are.\n"
         "! IOS: what stands behind \"! IOS:\", in ip access-list extended FETTLE, or, of IPv6\n"
         "! addresses, in ipv6 access-list FETTLE6.\n", f);
}

/* "host A", "any", or a network: with a mask (ASA), a wildcard (IOS) or, IPv6, /BITS. */
static void
cisco_address (char ret[160], const struct fettle_address *a, unsigned bits, bool ios)
{
  char text[FETTLE_ADDRESS_TEXT], mask[INET_ADDRSTRLEN];
  uint32_t m = bits ? ~(uint32_t) 0 << (32 - (bits < 32 ? bits : 32)) : 0;
  struct in_addr in = { htonl (ios ? ~m : m) };

  fettle_address_text (a, text);
  if (bits == (a->family == 4 ? 32 : 128))
    snprintf (ret, 160, "host %s", text);
  else if (a->family == 4)
    snprintf (ret, 160, "%s %s", text, inet_ntop (AF_INET, &in, mask, sizeof mask));
  else
    snprintf (ret, 160, "%s/%u", text, bits);
}

static void
cisco_line (void *arg, const struct fettle_address *a, unsigned bits)
{
  const struct aws *w = arg;
  const struct fettle_export_group *g = w->g;
  char node[160], ours[160] = "any", ports[40];

  if (g->first == g->last)
    snprintf (ports, sizeof ports, "eq %u", g->first);
  else
    snprintf (ports, sizeof ports, "range %u %u", g->first, g->last);
  if (*g->ours)
    snprintf (ours, sizeof ours, "host %s", g->ours);
  for (int ios = 1; ios >= 0; ios--) {
    const char *any = g->family == 6 && !ios ? "any6" : "any";
    const char *us = *g->ours ? ours : any;

    cisco_address (node, a, bits, ios);
    fprintf (w->f, "%s permit %s %s %s %s\n", ios ? "! IOS:" : "access-list FETTLE extended",
             fettle_export_protocol (g->protocol), g->from_node ? node : us,
             g->from_node ? us : node, ports);
  }
}

static void
cisco_group (FILE *f, const struct fettle_export_group *g, size_t number)
{
  struct aws w = { f, g, 0 };

  (void) number;
  fprintf (f, "access-list FETTLE remark %s%s\n", g->purpose, g->optional ? " (optional)" : "");
  fettle_export_networks (g, cisco_line, &w);
}

const struct fettle_export_format fettle_export_cisco_acl = {
  FETTLE_FORMAT_CISCO_ACL, ENDS | 1u << FETTLE_PLACE_BETWEEN, cisco_begin, cisco_group, NULL, NULL,
};
