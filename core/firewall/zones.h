/* zones.h - firewalld's zones in use: which one a node's packets come through.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ZONES_H
#define FETTLE_ZONES_H

#include <systemd/sd-bus.h>

#include "firewall/address.h"

#define FETTLE_ZONE_NAME 64

/* An interface or a source network that belongs to a zone. */
struct fettle_zone_member {
  char zone[FETTLE_ZONE_NAME];
  char text[64];
  bool source;
};

struct fettle_zones {
  char initial[FETTLE_ZONE_NAME]; /* for what belongs to none: the default zone */
  struct fettle_zone_member *members;
  size_t n, room;
};

struct fettle_zone_names {
  char (*names)[FETTLE_ZONE_NAME];
  size_t n;
};

/* The answer of getActiveZones, a{sa{sas}}; `initial` stays. */
bool fettle_zones_read (struct fettle_zones *, sd_bus_message *);
void fettle_zones_clear (struct fettle_zones *);

/* The answer of getZones, as. */
bool fettle_zone_names_read (struct fettle_zone_names *, sd_bus_message *);
void fettle_zone_names_clear (struct fettle_zone_names *);

/* Adds one; false: no memory. */
bool fettle_zones_add (struct fettle_zones *, const char *zone, bool source, const char *text);

/* As firewalld sorts packets: by their source, zones in the order of names,
 * then by the interface.  Sources that are MAC addresses or ipsets can't be
 * known here. */
const char *fettle_zone_of (const struct fettle_zones *, const struct fettle_address *,
                            const char *interface);

#endif
