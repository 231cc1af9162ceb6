/* settings.c - the configuration file, the environment, single settings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "util/file.h"
#include "util/nearest.h"
#include "util/settings.h"

static char folder[] = "/tmp/fettle-settings.XXXXXX";

static const char *
write_conf (const char *text)
{
  static char path[128];
  struct fettle_error err;

  snprintf (path, sizeof path, "%s/fettle.conf", folder);
  assert_int_equal (fettle_file_write (path, 0600, text, strlen (text), &err), FETTLE_OK);
  return path;
}

static int
make_folder (void **state)
{
  (void) state;
  unsetenv ("FETTLE_STATE_DIR");
  unsetenv ("FETTLE_PLUGINDIR");
  unsetenv ("FETTLE_LIBEXECDIR");
  return mkdtemp (folder) ? 0 : -1;
}

static int
remove_folder (void **state)
{
  char path[128];

  (void) state;
  snprintf (path, sizeof path, "%s/fettle.conf", folder);
  unlink (path);
  return rmdir (folder);
}

static void
initial_values (void **state)
{
  struct fettle_settings s;
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_settings_init (&s, &err), FETTLE_OK);
  assert_int_equal (s.port, 63001);
  assert_int_equal (s.ssl_port, 63002);
  assert_int_equal (s.ftp_port, 0);
  assert_string_equal (s.api_address, "localhost");
  assert_string_equal (s.host_keys, "tofu");
  assert_false (s.open_firewall);
  assert_int_equal (s.plugindir[0], '/');
  assert_int_equal (s.state_dir[0], '/');
  assert_string_equal (s.worker_user, geteuid () ? "" : "nobody");
  assert_false (fettle_settings_is_set (&s, "ssl_port"));
  fettle_settings_clear (&s);
}

static void
environment_goes_before_the_file (void **state)
{
  struct fettle_settings s;
  struct fettle_error err;

  (void) state;
  setenv ("FETTLE_STATE_DIR", "/from/environment", 1);
  assert_int_equal (fettle_settings_init (&s, &err), FETTLE_OK);
  assert_int_equal (fettle_settings_read (&s, write_conf ("state_dir = \"/from/file\";"), &err),
                    FETTLE_OK);
  assert_string_equal (s.state_dir, "/from/environment");
  assert_true (fettle_settings_is_set (&s, "state_dir"));
  fettle_settings_clear (&s);
  setenv ("FETTLE_STATE_DIR", "relative", 1);
  assert_int_equal (fettle_settings_init (&s, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "FETTLE_STATE_DIR"));
  unsetenv ("FETTLE_STATE_DIR");
}

static void
file_and_options (void **state)
{
  struct fettle_settings s;
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_settings_init (&s, &err), FETTLE_OK);
  assert_int_equal (fettle_settings_read (&s, write_conf ("# ports\nport = 80;\nssl_port = \"443\";\n"
                                                          "host_keys = \"strict\"\n"
                                                          "open_firewall = true;\n"
                                                          "allow_unsigned = \"yes\";\n"
                                                          "api_address = \"127.0.0.1 ::1\";\n"),
                                          &err), FETTLE_OK);
  assert_int_equal (s.port, 80);
  assert_int_equal (s.ssl_port, 443);
  assert_string_equal (s.host_keys, "strict");
  assert_true (s.open_firewall);
  assert_true (s.allow_unsigned);
  assert_string_equal (s.api_address, "127.0.0.1 ::1");
  assert_true (fettle_settings_is_set (&s, "ssl_port"));
  assert_false (fettle_settings_is_set (&s, "workers"));
  assert_int_equal (fettle_settings_set (&s, "port", "8080", &err), FETTLE_OK);
  assert_int_equal (s.port, 8080);
  assert_int_equal (fettle_settings_read (&s, "/nowhere/fettle.conf", &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "/nowhere/fettle.conf"));
  fettle_settings_clear (&s);
}

/* What is wrong in a file, and what the message must hold. */
static const struct {
  const char *text, *says[3];
} wrong[] = {
  { "\nssl_prot = 1;",          { "fettle.conf:2: ", "\"ssl_prot\"", "did you mean \"ssl_port\"?" } },
  { "zzzzzz = 1;",              { "fettle.conf:1: ", "no setting \"zzzzzz\"", "" } },
  { "port = 0;",                { "port is 1 to 65535", "\"0\"", "fettle.conf:1: " } },
  { "port = 65536;",            { "port is 1 to 65535", "\"65536\"", "" } },
  { "port = -1;",               { "port is 1 to 65535", "\"-1\"", "" } },
  { "port = 1.5;",              { "port is a number", "", "" } },
  { "port = ( 1, 2 );",         { "port is a number", "", "" } },
  { "\n\nport = = 1;",          { "fettle.conf:3: ", "syntax error", "name = value;" } },
  { "host_keys = \"tofu strict\";", { "host_keys is one of: tofu strict", "", "" } },
  { "host_keys = true;",        { "host_keys is a text in \"quotes\"", "", "" } },
  { "open_firewall = \"perhaps\";", { "open_firewall is yes or no, not \"perhaps\"", "", "" } },
  { "open_firewall = 1.5;",     { "open_firewall is true or false", "", "" } },
  { "state_dir = \"here\";",    { "state_dir is a path that begins with /", "\"here\"", "" } },
  { "plugindir = \"/a:b\";",    { "plugindir is a list of paths", "\"/a:b\"", "" } },
  { "api_address = \"web1\";",  { "api_address is localhost or IP addresses", "\"web1\"", "" } },
};

static void
wrong_files (void **state)
{
  (void) state;
  for (size_t i = 0; i < COUNT (wrong); i++) {
    struct fettle_settings s;
    struct fettle_error err;

    assert_int_equal (fettle_settings_init (&s, &err), FETTLE_OK);
    assert_int_equal (fettle_settings_read (&s, write_conf (wrong[i].text), &err), FETTLE_E_CONFIG);
    for (size_t j = 0; j < COUNT (wrong[i].says); j++)
      if (!strstr (err.text, wrong[i].says[j]))
        fail_msg ("\"%s\" doesn't say \"%s\"", err.text, wrong[i].says[j]);
    assert_int_equal (s.port, 63001);
    fettle_settings_clear (&s);
  }
}

static void
collect (void *arg, const char *name, const char *value, const char *initial, const char *help)
{
  size_t *n = arg;

  assert_true (*help);
  if (strcmp (name, "workers") == 0) {
    assert_string_equal (value, "7");
    assert_string_equal (initial, "64");
  }
  ++*n;
}

static void
each_setting_once (void **state)
{
  struct fettle_settings s;
  struct fettle_error err;
  size_t n = 0;

  (void) state;
  assert_int_equal (fettle_settings_init (&s, &err), FETTLE_OK);
  assert_int_equal (fettle_settings_set (&s, "workers", "7", &err), FETTLE_OK);
  fettle_settings_each (&s, collect, &n);
  assert_int_equal (n, 41);
  fettle_settings_clear (&s);
}

static void
nearest_name (void **state)
{
  static const char *const names[] = { "plugin", "ports", "plan", "node" };
  static const struct { const char *word, *best; } cases[] = {
    { "plugn", "plugin" }, { "prots", "ports" }, { "PLAN", "plan" }, { "nodes", "node" },
    { "firewall", NULL }, { "", NULL }, { "x", NULL },
  };

  (void) state;
  for (size_t i = 0; i < COUNT (cases); i++) {
    struct fettle_nearest near = FETTLE_NEAREST_INIT (cases[i].word);

    for (size_t j = 0; j < COUNT (names); j++)
      fettle_nearest_try (&near, names[j]);
    if (cases[i].best)
      assert_string_equal (near.best, cases[i].best);
    else
      assert_null (near.best);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (initial_values),
    cmocka_unit_test (environment_goes_before_the_file),
    cmocka_unit_test (file_and_options),
    cmocka_unit_test (wrong_files),
    cmocka_unit_test (each_setting_once),
    cmocka_unit_test (nearest_name),
  };

  return cmocka_run_group_tests_name ("settings", tests, make_folder, remove_folder);
}
