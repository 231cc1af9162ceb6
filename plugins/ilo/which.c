/* which.c - in which of its languages an iLO is spoken to: RIBCL (iLO 2, 3), or
 * REST and Redfish.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fettle/services.h>
#include <fettle/util.h>

#include "ribcl.h"

fettle_result
ilo_deploy_which (ILO_CALL, const struct fettle_image *image)
{
  struct ilo_identity who;
  fettle_result r;

  if (ribcl_owns (h->token (c)))
    return ribcl_deploy (h, c, t, image, NULL);
  r = ilo_read_identity (h, c, t, &who);
  if (r == FETTLE_OK && who.generation >= 2 && who.generation <= 4)
    return ribcl_deploy (h, c, t, image, &who);
  if (r != FETTLE_OK && r != FETTLE_E_PROTOCOL)
    return r;
  return fettle_fail (h, c, FETTLE_E_UNSUPPORTED, "%s: Fettle can't update it yet", who.product);
}
