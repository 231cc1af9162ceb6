/* Ansible's inventories as YAML: what is read can be made nodes of, and those
 * are written and read again as the same number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/ansible.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_free_ char *again = NULL;
  _cleanup_json_ json_t *groups = NULL, *nodes = json_array (), *back = NULL, *twice = json_array ();
  struct fettle_error err;
  size_t length;
  FILE *out;

  if (fettle_ansible_yaml ((const char *) data, size, "x", &groups, &err)) {
    MUST (*err.text);
    return 0;
  }
  MUST (fettle_ansible_nodes (groups, nodes, &err) == FETTLE_OK);
  MUST (json_array_size (nodes) <= FETTLE_ANSIBLE_HOSTS);
  out = open_memstream (&again, &length);
  MUST (out && fettle_ansible_yaml_write (out, nodes, &err) == FETTLE_OK && fclose (out) == 0);
  MUST (fettle_ansible_yaml (again, length, "again", &back, &err) == FETTLE_OK);
  MUST (fettle_ansible_nodes (back, twice, &err) == FETTLE_OK);
  MUST (json_array_size (twice) <= FETTLE_ANSIBLE_HOSTS);
  return 0;
}
