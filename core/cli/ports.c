/* ports.c - fettle ports: the table of what each node type needs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/cli.h"
#include "cli/plugins.h"

static const struct fettle_column columns[] = {
  { "System running it",       "hosts",                  false, false },
  { "Target node type",        "node_types",             false, false },
  { "Inventory: to target",    "inventory_to_target",    false, false },
  { "Inventory: from target",  "inventory_from_target",  false, false },
  { "Deployment: to target",   "deployment_to_target",   false, false },
  { "Deployment: from target", "deployment_from_target", false, false },
};

enum { CELLS = 2 }; /* columns before those of fettle_table_row.cells */

fettle_result
fettle_cli_phase (const char *text, uint32_t *ret_phases, struct fettle_error *err)
{
  if (!text)
    *ret_phases = FETTLE_BOTH;
  else if (strcmp (text, "inventory") == 0)
    *ret_phases = FETTLE_INVENTORY;
  else if (strcmp (text, "deployment") == 0)
    *ret_phases = FETTLE_DEPLOYMENT;
  else
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "unknown phase '%.40s'; there is: inventory, deployment", text);
  return FETTLE_OK;
}

struct fettle_listen_ports
fettle_cli_listen_ports (const struct fettle_settings *s)
{
  return (struct fettle_listen_ports) {
    .http = (uint16_t) s->port, .https = (uint16_t) s->ssl_port, .ftp = (uint16_t) s->ftp_port,
  };
}

/* "22 (80) 443", in the table for people "22, (80), 443". */
static json_t *
cell_json (const char *cell, bool commas)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (16384);

  for (; *cell; cell++)
    fettle_buf_printf (&text, "%s%c", commas && *cell == ' ' ? "," : "", *cell);
  return json_string (fettle_buf_text (&text));
}

static json_t *
row_json (const struct fettle_table_row *row, bool commas)
{
  json_t *object = json_pack ("{ss ss}", columns[0].key, row->hosts, columns[1].key, row->types);

  for (size_t i = 0; i < COUNT (row->cells); i++)
    if (*row->cells[i])
      json_object_set_new (object, columns[CELLS + i].key,
                           cell_json (row->cells[i], commas && strcmp (row->cells[i], "None")));
  return object;
}

static fettle_result
make_table (struct fettle_cli *cli, const char *type, uint32_t phases, json_t *rows,
            struct fettle_error *err)
{
  const struct fettle_listen_ports ours = fettle_cli_listen_ports (&cli->settings);
  _cleanup_ (fettle_plugins_clear) struct fettle_plugins all = { 0 };
  _cleanup_free_ const struct fettle_plugin **plugins = NULL;
  _cleanup_free_ struct fettle_table_row *table = NULL;
  size_t n;

  if (fettle_cli_plugins (cli, &all, err))
    return err->code;
  plugins = calloc (all.n_plugins + 1, sizeof *plugins);
  if (!plugins)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the port table");
  for (size_t i = 0; i < all.n_plugins; i++)
    plugins[i] = &all.plugins[i].descriptor;
  if (fettle_port_table (plugins, all.n_plugins, type, phases, &ours, &table, &n, err))
    return err->code;
  for (size_t i = 0; i < n; i++)
    json_array_append_new (rows, row_json (&table[i], cli->format == FETTLE_FORMAT_TABLE));
  return FETTLE_OK;
}

/* A phase that wasn't asked for has no columns. */
static fettle_result
print_table (struct fettle_cli *cli, uint32_t phases, const json_t *rows, struct fettle_error *err)
{
  struct fettle_column shown[COUNT (columns)];
  size_t n = 0;

  for (size_t i = 0; i < COUNT (columns); i++) {
    uint32_t phase = i < CELLS ? FETTLE_BOTH : i < CELLS + 2 ? FETTLE_INVENTORY : FETTLE_DEPLOYMENT;

    if (phase & phases)
      shown[n++] = columns[i];
  }
  return fettle_cli_print (cli, rows, rows, shown, n, err);
}

static int
run_ports (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_json_ json_t *rows = json_array ();
  struct fettle_error err;
  uint32_t phases;

  if (fettle_cli_phase (fettle_args_value (args, "phase"), &phases, &err)
      || make_table (cli, fettle_args_value (args, "type"), phases, rows, &err)
      || print_table (cli, phases, rows, &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option options[] = {
  { "type",  0, "TYPE",  "of this node type only" },
  { "phase", 0, "PHASE", "of this phase only: inventory or deployment" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_ports = {
  "ports", NULL, NULL, 0, 0, "print which ports each node type needs", FETTLE_FORMATS_USUAL,
  FETTLE_FORMAT_TABLE, options, run_ports,
};
