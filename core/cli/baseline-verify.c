/* baseline-verify.c - fettle baseline verify.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>

#include "cli/job.h"

/* A baseline's name, or the path of what isn't one yet. */
static fettle_result
ask (struct fettle_client *client, const struct fettle_args *args, json_t **ret,
     struct fettle_error *err)
{
  const char *word = args->words[0];
  char path[PATH_MAX];
  bool allow = fettle_args_flag (args, "allow-unsigned");
  fettle_result r = FETTLE_E_CONFIG;

  if (!strchr (word, '/'))
    r = fettle_client_call (client, "POST", "/verifications",
                            json_pack ("{s:s s:b}", "baseline", word, "allow_unsigned", (int) allow),
                            ret, err);
  if (r != FETTLE_E_CONFIG || !realpath (word, path))
    return r && strchr (word, '/')
             ? fettle_error_errno (err, FETTLE_E_CONFIG, "reading the baseline %.400s", word) : r;
  return fettle_client_call (client, "POST", "/verifications",
                             json_pack ("{s:s s:b}", "path", path, "allow_unsigned", (int) allow),
                             ret, err);
}

static int
run_verify (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *started = NULL, *job = NULL;
  const char *message;
  struct fettle_error err;
  int status;

  if (fettle_client_open (cli, true, &client, &err) || ask (client, args, &started, &err)
      || fettle_follow (cli, &client, json_integer_value (json_object_get (started, "job")), &job,
                        &err))
    return fettle_cli_fail (&err);
  status = (int) json_integer_value (json_object_get (job, "exit_code"));
  message = json_string_value (json_object_get (job, "message"));
  if (message && (status || !cli->quiet))
    fprintf (stderr, "fettle: %s\n", message);
  return status;
}

static const struct fettle_option options[] = {
  { "allow-unsigned", 0, NULL, "that nobody trusted has signed it is no failure" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_baseline_verify = {
  "baseline", "verify", "BASELINE|DIR|FILE", 1, 1, "is each file what was signed, or what was added",
  0, FETTLE_FORMAT_TEXT, options, run_verify,
};
