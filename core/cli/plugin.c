/* plugin.c - fettle plugin list, fettle plugin show; the plugins for other
 * commands.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/cli.h"
#include "cli/plugins.h"
#include "util/nearest.h"

fettle_result
fettle_cli_plugins (struct fettle_cli *cli, struct fettle_plugins *ret, struct fettle_error *err)
{
  size_t n = 0;

  if (fettle_plugins_load (ret, cli->settings.plugindir, err))
    return err->code;
  for (size_t i = 0; i < ret->n_refusals; i++)
    n += !ret->refusals[i].spare;
  if (n)
    fettle_cli_notice (cli, "%zu plugin file%s can't be used; fettle plugin list says why", n,
                       n > 1 ? "s" : "");
  if (ret->n_plugins == 0)
    fettle_cli_notice (cli, "there are no plugins in %s", cli->settings.plugindir);
  return FETTLE_OK;
}

/* ---- Descriptors as JSON. ---- */

/* Names of the bits that are set. */
static json_t *
bits (uint32_t value, const char *const *names, size_t n)
{
  json_t *array = json_array ();

  for (size_t i = 0; i < n; i++)
    if (value >> i & 1)
      json_array_append_new (array, json_string (names[i]));
  return array;
}

static json_t *
phases_json (uint32_t phases)
{
  static const char *const names[] = { "inventory", "deployment" };

  return bits (phases, names, COUNT (names));
}

static json_t *
hosts_json (uint32_t hosts)
{
  static const char *const names[] = { "linux", "windows", "linux-too" };

  return bits (hosts, names, COUNT (names));
}

static json_t *
words_json (const char *words)
{
  json_t *array = json_array ();

  for (size_t n; words && *words; words += n, words += strspn (words, " ")) {
    n = strcspn (words, " ");
    json_array_append_new (array, json_stringn (words, n));
  }
  return array;
}

static json_t *
operations_json (const struct fettle_node_type *t)
{
  const struct { const char *name; bool has; } all[] = {
    { "probe",      t->probe != NULL },      { "inventory",        t->inventory != NULL },
    { "deploy",     t->deploy != NULL },     { "cleanup",          t->cleanup != NULL },
    { "activate",   t->activate != NULL },   { "firewall_open",    t->firewall_open != NULL },
    { "reach_back", t->reach_back != NULL }, { "firewall_restore", t->firewall_restore != NULL },
  };
  json_t *array = json_array ();

  for (size_t i = 0; i < COUNT (all); i++)
    if (all[i].has)
      json_array_append_new (array, json_string (all[i].name));
  return array;
}

static json_t *
port_json (const struct fettle_port *p)
{
  static const char *const listeners[] = { "", "http", "https", "ftp" };
  bool from = p->direction == FETTLE_FROM_TARGET;
  json_t *port = json_pack ("{so ss ss sI sb sb ss}", "phases", phases_json (p->phases), "direction",
                            from ? "from-target" : "to-target", "protocol",
                            p->protocol == FETTLE_TCP ? "tcp" : "udp", "flags",
                            (json_int_t) p->flags, "optional",
                            (p->flags & FETTLE_PORT_OPTIONAL) != 0, "dynamic",
                            (p->flags & FETTLE_PORT_DYNAMIC) != 0, "purpose", p->purpose);

  if (from)
    json_object_set_new (port, "listener", json_string (listeners[p->listener]));
  else {
    json_object_set_new (port, "first", json_integer (p->first));
    json_object_set_new (port, "last", json_integer (p->last));
  }
  return port;
}

static json_t *
setting_json (const struct fettle_setting *s)
{
  static const char *const types[] = { "", "text", "uint", "bool", "port" };
  json_t *setting = json_pack ("{ss ss ss? ss}", "name", s->name, "type", types[s->type],
                               "initial", s->initial, "help", s->help);

  if (s->type == FETTLE_SETTING_PORT)
    json_object_set_new (setting, "moves", json_integer (s->moves));
  return setting;
}

static json_t *
type_json (const struct fettle_node_type *t)
{
  json_t *ports = json_array (), *settings = json_array ();

  for (uint32_t i = 0; i < t->n_ports; i++)
    json_array_append_new (ports, port_json (&t->ports[i]));
  for (uint32_t i = 0; i < t->n_settings; i++)
    json_array_append_new (settings, setting_json (&t->settings[i]));
  return json_pack ("{ss ss sI so sI so so so so so}", "name", t->name, "title", t->title,
                    "position", (json_int_t) t->position, "hosts", hosts_json (t->hosts), "flags",
                    (json_int_t) t->flags, "operations", operations_json (t), "services",
                    words_json (t->services), "wants", words_json (t->wants), "ports", ports,
                    "settings", settings);
}

static json_t *
plugin_json (const struct fettle_plugin_info *p)
{
  const struct fettle_plugin *d = &p->descriptor;
  json_t *types = json_array ();

  for (uint32_t i = 0; i < d->n_node_types; i++)
    json_array_append_new (types, type_json (&d->node_types[i]));
  return json_pack ("{ss ss ss ss? sI sI sI sI sI sI so}", "name", d->name, "version", d->version,
                    "description", d->description, "path", p->path, "abi", (json_int_t) d->abi,
                    "struct_size", (json_int_t) d->struct_size, "node_type_size",
                    (json_int_t) d->node_type_size, "port_size", (json_int_t) d->port_size,
                    "setting_size", (json_int_t) d->setting_size, "flags", (json_int_t) d->flags,
                    "node_types", types);
}

/* ---- fettle plugin list ---- */

/* One row for each node type. */
static void
add_rows (const struct fettle_plugin_info *p, json_t *rows)
{
  for (uint32_t i = 0; i < p->descriptor.n_node_types; i++) {
    const struct fettle_node_type *t = &p->node_types[i];
    json_t *row = json_pack ("{ss ss ss ss so ss}", "plugin", p->descriptor.name, "version",
                             p->descriptor.version, "type", t->name, "title", t->title,
                             "operations", operations_json (t), "path",
                             p->path ? p->path : "linked in");

    json_array_append_new (rows, row);
  }
}

/* Of a table on the output, below it; otherwise the output stays pure. */
static void
print_refusals (struct fettle_cli *cli, const struct fettle_plugins *all)
{
  if (cli->format == FETTLE_FORMAT_TABLE && all->n_refusals)
    fputs ("\nNot used:\n", cli->out);
  for (size_t i = 0; i < all->n_refusals; i++) {
    char text[sizeof all->refusals[i].text];

    snprintf (text, sizeof text, "%s", all->refusals[i].text);
    fettle_cli_clean (text);
    if (cli->format == FETTLE_FORMAT_TABLE)
      fprintf (cli->out, "  %s: %s\n", all->refusals[i].path, text);
    else if (cli->format == FETTLE_FORMAT_CSV)
      fettle_cli_notice (cli, "not used: %s: %s", all->refusals[i].path, text);
  }
}

static json_t *
list_json (const struct fettle_plugins *all)
{
  json_t *plugins = json_array (), *refused = json_array ();

  for (size_t i = 0; i < all->n_plugins; i++)
    json_array_append_new (plugins, plugin_json (&all->plugins[i]));
  for (size_t i = 0; i < all->n_refusals; i++)
    json_array_append_new (refused, json_pack ("{ss ss}", "path", all->refusals[i].path, "reason",
                                               all->refusals[i].text));
  return json_pack ("{so so}", "plugins", plugins, "refused", refused);
}

static int
run_list (struct fettle_cli *cli, const struct fettle_args *args)
{
  static const struct fettle_column columns[] = {
    { "PLUGIN",     "plugin",     false, false }, { "VERSION", "version", false, false },
    { "TYPE",       "type",       false, false }, { "TITLE",   "title",   false, false },
    { "OPERATIONS", "operations", false, false }, { "PATH",    "path",    false, true },
  };
  _cleanup_ (fettle_plugins_clear) struct fettle_plugins all = { 0 };
  _cleanup_json_ json_t *value = NULL, *rows = json_array ();
  struct fettle_error err;

  (void) args;
  if (fettle_plugins_load (&all, cli->settings.plugindir, &err))
    return fettle_cli_fail (&err);
  if (all.n_plugins == 0)
    fettle_cli_notice (cli, "there are no plugins in %s", cli->settings.plugindir);
  value = list_json (&all);
  for (size_t i = 0; i < all.n_plugins; i++)
    add_rows (&all.plugins[i], rows);
  if (fettle_cli_print (cli, value, rows, columns, COUNT (columns), &err))
    return fettle_cli_fail (&err);
  print_refusals (cli, &all);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_plugin_list = {
  "plugin", "list", NULL, 0, 0, "list the plugins, their node types and what these can do",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_list,
};

/* ---- fettle plugin show ---- */

static void
show_table (struct fettle_cli *cli, const char *title, const json_t *rows,
            const struct fettle_column *columns, size_t n)
{
  struct fettle_error err;

  if (json_array_size (rows) == 0)
    return;
  fprintf (cli->out, "\n  %s\n", title);
  fettle_cli_print (cli, rows, rows, columns, n, &err);
}

static void
show_line (struct fettle_cli *cli, const char *title, const json_t *object, const char *key)
{
  char buffer[1024];

  fprintf (cli->out, "  %-12s %s\n", title, fettle_cli_text (object, key, buffer, sizeof buffer));
}

/* A port's number or listener in one member, for the table. */
static void
add_numbers (json_t *ports)
{
  json_t *port;
  size_t i;

  json_array_foreach (ports, i, port) {
    json_int_t first = json_integer_value (json_object_get (port, "first"));
    json_int_t last = json_integer_value (json_object_get (port, "last"));
    json_t *listener = json_object_get (port, "listener");
    char text[32];

    snprintf (text, sizeof text, first == last ? "%d" : "%d-%d", (int) first, (int) last);
    json_object_set_new (port, "number",
                         listener ? json_incref (listener) : json_string (text));
  }
}

static void
show_type (struct fettle_cli *cli, json_t *type)
{
  static const struct fettle_column ports[] = {
    { "PORT",     "number",   true,  false }, { "PROTOCOL", "protocol", false, false },
    { "DIRECTION", "direction", false, false }, { "PHASES",  "phases",   false, false },
    { "OPTIONAL", "optional", false, false }, { "DYNAMIC",  "dynamic",  false, false },
    { "PURPOSE",  "purpose",  false, false },
  };
  static const struct fettle_column settings[] = {
    { "SETTING", "name",    false, false }, { "TYPE", "type", false, false },
    { "INITIAL", "initial", false, false }, { "HELP", "help", false, false },
  };

  fprintf (cli->out, "\nNode type %s\n", json_string_value (json_object_get (type, "name")));
  show_line (cli, "title", type, "title");
  show_line (cli, "position", type, "position");
  show_line (cli, "runs from", type, "hosts");
  show_line (cli, "operations", type, "operations");
  show_line (cli, "services", type, "services");
  show_line (cli, "wants", type, "wants");
  add_numbers (json_object_get (type, "ports"));
  show_table (cli, "Ports", json_object_get (type, "ports"), ports, COUNT (ports));
  show_table (cli, "Settings", json_object_get (type, "settings"), settings, COUNT (settings));
}

static void
show_text (struct fettle_cli *cli, json_t *plugin)
{
  json_t *type;
  size_t i;

  fprintf (cli->out, "Plugin %s\n", json_string_value (json_object_get (plugin, "name")));
  show_line (cli, "description", plugin, "description");
  show_line (cli, "version", plugin, "version");
  show_line (cli, "path", plugin, "path");
  json_array_foreach (json_object_get (plugin, "node_types"), i, type)
    show_type (cli, type);
}

static fettle_result
find_plugin (const struct fettle_plugins *all, const char *name,
             const struct fettle_plugin_info **ret, struct fettle_error *err)
{
  struct fettle_nearest near = FETTLE_NEAREST_INIT (name);

  for (size_t i = 0; i < all->n_plugins; i++) {
    if (strcmp (all->plugins[i].descriptor.name, name) == 0) {
      *ret = &all->plugins[i];
      return FETTLE_OK;
    }
    fettle_nearest_try (&near, all->plugins[i].descriptor.name);
  }
  if (near.best)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "there is no plugin \"%.64s\"; did you mean \"%s\"?", name, near.best);
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "there is no plugin \"%.64s\"; fettle plugin list shows those there are",
                           name);
}

static int
run_show (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_ (fettle_plugins_clear) struct fettle_plugins all = { 0 };
  const struct fettle_plugin_info *plugin = NULL;
  _cleanup_json_ json_t *value = NULL;
  struct fettle_error err;

  if (fettle_cli_plugins (cli, &all, &err)
      || find_plugin (&all, args->words[0], &plugin, &err))
    return fettle_cli_fail (&err);
  value = plugin_json (plugin);
  if (cli->format == FETTLE_FORMAT_TEXT)
    show_text (cli, value);
  else if (fettle_cli_json (cli, value, &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_plugin_show = {
  "plugin", "show", "NAME", 1, 1, "print all that a plugin declares",
  FETTLE_FORMATS (FETTLE_FORMAT_TEXT) | FETTLE_FORMATS (FETTLE_FORMAT_JSON), FETTLE_FORMAT_TEXT,
  NULL, run_show,
};
