/* preload.c - plugins that are linked into a program, as --with-preload does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The loader as a build --with-preload="linux ilo" has it. */
#undef FETTLE_PRELOAD
#define FETTLE_PRELOAD "linux ilo"
#include "../core/plugin/load.c"

/* Is a file of this name mapped into this process? */
static bool
is_mapped (const char *name)
{
  _cleanup_fclose_ FILE *maps = fopen ("/proc/self/maps", "re");
  char line[4096];

  assert_non_null (maps);
  while (fgets (line, sizeof line, maps))
    if (strstr (line, name))
      return true;
  return false;
}

static void
linked_in_plugins_need_no_folder (void **state)
{
  const struct fettle_plugin_info *plugin;
  struct fettle_plugins all;
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_plugins_load (&all, "", &err), FETTLE_OK);
  assert_int_equal (all.n_plugins, 2);
  assert_false (is_mapped ("/linux.so"));
  assert_int_equal (all.n_refusals, 0);
  assert_non_null (fettle_plugins_type (&all, "linux", &plugin));
  assert_null (plugin->path);
  assert_non_null (fettle_plugins_type (&all, "fc-switch", &plugin));
  assert_string_equal (plugin->descriptor.name, "ilo");
  fettle_plugins_clear (&all);
}

static void
they_go_before_those_of_a_folder (void **state)
{
  const char *folder = getenv ("FETTLE_PLUGINDIR"); /* set by ./run: all plugins of the build */
  const struct fettle_plugin_info *plugin;
  struct fettle_plugins all;
  struct fettle_error err;

  (void) state;
  assert_non_null (folder);
  assert_int_equal (fettle_plugins_load (&all, folder, &err), FETTLE_OK);
  assert_non_null (fettle_plugins_type (&all, "linux", &plugin));
  assert_null (plugin->path);
  assert_int_equal (all.n_refusals, 2);
  assert_true (all.refusals[0].spare && all.refusals[1].spare);
  fettle_plugins_clear (&all);
}

static void
one_by_its_name (void **state)
{
  struct fettle_plugin_info info;
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_plugin_load_one (&info, "ilo", &err), FETTLE_OK);
  assert_null (info.path);
  assert_int_equal (info.descriptor.n_node_types, 4);
  fettle_plugin_clear (&info);
  assert_int_equal (fettle_plugin_load_one (&info, "toaster", &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "plugin toaster: "));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (linked_in_plugins_need_no_folder),
    cmocka_unit_test (they_go_before_those_of_a_folder),
    cmocka_unit_test (one_by_its_name),
  };

  return cmocka_run_group_tests_name ("preload", tests, NULL, NULL);
}
