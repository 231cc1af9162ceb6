/* recordings.c - POST /recordings: an inventory of which is written down what
 * was exchanged with the node, without secrets (worker/record.c).
 *
 * A recording is kept in memory alone, and as long as its job is.  What is in
 * it came from a process that ran a plugin's code.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <sys/mman.h>

#include "engine/internal.h"
#include "util/buf.h"

#define RECORDING_MAX (16 * 1024 * 1024) /* as worker/record.c limits it */

static fettle_result
begin (struct fettle_engine *e, const json_t *ids, struct job **ret, struct fettle_error *err)
{
  _cleanup_json_ json_t *options = json_pack ("{s:b}", "record", 1);
  struct lane *lane;
  struct job *j;
  int fd = memfd_create ("fettle-recording", MFD_CLOEXEC);

  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "making room for a recording");
  j = fettle_job_new (e, "inventory", options, NULL);
  j->recording = fd;
  fettle_job_room (j, 1, 1);
  lane = fettle_job_add_node (j, json_integer_value (json_array_get (ids, 0)));
  fettle_job_add_task (j, lane, "inventory", "pending", 0, NULL, NULL, NULL);
  fettle_job_begin (j, fettle_inventory_begin);
  *ret = j;
  return FETTLE_OK;
}

void
fettle_api_recordings (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  const json_t *node = json_object_get (r->body, "node");
  _cleanup_json_ json_t *nodes = json_pack ("[O*]", node), *ids = NULL;
  struct fettle_error err;
  struct job *j = NULL;

  if (!json_is_string (node))
    fettle_error_set (&err, FETTLE_E_CONFIG, "\"node\" must be a node's name, address or id");
  else if (!fettle_nodes_of (e, nodes, &ids, &err) && !fettle_nodes_free (e, ids, &err)) {
    if (json_array_size (ids) != 1)
      fettle_error_set (&err, FETTLE_E_CONFIG, "one node is recorded at a time");
    else
      (void) begin (e, ids, &j, &err);
  }
  if (j)
    fettle_request_reply (r, 202, json_pack ("{s:I}", "job", (json_int_t) j->id));
  else
    fettle_request_fail (r, &err);
}

/* All of it, from its beginning: the descriptor's place is its writers'. */
static fettle_result
read_all (int fd, struct fettle_buf *ret, struct fettle_error *err)
{
  char piece[65536];
  ssize_t n;

  while ((n = pread (fd, piece, sizeof piece, (off_t) ret->size)) > 0)
    if (!fettle_buf_add (ret, piece, (size_t) n))
      return fettle_error_set (err, FETTLE_E_NOMEM, "there is no memory for the recording");
  return n == 0 ? FETTLE_OK : fettle_error_errno (err, FETTLE_E_INTERNAL, "reading the recording");
}

void
fettle_api_job_recording (void *engine, struct fettle_request *r)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (RECORDING_MAX + 65536);
  struct fettle_error err;
  int64_t id = fettle_job_find (engine, r->parameter, &err);
  const struct job *j = id ? fettle_engine_job (engine, id) : NULL;

  if (id && (!j || j->recording < 0))
    fettle_error_set (&err, FETTLE_E_CONFIG, "job %lld has no recording: one is kept until eight more jobs have ended, "
                      "or the service", (long long) id);
  else if (id && !j->finished)
    fettle_error_set (&err, FETTLE_E_BUSY, "job %lld still runs: its recording isn't whole yet", (long long) id);
  else if (id && !read_all (j->recording, &text, &err)) {
    fettle_request_reply_text (r, 200, "application/x-ndjson", fettle_buf_text (&text), text.size);
    return;
  }
  fettle_request_fail (r, &err);
}
