/* sum-nodes.c - SUM's targets as nodes.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>
#include <limits.h>
#include <pwd.h>

#include "cli/secret.h"
#include "cli/sum.h"

static fettle_result
own_key (json_t *credentials, const char *home, struct fettle_error *err)
{
  static const char *const names[] = { "id_ed25519", "id_ecdsa", "id_rsa" };
  char path[PATH_MAX];

  for (size_t i = 0; i < COUNT (names); i++) {
    snprintf (path, sizeof path, "%s/.ssh/%s", home, names[i]);
    if (access (path, R_OK) == 0)
      return fettle_secret_key (path, credentials, err);
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "/current_credential: no SSH agent runs here"
                                                 " (SSH_AUTH_SOCK), and %.400s/.ssh has no key", home);
}

/* Who runs this, with agent or key. */
static fettle_result
put_current (json_t *credentials, struct fettle_error *err)
{
  const struct passwd *pw = getpwuid (getuid ());
  const char *agent = getenv ("SSH_AUTH_SOCK"), *home = getenv ("HOME");

  if (!json_object_get (credentials, "user"))
    json_object_set_new (credentials, "user", json_string (pw ? pw->pw_name : "root"));
  if (agent && *agent) {
    json_object_set_new (credentials, "agent", json_string (agent));
    return FETTLE_OK;
  }
  return own_key (credentials, home && *home ? home : pw ? pw->pw_dir : "/root", err);
}

static fettle_result
put_credentials (const json_t *node, json_t *body, struct fettle_error *err)
{
  static const char *const members[][2] = {
    { "username",    "user"            },
    { "password",    "password"        },
    { "oa_username", "second_user"     },
    { "oa_password", "second_password" },
  };
  const char *password = fettle_sum_text (node, "password");
  json_t *credentials = json_object ();
  fettle_result r = FETTLE_OK;

  json_object_set_new (body, "credentials", credentials);
  for (size_t i = 0; i < COUNT (members); i++) {
    const char *text = fettle_sum_text (node, members[i][0]);

    if (text)
      json_object_set_new (credentials, members[i][1], json_string (text));
  }
  if (password && fettle_sum_is (node, "use_sudo"))
    json_object_set_new (credentials, "sudo_password", json_string (password));
  if (fettle_sum_is (node, "current_credential"))
    r = put_current (credentials, err);
  if (json_object_size (credentials) == 0)
    json_object_del (body, "credentials");
  return r;
}

/* "ILO" is "ilo", "fc_switch" is "fc-switch". */
static void
put_type (const json_t *node, json_t *body)
{
  const char *type = fettle_sum_text (node, "targettype");
  char text[64];
  size_t n = 0;

  if (!type)
    return;
  for (; type[n] && n < sizeof text - 1; n++)
    text[n] = type[n] == '_' || type[n] == ' ' ? '-' : (char) tolower ((unsigned char) type[n]);
  text[n] = '\0';
  json_object_set_new (body, "type", json_string (text));
}

/* Who to log in as, or how; not only what is behind the node. */
static bool
has_login (const json_t *credentials)
{
  const char *member;
  const json_t *value;

  json_object_foreach ((json_t *) credentials, member, value)
    if (strncmp (member, "second_", 7) != 0)
      return true;
  return false;
}

static fettle_result
add (struct fettle_client *client, const char *target, json_t *body, json_t **ret,
     struct fettle_error *err)
{
  _cleanup_json_ json_t *answer = NULL;

  json_object_set_new (body, "address", json_string (strcmp (target, "localhost") ? target
                                                                                  : "127.0.0.1"));
  json_object_set_new (body, "name", json_string (target));
  if (!has_login (json_object_get (body, "credentials"))) {
    if (!json_object_get (body, "credentials"))
      json_object_set_new (body, "credentials", json_object ());
    if (put_current (json_object_get (body, "credentials"), err))
      return fettle_error_set (err, FETTLE_E_CONFIG, "the node %.200s isn't known, and nobody said how"
                               " to log in: /username and /password, or first"
                               " \"fettle node add ADDRESS --name %.200s --user USER --key FILE\"",
                               target, target);
  }
  if (fettle_client_call (client, "POST", "/nodes", json_pack ("{s:[O]}", "nodes", body), &answer, err))
    return err->code;
  *ret = json_incref (json_array_get (json_object_get (answer, "nodes"), 0));
  return FETTLE_OK;
}

fettle_result
fettle_sum_node (struct fettle_client *client, const json_t *node, json_t **ret,
                 struct fettle_error *err)
{
  _cleanup_ (fettle_secret_release) json_t *body = json_object ();
  const char *target = fettle_sum_text (node, "target");
  _cleanup_free_ char *path = fettle_client_path ("/nodes/", target, "");
  json_t *known = NULL;

  put_type (node, body);
  if (put_credentials (node, body, err))
    return err->code;
  if (fettle_client_call (client, "GET", path, NULL, &known, err))
    return err->code == FETTLE_E_CONFIG ? add (client, target, body, ret, err) : err->code;
  if (json_object_size (body) == 0) {
    *ret = known;
    return FETTLE_OK;
  }
  json_decref (known);
  return fettle_client_call (client, "PATCH", path, json_incref (body), ret, err);
}
