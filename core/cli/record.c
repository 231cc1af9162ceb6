/* record.c - fettle record: what is exchanged with a node for an inventory, as
 * a file to send.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/job.h"
#include "util/buf.h"

#define MAX_RECORDING (17 * 1024 * 1024)

static fettle_result
fetch (struct fettle_cli *cli, struct fettle_client *client, json_int_t id, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (MAX_RECORDING);
  char path[64];

  snprintf (path, sizeof path, "/jobs/%lld/recording", (long long) id);
  if (fettle_client_text (client, path, &text, err))
    return err->code;
  fwrite (fettle_buf_text (&text), 1, text.size, cli->out);
  fettle_cli_notice (cli, "passwords, keys and tokens are removed; names, addresses and serial numbers are not: "
                     "look at it before you send it");
  return FETTLE_OK;
}

static int
run_record (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *started = NULL, *job = NULL;
  struct fettle_error err;
  json_int_t id;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "POST", "/recordings", json_pack ("{s:s}", "node", args->words[0]), &started, &err))
    return fettle_cli_fail (&err);
  id = json_integer_value (json_object_get (started, "job"));
  if (fettle_follow (cli, &client, id, &job, &err) || fetch (cli, client, id, &err))
    return fettle_cli_fail (&err);
  return (int) json_integer_value (json_object_get (job, "exit_code"));
}

static const struct fettle_option options[] = {
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_record = {
  "record", NULL, "NODE", 1, 1, "write down what an inventory exchanges with a node, without secrets",
  FETTLE_FORMATS (FETTLE_FORMAT_JSON), FETTLE_FORMAT_JSON, options, run_record,
};
