/* credentials.c - the credentials of nodes: checked, sealed in the store,
 * unsealed for a call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/helper.h"
#include "engine/internal.h"
#include "util/text.h"

#define MAX_SECRET 16384 /* bytes of all credentials of a node */

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

void
fettle_credentials_free (json_t *credentials)
{
  const char *key;
  json_t *value;

  json_object_foreach (credentials, key, value)
    if (json_is_string (value))
      fettle_wipe ((char *) json_string_value (value), json_string_length (value));
}

void
fettle_node_context (int64_t node, char ret[300])
{
  snprintf (ret, 300, "node %lld credentials", (long long) node);
}

/* The one row's one column, which is read to its end. */
static fettle_result
unseal_row (struct fettle_engine *e, struct fettle_rows *rows, const char *context, json_t **ret,
            struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_SECRET (MAX_SECRET);
  const void *sealed;
  size_t size;
  json_t *found = NULL;

  if (!fettle_rows_next (rows))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the %.32s's row is gone", context);
  sealed = fettle_rows_blob (rows, 0, &size);
  if (!size)
    found = json_object ();
  else if (!fettle_unseal (e->sealer, context, sealed, size, &plain, err)) {
    found = json_loadb (plain.data, plain.size, 0, NULL);
    if (!found)
      fettle_error_set (err, FETTLE_E_INTERNAL, "the stored credentials are damaged");
  }
  fettle_rows_end (rows);
  if (!found)
    return err->code;
  *ret = found;
  return FETTLE_OK;
}

fettle_result
fettle_node_credentials (struct fettle_engine *e, int64_t node, json_t **ret,
                         struct fettle_error *err)
{
  struct fettle_rows rows;
  char context[300];

  fettle_node_context (node, context);
  fettle_store_query (e->store, &rows, "SELECT secret FROM node WHERE id = ?", "i", node);
  return unseal_row (e, &rows, context, ret, err);
}

void
fettle_group_context (const char *group, char ret[300])
{
  snprintf (ret, 300, "group %.253s credentials", group);
}

fettle_result
fettle_group_credentials (struct fettle_engine *e, const char *group, json_t **ret,
                          struct fettle_error *err)
{
  struct fettle_rows rows;
  char context[300];

  fettle_group_context (group, context);
  fettle_store_query (e->store, &rows, "SELECT secret FROM grp WHERE name = ?", "s", group);
  return unseal_row (e, &rows, context, ret, err);
}

static const char *
auth_of (const json_t *credentials)
{
  static const char *const ways[] = { "helper", "key", "agent", "password" };

  for (size_t i = 0; i < COUNT (ways); i++)
    if (json_object_get (credentials, ways[i]))
      return ways[i];
  return "none";
}

/* Who brings a way to log in of his own isn't given another one. */
static void
fill_in (json_t *own, json_t *groups)
{
  static const char *const ways[] = { "password", "key", "passphrase", "agent", "helper" };

  if (strcmp (auth_of (own), "none") != 0)
    for (size_t i = 0; i < COUNT (ways); i++)
      json_object_del (groups, ways[i]);
  if (json_object_get (own, "second_password"))
    json_object_del (groups, "second_user");
  json_object_update_missing (own, groups);
}

fettle_result
fettle_node_login (struct fettle_engine *e, int64_t node, json_t **ret, struct fettle_error *err)
{
  _cleanup_free_ char *group = NULL;
  json_t *own = NULL, *groups = NULL;
  struct fettle_rows rows;

  if (fettle_node_credentials (e, node, &own, err))
    return err->code;
  fettle_store_query (e->store, &rows, "SELECT grp FROM node WHERE id = ? AND grp IS NOT NULL", "i",
                      node);
  if (fettle_rows_next (&rows)) {
    group = strdup (fettle_rows_text (&rows, 0));
    fettle_rows_end (&rows);
  }
  if (group && fettle_group_credentials (e, group, &groups, err)) {
    fettle_credentials_free (own);
    json_decref (own);
    return fettle_error_prefix (err, "the group %s: ", group);
  }
  fill_in (own, groups);
  json_decref (groups);
  *ret = own;
  return FETTLE_OK;
}

fettle_result
fettle_credentials_check (struct fettle_engine *e, const json_t *credentials,
                          struct fettle_error *err)
{
  const char *helper = json_string_value (json_object_get (credentials, "helper"));
  char path[PATH_MAX];
  const char *key;
  json_t *value;
  size_t total = 0;

  json_object_foreach ((json_t *) credentials, key, value) {
    if (!fettle_has_word (FETTLE_CREDENTIALS " agent helper", key))
      return fettle_error_set (err, FETTLE_E_CONFIG, "credentials have no member %s", key);
    if (!json_is_string (value) && !json_is_null (value))
      return fettle_error_set (err, FETTLE_E_CONFIG, "credentials: %s must be text", key);
    total += json_string_length (value);
  }
  if (total > MAX_SECRET / 2)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the credentials are larger than %d bytes",
                             MAX_SECRET / 2);
  return helper ? fettle_helper_find (e->settings->credential_helpers, helper, path, err)
                : FETTLE_OK;
}

void
fettle_credentials_change (json_t *credentials, const json_t *changes)
{
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *) changes, key, value)
    if (json_is_null (value))
      json_object_del (credentials, key);
    else
      json_object_set (credentials, key, value);
}

/* The sealed text of the credentials. */
static fettle_result
seal (struct fettle_engine *e, const char *context, const json_t *credentials,
      struct fettle_buf *ret, struct fettle_error *err)
{
  char *text = json_dumps (credentials, JSON_COMPACT);
  fettle_result r = fettle_seal (e->sealer, context, text, strlen (text), ret, err);

  fettle_wipe_free (text);
  return r;
}

fettle_result
fettle_node_set_credentials (struct fettle_engine *e, int64_t node, const json_t *credentials,
                             struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (2 * MAX_SECRET);
  char context[300];

  fettle_node_context (node, context);
  if (seal (e, context, credentials, &sealed, err))
    return err->code;
  fettle_store_run (e->store, "UPDATE node SET user = ?, auth = ?, secret = ?, second_user = ?,"
                              " helper = ? WHERE id = ?",
                    "ssbssi", text_of (credentials, "user"), auth_of (credentials), sealed.data,
                    sealed.size, text_of (credentials, "second_user"),
                    text_of (credentials, "helper"), node);
  return FETTLE_OK;
}

fettle_result
fettle_group_set_credentials (struct fettle_engine *e, const char *group,
                              const json_t *credentials, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (2 * MAX_SECRET);
  char context[300];

  fettle_group_context (group, context);
  if (seal (e, context, credentials, &sealed, err))
    return err->code;
  fettle_store_run (e->store, "UPDATE grp SET user = ?, auth = ?, secret = ?, second_user = ?,"
                              " helper = ? WHERE name = ?",
                    "ssbsss", text_of (credentials, "user"), auth_of (credentials), sealed.data,
                    sealed.size, text_of (credentials, "second_user"),
                    text_of (credentials, "helper"), group);
  return FETTLE_OK;
}
