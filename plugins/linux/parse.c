/* parse.c - reads what inventory.sh says: lines, sections, their rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inventory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/util.h>

void
inventory_warn (struct inventory *v, const char *format, ...)
{
  char text[512], clean[512];
  va_list ap;

  if (v->warnings++ >= INVENTORY_WARNINGS)
    return;
  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  v->host->log (v->ctx, FETTLE_LOG_WARNING, text_clean (clean, sizeof clean, text, strlen (text)));
}

void
inventory_item (struct inventory *v, const struct fettle_item *item)
{
  struct fettle_item sized = *item;

  sized.struct_size = sizeof sized;
  if (v->result != FETTLE_OK)
    return;
  if (v->items++ == INVENTORY_ITEMS)
    inventory_warn (v, "more than %d items: the rest is left out", INVENTORY_ITEMS);
  if (v->items <= INVENTORY_ITEMS)
    v->result = v->host->add_item (v->ctx, &sized);
}

struct device *
inventory_device (struct inventory *v, const char *slot)
{
  for (size_t i = 0; i < v->n_devices; i++)
    if (strcmp (v->devices[i].slot, slot) == 0)
      return &v->devices[i];
  return NULL;
}

#define CLEAN(to, from) text_clean ((to), sizeof (to), (from), strlen (from))

/* ---- os, kernel, dmi ---- */

/* KEY=value or KEY="value", as a shell would read it, nearly. */
static void
row_os (struct inventory *v, char *line)
{
  char *value = strchr (line, '=');
  size_t n;

  if (!value)
    return;
  *value++ = '\0';
  n = strlen (value);
  if (n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0]) {
    value[n - 1] = '\0';
    value++;
  }
  if (strcmp (line, "ID") == 0)
    text_word (v->os_id, sizeof v->os_id, value);
  else if (strcmp (line, "PRETTY_NAME") == 0)
    CLEAN (v->os_name, value);
  else if (strcmp (line, "VERSION_ID") == 0)
    CLEAN (v->os_version, value);
}

static void
end_os (struct inventory *v)
{
  char match[80];

  snprintf (match, sizeof match, "os:%s", v->os_id);
  inventory_item (v, &(struct fettle_item) {
    .id = "os",
    .kind = "os",
    .name = v->os_name[0] ? v->os_name : "Linux",
    .version = v->os_version,
    .scheme = text_scheme (v->os_version, NULL),
    .match = v->os_id[0] ? match : NULL,
  });
}

static void
row_kernel (struct inventory *v, char *line)
{
  char release[96];

  if (v->row == 2)
    CLEAN (v->arch, line);
  if (v->row != 1)
    return;
  inventory_item (v, &(struct fettle_item) {
    .id = "kernel", .kind = "os", .name = "Linux kernel", .version = CLEAN (release, line),
  });
}

static void
row_dmi (struct inventory *v, char *line)
{
  struct {
    const char *name;
    char *to;
    size_t size;
  } const rows[] = {
    { "sys_vendor",   v->dmi_vendor,   sizeof v->dmi_vendor },
    { "product_name", v->dmi_product,  sizeof v->dmi_product },
    { "product_sku",  v->dmi_sku,      sizeof v->dmi_sku },
    { "bios_vendor",  v->bios_vendor,  sizeof v->bios_vendor },
    { "bios_version", v->bios_version, sizeof v->bios_version },
    { "bios_date",    v->bios_date,    sizeof v->bios_date },
    { "bios_release", v->bios_release, sizeof v->bios_release },
  };
  char *field[2];

  if (text_split (line, '\t', field, 2) != 2)
    return;
  for (size_t i = 0; i < FETTLE_COUNT (rows); i++)
    if (strcmp (field[0], rows[i].name) == 0)
      text_clean (rows[i].to, rows[i].size, field[1], strlen (field[1]));
}

/* ---- tpm ---- */

static void
row_tpm (struct inventory *v, char *line)
{
  char *field[2];

  if (text_split (line, '\t', field, 2) != 2)
    return;
  v->tpm.seen = 1;
  if (strcmp (field[0], "tpm_version_major") == 0)
    text_clean (v->tpm.version, sizeof v->tpm.version, field[1], strlen (field[1]));
  else if (strcmp (field[0], "active") == 0 || strcmp (field[0], "enabled") == 0)
    v->tpm.off |= strcmp (field[1], "0") == 0;
  else if (strcmp (field[0], "bound") == 0)
    text_clean (v->tpm.bound, sizeof v->tpm.bound, field[1], strlen (field[1]));
}

/* It measures the firmware while it is on; what it opens stays shut after an
 * update. */
static void
end_tpm (struct inventory *v)
{
  char name[48];

  if (!v->tpm.seen)
    return;
  snprintf (name, sizeof name, "TPM%s%s%s", v->tpm.version[0] ? " " : "", v->tpm.version,
            v->tpm.off ? ", off" : "");
  inventory_item (v, &(struct fettle_item) {
    .id = "tpm", .kind = "hardware", .name = name, .version = "",
    .location = v->tpm.bound[0] ? v->tpm.bound : NULL,
    .flags = (v->tpm.off ? 0 : FETTLE_ITEM_TPM) | (v->tpm.bound[0] ? FETTLE_ITEM_ENCRYPTED : 0),
  });
}

/* What HPE's release notes call "U46 v2.34 (03/11/2025)" is three values. */
static void
bios_version (const struct inventory *v, const char *scheme, char *to, size_t size)
{
  if (strcmp (scheme, "hpe") == 0 && v->bios_release[0] && v->bios_date[0])
    snprintf (to, size, "%s v%s (%s)", v->bios_version, v->bios_release, v->bios_date);
  else
    snprintf (to, size, "%s", v->bios_version);
}

static void
end_dmi (struct inventory *v)
{
  const char *scheme = text_scheme (v->bios_version, v->bios_vendor);
  char both[200], name[200], version[192], match[224], vendor[100], product[100];

  text_word (vendor, sizeof vendor, v->dmi_vendor);
  text_word (product, sizeof product, v->dmi_product);
  snprintf (match, sizeof match, "dmi:%s:%s", vendor, product);
  snprintf (both, sizeof both, "%s %s", v->dmi_vendor, v->dmi_product);
  CLEAN (name, both);
  if (vendor[0] || product[0])
    inventory_item (v, &(struct fettle_item) {
      .id = "system", .kind = "hardware", .name = name, .version = "",
    });
  if (!v->bios_version[0])
    return;
  bios_version (v, scheme, version, sizeof version);
  inventory_item (v, &(struct fettle_item) {
    .id = "bios",
    .kind = "firmware",
    .name = "System firmware (BIOS)",
    .version = version,
    .scheme = scheme,
    .match = product[0] ? match : NULL,
    .flags = product[0] ? FETTLE_ITEM_UPDATEABLE : 0,
  });
}

/* ---- devices ---- */

static void
hex4 (char to[8], const char *from)
{
  if (strncmp (from, "0x", 2) == 0)
    from += 2;
  text_word (to, 8, from);
}

static void
row_pci (struct inventory *v, char *line)
{
  struct device *d, *bigger;
  char *field[8];

  if (text_split (line, '\t', field, 8) != 8 || v->n_devices == INVENTORY_DEVICES) {
    inventory_warn (v, "a row about a PCI device can't be used: %.100s", line);
    return;
  }
  if (v->n_devices == v->room) {
    bigger = realloc (v->devices, (v->room + 64) * sizeof *v->devices);
    if (!bigger) {
      v->result = v->host->error (v->ctx, FETTLE_E_NOMEM, "no memory for the node's devices");
      return;
    }
    v->devices = bigger;
    v->room += 64;
  }
  d = &v->devices[v->n_devices++];
  memset (d, 0, sizeof *d);
  CLEAN (d->slot, field[0]);
  hex4 (d->vendor, field[1]);
  hex4 (d->device, field[2]);
  hex4 (d->subvendor, field[3]);
  hex4 (d->subdevice, field[4]);
  hex4 (d->class, field[5]);
  text_word (d->driver, sizeof d->driver, field[6]);
  CLEAN (d->driver_version, field[7]);
}

/* The next "quoted" field of lspci -mm. */
static char *
quoted (char **rest)
{
  char *begin = strchr (*rest, '"'), *end = begin ? strchr (begin + 1, '"') : NULL;

  if (!end)
    return NULL;
  *end = '\0';
  *rest = end + 1;
  return begin + 1;
}

static void
row_pci_names (struct inventory *v, char *line)
{
  char *rest = strchr (line, ' '), *vendor, *device, text[320];
  struct device *d;

  if (!rest)
    return;
  *rest++ = '\0';
  d = inventory_device (v, line);
  if (!d || !quoted (&rest) || !(vendor = quoted (&rest)) || !(device = quoted (&rest)))
    return;
  snprintf (text, sizeof text, "%.150s %.150s", vendor, device);
  CLEAN (d->name, text);
}

/* ---- groups: "device", slot, name; then what is known of it ---- */

static const char *
value (const struct group *g, const char *key)
{
  for (size_t i = 0; i < g->n; i++)
    if (strcmp (g->key[i], key) == 0)
      return g->value[i];
  return "";
}

static const char *
first_value (const struct group *g, const char *const *keys)
{
  for (; *keys; keys++)
    if (value (g, *keys)[0])
      return value (g, *keys);
  return "";
}

static void
end_net (struct inventory *v)
{
  const struct group *g = &v->group;
  const char *firmware = value (g, "firmware-version");
  struct device *d = inventory_device (v, g->slot);

  if (!d)
    return;
  if (strcmp (firmware, "N/A") != 0)
    CLEAN (d->firmware, firmware);
  if (!d->driver_version[0])
    CLEAN (d->driver_version, value (g, "version"));
}

static void
end_hosts (struct inventory *v)
{
  static const char *const versions[] = { "version_fw", "firmware_revision", "firmware_version",
                                          "fw_version", "fwrev", "firmware_rev", NULL };
  static const char *const models[] = { "board_name", "model_name", "modelname", "model", NULL };
  struct device *d = inventory_device (v, v->group.slot);

  if (!d)
    return;
  CLEAN (d->firmware, first_value (&v->group, versions));
  CLEAN (d->model, first_value (&v->group, models));
}

static void
end_disks (struct inventory *v)
{
  if (v->group.name[0])
    inventory_disk (v, &v->group);
}

static void
group_row (struct inventory *v, char *line, char separator, void (*end) (struct inventory *))
{
  struct group *g = &v->group;
  char *field[3];
  size_t n;

  if (strncmp (line, "device\t", 7) == 0) {
    end (v);
    memset (g, 0, sizeof *g);
    n = text_split (line, '\t', field, 3);
    CLEAN (g->slot, field[1]);
    CLEAN (g->name, n == 3 ? field[2] : "");
    return;
  }
  n = text_split (line, separator, field, 2);
  if (n == 2 && g->n < FETTLE_COUNT (g->key)) {
    CLEAN (g->key[g->n], field[0]);
    CLEAN (g->value[g->n], field[1]);
    g->n++;
  }
}

static void row_net (struct inventory *v, char *line) { group_row (v, line, ':', end_net); }
static void row_hosts (struct inventory *v, char *line) { group_row (v, line, '\t', end_hosts); }
static void row_disks (struct inventory *v, char *line) { group_row (v, line, '\t', end_disks); }

static void
row_fwupd (struct inventory *v, char *line)
{
  if (text_puts (&v->fwupd, line) != 0 || text_puts (&v->fwupd, "\n") != 0) {
    inventory_warn (v, "fwupdmgr says more than %d bytes: left out", INVENTORY_FIRMWARE);
    text_clear (&v->fwupd);
    v->section = NULL;
  }
}

/* ---- sections ---- */

struct section {
  const char *name, *tool;
  void (*row) (struct inventory *, char *line);
  void (*end) (struct inventory *);
};

static const struct section sections[] = {
  { "os",        "os-release", row_os,                  end_os },
  { "kernel",    "uname",      row_kernel,              NULL },
  { "dmi",       "DMI",        row_dmi,                 end_dmi },
  { "tpm",       "TPM",        row_tpm,                 end_tpm },
  { "pci",       "PCI",        row_pci,                 NULL },
  { "pci-names", "lspci",      row_pci_names,           NULL },
  { "net",       "ethtool",    row_net,                 end_net },
  { "hosts",     "storage",    row_hosts,               end_hosts },
  { "disks",     "disks",      row_disks,               end_disks },
  { "dpkg",      "dpkg-query", inventory_packages_dpkg, NULL },
  { "rpm",       "rpm",        inventory_packages_rpm,  NULL },
  { "fwupd",     "fwupdmgr",   row_fwupd,               inventory_fwupd },
};

static void
section_begin (struct inventory *v, const char *name)
{
  v->section = NULL;
  v->row = 0;
  v->sections++;
  memset (&v->group, 0, sizeof v->group);
  CLEAN (v->last, name);
  v->done |= strcmp (name, "done") == 0;
  for (size_t i = 0; i < FETTLE_COUNT (sections); i++)
    if (strcmp (name, sections[i].name) == 0)
      v->section = &sections[i];
}

static void
section_end (struct inventory *v, const char *status)
{
  if (v->section && strcmp (status, "124") == 0)
    inventory_warn (v, "%s didn't end in time: what it says is left out or incomplete", v->section->tool);
  else if (v->section && strcmp (status, "0") != 0 && strcmp (v->last, "fwupd") != 0
           && strncmp (v->last, "pci", 3) != 0 && strcmp (v->last, "net") != 0)
    inventory_warn (v, "%s ended with status %.10s: what it says may be incomplete",
                    v->section->tool, status);
  if (v->section && v->section->end)
    v->section->end (v);
  v->section = NULL;
}

static void
take_line (struct inventory *v)
{
  size_t n = strlen (v->marker);

  v->line[v->used] = '\0';
  if (strncmp (v->line, v->marker, n) == 0 && v->line[n] == ' ') {
    if (strncmp (v->line + n, " = ", 3) == 0)
      section_end (v, v->line + n + 3);
    else
      section_begin (v, v->line + n + 1);
  }
  else if (v->overlong)
    inventory_warn (v, "a line of %s is longer than %d bytes: left out", v->last, INVENTORY_LINE - 1);
  else if (v->section && v->used > 0) {
    v->row++;
    v->section->row (v, v->line);
  }
  v->used = 0;
  v->overlong = 0;
}

fettle_result
inventory_feed (struct inventory *v, const void *data, size_t size)
{
  const char *p = data;

  if (size > INVENTORY_TOTAL - v->total)
    return fettle_fail (v->host, v->ctx, FETTLE_E_PROTOCOL, "the inventory is longer than %d MiB",
                        INVENTORY_TOTAL / 1024 / 1024);
  v->total += size;
  for (; size > 0 && v->result == FETTLE_OK; p++, size--)
    if (*p == '\n')
      take_line (v);
    else if (v->used + 1 < sizeof v->line)
      v->line[v->used++] = *p ? *p : ' ';
    else
      v->overlong = 1;
  return v->result;
}

void
inventory_init (struct inventory *v, const struct fettle_host *host, fettle_ctx *ctx,
                const char *marker)
{
  memset (v, 0, sizeof *v);
  v->host = host;
  v->ctx = ctx;
  v->fwupd.max = INVENTORY_FIRMWARE;
  snprintf (v->marker, sizeof v->marker, "%s", marker);
}

fettle_result
inventory_finish (struct inventory *v)
{
  if (v->result == FETTLE_OK && v->sections == 0)
    return v->host->error (v->ctx, FETTLE_E_PROTOCOL,
                           "the node ran no shell script: its user needs a POSIX shell (/bin/sh)");
  if (v->result == FETTLE_OK && !v->done)
    return fettle_fail (v->host, v->ctx, FETTLE_E_PROTOCOL,
                        "the node's answer broke off in \"%s\": run the inventory again", v->last);
  if (v->result == FETTLE_OK)
    inventory_devices (v);
  if (v->warnings > INVENTORY_WARNINGS)
    fettle_say (v->host, v->ctx, FETTLE_LOG_WARNING, "%zu more warnings",
                v->warnings - INVENTORY_WARNINGS);
  return v->result;
}

void
inventory_clear (struct inventory *v)
{
  free (v->devices);
  v->devices = NULL;
  v->n_devices = v->room = 0;
  text_clear (&v->fwupd);
}
