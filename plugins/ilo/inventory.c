/* inventory.c - what is on an iLO, and whether a node is one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/redfish.h>
#include <fettle/services.h>
#include <fettle/util.h>

#include "ilo.h"
#include "items.h"
#include "ribcl.h"

#define AT   fettle_redfish_at
#define TEXT fettle_redfish_text

uint32_t
ilo_tls (const struct fettle_host *h, fettle_ctx *c)
{
  const char *old = h->setting (c, "old_tls");

  return old && strcmp (old, "yes") == 0 ? FETTLE_HTTP_OLD_TLS : 0;
}

/* ---- who is it ---- */

/* What the service root says, to anybody. */
unsigned
ilo_generation_of_root (const json_t *root)
{
  const json_t *hpe = AT (root, "Oem/Hpe"), *oem = hpe ? hpe : AT (root, "Oem/Hp");
  unsigned g = ilo_generation (TEXT (json_array_get (AT (oem, "Manager"), 0), "ManagerType"));

  return g ? g : ilo_generation (TEXT (oem, "Moniker/PRODGEN"));
}

fettle_result
ilo_read_identity (ILO_CALL, struct ilo_identity *who)
{
  const struct fettle_http *http = h->service (c, "http", 1);
  struct fettle_http_request q;
  struct fettle_http_answer a;
  fettle_result r;

  (void) t;
  memset (&q, 0, sizeof q);
  memset (&a, 0, sizeof a);
  memset (who, 0, sizeof *who);
  q.struct_size = sizeof q;
  q.flags = ilo_tls (h, c);
  q.port = 443;
  q.method = "GET";
  q.path = "/xmldata?item=All";
  a.struct_size = sizeof a;
  r = http->request (c, &q, &a);
  if (r == FETTLE_OK && a.status == 200)
    ilo_identify (a.body, (size_t) a.size, who);
  return r;
}

fettle_result
ilo_probe (ILO_CALL, uint32_t *score)
{
  struct fettle_redfish *redfish = NULL;
  struct ilo_identity who;
  fettle_result r = ilo_read_identity (h, c, t, &who);

  *score = 0;
  if (r == FETTLE_OK && who.generation) {
    fettle_say (h, c, FETTLE_LOG_INFO, "%s, firmware %s, in a %s", who.product, who.firmware, who.model);
    *score = 100;
    return FETTLE_OK;
  }
  if (who.product[0] || (r != FETTLE_OK && r != FETTLE_E_PROTOCOL)) /* an enclosure's, or none there */
    return r;
  r = fettle_redfish_open (h, c, t, 443, ilo_tls (h, c), &redfish);
  if (r == FETTLE_OK && ilo_generation_of_root (fettle_redfish_root (redfish)))
    *score = 95;
  fettle_redfish_close (redfish, r);
  return r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED || r == FETTLE_E_AUTH ? FETTLE_OK : r;
}

/* ---- iLO 5 and later ---- */

/* The first member of a collection that the root links to; no such is no error. */
fettle_result
ilo_read_first (struct fettle_redfish *redfish, const char *key, json_t **ret)
{
  const char *path = fettle_redfish_link (fettle_redfish_root (redfish), key), *member;
  json_t *collection = NULL;
  fettle_result r;

  if (!path)
    return FETTLE_OK;
  r = fettle_redfish_get (redfish, path, &collection, NULL);
  if (r != FETTLE_OK)
    return r;
  member = fettle_redfish_link (json_array_get (AT (collection, "Members"), 0), "");
  if (member)
    r = fettle_redfish_get (redfish, member, ret, NULL);
  json_decref (collection);
  return r;
}

static fettle_result
keep (void *opaque, const json_t *member)
{
  json_t *copy = json_deep_copy (member);

  return json_array_append_new (opaque, copy) == 0 ? FETTLE_OK : FETTLE_E_NOMEM;
}

/* Some resources may be missing or broken: what can be read is worth having,
 * and the rest is logged. */
static int
is_borne (struct fettle_redfish *redfish, struct ilo_items *v, fettle_result r)
{
  if (r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED)
    fettle_say (v->h, v->c, FETTLE_LOG_WARNING, "the inventory isn't complete: %s", fettle_redfish_why (redfish));
  return r == FETTLE_OK || r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED;
}

static fettle_result
read_firmware (struct fettle_redfish *redfish, struct ilo_items *v, json_t *members)
{
  const char *path = fettle_redfish_link (fettle_redfish_root (redfish), "UpdateService");
  json_t *service = NULL;
  fettle_result r = path ? fettle_redfish_get (redfish, path, &service, NULL) : FETTLE_OK;
  uint32_t left_out = 0;

  if (r == FETTLE_OK && service) {
    if (strcmp (TEXT (service, "Oem/Hpe/DowngradePolicy"), "NoDowngrade") == 0)
      v->firmware_flags |= FETTLE_ITEM_NO_DOWNGRADE;
    path = fettle_redfish_link (service, "FirmwareInventory");
    if (path)
      r = fettle_redfish_each (redfish, path, keep, members, &left_out);
  }
  json_decref (service);
  if (left_out)
    fettle_say (v->h, v->c, FETTLE_LOG_WARNING, "%u of the node's firmware couldn't be read", left_out);
  return r;
}

static fettle_result
take_redfish (struct fettle_redfish *redfish, struct ilo_items *v)
{
  json_t *system = NULL, *manager = NULL, *members = json_array ();
  fettle_result r = members ? ilo_read_first (redfish, "Systems", &system)
                            : v->h->error (v->c, FETTLE_E_NOMEM, "no memory");
  int go_on = is_borne (redfish, v, r);

  if (go_on && system) {
    r = ilo_items_system (v, system);
    go_on = r == FETTLE_OK;
  }
  if (go_on) {
    v->h->progress (v->c, 300, "reading the firmware's versions");
    r = read_firmware (redfish, v, members);
    go_on = is_borne (redfish, v, r);
  }
  if (go_on && json_array_size (members) > 0)
    r = ilo_items_firmware (v, members);
  else if (go_on) {
    v->h->log (v->c, FETTLE_LOG_WARNING,
               "no list of its firmware: only the system's and the manager's versions are known");
    r = ilo_read_first (redfish, "Managers", &manager);
    if (is_borne (redfish, v, r) && (system || manager))
      r = ilo_items_least (v, system, manager);
  }
  json_decref (system);
  json_decref (manager);
  json_decref (members);
  return r;
}

/* ---- iLO 4 ---- */

static fettle_result
take_ilo4 (struct fettle_redfish *redfish, struct ilo_items *v)
{
  int old = *TEXT (fettle_redfish_root (redfish), "links/Systems/href") != '\0';
  json_t *system = NULL, *manager = NULL, *firmware = NULL;
  fettle_result r = fettle_redfish_get (redfish, old ? "/rest/v1/Systems/1" : "/redfish/v1/Systems/1/",
                                        &system, NULL);

  if (r == FETTLE_OK)
    r = ilo_items_system (v, system);
  if (r == FETTLE_OK) /* from 2.00 on, say the documents */
    r = fettle_redfish_get (redfish, old ? "/rest/v1/Systems/1/FirmwareInventory"
                                         : "/redfish/v1/Systems/1/FirmwareInventory/", &firmware, NULL);
  if (r == FETTLE_OK && json_object_size (AT (firmware, "Current")))
    r = ilo_items_ilo4 (v, firmware);
  else if (system && is_borne (redfish, v, r)) {
    r = fettle_redfish_get (redfish, old ? "/rest/v1/Managers/1" : "/redfish/v1/Managers/1/", &manager,
                            NULL);
    if (r == FETTLE_OK)
      r = ilo_items_least (v, system, manager);
  }
  json_decref (system);
  json_decref (manager);
  json_decref (firmware);
  return r;
}

/* ---- the call ---- */

/* No Redfish: an older one speaks RIBCL. */
static fettle_result
without_redfish (ILO_CALL, fettle_result result)
{
  struct ilo_identity who;
  fettle_result r;

  if (result != FETTLE_E_UNSUPPORTED && result != FETTLE_E_PROTOCOL)
    return result;
  r = ilo_read_identity (h, c, t, &who);
  if (r != FETTLE_OK) /* it has said why */
    return r;
  if (who.generation >= 2 && who.generation <= 4)
    return ribcl_inventory (h, c, t, &who);
  return fettle_fail (h, c, FETTLE_E_UNSUPPORTED, "the node has no Redfish service at port 443.  Is it an"
                      " iLO, and is its web server on?");
}

fettle_result
ilo_inventory (ILO_CALL)
{
  struct fettle_redfish *redfish = NULL;
  struct ilo_items v;
  unsigned generation = 0;
  fettle_result r;

  memset (&v, 0, sizeof v);
  v.h = h;
  v.c = c;
  v.ids = json_object ();
  r = v.ids ? fettle_redfish_open (h, c, t, 443, ilo_tls (h, c), &redfish)
            : h->error (c, FETTLE_E_NOMEM, "no memory");
  if (!redfish && v.ids)
    r = without_redfish (h, c, t, r);
  else if (r == FETTLE_OK) {
    generation = ilo_generation_of_root (fettle_redfish_root (redfish));
    if (!generation)
      h->log (c, FETTLE_LOG_WARNING, "the node doesn't say that it is an iLO: read as plain Redfish");
    v.scheme = generation ? "hpe" : "plain";
    r = fettle_redfish_login (redfish);
  }
  if (r == FETTLE_OK && redfish)
    r = generation == 4 ? take_ilo4 (redfish, &v) : take_redfish (redfish, &v);
  fettle_redfish_close (redfish, r);
  json_decref (v.ids);
  return r;
}
