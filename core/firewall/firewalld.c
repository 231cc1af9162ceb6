/* firewalld.c - the backend for firewalld, over D-Bus.
 *
 * A hole is a rich rule with a timeout, at runtime only, in the zone that its
 * packets come through.  Ours are known by their priority, 30630 or 30631, and
 * by being nothing but "this address, these ports, accept"; no other mark of
 * ours would survive in firewalld.  That priority comes behind all rules of an
 * administrator that have none: what is denied there stays denied.
 *
 * A timeout can't be prolonged: the same rule is added with the other priority,
 * then the first one is removed.  A reload forgets runtime rules, so they are
 * wanted anew when firewalld says `Reloaded` or has been started again; in the
 * second case it is asked to reload first (see firewalld-watch.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/backends.h"
#include "firewall/firewalld.h"
#include "firewall/route.h"

enum { STOP_MS = 1000 };

/* ---- What stands in the way: panic mode, or firewalld that is gone. ---- */

struct question {
  struct firewalld *state;
  struct question *next;
  struct event *timer; /* when it couldn't be asked */
  fettle_firewall_look_done *done;
  void *arg;
};

static const struct fettle_obstacle
  panic = { "firewalld is in panic mode: it drops everything", "firewall-cmd --panic-off", false },
  absent = { "firewalld doesn't run, so that it can't be told what to let through",
             "systemctl start firewalld", false };

static void
question_free (struct question *q)
{
  struct question **p = &q->state->questions;

  while (*p != q)
    p = &(*p)->next;
  *p = q->next;
  if (q->timer)
    event_free (q->timer);
  free (q);
}

static void
say (struct question *question, const struct fettle_obstacle *obstacle)
{
  struct question q = *question;

  question_free (question);
  q.done (q.arg, FETTLE_OK, "", obstacle, obstacle ? 1 : 0);
}

static int
on_panic (sd_bus_message *m, void *question, sd_bus_error *ret)
{
  int is_panic = 0;

  (void) ret;
  if (sd_bus_message_get_error (m) || sd_bus_message_read (m, "b", &is_panic) < 0)
    say (question, &absent);
  else
    say (question, is_panic ? &panic : NULL);
  return 1;
}

static void
say_absent (evutil_socket_t fd, short what, void *question)
{
  (void) fd;
  (void) what;
  say (question, &absent);
}

static void
look (void *state, fettle_firewall_look_done *f, void *arg)
{
  struct firewalld *s = state;
  struct question *q = calloc (1, sizeof *q);

  if (!q)
    abort ();
  *q = (struct question) { s, s->questions, NULL, f, arg };
  s->questions = q;
  if (fettle_bus_call (s->bus, NAME, PATH, NAME, "queryPanicMode", on_panic, q, "") >= 0)
    return;
  q->timer = event_new (s->base, -1, 0, say_absent, q);
  if (!q->timer)
    abort ();
  event_active (q->timer, EV_TIMEOUT, 0);
}

/* ---- Start, stop. ---- */

static int
on_last_removed (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct firewalld *s = state;

  (void) m;
  (void) ret;
  s->awaited--;
  return 1;
}

static void
remove_last (void *state, const char *text)
{
  struct firewalld *s = state;
  char zone[FETTLE_ZONE_NAME];
  const char *rich = fettle_firewalld_split (text, zone);

  if (fettle_bus_call (s->bus, NAME, PATH, ZONE, "removeRichRule", on_last_removed, s, "ss", zone,
                       rich) >= 0)
    s->awaited++;
}

static void
stop (void *state)
{
  struct firewalld *s = state;

  if (s->bus && s->runs) {
    fettle_rule_queue_each (s->queue, remove_last, s);
    fettle_bus_wait (s->bus, &s->awaited, STOP_MS); /* the rest ends by its timeout */
  }
  fettle_bus_free (s->bus);
  while (s->questions)
    question_free (s->questions);
  fettle_rule_queue_free (s->queue);
  fettle_zones_clear (&s->zones);
  fettle_zone_names_clear (&s->names);
  if (s->calm)
    event_free (s->calm);
  free (s);
}

static fettle_result
start (struct event_base *base, const struct fettle_firewall_options *o,
       const struct fettle_firewall_events *events, void *arg, void **ret_state,
       struct fettle_error *err)
{
  struct firewalld *s = calloc (1, sizeof *s);

  (void) o;
  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  *s = (struct firewalld) { .base = base, .events = events, .arg = arg };
  s->queue = fettle_rule_queue_new (base, &fettle_firewalld_driver, s);
  fettle_rule_queue_pause (s->queue, true);
  s->calm = evtimer_new (base, fettle_firewalld_on_calm, s);
  s->bus = fettle_bus_new (base, fettle_firewalld_on_bus, s);
  if (!s->calm || !s->bus) {
    stop (s);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  }
  *ret_state = s;
  return FETTLE_OK;
}

/* ---- The queue does the rest. ---- */

static void
open_holes (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *f,
            void *arg)
{
  fettle_rule_queue_open (((struct firewalld *) state)->queue, holes, n, f, arg);
}

static void
close_holes (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *f,
             void *arg)
{
  fettle_rule_queue_close (((struct firewalld *) state)->queue, holes, n, f, arg);
}

static void
settle (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *f, void *arg)
{
  fettle_rule_queue_settle (((struct firewalld *) state)->queue, holes, n, f, arg);
}

static void
status (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_status_done *f,
        void *arg)
{
  fettle_rule_queue_status (((struct firewalld *) state)->queue, holes, n, f, arg);
}

/* ---- For an administrator. ---- */

/* Root may; others are asked by removing a rule that can't be there. */
static fettle_result
may_change (sd_bus *bus, struct fettle_error *err)
{
  _cleanup_ (sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
  struct fettle_buf text = FETTLE_BUF_INIT (1024);
  int r;

  if (geteuid () == 0)
    return FETTLE_OK;
  fettle_firewalld_rule (&text, FETTLE_FIREWALLD_PRIORITY, 4, "192.0.2.1", "1", "tcp");
  r = sd_bus_call_method (bus, NAME, PATH, ZONE, "removeRichRule", &e, NULL, "ss", "",
                          fettle_buf_text (&text));
  fettle_buf_clear (&text);
  if (r >= 0 || fettle_firewalld_failed_as (&e, "NOT_ENABLED"))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_AUTH, "firewalld runs, but doesn't let this user change it: "
                           "%s", e.message ? e.message : strerror (-r));
}

static fettle_result
available (const struct fettle_firewall_options *o, struct fettle_error *err)
{
  _cleanup_ (sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
  _cleanup_ (sd_bus_message_unrefp) sd_bus_message *m = NULL;
  int has = 0, r = sd_bus_open_system (&bus);

  (void) o;
  if (r >= 0)
    r = sd_bus_set_method_call_timeout (bus, 2000000);
  if (r >= 0)
    r = sd_bus_call_method (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                            "org.freedesktop.DBus", "NameHasOwner", NULL, &m, "s", NAME);
  if (r >= 0)
    r = sd_bus_message_read (m, "b", &has);
  if (r < 0)
    return fettle_error_set (err, FETTLE_E_SERVICE, "the system bus, over which firewalld is "
                             "reached: %s", strerror (-r));
  if (!has)
    return fettle_error_set (err, FETTLE_E_SERVICE, "firewalld doesn't run");
  return may_change (bus, err);
}

static fettle_result
setup (const struct fettle_firewall_options *o, enum fettle_setup_action action,
       struct fettle_buf *ret, struct fettle_error *err)
{
  (void) o;
  (void) action;
  if (!fettle_buf_text_add (ret, "firewalld needs no setup: it takes rules with a time limit\n"))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory");
  return FETTLE_OK;
}

static fettle_result
describe (const struct fettle_firewall_options *o, const struct fettle_hole *holes, size_t n,
          struct fettle_buf *ret, struct fettle_error *err)
{
  char interface[IF_NAMESIZE];
  struct fettle_error none;
  bool ok = true;

  (void) o;
  for (size_t i = 0; i < n && ok; i++) {
    ok = fettle_buf_text_add (ret, "firewall-cmd ");
    if (fettle_route_interface (&holes[i].from, interface, &none) == FETTLE_OK)
      ok = ok && fettle_buf_printf (ret, "--zone=\"$(firewall-cmd --get-zone-of-interface=%s || "
                                    "firewall-cmd --get-default-zone)\" ", interface);
    if (holes[i].lifetime_s)
      ok = ok && fettle_buf_printf (ret, "--timeout=%us ", holes[i].lifetime_s);
    ok = ok && fettle_buf_text_add (ret, "--add-rich-rule='")
         && fettle_firewalld_hole (ret, FETTLE_FIREWALLD_PRIORITY, &holes[i])
         && fettle_buf_text_add (ret, "'\n");
  }
  return ok ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
}

const struct fettle_backend fettle_backend_firewalld = {
  .name = "firewalld",
  .title = "firewalld: rich rules with a time limit",
  .available = available,
  .start = start,
  .stop = stop,
  .open = open_holes,
  .close = close_holes,
  .settle = settle,
  .status = status,
  .look = look,
  .setup = setup,
  .describe = describe,
};
