/* items.c - items out of what the node says: packages, devices, disks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inventory.h"

#include <stdio.h>
#include <string.h>

#define CLEAN(to, from) text_clean ((to), sizeof (to), (from), strlen (from))

/* ---- packages ---- */

struct package {
  const char *system, *name, *arch, *version, *scheme;
  const char *also; /* added to the id, or NULL; such a one is not for updates */
};

static void
add_package (struct inventory *v, const struct package *p)
{
  char id[400], name[160], word[180], version[200], arch[40], match[200];

  CLEAN (name, p->name);
  CLEAN (version, p->version);
  text_word (arch, sizeof arch, p->arch);
  if (strlen (p->name) >= sizeof name || !name[0] || strpbrk (name, " ")) {
    inventory_warn (v, "a package named \"%.60s\" can't be used", p->name);
    return;
  }
  snprintf (match, sizeof match, "%s:%s", p->system, name);
  snprintf (id, sizeof id, "%s:%s:%s%s%s", p->system, name, arch, p->also ? ":" : "",
            p->also ? text_word (word, sizeof word, p->also) : "");
  inventory_item (v, &(struct fettle_item) {
    .id = id,
    .kind = "package",
    .name = name,
    .version = version,
    .scheme = p->scheme,
    .match = p->also ? NULL : match,
    .arch = arch[0] ? arch : NULL,
    .flags = p->also ? 0 : FETTLE_ITEM_UPDATEABLE,
  });
}

/* "install ok installed", name, version, architecture */
void
inventory_packages_dpkg (struct inventory *v, char *line)
{
  char *field[4], *state;

  if (text_split (line, '\t', field, 4) != 4) {
    inventory_warn (v, "a row of dpkg-query can't be used: %.100s", line);
    return;
  }
  state = strrchr (field[0], ' ');
  state = state ? state + 1 : field[0];
  if (strncmp (state, "half-", 5) == 0 || strcmp (state, "unpacked") == 0)
    inventory_warn (v, "package %.100s is %.20s: run \"dpkg --configure -a\" on the node", field[1],
                    state);
  if (strcmp (state, "installed") == 0)
    add_package (v, &(struct package) {
      .system = "deb", .name = field[1], .version = field[2], .arch = field[3], .scheme = "dpkg",
    });
}

/* name, architecture, time of installation, epoch, version-release.  Of several
 * versions (kernels) the last installed comes first and stands for all. */
void
inventory_packages_rpm (struct inventory *v, char *line)
{
  char *field[5], version[200], key[160];
  int again;

  if (text_split (line, '\t', field, 5) != 5) {
    inventory_warn (v, "a row of rpm can't be used: %.100s", line);
    return;
  }
  if (strcmp (field[0], "gpg-pubkey") == 0)
    return;
  snprintf (key, sizeof key, "%s.%s", field[0], field[1]);
  again = strcmp (key, v->rpm_name) == 0;
  memcpy (v->rpm_name, key, sizeof key);
  if (field[3][0] == '(' || strcmp (field[3], "0") == 0)
    snprintf (version, sizeof version, "%s", field[4]);
  else
    snprintf (version, sizeof version, "%s:%s", field[3], field[4]);
  add_package (v, &(struct package) {
    .system = "rpm",
    .name = field[0],
    .version = version,
    .arch = strcmp (field[1], "(none)") == 0 ? "" : field[1],
    .scheme = "rpm",
    .also = again ? version : NULL,
  });
}

/* ---- devices ---- */

/* "14.31.1014 (MT_0000000008)" is 14.31.1014: what is behind names the board. */
static const char *
firmware_version (char *version)
{
  size_t n = strspn (version, "0123456789.");

  if (n > 2 && strncmp (version + n, " (", 2) == 0 && memchr (version, '.', n))
    version[n] = '\0';
  return text_scheme (version, NULL);
}

static void
device_match (const struct device *d, char *to, size_t size)
{
  char model[96];
  size_t n = 0;

  if (d->subvendor[0] && d->subdevice[0] && strcmp (d->subvendor, "0000") != 0)
    n = (size_t) snprintf (to, size, "pci:%s:%s:%s:%s ", d->vendor, d->device, d->subvendor,
                           d->subdevice);
  n += (size_t) snprintf (to + n, size - n, "pci:%s:%s", d->vendor, d->device);
  if (text_word (model, sizeof model, d->model)[0])
    snprintf (to + n, size - n, " disk:%s", model);
}

/* Functions of one chip report one firmware; the first stands for them. */
static int
said_before (const struct inventory *v, const struct device *d)
{
  size_t n = strlen (d->slot);

  for (const struct device *e = v->devices; e < d; e++)
    if (n > 2 && strncmp (e->slot, d->slot, n - 1) == 0 && strlen (e->slot) == n
        && strcmp (e->device, d->device) == 0 && strcmp (e->firmware, d->firmware) == 0)
      return 1;
  return 0;
}

/* Bridges and what belongs to the processor have no updates of their own. */
static int
is_plumbing (const struct device *d)
{
  return strncmp (d->class, "05", 2) == 0 || strncmp (d->class, "06", 2) == 0
         || strncmp (d->class, "08", 2) == 0 || strncmp (d->class, "11", 2) == 0;
}

static void
add_device (struct inventory *v, struct device *d)
{
  char id[48], match[160], name[200];
  const char *scheme = firmware_version (d->firmware);

  device_match (d, match, sizeof match);
  if (d->model[0])
    snprintf (name, sizeof name, "%s", d->model);
  else if (d->name[0])
    snprintf (name, sizeof name, "%s", d->name);
  else
    snprintf (name, sizeof name, "PCI device %s:%s", d->vendor, d->device);
  snprintf (id, sizeof id, "pci:%s", d->slot);
  inventory_item (v, &(struct fettle_item) {
    .id = id,
    .kind = "hardware",
    .name = name,
    .version = "",
    .location = d->slot,
    .match = d->firmware[0] || is_plumbing (d) ? NULL : match,
    .flags = d->firmware[0] || is_plumbing (d) ? 0 : FETTLE_ITEM_UPDATEABLE,
  });
  if (!d->firmware[0] || said_before (v, d))
    return;
  snprintf (id, sizeof id, "firmware:%s", d->slot);
  inventory_item (v, &(struct fettle_item) {
    .id = id,
    .kind = "firmware",
    .name = name,
    .version = d->firmware,
    .scheme = scheme,
    .location = d->slot,
    .match = match,
    .flags = FETTLE_ITEM_UPDATEABLE,
  });
}

static void
add_driver (struct inventory *v, const struct device *d)
{
  char id[80];

  for (const struct device *e = v->devices; e < d; e++)
    if (strcmp (e->driver, d->driver) == 0)
      return;
  snprintf (id, sizeof id, "driver:%s", d->driver);
  inventory_item (v, &(struct fettle_item) {
    .id = id,
    .kind = "driver",
    .name = d->driver,
    .version = d->driver_version,
    .scheme = text_scheme (d->driver_version, NULL),
    .match = id,
    .flags = FETTLE_ITEM_UPDATEABLE,
  });
}

void
inventory_devices (struct inventory *v)
{
  for (size_t i = 0; i < v->n_devices; i++) {
    add_device (v, &v->devices[i]);
    if (v->devices[i].driver[0])
      add_driver (v, &v->devices[i]);
  }
}

void
inventory_disk (struct inventory *v, const struct group *g)
{
  const char *vendor = "", *model = "", *rev = "", *wwid = "";
  char id[220], name[340], match[200], word[160];

  for (size_t i = 0; i < g->n; i++)
    if (strcmp (g->key[i], "vendor") == 0)
      vendor = g->value[i];
    else if (strcmp (g->key[i], "model") == 0)
      model = g->value[i];
    else if (strcmp (g->key[i], "rev") == 0)
      rev = g->value[i];
    else if (strcmp (g->key[i], "wwid") == 0)
      wwid = g->value[i];
  if (!model[0])
    return;
  /* The kernel's name for a disk changes from start to start. */
  snprintf (id, sizeof id, "disk:%s", text_word (word, sizeof word, wwid[0] ? wwid : g->name));
  snprintf (name, sizeof name, "%s %s", vendor, model);
  snprintf (match, sizeof match, "disk:%s", text_word (word, sizeof word, model));
  inventory_item (v, &(struct fettle_item) {
    .id = id,
    .kind = "firmware",
    .name = vendor[0] && strcmp (vendor, "ATA") != 0 ? name : model,
    .version = rev,
    .scheme = text_scheme (rev, vendor),
    .location = g->name,
    .match = match,
    .flags = rev[0] ? FETTLE_ITEM_UPDATEABLE : 0,
  });
}
