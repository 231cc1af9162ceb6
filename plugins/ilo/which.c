/* which.c - in which of its languages an iLO is spoken to: RIBCL (iLO 2, 3, and
 * 4 by push), or REST and Redfish.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#include "ribcl.h"

fettle_result
ilo_deploy_which (ILO_CALL, const struct fettle_image *image)
{
  const char *token = h->token (c), *transfer = h->setting (c, "transfer");
  int pulls = transfer && strcmp (transfer, "pull") == 0;
  struct ilo_identity who;
  fettle_result r;

  if (ribcl_owns (token))
    return ribcl_deploy (h, c, t, image, NULL);
  if (token)
    return ilo_deploy (h, c, t, image);
  r = ilo_read_identity (h, c, t, &who);
  if (r == FETTLE_OK && who.generation >= 2 && who.generation <= (pulls ? 3 : 4))
    return ribcl_deploy (h, c, t, image, &who);
  return r == FETTLE_OK || r == FETTLE_E_PROTOCOL ? ilo_deploy (h, c, t, image) : r;
}
