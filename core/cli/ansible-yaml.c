/* ansible-yaml.c - see ansible.h.  libyaml reads and writes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <yaml.h>

#include "cli/ansible.h"

#define MAX_STEPS 4000000 /* nodes looked at: aliases can name one a thousand times */

struct reader {
  yaml_document_t document;
  json_t *groups;
  size_t hosts, steps;
  struct fettle_error *err;
};

static void cleanup_reader (struct reader *r) { yaml_document_delete (&r->document); }

static fettle_result
wrong (struct reader *r, const yaml_node_t *at, const char *what)
{
  return fettle_error_set (r->err, FETTLE_E_CONFIG, "line %zu: %s",
                           at ? at->start_mark.line + 1 : 1, what);
}

/* NULL: it is no text that we may take: sealed, a template, nothing. */
static const char *
text_of (const yaml_node_t *n)
{
  const char *text, *tag;

  if (!n || n->type != YAML_SCALAR_NODE)
    return NULL;
  text = (const char *) n->data.scalar.value;
  tag = n->tag ? (const char *) n->tag : "";
  if (*tag == '!' || strlen (text) != n->data.scalar.length || strstr (text, "{{"))
    return NULL;
  if (n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
      && (!*text || strcmp (text, "~") == 0 || strcmp (text, "null") == 0))
    return NULL;
  return text;
}

/* The i-th pair of a mapping; false behind the last, or when there have been too many. */
static bool
pair (struct reader *r, const yaml_node_t *map, size_t i, const char **ret_key,
      const yaml_node_t **ret_value)
{
  const yaml_node_pair_t *p;

  if (!map || map->type != YAML_MAPPING_NODE)
    return false;
  p = map->data.mapping.pairs.start + i;
  if (p >= map->data.mapping.pairs.top || ++r->steps > MAX_STEPS)
    return false;
  *ret_key = text_of (yaml_document_get_node (&r->document, p->key));
  *ret_value = yaml_document_get_node (&r->document, p->value);
  if (!*ret_key)
    *ret_key = "";
  return true;
}

static void
take_variables (struct reader *r, const yaml_node_t *map, json_t *into)
{
  const yaml_node_t *value;
  const char *key;

  for (size_t i = 0; pair (r, map, i, &key, &value); i++) {
    const char *text = text_of (value);

    if (*key && text)
      json_object_set_new (into, key, json_string (text));
  }
}

static fettle_result
take_hosts (struct reader *r, const yaml_node_t *map, json_t *group)
{
  const yaml_node_t *value;
  const char *host;

  for (size_t i = 0; pair (r, map, i, &host, &value); i++) {
    _cleanup_json_ json_t *values = json_object ();

    if (!*host)
      return wrong (r, map, "a host has no name");
    take_variables (r, value, values);
    if (fettle_ansible_hosts (group, host, values, &r->hosts, r->err))
      return fettle_error_prefix (r->err, "line %zu: ", map->start_mark.line + 1);
  }
  return FETTLE_OK;
}

static fettle_result
take_group (struct reader *r, const char *name, const yaml_node_t *map, unsigned depth)
{
  json_t *group = fettle_ansible_group (r->groups, name);
  const yaml_node_t *value, *child;
  const char *key, *child_name;

  if (!group || depth > FETTLE_ANSIBLE_DEPTH)
    return wrong (r, map, group ? "groups are nested too deeply" : "a group's name is not UTF-8");
  for (size_t i = 0; pair (r, map, i, &key, &value); i++)
    if (strcmp (key, "hosts") == 0 && take_hosts (r, value, group))
      return r->err->code;
    else if (strcmp (key, "vars") == 0)
      take_variables (r, value, json_object_get (group, "vars"));
    else if (strcmp (key, "children") == 0)
      for (size_t k = 0; pair (r, value, k, &child_name, &child); k++) {
        if (!*child_name)
          return wrong (r, value, "a group has no name");
        json_array_append_new (json_object_get (group, "children"), json_string (child_name));
        if (take_group (r, child_name, child, depth + 1))
          return r->err->code;
      }
  return FETTLE_OK;
}

static fettle_result
take_document (struct reader *r)
{
  const yaml_node_t *root = yaml_document_get_root_node (&r->document), *value;
  const char *name;

  if (!root || root->type != YAML_MAPPING_NODE)
    return wrong (r, root, "this is no inventory: groups with hosts are wanted");
  for (size_t i = 0; pair (r, root, i, &name, &value); i++)
    if (!*name)
      return wrong (r, root, "a group has no name");
    else if (take_group (r, name, value, 0))
      return r->err->code;
  return r->steps > MAX_STEPS ? wrong (r, root, "it is too large") : FETTLE_OK;
}

fettle_result
fettle_ansible_yaml (const char *text, size_t size, const char *name, json_t **ret,
                     struct fettle_error *err)
{
  _cleanup_json_ json_t *groups = json_object ();
  _cleanup_ (cleanup_reader) struct reader r = { .groups = groups, .err = err };
  yaml_parser_t parser;

  if (!yaml_parser_initialize (&parser))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the inventory");
  yaml_parser_set_input_string (&parser, (const unsigned char *) text, size);
  if (!yaml_parser_load (&parser, &r.document)) {
    fettle_error_set (err, FETTLE_E_CONFIG, "%.256s:%zu: %.200s", name,
                      parser.problem_mark.line + 1, parser.problem ? parser.problem : "no YAML");
    yaml_parser_delete (&parser);
    return err->code;
  }
  yaml_parser_delete (&parser);
  if (take_document (&r))
    return fettle_error_prefix (err, "%.256s: ", name);
  *ret = STEAL (groups);
  return FETTLE_OK;
}

/* ---- Writing ---- */

static int
write_out (void *arg, unsigned char *data, size_t size)
{
  return fwrite (data, 1, size, arg) == size;
}

/* Text stays text: what looks like a number is quoted. */
static int
add_text (yaml_document_t *d, const char *text)
{
  bool plain = strcspn (text, "0123456789.-+~") != 0 && *text;

  return yaml_document_add_scalar (d, NULL, (const yaml_char_t *) text, -1,
                                   plain ? YAML_ANY_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static int
add_map (yaml_document_t *d, int into, const char *key)
{
  int map = yaml_document_add_mapping (d, NULL, YAML_ANY_MAPPING_STYLE);

  return map && yaml_document_append_mapping_pair (d, into, add_text (d, key), map) ? map : 0;
}

static bool
add_host (yaml_document_t *d, int hosts, const json_t *node)
{
  _cleanup_json_ json_t *values = fettle_ansible_variables (node);
  int host = add_map (d, hosts, json_string_value (json_object_get (node, "name")));
  const char *name;
  json_t *value;

  json_object_foreach (values, name, value)
    if (!host || !yaml_document_append_mapping_pair (d, host, add_text (d, name),
                                                     add_text (d, json_string_value (value))))
      return false;
  return host != 0;
}

/* {"": map of hosts without a group, GROUP: its hosts} */
static int
hosts_of (yaml_document_t *d, int all, int children, json_t *maps, const char *group)
{
  const json_t *known = json_object_get (maps, group ? group : "");
  int map;

  if (known)
    return (int) json_integer_value (known);
  if (group && !(all = add_map (d, children, group)))
    return 0;
  map = add_map (d, all, "hosts");
  json_object_set_new (maps, group ? group : "", json_integer (map));
  return map;
}

static bool
fill (yaml_document_t *d, const json_t *nodes)
{
  _cleanup_json_ json_t *maps = json_object ();
  int root = yaml_document_add_mapping (d, NULL, YAML_ANY_MAPPING_STYLE);
  int all = root ? add_map (d, root, "all") : 0;
  int children = all ? add_map (d, all, "children") : 0;
  const json_t *node;
  size_t i;

  json_array_foreach (nodes, i, node) {
    const char *group = json_string_value (json_object_get (node, "group"));
    int hosts = children ? hosts_of (d, all, children, maps, group) : 0;

    if (!hosts || !add_host (d, hosts, node))
      return false;
  }
  return children != 0;
}

fettle_result
fettle_ansible_yaml_write (FILE *out, const json_t *nodes, struct fettle_error *err)
{
  yaml_document_t document;
  yaml_emitter_t emitter;
  bool done = false;

  if (!yaml_emitter_initialize (&emitter))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the inventory");
  yaml_emitter_set_output (&emitter, write_out, out);
  yaml_emitter_set_unicode (&emitter, 1);
  yaml_emitter_set_width (&emitter, -1);
  if (yaml_document_initialize (&document, NULL, NULL, NULL, 1, 1)) {
    if (fill (&document, nodes))
      done = yaml_emitter_open (&emitter) && yaml_emitter_dump (&emitter, &document)
             && yaml_emitter_close (&emitter);
    else
      yaml_document_delete (&document);
  }
  yaml_emitter_delete (&emitter);
  return done ? FETTLE_OK : fettle_error_set (err, FETTLE_E_INTERNAL,
                                              "the inventory can't be written as YAML");
}
