/* look.c - see look.h.  SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#include "gate/base.h"

#include <netinet/in.h>

#include "gate/look.h"

enum {
  DEPTH_MAX = 16,   /* jumps; the kernel's limit, too */
  STEPS_MAX = 2000, /* chains gone through for one packet */
  OUR_PRIORITY = -150,
  CT_NEW = 8, NF_IPV4 = 2, NF_IPV6 = 10,
};

enum truth { NO, YES, MAYBE };
enum verdict { CONTINUE, ACCEPT, DROP, RETURN };

struct packet {
  int family; /* 4 or 6 */
  json_int_t protocol, port, mark;
};

/* All that is looked at: what chains there are, and what is in them. */
struct sight {
  const json_t *chains;
  fettle_look_fetch *fetch;
  void *arg;
  json_t *fetched; /* "family table chain": rules */
};

/* A table in which the packet is. */
struct scene {
  struct sight *sight;
  const char *family, *table;
  struct packet packet;
  unsigned steps;
};

static const char *
text_of (const json_t *object, const char *key)
{
  const char *s = json_string_value (json_object_get (object, key));

  return s ? s : "";
}

static enum truth
negate_if (bool no, enum truth t)
{
  return !no || t == MAYBE ? t : t == YES ? NO : YES;
}

/* ---- Right-hand sides. ---- */

/* Names that may stand for numbers, as far as we need them. */
static bool
number_of (const json_t *v, json_int_t *ret)
{
  static const struct { const char *name; json_int_t value; } names[] = {
    { "tcp", IPPROTO_TCP },   { "udp", IPPROTO_UDP },       { "icmp", IPPROTO_ICMP },
    { "icmpv6", IPPROTO_ICMPV6 }, { "ipv6-icmp", IPPROTO_ICMPV6 }, { "ipv4", NF_IPV4 },
    { "ipv6", NF_IPV6 },      { "new", CT_NEW },            { "established", 2 },
    { "related", 4 },         { "invalid", 1 },             { "untracked", 64 },
  };

  if (json_is_integer (v)) {
    *ret = json_integer_value (v);
    return true;
  }
  for (size_t i = 0; json_is_string (v) && i < COUNT (names); i++)
    if (strcmp (json_string_value (v), names[i].name) == 0) {
      *ret = names[i].value;
      return true;
    }
  return false;
}

/* Is the value the right-hand side, or in it? */
static enum truth
is_in (json_int_t value, const json_t *right)
{
  const json_t *list = json_is_array (right) ? right : json_object_get (right, "set");
  const json_t *range = json_object_get (right, "range"), *item;
  enum truth t = NO;
  json_int_t first, last;
  size_t i;

  if (number_of (right, &first))
    return value == first ? YES : NO;
  if (json_array_size (range) == 2 && number_of (json_array_get (range, 0), &first)
      && number_of (json_array_get (range, 1), &last))
    return first <= value && value <= last ? YES : NO;
  if (!json_is_array (list))
    return MAYBE;
  json_array_foreach (list, i, item)
  {
    enum truth one = is_in (value, item);

    if (one != NO)
      t = t == YES ? YES : one;
  }
  return t;
}

static enum truth
compare (json_int_t value, const char *op, const json_t *right)
{
  json_int_t n;

  if (strcmp (op, "==") == 0 || strcmp (op, "in") == 0)
    return is_in (value, right);
  if (strcmp (op, "!=") == 0)
    return negate_if (true, is_in (value, right));
  if (!number_of (right, &n))
    return MAYBE;
  if (strcmp (op, "<") == 0)
    return value < n ? YES : NO;
  if (strcmp (op, ">") == 0)
    return value > n ? YES : NO;
  if (strcmp (op, "<=") == 0)
    return value <= n ? YES : NO;
  if (strcmp (op, ">=") == 0)
    return value >= n ? YES : NO;
  return MAYBE;
}

/* ---- Left-hand sides. ---- */

/* meta mark & MASK: known where MASK asks for our bit alone. */
static enum truth
match_masked (const struct packet *p, const json_t *both, const char *op, const json_t *right)
{
  const json_t *meta = json_object_get (json_array_get (both, 0), "meta");
  json_int_t mask;

  if (strcmp (text_of (meta, "key"), "mark") != 0 || !number_of (json_array_get (both, 1), &mask)
      || mask != p->mark)
    return MAYBE;
  return compare (p->mark, op, right);
}

static enum truth
match_meta (const struct packet *p, const char *key, const char *op, const json_t *right)
{
  const char *name = json_string_value (right);

  if (strcmp (key, "l4proto") == 0)
    return compare (p->protocol, op, right);
  if (strcmp (key, "nfproto") == 0)
    return compare (p->family == 4 ? NF_IPV4 : NF_IPV6, op, right);
  if ((strcmp (key, "iif") == 0 || strcmp (key, "iifname") == 0) && name
      && strcmp (name, "lo") == 0)
    return negate_if (strcmp (op, "!=") == 0, NO);
  return MAYBE;
}

static enum truth
match_payload (const struct packet *p, const json_t *payload, const char *op, const json_t *right)
{
  const char *protocol = text_of (payload, "protocol"), *field = text_of (payload, "field");
  bool tcp = strcmp (protocol, "tcp") == 0, udp = strcmp (protocol, "udp") == 0;

  if (strcmp (protocol, "ip") == 0 || strcmp (protocol, "ip6") == 0) {
    if ((strcmp (protocol, "ip") == 0) != (p->family == 4))
      return NO; /* not even "!=" is true of another protocol's field */
    return strcmp (field, "protocol") == 0 || strcmp (field, "nexthdr") == 0
             ? compare (p->protocol, op, right) : MAYBE;
  }
  if (!tcp && !udp && strcmp (protocol, "th") != 0)
    return *protocol && strcmp (protocol, "ether") != 0 && strcmp (protocol, "vlan") != 0 ? NO
                                                                                         : MAYBE;
  if ((tcp && p->protocol != IPPROTO_TCP) || (udp && p->protocol != IPPROTO_UDP))
    return NO;
  return strcmp (field, "dport") == 0 ? compare (p->port, op, right) : MAYBE;
}

static enum truth
match (const struct packet *p, const json_t *m)
{
  const json_t *left = json_object_get (m, "left"), *right = json_object_get (m, "right"), *l;
  const char *op = text_of (m, "op");

  if ((l = json_object_get (left, "meta")))
    return match_meta (p, text_of (l, "key"), op, right);
  if ((l = json_object_get (left, "payload")))
    return match_payload (p, l, op, right);
  if ((l = json_object_get (left, "&")))
    return match_masked (p, l, op, right);
  if ((l = json_object_get (left, "ct")) && strcmp (text_of (l, "key"), "state") == 0)
    return compare (CT_NEW, op, right);
  return MAYBE;
}

/* ---- Rules and chains. ---- */

static enum verdict go_through (struct scene *, const char *chain, unsigned depth);

/* One statement: true if it says where the packet goes. */
static bool
statement (struct scene *s, const json_t *e, unsigned depth, enum truth *certain,
           enum verdict *ret)
{
  const char *key = json_object_iter_key (json_object_iter ((json_t *) (uintptr_t) e));
  const json_t *value = json_object_get (e, key ? key : "");
  static const char *const harmless[] = { "counter", "log", "mangle", "notrack", "set", "meter" };

  if (!key)
    return false;
  if (strcmp (key, "match") == 0) {
    enum truth t = match (&s->packet, value);

    *certain = t == NO || *certain == NO ? NO : t == MAYBE ? MAYBE : *certain;
    return false;
  }
  if (strcmp (key, "accept") == 0)
    *ret = ACCEPT;
  else if (strcmp (key, "drop") == 0 || strcmp (key, "reject") == 0
           || (strcmp (key, "xt") == 0 && strcmp (text_of (value, "type"), "target") == 0
               && strcmp (text_of (value, "name"), "REJECT") == 0))
    *ret = DROP;
  else if (strcmp (key, "return") == 0)
    *ret = RETURN;
  else if (strcmp (key, "jump") == 0)
    *ret = go_through (s, text_of (value, "target"), depth + 1);
  else if (strcmp (key, "goto") == 0) {
    *ret = go_through (s, text_of (value, "target"), depth + 1);
    *ret = *ret == CONTINUE ? RETURN : *ret;
  } else {
    for (size_t i = 0; i < COUNT (harmless); i++)
      if (strcmp (key, harmless[i]) == 0)
        return false;
    *certain = *certain == NO ? NO : MAYBE; /* limits, maps, extensions of iptables */
    return false;
  }
  return true;
}

static enum verdict
rule_verdict (struct scene *s, const json_t *rule, unsigned depth)
{
  const json_t *e;
  enum truth certain = YES;
  enum verdict v = CONTINUE;
  size_t i;

  json_array_foreach (json_object_get (rule, "expr"), i, e)
  {
    if (statement (s, e, depth, &certain, &v))
      return certain == YES ? v : CONTINUE;
    if (certain == NO)
      break;
  }
  return CONTINUE;
}

static const json_t *
rules_of (struct scene *s, const char *chain)
{
  struct sight *sight = s->sight;
  char key[3 * FETTLE_GATE_NAME];
  json_t *rules;

  snprintf (key, sizeof key, "%s %s %s", s->family, s->table, chain);
  rules = json_object_get (sight->fetched, key);
  if (!rules) {
    rules = sight->fetch (sight->arg, s->family, s->table, chain);
    json_object_set_new (sight->fetched, key, rules ? rules : json_array ());
  }
  return rules;
}

/* CONTINUE at its end: what comes next is up to who went there. */
static enum verdict
go_through (struct scene *s, const char *chain, unsigned depth)
{
  const json_t *rules, *item;
  size_t i;

  if (depth > DEPTH_MAX || ++s->steps > STEPS_MAX)
    return CONTINUE;
  rules = rules_of (s, chain);
  json_array_foreach (rules, i, item)
  {
    const json_t *rule = json_object_get (item, "rule");
    enum verdict v = rule ? rule_verdict (s, rule, depth) : CONTINUE;

    if (v == RETURN)
      return CONTINUE;
    if (v != CONTINUE)
      return v;
  }
  return CONTINUE;
}

/* ---- Findings. ---- */

static bool
is_of (const json_t *object, const char *family, const char *table)
{
  return strcmp (text_of (object, "family"), family) == 0
         && strcmp (text_of (object, "table"), table) == 0;
}

bool
fettle_look_is_foreign_input (const json_t *chain)
{
  return chain && strcmp (text_of (chain, "hook"), "input") == 0
         && (strcmp (text_of (chain, "family"), "inet") == 0
             || strcmp (text_of (chain, "family"), "ip") == 0
             || strcmp (text_of (chain, "family"), "ip6") == 0)
         && !is_of (chain, "inet", "fettle");
}

static bool
drops (struct sight *sight, const json_t *chain, const struct packet *p)
{
  struct scene s = { sight, text_of (chain, "family"), text_of (chain, "table"), *p, 0 };
  enum verdict v = go_through (&s, text_of (chain, "name"), 0);

  return v == DROP || (v == CONTINUE && strcmp (text_of (chain, "policy"), "drop") == 0);
}

static bool
has_chain (const json_t *chains, const char *family, const char *table, const char *name)
{
  const json_t *item;
  size_t i;

  json_array_foreach (chains, i, item)
  {
    const json_t *chain = json_object_get (item, "chain");

    if (chain && is_of (chain, family, table) && strcmp (text_of (chain, "name"), name) == 0)
      return true;
  }
  return false;
}

static enum fettle_gate_manager
manager_of (const json_t *chains, const json_t *chain)
{
  const char *family = text_of (chain, "family"), *table = text_of (chain, "table");
  bool v6 = strcmp (family, "ip6") == 0;

  if (strcmp (table, "firewalld") == 0)
    return FETTLE_GATE_FIREWALLD;
  if (strcmp (family, "inet") == 0 || strcmp (text_of (chain, "name"), "INPUT") != 0)
    return FETTLE_GATE_PLAIN;
  return has_chain (chains, family, table, v6 ? "ufw6-before-input" : "ufw-before-input")
           ? FETTLE_GATE_UFW : FETTLE_GATE_IPTABLES;
}

/* The first of our ports that it drops over IPv4 or IPv6. */
static bool
example (struct sight *sight, const json_t *chain, const struct fettle_spans *ports,
         uint32_t mark, struct packet *ret)
{
  const char *family = text_of (chain, "family");

  for (size_t i = 0; i < ports->n; i++)
    for (int v = 4; v <= 6; v += 2) {
      *ret = (struct packet) { v, ports->spans[i].protocol, ports->spans[i].first, mark };
      if (strcmp (family, v == 4 ? "ip6" : "ip") != 0 && drops (sight, chain, ret))
        return true;
    }
  return false;
}

static void
fill (struct fettle_gate_finding *f, const json_t *chains, const json_t *chain,
      const struct packet *p)
{
  json_int_t priority = json_integer_value (json_object_get (chain, "prio"));

  memset (f, 0, sizeof *f);
  f->manager = (uint8_t) manager_of (chains, chain);
  f->flags = strcmp (text_of (chain, "policy"), "drop") == 0 ? FETTLE_GATE_BY_POLICY : 0;
  if (priority < OUR_PRIORITY)
    f->flags |= FETTLE_GATE_EARLY;
  f->protocol = (uint8_t) p->protocol;
  f->port = (uint16_t) p->port;
  f->priority = (int32_t) priority;
  snprintf (f->family, sizeof f->family, "%s", text_of (chain, "family"));
  snprintf (f->table, sizeof f->table, "%s", text_of (chain, "table"));
  snprintf (f->chain, sizeof f->chain, "%s", text_of (chain, "name"));
}

uint32_t
fettle_look (const json_t *chains, fettle_look_fetch *fetch, void *arg,
             const struct fettle_spans *ports, uint32_t mark,
             struct fettle_gate_finding ret[FETTLE_GATE_FINDINGS])
{
  struct sight sight = { chains, fetch, arg, json_object () };
  const json_t *item;
  struct packet p;
  uint32_t n = 0;
  size_t i;

  json_array_foreach (chains, i, item)
  {
    const json_t *chain = json_object_get (item, "chain");

    if (n < FETTLE_GATE_FINDINGS && fettle_look_is_foreign_input (chain)
        && example (&sight, chain, ports, mark, &p))
      fill (&ret[n++], chains, chain, &p);
  }
  json_decref (sight.fetched);
  return n;
}

bool
fettle_look_is_mark_rule (const json_t *rule, uint32_t mark)
{
  const json_t *expr = json_object_get (rule, "expr");
  const json_t *m = json_object_get (json_array_get (expr, 0), "match");
  const struct packet p = { 4, IPPROTO_TCP, 1, mark };

  return strcmp (text_of (rule, "comment"), FETTLE_LOOK_COMMENT) == 0
         && json_array_size (expr) == 2 && json_object_get (json_array_get (expr, 1), "accept")
         && json_object_get (json_object_get (m, "left"), "&")
         && strcmp (text_of (m, "op"), "==") == 0 && match (&p, m) == YES;
}
