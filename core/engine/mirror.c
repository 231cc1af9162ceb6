/* mirror.c - a baseline that is on a web server: where its copy is kept, and the
 * process that fetches it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <limits.h>

#include "engine/internal.h"
#include "engine/mirror.h"
#include "util/file.h"
#include "util/spawn.h"

static bool
is_plain (const char *name)
{
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+~-";

  return *name && *name != '.' && strlen (name) < 200 && name[strspn (name, plain)] == '\0';
}

fettle_result
fettle_mirror_path (struct fettle_engine *e, const char *url, char ret[PATH_MAX],
                    struct fettle_error *err)
{
  char digest[FETTLE_SHA256_TEXT];
  const char *rest = strstr (url, "://"), *last = strrchr (url, '/');

  if ((strncmp (url, "http://", 7) != 0 && strncmp (url, "https://", 8) != 0) || !rest
      || !strchr (rest + 3, '/') || strlen (url) > 2000 || strpbrk (url, "?# \t\n\"\\") || strchr (url, '@'))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.200s isn't a URL of http or https with a path (and"
                             " without name, password, ? and #)", url);
  if (last[1] && !is_plain (last + 1))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the last part of %.400s isn't a plain file name", url);
  fettle_sha256 (url, strlen (url), digest);
  if (snprintf (ret, PATH_MAX, "%s/mirrors/%.32s%s%s", e->settings->state_dir, digest,
                last[1] ? "/" : "", last + 1) >= PATH_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path of its copy is too long");
  return FETTLE_OK;
}

fettle_result
fettle_mirror_fetch (struct fettle_engine *e, const char *url, const char *path, const char *sha256,
                     pid_t *ret_pid, int *ret_fd, struct fettle_error *err)
{
  const char *const plain[] = { "fettle-fetch", url, path, sha256, NULL },
             *const own[] = { "fettle-fetch", "--ca", e->settings->mirror_ca, url, path, sha256, NULL };

  if (sha256 && (strlen (sha256) != 64 || strspn (sha256, "0123456789abcdefABCDEF") != 64))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"sha256\" must be 64 hex digits");
  if (sha256 && url[strlen (url) - 1] == '/')
    return fettle_error_set (err, FETTLE_E_CONFIG, "a folder's files have their digests in its SHA256SUMS");
  return fettle_spawn (e->settings->libexecdir, *e->settings->mirror_ca ? own : plain, NULL, 0, ret_pid, ret_fd, err);
}
