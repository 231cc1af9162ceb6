/* vc.h - Virtual Connect: what its command line says, and what is done with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VC_H
#define VC_H

#include "ilo.h"

/* ---- vc-text.c: no I/O ---- */

enum { VC_MODULES_MAX = 64 };

struct vc_module {
  char id[20];          /* "enc0:1" */
  char type[40], status[40], version[40], product[80], serial[40], address[64], role[20];
};

/* The records of `show firmware *` or `show interconnect *`; how many. */
unsigned vc_modules (const char *text, struct vc_module ret[VC_MODULES_MAX]);

/* The domain's name in `show domain`; "" if it has none. */
void vc_domain (const char *text, char *ret, size_t size);

/* Is this a greeting, or the answer to `show version`, of Virtual Connect?  Its version. */
int vc_version (const char *text, char *ret, size_t size);

/* The primary module's address, where another one names it. */
int vc_primary (const char *text, char *ret, size_t size);

/* ---- calls ---- */

fettle_result vc_probe (ILO_CALL, uint32_t *score);
fettle_result vc_inventory (ILO_CALL);
fettle_result vc_deploy (ILO_CALL, const struct fettle_image *);

#endif
