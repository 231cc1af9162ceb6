/* linux.h - what the parts of the Linux plugin share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LINUX_H
#define FETTLE_LINUX_H

#include <fettle/plugin.h>
#include <fettle/services.h>
#include <fettle/util.h>

#include "text.h"

#define LINUX_SSH_PORT 22

fettle_result linux_probe (FETTLE_CALL, uint32_t *score);
fettle_result linux_inventory (FETTLE_CALL);
fettle_result linux_deploy (FETTLE_CALL, const struct fettle_image *);
fettle_result linux_cleanup (FETTLE_CALL);
fettle_result linux_activate (FETTLE_CALL);
fettle_result linux_firewall_open (FETTLE_CALL, uint32_t phases, const char **former);
fettle_result linux_firewall_restore (FETTLE_CALL, const char *former);
fettle_result linux_reach_back (FETTLE_CALL, const char *url);

/* What runs on the node: inventory.sh, deploy.sh, runner.sh, firewall.sh, reach.sh as text. */
extern const char linux_inventory_sh[], linux_deploy_sh[], linux_runner_sh[], linux_firewall_sh[],
  linux_reach_sh[];

/* One call. */
struct linux_call {
  const struct fettle_host *host;
  fettle_ctx *ctx;
  const struct fettle_target *target;
  const struct fettle_ssh *ssh;
};

/* FETTLE_E_SERVICE if there is no ssh/1. */
fettle_result linux_call_init (struct linux_call *, const struct fettle_host *, fettle_ctx *,
                               const struct fettle_target *);

/* What a script says. */
struct linux_answer {
  struct text out, err; /* limits are set by the caller or by linux_run */
  int32_t status;
};

void linux_answer_clear (struct linux_answer *);

/* A POSIX shell script on the node, sent to its shell's standard input. */
fettle_result linux_run (const struct linux_call *, const char *script, uint32_t flags,
                         uint32_t timeout_ms, struct linux_answer *);

/* A setting that is a number of seconds. */
uint32_t linux_seconds (const struct linux_call *, const char *name, uint32_t initial);

#endif
