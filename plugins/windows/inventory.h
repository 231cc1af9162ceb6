/* inventory.h - what the parts of the inventory share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_INVENTORY_H
#define WINDOWS_INVENTORY_H

#include "registry.h"
#include "services.h"
#include "smbios.h"
#include "windows.h"
#include "words.h"

enum { ITEM_TEXT = 300 };

/* ---- remote.c ---- */

/* The registry; the service RemoteRegistry is started for it where needed. */
fettle_result win_registry_open (const struct win *, struct registry *);
/* Puts that service back if an earlier call, of whichever operation, changed it. */
fettle_result win_registry_restore (const struct win *);
/* Disconnects and puts back; returns `result`, how the call went. */
fettle_result win_registry_close (const struct win *, struct registry *, fettle_result result);

/* ---- files.c ---- */

/* WIN_NONE: there is no such file or folder below ADMIN$.  The entry may be NULL. */
fettle_result win_stat (const struct win *, const char *path, struct fettle_smb_entry *);

/* ---- what is found ---- */

struct inventory {
  struct win w;
  struct registry g;
  struct smbios smbios;
  int has_smbios;
  int bitlocker;           /* the disk it started from is locked */
  int tpm;
  char processor[16];      /* "amd64" */
};

fettle_result win_add (struct inventory *, const struct fettle_item *);

fettle_result win_read_system (struct inventory *);   /* system.c */
fettle_result win_read_drivers (struct inventory *);  /* software.c */
fettle_result win_read_software (struct inventory *);
fettle_result win_read_hotfixes (struct inventory *);
fettle_result win_read_services (struct inventory *);
fettle_result win_read_wmi (struct inventory *);      /* wmi.c */

/* Each subkey of a key, by name and opened; the callback's result but OK ends
 * it.  A key that isn't there has none. */
typedef fettle_result win_each (struct inventory *, const char *name, const struct ndr_handle *);
fettle_result win_each_key (struct inventory *, const struct ndr_handle *base, const char *path, win_each *);

/* ---- reboot.c ---- */

/* Does the node wait for a restart?  *why: in words. */
fettle_result win_reboot_pending (struct registry *, const char **why);

#endif
