/* fetch-list.c - see fetch-list.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "baseline/container.h"
#include "baseline/fetch-list.h"

enum { ENTRIES_MAX = 100000 };

static fettle_result
add (struct fettle_fetch_list *l, const char *path, const char *sha256, struct fettle_error *err)
{
  struct fettle_fetch_entry *e;

  if (!*path || fettle_path_wrong (path) || strstr (path, "//") || path[strlen (path) - 1] == '/')
    return fettle_error_set (err, FETTLE_E_CONFIG, "the list names \"%.200s\", which isn't a path within"
                                                   " the folder", path);
  for (const char *p = path; *p; p++)
    if ((unsigned char) *p < ' ' || ((p == path || p[-1] == '/') && *p == '.'))
      return fettle_error_set (err, FETTLE_E_CONFIG, "the list names \"%.200s\", which begins with a dot"
                                                     " or isn't text", path);
  if (l->n >= ENTRIES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the list names more than %d files", ENTRIES_MAX);
  e = reallocarray (l->entries, l->n + 1, sizeof *e);
  if (!e)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the list of files");
  l->entries = e;
  e += l->n;
  snprintf (e->sha256, sizeof e->sha256, "%s", sha256);
  e->path = strdup (path);
  if (!e->path)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the list of files");
  l->n++;
  return FETTLE_OK;
}

static bool
is_digest (const char *text)
{
  return strspn (text, "0123456789abcdefABCDEF") == 64;
}

fettle_result
fettle_fetch_sums (const char *text, size_t size, struct fettle_fetch_list *ret,
                   struct fettle_error *err)
{
  _cleanup_free_ char *copy = strndup (text, size);
  char *save = NULL, sha256[FETTLE_SHA256_TEXT];
  unsigned number = 0;

  if (!copy)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the list of files");
  for (char *line = strtok_r (copy, "\n", &save); line; line = strtok_r (NULL, "\n", &save)) {
    size_t n = strlen (line);
    fettle_result r;

    number++;
    if (n && line[n - 1] == '\r')
      line[--n] = '\0';
    if (n < 67 || !is_digest (line) || line[64] != ' ' || (line[65] != ' ' && line[65] != '*'))
      return fettle_error_set (err, FETTLE_E_CONFIG, "line %u of SHA256SUMS isn't a digest and a path",
                               number);
    for (int i = 0; i < 64; i++)
      sha256[i] = line[i] >= 'A' && line[i] <= 'F' ? (char) (line[i] - 'A' + 'a') : line[i];
    sha256[64] = '\0';
    line += 66 + (strncmp (line + 66, "./", 2) == 0 ? 2 : 0);
    r = add (ret, line, sha256, err);
    if (r)
      return r;
  }
  return FETTLE_OK;
}

fettle_result
fettle_fetch_fwrepo (const char *text, size_t size, struct fettle_fetch_list *ret,
                     struct fettle_error *err)
{
  _cleanup_json_ json_t *json = json_loadb (text, size, 0, NULL);
  const char *path;
  json_t *one;

  if (!json_is_object (json))
    return fettle_error_set (err, FETTLE_E_CONFIG, "fwrepodata/fwrepo.json isn't a JSON object");
  json_object_foreach (json, path, one)
    if (add (ret, path, "", err))
      return err->code;
  return FETTLE_OK;
}

void
fettle_fetch_list_clear (struct fettle_fetch_list *l)
{
  for (size_t i = 0; i < l->n; i++)
    free (l->entries[i].path);
  free (l->entries);
  *l = (struct fettle_fetch_list) { 0 };
}
