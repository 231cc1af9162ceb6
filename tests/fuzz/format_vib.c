/* An installation bundle of VMware.
 *
 * Sources: baseline/about.c baseline/container.c baseline/expand.c baseline/hasher.c
 *          baseline/source.c baseline/documents.c baseline/hpe.c baseline/hpe-xml.c baseline/vib.c
 *          baseline/dell.c baseline/lenovo.c baseline/xml.c
 *          model/component.c model/component-json.c model/version.c model/version-hpe.c util/buf.c util/error.c util/text.c
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/stream.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  fuzz_reader (data, size, fettle_vib_read);
  return 0;
}
