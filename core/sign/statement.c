/* statement.c - see statement.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "sign/statement.h"
#include "util/text.h"

#define VERSION_MAX (UINT64_C (1) << 53)
#define SIZE_MAX_   (UINT64_C (1) << 40)
#define PATH_MAX_   4095
#define NAME_CHARS  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

bool
fettle_statement_name_ok (const char *name)
{
  size_t n = strlen (name);

  return n > 0 && n <= FETTLE_STATEMENT_NAME_MAX && strspn (name, NAME_CHARS) == n
         && name[0] != '.' && name[0] != '-';
}

bool
fettle_version_number (const json_t *json, uint64_t *ret)
{
  json_int_t n = json_integer_value (json);

  if (!json_is_integer (json) || n < 1 || (uint64_t) n > VERSION_MAX)
    return false;
  *ret = (uint64_t) n;
  return true;
}

bool
fettle_time_parse (const char *text, int64_t *ret)
{
  struct tm tm = { 0 };
  char again[FETTLE_TIME_MAX];
  int64_t t;

  if (!text || strlen (text) != 20
      || sscanf (text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                 &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
    return false;
  tm.tm_year -= 1900;
  tm.tm_mon--;
  t = timegm (&tm);
  /* The 31st of February, a '+' before a number ...: it must come out as it came in. */
  if (strcmp (fettle_time_text (t, again), text) != 0)
    return false;
  *ret = t;
  return true;
}

bool
fettle_statement_path_ok (const char *path)
{
  size_t n = strlen (path);

  if (n == 0 || n > PATH_MAX_)
    return false;
  for (const char *p = path; *p; p++)
    if ((unsigned char) *p < ' ' || *p == 0x7f)
      return false;
  for (const char *part = path;; part++) {
    size_t len = strcspn (part, "/");

    if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
      return false;
    part += len;
    if (!*part)
      return true;
  }
}

static bool
is_sha256 (const char *text)
{
  return text && strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

/* ---- Reading ---- */

static fettle_result
take_file (json_t *files, json_t *file, struct fettle_error *err)
{
  const char *path = NULL, *sha256 = NULL;
  json_int_t size = -1;

  if (json_unpack (file, "{s:s s:I s:s !}", "path", &path, "size", &size, "sha256", &sha256)
      || !fettle_statement_path_ok (path) || size < 0 || (uint64_t) size > SIZE_MAX_
      || !is_sha256 (sha256))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the entry of the file %.200s isn't path, size "
                                                   "and SHA-256", path ? path : "?");
  if (json_object_get (files, path))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the file %.200s is there twice", path);
  if (json_object_set_new (files, path, json_pack ("{s:I s:s}", "size", size, "sha256", sha256)))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for its files");
  return FETTLE_OK;
}

static fettle_result
take_files (json_t *list, struct fettle_statement *s, struct fettle_error *err)
{
  json_t *file;
  size_t i;

  s->files = json_object ();
  if (!json_is_array (list) || json_array_size (list) > FETTLE_STATEMENT_FILES_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"files\" isn't a list of at most %d files",
                             FETTLE_STATEMENT_FILES_MAX);
  json_array_foreach (list, i, file) {
    fettle_result r = take_file (s->files, file, err);

    if (r)
      return r;
  }
  return FETTLE_OK;
}

static fettle_result
take_members (json_t *json, struct fettle_statement *s, json_t **ret_files, struct fettle_error *err)
{
  const char *name = NULL, *created = NULL, *expires = NULL, *adds_to = NULL;
  json_t *version = NULL;
  json_error_t why;
  int format = 0;

  if (json_unpack (json, "{s:i}", "fettle-baseline", &format) || format != 1)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a baseline.json of version 1 of its "
                                                   "format (\"fettle-baseline\": 1)");
  if (json_unpack_ex (json, &why, 0, "{s:i s:s s:o s:s s:s s?s s:o !}", "fettle-baseline", &format,
                      "name", &name, "version", &version, "created", &created, "expires", &expires,
                      "adds_to", &adds_to, "files", ret_files))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.200s", why.text);
  if (!fettle_statement_name_ok (name) || (adds_to && !fettle_statement_name_ok (adds_to)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "a name isn't 1 to %d letters, digits, '.', '_' "
                                                   "or '-'", FETTLE_STATEMENT_NAME_MAX);
  if (!fettle_version_number (version, &s->version))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"version\" isn't a number from 1");
  if (!fettle_time_parse (created, &s->created) || !fettle_time_parse (expires, &s->expires))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"created\" and \"expires\" must be times like "
                                                   "2026-11-22T09:01:02Z");
  s->name = strdup (name);
  s->adds_to = adds_to ? strdup (adds_to) : NULL;
  return s->name && (s->adds_to || !adds_to)
           ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for its name");
}

fettle_result
fettle_statement_parse (const char *text, size_t size, struct fettle_statement *ret,
                        struct fettle_error *err)
{
  _cleanup_ (fettle_statement_clear) struct fettle_statement s = { .name = NULL };
  _cleanup_json_ json_t *json = NULL;
  json_t *files = NULL;
  json_error_t why;
  fettle_result r;

  if (size > FETTLE_STATEMENT_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it is larger than %u MiB",
                             FETTLE_STATEMENT_MAX >> 20);
  json = json_loadb (text, size, JSON_REJECT_DUPLICATES, &why);
  if (!json)
    return fettle_error_set (err, FETTLE_E_CONFIG, "line %d: %.160s", why.line, why.text);
  r = take_members (json, &s, &files, err);
  if (!r)
    r = take_files (files, &s, err);
  if (r)
    return r;
  *ret = s;
  s = (struct fettle_statement){ .name = NULL };
  return FETTLE_OK;
}

void
fettle_statement_clear (struct fettle_statement *s)
{
  free (s->name);
  free (s->adds_to);
  json_decref (s->files);
  *s = (struct fettle_statement){ .name = NULL };
}

/* ---- Writing ---- */

static int
by_path (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Sorted, so that two lists can be compared with diff(1). */
static json_t *
list_of (json_t *files)
{
  size_t n = json_object_size (files), i = 0;
  _cleanup_free_ const char **paths = calloc (n + 1, sizeof *paths);
  json_t *list = json_array (), *file;
  const char *path;

  if (!paths)
    return list;
  json_object_foreach (files, path, file)
    paths[i++] = path;
  qsort (paths, n, sizeof *paths, by_path);
  for (i = 0; i < n; i++) {
    file = json_object_get (files, paths[i]);
    json_array_append_new (list, json_pack ("{s:s s:O s:O}", "path", paths[i], "size",
                                            json_object_get (file, "size"), "sha256",
                                            json_object_get (file, "sha256")));
  }
  return list;
}

char *
fettle_statement_text (const struct fettle_statement *s)
{
  char created[FETTLE_TIME_MAX], expires[FETTLE_TIME_MAX];
  _cleanup_json_ json_t *json
    = json_pack ("{s:i s:s s:I s:s s:s s:s* s:o}", "fettle-baseline", 1, "name", s->name,
                 "version", (json_int_t) s->version, "created",
                 fettle_time_text (s->created, created), "expires",
                 fettle_time_text (s->expires, expires), "adds_to", s->adds_to, "files",
                 list_of (s->files));

  return json ? json_dumps (json, JSON_INDENT (1)) : NULL;
}

/* ---- Comparing ---- */

fettle_result
fettle_statement_check_file (const struct fettle_statement *s, const char *path, uint64_t size,
                             const char *sha256, struct fettle_error *err)
{
  const json_t *file = json_object_get (s->files, path);
  const char *wanted = json_string_value (json_object_get (file, "sha256"));
  uint64_t length = (uint64_t) json_integer_value (json_object_get (file, "size"));

  if (!file)
    return fettle_error_set (err, FETTLE_E_AUTH, "%.300s is there, but baseline.json doesn't list it",
                             path);
  if (size != length)
    return fettle_error_set (err, FETTLE_E_AUTH,
                             "%.300s has %llu bytes where baseline.json says %llu", path,
                             (unsigned long long) size, (unsigned long long) length);
  if (!sha256 || strcmp (wanted, sha256) != 0)
    return fettle_error_set (err, FETTLE_E_AUTH, "%.300s was changed: its SHA-256 isn't what "
                                                 "baseline.json says", path);
  return FETTLE_OK;
}
