/* items.c - items and nodes, made of what was read of an enclosure.
 *
 * The two OAs are one node, since they are updated in one go; both have the
 * same match, so that the older of them decides whether that is to be done.
 * iLOs and interconnect modules are nodes of their own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/util.h>

#include "oa.h"

/* Which node type an interconnect is, by words of its product's name: the
 * first row that fits.  NULL: nothing that Fettle could talk to. */
static const struct {
  const char *word, *type;
} modules[] = {
  { "Pass-Thru",       NULL         }, { "Pass Thru",        NULL         }, { "Passthru",    NULL        },
  { "Virtual Connect", "vc"         }, { "HP VC",            "vc"         }, { "HPE VC",      "vc"        },
  { "SAS BL",          "sas-switch" }, { "SAS Switch",       "sas-switch" }, { "SAN Switch",  "fc-switch" },
  { "Brocade",         "fc-switch"  }, { "MDS",              "fc-switch"  }, { "Fibre Channel", "fc-switch" },
};

struct telling {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct oa_enclosure *e;
  int ilo_updates; /* iLO firmware goes through the OA */
  int servers;     /* what runs on blades is a node, too */
};

/* ---- items ---- */

static fettle_result
add (const struct telling *x, const char *id, const char *kind, const char *name, const char *version,
     const char *location, const char *match)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.flags = match ? FETTLE_ITEM_UPDATEABLE : 0;
  item.id = id;
  item.kind = kind;
  item.name = name;
  item.version = version;
  item.scheme = strncmp (id, "oa:", 3) == 0 ? "dotted" : "hpe";
  item.match = match;
  item.location = location;
  return x->h->add_item (x->c, &item);
}

/* Hardware, with the firmware that is known of it. */
static fettle_result
add_thing (const struct telling *x, const struct oa_thing *t, const char *id, const char *place,
           const char *nameless)
{
  char where[24];

  snprintf (where, sizeof where, "%s %s", place, t->bay);
  return add (x, id, t->firmware[0] ? "firmware" : "hardware", t->name[0] ? t->name : nameless, t->firmware,
              where, NULL);
}

static fettle_result
tell_enclosure (const struct telling *x)
{
  const struct oa_enclosure *e = x->e;
  fettle_result r = FETTLE_OK;

  if (e->model[0])
    r = add (x, "enclosure", "hardware", e->model, "", e->name[0] ? e->name : NULL, NULL);
  if (r == FETTLE_OK && e->serial[0])
    r = add (x, "serial", "hardware", "Serial number", e->serial, NULL, NULL);
  return r;
}

static fettle_result
tell_manager (const struct telling *x, const struct oa_thing *t)
{
  char id[24], where[48];

  snprintf (id, sizeof id, "oa:%s", t->bay);
  snprintf (where, sizeof where, "OA bay %s%s", t->bay, strcmp (t->role, "ACTIVE") == 0 ? ", active"
            : strcmp (t->role, "STANDBY") == 0 ? ", standby" : "");
  return add (x, id, "firmware", t->name[0] ? t->name : "Onboard Administrator", t->firmware, where, "oa:firmware");
}

void
oa_ilo_match (const char *mp, char ret[16])
{
  const char *at = strstr (mp, "iLO");

  ret[0] = '\0';
  at = at ? at + 3 + strspn (at + 3, " ") : NULL;
  if (at && *at >= '2' && *at <= '9')
    snprintf (ret, 16, "oa:ilo%c", *at);
}

/* A blade is hardware; its iLO and its ROM are nodes' own firmware, seen here. */
static fettle_result
tell_blade (const struct telling *x, const struct oa_thing *t)
{
  char id[24], where[24], match[16];
  fettle_result r;

  snprintf (where, sizeof where, "Blade bay %s", t->bay);
  snprintf (id, sizeof id, "blade:%s", t->bay);
  r = add (x, id, "hardware", t->name[0] ? t->name : "Blade", "", where, NULL);
  oa_ilo_match (t->mp, match);
  snprintf (id, sizeof id, "blade:%s/ilo", t->bay);
  if (r == FETTLE_OK && t->firmware[0])
    r = add (x, id, "firmware", t->mp[0] ? t->mp : "Management processor", t->firmware, where,
             match[0] && x->ilo_updates ? match : NULL);
  snprintf (id, sizeof id, "blade:%s/rom", t->bay);
  if (r == FETTLE_OK && t->rom[0])
    r = add (x, id, "firmware", "System ROM", t->rom, where, NULL);
  snprintf (id, sizeof id, "blade:%s/pic", t->bay);
  if (r == FETTLE_OK && t->pic[0])
    r = add (x, id, "firmware", "Power management controller", t->pic, where, NULL);
  snprintf (id, sizeof id, "blade:%s/server", t->bay);
  if (r == FETTLE_OK && t->server[0])
    r = add (x, id, "hardware", "Server name", t->server, where, NULL);
  return r;
}

static fettle_result
tell_thing (const struct telling *x, const struct oa_thing *t)
{
  char id[32];

  switch (t->kind) {
  case OA_MANAGER:
    return tell_manager (x, t);
  case OA_BLADE:
    return tell_blade (x, t);
  case OA_MODULE:
    snprintf (id, sizeof id, "interconnect:%s", t->bay);
    return add_thing (x, t, id, "Interconnect bay", "Interconnect module");
  case OA_FAN:
    snprintf (id, sizeof id, "fan:%s", t->bay);
    return add_thing (x, t, id, "Fan bay", "Fan");
  case OA_POWER:
    snprintf (id, sizeof id, "power:%s", t->bay);
    return add_thing (x, t, id, "Power bay", "Power supply");
  case OA_LCD:
    snprintf (id, sizeof id, "lcd:%s", t->bay);
    return add_thing (x, t, id, "Display", "Display");
  }
  return FETTLE_OK;
}

/* ---- nodes ---- */

static const char *
module_type (const struct oa_thing *t)
{
  size_t i;

  for (i = 0; i < FETTLE_COUNT (modules); i++)
    if (strstr (t->name, modules[i].word))
      return modules[i].type;
  return NULL;
}

/* An iLO's name in the DNS without a domain in front of nothing: ".example". */
static const char *
host_name (const struct oa_thing *t)
{
  return t->host[0] && t->host[0] != '.' && !strchr (t->host, ' ') ? t->host : NULL;
}

static fettle_result
add_node (const struct telling *x, const char *type, const struct oa_thing *t, const char *name,
          const char *place, const char *pair, uint32_t relation)
{
  struct fettle_found found;
  char where[40];

  snprintf (where, sizeof where, "%s %s", place, t->bay);
  if (!t->address[0]) {
    fettle_say (x->h, x->c, FETTLE_LOG_WARNING, "what is in %s (%s) has no address that it can be reached by: it"
                " isn't added", where, t->name[0] ? t->name : type);
    return FETTLE_OK;
  }
  memset (&found, 0, sizeof found);
  found.struct_size = sizeof found;
  found.address = t->address;
  found.type = type;
  found.name = name;
  found.location = where;
  found.pair = pair;
  found.relation = relation;
  return x->h->add_node (x->c, &found);
}

/* Modules side by side have the same fabric: 1 and 2, 3 and 4, ... */
static fettle_result
tell_module_node (const struct telling *x, const struct oa_thing *t)
{
  const char *type = module_type (t);
  char pair[32];

  if (!type)
    return FETTLE_OK;
  snprintf (pair, sizeof pair, "interconnect %u", ((unsigned) atoi (t->bay) + 1) / 2 % 100);
  return add_node (x, type, t, NULL, "Interconnect bay", pair, FETTLE_FOUND_MEMBER);
}

/* An OA knows servers by the names that they tell it, without addresses: the
 * service resolves them. */
static fettle_result
tell_server_node (const struct telling *x, const struct oa_thing *t)
{
  static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
  struct fettle_found found;
  char where[24];

  if (!x->servers || !t->server[0])
    return FETTLE_OK;
  snprintf (where, sizeof where, "Blade bay %s", t->bay);
  if (strspn (t->server, good) != strlen (t->server)) {
    fettle_say (x->h, x->c, FETTLE_LOG_INFO, "the server in %s isn't added: \"%s\" is no name by which it could be"
                " reached", where, t->server);
    return FETTLE_OK;
  }
  memset (&found, 0, sizeof found);
  found.struct_size = sizeof found;
  found.address = t->server;
  found.location = where;
  found.relation = FETTLE_FOUND_MEMBER;
  return x->h->add_node (x->c, &found);
}

static fettle_result
tell_nodes (const struct telling *x)
{
  const struct oa_thing *t = NULL;
  char match[16];
  fettle_result r = FETTLE_OK;

  while (r == FETTLE_OK && (t = oa_thing_next (x->e, OA_MODULE, t)))
    r = tell_module_node (x, t);
  while (r == FETTLE_OK && (t = oa_thing_next (x->e, OA_BLADE, t))) {
    oa_ilo_match (t->mp, match);
    if (match[0] || (!t->mp[0] && t->address[0])) /* an old OA doesn't say what it is */
      r = add_node (x, match[0] ? "ilo" : NULL, t, host_name (t), "Blade bay", NULL, FETTLE_FOUND_MEMBER);
    if (r == FETTLE_OK)
      r = tell_server_node (x, t);
  }
  return r;
}

/* ---- a standby ---- */

void
oa_name_active (const struct oa_enclosure *e, char *ret, size_t size)
{
  const struct oa_thing *t = oa_active (e);

  if (!t)
    snprintf (ret, size, "this is the enclosure's standby OA: talk to the active one, which it doesn't name");
  else
    snprintf (ret, size, "this is the enclosure's standby OA: talk to the active one instead, in bay %s%s%s%s%s",
              t->bay, t->address[0] ? " at " : "", t->address, t->host[0] ? ", " : "", t->host);
}

/* It knows both OAs, and of all else only the active one has a word to say. */
static fettle_result
tell_standby (const struct telling *x)
{
  const struct oa_thing *active = oa_active (x->e), *t = NULL;
  char text[300];
  fettle_result r = FETTLE_OK;

  oa_name_active (x->e, text, sizeof text);
  x->h->log (x->c, FETTLE_LOG_WARNING, text);
  while (r == FETTLE_OK && (t = oa_thing_next (x->e, OA_MANAGER, t)))
    r = tell_manager (x, t);
  if (r == FETTLE_OK)
    r = add (x, "role", "hardware", "Standby OA", "", active && active->address[0] ? active->address : NULL, NULL);
  if (r == FETTLE_OK && active && active->address[0])
    r = add_node (x, "oa", active, host_name (active), "OA bay", NULL, FETTLE_FOUND_PEER);
  return r;
}

fettle_result
oa_tell (OA_CALL, const struct oa_enclosure *e)
{
  struct telling x = { h, c, e, oa_says_yes (h, c, "ilo_updates"), oa_says_yes (h, c, "servers") };
  fettle_result r;
  size_t i;

  (void) t;
  if (oa_is_standby (e))
    return tell_standby (&x);
  if (e->left_out)
    fettle_say (h, c, FETTLE_LOG_WARNING, "the enclosure names more bays than one has: %u are left out",
                (unsigned) e->left_out);
  r = tell_enclosure (&x);
  for (i = 0; r == FETTLE_OK && i < e->n; i++)
    r = tell_thing (&x, &e->things[i]);
  return r == FETTLE_OK ? tell_nodes (&x) : r;
}
