/* node.h - what the files of the redfish plugin share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NODE_H
#define NODE_H

#include <fettle/redfish.h>

#define REDFISH_CALL const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

fettle_result redfish_probe (REDFISH_CALL, uint32_t *score);
fettle_result redfish_inventory (REDFISH_CALL);
fettle_result redfish_deploy (REDFISH_CALL, const struct fettle_image *);

/* The model as redfish.quirks calls it: "vendor/product/firmware", in lower
 * case, spaces as '-'.  No I/O. */
void redfish_model (const char *vendor, const char *product, const char *firmware, char *ret, size_t size);

#endif
