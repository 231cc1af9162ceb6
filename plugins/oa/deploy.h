/* deploy.h - what updates of OAs and of iLOs through them share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OA_DEPLOY_H
#define OA_DEPLOY_H

#include "oa.h"

struct oa_job {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  const struct fettle_image *image;
  int force; /* an older version, or the same again, is wanted */
  int same;  /* an OA has had the version before */
};

/* Versions and roles as they are now. */
fettle_result oa_look (const struct oa_job *, struct oa_enclosure *);

fettle_result oa_try_login (const struct oa_job *);

/* CONFIG, with a sentence that names the active OA; `e`: NULL if nothing is known. */
fettle_result oa_refuse_standby (const struct oa_job *, const struct oa_enclosure *e);

fettle_result oa_deploy_ilo (const struct oa_job *, struct oa_enclosure *);

#endif
