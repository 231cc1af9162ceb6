/* token.c - fettle token create, list, revoke: who may use the API.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/client.h"
#include "util/text.h"

/* "90d", "12h", "30m", "60s" or "never" (0). */
static bool
parse_lifetime (const char *text, json_int_t *ret)
{
  static const struct { char unit; unsigned seconds; } units[]
    = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
  size_t n = strlen (text);
  char number[16];
  uint64_t value;

  *ret = 0;
  if (strcmp (text, "never") == 0)
    return true;
  if (n < 2 || n > sizeof number)
    return false;
  snprintf (number, sizeof number, "%.*s", (int) n - 1, text);
  for (size_t i = 0; i < COUNT (units); i++)
    if (text[n - 1] == units[i].unit && fettle_parse_uint (number, 1, 315360000, &value)) {
      *ret = (json_int_t) (value * units[i].seconds);
      return true;
    }
  return false;
}

static int
run_create (struct fettle_cli *cli, const struct fettle_args *args)
{
  const char *role = fettle_args_value (args, "role"), *text = fettle_args_value (args, "expires");
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *made = NULL;
  struct fettle_error err;
  json_int_t lifetime;
  json_t *body;

  if (!parse_lifetime (text ? text : "90d", &lifetime))
    return fettle_cli_usage ("--expires is a number with s, m, h or d, like 90d, or never");
  body = json_pack ("{s:s s:s s:I}", "name", args->words[0], "role", role ? role : "viewer",
                    "lifetime", lifetime);
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/tokens", body, &made, &err))
    return fettle_cli_fail (&err);
  if (cli->format == FETTLE_FORMAT_JSON) {
    if (fettle_cli_print_members (cli, made, &err))
      return fettle_cli_fail (&err);
    return FETTLE_EXIT_DONE;
  }
  fprintf (cli->out, "%s\n", json_string_value (json_object_get (made, "token")));
  fettle_cli_notice (cli, "this is shown only now: keep it where only its user can read it");
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option create_options[] = {
  { "role",    0, "viewer|operator|admin", "what it entitles to (viewer)" },
  { "expires", 0, "TIME", "how long it is good for: 90d (as it is without this), 12h, ..., or never" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_token_create = {
  "token", "create", "NAME", 1, 1, "make a token for the API, and show it this once",
  FETTLE_FORMATS (FETTLE_FORMAT_TEXT) | FETTLE_FORMATS (FETTLE_FORMAT_JSON), FETTLE_FORMAT_TEXT,
  create_options, run_create,
};

static int
run_list (struct fettle_cli *cli, const struct fettle_args *args)
{
  static const struct fettle_column columns[] = {
    { "NAME",    "name",    false, false }, { "ROLE",    "role",    false, false },
    { "ID",      "id",      false, false }, { "CREATED", "created", false, true },
    { "BY",      "creator", false, true },  { "EXPIRES", "expires", false, false },
    { "USED",    "used",    false, false },
  };
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  struct fettle_error err;

  (void) args;
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", "/tokens", NULL, &answer, &err)
      || fettle_cli_print (cli, answer, json_object_get (answer, "tokens"), columns,
                           COUNT (columns), &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_token_list = {
  "token", "list", NULL, 0, 0, "list the API's tokens", FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE,
  NULL, run_list,
};

static int
run_revoke (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err))
    return fettle_cli_fail (&err);
  for (size_t i = 0; i < args->n_words; i++) {
    _cleanup_free_ char *path = fettle_client_path ("/tokens/", args->words[i], "");

    if (fettle_client_call (client, "DELETE", path, NULL, NULL, &err))
      return fettle_cli_fail (&err);
    fettle_cli_notice (cli, "%s is worth nothing any more", args->words[i]);
  }
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_token_revoke = {
  "token", "revoke", "NAME...", 1, SIZE_MAX, "end tokens, also where they are in use", 0,
  FETTLE_FORMAT_TEXT, NULL, run_revoke,
};
