/* inventory.h - reads what inventory.sh says, piece by piece as it comes.
 *
 * Nothing in it is trusted: every count and length has a limit, a bad row is
 * logged and left out.  Items go to host->add_item as they are understood;
 * devices at the end, since their firmware is told after them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LINUX_INVENTORY_H
#define FETTLE_LINUX_INVENTORY_H

#include <fettle/plugin.h>

#include "text.h"

#define INVENTORY_LINE      4096                /* bytes of a line */
#define INVENTORY_TOTAL     (32 * 1024 * 1024)  /* bytes of everything */
#define INVENTORY_FIRMWARE  (4 * 1024 * 1024)   /* bytes of what fwupd says */
#define INVENTORY_ITEMS     200000
#define INVENTORY_DEVICES   4096
#define INVENTORY_WARNINGS  20

/* A PCI device; firmware is "" until something says it. */
struct device {
  char slot[32], vendor[8], device[8], subvendor[8], subdevice[8], class[8];
  char name[160], driver[64], driver_version[64];
  char firmware[128], model[96];
};

/* "name<tab>value" rows of one device, until the next begins. */
struct group {
  char slot[32], name[64];
  char key[12][24], value[12][160];
  size_t n;
};

#if defined (__GNUC__)
# define INVENTORY_PRINTF __attribute__ ((__format__ (__printf__, 2, 3)))
#else
# define INVENTORY_PRINTF
#endif

struct section;

struct inventory {
  const struct fettle_host *host;
  fettle_ctx *ctx;
  char marker[64];
  const struct section *section;
  char last[16];                 /* the name of the last section that began */
  int done, sections;

  char line[INVENTORY_LINE];
  size_t used;
  int overlong;
  size_t total, items, warnings, complaints;
  fettle_result result;          /* of add_item, once it failed */

  size_t row;                    /* within the section */
  char os_id[64], os_name[160], os_version[64], arch[32];
  char dmi_vendor[96], dmi_product[96], dmi_sku[64];
  char bios_vendor[96], bios_version[96], bios_date[32], bios_release[32];
  struct {
    char version[16], bound[96]; /* bound: what it opens, or "" */
    int seen, off;
  } tpm;
  char rpm_name[160];            /* of the row before, with its architecture */
  struct group group;
  struct device *devices;
  size_t n_devices, room;
  struct text fwupd;
};

void inventory_init (struct inventory *, const struct fettle_host *, fettle_ctx *,
                     const char *marker);
fettle_result inventory_feed (struct inventory *, const void *data, size_t size);

/* Adds what was kept back.  FETTLE_E_PROTOCOL when the answer broke off or
 * was none; has then said why. */
fettle_result inventory_finish (struct inventory *);
void inventory_clear (struct inventory *);

/* ---- between its parts ---- */

/* One more item; texts must be clean.  Remembers the first failure. */
void inventory_item (struct inventory *, const struct fettle_item *);
INVENTORY_PRINTF void inventory_warn (struct inventory *, const char *format, ...);

/* The device in this slot, NULL if it isn't known. */
struct device *inventory_device (struct inventory *, const char *slot);

void inventory_packages_dpkg (struct inventory *, char *line);
void inventory_packages_rpm (struct inventory *, char *line);
void inventory_fwupd (struct inventory *);
void inventory_devices (struct inventory *);  /* hardware, firmware, drivers */
void inventory_disk (struct inventory *, const struct group *);

#endif
