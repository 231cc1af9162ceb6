/* table.c - see table.h.  SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#include "gate/base.h"

#include <inttypes.h>

#include "gate/elements.h"
#include "gate/table.h"

/* %1$s: flags of the table, %2$u the mark, %3$u holes, %4$u ports.  A loopback
 * packet is never ours to judge.  Of TCP, what begins a connection is noted.
 *
 * Sets of holes are hashes: with `interval`, a change would take time by the
 * number of elements. */
static const char table_text[] =
  "add table inet fettle\n"
  "delete table inet fettle\n"
  "table inet fettle {\n"
  " %1$s\n"
  " set ports { type inet_proto . inet_service; size %4$u; }\n"
  " set open4 { type ipv4_addr . inet_proto . inet_service; size %3$u; flags timeout; counter; }\n"
  " set open6 { type ipv6_addr . inet_proto . inet_service; size %3$u; flags timeout; counter; }\n"
  " set openll { type ifname . ipv6_addr . inet_proto . inet_service; size %3$u; flags timeout; counter; }\n"
  " set refused4 { type ipv4_addr . inet_proto . inet_service; size 4096; flags dynamic,timeout; timeout 10m; }\n"
  " set refused6 { type ipv6_addr . inet_proto . inet_service; size 4096; flags dynamic,timeout; timeout 10m; }\n"
  " set arrived4 { type ipv4_addr . inet_proto . inet_service; size 65536; flags dynamic,timeout; timeout 10m; }\n"
  " set arrived6 { type ipv6_addr . inet_proto . inet_service; size 65536; flags dynamic,timeout; timeout 10m; }\n"
  " set passed4 { type ipv4_addr . inet_proto . inet_service; size 65536; flags dynamic,timeout; timeout 10m; }\n"
  " set passed6 { type ipv6_addr . inet_proto . inet_service; size 65536; flags dynamic,timeout; timeout 10m; }\n"
  " set probe { type inet_service; flags timeout; }\n"
  " counter arrived { }\n"
  " counter refused { }\n"
  " counter members { }\n"
  " counter passed { }\n"
  " chain member { counter name members meta mark set meta mark or %2$u accept; }\n"
  " chain gate {\n"
  "  ip saddr . meta l4proto . th dport @open4 goto member\n"
  "  ip6 saddr . meta l4proto . th dport @open6 goto member\n"
  "  ip6 saddr fe80::/10 iifname . ip6 saddr . meta l4proto . th dport @openll goto member\n"
  "  counter name refused\n"
  "  meta nfproto ipv4 update @refused4 { ip saddr . meta l4proto . th dport counter }\n"
  "  meta nfproto ipv6 update @refused6 { ip6 saddr . meta l4proto . th dport counter }\n"
  "  drop\n"
  " }\n"
  " chain input {\n"
  "  type filter hook input priority -150; policy accept;\n"
  "  iifname \"lo\" accept\n"
  "  meta l4proto . th dport @ports goto gate\n"
  " }\n"
  " chain arrival {\n"
  "  type filter hook prerouting priority -290; policy accept;\n"
  "  iifname \"lo\" accept\n"
  "  tcp flags & (syn | ack) != syn accept\n"
  "  meta l4proto . th dport != @ports accept\n"
  "  fib daddr type != local accept\n"
  "  counter name arrived\n"
  "  meta nfproto ipv4 update @arrived4 { ip saddr . meta l4proto . th dport counter }\n"
  "  meta nfproto ipv6 update @arrived6 { ip6 saddr . meta l4proto . th dport counter }\n"
  " }\n"
  " chain passage {\n"
  "  type filter hook input priority 300; policy accept;\n"
  "  meta mark & %2$u != %2$u accept\n"
  "  tcp flags & (syn | ack) != syn accept\n"
  "  meta l4proto . th dport != @ports accept\n"
  "  counter name passed\n"
  "  meta nfproto ipv4 update @passed4 { ip saddr . meta l4proto . th dport counter }\n"
  "  meta nfproto ipv6 update @passed6 { ip6 saddr . meta l4proto . th dport counter }\n"
  " }\n"
  "}\n";

/* ---- Text that grows. ---- */

struct text {
  FILE *f;
  char *data;
  size_t size;
};

static bool
text_begin (struct text *t)
{
  t->data = NULL;
  t->f = open_memstream (&t->data, &t->size);
  return t->f != NULL;
}

/* Runs or tries what was written, and frees it. */
static enum fettle_gate_result
text_run (struct text *t, struct fettle_nft *nft,
          enum fettle_gate_result (*f) (struct fettle_nft *, const char *, struct fettle_why *),
          struct fettle_why *why)
{
  enum fettle_gate_result r;

  if (fclose (t->f))
    r = fettle_why_set (why, FETTLE_GATE_E_NOMEM, "no memory");
  else
    r = t->size ? f (nft, t->data, why) : FETTLE_GATE_OK;
  free (t->data);
  return r;
}

static enum fettle_gate_result
no_memory (struct fettle_why *why)
{
  return fettle_why_set (why, FETTLE_GATE_E_NOMEM, "no memory");
}

/* ---- The table. ---- */

static bool
write_table (struct text *t, uint32_t mark, bool owned)
{
  if (!text_begin (t))
    return false;
  fprintf (t->f, table_text, owned ? "flags owner" : "", mark, FETTLE_GATE_HOLES_MAX,
           FETTLE_GATE_SPAN_MAX);
  return true;
}

/* Is the table another's?  Not permitted is also what we hear without rights,
 * but then nothing can be read either. */
static enum fettle_gate_result
check_owner (struct fettle_nft *nft, struct fettle_why *why)
{
  struct fettle_why none;
  const char *answer;

  if (fettle_nft_ask (nft, "list table inet fettle", &answer, &none)
      || !strstr (answer, "flags owner"))
    return FETTLE_GATE_OK;
  return fettle_why_set (why, FETTLE_GATE_E_KERNEL,
                         "table inet fettle belongs to another fettle-gate: one service of this "
                         "host can open its firewall");
}

enum fettle_gate_result
fettle_table_try (struct fettle_nft *nft, uint32_t mark, struct fettle_why *why)
{
  struct text t;

  if (check_owner (nft, why))
    return why->result;
  if (!write_table (&t, mark, true))
    return no_memory (why);
  return text_run (&t, nft, fettle_nft_try, why);
}

/* Linux before 6.12 takes a later end of an element that is there, says
 * nothing, and keeps the old one. */
static bool
prolongs (struct fettle_nft *nft)
{
  struct fettle_why why;
  const char *answer;

  if (fettle_nft_run (nft, "add element inet fettle probe { 1 timeout 1h expires 10s }", &why)
      || fettle_nft_run (nft, "add element inet fettle probe { 1 timeout 1h expires 1h }", &why)
      || fettle_nft_ask (nft, "get element inet fettle probe { 1 }", &answer, &why))
    return false;
  return strstr (answer, "expires 59m") || strstr (answer, "expires 1h");
}

static enum fettle_gate_result
make (struct fettle_table *table, bool owned, struct fettle_why *why)
{
  struct text t;

  if (!write_table (&t, table->mark, owned))
    return no_memory (why);
  if (text_run (&t, table->nft, fettle_nft_run, why))
    return why->result;
  table->flags = owned ? FETTLE_GATE_OWNED : 0;
  return FETTLE_GATE_OK;
}

enum fettle_gate_result
fettle_table_make (struct fettle_table *table, bool old, struct fettle_why *why)
{
  struct fettle_why second;

  if (check_owner (table->nft, why))
    return why->result;
  if (!old && make (table, true, why) && make (table, false, &second))
    return why->result; /* it isn't ownership that fails */
  if (old && make (table, false, why))
    return why->result;
  if (!old && prolongs (table->nft))
    table->flags |= FETTLE_GATE_PROLONGS;
  fettle_nft_run (table->nft, "delete set inet fettle probe", &second);
  return FETTLE_GATE_OK;
}

void
fettle_table_remove (struct fettle_table *table)
{
  struct fettle_why why;

  if (!(table->flags & FETTLE_GATE_OWNED))
    fettle_nft_run (table->nft, "delete table inet fettle", &why);
}

bool
fettle_table_is_there (struct fettle_table *table)
{
  struct fettle_why why;
  const char *answer;

  return (table->flags & FETTLE_GATE_OWNED)
         || !fettle_nft_ask (table->nft, "list chain inet fettle member", &answer, &why);
}

enum fettle_gate_result
fettle_table_ports (struct fettle_table *table, const struct fettle_gate_span *spans, size_t n,
                    struct fettle_why *why)
{
  struct text t;
  bool any = false;

  if (!text_begin (&t))
    return no_memory (why);
  fputs ("flush set inet fettle ports\n", t.f);
  for (size_t i = 0; i < n; i++)
    for (uint32_t port = spans[i].first; port <= spans[i].last; port++) {
      fprintf (t.f, "%s %u . %u", any ? "," : "add element inet fettle ports {",
               spans[i].protocol, port);
      any = true;
    }
  if (any)
    fputs (" }\n", t.f);
  return text_run (&t, table->nft, fettle_nft_run, why);
}

/* Where the kernel can't prolong, the hole is made again in one transaction:
 * deleting needs it to be there, so it is added first. */
enum fettle_gate_result
fettle_table_open (struct fettle_table *table, const struct fettle_gate_hole *holes, size_t n,
                   struct fettle_why *why)
{
  struct text t;

  if (!text_begin (&t))
    return no_memory (why);
  if (table->flags & FETTLE_GATE_PROLONGS)
    fettle_elements_write (t.f, "add", holes, n, FETTLE_LIFETIME_AGAIN);
  else {
    fettle_elements_write (t.f, "add", holes, n, FETTLE_LIFETIME_SHORT);
    fettle_elements_write (t.f, "delete", holes, n, FETTLE_LIFETIME_NONE);
    fettle_elements_write (t.f, "add", holes, n, FETTLE_LIFETIME_OWN);
  }
  return text_run (&t, table->nft, fettle_nft_run, why);
}

static enum fettle_gate_result
delete (struct fettle_table *table, const struct fettle_gate_hole *holes, size_t n, bool add_first,
        struct fettle_why *why)
{
  struct text t;

  if (!text_begin (&t))
    return no_memory (why);
  if (add_first)
    fettle_elements_write (t.f, "add", holes, n, FETTLE_LIFETIME_SHORT);
  fettle_elements_write (t.f, "delete", holes, n, FETTLE_LIFETIME_NONE);
  return text_run (&t, table->nft, fettle_nft_run, why);
}

/* If one of them has expired, none is deleted: then they are all added before,
 * in the same transaction. */
enum fettle_gate_result
fettle_table_close (struct fettle_table *table, const struct fettle_gate_hole *holes, size_t n,
                    struct fettle_why *why)
{
  struct fettle_why first;

  if (!delete (table, holes, n, false, &first))
    return FETTLE_GATE_OK;
  return delete (table, holes, n, true, why);
}

enum fettle_gate_result
fettle_table_close_all (struct fettle_table *table, struct fettle_why *why)
{
  struct text t;

  if (!text_begin (&t))
    return no_memory (why);
  for (enum fettle_set set = 0; set < FETTLE_SETS; set++)
    fprintf (t.f, "flush set inet fettle %s\n", fettle_set_name (set));
  return text_run (&t, table->nft, fettle_nft_run, why);
}

/* ---- What was counted. ---- */

static enum fettle_gate_result
read_counter (struct fettle_table *table, const char *name, uint64_t *ret, struct fettle_why *why)
{
  char command[64];
  const char *answer, *p;

  snprintf (command, sizeof command, "list counter inet fettle %s", name);
  if (fettle_nft_ask (table->nft, command, &answer, why))
    return why->result;
  p = strstr (answer, "packets ");
  if (!p || sscanf (p, "packets %" SCNu64, ret) != 1)
    return fettle_why_set (why, FETTLE_GATE_E_KERNEL, "nftables counts what isn't a number");
  return FETTLE_GATE_OK;
}

enum fettle_gate_result
fettle_table_state (struct fettle_table *table, struct fettle_gate_state *ret,
                    struct fettle_why *why)
{
  ret->flags = table->flags;
  ret->mark = table->mark;
  if (read_counter (table, "arrived", &ret->arrived, why)
      || read_counter (table, "refused", &ret->refused, why)
      || read_counter (table, "members", &ret->members, why)
      || read_counter (table, "passed", &ret->passed, why))
    return why->result;
  return FETTLE_GATE_OK;
}

/* Holes to be looked up in sets whose names begin with `prefix`. */
struct lookup {
  struct fettle_table *table;
  const char *prefix;
  bool plain; /* sets that know nothing of interfaces */
  void (*found) (void *arg, size_t index, const struct fettle_element *);
  void *arg;
};

static bool
is_same (const struct fettle_gate_hole *a, const struct fettle_gate_hole *b, bool plain)
{
  return a->port == b->port && a->protocol == b->protocol && a->family == b->family
         && memcmp (a->address, b->address, sizeof a->address) == 0
         && (plain || strncmp (a->interface, b->interface, sizeof a->interface) == 0);
}

/* The answer names them in the order of the question, but for doubles. */
static void
match_answer (const struct lookup *l, const struct fettle_gate_hole *holes, const size_t *which,
              size_t n, const char *answer)
{
  struct fettle_element e;
  size_t next = 0;

  while (fettle_elements_next (&answer, &e))
    for (size_t i = 0; i < n; i++) {
      size_t at = which[(next + i) % n];

      if (is_same (&holes[at], &e.hole, l->plain)) {
        l->found (l->arg, at, &e);
        next = (next + i + 1) % n;
        break;
      }
    }
}

/* nft refuses a question about several elements when one isn't there: then
 * each half is asked for alone. */
static void
look_up_some (const struct lookup *l, const char *set, const struct fettle_gate_hole *holes,
              const size_t *which, size_t n)
{
  struct text t;
  struct fettle_why why;
  const char *answer;

  if (n == 0 || !text_begin (&t))
    return;
  fprintf (t.f, "get element inet fettle %s {", set);
  for (size_t i = 0; i < n; i++) {
    fputs (i ? ", " : " ", t.f);
    fettle_element_key (t.f, &holes[which[i]], l->plain);
  }
  fputs (" }", t.f);
  if (fclose (t.f) == 0 && !fettle_nft_ask (l->table->nft, t.data, &answer, &why))
    match_answer (l, holes, which, n, answer);
  else if (n > 1) {
    look_up_some (l, set, holes, which, n / 2);
    look_up_some (l, set, holes, which + n / 2, n - n / 2);
  }
  free (t.data);
}

static enum fettle_gate_result
look_up (const struct lookup *l, const struct fettle_gate_hole *holes, size_t n,
         struct fettle_why *why)
{
  size_t *which = calloc (n + 1, sizeof *which);

  if (!which)
    return no_memory (why);
  for (enum fettle_set set = 0; set < FETTLE_SETS; set++) {
    char name[16];
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
      if (fettle_set_of (&holes[i]) == set)
        which[k++] = i;
    snprintf (name, sizeof name, "%s%s", l->prefix,
              set == FETTLE_SET_4 ? "4" : set == FETTLE_SET_6 || l->plain ? "6" : "ll");
    look_up_some (l, name, holes, which, k);
  }
  free (which);
  return FETTLE_GATE_OK;
}

static void
found_hole (void *arg, size_t index, const struct fettle_element *e)
{
  struct fettle_gate_status *statuses = arg;

  statuses[index] = (struct fettle_gate_status) { e->packets, e->bytes, e->hole.lifetime_ms, 1 };
}

enum fettle_gate_result
fettle_table_status (struct fettle_table *table, const struct fettle_gate_hole *holes, size_t n,
                     struct fettle_gate_status *ret, struct fettle_why *why)
{
  const struct lookup l = { table, "open", false, found_hole, ret };

  memset (ret, 0, n * sizeof *ret);
  return look_up (&l, holes, n, why);
}

static void
found_arrived (void *arg, size_t index, const struct fettle_element *e)
{
  ((struct fettle_gate_trace *) arg)[index].arrived = e->packets;
}

static void
found_refused (void *arg, size_t index, const struct fettle_element *e)
{
  ((struct fettle_gate_trace *) arg)[index].refused = e->packets;
}

static void
found_passed (void *arg, size_t index, const struct fettle_element *e)
{
  ((struct fettle_gate_trace *) arg)[index].passed = e->packets;
}

enum fettle_gate_result
fettle_table_trace (struct fettle_table *table, const struct fettle_gate_hole *holes, size_t n,
                    struct fettle_gate_trace *ret, struct fettle_why *why)
{
  const struct lookup lookups[] = {
    { table, "arrived", true, found_arrived, ret },
    { table, "refused", true, found_refused, ret },
    { table, "passed",  true, found_passed,  ret },
  };

  memset (ret, 0, n * sizeof *ret);
  for (size_t i = 0; i < COUNT (lookups); i++)
    if (look_up (&lookups[i], holes, n, why))
      return why->result;
  return FETTLE_GATE_OK;
}

static struct fettle_gate_seen
seen_of (const struct fettle_element *e)
{
  struct fettle_gate_seen seen = {
    .family = e->hole.family, .protocol = e->hole.protocol, .port = e->hole.port,
    .packets = e->packets,
  };

  memcpy (seen.address, e->hole.address, sizeof seen.address);
  return seen;
}

enum fettle_gate_result
fettle_table_seen (struct fettle_table *table, struct fettle_gate_seen *ret, size_t max,
                   uint32_t *ret_n, struct fettle_why *why)
{
  static const char *const commands[] = {
    "list set inet fettle refused4", "list set inet fettle refused6",
  };
  struct fettle_element e;
  uint32_t n = 0;

  for (size_t i = 0; i < COUNT (commands); i++) {
    const char *answer;

    if (fettle_nft_ask (table->nft, commands[i], &answer, why))
      return why->result;
    while (n < max && fettle_elements_next (&answer, &e))
      ret[n++] = seen_of (&e);
  }
  *ret_n = n;
  return FETTLE_GATE_OK;
}
