/* metainfo.c - LVFS: what a cabinet's *.metainfo.xml says; see formats.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "baseline/formats.h"
#include "baseline/xml.h"

enum { RELEASES_MAX = 1000 };

static bool
set_text (char **member, const xmlNode *n, size_t max)
{
  _cleanup_free_ char *text = fettle_xml_text (n);

  return fettle_about_text (member, text, max);
}

/* The newest, by its date or time; the first of those without. */
static const xmlNode *
newest_release (const xmlNode *root)
{
  const xmlNode *best = NULL;
  char best_date[32] = "";
  unsigned n = 0;

  for (const xmlNode *r = fettle_xml_child (fettle_xml_child (root, "releases"), "release");
       r && n < RELEASES_MAX; r = fettle_xml_next (r, "release"), n++) {
    _cleanup_free_ char *date = fettle_xml_attribute (r, "date"),
                        *stamp = fettle_xml_attribute (r, "timestamp");
    char day[32] = "";
    time_t t = (time_t) strtoll (stamp, NULL, 10);
    struct tm tm;

    if (*date)
      snprintf (day, sizeof day, "%.10s", date);
    else if (*stamp && gmtime_r (&t, &tm))
      strftime (day, sizeof day, "%Y-%m-%d", &tm);
    if (!best || strcmp (day, best_date) > 0) {
      best = r;
      snprintf (best_date, sizeof best_date, "%s", day);
    }
  }
  return best;
}

static bool
add_guids (const xmlNode *root, struct fettle_component *c)
{
  for (const xmlNode *n = fettle_xml_child (fettle_xml_child (root, "provides"), "firmware"); n;
       n = fettle_xml_next (n, "firmware")) {
    _cleanup_free_ char *type = fettle_xml_attribute (n, "type"), *guid = fettle_xml_text (n);

    if ((!*type || strcmp (type, "flashed") == 0) && !fettle_about_match (c, "guid", guid))
      return false;
  }
  return true;
}

/* "this device at least at that version", "that device ...", "that program ...":
 * the last one is checked by it itself, so here it only says what goes first. */
static bool
add_requirement (const xmlNode *n, struct fettle_component *c)
{
  _cleanup_free_ char *compare = fettle_xml_attribute (n, "compare"),
                      *version = fettle_xml_attribute (n, "version"), *whom = fettle_xml_text (n);
  _cleanup_ (fettle_component_clear) struct fettle_component words = { 0 };
  bool program = fettle_xml_is (n, "id");

  if (strcmp (compare, "ge") != 0 && strcmp (compare, "gt") != 0)
    return true;
  if (!fettle_component_text_ok (version, 255) || c->n_prerequisites >= FETTLE_COMPONENT_PREREQUISITES_MAX)
    return true;
  if (program) {
    if (strcmp (whom, "org.freedesktop.fwupd") != 0)
      return true;
    return fettle_component_add_prerequisite (c, "deb:fwupd rpm:fwupd", version, false);
  }
  if (!*whom)
    return !c->match || fettle_component_add_prerequisite (c, c->match, version, true);
  if (strlen (whom) != 36) /* "bootloader", "vendor-id": fwupd's own affair */
    return true;
  return fettle_about_match (&words, "guid", whom)
         && fettle_component_add_prerequisite (c, words.match, version, true);
}

static bool
add_requirements (const xmlNode *root, struct fettle_component *c)
{
  const xmlNode *requires = fettle_xml_child (root, "requires");

  for (const xmlNode *n = requires ? requires->children : NULL; n; n = n->next)
    if ((fettle_xml_is (n, "firmware") || fettle_xml_is (n, "id")) && !add_requirement (n, c))
      return false;
  return true;
}

static bool
add_release (const xmlNode *release, struct fettle_component *c)
{
  _cleanup_free_ char *version = fettle_xml_attribute (release, "version"),
                      *duration = fettle_xml_attribute (release, "install_duration");
  unsigned long seconds = strtoul (duration, NULL, 10);

  c->duration = seconds <= FETTLE_COMPONENT_DURATION_MAX ? (uint32_t) seconds : 0;
  return fettle_about_version (c, version, "dotted");
}

fettle_result
fettle_metainfo (const xmlNode *root, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_free_ char *type = fettle_xml_attribute (root, "type");
  const xmlNode *release = newest_release (root);
  struct fettle_about *one;
  struct fettle_component *c;

  if (!fettle_xml_is (root, "component") || strcmp (type, "firmware") != 0)
    return fettle_not_this (err);
  if (!release)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its metainfo has no release");
  one = fettle_about_add (a, NULL, err);
  if (!one)
    return err->code;
  c = &one->c;
  if (!set_text (&one->part, fettle_xml_child (root, "id"), 100)
      || !set_text (&c->name, fettle_xml_child (root, "name"), 300)
      || !set_text (&c->summary, fettle_xml_child (root, "summary"), 300) || !add_guids (root, c)
      || !add_release (release, c) || !add_requirements (root, c)
      || !fettle_component_set (&c->format, "cab") || !fettle_component_set (&c->kind, "firmware")
      || !fettle_component_add_node_type (c, "linux"))
    return fettle_about_no_memory (err);
  return c->match ? FETTLE_OK
                  : fettle_error_set (err, FETTLE_E_CONFIG, "its metainfo says no device that it is for");
}
