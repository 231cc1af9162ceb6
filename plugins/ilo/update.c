/* update.c - updates by Redfish (iLO 5 and later) and by iLO 4's REST.
 *
 * An image that iLO flashes itself goes to it at once: by SimpleUpdate, which
 * fetches it, or into /cgi-bin/uploadFile.  All else goes into its repository
 * (AddFromUri, or an upload in sections with their .compsig), and a task in
 * its queue installs it.  fettle_redfish_deploy does the rest.
 *
 * Kept between calls: "method" (flash, queue), "old" (an error that was there
 * before), "next" (what of a file is to be uploaded next), "there" (the file
 * was in the repository before), "stored", "seen" (it was at work).
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

#include "ilo.h"
#include "items.h"

enum {
  SECTION = 32 << 20, /* bytes of an upload */
  GRACE_S = 30,       /* until what was begun shows in State */
  BUSY_S = 1800,      /* how long another's update is waited for */
  NAME_SIZE = 80,
};

#define AT   fettle_redfish_at
#define TEXT fettle_redfish_text

typedef struct fettle_redfish_update update;

static unsigned
generation (const update *u)
{
  return ilo_generation_of_root (fettle_redfish_root (u->redfish));
}

static const char *
kept (const update *u, const char *key)
{
  return TEXT (u->state, key);
}

static void
keep (update *u, const char *key, const char *text)
{
  json_object_set_new (u->state, key, json_string (text));
}

static json_int_t
kept_number (const update *u, const char *key)
{
  return json_integer_value (json_object_get (u->state, key));
}

static void
keep_number (update *u, const char *key, json_int_t n)
{
  json_object_set_new (u->state, key, json_integer (n));
}

static json_int_t
age (const update *u)
{
  return (json_int_t) time (NULL) - kept_number (u, "t");
}

static const struct fettle_file *
file_at (const struct fettle_image *image, uint32_t i)
{
  return (const void *) ((const char *) image->files + (size_t) i * image->file_size);
}

static int
ends_with (const char *text, const char *end)
{
  size_t n = strlen (text), m = strlen (end);

  return n > m && strcmp (text + n - m, end) == 0;
}

/* The queue's item is ours by its name. */
static void
queue_name (const struct fettle_target *t, char name[NAME_SIZE])
{
  snprintf (name, NAME_SIZE, "fettle-%.60s", t->operation);
}

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
static fettle_result
upload (update *u, int flash, int tpm, uint64_t offset, uint64_t size, uint32_t signature,
        struct fettle_redfish_answer *answer)
{
  const char *token = fettle_redfish_token (u->redfish);
  const struct fettle_file *f = file_at (u->image, 0);
  struct fettle_http_part parts[4];
  char cookie[2200], *said = upload_parameters (u, flash, tpm, (json_int_t) (offset / SECTION));
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

static int
is_ours (const update *u)
{
  return strcmp (TEXT (u->service, "Oem/Hpe/CurrentEtag"), u->t->operation) == 0;
}

static const char *
result_words (const update *u, char *text, size_t size)
{
  json_t *list = json_pack ("{s:[O*]}", "@Message.ExtendedInfo", AT (u->service, "Oem/Hpe/Result"));

  fettle_redfish_message (list, text, size);
  json_decref (list);
  return text;
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
  return upload (u, 1, tpm, 0, file_at (u->image, 0)->size, 0, answer);
}

/* ---- the queue ---- */

struct queue {
  const char *name;  /* of our item */
  char ours[500];    /* its path */
  char blocker[200]; /* another that has failed or expired, and its state */
};

static fettle_result
look_at_queue (void *opaque, const json_t *item)
{
  const char *state = TEXT (item, "State");
  struct queue *q = opaque;

  if (strcmp (TEXT (item, "Name"), q->name) == 0)
    snprintf (q->ours, sizeof q->ours, "%s", TEXT (item, "@odata.id"));
  else if (!q->blocker[0] && !q->ours[0] && (strcmp (state, "Exception") == 0 || strcmp (state, "Expired") == 0))
    snprintf (q->blocker, sizeof q->blocker, "%.120s (%.20s)", TEXT (item, "Name"), state);
  return FETTLE_OK;
}

static fettle_result
read_queue (update *u, struct queue *q, char name[NAME_SIZE])
{
  const char *path = fettle_redfish_link (u->service, "Oem/Hpe/UpdateTaskQueue");

  memset (q, 0, sizeof *q);
  queue_name (u->t, name);
  q->name = name;
  if (!path)
    return u->h->error (u->c, FETTLE_E_UNSUPPORTED, "this iLO has no queue for updates, which this component needs");
  return fettle_redfish_each (u->redfish, path, look_at_queue, q, NULL);
}

/* All behind an item that has failed or expired waits for ever. */
static fettle_result
stuck (update *u, const struct queue *q)
{
  return fettle_fail (u->h, u->c, FETTLE_E_REJECTED, "iLO's update queue is stuck: %.200s blocks all that comes"
                      " behind it.  Delete it (iLO: Firmware & OS Software, Installation Queue), and deploy"
                      " again", q->blocker);
}

/* ---- the repository ---- */

struct component {
  const char *name;
  char path[500], agents[200];
  int found, locked, uefi, bmc;
  uint64_t size;
};

static fettle_result
look_at_component (void *opaque, const json_t *one)
{
  struct component *x = opaque;
  size_t i;

  if (strcmp (TEXT (one, "Filename"), x->name) != 0)
    return FETTLE_OK;
  x->found = 1;
  x->locked = json_is_true (AT (one, "Locked"));
  x->size = (uint64_t) json_integer_value (AT (one, "SizeBytes"));
  snprintf (x->path, sizeof x->path, "%s", TEXT (one, "@odata.id"));
  for (i = 0; i < json_array_size (AT (one, "UpdatableBy")); i++) {
    const char *agent = TEXT (json_array_get (AT (one, "UpdatableBy"), i), "");

    x->bmc |= strcmp (agent, "Bmc") == 0;
    x->uefi |= strcmp (agent, "Uefi") == 0;
  }
  x->bmc |= i == 0; /* older ones don't say */
  return FETTLE_OK;
}

static fettle_result
read_component (update *u, const char *name, struct component *x)
{
  const char *path = fettle_redfish_link (u->service, "Oem/Hpe/ComponentRepository");

  memset (x, 0, sizeof *x);
  x->name = name;
  if (!path)
    return u->h->error (u->c, FETTLE_E_UNSUPPORTED, "this iLO has no repository, which this component needs");
  return fettle_redfish_each (u->redfish, path, look_at_component, x, NULL);
}

static fettle_result
add_from_uri (update *u, struct fettle_redfish_answer *answer)
{
  const char *url = fettle_redfish_image_url (u);
  json_t *body = url ? json_pack ("{s:s, s:b, s:s}", "ImageURI", url, "UpdateTarget", 0, "UploadCurrentEtag",
                                  u->t->operation) : NULL;
  fettle_result r;

  if (!url)
    return FETTLE_E_SERVICE; /* it has been said */
  r = body ? fettle_redfish_send (u->redfish, "POST", u->ways.pull, body, answer)
           : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  return r;
}

/* The next section, with its signature. */
static fettle_result
upload_section (update *u, struct fettle_redfish_answer *answer)
{
  uint64_t all = file_at (u->image, 0)->size, offset = (uint64_t) kept_number (u, "next") * SECTION;
  uint64_t size = u->image->n_files > 1 && all - offset > SECTION ? SECTION : all - offset;
  uint64_t sections = u->image->n_files > 1 ? (all + SECTION - 1) / SECTION : 1;
  uint32_t signature = u->image->n_files > 1 ? 1 + (uint32_t) kept_number (u, "next") : 0;

  if (u->image->n_files > 1 && sections != u->image->n_files - 1)
    return fettle_fail (u->h, u->c, FETTLE_E_CONFIG, "%s is uploaded in %u sections of 32 MiB, and has %u signature"
                        " files: one is needed for each", file_at (u->image, 0)->name, (unsigned) sections,
                        (unsigned) u->image->n_files - 1);
  keep_number (u, "next", kept_number (u, "next") + 1);
  if (offset + size >= all)
    keep_number (u, "sent", 1);
  return upload (u, 0, 0, offset, size, signature, answer);
}

/* Brings the file into the repository; FETTLE_OK once it is there. */
static fettle_result
store (update *u, struct fettle_redfish_answer *answer)
{
  const struct fettle_file *f = file_at (u->image, 0);
  char words[600];
  struct component x;
  fettle_result r;

  if (kept_number (u, "sent")) {
    if (strcmp (TEXT (u->service, "Oem/Hpe/State"), "Error") == 0)
      return fettle_fail (u->h, u->c, FETTLE_E_REJECTED, "iLO's repository didn't take %s: %.600s", f->name,
                          result_words (u, words, sizeof words));
    r = read_component (u, f->name, &x);
    if (r == FETTLE_OK && !x.found && age (u) < GRACE_S)
      return fettle_redfish_again (u, 2);
    return r == FETTLE_OK && !x.found
             ? fettle_fail (u->h, u->c, FETTLE_E_REJECTED, "iLO took %s, and it isn't in its repository", f->name) : r;
  }
  if (!kept_number (u, "next")) {
    r = read_component (u, f->name, &x);
    if (r == FETTLE_OK && x.found && x.size == f->size) {
      keep_number (u, "there", !is_ours (u));
      keep_number (u, "sent", 1);
      return FETTLE_OK;
    }
    if (r == FETTLE_OK && x.found && x.locked)
      return fettle_fail (u->h, u->c, FETTLE_E_REJECTED, "iLO's repository has another %s, which is locked by an"
                          " install set or a task: delete that, and deploy again", f->name);
    if (r != FETTLE_OK)
      return r;
  }
  if (u->way == FETTLE_REDFISH_PULL)
    keep_number (u, "sent", 1);
  r = u->way == FETTLE_REDFISH_PULL ? add_from_uri (u, answer) : upload_section (u, answer);
  return r == FETTLE_OK ? fettle_redfish_again (u, 1) : r;
}

static fettle_result
enqueue (update *u, int tpm, struct fettle_redfish_answer *answer)
{
  const char *path = fettle_redfish_link (u->service, "Oem/Hpe/UpdateTaskQueue");
  const char *file = file_at (u->image, 0)->name;
  char name[NAME_SIZE];
  struct component x;
  json_t *body;
  fettle_result r = read_component (u, file, &x);

  if (r != FETTLE_OK)
    return r;
  if (!x.bmc && !x.uefi)
    return fettle_fail (u->h, u->c, FETTLE_E_UNSUPPORTED, "%s can be installed by an agent in the server's system"
                        " alone (RuntimeAgent): deploy it to the system", file);
  if (!x.bmc) {
    u->h->log (u->c, FETTLE_LOG_INFO, "the server's UEFI installs it at its next start");
    keep_number (u, "W", 1);
  }
  queue_name (u->t, name);
  body = json_pack ("{s:s, s:s, s:s, s:[s], s:b}", "Name", name, "Command", "ApplyUpdate", "Filename", file,
                    "UpdatableBy", x.bmc ? "Bmc" : "Uefi", "TPMOverride", tpm);
  r = body ? fettle_redfish_send (u->redfish, "POST", path, body, answer)
           : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  return r;
}

static fettle_result
start_queue (update *u, int tpm, struct fettle_redfish_answer *answer)
{
  char name[NAME_SIZE];
  struct queue q;
  fettle_result r = read_queue (u, &q, name);

  if (r == FETTLE_OK && q.ours[0]) { /* before a crash */
    keep (u, "k", q.ours);
    return FETTLE_OK;
  }
  if (r == FETTLE_OK && q.blocker[0])
    return stuck (u, &q);
  if (r == FETTLE_OK)
    r = store (u, answer);
  if (r == FETTLE_OK) {
    json_decref (answer->body);
    memset (answer, 0, sizeof *answer);
    r = enqueue (u, tpm, answer);
  }
  return r;
}

/* ---- the beginning ---- */

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
  flash = strcmp (kept (u, "method"), "flash") == 0;
  if (is_working (TEXT (u->service, "Oem/Hpe/State"))) {
    if (flash && (is_ours (u) || fettle_redfish_fetched (u)))
      return FETTLE_OK;
    if (age (u) > BUSY_S)
      return fettle_fail (u->h, u->c, FETTLE_E_BUSY, "iLO is busy with another update (%s) since %u s: try again"
                          " later", TEXT (u->service, "Oem/Hpe/State"), (unsigned) BUSY_S);
    u->h->progress (u->c, 30, "waiting until iLO is idle");
    return fettle_redfish_again (u, 3);
  }
  return flash ? start_flash (u, tpm, answer) : start_queue (u, tpm, answer);
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
  else if (!kept_number (u, "seen") && !fettle_redfish_fetched (u) && age (u) < GRACE_S)
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
  } else if (!kept_number (u, "seen") && !is_ours (u) && !kept_number (u, "R") && age (u) < GRACE_S
             && (!bad || strcmp (kept (u, "old"), id) == 0))
    ;
  else if (bad) {
    ret->state = FETTLE_REDFISH_FAILED;
    result_words (u, ret->words, sizeof ret->words);
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
  return r;
}

static fettle_result
look_at_item_of_queue (update *u, const char *path, struct fettle_redfish_task *ret)
{
  json_t *item = NULL;
  const char *state;
  char name[NAME_SIZE];
  int32_t status;
  struct queue q;
  fettle_result r = fettle_redfish_get (u->redfish, path, &item, &status);

  if (status == 404) {
    ret->state = FETTLE_REDFISH_UNKNOWN;
    return FETTLE_OK;
  }
  if (r != FETTLE_OK)
    return r;
  state = TEXT (item, "State");
  ret->percent = (uint32_t) json_integer_value (AT (u->service, "Oem/Hpe/FlashProgressPercent")) % 101;
  if (strcmp (state, "Complete") == 0)
    ret->state = FETTLE_REDFISH_DONE;
  else if (strcmp (state, "Exception") == 0 || strcmp (state, "Expired") == 0 || strcmp (state, "Canceled") == 0) {
    json_t *list = json_pack ("{s:[O*]}", "@Message.ExtendedInfo", AT (item, "Result"));

    ret->state = FETTLE_REDFISH_FAILED;
    fettle_redfish_message (list, ret->words, sizeof ret->words);
    if (!ret->words[0])
      snprintf (ret->words, sizeof ret->words, "its task in iLO's queue ended as %.20s", state);
    json_decref (list);
  } else if (kept_number (u, "W"))
    ret->state = FETTLE_REDFISH_WAITS;
  else if (read_queue (u, &q, name) == FETTLE_OK && q.blocker[0]) {
    ret->state = FETTLE_REDFISH_FAILED;
    snprintf (ret->words, sizeof ret->words, "iLO's update queue is stuck: %.200s blocks it.  Delete that, and"
              " deploy again", q.blocker);
  } else
    snprintf (ret->words, sizeof ret->words, "%.20s in iLO's queue", state);
  json_decref (item);
  return FETTLE_OK;
}

static fettle_result
look (update *u, const char *path, struct fettle_redfish_task *ret)
{
  memset (ret, 0, sizeof *ret);
  if (generation (u) == 4)
    return look_ilo4 (u, ret);
  return strcmp (kept (u, "method"), "queue") == 0 ? look_at_item_of_queue (u, path, ret)
                                                   : look_at_flash (u, path, ret);
}

/* ---- the end ---- */

/* Ours alone; what isn't there any more is as good as removed. */
static void
remove_resource (update *u, const char *path)
{
  struct fettle_redfish_answer answer;

  if (*path && fettle_redfish_send (u->redfish, "DELETE", path, NULL, &answer) != FETTLE_OK && answer.status != 404)
    fettle_say (u->h, u->c, FETTLE_LOG_WARNING, "%s stays behind on the node: %s", path,
                fettle_redfish_why (u->redfish));
}

static void
finish (update *u)
{
  struct component x;

  if (strcmp (kept (u, "method"), "queue") != 0 || kept_number (u, "W"))
    return;
  if (*kept (u, "k"))
    remove_resource (u, kept (u, "k"));
  if (!kept_number (u, "there") && read_component (u, file_at (u->image, 0)->name, &x) == FETTLE_OK && x.found)
    remove_resource (u, x.path);
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

/* After a failure or a crash: the item in the queue that has our name, then
 * its file. */
static fettle_result
remove_ours (update *u)
{
  char name[NAME_SIZE];
  struct component x;
  struct queue q;
  json_t *item = NULL;
  fettle_result r;

  if (!fettle_redfish_link (u->service, "Oem/Hpe/UpdateTaskQueue"))
    return FETTLE_OK;
  r = read_queue (u, &q, name);
  if (r != FETTLE_OK || !q.ours[0])
    return r;
  r = fettle_redfish_get (u->redfish, q.ours, &item, NULL);
  if (r == FETTLE_OK && strcmp (TEXT (item, "State"), "InProgress") == 0)
    r = u->h->again (u->c, 10, "");
  else if (r == FETTLE_OK) {
    remove_resource (u, q.ours);
    if (read_component (u, TEXT (item, "Filename"), &x) == FETTLE_OK && x.found && !x.locked)
      remove_resource (u, x.path);
  }
  json_decref (item);
  return r;
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
  if (r == FETTLE_OK && path)
    r = remove_ours (&u);
  fettle_redfish_close (u.redfish, r);
  json_decref (u.service);
  return r;
}
