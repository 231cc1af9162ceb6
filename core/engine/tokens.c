/* tokens.c - the API of tokens, and what the server asks about them.
 *
 * Only a hash is stored; the text is shown once, to who made it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/internal.h"
#include "serve/access.h"
#include "util/text.h"

#define MAX_TOKENS    1000
#define MAX_NAME        64
#define USED_EVERY      60 /* s: how exactly the last use is written down */
#define LIFETIME       (90 * 86400)
#define MAX_LIFETIME   (3650LL * 86400)

#define COLUMNS "id, name, role, created, creator, expires, used"

static json_t *
time_json (int64_t seconds)
{
  char text[FETTLE_TIME_MAX];

  return seconds ? json_string (fettle_time_text (seconds, text)) : json_null ();
}

static json_t *
token_json (struct fettle_rows *r)
{
  int64_t expires = fettle_rows_int (r, 5);

  return json_pack ("{s:s s:s s:s s:o s:s s:o s:o s:b}", "id", fettle_rows_text (r, 0), "name",
                    fettle_rows_text (r, 1), "role", fettle_rows_text (r, 2), "created",
                    time_json (fettle_rows_int (r, 3)), "creator", fettle_rows_text (r, 4),
                    "expires", time_json (expires), "used", time_json (fettle_rows_int (r, 6)),
                    "expired", expires && expires <= (int64_t) time (NULL));
}

/* ---- For the server ---- */

static bool
find (void *engine, const char *id, unsigned char ret_hash[FETTLE_TOKEN_HASH],
      struct fettle_caller *ret)
{
  struct fettle_engine *e = engine;
  struct fettle_rows rows;
  const void *hash;
  size_t size;

  fettle_store_query (e->store, &rows, "SELECT name, role, expires, hash FROM token WHERE id = ?",
                      "s", id);
  if (!fettle_rows_next (&rows))
    return false;
  *ret = (struct fettle_caller) { .role = fettle_role_by_name (fettle_rows_text (&rows, 1)),
                                  .until = fettle_rows_int (&rows, 2) };
  snprintf (ret->name, sizeof ret->name, "%s", fettle_rows_text (&rows, 0));
  hash = fettle_rows_blob (&rows, 3, &size);
  if (size == FETTLE_TOKEN_HASH)
    memcpy (ret_hash, hash, size);
  else
    ret->role = FETTLE_ROLE_NONE;
  fettle_rows_end (&rows);
  return ret->role != FETTLE_ROLE_NONE;
}

static void
used (void *engine, const char *id)
{
  struct fettle_engine *e = engine;
  int64_t now = time (NULL);

  if (fettle_store_number (e->store, 0, "SELECT coalesce (used, 0) FROM token WHERE id = ?", "s",
                           id) <= now - USED_EVERY)
    fettle_store_run (e->store, "UPDATE token SET used = ? WHERE id = ?", "is", now, id);
}

void
fettle_engine_tokens (struct fettle_engine *e, struct fettle_access_tokens *ret)
{
  *ret = (struct fettle_access_tokens) { find, used, e };
}

/* ---- The API ---- */

void
fettle_api_tokens_list (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_rows rows;
  json_t *tokens = json_array ();

  fettle_store_query (e->store, &rows, "SELECT " COLUMNS " FROM token ORDER BY name", "");
  while (fettle_rows_next (&rows))
    json_array_append_new (tokens, token_json (&rows));
  fettle_request_reply (r, 200, json_pack ("{s:o}", "tokens", tokens));
}

/* Names stand in logs: letters, digits and a few signs. */
static bool
is_name (const char *name)
{
  size_t n = name ? strlen (name) : 0;

  return n && n <= MAX_NAME && *name != '-' && strcmp (name, "local") != 0
         && strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+-")
              == n;
}

static fettle_result
check (struct fettle_engine *e, const json_t *body, int64_t *ret_lifetime, struct fettle_error *err)
{
  const char *name = json_string_value (json_object_get (body, "name"));
  const char *role = json_string_value (json_object_get (body, "role"));
  const json_t *lifetime = json_object_get (body, "lifetime");
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *) body, key, value)
    if (!fettle_has_word ("name role lifetime", key))
      return fettle_error_set (err, FETTLE_E_CONFIG, "a token has no \"%.64s\"", key);
  if (!is_name (name))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "a token's \"name\" is 1 to %d letters, digits, '.', '_', '@', '+' and"
                             " '-', and not \"local\"", MAX_NAME);
  if (!role || !fettle_role_by_name (role))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"role\" is viewer, operator or admin");
  if (lifetime && (!json_is_integer (lifetime) || json_integer_value (lifetime) < 0
                   || json_integer_value (lifetime) > MAX_LIFETIME))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "\"lifetime\" is a number of seconds up to %lld; 0: for ever",
                             MAX_LIFETIME);
  if (fettle_store_number (e->store, 0, "SELECT count (*) FROM token WHERE name = ?", "s", name))
    return fettle_error_set (err, FETTLE_E_BUSY, "there is a token %s already", name);
  if (fettle_store_number (e->store, 0, "SELECT count (*) FROM token", "") >= MAX_TOKENS)
    return fettle_error_set (err, FETTLE_E_BUSY, "there are %d tokens: revoke some", MAX_TOKENS);
  *ret_lifetime = lifetime ? json_integer_value (lifetime) : LIFETIME;
  return FETTLE_OK;
}

static json_t *
token_by_id (struct fettle_engine *e, const char *id)
{
  struct fettle_rows rows;
  json_t *token = NULL;

  fettle_store_query (e->store, &rows, "SELECT " COLUMNS " FROM token WHERE id = ?", "s", id);
  if (fettle_rows_next (&rows)) {
    token = token_json (&rows);
    fettle_rows_end (&rows);
  }
  return token;
}

void
fettle_api_tokens_add (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  unsigned char hash[FETTLE_TOKEN_HASH];
  char id[FETTLE_TOKEN_ID + 1], text[FETTLE_TOKEN_MAX];
  int64_t lifetime = 0, now = time (NULL);
  struct fettle_error err;
  json_t *token;

  if (check (e, r->body, &lifetime, &err) || fettle_access_make (id, text, hash, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_run (e->store,
                    "INSERT INTO token (id, name, role, hash, created, creator, expires)"
                    " VALUES (?, ?, ?, ?, ?, ?, nullif (?, 0))", "sssbisi", id,
                    json_string_value (json_object_get (r->body, "name")),
                    json_string_value (json_object_get (r->body, "role")), (const void *) hash,
                    sizeof hash, now, r->caller->name, lifetime ? now + lifetime : 0);
  token = token_by_id (e, id);
  json_object_set_new (token, "token", json_string (text));
  fettle_wipe (text, sizeof text);
  /* Who has it may rely on it, also after a crash. */
  fettle_store_sync (e->store);
  fettle_request_reply (r, 201, token);
}

void
fettle_api_token_revoke (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  struct fettle_error err;

  if (!fettle_store_number (e->store, 0, "SELECT count (*) FROM token WHERE ?1 IN (id, name)", "s",
                            r->parameter)) {
    fettle_error_set (&err, FETTLE_E_UNREACHABLE, "there is no token %s", r->parameter);
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_run (e->store, "DELETE FROM token WHERE name = ?1 OR (id = ?1 AND NOT EXISTS"
                              " (SELECT 1 FROM token WHERE name = ?1))", "s", r->parameter);
  fettle_store_sync (e->store);
  fettle_request_reply (r, 200, json_object ());
}
