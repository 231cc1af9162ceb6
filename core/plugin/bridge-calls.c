/* bridge-calls.c - what a program wants done, and the answers.
 *
 * Numbers and texts are the program's: what the services check they check; what
 * is checked here is what C would trip over.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fettle/smb.h>

#include "plugin/bridge-json.h"
#include "plugin/bridge.h"
#include "util/buf.h"

enum { PARTS_MAX = 16, READ_MAX = 512 * 1024, STREAM_READ = 65536 };

/* ---- The host ---- */

static json_t *
do_log (struct fettle_bridge *b, const json_t *q)
{
  static const struct fettle_bridge_flag levels[] = {
    { "error", FETTLE_LOG_ERROR }, { "warning", FETTLE_LOG_WARNING }, { "debug", FETTLE_LOG_DEBUG }, { 0 }
  };
  uint32_t level = FETTLE_LOG_INFO;

  for (const struct fettle_bridge_flag *l = levels; l->word; l++)
    if (fettle_wanted_text (q, "level") && strcmp (l->word, fettle_wanted_text (q, "level")) == 0)
      level = l->flag;
  b->host->log (b->c, level, fettle_wanted_text (q, "text") ? fettle_wanted_text (q, "text") : "");
  return json_object ();
}

static json_t *
do_progress (struct fettle_bridge *b, const json_t *q)
{
  uint32_t permille = fettle_wanted_number (q, "permille", 0);

  b->host->progress (b->c, permille > 1000 ? 1000 : permille, fettle_wanted_text (q, "step") ? fettle_wanted_text (q, "step") : "");
  return json_object ();
}

static json_t *
do_sleep (struct fettle_bridge *b, const json_t *q)
{
  return fettle_answer (b->host->sleep_ms (b->c, fettle_wanted_number (q, "ms", 0)));
}

static json_t *
do_item (struct fettle_bridge *b, const json_t *q)
{
  static const struct fettle_bridge_flag flags[] = {
    { "updateable", FETTLE_ITEM_UPDATEABLE }, { "tpm", FETTLE_ITEM_TPM }, { "encrypted", FETTLE_ITEM_ENCRYPTED },
    { "no_downgrade", FETTLE_ITEM_NO_DOWNGRADE }, { 0 }
  };
  const char *version = fettle_wanted_text (q, "version");
  const struct fettle_item item = {
    .struct_size = sizeof item, .flags = fettle_wanted_flags (q, flags), .id = fettle_wanted_text (q, "id"),
    .kind = fettle_wanted_text (q, "kind"), .name = fettle_wanted_text (q, "name"), .version = version ? version : "",
    .scheme = fettle_wanted_text (q, "scheme"), .match = fettle_wanted_text (q, "match"),
    .location = fettle_wanted_text (q, "location"), .arch = fettle_wanted_text (q, "arch"),
    .staged = fettle_wanted_text (q, "staged"), .why_not = fettle_wanted_text (q, "why_not"),
  };

  if (!item.id || !item.kind || !item.name)
    return fettle_answer_bad (b, "the program gave an item without id, kind or name");
  return fettle_answer (b->host->add_item (b->c, &item));
}

static json_t *
do_node (struct fettle_bridge *b, const json_t *q)
{
  const char *relation = fettle_wanted_text (q, "relation");
  const struct fettle_found node = {
    .struct_size = sizeof node, .address = fettle_wanted_text (q, "address"), .type = fettle_wanted_text (q, "type"),
    .name = fettle_wanted_text (q, "name"), .location = fettle_wanted_text (q, "location"), .pair = fettle_wanted_text (q, "pair"),
    .relation = relation && strcmp (relation, "manager") == 0 ? FETTLE_FOUND_MANAGER
                : relation && strcmp (relation, "peer") == 0  ? FETTLE_FOUND_PEER : FETTLE_FOUND_MEMBER,
  };

  return node.address ? fettle_answer (b->host->add_node (b->c, &node)) : fettle_answer_bad (b, "the program gave a node without an address");
}

static json_t *
do_quirk (struct fettle_bridge *b, const json_t *q)
{
  const char *model = fettle_wanted_text (q, "model"), *key = fettle_wanted_text (q, "key");

  if (!model || !key)
    return fettle_answer_bad (b, "the program asked for a quirk without \"model\" or \"key\"");
  return json_pack ("{s:s?}", "value", b->host->quirk (b->c, model, key));
}

/* What was read, n bytes, or why nothing was. */
static json_t *
bytes_or_why (int64_t n, const char *data)
{
  json_t *answer = fettle_answer (n < 0 ? (fettle_result) n : FETTLE_OK);

  if (n >= 0)
    fettle_answer_data (answer, "data", data, (size_t) n);
  return answer;
}

static json_t *
do_read (struct fettle_bridge *b, const json_t *q)
{
  uint32_t size = fettle_wanted_number (q, "size", READ_MAX);
  _cleanup_free_ char *data = malloc (READ_MAX);
  int64_t n;

  if (!data)
    return fettle_answer_bad (b, "no memory to read a file");
  n = b->host->read_file (b->c, fettle_wanted_number (q, "file", 0),
                          (uint64_t) json_integer_value (json_object_get (q, "offset")), data,
                          size > READ_MAX ? READ_MAX : size);
  return bytes_or_why (n, data);
}

/* ---- http ---- */

static const struct fettle_bridge_flag http_flags[] = {
  { "plain", FETTLE_HTTP_PLAIN }, { "basic", FETTLE_HTTP_BASIC }, { "fill", FETTLE_HTTP_FILL },
  { "old_tls", FETTLE_HTTP_OLD_TLS }, { "second", FETTLE_HTTP_SECOND }, { "multipart", FETTLE_HTTP_MULTIPART }, { 0 }
};

/* A body or a part of one; false: it is nothing that can be sent. */
static bool
take_part (const json_t *q, struct fettle_buf *data, struct fettle_http_part *ret)
{
  const json_t *file = json_object_get (q, "file");

  *ret = (struct fettle_http_part) { .name = fettle_wanted_text (q, "name"), .file_name = fettle_wanted_text (q, "file_name"),
                                     .type = fettle_wanted_text (q, "type") };
  if (json_is_integer (file)) {
    json_int_t offset = json_integer_value (json_object_get (q, "offset"));
    json_int_t size = json_integer_value (json_object_get (q, "size"));

    if (offset < 0 || size < 0)
      return false;
    ret->file = fettle_wanted_number (q, "file", UINT32_MAX);
    ret->offset = (uint64_t) offset;
    ret->size = (uint64_t) size;
    return true;
  }
  if (!fettle_wanted_data (q, "body", data))
    return false;
  ret->data = fettle_buf_text (data);
  ret->size = data->size;
  return true;
}

static json_t *
http_answer (struct fettle_bridge *b, const struct fettle_http_answer *a)
{
  json_t *answer;

  if (a->size > FETTLE_BRIDGE_DATA)
    return fettle_answer (b->host->error (b->c, FETTLE_E_PROTOCOL, "the node's answer has more than 4 MiB, which a program "
                                    "isn't given"));
  answer = json_pack ("{s:i s:s?}", "status", (int) a->status, "fields", a->fields);
  if (!answer) /* not UTF-8 */
    answer = json_pack ("{s:i s:s}", "status", (int) a->status, "fields", "");
  fettle_answer_data (answer, "body", a->body, (size_t) a->size);
  return answer;
}

static json_t *
do_http (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_http *http = fettle_bridge_service (b, "http", &answer);
  const json_t *list = json_object_get (q, "parts");
  struct fettle_http_part parts[PARTS_MAX];
  struct fettle_buf data[PARTS_MAX];
  struct fettle_http_answer a = { .struct_size = sizeof a };
  struct fettle_http_request request = {
    .struct_size = sizeof request, .flags = fettle_wanted_flags (q, http_flags), .port = fettle_wanted_number (q, "port", 443),
    .timeout_ms = fettle_wanted_number (q, "timeout_ms", 0), .method = fettle_wanted_text (q, "method") ? fettle_wanted_text (q, "method") : "GET",
    .path = fettle_wanted_text (q, "path"), .fields = fettle_wanted_text (q, "fields"), .part_size = sizeof parts[0], .parts = parts,
  };
  bool body = json_object_get (q, "body") || json_object_get (q, "body_base64") || json_object_get (q, "file");
  size_t n = body ? 1 : json_array_size (list);
  bool good = request.path && n <= PARTS_MAX;
  fettle_result r;

  for (size_t i = 0; good && http && i < n; i++) {
    data[i] = (struct fettle_buf) FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);
    good = take_part (body ? q : json_array_get (list, i), &data[i], &parts[i]);
    request.n_parts = (uint32_t) i + 1;
  }
  if (good && http) {
    r = http->request (b->c, &request, &a);
    answer = r == FETTLE_OK ? http_answer (b, &a) : fettle_answer (r);
  } else if (http)
    answer = fettle_answer_bad (b, "the program's http has no \"path\", or a body or part that can't be sent");
  for (uint32_t i = 0; i < request.n_parts; i++)
    fettle_buf_clear (&data[i]);
  return answer;
}

/* ---- ssh ---- */

struct heard {
  struct fettle_bridge *b;
  struct fettle_buf out, err;
};

static fettle_result
hear (struct fettle_bridge *b, struct fettle_buf *to, const void *data, size_t size)
{
  return fettle_buf_add (to, data, size)
           ? FETTLE_OK : b->host->error (b->c, FETTLE_E_PROTOCOL, "the command wrote more than 4 MiB, which a program isn't "
                                         "given");
}

static fettle_result
hear_out (void *opaque, const void *data, size_t size)
{
  struct heard *h = opaque;

  return hear (h->b, &h->out, data, size);
}

static fettle_result
hear_err (void *opaque, const void *data, size_t size)
{
  struct heard *h = opaque;

  return hear (h->b, &h->err, data, size);
}

static json_t *
do_ssh (struct fettle_bridge *b, const json_t *q)
{
  static const struct fettle_bridge_flag flags[] = { { "as_root", FETTLE_SSH_AS_ROOT }, { "fill", FETTLE_SSH_FILL }, { 0 } };
  json_t *answer = NULL;
  const struct fettle_ssh *ssh = fettle_bridge_service (b, "ssh", &answer);
  _cleanup_ (fettle_buf_clear) struct fettle_buf input = FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);
  struct heard heard = { b, FETTLE_BUF_INIT (FETTLE_BRIDGE_DATA), FETTLE_BUF_INIT (FETTLE_BRIDGE_DATA) };
  struct fettle_ssh_command command = {
    .struct_size = sizeof command, .flags = fettle_wanted_flags (q, flags), .port = fettle_wanted_number (q, "port", 22),
    .timeout_ms = fettle_wanted_number (q, "timeout_ms", 0), .command = fettle_wanted_text (q, "command"), .out = hear_out, .err = hear_err,
    .opaque = &heard,
  };
  int32_t status = -1;
  fettle_result r;

  if (!ssh)
    return answer;
  if (!command.command)
    return fettle_answer_bad (b, "the program's ssh has no \"command\"");
  if (fettle_wanted_data (q, "input", &input)) {
    command.input = fettle_buf_text (&input);
    command.input_size = input.size;
  }
  r = ssh->run (b->c, &command, &status);
  answer = fettle_answer (r);
  if (r == FETTLE_OK) {
    json_object_set_new (answer, "exit", json_integer (status));
    fettle_answer_data (answer, "out", heard.out.data, heard.out.size);
    fettle_answer_data (answer, "err", heard.err.data, heard.err.size);
  }
  fettle_buf_clear (&heard.out);
  fettle_buf_clear (&heard.err);
  return answer;
}

static json_t *
do_put (struct fettle_bridge *b, const json_t *q)
{
  static const struct fettle_bridge_flag flags[] = { { "as_root", FETTLE_SSH_AS_ROOT }, { 0 } };
  json_t *answer = NULL;
  const struct fettle_ssh *ssh = fettle_bridge_service (b, "ssh", &answer);
  json_int_t offset = json_integer_value (json_object_get (q, "offset"));

  if (!ssh)
    return answer;
  if (!fettle_wanted_text (q, "remote") || offset < 0)
    return fettle_answer_bad (b, "the program's put has no \"remote\", or an offset below 0");
  return fettle_answer (ssh->put (b->c, fettle_wanted_number (q, "port", 22), fettle_wanted_flags (q, flags), fettle_wanted_number (q, "file", 0),
                            (uint64_t) offset, fettle_wanted_text (q, "remote")));
}

/* ---- A conversation by ssh ---- */

static json_t *
do_shell (struct fettle_bridge *b, const json_t *q)
{
  static const struct fettle_bridge_flag flags[] = { { "terminal", FETTLE_SSH_TERMINAL }, { 0 } };
  json_t *answer = NULL;
  const struct fettle_ssh *ssh = fettle_bridge_service (b, "ssh", &answer);
  uint32_t columns = fettle_wanted_number (q, "columns", 0), rows = fettle_wanted_number (q, "rows", 0);
  const struct fettle_ssh_shell shell = {
    .struct_size = sizeof shell, .flags = fettle_wanted_flags (q, flags), .port = fettle_wanted_number (q, "port", 22),
    .columns = (uint16_t) columns, .rows = (uint16_t) rows, .terminal = fettle_wanted_text (q, "kind"),
    .command = fettle_wanted_text (q, "command"),
  };

  if (!ssh)
    return answer;
  if (columns > UINT16_MAX || rows > UINT16_MAX)
    return fettle_answer_bad (b, "the program's shell has a terminal of more than 65535 columns or rows");
  return fettle_answer (ssh->shell_open (b->c, &shell));
}

static json_t *
do_say (struct fettle_bridge *b, const json_t *q)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf data = FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);
  json_t *answer = NULL;
  const struct fettle_ssh *ssh = fettle_bridge_service (b, "ssh", &answer);

  if (!ssh)
    return answer;
  if (json_is_true (json_object_get (q, "fill")) && fettle_wanted_text (q, "data"))
    return fettle_answer (ssh->shell_write_filled (b->c, fettle_wanted_text (q, "data")));
  if (!fettle_wanted_data (q, "data", &data))
    return fettle_answer_bad (b, "the program's say has no \"data\"");
  return fettle_answer (ssh->shell_write (b->c, fettle_buf_text (&data), data.size));
}

static json_t *
do_hear (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_ssh *ssh = fettle_bridge_service (b, "ssh", &answer);
  char data[STREAM_READ];
  int64_t n;

  if (!ssh)
    return answer;
  n = ssh->shell_read (b->c, data, sizeof data, fettle_wanted_number (q, "timeout_ms", 0));
  return bytes_or_why (n, data);
}

static json_t *
do_hang_up (struct fettle_bridge *b, const json_t *q FETTLE_UNUSED)
{
  json_t *answer = NULL;
  const struct fettle_ssh *ssh = fettle_bridge_service (b, "ssh", &answer);

  if (!ssh)
    return answer;
  ssh->shell_close (b->c);
  return json_object ();
}

/* ---- The node restarts ---- */

static json_t *
do_disconnect (struct fettle_bridge *b, const json_t *q)
{
  const char *name = fettle_wanted_text (q, "service") ? fettle_wanted_text (q, "service") : "";
  json_t *answer = NULL;
  const void *table;

  if (strcmp (name, "http") != 0 && strcmp (name, "ssh") != 0 && strcmp (name, "smb") != 0)
    return fettle_answer_bad (b, "the program's disconnect has a \"service\" that isn't http, ssh or smb");
  table = fettle_bridge_service (b, name, &answer);
  if (!table)
    return answer;
  if (strcmp (name, "http") == 0)
    ((const struct fettle_http *) table)->disconnect (b->c);
  else if (strcmp (name, "ssh") == 0)
    ((const struct fettle_ssh *) table)->disconnect (b->c);
  else
    ((const struct fettle_smb *) table)->disconnect (b->c);
  return json_object ();
}

/* ---- stream ---- */

static json_t *
do_connect (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_stream *stream = fettle_bridge_service (b, "stream", &answer);
  int32_t handle = stream ? stream->connect (b->c, fettle_wanted_number (q, "port", 0), fettle_wanted_number (q, "timeout_ms", 0)) : 0;

  if (!stream)
    return answer;
  return handle < 0 ? fettle_answer (handle) : json_pack ("{s:i}", "stream", (int) handle);
}

static json_t *
do_write (struct fettle_bridge *b, const json_t *q)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf data = FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);
  json_t *answer = NULL;
  const struct fettle_stream *stream = fettle_bridge_service (b, "stream", &answer);
  int32_t handle = (int32_t) (fettle_wanted_number (q, "stream", INT32_MAX) & INT32_MAX);

  if (!stream)
    return answer;
  if (json_is_true (json_object_get (q, "fill")) && fettle_wanted_text (q, "data"))
    return fettle_answer (stream->write_filled (b->c, handle, fettle_wanted_text (q, "data")));
  if (!fettle_wanted_data (q, "data", &data))
    return fettle_answer_bad (b, "the program's write has no \"data\"");
  return fettle_answer (stream->write (b->c, handle, fettle_buf_text (&data), data.size));
}

static json_t *
do_stream_read (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_stream *stream = fettle_bridge_service (b, "stream", &answer);
  char data[STREAM_READ];
  int64_t n;

  if (!stream)
    return answer;
  n = stream->read (b->c, (int32_t) (fettle_wanted_number (q, "stream", INT32_MAX) & INT32_MAX), data, sizeof data,
                    fettle_wanted_number (q, "timeout_ms", 0));
  return bytes_or_why (n, data);
}

static json_t *
do_tls (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_stream *stream = fettle_bridge_service (b, "stream", &answer);

  return stream ? fettle_answer (stream->start_tls (b->c, (int32_t) (fettle_wanted_number (q, "stream", INT32_MAX) & INT32_MAX),
                                              fettle_wanted_flags (q, http_flags) & FETTLE_HTTP_OLD_TLS))
                : answer;
}

static json_t *
do_close (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_stream *stream = fettle_bridge_service (b, "stream", &answer);

  if (!stream)
    return answer;
  stream->close (b->c, (int32_t) (fettle_wanted_number (q, "stream", INT32_MAX) & INT32_MAX));
  return json_object ();
}

/* ---- serve ---- */

static uint32_t
listener_of (const json_t *q)
{
  const char *word = fettle_wanted_text (q, "listener") ? fettle_wanted_text (q, "listener") : "http";

  return strcmp (word, "https") == 0 ? FETTLE_LISTEN_HTTPS : strcmp (word, "ftp") == 0 ? FETTLE_LISTEN_FTP
                                                                                         : FETTLE_LISTEN_HTTP;
}

static json_t *
do_url (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_serve *serve = fettle_bridge_service (b, "serve", &answer);
  const char *url;

  if (!serve)
    return answer;
  if (json_is_true (json_object_get (q, "folder")))
    url = serve->file_url (b->c, listener_of (q), FETTLE_SERVE_FOLDER);
  else
    url = json_object_get (q, "file") ? serve->file_url (b->c, listener_of (q), fettle_wanted_number (q, "file", 0))
                                    : serve->status_url (b->c, listener_of (q));
  return url ? json_pack ("{s:s}", "url", url) : fettle_answer (FETTLE_E_SERVICE);
}

static json_t *
do_status (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_serve *serve = fettle_bridge_service (b, "serve", &answer);
  const char *status = NULL;
  fettle_result r;

  if (!serve)
    return answer;
  r = serve->next_status (b->c, fettle_wanted_number (q, "timeout_ms", 0), &status);
  answer = fettle_answer (r);
  if (r == FETTLE_OK)
    json_object_set_new (answer, "status", json_loads (status, JSON_DECODE_ANY, NULL));
  return answer;
}

static json_t *
do_fetched (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_serve *serve = fettle_bridge_service (b, "serve", &answer);
  uint64_t bytes = 0;
  uint32_t answers = 0;
  fettle_result r;

  if (!serve)
    return answer;
  r = serve->fetched (b->c, listener_of (q), fettle_wanted_number (q, "file", 0), &bytes, &answers);
  return r < 0 ? fettle_answer (r) : json_pack ("{s:I s:I}", "bytes", (json_int_t) bytes, "answers", (json_int_t) answers);
}

static json_t *
do_blocked (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_serve *serve = fettle_bridge_service (b, "serve", &answer);

  return serve ? json_pack ("{s:b}", "blocked", serve->blocked (b->c, listener_of (q)) == 1) : answer;
}

/* ---- Which ---- */

static const struct {
  const char *word;
  json_t *(*call) (struct fettle_bridge *, const json_t *);
} calls[] = {
  { "log", do_log },         { "progress", do_progress }, { "sleep", do_sleep },   { "item", do_item },
  { "node", do_node },       { "quirk", do_quirk },       { "read_file", do_read }, { "http", do_http },
  { "ssh", do_ssh },         { "put", do_put },           { "connect", do_connect }, { "write", do_write },
  { "read", do_stream_read }, { "start_tls", do_tls },    { "close", do_close },   { "url", do_url },
  { "status", do_status },   { "fetched", do_fetched },   { "blocked", do_blocked }, { "shell", do_shell },
  { "say", do_say },         { "hear", do_hear },         { "hang_up", do_hang_up }, { "disconnect", do_disconnect },
};

json_t *
fettle_bridge_do (struct fettle_bridge *b, const json_t *wanted)
{
  const char *word = fettle_wanted_text (wanted, "do");
  json_t *answer = NULL;

  for (size_t i = 0; word && i < COUNT (calls); i++)
    if (strcmp (calls[i].word, word) == 0)
      answer = calls[i].call (b, wanted);
  if (!answer && word)
    answer = fettle_bridge_smb (b, word, wanted);
  if (!answer)
    answer = fettle_answer_bad (b, "the program wants something done that fettle-exec(5) doesn't have");
  if (b->host->aborted (b->c))
    json_object_set_new (answer, "aborted", json_true ());
  return answer;
}
