/* The control file of a package: what is taken from it keeps its promises.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/deb-control.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  struct fettle_error err = { 0 };
  static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  if (fettle_deb_control_parse ((const char *) data, size, &c, &err)) {
    MUST (err.text[0] && err.code);
    return 0;
  }
  MUST (fettle_component_set (&c.id, "x.deb"));
  MUST (fettle_component_add_file (&c, "x.deb", "x.deb", 1, digest));
  /* A long name or version is the one thing that is left to the check. */
  if (fettle_component_check (&c, &err))
    MUST (strlen (c.name) + 4 > 60 || strlen (c.arch ? c.arch : "") > 60);
  return 0;
}
