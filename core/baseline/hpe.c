/* hpe.c - HPE's descriptions in JSON; see formats.h.
 *
 *   {"DeviceClass", "Type", "UpdatableBy": [], "MinimumActiveVersion",
 *    "Devices": {"Device": [{"DeviceName", "Target", "Version",
 *       "FirmwareImages": [{"FileName", "ResetRequired", "InstallDurationSec"}]}]},
 *    "package": {"name": [{"lang", "x_late"}], "description", "files", "id"}}
 *
 * is payload.json, and what lies beside a component.  Lists have many of those
 * and name the file.  One component for each version that its devices get, and
 * that they must have before.
 *
 * Words are "guid:CLASS:TARGET" and, since not all that lists components or
 * devices knows of classes, "guid:TARGET" after it.  System ROM, board logic
 * and their like share the server's target: their items have the first alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <strings.h>

#include "baseline/formats.h"

enum { VERSIONS_MAX = 32, NAMES_DEPTH = 4, COMPONENTS_MAX = 20000 };

/* ---- bits of JSON ---- */

static const json_t *
member (const json_t *o, const char *a, const char *b)
{
  const json_t *v = json_object_get (o, a);

  return b ? json_object_get (v, b) : v;
}

static const char *
text (const json_t *o, const char *name)
{
  const char *t = json_string_value (json_object_get (o, name));

  return t ? t : "";
}

/* In English, or in the first language there is. */
static const char *
translated (const json_t *list)
{
  const char *found = NULL;
  const json_t *one;
  size_t i;

  json_array_foreach (list, i, one) {
    const char *t = text (one, "x_late");

    if (!found || strcmp (text (one, "lang"), "en") == 0)
      found = t;
  }
  return found ? found : json_string_value (list) ? json_string_value (list) : "";
}

static bool
is_true (const json_t *v)
{
  const char *t = json_string_value (v);

  return json_is_true (v) || (t && (strcasecmp (t, "true") == 0 || strcasecmp (t, "yes") == 0
                                    || strcasecmp (t, "required") == 0));
}

static uint32_t
seconds (const json_t *v)
{
  double n = json_is_string (v) ? strtod (json_string_value (v), NULL) : json_number_value (v);

  return n > 0 && n <= FETTLE_COMPONENT_DURATION_MAX ? (uint32_t) n : 0;
}

/* ---- which file ---- */

/* The first text below it that is the name of a component's file. */
static const char *
file_name (const json_t *v, unsigned depth)
{
  static const char *const ends[] = { ".fwpkg", ".rpm", ".exe", ".zip", ".vmexe", ".deb", ".scexe", ".bin",
                                      ".flash" };
  const char *t = json_string_value (v), *found = NULL, *key;
  json_t *one;
  size_t i;

  if (t) {
    const char *slash = strrchr (t, '/'), *base = slash ? slash + 1 : t;

    for (i = 0; i < COUNT (ends); i++)
      if (strlen (base) > strlen (ends[i])
          && strcasecmp (base + strlen (base) - strlen (ends[i]), ends[i]) == 0)
        return base;
    return NULL;
  }
  if (depth >= NAMES_DEPTH)
    return NULL;
  json_array_foreach (v, i, one)
    if ((found = file_name (one, depth + 1)))
      return found;
  json_object_foreach ((json_t *) v, key, one)
    if ((found = file_name (one, depth + 1)))
      return found;
  return NULL;
}

static const char *
file_of (const json_t *o)
{
  static const char *const places[] = { "files", "filename", "file", "FileName", "Filename" };
  const char *found = NULL;

  for (size_t i = 0; i < COUNT (places) && !found; i++) {
    found = file_name (member (o, "package", places[i]), 0);
    if (!found)
      found = file_name (json_object_get (o, places[i]), 0);
  }
  return found;
}

/* ---- a component ---- */

static const char *
kind_of (const json_t *o)
{
  const char *type = text (o, "Type");
  const char *category = translated (json_object_get (json_array_get (member (o, "package", "category"),
                                                                      0), "languages"));

  if (strcmp (type, "Software") != 0)
    return "firmware";
  return strstr (category, "Driver") || strstr (category, "driver") ? "driver" : "package";
}

static bool
common (const json_t *o, struct fettle_component *c)
{
  const json_t *package = json_object_get (o, "package");
  const char *name = translated (json_object_get (package, "name"));

  if (!*name)
    name = text (o, "Name");
  c->reboot |= is_true (member (package, "installation", "reboot_required"));
  return fettle_about_text (&c->name, name, FETTLE_COMPONENT_TEXT_MAX)
         && fettle_about_text (&c->summary, translated (json_object_get (package, "description")), 300)
         && fettle_component_set (&c->kind, kind_of (o));
}

static bool
add_images (const json_t *device, struct fettle_component *c)
{
  const json_t *image;
  size_t i;

  json_array_foreach (json_object_get (device, "FirmwareImages"), i, image) {
    uint32_t s = seconds (json_object_get (image, "InstallDurationSec"));

    c->reboot |= is_true (json_object_get (image, "ResetRequired"));
    c->duration = s > c->duration ? s : c->duration;
  }
  return true;
}

/* What must be on it before, "" if anything may. */
static const char *
minimum (const char *least)
{
  return strcasecmp (least, "null") == 0 || strcasecmp (least, "none") == 0
             || !fettle_component_text_ok (least, 255) ? "" : least;
}

static const char *
minimum_of (const json_t *o, const json_t *device)
{
  const char *least = text (device, "MinimumActiveVersion");

  return minimum (*least ? least : text (o, "MinimumActiveVersion"));
}

static bool
add_target (struct fettle_component *c, const char *class, const char *target)
{
  char both[160];

  snprintf (both, sizeof both, "%s:%s", class, target);
  return (!*class || fettle_about_match (c, "guid", both)) && fettle_about_match (c, "guid", target);
}

/* A device gets the version if it has at least the minimum of itself. */
static bool
add_minimum (struct fettle_component *c, const char *least)
{
  return !*least || !c->match || fettle_component_add_prerequisite (c, c->match, least, true);
}

static bool
has_minimum (const struct fettle_component *c, const char *least)
{
  return strcmp (c->n_prerequisites ? c->prerequisites[0].min_version : "", least) == 0;
}

/* The one of these that has the device's version and minimum, or a new one. */
static struct fettle_about *
about_for (struct fettle_abouts *a, size_t first, const char *file, const char *version,
           const char *least, const char *target, struct fettle_error *err)
{
  struct fettle_about *one;

  for (size_t i = first; i < a->n; i++)
    if (a->list[i]->c.version && strcmp (a->list[i]->c.version, version) == 0
        && has_minimum (&a->list[i]->c, least))
      return a->list[i];
  if (a->n - first >= VERSIONS_MAX) {
    fettle_error_set (err, FETTLE_E_CONFIG, "it has more than %d versions", VERSIONS_MAX);
    return NULL;
  }
  one = fettle_about_add (a, file, err);
  if (!one)
    return NULL;
  if (fettle_about_version (&one->c, version, "hpe dotted")
      && fettle_about_text (&one->part, *target ? target : version, 100))
    return one;
  fettle_about_no_memory (err);
  return NULL;
}

static fettle_result
add_device (const json_t *o, const json_t *device, const char *file, size_t first,
            struct fettle_abouts *a, struct fettle_error *err)
{
  const char *version = text (device, "Version"), *target = text (device, "Target");
  const char *class = text (device, "DeviceClass"), *least = minimum_of (o, device);
  struct fettle_about *one;
  size_t n = a->n;
  bool new;

  if (!*version || !*target)
    return FETTLE_OK;
  one = about_for (a, first, file, version, least, target, err);
  if (!one)
    return err->code;
  new = a->n > n;
  if ((new && !common (o, &one->c))
      || !add_target (&one->c, *class ? class : text (o, "DeviceClass"), target)
      || !add_images (device, &one->c) || (new && !add_minimum (&one->c, least))
      || (one->c.n_prerequisites
          && !fettle_component_set (&one->c.prerequisites[0].match, one->c.match))
      || (!one->c.name
          && !fettle_about_text (&one->c.name, text (device, "DeviceName"), FETTLE_COMPONENT_TEXT_MAX)))
    return fettle_about_no_memory (err);
  return FETTLE_OK;
}

/* Software: no device says what it is for. */
static fettle_result
add_software (const json_t *o, const char *file, struct fettle_abouts *a, struct fettle_error *err)
{
  const json_t *id = member (o, "package", "id"), *key;
  struct fettle_about *one = fettle_about_add (a, file, err);
  bool good = one && common (o, &one->c)
              && fettle_about_version (&one->c, text (id, "version"), "hpe dotted");
  size_t i;

  json_array_foreach (member (o, "package", "sw_keys"), i, key)
    good = good && fettle_about_match (&one->c, "hpe", text (key, "name"));
  if (good && !one->c.match)
    good = fettle_about_match (&one->c, "hpe", text (id, "product"));
  return good ? FETTLE_OK : one ? fettle_about_no_memory (err) : err->code;
}

static fettle_result
add_component (const json_t *o, const char *file, struct fettle_abouts *a, struct fettle_error *err)
{
  const json_t *devices = member (o, "Devices", "Device"), *device;
  size_t first = a->n, i;
  fettle_result r = FETTLE_OK;

  json_array_foreach (devices, i, device) {
    r = add_device (o, device, file, first, a, err);
    if (r)
      return r;
  }
  if (a->n == first)
    r = add_software (o, file, a, err);
  if (!r && a->n == first + 1) { /* the only one: no need to tell it apart */
    free (a->list[first]->part);
    a->list[first]->part = NULL;
  }
  return r;
}

/* ---- lists ---- */

static fettle_result
add_list (const json_t *list, struct fettle_abouts *a, struct fettle_error *err)
{
  const json_t *o;
  fettle_result r = FETTLE_OK;
  size_t i;

  if (json_array_size (list) > COMPONENTS_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it lists more than %d components", COMPONENTS_MAX);
  json_array_foreach (list, i, o) {
    const char *file = file_of (o);

    if (file && !r)
      r = add_component (o, file, a, err);
  }
  a->complete = true;
  return r;
}

static fettle_result
name_bundle (const json_t *bundle, struct fettle_abouts *a, struct fettle_error *err)
{
  const char *version = text (bundle, "Version"), *name = text (bundle, "Name");

  if (!*version)
    version = text (bundle, "version");
  if (!*name)
    name = translated (json_object_get (bundle, "name"));
  return fettle_about_text (&a->bundle_version, version, 100)
             && fettle_about_text (&a->bundle_name, name, 200)
           ? FETTLE_OK : fettle_about_no_memory (err);
}

/* {"version", "target": [], "deviceclass", "description", ...} */
static fettle_result
add_entry (const char *file, const json_t *o, struct fettle_abouts *a, struct fettle_error *err)
{
  struct fettle_about *one = fettle_about_add (a, file, err);
  const char *least = minimum (text (o, "minimum_active_version"));
  const json_t *target;
  bool good = one && fettle_about_version (&one->c, text (o, "version"), "hpe dotted")
              && fettle_about_text (&one->c.name, text (o, "description"), 300)
              && fettle_component_set (&one->c.kind, "firmware");
  size_t i;

  json_array_foreach (json_object_get (o, "target"), i, target)
    good = good && (!json_string_length (target)
                    || add_target (&one->c, text (o, "deviceclass"), json_string_value (target)));
  if (!good || !add_minimum (&one->c, least))
    return one ? fettle_about_no_memory (err) : err->code;
  one->c.reboot = is_true (json_object_get (o, "reboot_required"));
  return FETTLE_OK;
}

/* {"x.fwpkg": {...}, ...} */
static fettle_result
add_repository (json_t *json, struct fettle_abouts *a, struct fettle_error *err)
{
  fettle_result r = FETTLE_OK;
  const char *file;
  json_t *o;

  json_object_foreach (json, file, o)
    if (!r)
      r = add_entry (file, o, a, err);
  return r;
}

static bool
is_repository (json_t *json)
{
  const char *file;
  json_t *o;

  json_object_foreach (json, file, o)
    if (!json_is_array (json_object_get (o, "target"))
        || !json_is_string (json_object_get (o, "version")))
      return false;
  return json_object_size (json) > 0;
}

fettle_result
fettle_hpe_json (json_t *json, struct fettle_abouts *a, struct fettle_error *err)
{
  const json_t *list = json_object_get (json, "manifest");
  fettle_result r;

  if (!json_is_array (list))
    list = json_object_get (json, "Components");
  if (json_is_array (list)) {
    r = add_list (list, a, err);
    return r ? r : name_bundle (json_array_get (json_object_get (json, "Bundles"), 0), a, err);
  }
  if (json_is_array (member (json, "Devices", "Device"))
      || (json_is_object (json_object_get (json, "package"))
          && json_is_string (json_object_get (json, "Type")))) {
    r = add_component (json, NULL, a, err);
    for (size_t i = 0; i < a->n; i++)
      a->list[i]->stem = true;
    return r;
  }
  return is_repository (json) ? add_repository (json, a, err) : fettle_not_this (err);
}
