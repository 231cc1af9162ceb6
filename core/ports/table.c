/* table.c - the port table of the manual.  See ports.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "ports/ports.h"
#include "util/nearest.h"

/* One node type and whose it is. */
struct entry {
  const struct fettle_plugin *plugin;
  const struct fettle_node_type *type;
  bool ours; /* not as the user guides have it: from Linux, and what is needed alone */
};

/* Puts text behind what is there, with a separator between. */
static void
append (char *text, size_t size, const char *separator, const char *more)
{
  size_t n = strlen (text);

  snprintf (text + n, size - n, "%s%s", n ? separator : "", more);
}

static const char *
hosts_text (uint32_t hosts)
{
  bool on_windows = hosts & FETTLE_HOST_WINDOWS, on_linux = hosts & FETTLE_HOST_LINUX;

  return on_windows && on_linux ? "Windows or Linux" : on_windows ? "Windows" : "Linux";
}

/* "22", "(80)", "49152-65535"; false when its listener is off. */
static bool
port_text (const struct fettle_port *row, const struct fettle_listen_ports *ours, char ret[32])
{
  uint16_t numbers[] = { 0, ours->http, ours->https, ours->ftp };
  bool optional = row->flags & FETTLE_PORT_OPTIONAL;
  unsigned first = row->first, last = row->last;

  if (row->direction == FETTLE_FROM_TARGET)
    first = last = row->listener < COUNT (numbers) ? numbers[row->listener] : 0;
  if (first == last)
    snprintf (ret, 32, optional ? "(%u)" : "%u", first);
  else
    snprintf (ret, 32, optional ? "(%u-%u)" : "%u-%u", first, last);
  return first != 0;
}

/* Is the word one of the cell's already (TCP and UDP of one number)? */
static bool
has (const char *cell, const char *word)
{
  size_t n = strlen (word);

  for (const char *p = cell; (p = strstr (p, word)); p += n)
    if ((p == cell || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
      return true;
  return false;
}

static void
fill_cell (const struct entry *entry, uint32_t phase, uint32_t direction,
           const struct fettle_listen_ports *ours, char *cell, size_t size)
{
  const struct fettle_node_type *type = entry->type;

  for (uint32_t i = 0; i < type->n_ports; i++) {
    const struct fettle_port *row = &type->ports[i];
    char text[32];

    if (row->phases & phase && row->direction == direction && port_text (row, ours, text)
        && !has (cell, text) && !(entry->ours && row->flags & FETTLE_PORT_SPARE))
      append (cell, size, " ", text);
  }
  if (!*cell)
    append (cell, size, "", "None");
}

static void
fill_row (const struct entry *entry, uint32_t phases, const struct fettle_listen_ports *ours,
          struct fettle_table_row *row)
{
  static const struct { uint32_t phase, direction; } cells[] = {
    { FETTLE_INVENTORY,  FETTLE_TO_TARGET }, { FETTLE_INVENTORY,  FETTLE_FROM_TARGET },
    { FETTLE_DEPLOYMENT, FETTLE_TO_TARGET }, { FETTLE_DEPLOYMENT, FETTLE_FROM_TARGET },
  };

  memset (row, 0, sizeof *row);
  append (row->hosts, sizeof row->hosts, "", entry->ours ? "Linux" : hosts_text (entry->type->hosts));
  append (row->types, sizeof row->types, "", entry->type->title);
  for (size_t i = 0; i < COUNT (cells); i++)
    if (cells[i].phase & phases)
      fill_cell (entry, cells[i].phase, cells[i].direction, ours, row->cells[i],
                 sizeof row->cells[i]);
}

static bool
needs_the_same (const struct fettle_table_row *a, const struct fettle_table_row *b)
{
  for (size_t i = 0; i < COUNT (a->cells); i++)
    if (strcmp (a->cells[i], b->cells[i]) != 0)
      return false;
  return strcmp (a->hosts, b->hosts) == 0;
}

static int
by_position (const void *a, const void *b)
{
  const struct fettle_node_type *p = ((const struct entry *) a)->type;
  const struct fettle_node_type *q = ((const struct entry *) b)->type;

  if (((const struct entry *) a)->ours != ((const struct entry *) b)->ours)
    return ((const struct entry *) a)->ours ? 1 : -1;
  if (p->position != q->position)
    return p->position < q->position ? -1 : 1;
  return strcmp (p->name, q->name);
}

/* All types, or the one of this name, in the table's order; room for two of each. */
static size_t
collect (const struct fettle_plugin *const *plugins, size_t n_plugins, const char *type,
         struct entry *entries)
{
  size_t n = 0;

  for (size_t i = 0; i < n_plugins; i++)
    for (uint32_t j = 0; j < plugins[i]->n_node_types; j++)
      if (!type || strcmp (plugins[i]->node_types[j].name, type) == 0) {
        entries[n++] = (struct entry) { plugins[i], &plugins[i]->node_types[j], false };
        if (plugins[i]->node_types[j].hosts & FETTLE_HOST_LINUX_TOO)
          entries[n++] = (struct entry) { plugins[i], &plugins[i]->node_types[j], true };
      }
  if (n)
    qsort (entries, n, sizeof *entries, by_position);
  return n;
}

static fettle_result
unknown_type (const struct fettle_plugin *const *plugins, size_t n_plugins, const char *type,
              struct fettle_error *err)
{
  struct fettle_nearest near = FETTLE_NEAREST_INIT (type);

  for (size_t i = 0; i < n_plugins; i++)
    for (uint32_t j = 0; j < plugins[i]->n_node_types; j++)
      fettle_nearest_try (&near, plugins[i]->node_types[j].name);
  if (near.best)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "there is no node type \"%.64s\"; did you mean \"%s\"?", type,
                             near.best);
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "there is no node type \"%.64s\"; fettle plugin list shows those "
                           "there are", type);
}

/* Rows out of entries; an entry whose row is there already joins it. */
static size_t
make_rows (struct entry *entries, size_t n_entries, uint32_t phases,
           const struct fettle_listen_ports *ours, struct fettle_table_row *rows)
{
  size_t n = 0, j;

  for (size_t i = 0; i < n_entries; i++) {
    fill_row (&entries[i], phases, ours, &rows[n]);
    for (j = 0; j < n; j++)
      if (entries[j].plugin == entries[i].plugin && needs_the_same (&rows[j], &rows[n]))
        break;
    if (j < n)
      append (rows[j].types, sizeof rows[j].types, ", ", entries[i].type->title);
    else
      entries[n++] = entries[i]; /* whose row n is */
  }
  return n;
}

fettle_result
fettle_port_table (const struct fettle_plugin *const *plugins, size_t n_plugins, const char *type,
                   uint32_t phase, const struct fettle_listen_ports *ours,
                   struct fettle_table_row **ret, size_t *ret_n, struct fettle_error *err)
{
  _cleanup_free_ struct entry *entries = NULL;
  struct fettle_table_row *rows;
  size_t n = 0;

  for (size_t i = 0; i < n_plugins; i++)
    n += 2 * plugins[i]->n_node_types;
  entries = calloc (n + 1, sizeof *entries);
  if (!entries)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the port table");
  n = collect (plugins, n_plugins, type, entries);
  if (type && n == 0)
    return unknown_type (plugins, n_plugins, type, err);
  rows = calloc (n + 1, sizeof *rows);
  if (!rows)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the port table");
  *ret_n = make_rows (entries, n, phase ? phase : FETTLE_BOTH, ours, rows);
  *ret = rows;
  return FETTLE_OK;
}
