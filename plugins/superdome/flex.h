/* flex.h - what the files of the Superdome Flex share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SUPERDOME_FLEX_H
#define SUPERDOME_FLEX_H

#include <jansson.h>

#include "superdome.h"

/* ---- flex-items.c: no I/O ---- */

struct flex_view {
  const struct fettle_host *h;
  fettle_ctx *c;
  const char *pattern; /* of the RMC's version, or NULL */
  int rmc;             /* it was seen */
};

/* Members of a collection, as fettle_redfish_each gives them. */
fettle_result flex_add_system (void *view, const json_t *);
fettle_result flex_add_manager (void *view, const json_t *);
fettle_result flex_add_chassis (void *view, const json_t *);
fettle_result flex_add_firmware (void *view, const json_t *);

void flex_version (const char *text, const char *pattern, char *ret, size_t size);

/* The target of the action whose name ends in UpdateAll, wherever it is below
 * Actions: it differs between generations.  NULL: there is none.  Borrowed. */
const char *flex_find_update (const json_t *service);

/* ---- the node type ---- */

fettle_result flex_probe (SD_CALL, uint32_t *score);
fettle_result flex_inventory (SD_CALL);
fettle_result flex_deploy (SD_CALL, const struct fettle_image *);
fettle_result flex_cleanup (SD_CALL);

#endif
