/* items.h - the items of an inventory, from what an iLO says.  No I/O but the
 * host's add_item and log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ILO_ITEMS_H
#define ILO_ITEMS_H

#include <jansson.h>

#include <fettle/plugin.h>

struct ilo_items {
  const struct fettle_host *h;
  fettle_ctx *c;
  const char *scheme;      /* of versions */
  uint32_t firmware_flags; /* of all firmware: TPM, NO_DOWNGRADE */
  json_t *ids;             /* {"id": how often} */
};

/* The system: model and serial number; learns of a TPM. */
fettle_result ilo_items_system (struct ilo_items *, const json_t *system);

/* Is a TPM on that measures firmware? */
int ilo_has_tpm (const json_t *system);

/* All of a FirmwareInventory, an array of its members. */
fettle_result ilo_items_firmware (struct ilo_items *, const json_t *members);

/* iLO 4's FirmwareInventory. */
fettle_result ilo_items_ilo4 (struct ilo_items *, const json_t *inventory);

/* Where there is no inventory: the versions that system and manager tell. */
fettle_result ilo_items_least (struct ilo_items *, const json_t *system, const json_t *manager);

#endif
