/* redfish-versions.c - what is on the node: a sum that changes with any version.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <inttypes.h>
#include <stdio.h>

#include "redfish-update.h"

enum { DEPTH_MAX = 6 }; /* of a list of firmware */

struct sum {
  uint64_t sum;
  size_t n;
};

static uint64_t
hash (uint64_t h, const char *text)
{
  for (; *text; text++)
    h = (h ^ (unsigned char) *text) * UINT64_C (1099511628211);
  return h;
}

static void
add_versions (struct sum *s, const json_t *json, unsigned depth)
{
  const char *version = *TEXT (json, "VersionString") ? TEXT (json, "VersionString") : TEXT (json, "Version");
  const json_t *value;
  const char *key;
  size_t i;

  if (*version) {
    s->sum += hash (hash (hash (UINT64_C (14695981039346656037), TEXT (json, "Name")), "\n"), version);
    s->n++;
  }
  if (depth == DEPTH_MAX)
    return;
  json_object_foreach ((json_t *) json, key, value)
    if (json_is_object (value) || json_is_array (value))
      add_versions (s, value, depth + 1);
  json_array_foreach (json, i, value)
    add_versions (s, value, depth + 1);
}

static fettle_result
add_member (void *opaque, const json_t *member)
{
  add_versions (opaque, member, DEPTH_MAX);
  return FETTLE_OK;
}

/* "" when it can't be told. */
void
fettle_redfish_read_versions (update *u, char text[24])
{
  const char *whole = u->updater->firmware ? u->updater->firmware (u) : NULL;
  const char *path = fettle_redfish_link (u->service, "FirmwareInventory");
  struct sum s = { 0, 0 };
  json_t *list = NULL;
  uint32_t left_out = 0;
  fettle_result r = FETTLE_E_UNSUPPORTED;

  text[0] = '\0';
  if (whole)
    r = fettle_redfish_get (u->redfish, whole, &list, NULL);
  else if (path)
    r = fettle_redfish_each (u->redfish, path, add_member, &s, &left_out);
  add_versions (&s, list, 0);
  json_decref (list);
  if (r == FETTLE_OK && !left_out && s.n)
    snprintf (text, 24, "%" PRIx64, s.sum);
}

/* 1: something was flashed since; 0: nothing; -1: nobody knows. */
int
fettle_redfish_has_changed (update *u)
{
  const char *before = TEXT (u->state, "p");
  char now[24];

  if (!*before)
    return -1;
  fettle_redfish_read_versions (u, now);
  return now[0] ? strcmp (before, now) != 0 : -1;
}
