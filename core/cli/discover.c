/* discover.c - fettle node discover.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/nodes.h"
#include "model/addresses.h"
#include "util/text.h"

#define MAX_ADDRESSES 65536 /* of all ranges */
#define AT_ONCE       128   /* addresses of one call, at most */

static const struct fettle_column columns[] = {
  { "ADDRESS", "address", false, false },
  { "PORTS",   "open",    false, false },
  { "TYPE",    "type",    false, false },
  { "COULD BE", "could_be", false, true },
  { "NODE",    "node",    false, false },
};

/* ---- What is asked for ---- */

static fettle_result
take_addresses (const struct fettle_args *args, json_t *addresses, struct fettle_error *err)
{
  for (size_t i = 0; i < args->n_words; i++) {
    if (fettle_addresses_parse (args->words[i], addresses, err))
      return err->code;
    if (json_array_size (addresses) > MAX_ADDRESSES)
      return fettle_error_set (err, FETTLE_E_CONFIG, "these are more than %d addresses", MAX_ADDRESSES);
  }
  return FETTLE_OK;
}

/* "linux,ilo"; NULL: all. */
static json_t *
types_of (const struct fettle_args *args)
{
  const char *text = fettle_args_value (args, "types");
  json_t *types = text ? json_array () : NULL;

  while (text && *text) {
    size_t n = strcspn (text, ",");

    json_array_append_new (types, json_stringn (text, n));
    text += n + (text[n] == ',');
  }
  return types;
}

struct pace {
  uint64_t rate, parallel;
};

static fettle_result
take_pace (const struct fettle_args *args, struct pace *ret, struct fettle_error *err)
{
  const char *rate = fettle_args_value (args, "rate"), *parallel = fettle_args_value (args, "parallel");

  *ret = (struct pace) { 100, 32 };
  if (rate && !fettle_parse_uint (rate, 1, 1000, &ret->rate))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--rate is a number of 1 to 1000");
  if (parallel && !fettle_parse_uint (parallel, 1, 256, &ret->parallel))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--parallel is a number of 1 to 256");
  return FETTLE_OK;
}

/* ---- Asking, a few addresses at a time ---- */

/* The service refuses what would take too long: then half of it. */
static fettle_result
ask_some (struct fettle_client *client, const json_t *addresses, size_t at, size_t *n,
          const json_t *types, const struct pace *pace, json_t **ret, struct fettle_error *err)
{
  for (;; *n = (*n + 1) / 2) {
    json_t *some = json_array ();
    json_t *body = json_pack ("{s:o s:I s:I}", "addresses", some, "rate", (json_int_t) pace->rate,
                              "parallel", (json_int_t) pace->parallel);

    for (size_t i = at; i < at + *n && i < json_array_size (addresses); i++)
      json_array_append (some, json_array_get (addresses, i));
    if (types)
      json_object_set (body, "types", (json_t *) types);
    if (fettle_client_call (client, "POST", "/scouts", body, ret, err) == FETTLE_OK)
      return FETTLE_OK;
    if (*n == 1 || !strstr (err->text, "ask for fewer"))
      return err->code;
  }
}

static void
join_texts (json_t *row, const char *from, const char *to)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (16384);
  const json_t *v;
  size_t i;

  json_array_foreach (json_object_get (row, from), i, v)
    if (json_is_string (v))
      fettle_buf_printf (&text, "%s%s", i ? " " : "", json_string_value (v));
    else
      fettle_buf_printf (&text, "%s%lld", i ? " " : "", (long long) json_integer_value (v));
  json_object_set_new (row, to, json_string (fettle_buf_text (&text)));
}

static fettle_result
ask_all (struct fettle_cli *cli, struct fettle_client *client, const json_t *addresses,
         const json_t *types, const struct pace *pace, json_t *found, struct fettle_error *err)
{
  size_t all = json_array_size (addresses), n = AT_ONCE;
  json_t *row;
  size_t i;

  for (size_t at = 0; at < all; at += n) {
    _cleanup_json_ json_t *answer = NULL;

    if (ask_some (client, addresses, at, &n, types, pace, &answer, err))
      return err->code;
    json_array_foreach (json_object_get (answer, "found"), i, row) {
      if (cli->format != FETTLE_FORMAT_JSON) {
        join_texts (row, "ports", "open");
        join_texts (row, "types", "could_be");
      }
      json_array_append (found, row);
    }
    if (cli->progress && !cli->quiet)
      fprintf (stderr, "\r%zu of %zu addresses, %zu found%s", at + n < all ? at + n : all, all,
               json_array_size (found), at + n < all ? "" : "\n");
  }
  return FETTLE_OK;
}

/* ---- Which type it is ---- */

/* The plugins look, at one address after the other; what can't be told stays
 * what it could be. */
static fettle_result
find_types (struct fettle_cli *cli, struct fettle_client *client, json_t *found,
            struct fettle_error *err)
{
  size_t i, all = json_array_size (found);
  json_t *row;

  json_array_foreach (found, i, row) {
    const json_t *types = json_object_get (row, "types");
    _cleanup_json_ json_t *answer = NULL;

    json_object_set_new (row, "type", json_null ());
    if (json_is_string (json_object_get (row, "node")) || !json_array_size (types))
      continue;
    if (fettle_client_call (client, "POST", "/probes",
                            json_pack ("{s:O s:O}", "address", json_object_get (row, "address"),
                                       "types", types), &answer, err))
      return err->code;
    json_object_set (row, "type", json_object_get (answer, "type"));
    if (cli->progress && !cli->quiet)
      fprintf (stderr, "\r%zu of %zu looked at%s", i + 1, all, i + 1 < all ? "" : "\n");
  }
  return FETTLE_OK;
}

/* ---- Adding ---- */

/* What isn't a node yet; its type where only one can be. */
static json_t *
new_nodes (const json_t *found, const json_t *all)
{
  json_t *nodes = json_array ();
  const json_t *row;
  size_t i;

  json_array_foreach (found, i, row) {
    const json_t *types = json_object_get (row, "types");
    json_t *node;

    if (!json_is_null (json_object_get (row, "node")) || json_array_size (types) == 0)
      continue;
    node = fettle_node_copy (all);
    json_object_set (node, "address", json_object_get (row, "address"));
    if (!json_object_get (node, "type") && json_is_string (json_object_get (row, "type")))
      json_object_set (node, "type", json_object_get (row, "type"));
    else if (json_array_size (types) == 1 && !json_object_get (node, "type"))
      json_object_set (node, "type", json_array_get (types, 0));
    json_array_append_new (nodes, node);
  }
  return nodes;
}

static int
run_discover (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_ (fettle_secret_release) json_t *all = json_object ();
  _cleanup_json_ json_t *addresses = json_array (), *found = json_array (), *types = types_of (args);
  _cleanup_json_ json_t *answer = json_pack ("{s:O}", "found", found);
  _cleanup_ (fettle_secret_release) json_t *nodes = NULL;
  struct fettle_error err;
  struct pace pace;

  if (fettle_args_flag (args, "name"))
    return fettle_cli_usage ("--name is for one node only");
  if (take_addresses (args, addresses, &err) || take_pace (args, &pace, &err)
      || fettle_node_input (args, all, &err) || fettle_client_open (cli, true, &client, &err)
      || ask_all (cli, client, addresses, types, &pace, found, &err)
      || (!fettle_args_flag (args, "no-probe") && find_types (cli, client, found, &err)))
    return fettle_cli_fail (&err);
  if (!fettle_args_flag (args, "add"))
    return fettle_cli_print (cli, answer, found, columns, COUNT (columns), &err)
             ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
  nodes = new_nodes (found, all);
  if (json_array_size (nodes))
    return fettle_nodes_add (cli, nodes);
  fettle_cli_notice (cli, "nothing new was found");
  return FETTLE_EXIT_NOTHING;
}

static const struct fettle_option options[] = {
  FETTLE_NODE_OPTIONS,
  { "types",    0, "TYPE,...", "look for these node types only" },
  { "rate",     0, "N",   "try so many ports a second (100)" },
  { "parallel", 0, "N",   "try so many ports at a time (32)" },
  { "no-probe", 0, NULL,  "look at open ports only, don't find out which type it is" },
  { "add",      0, NULL,  "add what is found and could be a node" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_node_discover = {
  "node", "discover", "RANGE...", 1, SIZE_MAX,
  "look for nodes at addresses like 10.1.0.0/24 or 10.1.0.5-20",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, options, run_discover,
};
