/* A component as JSON: what is taken comes out the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "model/component.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_json_ json_t *in = json_loadb ((const char *) data, size, JSON_ALLOW_NUL, NULL);
  _cleanup_json_ json_t *out = NULL, *second = NULL;
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 }, again = { 0 };
  struct fettle_error err = { 0 };

  if (!in)
    return 0;
  if (fettle_component_from_json (in, &c, &err)) {
    MUST (err.text[0] && err.code && !c.id);
    return 0;
  }
  out = fettle_component_to_json (&c);
  MUST (out && fettle_component_from_json (out, &again, &err) == FETTLE_OK);
  second = fettle_component_to_json (&again);
  MUST (json_equal (out, second));
  return 0;
}
