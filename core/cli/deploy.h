/* deploy.h - what the commands that plan and deploy have in common.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_DEPLOY_H
#define FETTLE_CLI_DEPLOY_H

#include "cli/job.h"

/* How a deployment goes about: the same for plan (its estimate), deploy and
 * restore. */
#define ROLLOUT_OPTIONS                                                                         \
  { "reboot",          0, "never|if-needed|always", "restart nodes; initially never" },         \
  { "reboot-delay",    0, "SECONDS",  "wait before a restart, 0 to 3600" },                     \
  { "reboot-message",  0, "TEXT",     "tell users of the node why it restarts" },               \
  { "batch",           0, "SIZES",    "nodes in batches, like 1,10%,50%; the last size repeats" }, \
  { "max-parallel",    0, "[WHAT=]N", "nodes at work at a time; may be repeated" },             \
  { "max-failures",    0, "N|P%",     "stop when more nodes have failed" },                     \
  { "pause-after-canary", 0, NULL,    "wait for \"fettle job resume\" after the first batch" }, \
  { "approve",         0, NULL,       "begin after \"fettle job approve\" only" },              \
  { "at",              0, "TIME",     "begin then, like \"2026-12-01 02:00 Europe/Berlin\"" },  \
  { "window",          0, "WINDOW",   "begin on nodes only then, like \"Mon-Fri 22:00-04:00\"" }, \
  { "ignore-windows",  0, NULL,       "whatever the windows of nodes and groups say" },         \
  { "look-first",      0, NULL,       "inventory a node anew before it is begun" },             \
  { "on-failed-dependency", 0, "omit-host|omit-component|force",                                \
    "what to do where a component lacks what it needs; initially omit-host" },                  \
  { "tpm-bypass",      0, NULL,       "update firmware also where a TPM or encryption guards it" }

/* And what of it begins a job. */
#define START_OPTIONS                                                                           \
  { "open-firewall", 0, NULL, "open firewalls, ours and the nodes', while a job needs it" },    \
  { "no-check", 0,  NULL,   "don't look first whether the ways to and from the nodes are open" }, \
  { "dry-run", 0,   NULL,   "print the plan and do nothing" },                                  \
  { "yes",     'y', NULL,   "don't ask" },                                                      \
  { "no-wait", 0,   NULL,   "print the job's number and leave it to the service" }

/* deploy-request.c: {nodes?, baselines?, options, ...} of the command line. */
fettle_result fettle_deploy_request (const struct fettle_args *, json_t **ret,
                                     struct fettle_error *);

/* deploy.c: plans, asks, deploys, follows; an exit code. */
int fettle_deploy_run (struct fettle_cli *, json_t *request);

#endif
