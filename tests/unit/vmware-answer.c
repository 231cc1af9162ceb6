/* vmware-answer.c - plugins/vmware/answer.c: what a host's answers say.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "../../plugins/vmware/answer.h"

#define ENVELOPE(prefix, body)                                                                                 \
  "<?xml version=\"1.0\"?><" prefix ":Envelope xmlns:" prefix "=\"http://schemas.xmlsoap.org/soap/envelope/\""     \
  " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:XMLSchema-instance=\"http://www.w3.org/2001/XMLSchema-instance\">" \
  "<" prefix ":Body>" body "</" prefix ":Body></" prefix ":Envelope>"

static xmlDoc *
read_text (const char *text)
{
  xmlDoc *doc = fettle_xml_read (text, strlen (text), 0);

  assert_non_null (doc);
  return doc;
}

static void
test_faults (void **state)
{
  static const struct {
    const char *text, *name, *words, *detail;
  } all[] = {
    { ENVELOPE ("s", "<s:Fault><faultstring>Login failure</faultstring><detail><InvalidLoginFault xmlns=\"urn:vim25\" "
                "xsi:type=\"InvalidLogin\"/></detail></s:Fault>"), "InvalidLogin", "Login failure", "" },
    { ENVELOPE ("soapenv", "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring/><detail><NoPermissionFault "
                "XMLSchema-instance:type=\"vim25:NoPermission\"><object type=\"HostSystem\">ha-host</object><privilegeId>"
                "Host.Config.Patch</privilegeId></NoPermissionFault></detail></soapenv:Fault>"), "NoPermission", "",
      "Host.Config.Patch" },
    { ENVELOPE ("s", "<s:Fault><faultstring>x</faultstring><detail><TaskInProgressFault/></detail></s:Fault>"),
      "TaskInProgress", "x", "" },
    { ENVELOPE ("s", "<s:Fault><faultcode>VersionMismatchFaultCode</faultcode><faultstring>Unsupported</faultstring></s:Fault>"),
      "VersionMismatchFaultCode", "Unsupported", "" },
    { ENVELOPE ("s", "<s:Fault/>"), "unknown", "", "" },
    { ENVELOPE ("s", "<s:Fault><detail><f xsi:type=\"PlatformConfigFault\"><text>&lt;a&gt;</text></f></detail></s:Fault>"),
      "PlatformConfigFault", "<a>", "" },
  };
  struct vm_fault f;
  xmlDoc *doc;

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    doc = read_text (all[i].text);
    assert_true (vm_read_fault (fettle_xml_root (doc), &f));
    assert_string_equal (f.name, all[i].name);
    assert_string_equal (f.text, all[i].words);
    assert_string_equal (f.detail, all[i].detail);
    xmlFreeDoc (doc);
  }
  doc = read_text (ENVELOPE ("s", "<LoginResponse/>"));
  assert_false (vm_read_fault (fettle_xml_root (doc), &f));
  assert_string_equal (f.name, "");
  xmlFreeDoc (doc);
  assert_false (vm_read_fault (NULL, &f));
}

static void
test_localized (void **state)
{
  xmlDoc *doc = read_text ("<error xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><fault i:type=\"PatchInstallFailed\">"
                           "<faultMessage><message>why</message></faultMessage></fault><localizedMessage/></error>");
  struct vm_fault f;

  (void) state;
  vm_read_localized (fettle_xml_root (doc), &f);
  assert_string_equal (f.name, "PatchInstallFailed");
  assert_string_equal (f.text, "why");
  xmlFreeDoc (doc);
  vm_read_localized (NULL, &f);
  assert_string_equal (f.name, "");
}

static void
test_meanings (void **state)
{
  const char *sentence;

  (void) state;
  assert_int_equal (vm_explain ("InvalidLogin", &sentence), FETTLE_E_AUTH);
  assert_non_null (sentence);
  assert_int_equal (vm_explain ("TaskInProgress", &sentence), FETTLE_E_BUSY);
  assert_int_equal (vm_explain ("MadeUp", &sentence), FETTLE_E_REJECTED);
  assert_null (sentence);
  assert_int_equal (vm_explain_esxcli ("a [LockingError] b", &sentence), FETTLE_E_BUSY);
  assert_int_equal (vm_explain_esxcli ("[VibSigMissingError] ('x', 'y')", &sentence), FETTLE_E_REJECTED);
  assert_string_equal (sentence, "it isn't signed");
  assert_int_equal (vm_explain_esxcli ("LockingError", &sentence), FETTLE_E_REJECTED);
  assert_null (sentence);
  assert_true (vm_is_download_fault ("[VibDownloadError] x"));
  assert_true (vm_is_download_fault ("PatchBinariesNotFound"));
  assert_false (vm_is_download_fault ("[DependencyError]"));
}

static void
choose (const char *text, const char *wanted)
{
  char version[16];

  vm_choose_version (text, strlen (text), version);
  assert_string_equal (version, wanted);
}

static void
test_versions (void **state)
{
  (void) state;
  choose ("<namespaces><namespace><name>urn:vim25</name><version>6.5</version><priorVersions><version>6.0</version></priorVersions>"
          "</namespace></namespaces>", "6.5");
  choose ("<namespaces><namespace><name>urn:vim25</name><version>9.9.9.9</version><priorVersions><version>5.5</version>"
          "<version>8.0.3.0</version><version>6.0</version></priorVersions></namespace></namespaces>", "8.0.3.0");
  choose ("<namespaces><namespace><name>urn:sms</name><version>6.5</version></namespace></namespaces>", "5.5");
  choose ("<html/>", "5.5");
  choose ("", "5.5");
}

static void
test_esxcli (void **state)
{
  xmlDoc *doc = read_text ("<returnval><response>&lt;obj xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"&gt;&lt;Name&gt;a "
                           "&amp;amp; b&lt;/Name&gt;&lt;/obj&gt;</response></returnval>");
  xmlDoc *inner;
  struct vm_fault why;
  char text[40];

  (void) state;
  inner = vm_read_esxcli (fettle_xml_root (doc), &why);
  assert_non_null (inner);
  assert_string_equal (fettle_xml_text (fettle_xml_root (inner), "Name", text, sizeof text), "a & b");
  assert_string_equal (why.name, "");
  xmlFreeDoc (inner);
  xmlFreeDoc (doc);

  doc = read_text ("<returnval><fault><faultMsg>summary</faultMsg><faultDetail>&lt;obj&gt;&lt;fault&gt;&lt;errMsg&gt;[NoMatchError]"
                   "&lt;/errMsg&gt;&lt;errMsg&gt;x &amp;lt;y&amp;gt;&lt;/errMsg&gt;&lt;/fault&gt;&lt;/obj&gt;</faultDetail></fault></returnval>");
  assert_null (vm_read_esxcli (fettle_xml_root (doc), &why));
  assert_string_equal (why.name, "esxcli");
  assert_string_equal (why.text, "[NoMatchError] x <y>");
  xmlFreeDoc (doc);

  doc = read_text ("<returnval><fault><faultMsg>summary</faultMsg><faultDetail>no XML</faultDetail></fault></returnval>");
  assert_null (vm_read_esxcli (fettle_xml_root (doc), &why));
  assert_string_equal (why.text, "summary");
  xmlFreeDoc (doc);
  assert_null (vm_read_esxcli (NULL, &why));
  assert_string_equal (why.name, "nonsense");
}

static void
test_fetching (void **state)
{
  static const struct {
    const char *text, *word;
  } all[] = {
    { "[MetadataDownloadError] Could not download from depot at http://a/, skipping (('http://a/', '', '<urlopen error [Errno 111]"
      " Connection refused>')) url = http://a/", "refused" },
    { "('http://a/', '', '[Errno 4] IOError: <urlopen error [Errno 110] Connection timed out>')", "timed-out" },
    { "<urlopen error timed out>", "timed-out" },
    { "<urlopen error [Errno 101] Network is unreachable>", "no-route" },
    { "<urlopen error [Errno 113] No route to host>", "unreachable" },
    { "<urlopen error [Errno 1] Operation not permitted>", "not-permitted" },
    { "HTTP Error 404: Not Found", "answered" },
    { "Remote end closed connection without response", "connected" },
    { "[MetadataFormatError] Could not parse the index", "" },
    { "Unknown command or namespace software sources vib list", NULL },
    { "", NULL },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    const char *word = vm_fetch_word (all[i].text);

    if (all[i].word)
      assert_string_equal (word, all[i].word);
    else
      assert_null (word);
  }
}

static void
test_texts (void **state)
{
  char text[24];

  (void) state;
  assert_true (vm_escape ("a<&", text, sizeof text));
  assert_string_equal (text, "a&#60;&#38;");
  assert_true (vm_escape ("", text, 1));
  assert_false (vm_escape ("abc", text, 3));
  assert_true (vm_percent ("a b/\xc3\xa4", text, sizeof text));
  assert_string_equal (text, "a%20b%2F%C3%A4");
  assert_false (vm_percent ("   ", text, 9));
  assert_true (vm_vib_match ("Net-E1000 x", text, sizeof text));
  assert_string_equal (text, "vib:net-e1000x");
  assert_false (vm_vib_match ("", text, sizeof text));
  assert_false (vm_vib_match ("123456789", text, 12));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_faults),   cmocka_unit_test (test_localized), cmocka_unit_test (test_meanings),
    cmocka_unit_test (test_versions), cmocka_unit_test (test_esxcli),    cmocka_unit_test (test_texts),
    cmocka_unit_test (test_fetching),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
