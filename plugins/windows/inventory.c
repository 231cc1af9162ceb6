/* inventory.c - what is on the node.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "inventory.h"

fettle_result
win_add (struct inventory *v, const struct fettle_item *item)
{
  struct fettle_item copy = *item;

  copy.struct_size = sizeof copy;
  if (!copy.name[0])
    copy.name = copy.id;
  /* What is locked to the firmware's measure is told with each that changes it. */
  if (v->bitlocker && strcmp (item->kind, "firmware") == 0)
    copy.flags |= FETTLE_ITEM_ENCRYPTED;
  return v->w.h->add_item (v->w.c, &copy);
}

static fettle_result
open_and_call (struct inventory *v, const struct ndr_handle *base, const char *name, win_each *each)
{
  struct ndr_handle key;
  fettle_result r = reg_open (&v->g, base, name, &key);

  if (r != FETTLE_OK)
    return r == WIN_NONE ? FETTLE_OK : r;
  r = each (v, name, &key);
  reg_close (&v->g, &key);
  return r;
}

fettle_result
win_each_key (struct inventory *v, const struct ndr_handle *base, const char *path, win_each *each)
{
  char name[REG_NAME_MAX];
  struct ndr_handle parent;
  fettle_result r = path ? reg_open (&v->g, base, path, &parent) : FETTLE_OK;

  if (r != FETTLE_OK)
    return r == WIN_NONE ? FETTLE_OK : r;
  for (uint32_t i = 0; r == FETTLE_OK; i++) {
    r = reg_subkey (&v->g, path ? &parent : base, i, name);
    if (r == FETTLE_OK)
      r = v->w.h->aborted (v->w.c) ? FETTLE_E_ABORTED : open_and_call (v, path ? &parent : base, name, each);
  }
  if (path)
    reg_close (&v->g, &parent);
  return r == WIN_NONE ? FETTLE_OK : r;
}

/* How the node is, which the user of the job may want to know. */
static fettle_result
tell_pending (struct inventory *v)
{
  const char *why = NULL;
  fettle_result r = win_reboot_pending (&v->g, &why);

  if (r == FETTLE_OK && why)
    fettle_say (v->w.h, v->w.c, FETTLE_LOG_WARNING, "the node waits for a restart: %s", why);
  return r;
}

static fettle_result
read_all (struct inventory *v)
{
  static const struct {
    const char *step;
    uint32_t at;
    fettle_result (*read) (struct inventory *);
  } parts[] = {
    { "system and firmware", 50,  win_read_system },
    { "drivers",             200, win_read_drivers },
    { "software",            450, win_read_software },
    { "updates of Windows",  600, win_read_hotfixes },
    { "services",            750, win_read_services },
    { "restart",             800, tell_pending },
    { "WMI",                 850, win_read_wmi },
  };
  fettle_result r = FETTLE_OK;

  for (size_t i = 0; i < FETTLE_COUNT (parts) && r == FETTLE_OK; i++) {
    v->w.h->progress (v->w.c, parts[i].at, parts[i].step);
    r = parts[i].read (v);
  }
  return r;
}

fettle_result
win_inventory (WIN_CALL)
{
  struct inventory *v = calloc (1, sizeof *v);
  fettle_result r;

  if (!v)
    return h->error (c, FETTLE_E_NOMEM, "no memory for the inventory");
  r = win_init (&v->w, h, c, t);
  if (r == FETTLE_OK) {
    r = win_registry_open (&v->w, &v->g);
    if (r == FETTLE_OK)
      r = read_all (v);
    r = win_registry_close (&v->w, &v->g, r);
  }
  free (v);
  return r;
}
