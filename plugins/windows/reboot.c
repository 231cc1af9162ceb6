/* reboot.c - does the node wait for a restart?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inventory.h"

#define SESSION_MANAGER "SYSTEM\\CurrentControlSet\\Control\\Session Manager"

static fettle_result
key_is_there (struct registry *g, const char *path, int *ret)
{
  struct ndr_handle key;
  fettle_result r = reg_open (g, NULL, path, &key);

  *ret = r == FETTLE_OK;
  if (r == FETTLE_OK)
    reg_close (g, &key);
  return r == WIN_NONE ? FETTLE_OK : r;
}

/* Files to be renamed or removed at the next start. */
static fettle_result
files_wait (struct registry *g, int *ret)
{
  struct ndr_handle key;
  struct reg_value v;
  fettle_result r = reg_open (g, NULL, SESSION_MANAGER, &key);

  *ret = 0;
  if (r != FETTLE_OK)
    return r == WIN_NONE ? FETTLE_OK : r;
  r = reg_value (g, &key, "PendingFileRenameOperations", &v);
  *ret = r == FETTLE_OK && v.size > 4;
  reg_value_clear (&v);
  reg_close (g, &key);
  return r == WIN_NONE ? FETTLE_OK : r;
}

fettle_result
win_reboot_pending (struct registry *g, const char **why)
{
  static const struct {
    const char *path, *why;
  } keys[] = {
    { "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending",
      "updates of Windows wait for it" },
    { "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired",
      "Windows Update wants it" },
  };
  fettle_result r = FETTLE_OK;
  int there = 0;

  *why = NULL;
  for (size_t i = 0; i < FETTLE_COUNT (keys) && r == FETTLE_OK && !*why; i++) {
    r = key_is_there (g, keys[i].path, &there);
    if (r == FETTLE_OK && there)
      *why = keys[i].why;
  }
  if (r == FETTLE_OK && !*why) {
    r = files_wait (g, &there);
    if (r == FETTLE_OK && there)
      *why = "files in use are to be replaced";
  }
  return r;
}
