/* software.c - drivers, installed software, updates of Windows, services: as
 * the registry has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include <strings.h>

#include "inventory.h"

#define CLASSES "SYSTEM\\CurrentControlSet\\Control\\Class"
#define SERVICES "SYSTEM\\CurrentControlSet\\Services"
#define PACKAGES "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages"
#define UNINSTALL "Microsoft\\Windows\\CurrentVersion\\Uninstall"

/* A few values of a key at once. */
struct wanted {
  const char *name;
  char *to;
  size_t size;
};

static fettle_result
read_texts (struct inventory *v, const struct ndr_handle *key, const struct wanted *rows, size_t n)
{
  fettle_result r = FETTLE_OK;

  for (size_t i = 0; i < n && r == FETTLE_OK; i++)
    r = reg_text (&v->g, key, rows[i].name, rows[i].to, rows[i].size);
  return r;
}

static fettle_result
number_or_0 (struct inventory *v, const struct ndr_handle *key, const char *name, uint32_t *ret)
{
  fettle_result r = reg_number (&v->g, key, name, ret);

  if (r == WIN_NONE)
    *ret = 0;
  return r == WIN_NONE ? FETTLE_OK : r;
}

/* ---- drivers ---- */

static const char *class_name; /* a call has a process of its own */
static char driver_before[WORD_MAX];

/* "6-21-2006" is 2006-06-21. */
static void
driver_date (const char *from, char to[16])
{
  unsigned month, day, year;

  to[0] = '\0';
  if (sscanf (from, "%2u-%2u-%4u", &month, &day, &year) == 3)
    snprintf (to, 16, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
}

static fettle_result
add_driver (struct inventory *v, const char *instance, const struct ndr_handle *key)
{
  char version[64], provider[100], date[40], title[160], inf[64], device[REG_NAME_MAX];
  char id[WORD_MAX + 8], word[WORD_MAX], match[MATCH_MAX], name[ITEM_TEXT], where[200], day[16];
  const struct wanted first[] = {
    { "DriverVersion", version, sizeof version },
    { "ProviderName",  provider, sizeof provider },
  };
  const struct wanted rest[] = {
    { "DriverDate",       date,   sizeof date },
    { "DriverDesc",       title,  sizeof title },
    { "InfPath",          inf,    sizeof inf },
    { "MatchingDeviceId", device, sizeof device },
  };
  fettle_result r = read_texts (v, key, first, FETTLE_COUNT (first));

  (void) instance;
  if (r != FETTLE_OK || !version[0]
      || (strcmp (provider, "Microsoft") == 0 && !win_says_yes (&v->w, "windows_drivers")))
    return r;
  r = read_texts (v, key, rest, FETTLE_COUNT (rest));
  if (r != FETTLE_OK || !device[0])
    return r;
  win_low_word (word, sizeof word, device);
  if (strcmp (word, driver_before) == 0) /* one more device of the same kind */
    return FETTLE_OK;
  memcpy (driver_before, word, sizeof driver_before);
  win_device_match (device, match);
  driver_date (date, day);
  snprintf (id, sizeof id, "driver:%s", word);
  snprintf (name, sizeof name, "%s%s%.190s", provider, provider[0] && title[0] ? " " : "", title[0] ? title : device);
  snprintf (where, sizeof where, "%s%s%s%s%s", class_name, day[0] ? ", " : "", day, inf[0] ? ", " : "", inf);
  return win_add (v, &(struct fettle_item) {
    .id = id, .kind = "driver", .name = name, .version = version, .scheme = win_scheme (version, NULL),
    .match = match, .location = where, .flags = FETTLE_ITEM_UPDATEABLE,
  });
}

/* A class of devices, {4d36e972-e325-11ce-bfc1-08002be10318} is Net. */
static fettle_result
read_class (struct inventory *v, const char *guid, const struct ndr_handle *key)
{
  char name[64];
  fettle_result r = reg_text (&v->g, key, "Class", name, sizeof name);

  class_name = name[0] ? name : guid;
  driver_before[0] = '\0';
  if (r == FETTLE_OK)
    r = win_each_key (v, key, NULL, add_driver);
  class_name = NULL;
  return r;
}

fettle_result
win_read_drivers (struct inventory *v)
{
  return win_each_key (v, NULL, CLASSES, read_class);
}

/* ---- installed software ---- */

static int view_is_32; /* the registry's view for 32-bit programs */

static fettle_result
add_program (struct inventory *v, const char *key_name, const struct ndr_handle *key)
{
  char name[200], version[80], publisher[120], parent[80], word[WORD_MAX], title[WORD_MAX], id[WORD_MAX + 32];
  char match[2 * WORD_MAX + 32];
  const struct wanted rows[] = {
    { "DisplayName",    name,      sizeof name },
    { "DisplayVersion", version,   sizeof version },
    { "Publisher",      publisher, sizeof publisher },
    { "ParentKeyName",  parent,    sizeof parent },
  };
  uint32_t hidden = 0;
  fettle_result r = read_texts (v, key, rows, 1);

  if (r != FETTLE_OK || !name[0])
    return r;
  r = read_texts (v, key, rows + 1, FETTLE_COUNT (rows) - 1);
  if (r == FETTLE_OK)
    r = number_or_0 (v, key, "SystemComponent", &hidden);
  if (r != FETTLE_OK || hidden || parent[0]) /* a part of another one, an update of it */
    return r;
  win_low_word (word, sizeof word, key_name);
  win_word (title, sizeof title, name);
  snprintf (id, sizeof id, "software:%s%s", word, view_is_32 ? ":32" : "");
  snprintf (match, sizeof match, "%s%s%ssoftware:%s", key_name[0] == '{' ? "msi:" : "", key_name[0] == '{' ? word : "",
            key_name[0] == '{' ? " " : "", title);
  return win_add (v, &(struct fettle_item) {
    .id = id, .kind = "package", .name = name, .version = version, .scheme = win_scheme (version, NULL),
    .match = match, .location = publisher[0] ? publisher : NULL, .arch = view_is_32 ? "i386" : NULL,
    .flags = FETTLE_ITEM_UPDATEABLE,
  });
}

fettle_result
win_read_software (struct inventory *v)
{
  fettle_result r;

  view_is_32 = 0;
  r = win_each_key (v, NULL, "SOFTWARE\\" UNINSTALL, add_program);
  view_is_32 = 1;
  return r == FETTLE_OK ? win_each_key (v, NULL, "SOFTWARE\\WOW6432Node\\" UNINSTALL, add_program) : r;
}

/* ---- updates of Windows ---- */

enum { CBS_INSTALL_PENDING = 0x60, CBS_INSTALLED = 0x70, CBS_PERMANENT = 0x80 };

static char hotfix_before[40];

static fettle_result
add_hotfix (struct inventory *v, const char *package)
{
  char name[40], version[40], word[40], id[64], match[64], title[80], path[REG_NAME_MAX + 128];
  struct ndr_handle key;
  uint32_t state;
  int pending;
  fettle_result r;

  if (!win_hotfix (package, name, version))
    return FETTLE_OK;
  snprintf (path, sizeof path, PACKAGES "\\%s", package);
  r = reg_open (&v->g, NULL, path, &key);
  if (r != FETTLE_OK)
    return r == WIN_NONE ? FETTLE_OK : r;
  r = number_or_0 (v, &key, "CurrentState", &state);
  reg_close (&v->g, &key);
  pending = state == CBS_INSTALL_PENDING;
  if (r != FETTLE_OK || (state != CBS_INSTALLED && state != CBS_PERMANENT && !pending))
    return r;
  if (!pending && strcasecmp (name, hotfix_before) == 0)
    return FETTLE_OK;
  if (!pending)
    memcpy (hotfix_before, name, sizeof name);
  snprintf (id, sizeof id, "update:%s%s", name, pending ? ":pending" : "");
  snprintf (title, sizeof title, "Windows update %s%s", name, pending ? ", waits for a restart" : "");
  win_low_word (word, sizeof word, name);
  snprintf (match, sizeof match, "kb:%s", strncmp (word, "kb", 2) == 0 ? word + 2 : word);
  return win_add (v, &(struct fettle_item) {
    .id = id, .kind = "package", .name = title, .version = pending ? "" : version, .scheme = "dotted", .match = match,
    .staged = pending ? version : NULL, .flags = FETTLE_ITEM_UPDATEABLE,
  });
}

/* There are thousands of packages, of which only names are asked first. */
fettle_result
win_read_hotfixes (struct inventory *v)
{
  char name[REG_NAME_MAX];
  struct ndr_handle key;
  fettle_result r = reg_open (&v->g, NULL, PACKAGES, &key);

  if (r != FETTLE_OK)
    return r == WIN_NONE ? FETTLE_OK : r;
  hotfix_before[0] = '\0';
  for (uint32_t i = 0; r == FETTLE_OK; i++) {
    r = reg_subkey (&v->g, &key, i, name);
    if (r == FETTLE_OK)
      r = v->w.h->aborted (v->w.c) ? FETTLE_E_ABORTED : add_hotfix (v, name);
  }
  reg_close (&v->g, &key);
  return r == WIN_NONE ? FETTLE_OK : r;
}

/* ---- services ---- */

static fettle_result
add_service (struct inventory *v, const char *name, const struct ndr_handle *key)
{
  static const char *const starts[] = { "boot", "system", "automatic", "manual", "disabled" };
  char title[200], image[300], id[WORD_MAX + 8], word[WORD_MAX];
  const struct wanted rows[] = {
    { "ImagePath",   image, sizeof image },
    { "DisplayName", title, sizeof title },
  };
  const char *which = v->w.h->setting (v->w.c, "services");
  uint32_t type, start = 0;
  fettle_result r = number_or_0 (v, key, "Type", &type);

  if (r != FETTLE_OK || !(type & 0x30)) /* drivers are no services here */
    return r;
  r = read_texts (v, key, rows, FETTLE_COUNT (rows));
  if (r == FETTLE_OK)
    r = number_or_0 (v, key, "Start", &start);
  if (r != FETTLE_OK || (win_is_system_path (image) && !(which && strcmp (which, "all") == 0)))
    return r;
  snprintf (id, sizeof id, "service:%s", win_word (word, sizeof word, name));
  return win_add (v, &(struct fettle_item) {
    .id = id, .kind = "package", .name = title[0] && title[0] != '@' ? title : name, .version = "",
    .location = start < FETTLE_COUNT (starts) ? starts[start] : NULL,
  });
}

fettle_result
win_read_services (struct inventory *v)
{
  const char *which = v->w.h->setting (v->w.c, "services");

  if (which && strcmp (which, "none") == 0)
    return FETTLE_OK;
  return win_each_key (v, NULL, SERVICES, add_service);
}
