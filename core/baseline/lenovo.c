/* lenovo.c - UpdateXpress: a package's XML (CIM's properties), and the index of
 * later packages and bundles, in JSON.  See formats.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/formats.h"
#include "baseline/xml.h"

/* ---- XML: <PROPERTY NAME="payload"><VALUE>file</VALUE></PROPERTY> ---- */

static char *
property (const xmlNode *root, const char *name)
{
  for (const xmlNode *n = root; (n = fettle_xml_walk (root, n, "PROPERTY"));) {
    _cleanup_free_ char *is = fettle_xml_attribute (n, "NAME");

    if (strcmp (is, name) == 0)
      return fettle_xml_text (fettle_xml_child (n, "VALUE"));
  }
  return fettle_xml_text (NULL);
}

/* "lnvgy_fw_uefi_ive178i-3.31_anyos": what it is ("uefi"), and whose ("ive"),
 * which is how the machine's BMC names it too. */
static bool
match_name (const char *file, struct fettle_component *c)
{
  const char *what = strstr (file, "_fw_");
  char word[64];
  size_t n;

  if (!what)
    return true;
  what += 4;
  n = strcspn (what, "_");
  if (what[n] != '_' || strlen (what + n) < 4)
    return true;
  snprintf (word, sizeof word, "%.*s:%.3s", (int) (n < 20 ? n : 20), what, what + n + 1);
  return fettle_about_match (c, "lenovo", word);
}

/* "4.80 (CDI358G)" or "CDI358G 4.80": the part with a dot in it. */
static void
number_of (const char *text, char *ret, size_t size)
{
  snprintf (ret, size, "%s", text);
  while (*text) {
    size_t n = strcspn (text, " ()");

    if (memchr (text, '.', n) && *text >= '0' && *text <= '9') {
      snprintf (ret, size, "%.*s", (int) n, text);
      return;
    }
    text += n + (text[n] != '\0');
  }
}

fettle_result
fettle_lenovo_xml (const xmlNode *root, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_free_ char *payload = property (root, "payload"), *version = property (root, "Version"),
                      *category = property (root, "category"), *name = property (root, "Name");
  struct fettle_about *one;
  char number[256];

  if (!*payload || !*version)
    return fettle_not_this (err);
  one = fettle_about_add (a, payload, err);
  if (!one)
    return err->code;
  number_of (version, number, sizeof number);
  if (!fettle_about_version (&one->c, number, "dotted")
      || !fettle_about_text (&one->c.name, *name ? name : payload, 300)
      || !fettle_about_text (&one->c.summary, category, 300) || !match_name (payload, &one->c)
      || !fettle_component_set (&one->c.kind, strstr (payload, "_fw_") ? "firmware" : "driver"))
    return fettle_about_no_memory (err);
  return FETTLE_OK;
}

/* ---- JSON: {"Updates": [{"Payload", "Version", "Oem": {"Inventory": [...]}}]} ---- */

static const char *
text (const json_t *o, const char *name)
{
  const char *t = json_string_value (json_object_get (o, name));

  return t ? t : "";
}

static bool
add_inventory (const json_t *update, struct fettle_component *c)
{
  const json_t *list = json_object_get (json_object_get (update, "Oem"), "Inventory"), *one;
  size_t i;

  if (!json_is_array (list))
    list = json_object_get (update, "Inventory");
  json_array_foreach (list, i, one)
    if (!fettle_about_match (c, "lenovo", text (one, "SoftwareId"))
        || !fettle_about_match (c, "lenovo", text (one, "AgentlessId"))
        || (!c->version && *text (one, "Version")
            && !fettle_about_version (c, text (one, "Version"), "dotted")))
      return false;
  return true;
}

static fettle_result
add_update (const json_t *update, struct fettle_abouts *a, struct fettle_error *err)
{
  const char *payload = text (update, "Payload"), *version = text (update, "Version"),
             *least = text (update, "MinimumSupportedVersion"), *name = text (update, "Name");
  struct fettle_about *one;
  struct fettle_component *c;

  if (!*payload)
    return FETTLE_OK;
  one = fettle_about_add (a, payload, err);
  if (!one)
    return err->code;
  c = &one->c;
  c->reboot = strstr (text (update, "ActivationMethod"), "eboot") != NULL;
  if (!add_inventory (update, c) || !match_name (payload, c)
      || (*version && !fettle_about_version (c, version, "dotted"))
      || !fettle_about_text (&c->name, *name ? name : payload, 300)
      || !fettle_component_set (&c->kind, "firmware")
      || (c->match && fettle_component_text_ok (least, 255)
          && !fettle_component_add_prerequisite (c, c->match, least, true)))
    return fettle_about_no_memory (err);
  return FETTLE_OK;
}

fettle_result
fettle_lenovo_json (json_t *json, struct fettle_abouts *a, struct fettle_error *err)
{
  const json_t *list = json_object_get (json, "Updates"), *update;
  fettle_result r = FETTLE_OK;
  size_t i;

  if (!json_is_array (list) || !json_is_string (json_object_get (json_array_get (list, 0), "Payload")))
    return fettle_not_this (err);
  json_array_foreach (list, i, update)
    r = r ? r : add_update (update, a, err);
  return r;
}
