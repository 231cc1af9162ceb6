/* load.c - see load.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <ltdl.h>
#include <sys/stat.h>

#include "plugin/load.h"
#include "plugin/manifest.h"
#include "plugin/packages.h"
#include "util/nearest.h"
#include "util/trusted.h"

#ifdef FETTLE_PRELOAD
/* libtool makes this table for programs that are linked with -dlpreopen.
 * Weak, so that others (unit tests) just have nothing preloaded. */
extern const lt_dlsymlist lt_preloaded_symbols[] __attribute__ ((__weak__));
#endif

enum { MAX_FILES = 1000 }; /* in one folder */

/* ---- One module. ---- */

static fettle_result
start_ltdl (struct fettle_error *err)
{
#ifdef FETTLE_PRELOAD
  if (lt_preloaded_symbols)
    lt_dlpreload_default (lt_preloaded_symbols);
#endif
  if (lt_dlinit ())
    return fettle_error_set (err, FETTLE_E_INTERNAL, "libltdl doesn't start: %s", lt_dlerror ());
  return FETTLE_OK;
}

/* libltdl says "file not found" to whatever is wrong with a module, and finds
 * out about a missing symbol when it is called.  So the system's own loader is
 * asked first; it keeps the module open for libltdl. */
static fettle_result
try_module (const char *path, void **ret, struct fettle_error *err)
{
  *ret = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  return *ret ? FETTLE_OK
              : fettle_error_set (err, FETTLE_E_CONFIG, "it can't be opened: %s", dlerror ());
}

/* Opens with the symbols kept apart from those of other plugins. */
static lt_dlhandle
open_module (const char *path, bool preloaded, struct fettle_error *err)
{
  lt_dladvise advise;
  lt_dlhandle module = NULL;
  void *tried = NULL;

  if (!preloaded && try_module (path, &tried, err))
    return NULL;
  fettle_error_set (err, FETTLE_E_INTERNAL, "libltdl has no memory to open it");
  if (lt_dladvise_init (&advise)) {
    if (tried)
      dlclose (tried);
    return NULL;
  }
  if (!lt_dladvise_local (&advise) && !(preloaded && lt_dladvise_preload (&advise)))
    module = lt_dlopenadvise (path, advise);
  if (!module)
    fettle_error_set (err, FETTLE_E_CONFIG, "it can't be opened: %s", lt_dlerror ());
  lt_dladvise_destroy (&advise);
  if (tried)
    dlclose (tried);
  return module;
}

static fettle_result
take_module (lt_dlhandle module, const char *name, struct fettle_plugin_info *ret,
             struct fettle_error *err)
{
  char symbol[NAME_MAX + sizeof "_LTX_" FETTLE_ENTRY];
  fettle_entry *entry;

  snprintf (symbol, sizeof symbol, "%s_LTX_%s", name, FETTLE_ENTRY);
  *(void **) &entry = lt_dlsym (module, symbol);
  if (!entry)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it has no symbol %s: it isn't a plugin of this Fettle, or "
                             "FETTLE_REGISTER was given another name than the file's", symbol);
  if (fettle_plugin_validate (entry (), ret, err))
    return err->code;
  if (strcmp (ret->descriptor.name, name) != 0) {
    fettle_error_set (err, FETTLE_E_CONFIG, "it calls itself %s, but its file %s",
                      ret->descriptor.name, name);
    fettle_plugin_clear (ret);
    return err->code;
  }
  return FETTLE_OK;
}

/* `name` is what the file is called, without folder and extension. */
static fettle_result
load_module (const char *path, const char *name, struct fettle_plugin_info *ret,
             struct fettle_error *err)
{
  struct fettle_plugin_info info = { 0 };
  _cleanup_free_ char *copy = path ? strdup (path) : NULL;
  char archive[NAME_MAX + sizeof ".a"];
  lt_dlhandle module;

  if (path && !copy)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the plugin %s", name);
  if (start_ltdl (err))
    return err->code;
  snprintf (archive, sizeof archive, "%s.a", name);
  module = open_module (path ? path : archive, !path, err);
  if (module && !take_module (module, name, &info, err)) {
    info.module = module;
    info.path = STEAL (copy);
    *ret = info;
    return FETTLE_OK;
  }
  if (module)
    lt_dlclose (module);
  lt_dlexit ();
  return err->code;
}

void
fettle_plugin_clear (struct fettle_plugin_info *info)
{
  for (uint32_t i = 0; info->node_types && i < info->descriptor.n_node_types; i++) {
    free ((void *) (uintptr_t) info->node_types[i].ports);
    free ((void *) (uintptr_t) info->node_types[i].settings);
  }
  free (info->node_types);
  free (info->path);
  free (info->program);
  free (info->name);
  json_decref (info->manifest);
  if (info->module) {
    lt_dlclose (info->module);
    lt_dlexit ();
  }
  memset (info, 0, sizeof *info);
}

/* ---- Which files may be loaded. ---- */

fettle_result
fettle_plugin_check_file (const char *path, struct fettle_error *err)
{
  struct stat st;

  if (stat (path, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "looking at %s", path);
  if (!S_ISREG (st.st_mode))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a file", path);
  return fettle_trusted_check (path, &st, err);
}

static bool
ends_with (const char *name, const char *end)
{
  size_t n = strlen (name), size = strlen (end);

  return n > size && strcmp (name + n - size, end) == 0;
}

/* "/a/ilo.so" is "ilo"; false when that is no name of a plugin. */
static bool
name_of (const char *path, char ret_name[NAME_MAX + 1])
{
  const char *base = strrchr (path, '/');
  size_t n;

  base = base ? base + 1 : path;
  n = strlen (base);
  if (n > NAME_MAX || (!ends_with (base, FETTLE_MODULE_EXT) && !ends_with (base, FETTLE_MANIFEST_EXT)))
    return false;
  n = (size_t) (strrchr (base, '.') - base);
  if (*base < 'a' || *base > 'z'
      || strspn (base, "abcdefghijklmnopqrstuvwxyz0123456789_") < n)
    return false;
  memcpy (ret_name, base, n);
  ret_name[n] = '\0';
  return true;
}

static fettle_result
load_file (const char *path, struct fettle_plugin_info *ret, struct fettle_error *err)
{
  char name[NAME_MAX + 1];

  if (!name_of (path, name))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "the file of a plugin is called NAME" FETTLE_MODULE_EXT
                             ", its name being [a-z][a-z0-9_]*");
  if (fettle_plugin_check_file (path, err))
    return err->code;
  return ends_with (path, FETTLE_MANIFEST_EXT) ? fettle_manifest_load (path, name, ret, err)
                                               : load_module (path, name, ret, err);
}

fettle_result
fettle_plugin_load_one (struct fettle_plugin_info *ret, const char *path_or_name,
                        struct fettle_error *err)
{
  char name[NAME_MAX + 1];
  _cleanup_free_ char *full = NULL;
  fettle_result r;

  if (!strchr (path_or_name, '/') && !name_of (path_or_name, name)) {
    if (strlen (path_or_name) > NAME_MAX)
      return fettle_error_set (err, FETTLE_E_CONFIG, "this name of a plugin is too long");
    r = load_module (NULL, path_or_name, ret, err);
  } else {
    full = realpath (path_or_name, NULL);
    if (!full)
      return fettle_error_errno (err, FETTLE_E_CONFIG, "the plugin %s can't be opened",
                                 path_or_name);
    r = load_file (full, ret, err);
  }
  return r ? fettle_error_prefix (err, "plugin %s: ", path_or_name) : r;
}

/* ---- All of them. ---- */

/* Keeps the error's text as the reason; FETTLE_OK unless memory is out. */
static fettle_result
refuse (struct fettle_plugins *all, const char *path, struct fettle_error *err)
{
  struct fettle_refusal *more = reallocarray (all->refusals, all->n_refusals + 1, sizeof *more);
  char *copy = strdup (path);

  if (more)
    all->refusals = more;
  if (!more || !copy) {
    free (copy);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the list of plugins");
  }
  more += all->n_refusals++;
  more->path = copy;
  more->spare = err->code == FETTLE_E_BUSY; /* of check_new */
  snprintf (more->text, sizeof more->text, "%.*s", (int) sizeof more->text - 1, err->text);
  return FETTLE_OK;
}

static const char *
origin (const struct fettle_plugin_info *plugin)
{
  return plugin->path ? plugin->path : "what is linked in";
}

/* Does it clash with what there is?  Says with what. */
static fettle_result
check_new (const struct fettle_plugins *all, const struct fettle_plugin_info *info,
           struct fettle_error *err)
{
  const struct fettle_plugin_info *other;

  for (size_t i = 0; i < all->n_plugins; i++)
    if (strcmp (all->plugins[i].descriptor.name, info->descriptor.name) == 0)
      return fettle_error_set (err, FETTLE_E_BUSY,
                               "there is a plugin %s already: %s goes before it",
                               info->descriptor.name, origin (&all->plugins[i]));
  for (uint32_t i = 0; i < info->descriptor.n_node_types; i++)
    if (fettle_plugins_type (all, info->node_types[i].name, &other))
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "the plugin %s (%s) has the node type %s already",
                               other->descriptor.name, origin (other), info->node_types[i].name);
  return FETTLE_OK;
}

static fettle_result
add (struct fettle_plugins *all, const char *path, struct fettle_plugin_info *info,
     struct fettle_error *err)
{
  struct fettle_plugin_info *more;

  if (check_new (all, info, err)) {
    fettle_plugin_clear (info);
    return refuse (all, path, err);
  }
  more = reallocarray (all->plugins, all->n_plugins + 1, sizeof *more);
  if (!more) {
    fettle_plugin_clear (info);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the list of plugins");
  }
  all->plugins = more;
  more[all->n_plugins++] = *info;
  return FETTLE_OK;
}

static bool
is_loaded (const struct fettle_plugins *all, const char *path)
{
  for (size_t i = 0; i < all->n_plugins; i++)
    if (all->plugins[i].path && strcmp (all->plugins[i].path, path) == 0)
      return true;
  return false;
}

static fettle_result
add_file (struct fettle_plugins *all, const char *path, struct fettle_error *err)
{
  struct fettle_plugin_info info;

  if (is_loaded (all, path)) /* a folder that is named twice */
    return FETTLE_OK;
  if (!load_file (path, &info, err))
    return add (all, path, &info, err);
  if (err->code == FETTLE_E_NOMEM)
    return err->code;
  return refuse (all, path, err);
}

static int
is_module (const struct dirent *entry)
{
  return entry->d_name[0] != '.' && (ends_with (entry->d_name, FETTLE_MODULE_EXT)
                                     || ends_with (entry->d_name, FETTLE_MANIFEST_EXT));
}

static fettle_result
add_files (struct fettle_plugins *all, const char *folder, struct dirent **entries, int n,
           struct fettle_error *err)
{
  if (n > MAX_FILES) {
    fettle_error_set (err, FETTLE_E_CONFIG, "it holds more than %d modules: it isn't a folder of "
                      "plugins", MAX_FILES);
    return refuse (all, folder, err);
  }
  for (int i = 0; i < n; i++) {
    char path[PATH_MAX];

    if (snprintf (path, sizeof path, "%s/%s", folder, entries[i]->d_name) >= PATH_MAX)
      continue; /* can't be: realpath made the folder */
    if (add_file (all, path, err))
      return err->code;
  }
  return FETTLE_OK;
}

/* May plugins be taken from this folder?  Gives its path without links;
 * FETTLE_E_UNREACHABLE when there is no such folder. */
static fettle_result
check_folder (const char *folder, char **ret_full, struct fettle_error *err)
{
  struct stat st;

  if (*folder != '/')
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path of a plugin folder begins with /");
  *ret_full = realpath (folder, NULL);
  if (!*ret_full || stat (*ret_full, &st))
    return fettle_error_errno (err, errno == ENOENT ? FETTLE_E_UNREACHABLE : FETTLE_E_CONFIG,
                               "looking at it");
  if (!S_ISDIR (st.st_mode))
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a folder");
  return fettle_trusted_check (*ret_full, &st, err);
}

static void
read_packages (struct fettle_plugins *all, const char *folder)
{
  struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_PACKAGES_MAX);

  fettle_buf_printf (&text, "%s", all->packages ? all->packages : "");
  fettle_packages_read (folder, &text);
  free (all->packages);
  all->packages = strdup (fettle_buf_text (&text));
  fettle_buf_clear (&text);
}

static fettle_result
add_folder (struct fettle_plugins *all, const char *folder, struct fettle_error *err)
{
  _cleanup_free_ char *full = NULL;
  struct dirent **entries;
  fettle_result r = check_folder (folder, &full, err);
  int n;

  if (r)
    return r == FETTLE_E_UNREACHABLE ? FETTLE_OK : refuse (all, folder, err);
  read_packages (all, full);
  n = scandir (full, &entries, is_module, alphasort);
  if (n < 0) {
    fettle_error_errno (err, FETTLE_E_CONFIG, "looking into it");
    return refuse (all, folder, err);
  }
  r = add_files (all, full, entries, n, err);
  for (int i = 0; i < n; i++)
    free (entries[i]);
  free (entries);
  return r;
}

static fettle_result
add_preloaded (struct fettle_plugins *all, struct fettle_error *err)
{
#ifdef FETTLE_PRELOAD
  const char *names = FETTLE_PRELOAD;

  if (!lt_preloaded_symbols)
    return FETTLE_OK;
  while (*(names += strspn (names, " "))) {
    char name[NAME_MAX + 1];
    size_t n = strcspn (names, " ");
    struct fettle_plugin_info info;
    fettle_result r;

    snprintf (name, sizeof name, "%.*s", (int) n, names);
    names += n;
    r = load_module (NULL, name, &info, err) ? refuse (all, name, err)
                                             : add (all, name, &info, err);
    if (r)
      return r;
  }
#else
  (void) all;
  (void) err;
#endif
  return FETTLE_OK;
}

static int
by_name (const void *a, const void *b)
{
  const struct fettle_plugin_info *p = a, *q = b;

  return strcmp (p->descriptor.name, q->descriptor.name);
}

static fettle_result
add_all (struct fettle_plugins *all, const char *folders, struct fettle_error *err)
{
  if (add_preloaded (all, err))
    return err->code;
  while (*(folders += strspn (folders, ":"))) {
    size_t n = strcspn (folders, ":");
    _cleanup_free_ char *folder = strndup (folders, n);

    if (!folder)
      return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the list of plugins");
    if (add_folder (all, folder, err))
      return err->code;
    folders += n;
  }
  return FETTLE_OK;
}

fettle_result
fettle_plugins_load (struct fettle_plugins *ret, const char *folders, struct fettle_error *err)
{
  struct fettle_plugins all = { 0 };

  if (add_all (&all, folders, err)) {
    fettle_plugins_clear (&all);
    return err->code;
  }
  if (all.n_plugins)
    qsort (all.plugins, all.n_plugins, sizeof *all.plugins, by_name);
  *ret = all;
  return FETTLE_OK;
}

const struct fettle_node_type *
fettle_plugins_type (const struct fettle_plugins *all, const char *type,
                     const struct fettle_plugin_info **ret_plugin)
{
  for (size_t i = 0; i < all->n_plugins; i++)
    for (uint32_t j = 0; j < all->plugins[i].descriptor.n_node_types; j++)
      if (strcmp (all->plugins[i].node_types[j].name, type) == 0) {
        if (ret_plugin)
          *ret_plugin = &all->plugins[i];
        return &all->plugins[i].node_types[j];
      }
  return NULL;
}

void
fettle_plugins_hint (const struct fettle_plugins *all, const char *type, char ret[160])
{
  char package[100];

  fettle_packages_find (all->packages, type, package);
  snprintf (ret, 160, *package ? ": install the package %s" : "", package);
}

fettle_result
fettle_plugins_find_type (const struct fettle_plugins *all, const char *type,
                          const struct fettle_node_type **ret,
                          const struct fettle_plugin_info **ret_plugin, struct fettle_error *err)
{
  const struct fettle_node_type *found = fettle_plugins_type (all, type, ret_plugin);
  struct fettle_nearest near = FETTLE_NEAREST_INIT (type);
  char hint[160];

  if (found) {
    *ret = found;
    return FETTLE_OK;
  }
  fettle_plugins_hint (all, type, hint);
  if (*hint)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there is no node type \"%.64s\" here%s", type, hint);
  for (size_t i = 0; i < all->n_plugins; i++)
    for (uint32_t j = 0; j < all->plugins[i].descriptor.n_node_types; j++)
      fettle_nearest_try (&near, all->plugins[i].node_types[j].name);
  if (near.best)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "there is no node type \"%.64s\"; did you mean \"%s\"?", type,
                             near.best);
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "there is no node type \"%.64s\"; fettle plugin list shows those "
                           "there are", type);
}

void
fettle_plugins_clear (struct fettle_plugins *all)
{
  for (size_t i = 0; i < all->n_plugins; i++)
    fettle_plugin_clear (&all->plugins[i]);
  for (size_t i = 0; i < all->n_refusals; i++)
    free (all->refusals[i].path);
  free (all->plugins);
  free (all->refusals);
  free (all->packages);
  memset (all, 0, sizeof *all);
}
