/* iptables.c - the backend for hosts whose input is filtered by iptables,
 * legacy or nft, IPv4 or IPv6.
 *
 * `fettle firewall setup` puts one rule in front of each INPUT chain that
 * filters, for the mark of fettle-gate, whose table then has the holes.  Where
 * there is no fettle-gate, or the kernel has no nftables, holes are elements,
 * with timeouts, of two sets of ipset; one rule for each is there while the
 * service runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/backends.h"
#include "firewall/child.h"
#include "firewall/inner.h"
#include "util/file.h"

enum { BATCH = 1000, SAVE_MAX = 16 << 20, SETS_S = 600 };

/* Rules of one kind of iptables, for one version of IP. */
struct family {
  const char *program, *save;
  const char *tables;  /* legacy: the kernel's list; to ask iptables-legacy would make its tables */
  const char *set;
};

static const struct family families[] = {
  { "iptables-nft",     "iptables-nft-save",     NULL,                          "fettle4" },
  { "ip6tables-nft",    "ip6tables-nft-save",    NULL,                          "fettle6" },
  { "iptables-legacy",  "iptables-legacy-save",  "/proc/net/ip_tables_names",   "fettle4" },
  { "ip6tables-legacy", "ip6tables-legacy-save", "/proc/net/ip6_tables_names",  "fettle6" },
};

static const struct { const char *set, *family; } sets[] = {
  { "fettle4", "inet" }, { "fettle6", "inet6" },
};

struct state {
  struct fettle_inner inner;
  const struct fettle_firewall_options *options;
  struct fettle_child *child;
  bool ruled[COUNT (families)]; /* our rule for the set is there */
  size_t at_set;
};

/* ---- Whose rules filter? ---- */

static bool
has_filter (const char *path)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (4096);
  struct fettle_error none;
  const char *t;

  if (fettle_file_read (path, &text, &none))
    return false;
  t = fettle_buf_text (&text);
  return strncmp (t, "filter\n", 7) == 0 || strstr (t, "\nfilter\n");
}

static bool
is_ours (const char *line, const struct fettle_firewall_options *o)
{
  const uint32_t m = o->mark ? o->mark : FETTLE_FIREWALL_MARK;
  char mark[64];

  snprintf (mark, sizeof mark, "-A INPUT -m mark --mark 0x%x/0x%x -j ACCEPT", m, m);
  return strcmp (line, mark) == 0 || strstr (line, " --match-set fettle4 src,dst -j ACCEPT")
         || strstr (line, " --match-set fettle6 src,dst -j ACCEPT");
}

/* INPUT has a policy other than ACCEPT, or rules that aren't ours. */
static bool
filters (const struct family *f, const struct fettle_firewall_options *o)
{
  const char *args[] = { f->save, "-t", "filter", NULL };
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (SAVE_MAX);
  struct fettle_error none;
  char *save = NULL;

  if (!fettle_child_exists (f->program) || (f->tables && !has_filter (f->tables))
      || fettle_child_run (args, NULL, &text, &none) || !text.data)
    return false;
  for (char *l = strtok_r (text.data, "\n", &save); l; l = strtok_r (NULL, "\n", &save))
    if ((strncmp (l, ":INPUT ", 7) == 0 && strncmp (l, ":INPUT ACCEPT", 13) != 0)
        || (strncmp (l, "-A INPUT ", 9) == 0 && !is_ours (l, o)))
      return true;
  return false;
}

/* ---- Rules of ours. ---- */

struct words {
  const char *args[FETTLE_CHILD_ARGS];
  char mark[32];
};

/* `verb` is -C, -I or -D; `set` NULL: the rule of the mark. */
static void
rule_words (struct words *w, const struct family *f, const char *verb, const char *set,
            const struct fettle_firewall_options *o)
{
  const uint32_t m = o->mark ? o->mark : FETTLE_FIREWALL_MARK;
  size_t n = 0;
  const char *const head[] = { f->program, "-w", "5", verb, "INPUT" };
  const char *const by_mark[] = { "-m", "mark", "--mark", w->mark };
  const char *const by_set[] = { "-m", "set", "--match-set", set, "src,dst" };
  const char *const tail[] = { "-j", "ACCEPT" };

  snprintf (w->mark, sizeof w->mark, "0x%x/0x%x", m, m);
  for (size_t i = 0; i < COUNT (head); i++)
    w->args[n++] = head[i];
  for (size_t i = 0; i < (set ? COUNT (by_set) : COUNT (by_mark)); i++)
    w->args[n++] = set ? by_set[i] : by_mark[i];
  for (size_t i = 0; i < COUNT (tail); i++)
    w->args[n++] = tail[i];
  w->args[n] = NULL;
}

static bool
has_rule (const struct family *f, const char *set, const struct fettle_firewall_options *o)
{
  struct fettle_error none;
  struct words w;

  if (!fettle_child_exists (f->program) || (f->tables && !has_filter (f->tables)))
    return false;
  rule_words (&w, f, "-C", set, o);
  return fettle_child_run (w.args, NULL, NULL, &none) == FETTLE_OK;
}

static fettle_result
change_rule (const struct family *f, const char *verb, const char *set,
             const struct fettle_firewall_options *o, struct fettle_error *err)
{
  struct words w;

  rule_words (&w, f, verb, set, o);
  return fettle_child_run (w.args, NULL, NULL, err);
}

/* ---- Setup. ---- */

static bool
say_rule (struct fettle_buf *ret, const struct family *f, const char *verb,
          const struct fettle_firewall_options *o)
{
  struct words w;
  bool ok = true;

  rule_words (&w, f, verb, NULL, o);
  for (size_t i = 0; ok && w.args[i]; i++)
    ok = fettle_buf_printf (ret, "%s%s", i ? " " : "", w.args[i]);
  return ok && fettle_buf_text_add (ret, "\n");
}

static fettle_result
setup (const struct fettle_firewall_options *o, enum fettle_setup_action action,
       struct fettle_buf *ret, struct fettle_error *err)
{
  const bool in = action == FETTLE_SETUP_SHOW || action == FETTLE_SETUP_APPLY;
  const bool dry = action == FETTLE_SETUP_SHOW || action == FETTLE_SETUP_SHOW_UNDO;
  const char *verb = in ? "-I" : "-D";
  bool said = false;

  for (size_t i = 0; i < COUNT (families); i++) {
    const struct family *f = &families[i];
    bool there = has_rule (f, NULL, o);

    if (there == in || (in && !filters (f, o)))
      continue;
    if (!say_rule (ret, f, verb, o))
      return fettle_error_set (err, FETTLE_E_NOMEM, "no memory");
    if (!dry && change_rule (f, verb, NULL, o, err))
      return err->code;
    said = true;
  }
  if (said && in && !fettle_buf_text_add (ret, "# To keep it over a restart, save the rules as you "
                                          "save the others, by netfilter-persistent save, for "
                                          "example.\n"))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory");
  return FETTLE_OK;
}

/* ---- ipset: "SET ADDRESS,PROTOCOL:PORTS". ---- */

static fettle_result
rule (void *state, const struct fettle_hole *h, unsigned twin, struct fettle_buf *ret,
      struct fettle_error *err)
{
  char address[FETTLE_ADDRESS_TEXT], ports[16];

  (void) state;
  (void) twin;
  fettle_address_text (&h->from, address);
  address[strcspn (address, "%")] = '\0';
  snprintf (ports, sizeof ports, h->first == h->last ? "%u" : "%u-%u", h->first, h->last);
  if (!fettle_buf_printf (ret, "%s %s,%s:%s", h->from.family == 4 ? "fettle4" : "fettle6", address,
                          h->protocol == FETTLE_UDP ? "udp" : "tcp", ports))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for an element of ipset");
  return FETTLE_OK;
}

static void
on_restored (void *state, int status, const char *output)
{
  struct state *s = state;
  char text[400];

  s->child = NULL;
  snprintf (text, sizeof text, "ipset ended with %d: %.300s", status, output);
  text[strcspn (text, "\n")] = '\0';
  fettle_rule_queue_done (s->inner.queue, status ? FETTLE_E_SERVICE : FETTLE_OK, text);
}

static void
restore (struct state *s, const char *verb, const struct fettle_rule_item *items, size_t n)
{
  static const char *const args[] = { "ipset", "restore", "-exist", NULL };
  _cleanup_ (fettle_buf_clear) struct fettle_buf input = FETTLE_BUF_INIT (SAVE_MAX);
  struct fettle_error err = { FETTLE_E_NOMEM, "no memory for ipset's input" };
  bool ok = true;

  for (size_t i = 0; i < n && ok; i++) {
    ok = fettle_buf_printf (&input, "%s %s", verb, items[i].rule);
    if (items[i].hole && *verb == 'a')
      ok = ok && fettle_buf_printf (&input, " timeout %u", items[i].hole->lifetime_s);
    ok = ok && fettle_buf_text_add (&input, "\n");
  }
  if (ok)
    s->child = fettle_child_start (s->inner.base, args, fettle_buf_text (&input), on_restored, s,
                                   &err);
  if (!s->child)
    fettle_rule_queue_done (s->inner.queue, err.code, err.text);
}

static void
add (void *state, const struct fettle_rule_item *items, size_t n)
{
  restore (state, "add", items, n);
}

static void
remove_items (void *state, const struct fettle_rule_item *items, size_t n)
{
  restore (state, "del", items, n);
}

static void list_next (struct state *);

/* "add SET ELEMENT timeout N" */
static void
on_saved (void *state, int status, const char *output)
{
  struct state *s = state;
  _cleanup_free_ char *copy = strdup (output);
  char *save = NULL;

  s->child = NULL;
  for (char *l = copy && !status ? strtok_r (copy, "\n", &save) : NULL; l;
       l = strtok_r (NULL, "\n", &save)) {
    char *timeout = strstr (l, " timeout ");

    if (timeout)
      *timeout = '\0';
    if (strncmp (l, "add ", 4) == 0)
      fettle_rule_queue_listed (s->inner.queue, l + 4);
  }
  s->at_set++;
  list_next (s);
}

/* A set that isn't there has no elements. */
static void
list_next (struct state *s)
{
  const char *args[] = { "ipset", "save", NULL, NULL };
  struct fettle_error err;

  if (s->at_set == COUNT (sets)) {
    fettle_rule_queue_done (s->inner.queue, FETTLE_OK, "");
    return;
  }
  args[2] = sets[s->at_set].set;
  s->child = fettle_child_start (s->inner.base, args, NULL, on_saved, s, &err);
  if (!s->child)
    fettle_rule_queue_done (s->inner.queue, err.code, err.text);
}

static void
list (void *state)
{
  struct state *s = state;

  s->at_set = 0;
  if (fettle_child_exists ("ipset"))
    list_next (s);
  else
    fettle_rule_queue_done (s->inner.queue, FETTLE_OK, "");
}

static const struct fettle_rule_driver driver = {
  .reopen = FETTLE_REOPEN_AGAIN, .batch = BATCH, .rule = rule, .add = add,
  .remove = remove_items, .list = list,
};

/* ---- The sets and their rules. ---- */

static fettle_result
make_sets (struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf input = FETTLE_BUF_INIT (1024);
  static const char *const args[] = { "ipset", "restore", "-exist", NULL };

  for (size_t i = 0; i < COUNT (sets); i++)
    fettle_buf_printf (&input, "create %s hash:ip,port family %s maxelem 1048576 timeout %d\n",
                       sets[i].set, sets[i].family, SETS_S);
  return fettle_child_run (args, fettle_buf_text (&input), NULL, err);
}

static fettle_result
make_rules (struct state *s, struct fettle_error *err)
{
  for (size_t i = 0; i < COUNT (families); i++) {
    const struct family *f = &families[i];

    s->ruled[i] = has_rule (f, f->set, s->options);
    if (s->ruled[i] || !filters (f, s->options))
      continue;
    if (change_rule (f, "-I", f->set, s->options, err))
      return err->code;
    s->ruled[i] = true;
  }
  return FETTLE_OK;
}

static void
unmake (const struct state *s)
{
  struct fettle_error none;

  for (size_t i = 0; i < COUNT (families); i++)
    if (s->ruled[i])
      change_rule (&families[i], "-D", families[i].set, s->options, &none);
  for (size_t i = 0; i < COUNT (sets) && fettle_child_exists ("ipset"); i++) {
    const char *args[] = { "ipset", "destroy", sets[i].set, NULL };

    fettle_child_run (args, NULL, NULL, &none);
  }
}

/* Of a former life without a table of fettle-gate. */
static void
unmake_former (struct state *s)
{
  for (size_t i = 0; i < COUNT (families); i++)
    s->ruled[i] = has_rule (&families[i], families[i].set, s->options);
  unmake (s);
}

/* ---- Start, stop. ---- */

static fettle_result
available (const struct fettle_firewall_options *o, struct fettle_error *err)
{
  struct fettle_error no_gate;
  bool any = false;

  if (geteuid () != 0)
    return fettle_error_set (err, FETTLE_E_AUTH, "iptables takes rules from root alone");
  for (size_t i = 0; i < COUNT (families) && !any; i++)
    any = filters (&families[i], o);
  if (!any)
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "no rules of iptables filter this host's "
                             "input");
  if (fettle_backend_nftables.available (o, &no_gate) == FETTLE_OK)
    return FETTLE_OK;
  if (fettle_child_exists ("ipset"))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "iptables filters this host's input, but there "
                           "is neither ipset nor fettle-gate: %.500s", no_gate.text);
}

/* fettle-gate can't see iptables-legacy's rules, and so doubts them always. */
static bool
mended (const void *state, const struct fettle_obstacle *obstacle)
{
  const struct state *s = state;

  for (size_t i = 0; i < COUNT (families); i++)
    if (families[i].tables && strstr (obstacle->mend, families[i].program))
      return !filters (&families[i], s->options) || has_rule (&families[i], NULL, s->options);
  return false;
}

static void
stop (void *state)
{
  struct state *s = state;

  fettle_child_forget (s->child);
  if (!s->inner.backend)
    unmake (s);
  fettle_inner_stop (&s->inner);
  free (s);
}

static fettle_result
start (struct event_base *base, const struct fettle_firewall_options *o,
       const struct fettle_firewall_events *events, void *arg, void **ret_state,
       struct fettle_error *err)
{
  struct state *s = calloc (1, sizeof *s);

  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  s->inner.base = base;
  s->options = o;
  s->inner.mends = "tables";
  s->inner.mended = mended;
  s->inner.queue = fettle_rule_queue_new (base, &driver, s);
  if (fettle_inner_gate (&s->inner, o, events, arg))
    unmake_former (s);
  else if (make_sets (err) || make_rules (s, err)) {
    stop (s);
    return err->code;
  }
  *ret_state = s;
  return FETTLE_OK;
}

static fettle_result
describe (const struct fettle_firewall_options *o, const struct fettle_hole *holes, size_t n,
          struct fettle_buf *ret, struct fettle_error *err)
{
  char address[FETTLE_ADDRESS_TEXT], interface[32], ports[16];
  bool ok = true;

  (void) o;
  for (size_t i = 0; i < n && ok; i++) {
    const struct fettle_hole *h = &holes[i];

    fettle_address_text (&h->from, address);
    address[strcspn (address, "%")] = '\0';
    snprintf (interface, sizeof interface, h->from.interface[0] ? "-i %.15s " : "%s",
              h->from.interface);
    snprintf (ports, sizeof ports, h->first == h->last ? "%u" : "%u:%u", h->first, h->last);
    ok = fettle_buf_printf (ret, "ip%stables -I INPUT %s-s %s -p %s --dport %s -m comment --comment "
                            "fettle -j ACCEPT\n", h->from.family == 4 ? "" : "6", interface, address,
                            h->protocol == FETTLE_UDP ? "udp" : "tcp", ports);
  }
  return ok ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
}

const struct fettle_backend fettle_backend_iptables = {
  .name = "iptables",
  .title = "iptables: one rule for fettle-gate's mark, or for sets of ipset",
  .available = available,
  .start = start,
  .stop = stop,
  .open = fettle_inner_open,
  .close = fettle_inner_close,
  .settle = fettle_inner_settle,
  .status = fettle_inner_status,
  .look = fettle_inner_look,
  .setup = setup,
  .describe = describe,
  .gate = fettle_inner_ports,
  .seen = fettle_inner_seen,
  .trace = fettle_inner_trace,
};
