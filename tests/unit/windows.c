/* windows.c - plugins/windows: arguments of remote procedures, as another
 * client of them writes them; answers; tables; what WMI says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/windows/commands.h"
#include "../../plugins/windows/run.h"
#include "../../plugins/windows/wmi.h"

const unsigned char windows_target[] = { 0 };
const size_t windows_target_size = 0;

/* ---- a host whose node answers what it is told ---- */

static struct {
  uint32_t opnum;
  unsigned char asked[4096];
  size_t n_asked;
  const unsigned char *answers[8]; /* NULL: the connection is lost */
  size_t sizes[8], calls;
  const char *file, *token;        /* what of a run's folder is there */
  char text[4000]; /* errors, logs, items, tokens: a line each */
} node;

static void
say (const char *a, const char *b)
{
  size_t n = strlen (node.text);

  snprintf (node.text + n, sizeof node.text - n, "%s%s\n", a, b);
}

static void
host_log (fettle_ctx *c, uint32_t level, const char *text)
{
  (void) c;
  (void) level;
  say ("log ", text);
}

static fettle_result
host_error (fettle_ctx *c, fettle_result code, const char *text)
{
  (void) c;
  say ("error ", text);
  return code;
}

static const char *
host_quirk (fettle_ctx *c, const char *model, const char *key)
{
  static const char *const rows[][3] = {
    { "Win32_DiskDrive", "kind",    "firmware" },
    { "Win32_DiskDrive", "unless",  "FirmwareRevision" },
    { "Win32_DiskDrive", "id",      "{SerialNumber}" },
    { "Win32_DiskDrive", "name",    "{Model}" },
    { "Win32_DiskDrive", "version", "{FirmwareRevision}" },
    { "Win32_DiskDrive", "match",   "disk:{Model}" },
    { "Win32_Tpm",       "kind",    "hardware" },
    { "Win32_Tpm",       "id",      "{ManufacturerId}" },
    { "Win32_Tpm",       "tpm",     "IsEnabled_InitialValue=true" },
    { "exe",             "command", "\"{folder}\\{file}\" /s{force}" },
    { "exe",             "force",   " /f" },
    { "exe",             "exits",   "0:failed:not installed\n1:installed\n2:reboot\n3:same" },
    { "cab",             "script",  "@echo off\ncd \"{folder}\"" },
  };

  (void) c;
  for (size_t i = 0; i < FETTLE_COUNT (rows); i++)
    if (strcmp (rows[i][0], model) == 0 && strcmp (rows[i][1], key) == 0)
      return rows[i][2];
  return NULL;
}

static fettle_result
host_add_item (fettle_ctx *c, const struct fettle_item *i)
{
  char line[900];

  (void) c;
  snprintf (line, sizeof line, "%s|%s|%s|%s|%s|%u", i->kind, i->id, i->name, i->version, i->match ? i->match : "-",
            (unsigned) i->flags);
  say ("item ", line);
  return FETTLE_OK;
}

static fettle_result
rpc_call (fettle_ctx *c, int32_t handle, uint32_t opnum, const void *in, size_t n, uint32_t timeout_ms, const void **out,
          size_t *ret_n)
{
  (void) c;
  (void) timeout_ms;
  assert_int_equal (handle, 1);
  assert_true (n <= sizeof node.asked);
  memcpy (node.asked, in, n);
  node.n_asked = n;
  node.opnum = opnum;
  *out = node.answers[node.calls];
  *ret_n = node.sizes[node.calls];
  node.calls++;
  return *out ? FETTLE_OK : FETTLE_E_UNREACHABLE;
}

static int32_t
rpc_open (fettle_ctx *c, uint32_t port, const char *pipe, const char *uuid, uint16_t major, uint16_t minor)
{
  (void) c;
  (void) uuid;
  (void) minor;
  return port == 0 && pipe && major ? 1 : -1;
}

static void
rpc_close (fettle_ctx *c, int32_t handle)
{
  (void) c;
  assert_int_equal (handle, 1);
}

/* Folders are there, of files one. */
static fettle_result
stat_file (fettle_ctx *c, const char *share, const char *path, struct fettle_smb_entry *ret)
{
  const char *name = strrchr (path, '/');

  (void) c;
  (void) ret;
  assert_string_equal (share, "ADMIN$");
  return strcmp (path, "fettle-remote-registry") != 0 && (!name || (node.file && strcmp (name + 1, node.file) == 0))
           ? FETTLE_OK : FETTLE_E_REJECTED;
}

static uint32_t
smb_status (fettle_ctx *c)
{
  (void) c;
  return FETTLE_NT_NAME_NOT_FOUND;
}

static void
smb_disconnect (fettle_ctx *c)
{
  (void) c;
}

static const struct fettle_smb smb = {
  .struct_size = sizeof smb, .version = 1, .disconnect = smb_disconnect, .status = smb_status, .stat = stat_file,
  .rpc_open = rpc_open, .rpc_call = rpc_call, .rpc_close = rpc_close,
};

static const void *
host_service (fettle_ctx *c, const char *name, uint32_t version)
{
  (void) c;
  return strcmp (name, "smb") == 0 && version == 1 ? &smb : NULL;
}

static const char *
host_setting (fettle_ctx *c, const char *name)
{
  (void) c;
  (void) name;
  return NULL;
}

static const char *
host_token (fettle_ctx *c)
{
  (void) c;
  return node.token;
}

static void
host_progress (fettle_ctx *c, uint32_t permille, const char *step)
{
  (void) c;
  assert_true (permille <= 1000 && step);
}

static fettle_result
host_again (fettle_ctx *c, uint32_t delay_s, const char *token)
{
  (void) c;
  (void) delay_s;
  say ("again ", token);
  return FETTLE_AGAIN;
}

static const struct fettle_host host = {
  .struct_size = sizeof host, .abi = FETTLE_ABI, .log = host_log, .error = host_error, .quirk = host_quirk,
  .add_item = host_add_item, .service = host_service, .setting = host_setting, .token = host_token,
  .progress = host_progress, .again = host_again,
};
static const struct fettle_target target = { .struct_size = sizeof target, .address = "10.0.0.1", .operation = "t-1" };
static const struct win w = { .h = &host, .t = &target, .smb = &smb };
static const struct ndr_handle handle = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 } };

static void
answer (const void *data, size_t n)
{
  memset (&node, 0, sizeof node);
  node.answers[0] = data;
  node.sizes[0] = n;
}

/* What was asked is this, in hex; "??": padding or a pointer's number, which
 * each client chooses. */
static void
asked (uint32_t opnum, const char *hex)
{
  char got[2 * sizeof node.asked + 1] = "";

  for (size_t i = 0; i < node.n_asked; i++)
    snprintf (got + 2 * i, 3, "%02x", node.asked[i]);
  assert_int_equal (node.opnum, opnum);
  assert_int_equal (strlen (got), strlen (hex));
  for (size_t i = 0; hex[i]; i++)
    if (hex[i] == '?')
      got[i] = '?';
  assert_string_equal (got, hex);
}

#define HANDLE "000102030405060708090a0b0c0d0e0f10111213"
static const unsigned char good[24]; /* a handle of zeroes, and no error */

/* The bytes are those of impacket 0.10, which Windows understands. */
static void
test_registry_requests (void **state)
{
  struct registry g = { .w = &w, .pipe = 1, .machine = handle };
  struct ndr_handle key;
  int was_there;
  static const unsigned char made[32] = { [20] = 1, [24] = 1 };

  (void) state;
  answer (good, sizeof good);
  assert_int_equal (reg_open (&g, NULL, "A\\bc", &key), FETTLE_OK);
  asked (15, HANDLE "0a000a00????????" "050000000000000005000000" "41005c00620063000000????" "00000000" "19000200");
  answer (made, sizeof made);
  assert_int_equal (reg_create (&g, "k", 1, &key, &was_there), FETTLE_OK);
  assert_false (was_there);
  asked (6, HANDLE "04000400????????" "020000000000000002000000" "6b000000" "02000200????????" "010000000000000001000000" "0000????"
         "01000000" "00000002" "00000000" "????????" "00000000");
}

static void
test_service_requests (void **state)
{
  static const unsigned char created[28];
  struct services s = { .w = &w, .pipe = 1, .manager = handle };
  struct ndr_handle service;
  struct svc_status st;
  uint32_t win32;
  int was_there;

  (void) state;
  answer (created, sizeof created);
  assert_int_equal (svc_create (&s, "fettle-1", "\"x\"", SVC_DEMAND, &service, &was_there), FETTLE_OK);
  asked (12, HANDLE "090000000000000009000000" "66006500740074006c0065002d0031000000????" "????????" "090000000000000009000000"
         "66006500740074006c0065002d0031000000????" "37000100" "10000000" "03000000" "00000000"
         "040000000000000004000000" "2200780022000000" "00000000000000000000000000000000000000000000000000000000");
  answer (good, sizeof good);
  assert_int_equal (svc_open (&s, "a", &service), FETTLE_OK);
  asked (16, HANDLE "020000000000000002000000" "61000000" "37000100");
  answer (good + 20, 4);
  assert_int_equal (svc_start (&s, &handle, "a", &win32), FETTLE_OK);
  asked (19, HANDLE "0000000000000000");
  answer (good + 20, 4);
  assert_int_equal (svc_set_start (&s, &handle, "a", SVC_DISABLED), FETTLE_OK);
  asked (11, HANDLE "ffffffff" "04000000" "ffffffff" "000000000000000000000000000000000000000000000000000000000000000000000000");
  answer (good + 20, 4);
  svc_status (&s, &handle, &st);
  asked (40, HANDLE "00000000" "24000000");
}

/* ---- answers ---- */

static void
test_registry_answers (void **state)
{
  static const unsigned char text[] = { 4, 0, 2, 0, 1, 0, 0, 0, 8, 0, 2, 0, 6, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 'A', 0, 0xe9, 0, 0, 0, 0, 0,
                                        12, 0, 2, 0, 6, 0, 0, 0, 16, 0, 2, 0, 6, 0, 0, 0, 0, 0, 0, 0 };
  static const unsigned char more[] = { 4, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 12, 0, 2, 0, 0, 0x20, 0, 0, 16, 0, 2, 0, 0, 0, 0, 0, 234, 0, 0, 0 };
  static const unsigned char absent[28] = { [24] = 2 }, broken[] = { 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0 };
  struct registry g = { .w = &w, .pipe = 1, .machine = handle };
  struct reg_value v;
  char to[40];

  (void) state;
  answer (text, sizeof text);
  assert_int_equal (reg_text (&g, &handle, "x", to, sizeof to), FETTLE_OK);
  assert_string_equal (to, "A\xc3\xa9");
  answer (more, sizeof more);
  node.answers[1] = text;
  node.sizes[1] = sizeof text;
  assert_int_equal (reg_text (&g, &handle, "x", to, sizeof to), FETTLE_OK);
  assert_int_equal (node.calls, 2);
  assert_string_equal (to, "A\xc3\xa9");
  answer (absent, sizeof absent);
  assert_int_equal (reg_value (&g, &handle, "x", &v), WIN_NONE);
  assert_string_equal (node.text, "");
  answer (broken, sizeof broken);
  assert_int_equal (reg_value (&g, &handle, "x", &v), FETTLE_E_PROTOCOL);
  assert_non_null (strstr (node.text, "nonsense"));
  assert_null (v.data);
}

static void
test_refusals (void **state)
{
  static const unsigned char denied[28] = { [24] = 5 }, there_is_none[24] = { [20] = 0x24, [21] = 4 };
  struct services s = { .w = &w, .pipe = 1, .manager = handle };
  struct ndr_handle service;
  int was_there;

  (void) state;
  answer (denied, sizeof denied);
  assert_int_equal (svc_create (&s, "x", "y", SVC_DEMAND, &service, &was_there), FETTLE_E_AUTH);
  assert_non_null (strstr (node.text, "LocalAccountTokenFilterPolicy"));
  answer (there_is_none, sizeof there_is_none);
  assert_int_equal (svc_open (&s, "x", &service), WIN_NONE);
}

static void
test_text (void **state)
{
  static const unsigned char emoji[] = { 0x3d, 0xd8, 0x00, 0xde, 'a', 0 }, half[] = { 0x3d, 0xd8, 'a', 0, 7, 0 };
  static const unsigned char list[] = { 'a', 0, 0, 0, 'b', 0, 0, 0, 0, 0, 'c', 0 };
  char to[16];

  (void) state;
  assert_string_equal (ndr_text (to, sizeof to, emoji, sizeof emoji), "\xf0\x9f\x98\x80" "a");
  assert_string_equal (ndr_text (to, 4, emoji, sizeof emoji), "");
  assert_string_equal (ndr_text (to, sizeof to, half, sizeof half), "?a?");
  assert_string_equal (ndr_texts (to, sizeof to, list, sizeof list), "a\nb");
  assert_string_equal (ndr_text (to, sizeof to, list, 1), "");
}

/* ---- the machine's table ---- */

static size_t
add_structure (unsigned char *to, unsigned type, const unsigned char *body, size_t n, const char *strings, size_t m)
{
  to[0] = (unsigned char) type;
  to[1] = (unsigned char) (n + 4);
  to[2] = to[3] = 0;
  memcpy (to + 4, body, n);
  memcpy (to + 4 + n, strings, m);
  return 4 + n + m;
}

static void
test_smbios (void **state)
{
  static const unsigned char bios[0x14] = { 1, 2, 0, 0, 3, [0x10] = 2, [0x11] = 34 };
  static const unsigned char sys[0x17] = { 1, 2, 0, 3, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
                                           0xee, 0xff, 6, 4, 0 };
  static const unsigned char slot[0x0d] = { 1, 0xb5, 0x0d, 4, 4, 1, 0, 0, 1, 0, 0, 0x3b, 0x0a };
  unsigned char table[600] = { 0, 3, 3, 0 };
  struct smbios b;
  size_t n = 8;

  (void) state;
  n += add_structure (table + n, 0, bios, sizeof bios, "HPE\0U46\0" "03/11/2025\0", 20);
  n += add_structure (table + n, 1, sys, sizeof sys, "HPE\0ProLiant X\0CZ1 \0SKU\0", 25);
  n += add_structure (table + n, 9, slot, sizeof slot, "PCI-E Slot 1\0", 14);
  n += add_structure (table + n, 127, slot, 0, "\0", 2);
  table[4] = (unsigned char) (n - 8);
  assert_int_equal (smbios_read (table, n, &b), 0);
  assert_string_equal (b.bios_version, "U46");
  assert_true (b.has_release && b.bios_major == 2 && b.bios_minor == 34);
  assert_string_equal (b.serial, "CZ1");
  assert_string_equal (b.uuid, "33221100-5544-7766-8899-aabbccddeeff");
  assert_int_equal (b.n_slots, 1);
  assert_true (b.slots[0].in_use == 1 && b.slots[0].has_address && b.slots[0].bus == 0x3b && b.slots[0].device == 1
               && b.slots[0].function == 2);
  /* Cut anywhere, it is what came before. */
  for (size_t i = 0; i < n; i++) {
    unsigned char *copy = malloc (i + 1);

    assert_non_null (copy);
    memcpy (copy, table, i);
    smbios_read (copy, i, &b);
    assert_true (b.n_slots <= 1);
    free (copy);
  }
}

/* ---- words ---- */

static void
test_words (void **state)
{
  char to[MATCH_MAX], name[40], version[40], number[24];

  (void) state;
  win_device_match ("PCI\\VEN_8086&DEV_1533&SUBSYS_0003103C&REV_03", to);
  assert_string_equal (to, "pci:8086:1533:103c:0003 pci:8086:1533 hwid:pci_ven_8086_dev_1533_subsys_0003103c_rev_03");
  win_device_match ("ms_ndiswanip", to);
  assert_string_equal (to, "hwid:ms_ndiswanip");
  win_device_match ("pci\\ven_zz", to);
  assert_string_equal (to, "hwid:pci_ven_zz");
  assert_true (win_hotfix ("Package_for_KB5005112~31bf3856ad364e35~amd64~~19041.1220.1.0", name, version));
  assert_string_equal (name, "KB5005112");
  assert_string_equal (version, "19041.1220.1.0");
  assert_false (win_hotfix ("Package_1_for_KB5005112~31bf~amd64~~1.2", name, version));
  assert_false (win_hotfix ("Package_for_", name, version));
  assert_false (win_hotfix ("Package_for_KB1~x~~~", name, version));
  assert_string_equal (win_firmware_version (0x00010014, "triplet", number), "dotted");
  assert_string_equal (number, "0.1.20");
  win_firmware_version (0x01020304, "quad", number);
  assert_string_equal (number, "1.2.3.4");
  win_firmware_version (7, NULL, number);
  assert_string_equal (number, "7");
  assert_string_equal (win_scheme ("1.20", NULL), "dotted");
  assert_string_equal (win_scheme ("T77", "Fettle"), "plain");
  assert_string_equal (win_scheme ("U46", "HPE"), "hpe");
  assert_true (win_is_system_path ("%SystemRoot%\\system32\\svchost.exe -k x") && win_is_system_path ("\"C:\\Windows\\x.exe\""));
  assert_false (win_is_system_path ("C:\\Program Files\\agent.exe"));
}

static void
test_commands (void **state)
{
  static const struct fettle_file file = { .name = "cp1.exe" };
  struct fettle_image image = { .struct_size = sizeof image, .format = "exe", .n_files = 1, .file_size = sizeof file, .files = &file };
  char to[COMMAND_MAX], text[200];

  (void) state;
  command_line (&w, &image, "C:\\W\\Temp\\f", to);
  assert_string_equal (to, "\"C:\\W\\Temp\\f\\cp1.exe\" /s");
  image.flags = FETTLE_IMAGE_REWRITE;
  command_line (&w, &image, "C:\\W\\Temp\\f", to);
  assert_string_equal (to, "\"C:\\W\\Temp\\f\\cp1.exe\" /s /f");
  command_script (&w, &image, "f", to);
  assert_string_equal (to, "");
  image.format = "cab";
  command_script (&w, &image, "f", to);
  assert_string_equal (to, "@echo off\r\ncd \"f\"\r\n");
  assert_int_equal (command_exit (&w, "exe", 0, text), EXIT_FAILED);
  assert_string_equal (text, "not installed");
  assert_int_equal (command_exit (&w, "exe", 1, text), EXIT_INSTALLED);
  assert_int_equal (command_exit (&w, "exe", 2, text), EXIT_REBOOT);
  assert_int_equal (command_exit (&w, "exe", 3, text), EXIT_SAME);
  assert_int_equal (command_exit (&w, "exe", 12, text), EXIT_FAILED);
  assert_int_equal (command_exit_of ("0x80240017:unsupported:no", 0x80240017, text), EXIT_UNSUPPORTED);
  assert_int_equal (command_exit_of ("x\n:\n1:nonsense\n", 1, text), EXIT_FAILED);
}

/* ---- what target.exe says ---- */

static void
test_results (void **state)
{
  struct run r;

  (void) state;
  run_init (&r, &w, "fettle-t-1");
  assert_int_equal (run_read_result ("{\"exit\":4294967295}", 19, &r), 0);
  assert_int_equal (r.exit, 0xffffffff);
  assert_int_equal (run_read_result ("{\"timeout\":true}", 16, &r), 0);
  assert_true (r.timed_out);
  assert_int_equal (run_read_result ("{\"error\":\"CreateProcess\",\"code\":2}", 34, &r), 0);
  assert_string_equal (r.failed, "CreateProcess");
  assert_int_equal (r.failed_code, 2);
  assert_int_equal (run_read_result ("{\"exit\":", 8, &r), -1);
  assert_int_equal (run_read_result ("[1]", 3, &r), -1);
}

static void
test_wmi (void **state)
{
  char lines[] = "{\"class\":\"Win32_DiskDrive\",\"values\":{\"Model\":\"MB 1\",\"SerialNumber\":\" S1 \",\"FirmwareRevision\":\"HPG4\"}}\r\n"
                 "{\"class\":\"Win32_DiskDrive\",\"values\":{\"Model\":\"no firmware\",\"SerialNumber\":\"S2\"}}\n"
                 "{\"class\":\"Win32_DiskDrive\",\"end\":2}\n"
                 "{\"class\":\"root\\\\x:Win32_Tpm\",\"values\":{\"ManufacturerId\":1229346816,\"IsEnabled_InitialValue\":true}}\n"
                 "{\"class\":\"Win32_Other\",\"values\":{\"A\":[1]}}\n"
                 "{\"class\":\"Win32_None\",\"error\":\"0x80041010\"}\n"
                 "rubbish\n";
  char order[200], bad[80];
  struct inventory *v = calloc (1, sizeof *v);

  (void) state;
  assert_non_null (v);
  v->w = w;
  answer (NULL, 0);
  assert_int_equal (wmi_read (v, lines), FETTLE_OK);
  assert_string_equal (node.text, "item firmware|wmi:Win32_DiskDrive:S1|MB 1|HPG4|disk:MB_1|1\n"
                                  "item hardware|wmi:Win32_Tpm:1229346816|1229346816||-|2\n"
                                  "log WMI: the node has nothing of Win32_None (0x80041010)\n"
                                  "log WMI: 1 lines of the node can't be read\n");
  assert_int_equal (wmi_order ("Win32_A, root\\wmi:B\nC_D", order, sizeof order, bad), 0);
  assert_string_equal (order, "wmi Win32_A\nwmi root\\wmi:B\nwmi C_D\n");
  assert_int_equal (wmi_order ("Win32_A x;y", order, sizeof order, bad), -1);
  assert_string_equal (bad, "x;y");
  free (v);
}

/* ---- what a node that restarts leaves to be seen ---- */

static void
answer_next (const void *data, size_t n)
{
  size_t i = 0;

  while (node.answers[i])
    i++;
  node.answers[i] = data;
  node.sizes[i] = n;
}

/* A service that never ran, as its node has it: since its last start. */
static void
test_begun (void **state)
{
  static const unsigned char never[48] = { [0] = 36, [8] = 1, [16] = 0x35, [17] = 4 };
  struct run run;

  (void) state;
  for (int i = 0; i < 3; i++) {
    answer (good, sizeof good);
    answer_next (good, sizeof good);
    answer_next (never, 44);
    answer_next (good, sizeof good);
    node.file = i == 0 ? "order" : i == 1 ? "output" : NULL;
    run_init (&run, &w, "fettle-t-1");
    assert_int_equal (run_look (&run), FETTLE_OK);
    assert_int_equal (run.state, i == 1 ? RUN_DEAD : RUN_LOADED);
  }
}

static void
test_restart (void **state)
{
  static const unsigned char on_its_way[4] = { 0x5b, 4 }, scheduled[4] = { 0xa6, 4 }, denied[4] = { 5 };
  static const struct {
    const unsigned char *answer;
    fettle_result result;
  } rows[] = {
    { good + 20,  FETTLE_AGAIN },
    { on_its_way, FETTLE_AGAIN },
    { scheduled,  FETTLE_AGAIN }, /* by us, before a crash */
    { NULL,       FETTLE_AGAIN }, /* it went before it had answered */
    { denied,     FETTLE_E_AUTH },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (rows); i++) {
    answer (good, sizeof good); /* the registry, our key, closed, the restart */
    answer_next (good, sizeof good);
    answer_next (good, sizeof good);
    if (rows[i].answer)
      answer_next (rows[i].answer, 4);
    if (rows[i].result < 0)
      answer_next (good + 20, 4);
    node.token = "boot";
    assert_int_equal (win_activate (&host, NULL, &target), rows[i].result);
    assert_int_equal (node.opnum, rows[i].result < 0 ? 7 : 30); /* its key goes where nothing came of it */
    assert_true (rows[i].result < 0 || strstr (node.text, "again went "));
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_registry_requests), cmocka_unit_test (test_service_requests), cmocka_unit_test (test_registry_answers),
    cmocka_unit_test (test_refusals),          cmocka_unit_test (test_text),             cmocka_unit_test (test_smbios),
    cmocka_unit_test (test_words),             cmocka_unit_test (test_commands),         cmocka_unit_test (test_results),
    cmocka_unit_test (test_wmi),               cmocka_unit_test (test_begun),            cmocka_unit_test (test_restart),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
