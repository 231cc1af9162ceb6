/* root.N.json: each role of one that is taken can be satisfied by its keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "sign/root.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_ (fettle_root_clear) struct fettle_root root = { .name = NULL };
  struct fettle_error err = { 0 };

  if (fettle_root_parse ((const char *) data, size, &root, &err)) {
    MUST (err.text[0] && err.code && !root.name);
    return 0;
  }
  MUST (root.version >= 1 && root.keys.n <= FETTLE_KEYS_MAX);
  MUST (root.root.threshold >= 1 && root.root.threshold <= json_array_size (root.root.keys));
  MUST (root.baselines.threshold >= 1
        && root.baselines.threshold <= json_array_size (root.baselines.keys));
  return 0;
}
