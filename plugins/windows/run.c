/* run.c - see run.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "run.h"

enum {
  RESULT_MAX = 4096,
  LOOK_MS = 200,
  IN_USE_TRIES = 60,   /* for a program to let go of its files */
  IN_USE_MS = 250,
  DEPTH_MAX = 8        /* folders in our folder */
};
#define CANNOT_DELETE 0xc0000121u /* NTSTATUS: a program that runs */

void
run_init (struct run *r, const struct win *w, const char *name)
{
  memset (r, 0, sizeof *r);
  r->w = w;
  r->start = SVC_DEMAND;
  snprintf (r->name, sizeof r->name, "%.60s", name);
  /* In the Windows folder itself, where administrators alone may write: in its
   * Temp any user of the node could put a program or a result in our way. */
  snprintf (r->folder, sizeof r->folder, "%s", r->name);
}

fettle_result
run_is_possible (const struct win *w)
{
  return windows_target_size > 0 ? FETTLE_OK
         : w->h->error (w->c, FETTLE_E_UNSUPPORTED, WINDOWS_TARGET_MISSING);
}

void
run_path (const struct run *r, const char *file, char ret[400])
{
  snprintf (ret, 400, "%s/%.300s", r->folder, file);
}

/* ---- begin ---- */

fettle_result
run_make_folder (struct run *r)
{
  const struct win *w = r->w;
  fettle_result result = win_stat (w, r->folder, NULL);

  if (result != WIN_NONE)
    return result;
  return w->smb->make_directory (w->c, RUN_SHARE, r->folder);
}

static fettle_result
write_file (struct run *r, const char *name, const void *data, size_t size)
{
  char path[400];

  run_path (r, name, path);
  return r->w->smb->write (r->w->c, RUN_SHARE, path, data, size);
}

/* One of this name that was made before, perhaps by a call that died. */
static fettle_result
make_service (struct run *r, struct services *s, struct ndr_handle *service)
{
  char image[160];
  int was_there = 0;
  fettle_result result;

  snprintf (image, sizeof image, "\"%%SystemRoot%%\\%s\\target.exe\"", r->name);
  result = svc_create (s, r->name, image, r->start, service, &was_there);
  if (result == FETTLE_OK && was_there)
    result = svc_open (s, r->name, service);
  return result == WIN_NONE ? FETTLE_E_BUSY : result;
}

fettle_result
run_launch (struct run *r, const char *order)
{
  struct services s;
  struct ndr_handle service;
  uint32_t win32;
  fettle_result result = run_is_possible (r->w);

  if (result == FETTLE_OK)
    result = run_make_folder (r);
  if (result == FETTLE_OK)
    result = write_file (r, "target.exe", windows_target, windows_target_size);
  if (result == FETTLE_OK)
    result = write_file (r, "order", order, strlen (order));
  if (result != FETTLE_OK)
    return result;
  result = svc_connect (&s, r->w);
  if (result != FETTLE_OK)
    return result;
  result = make_service (r, &s, &service);
  if (result == FETTLE_OK) {
    result = svc_start (&s, &service, r->name, &win32);
    svc_close (&s, &service);
  }
  svc_disconnect (&s);
  return result;
}

/* ---- looking ---- */

int
run_read_result (const char *text, size_t size, struct run *r)
{
  json_error_t error;
  json_t *root = json_loadb (text, size, 0, &error), *code = json_object_get (root, "exit");
  const char *failed = json_string_value (json_object_get (root, "error"));
  int good = json_is_integer (code) || json_is_true (json_object_get (root, "timeout")) || failed;

  r->exit = (uint32_t) json_integer_value (code);
  r->timed_out = json_is_true (json_object_get (root, "timeout"));
  r->failed_code = (uint32_t) json_integer_value (json_object_get (root, "code"));
  snprintf (r->failed, sizeof r->failed, "%.79s", failed ? failed : "");
  json_decref (root);
  return good ? 0 : -1;
}

struct small {
  char text[RESULT_MAX];
  size_t size;
};

static fettle_result
take_small (void *opaque, const void *data, size_t size)
{
  struct small *s = opaque;
  size_t room = sizeof s->text - s->size;

  memcpy (s->text + s->size, data, size < room ? size : room);
  s->size += size < room ? size : room;
  return FETTLE_OK;
}

/* WIN_NONE: there is no result yet. */
static fettle_result
look_at_result (struct run *r)
{
  struct small s = { .size = 0 };
  char path[400];
  fettle_result result;

  run_path (r, "result", path);
  result = win_stat (r->w, path, NULL);
  if (result == FETTLE_OK)
    result = r->w->smb->read (r->w->c, RUN_SHARE, path, 0, sizeof s.text, take_small, &s);
  if (result == FETTLE_OK && run_read_result (s.text, s.size, r) != 0)
    result = fettle_fail (r->w->h, r->w->c, FETTLE_E_PROTOCOL, "the program on the node has left a result that can't be read");
  return result;
}

/* WIN_NONE: there is no service. */
static fettle_result
look_at_service (struct run *r, struct svc_status *st)
{
  struct services s;
  struct ndr_handle service;
  fettle_result result = svc_connect (&s, r->w);

  if (result != FETTLE_OK)
    return result;
  result = svc_open (&s, r->name, &service);
  if (result == FETTLE_OK) {
    result = svc_status (&s, &service, st);
    svc_close (&s, &service);
  }
  svc_disconnect (&s);
  return result;
}

/* Its output is there from its beginning on.  The service alone doesn't tell: one
 * that ran before the node's last start never did, as the node has it. */
static fettle_result
look_whether_begun (struct run *r, int *ret)
{
  char path[400];
  fettle_result result;

  run_path (r, "output", path);
  result = win_stat (r->w, path, NULL);
  *ret = result == FETTLE_OK;
  return result == WIN_NONE ? FETTLE_OK : result;
}

/* The service is asked before the result is read, so that one that ends
 * meanwhile isn't taken for dead. */
fettle_result
run_look (struct run *r)
{
  struct svc_status st = { .state = 0 };
  int begun = 0;
  fettle_result folder = win_stat (r->w, r->folder, NULL), service, result;

  if (folder != FETTLE_OK && folder != WIN_NONE)
    return folder;
  service = look_at_service (r, &st);
  if (service != FETTLE_OK && service != WIN_NONE)
    return service;
  r->service_exit = st.win32_exit;
  if (service == FETTLE_OK && st.state != SVC_STOPPED) {
    r->state = RUN_RUNNING;
    return FETTLE_OK;
  }
  result = folder == FETTLE_OK ? look_at_result (r) : WIN_NONE;
  if (result == WIN_NONE && folder == FETTLE_OK)
    folder = look_whether_begun (r, &begun);
  if (result < 0 || folder < 0)
    return result < 0 ? result : folder;
  begun |= service == FETTLE_OK && st.win32_exit != WIN_SERVICE_NEVER_STARTED;
  r->state = result == FETTLE_OK                           ? RUN_FINISHED
             : begun                                       ? RUN_DEAD
             : service == FETTLE_OK || folder == FETTLE_OK ? RUN_LOADED
                                                           : RUN_ABSENT;
  return FETTLE_OK;
}

fettle_result
run_output (struct run *r, uint64_t offset, uint64_t limit, fettle_sink *sink, void *opaque)
{
  char path[400];
  fettle_result result;

  run_path (r, "output", path);
  result = win_stat (r->w, path, NULL);
  if (result == FETTLE_OK)
    result = r->w->smb->read (r->w->c, RUN_SHARE, path, offset, limit, sink, opaque);
  return result == WIN_NONE ? FETTLE_OK : result;
}

/* ---- end ---- */

static fettle_result
remove_service (struct run *r)
{
  struct services s;
  struct ndr_handle service;
  struct svc_status st;
  fettle_result result = svc_connect (&s, r->w);

  if (result != FETTLE_OK)
    return result;
  result = svc_open (&s, r->name, &service);
  if (result == FETTLE_OK) {
    result = svc_status (&s, &service, &st);
    if (result == FETTLE_OK && st.state != SVC_STOPPED)
      result = fettle_fail (r->w->h, r->w->c, FETTLE_E_BUSY, "the service %s still runs on the node", r->name);
    if (result == FETTLE_OK)
      result = svc_delete (&s, &service, r->name);
    svc_close (&s, &service);
  }
  svc_disconnect (&s);
  return result == WIN_NONE ? FETTLE_OK : result;
}

/* What is in a folder, one behind the other, each text with its NUL; folders
 * begin with '/'. */
struct names {
  char *data;
  size_t size, room;
};

static fettle_result
take_name (void *opaque, const struct fettle_smb_entry *e)
{
  struct names *n = opaque;
  size_t length = strlen (e->name) + 1;
  int folder = (e->attributes & FETTLE_SMB_DIRECTORY) != 0 && (e->attributes & FETTLE_SMB_LINK) == 0;

  if (n->size + length + 1 > n->room) {
    size_t room = 2 * n->room + length + 256;
    char *data = realloc (n->data, room);

    if (!data)
      return FETTLE_E_NOMEM;
    n->data = data;
    n->room = room;
  }
  n->data[n->size++] = folder ? '/' : ' ';
  memcpy (n->data + n->size, e->name, length);
  n->size += length;
  return FETTLE_OK;
}

/* Again for a while when it is still in use; gone already is fine. */
static fettle_result
remove_one (struct run *r, const char *path, int folder)
{
  const struct win *w = r->w;
  fettle_result result = FETTLE_OK;

  for (int i = 0; i < IN_USE_TRIES; i++) {
    uint32_t status;

    result = folder ? w->smb->remove_directory (w->c, RUN_SHARE, path) : w->smb->remove (w->c, RUN_SHARE, path);
    if (result == FETTLE_OK)
      return result;
    status = w->smb->status (w->c);
    if (status == FETTLE_NT_NAME_NOT_FOUND || status == FETTLE_NT_PATH_NOT_FOUND || status == FETTLE_NT_NO_SUCH_FILE)
      return FETTLE_OK;
    if (status != FETTLE_NT_SHARING_VIOLATION && status != CANNOT_DELETE && status != FETTLE_NT_DELETE_PENDING
        && status != FETTLE_NT_ACCESS_DENIED && status != FETTLE_NT_NOT_EMPTY)
      return result;
    if (w->h->sleep_ms (w->c, IN_USE_MS) != FETTLE_OK)
      return FETTLE_E_ABORTED;
  }
  return result;
}

static fettle_result
remove_folder (struct run *r, const char *folder, unsigned depth)
{
  struct names names = { .data = NULL };
  char path[400];
  fettle_result result;

  if (depth > DEPTH_MAX || snprintf (path, sizeof path, "%s/*", folder) >= (int) sizeof path)
    return fettle_fail (r->w->h, r->w->c, FETTLE_E_REJECTED, "the folder %s on the node is nested too deep", folder);
  result = r->w->smb->list (r->w->c, RUN_SHARE, path, take_name, &names);
  for (size_t at = 0; result == FETTLE_OK && at < names.size; at += strlen (names.data + at) + 1) {
    if (snprintf (path, sizeof path, "%s/%s", folder, names.data + at + 1) >= (int) sizeof path)
      result = fettle_fail (r->w->h, r->w->c, FETTLE_E_REJECTED, "a name in %s on the node is too long", folder);
    else
      result = names.data[at] == '/' ? remove_folder (r, path, depth + 1) : remove_one (r, path, 0);
  }
  free (names.data);
  return result == FETTLE_OK ? remove_one (r, folder, 1) : result;
}

fettle_result
run_remove (struct run *r)
{
  fettle_result result = remove_service (r);

  if (result == FETTLE_OK)
    result = win_stat (r->w, r->folder, NULL);
  if (result == FETTLE_OK)
    result = remove_folder (r, r->folder, 0);
  return result == WIN_NONE ? FETTLE_OK : result;
}

fettle_result
run_abandon (struct run *r)
{
  return write_file (r, "abandon", "", 0);
}

/* ---- all of it ---- */

static fettle_result
wait_for_end (struct run *r, uint32_t seconds)
{
  for (uint32_t i = 0; i < seconds * (1000 / LOOK_MS); i++) {
    fettle_result result = run_look (r);

    if (result != FETTLE_OK || r->state == RUN_FINISHED)
      return result;
    if (r->state != RUN_RUNNING)
      return fettle_fail (r->w->h, r->w->c, FETTLE_E_REJECTED, "the program on the node has ended without a result (service %s, "
                          "error %u)", r->name, (unsigned) r->service_exit);
    result = r->w->h->sleep_ms (r->w->c, LOOK_MS);
    if (result != FETTLE_OK)
      return result;
  }
  return fettle_fail (r->w->h, r->w->c, FETTLE_E_TIMEOUT, "the program on the node has not ended after %u s", (unsigned) seconds);
}

fettle_result
run_whole (struct run *r, const char *order, uint32_t seconds, uint64_t limit, fettle_sink *sink, void *opaque)
{
  fettle_result result = run_remove (r), cleaned; /* of a call that died */

  if (result == FETTLE_OK)
    result = run_launch (r, order);
  if (result == FETTLE_OK)
    result = wait_for_end (r, seconds);
  if (result == FETTLE_OK && r->failed[0])
    result = win_refused (r->w, r->failed, r->failed_code);
  if (result == FETTLE_OK && r->timed_out)
    result = fettle_fail (r->w->h, r->w->c, FETTLE_E_TIMEOUT, "the program on the node took too long, and was ended");
  if (result == FETTLE_OK)
    result = run_output (r, 0, limit, sink, opaque);
  cleaned = run_remove (r);
  if (cleaned == FETTLE_E_BUSY && run_abandon (r) == FETTLE_OK)
    cleaned = FETTLE_OK; /* it does it itself */
  return result == FETTLE_OK ? cleaned : result;
}
