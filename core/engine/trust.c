/* trust.c - whom we trust, in the store; its API; what a signature is worth at
 * this moment.
 *
 * kinds: "key" (Ed25519) and "certificate" count for baselines, "root" says
 * itself who does, "vendor" are for the vendors' own signatures of components.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "engine/signing.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

/* ---- Out of the store ---- */

static fettle_result
load_row (struct fettle_trust *t, const char *kind, const char *data, struct fettle_error *err)
{
  char id[FETTLE_SHA256_TEXT];

  if (strcmp (kind, "root") != 0)
    return fettle_keys_add (&t->keys, data, strlen (data), id, err);
  if (t->n_roots == FETTLE_ROOTS_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "more than %d roots are trusted", FETTLE_ROOTS_MAX);
  if (fettle_root_parse (data, strlen (data), &t->roots[t->n_roots], err))
    return err->code;
  t->n_roots++;
  return FETTLE_OK;
}

fettle_result
fettle_trust_load (struct fettle_engine *e, struct fettle_trust *ret, struct fettle_error *err)
{
  _cleanup_ (fettle_trust_clear) struct fettle_trust t = { .threshold = e->settings->signatures };
  struct fettle_rows rows;

  fettle_store_query (e->store, &rows, "SELECT kind, data FROM trust WHERE kind <> 'vendor'"
                                       " ORDER BY added, id", "");
  while (fettle_rows_next (&rows))
    if (load_row (&t, fettle_rows_text (&rows, 0), fettle_rows_text (&rows, 1), err)) {
      fettle_rows_end (&rows);
      return fettle_error_prefix (err, "reading whom we trust: ");
    }
  *ret = t;
  t = (struct fettle_trust){ .n_roots = 0 };
  return FETTLE_OK;
}

/* -1: there are none.  Above 9, where nobody is in the way of it. */
int
fettle_vendor_keys (struct fettle_engine *e)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_VENDOR_TEXT_MAX);
  _cleanup_close_ int fd = -1;
  struct fettle_rows rows;
  bool good = true;

  fettle_store_query (e->store, &rows, "SELECT data FROM trust WHERE kind = 'vendor' ORDER BY id", "");
  while (fettle_rows_next (&rows))
    good = good && fettle_buf_printf (&text, "%s\n", fettle_rows_text (&rows, 0));
  if (!good)
    fettle_log (FETTLE_LOG_WARNING, "there are more vendors' keys than fit in %u bytes: some are left out",
                 FETTLE_VENDOR_TEXT_MAX);
  fd = text.size ? memfd_create ("vendor-keys", MFD_CLOEXEC) : -1;
  if (fd < 0 || write (fd, fettle_buf_text (&text), text.size) != (ssize_t) text.size)
    return -1;
  return fcntl (fd, F_DUPFD_CLOEXEC, 10);
}

void
fettle_trust_save_root (struct fettle_engine *e, const char *name, uint64_t version,
                        const char *text)
{
  char id[FETTLE_STATEMENT_NAME_MAX + 8], title[FETTLE_STATEMENT_NAME_MAX + 40];

  snprintf (id, sizeof id, "root:%s", name);
  snprintf (title, sizeof title, "%s, version %llu", name, (unsigned long long) version);
  fettle_store_run (e->store, "INSERT OR REPLACE INTO trust (id, kind, title, data, added)"
                              " VALUES (?, 'root', ?, ?, ?)", "sssi", id, title, text,
                    (int64_t) time (NULL));
}

/* ---- Worth something? ---- */

fettle_result
fettle_signature_version (struct fettle_engine *e, const char *name, uint64_t version,
                          const char *digest, struct fettle_error *err)
{
  struct fettle_rows rows;
  uint64_t seen;
  bool same;

  fettle_store_query (e->store, &rows, "SELECT version, digest FROM seen WHERE name = ?", "s", name);
  if (!fettle_rows_next (&rows))
    return FETTLE_OK;
  seen = (uint64_t) fettle_rows_int (&rows, 0);
  same = strcmp (fettle_rows_text (&rows, 1), digest) == 0;
  fettle_rows_end (&rows);
  if (version < seen)
    return fettle_error_set (err, FETTLE_E_AUTH,
                             "it is rolled back: it is version %llu of %s, and version %llu was seen "
                             "before", (unsigned long long) version, name, (unsigned long long) seen);
  if (version == seen && !same)
    return fettle_error_set (err, FETTLE_E_AUTH,
                             "it is another version %llu of %s than the one that was seen before",
                             (unsigned long long) version, name);
  return FETTLE_OK;
}

static fettle_result
signers_count (struct fettle_engine *e, const json_t *signature, struct fettle_error *err)
{
  _cleanup_ (fettle_trust_clear) struct fettle_trust t = { .n_roots = 0 };
  char why[512];

  if (fettle_trust_load (e, &t, err))
    return err->code;
  if (fettle_trust_satisfied (&t, json_object_get (signature, "signers"), time (NULL), why,
                              sizeof why))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_AUTH, "%s", *why ? why : "whoever signed it isn't trusted "
                                                                  "any more");
}

static fettle_result
usable (struct fettle_engine *e, const json_t *signature, struct fettle_error *err)
{
  const char *state = NULL, *name = NULL, *digest = NULL, *expires = NULL;
  json_int_t version = 0;
  int64_t until = 0;

  json_unpack ((json_t *) signature, "{s:s s?s s?s s?s s?I}", "state", &state, "name", &name,
               "digest", &digest, "expires", &expires, "version", &version);
  if (state && strcmp (state, "unsigned") == 0)
    return FETTLE_OK; /* it was allowed when it was added */
  if (!state || !name || !digest || !fettle_time_parse (expires, &until))
    return fettle_error_set (err, FETTLE_E_AUTH, "it was added before signatures were looked at: "
                                                 "add it again");
  if (until <= time (NULL))
    return fettle_error_set (err, FETTLE_E_AUTH, "it has expired on %s: add its successor", expires);
  if (fettle_signature_version (e, name, (uint64_t) version, digest, err))
    return err->code;
  return signers_count (e, signature, err);
}

fettle_result
fettle_signature_usable (struct fettle_engine *e, const char *name, const json_t *signature,
                         struct fettle_error *err)
{
  if (usable (e, signature, err))
    return fettle_error_prefix (err, "the baseline %.100s can't be used: ", name);
  return FETTLE_OK;
}

/* ---- The API ---- */

void
fettle_api_trust_list (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_rows rows;
  json_t *list = json_array ();
  char added[FETTLE_TIME_MAX];

  fettle_store_query (e->store, &rows, "SELECT id, kind, title, added FROM trust"
                                       " ORDER BY added, id", "");
  while (fettle_rows_next (&rows))
    json_array_append_new (
      list, json_pack ("{s:s s:s s:s s:s}", "id", fettle_rows_text (&rows, 0), "kind",
                       fettle_rows_text (&rows, 1), "title", fettle_rows_text (&rows, 2), "added",
                       fettle_time_text (fettle_rows_int (&rows, 3), added)));
  fettle_request_reply (r, 200, json_pack ("{s:o}", "trust", list));
}

static fettle_result
add_key (struct fettle_engine *e, const char *text, bool vendor, char *ret_id, size_t size,
         struct fettle_error *err)
{
  struct fettle_keys keys = { .n = 0 };
  char id[FETTLE_SHA256_TEXT], title[256];
  fettle_result r = fettle_keys_add (&keys, text, strlen (text), id, err);

  if (r)
    return r;
  fettle_key_title (&keys.keys[0], title, sizeof title);
  snprintf (ret_id, size, "%s%s", vendor ? "vendor:" : "", id);
  fettle_store_run (e->store, "INSERT OR REPLACE INTO trust (id, kind, title, data, added)"
                              " VALUES (?, ?, ?, ?, ?)", "ssssi", ret_id,
                    vendor ? "vendor" : keys.keys[0].cert ? "certificate" : "key", title, text,
                    (int64_t) time (NULL));
  fettle_keys_clear (&keys);
  return FETTLE_OK;
}

/* The first one of a name is believed because the administrator gives it;
 * a later one goes the way of keys (root.h), or forward by hand. */
static fettle_result
add_root (struct fettle_engine *e, const char *text, char *ret_id, size_t size,
          struct fettle_error *err)
{
  _cleanup_ (fettle_root_clear) struct fettle_root root = { .name = NULL };
  _cleanup_ (fettle_trust_clear) struct fettle_trust t = { .n_roots = 0 };

  if (fettle_root_parse (text, strlen (text), &root, err) || fettle_trust_load (e, &t, err))
    return err->code;
  for (size_t i = 0; i < t.n_roots; i++)
    if (strcmp (t.roots[i].name, root.name) == 0 && t.roots[i].version > root.version)
      return fettle_error_set (err, FETTLE_E_BUSY,
                               "version %llu of the root %s is trusted already: to go back, "
                               "distrust it first", (unsigned long long) t.roots[i].version, root.name);
  snprintf (ret_id, size, "root:%s", root.name);
  fettle_trust_save_root (e, root.name, root.version, text);
  return FETTLE_OK;
}

/* OpenPGP keys are read where they are used, in the scanner. */
static fettle_result
add_pgp (struct fettle_engine *e, const char *text, char *ret_id, size_t size,
         struct fettle_error *err)
{
  char digest[FETTLE_SHA256_TEXT];

  if (strlen (text) > FETTLE_KEY_PEM_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %u bytes", FETTLE_KEY_PEM_MAX);
  fettle_sha256 (text, strlen (text), digest);
  snprintf (ret_id, size, "vendor:%s", digest);
  fettle_store_run (e->store, "INSERT OR REPLACE INTO trust (id, kind, title, data, added)"
                              " VALUES (?, 'vendor', 'OpenPGP key', ?, ?)", "ssi", ret_id, text,
                    (int64_t) time (NULL));
  return FETTLE_OK;
}

static fettle_result
add (struct fettle_engine *e, const char *text, bool vendor, char *ret_id, size_t size,
     struct fettle_error *err)
{
  if (!text || !*text)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"data\" must be the text of a key, a "
                                                   "certificate or a root");
  if (text[strspn (text, " \t\r\n")] == '{')
    return add_root (e, text, ret_id, size, err);
  if (strstr (text, "-----BEGIN PGP PUBLIC KEY BLOCK-----"))
    return add_pgp (e, text, ret_id, size, err);
  return add_key (e, text, vendor, ret_id, size, err);
}

void
fettle_api_trust_add (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_error err;
  struct fettle_rows rows;
  char id[FETTLE_STATEMENT_NAME_MAX + FETTLE_SHA256_TEXT];

  if (add (e, json_string_value (json_object_get (r->body, "data")),
           json_is_true (json_object_get (r->body, "vendor")), id, sizeof id, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_query (e->store, &rows, "SELECT kind, title FROM trust WHERE id = ?", "s", id);
  fettle_rows_next (&rows);
  fettle_request_reply (r, 201, json_pack ("{s:s s:s s:s}", "id", id, "kind",
                                           fettle_rows_text (&rows, 0), "title",
                                           fettle_rows_text (&rows, 1)));
  fettle_rows_end (&rows);
}

void
fettle_api_trust_remove (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_free_ char *id = NULL;
  struct fettle_rows rows;
  struct fettle_error err;
  int64_t n = 0;

  /* The beginning of an id is enough, if there is just one. */
  if (strlen (r->parameter) >= 4)
    n = fettle_store_number (e->store, 0, "SELECT count (*) FROM trust WHERE id = ?1"
                                          " OR substr (id, 1, length (?1)) = ?1", "s", r->parameter);
  if (n != 1) {
    fettle_error_set (&err, n ? FETTLE_E_CONFIG : FETTLE_E_UNREACHABLE, "%s whose id begins with %s",
                      n ? "there are several" : "there is none", r->parameter);
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_query (e->store, &rows, "SELECT id FROM trust WHERE substr (id, 1, length (?1)) = ?1",
                      "s", r->parameter);
  fettle_rows_next (&rows);
  id = strdup (fettle_rows_text (&rows, 0));
  fettle_rows_end (&rows);
  fettle_store_run (e->store, "DELETE FROM trust WHERE id = ?", "s", id);
  fettle_request_reply (r, 200, json_object ());
}
