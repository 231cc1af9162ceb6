/* groups.c - the API of groups: what nodes have in common.
 *
 * A group begins when it is made, or with its first node.  What a node says
 * itself comes before what its group says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/internal.h"
#include "util/text.h"

#define MAX_NOTE 1024 /* bytes */

#define SELECT_GROUPS                                                                             \
  "SELECT name, note, user, auth, labels, maintenance, max_parallel,"                             \
  " (SELECT count (*) FROM node WHERE grp = grp.name), second_user, helper FROM grp"

static json_t *
group_json (struct fettle_rows *rows)
{
  int64_t most = fettle_rows_int (rows, 6);

  return json_pack ("{s:s s:s? s:s? s:s s:o s:s? s:o s:I s:s? s:s?}", "name", fettle_rows_text (rows, 0),
                    "note", fettle_rows_text (rows, 1), "user", fettle_rows_text (rows, 2),
                    "auth", fettle_rows_text (rows, 3), "labels", fettle_rows_json (rows, 4),
                    "maintenance", fettle_rows_text (rows, 5),
                    "max_parallel", most ? json_integer (most) : json_null (),
                    "nodes", (json_int_t) fettle_rows_int (rows, 7), "second_user",
                    fettle_rows_text (rows, 8), "helper", fettle_rows_text (rows, 9));
}

static json_t *
group_by_name (struct fettle_engine *e, const char *name)
{
  struct fettle_rows rows;
  json_t *group = NULL;

  fettle_store_query (e->store, &rows, SELECT_GROUPS " WHERE name = ?", "s", name);
  if (fettle_rows_next (&rows)) {
    group = group_json (&rows);
    fettle_rows_end (&rows);
  }
  return group;
}

/* ---- What a user says of one ---- */

static fettle_result
check_note (const json_t *note, struct fettle_error *err)
{
  if (!note || json_is_null (note)
      || (json_is_string (note) && json_string_length (note) <= MAX_NOTE))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG, "the note must be text of at most %d bytes",
                           MAX_NOTE);
}

static fettle_result
check_parallel (const json_t *most, struct fettle_error *err)
{
  json_int_t n = json_integer_value (most);

  if (!most || json_is_null (most) || (n >= 1 && n <= 100000))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG, "\"max_parallel\" is a number from 1 to 100000");
}

static fettle_result
check_group (struct fettle_engine *e, const json_t *body, const char *known,
             struct fettle_error *err)
{
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *) body, key, value)
    if (!fettle_has_word (known, key))
      return fettle_error_set (err, FETTLE_E_CONFIG, "a group has no member %s to be set", key);
  if (fettle_labels_check (json_object_get (body, "labels"), err)
      || fettle_maintenance_check (json_object_get (body, "maintenance"), err)
      || fettle_credentials_check (e, json_object_get (body, "credentials"), err)
      || check_note (json_object_get (body, "note"), err))
    return err->code;
  return check_parallel (json_object_get (body, "max_parallel"), err);
}

/* The group as it is, with the members of `changes` instead. */
static fettle_result
write_group (struct fettle_engine *e, const char *name, const json_t *changes,
             struct fettle_error *err)
{
  static const char *const members[] = { "note", "labels", "maintenance", "max_parallel" };
  _cleanup_json_ json_t *group = group_by_name (e, name), *credentials = NULL;
  json_t *value;
  fettle_result r;

  for (size_t i = 0; i < COUNT (members); i++)
    if ((value = json_object_get (changes, members[i])))
      json_object_set (group, members[i], value);
  fettle_store_run (e->store, "UPDATE grp SET note = ?, labels = ?, maintenance = ?,"
                              " max_parallel = nullif (?, 0) WHERE name = ?", "sjsis",
                    json_string_value (json_object_get (group, "note")),
                    json_object_get (group, "labels"),
                    json_string_value (json_object_get (group, "maintenance")),
                    (int64_t) json_integer_value (json_object_get (group, "max_parallel")), name);
  fettle_rollouts_changed (e);
  if (!json_object_get (changes, "credentials"))
    return FETTLE_OK;
  /* What isn't given stays: a new password doesn't forget the user. */
  if (fettle_group_credentials (e, name, &credentials, err))
    return err->code;
  fettle_credentials_change (credentials, json_object_get (changes, "credentials"));
  r = fettle_group_set_credentials (e, name, credentials, err);
  fettle_credentials_free (credentials);
  return r;
}

/* ---- The calls ---- */

void
fettle_api_groups_list (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  json_t *groups = json_array ();
  struct fettle_rows rows;

  fettle_store_query (e->store, &rows, SELECT_GROUPS " ORDER BY name", "");
  while (fettle_rows_next (&rows))
    json_array_append_new (groups, group_json (&rows));
  fettle_request_reply (r, 200, json_pack ("{s:o}", "groups", groups));
}

static fettle_result
add_group (struct fettle_engine *e, const json_t *body, struct fettle_error *err)
{
  const char *name = json_string_value (json_object_get (body, "name"));

  if (fettle_name_check ("the group's name", name, err)
      || check_group (e, body, "name note credentials labels maintenance max_parallel", err))
    return err->code;
  if (fettle_store_number (e->store, 0, "SELECT count (*) FROM grp WHERE name = ?", "s", name))
    return fettle_error_set (err, FETTLE_E_BUSY, "there is a group %s already", name);
  fettle_store_run (e->store, "INSERT INTO grp (name) VALUES (?)", "s", name);
  if (write_group (e, name, body, err)) {
    fettle_store_run (e->store, "DELETE FROM grp WHERE name = ?", "s", name);
    return err->code;
  }
  return FETTLE_OK;
}

void
fettle_api_groups_add (void *engine, struct fettle_request *r)
{
  struct fettle_error err;

  if (add_group (engine, r->body, &err))
    fettle_request_fail (r, &err);
  else
    fettle_request_reply (r, 201, group_by_name (
                                    engine, json_string_value (json_object_get (r->body, "name"))));
}

/* The group that the path names; NULL: has answered. */
static json_t *
asked_for (struct fettle_engine *e, struct fettle_request *r)
{
  json_t *group = group_by_name (e, r->parameter);
  struct fettle_error err;

  if (!group) {
    fettle_error_set (&err, FETTLE_E_UNREACHABLE, "there is no group %s", r->parameter);
    fettle_request_fail (r, &err);
  }
  return group;
}

void
fettle_api_group_show (void *engine, struct fettle_request *r)
{
  json_t *group = asked_for (engine, r);

  if (group)
    fettle_request_reply (r, 200, group);
}

void
fettle_api_group_change (void *engine, struct fettle_request *r)
{
  _cleanup_json_ json_t *group = asked_for (engine, r);
  struct fettle_error err;

  if (!group)
    return;
  if (check_group (engine, r->body, "note credentials labels maintenance max_parallel", &err)
      || write_group (engine, r->parameter, r->body, &err))
    fettle_request_fail (r, &err);
  else
    fettle_request_reply (r, 200, group_by_name (engine, r->parameter));
}

/* Its nodes stay, without a group. */
void
fettle_api_group_remove (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *group = asked_for (e, r);

  if (!group)
    return;
  fettle_store_run (e->store, "UPDATE node SET grp = NULL WHERE grp = ?", "s", r->parameter);
  fettle_store_run (e->store, "DELETE FROM grp WHERE name = ?", "s", r->parameter);
  fettle_request_reply (r, 200, json_object ());
}
