/* SUM's input files: what is read can be made nodes of, and what is refused
 * names the line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/secret.h"
#include "cli/sum.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_free_ char *text = strndup ((const char *) data, size);
  _cleanup_ (fettle_secret_release) json_t *given = NULL;
  struct fettle_error err;
  const json_t *nodes, *node;
  size_t i;

  if (fettle_sum_input (text, "x", &given, &err)) {
    MUST (strncmp (err.text, "x:", 2) == 0);
    MUST (err.code == FETTLE_E_CONFIG && !given);
    return 0;
  }
  nodes = json_object_get (given, "nodes");
  MUST (json_is_array (nodes) && json_array_size (nodes) <= FETTLE_SUM_NODES_MAX);
  json_array_foreach (nodes, i, node) {
    const char *target = fettle_sum_text (node, "target");

    MUST (target && *target);
  }
  for (const struct fettle_sum_row *row = fettle_sum_table; row->does; row++) {
    const json_t *value = json_object_get (given, fettle_sum_member (row));

    MUST (!value || row->place == FETTLE_SUM_RUN);
    MUST (!value || row->kind != FETTLE_SUM_LIST || json_is_array (value));
  }
  return 0;
}
