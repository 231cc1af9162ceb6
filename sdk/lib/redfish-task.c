/* redfish-task.c - tasks: where they are, and what they say.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include "redfish-internal.h"

#define AT   fettle_redfish_at
#define TEXT fettle_redfish_text

/* ---- where ---- */

/* Some name it in the words of their answer alone. */
static const char *
path_in_args (const json_t *body)
{
  static const char *const places[] = { "Accepted/@Message.ExtendedInfo", "error/@Message.ExtendedInfo",
                                        "@Message.ExtendedInfo" };
  size_t p, i, k;

  for (p = 0; p < FETTLE_COUNT (places); p++)
    for (i = 0; i < json_array_size (AT (body, places[p])); i++) {
      const json_t *args = json_object_get (json_array_get (AT (body, places[p]), i), "MessageArgs");

      for (k = 0; k < json_array_size (args); k++) {
        const char *arg = TEXT (json_array_get (args, k), "");

        if (strstr (arg, "/TaskService/") && fettle_redfish_path_ok (arg))
          return arg;
      }
    }
  return NULL;
}

int
fettle_redfish_task_path (const struct fettle_redfish_answer *a, char *path, size_t size)
{
  const char *monitor = TEXT (a->body, "TaskMonitor"), *found = NULL;

  /* The task lives longer than its monitor, which ends with its first answer. */
  if (strncmp (TEXT (a->body, "@odata.type"), "#Task.", 6) == 0 || *TEXT (a->body, "TaskState"))
    found = fettle_redfish_link (a->body, "");
  if (!found && a->location[0])
    found = a->location;
  if (!found && fettle_redfish_path_ok (monitor))
    found = monitor;
  if (!found && fettle_redfish_link (a->body, "") && strstr (TEXT (a->body, "@odata.id"), "/Task"))
    found = TEXT (a->body, "@odata.id");
  if (!found)
    found = path_in_args (a->body);
  if (!found || strlen (found) >= size)
    return 0;
  memmove (path, found, strlen (found) + 1);
  return 1;
}

/* ---- what it says ---- */

static int
is_one_of (const char *word, const char *const *list)
{
  for (; *list; list++)
    if (strcmp (word, *list) == 0)
      return 1;
  return 0;
}

/* A message that means that the rest comes with the server's restart. */
static int
waits_for_restart (const json_t *task)
{
  static const char *const keys[] = { "AwaitToActivate", "AwaitToUpdate", "JCP001", "RED014", NULL };
  const json_t *messages = AT (task, "Messages");
  size_t i, k;

  for (i = 0; i < json_array_size (messages); i++)
    for (k = 0; keys[k]; k++)
      if (strstr (TEXT (json_array_get (messages, i), "MessageId"), keys[k]))
        return 1;
  return 0;
}

/* The task's messages, the last one first when there isn't room for all. */
static void
task_words (const json_t *task, struct fettle_redfish_task *ret)
{
  const json_t *messages = AT (task, "Messages");
  size_t n = json_array_size (messages);
  json_t *last = n ? json_pack ("{s:[O]}", "@Message.ExtendedInfo", json_array_get (messages, n - 1)) : NULL;

  fettle_redfish_message (last, ret->words, sizeof ret->words);
  json_decref (last);
}

static void
judge_task (const json_t *task, struct fettle_redfish_task *ret)
{
  static const char *const ended[] = { "Completed", "Complete", NULL };
  static const char *const failed[] = { "Exception", "Killed", "Cancelled", "Canceled", "Failed", NULL };
  const char *state = TEXT (task, "TaskState"), *status = TEXT (task, "TaskStatus");
  json_int_t percent = json_integer_value (AT (task, "PercentComplete"));

  ret->percent = percent < 0 || percent > 100 ? 0 : (uint32_t) percent;
  task_words (task, ret);
  if (is_one_of (state, failed))
    ret->state = FETTLE_REDFISH_FAILED;
  else if (is_one_of (state, ended))
    ret->state = strcmp (status, "Critical") == 0 ? FETTLE_REDFISH_FAILED
                 : waits_for_restart (task)       ? FETTLE_REDFISH_WAITS : FETTLE_REDFISH_DONE;
  else /* whatever a service may call it */
    ret->state = waits_for_restart (task) ? FETTLE_REDFISH_WAITS : FETTLE_REDFISH_RUNS;
  if (ret->state == FETTLE_REDFISH_FAILED)
    ret->busy = (uint32_t) fettle_redfish_says_busy (TEXT (json_array_get (AT (task, "Messages"), 0), "MessageId"));
  if (ret->state == FETTLE_REDFISH_FAILED && !ret->words[0])
    snprintf (ret->words, sizeof ret->words, "the task ended as %.40s, and doesn't say why", state);
}

void
fettle_redfish_judge (int32_t status, const json_t *body, struct fettle_redfish_task *ret)
{
  memset (ret, 0, sizeof *ret);
  if (status == 404 || status == 410)
    ret->state = FETTLE_REDFISH_UNKNOWN;
  else if (*TEXT (body, "TaskState"))
    judge_task (body, ret);
  else if (status == 202 || status >= 500 || status == 401 || status == 429)
    ret->state = FETTLE_REDFISH_RUNS;
  else {
    fettle_redfish_message (body, ret->words, sizeof ret->words);
    ret->state = status >= 200 && status < 300 ? FETTLE_REDFISH_DONE : FETTLE_REDFISH_FAILED;
    if (ret->state == FETTLE_REDFISH_FAILED && !ret->words[0])
      snprintf (ret->words, sizeof ret->words, "the task's monitor answers with status %d", (int) status);
  }
}

fettle_result
fettle_redfish_look (struct fettle_redfish *r, const char *path, struct fettle_redfish_task *ret)
{
  struct fettle_redfish_request q = { .method = "GET", .path = path };
  struct fettle_http_answer a;
  const char *after;
  json_t *body;
  size_t n = 0;
  fettle_result result;

  memset (ret, 0, sizeof *ret);
  if (!fettle_redfish_path_ok (path)) {
    ret->state = FETTLE_REDFISH_UNKNOWN;
    return FETTLE_OK;
  }
  result = fettle_redfish_request (r, &q, &a);
  if (result != FETTLE_OK)
    return result;
  body = fettle_redfish_parse (&a);
  fettle_redfish_judge (a.status, body, ret);
  json_decref (body);
  after = fettle_http_field (a.fields, "Retry-After", &n);
  ret->retry_after = after ? fettle_redfish_seconds (after, n, 0) : 0;
  return FETTLE_OK;
}
