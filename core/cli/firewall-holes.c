/* firewall-holes.c - fettle firewall open, close, status: what is open now,
 * for whom and why; and by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/job.h"
#include "util/text.h"

static const struct fettle_column columns[] = {
  { "NODE",    "node",     false, false },
  { "FROM",    "from",     false, false },
  { "PORT",    "port",     false, false },
  { "JOB",     "job",      true,  false },
  { "PHASE",   "phase",    false, false },
  { "OPEN",    "open",     false, false },
  { "UNTIL",   "until",    false, false },
  { "PACKETS", "packets",  true,  false },
  { "WHY",     "purpose",  false, true  },
};

/* "63001/tcp", "63010-63041/tcp" */
static void
add_port (json_t *hole)
{
  const char *protocol = json_string_value (json_object_get (hole, "protocol"));
  int first = (int) json_integer_value (json_object_get (hole, "first"));
  int last = (int) json_integer_value (json_object_get (hole, "last"));

  json_object_set_new (hole, "port", first == last ? json_sprintf ("%d/%s", first, protocol)
                                                   : json_sprintf ("%d-%d/%s", first, last, protocol));
}

static int
print_holes (struct fettle_cli *cli, const json_t *answer)
{
  const json_t *holes = json_object_get (answer, "holes");
  const char *backend = json_string_value (json_object_get (answer, "backend"));
  struct fettle_error err;
  json_t *hole;
  size_t i;

  json_array_foreach (holes, i, hole)
    add_port (hole);
  if (fettle_cli_print (cli, answer, holes, columns, COUNT (columns), &err))
    return fettle_cli_fail (&err);
  fflush (cli->out);
  fettle_cli_notice (cli, "%zu hole%s%s%s", json_array_size (holes),
                     json_array_size (holes) == 1 ? "" : "s", backend ? ", made by " : "",
                     backend ? backend : "");
  return FETTLE_EXIT_DONE;
}

static int
ask (struct fettle_cli *cli, const char *method, const char *path, json_t *body)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL, *request = body;
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, method, path, request ? json_incref (request) : NULL, &answer,
                             &err))
    return fettle_cli_fail (&err);
  return print_holes (cli, answer);
}

static int
run_status (struct fettle_cli *cli, const struct fettle_args *args)
{
  (void) args;
  return ask (cli, "GET", "/firewall", NULL);
}

/* All nodes are opened for, or closed, only by the word all. */
static bool
names_none (const struct fettle_args *args)
{
  return args->n_words == 0 && !fettle_args_flag (args, "selector");
}

static int
run_open (struct fettle_cli *cli, const struct fettle_args *args)
{
  json_t *body = json_pack ("{s:o}", "nodes", fettle_nodes_wanted (args));
  const char *minutes = fettle_args_value (args, "minutes");
  const char *phase = fettle_args_value (args, "phase");
  uint64_t number = 0;

  if (names_none (args)) {
    json_decref (body);
    return fettle_cli_usage ("fettle firewall open needs NODE... or --selector");
  }
  if (minutes && !fettle_parse_uint (minutes, 1, 1440, &number)) {
    json_decref (body);
    return fettle_cli_usage ("--minutes is a number of 1 to 1440");
  }
  if (minutes)
    json_object_set_new (body, "minutes", json_integer ((json_int_t) number));
  if (phase)
    json_object_set_new (body, "phase", json_string (phase));
  return ask (cli, "POST", "/firewall/open", body);
}

static int
run_close (struct fettle_cli *cli, const struct fettle_args *args)
{
  if (names_none (args))
    return fettle_cli_usage ("fettle firewall close needs NODE... or --selector");
  return ask (cli, "POST", "/firewall/close",
              json_pack ("{s:o}", "nodes", fettle_nodes_wanted (args)));
}

static const struct fettle_option close_options[] = {
  FETTLE_SELECTOR_OPTION,
  { NULL, 0, NULL, NULL },
};

static const struct fettle_option open_options[] = {
  FETTLE_SELECTOR_OPTION,
  { "minutes", 0, "N", "close them after that many minutes (60)" },
  { "phase",   0, "inventory|deployment", "what that phase needs (deployment)" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_firewall_status = {
  "firewall", "status", NULL, 0, 0, "show the holes that are open, for whom and why",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_status,
};

const struct fettle_command fettle_command_firewall_open = {
  "firewall", "open", "NODE...", 0, SIZE_MAX, "let nodes reach this host's listeners, for a while",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, open_options, run_open,
};

const struct fettle_command fettle_command_firewall_close = {
  "firewall", "close", "NODE...", 0, SIZE_MAX, "close what firewall open opened for nodes",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, close_options, run_close,
};
