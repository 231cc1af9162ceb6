/* deploy.c - new firmware for both OAs of an enclosure.
 *
 * The image is pushed to the active OA, which flashes and restarts the standby
 * first, then itself.  What follows from that:
 *
 *   no token      look: who is it, may this version follow that one, are the
 *                 credentials good, does another update run?
 *   begin         look again, since this may be the second time; upload, flash,
 *                 follow the OA's events until it goes away
 *   wait S G      poll since S until both have the version; G: not 0 once the flash is
 *                 over, then one more for each time that it was back with the old one
 *   same S G      as wait, where an OA had the version before: until it was away and is back
 *   sync S        the other OA was told to take the version from this one
 *
 * Whether it worked is seen from the versions alone, never from an answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fettle/util.h>

#include "deploy.h"

enum {
  FOLLOW_MAX_S = 1800,
  FORCE_SINCE = 120,
  BACK_MAX = 8,     /* times that it lets us in again before what it has is believed */
  WAS_AWAY = 100,   /* G of "same" */
};

/* ---- looking ---- */

/* By xmldata; where that is off, by SOAP: three answers are enough. */
static fettle_result
look_by_soap (const struct oa_job *j, struct oa_enclosure *e)
{
  static const char *const methods[] = { "getOaStatusArray", "getOaInfoArray", "getBladeMpInfoArray" };
  struct fettle_http_answer a;
  struct oa_session s;
  fettle_result r = oa_login (&s, j->h, j->c, j->t);
  size_t i;

  for (i = 0; r == FETTLE_OK && i < FETTLE_COUNT (methods); i++) {
    r = oa_call (&s, methods[i],
                 i < 2 ? "<hpoa:bayArray><hpoa:bay>1</hpoa:bay><hpoa:bay>2</hpoa:bay></hpoa:bayArray>"
                       : "<hpoa:bayArray><hpoa:bay>1</hpoa:bay></hpoa:bayArray>", 0, &a);
    if (r == FETTLE_OK)
      oa_read_soap (a.body, (size_t) a.size, e);
  }
  oa_logout (&s, r);
  return r;
}

fettle_result
oa_look (const struct oa_job *j, struct oa_enclosure *e)
{
  fettle_result r = oa_ask_xmldata (j->h, j->c, j->t, e);

  if (r == FETTLE_E_UNSUPPORTED || r == FETTLE_E_PROTOCOL) {
    memset (e, 0, sizeof *e);
    r = look_by_soap (j, e);
  }
  return r;
}

/* The OA that isn't at the version; NULL: all are. */
static const struct oa_thing *
behind (const struct oa_enclosure *e, unsigned version)
{
  const struct oa_thing *t = NULL;

  while ((t = oa_thing_next (e, OA_MANAGER, t)))
    if (oa_version (t->firmware) != version)
      break;
  return t;
}

/* The one that was asked, or the only one there is. */
static const struct oa_thing *
this_one (const struct oa_enclosure *e)
{
  const struct oa_thing *t = oa_asked (e);

  return t ? t : oa_thing_next (e, OA_MANAGER, NULL);
}

/* It can be logged in to, and no update of others runs. */
fettle_result
oa_try_login (const struct oa_job *j)
{
  struct oa_session s;
  fettle_result r = oa_login (&s, j->h, j->c, j->t);

  oa_logout (&s, r);
  if (s.code == 139)
    return oa_refuse_standby (j, NULL);
  return r;
}

fettle_result
oa_refuse_standby (const struct oa_job *j, const struct oa_enclosure *e)
{
  static const struct oa_enclosure nothing;
  char text[300];

  oa_name_active (e ? e : &nothing, text, sizeof text);
  return fettle_fail (j->h, j->c, FETTLE_E_CONFIG, "%s.  A standby takes no update", text);
}

/* ---- no token ---- */

static fettle_result
prepare (const struct oa_job *j, struct oa_enclosure *e)
{
  unsigned to = oa_version (j->image->version);
  const struct oa_thing *t;
  const char *step;
  fettle_result r = oa_look (j, e);

  if (r != FETTLE_OK)
    return r;
  if (oa_is_standby (e))
    return oa_refuse_standby (j, e);
  if (!to)
    return fettle_fail (j->h, j->c, FETTLE_E_CONFIG, "%s is no version of an OA: those are such as 4.97",
                        j->image->version);
  if (!oa_thing_next (e, OA_MANAGER, NULL))
    return fettle_fail (j->h, j->c, FETTLE_E_PROTOCOL, "the OA doesn't tell which version it has");
  if (!behind (e, to) && !j->force)
    return FETTLE_OK;
  for (t = oa_thing_next (e, OA_MANAGER, NULL); t; t = oa_thing_next (e, OA_MANAGER, t)) {
    step = oa_needs_step (oa_version (t->firmware), to);
    if (step)
      return fettle_fail (j->h, j->c, FETTLE_E_REJECTED, "the OA in bay %s has %s, from which there is no way to %s but"
                          " through %s: deploy that first", t->bay, t->firmware, j->image->version, step);
  }
  r = oa_try_login (j);
  return r == FETTLE_OK ? j->h->again (j->c, 0, "begin") : r;
}

/* ---- begin ---- */

static fettle_result
wait_token (const struct oa_job *j, const char *word, long long since, int gone, uint32_t delay)
{
  char token[80];

  snprintf (token, sizeof token, "%s %lld %d", word, since, gone);
  return j->h->again (j->c, delay, token);
}

static const char *
usual_word (const struct oa_job *j)
{
  return j->same ? "same" : "wait";
}

static fettle_result
begin_waiting (const struct oa_job *j, int gone)
{
  return wait_token (j, usual_word (j), (long long) time (NULL), gone, oa_number (j->h, j->c, "poll"));
}

static void
tell_event (const struct oa_job *j, const struct oa_events *e)
{
  int standby = strncmp (e->name, "EVENT_STANDBY", 13) == 0;
  char step[80];

  if (!e->name[0])
    return;
  if (strstr (e->name, "PROGRESS"))
    snprintf (step, sizeof step, "flashing the %s OA: %u %%", standby ? "standby" : "active", e->percent);
  else if (strstr (e->name, "BOOTING"))
    snprintf (step, sizeof step, "the standby OA restarts");
  else
    snprintf (step, sizeof step, "updating the %s OA", standby ? "standby" : "active");
  j->h->progress (j->c, (standby ? 220 : 550) + e->percent * 3, step);
}

/* Until it goes away, or says that it failed.  */
static fettle_result
follow (const struct oa_job *j, struct oa_session *s, unsigned pid)
{
  time_t since = time (NULL);
  struct fettle_http_answer a;
  struct oa_events e;
  char arguments[160];
  fettle_result r;

  memset (&e, 0, sizeof e);
  snprintf (arguments, sizeof arguments, "<hpoa:pid>%u</hpoa:pid><hpoa:waitTilEventHappens>false"
            "</hpoa:waitTilEventHappens><hpoa:lcdEvents>false</hpoa:lcdEvents>", pid);
  while (pid && time (NULL) - since < FOLLOW_MAX_S) {
    r = oa_call (s, "getAllEvents", arguments, 60000, &a);
    if (r == FETTLE_E_ABORTED)
      return r;
    if (r != FETTLE_OK) /* it restarts, and has forgotten us */
      return begin_waiting (j, r != FETTLE_E_TIMEOUT);
    oa_read_events (a.body, (size_t) a.size, &e);
    tell_event (j, &e);
    if (e.standby_failed || e.sync_failed)
      return fettle_fail (j->h, j->c, FETTLE_E_REJECTED, "the standby OA couldn't verify or take the image: the active one"
                          " was left as it is.  Is the file whole, and the standby healthy?");
    if (e.pending || e.flash_done)
      break;
    r = j->h->sleep_ms (j->c, oa_number (j->h, j->c, "poll") < 2 ? 200 : 2000);
    if (r != FETTLE_OK)
      return r;
  }
  return begin_waiting (j, e.pending || e.flash_done);
}

static fettle_result
flash (const struct oa_job *j, struct oa_session *s, const struct oa_enclosure *e, const char *token)
{
  const struct oa_thing *t = this_one (e);
  int enhanced = !t || oa_version (t->firmware) >= FORCE_SINCE;
  struct fettle_http_answer a;
  char arguments[400];
  unsigned pid = 0;
  fettle_result r = oa_call (s, "subscribeForEvents", "", 0, &a);

  if (r == FETTLE_OK)
    pid = oa_read_number (a.body, (size_t) a.size, "pid");
  if (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_ABORTED)
    return r;
  snprintf (arguments, sizeof arguments, "<hpoa:oaFileToken>%s</hpoa:oaFileToken><hpoa:oaReset>true</hpoa:oaReset>%s%s%s",
            token, enhanced ? "<hpoa:forceFlash>" : "", enhanced ? j->force ? "true" : "false" : "",
            enhanced ? "</hpoa:forceFlash>" : "");
  j->h->progress (j->c, 220, "the OAs are being flashed");
  r = oa_call (s, enhanced ? "flashOaRomEnhanced" : "flashOaRom", arguments, 600000, &a);
  if (r == FETTLE_OK)
    return follow (j, s, pid);
  return r == FETTLE_E_TIMEOUT ? begin_waiting (j, 0) : r; /* it is at it */
}

static fettle_result
upload_and_flash (const struct oa_job *j, const struct oa_enclosure *e)
{
  struct oa_session s;
  struct oa_upload upload;
  fettle_result r = oa_login (&s, j->h, j->c, j->t);

  if (r == FETTLE_OK) {
    j->h->progress (j->c, 20, "uploading");
    r = oa_send_file (&s, "FIRMWARE_IMAGE", j->image, &upload);
  }
  if (r == FETTLE_OK)
    r = flash (j, &s, e, upload.token);
  oa_logout (&s, r);
  if (s.code == 216 && r < 0) { /* ours, if this is the second time; else it is seen soon */
    j->h->log (j->c, FETTLE_LOG_INFO, "an update runs already: waiting for its end");
    return begin_waiting (j, 0);
  }
  if (s.code == 139 && r < 0)
    return oa_refuse_standby (j, e);
  return s.code == 225 && r < 0 && !j->force ? FETTLE_OK : r;
}

/* Does one of them have it already?  Then the version alone won't tell when it is done. */
static int
has_already (const struct oa_enclosure *e, unsigned version)
{
  const struct oa_thing *t = NULL;

  while ((t = oa_thing_next (e, OA_MANAGER, t)))
    if (oa_version (t->firmware) == version)
      break;
  return t != NULL;
}

static fettle_result
begin (const struct oa_job *j, struct oa_enclosure *e)
{
  unsigned to = oa_version (j->image->version);
  struct oa_job job = *j;
  fettle_result r = oa_look (j, e);

  if (r != FETTLE_OK)
    return r;
  if (oa_is_standby (e))
    return oa_refuse_standby (j, e);
  if (!behind (e, to) && !j->force)
    return FETTLE_OK;
  job.same = j->force && has_already (e, to);
  return upload_and_flash (&job, e);
}

/* ---- wait, sync ---- */

static fettle_result
synchronise (const struct oa_job *j, const struct oa_thing *other, long long since)
{
  struct fettle_http_answer a;
  struct oa_session s;
  fettle_result r = oa_login (&s, j->h, j->c, j->t);

  fettle_say (j->h, j->c, FETTLE_LOG_INFO, "the OA in bay %s still has %s: it is told to take this one's version",
              other->bay, other->firmware);
  if (r == FETTLE_OK)
    r = oa_call (&s, "syncOaRomEnhanced", "", 600000, &a);
  oa_logout (&s, r);
  if (r == FETTLE_E_BUSY || r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT)
    return wait_token (j, usual_word (j), since, 1, oa_number (j->h, j->c, "poll"));
  return r == FETTLE_OK ? wait_token (j, "sync", (long long) time (NULL), 1, oa_number (j->h, j->c, "poll")) : r;
}

/* Both have the version, as one had before: was that one flashed, and is it back?
 * While an update runs nobody can log in. */
static fettle_result
await_restart (const struct oa_job *j, long long since, int gone)
{
  struct oa_session s;
  fettle_result r = oa_login (&s, j->h, j->c, j->t);

  oa_logout (&s, r);
  if (r == FETTLE_E_ABORTED)
    return r;
  if (r == FETTLE_OK && gone >= WAS_AWAY)
    return FETTLE_OK;
  if (r == FETTLE_OK && gone >= BACK_MAX) {
    j->h->log (j->c, FETTLE_LOG_INFO, "the OA wasn't seen to be away, and no update runs any more");
    return FETTLE_OK;
  }
  gone = r == FETTLE_E_UNREACHABLE ? WAS_AWAY : gone + (r == FETTLE_OK);
  return wait_token (j, "same", since, gone, oa_number (j->h, j->c, "poll"));
}

/* It answers, and has the old version: is it still at it? */
static fettle_result
back_with_old (const struct oa_job *j, const struct oa_thing *t, long long since, int gone)
{
  struct oa_session s;
  fettle_result r;

  /* Before the flash is over that is to be expected. */
  if (gone) {
    r = oa_login (&s, j->h, j->c, j->t);
    oa_logout (&s, r);
    gone += r == FETTLE_OK;
  }
  if (gone % WAS_AWAY > BACK_MAX)
    return fettle_fail (j->h, j->c, FETTLE_E_REJECTED, "the OA was flashed with %s and has restarted, but the one in bay %s"
                        " has %s", j->image->version, t->bay, t->firmware[0] ? t->firmware : "an unknown version");
  return wait_token (j, usual_word (j), since, gone, oa_number (j->h, j->c, "poll"));
}

static fettle_result
too_late (const struct oa_job *j, const struct oa_thing *t, int seen)
{
  if (!seen)
    return fettle_fail (j->h, j->c, FETTLE_E_TIMEOUT, "the OA hasn't come back in %u s after it was flashed (setting"
                        " reboot_timeout)", (unsigned) oa_number (j->h, j->c, "reboot_timeout"));
  return fettle_fail (j->h, j->c, FETTLE_E_TIMEOUT, "the OA in bay %s still has %s, %u s after it was flashed (setting"
                      " reboot_timeout)", t->bay, t->firmware[0] ? t->firmware : "an unknown version",
                      (unsigned) oa_number (j->h, j->c, "reboot_timeout"));
}

static fettle_result
await (const struct oa_job *j, struct oa_enclosure *e, const char *word, long long since, int gone)
{
  unsigned to = oa_version (j->image->version);
  int late = (long long) time (NULL) - since > (long long) oa_number (j->h, j->c, "reboot_timeout");
  const struct oa_thing *t;
  fettle_result r;

  j->h->progress (j->c, 900, gone ? "waiting for the OA to be back" : "waiting for the OA");
  r = oa_look (j, e);
  if (r == FETTLE_E_ABORTED)
    return r;
  t = r == FETTLE_OK ? behind (e, to) : NULL;
  if (r == FETTLE_OK && !t && oa_thing_next (e, OA_MANAGER, NULL) && !(j->same && !late))
    return FETTLE_OK;
  if (late)
    return too_late (j, t, t != NULL);
  if (r == FETTLE_OK && !t && j->same)
    return await_restart (j, since, gone);
  if (!t) {
    gone = r != FETTLE_E_UNREACHABLE ? gone : j->same ? WAS_AWAY : gone ? gone : 1;
    return wait_token (j, word, since, gone, oa_number (j->h, j->c, "poll"));
  }
  if (strcmp (word, "sync") == 0)
    return wait_token (j, word, since, gone, oa_number (j->h, j->c, "poll"));
  /* The one that we talk to is done, which comes last, and the other one isn't. */
  if (oa_version (this_one (e)->firmware) == to && !oa_is_standby (e))
    return t->firmware[0] ? synchronise (j, t, since)
                          : wait_token (j, word, since, gone, oa_number (j->h, j->c, "poll"));
  return back_with_old (j, t, since, gone);
}

/* ---- the call ---- */

static fettle_result
deploy (const struct oa_job *j, struct oa_enclosure *e)
{
  const char *token = j->h->token (j->c);
  struct oa_job job = *j;
  long long since;
  char word[8];
  int gone;

  if (!token)
    return prepare (j, e);
  if (strcmp (token, "begin") == 0)
    return begin (j, e);
  if (sscanf (token, "%7s %lld %d", word, &since, &gone) == 3
      && (strcmp (word, "wait") == 0 || strcmp (word, "same") == 0 || strcmp (word, "sync") == 0)) {
    job.same = strcmp (word, "same") == 0;
    return await (&job, e, word, since, gone);
  }
  return fettle_fail (j->h, j->c, FETTLE_E_INTERNAL, "what was kept of the update isn't understood: %.80s", token);
}

fettle_result
oa_deploy (OA_CALL, const struct fettle_image *image)
{
  struct oa_job j = { h, c, t, image, (image->flags & (FETTLE_IMAGE_DOWNGRADE | FETTLE_IMAGE_REWRITE)) != 0, 0 };
  struct oa_enclosure *e = calloc (1, sizeof *e);
  fettle_result r;

  if (!e)
    return h->error (c, FETTLE_E_NOMEM, "no memory");
  r = image->match && strstr (image->match, "oa:ilo") ? oa_deploy_ilo (&j, e) : deploy (&j, e);
  free (e);
  return r;
}
