/* nodes-file.c - see nodes-file.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include "cli/csv.h"
#include "cli/nodes-file.h"
#include "util/file.h"
#include "util/nearest.h"
#include "util/text.h"

enum {
  MAX_FILE = 64 << 20,
  MAX_MOVED = 8,   /* ports that one node's settings move */
  MAX_ADDRESS = 64, /* a numeric one with its zone */
};

/* What a node of the plan borrows. */
struct detail {
  char *name;
  char address[MAX_ADDRESS];
  char our_address[MAX_ADDRESS];
  size_t n_moved;
  struct fettle_moved moved[MAX_MOVED];
};

static uint16_t
moved (const struct fettle_port_node *node, uint16_t declared)
{
  const struct detail *d = node->opaque;

  for (size_t i = 0; i < d->n_moved; i++)
    if (d->moved[i].declared == declared)
      return d->moved[i].moved;
  return 0;
}

/* ---- Addresses. ---- */

static bool
numeric (const struct sockaddr *address, socklen_t size, char ret[MAX_ADDRESS])
{
  return getnameinfo (address, size, ret, MAX_ADDRESS, NULL, 0, NI_NUMERICHOST) == 0;
}

/* The address that the kernel would use toward it, without sending anything. */
static bool
find_ours (const struct addrinfo *node, char ret[MAX_ADDRESS])
{
  struct sockaddr_storage ours;
  socklen_t size = sizeof ours;
  _cleanup_close_ int fd = socket (node->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  return fd >= 0 && connect (fd, node->ai_addr, node->ai_addrlen) == 0
         && getsockname (fd, (struct sockaddr *) &ours, &size) == 0
         && numeric ((struct sockaddr *) &ours, size, ret);
}

static fettle_result
find_addresses (const char *text, struct detail *d, struct fettle_error *err)
{
  struct addrinfo hints = {
    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM,
    .ai_flags = fettle_is_address (text) ? AI_NUMERICHOST : 0,
  }, *found = NULL;
  int r = getaddrinfo (text, "9", &hints, &found);

  if (r)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the address of \"%.100s\" isn't known: %s",
                             text, gai_strerror (r));
  if (!numeric (found->ai_addr, found->ai_addrlen, d->address))
    snprintf (d->address, sizeof d->address, "%.63s", text);
  if (!find_ours (found, d->our_address))
    *d->our_address = '\0';
  freeaddrinfo (found);
  return FETTLE_OK;
}

/* ---- Settings. ---- */

static fettle_result
unknown_setting (const struct fettle_node_type *type, const char *name, struct fettle_error *err)
{
  struct fettle_nearest near = FETTLE_NEAREST_INIT (name);

  for (uint32_t i = 0; i < type->n_settings; i++)
    fettle_nearest_try (&near, type->settings[i].name);
  return fettle_error_set (err, FETTLE_E_CONFIG, "the node type %s has no setting \"%.40s\"%s%s%s",
                           type->name, name, near.best ? "; did you mean \"" : "",
                           near.best ? near.best : "", near.best ? "\"?" : "");
}

static fettle_result
take_setting (const struct fettle_node_type *type, const char *name, const char *value,
              struct detail *d, struct fettle_error *err)
{
  const struct fettle_setting *s = NULL;
  uint64_t port;

  for (uint32_t i = 0; i < type->n_settings && !s; i++)
    if (strcmp (type->settings[i].name, name) == 0)
      s = &type->settings[i];
  if (!s)
    return unknown_setting (type, name, err);
  if (s->type != FETTLE_SETTING_PORT)
    return FETTLE_OK; /* changes no port */
  if (!fettle_parse_uint (value, 1, 65535, &port))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is a port from 1 to 65535, not \"%.40s\"",
                             name, value);
  if (d->n_moved < MAX_MOVED)
    d->moved[d->n_moved++] = (struct fettle_moved) { (uint16_t) s->moves, (uint16_t) port };
  return FETTLE_OK;
}

/* ---- Nodes. ---- */

static bool
make_room (struct fettle_plan_nodes *nodes)
{
  size_t room = nodes->room ? 2 * nodes->room : 64;
  struct fettle_port_node *more;

  if (nodes->n < nodes->room)
    return true;
  more = reallocarray (nodes->nodes, room, sizeof *more);
  if (!more)
    return false;
  nodes->nodes = more;
  nodes->room = room;
  return true;
}

/* Adds a node without settings; *ret_detail takes them. */
static fettle_result
add (struct fettle_plan_nodes *nodes, const char *address, const struct fettle_node_type *t,
     const char *plugin, const char *name, struct detail **ret_detail, struct fettle_error *err)
{
  struct detail *d = calloc (1, sizeof *d);

  if (!d || !make_room (nodes) || !(d->name = strdup (name))) {
    free (d);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the nodes");
  }
  nodes->nodes[nodes->n++] = (struct fettle_port_node) {
    .name = d->name, .address = d->address, .our_address = d->our_address,
    .plugin = plugin, .type = t, .moved = moved, .opaque = d,
  };
  *ret_detail = d;
  if (find_addresses (address, d, err))
    return err->code;
  nodes->n_no_route += !*d->our_address;
  return FETTLE_OK;
}

static fettle_result
add_node (struct fettle_plan_nodes *nodes, const char *address, const char *type, const char *name,
          const struct fettle_plugins *plugins, struct detail **ret_detail,
          struct fettle_error *err)
{
  const struct fettle_plugin_info *plugin;
  const struct fettle_node_type *t;

  if (fettle_plugins_find_type (plugins, type, &t, &plugin, err))
    return err->code;
  return add (nodes, address, t, plugin->descriptor.name, name, ret_detail, err);
}

fettle_result
fettle_plan_nodes_browsers (struct fettle_plan_nodes *nodes, const char *addresses,
                            struct fettle_error *err)
{
  char one[MAX_ADDRESS];
  struct detail *d;

  while (*(addresses += strspn (addresses, " "))) {
    int n = (int) strcspn (addresses, " ");

    snprintf (one, sizeof one, "%.*s", n, addresses);
    if (!fettle_is_address (one))
      return fettle_error_set (err, FETTLE_E_CONFIG, "setting browsers: %.60s isn't an address", one);
    if (add (nodes, one, &fettle_browser_type, "", one, &d, err))
      return err->code;
    addresses += n;
  }
  return FETTLE_OK;
}

void
fettle_plan_nodes_clear (struct fettle_plan_nodes *nodes)
{
  for (size_t i = 0; i < nodes->n; i++) {
    struct detail *d = (struct detail *) (uintptr_t) nodes->nodes[i].opaque;

    free (d->name);
    free (d);
  }
  free (nodes->nodes);
  memset (nodes, 0, sizeof *nodes);
}

/* ---- A file. ---- */

/* Where a record has what: by a first line of titles, or as usual. */
struct layout {
  bool titles;
  char *names[FETTLE_CSV_CELLS]; /* in the text of the file */
  size_t n, address, type, name;
};

static const struct layout usual = { .address = 0, .type = 1, .name = 2 };

/* A list for `node add --from` is a list for this, too: by its titles. */
static fettle_result
take_titles (const struct fettle_csv *csv, struct layout *l, struct fettle_error *err)
{
  *l = (struct layout) { .titles = true, .n = csv->n, .address = SIZE_MAX, .type = SIZE_MAX,
                         .name = SIZE_MAX };
  for (size_t i = 0; i < csv->n; i++) {
    l->names[i] = csv->cells[i];
    if (strcasecmp (csv->cells[i], "address") == 0)
      l->address = i;
    else if (strcasecmp (csv->cells[i], "type") == 0)
      l->type = i;
    else if (strcasecmp (csv->cells[i], "name") == 0)
      l->name = i;
  }
  if (l->address == SIZE_MAX || l->type == SIZE_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the titles need address and type");
  return FETTLE_OK;
}

static bool
has_setting (const struct fettle_node_type *type, const char *name)
{
  for (uint32_t i = 0; i < type->n_settings; i++)
    if (strcmp (type->settings[i].name, name) == 0)
      return true;
  return false;
}

/* Under titles a column may be for other types, or for other commands. */
static fettle_result
take_titled (const struct layout *l, const struct fettle_csv *csv,
             const struct fettle_node_type *type, struct detail *d, struct fettle_error *err)
{
  for (size_t i = 0; i < csv->n && i < l->n; i++)
    if (*csv->cells[i] && has_setting (type, l->names[i])
        && take_setting (type, l->names[i], csv->cells[i], d, err))
      return err->code;
  return FETTLE_OK;
}

static fettle_result
take_pairs (const struct fettle_csv *csv, const struct fettle_node_type *type, struct detail *d,
            struct fettle_error *err)
{
  for (size_t i = 3; i < csv->n; i++) {
    char *equals = strchr (csv->cells[i], '=');

    if (!*csv->cells[i])
      continue;
    if (!equals)
      return fettle_error_set (err, FETTLE_E_CONFIG, "\"%.40s\" is no setting=value",
                               csv->cells[i]);
    *equals = '\0';
    if (take_setting (type, csv->cells[i], equals + 1, d, err))
      return err->code;
  }
  return FETTLE_OK;
}

/* A line without commas has its cells between blanks. */
static void
split_blanks (struct fettle_csv *csv)
{
  char *p = csv->cells[0];

  for (csv->n = 0; *p && csv->n < FETTLE_CSV_CELLS; p += strspn (p, " \t")) {
    csv->cells[csv->n++] = p;
    p += strcspn (p, " \t");
    if (*p)
      *p++ = '\0';
  }
}

static fettle_result
take_record (struct fettle_plan_nodes *nodes, const struct layout *l, const struct fettle_csv *csv,
             const struct fettle_plugins *plugins, struct fettle_error *err)
{
  const char *address = l->address < csv->n ? csv->cells[l->address] : "";
  const char *type = l->type < csv->n ? csv->cells[l->type] : "";
  const char *name = l->name < csv->n ? csv->cells[l->name] : "";
  struct detail *d;

  if (!*address || !*type)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it lacks its %s: a line is address,type[,name[,setting=value...]]",
                             *address ? "type" : "address");
  if (add_node (nodes, address, type, *name ? name : address, plugins, &d, err))
    return err->code;
  return l->titles ? take_titled (l, csv, nodes->nodes[nodes->n - 1].type, d, err)
                   : take_pairs (csv, nodes->nodes[nodes->n - 1].type, d, err);
}

static fettle_result
take_records (struct fettle_plan_nodes *nodes, struct fettle_csv *csv,
              const struct fettle_plugins *plugins, struct fettle_error *err)
{
  struct layout layout = usual;

  for (bool first = true; fettle_csv_next (csv, err); first = false) {
    if (csv->n == 1)
      split_blanks (csv);
    if (first && (strcasecmp (csv->cells[0], "address") == 0
                  || strcasecmp (csv->cells[0], "name") == 0)) {
      if (take_titles (csv, &layout, err))
        return fettle_error_prefix (err, "%s:%u: ", csv->name, csv->line);
    } else if (take_record (nodes, &layout, csv, plugins, err))
      return fettle_error_prefix (err, "%s:%u: ", csv->name, csv->line);
  }
  return err->code;
}

fettle_result
fettle_plan_nodes_read (struct fettle_plan_nodes *nodes, const char *path,
                        const struct fettle_plugins *plugins, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (MAX_FILE);
  bool standard = strcmp (path, "-") == 0;
  const char *name = standard ? "standard input" : path;
  struct fettle_csv csv;

  if (standard ? fettle_fd_read (STDIN_FILENO, name, &text, err)
               : fettle_file_read (path, &text, err))
    return err->code;
  if (strlen (fettle_buf_text (&text)) != text.size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a text file", name);
  if (!text.data)
    return FETTLE_OK;
  fettle_csv_init (&csv, text.data, name);
  return take_records (nodes, &csv, plugins, err);
}

/* ---- The service's nodes. ---- */

static const char *
member (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));

  return text ? text : "";
}

static fettle_result
take_json (struct fettle_plan_nodes *nodes, const json_t *node,
           const struct fettle_plugins *plugins, struct fettle_error *err)
{
  const char *type = member (node, "type"), *name;
  json_t *value;
  struct detail *d;

  if (!*type || strcmp (type, "auto") == 0) {
    nodes->n_left_out++;
    return FETTLE_OK;
  }
  if (add_node (nodes, member (node, "address"), type, member (node, "name"), plugins, &d, err))
    return err->code;
  json_object_foreach (json_object_get (node, "settings"), name, value)
    if (take_setting (nodes->nodes[nodes->n - 1].type, name,
                      json_is_string (value) ? json_string_value (value) : "", d, err))
      return err->code;
  return FETTLE_OK;
}

fettle_result
fettle_plan_nodes_json (struct fettle_plan_nodes *nodes, const json_t *array,
                        const struct fettle_plugins *plugins, struct fettle_error *err)
{
  const json_t *node;
  size_t i;

  json_array_foreach (array, i, node)
    if (take_json (nodes, node, plugins, err))
      return fettle_error_prefix (err, "node %s: ", member (node, "name"));
  return FETTLE_OK;
}
