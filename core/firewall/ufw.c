/* ufw.c - the backend for ufw.
 *
 * For a few nodes: rules of ufw, with the comment "fettle:NODE", through its
 * program, which takes some tenths of a second each and writes them to disk.
 * They don't end by themselves: the queue removes them in time, and what a
 * crash left goes when the next service settles.
 *
 * For many: `fettle firewall setup` puts one rule into before.rules and
 * before6.rules that lets through what fettle-gate has marked; from the next
 * start on, its table has the holes, and ufw isn't touched any more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "firewall/backends.h"
#include "firewall/child.h"
#include "firewall/inner.h"
#include "util/file.h"

enum { FEW = 16, STOP_MS = 1000, RULES_MAX = 4 << 20 };

#define CONFIG  "/etc/ufw/ufw.conf"
#define COMMENT " comment 'fettle:"

static const char *const files[] = { "/etc/ufw/before.rules", "/etc/ufw/before6.rules" };

struct state {
  struct fettle_inner inner;
  const struct fettle_firewall_events *events;
  void *arg;
  struct fettle_child *child;
  const struct fettle_rule_item *item;
  bool told; /* that they are many */
};

/* ---- Rules, as `ufw show added` has them, without "ufw allow" and comment. ---- */

static bool
rule_text (struct fettle_buf *ret, const struct fettle_hole *h)
{
  char address[FETTLE_ADDRESS_TEXT], ports[16];

  fettle_address_text (&h->from, address);
  address[strcspn (address, "%")] = '\0';
  snprintf (ports, sizeof ports, h->first == h->last ? "%u" : "%u:%u", h->first, h->last);
  if (h->from.interface[0] && !fettle_buf_printf (ret, "in on %s ", h->from.interface))
    return false;
  return fettle_buf_printf (ret, "from %s to any port %s proto %s", address, ports,
                            h->protocol == FETTLE_UDP ? "udp" : "tcp");
}

static fettle_result
rule (void *state, const struct fettle_hole *h, unsigned twin, struct fettle_buf *ret,
      struct fettle_error *err)
{
  (void) state;
  (void) twin;
  if (!rule_text (ret, h))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a rule of ufw");
  return FETTLE_OK;
}

/* Names are foreign text. */
static void
comment_of (const struct fettle_hole *h, char ret[80])
{
  snprintf (ret, 80, "fettle:%.60s", h->node ? h->node : "");
  for (char *p = ret; *p; p++)
    if ((unsigned char) *p <= ' ' || (unsigned char) *p >= 0x7f || strchr ("'\"\\", *p))
      *p = '_';
}

/* ---- The program. ---- */

static void
fail (struct state *s, const char *what, int status, const char *output)
{
  char text[600];

  snprintf (text, sizeof text, "ufw (%s) ended with %d: %.400s", what, status, output);
  text[strcspn (text, "\n")] = '\0';
  fettle_rule_queue_done (s->inner.queue, FETTLE_E_SERVICE, text);
}

static void
run (struct state *s, const char *const *args, fettle_child_done *done)
{
  struct fettle_error err;

  s->child = fettle_child_start (s->inner.base, args, NULL, done, s, &err);
  if (!s->child)
    fettle_rule_queue_done (s->inner.queue, err.code, err.text);
}

static void
run_show (struct state *s, fettle_child_done *done)
{
  static const char *const args[] = { "ufw", "show", "added", NULL };

  run (s, args, done);
}

/* "ufw VERB... RULE", with the rule's words, which are cut apart, as arguments;
 * returns how many. */
static size_t
rule_args (char *words, const char *verb, const char *ret[FETTLE_CHILD_ARGS])
{
  char *save = NULL;
  size_t n = 0;

  ret[n++] = "ufw";
  ret[n++] = verb;
  if (strcmp (verb, "delete") == 0)
    ret[n++] = "allow";
  for (char *w = strtok_r (words, " ", &save); w && n < FETTLE_CHILD_ARGS - 3;
       w = strtok_r (NULL, " ", &save))
    ret[n++] = w;
  ret[n] = NULL;
  return n;
}

static void
run_rule (struct state *s, const char *verb, const char *comment, fettle_child_done *done)
{
  _cleanup_free_ char *words = strdup (s->item->rule);
  const char *args[FETTLE_CHILD_ARGS];
  size_t n;

  if (!words)
    abort ();
  n = rule_args (words, verb, args);
  if (comment) {
    args[n++] = "comment";
    args[n++] = comment;
    args[n] = NULL;
  }
  run (s, args, done);
}

/* The rule of a line of `ufw show added`; NULL: no allow rule. */
static const char *
rule_of_line (char *line, bool *ret_ours)
{
  static const char head[] = "ufw allow ";
  char *comment = strstr (line, " comment '");

  if (strncmp (line, head, strlen (head)) != 0)
    return NULL;
  *ret_ours = comment && strncmp (comment, COMMENT, strlen (COMMENT)) == 0;
  if (comment)
    *comment = '\0';
  return line + strlen (head);
}

enum found { ABSENT, OURS, FOREIGN };

/* An administrator may have the very same rule: it isn't ours to change. */
static enum found
look_up (const char *shown, const char *wanted)
{
  _cleanup_free_ char *copy = strdup (shown);
  char *save = NULL;
  bool ours;

  for (char *l = copy ? strtok_r (copy, "\n", &save) : NULL; l; l = strtok_r (NULL, "\n", &save)) {
    const char *r = rule_of_line (l, &ours);

    if (r && strcmp (r, wanted) == 0)
      return ours ? OURS : FOREIGN;
  }
  return ABSENT;
}

/* ---- Add, remove, list. ---- */

static void
on_changed (void *state, int status, const char *output)
{
  struct state *s = state;

  s->child = NULL;
  if (status)
    fail (s, s->item->rule, status, output);
  else
    fettle_rule_queue_done (s->inner.queue, FETTLE_OK, "");
}

static void
on_shown_to_add (void *state, int status, const char *output)
{
  struct state *s = state;
  char comment[80];

  s->child = NULL;
  comment_of (s->item->hole, comment);
  if (status)
    fail (s, "show added", status, output);
  else if (look_up (output, s->item->rule) == ABSENT)
    run_rule (s, "allow", comment, on_changed);
  else
    fettle_rule_queue_done (s->inner.queue, FETTLE_OK, "");
}

static void
on_shown_to_remove (void *state, int status, const char *output)
{
  struct state *s = state;

  s->child = NULL;
  if (status)
    fail (s, "show added", status, output);
  else if (look_up (output, s->item->rule) == OURS)
    run_rule (s, "delete", NULL, on_changed);
  else
    fettle_rule_queue_done (s->inner.queue, FETTLE_OK, "");
}

static void
add (void *state, const struct fettle_rule_item *items, size_t n)
{
  struct state *s = state;

  (void) n;
  s->item = items;
  if (fettle_rule_queue_size (s->inner.queue) == FEW && !s->told) {
    s->told = true;
    s->events->notice (s->arg, "many holes are open, and ufw takes its time for each: `fettle "
                               "firewall setup`, then a new start of the service, make it quick");
  }
  run_show (s, on_shown_to_add);
}

static void
remove_rule (void *state, const struct fettle_rule_item *items, size_t n)
{
  struct state *s = state;

  (void) n;
  s->item = items;
  run_show (s, on_shown_to_remove);
}

static void
on_listed (void *state, int status, const char *output)
{
  struct state *s = state;
  _cleanup_free_ char *copy = strdup (output);
  char *save = NULL;
  bool ours;

  s->child = NULL;
  if (status || !copy) {
    fail (s, "show added", status, output);
    return;
  }
  for (char *l = strtok_r (copy, "\n", &save); l; l = strtok_r (NULL, "\n", &save)) {
    const char *r = rule_of_line (l, &ours);

    if (r && ours)
      fettle_rule_queue_listed (s->inner.queue, r);
  }
  fettle_rule_queue_done (s->inner.queue, FETTLE_OK, "");
}

static void
list (void *state)
{
  run_show (state, on_listed);
}

static const struct fettle_rule_driver driver = {
  .reopen = FETTLE_REOPEN_KEEP, .batch = 1, .rule = rule, .add = add, .remove = remove_rule,
  .list = list,
};

/* ---- The mark's rule, in before.rules. ---- */

static void
block_text (char *ret, size_t size, const struct fettle_firewall_options *o, bool six)
{
  const uint32_t m = o->mark ? o->mark : FETTLE_FIREWALL_MARK;

  snprintf (ret, size, "# fettle: what fettle-gate has marked (fettle firewall undo-setup takes this "
            "away)\n-A ufw%s-before-input -m mark --mark 0x%08x/0x%08x -j ACCEPT\n", six ? "6" : "",
            m, m);
}

/* Before the first rule of *filter; NULL: this isn't ufw's file. */
static const char *
place_for (const char *text)
{
  const char *filter = strncmp (text, "*filter\n", 8) == 0 ? text : strstr (text, "\n*filter\n");
  const char *rule = filter ? strstr (filter, "\n-A ") : NULL;

  return rule ? rule + 1 : NULL;
}

static fettle_result
write_same (const char *path, const struct fettle_buf *text, struct fettle_error *err)
{
  struct stat st;

  if (stat (path, &st))
    return fettle_error_errno (err, FETTLE_E_SERVICE, "reading %s", path);
  return fettle_file_write (path, st.st_mode & 07777, fettle_buf_text (text), text->size, err);
}

static fettle_result
put_block (const char *path, const char *text, const char *block, bool in, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf new = FETTLE_BUF_INIT (RULES_MAX);
  const char *at = in ? place_for (text) : strstr (text, block);
  const char *rest = in || !at ? at : at + strlen (block);

  if (!at)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s has no rules of table filter: is it ufw's "
                             "file?", path);
  if (!fettle_buf_add (&new, text, (size_t) (at - text)) || (in && !fettle_buf_text_add (&new, block))
      || !fettle_buf_text_add (&new, rest))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for %s", path);
  return write_same (path, &new, err);
}

/* Puts the rule into one file, or takes it out; says so. */
static fettle_result
change_file (size_t i, const struct fettle_firewall_options *o, enum fettle_setup_action action,
             bool *changed, struct fettle_buf *ret, struct fettle_error *err)
{
  const bool in = action == FETTLE_SETUP_SHOW || action == FETTLE_SETUP_APPLY;
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (RULES_MAX);
  char block[256];

  block_text (block, sizeof block, o, i == 1);
  if (fettle_file_read (files[i], &text, err))
    return err->code;
  if ((strstr (fettle_buf_text (&text), block) != NULL) == in)
    return FETTLE_OK;
  *changed = true;
  if (!fettle_buf_printf (ret, "%s %s:\n%s", in ? "into" : "out of", files[i], block))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory");
  if (action == FETTLE_SETUP_SHOW || action == FETTLE_SETUP_SHOW_UNDO)
    return FETTLE_OK;
  return put_block (files[i], fettle_buf_text (&text), block, in, err);
}

static fettle_result
setup (const struct fettle_firewall_options *o, enum fettle_setup_action action,
       struct fettle_buf *ret, struct fettle_error *err)
{
  static const char *const reload[] = { "ufw", "reload", NULL };
  bool changed = false;

  for (size_t i = 0; i < COUNT (files); i++)
    if (change_file (i, o, action, &changed, ret, err))
      return err->code;
  if (!changed)
    return FETTLE_OK;
  if (!fettle_buf_text_add (ret, "ufw reload\n"))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory");
  if (action == FETTLE_SETUP_SHOW || action == FETTLE_SETUP_SHOW_UNDO)
    return FETTLE_OK;
  return fettle_child_run (reload, NULL, NULL, err);
}

static bool
has_block (const struct fettle_firewall_options *o, size_t i)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (RULES_MAX);
  struct fettle_error none;
  char block[256];

  block_text (block, sizeof block, o, i == 1);
  return fettle_file_read (files[i], &text, &none) == FETTLE_OK
         && strstr (fettle_buf_text (&text), block);
}

/* ---- Start, stop. ---- */

static fettle_result
available (const struct fettle_firewall_options *o, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (65536);
  const char *t;

  (void) o;
  if (!fettle_child_exists ("ufw"))
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "there is no program ufw here");
  if (fettle_file_read (CONFIG, &text, err))
    return err->code;
  t = fettle_buf_text (&text);
  if (strncmp (t, "ENABLED=yes", 11) != 0 && !strstr (t, "\nENABLED=yes"))
    return fettle_error_set (err, FETTLE_E_SERVICE, "ufw isn't enabled");
  if (geteuid () != 0)
    return fettle_error_set (err, FETTLE_E_AUTH, "ufw is enabled, but takes rules from root alone");
  return FETTLE_OK;
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
  s->inner.mends = "ufw reload";
  s->events = events;
  s->arg = arg;
  s->inner.queue = fettle_rule_queue_new (base, &driver, s);
  if (has_block (o, 0) && has_block (o, 1))
    fettle_inner_gate (&s->inner, o, events, arg);
  *ret_state = s;
  return FETTLE_OK;
}

static void
collect (void *rules, const char *text)
{
  fettle_buf_printf (rules, "%s\n", text);
}

/* In a process of its own. */
static void
remove_now (char *rules)
{
  static const char *const show[] = { "ufw", "show", "added", NULL };
  _cleanup_ (fettle_buf_clear) struct fettle_buf shown = FETTLE_BUF_INIT (RULES_MAX);
  const char *args[FETTLE_CHILD_ARGS];
  char *lines = NULL;
  struct fettle_error none;

  if (fettle_child_run (show, NULL, &shown, &none))
    return;
  for (char *l = strtok_r (rules, "\n", &lines); l; l = strtok_r (NULL, "\n", &lines))
    if (look_up (fettle_buf_text (&shown), l) == OURS) {
      rule_args (l, "delete", args);
      fettle_child_run (args, NULL, NULL, &none);
    }
}

/* Each takes some tenths of a second: a process of its own goes on where a
 * second isn't enough. */
static void
remove_all (struct state *s)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf rules = FETTLE_BUF_INIT (RULES_MAX);
  const struct timespec t = { 0, 5000000 };
  pid_t pid;

  fettle_rule_queue_each (s->inner.queue, collect, &rules);
  if (rules.size == 0)
    return;
  pid = fork ();
  if (pid == 0) {
    setsid ();
    remove_now (rules.data);
    _exit (0);
  }
  for (int waited = 0; pid > 0 && waited < STOP_MS && waitpid (pid, NULL, WNOHANG) == 0; waited += 5)
    nanosleep (&t, NULL);
}

static void
stop (void *state)
{
  struct state *s = state;

  fettle_child_forget (s->child);
  remove_all (s);
  fettle_inner_stop (&s->inner);
  free (s);
}

static fettle_result
describe (const struct fettle_firewall_options *o, const struct fettle_hole *holes, size_t n,
          struct fettle_buf *ret, struct fettle_error *err)
{
  char comment[80];
  bool ok = true;

  (void) o;
  for (size_t i = 0; i < n && ok; i++) {
    comment_of (&holes[i], comment);
    ok = fettle_buf_text_add (ret, "ufw allow ") && rule_text (ret, &holes[i])
         && fettle_buf_printf (ret, " comment '%s'\n", comment);
  }
  return ok ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
}

const struct fettle_backend fettle_backend_ufw = {
  .name = "ufw",
  .title = "ufw: rules for a few nodes, one rule for fettle-gate's mark for many",
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
