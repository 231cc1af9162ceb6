/* replay-serve.c - the offers of a recording, and what the node did with them.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include "testhost-internal.h"

static const json_t *
find (fettle_ctx *c, const char *kind, uint32_t listener, const char *file)
{
  static const char *const names[] = { "", "http", "https", "ftp" };
  static const char *const keys[] = { "listener", "file", NULL };
  const char *const values[] = { listener < FETTLE_COUNT (names) ? names[listener] : "", file, NULL };

  return fettle_replay_find (c, kind, keys, values);
}

const char *
fettle_replay_url (fettle_ctx *c, uint32_t listener, const char *file)
{
  const json_t *line = find (c, "offer", listener, file);
  const char *url = json_string_value (json_object_get (line, "url"));

  if (!line)
    fettle_replay_missing (c, "the offer of", file);
  else if (fettle_replay_result (c, line) == FETTLE_OK && !url)
    fettle_testhost_fail (c, FETTLE_E_SERVICE, "the recording has no URL for it");
  return line && json_integer_value (json_object_get (line, "result")) >= 0 ? url : NULL;
}

fettle_result
fettle_replay_status (fettle_ctx *c, const char **ret)
{
  static const char *const none[] = { NULL };
  const json_t *line = fettle_replay_find (c, "status", none, none);
  size_t size;
  fettle_result r;

  if (!line)
    return fettle_testhost_fail (c, FETTLE_E_TIMEOUT, "the node told no more status");
  r = fettle_replay_result (c, line);
  if (r == FETTLE_OK)
    *ret = fettle_replay_bytes (c, 3, json_object_get (line, "told"), &size);
  return r;
}

fettle_result
fettle_replay_fetched (fettle_ctx *c, uint32_t listener, const char *file, uint64_t *ret_bytes, uint32_t *ret_answers)
{
  const json_t *line = find (c, "fetched", listener, file);
  fettle_result r = line ? fettle_replay_result (c, line) : fettle_replay_missing (c, "how much was fetched of", file);

  if (r == FETTLE_OK) {
    *ret_bytes = (uint64_t) json_integer_value (json_object_get (line, "bytes"));
    *ret_answers = (uint32_t) json_integer_value (json_object_get (line, "answers"));
  }
  return r;
}

int32_t
fettle_replay_blocked (fettle_ctx *c, uint32_t listener)
{
  return json_integer_value (json_object_get (find (c, "blocked", listener, ""), "answer")) == 1;
}
