/* xml-answer.c - sdk/lib/xml.c: XML as nodes send it.
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

#include <fettle/xml.h>

static xmlDoc *
read_text (const char *text, unsigned flags)
{
  return fettle_xml_read (text, strlen (text), flags);
}

static void
test_refused (void **state)
{
  static const char *const all[] = {
    "", "no XML", "<a>", "<a></b>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<!DOCTYPE a SYSTEM \"/etc/passwd\"><a/>",
  };
  char *big = malloc (FETTLE_XML_SIZE_MAX + 1);

  (void) state;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    assert_null (read_text (all[i], 0));
  assert_null (read_text (all[4], FETTLE_XML_RECOVER));
  assert_non_null (big);
  memset (big, ' ', FETTLE_XML_SIZE_MAX + 1);
  memcpy (big, "<a/>", 4);
  assert_null (fettle_xml_read (big, FETTLE_XML_SIZE_MAX + 1, 0));
  free (big);
  assert_null (fettle_xml_root (NULL));
  assert_null (fettle_xml_at (NULL, "a/b"));
  assert_null (fettle_xml_find (NULL, "a"));
}

static void
test_nodes (void **state)
{
  xmlDoc *doc = read_text ("<?xml version=\"1.0\"?><e:A xmlns:e=\"urn:x\"><!-- B --><B>1</B><e:B n='q'>2</e:B><C><D><E/></D>"
                           "<B>3</B></C></e:A>", 0);
  xmlNode *a = fettle_xml_root (doc), *b = fettle_xml_child (a, "B");
  char text[20];

  (void) state;
  assert_non_null (a);
  assert_string_equal (fettle_xml_text (b, NULL, text, sizeof text), "1");
  b = fettle_xml_next (b, "B");
  assert_string_equal (fettle_xml_text (b, NULL, text, sizeof text), "2");
  assert_string_equal (fettle_xml_attribute (b, "n", text, sizeof text), "q");
  assert_string_equal (fettle_xml_attribute (b, "m", text, sizeof text), "");
  assert_null (fettle_xml_next (b, "B"));
  assert_non_null (fettle_xml_next (b, NULL));
  assert_non_null (fettle_xml_at (a, "C/D/E"));
  assert_null (fettle_xml_at (a, "C/E"));
  assert_null (fettle_xml_at (a, ""));
  assert_ptr_equal (fettle_xml_find (a, "A"), a);
  assert_non_null (fettle_xml_find (a, "E"));
  /* What is beside the one it was asked of isn't in it. */
  assert_null (fettle_xml_find (fettle_xml_at (a, "C/D"), "B"));
  assert_string_equal (fettle_xml_text (fettle_xml_find (fettle_xml_at (a, "C"), "B"), NULL, text, sizeof text), "3");
  xmlFreeDoc (doc);
}

static void
test_text (void **state)
{
  xmlDoc *doc = read_text ("<A><B>  a &amp;\n\t<i/>b&#x41;<![CDATA[<c>]]>\n </B><U>a\xc3\xa4\xc3\xa4</U></A>", 0);
  xmlNode *a = fettle_xml_root (doc);
  char text[20];

  (void) state;
  assert_string_equal (fettle_xml_text (a, "B", text, sizeof text), "a & bA<c>");
  assert_string_equal (fettle_xml_text (a, "Z", text, sizeof text), "");
  assert_string_equal (fettle_xml_text (NULL, "Z", text, sizeof text), "");
  assert_string_equal (fettle_xml_text (a, "B", text, 4), "a &");
  assert_string_equal (fettle_xml_text (a, "B", text, 1), "");
  /* Cut between characters. */
  assert_string_equal (fettle_xml_text (a, "U", text, 6), "a\xc3\xa4\xc3\xa4");
  assert_string_equal (fettle_xml_text (a, "U", text, 5), "a\xc3\xa4");
  assert_string_equal (fettle_xml_text (a, "U", text, 4), "a\xc3\xa4");
  assert_string_equal (fettle_xml_text (a, "U", text, 3), "a");
  xmlFreeDoc (doc);
}

static void
test_recovered (void **state)
{
  xmlDoc *doc = read_text ("<A><B>x & y</B><C>z</C><D>cut", FETTLE_XML_RECOVER);
  char text[20];

  (void) state;
  assert_non_null (doc);
  assert_string_equal (fettle_xml_text (fettle_xml_root (doc), "C", text, sizeof text), "z");
  xmlFreeDoc (doc);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_refused), cmocka_unit_test (test_nodes),
    cmocka_unit_test (test_text),    cmocka_unit_test (test_recovered),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
