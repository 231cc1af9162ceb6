/* backup.c - POST /service/backup: the store and the key of its secrets, in a
 * new folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <limits.h>
#include <sys/stat.h>

#include "engine/internal.h"
#include "store/backup.h"
#include "util/secret.h"

struct backup_call {
  struct fettle_engine *engine;
  struct fettle_request *request;
  struct fettle_backup *backup;
  char folder[PATH_MAX - 16];
};

static void
forget (struct backup_call *c)
{
  c->engine->backup = NULL;
  fettle_backup_free (c->backup);
  free (c);
}

void
fettle_backup_stop (struct fettle_engine *e)
{
  if (e->backup)
    forget (e->backup);
}

/* Without it the store's secrets are lost. */
static fettle_result
copy_key (const struct backup_call *c, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf key = FETTLE_BUF_SECRET (4096);
  char from[PATH_MAX], to[PATH_MAX];

  snprintf (from, sizeof from, "%s/key", c->engine->settings->state_dir);
  snprintf (to, sizeof to, "%s/key", c->folder);
  if (fettle_secret_read (from, &key, err))
    return err->code;
  return fettle_secret_write (to, key.data, key.size, err);
}

static void
copied (void *arg, const struct fettle_error *failed)
{
  struct backup_call *c = arg;
  struct fettle_error err;

  if (failed)
    err = *failed;
  if (failed || copy_key (c, &err))
    fettle_request_fail (c->request, &err);
  else
    fettle_request_reply (c->request, 200, json_pack ("{s:s}", "path", c->folder));
  forget (c);
}

/* Who asked has gone: a backup that nobody knows of is of no use. */
static void
client_gone (struct fettle_request *r, void *arg)
{
  (void) r;
  forget (arg);
}

static fettle_result
begin (struct backup_call *c, const char *folder, struct fettle_error *err)
{
  char path[PATH_MAX];

  if (c->engine->backup)
    return fettle_error_set (err, FETTLE_E_BUSY, "a backup is being made already");
  if (!folder || *folder != '/' || strlen (folder) >= sizeof c->folder)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"path\" must be a folder's path from / on");
  snprintf (c->folder, sizeof c->folder, "%s", folder);
  if (mkdir (folder, 0700))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "making the folder %s, which must be new,",
                               folder);
  snprintf (path, sizeof path, "%s/store.db", folder);
  return fettle_backup_begin (c->engine->store, c->engine->base, path, copied, c, &c->backup, err);
}

void
fettle_api_service_backup (void *engine, struct fettle_request *r)
{
  struct backup_call *c = calloc (1, sizeof *c);
  struct fettle_error err;

  if (!c)
    abort ();
  c->engine = engine;
  c->request = r;
  if (begin (c, json_string_value (json_object_get (r->body, "path")), &err)) {
    free (c);
    fettle_request_fail (r, &err);
    return;
  }
  c->engine->backup = c;
  r->gone = client_gone;
  r->arg = c;
}
