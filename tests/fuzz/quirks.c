/* A plugin's file of quirks: a value is found, or what is wrong is said.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "plugin/quirks.h"

/* libconfig 1.5 loses a string when its parser gives up in the middle of one.
 * A worker is short-lived and such a file small: nothing to do about it here. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libconfig.so";
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_free_ char *text = strndup ((const char *) data, size);
  json_t *all = json_array ();
  struct fettle_error err = { 0 };
  const char *key;
  json_t *value;

  MUST (text && all);
  if (fettle_quirks_parse (text, "x.quirks", all, &err) != FETTLE_OK)
    MUST (err.text[0] && err.code == FETTLE_E_CONFIG);
  else
    json_object_foreach (json_array_get (all, 0), key, value)
      MUST (json_is_string (value));
  fettle_quirks_find (all, "acme/bmc/1.0", "reset_s");
  json_decref (all);
  return 0;
}
