/* switch-parse.c - the ilo plugin's reading of RIBCL, and of what switches say:
 * by hand, what a human reads in it.
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

#include "../../plugins/ilo/fc.h"
#include "../../plugins/ilo/ribcl.h"
#include "../../plugins/ilo/vc.h"

/* ---- RIBCL ---- */

/* All tags, with the attribute VALUE and the text before them. */
static const char *
tags (const char *text)
{
  static char got[1000];
  const char *at = text, *end = text + strlen (text);
  struct ribcl_tag tag;
  char value[60], before[60];
  size_t n = 0;

  got[0] = '\0';
  while (ribcl_next (&at, end, &tag)) {
    int there = ribcl_attribute (&tag, "VALUE", value, sizeof value);

    ribcl_text (&tag, before, sizeof before);
    n += (size_t) snprintf (got + n, sizeof got - n, "%s%s%.*s%s%s;", before, tag.closing ? "/" : "<", (int) tag.name_size,
                            tag.name, there ? "=" : "", value);
  }
  return got;
}

static void
test_tags (void **state)
{
  (void) state;
  assert_string_equal (tags (""), "");
  assert_string_equal (tags ("<A/>"), "<A;");
  assert_string_equal (tags ("<?xml version=\"1.0\"?>\n<A VALUE=\"1\">x y </A>"), "<A=1;x y/A;");
  assert_string_equal (tags ("<A VALUE = 'a &lt;b&gt; &#65;&#x42; &x; &'/>"), "<A=a <b> AB &x; &;");
  /* Quotes inside, of both kinds. */
  assert_string_equal (tags ("<A VALUE=\"a \"b\" c\" X=\"1\"/><B/>"), "<A=a \"b\" c;<B;");
  assert_string_equal (tags ("<A VALUE='it's' X='1'/>"), "<A=it's;");
  /* Brackets in values; text that looks like a tag but is none. */
  assert_string_equal (tags ("<A VALUE=\"<none>\"/> 1 < 2 <B>"), "<A=<none>;1 < 2<B;");
  /* Control characters; a comment; no end. */
  assert_string_equal (tags ("\001<A VALUE=\"x\002y\"/><!-- <B/> --><C VALUE=\"cut"), "<A=x y;<C=cut;");
  assert_string_equal (tags ("<A VALUE=\"no end\n  <B VALUE=\"1\"/>"), "<A=no end;<B=1;");
  assert_string_equal (tags ("<A <B/>"), "<A;<B;");
}

static void
test_answers (void **state)
{
  static const struct { const char *text; unsigned documents, status; const char *message, *inform; int percent; } all[] = {
    { "", 0, 0, "", "", -1 },
    { "<html><RESPONSE/></html>", 0, 0, "", "", -1 },
    { "<RIBCL VERSION=\"2.22\"/>\n<RESPONSE STATUS=\"0x0000\" MESSAGE='No error'/></RIBCL>", 1, 0, "", "", -1 },
    { "<RIBCL><RESPONSE STATUS=\"0x0000\" MESSAGE='No error'/></RIBCL><RIBCL><RESPONSE STATUS=\"0x005F\" MESSAGE='Login"
      " failed.'/></RIBCL><RIBCL><RESPONSE STATUS=\"0x0001\" MESSAGE='x'/></RIBCL>", 3, 0x5f, "Login failed.", "", -1 },
    { "<RIBCL><INFORM>Programming: 40 %</INFORM></RIBCL><RIBCL><INFORM>Done.</INFORM></RIBCL>", 2, 0, "", "Done.", 40 },
    { "<RIBCL><INFORM>100% complete</INFORM><INFORM>at 900 %</INFORM>", 1, 0, "", "at 900 %", 100 },
    { "<RIBCL><INFORM>%</INFORM>", 1, 0, "", "%", -1 },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    struct ribcl_said said;

    ribcl_read (all[i].text, strlen (all[i].text), &said);
    assert_int_equal (said.documents, all[i].documents);
    assert_int_equal (said.status, all[i].status);
    assert_string_equal (said.message, all[i].message);
    assert_string_equal (said.inform, all[i].inform);
    assert_int_equal (said.percent, all[i].percent);
  }
}

/* ---- Brocade ---- */

static void
test_firmware (void **state)
{
  static const struct { const char *text; unsigned n; const char *first, *second; } all[] = {
    { "", 0, NULL, NULL },
    { "Appl     Primary/Secondary Versions\n-----\nFOS      v7.2.0a\n         v7.2.0b\n", 1, "v7.2.0a", "v7.2.0b" },
    { "Primary partition:\tv5.0.1\r\nSecondary Partition:\tv5.0.2\r\n", 1, "v5.0.1", "v5.0.2" },
    { "Primary version:   v5.1.0\nSecondary version: Unknown\n", 1, "v5.1.0", "" },
    { "Fabric OS: v7.0.0\nvoid v1\n", 0, NULL, NULL },
  };
  struct fc_part parts[FC_PARTS_MAX];

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    assert_int_equal (fc_firmware (all[i].text, parts), all[i].n);
    if (!all[i].n)
      continue;
    assert_string_equal (parts[0].first, all[i].first);
    assert_string_equal (parts[0].second, all[i].second);
    assert_true (parts[0].active);
  }
  assert_int_equal (fc_firmware ("Slot Name  Appl  Primary/Secondary Versions  Status\n  6  CP0  FOS  v7.0.0  STANDBY\n"
                                 "  v7.0.0\n  7  CP1  FOS  v7.0.1  ACTIVE *\n  v7.0.2\n", parts), 2);
  assert_string_equal (parts[0].name, "CP0");
  assert_false (parts[0].active);
  assert_string_equal (parts[1].first, "v7.0.1");
  assert_string_equal (parts[1].second, "v7.0.2");
  assert_true (parts[1].active);
}

static void
test_download (void **state)
{
  static const struct { const char *text; enum fc_state state; const char *words; } all[] = {
    { "", FC_NOTHING, "" },
    { "No firmwaredownload has been run.", FC_NOTHING, "" },
    { "[1]: x\nFirmware is being downloaded to the switch.\n\n[2]: y\nFirmware has been downloaded to the secondary partition\n",
      FC_RUNNING, "Firmware has been downloaded to the secondary partition" },
    { "Firmware is being downloaded\nFirmwaredownload command has completed successfully. Use it.\n", FC_DONE,
      "Firmwaredownload command has completed successfully. Use it." },
    { "Firmwaredownload failed because another session is running.\n", FC_FAILED,
      "Firmwaredownload failed because another session is running." },
    { "Cannot upgrade directly to 5.3.\nFirmwaredownload failed.\n", FC_FAILED, "Cannot upgrade directly to 5.3." },
    /* A new attempt begins behind one that failed. */
    { "Firmwaredownload failed.\nFirmwaredownload command has started.\n", FC_RUNNING,
      "Firmwaredownload command has started." },
  };
  char words[100];
  fettle_result r;

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    assert_int_equal (fc_download (all[i].text, words, sizeof words), all[i].state);
    assert_string_equal (words, all[i].words);
  }
  assert_string_equal (fc_explain ("because another session is running.", &r), "somebody else is updating it");
  assert_int_equal (r, FETTLE_E_BUSY);
  assert_string_equal (fc_explain ("The dog ate it", &r), "");
  assert_int_equal (r, FETTLE_E_REJECTED);
}

static void
test_values (void **state)
{
  char value[12];

  (void) state;
  assert_true (fc_value ("a: 1\r\n  Serial Num:   X 1  \r\nb", "Serial Num:", value, sizeof value));
  assert_string_equal (value, "X 1");
  assert_false (fc_value ("Factory Serial Num: X\n", "Serial Num:", value, sizeof value));
  assert_string_equal (value, "");
  assert_true (fc_value ("Name   \t: long enough to be cut", "Name:", value, sizeof value));
  assert_string_equal (value, "long enough");
  assert_true (fc_value ("Name:", "Name:", value, sizeof value));
  assert_string_equal (value, "");
}

/* ---- Virtual Connect ---- */

static void
test_modules (void **state)
{
  struct vc_module modules[VC_MODULES_MAX];
  char text[64];

  (void) state;
  assert_int_equal (vc_modules ("No firmware exist\n", modules), 0);
  assert_int_equal (vc_modules ("ID : enc0:1\nType : VC-ENET\nFirmware Version : 4.15 2009-10-07T10:16:12Z\nStatus : OK\n"
                                "----------\nType : lost\n---------\r\nID : enc0:2\r\nFirmware Version : -- --\r\n"
                                "Product Name : <Unassigned>", modules), 2);
  assert_string_equal (modules[0].version, "4.15");
  assert_string_equal (modules[0].status, "OK");
  assert_string_equal (modules[1].id, "enc0:2");
  assert_string_equal (modules[1].version, "");
  assert_string_equal (modules[1].product, "");
  assert_true (vc_version ("HP Virtual Connect Management CLI v4.62\r\nBuild: 1", text, sizeof text));
  assert_string_equal (text, "4.62");
  assert_false (vc_version ("OneView>", text, sizeof text));
  vc_domain ("Domain Name : d1\n", text, sizeof text);
  assert_string_equal (text, "d1");
}

static void
test_primary (void **state)
{
  char text[20];

  (void) state;
  assert_true (vc_primary ("hello 10.0.0.1\nThe primary module is at 192.0.2.7.\n", text, sizeof text));
  assert_string_equal (text, "192.0.2.7");
  assert_false (vc_primary ("version 1.2.3.4\nnot the primary, 1.2.3\n", text, sizeof text));
  assert_string_equal (text, "");
  assert_false (vc_primary ("primary 1.1.1.1111111111111111111", text, sizeof text));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_tags),     cmocka_unit_test (test_answers), cmocka_unit_test (test_firmware),
    cmocka_unit_test (test_download), cmocka_unit_test (test_values),  cmocka_unit_test (test_modules),
    cmocka_unit_test (test_primary),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
