/* system.c - the machine: system, firmware, what its tables say.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "inventory.h"

#define CURRENT "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
#define BIOS "HARDWARE\\DESCRIPTION\\System\\BIOS"
#define SMBIOS "SYSTEM\\CurrentControlSet\\Services\\mssmbios\\Data"
#define ENVIRONMENT "SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment"
#define ESRT "HARDWARE\\UEFI\\ESRT"
#define BITLOCKER "SYSTEM\\CurrentControlSet\\Control\\BitlockerStatus"
#define TPM "SYSTEM\\CurrentControlSet\\Enum\\ACPI\\MSFT0101"

/* A text of a key by its path; "" when there is none. */
static fettle_result
read_text (struct inventory *v, const char *path, const char *name, char *to, size_t size)
{
  struct ndr_handle key;
  fettle_result r = reg_open (&v->g, NULL, path, &key);

  to[0] = '\0';
  if (r != FETTLE_OK)
    return r == WIN_NONE ? FETTLE_OK : r;
  r = reg_text (&v->g, &key, name, to, size);
  reg_close (&v->g, &key);
  return r;
}

/* ---- the operating system ---- */

struct os {
  char name[120], edition[60], display[40], build[24], revision[24], major[16], minor[16];
};

static fettle_result
read_os (struct inventory *v, struct os *o)
{
  struct {
    const char *name;
    char *to;
    size_t size;
  } rows[] = {
    { "ProductName",               o->name,     sizeof o->name },
    { "EditionID",                 o->edition,  sizeof o->edition },
    { "DisplayVersion",            o->display,  sizeof o->display },
    { "CurrentBuild",              o->build,    sizeof o->build },
    { "UBR",                       o->revision, sizeof o->revision },
    { "CurrentMajorVersionNumber", o->major,    sizeof o->major },
    { "CurrentMinorVersionNumber", o->minor,    sizeof o->minor },
  };
  struct ndr_handle key;
  fettle_result r = reg_open (&v->g, NULL, CURRENT, &key);

  if (r != FETTLE_OK)
    return r == WIN_NONE ? v->w.h->error (v->w.c, FETTLE_E_PROTOCOL, "the node's registry has no " CURRENT ": it isn't "
                                          "Windows', or the user may not read it") : r;
  for (size_t i = 0; i < FETTLE_COUNT (rows) && r == FETTLE_OK; i++)
    r = reg_text (&v->g, &key, rows[i].name, rows[i].to, rows[i].size);
  reg_close (&v->g, &key);
  return r;
}

/* Where the registry doesn't tell it, the session's beginning does. */
static fettle_result
ask_session (struct inventory *v, struct os *o)
{
  struct fettle_smb_facts facts = { .struct_size = sizeof facts };
  fettle_result r = v->w.smb->connect (v->w.c, &facts);

  if (r != FETTLE_OK)
    return r;
  snprintf (o->major, sizeof o->major, "%u", (unsigned) facts.os_major);
  snprintf (o->minor, sizeof o->minor, "%u", (unsigned) facts.os_minor);
  snprintf (o->build, sizeof o->build, "%u", (unsigned) facts.os_build);
  return FETTLE_OK;
}

/* Windows 11 still calls itself Windows 10 there. */
static void
os_name (const struct os *o, char *to, size_t size)
{
  const char *name = o->name[0] ? o->name : "Windows";

  if (strncmp (name, "Windows 10", 10) == 0 && strtol (o->build, NULL, 10) >= 22000)
    snprintf (to, size, "Windows 11%.110s%s%s", name + 10, o->display[0] ? " " : "", o->display);
  else
    snprintf (to, size, "%.120s%s%s", name, o->display[0] ? " " : "", o->display);
}

static fettle_result
add_os (struct inventory *v)
{
  char name[ITEM_TEXT], version[96], match[WORD_MAX], word[80];
  struct os o;
  fettle_result r;

  memset (&o, 0, sizeof o);
  r = read_os (v, &o);
  if (r == FETTLE_OK && !o.build[0])
    r = ask_session (v, &o);
  if (r != FETTLE_OK)
    return r;
  os_name (&o, name, sizeof name);
  snprintf (version, sizeof version, "%s.%s%s%s%s%s", o.major[0] ? o.major : "6", o.minor[0] ? o.minor : "0",
            o.build[0] ? "." : "", o.build, o.build[0] && o.revision[0] ? "." : "", o.build[0] ? o.revision : "");
  snprintf (match, sizeof match, "os:windows%s%s", o.edition[0] ? " os:windows:" : "",
            win_low_word (word, sizeof word, o.edition));
  return win_add (v, &(struct fettle_item) {
    .id = "os", .kind = "os", .name = name, .version = version, .scheme = "dotted", .match = match,
    .arch = v->processor[0] ? v->processor : NULL, .flags = FETTLE_ITEM_UPDATEABLE,
  });
}

static fettle_result
read_processor (struct inventory *v)
{
  static const struct {
    const char *windows, *ours;
  } names[] = { { "AMD64", "amd64" }, { "x86", "i386" }, { "ARM64", "arm64" } };
  char text[32];
  fettle_result r = read_text (v, ENVIRONMENT, "PROCESSOR_ARCHITECTURE", text, sizeof text);

  for (size_t i = 0; i < FETTLE_COUNT (names); i++)
    if (strcmp (text, names[i].windows) == 0)
      snprintf (v->processor, sizeof v->processor, "%s", names[i].ours);
  return r;
}

/* ---- the firmware's table ---- */

static fettle_result
read_smbios (struct inventory *v)
{
  struct ndr_handle key;
  struct reg_value value = { .data = NULL };
  fettle_result r = reg_open (&v->g, NULL, SMBIOS, &key);

  if (r == FETTLE_OK) {
    r = reg_value (&v->g, &key, "SMBiosData", &value);
    reg_close (&v->g, &key);
  }
  if (r == FETTLE_OK && value.type == REG_BINARY && value.data)
    v->has_smbios = smbios_read (value.data, value.size, &v->smbios) == 0;
  reg_value_clear (&value);
  if (!v->has_smbios && (r == FETTLE_OK || r == WIN_NONE))
    v->w.h->log (v->w.c, FETTLE_LOG_INFO, "the registry has no SMBIOS table: serial number, UUID and slots are not known");
  return r == WIN_NONE ? FETTLE_OK : r;
}

/* What the table doesn't say, the kernel's copy of it may. */
static fettle_result
fill_in (struct inventory *v)
{
  struct smbios *b = &v->smbios;
  struct {
    const char *name;
    char *to;
  } rows[] = {
    { "SystemManufacturer", b->maker },       { "SystemProductName", b->product },
    { "SystemSKU",          b->sku },         { "BIOSVendor",        b->bios_vendor },
    { "BIOSVersion",        b->bios_version }, { "BIOSReleaseDate",  b->bios_date },
  };
  struct ndr_handle key;
  fettle_result r = reg_open (&v->g, NULL, BIOS, &key);

  if (r != FETTLE_OK)
    return r == WIN_NONE ? FETTLE_OK : r;
  for (size_t i = 0; i < FETTLE_COUNT (rows) && r == FETTLE_OK; i++)
    if (!rows[i].to[0])
      r = reg_text (&v->g, &key, rows[i].name, rows[i].to, SMBIOS_TEXT);
  if (r == FETTLE_OK && !b->has_release)
    r = reg_number (&v->g, &key, "BiosMajorRelease", &b->bios_major);
  if (r == FETTLE_OK && !b->has_release) {
    r = reg_number (&v->g, &key, "BiosMinorRelease", &b->bios_minor);
    b->has_release = r == FETTLE_OK && b->bios_major < 0xff && b->bios_minor < 0xff;
  }
  reg_close (&v->g, &key);
  return r == WIN_NONE ? FETTLE_OK : r;
}

static fettle_result
add_named (struct inventory *v, const char *id, const char *name, const char *version, const char *location)
{
  return *version ? win_add (v, &(struct fettle_item) {
    .id = id, .kind = "hardware", .name = name, .version = version, .location = location,
  }) : FETTLE_OK;
}

static fettle_result
add_slot (struct inventory *v, const struct smbios_slot *slot, size_t n)
{
  char id[24], where[64] = "";

  snprintf (id, sizeof id, "slot:%u", (unsigned) n);
  if (slot->has_address)
    snprintf (where, sizeof where, "%04x:%02x:%02x.%x", slot->segment, slot->bus, slot->device, slot->function);
  return win_add (v, &(struct fettle_item) {
    .id = id, .kind = "hardware", .name = slot->name,
    .version = slot->in_use == 1 ? "in use" : slot->in_use == 0 ? "empty" : "", .location = where[0] ? where : NULL,
  });
}

static fettle_result
add_machine (struct inventory *v)
{
  const struct smbios *b = &v->smbios;
  char name[ITEM_TEXT];
  fettle_result r = FETTLE_OK;

  snprintf (name, sizeof name, "%s%s%s", b->maker, b->maker[0] ? " " : "", b->product);
  if (name[0])
    r = win_add (v, &(struct fettle_item) { .id = "system", .kind = "hardware", .name = name, .version = "" });
  if (r == FETTLE_OK)
    r = add_named (v, "serial", "Serial number", b->serial[0] ? b->serial : b->chassis_serial, NULL);
  if (r == FETTLE_OK)
    r = add_named (v, "uuid", "UUID", b->uuid, NULL);
  if (r == FETTLE_OK)
    r = add_named (v, "sku", "Product number", b->sku, NULL);
  if (r == FETTLE_OK)
    r = add_named (v, "asset", "Asset tag", b->asset_tag, NULL);
  if (r == FETTLE_OK)
    r = add_named (v, "board", b->board, b->board_serial, NULL);
  snprintf (name, sizeof name, "%u x %s", b->n_processors, b->processor);
  if (r == FETTLE_OK && b->n_processors)
    r = win_add (v, &(struct fettle_item) { .id = "processors", .kind = "hardware", .name = name, .version = "" });
  snprintf (name, sizeof name, "Memory: %llu MiB in %u modules", (unsigned long long) b->memory_mib, b->n_modules);
  if (r == FETTLE_OK && b->n_modules)
    r = win_add (v, &(struct fettle_item) { .id = "memory", .kind = "hardware", .name = name, .version = "" });
  for (size_t i = 0; i < b->n_slots && r == FETTLE_OK; i++)
    r = add_slot (v, &b->slots[i], i + 1);
  return r;
}

/* What HPE's release notes call "U46 v2.34 (03/11/2025)" is three values. */
static fettle_result
add_bios (struct inventory *v)
{
  const struct smbios *b = &v->smbios;
  const char *scheme = win_scheme (b->bios_version, b->bios_vendor);
  char version[3 * SMBIOS_TEXT], match[2 * WORD_MAX + 8], maker[WORD_MAX], product[WORD_MAX];

  if (!b->bios_version[0])
    return FETTLE_OK;
  if (strcmp (scheme, "hpe") == 0 && b->has_release && b->bios_date[0])
    snprintf (version, sizeof version, "%s v%u.%02u (%s)", b->bios_version, b->bios_major, b->bios_minor, b->bios_date);
  else
    snprintf (version, sizeof version, "%s", b->bios_version);
  win_word (maker, sizeof maker, b->maker);
  win_word (product, sizeof product, b->product);
  snprintf (match, sizeof match, "dmi:%s:%s", maker, product);
  return win_add (v, &(struct fettle_item) {
    .id = "bios", .kind = "firmware", .name = "System firmware (BIOS)", .version = version, .scheme = scheme,
    .match = product[0] ? match : NULL, .flags = product[0] ? FETTLE_ITEM_UPDATEABLE : 0,
  });
}

/* ---- UEFI's table of firmware that can be updated ---- */

static fettle_result
add_esrt (struct inventory *v, const char *name, const struct ndr_handle *key)
{
  char guid[WORD_MAX], id[WORD_MAX + 8], match[WORD_MAX + 8], version[24], staged[24];
  uint32_t number, type = 0, tried = 0, status = 0;
  const char *format, *title, *scheme;
  fettle_result r = reg_number (&v->g, key, "Version", &number);

  if (r != FETTLE_OK)
    return r == WIN_NONE ? FETTLE_OK : r;
  win_low_word (guid, sizeof guid, name);
  r = reg_number (&v->g, key, "Type", &type);
  if (r == FETTLE_OK || r == WIN_NONE)
    r = reg_number (&v->g, key, "LastAttemptVersion", &tried);
  if (r == FETTLE_OK || r == WIN_NONE)
    r = reg_number (&v->g, key, "LastAttemptStatus", &status);
  if (r != FETTLE_OK && r != WIN_NONE)
    return r;
  format = v->w.h->quirk (v->w.c, guid, "version_format");
  title = v->w.h->quirk (v->w.c, guid, "name");
  scheme = win_firmware_version (number, format, version);
  win_firmware_version (tried, format, staged);
  if (status && tried != number)
    fettle_say (v->w.h, v->w.c, FETTLE_LOG_WARNING, "firmware %s: the last update, to %s, failed (status %u)", guid,
                staged, (unsigned) status);
  snprintf (id, sizeof id, "esrt:%s", guid);
  snprintf (match, sizeof match, "guid:%s", guid);
  return win_add (v, &(struct fettle_item) {
    .id = id, .kind = "firmware", .version = version, .scheme = scheme, .match = match, .flags = FETTLE_ITEM_UPDATEABLE,
    .name = title ? title : type == 1 ? "System firmware (UEFI capsule)" : "Device firmware (UEFI capsule)",
  });
}

/* ---- what an update of firmware could lock ---- */

static fettle_result
read_guards (struct inventory *v)
{
  struct ndr_handle key;
  uint32_t number = 0;
  fettle_result r = reg_open (&v->g, NULL, BITLOCKER, &key);

  if (r == FETTLE_OK) {
    r = reg_number (&v->g, &key, "BootStatus", &number);
    reg_close (&v->g, &key);
    v->bitlocker = r == FETTLE_OK && number != 0;
  }
  if (r != FETTLE_OK && r != WIN_NONE)
    return r;
  r = reg_open (&v->g, NULL, TPM, &key);
  if (r == FETTLE_OK) {
    v->tpm = 1;
    reg_close (&v->g, &key);
  }
  if (r != FETTLE_OK && r != WIN_NONE)
    return r;
  return v->tpm || v->bitlocker ? win_add (v, &(struct fettle_item) {
    .id = "tpm", .kind = "hardware", .name = v->tpm ? "TPM" : "BitLocker without a TPM", .version = "",
    .location = v->bitlocker ? "BitLocker" : NULL,
    .flags = (v->tpm ? FETTLE_ITEM_TPM : 0) | (v->bitlocker ? FETTLE_ITEM_ENCRYPTED : 0),
  }) : FETTLE_OK;
}

fettle_result
win_read_system (struct inventory *v)
{
  fettle_result r = read_processor (v);

  if (r == FETTLE_OK)
    r = add_os (v);
  if (r == FETTLE_OK)
    r = read_smbios (v);
  if (r == FETTLE_OK)
    r = fill_in (v);
  if (r == FETTLE_OK)
    r = add_machine (v);
  if (r == FETTLE_OK)
    r = read_guards (v); /* before the firmware, which is told with them */
  if (r == FETTLE_OK)
    r = add_bios (v);
  return r == FETTLE_OK ? win_each_key (v, NULL, ESRT, add_esrt) : r;
}
