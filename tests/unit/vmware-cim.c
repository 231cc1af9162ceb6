/* vmware-cim.c - plugins/vmware/cim-answer.c: what a host's CIM server says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "../../plugins/vmware/cim-answer.h"

#define ANSWER(kind, method, inner)                                                                                  \
  "<CIM CIMVERSION=\"2.0\"><MESSAGE ID=\"1\"><SIMPLERSP><" kind " NAME=\"" method "\">" inner "</" kind "></SIMPLERSP>" \
  "</MESSAGE></CIM>"
#define I(method, inner) ANSWER ("IMETHODRESPONSE", method, inner)
#define NAME(keys) "<INSTANCENAME CLASSNAME=\"C_1\">" keys "</INSTANCENAME>"
#define KEY(name, value) "<KEYBINDING NAME=\"" name "\"><KEYVALUE VALUETYPE=\"string\">" value "</KEYVALUE></KEYBINDING>"

static xmlDoc *
read_text (const char *text)
{
  xmlDoc *doc = fettle_xml_read (text, strlen (text), 0);

  assert_non_null (doc);
  return doc;
}

static void
test_answers (void **state)
{
  static const struct {
    const char *text;
    int good, code, has;
    const char *words;
  } all[] = {
    { I ("GetInstance", "<IRETURNVALUE/>"), 1, 0, 1, "" },
    { I ("GetInstance", ""), 1, 0, 0, "" },
    { I ("Other", "<IRETURNVALUE/>"), 0, 0, 0, "" },
    { I ("", "<IRETURNVALUE/>"), 1, 0, 1, "" },
    { I ("GetInstance", "<ERROR CODE=\"3\" DESCRIPTION=\"a &amp; b\"/>"), 1, 3, 0, "a & b" },
    { I ("GetInstance", "<ERROR/>"), 1, 1, 0, "" },
    { I ("GetInstance", "<ERROR CODE=\"-6\"/>"), 1, 1, 0, "" },
    { "<CIM><MESSAGE/></CIM>", 0, 0, 0, "" },
    { "<html/>", 0, 0, 0, "" },
  };
  struct cim_error e;
  const xmlNode *n;

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    xmlDoc *doc = read_text (all[i].text);

    assert_int_equal (cim_read (doc, "GetInstance", &e, &n), all[i].good);
    assert_int_equal (e.code, all[i].code);
    assert_int_equal (n != NULL, all[i].has);
    assert_string_equal (e.text, all[i].words);
    xmlFreeDoc (doc);
  }
  assert_int_equal (cim_read (NULL, "GetInstance", &e, &n), 0);
}

static void
test_instances (void **state)
{
  xmlDoc *doc = read_text (I ("x", "<IRETURNVALUE><VALUE.NAMEDINSTANCE>" NAME ("") "<INSTANCE CLASSNAME=\"A\"><PROPERTY NAME=\"P\"><VALUE>1"
                              "</VALUE></PROPERTY><PROPERTY NAME=\"Q\"/></INSTANCE></VALUE.NAMEDINSTANCE><VALUE.NAMEDINSTANCE/><INSTANCE "
                              "CLASSNAME=\"B\"><PROPERTY.ARRAY NAME=\"P\"><VALUE.ARRAY><VALUE>x</VALUE><VALUE.NULL/><VALUE>y</VALUE></VALUE.ARRAY>"
                              "</PROPERTY.ARRAY></INSTANCE></IRETURNVALUE>"));
  struct cim_error e;
  const xmlNode *all, *n;
  char text[20];

  (void) state;
  assert_int_equal (cim_read (doc, "x", &e, &all), 1);
  n = cim_instance (all, NULL);
  assert_string_equal (cim_property (n, "P", text, sizeof text), "1");
  assert_string_equal (cim_property (n, "Q", text, sizeof text), "");
  assert_string_equal (cim_property (n, "R", text, sizeof text), "");
  assert_int_equal (cim_count (n, "P"), 0);
  n = cim_instance (all, n);
  assert_string_equal (cim_element (n, "P", 0, text, sizeof text), "x");
  assert_string_equal (cim_element (n, "P", 2, text, sizeof text), "y"); /* a NULL keeps its place */
  assert_string_equal (cim_element (n, "P", 3, text, sizeof text), "");
  assert_int_equal (cim_count (n, "P"), 3);
  assert_null (cim_instance (all, n));
  assert_null (cim_instance (NULL, NULL));
  xmlFreeDoc (doc);
}

static void
test_paths (void **state)
{
  static const char *const all[] = {
    "<V><INSTANCEPATH><NAMESPACEPATH><HOST>h</HOST></NAMESPACEPATH>" NAME (KEY ("A", " x  &lt;y&gt; ") KEY ("B", "")) "</INSTANCEPATH></V>",
    "<V><LOCALINSTANCEPATH>" NAME (KEY ("A", " x  &lt;y&gt; ") KEY ("B", "")) "</LOCALINSTANCEPATH></V>",
    NAME (KEY ("A", " x  &lt;y&gt; ") KEY ("B", "")),
  };
  static const char *const wrong[] = {
    "<V/>", "<INSTANCENAME/>", "<INSTANCENAME CLASSNAME=\"a b\"/>", NAME (KEY ("a b", "x")), NAME ("<KEYBINDING NAME=\"A\"><VALUE.REFERENCE/></KEYBINDING>"),
    NAME (KEY ("A", "1") KEY ("B", "1") KEY ("C", "1") KEY ("D", "1") KEY ("E", "1") KEY ("F", "1") KEY ("G", "1")),
  };
  char text[200], xml[400];
  struct cim_path path, again;

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    xmlDoc *doc = read_text (all[i]);

    assert_int_equal (cim_read_path (fettle_xml_root (doc), &path), 1);
    assert_int_equal (cim_path_text (&path, text, sizeof text), 1);
    assert_string_equal (text, "C_1 A string %20x%20%20%3Cy%3E%20 B string %");
    assert_int_equal (cim_path_parse (text, &again), 1);
    assert_memory_equal (&path, &again, sizeof path);
    assert_int_equal (cim_write_path (&again, xml, sizeof xml), 1);
    assert_string_equal (xml, NAME (KEY ("A", " x  &#60;y&#62; ") KEY ("B", "")));
    assert_int_equal (cim_write_path (&again, xml, 60), 0);
    assert_int_equal (cim_path_text (&path, text, 20), 0);
    xmlFreeDoc (doc);
  }
  assert_int_equal (cim_write_object ("root/hpq", &path, text, sizeof text), 1);
  assert_string_equal (text, "root%2Fhpq%3AC_1.A%3D%22%20x%20%20%3Cy%3E%20%22%2CB%3D%22%22");
  for (size_t i = 0; i < FETTLE_COUNT (wrong); i++) {
    xmlDoc *doc = read_text (wrong[i]);

    assert_int_equal (cim_read_path (fettle_xml_root (doc), &path), 0);
    assert_string_equal (path.class, "");
    xmlFreeDoc (doc);
  }
  assert_int_equal (cim_path_parse ("", &path), 0);
  assert_int_equal (cim_path_parse ("C A", &path), 0);
  assert_int_equal (cim_path_parse ("C A string %4", &path), 0);
  assert_int_equal (cim_path_parse ("C A string %00", &path), 0);
  assert_int_equal (cim_path_parse ("C A string %+1", &path), 0);
  assert_int_equal (cim_path_parse ("C", &path), 1);
}

static void
judge (unsigned job_state, unsigned error, fettle_result wanted, const char *words)
{
  struct cim_job job = { .state = job_state, .error = error };
  const char *sentence;

  assert_int_equal (cim_judge_job (&job, &sentence), wanted);
  if (words)
    assert_non_null (strstr (sentence, words));
  else
    assert_null (sentence);
}

static void
test_jobs (void **state)
{
  const char *sentence;

  (void) state;
  for (unsigned s = 2; s <= 6; s++)
    judge (s, 0, FETTLE_AGAIN, NULL);
  judge (7, 0, FETTLE_OK, NULL);
  judge (7, 1, FETTLE_OK_REBOOT, NULL);
  judge (8, 0, FETTLE_E_REJECTED, "somebody has stopped it");
  judge (9, 0, FETTLE_E_REJECTED, "somebody has stopped it");
  judge (10, 1, FETTLE_OK_REBOOT, NULL); /* all but 0 is an exception to it */
  judge (10, 0, FETTLE_E_REJECTED, "doesn't say how");
  judge (10, 6, FETTLE_E_REJECTED, "something that it needs");
  judge (10, 500, FETTLE_E_UNREACHABLE, "couldn't fetch");
  judge (10, 4000000000u, FETTLE_E_REJECTED, "nobody has told of");
  judge (32768, 0, FETTLE_E_REJECTED, "doesn't say how");

  assert_int_equal (cim_judge_install (0, &sentence), FETTLE_OK);
  assert_int_equal (cim_judge_install (4096, &sentence), FETTLE_AGAIN);
  assert_int_equal (cim_judge_install (32768, &sentence), FETTLE_OK_REBOOT);
  assert_int_equal (cim_judge_install (6, &sentence), FETTLE_E_BUSY);
  assert_int_equal (cim_judge_install (1, &sentence), FETTLE_E_UNSUPPORTED);
  assert_int_equal (cim_judge_install (4106, &sentence), FETTLE_E_REJECTED);
  assert_non_null (strstr (sentence, "isn't for this host's hardware"));
  assert_int_equal (cim_judge_install (32769, &sentence), FETTLE_E_REJECTED);
  assert_int_equal (cim_judge_install (77, &sentence), FETTLE_E_REJECTED);
}

static void
test_errors (void **state)
{
  static const struct {
    int code;
    fettle_result result;
    const char *words;
  } all[] = {
    { 2, FETTLE_E_REJECTED, "want root" },       { 3, FETTLE_E_UNSUPPORTED, "namespace" },
    { 5, FETTLE_E_UNSUPPORTED, "class" },        { 6, FETTLE_E_REJECTED, "doesn't have it any more" },
    { 7, FETTLE_E_UNSUPPORTED, "can't do that" }, { 17, FETTLE_E_UNSUPPORTED, "version" },
    { 99, FETTLE_E_REJECTED, "nobody has told of" }, { -1, FETTLE_E_REJECTED, "nobody has told of" },
  };
  const char *sentence;

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    assert_int_equal (cim_explain (all[i].code, &sentence), all[i].result);
    assert_non_null (strstr (sentence, all[i].words));
  }
}

static void
test_install (void **state)
{
  xmlDoc *doc = read_text (ANSWER ("METHODRESPONSE", "InstallFromURI", "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>4096</VALUE></RETURNVALUE>"
                                   "<PARAMVALUE NAME=\"Other\">" NAME (KEY ("A", "no")) "</PARAMVALUE><PARAMVALUE NAME=\"Job\"><VALUE.REFERENCE>"
                                   NAME (KEY ("A", "yes")) "</VALUE.REFERENCE></PARAMVALUE>"));
  struct cim_error e;
  struct cim_path job;
  const xmlNode *n;
  unsigned value;

  (void) state;
  assert_int_equal (cim_read (doc, "InstallFromURI", &e, &n), 1);
  assert_int_equal (cim_read_install (n, &value, &job), 1);
  assert_int_equal (value, 4096);
  assert_string_equal (job.keys[0].value, "yes");
  assert_int_equal (cim_read_install (NULL, &value, &job), 0);
  xmlFreeDoc (doc);
}

#define P(name, value) "<PROPERTY NAME=\"" name "\"><VALUE>" value "</VALUE></PROPERTY>"
#define L(name, values) "<PROPERTY.ARRAY NAME=\"" name "\"><VALUE.ARRAY>" values "</VALUE.ARRAY></PROPERTY.ARRAY>"

static void
test_identities (void **state)
{
  static const struct {
    const char *text;
    int good, firmware, active;
    const char *name, *version, *match;
  } all[] = {
    { "<INSTANCE CLASSNAME=\"C\">" P ("InstanceID", "i") P ("Name", "n") P ("VersionString", "2.50") L ("Classifications", "<VALUE>2</VALUE><VALUE>10</VALUE>")
      L ("IdentityInfoType", "<VALUE>HPQ:SoftwarePath</VALUE><VALUE>CIM:SoftwareFamily</VALUE>")
      L ("IdentityInfoValue", "<VALUE>HPQ:/p</VALUE><VALUE>HPQ:R I9</VALUE>") "</INSTANCE>", 1, 1, 1, "n", "2.50", "hpe:ri9" },
    { "<INSTANCE CLASSNAME=\"C\">" P ("InstanceID", "i") P ("ElementName", "e") P ("MajorVersion", "1") P ("MinorVersion", "2") P ("BuildNumber", "9")
      L ("OperationalStatus", "<VALUE>2</VALUE><VALUE>32769</VALUE>") L ("IdentityInfoType", "<VALUE>CIM:SoftwareFamily</VALUE>")
      L ("IdentityInfoValue", "<VALUE>HPQ:X</VALUE>") "</INSTANCE>", 1, 0, 0, "e", "1.2", "" },
    { "<INSTANCE CLASSNAME=\"C\">" P ("InstanceID", "i") P ("VersionString", "1") L ("IdentityInfoType", "<VALUE>CIM:SoftwareFamily</VALUE>")
      L ("IdentityInfoValue", "<VALUE>HPQ:</VALUE>") "</INSTANCE>", 1, 0, 1, "", "1", "" },
    { "<INSTANCE CLASSNAME=\"C\">" P ("InstanceID", "i") P ("Name", "n") "</INSTANCE>", 0, 0, 1, "n", "", "" },
    { "<INSTANCE CLASSNAME=\"C\">" P ("Name", "n") P ("VersionString", "1") "</INSTANCE>", 0, 0, 1, "n", "1", "" },
  };
  struct cim_identity x;

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    xmlDoc *doc = read_text (all[i].text);

    assert_int_equal (cim_read_identity (fettle_xml_root (doc), &x), all[i].good);
    assert_int_equal (x.firmware, all[i].firmware);
    assert_int_equal (x.active, all[i].active);
    assert_string_equal (x.name, all[i].name);
    assert_string_equal (x.version, all[i].version);
    assert_string_equal (x.match, all[i].match);
    xmlFreeDoc (doc);
  }
}

static void
test_basic (void **state)
{
  char text[40];

  (void) state;
  assert_int_equal (cim_basic ("Aladdin", "open sesame", text, sizeof text), 1); /* RFC 7617 */
  assert_string_equal (text, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  assert_int_equal (cim_basic ("a", "b", text, sizeof text), 1);
  assert_string_equal (text, "Basic YTpi");
  assert_int_equal (cim_basic ("a", "bc", text, sizeof text), 1);
  assert_string_equal (text, "Basic YTpiYw==");
  assert_int_equal (cim_basic ("a", "bcd", text, sizeof text), 1);
  assert_string_equal (text, "Basic YTpiY2Q=");
  assert_int_equal (cim_basic ("a", "bc", text, 14), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_answers), cmocka_unit_test (test_instances), cmocka_unit_test (test_paths),
    cmocka_unit_test (test_jobs),    cmocka_unit_test (test_errors),    cmocka_unit_test (test_install),
    cmocka_unit_test (test_identities), cmocka_unit_test (test_basic),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
