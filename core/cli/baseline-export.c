/* baseline-export.c - fettle baseline export: the components that are picked,
 * as a folder that is a baseline of its own.  Each gets a side file with all
 * that is known of it, since the lists it was described in stay behind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <libconfig.h>
#include <limits.h>

#include "cli/baseline-copy.h"
#include "cli/client.h"
#include "model/version.h"
#include "util/file.h"
#include "util/text.h"

static const char *
text_of (const json_t *object, const char *member)
{
  return json_string_value (json_object_get (object, member));
}

/* ---- Which ones ---- */

static bool
among (const struct fettle_args *args, const char *option, const char *text, bool glob)
{
  const char *value;
  size_t at = 0;

  if (!fettle_args_flag (args, option))
    return true;
  while ((value = fettle_args_next (args, option, &at)))
    if (text && (glob ? fnmatch (value, text, 0) == 0 : strcmp (value, text) == 0))
      return true;
  return false;
}

/* Is another of the picked ones for the same thing, and newer? */
static bool
is_older (const json_t *picked, const json_t *component)
{
  const json_t *other;
  size_t i;

  json_array_foreach (picked, i, other) {
    int order;

    if (json_equal (json_object_get (other, "match"), json_object_get (component, "match"))
        && json_equal (json_object_get (other, "arch"), json_object_get (component, "arch"))
        && fettle_version_compare_schemes (text_of (component, "scheme"),
                                           text_of (component, "version"), text_of (other, "scheme"),
                                           text_of (other, "version"), &order)
        && order < 0)
      return true;
  }
  return false;
}

static fettle_result
pick (struct fettle_client *client, const struct fettle_args *args, json_t *picked,
      struct fettle_error *err)
{
  for (size_t i = 0; i < args->n_words; i++) {
    _cleanup_free_ char *path = fettle_client_path ("/baselines/", args->words[i], "");
    _cleanup_json_ json_t *baseline = NULL;
    json_t *component;
    size_t k;

    if (fettle_client_call (client, "GET", path, NULL, &baseline, err))
      return err->code;
    json_array_foreach (json_object_get (baseline, "components"), k, component)
      if (among (args, "component", text_of (component, "id"), false)
          && among (args, "kind", text_of (component, "kind"), false)
          && among (args, "only", text_of (component, "name"), true)) {
        json_object_set (component, "folder", json_object_get (baseline, "path"));
        json_array_append (picked, component);
      }
  }
  return FETTLE_OK;
}

/* ---- Side files ---- */

static void
put_text (config_setting_t *to, const char *name, const char *text)
{
  if (text && *text)
    config_setting_set_string (config_setting_add (to, name, CONFIG_TYPE_STRING), text);
}

/* Words or a list of texts; the first `skip` are left out. */
static void
put_list (config_setting_t *to, const char *name, const json_t *list, const char *member, size_t skip)
{
  config_setting_t *array;
  const json_t *value;
  size_t i;

  if (json_array_size (list) <= skip)
    return;
  array = config_setting_add (to, name, CONFIG_TYPE_ARRAY);
  json_array_foreach (list, i, value)
    if (i >= skip)
      config_setting_set_string_elem (
        array, -1, member ? text_of (value, member) : json_string_value (value));
}

static json_t *
words_of (const char *text)
{
  json_t *list = json_array ();

  for (size_t n; text && *text; text += n + (text[n] == ' ')) {
    n = strcspn (text, " ");
    json_array_append_new (list, json_stringn (text, n));
  }
  return list;
}

static void
put_prerequisites (config_setting_t *to, const json_t *list)
{
  config_setting_t *all, *one;
  const json_t *p;
  size_t i;

  if (json_array_size (list) == 0)
    return;
  all = config_setting_add (to, "prerequisites", CONFIG_TYPE_LIST);
  json_array_foreach (list, i, p) {
    one = config_setting_add (all, NULL, CONFIG_TYPE_GROUP);
    put_text (one, "match", text_of (p, "match"));
    put_text (one, "min_version", text_of (p, "min_version"));
    config_setting_set_bool (config_setting_add (one, "hard", CONFIG_TYPE_BOOL),
                             json_is_true (json_object_get (p, "hard")));
  }
}

static void
put_all (config_setting_t *root, const json_t *c)
{
  static const char *const texts[] = { "name", "version", "scheme", "format", "kind", "arch",
                                       "summary" };
  _cleanup_json_ json_t *match = words_of (text_of (c, "match"));
  const char *reboot = text_of (c, "reboot");

  for (size_t i = 0; i < COUNT (texts); i++)
    put_text (root, texts[i], text_of (c, texts[i]));
  put_list (root, "match", match, NULL, 0);
  put_list (root, "node_types", json_object_get (c, "node_types"), NULL, 0);
  put_list (root, "files", json_object_get (c, "files"), "name", 1);
  config_setting_set_int (config_setting_add (root, "order", CONFIG_TYPE_INT),
                          (int) json_integer_value (json_object_get (c, "order")));
  config_setting_set_bool (config_setting_add (root, "reboot", CONFIG_TYPE_BOOL),
                           reboot && strcmp (reboot, "yes") == 0);
  config_setting_set_bool (config_setting_add (root, "install_missing", CONFIG_TYPE_BOOL),
                           json_is_true (json_object_get (c, "install_missing")));
  put_prerequisites (root, json_object_get (c, "prerequisites"));
}

static fettle_result
write_side (const json_t *component, const char *to, struct fettle_error *err)
{
  const json_t *payload = json_array_get (json_object_get (component, "files"), 0);
  char path[2 * PATH_MAX];
  config_t config;
  int good;

  snprintf (path, sizeof path, "%s/%s.component.cfg", to, text_of (payload, "name"));
  config_init (&config);
  put_all (config_root_setting (&config), component);
  good = config_write_file (&config, path);
  config_destroy (&config);
  return good ? FETTLE_OK : fettle_error_errno (err, FETTLE_E_CONFIG, "writing %.400s", path);
}

/* ---- The command ---- */

/* One of several that a file has: a side file would say the same of all.  A
 * package describes them itself. */
static bool
is_part (const json_t *component)
{
  const char *id = text_of (component, "id");
  const char *path = text_of (json_array_get (json_object_get (component, "files"), 0), "path");

  return strcmp (id, path) != 0;
}

static bool
describes_itself (const json_t *component, const char *to)
{
  const json_t *payload = json_array_get (json_object_get (component, "files"), 0);
  char path[2 * PATH_MAX], head[2] = "";
  _cleanup_close_ int fd = -1;

  snprintf (path, sizeof path, "%s/%s", to, text_of (payload, "name"));
  fd = open (path, O_RDONLY | O_CLOEXEC);
  return fettle_has_word ("fwpkg vib zip cab scexe", text_of (component, "format"))
         && pread (fd, head, 2, 0) == 2 && (memcmp (head, "PK", 2) == 0 || memcmp (head, "MS", 2) == 0);
}

static fettle_result
describe (const json_t *component, const char *to, struct fettle_error *err)
{
  if (!is_part (component))
    return write_side (component, to, err);
  return describes_itself (component, to)
           ? FETTLE_OK
           : fettle_error_set (err, FETTLE_E_UNSUPPORTED, "its file is several components by what lies "
                               "beside it: copy the file with that");
}

static fettle_result
export_component (const struct fettle_cli *cli, const json_t *component, const char *to,
                  struct fettle_error *err)
{
  const char *from = text_of (component, "folder");
  const json_t *file;
  size_t i;

  if (text_of (component, "tree"))
    return fettle_copy_tree (cli, from, component, to, err);
  json_array_foreach (json_object_get (component, "files"), i, file)
    if (fettle_copy_file (cli, from, file, to, err))
      return err->code;
  return describe (component, to, err);
}

static int
run_export (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *picked = json_array ();
  const char *to = fettle_args_value (args, "to");
  struct fettle_error err;
  json_t *component;
  size_t i, n = 0;

  if (!to)
    return fettle_cli_usage ("where to? give --to DIR");
  if (fettle_client_open (cli, true, &client, &err) || pick (client, args, picked, &err)
      || fettle_make_folder (to, 0755, &err))
    return fettle_cli_fail (&err);
  json_array_foreach (picked, i, component) {
    if (fettle_args_flag (args, "latest") && is_older (picked, component))
      continue;
    if (export_component (cli, component, to, &err)) {
      fettle_error_prefix (&err, "%.200s: ", text_of (component, "id"));
      return fettle_cli_fail (&err);
    }
    n++;
  }
  if (n == 0)
    return fettle_cli_usage ("no component of these baselines is meant");
  fettle_cli_notice (cli, "%zu component%s in %s; now: fettle baseline sign %s, fettle baseline add %s",
                     n, n == 1 ? "" : "s", to, to, to);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option options[] = {
  { "to",        0, "DIR",  "the folder to write, made if need be" },
  { "component", 0, "ID",   "only this component; may be repeated" },
  { "kind",      0, "firmware|driver|package|os", "only components of this kind; may be repeated" },
  { "only",      0, "GLOB", "only components with such a name, like 'NIC*'; may be repeated" },
  { "latest",    0, NULL,   "of several for the same thing, only the newest" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_baseline_export = {
  "baseline", "export", "BASELINE...", 1, SIZE_MAX, "write picked components to a folder of their own",
  0, FETTLE_FORMAT_TEXT, options, run_export,
};
