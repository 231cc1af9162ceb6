/* redfish-wait.c - from the beginning of the node's work until it is well
 * again, and what became of the update.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include "redfish-update.h"

enum { WELL = 3 }; /* looks in a row before a node is well again */

/* ---- tasks that nobody has named ---- */

struct search {
  char *path; /* FETTLE_REDFISH_PATH bytes */
};

static fettle_result
is_update (void *opaque, const json_t *task)
{
  static const char *const words[] = { "pdate", "lash", "irmware" };
  const char *path = fettle_redfish_link (task, "");
  struct fettle_redfish_task t;
  struct search *s = opaque;
  size_t i;

  fettle_redfish_judge (200, task, &t);
  for (i = 0; i < FETTLE_COUNT (words) && t.state == FETTLE_REDFISH_RUNS && path; i++)
    if (strstr (TEXT (task, "Name"), words[i]) || strstr (TEXT (task, "Payload/TargetUri"), words[i]))
      snprintf (s->path, FETTLE_REDFISH_PATH, "%s", path);
  return FETTLE_OK;
}

int
fettle_redfish_find_running (update *u, char path[FETTLE_REDFISH_PATH])
{
  const char *link = fettle_redfish_link (fettle_redfish_root (u->redfish), "Tasks");
  struct search s = { path };
  json_t *service = NULL;

  path[0] = '\0';
  if (link && fettle_redfish_get (u->redfish, link, &service, NULL) == FETTLE_OK) {
    link = fettle_redfish_link (service, "Tasks");
    if (link)
      fettle_redfish_each (u->redfish, link, is_update, &s, NULL);
  }
  json_decref (service);
  return path[0] != '\0';
}

static uint32_t
interval (const update *u, const struct fettle_redfish_task *t)
{
  json_int_t n = age (u);

  if (t && t->retry_after)
    return t->retry_after < 60 ? t->retry_after : 60;
  return n < 15 ? 2 : n < 120 ? 5 : n < 600 ? 10 : 20;
}

/* ---- the end ---- */

static fettle_result
end (update *u, fettle_result code, const char *text)
{
  fettle_result r = u->updater->finish ? u->updater->finish (u) : FETTLE_OK;

  if (code >= 0 && (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT)) /* it restarts only now */
    return fettle_redfish_gone (u, r);
  return code < 0 ? u->h->error (u->c, code, text) : code;
}

/* Nobody has said how it ended, and nothing is new: it looks bad, and the
 * inventory has the last word. */
static fettle_result
end_unknown (update *u)
{
  char text[600];

  snprintf (text, sizeof text, "%s, and the firmware is what it was before.  Deploy again%s",
            number (u, "R") ? "the node restarted before it said how its update ended"
                            : "the node's task is gone without a word on how the update ended",
            number (u, "R") ? "; if it lost its power, see to that first" : "");
  return end (u, FETTLE_E_TIMEOUT, text);
}

fettle_result
fettle_redfish_settle (update *u)
{
  int changed = fettle_redfish_has_changed (u), i;
  const char *path;
  json_t *now = NULL;

  u->h->progress (u->c, 950, "waiting until the node is well again");
  if (changed != 1 && !number (u, "R") && !number (u, "W") && age (u) < (json_int_t) u->reset_s)
    return fettle_redfish_again (u, interval (u, NULL));
  path = fettle_redfish_service_path (u);
  for (i = 1; i < WELL && path; i++) {
    if (u->h->sleep_ms (u->c, 1000) != FETTLE_OK)
      return u->h->error (u->c, FETTLE_E_ABORTED, "aborted while the node restarted");
    if (fettle_redfish_get (u->redfish, path, &now, NULL) != FETTLE_OK) {
      if (age (u) > (json_int_t) u->away_s)
        break; /* as well as it gets */
      keep_number (u, "R", 1);
      return fettle_redfish_again (u, 2);
    }
    json_decref (now);
    now = NULL;
  }
  if (changed != 1 && number (u, "u"))
    return end_unknown (u);
  return end (u, number (u, "W") && changed != 1 ? FETTLE_OK_REBOOT : FETTLE_OK, "");
}

/* ---- while it runs ---- */

static fettle_result
push_instead (update *u, const char *why)
{
  fettle_say (u->h, u->c, FETTLE_LOG_WARNING, "the node didn't fetch the image (%s): it is pushed instead",
              why);
  u->way = fettle_redfish_push_way (u);
  keep_number (u, "w", (json_int_t) u->way);
  json_object_del (u->state, "k");
  set_step (u, "start");
  return fettle_redfish_again (u, 1);
}

static fettle_result
not_fetched (update *u, const char *why)
{
  char text[900];

  if (fettle_redfish_push_way (u))
    return push_instead (u, why);
  snprintf (text, sizeof text, "the node didn't fetch the image: %.500s.  Can it reach us? fettle check %.100s"
            " says so", why, u->t->name);
  return end (u, FETTLE_E_UNREACHABLE, text);
}

static fettle_result
task_failed (update *u, const struct fettle_redfish_task *t)
{
  char text[900];

  if (fettle_redfish_has_changed (u) == 1) {
    fettle_say (u->h, u->c, FETTLE_LOG_WARNING, "the node says that the update failed (%s), but its firmware"
                " has changed: the inventory decides", t->words);
    set_step (u, "settle");
    return fettle_redfish_settle (u);
  }
  if (t->busy) {
    snprintf (text, sizeof text, "another update is under way on the node: %.700s  Try again when that one is done", t->words);
    return end (u, FETTLE_E_BUSY, text);
  }
  if (u->way == FETTLE_REDFISH_PULL && !number (u, "F") && !fettle_redfish_fetched (u))
    return not_fetched (u, t->words);
  snprintf (text, sizeof text, "the node didn't install it: %.700s", t->words);
  return end (u, FETTLE_E_REJECTED, text);
}

static fettle_result
still_runs (update *u, const struct fettle_redfish_task *t)
{
  char step[120], why[80];

  if (u->way == FETTLE_REDFISH_PULL && !number (u, "F")) {
    if (fettle_redfish_fetched (u))
      keep_number (u, "F", 1);
    else if (age (u) > (json_int_t) u->fetch_s) {
      snprintf (why, sizeof why, "nothing came of it in %u s", (unsigned) u->fetch_s);
      if (*TEXT (u->state, "k"))
        fettle_redfish_send (u->redfish, "DELETE", TEXT (u->state, "k"), NULL, NULL);
      return not_fetched (u, why);
    }
  }
  if (!*TEXT (u->state, "k") && !u->updater->look && age (u) > (json_int_t) u->silent_s) {
    keep_number (u, "u", 1);
    set_step (u, "settle");
    return fettle_redfish_settle (u);
  }
  snprintf (step, sizeof step, "installing%s%.100s", t->words[0] ? ": " : "", t->words);
  u->h->progress (u->c, 600 + t->percent * 3, step);
  return fettle_redfish_again (u, interval (u, t));
}

/* Without a task: one that appears, or the versions. */
static fettle_result
look_standard (update *u, const char *path, struct fettle_redfish_task *ret)
{
  char running[FETTLE_REDFISH_PATH];

  if (*path)
    return fettle_redfish_look (u->redfish, path, ret);
  memset (ret, 0, sizeof *ret);
  if (fettle_redfish_find_running (u, running))
    keep_text (u, "k", running);
  else if (fettle_redfish_has_changed (u) == 1)
    ret->state = FETTLE_REDFISH_DONE;
  return FETTLE_OK;
}

fettle_result
fettle_redfish_wait_for_task (update *u)
{
  struct fettle_redfish_task t;
  fettle_result r = u->updater->look ? u->updater->look (u, TEXT (u->state, "k"), &t)
                                     : look_standard (u, TEXT (u->state, "k"), &t);

  if (r != FETTLE_OK)
    return fettle_redfish_gone (u, r);
  switch (t.state) {
  case FETTLE_REDFISH_RUNS:
    return still_runs (u, &t);
  case FETTLE_REDFISH_FAILED:
    return task_failed (u, &t);
  case FETTLE_REDFISH_UNKNOWN:
    u->h->log (u->c, FETTLE_LOG_WARNING, "the node knows nothing of its update any more: the inventory decides");
    keep_number (u, "u", 1);
    break;
  case FETTLE_REDFISH_WAITS:
    keep_number (u, "W", 1);
    break;
  default:
    fettle_say (u->h, u->c, FETTLE_LOG_INFO, "the node says that it is done%s%s", t.words[0] ? ": " : "",
                t.words);
  }
  set_step (u, "settle");
  return fettle_redfish_settle (u);
}
