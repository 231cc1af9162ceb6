/* services.h - the node's services, over the pipe svcctl (MS-SCMR).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_SERVICES_H
#define WINDOWS_SERVICES_H

#include "windows.h"

enum {
  SVC_STOPPED = 1, SVC_START_PENDING = 2, SVC_STOP_PENDING = 3, SVC_RUNNING = 4,        /* state */
  SVC_AUTO = 2, SVC_DEMAND = 3, SVC_DISABLED = 4                                       /* start */
};

struct services {
  const struct win *w;
  int32_t pipe;            /* -1: not open */
  struct ndr_handle manager;
};

struct svc_status {
  uint32_t state, win32_exit, own_exit, pid;
};

fettle_result svc_connect (struct services *, const struct win *);
void svc_disconnect (struct services *);

/* WIN_NONE when there is no such service. */
fettle_result svc_open (struct services *, const char *name, struct ndr_handle *);
/* One of its own process, as LocalSystem.  *ret_was_there: there is one of
 * this name already, and *ret isn't set. */
fettle_result svc_create (struct services *, const char *name, const char *image, uint32_t start, struct ndr_handle *ret,
                          int *ret_was_there);
/* OK too when it runs already.  *ret_win32, when REJECTED, has the number. */
fettle_result svc_start (struct services *, const struct ndr_handle *, const char *name, uint32_t *ret_win32);
fettle_result svc_stop (struct services *, const struct ndr_handle *, const char *name);
fettle_result svc_status (struct services *, const struct ndr_handle *, struct svc_status *);
fettle_result svc_get_start (struct services *, const struct ndr_handle *, uint32_t *ret_start);
fettle_result svc_set_start (struct services *, const struct ndr_handle *, const char *name, uint32_t start);
/* OK too when that has been asked for already. */
fettle_result svc_delete (struct services *, const struct ndr_handle *, const char *name);
void svc_close (struct services *, struct ndr_handle *);

/* Until it is in that state; TIMEOUT (said) after so many seconds. */
fettle_result svc_wait (struct services *, const struct ndr_handle *, const char *name, uint32_t state, uint32_t seconds,
                        struct svc_status *);

/* ---- what comes in, for tests ---- */
int svc_take_status (struct ndr_in *, struct svc_status *, uint32_t *ret_error);
int svc_take_config (struct ndr_in *, uint32_t *ret_start, uint32_t *ret_error);

#endif
