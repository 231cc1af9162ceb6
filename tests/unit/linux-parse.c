/* linux-parse.c - the Linux plugin's reading of what a node says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/linux/inventory.h"

/* ---- a host that remembers ---- */

#define ITEMS_MAX 64

static struct {
  char id[300], kind[20], name[300], version[300], scheme[20], match[900], location[100], arch[50];
  uint32_t flags;
} items[ITEMS_MAX];
static size_t n_items, n_logs;
static char last_error[1100], logs[8192];

static void
host_log (fettle_ctx *c, uint32_t level, const char *text)
{
  size_t used = strlen (logs);

  (void) c;
  assert_true (level <= FETTLE_LOG_DEBUG);
  n_logs++;
  snprintf (logs + used, sizeof logs - used, "%s\n", text);
}

static fettle_result
host_error (fettle_ctx *c, fettle_result code, const char *text)
{
  (void) c;
  snprintf (last_error, sizeof last_error, "%s", text);
  return code;
}

#define KEEP(member) snprintf (items[n_items].member, sizeof items[n_items].member, "%s", i->member ? i->member : "-")

static fettle_result
host_add_item (fettle_ctx *c, const struct fettle_item *i)
{
  (void) c;
  assert_int_equal (i->struct_size, sizeof *i);
  assert_true (n_items < ITEMS_MAX);
  KEEP (id);
  KEEP (kind);
  KEEP (name);
  KEEP (version);
  KEEP (scheme);
  KEEP (match);
  KEEP (location);
  KEEP (arch);
  items[n_items++].flags = i->flags;
  return FETTLE_OK;
}

static const struct fettle_host host = {
  .struct_size = sizeof host,
  .abi = FETTLE_ABI,
  .log = host_log,
  .error = host_error,
  .add_item = host_add_item,
};

/* `text`: lines where "@ " stands for the marker.  Fed in pieces of `step`. */
static fettle_result
read_in_steps (const char *text, size_t size, size_t step)
{
  struct inventory *v = malloc (sizeof *v);
  fettle_result result = FETTLE_OK;

  assert_non_null (v);
  n_items = n_logs = 0;
  logs[0] = last_error[0] = '\0';
  inventory_init (v, &host, NULL, "@");
  for (size_t at = 0; at < size && result == FETTLE_OK; at += step)
    result = inventory_feed (v, text + at, step < size - at ? step : size - at);
  if (result == FETTLE_OK)
    result = inventory_finish (v);
  inventory_clear (v);
  free (v);
  return result;
}

static fettle_result
read_all (const char *text)
{
  fettle_result one = read_in_steps (text, strlen (text), 1);
  size_t n = n_items;
  fettle_result all = read_in_steps (text, strlen (text), strlen (text));

  assert_int_equal (one, all);
  assert_int_equal (n, n_items);
  return all;
}

#define END "@ done\n@ = 0\n"

static void
test_tpm (void **state)
{
  (void) state;
  assert_int_equal (read_all ("@ tpm\ntpm\tyes\ntpm_version_major\t2\n@ = 0\n" END), FETTLE_OK);
  assert_int_equal (n_items, 1);
  assert_string_equal (items[0].name, "TPM 2");
  assert_string_equal (items[0].match, "-");
  assert_int_equal (items[0].flags, FETTLE_ITEM_TPM);
  read_all ("@ tpm\ntpm\tyes\nactive\t1\nenabled\t0\n@ = 0\n" END);
  assert_string_equal (items[0].name, "TPM, off");
  assert_int_equal (items[0].flags, 0);
  read_all ("@ tpm\ntpm\tyes\ntpm_version_major\t2\nbound\t/dev/sda3\n@ = 0\n" END);
  assert_int_equal (items[0].flags, FETTLE_ITEM_TPM | FETTLE_ITEM_ENCRYPTED);
  assert_string_equal (items[0].location, "/dev/sda3");
  read_all ("@ tpm\n@ = 0\n" END);
  assert_int_equal (n_items, 0);
  read_all ("@ tpm\nnonsense\ntpm_version_major\t\x01\x1b[2J2222222222222222222222222\n@ = 0\n" END);
  assert_int_equal (n_items, 1);
  assert_null (strchr (items[0].name, '\x1b'));
}

static void
test_system (void **state)
{
  (void) state;
  assert_int_equal (read_all ("@ os\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID='12'\n@ = 0\n"
                              "@ kernel\n6.1.0-42-amd64\nx86_64\n@ = 0\n"
                              "@ dmi\nsys_vendor\tHPE\nproduct_name\tProLiant DL380 Gen10\n"
                              "bios_vendor\tHPE\nbios_version\tU30\nbios_date\t03/11/2025\nbios_release\t2.34\n@ = 0\n"
                              END), FETTLE_OK);
  assert_int_equal (n_items, 4);
  assert_string_equal (items[0].id, "os");
  assert_string_equal (items[0].name, "Debian GNU/Linux 12");
  assert_string_equal (items[0].version, "12");
  assert_string_equal (items[0].match, "os:debian");
  assert_string_equal (items[1].version, "6.1.0-42-amd64");
  assert_string_equal (items[2].name, "HPE ProLiant DL380 Gen10");
  assert_string_equal (items[3].version, "U30 v2.34 (03/11/2025)");
  assert_string_equal (items[3].scheme, "hpe");
  assert_string_equal (items[3].match, "dmi:HPE:ProLiant_DL380_Gen10");
  assert_true (items[3].flags & FETTLE_ITEM_UPDATEABLE);
}

static void
test_dpkg (void **state)
{
  (void) state;
  assert_int_equal (read_all ("@ dpkg\ninstall ok installed\topenssl\t3.0.17-1~deb12u2\tamd64\n"
                              "deinstall ok config-files\told\t1\tall\n"
                              "hold ok installed\theld\t1:2-3\tall\n"
                              "install ok half-configured\tbroken\t1\tall\n"
                              "nonsense\n@ = 0\n" END), FETTLE_OK);
  assert_int_equal (n_items, 2);
  assert_string_equal (items[0].id, "deb:openssl:amd64");
  assert_string_equal (items[0].match, "deb:openssl");
  assert_string_equal (items[0].scheme, "dpkg");
  assert_string_equal (items[0].arch, "amd64");
  assert_string_equal (items[1].version, "1:2-3");
  assert_int_equal (n_logs, 2);
  assert_non_null (strstr (logs, "broken is half-configured"));
}

static void
test_rpm (void **state)
{
  (void) state;
  assert_int_equal (read_all ("@ rpm\nbind\tx86_64\t1\t32\t9.16-1.el9\n"
                              "gpg-pubkey\t(none)\t1\t(none)\t1-2\n"
                              "kernel\tx86_64\t200\t(none)\t5.14.0-500.el9\n"
                              "kernel\tx86_64\t100\t(none)\t5.14.0-400.el9\n@ = 0\n" END), FETTLE_OK);
  assert_int_equal (n_items, 3);
  assert_string_equal (items[0].version, "32:9.16-1.el9");
  assert_string_equal (items[1].match, "rpm:kernel");
  assert_string_equal (items[1].version, "5.14.0-500.el9");
  /* the older kernel is no item that an update could be for */
  assert_string_equal (items[2].match, "-");
  assert_string_not_equal (items[1].id, items[2].id);
}

static void
test_devices (void **state)
{
  (void) state;
  assert_int_equal (read_all (
    "@ pci\n0000:00:00.0\t0x8086\t0x0d57\t0x0000\t0x0000\t0x060000\t\t\n"
    "0000:3b:00.0\t0x15b3\t0x1017\t0x15b3\t0x0006\t0x020000\tmlx5_core\t5.8-1\n"
    "0000:3b:00.1\t0x15b3\t0x1017\t0x15b3\t0x0006\t0x020000\tmlx5_core\t5.8-1\n"
    "0000:5c:00.0\t0x144d\t0xa808\t0x144d\t0xa801\t0x010802\tnvme\t\n@ = 0\n"
    "@ pci-names\n0000:3b:00.0 \"Ethernet controller\" \"Mellanox\" \"MT27800\" \"Mellanox\" \"Device 0006\"\n@ = 0\n"
    "@ net\ndevice\t0000:3b:00.0\tens1\ndriver: mlx5_core\nfirmware-version: 16.35.1012 (MT_0000000008)\n"
    "device\t0000:3b:00.1\tens2\nfirmware-version: 16.35.1012 (MT_0000000008)\n@ = 0\n"
    "@ hosts\ndevice\t0000:5c:00.0\tnvme0\nmodel\tSAMSUNG MZ1\nfirmware_rev\tEDA7\n@ = 0\n"
    "@ disks\ndevice\t\tsda\nvendor\tHPE\nmodel\tEG001800\nrev\tHPD4\nwwid\tnaa.5000c500\n@ = 0\n" END), FETTLE_OK);
  /* disk; bridge; NIC + firmware + driver; its second function; NVMe + firmware + driver */
  assert_int_equal (n_items, 9);
  assert_string_equal (items[0].id, "disk:naa.5000c500");
  assert_string_equal (items[0].match, "disk:EG001800");
  assert_string_equal (items[0].scheme, "hpe");
  assert_string_equal (items[1].match, "-");
  assert_string_equal (items[2].name, "Mellanox MT27800");
  assert_string_equal (items[2].match, "-");
  assert_string_equal (items[3].kind, "firmware");
  assert_string_equal (items[3].version, "16.35.1012");
  assert_string_equal (items[3].scheme, "dotted");
  assert_string_equal (items[3].match, "pci:15b3:1017:15b3:0006 pci:15b3:1017");
  assert_string_equal (items[3].location, "0000:3b:00.0");
  assert_string_equal (items[4].match, "driver:mlx5_core");
  assert_string_equal (items[4].version, "5.8-1");
  assert_string_equal (items[5].kind, "hardware");
  assert_string_equal (items[7].version, "EDA7");
  assert_non_null (strstr (items[7].match, "disk:SAMSUNG_MZ1"));
}

static void
test_fwupd (void **state)
{
  (void) state;
  assert_int_equal (read_all (
    "@ fwupd\nsome words first\n{\"Devices\": [{\"Name\": \"UEFI dbx\", \"DeviceId\": \"abc1\", \"Vendor\": \"UEFI\","
    " \"Version\": \"371\", \"Flags\": [\"internal\", \"updatable\"],\n"
    " \"Guid\": [\"c6682ade-b5ec-57c4-b687-676351208742\", \"short\"]},\n"
    " 7, {\"Name\": 3}, {\"Name\": \"No version\", \"DeviceId\": \"abc2\"}]}\n@ = 0\n" END), FETTLE_OK);
  assert_int_equal (n_items, 1);
  assert_string_equal (items[0].id, "fwupd:abc1");
  assert_string_equal (items[0].match, "guid:c6682ade-b5ec-57c4-b687-676351208742");
  assert_true (items[0].flags & FETTLE_ITEM_UPDATEABLE);
  assert_int_equal (read_all ("@ fwupd\n{\"Devices\": [\n@ = 0\n" END), FETTLE_OK);
  assert_int_equal (n_items, 0);
  assert_int_equal (n_logs, 1);
}

static void
test_hostile (void **state)
{
  static const char bytes[] = "@ dpkg\ninstall ok installed\ta\xff\xc3\t1\x1b[31m\0" "2\tamd64\n@ = 0\n" END;
  char *longest = malloc (3 * INVENTORY_LINE);

  (void) state;
  assert_int_equal (read_in_steps (bytes, sizeof bytes - 1, 7), FETTLE_OK);
  assert_int_equal (n_items, 1);
  assert_string_equal (items[0].name, "a??");
  assert_string_equal (items[0].version, "1 [31m 2");

  assert_non_null (longest);
  memset (longest, 'x', 3 * INVENTORY_LINE);
  memcpy (longest, "@ os\nPRETTY_NAME=", 17);
  memcpy (longest + 3 * INVENTORY_LINE - 60, "\n@ = 0\n" END, 21);
  longest[3 * INVENTORY_LINE - 60 + 21] = '\0';
  assert_int_equal (read_in_steps (longest, strlen (longest), 1000), FETTLE_OK);
  assert_int_equal (n_items, 1);
  assert_string_equal (items[0].name, "Linux");
  assert_non_null (strstr (logs, "longer than"));
  free (longest);
}

static void
test_broken_off (void **state)
{
  (void) state;
  assert_int_equal (read_all ("@ os\nID=debian\n@ = 0\n@ dpkg\n"), FETTLE_E_PROTOCOL);
  assert_non_null (strstr (last_error, "broke off in \"dpkg\""));
  assert_int_equal (read_all ("This account is not available.\n"), FETTLE_E_PROTOCOL);
  assert_non_null (strstr (last_error, "POSIX shell"));
  assert_int_equal (read_all ("@ dpkg\n@ = 124\n" END), FETTLE_OK);
  assert_non_null (strstr (logs, "dpkg-query didn't end in time"));
}

static void
test_many_warnings (void **state)
{
  struct text t = { .max = 100000 };

  (void) state;
  text_puts (&t, "@ rpm\n");
  for (int i = 0; i < 1000; i++)
    text_puts (&t, "bad\n");
  text_puts (&t, "@ = 0\n" END);
  assert_int_equal (read_in_steps (t.data, t.size, t.size), FETTLE_OK);
  assert_int_equal (n_logs, INVENTORY_WARNINGS + 1);
  text_clear (&t);
}

static void
test_text (void **state)
{
  struct text t = { .max = 5 };
  char to[16], *field[3], line[] = "a,b,c,d";

  (void) state;
  assert_string_equal (text_word (to, sizeof to, "  A b//c_(d) "), "A_b_c_d");
  assert_string_equal (text_clean (to, 5, "abc\xc3\xa4", 5), "abc"); /* not half an umlaut */
  assert_string_equal (text_clean (to, sizeof to, "\xed\xa0\x80" "a\xe2\x80\xae" "b", 8), "???a b");
  assert_int_equal (text_split (line, ',', field, 3), 3);
  assert_string_equal (field[2], "c,d");
  assert_int_equal (text_puts (&t, "abc"), 0);
  assert_int_equal (text_puts (&t, "def"), -1);
  assert_string_equal (t.data, "abc");
  text_clear (&t);
  assert_string_equal (text_scheme ("1.2.3", NULL), "dotted");
  assert_string_equal (text_scheme ("1..3", NULL), "plain");
  assert_string_equal (text_scheme ("1.2", "HPE"), "hpe");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_tpm), cmocka_unit_test (test_system),     cmocka_unit_test (test_dpkg),
    cmocka_unit_test (test_rpm),        cmocka_unit_test (test_devices),
    cmocka_unit_test (test_fwupd),      cmocka_unit_test (test_hostile),
    cmocka_unit_test (test_broken_off), cmocka_unit_test (test_many_warnings),
    cmocka_unit_test (test_text),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
