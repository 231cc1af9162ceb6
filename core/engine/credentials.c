/* credentials.c - the credentials of nodes: checked, sealed in the store,
 * unsealed for a call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "util/secret.h"
#include "util/text.h"

#define MAX_SECRET 16384 /* bytes of all credentials of a node */

void
fettle_credentials_free (json_t *credentials)
{
  const char *key;
  json_t *value;

  json_object_foreach (credentials, key, value)
    if (json_is_string (value))
      fettle_wipe ((char *) json_string_value (value), json_string_length (value));
}

static void
context_of (int64_t node, char ret[48])
{
  snprintf (ret, 48, "node %lld credentials", (long long) node);
}

fettle_result
fettle_node_credentials (struct fettle_engine *e, int64_t node, json_t **ret,
                         struct fettle_error *err)
{
  _cleanup_ (fettle_buf_wipe) struct fettle_buf plain = FETTLE_BUF_INIT (MAX_SECRET);
  struct fettle_rows rows;
  char context[48];
  const void *sealed;
  size_t size;
  json_t *found = NULL;

  context_of (node, context);
  fettle_store_query (e->store, &rows, "SELECT secret FROM node WHERE id = ?", "i", node);
  if (!fettle_rows_next (&rows))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the node is gone");
  sealed = fettle_rows_blob (&rows, 0, &size);
  if (!size)
    found = json_object ();
  else if (!fettle_unseal (e->sealer, context, sealed, size, &plain, err)) {
    found = json_loadb (plain.data, plain.size, 0, NULL);
    if (!found)
      fettle_error_set (err, FETTLE_E_INTERNAL, "the stored credentials are damaged");
  }
  fettle_rows_end (&rows);
  if (!found)
    return err->code;
  *ret = found;
  return FETTLE_OK;
}

static const char *
auth_of (const json_t *credentials)
{
  static const char *const ways[] = { "key", "agent", "password" };

  for (size_t i = 0; i < COUNT (ways); i++)
    if (json_object_get (credentials, ways[i]))
      return ways[i];
  return "none";
}

fettle_result
fettle_credentials_check (const json_t *credentials, struct fettle_error *err)
{
  const char *key;
  json_t *value;
  size_t total = 0;

  json_object_foreach ((json_t *) credentials, key, value) {
    if (!fettle_has_word ("user password key passphrase agent sudo_password", key))
      return fettle_error_set (err, FETTLE_E_CONFIG, "credentials have no member %s", key);
    if (!json_is_string (value))
      return fettle_error_set (err, FETTLE_E_CONFIG, "credentials: %s must be text", key);
    total += json_string_length (value);
  }
  if (total > MAX_SECRET / 2)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the credentials are larger than %d bytes",
                             MAX_SECRET / 2);
  return FETTLE_OK;
}

fettle_result
fettle_node_set_credentials (struct fettle_engine *e, int64_t node, const json_t *credentials,
                   struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf sealed = FETTLE_BUF_INIT (2 * MAX_SECRET);
  char context[48];
  char *text = json_dumps (credentials, JSON_COMPACT);
  fettle_result r;

  context_of (node, context);
  r = fettle_seal (e->sealer, context, text, strlen (text), &sealed, err);
  fettle_wipe_free (text);
  if (r)
    return r;
  fettle_store_run (e->store, "UPDATE node SET user = ?, auth = ?, secret = ? WHERE id = ?",
                    "ssbi", json_string_value (json_object_get (credentials, "user")),
                    auth_of (credentials), sealed.data, sealed.size, node);
  return FETTLE_OK;
}
