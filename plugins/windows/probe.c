/* probe.c - is this a Windows machine that answers on SMB?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "windows.h"

enum { BUILD_LEAST = 2600, CERTAIN = 90 };

/* Samba speaks SMB, too, and says so: it has no build of Windows to name. */
fettle_result
win_probe (WIN_CALL, uint32_t *score)
{
  struct fettle_smb_facts facts = { .struct_size = sizeof facts };
  struct win w;
  fettle_result r = win_init (&w, h, c, t);

  *score = 0;
  if (r != FETTLE_OK)
    return r;
  r = w.smb->look (c, &facts);
  if (r == FETTLE_OK && facts.os_build >= BUILD_LEAST)
    *score = CERTAIN;
  /* Whoever answers with something else isn't Windows. */
  return r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED ? FETTLE_OK : r;
}
