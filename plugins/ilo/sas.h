/* sas.h - SAS switches, through their Onboard Administrator.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SAS_H
#define SAS_H

#include <libxml/tree.h>

#include "ilo.h"

/* The next switch behind `s`, NULL at first: the one in this bay, whatever it
 * is, or without a bay each SAS switch.  No I/O. */
const xmlNode *sas_next (const xmlNode *root, const xmlNode *s, const char *bay);
int sas_is_switch (const xmlNode *);

fettle_result sas_inventory (ILO_CALL);
fettle_result sas_deploy (ILO_CALL, const struct fettle_image *);

#endif
