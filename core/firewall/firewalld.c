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
 * second case it is asked to reload first (see begin).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <event2/event.h>
#include <time.h>

#include "firewall/backends.h"
#include "firewall/bus.h"
#include "firewall/route.h"
#include "firewall/rule-queue.h"
#include "firewall/zones.h"

enum { PRIORITY = 30630, CALMS_MS = 100, STOP_MS = 1000 };

#define NAME   "org.fedoraproject.FirewallD1"
#define PATH   "/org/fedoraproject/FirewallD1"
#define ZONE   NAME ".zone"
#define CONFIG NAME ".config"

struct state {
  struct event_base *base;
  const struct fettle_firewall_events *events;
  void *arg;
  struct fettle_bus *bus;
  struct fettle_rule_queue *queue;
  struct fettle_zones zones;
  struct event *calm;         /* signals come in bursts */
  bool runs, has_worked, asking;
  bool left_behind;           /* it ended with rules of ours */
  const char *why;            /* what is lost, to be told when it works again */
  /* The queue's call. */
  const struct fettle_rule_item *item;
  bool repeated;              /* it was there, and was removed first */
  struct fettle_zone_names names;
  size_t at_name;
  struct question *questions;
  /* stop */
  size_t awaited;
};

/* ---- Rules: "ZONE RULE". ---- */

static bool
rule_text (struct fettle_buf *ret, unsigned priority, unsigned family, const char *address,
           const char *ports, const char *protocol)
{
  return fettle_buf_printf (ret, "rule priority=\"%u\" family=\"ipv%u\" source address=\"%s\" "
                            "port port=\"%s\" protocol=\"%s\" accept", priority, family, address,
                            ports, protocol);
}

static bool
hole_text (struct fettle_buf *ret, unsigned priority, const struct fettle_hole *h)
{
  char address[FETTLE_ADDRESS_TEXT], ports[16];

  fettle_address_text (&h->from, address);
  address[strcspn (address, "%")] = '\0';
  snprintf (ports, sizeof ports, h->first == h->last ? "%u" : "%u-%u", h->first, h->last);
  return rule_text (ret, priority, h->from.family, address, ports,
                    h->protocol == FETTLE_UDP ? "udp" : "tcp");
}

static fettle_result
rule (void *state, const struct fettle_hole *h, unsigned twin, struct fettle_buf *ret,
      struct fettle_error *err)
{
  struct state *s = state;
  char interface[IF_NAMESIZE] = "";
  struct fettle_error why;

  if (fettle_route_interface (&h->from, interface, &why))
    interface[0] = '\0'; /* the default zone */
  if (!fettle_buf_printf (ret, "%s ", fettle_zone_of (&s->zones, &h->from, interface))
      || !hole_text (ret, PRIORITY + twin, h))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a rule of firewalld");
  return FETTLE_OK;
}

/* It is if it says what we would, word by word. */
static bool
is_ours (const char *text)
{
  struct fettle_buf again = FETTLE_BUF_INIT (1024);
  char address[64], ports[16], protocol[8];
  unsigned priority, family;
  bool ours;

  if (sscanf (text, "rule priority=\"%5u\" family=\"ipv%1u\" source address=\"%63[^\"]\" "
              "port port=\"%15[^\"]\" protocol=\"%7[^\"]\" accept", &priority, &family, address,
              ports, protocol) != 5 || priority < PRIORITY || priority > PRIORITY + 1)
    return false;
  ours = !strchr (address, '/') && rule_text (&again, priority, family, address, ports, protocol)
         && strcmp (fettle_buf_text (&again), text) == 0;
  fettle_buf_clear (&again);
  return ours;
}

/* ---- Calls. ---- */

/* Splits "ZONE RULE". */
static const char *
split (const char *rule, char zone[FETTLE_ZONE_NAME])
{
  size_t n = strcspn (rule, " ");

  snprintf (zone, FETTLE_ZONE_NAME, "%.*s", (int) n, rule);
  return rule + n + 1;
}

static bool
failed_as (const sd_bus_error *e, const char *word)
{
  return e && e->message && strncmp (e->message, word, strlen (word)) == 0;
}

static void
done (struct state *s, const sd_bus_error *e)
{
  char text[400];

  snprintf (text, sizeof text, "firewalld: %s", e && e->message ? e->message : e ? e->name : "");
  fettle_rule_queue_done (s->queue, e ? FETTLE_E_SERVICE : FETTLE_OK, text);
}

static void
not_asked (struct state *s, int r)
{
  char text[200];

  snprintf (text, sizeof text, "asking firewalld: %s", strerror (-r));
  fettle_rule_queue_done (s->queue, FETTLE_E_SERVICE, text);
}

/* False, and answered: firewalld isn't there. */
static bool
is_there (struct state *s)
{
  if (!s->runs)
    fettle_rule_queue_done (s->queue, FETTLE_E_SERVICE, "firewalld doesn't run: its rules are gone, "
                            "and come back with it");
  return s->runs;
}

static int on_added (sd_bus_message *, void *state, sd_bus_error *);

static void
add_item (struct state *s)
{
  char zone[FETTLE_ZONE_NAME];
  const char *text = split (s->item->rule, zone);
  int r = fettle_bus_call (s->bus, NAME, PATH, ZONE, "addRichRule", on_added, s, "ssi", zone, text,
                           (int32_t) s->item->hole->lifetime_s);

  if (r < 0)
    not_asked (s, r);
}

static int
on_removed_first (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  (void) m;
  (void) ret;
  add_item (state);
  return 1;
}

/* One that is there already has another timeout, or none: it is removed first. */
static int
on_added (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;
  const sd_bus_error *e = sd_bus_message_get_error (m);
  char zone[FETTLE_ZONE_NAME];
  const char *text;
  int r;

  (void) ret;
  if (!failed_as (e, "ALREADY_ENABLED") || s->repeated) {
    done (s, e);
    return 1;
  }
  s->repeated = true;
  text = split (s->item->rule, zone);
  r = fettle_bus_call (s->bus, NAME, PATH, ZONE, "removeRichRule", on_removed_first, s, "ss", zone,
                       text);
  if (r < 0)
    not_asked (s, r);
  return 1;
}

static void
add (void *state, const struct fettle_rule_item *items, size_t n)
{
  struct state *s = state;

  (void) n;
  s->item = items;
  s->repeated = false;
  if (is_there (s))
    add_item (s);
}

/* Somebody may have made runtime rules permanent while it was open: what is
 * left over is removed there, too.  Of the answer, only that it came counts:
 * usually there is no such rule. */
static int
on_permanent_removed (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  (void) m;
  (void) ret;
  done (state, NULL);
  return 1;
}

static int
on_permanent_zone (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;
  char zone[FETTLE_ZONE_NAME];
  const char *path;

  (void) ret;
  if (sd_bus_message_get_error (m) || sd_bus_message_read (m, "o", &path) < 0
      || fettle_bus_call (s->bus, NAME, path, CONFIG ".zone", "removeRichRule",
                          on_permanent_removed, s, "s", split (s->item->rule, zone)) < 0)
    done (s, NULL);
  return 1;
}

static int
on_removed (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;
  const sd_bus_error *e = sd_bus_message_get_error (m);
  char zone[FETTLE_ZONE_NAME];

  (void) ret;
  if (failed_as (e, "NOT_ENABLED") || failed_as (e, "INVALID_ZONE"))
    e = NULL;
  split (s->item->rule, zone);
  if (e || s->item->hole
      || fettle_bus_call (s->bus, NAME, PATH "/config", CONFIG, "getZoneByName", on_permanent_zone,
                          s, "s", zone) < 0)
    done (s, e);
  return 1;
}

static void
remove_item (void *state, const struct fettle_rule_item *items, size_t n)
{
  struct state *s = state;
  char zone[FETTLE_ZONE_NAME];
  const char *text = split (items->rule, zone);
  int r;

  (void) n;
  s->item = items;
  if (!is_there (s))
    return;
  r = fettle_bus_call (s->bus, NAME, PATH, ZONE, "removeRichRule", on_removed, s, "ss", zone, text);
  if (r < 0)
    not_asked (s, r);
}

/* ---- List: the rules of each zone, in use or not. ---- */

static int on_rules (sd_bus_message *, void *state, sd_bus_error *);

static void
next_zone (struct state *s)
{
  int r;

  if (s->at_name == s->names.n) {
    done (s, NULL);
    return;
  }
  r = fettle_bus_call (s->bus, NAME, PATH, ZONE, "getRichRules", on_rules, s, "s",
                       s->names.names[s->at_name]);
  if (r < 0)
    not_asked (s, r);
}

static void
take_rule (struct state *s, const char *text)
{
  struct fettle_buf whole = FETTLE_BUF_INIT (1024 + FETTLE_ZONE_NAME);

  if (is_ours (text) && fettle_buf_printf (&whole, "%s %s", s->names.names[s->at_name], text))
    fettle_rule_queue_listed (s->queue, fettle_buf_text (&whole));
  fettle_buf_clear (&whole);
}

static int
on_rules (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;
  const sd_bus_error *e = sd_bus_message_get_error (m);
  const char *text;

  (void) ret;
  if (e && !failed_as (e, "INVALID_ZONE")) {
    done (s, e);
    return 1;
  }
  if (!e && sd_bus_message_enter_container (m, 'a', "s") > 0)
    while (sd_bus_message_read (m, "s", &text) > 0)
      take_rule (s, text);
  s->at_name++;
  next_zone (s);
  return 1;
}

static int
on_zone_names (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;
  const sd_bus_error *e = sd_bus_message_get_error (m);

  (void) ret;
  s->at_name = 0;
  if (e)
    done (s, e);
  else if (!fettle_zone_names_read (&s->names, m))
    fettle_rule_queue_done (s->queue, FETTLE_E_PROTOCOL, "firewalld's zones can't be read");
  else
    next_zone (s);
  return 1;
}

static void
list (void *state)
{
  struct state *s = state;
  int r;

  if (!is_there (s))
    return;
  r = fettle_bus_call (s->bus, NAME, PATH, ZONE, "getZones", on_zone_names, s, "");
  if (r < 0)
    not_asked (s, r);
}

static const struct fettle_rule_driver driver = {
  .reopen = FETTLE_REOPEN_SWAP, .batch = 1, .rule = rule, .add = add, .remove = remove_item,
  .list = list,
};

/* ---- firewalld comes, reloads, goes. ---- */

static void
works (struct state *s)
{
  s->asking = false;
  s->runs = true;
  fettle_rule_queue_pause (s->queue, false);
  if (s->has_worked && s->why)
    s->events->lost (s->arg, s->why);
  s->has_worked = true;
  s->why = NULL;
}

static void
is_gone (struct state *s, const char *text)
{
  s->asking = s->runs = false;
  s->left_behind = s->left_behind || fettle_rule_queue_size (s->queue) > 0;
  fettle_rule_queue_forget (s->queue);
  fettle_rule_queue_pause (s->queue, false); /* calls fail now */
  s->events->notice (s->arg, text);
}

static int
on_active_zones (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;

  (void) ret;
  if (!s->asking)
    return 1;
  if (sd_bus_message_get_error (m) || !fettle_zones_read (&s->zones, m))
    is_gone (s, "firewalld doesn't tell its zones: nothing can be opened until it is reloaded");
  else
    works (s);
  return 1;
}

static int
on_default_zone (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;
  const char *name;

  (void) ret;
  if (!s->asking)
    return 1;
  if (sd_bus_message_get_error (m) || sd_bus_message_read (m, "s", &name) < 0
      || fettle_bus_call (s->bus, NAME, PATH, ZONE, "getActiveZones", on_active_zones, s, "") < 0) {
    is_gone (s, "firewalld doesn't answer: nothing can be opened until it is started again");
    return 1;
  }
  snprintf (s->zones.initial, sizeof s->zones.initial, "%s", name);
  return 1;
}

static void
ask_zones (struct state *s)
{
  s->asking = true;
  if (fettle_bus_call (s->bus, NAME, PATH, NAME, "getDefaultZone", on_default_zone, s, "") < 0)
    is_gone (s, "firewalld can't be asked: nothing can be opened until it is started again");
}

static int
on_reload_asked (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;

  (void) ret;
  if (!sd_bus_message_get_error (m))
    return 1; /* `Reloaded` comes, too */
  s->events->notice (s->arg, "firewalld was started again, but doesn't reload: if it was killed, "
                             "holes of before stay open until it does");
  ask_zones (s);
  return 1;
}

/* A firewalld that was killed leaves its rules in the kernel, and the next one
 * (1.3, for one) puts its own beside them: ours would stay open for ever.
 * When it reloads, it drops them. */
static void
begin (struct state *s)
{
  if (s->left_behind
      && fettle_bus_call (s->bus, NAME, PATH, NAME, "reload", on_reload_asked, s, "") >= 0)
    s->left_behind = false;
  else
    ask_zones (s);
}

static void
on_calm (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  begin (arg);
}

/* Calls are kept until it is known where rules belong. */
static void
changed (struct state *s, const char *why)
{
  const struct timeval t = { 0, CALMS_MS * 1000 };

  s->why = why;
  s->asking = false;
  fettle_rule_queue_pause (s->queue, true);
  event_add (s->calm, &t);
}

static int
on_reloaded (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;

  (void) m;
  (void) ret;
  fettle_rule_queue_forget (s->queue);
  changed (s, "firewalld was reloaded");
  return 0;
}

static int
on_zones_changed (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;

  (void) m;
  (void) ret;
  if (s->runs)
    changed (s, "firewalld's zones have changed");
  return 0;
}

static int
on_owner (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;
  const char *name, *old, *new;

  (void) ret;
  if (sd_bus_message_read (m, "sss", &name, &old, &new) < 0 || strcmp (name, NAME) != 0)
    return 0;
  event_del (s->calm);
  if (*new) {
    fettle_rule_queue_forget (s->queue);
    changed (s, "firewalld was started again");
  } else
    is_gone (s, "firewalld has ended: what was open is closed when it comes back, and opened "
                "again then");
  return 0;
}

static int
on_has_owner (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct state *s = state;
  int has = 0;

  (void) ret;
  if (sd_bus_message_get_error (m) || sd_bus_message_read (m, "b", &has) < 0 || !has)
    is_gone (s, "firewalld doesn't run: nothing can be opened until it is started");
  else
    begin (s);
  return 1;
}

/* The signals are asked for before the first question, so that nothing is missed. */
static void
on_bus (void *state, bool connected)
{
  static const struct { const char *interface, *member; sd_bus_message_handler_t f; } signals[] = {
    { NAME, "Reloaded",               on_reloaded },
    { NAME, "DefaultZoneChanged",     on_zones_changed },
    { ZONE, "InterfaceAdded",         on_zones_changed },
    { ZONE, "InterfaceRemoved",       on_zones_changed },
    { ZONE, "ZoneOfInterfaceChanged", on_zones_changed },
    { ZONE, "SourceAdded",            on_zones_changed },
    { ZONE, "SourceRemoved",          on_zones_changed },
    { ZONE, "ZoneOfSourceChanged",    on_zones_changed },
  };
  struct state *s = state;
  int r;

  if (!connected) {
    event_del (s->calm);
    is_gone (s, "the system bus is gone, and firewalld with it");
    s->why = "the system bus is back";
    return;
  }
  r = fettle_bus_match (s->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                        "org.freedesktop.DBus", "NameOwnerChanged", on_owner, s);
  for (size_t i = 0; i < COUNT (signals) && r >= 0; i++)
    r = fettle_bus_match (s->bus, NAME, PATH, signals[i].interface, signals[i].member,
                          signals[i].f, s);
  if (r < 0
      || fettle_bus_call (s->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "NameHasOwner", on_has_owner, s, "s", NAME) < 0)
    is_gone (s, "the system bus can't be used");
  else
    fettle_rule_queue_pause (s->queue, true);
}

/* ---- What stands in the way: panic mode, or firewalld that is gone. ---- */

struct question {
  struct state *state;
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
  struct state *s = state;
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
  struct state *s = state;

  (void) m;
  (void) ret;
  s->awaited--;
  return 1;
}

static void
remove_last (void *state, const char *text)
{
  struct state *s = state;
  char zone[FETTLE_ZONE_NAME];
  const char *rich = split (text, zone);

  if (fettle_bus_call (s->bus, NAME, PATH, ZONE, "removeRichRule", on_last_removed, s, "ss", zone,
                       rich) >= 0)
    s->awaited++;
}

static void
stop (void *state)
{
  struct state *s = state;

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
  struct state *s = calloc (1, sizeof *s);

  (void) o;
  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  *s = (struct state) { .base = base, .events = events, .arg = arg };
  s->queue = fettle_rule_queue_new (base, &driver, s);
  fettle_rule_queue_pause (s->queue, true);
  s->calm = evtimer_new (base, on_calm, s);
  s->bus = fettle_bus_new (base, on_bus, s);
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
  fettle_rule_queue_open (((struct state *) state)->queue, holes, n, f, arg);
}

static void
close_holes (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *f,
             void *arg)
{
  fettle_rule_queue_close (((struct state *) state)->queue, holes, n, f, arg);
}

static void
settle (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_done *f, void *arg)
{
  fettle_rule_queue_settle (((struct state *) state)->queue, holes, n, f, arg);
}

static void
status (void *state, const struct fettle_hole *holes, size_t n, fettle_firewall_status_done *f,
        void *arg)
{
  fettle_rule_queue_status (((struct state *) state)->queue, holes, n, f, arg);
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
  rule_text (&text, PRIORITY, 4, "192.0.2.1", "1", "tcp");
  r = sd_bus_call_method (bus, NAME, PATH, ZONE, "removeRichRule", &e, NULL, "ss", "",
                          fettle_buf_text (&text));
  fettle_buf_clear (&text);
  if (r >= 0 || failed_as (&e, "NOT_ENABLED"))
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
    ok = ok && fettle_buf_text_add (ret, "--add-rich-rule='") && hole_text (ret, PRIORITY, &holes[i])
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
