/* backup.c - see backup.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>

#include "store/backup.h"

#define SLICE_PAGES 512 /* in one go: 2 MiB */

struct fettle_backup {
  sqlite3 *to;
  sqlite3_backup *copy;
  struct event *event;
  char *path;
  void (*done) (void *arg, const struct fettle_error *err);
  void *arg;
};

/* Made by us first, so that nobody else can read it from its first byte. */
static fettle_result
make_file (const char *path, int flags, struct fettle_error *err)
{
  _cleanup_close_ int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

  return fd >= 0 ? FETTLE_OK : fettle_error_errno (err, FETTLE_E_CONFIG, "making the copy %s", path);
}

static fettle_result
open_copy (sqlite3 *from, const char *path, int flags, sqlite3 **ret_to, sqlite3_backup **ret_copy,
           struct fettle_error *err)
{
  if (make_file (path, flags, err))
    return err->code;
  if (sqlite3_open_v2 (path, ret_to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
    *ret_copy = sqlite3_backup_init (*ret_to, "main", from, "main");
  if (*ret_copy)
    return FETTLE_OK;
  fettle_error_set (err, FETTLE_E_CONFIG, "copying the store to %s: %s", path,
                    sqlite3_errmsg (*ret_to));
  sqlite3_close (*ret_to);
  *ret_to = NULL;
  return err->code;
}

fettle_result
fettle_backup_now (sqlite3 *from, const char *path, struct fettle_error *err)
{
  sqlite3_backup *copy = NULL;
  sqlite3 *to = NULL;
  int code;

  if (open_copy (from, path, O_TRUNC, &to, &copy, err))
    return err->code;
  sqlite3_backup_step (copy, -1);
  code = sqlite3_backup_finish (copy);
  if (sqlite3_close (to) != SQLITE_OK || code != SQLITE_OK)
    return fettle_error_set (err, FETTLE_E_CONFIG, "copying the store to %s: %s", path,
                             sqlite3_errstr (code));
  return FETTLE_OK;
}

/* ---- In slices ---- */

static void
finish (struct fettle_backup *b, int code)
{
  struct fettle_error err;
  int closed = sqlite3_backup_finish (b->copy);

  b->copy = NULL;
  if (code == SQLITE_DONE)
    code = closed;
  sqlite3_close (b->to);
  b->to = NULL;
  if (code != SQLITE_OK) {
    unlink (b->path);
    fettle_error_set (&err, FETTLE_E_CONFIG, "copying the store to %s: %s", b->path,
                      sqlite3_errstr (code));
  }
  b->done (b->arg, code == SQLITE_OK ? NULL : &err);
}

static void
slice (evutil_socket_t fd, short what, void *arg)
{
  static const struct timeval soon = { 0, 1000 };
  struct fettle_backup *b = arg;
  int code = sqlite3_backup_step (b->copy, SLICE_PAGES);

  (void) fd, (void) what;
  /* Locked: in the middle of a transaction of our own, which ends with this pass. */
  if (code == SQLITE_OK || code == SQLITE_LOCKED || code == SQLITE_BUSY)
    event_add (b->event, &soon);
  else
    finish (b, code);
}

fettle_result
fettle_backup_begin (struct fettle_store *store, struct event_base *base, const char *path,
                     void (*done) (void *arg, const struct fettle_error *err), void *arg,
                     struct fettle_backup **ret, struct fettle_error *err)
{
  static const struct timeval now = { 0, 0 };
  struct fettle_backup *b = calloc (1, sizeof *b);

  if (!b || !(b->path = strdup (path)) || !(b->event = event_new (base, -1, 0, slice, b)))
    abort (); /* no memory */
  b->done = done;
  b->arg = arg;
  if (open_copy (fettle_store_db (store), path, O_EXCL, &b->to, &b->copy, err)) {
    fettle_backup_free (b);
    return err->code;
  }
  event_add (b->event, &now);
  *ret = b;
  return FETTLE_OK;
}

void
fettle_backup_free (struct fettle_backup *b)
{
  if (!b)
    return;
  if (b->copy) {
    sqlite3_backup_finish (b->copy);
    sqlite3_close (b->to);
    unlink (b->path);
  }
  event_free (b->event);
  free (b->path);
  free (b);
}
