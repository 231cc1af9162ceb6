/* update.c - updates by Redfish (iLO 5 and later) and by iLO 4's REST.
 *
 * An image that iLO flashes itself goes to it at once: by SimpleUpdate, which
 * fetches it, or into /cgi-bin/uploadFile.  All else goes into its repository
 * (AddFromUri, or an upload in sections with their .compsig), and a task in
 * its queue, made by us or by an install set, installs it.  fettle_redfish_deploy does the rest.
 *
 * Kept between calls: "method" (flash, queue), "old" (an error that was there
 * before), "next" (what of a file is to be uploaded next), "there" (the file
 * was in the repository before), "stored", "seen" (it was at work), "set" (an
 * install set was invoked), "other" (iLO takes others' firmware, for now).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fettle/redfish.h>
#include <fettle/services.h>
#include <fettle/util.h>

#include "items.h"
#include "update.h"

enum {
  BUSY_S = 1800, /* how long another's update is waited for */
};

/* ---- which way ---- */

static int
is_flashed (const update *u)
{
  const char *name = file_at (u->image, 0)->name, *by = u->h->setting (u->c, "update_by");

  if (by && strcmp (by, "auto") != 0)
    return strcmp (by, "flash") == 0;
  if (u->image->n_files > 1) /* signature files, which only the repository takes */
    return 0;
  if (ends_with (name, ".fwpkg"))
    return json_is_true (AT (u->service, "Oem/Hpe/Capabilities/UpdateFWPKG"));
  return !ends_with (name, ".exe") && !ends_with (name, ".rpm") && !ends_with (name, ".zip")
         && !ends_with (name, ".scexe");
}

static const char *
service_path (update *u)
{
  const json_t *root = fettle_redfish_root (u->redfish);

  if (generation (u) != 4)
    return fettle_redfish_link (root, "UpdateService");
  return *TEXT (root, "Links/Sessions/@odata.id") ? "/redfish/v1/Managers/1/UpdateService/"
                                                  : "/rest/v1/Managers/1/UpdateService";
}

static const char *
firmware_path (update *u)
{
  if (generation (u) != 4)
    return NULL;
  return *TEXT (fettle_redfish_root (u->redfish), "Links/Sessions/@odata.id")
           ? "/redfish/v1/Systems/1/FirmwareInventory/" : "/rest/v1/Systems/1/FirmwareInventory";
}

static void
ways (update *u)
{
  const char *pull;

  fettle_redfish_ways (u->service, &u->ways);
  if (generation (u) == 4) {
    pull = TEXT (u->service, "Actions/#HpiLOFirmwareUpdate.InstallFromURI/target");
    snprintf (u->ways.pull, sizeof u->ways.pull, "%s", *pull ? pull : service_path (u));
    u->ways.http = 1;
    u->ways.push[0] = '\0';
  } else if (!is_flashed (u)) {
    pull = u->image->n_files == 1 ? TEXT (u->service, "Oem/Hpe/Actions/#HpeiLOUpdateServiceExt.AddFromUri/target")
                                  : "";
    snprintf (u->ways.pull, sizeof u->ways.pull, "%s", pull);
    u->ways.http = 1;
  }
}

/* ---- what it is asked to bear ---- */

/* The plan has asked the user already whether a TPM is to be borne. */
static fettle_result
read_system (update *u, int *tpm)
{
  json_t *system = NULL;
  fettle_result r = FETTLE_OK;

  if (generation (u) == 4)
    r = fettle_redfish_get (u->redfish, strncmp (service_path (u), "/rest", 5) == 0
                                          ? "/rest/v1/Systems/1" : "/redfish/v1/Systems/1/", &system, NULL);
  else
    r = ilo_read_first (u->redfish, "Systems", &system);
  *tpm = system && ilo_has_tpm (system);
  json_decref (system);
  return r;
}

struct search {
  const update *u;
  int restart;
};

/* What of the firmware works from the server's next start on. */
static fettle_result
look_at_item (void *opaque, const json_t *member)
{
  static const char *const names[] = { "System ROM", "Programmable Logic", "CPLD" };
  const json_t *targets = AT (member, "Oem/Hpe/Targets");
  struct search *s = opaque;
  size_t i, k;

  for (i = 0; i < json_array_size (targets) && i < 16; i++) {
    const char *target = TEXT (json_array_get (targets, i), "");
    char word[100];

    for (k = 0; target[k] && k < sizeof word - 1; k++)
      word[k] = (char) (target[k] >= 'A' && target[k] <= 'Z' ? target[k] - 'A' + 'a' : target[k]);
    word[k] = '\0';
    if (!word[0] || !strstr (s->u->image->match, word))
      continue;
    for (k = 0; k < FETTLE_COUNT (names); k++)
      s->restart |= strstr (TEXT (member, "Name"), names[k]) != NULL;
  }
  return FETTLE_OK;
}

static void
note_restart (update *u)
{
  const char *path = fettle_redfish_link (u->service, "FirmwareInventory");
  struct search s = { u, 0 };

  if (path)
    fettle_redfish_each (u->redfish, path, look_at_item, &s, NULL);
  if (s.restart)
    keep_number (u, "W", 1);
}

/* ---- telling iLO 4 ---- */

static fettle_result
start_ilo4 (update *u, int tpm, struct fettle_redfish_answer *answer)
{
  const char *url = fettle_redfish_image_url (u);
  json_t *body = url ? json_pack ("{s:s, s:b}", "FirmwareURI", url, "TPMOverrideFlag", tpm) : NULL;
  fettle_result r;

  if (!url)
    return FETTLE_E_SERVICE; /* it has been said */
  if (body && strstr (u->ways.pull, "/Actions/") == NULL)
    json_object_set_new (body, "Action", json_string ("InstallFromURI"));
  r = body ? fettle_redfish_send (u->redfish, "POST", u->ways.pull, body, answer)
           : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  return r;
}

/* ---- telling iLO 5 and later ---- */

/* {"UpdateTarget": ...} of an upload, as text. */
static char *
upload_parameters (update *u, int flash, int tpm, json_int_t section)
{
  json_t *p = json_pack ("{s:b, s:b, s:s, s:I}", "UpdateTarget", flash, "UpdateRepository", !flash,
                         "UploadCurrentEtag", u->t->operation, "Section", section);
  char *text;

  if (p && tpm)
    json_object_set_new (p, "TPMOverride", json_true ());
  text = p ? json_dumps (p, JSON_COMPACT) : NULL;
  json_decref (p);
  return text;
}

/* One request: the file from this byte on, at most `size` of them. */
fettle_result
ilo_upload (update *u, int flash, int tpm, uint64_t offset, uint64_t size, uint32_t signature,
        struct fettle_redfish_answer *answer)
{
  const char *token = fettle_redfish_token (u->redfish);
  const struct fettle_file *f = file_at (u->image, 0);
  struct fettle_http_part parts[4];
  char cookie[2200], *said = upload_parameters (u, flash, tpm, (json_int_t) (offset / ILO_SECTION));
  struct fettle_redfish_upload what = { .path = u->ways.push, .fields = cookie, .step = "uploading",
                                        .flags = FETTLE_HTTP_MULTIPART, .parts = parts };
  uint32_t n = 0;
  fettle_result r;

  if (!said)
    return u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  memset (parts, 0, sizeof parts);
  snprintf (cookie, sizeof cookie, "Cookie: sessionKey=%s", token);
  parts[n].name = "sessionKey";
  parts[n].data = token;
  parts[n++].size = strlen (token);
  parts[n].name = "parameters";
  parts[n].type = "application/json";
  parts[n].data = said;
  parts[n++].size = strlen (said);
  if (signature) {
    parts[n].name = "compsig";
    parts[n].file_name = file_at (u->image, signature)->name;
    parts[n].type = "application/octet-stream";
    parts[n].file = signature;
    parts[n++].size = file_at (u->image, signature)->size;
  }
  parts[n].name = "file";
  parts[n].file_name = f->name;
  parts[n].type = "application/octet-stream";
  parts[n].offset = offset;
  parts[n++].size = size;
  what.n_parts = n;
  what.from = 50 + (uint32_t) (500 * (double) offset / (double) (f->size ? f->size : 1));
  what.to = 50 + (uint32_t) (500 * (double) (offset + size) / (double) (f->size ? f->size : 1));
  r = fettle_redfish_upload (u->redfish, &what, answer);
  free (said);
  return r;
}

static int
is_working (const char *state)
{
  return strcmp (state, "Uploading") == 0 || strcmp (state, "Verifying") == 0 || strcmp (state, "Writing") == 0
         || strcmp (state, "Updating") == 0;
}

static fettle_result
simple_update (update *u, int tpm, struct fettle_redfish_answer *answer)
{
  const char *url = fettle_redfish_image_url (u);
  json_t *body = url ? json_pack ("{s:s, s:s}", "ImageURI", url, "TransferProtocol", "HTTP") : NULL;
  fettle_result r;

  if (!url)
    return FETTLE_E_SERVICE; /* it has been said */
  if (body && tpm)
    json_object_set_new (body, "TPMOverrideFlag", json_true ());
  r = body ? fettle_redfish_send (u->redfish, "POST", u->ways.pull, body, answer)
           : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  return r;
}

static fettle_result
start_flash (update *u, int tpm, struct fettle_redfish_answer *answer)
{
  if (u->way == FETTLE_REDFISH_PULL)
    return fettle_redfish_fetched (u) ? FETTLE_OK : simple_update (u, tpm, answer);
  return ilo_upload (u, 1, tpm, 0, file_at (u->image, 0)->size, 0, answer);
}

/* ---- the beginning ---- */

/* What others than HPE have signed iLO takes where it is told to: for the time
 * of the update. */
static fettle_result
accept_others (update *u, int accept)
{
  json_t *body = json_pack ("{s:{s:{s:b}}}", "Oem", "Hpe", "Accept3rdPartyFirmware", accept);
  fettle_result r = body ? fettle_redfish_patch (u->redfish, service_path (u), body)
                         : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");

  json_decref (body);
  if (r == FETTLE_OK)
    keep_number (u, "other", accept);
  return r;
}

/* The user lets us, and it is so now. */
static int
may_change_others (update *u, int accepts)
{
  const char *text = u->h->setting (u->c, "accept_3rd_party");
  const json_t *now = AT (u->service, "Oem/Hpe/Accept3rdPartyFirmware");

  return text && strcmp (text, "yes") == 0 && (accepts ? json_is_true (now) : json_is_false (now));
}

static void
note_beginning (update *u)
{
  const char *state = TEXT (u->service, "Oem/Hpe/State");

  keep (u, "method", is_flashed (u) ? "flash" : "queue");
  if (strcmp (state, "Error") == 0)
    keep (u, "old", TEXT (u->service, "Oem/Hpe/Result/MessageId"));
  if (strcmp (kept (u, "method"), "flash") == 0)
    note_restart (u);
}

static fettle_result
start (update *u, struct fettle_redfish_answer *answer)
{
  int tpm = 0, flash;
  fettle_result r = read_system (u, &tpm);

  if (r != FETTLE_OK)
    return r;
  if (generation (u) == 4)
    return fettle_redfish_fetched (u) ? FETTLE_OK : start_ilo4 (u, tpm, answer);
  if (!*kept (u, "method"))
    note_beginning (u);
  if (may_change_others (u, 0)) {
    r = accept_others (u, 1);
    if (r != FETTLE_OK)
      return r;
  }
  flash = strcmp (kept (u, "method"), "flash") == 0;
  if (is_working (TEXT (u->service, "Oem/Hpe/State"))) {
    if (flash && (ilo_is_ours (u) || fettle_redfish_fetched (u)))
      return FETTLE_OK;
    if (age (u) > BUSY_S)
      return fettle_fail (u->h, u->c, FETTLE_E_BUSY, "iLO is busy with another update (%s) since %u s: try again"
                          " later", TEXT (u->service, "Oem/Hpe/State"), (unsigned) BUSY_S);
    u->h->progress (u->c, 30, "waiting until iLO is idle");
    return fettle_redfish_again (u, 3);
  }
  return flash ? start_flash (u, tpm, answer) : ilo_queue_start (u, tpm, answer);
}

/* ---- how far is it ---- */

static fettle_result
look_ilo4 (update *u, struct fettle_redfish_task *ret)
{
  const char *state = TEXT (u->service, "State");
  int over = strcmp (state, "COMPLETED") == 0, bad = strcmp (state, "ERROR") == 0;

  ret->percent = (uint32_t) json_integer_value (AT (u->service, "ProgressPercent")) % 101;
  if (!over && !bad && strcmp (state, "IDLE") != 0)
    keep_number (u, "seen", 1);
  else if (!kept_number (u, "seen") && !fettle_redfish_fetched (u) && age (u) < ILO_GRACE_S)
    ; /* what it says is of before */
  else if (bad) {
    ret->state = FETTLE_REDFISH_FAILED;
    snprintf (ret->words, sizeof ret->words, "iLO's update engine ended with ERROR; its event log says more");
  } else
    ret->state = over ? FETTLE_REDFISH_DONE : FETTLE_REDFISH_UNKNOWN;
  return FETTLE_OK;
}

/* A state that was there before, sticky as Error is, says nothing of ours. */
static void
look_at_state (update *u, struct fettle_redfish_task *ret)
{
  const char *state = TEXT (u->service, "Oem/Hpe/State"), *id = TEXT (u->service, "Oem/Hpe/Result/MessageId");
  int bad = strcmp (state, "Error") == 0;

  ret->percent = (uint32_t) json_integer_value (AT (u->service, "Oem/Hpe/FlashProgressPercent")) % 101;
  if (is_working (state)) {
    keep_number (u, "seen", 1);
    snprintf (ret->words, sizeof ret->words, "%s", state);
  } else if (!kept_number (u, "seen") && !ilo_is_ours (u) && !kept_number (u, "R") && age (u) < ILO_GRACE_S
             && (!bad || strcmp (kept (u, "old"), id) == 0))
    ;
  else if (bad) {
    ret->state = FETTLE_REDFISH_FAILED;
    ilo_result (u, ret->words, sizeof ret->words);
  } else
    ret->state = strcmp (state, "Complete") == 0 ? FETTLE_REDFISH_DONE : FETTLE_REDFISH_UNKNOWN;
}

/* The task, where there is one, says more surely how it ended. */
static fettle_result
look_at_flash (update *u, const char *path, struct fettle_redfish_task *ret)
{
  struct fettle_redfish_task task;
  fettle_result r;

  look_at_state (u, ret);
  if (!*path || (ret->state == FETTLE_REDFISH_RUNS && kept_number (u, "seen") && ret->words[0]))
    return FETTLE_OK;
  r = fettle_redfish_look (u->redfish, path, &task);
  if (r == FETTLE_OK && (task.state == FETTLE_REDFISH_DONE || task.state == FETTLE_REDFISH_FAILED))
    *ret = task;
  /* Its State is enough where the task can't be read. */
  return ret->state != FETTLE_REDFISH_RUNS ? FETTLE_OK : r;
}

static fettle_result
look (update *u, const char *path, struct fettle_redfish_task *ret)
{
  memset (ret, 0, sizeof *ret);
  if (generation (u) == 4)
    return look_ilo4 (u, ret);
  return strcmp (kept (u, "method"), "queue") == 0 ? ilo_queue_look (u, path, ret)
                                                   : look_at_flash (u, path, ret);
}

/* ---- the end ---- */

static fettle_result
finish (update *u)
{
  fettle_result r = ilo_queue_finish (u);

  return r == FETTLE_OK && kept_number (u, "other") ? accept_others (u, 0) : r;
}

static void
set_up (const struct fettle_host *h, fettle_ctx *c, struct fettle_redfish_updater *x)
{
  const char *timeout = h->setting (c, "reset_timeout");

  memset (x, 0, sizeof *x);
  x->tls = ilo_tls (h, c);
  x->reset_s = 20;
  x->away_s = timeout ? (uint32_t) strtoul (timeout, NULL, 10) : 900;
  x->fetch_s = 120;
  x->service = service_path;
  x->firmware = firmware_path;
  x->ways = ways;
  x->start = start;
  x->look = look;
  x->finish = finish;
}

fettle_result
ilo_deploy (ILO_CALL, const struct fettle_image *image)
{
  struct fettle_redfish_updater updater;

  set_up (h, c, &updater);
  return fettle_redfish_deploy (h, c, t, image, &updater);
}

fettle_result
ilo_cleanup (ILO_CALL)
{
  update u = { .h = h, .c = c, .t = t };
  const char *path;
  fettle_result r = fettle_redfish_open (h, c, t, 443, ilo_tls (h, c), &u.redfish);

  if (r == FETTLE_E_UNSUPPORTED) /* no Redfish: nothing was left by it */
    return FETTLE_OK;
  if (r == FETTLE_OK)
    r = fettle_redfish_login (u.redfish);
  path = r == FETTLE_OK && generation (&u) != 4 ? service_path (&u) : NULL;
  if (path)
    r = fettle_redfish_get (u.redfish, path, &u.service, NULL);
  /* Whatever became of the update: nobody knows any more how it was before. */
  if (r == FETTLE_OK && path && may_change_others (&u, 1)) {
    u.state = json_object ();
    r = accept_others (&u, 0);
    json_decref (u.state);
    u.state = NULL;
  }
  if (r == FETTLE_OK && path)
    r = ilo_queue_remove (&u);
  fettle_redfish_close (u.redfish, r);
  json_decref (u.service);
  return r;
}
