/* export-internal.h - between export.c and the files with the formats.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_EXPORT_INTERNAL_H
#define FETTLE_EXPORT_INTERNAL_H

#include "firewall/export.h"
#include "firewall/ranges.h"

/* Rules that differ in the node's address alone, of one address family. */
struct fettle_export_group {
  enum fettle_place place;
  bool ingress;          /* at that place; not for BETWEEN */
  bool from_node;
  unsigned family;       /* 4 or 6 */
  uint32_t protocol;
  uint16_t first, last;  /* destination ports */
  const char *ours;      /* our address; "": any of ours */
  const struct fettle_range *nodes;
  size_t n_nodes;
  bool esxi;             /* nodes of type vmware */
  bool optional;
  char purpose[64];      /* harmless characters alone */
};

struct fettle_export_format {
  enum fettle_format format;
  unsigned places;       /* bits 1 << place */
  void (*begin) (FILE *, enum fettle_place);
  void (*group) (FILE *, const struct fettle_export_group *, size_t number); /* from 1 */
  void (*end) (FILE *, enum fettle_place);
  /* It has no words for this one; NULL: it has for all. */
  bool (*skips) (const struct fettle_export_group *);
};

extern const struct fettle_export_format
  fettle_export_nft, fettle_export_iptables, fettle_export_firewalld, fettle_export_ufw,
  fettle_export_netsh, fettle_export_powershell, fettle_export_esxcli, fettle_export_aws_sg,
  fettle_export_cisco_acl;

static inline const char *
fettle_export_protocol (uint32_t protocol)
{
  return protocol == FETTLE_UDP ? "udp" : "tcp";
}

/* "63001" or "63010SEPARATOR63041". */
const char *fettle_export_ports (const struct fettle_export_group *, char separator,
                                 char buffer[16]);

/* "10.0.0.0/24"; of a single address, without "/32". */
const char *fettle_export_network (const struct fettle_address *, unsigned bits,
                                   char buffer[FETTLE_ADDRESS_TEXT + 4]);

/* Calls f for each network of the group. */
void fettle_export_networks (const struct fettle_export_group *,
                             void (*f) (void *arg, const struct fettle_address *, unsigned bits),
                             void *arg);

#endif
