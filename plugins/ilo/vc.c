/* vc.c - Virtual Connect: the inventory of a domain, over SSH at its primary
 * module, which knows of all others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/dialogue.h>
#include <fettle/services.h>
#include <fettle/util.h>

#include "vc.h"

#define PROMPT "^[A-Za-z0-9_.-]*-> ?$"

/* Its command line has no update.  HPE's program for it has, but takes both
 * passwords as arguments, which every user of the machine could read. */
#define WHY_NOT "Virtual Connect is updated by HPE's program VCSU alone, which Fettle doesn't run, since it takes passwords"  \
  " as arguments, for all on this machine to read.  Run it yourself, when the domain is healthy: vcsu -a update"            \
  " -i ADDRESS-OF-THE-OA -u OA-USER -p PASSWORD -vcu VC-USER -vcp PASSWORD -l "

struct vc {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  struct fettle_dialogue *d;
  int elsewhere; /* another module speaks for the domain, and has been named */
};

static fettle_result
open_vc (struct vc *v, int probing)
{
  static const struct fettle_dialogue_rule more[] = { FETTLE_DIALOGUE_MORE };
  struct fettle_dialogue_options o;

  memset (&o, 0, sizeof o);
  o.port = 22;
  o.flags = FETTLE_SSH_TERMINAL;
  o.prompt = PROMPT;
  if (probing) { /* a server's shell has another prompt */
    o.time_ms = 15000;
    o.still_ms = 3000;
  }
  o.leave = "exit";
  o.rules = more;
  o.n_rules = FETTLE_COUNT (more);
  return fettle_dialogue_open (v->h, v->c, v->t, &o, &v->d);
}

/* ---- items ---- */

static fettle_result
add (struct vc *v, const char *kind, const char *id, const char *name, const char *version, const char *location)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = kind;
  item.id = id;
  item.name = name;
  item.version = version;
  item.location = location;
  if (strcmp (kind, "firmware") == 0) {
    item.scheme = "dotted";
    item.match = version[0] ? "vc:firmware" : NULL;
    item.why_not = WHY_NOT "IMAGE";
  }
  return v->h->add_item (v->c, &item);
}

/* ---- asking ---- */

/* A module that isn't the primary refuses, and names it at best.  Then it is
 * well, as an enclosure's second module should be, and has nothing to say. */
static fettle_result
not_primary (struct vc *v, const char *says)
{
  struct fettle_found found;
  char address[64];
  fettle_result r;

  if (!vc_primary (says, address, sizeof address) || strcmp (address, v->t->address) == 0)
    return fettle_fail (v->h, v->c, FETTLE_E_CONFIG, "this module isn't the primary one of its Virtual Connect domain, and"
                        " doesn't name it: add the primary's address, which the domain's web page or the OA show");
  memset (&found, 0, sizeof found);
  found.struct_size = sizeof found;
  found.address = address;
  found.type = "vc";
  found.relation = FETTLE_FOUND_PEER;
  r = v->h->add_node (v->c, &found);
  if (r == FETTLE_OK)
    r = add (v, "hardware", "role", "Virtual Connect module, not the primary one", "", NULL);
  if (r != FETTLE_OK)
    return r;
  fettle_say (v->h, v->c, FETTLE_LOG_WARNING, "this module isn't the primary one of its Virtual Connect domain: that is at"
              " %s, which knows all modules' firmware", address);
  v->elsewhere = 1;
  return FETTLE_E_CONFIG; /* that is all */
}

static int
is_refusal (const char *text)
{
  return (strstr (text, "ERROR") || strstr (text, "rror:")) && strstr (text, "rimary");
}

/* A command's answer; what the module says against it is an error. */
static fettle_result
ask (struct vc *v, const char *command, const char **ret)
{
  fettle_result r = fettle_dialogue_run (v->d, command, ret);
  size_t n;
  const char *line;

  if (r != FETTLE_OK)
    return r;
  if (is_refusal (*ret))
    return not_primary (v, *ret);
  line = fettle_dialogue_find (*ret, "^ERROR", &n);
  if (line)
    return fettle_fail (v->h, v->c, FETTLE_E_PROTOCOL, "\"%s\": the module says %.*s", command, (int) (n < 300 ? n : 300),
                        line);
  return FETTLE_OK;
}

/* Its firmware, and, where `show interconnect` told them, product and serial number. */
static fettle_result
add_module (struct vc *v, const struct vc_module *m, const struct vc_module *known, unsigned n_known)
{
  char id[60], location[60];
  const char *product = m->type;
  fettle_result r;
  unsigned i;

  for (i = 0; i < n_known && strcmp (known[i].id, m->id) != 0; i++)
    ;
  if (i < n_known && known[i].product[0])
    product = known[i].product;
  snprintf (location, sizeof location, "Module %s", m->id);
  snprintf (id, sizeof id, "firmware:%s", m->id);
  r = add (v, "firmware", id, product[0] ? product : "Virtual Connect module", m->version, location);
  snprintf (id, sizeof id, "serial:%s", m->id);
  if (r == FETTLE_OK && i < n_known && known[i].serial[0])
    r = add (v, "hardware", id, "Serial number", known[i].serial, location);
  if (r == FETTLE_OK && m->status[0] && strcmp (m->status, "OK") != 0)
    fettle_say (v->h, v->c, FETTLE_LOG_WARNING, "module %s says that its status is %s: nothing should be updated before"
                " it is OK", m->id, m->status);
  return r;
}

static fettle_result
inventory (struct vc *v)
{
  static struct vc_module modules[VC_MODULES_MAX], known[VC_MODULES_MAX];
  const char *greeting = fettle_dialogue_greeting (v->d), *text;
  char name[100], version[40];
  unsigned n, n_known = 0, i;
  fettle_result r;

  if (is_refusal (greeting))
    return not_primary (v, greeting);
  if (!vc_version (greeting, version, sizeof version)) {
    r = ask (v, "show version", &text);
    if (r == FETTLE_OK && !vc_version (text, version, sizeof version))
      r = v->h->error (v->c, FETTLE_E_UNSUPPORTED, "it doesn't say that it is a Virtual Connect module (\"show version\"): is"
                       " it one of Synergy?  These are managed by their composer");
    if (r != FETTLE_OK)
      return r;
  }
  r = ask (v, "show domain", &text);
  if (r != FETTLE_OK)
    return r;
  vc_domain (text, name, sizeof name);
  if (name[0])
    r = add (v, "hardware", "domain", "Virtual Connect domain", name, NULL);
  if (r == FETTLE_OK)
    r = ask (v, "show interconnect *", &text);
  if (r == FETTLE_OK) {
    n_known = vc_modules (text, known);
    r = ask (v, "show firmware *", &text);
  }
  n = r == FETTLE_OK ? vc_modules (text, modules) : 0;
  if (r == FETTLE_OK && n == 0)
    v->h->log (v->c, FETTLE_LOG_WARNING, "\"show firmware *\" names no module");
  for (i = 0; i < n && r == FETTLE_OK; i++)
    r = add_module (v, &modules[i], known, n_known);
  return r;
}

/* ---- the calls ---- */

fettle_result
vc_probe (ILO_CALL, uint32_t *score)
{
  struct vc v = { h, c, t, NULL, 0 };
  char version[40];
  fettle_result r = open_vc (&v, 1);

  *score = r == FETTLE_OK && vc_version (fettle_dialogue_greeting (v.d), version, sizeof version) ? 95 : 0;
  fettle_dialogue_close (v.d, r);
  return r == FETTLE_E_ABORTED || r == FETTLE_E_UNREACHABLE || r == FETTLE_E_NOMEM ? r : FETTLE_OK;
}

fettle_result
vc_inventory (ILO_CALL)
{
  struct vc v = { h, c, t, NULL, 0 };
  fettle_result r = open_vc (&v, 0);

  if (r == FETTLE_OK)
    r = inventory (&v);
  fettle_dialogue_close (v.d, r);
  return v.elsewhere && r == FETTLE_E_CONFIG ? FETTLE_OK : r;
}

fettle_result
vc_deploy (ILO_CALL, const struct fettle_image *image)
{
  (void) t;
  return fettle_fail (h, c, FETTLE_E_UNSUPPORTED, WHY_NOT "%s", image->files[0].name);
}
