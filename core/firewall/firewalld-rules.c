/* firewalld-rules.c - rich rules of firewalld: their words, and how the queue
 * adds, removes and lists them.  See firewalld.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/firewalld.h"
#include "firewall/route.h"

/* ---- Rules: "ZONE RULE". ---- */

bool
fettle_firewalld_rule (struct fettle_buf *ret, unsigned priority, unsigned family,
                       const char *address, const char *ports, const char *protocol)
{
  return fettle_buf_printf (ret, "rule priority=\"%u\" family=\"ipv%u\" source address=\"%s\" "
                            "port port=\"%s\" protocol=\"%s\" accept", priority, family, address,
                            ports, protocol);
}

bool
fettle_firewalld_hole (struct fettle_buf *ret, unsigned priority, const struct fettle_hole *h)
{
  char address[FETTLE_ADDRESS_TEXT], ports[16];

  fettle_address_text (&h->from, address);
  address[strcspn (address, "%")] = '\0';
  snprintf (ports, sizeof ports, h->first == h->last ? "%u" : "%u-%u", h->first, h->last);
  return fettle_firewalld_rule (ret, priority, h->from.family, address, ports,
                    h->protocol == FETTLE_UDP ? "udp" : "tcp");
}

static fettle_result
rule (void *state, const struct fettle_hole *h, unsigned twin, struct fettle_buf *ret,
      struct fettle_error *err)
{
  struct firewalld *s = state;
  char interface[IF_NAMESIZE] = "";
  struct fettle_error why;

  if (fettle_route_interface (&h->from, interface, &why))
    interface[0] = '\0'; /* the default zone */
  if (!fettle_buf_printf (ret, "%s ", fettle_zone_of (&s->zones, &h->from, interface))
      || !fettle_firewalld_hole (ret, FETTLE_FIREWALLD_PRIORITY + twin, h))
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
              ports, protocol) != 5 || priority < FETTLE_FIREWALLD_PRIORITY
      || priority > FETTLE_FIREWALLD_PRIORITY + 1)
    return false;
  ours = !strchr (address, '/')
         && fettle_firewalld_rule (&again, priority, family, address, ports, protocol)
         && strcmp (fettle_buf_text (&again), text) == 0;
  fettle_buf_clear (&again);
  return ours;
}

/* ---- Calls. ---- */

const char *
fettle_firewalld_split (const char *rule, char zone[FETTLE_ZONE_NAME])
{
  size_t n = strcspn (rule, " ");

  snprintf (zone, FETTLE_ZONE_NAME, "%.*s", (int) n, rule);
  return rule + n + 1;
}

bool
fettle_firewalld_failed_as (const sd_bus_error *e, const char *word)
{
  return e && e->message && strncmp (e->message, word, strlen (word)) == 0;
}

static void
done (struct firewalld *s, const sd_bus_error *e)
{
  char text[400];

  snprintf (text, sizeof text, "firewalld: %s", e && e->message ? e->message : e ? e->name : "");
  fettle_rule_queue_done (s->queue, e ? FETTLE_E_SERVICE : FETTLE_OK, text);
}

static void
not_asked (struct firewalld *s, int r)
{
  char text[200];

  snprintf (text, sizeof text, "asking firewalld: %s", strerror (-r));
  fettle_rule_queue_done (s->queue, FETTLE_E_SERVICE, text);
}

/* False, and answered: firewalld isn't there. */
static bool
is_there (struct firewalld *s)
{
  if (!s->runs)
    fettle_rule_queue_done (s->queue, FETTLE_E_SERVICE, "firewalld doesn't run: its rules are gone, "
                            "and come back with it");
  return s->runs;
}

static int on_added (sd_bus_message *, void *state, sd_bus_error *);

static void
add_item (struct firewalld *s)
{
  char zone[FETTLE_ZONE_NAME];
  const char *text = fettle_firewalld_split (s->item->rule, zone);
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
  struct firewalld *s = state;
  const sd_bus_error *e = sd_bus_message_get_error (m);
  char zone[FETTLE_ZONE_NAME];
  const char *text;
  int r;

  (void) ret;
  if (!fettle_firewalld_failed_as (e, "ALREADY_ENABLED") || s->repeated) {
    done (s, e);
    return 1;
  }
  s->repeated = true;
  text = fettle_firewalld_split (s->item->rule, zone);
  r = fettle_bus_call (s->bus, NAME, PATH, ZONE, "removeRichRule", on_removed_first, s, "ss", zone,
                       text);
  if (r < 0)
    not_asked (s, r);
  return 1;
}

static void
add (void *state, const struct fettle_rule_item *items, size_t n)
{
  struct firewalld *s = state;

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
  struct firewalld *s = state;
  char zone[FETTLE_ZONE_NAME];
  const char *path;

  (void) ret;
  if (sd_bus_message_get_error (m) || sd_bus_message_read (m, "o", &path) < 0
      || fettle_bus_call (s->bus, NAME, path, CONFIG ".zone", "removeRichRule",
                          on_permanent_removed, s, "s",
                          fettle_firewalld_split (s->item->rule, zone)) < 0)
    done (s, NULL);
  return 1;
}

static int
on_removed (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct firewalld *s = state;
  const sd_bus_error *e = sd_bus_message_get_error (m);
  char zone[FETTLE_ZONE_NAME];

  (void) ret;
  if (fettle_firewalld_failed_as (e, "NOT_ENABLED")
      || fettle_firewalld_failed_as (e, "INVALID_ZONE"))
    e = NULL;
  fettle_firewalld_split (s->item->rule, zone);
  if (e || s->item->hole
      || fettle_bus_call (s->bus, NAME, PATH "/config", CONFIG, "getZoneByName", on_permanent_zone,
                          s, "s", zone) < 0)
    done (s, e);
  return 1;
}

static void
remove_item (void *state, const struct fettle_rule_item *items, size_t n)
{
  struct firewalld *s = state;
  char zone[FETTLE_ZONE_NAME];
  const char *text = fettle_firewalld_split (items->rule, zone);
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
next_zone (struct firewalld *s)
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
take_rule (struct firewalld *s, const char *text)
{
  struct fettle_buf whole = FETTLE_BUF_INIT (1024 + FETTLE_ZONE_NAME);

  if (is_ours (text) && fettle_buf_printf (&whole, "%s %s", s->names.names[s->at_name], text))
    fettle_rule_queue_listed (s->queue, fettle_buf_text (&whole));
  fettle_buf_clear (&whole);
}

static int
on_rules (sd_bus_message *m, void *state, sd_bus_error *ret)
{
  struct firewalld *s = state;
  const sd_bus_error *e = sd_bus_message_get_error (m);
  const char *text;

  (void) ret;
  if (e && !fettle_firewalld_failed_as (e, "INVALID_ZONE")) {
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
  struct firewalld *s = state;
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
  struct firewalld *s = state;
  int r;

  if (!is_there (s))
    return;
  r = fettle_bus_call (s->bus, NAME, PATH, ZONE, "getZones", on_zone_names, s, "");
  if (r < 0)
    not_asked (s, r);
}

const struct fettle_rule_driver fettle_firewalld_driver = {
  .reopen = FETTLE_REOPEN_SWAP, .batch = 1, .rule = rule, .add = add, .remove = remove_item,
  .list = list,
};
