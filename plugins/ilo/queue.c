/* queue.c - iLO's repository, and the queue that installs from it; see update.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>

#include "update.h"

enum { NAME_SIZE = 80 };

/* The queue's item is ours by its name. */
static void
queue_name (const struct fettle_target *t, char name[NAME_SIZE])
{
  snprintf (name, NAME_SIZE, "fettle-%.60s", t->operation);
}

int
ilo_is_ours (const update *u)
{
  return strcmp (TEXT (u->service, "Oem/Hpe/CurrentEtag"), u->t->operation) == 0;
}

const char *
ilo_result (const update *u, char *text, size_t size)
{
  json_t *list = json_pack ("{s:[O*]}", "@Message.ExtendedInfo", AT (u->service, "Oem/Hpe/Result"));

  fettle_redfish_message (list, text, size);
  json_decref (list);
  return text;
}

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
  uint64_t all = file_at (u->image, 0)->size, offset = (uint64_t) kept_number (u, "next") * ILO_SECTION;
  uint64_t size = u->image->n_files > 1 && all - offset > ILO_SECTION ? ILO_SECTION : all - offset;
  uint64_t sections = u->image->n_files > 1 ? (all + ILO_SECTION - 1) / ILO_SECTION : 1;
  uint32_t signature = u->image->n_files > 1 ? 1 + (uint32_t) kept_number (u, "next") : 0;

  if (u->image->n_files > 1 && sections != u->image->n_files - 1)
    return fettle_fail (u->h, u->c, FETTLE_E_CONFIG, "%s is uploaded in %u sections of 32 MiB, and has %u signature"
                        " files: one is needed for each", file_at (u->image, 0)->name, (unsigned) sections,
                        (unsigned) u->image->n_files - 1);
  keep_number (u, "next", kept_number (u, "next") + 1);
  if (offset + size >= all)
    keep_number (u, "sent", 1);
  return ilo_upload (u, 0, 0, offset, size, signature, answer);
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
                          ilo_result (u, words, sizeof words));
    r = read_component (u, f->name, &x);
    if (r == FETTLE_OK && !x.found && age (u) < ILO_GRACE_S)
      return fettle_redfish_again (u, 2);
    return r == FETTLE_OK && !x.found
             ? fettle_fail (u->h, u->c, FETTLE_E_REJECTED, "iLO took %s, and it isn't in its repository", f->name) : r;
  }
  if (!kept_number (u, "next")) {
    r = read_component (u, f->name, &x);
    if (r == FETTLE_OK && x.found && x.size == f->size) {
      keep_number (u, "there", !ilo_is_ours (u));
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

static int
by_set (const update *u)
{
  const char *by = u->h->setting (u->c, "update_by");

  return by && strcmp (by, "set") == 0;
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
  if (by_set (u))
    return ilo_set_start (u, name, file, x.bmc ? "Bmc" : "Uefi", tpm, answer);
  body = json_pack ("{s:s, s:s, s:s, s:[s], s:b}", "Name", name, "Command", "ApplyUpdate", "Filename", file,
                    "UpdatableBy", x.bmc ? "Bmc" : "Uefi", "TPMOverride", tpm);
  r = body ? fettle_redfish_send (u->redfish, "POST", path, body, answer)
           : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  return r;
}

fettle_result
ilo_queue_start (update *u, int tpm, struct fettle_redfish_answer *answer)
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

/* ---- how far is it ---- */

fettle_result
ilo_queue_look (update *u, const char *path, struct fettle_redfish_task *ret)
{
  json_t *item = NULL;
  const char *state;
  char name[NAME_SIZE];
  int32_t status;
  struct queue q;
  fettle_result r;

  if (!*path) { /* an install set's item is known by its name */
    r = read_queue (u, &q, name);
    if (r != FETTLE_OK || !q.ours[0]) {
      ret->state = age (u) < ILO_GRACE_S && !kept_number (u, "R") ? FETTLE_REDFISH_RUNS : FETTLE_REDFISH_UNKNOWN;
      return r;
    }
    keep (u, "k", q.ours);
    path = kept (u, "k");
  }
  r = fettle_redfish_get (u->redfish, path, &item, &status);
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

/* ---- the end ---- */

/* Ours alone; what isn't there any more is as good as removed. */
static fettle_result
remove_resource (update *u, const char *path)
{
  struct fettle_redfish_answer answer = { 0 };
  fettle_result r = *path ? fettle_redfish_send (u->redfish, "DELETE", path, NULL, &answer) : FETTLE_OK;

  if (r == FETTLE_OK || answer.status == 404)
    return FETTLE_OK;
  fettle_say (u->h, u->c, FETTLE_LOG_WARNING, "%s stays behind on the node: %s", path,
              fettle_redfish_why (u->redfish));
  return r;
}

/* The install set, which locks the file. */
static fettle_result
remove_set (update *u)
{
  char name[NAME_SIZE], path[500];
  fettle_result r;

  queue_name (u->t, name);
  r = ilo_set_path (u, name, path);
  return r == FETTLE_OK ? remove_resource (u, path) : r;
}

fettle_result
ilo_queue_finish (update *u)
{
  struct component x;
  fettle_result r;

  if (strcmp (kept (u, "method"), "queue") != 0 || kept_number (u, "W"))
    return FETTLE_OK;
  r = kept_number (u, "set") ? remove_set (u) : FETTLE_OK;
  if (r == FETTLE_OK)
    r = remove_resource (u, kept (u, "k"));
  if (r == FETTLE_OK && !kept_number (u, "there"))
    r = read_component (u, file_at (u->image, 0)->name, &x);
  if (r == FETTLE_OK && !kept_number (u, "there") && x.found)
    r = remove_resource (u, x.path);
  return r;
}

fettle_result
ilo_queue_remove (update *u)
{
  char name[NAME_SIZE];
  struct component x;
  struct queue q;
  json_t *item = NULL;
  fettle_result r;

  if (!fettle_redfish_link (u->service, "Oem/Hpe/UpdateTaskQueue"))
    return FETTLE_OK;
  r = read_queue (u, &q, name);
  if (r == FETTLE_OK)
    r = remove_set (u);
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

