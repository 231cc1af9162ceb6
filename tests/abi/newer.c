/* newer.c - a plugin that was built against a newer header: structs with more
 * members at their ends, flags that may be ignored, a service that is wanted
 * but that nobody has yet.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/plugin.h>

struct newer_port {
  struct fettle_port now;
  uint64_t rate;
  const char *note;
};

struct newer_setting {
  struct fettle_setting now;
  uint64_t max;
};

struct newer_type {
  struct fettle_node_type now;
  void (*dance) (void);
  uint64_t beat;
};

struct newer_plugin {
  struct fettle_plugin now;
  const char *home_page, *licence;
};

static void
dance (void)
{
}

static fettle_result
inventory (const struct fettle_host *host, fettle_ctx *context, const struct fettle_target *target)
{
  (void) host;
  (void) context;
  (void) target;
  return FETTLE_OK;
}

static const struct newer_port ports[] = {
  { FETTLE_TO   (FETTLE_BOTH, FETTLE_TCP, 22, "SSH"),                    1, "one" },
  { FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "pull"),        2, "two" },
};

static const struct newer_setting settings[] = {
  { { "first_port", FETTLE_SETTING_PORT, 22, "22", "port of SSH" }, 65535 },
  { { "second",     FETTLE_SETTING_BOOL, 0,  "no", "another" },     1 },
};

static const struct newer_type types[] = {
  {
    .now = { .name = "newer", .title = "Newer", .position = 1000, .hosts = 3, .flags = 0x8001,
             .n_ports = 2, .ports = &ports[0].now, .n_settings = 2, .settings = &settings[0].now,
             .wants = "teleport/3", .inventory = inventory },
    .dance = dance,
  },
  {
    .now = { .name = "newer-2", .title = "Newer 2", .position = 1001, .hosts = 1,
             .n_ports = 1, .ports = &ports[1].now, .inventory = inventory },
    .beat = 4,
  },
};

static const struct newer_plugin plugin = {
  .now = { sizeof (struct newer_plugin), FETTLE_ABI, sizeof (struct newer_type),
           sizeof (struct newer_port), sizeof (struct newer_setting), .flags = 0x4000,
           .name = "newer", .version = "9", .description = "Of a newer header",
           .node_types = &types[0].now, .n_node_types = 2 },
  .home_page = "http://example.com/",
};

FETTLE_REGISTER (newer, plugin.now)
