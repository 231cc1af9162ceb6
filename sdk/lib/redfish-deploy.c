/* redfish-deploy.c - an update from its beginning to the node's being well
 * again: a state machine over the token.
 *
 * The token is JSON: "s" is the step (begin, start, wait, settle), "t" when it
 * began, "w" the way, "p" a sum of the firmware's versions before anything was
 * done, "k" the task's path, "F" the node has fetched the image, "a" since
 * when it doesn't answer, "R" it was away since the start, "W" the rest comes
 * with the server's restart, "u" nobody knows how the task ended.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redfish-update.h"

enum {
  TOKEN_MAX = 1000,
  BUSY_MAX_S = 1800, /* how long another's update is waited for */
};

fettle_result
fettle_redfish_again (update *u, uint32_t delay_s)
{
  char *token = json_dumps (u->state, JSON_COMPACT);
  fettle_result r;

  if (!token || strlen (token) > TOKEN_MAX)
    r = u->h->error (u->c, FETTLE_E_INTERNAL, "what is to be kept of the update is too long");
  else
    r = u->h->again (u->c, delay_s, token);
  free (token);
  return r;
}

const char *
fettle_redfish_service_path (update *u)
{
  return u->updater->service ? u->updater->service (u)
                             : fettle_redfish_link (fettle_redfish_root (u->redfish), "UpdateService");
}

/* ---- the beginning ---- */

static fettle_result
start (update *u)
{
  struct fettle_redfish_answer answer;
  char path[FETTLE_REDFISH_PATH];
  char running[FETTLE_REDFISH_PATH] = "";
  fettle_result r;

  /* Perhaps it was begun, and we are who crashed. */
  if ((!u->updater->start && fettle_redfish_fetched (u)) || fettle_redfish_has_changed (u) == 1) {
    u->h->log (u->c, FETTLE_LOG_INFO, "the update has begun before");
    set_step (u, "wait");
    return fettle_redfish_wait_for_task (u);
  }
  if (!u->updater->start)
    fettle_redfish_find_running (u, running);
  if (running[0] && age (u) < BUSY_MAX_S) {
    u->h->progress (u->c, 30, "waiting for another update of the node");
    return fettle_redfish_again (u, 10);
  }
  memset (&answer, 0, sizeof answer);
  u->h->progress (u->c, 50, "telling the node");
  r = u->updater->start ? u->updater->start (u, &answer) : fettle_redfish_start_standard (u, &answer);
  if (r == FETTLE_OK) {
    set_step (u, "wait");
    if (fettle_redfish_task_path (&answer, path, sizeof path) && strlen (path) < 500)
      keep_text (u, "k", path);
    r = fettle_redfish_again (u, answer.retry_after ? answer.retry_after % 60 : 1);
  } else if (r == FETTLE_E_BUSY && age (u) < BUSY_MAX_S) {
    fettle_say (u->h, u->c, FETTLE_LOG_INFO, "%s: waiting", fettle_redfish_why (u->redfish));
    r = fettle_redfish_again (u, age (u) < 30 ? 3 : 20);
  }
  json_decref (answer.body);
  return r;
}

static fettle_result
begin (update *u)
{
  char versions[24];
  fettle_result r;

  if (json_is_false (AT (u->service, "ServiceEnabled")))
    return u->h->error (u->c, FETTLE_E_UNSUPPORTED, "the node's update service is turned off (ServiceEnabled is"
                        " false): turn it on");
  if (u->ways.max_size && u->image->files[0].size > u->ways.max_size)
    return fettle_fail (u->h, u->c, FETTLE_E_REJECTED, "%s has %" PRIu64 " bytes: the node takes at most %" PRIu64,
                        u->image->files[0].name, u->image->files[0].size, u->ways.max_size);
  r = fettle_redfish_choose_way (u);
  if (r != FETTLE_OK)
    return r;
  fettle_redfish_read_versions (u, versions);
  keep_text (u, "p", versions);
  set_step (u, "start");
  return fettle_redfish_again (u, 0);
}

/* ---- one call ---- */

/* It doesn't answer.  Once its update has begun, that is to be expected. */
fettle_result
fettle_redfish_gone (update *u, fettle_result r)
{
  const char *step = TEXT (u->state, "s");
  json_int_t now = (json_int_t) time (NULL);

  if (r == FETTLE_E_ABORTED || r == FETTLE_E_NOMEM || (strcmp (step, "wait") != 0 && strcmp (step, "settle") != 0))
    return r;
  if (!number (u, "a")) {
    keep_number (u, "a", now);
    u->h->log (u->c, FETTLE_LOG_INFO, "the node doesn't answer: it restarts, it seems");
  }
  keep_number (u, "R", 1);
  if (now - number (u, "a") > (json_int_t) u->away_s)
    return fettle_fail (u->h, u->c, FETTLE_E_TIMEOUT, "the node isn't back %u s after it stopped answering while"
                        " it was updated: look at it, and at its power", (unsigned) u->away_s);
  u->h->progress (u->c, 900, "waiting for the node to be back");
  return fettle_redfish_again (u, now - number (u, "a") < 20 ? 2 : 10);
}

static fettle_result
read_service (update *u)
{
  const char *path = fettle_redfish_service_path (u);

  if (!path)
    return u->h->error (u->c, FETTLE_E_UNSUPPORTED, "the node has no Redfish UpdateService, so that Fettle can't"
                        " update it");
  return fettle_redfish_get (u->redfish, path, &u->service, NULL);
}

static fettle_result
go_on (update *u)
{
  const char *step = TEXT (u->state, "s");

  if (u->updater->ways)
    u->updater->ways (u);
  else
    fettle_redfish_ways (u->service, &u->ways);
  u->way = (uint32_t) number (u, "w");
  if (number (u, "a"))
    u->h->log (u->c, FETTLE_LOG_INFO, "the node is back");
  json_object_del (u->state, "a");
  return strcmp (step, "start") == 0    ? start (u)
         : strcmp (step, "wait") == 0   ? fettle_redfish_wait_for_task (u)
         : strcmp (step, "settle") == 0 ? fettle_redfish_settle (u) : begin (u);
}

fettle_result
fettle_redfish_deploy (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t,
                       const struct fettle_image *image, const struct fettle_redfish_updater *updater)
{
  update u = { .h = h, .c = c, .t = t, .image = image, .updater = updater, .reset_s = updater->reset_s,
               .away_s = updater->away_s, .fetch_s = updater->fetch_s, .silent_s = updater->silent_s };
  const char *token = h->token (c);
  fettle_result r;
  int opened;

  u.state = token ? json_loads (token, 0, NULL) : NULL;
  if (!json_is_object (u.state)) {
    json_decref (u.state);
    u.state = json_object ();
  }
  if (!u.state)
    return h->error (c, FETTLE_E_NOMEM, "no memory");
  r = fettle_redfish_open (h, c, t, 443, updater->tls, &u.redfish);
  opened = r == FETTLE_OK;
  if (opened)
    r = fettle_redfish_login (u.redfish);
  if (r == FETTLE_OK)
    r = read_service (&u);
  /* Another certificate than before isn't a node that restarts. */
  if (r != FETTLE_OK)
    r = !opened && r == FETTLE_E_AUTH ? r : fettle_redfish_gone (&u, r);
  else
    r = go_on (&u);
  fettle_redfish_close (u.redfish, r);
  json_decref (u.service);
  json_decref (u.state);
  return r;
}
