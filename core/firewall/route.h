/* route.h - by which interface this host reaches an address.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ROUTE_H
#define FETTLE_ROUTE_H

#include <net/if.h>

#include "firewall/address.h"

/* Asks the kernel's routing table. */
fettle_result fettle_route_interface (const struct fettle_address *, char ret[IF_NAMESIZE],
                                      struct fettle_error *);

#endif
