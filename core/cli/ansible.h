/* ansible.h - Ansible inventories, INI and YAML: read as nodes, written from nodes.
 *
 * Both forms are read into one shape first:
 *   {GROUP: {"hosts": {HOST: {VARIABLE: text}}, "children": [GROUP], "vars": {VARIABLE: text}}}
 * in the file's order.  What isn't text (lists, templates, sealed values) is
 * left out there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ANSIBLE_H
#define FETTLE_ANSIBLE_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "util/error.h"

#define FETTLE_ANSIBLE_HOSTS 100000 /* in one inventory, ranges expanded */
#define FETTLE_ANSIBLE_DEPTH 32     /* of groups in groups */

/* `name` is the file's, for messages; `text` ends with NUL and is changed. */
fettle_result fettle_ansible_ini (char *text, const char *name, json_t **ret,
                                  struct fettle_error *);
fettle_result fettle_ansible_yaml (const char *text, size_t size, const char *name, json_t **ret,
                                   struct fettle_error *);

/* Nodes (API: POST /nodes) of such groups, appended.  Paths of keys stay in
 * credentials.key_file, to be read. */
fettle_result fettle_ansible_nodes (const json_t *groups, json_t *nodes, struct fettle_error *);

/* Adds a host, or those of "web[01:50].example" and "db-[a:f]"; *n counts all. */
fettle_result fettle_ansible_hosts (json_t *group, const char *pattern, const json_t *values,
                                    size_t *n, struct fettle_error *);

/* A group, made if need be; NULL: its name is not valid UTF-8. */
json_t *fettle_ansible_group (json_t *groups, const char *name);

/* Nodes (of GET /nodes) as an inventory. */
void fettle_ansible_ini_write (FILE *, const json_t *nodes);
fettle_result fettle_ansible_yaml_write (FILE *, const json_t *nodes, struct fettle_error *);

/* The variables of a node, by Ansible's names: text by text. */
json_t *fettle_ansible_variables (const json_t *node);

#endif
