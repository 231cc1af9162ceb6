/* redfish-task.c - what the Redfish library makes of tasks, of update services
 * and of refusals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include <fettle/redfish.h>

#include "../../sdk/lib/redfish-internal.h"

static json_t *
parse (const char *text)
{
  json_t *json = json_loads (text, 0, NULL);

  assert_non_null (json);
  return json;
}

static void
test_judge (void **state)
{
  static const struct {
    int32_t status;
    const char *body;
    uint32_t is;
    const char *words;
  } all[] = {
    { 202, "{}", FETTLE_REDFISH_RUNS, "" },
    { 202, "{\"TaskState\": \"New\"}", FETTLE_REDFISH_RUNS, "" },
    { 200, "{\"TaskState\": \"Running\", \"PercentComplete\": 40}", FETTLE_REDFISH_RUNS, "" },
    { 200, "{\"TaskState\": \"foobared\"}", FETTLE_REDFISH_RUNS, "" },
    { 200, "{\"TaskState\": \"UserIntervention\"}", FETTLE_REDFISH_RUNS, "" },
    { 200, "{\"TaskState\": \"Completed\", \"TaskStatus\": \"OK\"}", FETTLE_REDFISH_DONE, "" },
    { 200, "{\"TaskState\": \"Completed\", \"TaskStatus\": \"Warning\"}", FETTLE_REDFISH_DONE, "" },
    { 200, "{\"TaskState\": \"Completed\"}", FETTLE_REDFISH_DONE, "" },
    { 200, "{\"TaskState\": \"Completed\", \"TaskStatus\": \"Critical\", \"Messages\": [{\"Message\": \"No.\"}]}",
      FETTLE_REDFISH_FAILED, "No." },
    { 200, "{\"TaskState\": \"Exception\", \"Messages\": [{\"Message\": \"a\"}, {\"MessageId\":"
      " \"Update.1.0.ApplyFailed\"}]}", FETTLE_REDFISH_FAILED, "it couldn't install the image: ApplyFailed" },
    { 200, "{\"TaskState\": \"Cancelled\"}", FETTLE_REDFISH_FAILED,
      "the task ended as Cancelled, and doesn't say why" },
    { 200, "{\"TaskState\": \"Completed\", \"Messages\": [{\"MessageId\": \"Update.1.3.AwaitToActivate\","
      " \"Message\": \"x\"}]}", FETTLE_REDFISH_WAITS, "x" },
    { 200, "{\"TaskState\": \"Pending\", \"Messages\": [{\"MessageId\": \"IDRAC.2.8.JCP001\", \"Message\": \"x\"}]}",
      FETTLE_REDFISH_WAITS, "x" },
    { 404, "{}", FETTLE_REDFISH_UNKNOWN, "" },
    { 410, "{\"TaskState\": \"Running\"}", FETTLE_REDFISH_UNKNOWN, "" },
    { 204, "null", FETTLE_REDFISH_DONE, "" },
    { 500, "null", FETTLE_REDFISH_RUNS, "" },
    { 400, "{\"error\": {\"message\": \"Bad.\"}}", FETTLE_REDFISH_FAILED, "Bad." },
    { 400, "{}", FETTLE_REDFISH_FAILED, "the task's monitor answers with status 400" },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    json_t *body = json_loads (all[i].body, JSON_DECODE_ANY, NULL);
    struct fettle_redfish_task t;

    assert_non_null (body);
    fettle_redfish_judge (all[i].status, body, &t);
    assert_int_equal (t.state, all[i].is);
    assert_string_equal (t.words, all[i].words);
    json_decref (body);
  }
}

static void
test_percent (void **state)
{
  static const struct { const char *body; uint32_t percent; } all[] = {
    { "{\"TaskState\": \"Running\", \"PercentComplete\": 40}", 40 },
    { "{\"TaskState\": \"Running\", \"PercentComplete\": -1}", 0 },
    { "{\"TaskState\": \"Running\", \"PercentComplete\": 1e9}", 0 },
    { "{\"TaskState\": \"Running\", \"PercentComplete\": 4000000000}", 0 },
    { "{\"TaskState\": \"Running\", \"PercentComplete\": null}", 0 },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    json_t *body = parse (all[i].body);
    struct fettle_redfish_task t;

    fettle_redfish_judge (200, body, &t);
    assert_int_equal (t.percent, all[i].percent);
    json_decref (body);
  }
}

static void
test_task_path (void **state)
{
  static const struct { const char *location, *body, *path; } all[] = {
    { "/redfish/v1/TaskService/TaskMonitors/1", "{}", "/redfish/v1/TaskService/TaskMonitors/1" },
    { "/m/1", "{\"@odata.type\": \"#Task.v1_4_3.Task\", \"@odata.id\": \"/redfish/v1/TaskService/Tasks/1\"}",
      "/redfish/v1/TaskService/Tasks/1" },
    { "", "{\"TaskState\": \"New\", \"@odata.id\": \"/t/1\"}", "/t/1" },
    { "", "{\"TaskMonitor\": \"/m/2\"}", "/m/2" },
    { "", "{\"@odata.id\": \"/redfish/v1/TaskService/Tasks/3\"}", "/redfish/v1/TaskService/Tasks/3" },
    { "", "{\"Accepted\": {\"@Message.ExtendedInfo\": [{\"MessageArgs\": [\"x\","
      " \"/redfish/v1/TaskService/Tasks/4\"]}]}}", "/redfish/v1/TaskService/Tasks/4" },
    { "", "{\"@odata.id\": \"/redfish/v1/UpdateService\"}", NULL },
    { "", "{\"error\": {\"@Message.ExtendedInfo\": [{\"MessageArgs\": [\"//evil/TaskService/1\", 7]}]}}", NULL },
    { "", "{}", NULL },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    struct fettle_redfish_answer a = { .body = parse (all[i].body) };
    char path[200] = "";

    strcpy (a.location, all[i].location);
    assert_int_equal (fettle_redfish_task_path (&a, path, sizeof path), all[i].path != NULL);
    if (all[i].path)
      assert_string_equal (path, all[i].path);
    assert_int_equal (fettle_redfish_task_path (&a, path, 3), 0);
    json_decref (a.body);
  }
}

static void
test_ways (void **state)
{
  static const struct {
    const char *service, *pull, *multipart, *push;
    uint64_t max;
    int http, https;
  } all[] = {
    { "{}", "", "", "", 0, 1, 0 },
    { "{\"Actions\": {\"#UpdateService.SimpleUpdate\": {\"target\": \"/a\"}}, \"MaxImageSizeBytes\": 7}",
      "/a", "", "", 7, 1, 0 },
    { "{\"Actions\": {\"#UpdateService.SimpleUpdate\": {\"target\": \"/a\","
      " \"TransferProtocol@Redfish.AllowableValues\": [\"NFS\", \"HTTPS\"]}}, \"HttpPushUri\": \"/p\"}",
      "/a", "", "/p", 0, 0, 1 },
    { "{\"Actions\": {\"#UpdateService.SimpleUpdate\": {\"target\": \"/a\","
      " \"TransferProtocol@Redfish.AllowableValues\": [\"TFTP\", 7]}}, \"MultipartHttpPushUri\": \"/m\"}",
      "", "/m", "", 0, 0, 0 },
    { "{\"MultipartHttpPushUri\": \"//elsewhere/\", \"HttpPushUri\": \"x\", \"MaxImageSizeBytes\": -1}",
      "", "", "", 0, 1, 0 },
  };

  (void) state;
  for (size_t i = 0; i < FETTLE_COUNT (all); i++) {
    json_t *service = parse (all[i].service);
    struct fettle_redfish_ways w;

    fettle_redfish_ways (service, &w);
    assert_string_equal (w.pull, all[i].pull);
    assert_string_equal (w.multipart, all[i].multipart);
    assert_string_equal (w.push, all[i].push);
    assert_int_equal (w.max_size, all[i].max);
    assert_int_equal (w.http, all[i].http);
    assert_int_equal (w.https, all[i].https);
    json_decref (service);
  }
}

static void
test_code (void **state)
{
  (void) state;
  assert_int_equal (fettle_redfish_code (401, 1, ""), FETTLE_E_AUTH);
  assert_int_equal (fettle_redfish_code (503, 1, ""), FETTLE_E_BUSY);
  assert_int_equal (fettle_redfish_code (409, 1, ""), FETTLE_E_BUSY);
  assert_int_equal (fettle_redfish_code (400, 1, "\"iLO.2.14.ResourceBeingFlashed\""), FETTLE_E_BUSY);
  assert_int_equal (fettle_redfish_code (400, 1, "\"iLO.2.14.UpdateNotApplicable\""), FETTLE_E_REJECTED);
  assert_int_equal (fettle_redfish_code (413, 1, ""), FETTLE_E_REJECTED);
  assert_int_equal (fettle_redfish_code (400, 0, ""), FETTLE_E_PROTOCOL);
  assert_int_equal (fettle_redfish_code (404, 0, ""), FETTLE_E_UNSUPPORTED);
  assert_int_equal (fettle_redfish_code (500, 1, ""), FETTLE_E_PROTOCOL);
  assert_string_equal (fettle_redfish_sentence ("UpdateFailed"), "the update has failed");
  assert_null (fettle_redfish_sentence ("Nonsense"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_judge), cmocka_unit_test (test_percent), cmocka_unit_test (test_task_path),
    cmocka_unit_test (test_ways),  cmocka_unit_test (test_code),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
