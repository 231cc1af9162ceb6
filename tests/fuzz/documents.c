/* Documents that describe components: JSON, XML, a release.plist.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/xml.h"
#include "fuzz/stream.h"

/* libxml2 keeps its last error until the thread ends. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:xmlGetGlobalState";
}

static void
done (fettle_result r, struct fettle_abouts *a, const struct fettle_error *err)
{
  MUST (!r || (err->code == r && err->text[0]));
  if (!r)
    fuzz_check_abouts (a);
  fettle_abouts_clear (a);
}

static void
parts (const char *text, size_t size)
{
  _cleanup_ (fettle_cleanup_xml) xmlDoc *doc = NULL;
  struct fettle_abouts a = { 0 };
  struct fettle_error err = { 0 };

  if (fettle_xml_parse (text, size, &doc, &err))
    return;
  done (fettle_metainfo (xmlDocGetRootElement (doc), &a, &err), &a, &err);
  done (fettle_vib_descriptor (xmlDocGetRootElement (doc), &a, &err), &a, &err);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  struct fettle_abouts a = { 0 };
  struct fettle_error err = { 0 };

  done (fettle_document_json (text, size, &a, &err), &a, &err);
  done (fettle_document_xml (text, size, &a, &err), &a, &err);
  done (fettle_brocade_plist (text, size, "a/b/release.plist", &a, &err), &a, &err);
  parts (text, size);
  return 0;
}
