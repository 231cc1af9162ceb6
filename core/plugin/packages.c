/* packages.c - see packages.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>

#include "plugin/load.h"
#include "plugin/packages.h"
#include "util/file.h"

void
fettle_packages_read (const char *folder, struct fettle_buf *packages)
{
  struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_PACKAGES_MAX);
  struct fettle_error err;
  char path[PATH_MAX];

  snprintf (path, sizeof path, "%s/packages", folder);
  /* It is part of what users are told to do: nobody else may write it. */
  if (fettle_plugin_check_file (path, &err) == FETTLE_OK && fettle_file_read (path, &text, &err) == FETTLE_OK)
    fettle_buf_printf (packages, "%s\n", fettle_buf_text (&text));
  fettle_buf_clear (&text);
}

void
fettle_packages_find (const char *packages, const char *type, char ret[100])
{
  size_t n = strlen (type);

  ret[0] = '\0';
  for (const char *p = packages; n && p && *p; p += strcspn (p, "\n"), p += *p == '\n')
    if (strncmp (p, type, n) == 0 && p[n] == ' ') {
      snprintf (ret, 100, "%.*s", (int) strcspn (p + n + 1, " \t\r\n"), p + n + 1);
      return;
    }
}
