/* A .jcat of any bytes: nothing is verified without a key, nothing breaks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/jcat.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char sha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                    sha1[] = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
  const struct fettle_jcat_file file = { "firmware.bin", sha1, sha256, NULL };
  struct fettle_vendor v = { 0 };

  fettle_jcat_check (data, size, &file, 1, &v);
  MUST (v.state == FETTLE_VENDOR_UNVERIFIABLE || v.state == FETTLE_VENDOR_BAD);
  MUST (v.text[0]);
  return 0;
}
