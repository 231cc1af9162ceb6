/* Components: JSON both ways, and each promise of component.h broken in turn.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "model/component.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char good[] =
    "{\"id\": \"fw/CP1.scexe\", \"name\": \"BIOS\", \"version\": \"U46 v2.34 (03/11/2025)\","
    " \"scheme\": \"hpe\", \"format\": \"scexe\", \"kind\": \"firmware\","
    " \"match\": \"bios:U46 guid:1\", \"arch\": null, \"node_types\": [\"linux\", \"superdome-x\"],"
    " \"order\": 100, \"reboot\": \"yes\", \"duration\": 600, \"install_missing\": false,"
    " \"summary\": \"ROM\", \"tree\": null, \"tree_sha256\": null, \"signature\": \"verified\", \"signature_text\": \"verified by X\","
    " \"prerequisites\": [{\"match\": \"bios:U46\", \"min_version\": \"U46 v1.00 (01/01/2020)\","
    " \"hard\": true}, {\"match\": \"ilo\", \"min_version\": null, \"hard\": false}],"
    " \"files\": [{\"name\": \"CP1.scexe\", \"path\": \"fw/CP1.scexe\", \"size\": 12,"
    " \"sha256\": \"" DIGEST "\", \"container\": \"spp.iso\", \"offset\": 4294967296},"
    " {\"name\": \"CP1.compsig\", \"path\": \"fw/CP1.compsig\","
    " \"size\": 0, \"sha256\": \"" DIGEST "\", \"container\": null, \"offset\": null}]}";

static fettle_result
read_json (json_t *json, struct fettle_error *err)
{
  struct fettle_component c = { 0 };
  fettle_result r = fettle_component_from_json (json, &c, err);

  if (!r)
    fettle_component_clear (&c);
  else
    assert_null (c.id); /* untouched */
  return r;
}

static void
test_both_ways (void **state FETTLE_UNUSED)
{
  _cleanup_json_ json_t *in = json_loads (good, JSON_REJECT_DUPLICATES, NULL);
  _cleanup_json_ json_t *out = NULL;
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  struct fettle_error err = { 0 };

  assert_non_null (in);
  assert_int_equal (fettle_component_from_json (in, &c, &err), FETTLE_OK);
  assert_string_equal (c.version, "U46 v2.34 (03/11/2025)");
  assert_true (c.reboot);
  assert_int_equal (c.n_files, 2);
  assert_int_equal (c.n_prerequisites, 2);
  assert_null (c.prerequisites[1].min_version);
  assert_null (c.arch);
  out = fettle_component_to_json (&c);
  assert_true (json_equal (in, out));
}

/* A member replaced (NULL: taken away), and a word that the message has. */
static const struct {
  const char *member, *value, *word;
} broken[] = {
  { "id",              NULL,                                     "id" },
  { "id",              "5",                                      "id" },
  { "id",              "\"\"",                                   "id" },
  { "name",            "\"two\\nlines\"",                        "name" },
  { "name",            "\"nul\\u0000inside\"",                   "name" },
  { "version",         "null",                                   "version" },
  { "version",         "\"N/A\"",                                "hpe" },
  { "scheme",          "\"debian\"",                             "semver" },
  { "format",          "\"rm -rf\"",                             "format" },
  { "kind",            "\"software\"",                           "package" },
  { "match",           "\"a  b\"",                               "match" },
  { "match",           "\" a\"",                                 "match" },
  { "match",           NULL,                                     "match" },
  { "arch",            "\"\"",                                   "arch" },
  { "arch",            "7",                                      "arch" },
  { "node_types",      "\"linux\"",                              "node_types" },
  { "node_types",      "[\"a b\"]",                              "node type" },
  { "node_types",      "[1]",                                    "node_types" },
  { "order",           "-1",                                     "order" },
  { "order",           "10001",                                  "order" },
  { "order",           "1.5",                                    "order" },
  { "reboot",          "true",                                   "reboot" },
  { "reboot",          "\"maybe\"",                              "reboot" },
  { "install_missing", "\"no\"",                                 "install_missing" },
  { "prerequisites",   "{}",                                     "prerequisites" },
  { "prerequisites",   "[{\"match\": \"a\"}]",                   "prerequisites" },
  { "prerequisites",   "[{\"match\": \"\", \"hard\": true}]",    "prerequisite 1" },
  { "prerequisites",   "[{\"match\": \"a\", \"hard\": true, \"soft\": 1}]", "prerequisites" },
  { "files",           "[]",                                     "files" },
  { "files",           NULL,                                     "files" },
  { "files",           "[{}]",                                   "files" },
  { "colour",          "\"red\"",                                "colour" },
  { "expires",         "\"2030\"",                               "expires" },
};

static void
test_broken_members (void **state FETTLE_UNUSED)
{
  for (size_t i = 0; i < COUNT (broken); i++) {
    _cleanup_json_ json_t *json = json_loads (good, 0, NULL);
    struct fettle_error err = { 0 };

    if (broken[i].value)
      json_object_set_new (json, broken[i].member,
                           json_loads (broken[i].value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
    else
      json_object_del (json, broken[i].member);
    if (read_json (json, &err) != FETTLE_E_CONFIG || !strstr (err.text, broken[i].word))
      fail_msg ("%s = %s: \"%s\"", broken[i].member, broken[i].value ? broken[i].value : "(none)",
                err.text);
  }
}

static const struct {
  const char *member, *value, *word;
} broken_files[] = {
  { "name",   "\"a b\"",                 "rename" },
  { "name",   "\"$(reboot)\"",           "rename" },
  { "name",   "\"-rf\"",                 "rename" },
  { "name",   "\"..\"",                  "rename" },
  { "name",   "\"~root\"",               "rename" },
  { "name",   "\"a/b\"",                 "rename" },
  { "name",   "\"CP1.compsig\"",         "two files" },
  { "path",   "\"/etc/passwd\"",         "within the baseline" },
  { "path",   "\"a/../../b\"",           "within the baseline" },
  { "path",   "\"a//b\"",                "within the baseline" },
  { "path",   "\"./b\"",                 "within the baseline" },
  { "size",   "-1",                      "size" },
  { "size",   "\"12\"",                  "size" },
  { "size",   "9000000000000000000",     "1 TiB" },
  { "sha256", "\"\"",                    "64" },
  { "sha256", "\"X123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"", "64" },
  { "mode",   "1",                       "files" },
};

static void
test_broken_files (void **state FETTLE_UNUSED)
{
  for (size_t i = 0; i < COUNT (broken_files); i++) {
    _cleanup_json_ json_t *json = json_loads (good, 0, NULL);
    struct fettle_error err = { 0 };

    json_object_set_new (json_array_get (json_object_get (json, "files"), 0),
                         broken_files[i].member,
                         json_loads (broken_files[i].value, JSON_DECODE_ANY, NULL));
    if (read_json (json, &err) != FETTLE_E_CONFIG || !strstr (err.text, broken_files[i].word))
      fail_msg ("files %s = %s: \"%s\"", broken_files[i].member, broken_files[i].value, err.text);
  }
}

static void
test_limits (void **state FETTLE_UNUSED)
{
  _cleanup_json_ json_t *json = json_loads (good, 0, NULL);
  json_t *files = json_object_get (json, "files");
  struct fettle_error err = { 0 };
  char name[FETTLE_COMPONENT_NAME_MAX + 2];

  while (json_array_size (files) <= FETTLE_COMPONENT_FILES_MAX) {
    snprintf (name, sizeof name, "f%zu", json_array_size (files));
    json_array_append_new (files, json_pack ("{s:s, s:s, s:i, s:s}", "name", name, "path", name,
                                             "size", 1, "sha256", DIGEST));
  }
  assert_int_equal (read_json (json, &err), FETTLE_E_CONFIG);
  json_array_remove (files, 0);
  assert_int_equal (read_json (json, &err), FETTLE_OK);

  memset (name, 'a', sizeof name);
  name[sizeof name - 1] = '\0';
  assert_false (fettle_component_file_name_ok (name));
  name[sizeof name - 2] = '\0';
  assert_true (fettle_component_file_name_ok (name));
  assert_true (fettle_component_file_name_ok ("openssl_3.0.15-1~deb12u1+b1_amd64.deb"));
  assert_false (fettle_component_file_name_ok (""));
  assert_false (fettle_component_file_name_ok ("caf\xc3\xa9.deb"));
  assert_false (fettle_component_text_ok ("\xff\xfe", 10));
  assert_true (fettle_component_text_ok ("caf\xc3\xa9", 10));
}

static void
test_not_an_object (void **state FETTLE_UNUSED)
{
  _cleanup_json_ json_t *json = json_pack ("[]");
  struct fettle_error err = { 0 };

  assert_int_equal (read_json (json, &err), FETTLE_E_CONFIG);
  assert_int_equal (read_json (NULL, &err), FETTLE_E_CONFIG);
  assert_true (fettle_component_usual_order ("firmware") < fettle_component_usual_order ("driver"));
  assert_true (fettle_component_usual_order ("driver") < fettle_component_usual_order ("package"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_both_ways),    cmocka_unit_test (test_broken_members),
    cmocka_unit_test (test_broken_files), cmocka_unit_test (test_limits),
    cmocka_unit_test (test_not_an_object),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
