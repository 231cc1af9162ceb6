/* flows.c - from declared rows and nodes to flows, listeners, what is allowed.
 * See ports.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "ports/ports.h"
#include "util/text.h"

static const struct fettle_port browser_ports[] = {
  FETTLE_FROM (FETTLE_BOTH, FETTLE_LISTEN_HTTP,  "redirect to HTTPS"),
  FETTLE_FROM (FETTLE_BOTH, FETTLE_LISTEN_HTTPS, "web page, API"),
};

const struct fettle_node_type fettle_browser_type = {
  .name = "browser", .title = "Browser", .hosts = FETTLE_HOST_LINUX | FETTLE_HOST_WINDOWS,
  .ports = browser_ports, .n_ports = COUNT (browser_ports),
};

bool
fettle_port_is_needed (const struct fettle_port *row)
{
  return !(row->flags & (FETTLE_PORT_OPTIONAL | FETTLE_PORT_SPARE));
}

fettle_result
fettle_parse_port_range (const char *text, uint16_t *ret_first, uint16_t *ret_last,
                         struct fettle_error *err)
{
  char first[8] = "", last[8] = "";
  uint64_t a = 0, b = 0;

  if (*text && (sscanf (text, "%7[0-9]-%7[0-9]", first, last) < 1
                || !fettle_parse_uint (first, 1024, 65535, &a)
                || !fettle_parse_uint (*last ? last : first, a, 65535, &b)
                || strlen (text) != strlen (first) + (*last ? 1 + strlen (last) : 0)))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "\"%.40s\" isn't a range of ports above 1023, like 63010-63041", text);
  *ret_first = (uint16_t) a;
  *ret_last = (uint16_t) b;
  return FETTLE_OK;
}

static const uint32_t phases_in_order[] = { FETTLE_INVENTORY, FETTLE_DEPLOYMENT };

static uint16_t
listener_number (const struct fettle_listen_ports *ours, uint32_t listener)
{
  switch (listener) {
  case FETTLE_LISTEN_HTTP:  return ours->http;
  case FETTLE_LISTEN_HTTPS: return ours->https;
  case FETTLE_LISTEN_FTP:   return ours->ftp;
  default:                  return 0;
  }
}

/* Where a row to the target really goes: a setting of the node may move it. */
static void
target_range (const struct fettle_port_node *node, const struct fettle_port *row,
              uint16_t *ret_first, uint16_t *ret_last)
{
  uint16_t moved = 0;

  if (node->moved && row->protocol == FETTLE_TCP && row->first == row->last)
    moved = node->moved (node, row->first);
  *ret_first = moved ? moved : row->first;
  *ret_last = moved ? moved : row->last;
}

struct span {
  uint16_t first, last;
};

/* The ports of a row: the listener's and those behind it, or the target's.
 * Returns how many spans, at most 2. */
static size_t
spans_of (const struct fettle_port_node *node, const struct fettle_port *row,
          const struct fettle_listen_ports *ours, struct span ret[2])
{
  bool ftp = row->listener == FETTLE_LISTEN_FTP;

  if (row->direction != FETTLE_FROM_TARGET)
    target_range (node, row, &ret[0].first, &ret[0].last);
  else {
    ret[0].first = ret[0].last = listener_number (ours, row->listener);
    ret[1].first = ftp ? ours->ftp_data_first : ours->data_first;
    ret[1].last = ftp ? ours->ftp_data_last : ours->data_last;
    if (ret[0].first && ret[1].first && node->type != &fettle_browser_type)
      return 2;
  }
  return ret[0].first != 0;
}

static bool
make_room (struct fettle_flows *flows)
{
  size_t room = flows->room ? 2 * flows->room : 64;
  struct fettle_flow *more;

  if (flows->n < flows->room)
    return true;
  more = reallocarray (flows->flows, room, sizeof *more);
  if (!more)
    return false;
  flows->flows = more;
  flows->room = room;
  return true;
}

static bool
add_row (struct fettle_flows *flows, const struct fettle_port_node *node,
         const struct fettle_port *row, uint32_t phases, const struct fettle_listen_ports *ours)
{
  struct span spans[2];
  size_t n = row->phases & phases ? spans_of (node, row, ours, spans) : 0;

  for (size_t s = 0; s < n; s++)
    for (size_t i = 0; i < COUNT (phases_in_order); i++) {
      if (!(phases_in_order[i] & row->phases & phases))
        continue;
      if (!make_room (flows))
        return false;
      flows->flows[flows->n++] = (struct fettle_flow) {
        .node = node, .row = row, .phase = phases_in_order[i], .protocol = row->protocol,
        .from_node = row->direction == FETTLE_FROM_TARGET,
        .first = spans[s].first, .last = spans[s].last,
      };
    }
  return true;
}

fettle_result
fettle_flows_derive (const struct fettle_port_node *nodes, size_t n_nodes, uint32_t phases,
                     const struct fettle_listen_ports *ours, struct fettle_flows *ret,
                     struct fettle_error *err)
{
  struct fettle_flows flows = { 0 };

  for (size_t i = 0; i < n_nodes; i++)
    for (uint32_t j = 0; j < nodes[i].type->n_ports; j++)
      if (!add_row (&flows, &nodes[i], &nodes[i].type->ports[j], phases, ours)) {
        fettle_flows_clear (&flows);
        return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the flows of %zu nodes",
                                 n_nodes);
      }
  *ret = flows;
  return FETTLE_OK;
}

void
fettle_flows_clear (struct fettle_flows *flows)
{
  free (flows->flows);
  memset (flows, 0, sizeof *flows);
}

uint32_t
fettle_flows_listeners (const struct fettle_flows *flows)
{
  uint32_t listeners = 0;

  for (size_t i = 0; i < flows->n; i++)
    if (flows->flows[i].from_node)
      listeners |= 1u << flows->flows[i].row->listener;
  return listeners;
}

size_t
fettle_ports_allowed (const struct fettle_port_node *node, uint32_t phase,
                      struct fettle_port_range *ret, size_t max)
{
  size_t n = 0;

  for (uint32_t i = 0; i < node->type->n_ports && n < max; i++) {
    const struct fettle_port *row = &node->type->ports[i];

    if (row->direction != FETTLE_TO_TARGET || !(row->phases & phase))
      continue;
    ret[n] = (struct fettle_port_range) {
      .protocol = row->protocol, .declared_first = row->first, .declared_last = row->last,
    };
    target_range (node, row, &ret[n].first, &ret[n].last);
    n++;
  }
  return n;
}
