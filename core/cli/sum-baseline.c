/* sum-baseline.c - SUM's location as a baseline.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <dirent.h>
#include <limits.h>

#include "cli/job.h"
#include "cli/sum.h"
#include "util/file.h"

/* SUM's folders aren't signed, and its users' command lines can't say that this
 * is well.  Whoever wants it otherwise writes allow_unsigned = "no". */
static bool
may_be_unsigned (const struct fettle_cli *cli)
{
  return !fettle_settings_is_set (&cli->settings, "allow_unsigned")
         || cli->settings.allow_unsigned;
}

/* Ours have names of their own: those that people made stay as they are. */
static void
name_of (const char *path, char *ret, size_t size)
{
  char hex[FETTLE_SHA256_TEXT];

  fettle_sha256 (path, strlen (path), hex);
  snprintf (ret, size, "smartupdate-%.12s", hex);
}

static void
tell_problems (const struct fettle_cli *cli, const json_t *baseline)
{
  const json_t *problem;
  size_t i;

  json_array_foreach (json_object_get (baseline, "problems"), i, problem)
    fettle_cli_notice (cli, "%.400s: %.600s", fettle_sum_text (problem, "file"),
                       fettle_sum_text (problem, "message"));
  if (i && cli->quiet)
    fprintf (stderr, "smartupdate: %zu file%s can't be used; /verbose names %s\n", i,
             i == 1 ? "" : "s", i == 1 ? "it" : "them");
  if (!json_is_true (json_object_get (baseline, "signed")))
    fprintf (stderr, "smartupdate: nobody trusted has signed %s: it is used as it is, as SUM's scripts"
                     " expect; allow_unsigned = \"no\" in fettle.conf forbids that\n",
             fettle_sum_text (baseline, "path"));
}

fettle_result
fettle_sum_baseline (struct fettle_cli *cli, struct fettle_client **client, const char *location,
                     json_t **ret, struct fettle_error *err)
{
  _cleanup_json_ json_t *started = NULL, *job = NULL;
  _cleanup_free_ char *url = NULL;
  char path[PATH_MAX], name[64];
  int code;

  if (!realpath (location, path))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading the location %.400s", location);
  name_of (path, name, sizeof name);
  url = fettle_client_path ("/baselines/", name, "");
  /* While another run deploys it, it is as that one has read it. */
  if (fettle_client_call (*client, "DELETE", url, NULL, NULL, err) && err->code == FETTLE_E_BUSY)
    return fettle_client_call (*client, "GET", url, NULL, ret, err);
  if (fettle_client_call (*client, "POST", "/baselines",
                          json_pack ("{s:s s:s s:b}", "path", path, "name", name, "allow_unsigned",
                                     may_be_unsigned (cli)), &started, err)
      || fettle_follow (cli, client, json_integer_value (json_object_get (started, "job")), &job, err))
    return err->code;
  code = (int) json_integer_value (json_object_get (job, "exit_code"));
  if (code)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.400s can't be used: %.500s", path,
                             fettle_sum_text (job, "message") ? fettle_sum_text (job, "message") : "");
  if (fettle_client_call (*client, "GET", url, NULL, ret, err))
    return err->code;
  tell_problems (cli, *ret);
  return FETTLE_OK;
}

/* ---- Where it is ---- */

static bool
is_component (const char *name)
{
  static const char *const ends[] = { ".rpm", ".deb", ".fwpkg", ".scexe", ".exe", ".cab", ".vib",
                                      ".component.cfg", ".xml" };
  size_t n = strlen (name);

  for (size_t i = 0; i < COUNT (ends); i++)
    if (n > strlen (ends[i]) && strcasecmp (name + n - strlen (ends[i]), ends[i]) == 0)
      return true;
  return false;
}

static bool
has_components (const char *folder)
{
  DIR *dir = opendir (folder);
  struct dirent *e;
  bool found = false;

  while (dir && !found && (e = readdir (dir)))
    found = is_component (e->d_name);
  if (dir)
    closedir (dir);
  return found;
}

static bool
folder_of (const char *file, char ret[PATH_MAX])
{
  const char *slash = file ? strrchr (file, '/') : NULL;

  if (!slash)
    return false;
  snprintf (ret, PATH_MAX, "%.*s", slash == file ? 1 : (int) (slash - file), file);
  return true;
}

fettle_result
fettle_sum_location (const json_t *given, char ret[PATH_MAX], struct fettle_error *err)
{
  const json_t *components = json_object_get (given, "component");
  const char *location = fettle_sum_text (given, "use_location"),
             *bundle = fettle_sum_text (given, "bundle");

  if (location) {
    snprintf (ret, PATH_MAX, "%s", location);
    return FETTLE_OK;
  }
  if (folder_of (bundle, ret) || folder_of (json_string_value (json_array_get (components, 0)), ret))
    return FETTLE_OK;
  /* SUM is run from the folder of its components, or from the one above. */
  snprintf (ret, PATH_MAX, "%s", has_components ("packages") ? "packages" : ".");
  return has_components (ret)
           ? FETTLE_OK
           : fettle_error_set (err, FETTLE_E_CONFIG, "no /use_location was given, and neither the"
                                                     " current folder nor its packages has components");
}

/* What /component names, as the baseline calls it: a path within it, or the
 * name of a file. */
static const char *
find_component (const json_t *baseline, const char *wanted)
{
  const char *slash = strrchr (wanted, '/'), *file = slash ? slash + 1 : wanted;
  const json_t *component;
  size_t i;

  json_array_foreach (json_object_get (baseline, "components"), i, component) {
    const char *id = fettle_sum_text (component, "id"), *last = id ? strrchr (id, '/') : NULL;

    if (id && (strcmp (id, wanted) == 0 || strcmp (last ? last + 1 : id, file) == 0))
      return id;
  }
  return NULL;
}

fettle_result
fettle_sum_components (const json_t *given, const json_t *baseline, json_t *options,
                       struct fettle_error *err)
{
  const json_t *wanted = json_object_get (given, "component"), *name;
  json_t *ids;
  size_t i;

  if (!json_array_size (wanted))
    return FETTLE_OK;
  ids = json_array ();
  json_object_set_new (options, "components", ids);
  json_object_set_new (options, "install_missing", json_true ());
  json_array_foreach (wanted, i, name) {
    const char *id = find_component (baseline, json_string_value (name));

    if (!id)
      return fettle_error_set (err, FETTLE_E_CONFIG, "%.200s has no component %.200s",
                               fettle_sum_text (baseline, "path"), json_string_value (name));
    json_array_append_new (ids, json_string (id));
  }
  return FETTLE_OK;
}
