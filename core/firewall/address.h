/* address.h - the source address of a hole.
 *
 * IPv4, IPv6, or IPv6 link-local, which means nothing without the interface.
 * An IPv4 address written as IPv6 (::ffff:10.0.0.1) is IPv4: packets of it are,
 * whatever socket takes them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ADDRESS_H
#define FETTLE_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

#include "util/error.h"

struct fettle_address {
  uint8_t family;     /* 4 or 6 */
  uint8_t bytes[16];  /* IPv4: the first four; the rest is zero */
  char interface[16]; /* of a link-local address, else ""; padded with zeros */
};

/* "10.0.0.1", "fd00::1", "fe80::1%eth0", "fe80::1%2"; one of a node: neither
 * multicast nor unspecified. */
fettle_result fettle_address_parse (const char *text, struct fettle_address *ret,
                                    struct fettle_error *);

/* Of an accepted connection, for example. */
fettle_result fettle_address_of (const struct sockaddr *, struct fettle_address *ret,
                                 struct fettle_error *);

#define FETTLE_ADDRESS_TEXT 64
const char *fettle_address_text (const struct fettle_address *, char buffer[FETTLE_ADDRESS_TEXT]);

/* <, = or > 0, like memcmp. */
int fettle_address_compare (const struct fettle_address *, const struct fettle_address *);

#endif
