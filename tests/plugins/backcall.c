/* backcall.c - nodes that call back, for tests of the check: ports in both
 * directions, and the Linux plugin's way of making a node fetch a URL.  To
 * deploy is to run the setting "command" as a shell script.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../../plugins/linux/linux.h"

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH: commands"),
  FETTLE_TO (FETTLE_DEPLOYMENT, FETTLE_TCP, 443, "web"),
  FETTLE_TO_OPT (FETTLE_DEPLOYMENT, FETTLE_TCP, 80, "plain web"),
  FETTLE_FROM (FETTLE_BOTH, FETTLE_LISTEN_HTTP, "pull"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "status"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_FTP, "old pull"),
};

static const struct fettle_setting settings[] = {
  { "ssh_port", FETTLE_SETTING_PORT, 22, "22", "port of the node's SSH server" },
  { "web_port", FETTLE_SETTING_PORT, 443, "443", "port of the node's web server" },
  { "command", FETTLE_SETTING_TEXT, 0, "true", "what a deployment runs" },
};

static fettle_result
inventory (const struct fettle_host *host, fettle_ctx *ctx, const struct fettle_target *target)
{
  (void) host, (void) ctx, (void) target;
  return FETTLE_OK;
}

static fettle_result
deploy (const struct fettle_host *host, fettle_ctx *ctx, const struct fettle_target *target,
        const struct fettle_image *image)
{
  struct linux_call call;
  struct linux_answer answer = { .out.max = 4096 };
  fettle_result result = linux_call_init (&call, host, ctx, target);

  (void) image;
  if (result == FETTLE_OK)
    result = linux_run (&call, host->setting (ctx, "command"), 0, 0, &answer);
  if (result == FETTLE_OK && answer.status != 0)
    result = fettle_fail (host, ctx, FETTLE_E_PROTOCOL, "the command ended with %d",
                          (int) answer.status);
  linux_answer_clear (&answer);
  return result;
}

static const struct fettle_node_type types[] = {
  {
    .name = "backcall",
    .title = "Backcall",
    .position = 1000,
    .hosts = FETTLE_HOST_LINUX,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "ssh/1",
    .inventory = inventory,
    .deploy = deploy,
    .reach_back = linux_reach_back,
  },
  {
    .name = "mute",
    .title = "Mute",
    .position = 1001,
    .hosts = FETTLE_HOST_LINUX,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "ssh/1",
    .inventory = inventory,
    .deploy = deploy,
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "backcall",
  .version = "1",
  .description = "nodes that call back, for tests",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (backcall, plugin)
