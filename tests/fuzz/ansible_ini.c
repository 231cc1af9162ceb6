/* Ansible's inventories as INI: what is read can be made nodes of, and those
 * written and read again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/ansible.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_free_ char *text = strndup ((const char *) data, size), *again = NULL;
  _cleanup_json_ json_t *groups = NULL, *nodes = json_array ();
  struct fettle_error err;
  json_t *node;
  size_t i, length;
  FILE *out;

  if (fettle_ansible_ini (text, "x", &groups, &err)) {
    MUST (strncmp (err.text, "x:", 2) == 0);
    return 0;
  }
  MUST (fettle_ansible_nodes (groups, nodes, &err) == FETTLE_OK);
  MUST (json_array_size (nodes) <= FETTLE_ANSIBLE_HOSTS);
  json_array_foreach (nodes, i, node) {
    MUST (json_is_string (json_object_get (node, "name")));
    MUST (json_is_string (json_object_get (node, "address")));
  }
  out = open_memstream (&again, &length);
  MUST (out);
  fettle_ansible_ini_write (out, nodes);
  MUST (fclose (out) == 0 && (length > 0) == (json_array_size (nodes) > 0));
  return 0;
}
