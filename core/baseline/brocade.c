/* brocade.c - a release of Fabric OS: the folder with release.plist in it, which
 * a switch fetches as a whole.  See formats.h.
 *
 * Nobody documents the list's content.  The version is the folder's name, as
 * the vendor unpacks it ("v7.4.1d"), or the first word of the list that looks
 * so.  The switch restarts by itself, within the update: nothing is left to do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <ctype.h>

#include "baseline/formats.h"

/* v7.4.1d, v8.2.3c1, v6.1.0_8e1: its length, 0 if it isn't one. */
static size_t
version_length (const char *p, size_t size)
{
  size_t n = 1;

  if (size < 6 || p[0] != 'v')
    return 0;
  for (unsigned part = 0; part < 3; part++) {
    size_t begin = n;

    while (n < size && isdigit ((unsigned char) p[n]))
      n++;
    if (n == begin || n - begin > 4 || (part < 2 && (n >= size || p[n++] != '.')))
      return 0;
  }
  while (n < size && n < 40 && (isalnum ((unsigned char) p[n]) || p[n] == '_'))
    n++;
  return n;
}

static size_t
find_version (const char *text, size_t size, const char **ret)
{
  for (size_t i = 0; i < size; i++) {
    size_t n = i && (isalnum ((unsigned char) text[i - 1]) || text[i - 1] == '.')
                 ? 0 : version_length (text + i, size - i);

    if (n) {
      *ret = text + i;
      return n;
    }
  }
  return 0;
}

/* The folder that the path is in. */
static size_t
folder_name (const char *path, const char **ret)
{
  const char *end = strrchr (path, '/'), *begin = end;

  if (!end)
    return 0;
  while (begin > path && begin[-1] != '/')
    begin--;
  *ret = begin;
  return (size_t) (end - begin);
}

fettle_result
fettle_brocade_plist (const char *text, size_t size, const char *path, struct fettle_abouts *a,
                      struct fettle_error *err)
{
  const char *folder = NULL, *found = NULL;
  size_t n = folder_name (path, &folder), length = n ? find_version (folder, n, &found) : 0;
  struct fettle_about *one;
  char version[64];

  if (!length)
    length = find_version (text, size, &found);
  if (!length)
    return fettle_error_set (err, FETTLE_E_CONFIG, "which version it is neither the name of its folder"
                             " says (like v7.4.1d) nor the list");
  snprintf (version, sizeof version, "%.*s", (int) length, found);
  one = fettle_about_add (a, NULL, err);
  if (!one)
    return err->code;
  one->tree = true;
  if (!fettle_component_set (&one->c.name, "Fabric OS") || !fettle_about_version (&one->c, version, "fos")
      || !fettle_about_match (&one->c, "", "brocade:fos") || !fettle_component_set (&one->c.format, "fos")
      || !fettle_component_set (&one->c.kind, "firmware")
      || !fettle_about_text (&one->c.summary, "A release folder, which a switch fetches as a whole", 100))
    return fettle_about_no_memory (err);
  return FETTLE_OK;
}
