/* faulty.c - a plugin with one fault, which -DFAULT=NAME chooses, for
 * `fettle plugin check`.  Without it, there is none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include <fettle/services.h>
#include <fettle/util.h>

enum fault { none, crash, crash_late, leave, mute, port, service, setting, deaf, result, item, again, score, spin };

#ifndef FAULT
# define FAULT none
#endif
#ifndef PHASE
# define PHASE FETTLE_BOTH
#endif
#ifndef SERVICES
# define SERVICES "http/1"
#endif

static const enum fault fault = FAULT;

static const struct fettle_port ports[] = { FETTLE_TO (PHASE, FETTLE_TCP, 443, "HTTPS") };

static fettle_result
get (const struct fettle_host *h, fettle_ctx *c, struct fettle_http_answer *ret)
{
  const struct fettle_http *http = h->service (c, "http", 1);
  const struct fettle_http_request request = {
    .struct_size = sizeof request, .port = fault == port ? 8443 : 443, .method = "GET", .path = "/",
  };

  return http->request (c, &request, ret);
}

static fettle_result
misbehave (const struct fettle_host *h, fettle_ctx *c)
{
  volatile int *nowhere = NULL;

  switch (fault) {
  case crash:   *nowhere = 1; return FETTLE_OK;
  case leave:   exit (0);
  case mute:    return FETTLE_E_PROTOCOL;
  case service: return h->service (c, "ssh", 1) ? FETTLE_OK : h->error (c, FETTLE_E_SERVICE, "no ssh");
  case setting: return h->setting (c, "colour") ? FETTLE_OK : h->error (c, FETTLE_E_CONFIG, "no colour");
  case result:  return 77;
  case again:   return FETTLE_AGAIN;
  case deaf:    for (;;) h->sleep_ms (c, 1000);
  case spin:    for (;;) nowhere = NULL;
  default:      return FETTLE_OK;
  }
}

static fettle_result
inventory (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  struct fettle_item found = { .struct_size = sizeof found, .id = "bmc", .kind = "firmware", .name = "BMC", .version = "1" };
  struct fettle_http_answer answer = { .struct_size = sizeof answer };
  fettle_result r = misbehave (h, c);

  (void) t;
  if (r != FETTLE_OK || (r = get (h, c, &answer)) != FETTLE_OK)
    return r;
  answer.body = NULL;
  r = get (h, c, &answer);
  if (fault == crash_late)
    return *(const volatile char *) answer.body; /* it isn't there when the second request failed */
  if (fault == item)
    found.id = "";
  return r != FETTLE_OK ? r : h->add_item (c, &found);
}

static fettle_result
probe (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, uint32_t *ret)
{
  (void) h, (void) c, (void) t;
  *ret = fault == score ? 250 : 0;
  return FETTLE_OK;
}

static const struct fettle_node_type types[] = {
  { .name = "faulty", .title = "Faulty", .position = 1000, .hosts = FETTLE_HOST_LINUX, .ports = ports,
    .n_ports = FETTLE_COUNT (ports), .services = SERVICES, .probe = probe, .inventory = inventory },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "faulty", .version = "1", .description = "has one fault",
  .node_types = types, .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (faulty, plugin)
