/* hpe-xml.c - HPE's descriptions in XML: cpq_package of one component, also in
 * it, and cpq_bundle of all.  A package says the same as its JSON does, and is
 * read as that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/formats.h"
#include "baseline/xml.h"

enum { DEVICES_MAX = 1000 };

/* <name><name_xlate lang="en">...: as the list that JSON has. */
static json_t *
translations (const xmlNode *n, const char *name, const char *each)
{
  json_t *list = json_array ();

  for (xmlNode *x = fettle_xml_child (fettle_xml_child (n, name), each); x;
       x = fettle_xml_next (x, each)) {
    _cleanup_free_ char *lang = fettle_xml_attribute (x, "lang"), *text = fettle_xml_text (x);

    json_array_append_new (list, json_pack ("{s:s, s:s}", "lang", lang, "x_late", text));
  }
  return list;
}

static void
copy_text (json_t *to, const xmlNode *from, const char *name)
{
  const xmlNode *n = fettle_xml_child (from, name);
  _cleanup_free_ char *text = n ? fettle_xml_text (n) : NULL;

  if (text)
    json_object_set_new (to, name, json_string (text));
}

static json_t *
device (const xmlNode *n)
{
  json_t *d = json_object (), *images = json_array ();

  copy_text (d, n, "DeviceName");
  copy_text (d, n, "Target");
  copy_text (d, n, "Version");
  copy_text (d, n, "MinimumActiveVersion");
  for (xmlNode *x = fettle_xml_child (n, "FirmwareImages"); x; x = fettle_xml_next (x, "FirmwareImages")) {
    json_t *image = json_object ();

    copy_text (image, x, "ResetRequired");
    copy_text (image, x, "InstallDurationSec");
    json_array_append_new (images, image);
  }
  json_object_set_new (d, "FirmwareImages", images);
  return d;
}

static json_t *
package_as_json (const xmlNode *root)
{
  _cleanup_free_ char *version = fettle_xml_attribute (fettle_xml_child (root, "version"), "value");
  _cleanup_free_ char *product = fettle_xml_text (fettle_xml_child (root, "id"));
  json_t *devices = json_array (), *json;

  for (xmlNode *d = fettle_xml_child (fettle_xml_find (root, "payload/Devices"), "Device");
       d && json_array_size (devices) < DEVICES_MAX; d = fettle_xml_next (d, "Device"))
    json_array_append_new (devices, device (d));
  json = json_pack ("{s:s, s:{s:o}, s:{s:o, s:o, s:{s:s, s:s}}}", "Type",
                    json_array_size (devices) ? "Firmware" : "Software", "Devices", "Device", devices,
                    "package", "name", translations (root, "name", "name_xlate"), "description",
                    translations (root, "description", "description_xlate"), "id", "product", product,
                    "version", version);
  if (json)
    copy_text (json, fettle_xml_child (root, "payload"), "DeviceClass");
  return json;
}

static fettle_result
read_package (const xmlNode *root, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_free_ char *file = fettle_xml_text (fettle_xml_child (root, "filename"));
  _cleanup_json_ json_t *json = package_as_json (root);
  fettle_result r;

  if (!json) /* a text that isn't UTF-8 can't be, in XML: out of memory */
    return fettle_about_no_memory (err);
  r = fettle_hpe_json (json, a, err);
  for (size_t i = 0; i < a->n && !r && *file; i++) {
    a->list[i]->stem = false;
    if (!fettle_component_set (&a->list[i]->file, file))
      r = fettle_about_no_memory (err);
  }
  return r;
}

/* Which files there are; what they are for is said elsewhere. */
static fettle_result
read_bundle (const xmlNode *root, struct fettle_abouts *a, struct fettle_error *err)
{
  const xmlNode *version = fettle_xml_child (root, "version"), *contents;
  _cleanup_free_ char *value = fettle_xml_attribute (version, "value"),
                      *revision = fettle_xml_attribute (version, "revision");
  _cleanup_free_ char *name = fettle_xml_text (fettle_xml_find (root, "name/name_xlate"));
  char text[200];

  snprintf (text, sizeof text, "%.100s%.60s", value, revision);
  if (!fettle_about_text (&a->bundle_version, text, 100)
      || !fettle_about_text (&a->bundle_name, name, 200))
    return fettle_about_no_memory (err);
  contents = fettle_xml_child (root, "contents");
  for (const xmlNode *n = contents; contents && (n = fettle_xml_walk (contents, n, "package"));) {
    _cleanup_free_ char *file = fettle_xml_text (n);

    if (*file && !strpbrk (file, " \t\n<>") && !fettle_about_add (a, file, err))
      return err->code;
  }
  a->complete = true;
  return FETTLE_OK;
}

fettle_result
fettle_hpe_xml (const xmlNode *root, struct fettle_abouts *a, struct fettle_error *err)
{
  if (fettle_xml_is (root, "cpq_package"))
    return read_package (root, a, err);
  return fettle_xml_is (root, "cpq_bundle") ? read_bundle (root, a, err) : fettle_not_this (err);
}
