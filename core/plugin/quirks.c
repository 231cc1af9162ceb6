/* quirks.c - see quirks.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fnmatch.h>
#include <libconfig.h>
#include <limits.h>
#include <sys/stat.h>

#include "plugin/load.h"
#include "plugin/quirks.h"
#include "util/buf.h"
#include "util/file.h"

#define VALUE_MAX 8192 /* bytes */

struct file {
  const char *name;
  struct fettle_error *err;
};

static fettle_result
wrong (const struct file *f, const config_setting_t *s, const char *what)
{
  return fettle_error_set (f->err, FETTLE_E_CONFIG, "%s:%u: %s", f->name, config_setting_source_line (s), what);
}

/* A text, a number or a switch as text: added to the buffer. */
static bool
add_value (struct fettle_buf *b, config_setting_t *s)
{
  switch (config_setting_type (s)) {
  case CONFIG_TYPE_STRING:
    return fettle_buf_text_add (b, config_setting_get_string (s));
  case CONFIG_TYPE_INT:
  case CONFIG_TYPE_INT64:
    return fettle_buf_printf (b, "%lld", config_setting_get_int64 (s));
  case CONFIG_TYPE_BOOL:
    return fettle_buf_text_add (b, config_setting_get_bool (s) ? "yes" : "no");
  default:
    return false;
  }
}

static fettle_result
get_value (const struct file *f, config_setting_t *s, json_t *group)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (VALUE_MAX);
  bool list = config_setting_is_list (s) || config_setting_is_array (s), good = true;
  int n = list ? config_setting_length (s) : 1;

  for (int i = 0; i < n && good; i++)
    good = (i == 0 || fettle_buf_text_add (&b, "\n"))
           && add_value (&b, list ? config_setting_get_elem (s, (unsigned) i) : s);
  if (!good)
    return wrong (f, s, "a value is a text in quotes, a number, true, false, or a list of those, of at most "
                  "8192 bytes");
  return json_object_set_new (group, config_setting_name (s), json_string (fettle_buf_text (&b))) == 0
           ? FETTLE_OK : wrong (f, s, "the text isn't UTF-8");
}

static fettle_result
get_group (const struct file *f, config_setting_t *s, json_t *all)
{
  json_t *group = json_object ();
  fettle_result r = config_setting_is_group (s) ? FETTLE_OK : wrong (f, s, "quirks are a list of { models = \"...\"; }");

  for (int i = 0; r == FETTLE_OK && i < config_setting_length (s); i++)
    r = get_value (f, config_setting_get_elem (s, (unsigned) i), group);
  if (r == FETTLE_OK && !json_object_get (group, "models"))
    r = wrong (f, s, "it doesn't say for which models it is");
  if (r != FETTLE_OK)
    json_decref (group);
  else
    json_array_append_new (all, group);
  return r;
}

static fettle_result
get_all (const struct file *f, config_t *config, json_t *all)
{
  config_setting_t *root = config_root_setting (config), *list = config_lookup (config, "quirks");
  fettle_result r = FETTLE_OK;

  if (!list || !config_setting_is_list (list) || config_setting_length (root) != 1)
    return wrong (f, root, "there is to be quirks = ( ... ); and nothing else");
  for (int i = 0; r == FETTLE_OK && i < config_setting_length (list); i++)
    r = get_group (f, config_setting_get_elem (list, (unsigned) i), all);
  return r;
}

fettle_result
fettle_quirks_parse (const char *text, const char *name, json_t *all, struct fettle_error *err)
{
  const struct file f = { name, err };
  config_t config;
  fettle_result r;

  config_init (&config);
  if (config_read_string (&config, text))
    r = get_all (&f, &config, all);
  else
    r = fettle_error_set (err, FETTLE_E_CONFIG, "%s:%d: %s", name, config_error_line (&config),
                          config_error_text (&config));
  config_destroy (&config);
  return r;
}

static fettle_result
read_one (const char *path, json_t *all, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (FETTLE_QUIRKS_MAX);
  struct stat st;
  fettle_result r;

  /* Not access (2), which asks for the real user: of a worker that is another one. */
  if (stat (path, &st) && errno == ENOENT)
    return FETTLE_OK;
  r = fettle_plugin_check_file (path, err);
  if (r == FETTLE_OK)
    r = fettle_file_read (path, &b, err);
  return r == FETTLE_OK ? fettle_quirks_parse (fettle_buf_text (&b), path, all, err) : r;
}

fettle_result
fettle_quirks_read (const char *path, const char *plugin, json_t *all, struct fettle_error *err)
{
  const char *end = path ? strrchr (path, '/') : NULL;
  char file[PATH_MAX];
  fettle_result r;

  snprintf (file, sizeof file, "%.*s/%s.quirks", end ? (int) (end - path) : (int) strlen (FETTLE_PLUGINDIR),
            end ? path : FETTLE_PLUGINDIR, plugin);
  r = read_one (file, all, err);
  snprintf (file, sizeof file, "%s/%s.quirks", FETTLE_SYSCONFDIR, plugin);
  return r == FETTLE_OK ? read_one (file, all, err) : r;
}

static bool
is_for (const json_t *group, const char *model)
{
  const char *p = json_string_value (json_object_get (group, "models"));

  while (p && *p) {
    size_t n = strcspn (p, "\n");
    char pattern[256];

    snprintf (pattern, sizeof pattern, "%.*s", (int) n, p);
    if (fnmatch (pattern, model, FNM_CASEFOLD) == 0)
      return true;
    p += n + (p[n] == '\n');
  }
  return false;
}

const char *
fettle_quirks_find (const json_t *all, const char *model, const char *key)
{
  for (size_t i = json_array_size (all); i-- > 0;) {
    const json_t *group = json_array_get (all, i), *value = json_object_get (group, key);

    if (value && is_for (group, model))
      return json_string_value (value);
  }
  return NULL;
}
