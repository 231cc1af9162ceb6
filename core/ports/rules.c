/* rules.c - flows put together into rules.  See ports.h.
 *
 * Each flow is three rules, alike but for the place.  Equal flows are found by
 * a hash table of indexes, so that 100,000 nodes take a fraction of a second.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "ports/ports.h"

enum { PLACES = 3 };

struct group {
  const struct fettle_flow *flow; /* the first of them */
  uint64_t hash;
  uint32_t phases;
  bool optional;
};

struct groups {
  struct group *groups;
  size_t n;
  uint32_t *slots; /* index + 1 of a group; 0: free */
  size_t n_slots;  /* a power of two */
};

/* FNV-1a, with the NUL: "ab" "c" isn't "a" "bc". */
static uint64_t
hash_text (uint64_t hash, const char *text)
{
  do
    hash = (hash ^ (unsigned char) *text) * 0x100000001b3u;
  while (*text++);
  return hash;
}

static uint64_t
hash_node (const struct fettle_port_node *node)
{
  return hash_text (hash_text (0xcbf29ce484222325u, node->address), node->our_address);
}

static uint64_t
hash_flow (uint64_t hash, const struct fettle_flow *flow)
{
  hash = (hash ^ (flow->protocol << 1 | flow->from_node)) * 0x100000001b3u;
  hash = (hash ^ ((uint32_t) flow->first << 16 | flow->last)) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

static bool
is_equal (const struct fettle_flow *a, const struct fettle_flow *b)
{
  if (a->protocol != b->protocol || a->first != b->first || a->last != b->last
      || a->from_node != b->from_node)
    return false;
  return a->node == b->node
         || (strcmp (a->node->address, b->node->address) == 0
             && strcmp (a->node->our_address, b->node->our_address) == 0);
}

/* Nodes whose address isn't known yet are not the same node. */
static bool
may_join (const struct fettle_flow *a, const struct fettle_flow *b)
{
  return a->node == b->node || *a->node->address;
}

static void
put (struct groups *g, const struct fettle_flow *flow, uint64_t hash)
{
  bool optional = flow->row->flags & FETTLE_PORT_OPTIONAL;
  size_t i = hash & (g->n_slots - 1);

  for (; g->slots[i]; i = (i + 1) & (g->n_slots - 1)) {
    struct group *old = &g->groups[g->slots[i] - 1];

    if (old->hash == hash && is_equal (old->flow, flow) && may_join (old->flow, flow)) {
      old->phases |= flow->phase;
      old->optional = old->optional && optional;
      return;
    }
  }
  g->groups[g->n++] = (struct group) { flow, hash, flow->phase, optional };
  g->slots[i] = (uint32_t) g->n;
}

static bool
make_groups (const struct fettle_flows *flows, struct groups *g)
{
  const struct fettle_port_node *node = NULL;
  uint64_t hash = 0;

  for (g->n_slots = 64; g->n_slots < 2 * flows->n; g->n_slots *= 2)
    ;
  g->groups = reallocarray (NULL, flows->n + 1, sizeof *g->groups);
  g->slots = calloc (g->n_slots, sizeof *g->slots);
  if (!g->groups || !g->slots || flows->n >= UINT32_MAX)
    return false;
  for (size_t i = 0; i < flows->n; i++) {
    if (flows->flows[i].node != node) {
      node = flows->flows[i].node;
      hash = hash_node (node);
    }
    put (g, &flows->flows[i], hash_flow (hash, &flows->flows[i]));
  }
  return true;
}

static struct fettle_rule
rule_of (const struct group *g, enum fettle_place place)
{
  const struct fettle_flow *f = g->flow;

  return (struct fettle_rule) {
    .place = place,
    .ingress = place != FETTLE_PLACE_BETWEEN && f->from_node == (place == FETTLE_PLACE_HERE),
    .from_node = f->from_node, .protocol = f->protocol, .first = f->first, .last = f->last,
    .from = f->from_node ? f->node->address : f->node->our_address,
    .to = f->from_node ? f->node->our_address : f->node->address,
    .node = f->node->name, .type = f->node->type->name, .purpose = f->row->purpose,
    .optional = g->optional, .phases = g->phases,
  };
}

fettle_result
fettle_rules_derive (const struct fettle_flows *flows, struct fettle_rules *ret,
                     struct fettle_error *err)
{
  struct groups g = { 0 };
  struct fettle_rule *rules = NULL;

  if (make_groups (flows, &g))
    rules = reallocarray (NULL, PLACES * g.n + 1, sizeof *rules);
  for (unsigned place = 0; rules && place < PLACES; place++)
    for (size_t i = 0; i < g.n; i++)
      rules[place * g.n + i] = rule_of (&g.groups[i], (enum fettle_place) place);
  if (rules)
    *ret = (struct fettle_rules) { rules, PLACES * g.n, PLACES * g.n + 1 };
  free (g.groups);
  free (g.slots);
  return rules ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
}

void
fettle_rules_clear (struct fettle_rules *rules)
{
  free (rules->rules);
  memset (rules, 0, sizeof *rules);
}
