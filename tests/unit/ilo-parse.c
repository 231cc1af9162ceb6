/* ilo-parse.c - the ilo plugin's reading of what an iLO says, and the Redfish
 * library's of messages and paths.
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

#include <fettle/redfish.h>

#include "../../plugins/ilo/ilo.h"
#include "../../plugins/ilo/items.h"
#include "../../sdk/lib/redfish-internal.h"

/* ---- messages ---- */

static const char *
message (const char *json, size_t size)
{
  static char text[400];
  json_t *answer = json_loads (json, 0, NULL);

  assert_non_null (answer);
  assert_true (size <= sizeof text);
  memset (text, 'x', sizeof text);
  assert_ptr_equal (fettle_redfish_message (answer, text, size), text);
  assert_non_null (memchr (text, '\0', size));
  json_decref (answer);
  return text;
}

static void
test_message (void **state)
{
  static const struct { const char *json, *text; } all[] = {
    { "{}", "" },
    { "{\"error\": {\"message\": \"No.\"}}", "No." },
    { "{\"error\": {\"code\": \"Base.1.0.GeneralError\"}}", "Base.1.0.GeneralError" },
    { "{\"error\": {\"@Message.ExtendedInfo\": [{\"MessageId\": \"iLO.2.14.UpdateFailed\"}]}}",
      "the update has failed: UpdateFailed" },
    { "{\"error\": {\"@Message.ExtendedInfo\": [{\"MessageId\": \"iLO.2.14.X\", \"MessageArgs\": [\"a\", 7, \"b\"]},"
      " {\"Message\": \"Words.\", \"MessageId\": \"Y\"}]}}", "X (a, ?, b) Words." },
    { "{\"@Message.ExtendedInfo\": {\"Message\": \"one\\nline\"}}", "one line" },
    { "{\"error\": {\"@Message.ExtendedInfo\": [1, null, {}], \"message\": \"m\"}}", "m" },
    { "{\"error\": {\"@Message.ExtendedInfo\": [{\"Message\": \"a\"}, {}, {\"Message\": \"b\"}]}}", "a b" },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++)
    assert_string_equal (message (all[i].json, 400), all[i].text);
  /* Cut between characters. */
  assert_string_equal (message ("{\"error\": {\"message\": \"ab\\u00e4\"}}", 4), "ab");
  assert_string_equal (message ("{\"error\": {\"message\": \"ab\\u00e4\"}}", 5), "ab\xc3\xa4");
  assert_string_equal (message ("{\"error\": {\"message\": \"ab\"}}", 1), "");
}

static void
test_paths (void **state)
{
  static const struct { const char *value, *path; } all[] = {
    { "/redfish/v1/a", "/redfish/v1/a" }, { "https://bmc/a/b", "/a/b" }, { "http://[::1]:8/x", "/x" },
    { "https://bmc", NULL }, { "", NULL }, { "relative", NULL }, { "//evil/x", NULL }, { "/a b", NULL },
    { "/a#b", NULL }, { "/a\x80", NULL }, { "/a?b=://c", "/a?b=://c" },
  };
  char path[100];

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    int ok = fettle_redfish_location (all[i].value, strlen (all[i].value), path, sizeof path);

    assert_int_equal (ok, all[i].path != NULL);
    if (ok)
      assert_string_equal (path, all[i].path);
  }
  assert_false (fettle_redfish_location ("/abc", 4, path, 4));
  assert_true (fettle_redfish_location ("/abc", 4, path, 5));
  assert_false (fettle_redfish_path_ok (NULL));
  assert_int_equal (fettle_redfish_seconds ("30\nX: y", 2, 5), 30);
  assert_int_equal (fettle_redfish_seconds ("Wed, 21 Oct", 11, 5), 5);
  assert_int_equal (fettle_redfish_seconds ("", 0, 5), 5);
  assert_int_equal (fettle_redfish_seconds ("99999999999999999999", 20, 5), 86400);
}

/* ---- who it is ---- */

static void
test_identity (void **state)
{
  static const struct { const char *xml; int found; unsigned generation; const char *firmware, *serial; } all[] = {
    { "", 0, 0, "", "" },
    { "<html><MP><PN>iLO 4</PN></MP></html>", 0, 0, "", "" },
    { "<RIMP><HSI><SBSN>AB  </SBSN></HSI><MP><PN>Integrated Lights-Out 4 (iLO 4)</PN><FWRI>2.30</FWRI></MP></RIMP>", 1, 4,
      "2.30", "AB" },
    { "<RIMP><HSI><SBSN>A&B</SBSN></HSI><MP><PN>Integrated Lights-Out 2</PN>\001<FWRI>2.33", 1, 2, NULL, NULL },
    { "<RIMP><MP><PN>BladeSystem c7000 DDR2 Onboard Administrator</PN><FWRI>4.70</FWRI></MP></RIMP>", 1, 0, "4.70", "" },
    { "<!DOCTYPE RIMP [<!ENTITY x SYSTEM \"/etc/passwd\">]><RIMP><HSI><SBSN>&x;</SBSN></HSI><MP><PN>iLO 5</PN></MP></RIMP>",
      1, 5, "", "" },
  };
  struct ilo_identity who;

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    assert_int_equal (ilo_identify (all[i].xml, strlen (all[i].xml), &who), all[i].found);
    assert_int_equal (who.generation, all[i].generation);
    if (all[i].firmware) {
      assert_string_equal (who.firmware, all[i].firmware);
      assert_string_equal (who.serial, all[i].serial);
    }
  }
  assert_int_equal (ilo_generation ("HPE iLO 7"), 7);
  assert_int_equal (ilo_generation ("iLO 1"), 0);
  assert_int_equal (ilo_generation ("OpenBMC"), 0);
}

/* ---- items ---- */

static char got[4000];
static unsigned logs;

static fettle_result
add_item (fettle_ctx *c, const struct fettle_item *i)
{
  size_t used = strlen (got);

  (void) c;
  snprintf (got + used, sizeof got - used, "%s|%s|%s|%s|%s|%x\n", i->id, i->name, i->version,
            i->match ? i->match : "-", i->location ? i->location : "-", (unsigned) i->flags);
  return FETTLE_OK;
}

static void
log_text (fettle_ctx *c, uint32_t level, const char *text)
{
  (void) c;
  assert_true (level == FETTLE_LOG_WARNING && *text);
  logs++;
}

static const struct fettle_host host = { .struct_size = sizeof host, .log = log_text, .add_item = add_item };

typedef fettle_result reader (struct ilo_items *, const json_t *);

static const char *
items (reader *read, const char *json)
{
  json_t *in = json_loads (json, 0, NULL);
  struct ilo_items v = { &host, NULL, "hpe", 0, json_object () };

  assert_non_null (in);
  got[0] = '\0';
  logs = 0;
  assert_int_equal (read (&v, in), FETTLE_OK);
  json_decref (in);
  json_decref (v.ids);
  return got;
}

static void
test_firmware (void **state)
{
  (void) state;
  assert_string_equal (items (ilo_items_firmware, "[{}, 7, null, {\"Name\": 3}, {\"Name\": \"A\"}]"),
                       "firmware:A|A||-|-|0\n");
  assert_int_equal (logs, 4);
  /* A system ROM has two of its three targets in common with what is unlike it. */
  assert_string_equal (items (ilo_items_firmware,
    "[{\"Name\": \"ROM\", \"Version\": \"1\", \"Oem\": {\"Hpe\": {\"DeviceClass\": \"R\", \"DeviceContext\": \"System Board\","
    " \"Targets\": [\"A\", \"B\", \"C c\", 7]}}},"
    " {\"Name\": \"PLD\", \"Updateable\": false, \"Oem\": {\"Hpe\": {\"DeviceClass\": \"P\", \"Targets\": [\"A\"]}}},"
    " {\"Name\": \"Backup\", \"Updateable\": true, \"Oem\": {\"Hpe\": {}}}]"),
    "firmware:System-Board/R|ROM|1|guid:r:a guid:b guid:r:b|System Board|1\n"
    "firmware:P|PLD||guid:p:a|-|0\n"
    "firmware:Backup|Backup||-|-|1\n");
  assert_int_equal (logs, 0);
  /* The same things at the same place: told apart by their order. */
  assert_string_equal (items (ilo_items_firmware, "[{\"Id\": \"x\", \"Name\": \"N\"}, {\"Id\": \"x\", \"Name\": \"N\"}]"),
                       "firmware:x|N||-|-|0\nfirmware:x#2|N||-|-|0\n");
}

static void
test_ilo4 (void **state)
{
  (void) state;
  assert_string_equal (items (ilo_items_ilo4, "{\"Current\": {\"SystemBMC\": [{\"Name\": \"iLO\", \"Location\": \"System"
    " Board\", \"VersionString\": \"2.20\"}], \"x\": 7, \"y\": [8, {\"Version\": \"1\"}]}}"),
    "firmware:System-Board/SystemBMC|iLO|2.20|ilo:4|System Board|1\nfirmware:y|y|1|-|-|0\n");
  assert_int_equal (logs, 1);
  assert_string_equal (items (ilo_items_ilo4, "{\"Current\": []}"), "");
}

static void
test_system (void **state)
{
  json_t *in = json_loads ("{\"Model\": \"M\", \"TrustedModules\": [{\"Status\": {\"State\": \"Enabled\"}}]}", 0, NULL);
  struct ilo_items v = { &host, NULL, "hpe", 0, json_object () };

  (void) state;
  got[0] = '\0';
  assert_int_equal (ilo_items_system (&v, in), FETTLE_OK);
  assert_string_equal (got, "system|M||-|-|0\n");
  assert_int_equal (v.firmware_flags, FETTLE_ITEM_TPM);
  json_decref (in);
  json_decref (v.ids);
  assert_string_equal (items (ilo_items_system, "{\"SerialNumber\": \"S\", \"TrustedModules\":"
                              " [{\"Status\": \"NotPresent\"}]}"), "serial|Serial number|S|-|-|0\n");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_message), cmocka_unit_test (test_paths),    cmocka_unit_test (test_identity),
    cmocka_unit_test (test_firmware), cmocka_unit_test (test_ilo4),    cmocka_unit_test (test_system),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
