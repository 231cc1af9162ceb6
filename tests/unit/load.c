/* load.c - descriptors: what is refused, and with which message; copies of
 * older and newer ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "plugin/load.h"

/* ---- A descriptor that is right, made anew for each case. ---- */

static struct fettle_port ports[3];
static struct fettle_setting settings[2];
static struct fettle_node_type types[2];
static struct fettle_plugin plugin;

static const struct fettle_port right_ports[] = {
  FETTLE_TO   (FETTLE_BOTH, FETTLE_TCP, 22, "SSH"),
  FETTLE_TO   (FETTLE_BOTH, FETTLE_UDP, 137, "names"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP, "pull"),
};

static const struct fettle_setting right_settings[] = {
  { "ssh_port", FETTLE_SETTING_PORT, 22, "22",  "port of SSH" },
  { "careful",  FETTLE_SETTING_BOOL, 0,  "yes", "be careful" },
};

static void
make_right (void)
{
  memcpy (ports, right_ports, sizeof ports);
  memcpy (settings, right_settings, sizeof settings);
  memset (types, 0, sizeof types);
  types[0] = (struct fettle_node_type) {
    .name = "one", .title = "One", .position = 1000, .hosts = FETTLE_HOST_LINUX,
    .ports = ports, .n_ports = COUNT (ports),
    .settings = settings, .n_settings = COUNT (settings), .services = "ssh/1",
  };
  types[1] = (struct fettle_node_type) {
    .name = "two-2", .title = "Two", .position = 1010, .hosts = FETTLE_HOST_WINDOWS,
  };
  plugin = (struct fettle_plugin) {
    FETTLE_HEAD, .name = "test", .version = "1", .description = "A test",
    .node_types = types, .n_node_types = COUNT (types),
  };
}

static void
a_right_one_is_copied (void **state)
{
  struct fettle_plugin_info info;
  struct fettle_error err;

  (void) state;
  make_right ();
  assert_int_equal (fettle_plugin_validate (&plugin, &info, &err), FETTLE_OK);
  memset (ports, 0xff, sizeof ports);
  memset (types, 0xff, sizeof types);
  assert_int_equal (info.descriptor.n_node_types, 2);
  assert_ptr_equal (info.descriptor.node_types, info.node_types);
  assert_string_equal (info.node_types[1].name, "two-2");
  assert_int_equal (info.node_types[0].ports[1].first, 137);
  assert_string_equal (info.node_types[0].settings[0].name, "ssh_port");
  fettle_plugin_clear (&info);
}

/* ---- What is wrong, one at a time, and what the message must hold. ---- */

#define WRONGS                                                                                  \
  X (plugin.abi = 2,                        "version 2 of the plugin ABI, and this Fettle has 1") \
  X (plugin.struct_size = 16,               "16 bytes is no struct fettle_plugin")              \
  X (plugin.struct_size = 1u << 20,         "is no struct fettle_plugin")                       \
  X (plugin.node_type_size = 24,            "node_type_size, port_size or setting_size")        \
  X (plugin.port_size = 8,                  "node_type_size, port_size or setting_size")        \
  X (plugin.setting_size = 8,               "node_type_size, port_size or setting_size")        \
  X (plugin.flags = 1u << 16,               "flags 0x10000 are from a newer Fettle")            \
  X (plugin.reserved = 1,                   "reserved member")                                  \
  X (plugin.name = NULL,                    "plugin's name is [a-z][a-z0-9_]*")                 \
  X (plugin.name = "Test",                  "plugin's name is [a-z][a-z0-9_]*")                 \
  X (plugin.name = "a-b",                   "plugin's name is [a-z][a-z0-9_]*")                 \
  X (plugin.version = "",                   "version is a line")                                \
  X (plugin.description = NULL,             "description is a line")                            \
  X (plugin.description = "a\nb",           "description is a line")                            \
  X (plugin.description = "\xff",           "description is a line")                            \
  X (plugin.n_node_types = 0,               "n_node_types is 1 to 64")                          \
  X (plugin.n_node_types = 65,              "n_node_types is 1 to 64")                          \
  X (plugin.node_types = NULL,              "n_node_types is 1 to 64")                          \
  X (types[0].name = NULL,                  "node type 1: the name is [a-z][a-z0-9-]*")         \
  X (types[1].name = "a_b",                 "node type 2: the name is [a-z][a-z0-9-]*")         \
  X (types[1].name = "one",                 "node type one is there twice")                     \
  X (types[1].title = "",                   "node type two-2: the title is a line")             \
  X (types[1].title = "A, B",               "node type two-2: the title is a line")             \
  X (types[1].hosts = 0,                    "node type two-2: hosts names no system")           \
  X (types[1].hosts = 1u << 9,              "node type two-2: hosts names no system")           \
  X (types[1].flags = 1u << 31,             "two-2: flags 0x80000000 are from a newer Fettle")  \
  X (types[1].reserved = 1,                 "two-2: the reserved member")                       \
  X (types[1].n_ports = 1,                  "node type 2: n_ports doesn't fit")                 \
  X (types[0].n_ports = 257,                "node type 1: n_ports doesn't fit")                 \
  X (types[1].n_settings = 1,               "node type 2: n_settings doesn't fit")              \
  X (types[0].services = "ssh/2",           "needs the service ssh/2, and this Fettle has http/1") \
  X (types[0].services = "ssh",             "services are written")                             \
  X (types[0].services = "ssh/1  stream/1", "services are written")                             \
  X (types[0].wants = "serve",              "services are written")                             \
  X (ports[0].phases = 0,                   "node type one: port row 1: phases are")            \
  X (ports[0].phases = 4,                   "node type one: port row 1: phases are")            \
  X (ports[0].direction = 3,                "port row 1: the direction is")                     \
  X (ports[0].protocol = 1,                 "port row 1: the protocol is")                      \
  X (ports[1].flags = 1u << 20,             "port row 2: flags 0x100000 are from a newer")      \
  X (ports[1].purpose = NULL,               "port row 2: the purpose is a line")                \
  X (ports[1].purpose = "",                 "port row 2: the purpose is a line")                \
  X (ports[0].listener = 1,                 "port row 1: a port to the target has no listener") \
  X (ports[0].first = 0,                    "port row 1: a port to the target is a number")     \
  X (ports[0].first = 23,                   "port row 1: the range begins after its end")       \
  X (ports[2].listener = 0,                 "port row 3: a port from the target is one of our") \
  X (ports[2].listener = 4,                 "port row 3: a port from the target is one of our") \
  X (ports[2].first = 63001,                "port row 3: a port from the target has no number") \
  X (ports[2].protocol = FETTLE_UDP,        "port row 3: our listeners are TCP")                \
  X (ports[1] = ports[0],                   "port row 2: row 1 declares the same")              \
  X (settings[0].name = "ssh-port",         "setting 1: the name is [a-z][a-z0-9_]*")           \
  X (settings[0].type = 5,                  "setting ssh_port: its type isn't known")           \
  X (settings[0].moves = 23,                "ssh_port: it moves TCP port 23 of the target, which isn't") \
  X (settings[0].moves = 137,               "ssh_port: it moves TCP port 137 of the target")    \
  X (settings[0].initial = "0",             "setting ssh_port: the initial value is a port")    \
  X (settings[1].initial = "on",            "setting careful: the initial value is \"yes\"")    \
  X (settings[1].moves = 22,                "setting careful: only a setting of type")          \
  X (settings[1].help = NULL,               "setting careful: the help is a line")              \
  X (settings[1].name = "ssh_port",         "setting ssh_port is there twice")                  \
  X ((settings[1] = settings[0], settings[1].name = "other"), "other: ssh_port moves the same") \
  X ((settings[1].type = FETTLE_SETTING_UINT, settings[1].initial = "-1"), "isn't a number")

enum {
#define X(what, says) + 1
  N_WRONGS = 0 WRONGS
#undef X
};

static const char *
break_it (int i)
{
  int n = 0;

#define X(what, says)                                                         \
  if (i == n++) {                                                             \
    (void) (what);                                                            \
    return says;                                                              \
  }
  WRONGS
#undef X
  return NULL;
}

static void
each_wrong_one_is_refused (void **state)
{
  (void) state;
  for (int i = 0; i < N_WRONGS; i++) {
    struct fettle_plugin_info info;
    struct fettle_error err = { 0 };
    const char *says;

    make_right ();
    says = break_it (i);
    if (!fettle_plugin_validate (&plugin, &info, &err))
      fail_msg ("taken, though it should be refused: %s", says);
    if (!strstr (err.text, says))
      fail_msg ("\"%s\" doesn't say \"%s\"", err.text, says);
  }
}

static void
low_flags_and_unknown_wants_are_ignored (void **state)
{
  struct fettle_plugin_info info;
  struct fettle_error err;

  (void) state;
  make_right ();
  plugin.flags = types[0].flags = ports[0].flags = 0x8000;
  types[0].wants = "teleport/7";
  types[0].hosts |= 1u << 9;
  assert_int_equal (fettle_plugin_validate (&plugin, &info, &err), FETTLE_OK);
  fettle_plugin_clear (&info);
}

/* ---- Sizes of other headers. ---- */

struct newer_port { struct fettle_port old; uint64_t more; };
struct newer_setting { struct fettle_setting old; const char *more; };
struct newer_type { struct fettle_node_type old; void (*more) (void); uint32_t more2; };
struct newer_plugin { struct fettle_plugin old; const char *more[3]; };

static void
a_newer_one_is_cut (void **state)
{
  struct newer_port p[2] = { { right_ports[0], UINT64_MAX }, { right_ports[2], 7 } };
  struct newer_setting s[2] = { { right_settings[0], "x" }, { right_settings[1], "y" } };
  struct newer_type t[2];
  struct newer_plugin n;
  struct fettle_plugin_info info;
  struct fettle_error err;

  (void) state;
  make_right ();
  memset (t, 0xff, sizeof t);
  memset (&n, 0xff, sizeof n);
  t[0].old = types[0];
  t[0].old.ports = &p[0].old;
  t[0].old.n_ports = 2;
  t[0].old.settings = &s[0].old;
  t[1].old = types[1];
  n.old = plugin;
  n.old.node_types = &t[0].old;
  n.old.struct_size = sizeof n;
  n.old.node_type_size = sizeof t[0];
  n.old.port_size = sizeof p[0];
  n.old.setting_size = sizeof s[0];
  assert_int_equal (fettle_plugin_validate (&n.old, &info, &err), FETTLE_OK);
  assert_string_equal (info.node_types[1].name, "two-2");
  assert_int_equal (info.node_types[0].ports[1].listener, FETTLE_LISTEN_HTTP);
  assert_string_equal (info.node_types[0].settings[1].name, "careful");
  fettle_plugin_clear (&info);
}

static fettle_result
no_reach_back (FETTLE_CALL, const char *url);

static fettle_result
no_reach_back (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t,
               const char *url)
{
  (void) h; (void) c; (void) t; (void) url;
  return FETTLE_E_INTERNAL;
}

static void
an_older_one_is_filled_with_zeros (void **state)
{
  /* Its node types end before reach_back; what is there is the next thing in memory. */
  const uint32_t stride = offsetof (struct fettle_node_type, reach_back);
  char memory[2 * sizeof (struct fettle_node_type)];
  struct fettle_plugin_info info;
  struct fettle_error err;

  (void) state;
  make_right ();
  types[0].reach_back = types[1].reach_back = no_reach_back;
  memset (memory, 0xff, sizeof memory);
  memcpy (memory, &types[0], stride);
  memcpy (memory + stride, &types[1], stride);
  plugin.node_types = (const struct fettle_node_type *) (void *) memory;
  plugin.node_type_size = stride;
  plugin.struct_size = offsetof (struct fettle_plugin, reserved);
  plugin.reserved = 0xffffffff;
  assert_int_equal (fettle_plugin_validate (&plugin, &info, &err), FETTLE_OK);
  assert_int_equal (info.descriptor.reserved, 0);
  assert_string_equal (info.node_types[1].name, "two-2");
  assert_null (info.node_types[0].reach_back);
  assert_null (info.node_types[1].reach_back);
  fettle_plugin_clear (&info);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (a_right_one_is_copied),
    cmocka_unit_test (each_wrong_one_is_refused),
    cmocka_unit_test (low_flags_and_unknown_wants_are_ignored),
    cmocka_unit_test (a_newer_one_is_cut),
    cmocka_unit_test (an_older_one_is_filled_with_zeros),
  };

  return cmocka_run_group_tests_name ("load", tests, NULL, NULL);
}
