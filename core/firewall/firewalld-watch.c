/* firewalld-watch.c - firewalld comes, reloads, goes: where rules belong then,
 * and what is lost.  See firewalld.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/firewalld.h"

enum { CALMS_MS = 100 };

static void
works (struct firewalld *s)
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
is_gone (struct firewalld *s, const char *text)
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
  struct firewalld *s = state;

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
  struct firewalld *s = state;
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
ask_zones (struct firewalld *s)
{
  s->asking = true;
  if (fettle_bus_call (s->bus, NAME, PATH, NAME, "getDefaultZone", on_default_zone, s, "") < 0)
    is_gone (s, "firewalld can't be asked: nothing can be opened until it is started again");
}

static int
on_reload_asked (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct firewalld *s = state;

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
begin (struct firewalld *s)
{
  if (s->left_behind
      && fettle_bus_call (s->bus, NAME, PATH, NAME, "reload", on_reload_asked, s, "") >= 0)
    s->left_behind = false;
  else
    ask_zones (s);
}

void
fettle_firewalld_on_calm (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  begin (arg);
}

/* Calls are kept until it is known where rules belong. */
static void
changed (struct firewalld *s, const char *why)
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
  struct firewalld *s = state;

  (void) m;
  (void) ret;
  fettle_rule_queue_forget (s->queue);
  changed (s, "firewalld was reloaded");
  return 0;
}

static int
on_zones_changed (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct firewalld *s = state;

  (void) m;
  (void) ret;
  if (s->runs)
    changed (s, "firewalld's zones have changed");
  return 0;
}

static int
on_owner (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct firewalld *s = state;
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
  struct firewalld *s = state;
  int has = 0;

  (void) ret;
  if (sd_bus_message_get_error (m) || sd_bus_message_read (m, "b", &has) < 0 || !has)
    is_gone (s, "firewalld doesn't run: nothing can be opened until it is started");
  else
    begin (s);
  return 1;
}

/* The signals are asked for before the first question, so that nothing is missed. */
void
fettle_firewalld_on_bus (void *state, bool connected)
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
  struct firewalld *s = state;
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
