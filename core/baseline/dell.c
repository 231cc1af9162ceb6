/* dell.c - Dell's Catalog.xml: which of its files is for what.  See formats.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "baseline/formats.h"
#include "baseline/xml.h"

static const struct {
  const char *type, *kind;
} kinds[] = {
  { "BIOS", "firmware" }, { "FRMW", "firmware" }, { "DRVR", "driver" }, { "APAC", "package" },
  { "APP",  "package" },  { "DIAG", "package" },
};

static const char *
kind_of (const xmlNode *component)
{
  _cleanup_free_ char *type = fettle_xml_attribute (fettle_xml_child (component, "ComponentType"), "value");

  for (size_t i = 0; i < COUNT (kinds); i++)
    if (strcasecmp (type, kinds[i].type) == 0)
      return kinds[i].kind;
  return "firmware";
}

/* PCI numbers as inventories have them, and Dell's own number of the device. */
static bool
add_device (const xmlNode *device, struct fettle_component *c)
{
  _cleanup_free_ char *id = fettle_xml_attribute (device, "componentID");

  if (*id && !fettle_about_match (c, "dell", id))
    return false;
  for (xmlNode *n = fettle_xml_child (device, "PCIInfo"); n; n = fettle_xml_next (n, "PCIInfo")) {
    _cleanup_free_ char *vendor = fettle_xml_attribute (n, "vendorID"),
                        *dev = fettle_xml_attribute (n, "deviceID");
    char word[64];

    snprintf (word, sizeof word, "%.20s:%.20s", vendor, dev);
    if (*vendor && *dev && !fettle_about_match (c, "pci", word))
      return false;
  }
  return true;
}

static bool
add_devices (const xmlNode *component, struct fettle_component *c)
{
  const xmlNode *list = fettle_xml_child (component, "SupportedDevices");

  for (xmlNode *n = fettle_xml_child (list, "Device"); n; n = fettle_xml_next (n, "Device"))
    if (!add_device (n, c))
      return false;
  return true;
}

static bool
set_child (char **member, const xmlNode *n, const char *path, size_t max)
{
  _cleanup_free_ char *text = fettle_xml_text (fettle_xml_find (n, path));

  return fettle_about_text (member, text, max);
}

static bool
add_digest (const xmlNode *component, struct fettle_about *one)
{
  const xmlNode *list = fettle_xml_child (component, "Cryptography");

  for (xmlNode *n = fettle_xml_child (list, "Hash"); n; n = fettle_xml_next (n, "Hash")) {
    _cleanup_free_ char *algorithm = fettle_xml_attribute (n, "algorithm"), *hex = fettle_xml_text (n);

    if (strcasecmp (algorithm, "SHA256") == 0)
      return fettle_component_set (&one->sha256, hex);
  }
  return true;
}

static fettle_result
add_component (const xmlNode *n, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_free_ char *path = fettle_xml_attribute (n, "path"), *size = fettle_xml_attribute (n, "size"),
                      *version = fettle_xml_attribute (n, "vendorVersion"),
                      *reboot = fettle_xml_attribute (n, "rebootRequired");
  struct fettle_about *one;

  if (!*path || !*version)
    return FETTLE_OK;
  one = fettle_about_add (a, path, err);
  if (!one)
    return err->code;
  one->c.reboot = strcasecmp (reboot, "true") == 0;
  if (*size && strspn (size, "0123456789") == strlen (size))
    one->size = strtoull (size, NULL, 10);
  if (!fettle_about_version (&one->c, version, "dotted")
      || !set_child (&one->c.name, n, "Name/Display", 300)
      || !set_child (&one->c.summary, n, "Description/Display", 300) || !add_devices (n, &one->c)
      || !add_digest (n, one) || !fettle_component_set (&one->c.kind, kind_of (n))
      || !fettle_component_set (&one->c.format, "dup"))
    return fettle_about_no_memory (err);
  return FETTLE_OK;
}

fettle_result
fettle_dell_catalog (const xmlNode *root, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_free_ char *version = fettle_xml_attribute (root, "version");
  fettle_result r = FETTLE_OK;

  if (!fettle_xml_is (root, "Manifest") || !fettle_xml_child (root, "SoftwareComponent"))
    return fettle_not_this (err);
  for (xmlNode *n = fettle_xml_child (root, "SoftwareComponent"); n && !r;
       n = fettle_xml_next (n, "SoftwareComponent"))
    r = add_component (n, a, err);
  if (!r && !fettle_about_text (&a->bundle_version, version, 100))
    r = fettle_about_no_memory (err);
  return r;
}
