/* firewall-plan.h - the rules that nodes need, for commands that show or
 * export them (firewall.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FIREWALL_PLAN_H
#define FETTLE_FIREWALL_PLAN_H

#include "cli/cli.h"
#include "cli/nodes-file.h"
#include "cli/plugins.h"

struct fettle_firewall_plan {
  uint32_t phases;                   /* to be set before it is made */
  struct fettle_listen_ports listen;
  struct fettle_plugins plugins;
  struct fettle_plan_nodes nodes;
  struct fettle_flows flows;
  struct fettle_rules rules;
};

/* `from`: a file, "-" or "all"; NULL: all, or those that --selector means. */
fettle_result fettle_firewall_plan_make (struct fettle_cli *, const char *from,
                                         struct fettle_firewall_plan *, struct fettle_error *);
void fettle_firewall_plan_clear (struct fettle_firewall_plan *);

/* What the plan can't know. */
void fettle_firewall_plan_notices (struct fettle_cli *, const struct fettle_firewall_plan *);

#endif
