/* flex-inventory.c - what the RMC of a Superdome Flex tells of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include <fettle/redfish.h>
#include <fettle/services.h>
#include <fettle/util.h>

#include "flex.h"

/* A collection that the root links to.  One that can't be read is logged: the
 * rest is worth having. */
static fettle_result
each (struct fettle_redfish *redfish, struct flex_view *v, const json_t *from, const char *key,
      fettle_redfish_member *member)
{
  const char *path = fettle_redfish_link (from, key);
  fettle_result r = path ? fettle_redfish_each (redfish, path, member, v, NULL) : FETTLE_OK;

  if (r != FETTLE_E_PROTOCOL && r != FETTLE_E_UNSUPPORTED)
    return r;
  fettle_say (v->h, v->c, FETTLE_LOG_WARNING, "the inventory isn't complete: %s", fettle_redfish_why (redfish));
  return FETTLE_OK;
}

static fettle_result
read_firmware (struct fettle_redfish *redfish, struct flex_view *v)
{
  const char *path = fettle_redfish_link (fettle_redfish_root (redfish), "UpdateService");
  json_t *service = NULL;
  fettle_result r;

  if (!path)
    return FETTLE_OK;
  r = fettle_redfish_get (redfish, path, &service, NULL);
  if (r == FETTLE_OK)
    r = each (redfish, v, service, "FirmwareInventory", flex_add_firmware);
  json_decref (service);
  return r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED ? FETTLE_OK : r;
}

fettle_result
flex_inventory (SD_CALL)
{
  struct flex_view v = { h, c, NULL, 0 };
  struct fettle_redfish *redfish = NULL;
  fettle_result r = fettle_redfish_open (h, c, t, 443, 0, &redfish);
  const json_t *root;

  if (FETTLE_HAS (h, struct fettle_host, quirk))
    v.pattern = h->quirk (c, "superdome-flex", "rmc_version");
  if (r == FETTLE_OK)
    r = fettle_redfish_login (redfish);
  root = r == FETTLE_OK ? fettle_redfish_root (redfish) : NULL;
  if (r == FETTLE_OK)
    r = each (redfish, &v, root, "Chassis", flex_add_chassis);
  if (r == FETTLE_OK)
    r = each (redfish, &v, root, "Managers", flex_add_manager);
  if (r == FETTLE_OK)
    r = each (redfish, &v, root, "Systems", flex_add_system);
  if (r == FETTLE_OK)
    r = read_firmware (redfish, &v);
  if (r == FETTLE_OK && !v.rmc)
    h->log (c, FETTLE_LOG_WARNING, "no manager is called RMC, so no bundle can be for this node");
  fettle_redfish_close (redfish, r);
  return r;
}

fettle_result
flex_probe (SD_CALL, uint32_t *score)
{
  struct fettle_redfish *redfish = NULL;
  json_t *manager = NULL;
  fettle_result r = fettle_redfish_open (h, c, t, 443, 0, &redfish);

  *score = 0;
  /* Partitions are composed: an iLO's root, and most others', says nothing of that. */
  if (r == FETTLE_OK && fettle_redfish_link (fettle_redfish_root (redfish), "CompositionService")) {
    r = fettle_redfish_login (redfish);
    if (r == FETTLE_OK && fettle_redfish_get (redfish, "/redfish/v1/Managers/RMC", &manager, NULL) == FETTLE_OK)
      *score = 95;
    json_decref (manager);
  }
  fettle_redfish_close (redfish, r);
  return r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED || r == FETTLE_E_AUTH ? FETTLE_OK : r;
}
