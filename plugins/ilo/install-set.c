/* install-set.c - an install set of iLO's, made for one component: what is in its
 * sequence becomes the queue's items when it is invoked; see queue.c.
 *
 * The set has our name, as its item has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "update.h"

struct search {
  const char *name;
  char path[500], invoke[500];
};

static fettle_result
look_at_set (void *opaque, const json_t *set)
{
  struct search *s = opaque;

  if (strcmp (TEXT (set, "Name"), s->name) != 0)
    return FETTLE_OK;
  snprintf (s->path, sizeof s->path, "%s", TEXT (set, "@odata.id"));
  snprintf (s->invoke, sizeof s->invoke, "%s", TEXT (set, "Actions/#HpeComponentInstallSet.Invoke/target"));
  return FETTLE_OK;
}

static fettle_result
find (update *u, const char *name, struct search *s)
{
  const char *path = fettle_redfish_link (u->service, "Oem/Hpe/InstallSets");

  memset (s, 0, sizeof *s);
  s->name = name;
  return path ? fettle_redfish_each (u->redfish, path, look_at_set, s, NULL) : FETTLE_OK;
}

static fettle_result
make (update *u, const char *name, const char *file, const char *agent)
{
  const char *path = fettle_redfish_link (u->service, "Oem/Hpe/InstallSets");
  struct fettle_redfish_answer answer = { 0 };
  json_t *body;
  fettle_result r;

  if (!path)
    return u->h->error (u->c, FETTLE_E_UNSUPPORTED, "this iLO has no install sets: set update_by to queue");
  body = json_pack ("{s:s, s:s, s:[{s:s, s:s, s:s, s:[s]}]}", "Name", name, "Description", "One update by Fettle", "Sequence",
                    "Name", name, "Command", "ApplyUpdate", "Filename", file, "UpdatableBy", agent);
  r = body ? fettle_redfish_send (u->redfish, "POST", path, body, &answer)
           : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  json_decref (answer.body);
  return r;
}

static fettle_result
invoke (update *u, const char *path, int tpm, struct fettle_redfish_answer *answer)
{
  json_t *body = json_pack ("{s:b, s:b}", "TPMOverride", tpm, "ClearTaskQueue", 0);
  fettle_result r = body ? fettle_redfish_send (u->redfish, "POST", path, body, answer)
                         : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");

  json_decref (body);
  return r;
}

fettle_result
ilo_set_start (update *u, const char *name, const char *file, const char *agent, int tpm,
               struct fettle_redfish_answer *answer)
{
  struct search s;
  fettle_result r = find (u, name, &s);

  if (r == FETTLE_OK && !s.path[0]) {
    r = make (u, name, file, agent);
    if (r == FETTLE_OK)
      r = find (u, name, &s);
  }
  if (r == FETTLE_OK && !s.invoke[0])
    r = u->h->error (u->c, FETTLE_E_PROTOCOL, "iLO took an install set, and has none that could be invoked");
  if (r == FETTLE_OK)
    r = invoke (u, s.invoke, tpm, answer);
  if (r == FETTLE_OK)
    keep_number (u, "set", 1); /* its item is in the queue now, or soon */
  return r;
}

fettle_result
ilo_set_path (update *u, const char *name, char path[500])
{
  struct search s;
  fettle_result r = find (u, name, &s);

  snprintf (path, 500, "%s", s.path);
  return r;
}
