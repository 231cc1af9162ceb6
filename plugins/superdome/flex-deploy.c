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

/* ---- After it was interrupted ---- */

static fettle_result
note_running (void *opaque, const json_t *task)
{
  struct fettle_redfish_task state;

  fettle_redfish_judge (200, task, &state);
  *(int *) opaque |= state.state == FETTLE_REDFISH_RUNS;
  return FETTLE_OK;
}

/* Nothing of ours is on the node, and what it was told it can't be told not to
 * do: but who interrupted it should know whether it goes on. */
fettle_result
flex_cleanup (SD_CALL)
{
  struct fettle_redfish *redfish = NULL;
  fettle_result r = fettle_redfish_open (h, c, t, 443, 0, &redfish);
  const char *path = r == FETTLE_OK ? fettle_redfish_link (fettle_redfish_root (redfish), "Tasks") : NULL;
  json_t *tasks = NULL;
  int runs = 0;

  if (path)
    r = fettle_redfish_login (redfish);
  if (r == FETTLE_OK && path)
    r = fettle_redfish_get (redfish, path, &tasks, NULL);
  path = r == FETTLE_OK && tasks ? fettle_redfish_link (tasks, "Tasks") : NULL;
  if (path)
    r = fettle_redfish_each (redfish, path, note_running, &runs, NULL);
  if (runs)
    h->log (c, FETTLE_LOG_WARNING, "the RMC goes on with an update, which can't be called back: leave its power on until"
            " its task has ended");
  fettle_redfish_close (redfish, r);
  json_decref (tasks);
  return r;
}
