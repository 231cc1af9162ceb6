/* documents.c - see formats.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "baseline/formats.h"
#include "baseline/xml.h"

fettle_result
fettle_not_this (struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "it isn't a description of components");
}

fettle_result
fettle_about_no_memory (struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
}

fettle_result
fettle_document_json (const char *text, size_t size, struct fettle_abouts *a,
                      struct fettle_error *err)
{
  _cleanup_json_ json_t *json = size <= FETTLE_JSON_MAX ? json_loadb (text, size, 0, NULL) : NULL;
  fettle_result r;

  if (!json_is_object (json))
    return fettle_not_this (err);
  r = fettle_hpe_json (json, a, err);
  return r == FETTLE_E_UNSUPPORTED ? fettle_lenovo_json (json, a, err) : r;
}

fettle_result
fettle_document_xml (const char *text, size_t size, struct fettle_abouts *a,
                     struct fettle_error *err)
{
  static fettle_result (*const readers[]) (const xmlNode *, struct fettle_abouts *,
                                           struct fettle_error *) = {
    fettle_hpe_xml, fettle_vib_depot, fettle_dell_catalog, fettle_lenovo_xml,
  };
  _cleanup_ (fettle_cleanup_xml) xmlDoc *doc = NULL;
  fettle_result r = fettle_xml_parse (text, size, &doc, err);

  if (r)
    return fettle_not_this (err);
  for (size_t i = 0; i < COUNT (readers); i++) {
    r = readers[i] (xmlDocGetRootElement (doc), a, err);
    if (r != FETTLE_E_UNSUPPORTED)
      return r;
  }
  return r;
}
