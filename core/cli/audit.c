/* audit.c - fettle audit list, verify.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/client.h"
#include "util/text.h"

static int
run_list (struct fettle_cli *cli, const struct fettle_args *args)
{
  static const struct fettle_column columns[] = {
    { "ID",      "id",      true,  false },
    { "TIME",    "time",    false, false },
    { "WHO",     "who",     false, false },
    { "FROM",    "from",    false, true },
    { "WHAT",    "what",    false, false },
    { "OBJECT",  "object",  false, false },
    { "OUTCOME", "outcome", false, true },
  };
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  const char *after = fettle_args_value (args, "after"), *limit = fettle_args_value (args, "limit");
  char path[128];
  struct fettle_error err;
  uint64_t number;

  if (after && !fettle_parse_uint (after, 0, INT64_MAX, &number))
    return fettle_cli_usage ("--after wants an entry's number, not '%s'", after);
  if (limit && !fettle_parse_uint (limit, 1, 10000, &number))
    return fettle_cli_usage ("--limit is a number of 1 to 10000, not '%s'", limit);
  snprintf (path, sizeof path, "/audit?limit=%s%s%s", limit ? limit : "100",
            after ? "&after=" : "", after ? after : "");
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", path, NULL, &answer, &err)
      || fettle_cli_print (cli, answer, json_object_get (answer, "entries"), columns,
                           COUNT (columns), &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option list_options[] = {
  { "after", 0, "ID", "only entries after this one; without it, the last ones" },
  { "limit", 0, "N",  "at most so many (100)" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_audit_list = {
  "audit", "list", NULL, 0, 0, "show who did what, and what came of it",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, list_options, run_list,
};

static int
run_verify (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  _cleanup_free_ char *path = fettle_args_value (args, "expect")
                                ? fettle_client_path ("/audit/verify?expect=",
                                                      fettle_args_value (args, "expect"), "")
                                : strdup ("/audit/verify");
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", path, NULL, &answer, &err)
      || fettle_cli_print_members (cli, answer, &err))
    return fettle_cli_fail (&err);
  if (json_is_true (json_object_get (answer, "intact")))
    return FETTLE_EXIT_DONE;
  fettle_error_set (&err, FETTLE_E_PROTOCOL, "the audit log isn't whole, at entry %lld: %s",
                    (long long) json_integer_value (json_object_get (answer, "last")),
                    json_string_value (json_object_get (answer, "wrong")));
  return fettle_cli_fail (&err);
}

static const struct fettle_option verify_options[] = {
  { "expect", 0, "ID:HASH", "this entry, noted down earlier, must be there with this hash" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_audit_verify = {
  "audit", "verify", NULL, 0, 0, "check that no entry of the audit log was changed or taken out",
  FETTLE_FORMATS (FETTLE_FORMAT_TABLE) | FETTLE_FORMATS (FETTLE_FORMAT_JSON), FETTLE_FORMAT_TABLE,
  verify_options, run_verify,
};
