/* flex-deploy.c - a firmware bundle onto a Superdome Flex, whose RMC fetches it
 * from us: libfettle-redfish does it, but for the action that begins it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/redfish.h>
#include <fettle/services.h>
#include <fettle/util.h>

#include "flex.h"

static void
find_ways (struct fettle_redfish_update *u)
{
  const char *target = flex_find_update (u->service);

  memset (&u->ways, 0, sizeof u->ways);
  if (target && strlen (target) < sizeof u->ways.pull)
    snprintf (u->ways.pull, sizeof u->ways.pull, "%s", target);
  u->ways.https = 1;
}

static fettle_result
start (struct fettle_redfish_update *u, struct fettle_redfish_answer *answer)
{
  const char *partitions = u->h->setting (u->c, "exclude_partitions"), *url;
  json_t *body;
  fettle_result r;

  /* Before a crash it was told already: its tasks and versions say the rest. */
  if (fettle_redfish_fetched (u))
    return FETTLE_OK;
  url = fettle_redfish_image_url (u);
  if (!url)
    return FETTLE_E_SERVICE; /* it has been said why */
  body = json_pack ("{s:s, s:b, s:b}", "ImageURI", url, "Reinstall", (u->image->flags & FETTLE_IMAGE_REWRITE) != 0,
                    "ExcludeNparFw", partitions && strcmp (partitions, "yes") == 0);
  r = body ? fettle_redfish_send (u->redfish, "POST", u->ways.pull, body, answer)
           : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  return r;
}

static uint32_t
number (const struct fettle_host *h, fettle_ctx *c, const char *key, uint32_t otherwise)
{
  const char *text = FETTLE_HAS (h, struct fettle_host, quirk) ? h->quirk (c, "superdome-flex", key) : NULL;
  unsigned n = 0;

  return text && sscanf (text, "%6u", &n) == 1 && n ? n : otherwise;
}

fettle_result
flex_deploy (SD_CALL, const struct fettle_image *image)
{
  struct fettle_redfish_updater updater;

  memset (&updater, 0, sizeof updater);
  updater.reset_s = number (h, c, "reset_s", 60);
  updater.away_s = number (h, c, "away_s", 1800);
  updater.fetch_s = number (h, c, "fetch_s", 600);
  updater.silent_s = number (h, c, "silent_s", 3600);
  updater.ways = find_ways;
  updater.start = start;
  return fettle_redfish_deploy (h, c, t, image, &updater);
}
