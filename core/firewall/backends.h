/* backends.h - the backends there are; fettle_backends[] has their order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_BACKENDS_H
#define FETTLE_BACKENDS_H

#include "firewall/firewall.h"

extern const struct fettle_backend fettle_backend_firewalld; /* with libsystemd */
extern const struct fettle_backend fettle_backend_iptables;
extern const struct fettle_backend fettle_backend_nftables;
extern const struct fettle_backend fettle_backend_none;
extern const struct fettle_backend fettle_backend_ufw;
extern const struct fettle_backend fettle_backend_windows;

#endif
