/* Two versions, a line each, by every scheme: the order is one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "model/version.h"

static const char *const schemes[] = { "dpkg", "rpm", "semver", "dotted", "hpe", "fos", "plain", "none" };

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_free_ char *a = strndup ((const char *) data, size);
  char *b = strchr (a, '\n');

  if (!b)
    return 0;
  *b++ = '\0';
  for (size_t i = 0; i < COUNT (schemes); i++) {
    int forth = 7, back = 7, self = 7;
    bool can = fettle_version_compare (schemes[i], a, b, &forth);

    MUST (fettle_version_compare (schemes[i], b, a, &back) == can);
    if (can)
      MUST (forth >= -1 && forth <= 1 && back == -forth);
    else
      MUST (forth == 7 && back == 7);
    if (fettle_version_valid (schemes[i], a))
      MUST (fettle_version_compare (schemes[i], a, a, &self) && self == 0);
  }
  return 0;
}
