/* x-inventory.c - what is on a Superdome X: the complex, its partitions, blades,
 * and the modules that manage it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/util.h>

#include "superdome.h"

static fettle_result
add (const struct x_talk *x, const char *id, const char *kind, const char *name, const char *version,
     const char *match, const char *location)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.flags = match ? FETTLE_ITEM_UPDATEABLE : 0;
  item.id = id;
  item.kind = kind;
  item.name = name;
  item.version = version;
  item.scheme = strcmp (kind, "firmware") == 0 ? "hpe" : NULL;
  item.match = match;
  item.location = location;
  return x->h->add_item (x->c, &item);
}

static const char *
title_of (const char *id)
{
  static const char *const titles[][2] = {
    { "complex", "Complex" }, { "partition", "nPartition" }, { "blade", "Blade" }, { "oa", "Onboard Administrator" },
    { "gpsm", "Global Partition Services Module" },
  };

  for (size_t i = 0; i < FETTLE_COUNT (titles); i++)
    if (strcmp (titles[i][0], id) == 0)
      return titles[i][1];
  return id;
}

/* One section of what a row's command says. */
static fettle_result
add_section (const struct x_talk *x, const struct x_row *row, const char *text, size_t size, const char *number)
{
  char id[64], name[X_TEXT], version[X_TEXT], match[100], location[64], label[2 * X_TEXT];

  x_value (text, size, row->name, name);
  x_value (text, size, row->version, version);
  snprintf (id, sizeof id, "%s%s%s", row->id, *number ? ":" : "", number);
  snprintf (location, sizeof location, "%s %s", title_of (row->id), number);
  snprintf (label, sizeof label, "%s firmware%s%s%s", title_of (row->id), *name ? " (" : "", name, *name ? ")" : "");
  snprintf (match, sizeof match, "superdome-x:%s", id);
  if (!*version && !row->update) /* a bay with nothing in it, or that doesn't say */
    return *name ? add (x, id, "hardware", name, "", NULL, location) : FETTLE_OK;
  return add (x, id, "firmware", label, version, row->update ? match : NULL, *number ? location : NULL);
}

/* The machine itself, as the row of the complex says. */
static fettle_result
add_machine (const struct x_talk *x, const struct x_row *row, const char *text, size_t size)
{
  char name[X_TEXT], serial[X_TEXT];
  const char *key;
  fettle_result r = x_quirk (x->h, x->c, "serial", &key);

  if (r != FETTLE_OK)
    return r;
  x_value (text, size, row->name, name);
  x_value (text, size, *key == '^' ? key + 1 : key, serial);
  r = *name ? add (x, "system", "hardware", name, "", NULL, NULL) : FETTLE_OK;
  return r == FETTLE_OK && *serial ? add (x, "serial", "hardware", "Serial number", serial, NULL, NULL) : r;
}

/* How many sections a row had, or a negative result. */
static int32_t
read_row (const struct x_talk *x, const struct x_row *row)
{
  const char *text, *unknown = NULL, *p;
  char number[16];
  int32_t n = 0;
  size_t size;
  fettle_result r = x_quirk (x->h, x->c, "unknown_command", &unknown);

  if (r == FETTLE_OK)
    r = fettle_dialogue_run (x->d, row->command, &text);
  if (r != FETTLE_OK)
    return r;
  if (fettle_dialogue_find (text, unknown, &size)) {
    fettle_say (x->h, x->c, FETTLE_LOG_WARNING, "the inventory isn't complete: the node doesn't know \"%s\" "
                "(superdome.quirks)", row->command);
    return 0;
  }
  for (p = text; r == FETTLE_OK && n < 1000 && (p = x_section (p, row->section, number, &size)); p += size, n++) {
    if (strcmp (row->id, "complex") == 0 && n == 0)
      r = add_machine (x, row, p, size);
    if (r == FETTLE_OK)
      r = add_section (x, row, p, size, number);
  }
  return r == FETTLE_OK ? n : r;
}

static fettle_result
read_all (const struct x_talk *x)
{
  const char *rows;
  int32_t n, all = 0;
  fettle_result r = x_quirk (x->h, x->c, "inventory", &rows);

  while (r == FETTLE_OK && rows) {
    struct x_row row;
    int ok;

    rows = x_row_read (rows, &row, &ok);
    if (!ok)
      return fettle_fail (x->h, x->c, FETTLE_E_CONFIG, "superdome.quirks: a row of \"inventory\" isn't "
                          "\"id;command;section;name;version;update\": it begins with \"%s;%s\"", row.id, row.command);
    n = read_row (x, &row);
    if (n < 0)
      r = n;
    else
      all += n;
  }
  if (r == FETTLE_OK && !all)
    r = fettle_fail (x->h, x->c, FETTLE_E_PROTOCOL, "the node answers, but nothing that superdome.quirks describes is "
                     "in what it says: is it a Superdome X?");
  return r;
}

fettle_result
x_inventory (SD_CALL)
{
  struct x_talk x;
  fettle_result r = x_open (h, c, t, 0, &x);

  if (r != FETTLE_OK)
    return r;
  r = read_all (&x);
  x_close (&x, r);
  return r;
}

/* Its greeting may be any Onboard Administrator's; its complex is a Superdome's. */
fettle_result
x_probe (SD_CALL, uint32_t *score)
{
  struct x_talk x;
  struct x_row row;
  const char *rows, *text;
  size_t size;
  int ok;
  fettle_result r = x_open (h, c, t, 1, &x);

  *score = 0;
  if (r == FETTLE_E_PROTOCOL || r == FETTLE_E_TIMEOUT) /* another command line, or none */
    return FETTLE_OK;
  if (r != FETTLE_OK)
    return r;
  r = x_quirk (h, c, "inventory", &rows);
  if (r == FETTLE_OK) {
    x_row_read (rows, &row, &ok);
    r = fettle_dialogue_run (x.d, row.command, &text);
    if (r == FETTLE_OK && fettle_dialogue_find (text, "Superdome", &size))
      *score = 95;
  }
  x_close (&x, r);
  return r;
}
