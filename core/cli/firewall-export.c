/* firewall-export.c - fettle firewall export: the rules that nodes need, in the
 * words of other firewalls.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/firewall-plan.h"
#include "firewall/export.h"

static enum fettle_place
place_of (const char *word)
{
  if (!word || strcmp (word, "host") == 0)
    return FETTLE_PLACE_HERE;
  return strcmp (word, "nodes") == 0 ? FETTLE_PLACE_NODE : FETTLE_PLACE_BETWEEN;
}

static int
run_export (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_ (fettle_firewall_plan_clear) struct fettle_firewall_plan plan = { 0 };
  const char *from = fettle_args_value (args, "nodes");
  struct fettle_error err;
  size_t left_out;

  if (!fettle_args_value (args, "format"))
    return fettle_cli_usage ("firewall export needs --format: nft, iptables, firewalld, ufw, netsh, "
                             "powershell, esxcli, csv, json, aws-sg or cisco-acl");
  if (fettle_cli_phase (fettle_args_value (args, "phase"), &plan.phases, &err)
      || fettle_firewall_plan_make (cli, from, &plan, &err))
    return fettle_cli_fail (&err);
  fettle_firewall_plan_notices (cli, &plan);
  if (fettle_export (&plan.rules, place_of (fettle_args_value (args, "for")), cli->format, cli->out,
                     &left_out, &err))
    return fettle_cli_fail (&err);
  if (left_out)
    fettle_cli_notice (cli, "left out: %zu rule%s whose addresses aren't known yet", left_out,
                       left_out > 1 ? "s" : "");
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option options[] = {
  { "for",   0, "host|nodes|between", "where the rules are for: this host, initially; the nodes; "
                                      "firewalls in between" },
  { "nodes", 0, "FILE|all",           "as for firewall plan; initially all" },
  FETTLE_SELECTOR_OPTION,
  { "phase", 0, "PHASE",              "for this phase only: inventory or deployment" },
  { NULL, 0, NULL, NULL },
};

#define F(format) FETTLE_FORMATS (FETTLE_FORMAT_##format)

const struct fettle_command fettle_command_firewall_export = {
  "firewall", "export", NULL, 0, 0, "write these rules in the words of another firewall",
  F (NFT) | F (IPTABLES) | F (FIREWALLD) | F (UFW) | F (NETSH) | F (POWERSHELL) | F (ESXCLI)
    | F (CSV) | F (JSON) | F (AWS_SG) | F (CISCO_ACL),
  FETTLE_FORMAT_CSV, options, run_export,
};
