/* node-input.h - nodes as the command line and lists describe them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_NODE_INPUT_H
#define FETTLE_NODE_INPUT_H

#include "cli/secret.h"
#include "util/buf.h"

/* What nodes are logged in to with. */
#define FETTLE_LOGIN_OPTIONS                                                                      \
  { "user",     0, "USER", "who to log in as; a new node's is you, if not said" },                \
  FETTLE_SECRET_OPTIONS ("password", "password"),                                                 \
  { "key",      0, "FILE", "file of the private key to log in with" },                            \
  FETTLE_SECRET_OPTIONS ("passphrase", "passphrase of the key"),                                  \
  { "agent",    0, NULL,   "log in with the keys of the running SSH agent" },                     \
  FETTLE_SECRET_OPTIONS ("sudo-password", "password that sudo asks for"),                         \
  { "second-user", 0, "USER", "user of what is behind the node, like its enclosure's manager" },  \
  FETTLE_SECRET_OPTIONS ("second-password", "password of the second user"),                       \
  { "helper",   0, "NAME", "ask this program, of the setting credential_helpers" },               \
  { "label",    0, "NAME=VALUE", "a label; may be repeated" },                                    \
  { "maintenance", 0, "WINDOW", "when something may begin there, like \"Sat,Sun 22:00-04:00\"" }

/* What a new or changed node is told by options, but for its address. */
#define FETTLE_NODE_OPTIONS                                                                       \
  { "name",     0, "NAME", "its name; without it, the address" },                                 \
  { "type",     0, "TYPE", "its node type; without it, found out by the first inventory" },       \
  FETTLE_LOGIN_OPTIONS,                                                                           \
  { "ssh-port", 0, "N",    "port of its SSH server, same as --setting ssh_port=N" },              \
  { "setting",  0, "NAME=VALUE", "a setting of its node type; may be repeated" },                 \
  { "group",    0, "GROUP", "its group" },                                                        \
  { "host-key", 0, "KEY", "fingerprint of its host key, \"SHA256:...\"" },                        \
  { "certificate", 0, "KEY", "fingerprint of its certificate's key, \"SHA256:...\"" }

/* Members of a node (API: POST /nodes) that the options give. */
fettle_result fettle_node_input (const struct fettle_args *, json_t *node, struct fettle_error *);

/* The nodes of `node add`: its words, then those of --from, each with the
 * options' members. */
fettle_result fettle_nodes_input (const struct fettle_args *, json_t *nodes, struct fettle_error *);

/* A list of nodes in a file, "-" being standard input. */
#define FETTLE_LIST_MAX (64 * 1024 * 1024)
fettle_result fettle_list_read (const char *path, struct fettle_buf *ret, struct fettle_error *);

/* An error when others may read that file, which has passwords. */
fettle_result fettle_list_private (const char *path, struct fettle_error *);

/* The nodes of a CSV list, which is changed; each over a copy of `all`. */
fettle_result fettle_nodes_csv (const char *path, char *text, const json_t *all, json_t *nodes,
                                struct fettle_error *);
json_t *fettle_node_copy (const json_t *all);

/* Nobody said who to log in as: it is who asks, unless the node's group says.
 * `groups`: of GET /groups. */
void fettle_nodes_default_user (json_t *nodes, const json_t *groups);

#endif
