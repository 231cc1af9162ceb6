/* zone.c - see zone.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>
#include <limits.h>
#include <time.h>

#include "util/zone.h"

/* The C library takes an unknown name for UTC, so it is looked for first. */
bool
fettle_zone_known (const char *zone)
{
  const char *folder = getenv ("TZDIR");
  char path[PATH_MAX], head[4] = "";
  _cleanup_fclose_ FILE *f = NULL;

  if (!*zone)
    return true;
  if (strlen (zone) >= FETTLE_ZONE_MAX || !isalpha ((unsigned char) *zone) || strstr (zone, ".."))
    return false;
  for (const char *p = zone; *p; p++)
    if (!isalnum ((unsigned char) *p) && !strchr ("_+-/", *p))
      return false;
  snprintf (path, sizeof path, "%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo", zone);
  f = fopen (path, "re");
  return f && fread (head, 1, 4, f) == 4 && memcmp (head, "TZif", 4) == 0;
}

void
fettle_zone_offsets (const char *zone, const int64_t *times, size_t n, int32_t *ret_offsets)
{
  const char *own = getenv ("TZ");
  _cleanup_free_ char *before = own ? strdup (own) : NULL;

  if (*zone)
    setenv ("TZ", zone, 1);
  tzset ();
  for (size_t i = 0; i < n; i++) {
    time_t t = (time_t) times[i];
    struct tm tm;

    ret_offsets[i] = localtime_r (&t, &tm) ? (int32_t) tm.tm_gmtoff : 0;
  }
  if (!*zone)
    return;
  if (before)
    setenv ("TZ", before, 1);
  else
    unsetenv ("TZ");
  tzset ();
}
