/* What a Redfish service says of tasks, ways and itself, as JSON: texts end,
 * paths are of the node.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/redfish/src/node.h"
#include "../../sdk/lib/redfish-internal.h"
#include "fuzz/fuzz.h"

static void
must_be_path (const char *path)
{
  MUST (!*path || fettle_redfish_path_ok (path));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  json_t *json = json_loadb ((const char *) data, size, JSON_DECODE_ANY, NULL);
  struct fettle_redfish_answer answer = { .body = json };
  struct fettle_redfish_task task;
  struct fettle_redfish_ways ways;
  char path[300], model[200];

  if (!json)
    return 0;
  for (int status = 200; status <= 500; status += 100) {
    fettle_redfish_judge (status, json, &task);
    MUST (task.state <= FETTLE_REDFISH_UNKNOWN && task.percent <= 100);
    MUST (memchr (task.words, '\0', sizeof task.words));
    MUST (task.state != FETTLE_REDFISH_FAILED || task.words[0]);
  }
  if (fettle_redfish_task_path (&answer, path, sizeof path))
    must_be_path (path);
  fettle_redfish_ways (json, &ways);
  must_be_path (ways.pull);
  must_be_path (ways.multipart);
  must_be_path (ways.push);
  redfish_model (fettle_redfish_text (json, "Vendor"), fettle_redfish_text (json, "Product"),
                 fettle_redfish_text (json, "FirmwareVersion"), model, sizeof model);
  for (const char *p = model; *p; p++)
    MUST (*p > ' ' && *p < 0x7f && !(*p >= 'A' && *p <= 'Z'));
  json_decref (json);
  return 0;
}
