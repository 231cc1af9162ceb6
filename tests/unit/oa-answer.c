/* oa-answer.c - the oa plugin's reading of what an Onboard Administrator says.
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

#include "../../plugins/oa/oa.h"

static void
test_errors (void **state)
{
  static const struct { unsigned code; fettle_result result; const char *word; } all[] = {
    { 8, FETTLE_E_AUTH, "rights" },            { 74, FETTLE_E_REJECTED, "download" },
    { 92, FETTLE_E_CONFIG, "URL" },            { 93, FETTLE_E_REJECTED, "image" },
    { 137, FETTLE_E_BUSY, "sessions" },        { 139, FETTLE_E_CONFIG, "standby" },
    { 150, FETTLE_E_AUTH, "password" },        { 162, FETTLE_E_UNSUPPORTED, "protocol" },
    { 216, FETTLE_E_BUSY, "update is running" }, { 222, FETTLE_E_REJECTED, "hardware" },
    { 223, FETTLE_E_BUSY, "other OA" },        { 225, FETTLE_E_REJECTED, "already" },
    { 268, FETTLE_E_BUSY, "five minutes" },    { 269, FETTLE_E_REJECTED, "no iLO image" },
    { 270, FETTLE_E_REJECTED, "CRC" },         { 292, FETTLE_E_REJECTED, "--downgrade" },
    { 293, FETTLE_E_REJECTED, "no image of an Onboard" }, { 381, FETTLE_E_REJECTED, "download" },
    { 386, FETTLE_E_REJECTED, "no end" },      { 387, FETTLE_E_REJECTED, "reach the server" },
    { 388, FETTLE_E_REJECTED, "no such file" }, { 418, FETTLE_E_REJECTED, "FIPS" },
    { 499, FETTLE_E_REJECTED, "Virtual Connect" }, { 546, FETTLE_E_BUSY, "blade is busy" },
  };
  const char *sentence;

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    assert_int_equal (oa_explain (all[i].code, &sentence), all[i].result);
    assert_non_null (sentence);
    assert_non_null (strstr (sentence, all[i].word));
  }
  assert_int_equal (oa_explain (9999, &sentence), FETTLE_E_REJECTED);
  assert_null (sentence);
}

static void
test_versions (void **state)
{
  (void) state;
  assert_int_equal (oa_version ("4.97"), 497);
  assert_int_equal (oa_version ("3.05"), 305);
  assert_int_equal (oa_version ("4.70 Nov 1 2017"), 470);
  assert_int_equal (oa_version (""), 0);
  assert_int_equal (oa_version ("hpoa"), 0);
  assert_int_equal (oa_version ("4"), 0);
  assert_int_equal (oa_version ("4.701"), 0);
  assert_string_equal (oa_needs_step (332, 497), "3.50");
  assert_null (oa_needs_step (350, 497));
  assert_null (oa_needs_step (332, 450));
  assert_null (oa_needs_step (332, 350));
  assert_null (oa_needs_step (0, 497));
}

#define READ(function, text, ret) function (text, strlen (text), ret)

static void
test_faults (void **state)
{
  struct oa_fault fault;
  char key[80];

  (void) state;
  assert_true (READ (oa_read_fault, "<a:E xmlns:a='x'><a:Fault><a:Detail><f:faultInfo xmlns:f='y'><f:operationName>op</f:operationName>"
                     "<f:errorText>No &amp; no</f:errorText><f:internalErrorCode>18</f:internalErrorCode></f:faultInfo></a:Detail>"
                     "</a:Fault></a:E>", &fault));
  assert_int_equal (fault.code, 18);
  assert_string_equal (fault.text, "No & no");
  assert_string_equal (fault.operation, "op");
  assert_true (READ (oa_read_fault, "<E><Fault><Reason><Text>Why</Text></Reason></Fault></E>", &fault));
  assert_int_equal (fault.code, 0);
  assert_string_equal (fault.text, "Why");
  assert_false (READ (oa_read_fault, "<E><Body/></E>", &fault));
  assert_false (READ (oa_read_fault, "garbage", &fault));
  assert_true (READ (oa_read_key, "<E><x:oaSessionKey xmlns:x='u'> a8223b </x:oaSessionKey></E>", key));
  assert_string_equal (key, "a8223b");
  /* What isn't to be put into XML again. */
  assert_false (READ (oa_read_key, "<E><oaSessionKey>a&lt;b</oaSessionKey></E>", key));
  assert_string_equal (key, "");
  assert_false (READ (oa_read_key, "<E/>", key));
  assert_int_equal (oa_read_number ("<E><pid>77</pid></E>", 20, "pid"), 77);
  assert_int_equal (oa_read_number ("<E/>", 4, "pid"), 0);
}

static void
test_uploads (void **state)
{
  struct oa_upload u;

  (void) state;
  assert_true (READ (oa_read_upload, "<a><h:oaFileToken xmlns:h='x'>/tmp/1</h:oaFileToken></a>", &u));
  assert_string_equal (u.token, "/tmp/1");
  assert_true (READ (oa_read_upload, "<html><body><p>x</p><form><input id=\"fileType\" value=\"q\"/><input id=\"oaFileToken\""
                     " value=\"/tmp/2\"/><input id='crc32' value='0a1b'/></form></body></html>", &u));
  assert_string_equal (u.token, "/tmp/2");
  assert_string_equal (u.crc32, "0a1b");
  assert_false (READ (oa_read_upload, "<html><input id='errorCode' value='293'/><input id='errorText' value='bad'/></html>", &u));
  assert_int_equal (u.code, 293);
  assert_string_equal (u.text, "bad");
  assert_false (READ (oa_read_upload, "<a><oaFileToken>a b</oaFileToken></a>", &u));
  assert_string_equal (u.token, "");
  assert_false (READ (oa_read_upload, "", &u));
}

static void
test_events (void **state)
{
  struct oa_events e;

  (void) state;
  memset (&e, 0, sizeof e);
  READ (oa_read_events, "<E><eventInfo><event>EVENT_HEARTBEAT</event></eventInfo><eventInfo><event>EVENT_STANDBY_FLASH_PROGRESS"
        "</event><numValue>140</numValue></eventInfo></E>", &e);
  assert_string_equal (e.name, "EVENT_STANDBY_FLASH_PROGRESS");
  assert_int_equal (e.percent, 100);
  assert_false (e.pending || e.standby_failed || e.flash_done);
  READ (oa_read_events, "<E><eventInfo><event>EVENT_FLASH_PENDING</event></eventInfo></E>", &e);
  assert_true (e.pending);
  /* What was said once stays so. */
  READ (oa_read_events, "<E><eventInfo><event>EVENT_STANDBY_FLASH_FAILED</event></eventInfo></E>", &e);
  assert_true (e.pending && e.standby_failed);
  READ (oa_read_events, "<E/>", &e);
  assert_string_equal (e.name, "");
  assert_true (e.standby_failed);
}

static void
test_addresses (void **state)
{
  static const struct { const char *text, *address; } all[] = {
    { "10.1.2.3", "10.1.2.3" },   { " 10.1.2.3 ", "10.1.2.3" }, { "fd00::1/64", "fd00::1" }, { "0.0.0.0", "" },
    { "127.0.0.1", "" },          { "169.254.1.1", "" },        { "fe80::1/64", "" },        { "::", "" },
    { "::1", "" },                { "[Unknown]", "" },          { "1.2.3", "" },             { "1.2.3.4.5", "" },
    { "1.2.3.256", "" },          { "10.1.2.3;x", "" },         { "", "" },                  { "abc", "" },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    char address[64] = "";

    oa_know_address (address, all[i].text);
    assert_string_equal (address, all[i].address);
  }
}

static void
test_bays (void **state)
{
  struct oa_enclosure *e = calloc (1, sizeof *e);
  char bay[8];

  (void) state;
  assert_non_null (e);
  assert_null (oa_thing_at (e, OA_BLADE, ""));
  assert_null (oa_thing_at (e, OA_BLADE, "0"));
  assert_null (oa_thing_at (e, OA_BLADE, "1C"));
  assert_null (oa_thing_at (e, OA_BLADE, "1AB"));
  assert_null (oa_thing_at (e, OA_BLADE, "1234"));
  assert_ptr_equal (oa_thing_at (e, OA_BLADE, "1A"), oa_thing_at (e, OA_BLADE, "1A"));
  assert_ptr_not_equal (oa_thing_at (e, OA_BLADE, "1A"), oa_thing_at (e, OA_MODULE, "1A"));
  for (unsigned i = 1; i <= 200; i++) {
    snprintf (bay, sizeof bay, "%u", i);
    oa_thing_at (e, OA_FAN, bay);
  }
  assert_int_equal (e->n, OA_THINGS_MAX);
  assert_int_equal (e->left_out, 200 + 2 - OA_THINGS_MAX);
  oa_enclosure_tidy (e); /* nothing is known of any of them */
  assert_int_equal (e->n, 0);
  free (e);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_errors),  cmocka_unit_test (test_versions),  cmocka_unit_test (test_faults),
    cmocka_unit_test (test_uploads), cmocka_unit_test (test_events),    cmocka_unit_test (test_addresses),
    cmocka_unit_test (test_bays),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
