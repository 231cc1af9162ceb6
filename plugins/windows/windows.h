/* windows.h - what the files of the windows plugin share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include <fettle/plugin.h>
#include <fettle/services.h>
#include <fettle/smb.h>
#include <fettle/util.h>

#include "ndr.h"

/* For calls: the three that each gets. */
#define WIN_CALL const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

fettle_result win_probe (WIN_CALL, uint32_t *score);
fettle_result win_inventory (WIN_CALL);
fettle_result win_deploy (WIN_CALL, const struct fettle_image *);
fettle_result win_cleanup (WIN_CALL);
fettle_result win_activate (WIN_CALL);
fettle_result win_firewall_open (WIN_CALL, uint32_t phases, const char **former);
fettle_result win_firewall_restore (WIN_CALL, const char *former);

/* A key, a value, a service that isn't there, or that we may not see.  It is
 * no failure: nothing has been said. */
#define WIN_NONE 100

/* Win32 numbers that the node answers. */
enum {
  WIN_FILE_NOT_FOUND = 2,
  WIN_PATH_NOT_FOUND = 3,
  WIN_ACCESS_DENIED = 5,
  WIN_INVALID_PARAMETER = 87,
  WIN_INSUFFICIENT_BUFFER = 122,
  WIN_MORE_DATA = 234,
  WIN_NO_MORE_ITEMS = 259,
  WIN_SERVICE_ALREADY_RUNNING = 1056,
  WIN_SERVICE_DISABLED = 1058,
  WIN_SERVICE_DOES_NOT_EXIST = 1060,
  WIN_SERVICE_NOT_ACTIVE = 1062,
  WIN_SERVICE_SPECIFIC = 1066,
  WIN_SERVICE_MARKED_FOR_DELETE = 1072,
  WIN_SERVICE_EXISTS = 1073,
  WIN_SERVICE_NEVER_STARTED = 1077,
  WIN_REBOOT_INITIATED = 1641,
  WIN_SHUTDOWN_IN_PROGRESS = 1115,
  WIN_SHUTDOWN_IS_SCHEDULED = 1190,
  WIN_REBOOT_REQUIRED = 3010
};

/* One call. */
struct win {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  const struct fettle_smb *smb;
};

/* FETTLE_E_SERVICE if there is no smb/1. */
fettle_result win_init (struct win *, WIN_CALL);

/* Says why, by the node's Win32 number, and returns what that is. */
fettle_result win_refused (const struct win *, const char *what, uint32_t win32);

/* In words; NULL: there are none here. */
const char *win_error_text (uint32_t win32);

/* A procedure: sends what is in `out`, which is cleared; *in is the answer. */
fettle_result win_rpc (const struct win *, int32_t handle, uint32_t opnum, struct ndr_out *out,
                       struct ndr_in *in);

/* Settings. */
int win_says_yes (const struct win *, const char *setting);
uint32_t win_number (const struct win *, const char *setting, uint32_t initial, uint32_t most);

/* "fettle-OPERATION": the name of our folder and our service. */
void win_name (const struct win *, const char *suffix, char ret[64]);

#endif
