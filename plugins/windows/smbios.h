/* smbios.h - what a machine's firmware says of it: the SMBIOS table (DMTF
 * DSP0134), as Windows keeps it in the registry.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_SMBIOS_H
#define WINDOWS_SMBIOS_H

#include <stddef.h>
#include <stdint.h>

enum { SMBIOS_TEXT = 96, SMBIOS_SLOTS = 64, SMBIOS_PROCESSORS = 64 };

struct smbios_slot {
  char name[SMBIOS_TEXT];
  int in_use;                 /* 1: yes, 0: no, -1: it doesn't say */
  int has_address;            /* of PCI: what follows counts */
  unsigned segment, bus, device, function;
};

struct smbios {
  unsigned major, minor;
  unsigned n_structures;
  /* Texts are UTF-8 without control characters, "" where there is none. */
  char bios_vendor[SMBIOS_TEXT], bios_version[SMBIOS_TEXT], bios_date[SMBIOS_TEXT];
  int has_release;            /* bios_major and bios_minor count */
  unsigned bios_major, bios_minor;
  char maker[SMBIOS_TEXT], product[SMBIOS_TEXT], serial[SMBIOS_TEXT], sku[SMBIOS_TEXT];
  char uuid[37];
  char board[SMBIOS_TEXT], board_serial[SMBIOS_TEXT];
  char chassis_serial[SMBIOS_TEXT], asset_tag[SMBIOS_TEXT];
  char processor[SMBIOS_TEXT];
  unsigned n_processors;      /* sockets with one in it */
  unsigned n_modules;         /* of memory */
  uint64_t memory_mib;
  size_t n_slots;
  struct smbios_slot slots[SMBIOS_SLOTS];
};

/* The registry's value: a head of 8 bytes, then the table.  0, or -1 when it
 * is none.  A structure that is wrong ends it; what came before counts. */
int smbios_read (const void *data, size_t size, struct smbios *);

#endif
