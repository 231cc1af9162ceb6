/* modules.c - iLOs and Virtual Connect modules of an emulated enclosure
 * (tests/sim/oa), which speak HTTPS of the simplest kind: what this plugin is
 * for is the order in which an enclosure's parts are updated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#define CALL const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS"),
};

/* GET /version, or POST /flash with the image. */
static fettle_result
ask (const struct fettle_host *h, fettle_ctx *c, const struct fettle_image *image, struct fettle_http_answer *a)
{
  const struct fettle_http *http = h->service (c, "http", 1);
  struct fettle_http_request q;
  struct fettle_http_part part;

  memset (&q, 0, sizeof q);
  memset (&part, 0, sizeof part);
  memset (a, 0, sizeof *a);
  q.struct_size = sizeof q;
  q.port = 443;
  q.method = image ? "POST" : "GET";
  q.path = image ? "/flash" : "/version";
  q.n_parts = image ? 1 : 0;
  q.part_size = sizeof part;
  q.parts = &part;
  part.size = image ? image->files[0].size : 0;
  a->struct_size = sizeof *a;
  return http->request (c, &q, a);
}

static fettle_result
inventory (CALL)
{
  struct fettle_http_answer a;
  struct fettle_item item;
  char match[20];
  fettle_result r = ask (h, c, NULL, &a);

  if (r != FETTLE_OK)
    return r;
  snprintf (match, sizeof match, "test:%s", t->type);
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.flags = FETTLE_ITEM_UPDATEABLE;
  item.id = "firmware";
  item.kind = "firmware";
  item.name = t->type;
  item.version = a.body;
  item.scheme = "dotted";
  item.match = match;
  return h->add_item (c, &item);
}

static fettle_result
deploy (CALL, const struct fettle_image *image)
{
  struct fettle_http_answer a;
  fettle_result r = ask (h, c, h->token (c) ? NULL : image, &a);

  (void) t;
  if (r != FETTLE_OK)
    return r;
  if (a.status != 200)
    return fettle_fail (h, c, FETTLE_E_REJECTED, "refused with status %d", (int) a.status);
  return h->token (c) && strcmp (a.body, image->version) == 0 ? FETTLE_OK : h->again (c, 1, "wait");
}

#define TYPE(called, text, place, of)                                                           \
  { .name = called, .title = text, .position = place, .hosts = FETTLE_HOST_LINUX, .layer = of,  \
    .ports = ports, .n_ports = FETTLE_COUNT (ports), .services = "http/1",                      \
    .inventory = inventory, .deploy = deploy }

static const struct fettle_node_type types[] = {
  TYPE ("ilo", "iLO", 60, FETTLE_LAYER_SERVER),
  TYPE ("vc",  "VC",  70, FETTLE_LAYER_INTERCONNECT),
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "modules", .version = "1", .description = "parts of an emulated enclosure",
  .node_types = types, .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (modules, plugin)
