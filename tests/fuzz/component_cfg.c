/* A side file, for a component that has nothing yet and for one that has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/side.h"
#include "fuzz/fuzz.h"

/* libconfig 1.5 loses a string when its parser gives up in the middle of one.
 * A scan is short-lived and a side file small: nothing to do about it here. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libconfig.so";
}

static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void
fill_in (struct fettle_component *c)
{
  MUST (fettle_component_set (&c->id, "a/x"));
  MUST (c->scheme || fettle_component_set (&c->scheme, "plain"));
  MUST (fettle_component_add_file (c, "x", "a/x", 1, digest));
}

static void
once (const uint8_t *data, size_t size, bool package)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 }, again = { 0 };
  _cleanup_ (fettle_side_files_clear) struct fettle_side_files files = { 0 };
  _cleanup_json_ json_t *json = NULL;
  struct fettle_error err = { 0 };

  if (package) {
    MUST (fettle_component_set (&c.match, "deb:x"));
    MUST (fettle_component_add_node_type (&c, "linux"));
  }
  if (fettle_side_apply ((const char *) data, size, &c, &files, &err)) {
    MUST (err.text[0] && err.code);
    return;
  }
  for (size_t i = 0; i < files.n; i++)
    MUST (fettle_component_file_name_ok (files.names[i]));
  fill_in (&c);
  if (fettle_component_check (&c, &err))
    return;
  json = fettle_component_to_json (&c);
  MUST (json && fettle_component_from_json (json, &again, &err) == FETTLE_OK);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  once (data, size, false);
  once (data, size, true);
  return 0;
}
