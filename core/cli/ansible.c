/* ansible.c - what Ansible's groups and variables mean for nodes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/ansible.h"
#include "util/text.h"

static const struct {
  const char *variable, *object, *member;
} variables[] = {
  { "ansible_host",                 NULL,          "address" },
  { "ansible_ssh_host",             NULL,          "address" },
  { "ansible_port",                 "settings",    "ssh_port" },
  { "ansible_ssh_port",             "settings",    "ssh_port" },
  { "ansible_user",                 "credentials", "user" },
  { "ansible_ssh_user",             "credentials", "user" },
  { "ansible_password",             "credentials", "password" },
  { "ansible_ssh_pass",             "credentials", "password" },
  { "ansible_become_password",      "credentials", "sudo_password" },
  { "ansible_become_pass",          "credentials", "sudo_password" },
  { "ansible_ssh_private_key_file", "credentials", "key_file" },
  { "fettle_type",                  NULL,          "type" },
  { "fettle_maintenance",           NULL,          "maintenance" },
  { "fettle_host_key",              NULL,          "host_key" },
  { "fettle_certificate",           NULL,          "certificate" },
};

json_t *
fettle_ansible_group (json_t *groups, const char *name)
{
  json_t *group = json_object_get (groups, name);

  if (group)
    return group;
  group = json_pack ("{s:{} s:[] s:{}}", "hosts", "children", "vars");
  return json_object_set_new (groups, name, group) ? NULL : group;
}

/* ---- Reading ---- */

static bool
is_everybodys (const char *group)
{
  return fettle_has_word ("all ungrouped", group);
}

static bool
is_child (const json_t *group, const char *name)
{
  const json_t *child;
  size_t i;

  json_array_foreach (json_object_get (group, "children"), i, child)
    if (strcmp (json_string_value (child), name) == 0)
      return true;
  return false;
}

/* The group, and in front of it those it is in: what is nearer counts more. */
static void
add_with_parents (const json_t *groups, const char *name, json_t *list, unsigned depth)
{
  const char *parent;
  json_t *group;

  if (depth < FETTLE_ANSIBLE_DEPTH && !json_object_get (list, name))
    json_object_foreach ((json_t *) groups, parent, group)
      if (is_child (group, name))
        add_with_parents (groups, parent, list, depth + 1);
  json_object_set_new (list, name, json_true ());
}

static void
set_variable (json_t *node, const char *name, const json_t *value)
{
  size_t i = 0;

  while (i < COUNT (variables) && strcmp (variables[i].variable, name) != 0)
    i++;
  if (i < COUNT (variables)) {
    json_t *object = variables[i].object ? json_object_get (node, variables[i].object) : node;

    json_object_set (object, variables[i].member, (json_t *) value);
  }
  else if (strncmp (name, "ansible_", 8) != 0)
    json_object_set (json_object_get (node, "labels"), name, (json_t *) value);
}

static void
set_variables (json_t *node, const json_t *values)
{
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) values, name, value)
    set_variable (node, name, value);
}

/* The first group that names the host is its group; the others are labels. */
static json_t *
make_node (const json_t *groups, const char *host)
{
  _cleanup_json_ json_t *in = json_object ();
  json_t *node = json_pack ("{s:s s:s s:{} s:{} s:{}}", "name", host, "address", host, "settings",
                            "credentials", "labels");
  const char *name, *own = NULL;
  json_t *group, *one;

  json_object_foreach ((json_t *) groups, name, group)
    if (json_object_get (json_object_get (group, "hosts"), host)) {
      own = own || is_everybodys (name) ? own : name;
      add_with_parents (groups, name, in, 0);
    }
  set_variables (node, json_object_get (json_object_get (groups, "all"), "vars"));
  json_object_foreach (in, name, one) {
    set_variables (node, json_object_get (json_object_get (groups, name), "vars"));
    if (!is_everybodys (name) && own && strcmp (name, own) != 0)
      json_object_set_new (json_object_get (node, "labels"), name, json_string ("yes"));
  }
  json_object_foreach ((json_t *) groups, name, group)
    set_variables (node, json_object_get (json_object_get (group, "hosts"), host));
  if (own)
    json_object_set_new (node, "group", json_string (own));
  return node;
}

fettle_result
fettle_ansible_nodes (const json_t *groups, json_t *nodes, struct fettle_error *err)
{
  _cleanup_json_ json_t *seen = json_object ();
  const char *name, *host;
  json_t *group, *values;

  json_object_foreach ((json_t *) groups, name, group)
    json_object_foreach (json_object_get (group, "hosts"), host, values) {
      if (json_object_get (seen, host))
        continue;
      json_object_set_new (seen, host, json_true ());
      if (json_object_size (seen) > FETTLE_ANSIBLE_HOSTS)
        return fettle_error_set (err, FETTLE_E_CONFIG, "the inventory has more than %d hosts",
                                 FETTLE_ANSIBLE_HOSTS);
      json_array_append_new (nodes, make_node (groups, host));
    }
  return FETTLE_OK;
}

/* ---- Writing ---- */

json_t *
fettle_ansible_variables (const json_t *node)
{
  json_t *ret = json_object (), *value;
  const char *name;

  if (!json_equal (json_object_get (node, "name"), json_object_get (node, "address")))
    json_object_set (ret, "ansible_host", json_object_get (node, "address"));
  if ((value = json_object_get (json_object_get (node, "settings"), "ssh_port")))
    json_object_set (ret, "ansible_port", value);
  if (json_is_string (value = json_object_get (node, "user")))
    json_object_set (ret, "ansible_user", value);
  for (size_t i = 0; i < COUNT (variables); i++)
    if (strncmp (variables[i].variable, "fettle_", 7) == 0
        && json_is_string (value = json_object_get (node, variables[i].member))
        && strcmp (json_string_value (value), "auto") != 0)
      json_object_set (ret, variables[i].variable, value);
  json_object_foreach (json_object_get (node, "labels"), name, value)
    json_object_set (ret, name, value);
  return ret;
}
