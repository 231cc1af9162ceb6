/* root.c - see root.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "sign/root.h"
#include "sign/statement.h"

static fettle_result
take_keys (json_t *list, struct fettle_root *root, struct fettle_error *err)
{
  char id[FETTLE_SHA256_TEXT];
  json_t *pem;
  size_t i;

  json_array_foreach (list, i, pem)
    if (!json_is_string (pem)
        || fettle_keys_add (&root->keys, json_string_value (pem), json_string_length (pem), id, err))
      return json_is_string (pem)
               ? fettle_error_prefix (err, "key %zu: ", i + 1)
               : fettle_error_set (err, FETTLE_E_CONFIG, "key %zu isn't PEM text", i + 1);
  return FETTLE_OK;
}

static bool
has (const json_t *list, const char *text)
{
  const json_t *one;
  size_t i;

  json_array_foreach (list, i, one)
    if (strcmp (json_string_value (one), text) == 0)
      return true;
  return false;
}

static fettle_result
take_role (json_t *json, const char *name, const struct fettle_keys *keys, struct fettle_root_role *role,
           struct fettle_error *err)
{
  json_t *threshold = NULL, *list = NULL, *id;
  size_t i;

  if (json_unpack (json, "{s:o s:o !}", "threshold", &threshold, "keys", &list)
      || !fettle_version_number (threshold, &role->threshold) || !json_is_array (list))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"%s\" must have a threshold and keys", name);
  role->keys = json_array ();
  json_array_foreach (list, i, id) {
    const char *text = json_string_value (id);

    if (!text || strlen (text) != 64 || !fettle_keys_find (keys, text) || has (role->keys, text))
      return fettle_error_set (err, FETTLE_E_CONFIG, "\"%s\": key %zu isn't the id of one of the "
                                                     "keys, or is there twice", name, i + 1);
    json_array_append (role->keys, id);
  }
  if (role->threshold > json_array_size (role->keys))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"%s\": the threshold is more than the keys",
                             name);
  return FETTLE_OK;
}

static fettle_result
take (json_t *json, struct fettle_root *root, struct fettle_error *err)
{
  json_t *version = NULL, *keys = NULL, *own = NULL, *baselines = NULL;
  const char *name = NULL, *expires = NULL;
  json_error_t why;
  int format = 0;
  fettle_result r;

  if (json_unpack_ex (json, &why, 0, "{s:i s:s s:o s:s s:o s:o s:o !}", "fettle-root", &format,
                      "name", &name, "version", &version, "expires", &expires, "keys", &keys,
                      "root", &own, "baselines", &baselines))
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a root file: %.200s", why.text);
  if (format != 1 || !fettle_statement_name_ok (name) || !fettle_time_parse (expires, &root->expires)
      || !fettle_version_number (version, &root->version) || !json_is_array (keys))
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a root file of version 1 of its format "
                                                   "with name, version, expires and keys");
  root->name = strdup (name);
  if (!root->name)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a root");
  r = take_keys (keys, root, err);
  if (!r)
    r = take_role (own, "root", &root->keys, &root->root, err);
  return r ? r : take_role (baselines, "baselines", &root->keys, &root->baselines, err);
}

fettle_result
fettle_root_parse (const char *text, size_t size, struct fettle_root *ret, struct fettle_error *err)
{
  _cleanup_ (fettle_root_clear) struct fettle_root root = { .name = NULL };
  _cleanup_json_ json_t *json = NULL;
  json_error_t why;
  fettle_result r;

  if (size > FETTLE_ROOT_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %u MiB", FETTLE_ROOT_MAX >> 20);
  json = json_loadb (text, size, JSON_REJECT_DUPLICATES, &why);
  if (!json)
    return fettle_error_set (err, FETTLE_E_CONFIG, "line %d: %.160s", why.line, why.text);
  r = take (json, &root, err);
  if (r)
    return r;
  *ret = root;
  root = (struct fettle_root){ .name = NULL };
  return FETTLE_OK;
}

uint64_t
fettle_root_role_count (const struct fettle_root_role *role, const json_t *signers)
{
  _cleanup_json_ json_t *seen = json_object ();
  const json_t *signer;
  size_t i;

  json_array_foreach (signers, i, signer)
    if (has (role->keys, json_string_value (json_object_get (signer, "anchor"))))
      json_object_set_new (seen, json_string_value (json_object_get (signer, "key")), json_true ());
  return json_object_size (seen);
}

fettle_result
fettle_keys_borrow (struct fettle_keys *ret, const struct fettle_keys *more,
                    struct fettle_error *err)
{
  struct fettle_key *keys = reallocarray (ret->keys, ret->n + more->n + 1, sizeof *keys);

  if (!keys)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for keys");
  ret->keys = keys;
  if (more->n)
    memcpy (keys + ret->n, more->keys, more->n * sizeof *keys);
  ret->n += more->n;
  return FETTLE_OK;
}

static fettle_result
check_role (const struct fettle_root *root, const char *name, const json_t *signers,
            struct fettle_error *err)
{
  uint64_t n = fettle_root_role_count (&root->root, signers);

  if (n >= root->root.threshold)
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_AUTH,
                           "%.60s needs %llu signatures of the root keys in version %llu of the "
                           "root %s, and has %llu", name, (unsigned long long) root->root.threshold,
                           (unsigned long long) root->version, root->name, (unsigned long long) n);
}

fettle_result
fettle_root_signed (const struct fettle_papers *papers, const char *name,
                    const struct fettle_root *root, const struct fettle_root *old, int64_t now,
                    struct fettle_error *err)
{
  _cleanup_json_ json_t *signers = json_array (), *others = json_array ();
  struct fettle_keys keys = { .n = 0 };
  fettle_result r = fettle_keys_borrow (&keys, &root->keys, err);

  if (!r && old)
    r = fettle_keys_borrow (&keys, &old->keys, err);
  if (!r)
    r = fettle_papers_verify (papers, name, &keys, now, signers, others, err);
  free (keys.keys);
  if (!r && old)
    r = check_role (old, name, signers, err);
  return r ? r : check_role (root, name, signers, err);
}

void
fettle_root_clear (struct fettle_root *root)
{
  free (root->name);
  fettle_keys_clear (&root->keys);
  json_decref (root->root.keys);
  json_decref (root->baselines.keys);
  *root = (struct fettle_root){ .name = NULL };
}
