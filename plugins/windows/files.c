/* files.c - files on the node, below ADMIN$: the Windows folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inventory.h"

static int
is_gone (const struct win *w)
{
  uint32_t status = w->smb->status (w->c);

  return status == FETTLE_NT_NAME_NOT_FOUND || status == FETTLE_NT_PATH_NOT_FOUND
         || status == FETTLE_NT_NO_SUCH_FILE || status == FETTLE_NT_DELETE_PENDING;
}

fettle_result
win_stat (const struct win *w, const char *path, struct fettle_smb_entry *entry)
{
  struct fettle_smb_entry unwanted = { .struct_size = sizeof unwanted };
  fettle_result r = w->smb->stat (w->c, "ADMIN$", path, entry ? entry : &unwanted);

  return r == FETTLE_E_REJECTED && is_gone (w) ? WIN_NONE : r;
}
