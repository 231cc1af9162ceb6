/* cim.h - a host's CIM server, and what is installed through it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VMWARE_CIM_H
#define VMWARE_CIM_H

#include "cim-answer.h"
#include "vmware.h"

#define CIM_HPE "root/hpq" /* the namespace of HPE's providers */

enum { IDENTITIES_MAX = 1000 };

struct vm_cim {
  struct vm_session *s;
  int by_password;          /* tickets are no good */
  int tickets;              /* got since the last answer */
  int silent;               /* a request had no answer, or one that is none */
  int installs;             /* it has HPE's installer of smart components: */
  struct cim_path installer;
  struct cim_error error;   /* of the last request */
  char ticket[900];         /* as HTTP's field has it; "": the node's user and password */
  xmlDoc *doc;              /* the last answer */
};

/* Is there one?  FETTLE_OK: it answered.  A failure is normal, and s->why says
 * it.  Needs a session with the host's properties; to be closed always. */
fettle_result vm_cim_open (struct vm_cim *, struct vm_session *);
void vm_cim_close (struct vm_cim *);

/* A method; of an instance where there is a path.  try: an error of CIM is an
 * answer, FETTLE_OK and x->error.code.  ask: it is a failure.  *ret is there until
 * the next request. */
fettle_result vm_cim_try (struct vm_cim *, const char *space, const char *method, const struct cim_path *,
                          const char *parameters, const xmlNode **ret);
fettle_result vm_cim_ask (struct vm_cim *, const char *space, const char *method, const struct cim_path *,
                          const char *parameters, const xmlNode **ret);
fettle_result vm_cim_refused (struct vm_cim *, const char *what);

/* The intrinsic ones that are needed, as try. */
fettle_result vm_cim_enumerate (struct vm_cim *, const char *space, const char *class, const char *properties,
                                const xmlNode **ret);
fettle_result vm_cim_names (struct vm_cim *, const char *space, const char *class, const xmlNode **ret);
fettle_result vm_cim_get (struct vm_cim *, const char *space, const struct cim_path *, const xmlNode **ret);

struct vm_identities {
  struct cim_identity *all; /* to be freed, whatever the result */
  size_t n;
};
fettle_result vm_cim_firmware (struct vm_cim *, struct vm_identities *);
const struct cim_identity *vm_cim_find (const struct vm_identities *, const char *match);

/* ---- smart components (smart.c) ---- */

int vm_is_smart (const struct fettle_image *);
fettle_result vm_deploy_smart (VM_CALL, const struct fettle_image *);

#endif
