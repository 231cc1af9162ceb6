/* baselines.c - the API of baselines, but for adding one (scan.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "engine/page.h"
#include "engine/signing.h"
#include "util/text.h"

/* ---- Which baselines are meant ---- */

int64_t
fettle_baseline_find (struct fettle_engine *e, const char *reference, struct fettle_error *err)
{
  uint64_t number = 0;
  int64_t id;

  fettle_parse_uint (reference, 1, INT64_MAX, &number);
  id = fettle_store_number (e->store, 0,
                            "SELECT id FROM baseline WHERE (name = ?1 OR id = ?2) AND ready = 1"
                            " ORDER BY name = ?1 DESC LIMIT 1",
                            "si", reference, (int64_t) number);
  if (!id)
    fettle_error_set (err, FETTLE_E_UNREACHABLE, "there is no baseline %s", reference);
  return id;
}

char *
fettle_baseline_path (struct fettle_engine *e, int64_t baseline)
{
  struct fettle_rows rows;
  char *path = NULL;

  fettle_store_query (e->store, &rows, "SELECT path FROM baseline WHERE id = ?", "i", baseline);
  if (fettle_rows_next (&rows)) {
    path = strdup (fettle_rows_text (&rows, 0));
    fettle_rows_end (&rows);
  }
  return path;
}

static bool
is_unsigned (const json_t *signature)
{
  const char *state = json_string_value (json_object_get (signature, "state"));

  return state && strcmp (state, "unsigned") == 0;
}

bool
fettle_baseline_is_unsigned (struct fettle_engine *e, int64_t baseline)
{
  _cleanup_json_ json_t *ids = json_pack ("[I]", (json_int_t) baseline);
  _cleanup_json_ json_t *names = fettle_baselines_unsigned (e, ids);

  return json_array_size (names) > 0;
}

json_t *
fettle_baselines_unsigned (struct fettle_engine *e, const json_t *ids)
{
  json_t *names = json_array ();
  const json_t *id;
  size_t i;

  json_array_foreach (ids, i, id) {
    struct fettle_rows rows;

    fettle_store_query (e->store, &rows, "SELECT name, signature FROM baseline WHERE id = ?", "i",
                        (int64_t) json_integer_value (id));
    while (fettle_rows_next (&rows)) {
      _cleanup_json_ json_t *signature = fettle_rows_json (&rows, 1);

      if (is_unsigned (signature))
        json_array_append_new (names, json_string (fettle_rows_text (&rows, 0)));
    }
  }
  return names;
}

void
fettle_signature_text (const json_t *signature, char *ret, size_t size)
{
  const json_t *signers = json_object_get (signature, "signers"), *signer = json_array_get (signers, 0);
  const char *name = NULL, *title = NULL, *key = NULL, *why = NULL;
  json_int_t version = 0;

  json_unpack ((json_t *) signature, "{s?s s?I s?s}", "name", &name, "version", &version, "why", &why);
  json_unpack ((json_t *) signer, "{s?s s?s}", "title", &title, "key", &key);
  if (name && title && key)
    snprintf (ret, size, "%.100s version %lld, signed by %.80s %.16s%s", name, (long long) version, title,
              key, json_array_size (signers) > 1 ? " and others" : "");
  else
    snprintf (ret, size, "not signed: %.300s", why ? why : "it was added before signatures were looked at");
}

json_t *
fettle_baselines_signatures (struct fettle_engine *e, const json_t *ids)
{
  json_t *list = json_array ();
  const json_t *id;
  size_t i;

  json_array_foreach (ids, i, id) {
    struct fettle_rows rows;

    fettle_store_query (e->store, &rows, "SELECT name, signature FROM baseline WHERE id = ?", "i",
                        (int64_t) json_integer_value (id));
    while (fettle_rows_next (&rows)) {
      _cleanup_json_ json_t *signature = fettle_rows_json (&rows, 1);
      const char *state = json_string_value (json_object_get (signature, "state"));
      char words[600];

      fettle_signature_text (signature, words, sizeof words);
      json_array_append_new (list, json_pack ("{s:s s:s s:s}", "baseline", fettle_rows_text (&rows, 0),
                                              "state", state ? state : "unsigned", "text", words));
    }
  }
  return list;
}

/* ... which may be used at this moment. */
static fettle_result
check_usable (struct fettle_engine *e, const json_t *ids, struct fettle_error *err)
{
  const json_t *id;
  size_t i;

  json_array_foreach (ids, i, id) {
    _cleanup_json_ json_t *signature = NULL;
    _cleanup_free_ char *name = NULL;
    struct fettle_rows rows;

    fettle_store_query (e->store, &rows, "SELECT name, signature FROM baseline WHERE id = ?", "i",
                        (int64_t) json_integer_value (id));
    if (!fettle_rows_next (&rows))
      continue;
    name = strdup (fettle_rows_text (&rows, 0));
    signature = fettle_rows_json (&rows, 1);
    fettle_rows_end (&rows);
    if (fettle_signature_usable (e, name, signature, err))
      return err->code;
  }
  return FETTLE_OK;
}

static void
add_once (json_t *ids, int64_t id)
{
  const json_t *other;
  size_t i;

  json_array_foreach (ids, i, other)
    if (json_integer_value (other) == id)
      return;
  json_array_append_new (ids, json_integer (id));
}

/* What adds to a baseline goes with it, by its name here or in its
 * baseline.json. */
static void
add_supplements (struct fettle_engine *e, json_t *ids)
{
  for (size_t i = 0; i < json_array_size (ids); i++) {
    struct fettle_rows rows;

    fettle_store_query (e->store, &rows,
                        "SELECT more.id FROM baseline JOIN baseline AS more"
                        " ON more.adds_to = baseline.name"
                        " OR more.adds_to = json_extract (baseline.signature, '$.name')"
                        " WHERE baseline.id = ? AND more.ready = 1 ORDER BY more.id", "i",
                        (int64_t) json_integer_value (json_array_get (ids, i)));
    while (fettle_rows_next (&rows))
      add_once (ids, fettle_rows_int (&rows, 0));
  }
}

/* The named ones; sets if all are meant. */
static fettle_result
named (struct fettle_engine *e, const json_t *baselines, json_t *ids, bool *ret_all,
       struct fettle_error *err)
{
  const json_t *v;
  size_t i;

  *ret_all = json_array_size (baselines) == 0;
  json_array_foreach (baselines, i, v) {
    int64_t id;

    if (!json_is_string (v))
      return fettle_error_set (err, FETTLE_E_CONFIG, "\"baselines\" must be a list of names");
    if (strcmp (json_string_value (v), "all") == 0) {
      *ret_all = true;
      return FETTLE_OK;
    }
    id = fettle_baseline_find (e, json_string_value (v), err);
    if (!id)
      return err->code;
    add_once (ids, id);
  }
  return FETTLE_OK;
}

fettle_result
fettle_baselines_of (struct fettle_engine *e, const json_t *baselines, json_t **ret_ids,
                     struct fettle_error *err)
{
  _cleanup_json_ json_t *ids = json_array ();
  struct fettle_rows rows;
  bool all;

  if (named (e, baselines, ids, &all, err))
    return err->code;
  if (all) {
    fettle_store_query (e->store, &rows, "SELECT id FROM baseline WHERE ready = 1 ORDER BY id", "");
    while (fettle_rows_next (&rows))
      add_once (ids, fettle_rows_int (&rows, 0));
  }
  add_supplements (e, ids);
  if (json_array_size (ids) == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there is no baseline yet: fettle baseline add");
  if (check_usable (e, ids, err))
    return err->code;
  *ret_ids = STEAL (ids);
  return FETTLE_OK;
}

json_t *
fettle_baselines_components (struct fettle_engine *e, const json_t *ids)
{
  json_t *list = json_array ();
  struct fettle_rows rows;
  const json_t *id;
  size_t i;

  json_array_foreach (ids, i, id) {
    fettle_store_query (e->store, &rows,
                        "SELECT data, name, baseline.id FROM component JOIN baseline"
                        " ON baseline.id = component.baseline WHERE baseline = ?"
                        " ORDER BY component.id", "i", (int64_t) json_integer_value (id));
    while (fettle_rows_next (&rows)) {
      json_t *c = fettle_rows_json (&rows, 0);

      json_object_set_new (c, "baseline", json_string (fettle_rows_text (&rows, 1)));
      json_object_set_new (c, "baseline_id", json_integer (fettle_rows_int (&rows, 2)));
      json_array_append_new (list, c);
    }
  }
  return list;
}

/* ---- Looking and removing ---- */

#define COLUMNS \
  "id, name, path, added, (SELECT count (*) FROM component WHERE baseline = baseline.id)," \
  " (SELECT count (*) FROM problem WHERE baseline = baseline.id), signature, adds_to"

static json_t *
baseline_json (struct fettle_rows *rows)
{
  json_t *signature = fettle_rows_json (rows, 6);
  json_t *version = json_object_get (signature, "version");
  char added[FETTLE_TIME_MAX];

  return json_pack ("{s:I s:s s:s s:s s:I s:I s:O? s:b s:o s:s?}",
                    "id", (json_int_t) fettle_rows_int (rows, 0),
                    "name", fettle_rows_text (rows, 1),
                    "path", fettle_rows_text (rows, 2),
                    "added", fettle_time_text (fettle_rows_int (rows, 3), added),
                    "components", (json_int_t) fettle_rows_int (rows, 4),
                    "problems", (json_int_t) fettle_rows_int (rows, 5), "version", version,
                    "signed", version != NULL, "signature", signature, "adds_to",
                    fettle_rows_text (rows, 7));
}

void
fettle_api_baselines_list (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_page page;
  struct fettle_rows rows;
  struct fettle_error err;

  if (fettle_page_init (&page, r, "", 0, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_query (e->store, &rows,
                      "SELECT " COLUMNS " FROM baseline WHERE ready = 1 AND id > ?"
                      " ORDER BY id LIMIT ?", "ii", page.after, page.read);
  while (fettle_rows_next (&rows))
    fettle_page_add (&page, fettle_rows_int (&rows, 0), baseline_json (&rows));
  fettle_page_reply (&page, r, "baselines");
}

static json_t *
problems_of (struct fettle_engine *e, int64_t baseline)
{
  struct fettle_rows rows;
  json_t *list = json_array ();

  fettle_store_query (e->store, &rows, "SELECT file, message FROM problem WHERE baseline = ?", "i",
                      baseline);
  while (fettle_rows_next (&rows))
    json_array_append_new (list, json_pack ("{s:s s:s}", "file", fettle_rows_text (&rows, 0),
                                            "message", fettle_rows_text (&rows, 1)));
  return list;
}

void
fettle_api_baseline_show (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *ids = NULL;
  struct fettle_rows rows;
  struct fettle_error err;
  int64_t id = fettle_baseline_find (e, r->parameter, &err);
  json_t *baseline;

  if (!id) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_query (e->store, &rows, "SELECT " COLUMNS " FROM baseline WHERE id = ?", "i", id);
  fettle_rows_next (&rows);
  baseline = baseline_json (&rows);
  fettle_rows_end (&rows);
  ids = json_pack ("[I]", (json_int_t) id);
  json_object_set_new (baseline, "components", fettle_baselines_components (e, ids));
  json_object_set_new (baseline, "problems", problems_of (e, id));
  fettle_request_reply (r, 200, baseline);
}

void
fettle_api_baseline_remove (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_error err;
  int64_t id = fettle_baseline_find (e, r->parameter, &err);

  if (id && fettle_store_number (e->store, 0,
                                 "SELECT count (*) FROM task JOIN job ON job.id = task.job"
                                 " WHERE job.state = 'running' AND task.baseline = ?", "i", id)) {
    fettle_error_set (&err, FETTLE_E_BUSY, "the baseline %s is being deployed", r->parameter);
    id = 0;
  }
  if (!id) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_run (e->store, "DELETE FROM baseline WHERE id = ?", "i", id);
  fettle_request_reply (r, 200, json_object ());
}
