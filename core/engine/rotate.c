/* rotate.c - another key for the secrets in the store.
 *
 * The new key is on the disk, as STATE/key.new, before anything is sealed with
 * it.  All secrets, and which key opens them, change in one transaction; then
 * the file gets its name.  So at any moment one of the two files opens the
 * store, and the start finds out which.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "util/log.h"

#define MAX_SEALED (1 << 20)

struct secret {
  int64_t id;      /* node */
  char *group;     /* or the group's name */
  char context[300];
  void *sealed;
  size_t size;
};

struct secrets {
  struct secret *all;
  size_t n, room;
};

static void
secrets_clear (struct secrets *s)
{
  for (size_t i = 0; i < s->n; i++) {
    free (s->all[i].group);
    free (s->all[i].sealed);
  }
  free (s->all);
}

static struct secret *
add (struct secrets *s, struct fettle_rows *rows, int column)
{
  struct secret *new;
  const void *blob;

  if (s->n == s->room) {
    s->room = s->room ? 2 * s->room : 64;
    s->all = realloc (s->all, s->room * sizeof *s->all);
    if (!s->all)
      abort ();
  }
  new = &s->all[s->n++];
  *new = (struct secret) { .id = 0 };
  blob = fettle_rows_blob (rows, column, &new->size);
  new->sealed = malloc (new->size + 1);
  if (!new->sealed)
    abort ();
  if (new->size)
    memcpy (new->sealed, blob, new->size);
  return new;
}

static void
collect (struct fettle_engine *e, struct secrets *s)
{
  struct fettle_rows rows;
  struct secret *new;

  fettle_store_query (e->store, &rows, "SELECT id, secret FROM node WHERE secret IS NOT NULL", "");
  while (fettle_rows_next (&rows)) {
    new = add (s, &rows, 1);
    new->id = fettle_rows_int (&rows, 0);
    fettle_node_context (new->id, new->context);
  }
  fettle_store_query (e->store, &rows, "SELECT name, secret FROM grp WHERE secret IS NOT NULL", "");
  while (fettle_rows_next (&rows)) {
    new = add (s, &rows, 1);
    new->group = strdup (fettle_rows_text (&rows, 0));
    fettle_group_context (new->group, new->context);
  }
}

/* Replaces what is sealed by the same under the other key. */
static fettle_result
reseal (struct secret *s, const struct fettle_sealer *from, const struct fettle_sealer *to,
        struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_SECRET (MAX_SEALED);
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (MAX_SEALED);

  if (!s->size)
    return FETTLE_OK;
  if (fettle_unseal (from, s->context, s->sealed, s->size, &plain, err)
      || fettle_seal (to, s->context, plain.data ? plain.data : "", plain.size, &sealed, err))
    return err->code;
  free (s->sealed);
  s->size = sealed.size;
  s->sealed = sealed.data;
  sealed = (struct fettle_buf) FETTLE_BUF_INIT (MAX_SEALED);
  return FETTLE_OK;
}

static void
note_key (struct fettle_engine *e, const char *id)
{
  fettle_store_run (e->store, "INSERT OR REPLACE INTO meta (name, value) VALUES ('key', ?)", "s",
                    id);
}

/* All of them, or none: a secret that doesn't open ends it before any change. */
static fettle_result
rotate (struct fettle_engine *e, struct fettle_sealer *new, size_t *ret_n, struct fettle_error *err)
{
  _cleanup_ (secrets_clear) struct secrets s = { .n = 0 };

  collect (e, &s);
  for (size_t i = 0; i < s.n; i++)
    if (reseal (&s.all[i], e->sealer, new, err))
      return err->code;
  for (size_t i = 0; i < s.n; i++)
    if (s.all[i].group)
      fettle_store_run (e->store, "UPDATE grp SET secret = ? WHERE name = ?", "bs",
                        s.all[i].sealed, s.all[i].size, s.all[i].group);
    else
      fettle_store_run (e->store, "UPDATE node SET secret = ? WHERE id = ?", "bi", s.all[i].sealed,
                        s.all[i].size, s.all[i].id);
  note_key (e, fettle_sealer_id (new));
  if (!fettle_store_sync (e->store))
    return fettle_error_set (err, FETTLE_E_SERVICE, "the store can't be written");
  *ret_n = s.n;
  return FETTLE_OK;
}

void
fettle_api_service_rotate_key (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_sealer *new = NULL;
  struct fettle_error err;
  size_t n = 0;

  if (fettle_sealer_make_next (e->settings->state_dir, &new, &err) || rotate (e, new, &n, &err)) {
    fettle_sealer_free (new);
    fettle_request_fail (r, &err);
    return;
  }
  fettle_sealer_free (e->sealer);
  e->sealer = new;
  if (fettle_sealer_take_place (new, &err))
    fettle_log (FETTLE_LOG_ERROR, "%s: the next start finds it", err.text);
  fettle_request_reply (r, 200, json_pack ("{s:I}", "secrets", (json_int_t) n));
}

fettle_result
fettle_key_settle (struct fettle_engine *e, struct fettle_error *err)
{
  struct fettle_rows rows;
  fettle_result r;

  fettle_store_query (e->store, &rows, "SELECT value FROM meta WHERE name = 'key'", "");
  if (!fettle_rows_next (&rows)) {
    note_key (e, fettle_sealer_id (e->sealer));
    return FETTLE_OK;
  }
  r = fettle_sealer_settle (e->settings->state_dir, &e->sealer, fettle_rows_text (&rows, 0), err);
  fettle_rows_end (&rows);
  if (r == FETTLE_E_CONFIG) {
    /* It still does all that needs no secret. */
    fettle_log (FETTLE_LOG_ERROR, "%s", err->text);
    return FETTLE_OK;
  }
  return r;
}
